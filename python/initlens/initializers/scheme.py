"""Scheme: the base of all initialization schemes, and the layer that it draws for."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._core import fill as core_fill
from .._tools import rng as _rng
from .._tools.checks import choice, float_name, integer
from .._tools.cpus import threads
from .._tools.text import call
from ..theory.truncation import truncated_std
from .layout import Axes, Layout, axes_of, fans

if TYPE_CHECKING:
    from .._core import SchemeTuple  # the stub's own, not there at run time
    from ..tables import Table

__all__ = ["CoreScheme", "DrawFunction", "Layer", "Purpose", "Scheme", "core_tuple", "place_of"]

Purpose: TypeAlias = Literal["weights", "biases"]
DrawFunction: TypeAlias = Callable[[tuple[int, ...], Any], ArrayLike]

# Bounds as a config writes them: JSON has no infinite numbers.
INFINITIES: Final = {"inf": math.inf, "-inf": -math.inf}

POSITIONS = ("auto", "first", "hidden", "last")


@dataclass(frozen=True)
class Layer:
    """What a scheme knows of the layer it draws for.

    Parameters
    ----------
    n_in, n_out : int
        Shape of the weight matrix.
    fan_in, fan_out : int
        The fans; those of a dense layer are its shape.
    index : int
        Number of the layer in its net, which is that of the random tensor too.
    count : int
        Number of layers. A matrix on its own counts as the first layer of a net of two.
    """

    n_in: int
    n_out: int
    fan_in: int
    fan_out: int
    index: int = 0
    count: int = 2

    @classmethod
    def dense(cls, n_in: int, n_out: int, index: int = 0, count: int = 2) -> Layer:
        """Return a dense layer."""
        return cls(n_in, n_out, n_in, n_out, index, count)

    def shape(self, purpose: Purpose) -> tuple[int, ...]:
        """Return the shape of the weights or the biases."""
        return (self.n_in, self.n_out) if purpose == "weights" else (self.n_out,)


def place_of(layer: Layer, position: str) -> str:
    """Return "first", "hidden", "last" or, for the layer of a net with one, "only"."""
    if position != "auto":
        return position
    if layer.count == 1:
        return "only"
    return {0: "first", layer.count - 1: "last"}.get(layer.index, "hidden")


def core_tuple(
    kind: str,
    a: float = 0.0,
    b: float = 0.0,
    *,
    mode: str = "fan_in",
    distribution: str = "normal",
    low: float = 0.0,
    high: float = 0.0,
    count: int = 0,
) -> SchemeTuple:
    """Return a scheme as the core takes it."""
    return (kind, a, b, mode, distribution, low, high, count)


@dataclass(frozen=True)
class Scheme(ABC):
    """One way to draw the weights of a layer: the base of all schemes."""

    _name: ClassVar[str] = ""
    """Of the text form."""

    def __str__(self) -> str:
        """Return the text form."""
        positional, named = [], {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING:
                positional.append(value)
            elif value != field.default:
                named[field.name] = value
        return call(self._name, *positional, **named) if positional or named else self._name

    def __call__(
        self,
        shape: Sequence[int],
        *,
        rng: _rng.Rng = None,
        dtype: DTypeLike = "float64",
        layout: Layout = "in_out",
        axes: Axes | None = None,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
    ) -> NDArray[Any]:
        """Draw the weights of one layer.

        Parameters
        ----------
        shape : sequence of int
            Shape of the array that is returned: (n_in, n_out), or (n_out, n_in) with
            ``layout="out_in"``; any shape of two axes or more where `axes` are given. A size of 0
            gives an empty array.
        rng : None, int, SeedSequence, Generator, BitGenerator or RandomState, optional
            Where the randomness comes from; None takes fresh entropy. An int or a `SeedSequence`
            gives the same numbers in every call: draw several layers from one `Generator`, which
            advances. The same `rng` in `Network.initialize` gives the same first layer. A legacy
            `RandomState` is drawn from itself, as (n_out, n_in), by normal and uniform laws; others
            take a key from it.
        dtype : dtype, default "float64"
            "float32" or "float64"; both are the same numbers, up to rounding. That of `out`
            where it is given.
        layout : {"in_out", "out_in"}, default "in_out"
            Which of the two axes is the fan-in. PyTorch stores (n_out, n_in). The layout does not
            change which number belongs to which pair of units.
        axes : (int or tuple of int, int or tuple of int), optional
            Input and output axes, instead of `layout`; the others are a receptive field, as those
            of a convolution: they multiply both fans and count as inputs of a structured matrix.
        out : ndarray, optional
            Filled in place and returned: of that shape, float32 or float64, writable, in any
            order and with any strides, but without elements that share memory.
        n_jobs : int, optional
            Threads; as many as there are CPUs by default, fewer for small arrays. The numbers are
            the same for any number. Laws that are computed in Python take one.

        Returns
        -------
        ndarray of shape `shape`
            New and C-contiguous, or `out`.

        Raises
        ------
        ValueError
            If the shape has not two axes of sizes of at least 0, the layout is not known, `out`
            has another shape, cannot be written or overlaps itself, or the scheme cannot make
            such a matrix. `out` is unchanged then.
        TypeError
            If `rng`, `dtype`, `out` or `n_jobs` is of another kind; float16 is refused.

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
        sizes = _sizes(shape)
        if axes is None and len(sizes) != 2:
            raise ValueError(
                f"shape must be a pair of integers, got {shape!r}; other ranks need axes="
            )
        inputs, outputs, others = axes_of(len(sizes), layout, axes)
        precision = float_name(dtype) if out is None else _checked_out(out, sizes)
        jobs = threads(n_jobs)
        source = _rng.resolve(rng)
        if math.prod(sizes) == 0:
            return np.empty(sizes, precision) if out is None else out
        order = (*others, *inputs, *outputs)
        n_out = math.prod(sizes[axis] for axis in outputs)
        layer = Layer(math.prod(sizes) // n_out, n_out, *fans(sizes, layout, axes))
        if isinstance(source, np.random.RandomState):
            matrix = narrowed(str(self), self._draw_legacy(layer, source), precision)
        elif out is not None and order == tuple(range(len(order))) and _is_plain(out):
            self._draw_into(out, layer, source.key, jobs)
            return out
        else:
            matrix = np.empty(layer.shape("weights"), precision)
            self._draw_into(matrix, layer, source.key, jobs)
        array = matrix.reshape([sizes[axis] for axis in order]).transpose(np.argsort(order))
        if out is None:
            return np.ascontiguousarray(array)
        out[...] = array
        return out

    def fill(
        self, out: NDArray[Any], shape: Sequence[int], *, start: int = 0, rng: _rng.Rng = None
    ) -> NDArray[Any]:
        """Fill `out` with a slice of the weights (n_in, n_out), counted row by row.

        Element i of the weights depends on the seed and on i alone, so slices may be drawn in any
        order and by any threads. Laws of a whole matrix (orthogonal, sparse, ...) cost the whole.

        Parameters
        ----------
        out : ndarray
            Of any shape; its elements, in C order, become elements `start`, `start` + 1, ...
        shape : (int, int)
            (n_in, n_out) of the whole.
        start : int, default 0
            Index of the first element.
        rng : None, int, SeedSequence, Generator or BitGenerator, optional
            As in a call of the scheme; a `RandomState` gives a key.

        Returns
        -------
        ndarray
            `out`.

        Raises
        ------
        ValueError
            If the slice is not inside the matrix, or for what a call refuses.
        TypeError
            For what a call refuses.

        Examples
        --------
        >>> import numpy as np
        >>> import initlens as il
        >>> he = il.initializers.get("he_normal")
        >>> w = he((20, 30), rng=0)
        >>> part = he.fill(np.empty(100), (20, 30), start=50, rng=0)
        >>> bool(np.all(part == w.ravel()[50:150]))
        True
        """
        sizes = _sizes(shape)
        if len(sizes) != 2:
            raise ValueError(f"shape must be a pair of integers, got {shape!r}")
        precision = _checked_out(out, getattr(out, "shape", ()))
        first = integer("start", start, minimum=0)
        if first + out.size > math.prod(sizes):
            raise ValueError(
                f"elements {first} to {first + out.size} are not inside {math.prod(sizes)}"
            )
        source = _rng.resolve(rng)
        if out.size:
            key = _legacy_key(source) if isinstance(source, np.random.RandomState) else source.key
            out[...] = self._draw_slice(
                Layer.dense(*sizes), key, precision, first, out.size
            ).reshape(out.shape)
        return out

    def describe(self, n_in: int, n_out: int) -> Table:
        """Return the numbers of the scheme for one layer.

        Parameters
        ----------
        n_in, n_out : int
            Shape of its weights, at least 1.

        Returns
        -------
        Table

        Examples
        --------
        >>> import initlens as il
        >>> il.initializers.get("he_uniform").describe(784, 128)
        he_uniform for 784 inputs and 128 units
        <BLANKLINE>
        quantity             value
        weights              uniform on (-0.0874818, 0.0874818)
        standard deviation   0.0505076
        variance             0.00255102 = 2 / n_in
        biases               zeros
        """
        from ..tables import Table

        layer = checked_layer(n_in, n_out)
        title = f"{self} for {layer.n_in} inputs and {layer.n_out} units"
        bias = self._bias()
        rows = [("weights", self._law_text(layer))]
        variance = self.variance(layer.n_in, layer.n_out)
        if variance is not None:
            rows.append(("standard deviation", f"{math.sqrt(variance):.6g}"))
            rows.append(("variance", f"{variance:.6g} = {variance * n_in:.6g} / n_in"))
        rows.append(("biases", bias._law_text(layer, "biases") if bias is not None else "zeros"))
        return Table(title, ("quantity", "value"), tuple(rows))

    def variance(self, n_in: int, n_out: int) -> float | None:
        """Return the variance of a weight of an (n_in, n_out) layer, None where it has none.

        Parameters
        ----------
        n_in, n_out : int
            Shape of the weights, at least 1.

        Returns
        -------
        float or None
            Of orthogonal and sparse matrices that over all matrices, zeros included.

        Examples
        --------
        >>> import initlens as il
        >>> il.initializers.get("he_normal").variance(200, 50)
        0.01
        """
        checked_layer(n_in, n_out)
        return None

    def to_config(self) -> dict[str, Any]:
        """Return the scheme as a dict of texts, numbers and lists, for JSON.

        Returns
        -------
        dict
            `initializers.from_config` makes an equal scheme of it.

        Raises
        ------
        TypeError
            If the scheme holds a function or data.

        Examples
        --------
        >>> import initlens as il
        >>> il.initializers.get("normal(0.01)").to_config()
        {'scheme': 'Normal', 'std': 0.01, 'mean': 0.0}
        """
        config: dict[str, Any] = {"scheme": type(self).__name__}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Scheme):
                value = value.to_config()
            elif not isinstance(value, str | int | float | None):
                raise TypeError(f"{field.name} of {self} cannot be written to a config")
            config[field.name] = str(value) if str(value) in INFINITIES else value
        return config

    @abstractmethod
    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        """Draw weights (n_in, n_out) or biases (n_out,) for a key."""

    def _draw_into(self, out: NDArray[Any], layer: Layer, key: int, jobs: int) -> None:
        """Fill a C-contiguous array with weights, on so many threads at most."""
        del jobs
        out[...] = self._draw(layer, key, "weights", out.dtype.name).reshape(out.shape)

    def _draw_slice(
        self, layer: Layer, key: int, dtype: str, start: int, count: int
    ) -> NDArray[Any]:
        return self._draw(layer, key, "weights", dtype).ravel()[start : start + count]

    def _draw_legacy(self, layer: Layer, source: np.random.RandomState) -> NDArray[np.float64]:
        """Draw weights (n_in, n_out) from a legacy stream, which counts them as (n_out, n_in).

        Where no course has published such numbers, the stream gives a key.
        """
        return self._draw(layer, _legacy_key(source), "weights", "float64")

    def _bias(self) -> Scheme | None:
        """Return the scheme of biases that belongs to this one; None is zeros."""
        return None

    def _law_text(self, layer: Layer, purpose: Purpose = "weights") -> str:
        """Say how the numbers are distributed."""
        del layer, purpose
        return str(self)


