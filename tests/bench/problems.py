"""What is measured: nets, data and starts that every peer gets alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Problem:
    """Gradient descent on one batch: tanh hidden layers, mean squared error, float32."""

    widths: tuple[int, ...]
    batch: int
    learning_rate: float = 0.05

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.widths))} batch {self.batch}"

    def data(self) -> tuple[Array, Array]:
        random = np.random.default_rng(1)
        X = random.standard_normal((self.batch, self.widths[0]))
        y = 0.5 * random.standard_normal((self.batch, self.widths[-1]))
        return X.astype(np.float32), y.astype(np.float32)

    def start(self) -> tuple[list[Array], list[Array]]:
        """Glorot-normal weights (n_in, n_out) and zero biases, a fresh copy."""
        random = np.random.default_rng(2)
        weights = [
            (random.standard_normal((n, m)) * np.sqrt(2 / (n + m))).astype(np.float32)
            for n, m in pairwise(self.widths)
        ]
        return weights, [np.zeros(m, dtype=np.float32) for m in self.widths[1:]]

    def loss(self, weights: list[Array], biases: list[Array]) -> float:
        """In float64, the same code for every peer."""
        a, y = (part.astype(np.float64) for part in self.data())
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            a = a @ w.astype(np.float64) + b
            if layer < len(weights) - 1:
                a = np.tanh(a)
        return float(np.mean((a - y) ** 2))


PROBLEMS = [
    Problem((2, 8, 1), 32),
    Problem((2, 16, 16, 1), 64),
    Problem((8, 64, 64, 1), 64),
    Problem((784, 128, 10), 64),
    Problem((784, 512, 512, 10), 128),
]
