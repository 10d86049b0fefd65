"""What is to be learned: a data set, an architecture, an optimizer and its steps, from a seed.

`draw` is a pure function of (seed, index). Depth, width, batch and steps are log-uniform, within
the time that one training may take (`NANOSECONDS`); the learning rate is found in `outcomes`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

import initlens as il

from . import datasets
from .datasets import Array, Data

Key = TypeVar("Key")

# Name and weight.
ACTIVATIONS = {
    "tanh": 3.0,
    "relu": 3.0,
    "sigmoid": 2.0,
    "gelu": 2.0,
    "leaky_relu": 1.5,
    "elu": 1.5,
    "silu": 1.5,
    "softplus": 1.0,
    "selu": 1.0,
    "softsign": 1.0,
    "hard_tanh": 1.0,
    "erf": 1.0,
    "mish": 1.0,
    "relu6": 1.0,
    "sin": 1.0,
    "arctan": 1.0,
    "hard_swish": 0.5,
    "squared_relu": 0.5,
    "lecun_tanh": 0.5,
    "hard_sigmoid": 0.5,
}
# Ranges of hidden layers, and weights.
DEPTHS = {(1, 1): 1.0, (2, 2): 1.0, (3, 5): 1.2, (6, 11): 1.4, (12, 20): 1.6}
OPTIMIZERS = {"sgd": 3.0, "momentum": 2.0, "nesterov": 1.0, "adam": 3.0, "rmsprop": 1.5}
# How X and, of regression, y come: raw, each column standardized, and then shifted or scaled.
INPUTS = {"raw": 2.0, "standardized": 4.0, "shifted": 1.0, "times_255": 1.0, "times_0.03": 1.0}
TARGETS = {"standardized": 5.0, "raw": 2.0, "offset": 1.5, "large": 1.0, "huge": 0.5}
NANOSECONDS = 9e7  # of one training
FACTORS = (1.0, 3.0, 10.0)  # of the tuned rate; the last two for a third of the tasks


@dataclass(frozen=True)
class Task:
    """A net's settings, its data and how it is trained, all but the rate.

    Parameters
    ----------
    seed, index : int
        Where it was drawn from.
    data, inputs, targets : str
        Of `datasets.SETS`, `INPUTS`, `TARGETS` (of classes "classes").
    layers : tuple of int
        Widths, inputs first.
    activation, loss, dtype : str
        As in `initlens.Network`.
    optimizer : str
        Of `OPTIMIZERS`.
    batch_size : int or None
        None is all samples.
    steps : int
        Of one training.
    factors : tuple of float
        The rates of the starts, as multiples of the tuned one.
    """

    seed: int
    index: int
    data: str
    inputs: str
    targets: str
    samples: int
    layers: tuple[int, ...]
    activation: str
    loss: str
    dtype: str
    optimizer: str
    batch_size: int | None
    steps: int
    factors: tuple[float, ...]

    @property
    def depth(self) -> int:
        """Hidden layers."""
        return len(self.layers) - 2

    def net(self) -> il.Network:
        """A net of this architecture, all zeros."""
        return il.Network(self.layers, self.activation, self.loss, self.dtype)


def draw(seed: int, index: int, names: list[str]) -> Task:
    """Return task `index` of `seed`, on one of the data sets `names`."""
    rng = generator(seed, index, 0)
    name = names[int(rng.integers(len(names)))]
    inputs, targets = pick(rng, INPUTS), pick(rng, TARGETS)
    samples = round(log_uniform(rng, 100, 600))
    X, y = _prepared(seed, index, name, inputs, targets, samples)
    loss, outputs = _loss(y, rng.uniform())
    activation = pick(rng, ACTIVATIONS)
    dtype = ("float32", "float64")[int(rng.integers(2))]
    optimizer = pick(rng, OPTIMIZERS)
    factors = FACTORS if rng.uniform() < 1 / 3 else FACTORS[:1]
    low, high = pick(rng, DEPTHS)
    depth = int(rng.integers(low, high + 1))
    while True:
        width = round(log_uniform(rng, 2 if depth <= 2 else 4 if depth <= 5 else 6, 256))
        shape = rng.uniform()
        hidden = [width] * depth
        if shape < 0.2:  # a funnel
            hidden = [max(2, round(width * (1 - 0.6 * i / depth))) for i in range(depth)]
        batch = None if rng.uniform() < 0.35 else int(rng.choice([16, 32, 64, 128]))
        layers = (X.shape[1], *hidden, outputs)
        step = nanoseconds(layers, min(batch or len(X), len(X)), dtype)
        most = NANOSECONDS / step
        least = 100 if depth <= 2 else 200 if depth <= 5 else 500
        if most >= 1.5 * least:
            break
    steps = round(log_uniform(rng, least, min(3_000, most)))
    targets = "classes" if _are_classes(y) else targets
    return Task(
        *(seed, index, name, inputs, targets, samples, layers, activation, loss, dtype),
        *(optimizer, None if batch is None or batch >= len(X) else batch, steps, factors),
    )


def data_of(task: Task) -> Data:
    """Return X and y of a task."""
    X, y = _prepared(task.seed, task.index, task.data, task.inputs, task.targets, task.samples)
    return X, _for_loss(y, task.loss, task.layers[-1])


def nanoseconds(layers: tuple[int, ...], batch: int, dtype: str) -> float:
    """Of one step of `fit_many`, on one core, about."""
    weights = sum((a + 1) * b for a, b in pairwise(layers))
    wide = 2.0 if dtype == "float64" else 1.0
    return 2_000 + wide * batch * (0.08 * weights + 2.5 * sum(layers[1:]))


def generator(*key: int) -> np.random.Generator:
    """A generator of this key alone."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def pick(rng: np.random.Generator, weights: dict[Key, float]) -> Key:
    """One of the keys, as often as its weight says."""
    share = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(share, rng.uniform() * share[-1]))]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Between low and high, its logarithm uniform."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def _prepared(
    seed: int, index: int, name: str, inputs: str, targets: str, samples: int
) -> tuple[Array, Array]:
    """X and y, as classes or values."""
    rng = generator(seed, index, 1)
    X, y = datasets.make(name, rng, samples)
    if inputs != "raw":
        X = standardized(X)
    if inputs == "shifted":
        X = X + rng.uniform(1, 4)
    elif inputs.startswith("times_"):
        X = X * float(inputs.removeprefix("times_"))
    if _are_classes(y):
        return X, np.unique(y, return_inverse=True)[1]
    if targets != "raw":
        y = standardized(y)
    if targets == "offset":
        y = y + rng.choice([-1, 1]) * rng.uniform(2, 10)
    elif targets == "large":
        y = y * log_uniform(rng, 3, 300)
    elif targets == "huge":
        y = y * log_uniform(rng, 1e3, 1e8)
    return X, y


def _are_classes(y: Array) -> bool:
    return bool(np.issubdtype(y.dtype, np.integer))


def _loss(y: Array, choice: float) -> tuple[str, int]:
    """Loss and number of outputs for y; `choice` in [0, 1) picks the loss of classes."""
    if not _are_classes(y):
        return "mse", 1 if y.ndim == 1 else y.shape[1]
    classes = int(y.max()) + 1
    if classes > 2:
        return "cross_entropy" if choice < 0.85 else "mse", classes
    if choice < 0.65:
        return "binary_cross_entropy", 1
    return ("cross_entropy", 2) if choice < 0.9 else ("mse", 1)


def standardized(values: Array) -> Array:
    """Columns of mean 0 and standard deviation 1; constant ones of mean 0."""
    spread = values.std(axis=0)
    centred: Array = values - values.mean(axis=0)
    return centred / np.where(spread > 1e-12 * np.abs(values).max(), spread, 1.0)


def _for_loss(y: Array, loss: str, outputs: int) -> Array:
    """Classes as mse takes them: 0 and 1, a column for each class of more than two."""
    if loss == "mse" and _are_classes(y):
        return np.eye(outputs)[y] if outputs > 1 else y.astype(np.float64)
    return y
