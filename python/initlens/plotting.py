"""Loss curves with matplotlib, drawn on axes of the caller's or on new ones."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ._format import number
from .history import History
from .tables import Table

__all__ = ["LossCurves", "LossDisplay", "plot_losses"]

# Okabe and Ito's colours, which survive colour-blindness; the line style is the second cue.
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
STYLES: Final[tuple[Any, ...]] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))


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
        steps = np.unique(np.concatenate([history.steps for history in histories]))
        losses = np.full((len(histories), steps.size), np.nan)
        for row, history in zip(losses, histories, strict=True):
            row[np.searchsorted(steps, history.steps)] = history.loss
        return cls(label, steps, losses)

    def __repr__(self) -> str:
        """Return label and sizes in one line."""
        runs, rows = self.losses.shape
        return f"<losses of {self.label}: {runs} runs, {rows} recorded steps>"

    def spread(self) -> NDArray[np.float64]:
        """Return lowest, median and highest loss at each step: (3, R).

        Where runs have ended, those that go on count; NaN where none does.
        """
        out = np.full((3, self.steps.size), np.nan)
        alive = ~np.isnan(self.losses)
        for column in np.flatnonzero(alive.any(axis=0)):
            out[:, column] = np.quantile(self.losses[alive[:, column], column], [0.0, 0.5, 1.0])
        return out


@dataclass(frozen=True, eq=False, repr=False)
class LossDisplay:
    """A picture of loss curves, and what is in it.

    Parameters
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.
    lines_ : list of matplotlib Line2D
        Median curves, one a label.
    bands_ : list of matplotlib collections
        Ranges over runs, for the labels with several.
    chance_ : matplotlib Line2D or None
        The line at the loss of the best constant guess.
    curves : tuple of LossCurves
        The data.
    chance_loss : float
        Loss of the best constant guess.
    """

    ax_: Any
    figure_: Any
    lines_: list[Any]
    bands_: list[Any]
    chance_: Any
    curves: tuple[LossCurves, ...]
    chance_loss: float

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        ends = "; ".join(f"{row[0]}: {row[2]}, ends at {row[3]}" for row in self.table().rows)
        return (
            f"Loss against steps on a logarithmic axis. {ends}. "
            f"A dotted line marks the loss at chance, {number(self.chance_loss)}."
        )

    def table(self) -> Table:
        """Return first and last losses of every curve.

        Returns
        -------
        Table
        """
        rows = []
        for curve in self.curves:
            known = np.flatnonzero(~np.isnan(curve.losses).all(axis=0))
            ends = curve.spread()[:, known[[0, -1]]] if known.size else np.full((3, 2), np.nan)
            rows.append(
                (
                    curve.label,
                    str(len(curve.losses)),
                    *(
                        f"{number(middle)} [{number(low)}, {number(high)}]"
                        for low, middle, high in ends.T
                    ),
                )
            )
        columns = ("curve", "runs", "first loss\nmedian [min, max]", "last loss\nmedian [min, max]")
        return Table("Loss curves", columns, tuple(rows))

    def __repr__(self) -> str:
        """Return the table as text."""
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def plot_losses(
    curves: Sequence[LossCurves], chance_loss: float, *, ax: Any = None, title: str = ""
) -> LossDisplay:
    """Draw median and range of the losses of each label on a logarithmic axis.

    Parameters
    ----------
    curves : sequence of LossCurves
        What to draw, in this order.
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
    if ax is None:
        try:
            pyplot: Any = importlib.import_module("matplotlib.pyplot")
        except ImportError as error:
            raise ImportError("plots need matplotlib: pip install 'initlens[plot]'") from error
        ax = pyplot.subplots(figsize=(8.0, 4.5), layout="constrained")[1]
    lines, bands = [], []
    looks = zip(cycle(COLOURS), cycle(STYLES), strict=False)
    for curve, (colour, style) in zip(curves, looks, strict=False):
        low, middle, high = curve.spread()
        lines += ax.plot(curve.steps, middle, color=colour, linestyle=style, label=curve.label)
        if len(curve.losses) > 1:
            # Faint, because bands of many schemes lie on each other; thin edges keep them apart.
            bands.append(
                ax.fill_between(
                    *(curve.steps, low, high),
                    facecolor=(colour, 0.08),
                    edgecolor=(colour, 0.5),
                    linewidth=0.5,
                )
            )
    chance = None
    if chance_loss > 0:
        chance = ax.axhline(chance_loss, color="0.1", linestyle=":", label="chance", zorder=3)
    ax.set(xlabel="step", ylabel="loss", yscale="log")
    if title and not ax.get_title():
        ax.set_title(title)
    # Beside the axes: curves of seven schemes leave no corner free.
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return LossDisplay(ax, ax.figure, lines, bands, chance, tuple(curves), chance_loss)
