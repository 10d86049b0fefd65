"""Draws of weights, a large array each, and of orthogonal matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np

import initlens as il

from .measure import Effort, Line, Timing, calls, compare
from .problems import Array

SIZE: Final = 1 << 20
MATRIX: Final = 512
DTYPES: Final = ("float32", "float64")
SCHEMES: Final = {"normal": "normal", "uniform": "uniform(0, 1)", "truncated": "truncated_normal"}
SHAPES: Final = dict.fromkeys(SCHEMES, (1, SIZE)) | {"orthogonal": (MATRIX, MATRIX)}

Draw = Callable[[], object]


def of_initlens(name: str, out: Array) -> Draw:
    scheme = il.initializers.get(SCHEMES.get(name, name))
    return lambda: scheme(out.shape, rng=0, out=out, n_jobs=1)


def of_numpy(name: str, out: Array) -> Draw:
    rng = np.random.default_rng(0)
    if name == "orthogonal":
        gauss = rng.standard_normal(out.shape, out.dtype)
        return lambda: np.linalg.qr(gauss)
    draw: Any = rng.standard_normal if name == "normal" else rng.random
    return lambda: draw(out=out, dtype=out.dtype)


def of_torch(name: str, out: Array) -> Draw:
    import torch

    torch.set_num_threads(1)
    tensor = torch.from_numpy(out)
    draws: dict[str, Draw] = {
        "normal": tensor.normal_,
        "uniform": tensor.uniform_,
        "truncated": partial(torch.nn.init.trunc_normal_, tensor),
        "orthogonal": partial(torch.nn.init.orthogonal_, tensor),
    }
    return draws[name]


def of_jax(name: str, out: Array) -> Draw:
    import jax

    jax.config.update("jax_enable_x64", True)
    shape, dtype = out.shape, out.dtype
    draw: Callable[[Any], Any] = {
        "normal": lambda key: jax.random.normal(key, shape, dtype),
        "uniform": lambda key: jax.random.uniform(key, shape, dtype),
        "truncated": lambda key: jax.random.truncated_normal(key, -2, 2, shape, dtype),
        "orthogonal": lambda key: jax.random.orthogonal(key, len(out), dtype=dtype),
    }[name]
    jitted, key = jax.jit(draw), jax.random.key(0)
    return lambda: jitted(key).block_until_ready()


PEERS: Final[dict[str, tuple[str, Callable[[str, Array], Draw], tuple[str, ...]]]] = {
    "NumPy": ("numpy", of_numpy, ("normal", "uniform", "orthogonal")),
    "PyTorch": ("torch", of_torch, tuple(SHAPES)),
    "JAX": ("jax", of_jax, tuple(SHAPES)),
}


def lines() -> Iterator[Line]:
    for name in SHAPES:
        for dtype in DTYPES:
            for peer, (package, make, names) in PEERS.items():
                if name in names:
                    work = "matrix" if name == "orthogonal" else "value"
                    run = partial(time, make, name, dtype)
                    yield Line("draws", f"{name} {dtype}", peer, package, work, run)


def time(make: Callable[[str, Array], Draw], name: str, dtype: str, effort: Effort) -> Timing:
    arrays = [np.empty(SHAPES[name], dtype) for _ in range(2)]
    theirs, ours = make(name, arrays[0]), of_initlens(name, arrays[1])
    a_call = compare(calls(theirs), calls(ours), effort)
    return a_call if name == "orthogonal" else a_call.per(SIZE)
