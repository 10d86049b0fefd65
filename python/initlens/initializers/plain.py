"""Schemes that do not look at the layer: constants, distributions, arrays, functions."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import is_masked, real
from .._tools.text import call
from ..theory.truncation import truncated_std
from .scheme import CoreScheme, DrawFunction, Layer, Purpose, Scheme, core_tuple, narrowed

if TYPE_CHECKING:
    from numpy.random import Generator, RandomState

    from .._core import SchemeTuple  # the stub's own, not there at run time

__all__ = ["Constant", "Custom", "FromArray", "Normal", "TruncatedNormal", "Uniform"]


@dataclass(frozen=True)
class Constant(CoreScheme):
    """Every weight is `value`: the units of a layer start, and stay, equal.

    Parameters
    ----------
    value : float
        Finite.

    Examples
    --------
    >>> import initlens as il
    >>> print(il.initializers.Constant(0.5)((1, 2)), il.initializers.Constant(0.0))
    [[0.5 0.5]] zeros
    """

    value: float

    _name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "value", real("value", self.value))

    def __str__(self) -> str:
        """Return the text form."""
        return {0.0: "zeros", 1.0: "ones"}.get(self.value) or super().__str__()

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return core_tuple("constant", self.value)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return np.full((layer.n_in, layer.n_out), self.value)


@dataclass(frozen=True)
class Normal(CoreScheme):
    """Normal distribution, whatever the layer's fan.

    Parameters
    ----------
    std : float, default 1
        Standard deviation, at least 0.
    mean : float, default 0
        Finite.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.Normal(0.01).variance(784, 128)
    0.0001
    """

    std: float = 1.0
    mean: float = 0.0

    _name: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "std", real("std", self.std, minimum=0.0))
        object.__setattr__(self, "mean", real("mean", self.mean))

    def __str__(self) -> str:
        """Return the text form."""
        return call("normal", self.std, **({"mean": self.mean} if self.mean else {}))

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return core_tuple("normal", self.mean, self.std)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return legacy_normal(source, layer, self.std) + self.mean


@dataclass(frozen=True)
class Uniform(CoreScheme):
    """Uniform distribution on the open interval (low, high), whatever the layer's fan.

    Its text forms are ``"uniform(limit)"`` for (-limit, limit) and ``"uniform(low, high)"``.

    Parameters
    ----------
    low, high : float
        Finite, `low` at most `high`.

    Examples
    --------
    >>> import initlens as il
    >>> print(il.initializers.Uniform(-0.1, 0.1))
    uniform(0.1)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "low", real("low", self.low))
        object.__setattr__(self, "high", real("high", self.high))
        if self.low > self.high:
            raise ValueError(f"low must be at most high, got {self.low} > {self.high}")
        if not math.isfinite(self.high - self.low):
            raise ValueError(f"high - low must be finite, got {self.high} - {self.low}")

    def __str__(self) -> str:
        """Return the text form."""
        if self.low == -self.high:
            return call("uniform", self.high)
        return call("uniform", self.low, self.high)

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        return core_tuple("uniform", self.low, self.high)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return legacy_uniform(source, layer, self.low, self.high)


