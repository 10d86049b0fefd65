"""Do the units of a layer stay copies? Distinct units and their spread over the steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import integer
from .._tools.selection import evenly
from ..tables import Table
from ._curves import check_curves, draw_spread, ends_text, side_by_side
from ._figure import (
    MOST_LABELS,
    grid,
    left_out,
    legend,
    literal,
    looks,
    make_room,
    one_line,
    told,
    whole_numbers,
)
from .display import Display
from .protocols import HistoryLike

__all__ = ["UnitCurves", "UnitsDisplay", "plot_units"]

SMALLEST: Final = 1e-16  # of a spread: about the rounding of float64


@dataclass(frozen=True, eq=False, repr=False)
class UnitCurves:
    """How far apart the units of a hidden layer were in some runs.

    Parameters
    ----------
    label : str
        Their name.
    steps : ndarray of shape (R,)
        Recorded steps.
    distinct : ndarray of shape (runs, R)
        Distinct units, as a share of the layer's; NaN after the end of a run.
    spread : ndarray of shape (runs, R)
        `History.unit_spread`; NaN after the end of a run.
    units : int or None
        Width of the layer; None where it is another layer from step to step.
    """

    label: str
    steps: NDArray[np.int64]
    distinct: NDArray[np.float64]
    spread: NDArray[np.float64]
    units: int | None

    @classmethod
    def of(cls, label: str, histories: Sequence[HistoryLike], layer: int | None = None) -> Self:
        """Put runs side by side.

        Parameters
        ----------
        label : str
            Their name.
        histories : sequence of History
            Of nets of one architecture.
        layer : int, optional
            Which hidden layer, from 1. By default the smallest share and the smallest spread that
            a hidden layer has at each step.

        Raises
        ------
        ValueError
            If there is no such hidden layer.
        """
        widths = np.array(histories[0].widths[:-1])
        if not widths.size:
            raise ValueError("the net has no hidden layer, so no units to tell apart")
        if layer is None:
            some = slice(0, widths.size)
        else:
            index = integer("layer", layer, minimum=1) - 1
            if index >= widths.size:
                raise ValueError(f"layer must be a hidden one, 1 to {widths.size}, got {layer}")
            some = slice(index, index + 1)

        def share(history: HistoryLike) -> NDArray[np.float64]:
            smallest: NDArray[np.float64] = np.min(
                history.distinct_units[:, some] / widths[some], axis=1
            )
            return smallest

        def distance(history: HistoryLike) -> NDArray[np.float64]:
            smallest: NDArray[np.float64] = history.unit_spread[:, some].min(axis=1)
            return smallest

        steps, distinct = side_by_side(histories, share)
        apart = side_by_side(histories, distance)[1]
        found = set(widths[some].tolist())
        return cls(label, steps, distinct, apart, found.pop() if len(found) == 1 else None)

    def __repr__(self) -> str:
        """Return label and sizes in one line."""
        runs, rows = self.distinct.shape
        return f"<units of {self.label}: {runs} runs, {rows} recorded steps>"


@dataclass(frozen=True, eq=False, repr=False)
class UnitsDisplay(Display):
    """A picture of distinct units and unit spread over steps, and what is in it.

    Parameters
    ----------
    ax_ : ndarray of 2 matplotlib Axes
        Distinct units; unit spread.
    figure_ : matplotlib Figure
        Where it was drawn.
    lines_ : list of matplotlib Line2D
        Median curves, first those of the first panel.
    bands_ : list of matplotlib collections
        Ranges over runs, for the labels with several, in the same order.
    curves : tuple of UnitCurves
        The data drawn.
    offered : int
        Number of curves there were to draw.
    """

    lines_: list[Any]
    bands_: list[Any]
    curves: tuple[UnitCurves, ...]
    offered: int

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        table = self.table()
        ends = told(
            [
                f"{one_line(label)}: {first} at the start and {last} at the end, spread {near} "
                f"and {far}"
                for label, _, first, last, near, far in table.rows
            ]
        )
        return " ".join(
            [
                "Two panels against steps: distinct units, and the spread of the units on a "
                f"logarithmic axis down to 1e-16. {ends}.",
                *table.notes,
            ]
        )

    def table(self) -> Table:
        """Return distinct units and spread of every curve, at its first and last step.

        Returns
        -------
        Table
        """
        columns = (
            "curve",
            "runs",
            "distinct units\nfirst",
            "distinct units\nlast",
            "unit spread\nfirst",
            "unit spread\nlast",
        )
        rows = []
        for curve in self.curves:

            def shares(value: float, units: int | None = curve.units) -> str:
                return f"{value:.0%}" if units is None else f"{value * units:g}/{units}"

            rows.append(
                (
                    curve.label,
                    str(len(curve.distinct)),
                    *ends_text(curve.distinct, shares),
                    *ends_text(curve.spread, "{:.2g}".format),
                )
            )
        notes = ["A spread of 0, copies to the last bit, is drawn at the bottom."]
        notes += left_out((len(self.curves), self.offered, "curves"))
        title = "Units over the steps: median [min, max] of the runs"
        return Table(title, columns, tuple(rows), tuple(notes))


def plot_units(curves: Sequence[UnitCurves], *, ax: Any = None, title: str = "") -> UnitsDisplay:
    """Draw distinct units, and unit spread on a logarithmic axis, against steps.

    Parameters
    ----------
    curves : sequence of UnitCurves
        What to draw, in this order; of more than 12 so many that lie evenly between the first and
        the last.
    ax : matplotlib.axes.Axes or array of two, optional
        Where; the place of a single one is divided. A new figure by default. Nothing is shown, and
        no global setting is touched.
    title : str, optional
        Of the first panel.

    Returns
    -------
    UnitsDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If nothing was recorded, or `ax` holds another number of axes.
    TypeError
        If an argument is of another kind.

    Notes
    -----
    The axis of the spread is linear between 0 and 1e-16, so that copies, whose spread is 0 to the
    last bit, have a place.
    """
    check_curves(curves, UnitCurves)
    if not any(curve.steps.size for curve in curves):
        raise ValueError("nothing to plot: no step was recorded (record=0?)")
    panels = grid(ax, 1, 2, 4.0)
    above, below = panels.flat
    chosen = tuple(curves[i] for i in evenly(len(curves), MOST_LABELS))
    widths = {curve.units for curve in chosen}
    width = widths.pop() if len(widths) == 1 else None
    lines: list[Any] = []
    bands: list[Any] = []
    top = 1.0
    for panel, scale, name in ((above, width or 1, "distinct"), (below, 1, "spread")):
        for number, (curve, look) in enumerate(zip(chosen, looks(), strict=False)):
            values = getattr(curve, name) * scale
            # Copies lie on each other: each curve has its markers at other steps.
            every = max(1, curve.steps.size // 6)
            line, band = draw_spread(
                *(panel, curve.steps, values, look, curve.label),
                marker=look.marker,
                markersize=5,
                markevery=(number * every // len(chosen), every),
            )
            lines += line
            bands += band
            if name == "spread":
                top = float(np.max(values, initial=top, where=np.isfinite(values)))
    share = "share of the layer" if width is None else f"of {width}"
    above.set(xlabel="step", ylabel=f"distinct units ({share})", ylim=(0, 1.05 * (width or 1)))
    if width is not None:
        whole_numbers(above.yaxis)
    whole_numbers(above.xaxis)
    whole_numbers(below.xaxis)
    below.set(xlabel="step", ylabel="unit spread\n(of their mean norm)")
    below.set_yscale("symlog", linthresh=SMALLEST, linscale=1.5)
    below.set_ylim(-0.2 * SMALLEST, 10 * top)
    below.set_yticks([0.0, *(10.0**power for power in range(-16, 1, 4))])
    if title and not above.get_title():
        literal([above.set_title(one_line(title, 40), fontsize="medium")])
    make_room(ax, panels)
    labels = [curve.label for curve in chosen]
    legend(below, lines[: len(chosen)], labels, left_out((len(chosen), len(curves), "curves")))
    return UnitsDisplay(panels.reshape(-1), above.figure, lines, bands, chosen, len(curves))
