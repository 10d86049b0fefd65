"""Vector math: nanoseconds a value on an array that stays in cache, and the largest error of each.

Ours are the kernels themselves, called by `ctypes`; they and every peer pay one call for the array,
but for JAX, whose loop is inside one jitted function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from time import process_time
from typing import Any, Final

import numpy as np

from . import native
from .measure import Effort, Line, Slice, Timing, agree, calls, compare
from .problems import Array

SIZE: Final = 1 << 14  # 256 KiB of float64, in and out
SAMPLE: Final = 1 << 12  # of them, whose errors are looked for: exact values take their time
FUNCTIONS: Final = ("tanh", "exp", "sigmoid", "erf")

# A slice of one function, and its values.
Subject = tuple[Slice, Array]


def aligned(dtype: str, count: int = SIZE) -> Array:
    """Values from a cache line's start on; elsewhere chance would decide over some percent."""
    line, size = 64, count * np.dtype(dtype).itemsize
    memory = np.empty(size + line, np.uint8)
    begin = -memory.ctypes.data % line
    return memory[begin : begin + size].view(dtype)


def no_errors() -> str | None:
    """Why the errors cannot be had, None if they can."""
    return None if find_spec("mpmath") else "mpmath is not installed"


def error_ulp(name: str, x: Array, values: Array) -> float:
    """Largest distance from the exact value, in units of its last place."""
    import mpmath

    exact = {
        "tanh": mpmath.tanh,
        "exp": mpmath.exp,
        "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
        "erf": mpmath.erf,
    }[name]
    with mpmath.workprec(120):
        return max(
            float(abs(mpmath.mpf(float(value)) - want)) / float(np.spacing(x.dtype.type(abs(want))))
            for want, value in (
                (exact(mpmath.mpf(float(t))), v) for t, v in zip(x, values, strict=True)
            )
        )


def of_numpy(name: str, x: Array) -> Subject:
    out = aligned(str(x.dtype))
    function = getattr(np, name)
    function(x, out=out)
    return calls(lambda: function(x, out=out)), out


def of_scipy(name: str, x: Array) -> Subject:
    from scipy import special

    out = aligned(str(x.dtype))
    function = {"sigmoid": special.expit, "erf": special.erf}[name]
    function(x, out=out)
    return calls(lambda: function(x, out=out)), out


def of_torch(name: str, x: Array) -> Subject:
    import torch

    torch.set_num_threads(1)
    given, out = torch.from_numpy(x), torch.from_numpy(aligned(str(x.dtype)))
    function: Callable[..., Any] = getattr(torch, name)
    function(given, out=out)
    return calls(lambda: function(given, out=out)), np.asarray(out.numpy())


def of_jax(name: str, x: Array) -> Subject:
    import jax

    jax.config.update("jax_enable_x64", True)
    function = {
        "tanh": jax.numpy.tanh,
        "exp": jax.numpy.exp,
        "sigmoid": jax.nn.sigmoid,
        "erf": jax.scipy.special.erf,
    }[name]

    @jax.jit
    def repeat(given: Any, count: int) -> Any:
        def once(_: int, pair: tuple[Any, Any]) -> tuple[Any, Any]:
            # The barrier keeps the compiler from doing it once for all rounds.
            same, _out = jax.lax.optimization_barrier(pair)
            return same, function(same)

        return jax.lax.fori_loop(0, count, once, (given, jax.numpy.zeros_like(given)))[1]

    given = jax.numpy.asarray(x)
    values = np.asarray(repeat(given, 1))

    def many(count: int) -> float:
        begin = process_time()
        repeat(given, count).block_until_ready()
        return process_time() - begin

    return many, values


PEERS: Final[dict[str, tuple[str, Callable[[str, Array], Subject], tuple[str, ...]]]] = {
    "NumPy": ("numpy", of_numpy, ("tanh", "exp")),
    "SciPy": ("scipy", of_scipy, ("sigmoid", "erf")),
    "PyTorch": ("torch", of_torch, FUNCTIONS),
    "JAX": ("jax", of_jax, FUNCTIONS),
}


def lines() -> Iterator[Line]:
    for dtype in native.PRECISIONS:
        for name in FUNCTIONS:
            for peer, (package, make, names) in PEERS.items():
                if name in names:
                    run = partial(time, make, name, dtype)
                    yield Line("functions", f"{name} {dtype}", peer, package, "value", run)


def time(make: Callable[[str, Array], Subject], name: str, dtype: str, effort: Effort) -> Timing:
    x, out = aligned(dtype), aligned(dtype)
    x[:] = 2 * np.random.default_rng(1).standard_normal(SIZE)
    call = native.function(name, x, out)
    theirs, values = make(name, x)
    call()
    agree(values, out, f"{name} {dtype}")
    timing = compare(theirs, calls(call), effort).per(SIZE)
    if no_errors():
        return timing
    errors = error_ulp(name, x[:SAMPLE], values[:SAMPLE]), error_ulp(name, x[:SAMPLE], out[:SAMPLE])
    return replace(timing, errors_ulp=errors)
