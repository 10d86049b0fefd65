"""The data that starts are judged on: 28 sets, each small, drawn from a seed.

A set is a function ``(rng, m) -> (X, y)`` of m samples in rows. Integer y are classes, others are
values. `HELD_OUT` names the sets that no threshold was ever fitted on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import initlens as il

Array = NDArray[Any]
Data = tuple[Array, Array]
Maker = Callable[[np.random.Generator, int], Data]

SETS: dict[str, Maker] = {}
HELD_OUT: set[str] = set()


def _set(*, held_out: bool = False) -> Callable[[Maker], Maker]:
    def add(make: Maker) -> Maker:
        name = make.__name__.strip("_")
        SETS[name] = make
        if held_out:
            HELD_OUT.add(name)
        return make

    return add


def make(name: str, rng: np.random.Generator, m: int) -> Data:
    """Return X of shape (m or fewer, n) and y of shape (m,) or (m, outputs)."""
    X, y = SETS[name](rng, m)
    return np.ascontiguousarray(X, np.float64), y


def _plane(data: il.datasets.Dataset) -> Data:
    return data.X, data.y.astype(int)


@cache
def _sklearn(name: str) -> Data:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    return bunch.data, bunch.target


def _some(name: str, rng: np.random.Generator, m: int) -> Data:
    X, y = _sklearn(name)
    rows = rng.permutation(len(X))[:m]
    return X[rows], y[rows]


# ---- thresholds may be fitted on these ------------------------------------------------------


@_set()
def _blobs(rng: np.random.Generator, m: int) -> Data:
    return _plane(il.datasets.blobs(m, classes=int(rng.integers(2, 7)), rng=rng))


@_set()
def _moons(rng: np.random.Generator, m: int) -> Data:
    return _plane(il.datasets.moons(m, noise=0.15, rng=rng))


@_set()
def _circles(rng: np.random.Generator, m: int) -> Data:
    return _plane(il.datasets.circles(m, rng=rng))


@_set()
def _xor(rng: np.random.Generator, m: int) -> Data:
    return _plane(il.datasets.xor(m, noise=0.05, rng=rng))


@_set()
def _clouds(rng: np.random.Generator, m: int) -> Data:
    """Normal classes in 20 dimensions, 5 of which matter."""
    y = rng.integers(0, 4, m)
    X = rng.normal(size=(m, 20))
    X[:, :5] += 1.5 * rng.normal(size=(4, 5))[y]
    return X, y


@_set()
def _linear(rng: np.random.Generator, m: int) -> Data:
    X = rng.normal(size=(m, 8))
    return X, X @ rng.normal(size=8) + 0.1 * rng.normal(size=m)


@_set()
def _sine(rng: np.random.Generator, m: int) -> Data:
    X = rng.uniform(-3, 3, (m, 1))
    return X, np.sin(X[:, 0]) + 0.1 * rng.normal(size=m)


@_set()
def _friedman(rng: np.random.Generator, m: int) -> Data:
    """J. Friedman, "Multivariate adaptive regression splines", 1991, the first problem."""
    X = rng.uniform(size=(m, 10))
    curve = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    return X, curve + 10 * X[:, 3] + 5 * X[:, 4] + rng.normal(size=m)


@_set()
def _digits(rng: np.random.Generator, m: int) -> Data:
    return _some("digits", rng, m)


@_set()
def _iris(rng: np.random.Generator, m: int) -> Data:
    return _some("iris", rng, m)


@_set()
def _unbalanced(rng: np.random.Generator, m: int) -> Data:
    """One sample in ten is of class 1."""
    y = (rng.uniform(size=m) < 0.1).astype(int)
    y[:2] = 0, 1
    return rng.normal(size=(m, 6)) + 1.2 * y[:, None], y


@_set()
def _collinear(rng: np.random.Generator, m: int) -> Data:
    """Twelve columns of rank 3, but for a thousandth."""
    hidden = rng.normal(size=(m, 3))
    X = hidden @ rng.normal(size=(3, 12)) + 1e-3 * rng.normal(size=(m, 12))
    return X, np.tanh(hidden[:, 0]) + 0.5 * hidden[:, 1] * hidden[:, 2]


@_set()
def _constant_columns(rng: np.random.Generator, m: int) -> Data:
    X = np.hstack([rng.normal(size=(m, 4)), np.tile(rng.uniform(-1, 3, 6), (m, 1))])
    return X, (X[:, 0] + np.sin(2 * X[:, 1]) > 0).astype(int)


@_set()
def _few(rng: np.random.Generator, m: int) -> Data:
    """A hundred samples at most."""
    X = rng.normal(size=(min(m, 100), 5))
    return X, np.abs(X[:, 0]) + 0.5 * X[:, 1]


@_set()
def _radial(rng: np.random.Generator, m: int) -> Data:
    X = rng.normal(size=(m, 3))
    return X, np.exp(-0.5 * (X**2).sum(axis=1))


@_set()
def _outputs(rng: np.random.Generator, m: int) -> Data:
    """Three targets."""
    X = rng.normal(size=(m, 5))
    return X, np.stack([X[:, 0] * X[:, 1], np.sin(X[:, 2]), X[:, 3] - X[:, 4]], axis=1)


# ---- never looked at while fitting ----------------------------------------------------------


@_set(held_out=True)
def _spirals(rng: np.random.Generator, m: int) -> Data:
    return _plane(il.datasets.spirals(m, classes=int(rng.integers(2, 4)), rng=rng))


@_set(held_out=True)
def _flower(rng: np.random.Generator, m: int) -> Data:
    data = il.datasets.flower()
    rows = rng.permutation(len(data.X))[:m]
    return data.X[rows], data.y[rows].astype(int)


@_set(held_out=True)
def _checkerboard(rng: np.random.Generator, m: int) -> Data:
    X = rng.uniform(-2, 2, (m, 2))
    return X, (np.floor(X).sum(axis=1) % 2).astype(int)


@_set(held_out=True)
def _wine(rng: np.random.Generator, m: int) -> Data:
    return _some("wine", rng, m)


@_set(held_out=True)
def _breast_cancer(rng: np.random.Generator, m: int) -> Data:
    return _some("breast_cancer", rng, m)


@_set(held_out=True)
def _diabetes(rng: np.random.Generator, m: int) -> Data:
    return _some("diabetes", rng, m)


@_set(held_out=True)
def _cubic(rng: np.random.Generator, m: int) -> Data:
    X = rng.normal(size=(m, 2))
    return X, X[:, 0] ** 3 - X[:, 1]


@_set(held_out=True)
def _products(rng: np.random.Generator, m: int) -> Data:
    X = rng.normal(size=(m, 6))
    return X, X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3]


@_set(held_out=True)
def _wide(rng: np.random.Generator, m: int) -> Data:
    """More columns than samples."""
    m = min(m, 120)
    X = rng.normal(size=(m, 150))
    return X, (X[:, :10].sum(axis=1) > 0).astype(int)


@_set(held_out=True)
def _sparse(rng: np.random.Generator, m: int) -> Data:
    """Nine of ten entries are 0."""
    X = rng.exponential(size=(m, 40)) * (rng.uniform(size=(m, 40)) < 0.1)
    return X, np.argmax(X @ rng.normal(size=(40, 3)) + 1e-9 * rng.normal(size=(m, 3)), axis=1)


@_set(held_out=True)
def _staircase(rng: np.random.Generator, m: int) -> Data:
    X = rng.uniform(-2, 2, (m, 2))
    return X, np.floor(X[:, 0]) + (X[:, 1] > 0)


@_set(held_out=True)
def _heavy_tails(rng: np.random.Generator, m: int) -> Data:
    X = rng.standard_t(3, size=(m, 7))
    return X, (X[:, 0] - X[:, 1] + 0.5 * np.abs(X[:, 2]) > 0.3).astype(int)
