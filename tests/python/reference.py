"""The slow twin: every operation of the core again, in plain NumPy and in exact fractions.

Two levels, each as simple as it can be:

- `Net`, `SGD`, `ACTIVATIONS`, ... are textbook float64 formulas, to compare within a tolerance;
- `fma` and `chain` follow the numerical format to the last bit, with `fractions.Fraction`, on
  small shapes.

`philox`, `uniform`, `normal` and `shuffle` are the random streams, word by word. Nothing here
imports initlens, so an error in the package cannot hide in its own test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]

# ---- elementwise functions ---------------------------------------------------------------------

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


def _gelu_tanh_parts(z: Array) -> tuple[Array, Array]:
    t = np.tanh(SQRT_2_OVER_PI * (z + 0.044715 * z**3))
    return t, (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * 0.044715 * z * z)


def _gelu_tanh_slope(z: Array, _: float) -> Array:
    t, dt = _gelu_tanh_parts(z)
    return 0.5 * (1 + t) + 0.5 * z * dt


def _mish_slope(z: Array, _: float) -> Array:
    t = np.tanh(np.logaddexp(0, z))
    return t + z * (1 - t * t) * special.expit(z)


@dataclass(frozen=True)
class Activation:
    """g(z, parameter) and g'(z, parameter); tests use `parameter`, which is not the default."""

    value: Callable[[Array, float], Array]
    slope: Callable[[Array, float], Array]
    parameter: float = 0.0


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda z, _: z, lambda z, _: np.ones_like(z)),
    "tanh": Activation(lambda z, _: np.tanh(z), lambda z, _: 1 - np.tanh(z) ** 2),
    "sigmoid": Activation(
        lambda z, _: special.expit(z), lambda z, _: special.expit(z) * special.expit(-z)
    ),
    "relu": Activation(lambda z, _: np.maximum(z, 0), lambda z, _: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": Activation(
        lambda z, slope: np.where(z > 0, z, slope * z),
        lambda z, slope: np.where(z > 0, 1.0, slope),
        parameter=0.125,
    ),
    "elu": Activation(
        lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
        lambda z, alpha: np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))),
        parameter=0.75,
    ),
    "selu": Activation(
        lambda z, _: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0))),
        lambda z, _: SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0))),
    ),
    "gelu": Activation(
        lambda z, _: z * special.ndtr(z),
        lambda z, _: special.ndtr(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    ),
    "gelu_tanh": Activation(
        lambda z, _: 0.5 * z * (1 + _gelu_tanh_parts(z)[0]),
        _gelu_tanh_slope,
    ),
    "silu": Activation(
        lambda z, _: z * special.expit(z),
        lambda z, _: special.expit(z) * (1 + z * special.expit(-z)),
    ),
    "softplus": Activation(lambda z, _: np.logaddexp(0, z), lambda z, _: special.expit(z)),
    "softsign": Activation(lambda z, _: z / (1 + np.abs(z)), lambda z, _: 1 / (1 + np.abs(z)) ** 2),
    "hard_tanh": Activation(
        lambda z, _: np.clip(z, -1, 1), lambda z, _: np.where(np.abs(z) < 1, 1.0, 0.0)
    ),
    "erf": Activation(
        lambda z, _: special.erf(z), lambda z, _: 2 / math.sqrt(math.pi) * np.exp(-z * z)
    ),
    "mish": Activation(lambda z, _: z * np.tanh(np.logaddexp(0, z)), _mish_slope),
    "relu6": Activation(
        lambda z, _: np.clip(z, 0, 6), lambda z, _: np.where((z > 0) & (z < 6), 1.0, 0.0)
    ),
    "hard_sigmoid": Activation(
        lambda z, _: np.clip(z + 3, 0, 6) / 6, lambda z, _: np.where(np.abs(z) < 3, 1 / 6, 0.0)
    ),
    "hard_swish": Activation(
        lambda z, _: z * np.clip(z + 3, 0, 6) / 6,
        lambda z, _: np.where(z <= -3, 0.0, np.where(z >= 3, 1.0, z / 3 + 0.5)),
    ),
    "celu": Activation(
        lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0) / alpha)),
        lambda z, alpha: np.exp(np.minimum(z, 0) / alpha),
        parameter=0.75,
    ),
    "log_sigmoid": Activation(lambda z, _: -np.logaddexp(0, -z), lambda z, _: special.expit(-z)),
    "soft_shrink": Activation(
        lambda z, threshold: np.sign(z) * np.maximum(np.abs(z) - threshold, 0),
        lambda z, threshold: np.where(np.abs(z) > threshold, 1.0, 0.0),
        parameter=0.25,
    ),
    "hard_shrink": Activation(
        lambda z, threshold: np.where(np.abs(z) > threshold, z, 0.0),
        lambda z, threshold: np.where(np.abs(z) > threshold, 1.0, 0.0),
        parameter=0.25,
    ),
    "tanh_shrink": Activation(lambda z, _: z - np.tanh(z), lambda z, _: np.tanh(z) ** 2),
    "squared_relu": Activation(
        lambda z, _: np.maximum(z, 0) ** 2, lambda z, _: 2 * np.maximum(z, 0)
    ),
    "exponential": Activation(lambda z, _: np.exp(z), lambda z, _: np.exp(z)),
    "arctan": Activation(lambda z, _: np.arctan(z), lambda z, _: 1 / (1 + z * z)),
    "lecun_tanh": Activation(
        lambda z, _: 1.7159 * np.tanh(2 * z / 3),
        lambda z, _: 1.7159 * 2 / 3 * (1 - np.tanh(2 * z / 3) ** 2),
    ),
    "sin": Activation(lambda z, _: np.sin(z), lambda z, _: np.cos(z)),
}

