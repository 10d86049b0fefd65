"""Initialization schemes: how the weights of a dense layer are drawn.

A scheme is a frozen object with a text form: ``"he_normal"``, ``"normal(std=0.01)"``,
``"constant(0.5)"``. `get` reads the text, ``str(scheme)`` writes it, and ``repr(scheme)`` is the
Python expression. Any scheme can be called on its own.

Names of Keras and PyTorch (`xavier_uniform`, `kaiming_normal`, ...) are aliases. The `*_normal`
schemes here draw the whole normal distribution, as PyTorch does; Keras cuts its tails off.

A new kind of scheme is one class (`Scheme` if it draws in Python, `CoreScheme` if the C core draws
it) and one line in the tables at the end of this file.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.random import Generator, RandomState
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _core, _rng
from ._checks import choice, float_name, integer, real
from ._text import build, call

if TYPE_CHECKING:
    from ._core import SchemeTuple  # the stub's own, not there at run time

__all__ = [
    "Constant",
    "Custom",
    "Normal",
    "Scheme",
    "SchemeLike",
    "Uniform",
    "VarianceScaling",
    "get",
    "names",
]

Purpose: TypeAlias = Literal["weights", "biases"]
Layout: TypeAlias = Literal["in_out", "out_in"]
DrawFunction: TypeAlias = Callable[[tuple[int, ...], Any], ArrayLike]

_PURPOSES: Final = ("weights", "biases")


@dataclass(frozen=True)
class Scheme(ABC):
    """One way to draw the weights of a dense layer: the base of all schemes."""

    def __call__(
        self,
        shape: Sequence[int],
        *,
        rng: _rng.Rng = None,
        dtype: DTypeLike = "float64",
        layout: Layout = "in_out",
    ) -> NDArray[Any]:
        """Draw one weight matrix.

        Parameters
        ----------
        shape : (int, int)
            Shape of the matrix that is returned: (n_in, n_out), or (n_out, n_in) with
            ``layout="out_in"``.
        rng : None, int, SeedSequence, Generator, BitGenerator or RandomState, optional
            Where the randomness comes from; None takes fresh entropy. The same `rng` in
            `Network.initialize` gives the same first layer. A legacy `RandomState` is drawn from
            itself, as (n_out, n_in).
        dtype : dtype, default "float64"
            "float32" or "float64"; both are the same numbers, up to rounding.
        layout : {"in_out", "out_in"}, default "in_out"
            Which of the two axes is the fan-in. PyTorch stores (n_out, n_in). The layout does not
            change which number belongs to which pair of units.

        Returns
        -------
        ndarray of shape `shape`
            New, C-contiguous.

        Raises
        ------
        ValueError
            If the shape is no pair of positive integers or the layout is not known.
        TypeError
            If `rng` or `dtype` is of another kind.

        Examples
        --------
        >>> import numpy as np
        >>> import initlens as il
        >>> he = il.initializers.get("he_normal")
        >>> w = he((784, 128), rng=0, dtype="float32")
        >>> w.shape, w.dtype
        ((784, 128), dtype('float32'))
        >>> bool(np.all(he((128, 784), rng=0, dtype="float32", layout="out_in") == w.T))
        True
        """
        choice("layout", layout, ("in_out", "out_in"))
        try:
            first, second = shape
        except (TypeError, ValueError):
            raise ValueError(f"shape must be a pair of integers, got {shape!r}") from None
        rows = integer("shape[0]", first, minimum=1)
        columns = integer("shape[1]", second, minimum=1)
        n_in, n_out = (rows, columns) if layout == "in_out" else (columns, rows)
        precision = float_name(dtype)
        source = _rng.resolve(rng)
        if isinstance(source, RandomState):
            array = self._draw_legacy(n_in, n_out, source).astype(precision)
        else:
            array = self._draw(n_in, n_out, source.key, 0, "weights", precision)
        return np.ascontiguousarray(array if layout == "in_out" else array.T)

    @abstractmethod
    def _draw(
        self, n_in: int, n_out: int, key: int, tensor: int, purpose: Purpose, dtype: str
    ) -> NDArray[Any]:
        """Draw weights (n_in, n_out) or biases (n_out,) for a key and a tensor's number."""

    @abstractmethod
    def _draw_legacy(self, n_in: int, n_out: int, source: RandomState) -> NDArray[np.float64]:
        """Draw weights (n_in, n_out) from a legacy stream, which counts them as (n_out, n_in)."""


