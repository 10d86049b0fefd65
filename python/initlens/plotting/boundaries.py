"""Decision boundaries of nets on the plane, and of the units of their first hidden layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import group_units
from .._tools.checks import as_array
from .._tools.selection import evenly
from ..activations import MODULO_NONE
from ..activations import get as get_activation
from ..tables import Table
from ._figure import (
    COLOURS,
    DIVERGING,
    MARKERS,
    MOST_LABELS,
    WIDTH,
    check_kind,
    check_labelled,
    grid,
    left_out,
    literal,
    make_room,
    needs_matplotlib,
    one_line,
    tiles,
    told,
    within_reach,
    wrapped,
)
from .display import Display
from .protocols import NetLike

__all__ = ["BoundaryDisplay", "plot_boundaries"]

MOST_UNITS: Final = 8
MOST_SAMPLES: Final = 500
MOST_SMALL: Final = 200  # samples, in the small panels of more than FEW_UNITS units
FEW_UNITS: Final = 5
COLUMNS: Final = 4  # of panels, where there are no units
# Of the samples: blue and vermilion first, as in the map of signs beneath them.
CLASSES: Final = (COLOURS[0], COLOURS[3], COLOURS[2], *COLOURS[4:], COLOURS[1])
POINTS: Final = 120  # of the grid in each direction
# Of the colours, so much is used: on the darkest ones the samples would be lost.
PALER: Final = 4.0


@dataclass(frozen=True, eq=False, repr=False)
class BoundaryDisplay(Display):
    """A picture of decision boundaries, and what is in it.

    Parameters
    ----------
    ax_ : ndarray of matplotlib Axes
        Shape (nets, 1 + units drawn) with units, (nets,) without.
    figure_ : matplotlib Figure
        Where it was drawn.
    images_ : list of matplotlib AxesImage
        One per panel.
    rows : tuple of tuple of str
        Label, accuracy, what the net's boundary is, and distinct units of each net drawn.
    shown : tuple of (int, int, str)
        How many are drawn, how many there were, and of what: nets, units of each net, samples.
    """

    images_: list[Any]
    rows: tuple[tuple[str, ...], ...]
    shown: tuple[tuple[int, int, str], ...]

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        each = told(
            [
                f"{one_line(label)}: accuracy {accuracy}, {boundary}, distinct units {distinct}"
                for label, accuracy, boundary, distinct in self.rows
            ]
        )
        panels = "one panel a net"
        if self.ax_.ndim == 2:
            panels = "one row per net, first its own and then those of its units"
        return f"Decision boundaries on the plane, {panels}. {each}. {' '.join(self.table().notes)}"

    def table(self) -> Table:
        """Return accuracy and distinct units of every net.

        Returns
        -------
        Table
        """
        columns = ("net", "accuracy", "boundary", "distinct units\nof layer 1")
        some = left_out(*self.shown)
        return Table("Decision boundaries", columns, self.rows, tuple(some))


def plot_boundaries(
    nets: Mapping[str, NetLike],
    X: ArrayLike,
    y: ArrayLike,
    *,
    units: bool = True,
    ax: Any = None,
) -> BoundaryDisplay:
    """Draw what nets make of the plane: their classes, and where each unit changes its sign.

    Copies among the units are identical pictures.

    Parameters
    ----------
    nets : dict of str to Network
        A row each, for data of two features; of more than 12 so many that lie evenly between the
        first and the last.
    X : array_like of shape (m, 2)
        Samples, drawn with one marker per class.
    y : array_like
        Classes, as in `Network.loss`.
    units : bool, default True
        With the units of the first hidden layer; of more than 8 so many that lie evenly between
        the first and the last.
    ax : matplotlib.axes.Axes or array of one per panel, optional
        Where; the place of a single one is divided. A new figure by default. Nothing is shown, and
        no global setting is touched.

    Returns
    -------
    BoundaryDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no net, the data have not two features, a net has loss "mse", or X or y do not
        fit. Nothing has been drawn then.
    TypeError
        If an argument is of another kind.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> nets = {}
    >>> for scheme in ("zeros", "he_normal"):
    ...     nets[scheme] = il.Network([2, 4, 1]).initialize(scheme, rng=3)
    ...     history = nets[scheme].fit(flower.X, flower.y, steps=500)
    >>> display = il.plotting.plot_boundaries(nets, flower.X, flower.y)
    >>> display.ax_.shape
    (2, 5)
    """
    check_labelled("nets", nets, "Network objects")
    samples = as_array("X", X)
    if samples.ndim != 2 or samples.shape[1] != 2:
        raise ValueError(
            f"a decision boundary is drawn on the plane: X must have shape (m, 2), got "
            f"{samples.shape}"
        )
    within_reach("the samples X", samples)
    needs_matplotlib("pyplot")  # now: nets may be trained when they are asked for
    every = list(nets)
    chosen = {}
    for label in (every[i] for i in evenly(len(every), MOST_LABELS)):
        net = chosen[label] = nets[label]
        check_kind(f"nets[{label!r}]", net, NetLike, "Network")
        if net.settings.loss == "mse":
            raise ValueError(f"{label!r} has loss 'mse', so no classes and no decision boundary")
        if net.settings.loss == "binary_cross_entropy" and net.settings.layers[-1] > 1:
            raise ValueError(
                f"{label!r} has {net.settings.layers[-1]} binary outputs, each with a boundary of "
                "its own; train one net an output, or use cross_entropy"
            )
        net.loss(samples, y)  # raises where samples or targets do not fit
    widths = [net.settings.layers[1] for net in chosen.values() if len(net.settings.layers) > 2]
    most = min(max(widths, default=0), MOST_UNITS) if units else 0
    return _Picture(chosen, samples, y, most).draw(ax, len(nets), max(widths, default=0))


class _Picture:
    """The panels of some nets."""

    def __init__(
        self, nets: Mapping[str, NetLike], X: NDArray[Any], y: ArrayLike, most_units: int
    ) -> None:
        self.nets = nets
        self.X, self.y = X, y
        self.most_units = most_units
        low, high = X.min(axis=0).astype(float), X.max(axis=0).astype(float)
        margin = np.where(high > low, 0.08 * (high - low), 1.0)
        self.low, self.high = low - margin, high + margin
        axes = [np.linspace(a, b, POINTS) for a, b in zip(self.low, self.high, strict=True)]
        self.plane = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        target = np.asarray(y)  # of classes, or one-hot: the nets' losses have accepted it
        one_hot = target.ndim == 2 and target.shape[1] > 1
        self.classes = target.argmax(axis=1) if one_hot else target.reshape(-1).astype(int)
        self.is_small = most_units > FEW_UNITS
        self.some = np.array(evenly(len(X), MOST_SMALL if self.is_small else MOST_SAMPLES))
        self.images: list[Any] = []

    def draw(self, ax: Any, offered: int, width: int) -> BoundaryDisplay:
        count = len(self.nets)
        if self.most_units:
            columns = 1 + self.most_units
            side = min(max((WIDTH - 1.5) / columns, 0.75), 1.3)
            panels = grid(ax, count, columns, 0.6 + count * (side + 0.1))
            used = list(panels[:, 0])
        else:
            used, columns = tiles(ax, count, COLUMNS, 0.2 + 7.0 / min(max(count, 2), COLUMNS))
            panels = np.array(used)
        rows = []
        for place, (label, net) in enumerate(self.nets.items()):
            row = panels[place, 1:] if self.most_units else ()
            rows.append(self._row(used[place], row, label, net, first=place == 0))
        shown = (
            (count, offered, "nets"),
            *([(self.most_units, width, "units of each net")] if self.most_units else []),
            (self.some.size, len(self.X), "samples"),
        )
        some = left_out(*shown)
        below = used[-1 if self.most_units else (count - 1) // columns * columns]
        right, corner = panels.flat[columns - 1], panels.flat[-1]
        right.yaxis.set_label_position("right")
        right.set_ylabel("feature 2", fontsize="small")
        corner.set_xlabel("feature 1", fontsize="small")
        if corner is below:
            corner.set_xlabel("\n".join(["feature 1", *some]), fontsize="small")
        elif some:
            # Longer than its panel is wide, and no reason to make that wider.
            below.annotate(
                *("; ".join(some), (0.0, 0.0), (0, -4)),
                xycoords="axes fraction",
                textcoords="offset points",
                va="top",
                fontsize="small",
            ).set_in_layout(False)
        make_room(ax, panels)
        return BoundaryDisplay(
            panels,
            used[0].figure,
            self.images,
            tuple(rows),
            shown,
        )

    def _row(
        self, panel: Any, units: Any, label: str, net: NetLike, *, first: bool
    ) -> tuple[str, ...]:
        boundary = self._net(panel, net)
        accuracy = f"{net.accuracy(self.X, self.y):.1%}"
        distinct = "-"
        if len(net.settings.layers) > 2:
            distinct = f"{_distinct_units(net)}/{net.settings.layers[1]}"
            chosen = evenly(net.settings.layers[1], self.most_units) if len(units) else []
            self._units(units, net, chosen, first=first)
        if len(units):
            head = panel.set_ylabel(
                f"{wrapped(label, 20, 3)}\naccuracy {accuracy}",
                rotation=0,
                ha="right",
                va="center",
                fontsize="small",
            )
            if first:
                panel.set_title("net", fontsize="small")
        else:
            head = panel.set_title(f"{wrapped(label, 24, 2)}\n{accuracy}", fontsize="small")
        literal([head])
        return label, accuracy, boundary, distinct

    def _net(self, panel: Any, net: NetLike) -> str:
        """Draw the classes that a net gives; return in words what its boundary is."""
        output = net.forward(self.plane)
        if output.shape[1] == 1 or not np.isfinite(output).all():
            return self._map(panel, output[:, 0] - 0.5, 0.5, "one class")
        found = output.argmax(axis=1).reshape(POINTS, POINTS)
        colours = [CLASSES[i % len(CLASSES)] for i in range(output.shape[1])]
        self.images.append(
            panel.imshow(
                found,
                cmap=needs_matplotlib("colors").ListedColormap(colours),
                vmin=-0.5,
                vmax=output.shape[1] - 0.5,
                alpha=0.35,
                **self._frame(),
            )
        )
        for label in np.unique(found):
            panel.contour(found == label, [0.5], extent=self._extent(), colors="0.2", linewidths=1)
        self._samples(panel)
        several = np.unique(found).size
        return f"{several} classes" if several > 1 else _said(panel, "one class")

    def _units(self, panels: Any, net: NetLike, chosen: list[int], *, first: bool) -> None:
        layer = net.activations(self.plane)[0]
        at_zero = float(get_activation(net.settings.activation[0])(np.zeros(1))[0])
        values = layer.a[:, chosen] - at_zero
        finite = np.isfinite(values)
        largest = float(np.max(np.abs(values), initial=0.0, where=finite)) or 1.0
        for panel, unit, column in zip(panels, chosen, values.T, strict=False):
            self._map(panel, column, largest, "no boundary")
            if first:
                panel.set_title(f"unit {unit + 1}", fontsize="small")
        for panel in panels[len(chosen) :]:
            panel.set_axis_off()

    def _map(self, panel: Any, values: NDArray[Any], largest: float, flat: str) -> str:
        """Draw values by sign and size, and the line where the sign changes."""
        # In units of the largest: matplotlib would overflow where that is the largest float.
        plane = values.reshape(POINTS, POINTS) / largest
        self.images.append(
            panel.imshow(plane, cmap=DIVERGING, vmin=-PALER, vmax=PALER, **self._frame())
        )
        self._samples(panel)
        if not np.isfinite(plane).all():
            return _said(panel, "not finite")
        if plane.min() < 0 < plane.max():
            panel.contour(plane, [0.0], extent=self._extent(), colors="0.1", linewidths=1.2)
            return "a boundary"
        return _said(panel, flat)

    def _samples(self, panel: Any) -> None:
        for label in np.unique(self.classes):
            points = self.X[self.some[self.classes[self.some] == label]]
            panel.plot(
                *points.T,
                linestyle="none",
                marker=MARKERS[label % len(MARKERS)],
                markersize=2.2 if self.is_small else 2.5,
                color=CLASSES[label % len(CLASSES)],
                markeredgecolor="white",
                markeredgewidth=0.2,
            )
        panel.set(xticks=[], yticks=[])

    def _extent(self) -> tuple[float, ...]:
        return (self.low[0], self.high[0], self.low[1], self.high[1])

    def _frame(self) -> dict[str, Any]:
        return {
            "origin": "lower",
            "extent": self._extent(),
            "aspect": "auto",
            "interpolation": "nearest",
        }


def _distinct_units(net: NetLike) -> int:
    """Count the units of the first hidden layer that differ by a bit."""
    parts = (net.weights[0], net.biases[0], net.weights[1])
    w, b, v = (np.asarray(part, np.float64) for part in parts)
    return np.unique(group_units(b.size, w, b, v, MODULO_NONE, 0.0)).size


def _said(panel: Any, word: str) -> str:
    """Write a word at the bottom of a panel that has no line to show."""
    panel.text(
        *(0.5, 0.03, word),
        transform=panel.transAxes,
        ha="center",
        va="bottom",
        fontsize="x-small",
        color="black",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0},
    ).set_in_layout(False)
    return word
