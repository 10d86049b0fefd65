"""What weights alone tell: zero rows, rank, scale against the usual laws, equal units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from .._core import group_units, weight_rank
from .._tools.format import about
from ..diagnosis.measures import LayerMeasures, distinct_count
from ..diagnosis.verdicts import Verdict
from .chain import Matrix
from .readers.reading import Opaque

__all__ = ["law_ratio", "weight_std", "weight_verdicts"]

FAR: Final = 10.0  # times outside of what the usual laws give
RANK_SIZE: Final = (
    1 << 20
)  # elements of a matrix whose rank is looked for: milliseconds, not minutes


def law_ratio(matrix: Matrix) -> float:
    """Return the root mean square of the weights over the nearest of the usual laws.

    These are Glorot's sqrt(2 / (n_in + n_out)), LeCun's sqrt(1 / n_in) and He's sqrt(2 / n_in); a
    scale between the smallest and the largest of them gives 1. NaN where they are not meant.
    """
    if isinstance(matrix.layer, Opaque) and not matrix.layer.scaled:
        return math.nan
    size = _rms(matrix)
    n_in, n_out = matrix.weight.shape
    laws = [math.sqrt(2 / (n_in + n_out)), math.sqrt(1 / n_in), math.sqrt(2 / n_in)]
    if size > max(laws):
        return size / max(laws)
    return size / min(laws) if size < min(laws) else 1.0 if size == size else size


def weight_std(matrix: Matrix) -> float:
    """Return the standard deviation of the weights; not finite where they are not, or too large."""
    return float(np.std(matrix.weight, dtype=np.float64))


def _rms(matrix: Matrix) -> float:
    return math.sqrt(float(np.mean(np.square(matrix.weight, dtype=np.float64))))


def weight_verdicts(
    layer: LayerMeasures, matrix: Matrix, *, measured: bool, output: bool
) -> Iterator[Verdict]:
    """Judge one layer; the scale only where no data have told more."""
    if not np.isfinite(matrix.weight).all():
        return
    number = layer.number
    weight = matrix.weight
    apart = distinct_count(group_units(layer.units, weight, None, None, 0, 0.0))
    if layer.symmetry is None and not output:
        yield from _equal_units(number, matrix, apart)
    yield from _zero_rows(number, matrix)
    if layer.symmetry is not None:
        yield from _rank(number, matrix, layer.symmetry.weight_rank, apart)
    elif weight.size <= RANK_SIZE:
        eps = float(np.finfo(matrix.weight.dtype).eps)
        rank = weight_rank(layer.units, np.asarray(weight, np.float64), max(weight.shape) * eps)
        yield from _rank(number, matrix, rank, apart)
    if not measured:
        yield from _scale(number, matrix)


def _equal_units(number: int, matrix: Matrix, distinct: int) -> Iterator[Verdict]:
    """Judge units whose outgoing weights are not known; biases alone do not part them well."""
    units = matrix.weight.shape[1]
    if distinct == units or units < 2:
        return
    # All zero is what residual blocks begin with on purpose.
    alarm = distinct == 1 and bool(np.any(matrix.weight))
    yield Verdict(
        "symmetric",
        number,
        "warning" if alarm else "note",
        {"distinct_units": distinct, "units": units},
        f"The {units} units of layer {number} have {distinct} different incoming weights; whether "
        "they part depends on layers that were not read.",
        "Draw its weights at random." if alarm else "",
    )


def _zero_rows(number: int, matrix: Matrix) -> Iterator[Verdict]:
    used = matrix.weight != 0
    if not used.any():
        return
    inputs = int(np.count_nonzero(~used.any(axis=1)))
    units = int(np.count_nonzero(~used.any(axis=0)))
    for count, total, what in (
        (inputs, matrix.weight.shape[0], "inputs of layer {} have weights of 0: they are ignored"),
        (units, matrix.weight.shape[1], "units of layer {} have weights of 0: they are constant"),
    ):
        if count:
            yield Verdict(
                "dead",
                number,
                "note",
                {"zero_rows": count, "of": total},
                f"{count:,} of {total:,} {what.format(number)} at the start.",
            )


def _rank(number: int, matrix: Matrix, rank: int, apart: int) -> Iterator[Verdict]:
    """Note a lower rank than that of as many units as are not equal."""
    full = min(*matrix.weight.shape, apart)
    if 0 < rank < full:
        yield Verdict(
            "symmetric",
            number,
            "note",
            {"rank": rank, "full": full},
            f"The weights of layer {number} have rank {rank}, not {full}.",
        )


def _scale(number: int, matrix: Matrix) -> Iterator[Verdict]:
    ratio = law_ratio(matrix)
    if ratio > FAR:
        yield Verdict(
            "exploding",
            number,
            "warning",
            {"law_ratio": ratio, "rms": _rms(matrix)},
            f"The weights of layer {number} are {about(ratio)} times larger than the usual laws "
            "give.",
            "Use a smaller scale, such as glorot_uniform, or audit with data to see the effect.",
        )
    elif 0.0 < ratio < 1 / FAR:
        yield Verdict(
            "too_small",
            number,
            "note",
            {"law_ratio": ratio, "rms": _rms(matrix)},
            f"The weights of layer {number} are {about(1 / ratio)} times smaller than the usual "
            "laws give: fine in a shallow net, too small in a deep one.",
        )