@dataclass(frozen=True)
class TruncatedNormal(CoreScheme):
    """Normal distribution cut to an interval: by its quantile, without rejection.

    No number falls on a bound or outside, however far out the bounds are, and the same seed gives
    the same numbers as `Normal` where they are infinite.

    Parameters
    ----------
    std : float, default 1
        Standard deviation before the cut, at least 0; after it with `keep_std`.
    mean : float, default 0
        Before the cut.
    low, high : float, default -2 and 2
        Bounds, `low` below `high`; they may be infinite. In units of the standard deviation before
        the cut, from the mean.
    absolute : bool, default False
        Bounds are numbers themselves, as in PyTorch.
    keep_std : bool, default False
        Widen the distribution so that `std` is what it has after the cut. Not for absolute bounds.

    Notes
    -----
    Cut at two standard deviations, as Keras and JAX do, the standard deviation falls to 0.87962566
    of itself; see `truncated_std`. With absolute bounds the law depends on them and `std` alone:
    bounds of -2 and 2 do not cut a normal of standard deviation 0.02 anywhere that matters.

    Examples
    --------
    >>> import initlens as il
    >>> w = il.initializers.TruncatedNormal(0.1, low=0, high=float("inf"))((300, 200), rng=0)
    >>> bool(w.min() > 0)
    True
    >>> round(il.initializers.get("truncated_normal(0.1, keep_std=True)").variance(1, 1), 12)
    0.01
    """

    std: float = 1.0
    mean: float = 0.0
    low: float = -2.0
    high: float = 2.0
    absolute: bool = False
    keep_std: bool = False

    _name: ClassVar[str] = "truncated_normal"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "std", real("std", self.std, minimum=0.0))
        object.__setattr__(self, "mean", real("mean", self.mean))
        for name in ("low", "high"):
            object.__setattr__(self, name, _bound(name, getattr(self, name)))
        for name in ("absolute", "keep_std"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if not self.low < self.high or self.low == math.inf or self.high == -math.inf:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        if self.absolute and self.keep_std:
            raise ValueError("keep_std needs bounds in units of std: leave out absolute=True")
        # Raises where a bound is so far out that the cut distribution is a point.
        low, high = self._bounds()
        if self.std and not low < high:
            raise ValueError(f"no mass between low={self.low} and high={self.high}")

    def _bounds(self) -> tuple[float, float]:
        """Return the bounds in units of the standard deviation before the cut."""
        if not self.absolute or not self.std:
            return self.low, self.high
        return (self.low - self.mean) / self.std, (self.high - self.mean) / self.std

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        low, high = self._bounds()
        if not self.std:
            # The limit: all mass at the mean, or at the bound that is nearest to it.
            nearest = min(max(self.mean, low), high) if self.absolute else self.mean
            return core_tuple("constant", nearest)
        std = self.std / truncated_std(low, high) if self.keep_std else self.std
        return core_tuple("truncated_normal", self.mean, std, low=low, high=high)


@dataclass(frozen=True)
class Custom(Scheme):
    """A scheme of your own.

    Parameters
    ----------
    label : str
        Its name in tables.
    function : callable
        ``function(shape, rng) -> array``. `shape` is (n_in, n_out) for weights and (n_out,) for
        biases, `rng` a `numpy.random.Generator` of this layer's own (the `RandomState` itself
        where that was given as `rng`). The array must have that shape and be real and finite.

    Examples
    --------
    >>> import initlens as il
    >>> signs = il.initializers.Custom("signs", lambda shape, rng: rng.choice([-1.0, 1.0], shape))
    >>> signs((2, 3), rng=0).shape
    (2, 3)
    """

    label: str
    function: DrawFunction

    def __post_init__(self) -> None:
        """Check the settings."""
        if not callable(self.function):
            raise TypeError(f"function must be callable, got {self.function!r}")
        try:
            signature = inspect.signature(self.function)
        except ValueError:  # some functions in C do not tell theirs
            return
        try:
            signature.bind((), None)
        except TypeError as error:
            raise TypeError(
                f"scheme {self.label!r} must take (shape, rng), and takes {signature}: {error}"
            ) from None

    def __str__(self) -> str:
        """Return the label."""
        return self.label

    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        generator = np.random.default_rng([key, layer.index, int(purpose == "biases")])
        return narrowed(str(self), self._checked(layer.shape(purpose), generator), dtype)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return self._checked(layer.shape("weights"), source).astype(np.float64)

    def _checked(self, shape: tuple[int, ...], rng: Generator | RandomState) -> NDArray[Any]:
        return checked_array(f"scheme {self.label!r} returned", self.function(shape, rng), shape)


@dataclass(frozen=True, eq=False)
class FromArray(Scheme):
    """The weights of an array, of one layer's shape.

    Parameters
    ----------
    array : array_like of shape (n_in, n_out), or (n_out,) for biases
        Real and finite; it is copied.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> net = il.Network([2, 1]).initialize(np.array([[0.5], [-0.5]]))
    >>> net.weights[0].ravel().tolist()
    [0.5, -0.5]
    """

    array: ArrayLike

    _name: ClassVar[str] = "from_array"

    def __post_init__(self) -> None:
        """Check and copy the array."""
        copy = checked_array("array has", self.array).astype(np.float64)
        copy.flags.writeable = False
        object.__setattr__(self, "array", copy)

    def __str__(self) -> str:
        """Return a label; an array has no text form."""
        shape = np.shape(self.array)
        return f"array of shape {shape}"

    def __eq__(self, other: object) -> bool:
        """Return whether shapes and numbers are equal."""
        return isinstance(other, FromArray) and np.array_equal(
            np.asarray(self.array), np.asarray(other.array)
        )

    def __hash__(self) -> int:
        """Return a hash of the numbers."""
        return hash(np.asarray(self.array).tobytes())

    def to_config(self) -> dict[str, Any]:  # noqa: D102 - as in the base
        return {"scheme": "FromArray", "array": np.asarray(self.array).tolist()}

    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        array = np.asarray(self.array)
        if array.shape != layer.shape(purpose):
            raise ValueError(f"{self} cannot be {purpose} of shape {layer.shape(purpose)}")
        return narrowed(str(self), array, dtype)

    def _draw_legacy(self, layer: Layer, source: RandomState) -> NDArray[np.float64]:
        return self._draw(layer, 0, "weights", "float64")


def checked_array(
    what: str, value: ArrayLike, shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """Return `value` as an array; refuse another shape, what is not real, masked, and NaN."""
    if is_masked(value):
        raise ValueError(f"{what} masked entries")
    array = np.asarray(value)
    if shape is not None and array.shape != shape:
        raise ValueError(f"{what} shape {array.shape} where {shape} was asked for")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{what} dtype {array.dtype}, not real numbers")
    if not np.isfinite(array).all():
        raise ValueError(f"{what} NaN or infinity")
    return array


def legacy_normal(source: RandomState, layer: Layer, std: float) -> NDArray[np.float64]:
    """Draw from a legacy stream as courses do."""
    return (source.randn(layer.n_out, layer.n_in) * std).T


def legacy_uniform(
    source: RandomState, layer: Layer, low: float, high: float
) -> NDArray[np.float64]:
    """Draw from a legacy stream as courses do."""
    return source.uniform(low, high, (layer.n_out, layer.n_in)).T


def _bound(name: str, value: Any) -> float:
    """Return `value` as a float that is not NaN."""
    number = math.inf if value == math.inf else -math.inf if value == -math.inf else None
    return real(name, value) if number is None else number
