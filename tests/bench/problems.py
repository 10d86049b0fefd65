"""What is trained: nets, data and starts that every peer gets alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """Gradient descent on one batch: tanh hidden layers, mean squared error or softmax."""

    widths: tuple[int, ...]
    batch: int
    learning_rate: float = 0.05
    dtype: str = "float32"
    classes: bool = False  # softmax and cross-entropy

    @property
    def name(self) -> str:
        name = f"{'-'.join(map(str, self.widths))} batch {self.batch}"
        return f"{name} softmax" if self.classes else name

    @property
    def nets(self) -> int:
        return 1

    @property
    def flops(self) -> int:
        """Of the products of one step: forward, weight gradients, gradients of all but the data."""
        sizes = [n * m for n, m in pairwise(self.widths)]
        return 2 * self.batch * self.nets * (3 * sum(sizes) - sizes[0])

    def data(self) -> tuple[Array, Array]:
        random = np.random.default_rng(1)
        X = random.standard_normal((self.batch, self.widths[0]))
        if self.classes:
            y = np.eye(self.widths[-1])[np.arange(self.batch) % self.widths[-1]]
        else:
            y = 0.5 * random.standard_normal((self.batch, self.widths[-1]))
        return X.astype(self.dtype), y.astype(self.dtype)

    def start(self) -> tuple[list[Array], list[Array]]:
        """Glorot-normal weights (n_in, n_out) and zero biases, a fresh copy."""
        random = np.random.default_rng(2)
        weights = [
            self._normal(random, n, m, np.sqrt(2 / (n + m))) for n, m in pairwise(self.widths)
        ]
        return weights, [np.zeros((*w.shape[:-2], w.shape[-1]), self.dtype) for w in weights]

    def _normal(self, random: np.random.Generator, n: int, m: int, std: float) -> Array:
        return (random.standard_normal((n, m)) * std).astype(self.dtype)

    def loss(self, weights: list[Array], biases: list[Array]) -> Array:
        """In float64, the same code for every peer; of many nets one each."""
        a, y = (part.astype(np.float64) for part in self.data())
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            a = a @ np.asarray(w, np.float64) + np.asarray(b)[..., None, :]
            if layer < len(weights) - 1:
                a = np.tanh(a)
        if self.classes:
            a = a - a.max(axis=-1, keepdims=True)
            terms = np.sum(y * (np.log(np.exp(a).sum(axis=-1, keepdims=True)) - a), axis=-1)
            return np.asarray(np.mean(terms, axis=-1))
        return np.asarray(np.mean((a - y) ** 2, axis=(-2, -1)))


@dataclass(frozen=True)
class Population(Problem):
    """Many nets on the same batch: parameters of all in one array, the net first."""

    count: int = 1

    @property
    def name(self) -> str:
        return f"{self.count} nets {super().name}"

    @property
    def nets(self) -> int:
        return self.count

    def _normal(self, random: np.random.Generator, n: int, m: int, std: float) -> Array:
        return (random.standard_normal((self.count, n, m)) * std).astype(self.dtype)


PROBLEMS = [
    Problem((2, 8, 1), 32),
    Problem((2, 16, 16, 1), 64),
    Problem((8, 64, 64, 1), 64),
    Problem((64, 32, 10), 64, classes=True),
    Problem((784, 128, 10), 64),
    Problem((784, 512, 512, 10), 128),
]
POPULATIONS = [Population((2, 8, 1), 32, count=count) for count in (256, 4096)]
