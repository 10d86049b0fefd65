"""The Python call that gives a diagnosis again."""

from __future__ import annotations

import math
from typing import Protocol

from ..optimizers import SGD
from ..report.call import Call
from .measures import Loss
from .training import Training
from .trial import Trial

__all__ = ["Examined", "data_names", "diagnose_call", "judged_by", "unwritten"]


class Examined(Protocol):
    """What the call needs to know of a `Diagnosis`."""

    @property
    def samples(self) -> int:
        """Rows of X."""

    @property
    def loss(self) -> Loss:
        """Its chance loss tells whether there was a y."""

    @property
    def training(self) -> Training:
        """The run to come."""

    @property
    def trial(self) -> Trial | None:
        """What a probe found."""

    @property
    def threshold(self) -> float:
        """As given."""


def diagnose_call(result: Examined) -> Call:
    """Return the call of `diagnose`."""
    given = data_names(result)
    return Call(
        "il.diagnose",
        ["net", *given],
        judged_by(result.training, result.trial, result.threshold),
        {"net": "the network"}
        | unwritten(result.training)
        | ({" and ".join(given): "the data"} if given else {}),
    )


def unwritten(training: Training) -> dict[str, str]:
    """Return the name of an optimizer that has no text form, and what it stands for."""
    return {"optimizer": training.unknown} if training.unknown else {}


def judged_by(training: Training, trial: Trial | None, threshold: float | None) -> dict[str, str]:
    """Return the keyword arguments that `diagnose` and `audit` share."""
    optimizer = training.optimizer
    values: dict[str, object] = {
        "steps": training.steps,
        "batch_size": training.batch_size,
        "probe": None if trial is None else trial.share,
        "threshold": threshold,
    }
    given = {name: repr(value) for name, value in values.items() if value is not None}
    if optimizer is None:
        return {"optimizer": "optimizer"} | given if training.unknown else given
    if optimizer == SGD(optimizer.learning_rate):
        return {"learning_rate": repr(optimizer.learning_rate)} | given
    return {"optimizer": f"il.{optimizer!r}"} | given


def data_names(result: Examined) -> list[str]:
    """Return the names of the data that were given."""
    if not result.samples:
        return []
    return ["X"] if math.isnan(result.loss.chance) else ["X", "y"]
