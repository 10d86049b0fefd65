"""Runs: what became of each net of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .._tools.text import jsonable
from ..nets.history import History

__all__ = ["Run"]


@dataclass(frozen=True, eq=False)
class Run:
    """One net of a comparison.

    Parameters
    ----------
    scheme : str
        Label of its scheme.
    seed : int
        ``Network.initialize(scheme, rng=seed)`` gives its start.
    first_loss, final_loss : float
        On all training data, before and after.
    chance_loss : float
        Loss of the best constant guess.
    accuracy, test_accuracy : float
        Share of right classes in [0, 1] after training; NaN where it does not apply.
    distinct_start, distinct_end : (int, int) or None
        (distinct, all) units of the hidden layer with the smallest share of distinct units; None
        without a hidden layer.
    saturated_start : float
        Largest saturated share of a hidden layer on the first batch; NaN where it is not defined.
    steps : int
        Steps taken.
    diverged_at : int or None
        The step whose gradient was not finite.
    outcome : str
        "learned" (the last loss is at most 0.8 times that of the best constant guess), "stuck near
        chance", "learns slowly", ...: the same whatever was recorded.
    answer : str
        What `diagnose` said of the start, for the optimizer: "error", "unknown" or "healthy"; empty
        where it was not asked, as of all but the first runs of many.
    history : History
        What was recorded in training.
    """

    scheme: str
    seed: int
    first_loss: float
    final_loss: float
    chance_loss: float
    accuracy: float
    test_accuracy: float
    distinct_start: tuple[int, int] | None
    distinct_end: tuple[int, int] | None
    saturated_start: float
    steps: int
    diverged_at: int | None
    outcome: str
    answer: str
    history: History = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the history, in numbers that JSON can hold; NaN becomes None."""
        return {
            field.name: jsonable(getattr(self, field.name))
            for field in fields(self)
            if field.name != "history"
        }