# ---- the net, textbook formulas ----------------------------------------------------------------


@dataclass
class Layers:
    """Pre-activations and activations, one array (B, M) a layer."""

    z: list[Array]
    a: list[Array]


@dataclass
class Net:
    """A dense net in float64: weights[l] is (N, M), samples are rows.

    `hidden` holds (name, parameter) for each hidden layer; `loss` fixes the output.
    """

    weights: list[Array]
    biases: list[Array]
    hidden: Sequence[tuple[str, float]]
    loss_name: str

    def __post_init__(self) -> None:
        self.weights = [np.array(w, dtype=np.float64) for w in self.weights]
        self.biases = [np.array(b, dtype=np.float64) for b in self.biases]

    def layers(self, X: Array) -> Layers:
        z: list[Array] = []
        a: list[Array] = []
        below = np.asarray(X, dtype=np.float64)
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z.append(below @ w + b)
            if layer < len(self.hidden):
                name, parameter = self.hidden[layer]
                a.append(ACTIVATIONS[name].value(z[-1], parameter))
            else:
                a.append(self.output(z[-1]))
            below = a[-1]
        return Layers(z, a)

    def output(self, z: Array) -> Array:
        if self.loss_name == "binary_cross_entropy":
            return np.asarray(special.expit(z))
        if self.loss_name == "cross_entropy":
            return np.asarray(special.softmax(z, axis=1))
        return z

    def forward(self, X: Array) -> Array:
        return self.layers(X).a[-1]

    def loss(self, X: Array, y: Array) -> float:
        z = self.layers(X).z[-1]
        if self.loss_name == "binary_cross_entropy":
            return float(np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))))
        if self.loss_name == "cross_entropy":
            per_row = np.sum(y * (special.logsumexp(z, axis=1, keepdims=True) - z), axis=1)
            return float(np.mean(per_row))
        return float(np.mean((z - y) ** 2))

    def gradients(self, X: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Mean gradients, without weight decay."""
        layers = self.layers(X)
        below = [np.asarray(X, dtype=np.float64), *layers.a[:-1]]
        delta = (layers.a[-1] - y) * delta_scale(self.loss_name, *layers.a[-1].shape)
        d_weights: list[Array] = []
        d_biases: list[Array] = []
        for layer in reversed(range(len(self.weights))):
            d_weights.insert(0, below[layer].T @ delta)
            d_biases.insert(0, delta.sum(axis=0))
            if layer > 0:
                name, parameter = self.hidden[layer - 1]
                slope = ACTIVATIONS[name].slope(layers.z[layer - 1], parameter)
                delta = (delta @ self.weights[layer].T) * slope
        return d_weights, d_biases

    def parameters(self) -> list[Array]:
        return [*self.weights, *self.biases]


def delta_scale(loss: str, m: int, n_out: int) -> float:
    """What the output delta (a - y) is multiplied by: the mean lives here and nowhere else."""
    if loss == "cross_entropy":
        return 1 / m
    return (2 if loss == "mse" else 1) / (m * n_out)


def one_hot(labels: Array, classes: int) -> Array:
    return np.eye(classes)[np.asarray(labels, dtype=np.int64)]


def distinct_units(net_weights: Sequence[Array], net_biases: Sequence[Array]) -> list[int]:
    """Groups of equal (incoming column, bias, outgoing row), layer by layer: bits, but -0 is +0."""
    counts = []
    for layer, (w, b) in enumerate(zip(net_weights, net_biases, strict=True)):
        outgoing = net_weights[layer + 1] if layer + 1 < len(net_weights) else w[:0].T
        units = range(w.shape[1])
        parts = ((w[:, j] + 0.0, b[j] + 0.0, outgoing[j] + 0.0) for j in units)
        counts.append(len({tuple(part.tobytes() for part in unit) for unit in parts}))
    return counts


def unit_spread(net_weights: Sequence[Array], net_biases: Sequence[Array]) -> list[float]:
    """Largest distance of a unit from the first of its layer, over the units' mean norm."""
    spreads = []
    for layer, (w, b) in enumerate(zip(net_weights, net_biases, strict=True)):
        outgoing = net_weights[layer + 1] if layer + 1 < len(net_weights) else w[:0].T
        units = np.concatenate([w.T, b[:, None], outgoing], axis=1, dtype=np.float64)
        size = np.linalg.norm(units, axis=1).mean()
        apart = np.linalg.norm(units - units[0], axis=1).max()
        spreads.append(float(apart / size) if apart else 0.0)
    return spreads


# ---- optimizers, in PyTorch's formulas ---------------------------------------------------------


@dataclass
class SGD:
    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    velocity: list[Array] = field(default_factory=list)

    def step(self, parameters: list[Array], gradients: list[Array]) -> None:
        if not self.velocity:
            self.velocity = [np.zeros_like(p) for p in parameters]
        for p, g, v in zip(parameters, gradients, self.velocity, strict=True):
            d = g + self.weight_decay * p
            if self.momentum:
                v[...] = self.momentum * v + d
                d = d + self.momentum * v if self.nesterov else v
            p -= self.learning_rate * d


@dataclass
class Adam:
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    t: int = 0
    first: list[Array] = field(default_factory=list)
    second: list[Array] = field(default_factory=list)

    def step(self, parameters: list[Array], gradients: list[Array]) -> None:
        if not self.first:
            self.first = [np.zeros_like(p) for p in parameters]
            self.second = [np.zeros_like(p) for p in parameters]
        self.t += 1
        correction1 = 1 - self.beta1**self.t
        correction2 = 1 - self.beta2**self.t
        for p, g, m, v in zip(parameters, gradients, self.first, self.second, strict=True):
            d = g + self.weight_decay * p
            m[...] = self.beta1 * m + (1 - self.beta1) * d
            v[...] = self.beta2 * v + (1 - self.beta2) * d * d
            denominator = np.sqrt(v) / math.sqrt(correction2) + self.epsilon
            p -= self.learning_rate / correction1 * m / denominator


@dataclass
class RMSProp:
    learning_rate: float = 1e-2
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    weight_decay: float = 0.0
    second: list[Array] = field(default_factory=list)
    velocity: list[Array] = field(default_factory=list)

    def step(self, parameters: list[Array], gradients: list[Array]) -> None:
        if not self.second:
            self.second = [np.zeros_like(p) for p in parameters]
            self.velocity = [np.zeros_like(p) for p in parameters]
        for p, g, s, v in zip(parameters, gradients, self.second, self.velocity, strict=True):
            d = g + self.weight_decay * p
            s[...] = self.alpha * s + (1 - self.alpha) * d * d
            v[...] = self.momentum * v + d / (np.sqrt(s) + self.epsilon)
            p -= self.learning_rate * v


def fit_step(net: Net, X: Array, y: Array, optimizer: SGD | Adam | RMSProp) -> None:
    d_weights, d_biases = net.gradients(X, y)
    optimizer.step(net.parameters(), [*d_weights, *d_biases])


# ---- the numerical format, bit by bit ----------------------------------------------------------

BLOCK = 256  # of the contraction index; part of the format


def round_to(x: Fraction, dtype: Any) -> float:
    """The nearest value of `dtype`, ties to even (no overflow: the tests stay in range)."""
    if x == 0:
        return 0.0
    bits, lowest = (24, -149) if np.dtype(dtype) == np.float32 else (53, -1074)
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length()
    if abs(x) < Fraction(2) ** exponent:
        exponent -= 1
    quantum = Fraction(2) ** max(exponent - bits + 1, lowest)
    return float(round(x / quantum) * quantum)


def fma(a: float, b: float, c: float, dtype: Any) -> float:
    """a * b + c, rounded once."""
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return float(a * b + c)  # exact here too, and the sign of zero is right
    return round_to(exact, dtype)


def chain(a: Array, b: Array, start: Array | None = None) -> Array:
    """(R, K) @ (K, M): fused multiply-adds, k ascending, in blocks whose sums are added in order.

    The first block starts at `start` (M,), or +0; later ones at +0.
    """
    dtype = a.dtype
    rows, K = a.shape
    out = np.empty((rows, b.shape[1]), dtype=dtype)
    for r in range(rows):
        for j in range(b.shape[1]):
            total = dtype.type(0 if start is None else start[j])
            for first in range(0, max(K, 1), BLOCK):
                acc = float(total) if first == 0 else 0.0
                for k in range(first, min(first + BLOCK, K)):
                    acc = fma(float(a[r, k]), float(b[k, j]), acc, dtype)
                total = dtype.type(acc) if first == 0 else total + dtype.type(acc)
            out[r, j] = total
    return out


# ---- random streams ----------------------------------------------------------------------------

WEIGHTS, BIASES, SHUFFLE = range(3)  # purposes
_MASK = np.uint64(0xFFFFFFFF)


def philox(counter: Sequence[Array | int], key: Sequence[int]) -> list[Array]:
    """Philox4x32-10: four counter words (broadcast together) and two key words to four words."""
    c = [np.asarray(word, dtype=np.uint64) for word in counter]
    k0, k1 = (np.uint64(word) for word in key)
    for _ in range(10):
        product0 = np.uint64(0xD2511F53) * c[0]
        product1 = np.uint64(0xCD9E8D57) * c[2]
        c = [
            (product1 >> np.uint64(32)) ^ c[1] ^ k0,
            product1 & _MASK,
            (product0 >> np.uint64(32)) ^ c[3] ^ k1,
            product0 & _MASK,
        ]
        k0 = (k0 + np.uint64(0x9E3779B9)) & _MASK
        k1 = (k1 + np.uint64(0xBB67AE85)) & _MASK
    return c


def words(key: int, tensor: int, purpose: int, half: int, start: int, count: int) -> Array:
    """Words start .. start + count - 1 of a stream, as uint64 below 2^32."""
    first, last = start // 4, -(-(start + count) // 4)
    block = np.arange(first, last, dtype=np.uint64)
    low, high = block & _MASK, block >> np.uint64(32)
    drawn = philox((low, high, tensor, purpose << 24 | half << 23), (key & 0xFFFFFFFF, key >> 32))
    return np.stack(drawn, axis=1).ravel()[start - 4 * first :][:count]


def uniform(key: int, tensor: int, purpose: int, start: int, count: int, dtype: Any) -> Array:
    """Uniform on the open unit interval."""
    hi = words(key, tensor, purpose, 0, start, count)
    if np.dtype(dtype) == np.float32:
        return ((hi >> np.uint64(9)).astype(np.float64) + 0.5) * 2.0**-23
    lo = words(key, tensor, purpose, 1, start, count)
    return ((hi << np.uint64(20) | lo >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normal(key: int, tensor: int, purpose: int, start: int, count: int, dtype: Any) -> Array:
    """Standard normal by the quantile of one draw: the top bit is the sign."""
    hi = words(key, tensor, purpose, 0, start, count)
    tail = hi & np.uint64(0x7FFFFFFF)
    if np.dtype(dtype) == np.float32:
        p = (tail.astype(np.float64) + 0.5) * 2.0**-32
    else:
        lo = words(key, tensor, purpose, 1, start, count)
        p = ((tail << np.uint64(32) | lo).astype(np.float64) + 0.5) * 2.0**-64
    magnitude = -special.ndtri(p)
    return np.where(hi >> np.uint64(31), -magnitude, magnitude)


def shuffle(key: int, epoch: int, n: int) -> list[int]:
    """The order of an epoch: Fisher-Yates from the end, one 64-bit word a place."""
    stream = (key ^ (epoch >> 32 << 32), epoch & 0xFFFFFFFF, SHUFFLE)
    hi, lo = (words(*stream, half, 0, n) for half in (0, 1))
    order = list(range(n))
    for i in reversed(range(n)):
        j = (int(hi[i]) << 32 | int(lo[i])) * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    return order


def batches(key: int, n: int, batch_size: int | None, steps: int) -> list[list[int]]:
    """Rows of the first `steps` batches; the last of an epoch may be short.

    None, or as many as there are: all rows, in their own order.
    """
    if batch_size is None or batch_size >= n:
        return [list(range(n))] * steps
    out: list[list[int]] = []
    for epoch in range(steps):
        order = shuffle(key, epoch, n)
        out += [order[first : first + batch_size] for first in range(0, n, batch_size)]
        if len(out) >= steps:
            break
    return out[:steps]


def variance_scaling_std(scale: float, mode: str, n_in: int, n_out: int) -> float:
    fan = {"fan_in": n_in, "fan_out": n_out, "fan_avg": (n_in + n_out) / 2}[mode]
    return math.sqrt(scale / fan)


# ---- the lecture's data and nets ---------------------------------------------------------------


def flower() -> tuple[Array, Array]:
    """400 points, two classes of 200, from NumPy's legacy stream with seed 1."""
    random = np.random.RandomState(1)
    X = np.empty((400, 2))
    for j in range(2):
        angle = np.linspace(j * 3.12, (j + 1) * 3.12, 200) + random.randn(200) * 0.2
        radius = 4 * np.sin(4 * angle) + random.randn(200) * 0.2
        X[200 * j : 200 * (j + 1)] = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
    return X, np.repeat([0, 1], 200)


def legacy_normal(widths: Sequence[int], scale: float, seed: int) -> list[Array]:
    """Weights as courses draw them: `scale * randn(n_out, n_in)`, layer by layer."""
    random = np.random.RandomState(seed)
    return [scale * random.randn(n_out, n_in).T for n_in, n_out in pairwise(widths)]
