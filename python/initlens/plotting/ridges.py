"""Ridges: the distribution of activations or gradients in every layer of some nets."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import choice
from .._tools.format import share
from .._tools.selection import evenly
from ..tables import Table
from ._figure import (
    COLOURS,
    MOST_LABELS,
    check_axes,
    check_kind,
    check_labelled,
    left_out,
    literal,
    make_room,
    needs_matplotlib,
    one_line,
    readable_log,
    tiles,
    told,
    within_reach,
    wrapped,
)
from .display import Display
from .protocols import NetLike

__all__ = ["Of", "Ridge", "RidgeDisplay", "plot_ridges"]

Of = Literal["activations", "gradients"]

MOST_BINS: Final = 90
COLUMNS: Final = 4  # of panels
MOST_LAYERS: Final = 16  # ridges above each other in one panel
POINTS: Final = 72  # an inch
LABEL: Final = 60  # points of the axis for each of its numbers, such as 0.0001
TAIL: Final = 0.005  # of the values of each ridge may lie outside the common scale, on each side


@dataclass(frozen=True, eq=False, repr=False)
class Ridge:
    """The values of one layer of one net.

    Parameters
    ----------
    label : str
        Of the net.
    layer : int
        From 1.
    values : ndarray of shape (n,)
        Finite values, flat; sizes for gradients.
    not_finite : int
        Values that are NaN or infinite.
    """

    label: str
    layer: int
    values: NDArray[np.float64]
    not_finite: int

    @property
    def zeros(self) -> float:
        """Share of values that are 0."""
        return float(np.mean(self.values == 0)) if self.values.size else math.nan

    def quantiles(self) -> NDArray[np.float64]:
        """Return the quantiles 0.05, 0.5 and 0.95; NaN without a finite value."""
        if not self.values.size:
            return np.full(3, np.nan)
        return np.quantile(self.values, [0.05, 0.5, 0.95])

    def __repr__(self) -> str:
        """Return label and layer in one line."""
        return f"<{self.values.size:,} values of layer {self.layer} of {self.label}>"


@dataclass(frozen=True, eq=False, repr=False)
class RidgeDisplay(Display):
    """A picture of ridges, and what is in it.

    Parameters
    ----------
    ax_ : ndarray of matplotlib Axes
        One per net.
    figure_ : matplotlib Figure
        Where it was drawn.
    artists_ : list of matplotlib collections
        Ridges, net by net, first layer first; layers without a value to draw have none.
    of : {"activations", "gradients"}
        What was drawn.
    ridges : tuple of Ridge
        The data drawn.
    nets, layers : int
        Number of nets and of layers there were to draw.
    """

    artists_: list[Any]
    of: Of
    ridges: tuple[Ridge, ...]
    nets: int
    layers: int

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        what, scale = _WORDS[self.of]
        found: dict[str, list[str]] = {}
        for label, layer, low, _, high, *_ in self.table().rows:
            found.setdefault(label, []).append(f"layer {layer} {low} to {high}")
        ends = told(
            [
                f"{one_line(label)}: {', '.join(dict.fromkeys((layers[0], layers[-1])))}"
                for label, layers in found.items()
            ]
        )
        notes = " ".join(self.table().notes)
        return (
            f"Distributions of {what} layer by layer, on one {scale} axis. 90 % of the values in "
            f"the first and the last layer: {ends}. The table has every layer. {notes}"
        )

    def table(self) -> Table:
        """Return quantiles of every ridge.

        Returns
        -------
        Table
        """
        columns = ("net", "layer", "5 %", "median", "95 %", "zero", "not finite")
        rows = tuple(
            (
                ridge.label,
                str(ridge.layer),
                *(f"{value:.3g}" for value in ridge.quantiles()),
                share(ridge.zeros),
                str(ridge.not_finite),
            )
            for ridge in self.ridges
        )
        notes = [
            "Each ridge is drawn to its own peak; at most 1 % of its values lie beyond the axis."
        ]
        if self.of == "gradients" and any(ridge.zeros > 0 for ridge in self.ridges):
            notes.append("Gradients that are 0 have no place on a logarithmic axis.")
        drawn = len({ridge.layer for ridge in self.ridges})
        labels = len({ridge.label for ridge in self.ridges})
        notes += left_out((labels, self.nets, "nets"), (drawn, self.layers, "layers"))
        return Table(_WORDS[self.of][0].capitalize(), columns, rows, tuple(notes))


_WORDS: Final = {
    "activations": ("activations of the hidden layers", "linear"),
    "gradients": ("sizes of the weights' gradients", "logarithmic"),
}


def plot_ridges(
    nets: Mapping[str, NetLike],
    X: ArrayLike,
    y: ArrayLike,
    *,
    of: Of = "activations",
    ax: Any = None,
) -> RidgeDisplay:
    """Draw how activations or gradients are distributed in every layer, on one scale for all nets.

    Parameters
    ----------
    nets : dict of str to Network
        A panel each, such as a net at the start, in the middle and at the end of its training; of
        more than 12 so many that lie evenly between the first and the last.
    X : array_like of shape (m, n_in)
        Samples.
    y : array_like
        Targets, as in `Network.loss`.
    of : {"activations", "gradients"}, default "activations"
        Activations of the hidden layers, or sizes of the mean gradients of the weights of all
        layers, on a logarithmic axis.
    ax : matplotlib.axes.Axes or array of one per net, optional
        Where; the place of a single one is divided. A new figure by default. Nothing is shown, and
        no global setting is touched.

    Returns
    -------
    RidgeDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no net, X or y do not fit one, a net has no hidden layer to show, or activations
        are beyond what an axis can show.
    TypeError
        If an argument is of another kind.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 8, 8, 1]).initialize("he_normal", rng=0)
    >>> nets = {"start": net.copy()}
    >>> history = net.fit(flower.X, flower.y, steps=200)
    >>> display = il.plotting.plot_ridges(nets | {"end": net}, flower.X, flower.y)
    >>> [row[:2] for row in display.table().rows]
    [('start', '1'), ('start', '2'), ('end', '1'), ('end', '2')]
    """
    wanted = cast(Of, choice("of", of, _WORDS))
    check_labelled("nets", nets, "Network objects")
    every = list(nets)
    labels = [every[i] for i in evenly(len(every), MOST_LABELS)]
    needs_matplotlib("pyplot")  # now: nets may be trained when they are asked for
    check_axes(ax, 1, len(labels))
    chosen = {label: nets[label] for label in labels}
    for label, net in chosen.items():
        check_kind(f"nets[{label!r}]", net, NetLike, "Network")
    layers = max(_count(wanted, net) for net in chosen.values())
    if not layers:
        raise ValueError("no net has a hidden layer, so there are no activations to draw")
    shown = set(evenly(layers, MOST_LAYERS))
    ridges = [
        ridge
        for label in labels
        for index, ridge in enumerate(_ridges_of(label, chosen[label], X, y, wanted))
        if index in shown
    ]
    for ridge in ridges:
        within_reach(f"{wanted} of layer {ridge.layer} of {ridge.label!r}", ridge.values)
    panels, columns = tiles(ax, len(labels), COLUMNS, 1.4 + 0.4 * len(shown))
    edges = _edges(ridges, wanted)
    places = {index + 1: -float(place) for place, index in enumerate(sorted(shown))}
    artists = []
    for number, (panel, label) in enumerate(zip(panels, labels, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        for ridge in (ridge for ridge in ridges if ridge.label == label):
            artists += _draw(panel, ridge, edges, places[ridge.layer], colour)
        literal([panel.set_title(wrapped(label, 80 // columns, 2), fontsize="small")])
        panel.set(
            xscale="log" if wanted == "gradients" else "linear",
            xlim=(edges[0], edges[-1]),
            ylim=(min(places.values()) - 0.15, 1.05),
            yticks=list(places.values()),
            yticklabels=[f"layer {layer}" for layer in places] if number % columns == 0 else [],
        )
        if wanted == "gradients":
            room = panel.get_window_extent().width / panel.figure.dpi * POINTS
            readable_log(panel.xaxis, max(2, int(room / LABEL)))
            panel.tick_params(axis="x", labelsize="small")
        panel.tick_params(axis="y", length=0)
        panel.spines[["left", "right", "top"]].set_visible(False)
        if number + columns >= len(labels):
            what = "activation" if wanted == "activations" else "|gradient of a weight|"
            panel.set_xlabel(what)
    below = panels[(len(labels) - 1) // columns * columns]
    some = left_out((len(labels), len(nets), "nets"), (len(shown), layers, "layers"))
    below.set_xlabel("\n".join([below.get_xlabel(), *some]))
    drawn = np.array(panels)
    make_room(ax, drawn)
    return RidgeDisplay(drawn, below.figure, artists, wanted, tuple(ridges), len(nets), layers)


def _count(of: Of, net: NetLike) -> int:
    return len(net.settings.layers) - (1 if of == "gradients" else 2)


def _ridges_of(label: str, net: NetLike, X: ArrayLike, y: ArrayLike, of: Of) -> list[Ridge]:
    if of == "gradients":
        arrays = [np.abs(gradient) for gradient in net.gradients(X, y).weights]
    else:
        arrays = [layer.a for layer in net.activations(X)[:-1]]
    found = []
    for index, array in enumerate(arrays):
        flat = np.asarray(array, np.float64).reshape(-1)
        finite = flat[np.isfinite(flat)]
        found.append(Ridge(label, index + 1, finite, flat.size - finite.size))
    return found


def _edges(ridges: list[Ridge], of: Of) -> NDArray[np.float64]:
    """Return the bins' edges, the same for all ridges."""
    largest = max((ridge.values.size for ridge in ridges), default=0)
    bins = min(MOST_BINS, 20 + math.isqrt(largest))
    tails = [
        # Of few values the smallest and the largest, not points between them.
        (np.quantile(values, TAIL, method="lower"), np.quantile(values, 1 - TAIL, method="higher"))
        for ridge in ridges
        if (values := ridge.values[ridge.values > 0] if of == "gradients" else ridge.values).size
    ]
    low, high = (min(t[0] for t in tails), max(t[1] for t in tails)) if tails else (1.0, 1.0)
    if of == "gradients":
        low, high = (low, high) if high > 1.01 * low else (low / 2.0, 2.0 * high)
        return np.geomspace(low, high, bins + 1)
    margin = 0.05 * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, bins + 1)


def _draw(
    panel: Any, ridge: Ridge, edges: NDArray[np.float64], base: float, colour: str
) -> list[Any]:
    """Draw one ridge on its base line; say what cannot be drawn."""
    panel.axhline(base, color=colour, linewidth=0.6)
    heights = np.histogram(ridge.values, edges)[0]
    text = ""
    if ridge.not_finite:
        text = f"{ridge.not_finite:,} not finite"
    elif ridge.zeros == 1.0 and not heights.any():
        text = "all 0"
    if text:
        panel.annotate(
            text,
            (1.0, base),
            (-2, 2),
            panel.get_yaxis_transform(),
            "offset points",
            ha="right",
            fontsize="small",
        )
    if not heights.any():
        return []
    return [
        panel.fill_between(
            *(np.repeat(edges, 2)[1:-1], base, base + 0.9 * np.repeat(heights, 2) / heights.max()),
            facecolor=(colour, 0.4),
            edgecolor=colour,
            linewidth=1.0,
        )
    ]
