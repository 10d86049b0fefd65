"""Loss curves: median and range over the runs of each label, and the loss at chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from .._tools.format import number
from .._tools.selection import evenly
from .._tools.text import join
from ..tables import Table
from ._curves import check_curves, draw_spread, ends_text, side_by_side, spread
from ._figure import (
    FARTHEST_LOG,
    MOST_LABELS,
    axes,
    left_out,
    legend,
    literal,
    looks,
    one_line,
    readable_log,
    told,
    whole_numbers,
)
from .display import Display
from .protocols import HistoryLike

__all__ = ["LossCurves", "LossDisplay", "plot_losses"]

# Losses above this many times the loss at chance are on their way to infinity, and would press
# all the others together.
HIGHEST: Final = 1e3

MOST_NAMED: Final = 6  # curves in a sentence
_AXES: Final = {"log": "logarithmic", "linear": "linear"}


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
    def of(cls, label: str, histories: Sequence[HistoryLike]) -> Self:
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
        Median curves, one per label.
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
    quantity : str
        What the losses are, as written at the axis.
    """

    lines_: list[Any]
    bands_: list[Any]
    ends_: list[Any]
    chance_: Any
    curves: tuple[LossCurves, ...]
    chance_loss: float
    offered: int
    quantity: str

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        table = self.table()
        ends = told(
            [f"{one_line(label)}: {first}, ends at {last}" for label, _, first, last in table.rows]
        )
        axis = _AXES[_scale(self.curves)]
        parts = [
            f"{self.quantity.capitalize()} against steps on a {axis} axis. {ends}.",
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
        short: dict[tuple[int, int], list[str]] = {}
        for curve in self.curves:
            if ended := curve.ended(last):
                short.setdefault((ended, len(curve.losses)), []).append(curve.label)
        notes = [
            f"{ended} of {runs} runs of {join(labels, MOST_NAMED)} ended before the others, or "
            "without a finite loss."
            for (ended, runs), labels in short.items()
        ]
        notes += [f"{words.capitalize()}." for words in _too_high(self.curves, self.chance_loss)]
        notes += left_out((len(self.curves), self.offered, "curves"))
        return Table("Loss curves", columns, tuple(rows), tuple(notes))


def plot_losses(
    curves: Sequence[LossCurves],
    chance_loss: float,
    *,
    ax: Any = None,
    title: str = "",
    quantity: str = "loss",
) -> LossDisplay:
    """Draw median and range of the losses of each label on a logarithmic axis.

    The axis is linear where no loss is above 0.

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
    quantity : str, default "loss"
        What the losses are, at the axis.

    Returns
    -------
    LossDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no curve with a recorded loss.
    TypeError
        If an argument is of another kind.
    """
    check_curves(curves, LossCurves)
    if not any(curve.steps.size for curve in curves):
        raise ValueError("nothing to plot: no loss was recorded (record=0?)")
    ax = axes(ax)
    chosen = tuple(curves[i] for i in evenly(len(curves), MOST_LABELS))
    last = _last_step(chosen)
    top = _top(chance_loss)
    ax.set(xlabel="step", ylabel=quantity, yscale=_scale(chosen))
    if _highest(chosen) > top:  # before anything is drawn: to fit it all would overflow
        ax.set_ylim(0.7 * min(top / HIGHEST, _lowest(chosen)), top)
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
    chance = None
    if chance_loss > 0:
        edge = ax.spines["left"].get_edgecolor()  # black on a light page, white on a dark one
        chance = ax.axhline(chance_loss, color=edge, linestyle=":", label="chance", zorder=3)
        handles.append(chance)
        labels.append("chance")
    whole_numbers(ax.xaxis)
    if ax.get_yscale() == "log":
        readable_log(ax.yaxis)
    if title and not ax.get_title():
        literal([ax.set_title(one_line(title, 80))])
    words = left_out((len(chosen), len(curves), "curves")) + _too_high(chosen, chance_loss)
    absent = [curve.label for curve in chosen if not np.isfinite(curve.losses).any()]
    if absent:
        words.append(f"no finite loss: {join((one_line(label, 20) for label in absent), 3)}")
    legend(ax, handles, labels, words)
    return LossDisplay(
        *(ax, ax.figure, lines, bands, ends, chance),
        curves=chosen,
        chance_loss=chance_loss,
        offered=len(curves),
        quantity=quantity,
    )


def _top(chance_loss: float) -> float:
    """Return the largest loss that an axis is drawn to."""
    return HIGHEST * chance_loss if chance_loss > 0 else FARTHEST_LOG


def _too_high(curves: Sequence[LossCurves], chance_loss: float) -> list[str]:
    """Say which losses are not drawn, if any."""
    if _highest(curves) <= _top(chance_loss):
        return []
    limit = f"{HIGHEST:,.0f} times that at chance" if chance_loss > 0 else f"{FARTHEST_LOG:g}"
    return [f"losses above {limit} are not drawn"]


def _scale(curves: Sequence[LossCurves]) -> str:
    """Return the kind of axis: a logarithmic one has no place for losses that are all 0."""
    return "log" if _highest(curves) > 0 else "linear"


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
