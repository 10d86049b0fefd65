"""What became of a training run, in words of which each is true of its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ..nets.history import History

if TYPE_CHECKING:
    from .runs import Run

__all__ = ["SATURATED", "common_outcome", "outcome_of"]

# Bounds of the words for an outcome. A run has learned when it undercuts the best constant guess
# by a fifth, and is near chance within a fifth. Its loss still falls when the mean of the last
# fifth of the record is below that of the fifth before by a part in a thousand. It starts saturated
# when four of five slopes are below 5 % of the largest; half of them are in any ReLU net.
LEARNED: Final = 0.8
NEAR_CHANCE: Final = 1.2
STILL_FALLS: Final = 0.999
SATURATED: Final = 0.8

# An outcome of this many times the loss at chance, and still rising, is on its way to infinity.
EXPLODED: Final = 1e3


def outcome_of(
    first_loss: float,
    final_loss: float,
    history: History,
    distinct_end: tuple[int, int] | None,
    saturated_start: float,
) -> str:
    """Say in words what became of a run; each word is true of its numbers."""
    if history.diverged_at is not None:
        return f"diverged at step {history.diverged_at}"
    if not np.isfinite(final_loss):
        return "diverged"
    if final_loss > first_loss and final_loss > EXPLODED * history.chance_loss:
        return "diverges: the loss grows"
    if len(history.steps) and not history.gradient_norm.any():
        rose = final_loss > max(first_loss, NEAR_CHANCE * history.chance_loss)
        return f"{'loss rose' if rose else 'stuck'}: every weight gradient is zero"
    if distinct_end is not None and distinct_end[0] == 1 < distinct_end[1]:
        where = "" if len(history.widths) == 2 else "a layer of "
        return f"{where}one unit, copied {distinct_end[1]} times"
    if final_loss <= LEARNED * history.chance_loss:
        return "learned"
    prefix = "saturated: " if saturated_start >= SATURATED else ""
    level = "near chance" if final_loss <= NEAR_CHANCE * history.chance_loss else "above chance"
    if level == "above chance" and final_loss > first_loss:
        return f"{prefix}loss rose"
    fifth = len(history.loss) // 5
    if not fifth:  # too short a record to tell
        return prefix + level
    before, last = history.loss[-2 * fifth : -fifth].mean(), history.loss[-fifth:].mean()
    if last < STILL_FALLS * before:
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