class CoreScheme(Scheme):
    """A scheme that the C core draws: a pure function of key, tensor and element."""

    @abstractmethod
    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        """Return the scheme as the core takes it, for one layer."""

    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        out = np.empty(layer.shape(purpose), dtype)
        return self._fill(out, layer, key, purpose, 0)

    def _draw_into(self, out: NDArray[Any], layer: Layer, key: int, jobs: int) -> None:
        self._fill(out, layer, key, "weights", 0, jobs)

    def _draw_slice(
        self, layer: Layer, key: int, dtype: str, start: int, count: int
    ) -> NDArray[Any]:
        return self._fill(np.empty(count, dtype), layer, key, "weights", start)

    def _fill(
        self,
        out: NDArray[Any],
        layer: Layer,
        key: int,
        purpose: Purpose,
        start: int,
        jobs: int = 1,
    ) -> NDArray[Any]:
        spec = self._spec(layer, purpose)
        matrix = spec[0] in _MATRIX_KINDS
        n_in, n_out = (layer.n_in, layer.n_out) if matrix else (layer.fan_in, layer.fan_out)

        def fill(part: NDArray[Any]) -> None:
            core_fill(part, spec, n_in, n_out, key, layer.index, purpose, start, jobs)

        if is_large(spec, out.dtype):
            # Refused before `out` changes; by the wide numbers too, because the core holds those
            # of a truncated normal inside the range of its dtype.
            for trial in (np.empty(out.shape), np.empty_like(out)):
                fill(trial)
                narrowed(str(self), trial, out.dtype)
        fill(out)
        return out

    def variance(self, n_in: int, n_out: int) -> float | None:  # noqa: D102 - as in the base
        layer = checked_layer(n_in, n_out)
        return _variance(self._spec(layer, "weights"), layer)

    def _law_text(self, layer: Layer, purpose: Purpose = "weights") -> str:
        return _law_text(self._spec(layer, purpose), layer)


