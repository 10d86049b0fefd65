"""Training: the run that a start is judged for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .._tools.checks import integer, real
from ..optimizers import SGD, Optimizer
from ..optimizers import get as get_optimizer

__all__ = ["DEFAULT_STEPS", "Training"]

DEFAULT_STEPS: Final = 10_000


@dataclass(frozen=True)
class Training:
    """The run to come.

    Parameters
    ----------
    optimizer : SGD, Adam, RMSProp or None
        None if none was given, or it is not known here.
    steps : int or None
        As given.
    batch_size : int or None
        Samples a step; None for all, and where there are no more.
    unknown : str
        Name of an optimizer that is not known here; nothing that depends on a rate is said then.
    notes : tuple of str
        What was found when the optimizer was read.
    """

    optimizer: Optimizer | None = None
    steps: int | None = None
    batch_size: int | None = None
    unknown: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        optimizer: str | Optimizer | None,
        learning_rate: float | None,
        steps: int | None,
        batch_size: int | None,
    ) -> Training:
        """Check the arguments of `diagnose`.

        Raises
        ------
        ValueError
            If an argument is out of its range.
        TypeError
            If an argument is of another kind, or both a rate and an optimizer are given.
        """
        if learning_rate is not None:
            if optimizer is not None:
                raise TypeError(
                    "learning_rate is short for optimizer=SGD(learning_rate): give one of the two"
                )
            chosen: Optimizer | None = SGD(real("learning_rate", learning_rate, minimum=0.0))
        else:
            chosen = None if optimizer is None else get_optimizer(optimizer)
        return cls(
            chosen,
            None if steps is None else integer("steps", steps, minimum=0),
            None if batch_size is None else integer("batch_size", batch_size, minimum=1),
        )

    @property
    def budget(self) -> int:
        """Steps, by default 10,000."""
        return DEFAULT_STEPS if self.steps is None else self.steps

    @property
    def is_sgd(self) -> bool:
        """Whether times of SGD mean something: it is the optimizer, or none was named."""
        return isinstance(self.optimizer, SGD) or not self.name

    @property
    def name(self) -> str:
        """What a report calls the optimizer; empty if none was given."""
        if self.unknown:
            return f"{self.unknown} (not known here)"
        return "" if self.optimizer is None else str(self.optimizer)
