"""The Python call that gives a diagnosis again."""

from __future__ import annotations

import math
from typing import Protocol

from ..report.call import Call
from .measures import Loss

__all__ = ["Examined", "data_names", "diagnose_call", "judged_by"]


class Examined(Protocol):
    """What the call needs to know of a `Diagnosis`."""

    @property
    def samples(self) -> int:
        """Rows of X."""

    @property
    def loss(self) -> Loss:
        """Its chance loss tells whether there was a y."""

    @property
    def learning_rate(self) -> float | None:
        """As given."""

    @property
    def steps(self) -> int | None:
        """As given."""

    @property
    def threshold(self) -> float:
        """As given."""


def diagnose_call(result: Examined) -> Call:
    """Return the call of `diagnose`."""
    given = data_names(result)
    return Call(
        "il.diagnose",
        ["net", *given],
        judged_by(result),
        {"net": "the network"} | ({" and ".join(given): "the data"} if given else {}),
    )


def judged_by(result: Examined) -> dict[str, str]:
    """Return the keyword arguments that `diagnose` and `audit` share."""
    values = {
        "learning_rate": result.learning_rate,
        "steps": result.steps,
        "threshold": result.threshold,
    }
    return {name: repr(value) for name, value in values.items() if value is not None}


def data_names(result: Examined) -> list[str]:
    """Return the names of the data that were given."""
    if not result.samples:
        return []
    return ["X"] if math.isnan(result.loss.chance) else ["X", "y"]