# Kinds that are laws of a whole matrix, or of rows and columns: their sizes are no fans.
_MATRIX_KINDS = ("orthogonal", "sparse", "identity", "hadamard")


def checked_layer(n_in: int, n_out: int) -> Layer:
    """Return the dense layer of a public argument."""
    return Layer.dense(integer("n_in", n_in, minimum=1), integer("n_out", n_out, minimum=1))


def fan_of(mode: str, n_in: float, n_out: float) -> float:
    """Return the fan of a mode."""
    match mode:
        case "fan_in":
            return n_in
        case "fan_out":
            return n_out
        case "fan_avg":
            return (n_in + n_out) / 2.0
    return math.sqrt(n_in * n_out)


def _variance(spec: SchemeTuple, layer: Layer) -> float | None:
    kind, a, b, mode, _, low, high, count = spec
    match kind:
        case "constant":
            return 0.0
        case "normal":
            return b * b
        case "uniform":
            return (b - a) ** 2 / 12.0
        case "truncated_normal":
            return float((b * truncated_std(low, high)) ** 2)
        case "variance_scaling":
            return a / fan_of(mode, layer.fan_in, layer.fan_out)
        case "orthogonal":
            return a * a / max(layer.n_in, layer.n_out)
        case "sparse":
            share = count / (layer.n_in if mode == "fan_in" else layer.n_out)
            return share * (b * b + (1.0 - share) * a * a)
    return None


