"""Problems and pairs (net, twin) for the tests: the same weights on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import initlens as il
import reference

Array = NDArray[Any]

# Every activation, with a parameter that is not its default where it takes one.
HIDDEN: list[tuple[str, float]] = [
    (name, activation.parameter) for name, activation in reference.ACTIVATIONS.items()
]
LOSSES = ["binary_cross_entropy", "cross_entropy", "mse"]
DTYPES = ["float32", "float64"]


def text(activation: tuple[str, float]) -> str:
    """The text form that `Network` takes: "tanh", "leaky_relu(0.125)"."""
    name, parameter = activation
    return f"{name}({parameter})" if parameter else name


def pair(
    widths: Sequence[int],
    hidden: Sequence[tuple[str, float]],
    loss: str,
    dtype: str,
    seed: int,
    scale: float = 1.0,
) -> tuple[il.Network, reference.Net]:
    """A net with standard normal weights (times scale / sqrt(fan-in)) and biases, and its twin."""
    net = il.Network(list(widths), activation=[text(h) for h in hidden], loss=loss, dtype=dtype)
    random = np.random.default_rng(seed)
    for w, b in zip(net.weights, net.biases, strict=True):
        w[...] = random.standard_normal(w.shape) * scale / np.sqrt(w.shape[0])
        b[...] = random.standard_normal(b.shape) * scale / 2
    return net, twin(net, hidden, loss)


def twin(net: il.Network, hidden: Sequence[tuple[str, float]], loss: str) -> reference.Net:
    return reference.Net(net.weights, net.biases, hidden, loss)


def problem(loss: str, m: int, n_in: int, n_out: int, dtype: str, seed: int) -> tuple[Array, Array]:
    """X (m, n_in) and encoded targets (m, n_out), exact in `dtype`."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((m, n_in)).astype(dtype)
    if loss == "binary_cross_entropy":
        return X, random.integers(0, 2, (m, n_out)).astype(dtype)
    if loss == "cross_entropy":
        return X, reference.one_hot(random.integers(0, n_out, m), n_out).astype(dtype)
    return X, random.standard_normal((m, n_out)).astype(dtype)


def constant_net(
    widths: Sequence[int], activation: str, loss: str, dtype: str, value: float
) -> il.Network:
    """Every weight `value`, biases zero: the copies of the lecture."""
    net = il.Network(list(widths), activation=activation, loss=loss, dtype=dtype)
    net.initialize(f"constant({value})")
    return net


def assert_same_bits(a: il.Network, b: il.Network) -> None:
    for x, y in zip([*a.weights, *a.biases], [*b.weights, *b.biases], strict=True):
        np.testing.assert_array_equal(bits(x), bits(y))


def bits(x: Array) -> Array:
    """The values as integers, so that +0 and -0 differ and NaN equals itself."""
    x = np.ascontiguousarray(x)
    return x.view(f"u{x.dtype.itemsize}")
