"""Data sets: published numbers, geometry without noise, determinism."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from initlens import datasets


def test_flower_is_the_published_one() -> None:
    data = datasets.flower()
    assert data.X.shape == (400, 2)
    np.testing.assert_allclose(data.X[0], (1.20444229, 3.57611415), rtol=0, atol=5e-9)
    assert abs(data.X.sum() - 10.0879832774416) < 1e-12
    assert np.array_equal(data.y, np.repeat([0, 1], 200))


def test_flower_of_another_source() -> None:
    assert not np.array_equal(datasets.flower(rng=2).X, datasets.flower().X)
    source = np.random.RandomState(1)
    assert np.array_equal(datasets.flower(rng=source).X, datasets.flower().X)
    assert datasets.flower(rng=np.random.default_rng(0)).X.shape == (400, 2)


MADE = [name for name in datasets.names() if name not in ("digits", "flower")]


@pytest.mark.parametrize("name", MADE)
def test_sizes_classes_and_determinism(name: str) -> None:
    data = datasets.get(f"{name}(m=101)")
    assert data.name == name
    assert data.X.shape == (101, 2)
    assert data.X.dtype == np.float64
    assert data.y.shape == (101,)
    assert data.y.dtype == np.int64
    counts = np.bincount(data.y, minlength=data.n_classes)
    assert len(counts) == data.n_classes
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(datasets.get(f"{name}(101)").X, data.X)
    assert not np.array_equal(datasets.get(f"{name}(101, noise=0.1, rng=1)").X, data.X)


@pytest.mark.parametrize("name", MADE)
def test_noise_has_its_standard_deviation(name: str) -> None:
    clean = datasets.get(f"{name}(m=4000, noise=0)").X
    noisy = datasets.get(f"{name}(m=4000, noise=0.3)").X
    assert abs((noisy - clean).std() / 0.3 - 1) < 5 / np.sqrt(2 * clean.size)


def test_geometry_without_noise() -> None:
    circles = datasets.circles(noise=0.0)
    radius = np.where(circles.y == 0, 1.0, 0.5)
    np.testing.assert_allclose(np.hypot(*circles.X.T), radius, rtol=1e-12)

    moons = datasets.moons(noise=0.0)
    centre = np.where(moons.y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.hypot(*(moons.X - centre).T), 1.0, rtol=1e-12)
    assert moons.X[moons.y == 0, 1].min() > -1e-12
    assert moons.X[moons.y == 1, 1].max() < 0.5 + 1e-12

    xor = datasets.xor()
    assert np.array_equal((xor.X[:, 0] * xor.X[:, 1] < 0).astype(int), xor.y)
    assert len({tuple(signs) for signs in np.sign(xor.X)}) == 4

    spirals = datasets.spirals(300, classes=3, noise=0.0)
    assert spirals.n_classes == 3
    first, second = (spirals.X[spirals.y == label] @ [1, 1j] for label in (0, 1))
    np.testing.assert_allclose(second / first, np.exp(2j * np.pi / 3), rtol=1e-9)

    blobs = datasets.blobs(4, classes=4, noise=0.0)
    np.testing.assert_allclose(blobs.X, [[2, 0], [0, 2], [-2, 0], [0, -2]], atol=1e-12)


def test_digits_are_scikit_learns_split_in_two() -> None:
    sklearn: Any = pytest.importorskip("sklearn.datasets")
    pixels, labels = sklearn.load_digits(return_X_y=True)
    data = datasets.digits()
    assert data.X_test is not None
    assert data.y_test is not None
    assert data.X.shape == (1348, 64)
    assert data.X_test.shape == (449, 64)
    assert data.X.min() == 0
    assert data.X.max() == 1
    assert data.n_classes == 10
    ours = np.column_stack(
        [np.concatenate([data.X, data.X_test]) * 16, np.concatenate([data.y, data.y_test])]
    )
    theirs = np.column_stack([pixels, labels])
    assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])
    assert np.array_equal(datasets.digits().X_test, data.X_test)
    assert not np.array_equal(datasets.digits(rng=1).X_test, data.X_test)


def test_digits_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"initlens\[sklearn\]"):
        datasets.digits()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("flowr", "Did you mean 'flower'"),
        ("moons(size=3)", "size"),
        ("moons(", "cannot read the data set"),
        ("moons(1)", "m must be at least 2"),
        ("circles(noise=-1)", "noise"),
        ("spirals(classes=1)", "classes"),
        ("blobs(rng=-1)", "rng"),
    ],
)
def test_bad_text(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        datasets.get(text)


def test_wrong_type() -> None:
    with pytest.raises(TypeError, match="data must be"):
        datasets.get(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="rng"):
        datasets.xor(rng=None)  # type: ignore[arg-type]


def test_repr() -> None:
    assert repr(datasets.flower()) == "<flower data: 400 points, 2 features, 2 classes>"