class CoreScheme(Scheme):
    """A scheme that the C core draws: a pure function of key, tensor and element."""

    @property
    @abstractmethod
    def _spec(self) -> SchemeTuple:
        """The scheme as the core takes it."""

    def _draw(
        self, n_in: int, n_out: int, key: int, tensor: int, purpose: Purpose, dtype: str
    ) -> NDArray[Any]:
        out = np.empty((n_in, n_out) if purpose == "weights" else (n_out,), dtype)
        _core.fill(out, self._spec, n_in, n_out, key, tensor, purpose, 0)
        return out


@dataclass(frozen=True)
class Constant(CoreScheme):
    """Every weight is `value`: the units of a layer start, and stay, equal.

    Parameters
    ----------
    value : float
        Finite.
    """

    value: float

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "value", real("value", self.value))

    def __str__(self) -> str:
        """Return the text form."""
        return _NAME_OF.get(self, call("constant", self.value))

    @property
    def _spec(self) -> SchemeTuple:
        return ("constant", self.value, 0.0, "fan_in", "normal")

    def _draw_legacy(self, n_in: int, n_out: int, source: RandomState) -> NDArray[np.float64]:
        return np.full((n_in, n_out), self.value)


@dataclass(frozen=True)
class Normal(CoreScheme):
    """Normal distribution, whatever the layer's fan.

    Parameters
    ----------
    std : float, default 1
        Standard deviation, at least 0.
    mean : float, default 0
        Finite.
    """

    std: float = 1.0
    mean: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "std", real("std", self.std, minimum=0.0))
        object.__setattr__(self, "mean", real("mean", self.mean))

    def __str__(self) -> str:
        """Return the text form."""
        if self.mean:
            return call("normal", self.std, mean=self.mean)
        return call("normal", self.std)

    @property
    def _spec(self) -> SchemeTuple:
        return ("normal", self.mean, self.std, "fan_in", "normal")

    def _draw_legacy(self, n_in: int, n_out: int, source: RandomState) -> NDArray[np.float64]:
        return _legacy_normal(source, n_in, n_out, self.std) + self.mean


@dataclass(frozen=True)
class Uniform(CoreScheme):
    """Uniform distribution on the open interval (low, high), whatever the layer's fan.

    Its text forms are ``"uniform(limit)"`` for (-limit, limit) and ``"uniform(low, high)"``.

    Parameters
    ----------
    low, high : float
        Finite, `low` at most `high`.
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

    @property
    def _spec(self) -> SchemeTuple:
        return ("uniform", self.low, self.high, "fan_in", "uniform")

    def _draw_legacy(self, n_in: int, n_out: int, source: RandomState) -> NDArray[np.float64]:
        return source.uniform(self.low, self.high, (n_out, n_in)).T


@dataclass(frozen=True)
class VarianceScaling(CoreScheme):
    """Variance ``scale / fan``: the family of the Glorot, He and LeCun schemes.

    Parameters
    ----------
    scale : float, default 1
        At least 0: 1 for Glorot and LeCun, 2 for He.
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
        Which fan: n_in, n_out or their mean.
    distribution : {"normal", "uniform"}, default "normal"
        Of zero mean, with that variance.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010.
    .. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015.
    .. [3] Y. LeCun et al., "Efficient BackProp", 1998.
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "scale", real("scale", self.scale, minimum=0.0))
        choice("mode", self.mode, ("fan_in", "fan_out", "fan_avg"))
        choice("distribution", self.distribution, ("normal", "uniform"))

    def __str__(self) -> str:
        """Return the text form."""
        text = call("variance_scaling", self.scale, mode=self.mode, distribution=self.distribution)
        return _NAME_OF.get(self, text)

    def variance(self, n_in: int, n_out: int) -> float:
        """Return the variance of the weights of an (n_in, n_out) layer."""
        fan = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}[self.mode]
        return self.scale / fan

    @property
    def _spec(self) -> SchemeTuple:
        return ("variance_scaling", self.scale, 0.0, self.mode, self.distribution)

    def _draw_legacy(self, n_in: int, n_out: int, source: RandomState) -> NDArray[np.float64]:
        variance = self.variance(n_in, n_out)
        if self.distribution == "normal":
            return _legacy_normal(source, n_in, n_out, math.sqrt(variance))
        limit = math.sqrt(3.0 * variance)
        return source.uniform(-limit, limit, (n_out, n_in)).T


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

    def __str__(self) -> str:
        """Return the label."""
        return self.label

    def _draw(
        self, n_in: int, n_out: int, key: int, tensor: int, purpose: Purpose, dtype: str
    ) -> NDArray[Any]:
        shape = (n_in, n_out) if purpose == "weights" else (n_out,)
        generator = np.random.default_rng([key, tensor, _PURPOSES.index(purpose)])
        return self._checked(shape, generator).astype(dtype)

    def _draw_legacy(self, n_in: int, n_out: int, source: RandomState) -> NDArray[np.float64]:
        return self._checked((n_in, n_out), source).astype(np.float64)

    def _checked(self, shape: tuple[int, ...], rng: Generator | RandomState) -> NDArray[Any]:
        array = np.asarray(self.function(shape, rng))
        if array.shape != shape:
            raise ValueError(
                f"scheme {self.label!r} returned shape {array.shape} where {shape} was asked for"
            )
        if array.dtype.kind not in "fiub":
            raise TypeError(f"scheme {self.label!r} returned dtype {array.dtype}, not real numbers")
        if not np.isfinite(array).all():
            raise ValueError(f"scheme {self.label!r} returned NaN or infinity")
        return array