def _law_text(spec: SchemeTuple, layer: Layer) -> str:
    kind, a, b, mode, distribution, low, high, count = spec
    normal = f"normal, mean {a:.6g}, standard deviation {b:.6g}"
    match kind:
        case "constant":
            return "zeros" if a == 0.0 else f"constant {a:.6g}"
        case "normal":
            return normal
        case "uniform":
            return f"uniform on ({a:.6g}, {b:.6g})"
        case "truncated_normal":
            return f"{normal}, cut to ({a + b * low:.6g}, {a + b * high:.6g})"
        case "variance_scaling":
            std = math.sqrt(_variance(spec, layer) or 0.0)
            if distribution == "uniform":
                limit = math.sqrt(3.0) * std
                return f"uniform on ({-limit:.6g}, {limit:.6g})"
            if distribution == "truncated_normal":
                wide = std / truncated_std()
                return f"normal, mean 0, standard deviation {wide:.6g}, cut at 2 of them"
            return f"normal, mean 0, standard deviation {std:.6g}"
        case "orthogonal":
            which = "columns" if layer.n_in >= layer.n_out else "rows"
            return f"{a:.6g} times a matrix with orthonormal {which}"
        case "identity":
            return f"{a:.6g} times the identity"
        case "sparse":
            where = "inputs of each unit" if mode == "fan_in" else "outputs of each input"
            return f"{normal}; 0 outside {count} {where}"
    return "the identity, or a corner of a Hadamard matrix where the layer widens"


