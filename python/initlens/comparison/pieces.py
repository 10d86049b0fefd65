"""Pieces of one training: where it is cut, and its record as if it had not been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..nets.history import LAYER_FIELDS

if TYPE_CHECKING:
    from .._core import FitResult  # the stub's own, not there at run time

__all__ = ["joined", "piece_lengths"]

_ROWS = ("record_loss", *LAYER_FIELDS)


def piece_lengths(steps: int, cut: int | None, record: int) -> list[int]:
    """Return the steps of each piece of a training that is looked at after `cut` steps.

    A piece records from its own first step on, so one more ends at the next multiple of `record`.
    """
    if cut is None or cut >= steps:
        return [steps]
    rest = steps - cut
    to_row = -cut % record if record else 0
    if not 0 < to_row < rest:
        return [cut, rest]
    return [cut, to_row, rest - to_row]


def joined(pieces: Sequence[FitResult], record: int) -> FitResult:
    """Return what one call would have given: the rows of every `record`-th step and of the last."""
    starts = np.cumsum([0, *(piece["steps"] for piece in pieces)])
    done = int(starts[-1])
    whole: dict[str, Any] = {**pieces[-1], "steps": done}
    whole["diverged"] = any(piece["diverged"] for piece in pieces)
    whole["interrupted"] = any(piece["interrupted"] for piece in pieces)
    if not record:
        return whole  # type: ignore[return-value]
    shifted = [
        rows + start
        for piece, start in zip(pieces, starts, strict=False)
        if (rows := piece["record_step"]) is not None
    ]
    steps, places = np.unique(np.concatenate(shifted), return_index=True)
    kept = places[(steps % record == 0) | (steps == done)]
    whole["record_step"] = np.concatenate(shifted)[kept]
    for name in _ROWS:
        column = [piece[name] for piece in pieces]  # type: ignore[literal-required]
        whole[name] = np.concatenate(column)[kept]
    return whole  # type: ignore[return-value]
