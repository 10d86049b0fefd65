"""Matrix products: the core's own beside the machine's peak, whole layers beside NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Final

import numpy as np

import initlens as il

from . import native
from .functions import aligned
from .measure import Effort, Line, Timing, agree, calls, compare
from .problems import Array

PEAK: Final = "FMA peak"
WIDTHS: Final = (64, 128, 256, 512)
BATCHES: Final = (32, 128)
# Is the left side transposed? The way back is the same product as the way forward.
KINDS: Final = {"forward": False, "gradient": True}

# Of a layer: inputs, outputs and samples.
INPUTS: Final = (8, 64, 512)
OUTPUTS: Final = (8, 10, 16, 17, 33, 64, 100, 511, 512, 1023)
SAMPLES: Final = (1, 4, 32, 256)


def lines() -> Iterator[Line]:
    for dtype, width, batch, kind in product(native.PRECISIONS, WIDTHS, BATCHES, KINDS):
        row = f"{kind} {width}-{width} batch {batch} {dtype}"
        run = partial(beside_peak, width, batch, KINDS[kind], dtype)
        cell = (f"share of the peak, {dtype}: batch; width", f"{kind}, {batch}", str(width))
        yield Line("products", row, PEAK, "initlens", "product", run, cell=cell)
    for dtype, batch, n_in, n_out in product(native.PRECISIONS, SAMPLES, INPUTS, OUTPUTS):
        row = f"X @ W + b {n_in}-{n_out} batch {batch} {dtype}"
        run = partial(beside_numpy, n_in, n_out, batch, dtype)
        cell = (f"X @ W + b, {dtype}: batch, inputs; outputs", f"{batch}, {n_in}", str(n_out))
        yield Line("products", row, "NumPy", "numpy", "product", run, cell=cell)


def beside_peak(width: int, batch: int, transposed: bool, dtype: str, effort: Effort) -> Timing:
    """Theirs is the time that as many multiply-adds take at the peak."""
    rows, depth = (width, batch) if transposed else (batch, width)
    a, b, c = (aligned(dtype, size) for size in (batch * width, depth * width, rows * width))
    random = np.random.default_rng(1)
    a[:] = random.standard_normal(a.size)
    b[:] = random.standard_normal(b.size) / np.sqrt(depth)
    ours = native.product(rows, depth, width, transposed, a, b, c)
    ours()
    agree(reference(rows, depth, transposed, a, b, c.size), c, "the product")
    flops = 2 * batch * width**2
    timing = compare(native.at_peak(dtype, flops), calls(ours), effort)
    native.share_of_peak(flops / timing.ours, dtype)  # raises if the measured peak is wrong
    return timing.of_peak()


def reference(rows: int, depth: int, transposed: bool, a: Array, b: Array, size: int) -> Array:
    """What native.product() leaves, from its sides in panels."""
    panel = native.panel(str(a.dtype))
    left = plain(a, depth if transposed else rows, panel)
    out = (left.T if transposed else left) @ plain(b, depth, panel)
    return out.reshape(rows, -1, panel).transpose(1, 0, 2).reshape(size)


def plain(panels: Array, rows: int, panel: int) -> Array:
    """A matrix (rows, columns) in float64 from its panels."""
    matrix = panels.astype(np.float64).reshape(-1, rows, panel).transpose(1, 0, 2)
    return matrix.reshape(rows, -1)


def beside_numpy(n_in: int, n_out: int, batch: int, dtype: str, effort: Effort) -> Timing:
    """A layer without an activation; theirs is what one writes in NumPy."""
    random = np.random.default_rng(1)
    shapes: tuple[tuple[int, ...], ...] = ((batch, n_in), (n_in, n_out), (n_out,))
    X, W, b = (random.standard_normal(shape).astype(dtype) for shape in shapes)
    W /= np.sqrt(n_in)
    net = il.Network([n_in, n_out], loss="mse", dtype=dtype)
    net.weights[0][...], net.biases[0][...] = W, b
    agree(X @ W + b, net.forward(X), "X @ W + b")
    short = replace(effort, seconds=effort.seconds / 4)  # there are many shapes
    return compare(calls(lambda: X @ W + b), calls(partial(net.forward, X)), short)