SchemeLike: TypeAlias = str | Scheme | DrawFunction


def _legacy_normal(source: RandomState, n_in: int, n_out: int, std: float) -> NDArray[np.float64]:
    return (source.randn(n_out, n_in) * std).T


def _uniform(
    low: float | None = None, high: float | None = None, *, limit: float | None = None
) -> Uniform:
    """Read uniform(limit), uniform(limit=...), uniform(low, high)."""
    if high is None and (low is None) != (limit is None):
        bound = real("limit", limit if low is None else low, minimum=0.0)
        return Uniform(-bound, bound)
    if low is None or high is None or limit is not None:
        raise ValueError("uniform takes either limit, as uniform(0.1), or low and high")
    return Uniform(low, high)


_NAMED: Final[dict[str, Scheme]] = {
    "zeros": Constant(0.0),
    "ones": Constant(1.0),
    **{
        f"{author}_{distribution}": VarianceScaling(scale, mode, distribution)
        for author, scale, mode in (
            ("glorot", 1.0, "fan_avg"),
            ("he", 2.0, "fan_in"),
            ("lecun", 1.0, "fan_in"),
        )
        for distribution in ("uniform", "normal")
    },
}
_NAME_OF: Final = {scheme: name for name, scheme in _NAMED.items()}


def _named(name: str) -> Callable[[], Scheme]:
    return lambda: _NAMED[name]


_FACTORIES: Final[dict[str, Callable[..., Scheme]]] = {
    **{name: _named(name) for name in _NAMED},
    "constant": Constant,
    "normal": Normal,
    "uniform": _uniform,
    "variance_scaling": VarianceScaling,
}
# Only where the meaning, defaults and order of arguments included, is the same.
_ALIASES: Final = {
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
}


def names() -> list[str]:
    """Return the names that `get` knows, aliases not included.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.names()[:3]
    ['constant', 'glorot_normal', 'glorot_uniform']
    """
    return sorted(_FACTORIES)


def get(scheme: SchemeLike) -> Scheme:
    """Return the scheme that a text describes.

    Parameters
    ----------
    scheme : str, Scheme or callable
        A name ("he_normal"), a name with arguments ("normal(std=0.01)"), a `Scheme`, which is
        returned as it is, or a function ``(shape, rng) -> array``, which becomes a `Custom` under
        its own name.

    Returns
    -------
    Scheme

    Raises
    ------
    ValueError
        If the name is not known or an argument does not fit.
    TypeError
        If it is neither a text, nor a scheme, nor callable.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.get("kaiming_normal")
    VarianceScaling(scale=2.0, mode='fan_in', distribution='normal')
    >>> print(il.initializers.get("kaiming_normal"))
    he_normal
    """
    if isinstance(scheme, Scheme):
        return scheme
    if isinstance(scheme, str):
        return build("scheme", scheme, _FACTORIES, _ALIASES)
    if callable(scheme):
        return Custom(getattr(scheme, "__name__", type(scheme).__name__), scheme)
    raise TypeError(
        "a scheme is a name, such as 'he_normal' or 'normal(0.01)', a Scheme or a function "
        f"(shape, rng) -> array; got {scheme!r}"
    )
