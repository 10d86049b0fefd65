"""What weights alone tell: zero rows, rank, scale against the usual laws, equal units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from .._core import group_units, weight_rank
from .._tools.format import about
from ..diagnosis.fixes import Fix
from ..diagnosis.folds import Finding, Place, Words, fold_layers, spread
from ..diagnosis.measures import LayerMeasures, distinct_count
from ..diagnosis.verdicts import Verdict
from .chain import Matrix
from .readers.reading import Opaque

__all__ = ["law_ratio", "weight_std", "weight_verdicts"]

FAR: Final = 10.0  # times outside of what the usual laws give
RANK_SIZE: Final = (
    1 << 20
)  # elements of a matrix whose rank is looked for: milliseconds, not minutes

_Found: TypeAlias = tuple[str, Words, Finding]  # with the code of its verdict


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
    layers: Sequence[tuple[LayerMeasures, Matrix]],
    names: Mapping[int, str],
    *,
    measured: int,
    output: Matrix | None,
) -> Iterator[Verdict]:
    """Judge the weights of all layers; the scale only where no data have told more.

    Parameters
    ----------
    layers : sequence of pairs
        Measures and weights of each layer.
    names : mapping of int to str
        The model's own names of its layers.
    measured : int
        How many of them, the first ones, were measured on data.
    output : Matrix or None
        Which one is the model's output, if that is known.
    """
    found: dict[tuple[str, Words], list[Finding]] = {}
    for layer, matrix in layers:
        if np.isfinite(matrix.weight).all():
            for code, words, finding in _findings(layer, matrix, output=matrix is output):
                if layer.number > measured or words not in (_large_words, _small_words):
                    found.setdefault((code, words), []).append(finding)
    for (code, words), findings in found.items():
        yield from fold_layers(code, findings, names, words)


def _findings(layer: LayerMeasures, matrix: Matrix, *, output: bool) -> Iterator[_Found]:
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
    yield from _scale(number, matrix)


def _equal_units(number: int, matrix: Matrix, distinct: int) -> Iterator[_Found]:
    """Judge units whose outgoing weights are not known; biases alone do not separate them well."""
    units = matrix.weight.shape[1]
    if distinct == units or units < 2:
        return
    # All zero is what residual blocks begin with on purpose.
    alarm = distinct == 1 and bool(np.any(matrix.weight))
    evidence = {"distinct_units": distinct, "units": units}
    if alarm:
        yield "symmetric", _equal_words, Finding(number, "warning", evidence)
    else:
        yield "symmetric", _partly_equal_words, Finding(number, "note", evidence)


def _equal_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    fix = f"Draw the weights of {place} at random, for example with `glorot_uniform`."
    return _partly_equal_words(place, each)[0], Fix(fix)


def _partly_equal_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    units = spread(evidence["units"] for evidence in each)
    counts = spread(evidence["distinct_units"] for evidence in each)
    have = f"have {units} units each" if place.many else f"has {units} units"
    return (
        f"{place.start} {have} but only {counts} distinct {'set' if counts == '1' else 'sets'} of "
        "incoming weights. Whether the units separate depends on layers that were not read.",
        Fix(),
    )


def _zero_rows(number: int, matrix: Matrix) -> Iterator[_Found]:
    used = matrix.weight != 0
    if not used.any():
        return
    inputs = int(np.count_nonzero(~used.any(axis=1)))
    units = int(np.count_nonzero(~used.any(axis=0)))
    for count, total, words in (
        (inputs, matrix.weight.shape[0], _ignored_words),
        (units, matrix.weight.shape[1], _constant_words),
    ):
        if count:
            yield "dead", words, Finding(number, "note", {"zero_rows": count, "of": total})


def _ignored_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    return f"{place.start} {_ignores(place)} {_counts(each)} inputs: their weights are 0.", Fix()


def _ignores(place: Place) -> str:
    return "ignore" if place.many else "ignores"


def _constant_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    return (
        f"In {place}, {_counts(each)} units have incoming weights of 0: they are constant at the "
        "start.",
        Fix(),
    )


def _counts(each: Sequence[Mapping[str, Any]]) -> str:
    """Write "1 of 6"."""
    counts = spread(evidence["zero_rows"] for evidence in each)
    return f"{counts} of {spread(evidence['of'] for evidence in each)}"


def _rank(number: int, matrix: Matrix, rank: int, apart: int) -> Iterator[_Found]:
    """Note a lower rank than that of as many units as are not equal."""
    full = min(*matrix.weight.shape, apart)
    if 0 < rank < full:
        yield "symmetric", _rank_words, Finding(number, "note", {"rank": rank, "full": full})


def _rank_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    rank = spread(evidence["rank"] for evidence in each)
    full = spread(evidence["full"] for evidence in each)
    return f"The weights of {place} have rank {rank}, where {full} is possible.", Fix()


def _scale(number: int, matrix: Matrix) -> Iterator[_Found]:
    ratio = law_ratio(matrix)
    evidence = {"law_ratio": ratio, "rms": _rms(matrix)}
    if ratio > FAR:
        yield "exploding", _large_words, Finding(number, "warning", evidence)
    elif 0.0 < ratio < 1 / FAR:
        yield "too_small", _small_words, Finding(number, "note", evidence)


def _large_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    times = _times(evidence["law_ratio"] for evidence in each)
    return (
        f"The weights of {place} are {times} times larger than any of the usual scales (Glorot, "
        "LeCun, He).",
        Fix("Use a smaller scale, such as `glorot_uniform`, or audit with data to see the effect."),
    )


def _small_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    times = _times(1 / evidence["law_ratio"] for evidence in each)
    return (
        f"The weights of {place} are {times} times smaller than any of the usual scales (Glorot, "
        "LeCun, He): fine in a shallow net, too small in a deep one.",
        Fix(),
    )


def _times(values: Iterable[float]) -> str:
    found = list(values)
    low, high = about(min(found)), about(max(found))
    return low if low == high else f"{low} to {high}"