def _legacy_key(source: np.random.RandomState) -> int:
    high, low = (int(word) for word in source.randint(0, 2**32, size=2, dtype=np.uint32))
    return high << 32 | low


def _sizes(shape: Sequence[int]) -> tuple[int, ...]:
    try:
        sizes = tuple(shape)
    except TypeError:
        raise ValueError(f"shape must be a pair of integers, got {shape!r}") from None
    return tuple(integer(f"shape[{axis}]", size, minimum=0) for axis, size in enumerate(sizes))


def _checked_out(out: Any, sizes: tuple[int, ...]) -> str:
    """Return the dtype of `out`; refuse what cannot be filled."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a NumPy array, got {type(out).__name__}")
    precision: str = out.dtype.name
    if precision not in ("float32", "float64"):
        raise TypeError(f"out must have dtype float32 or float64, got {precision}")
    if out.shape != sizes:
        raise ValueError(f"out must have shape {sizes}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    # Axes from the shortest stride on: each has to step over all that the ones before reach.
    reach = out.itemsize
    for step, size in sorted((abs(step), n) for step, n in zip(out.strides, sizes, strict=True)):
        if size > 1 and out.size:
            if step < reach:
                raise ValueError("out has elements that share memory")
            reach += step * (size - 1)
    return precision


def _is_plain(out: NDArray[Any]) -> bool:
    return out.flags.c_contiguous and out.flags.aligned and out.dtype.isnative


def is_large(spec: SchemeTuple, dtype: DTypeLike) -> bool:
    """Return whether draws may exceed the dtype: then they have to be looked at."""
    _, a, b, _, _, low, high, _ = spec
    cuts = [b * cut for cut in (low, high) if math.isfinite(cut)]
    # No draw lies 40 standard deviations or more from the mean or the nearer cut.
    return max(map(abs, (a, b, *cuts))) > float(np.finfo(dtype).max) / 100.0


def narrowed(label: str, array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return `array` in another dtype; refuse numbers that become infinite there."""
    with np.errstate(over="ignore"):
        return finite(label, array.astype(dtype))


def finite(label: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` if all of it is finite."""
    if not np.isfinite(array).all():
        wider = "; use dtype='float64'" if array.dtype == np.float32 else ""
        raise ValueError(f"{label} gives numbers too large for {array.dtype.name}{wider}")
    return array


def check_position(position: Any) -> None:
    """Refuse what is no place in a net."""
    choice("position", position, POSITIONS)
