"""What became of a training run, in words of which each is true of its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from .runs import Run

__all__ = ["LEARNED_TEXT", "SATURATED", "common_outcome", "outcome_of", "trend_step"]

# Bounds of the words for an outcome. A run has learned when it undercuts the best constant guess
# by a fifth, and is near chance within a fifth. Its loss still falls when it has fallen by a part
# in a thousand in the last fifth of the steps. It starts saturated
# when four of five slopes are below 5 % of the largest; half of them are in any ReLU net.
LEARNED: Final = 0.8
LEARNED_TEXT: Final = (
    f"learned: the last loss is at most {LEARNED:g} times that of the best constant guess."
)
NEAR_CHANCE: Final = 1.2
STILL_FALLS: Final = 0.999
SATURATED: Final = 0.8

# An outcome of this many times the loss at chance, and still rising, is on its way to infinity.
EXPLODED: Final = 1e3


def trend_step(steps: int) -> int | None:
    """Return the step at which the last fifth of a run begins; None if it has fewer than 5."""
    return steps - steps // 5 if steps >= 5 else None


def outcome_of(
    first_loss: float,
    final_loss: float,
    *,
    chance_loss: float,
    earlier_loss: float | None,
    diverged_at: int | None,
    weights_move: bool,
    distinct_end: tuple[int, int] | None,
    hidden_layers: int,
    saturated_start: float,
) -> str:
    """Say in words what became of a run; each word is true of its numbers.

    Nothing here depends on what was recorded in training, or how often.

    Parameters
    ----------
    first_loss, final_loss, chance_loss : float
        Before and after training, and of the best constant guess.
    earlier_loss : float or None
        At `trend_step`; None in a run too short to have one.
    diverged_at : int or None
        The step whose gradient was not finite.
    weights_move : bool
        Whether any weight has a gradient that is not 0, at the start or at the end.
    distinct_end : (int, int) or None
        As in `Run`.
    hidden_layers : int
        How many there are.
    saturated_start : float
        As in `Run`.
    """
    if diverged_at is not None:
        return f"diverged at step {diverged_at}"
    if not np.isfinite(final_loss):
        return "diverged"
    if final_loss > first_loss and final_loss > EXPLODED * chance_loss:
        return "diverges: the loss grows"
    if not weights_move:
        rose = final_loss > max(first_loss, NEAR_CHANCE * chance_loss)
        return f"{'loss rose' if rose else 'stuck'}: every weight gradient is zero"
    if distinct_end is not None and distinct_end[0] == 1 < distinct_end[1]:
        where = "" if hidden_layers == 1 else "a layer of "
        return f"{where}one unit, copied {distinct_end[1]} times"
    if final_loss <= LEARNED * chance_loss:
        return "learned"
    prefix = "saturated: " if saturated_start >= SATURATED else ""
    level = "near chance" if final_loss <= NEAR_CHANCE * chance_loss else "above chance"
    if level == "above chance" and final_loss > first_loss:
        return f"{prefix}loss rose"
    if earlier_loss is None:
        return prefix + level
    if final_loss < STILL_FALLS * earlier_loss:
        return f"{prefix}learns slowly"
    return f"{prefix}stuck {level}"


def common_outcome(runs: Sequence[Run]) -> str:
    """Return the outcome of most runs, and of how many where it is not all."""
    diverged = [run.diverged_at for run in runs if run.diverged_at is not None]
    if len(diverged) > len(runs) / 2:
        low, high = min(diverged), max(diverged)
        word = f"diverged at step {low}" if low == high else f"diverged at steps {low}-{high}"
        count = len(diverged)
    else:
        counts = Counter(run.outcome for run in runs)
        count = max(counts.values())
        # Of equally frequent ones that of the run nearest the median loss, counted in runs.
        ordered = sorted(runs, key=lambda run: np.nan_to_num(run.final_loss, nan=np.inf))
        near = sorted(range(len(runs)), key=lambda place: abs(2 * place + 1 - len(runs)))
        word = next(outcome for place in near if counts[outcome := ordered[place].outcome] == count)
    return word if count == len(runs) else f"{word} ({count} of {len(runs)} seeds)"
