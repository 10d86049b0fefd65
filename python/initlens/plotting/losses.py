"""Loss curves: median and range over the runs of each label, and the loss at chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .._format import number
from ..history import History, evenly
from ..tables import Table
from ._curves import draw_spread, ends_text, side_by_side, spread
from ._figure import (
    MOST_LABELS,
    axes,
    left_out,
    legend,
    literal,
    looks,
    one_line,
    readable_log,
    whole_numbers,
)
from .display import Display

__all__ = ["LossCurves", "LossDisplay", "plot_losses"]

# Losses above this many times the loss at chance are on their way to infinity, and would press
# all the others together.
HIGHEST: Final = 1e3


@dataclass(frozen=True, eq=False, repr=False)
class LossCurves:
    """Losses of some runs of one kind.

    Parameters
    ----------
    label : str
        Their name.
    steps : ndarray of shape (R,)
        Steps at which the losses were recorded.
    losses : ndarray of shape (runs, R)
        NaN after the end of a run.
    """

    label: str
    steps: NDArray[np.int64]
    losses: NDArray[np.float64]

    @classmethod
    def of(cls, label: str, histories: Sequence[History]) -> Self:
        """Put runs side by side; one that ended early has NaN after its end."""
        return cls(label, *side_by_side(histories, lambda history: history.loss))

    def __repr__(self) -> str:
        """Return label and sizes in one line."""
        runs, rows = self.losses.shape
        return f"<losses of {self.label}: {runs} runs, {rows} recorded steps>"

    def spread(self) -> NDArray[np.float64]:
        """Return lowest, median and highest loss at each step: (3, R).

        Where runs have ended, those that go on count; NaN where none does.
        """
        return spread(self.losses)

    def ended(self, step: int) -> int:
        """Return the number of runs without a finite loss at `step`, the end of the others."""
        if not self.steps.size or self.steps[-1] < step:
            return len(self.losses)
        return int(np.count_nonzero(~np.isfinite(self.losses[:, -1])))


@dataclass(frozen=True, eq=False, repr=False)
class LossDisplay(Display):
    """A picture of loss curves, and what is in it.

    Parameters
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.
    lines_ : list of matplotlib Line2D
        Median curves, one a label.
    bands_ : list of matplotlib collections
        Ranges over runs, for the labels with several.
    ends_ : list of matplotlib Line2D
        Crosses where a curve ends before the others.
    chance_ : matplotlib Line2D or None
        The line at the loss of the best constant guess.
    curves : tuple of LossCurves
        The data drawn.
    chance_loss : float
        Loss of the best constant guess.
    offered : int
        Number of curves there were to draw.
    """

    lines_: list[Any]
    bands_: list[Any]
    ends_: list[Any]
    chance_: Any
    curves: tuple[LossCurves, ...]
    chance_loss: float
    offered: int

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        table = self.table()
        ends = "; ".join(f"{row[0]}: {row[2]}, ends at {row[3]}" for row in table.rows)
        parts = [
            f"Loss against steps on a logarithmic axis. {ends}.",
            *(
                []
                if self.chance_ is None
                else [f"A dotted line marks the loss at chance, {number(self.chance_loss)}."]
            ),
            *table.notes,
        ]
        return " ".join(parts)

    def table(self) -> Table:
        """Return first and last losses of every curve.

        Returns
        -------
        Table
        """
        rows = []
        for curve in self.curves:
            ends = ends_text(curve.losses, number)
            rows.append((curve.label, str(len(curve.losses)), *ends))
        columns = ("curve", "runs", "first loss\nmedian [min, max]", "last loss\nmedian [min, max]")
        last = _last_step(self.curves)
        notes = [
            f"{ended} of {len(curve.losses)} runs of {curve.label} ended before the others, or "
            "without a finite loss."
            for curve in self.curves
            if (ended := curve.ended(last))
        ]
        if self.chance_loss > 0 and _highest(self.curves) > HIGHEST * self.chance_loss:
            notes.append(f"Losses above {HIGHEST:,.0f} times that at chance are not drawn.")
        notes += left_out((len(self.curves), self.offered, "curves"))
        return Table("Loss curves", columns, tuple(rows), tuple(notes))


def plot_losses(
    curves: Sequence[LossCurves], chance_loss: float, *, ax: Any = None, title: str = ""
) -> LossDisplay:
    """Draw median and range of the losses of each label on a logarithmic axis.

    Parameters
    ----------
    curves : sequence of LossCurves
        What to draw, in this order; of more than 12 so many that lie evenly between the first and
        the last.
    chance_loss : float
        Drawn as a dotted line where it is above 0.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure by default. Nothing is shown, and no global setting is touched.
    title : str, optional
        Of axes that have none yet.

    Returns
    -------
    LossDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no curve with a recorded loss.
    """
    if not any(curve.steps.size for curve in curves):
        raise ValueError("nothing to plot: no loss was recorded (record=0?)")
    ax = axes(ax)
    chosen = tuple(curves[i] for i in evenly(len(curves), MOST_LABELS))
    last = _last_step(chosen)
    top = HIGHEST * chance_loss if chance_loss > 0 else math.inf
    lines: list[Any] = []
    bands: list[Any] = []
    ends: list[Any] = []
    for curve, look in zip(chosen, looks(), strict=False):
        line, band = draw_spread(ax, curve.steps, curve.losses, look, curve.label)
        lines += line
        bands += band
        middle = curve.spread()[1]
        known = np.flatnonzero(np.isfinite(middle))
        if known.size and curve.steps[known[-1]] < last:
            end = curve.steps[known[-1]], min(middle[known[-1]], top)
            cross = {"marker": "X", "markersize": 8, "linestyle": "none", "clip_on": False}
            ends += ax.plot(*end, color=look.color, zorder=4, **cross)
    handles, labels = list(lines), [curve.label for curve in chosen]
    if ends:
        handles.append(ends[0])
        labels.append("ended early")
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    chance = None
    if chance_loss > 0:
        edge = ax.spines["left"].get_edgecolor()  # black on a light page, white on a dark one
        chance = ax.axhline(chance_loss, color=edge, linestyle=":", label="chance", zorder=3)
        handles.append(chance)
        labels.append("chance")
    if _highest(chosen) > top:
        ax.set_ylim(0.7 * min(chance_loss, _lowest(chosen)), top)
    whole_numbers(ax.xaxis)
    readable_log(ax.yaxis)
    if title and not ax.get_title():
        literal([ax.set_title(one_line(title, 80))])
    legend(ax, handles, labels, left_out((len(chosen), len(curves), "curves")))
    return LossDisplay(
        *(ax, ax.figure, lines, bands, ends, chance),
        curves=chosen,
        chance_loss=chance_loss,
        offered=len(curves),
    )


def _highest(curves: Sequence[LossCurves]) -> float:
    """Return the largest loss, infinity aside."""
    return max(
        float(np.max(curve.losses, initial=0.0, where=np.isfinite(curve.losses)))
        for curve in curves
    )


def _lowest(curves: Sequence[LossCurves]) -> float:
    """Return the smallest loss above 0."""
    return min(
        float(np.min(curve.losses, initial=np.inf, where=curve.losses > 0)) for curve in curves
    )


def _last_step(curves: Sequence[LossCurves]) -> int:
    return int(max(curve.steps[-1] for curve in curves if curve.steps.size))
