"""What was recorded over the steps of several runs, side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._tools.text import shown
from ._figure import Look
from .protocols import HistoryLike

__all__ = ["check_curves", "draw_spread", "ends_text", "side_by_side", "spread"]


def check_curves(curves: Any, kind: type) -> None:
    """Refuse what is no sequence of `kind`, which its ``of`` makes from histories."""
    if not isinstance(curves, Sequence) or not all(isinstance(one, kind) for one in curves):
        name = kind.__name__
        raise TypeError(
            f"curves must be a list of {name}, such as {name}.of('a net', [history]), got "
            f"{shown(curves)}"
        )


def side_by_side(
    histories: Sequence[HistoryLike], recorded: Callable[[HistoryLike], NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the steps (R,) of all histories, and a row (R,) for each: (runs, R).

    The steps are those of the run that lasted longest: one that ended early has NaN after its end,
    and its last step, at which the others recorded nothing, is left out.
    """
    steps = max((history.steps for history in histories), key=lambda s: s[-1] if s.size else -1)
    values = np.full((len(histories), steps.size), np.nan)
    for row, history in zip(values, histories, strict=True):
        shared = np.isin(history.steps, steps)
        row[np.searchsorted(steps, history.steps[shared])] = recorded(history)[shared]
    return steps, values


def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lowest, median and highest of (runs, R) at each step: (3, R).

    Where runs have ended, those that go on count; NaN where none does.
    """
    out = np.full((3, values.shape[1]), np.nan)
    alive = ~np.isnan(values)
    for column in np.flatnonzero(alive.any(axis=0)):
        known = values[alive[:, column], column]
        # np.quantile would interpolate between infinities.
        out[:, column] = known.min(), np.median(known), known.max()
    return out


def draw_spread(
    ax: Any,
    steps: NDArray[np.int64],
    values: NDArray[np.float64],
    look: Look,
    label: str,
    **marks: Any,
) -> tuple[list[Any], list[Any]]:
    """Draw the median of (runs, R) as a line and, of several runs, the range as a band."""
    low, middle, high = spread(values)
    lines = ax.plot(
        *(steps, middle), color=look.color, linestyle=look.linestyle, label=label, **marks
    )
    if len(values) == 1:
        return lines, []
    # Faint, because bands of many schemes lie on each other; thin edges keep them apart.
    band = ax.fill_between(
        *(steps, low, high),
        facecolor=(look.color, 0.08),
        edgecolor=(look.color, 0.5),
        linewidth=0.5,
    )
    return lines, [band]


def ends_text(values: NDArray[np.float64], text: Callable[[float], str]) -> tuple[str, str]:
    """Write the first and the last of (runs, R) as "median [min, max]", without an equal range."""
    known = np.flatnonzero(~np.isnan(values).all(axis=0))
    if not known.size:
        return "-", "-"
    first, last = spread(values[:, known[[0, -1]]]).T
    return _range_text(*map(text, first)), _range_text(*map(text, last))


def _range_text(low: str, middle: str, high: str) -> str:
    return middle if low == high else f"{middle} [{low}, {high}]"
