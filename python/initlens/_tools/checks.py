"""Checks of arguments: each says which argument, what it was and what it must be."""

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Final, SupportsIndex, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .text import shown, unknown, with_article

__all__ = [
    "as_array",
    "choice",
    "float_name",
    "integer",
    "is_masked",
    "real",
    "refuse_boxed",
    "refuse_masked",
    "rows_match",
    "training_counts",
]

_MOST_STEPS: Final = 2**64 - 1  # the core counts steps and samples in 64 bits


def as_array(name: str, value: ArrayLike) -> NDArray[Any]:
    """Return `value` as an array; what is none, ragged rows and masked entries are refused."""
    refuse_masked(name, value)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} cannot be made an array: give rows of one length") from error
    refuse_boxed(name, array)
    return array


def refuse_boxed(name: str, array: NDArray[Any]) -> None:
    """Refuse what `numpy.asarray` could not read and put whole into an array of no dimension."""
    if array.dtype == object and array.ndim == 0:
        value = array.item()
        kind = "None" if value is None else with_article(type(value).__name__)
        batches = isinstance(value, Iterable) and not isinstance(value, Mapping)
        way_out = "; pass one batch of it" if batches else ""
        raise TypeError(f"{name} must be an array, got {kind}{way_out}")


def is_masked(value: Any) -> bool:
    """Tell whether an array of numpy.ma holds a masked entry."""
    # The first question alone does not load numpy.ma.
    if not hasattr(value, "mask") or not isinstance(value, np.ma.MaskedArray):
        return False
    return bool(value.mask.any())


def refuse_masked(name: str, value: Any) -> None:
    """Refuse masked entries: `numpy.asarray` drops the mask and keeps what is below it."""
    if is_masked(value):
        raise ValueError(
            f"{name} holds masked entries; leave such samples out, or give them a value: "
            f"{name}.filled(0)"
        )


def integer(name: str, value: Any, *, minimum: int, maximum: int | None = None) -> int:
    """Return `value` as an int within the bounds; bool and float are refused."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(cast(SupportsIndex, value))
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {shown(value)}") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if maximum is not None and number > maximum:
        raise ValueError(f"{name} must be at most {maximum:,}, got {number}")
    return number


def training_counts(steps: Any, batch_size: Any, record: Any) -> tuple[int, int, int]:
    """Return steps, samples in a batch (0: all) and steps between records (by default 1 %)."""
    total = integer("steps", steps, minimum=0, maximum=_MOST_STEPS)
    batch, every = 0, max(1, total // 100)
    if batch_size is not None:
        batch = integer("batch_size", batch_size, minimum=1, maximum=_MOST_STEPS)
    if record is not None:
        every = integer("record", record, minimum=0, maximum=_MOST_STEPS)
    return total, batch, every


def real(
    name: str,
    value: Any,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
) -> float:
    """Return `value` as a finite float within the bounds given."""
    if isinstance(value, bool | np.bool_ | str | bytes | complex):
        raise TypeError(f"{name} must be a real number, got {shown(value)}")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a real number, got {shown(value)}") from None
    except OverflowError:
        number = math.inf
    bounds = [
        (minimum, operator.ge, "at least"),
        (above, operator.gt, "above"),
        (maximum, operator.le, "at most"),
        (below, operator.lt, "below"),
    ]
    if not math.isfinite(number) or any(
        limit is not None and not holds(number, limit) for limit, holds, _ in bounds
    ):
        wanted = [f"{word} {limit:g}" for limit, _, word in bounds if limit is not None]
        raise ValueError(f"{name} must be {' and '.join(['finite', *wanted])}, got {value!r}")
    return number + 0.0  # -0.0 becomes 0.0: equal settings are the same setting


def choice(name: str, value: Any, valid: Iterable[str]) -> str:
    """Return `value` if it is one of `valid`."""
    names = tuple(valid)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(names)}, got {shown(value)}")
    if value not in names:
        raise ValueError(unknown(name, value, names))
    return value


def float_name(dtype: DTypeLike | None) -> str:
    """Return "float32" or "float64" for anything NumPy reads as one of them."""
    try:
        name = "" if dtype is None else np.dtype(dtype).name  # np.dtype(None) is float64
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise TypeError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return name


def rows_match(X: Any, y: Any) -> None:
    """Refuse a `y` that has another number of rows than a two-dimensional `X`."""
    if X.ndim == 2 and y.ndim >= 1 and X.shape[0] != y.shape[0]:
        raise ValueError(f"y has {y.shape[0]} rows and X has {X.shape[0]}: one target a sample")
