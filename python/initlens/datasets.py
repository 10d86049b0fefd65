"""Small classification data sets, the same numbers for everybody.

All are made with NumPy, except `digits`, which scikit-learn brings along.
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.random import Generator, RandomState
from numpy.typing import NDArray

from ._tools.checks import integer, real
from ._tools.text import build

__all__ = [
    "Dataset",
    "blobs",
    "circles",
    "digits",
    "flower",
    "get",
    "moons",
    "names",
    "spirals",
    "xor",
]

Source: TypeAlias = int | Generator


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples with classes.

    Parameters
    ----------
    name : str
        Its name.
    X : ndarray of shape (m, n), float64
        Samples in rows.
    y : ndarray of shape (m,), int64
        Classes, 0 to `n_classes` - 1.
    n_classes : int
        Number of classes.
    X_test, y_test : ndarray, optional
        Held-out samples, of shapes (m_test, n) and (m_test,).
    """

    name: str
    X: NDArray[np.float64]
    y: NDArray[np.int64]
    n_classes: int
    X_test: NDArray[np.float64] | None = None
    y_test: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        """Return name and sizes in one line."""
        held_out = "" if self.X_test is None else f" + {len(self.X_test)} held out"
        return (
            f"<{self.name} data: {len(self.X)} points{held_out}, {self.X.shape[1]} features, "
            f"{self.n_classes} classes>"
        )


def flower(*, rng: int | RandomState | Generator = 1) -> Dataset:
    """Return the flower of the lecture: 400 points, petals of two classes.

    Parameters
    ----------
    rng : int, RandomState or Generator, default 1
        An int seeds NumPy's legacy `RandomState`, as the lecture does.

    Returns
    -------
    Dataset
        400 points in the plane, 200 of each class.

    Notes
    -----
    Class j: angle = linspace(3.12 j, 3.12 (j + 1), 200) + 0.2 randn, radius = 4 sin(4 angle)
    + 0.2 randn, x = (radius sin(angle), radius cos(angle)).

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.flower()
    <flower data: 400 points, 2 features, 2 classes>
    """
    if isinstance(rng, RandomState | Generator):
        source: RandomState | Generator = rng
    else:
        source = RandomState(integer("rng", rng, minimum=0))
    half = 200
    petals = []
    for label in range(2):
        angle = np.linspace(3.12 * label, 3.12 * (label + 1), half)
        angle = angle + 0.2 * source.standard_normal(half)
        radius = 4.0 * np.sin(4.0 * angle) + 0.2 * source.standard_normal(half)
        petals.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return _dataset("flower", petals)


def circles(m: int = 400, *, noise: float = 0.1, rng: Source = 0) -> Dataset:
    """Return two circles around one centre: class 0 of radius 1, class 1 of radius 1/2.

    Parameters
    ----------
    m : int, default 400
        Number of points.
    noise : float, default 0.1
        Standard deviation of the noise added to each coordinate.
    rng : int or Generator, default 0
        Where the noise comes from.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.circles(100)
    <circles data: 100 points, 2 features, 2 classes>
    """
    rings = []
    for radius, count in zip((1.0, 0.5), _parts(m, 2), strict=True):
        angle = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
        rings.append(radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    return _dataset("circles", _noisy(rings, noise, rng))


def moons(m: int = 400, *, noise: float = 0.1, rng: Source = 0) -> Dataset:
    """Return two half moons, one in the other's arms.

    Parameters
    ----------
    m : int, default 400
        Number of points.
    noise : float, default 0.1
        Standard deviation of the noise added to each coordinate.
    rng : int or Generator, default 0
        Where the noise comes from.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.moons(100)
    <moons data: 100 points, 2 features, 2 classes>
    """
    upper, lower = (np.linspace(0.0, math.pi, count) for count in _parts(m, 2))
    arcs = [
        np.column_stack([np.cos(upper), np.sin(upper)]),
        np.column_stack([1.0 - np.cos(lower), 0.5 - np.sin(lower)]),
    ]
    return _dataset("moons", _noisy(arcs, noise, rng))


def xor(m: int = 400, *, noise: float = 0.0, rng: Source = 0) -> Dataset:
    """Return points of a square, of class 1 where the coordinates' signs differ.

    Parameters
    ----------
    m : int, default 400
        Number of points, uniform on (-1, 1) x (-1, 1).
    noise : float, default 0
        Standard deviation of the noise added to each coordinate after the class is known.
    rng : int or Generator, default 0
        Where points and noise come from.

    Returns
    -------
    Dataset
        The classes balance: half of the points in each.

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.xor(100)
    <xor data: 100 points, 2 features, 2 classes>
    """
    source = _generator(rng)
    quadrants = []
    for differ, count in enumerate(_parts(m, 2)):
        first, second = source.random((2, count))
        sign = np.where(source.random(count) < 0.5, -1.0, 1.0)
        quadrants.append(np.column_stack([sign * first, sign * second * (-1.0) ** differ]))
    return _dataset("xor", _noisy(quadrants, noise, source))


def spirals(m: int = 400, *, classes: int = 2, noise: float = 0.05, rng: Source = 0) -> Dataset:
    """Return spirals of one turn and a half, one per class.

    Parameters
    ----------
    m : int, default 400
        Number of points.
    classes : int, default 2
        Number of spirals.
    noise : float, default 0.05
        Standard deviation of the noise added to each coordinate.
    rng : int or Generator, default 0
        Where the noise comes from.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.spirals(90, classes=3)
    <spirals data: 90 points, 2 features, 3 classes>
    """
    classes = integer("classes", classes, minimum=2)
    arms = []
    for label, count in enumerate(_parts(m, classes)):
        radius = np.linspace(0.1, 1.0, count)
        angle = 3.0 * math.pi * radius + 2.0 * math.pi * label / classes
        arms.append(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))
    return _dataset("spirals", _noisy(arms, noise, rng))


def blobs(m: int = 400, *, classes: int = 3, noise: float = 0.5, rng: Source = 0) -> Dataset:
    """Return round clouds with centres on a circle of radius 2, one per class.

    Parameters
    ----------
    m : int, default 400
        Number of points.
    classes : int, default 3
        Number of clouds.
    noise : float, default 0.5
        Standard deviation of a cloud in each coordinate.
    rng : int or Generator, default 0
        Where the points come from.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.blobs(90)
    <blobs data: 90 points, 2 features, 3 classes>
    """
    classes = integer("classes", classes, minimum=2)
    clouds = []
    for label, count in enumerate(_parts(m, classes)):
        angle = 2.0 * math.pi * label / classes
        clouds.append(np.tile([2.0 * math.cos(angle), 2.0 * math.sin(angle)], (count, 1)))
    return _dataset("blobs", _noisy(clouds, noise, rng))


def digits(*, rng: Source = 0) -> Dataset:
    """Return handwritten digits: 1,797 images of 8 x 8 pixels, a quarter of them held out.

    Parameters
    ----------
    rng : int or Generator, default 0
        Which images are held out.

    Returns
    -------
    Dataset
        64 features, scaled to [0, 1]; 1,348 samples and 449 held out.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    try:
        module: Any = importlib.import_module("sklearn.datasets")
    except ImportError as error:
        raise ImportError(
            "the digits come with scikit-learn: pip install 'initlens[sklearn]'"
        ) from error
    pixels, labels = module.load_digits(return_X_y=True)
    X = np.asarray(pixels, np.float64) / 16.0
    y = np.asarray(labels, np.int64)
    order = _generator(rng).permutation(len(X))
    held_out, kept = np.split(order, [len(X) // 4])
    return Dataset("digits", X[kept], y[kept], 10, X[held_out], y[held_out])


_FACTORIES: Final[dict[str, Callable[..., Dataset]]] = {
    "blobs": blobs,
    "circles": circles,
    "digits": digits,
    "flower": flower,
    "moons": moons,
    "spirals": spirals,
    "xor": xor,
}


def names() -> list[str]:
    """Return the names that `get` knows."""
    return sorted(_FACTORIES)


def get(data: str | Dataset) -> Dataset:
    """Return the data set that a text describes.

    Parameters
    ----------
    data : str or Dataset
        A name ("flower"), a name with arguments ("spirals(classes=3)"), or a `Dataset`, which is
        returned as it is.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the name is not known or an argument does not fit.
    TypeError
        If it is neither a text nor a `Dataset`.

    Examples
    --------
    >>> import initlens as il
    >>> il.datasets.get("spirals(m=90, classes=3)")
    <spirals data: 90 points, 2 features, 3 classes>
    """
    if isinstance(data, Dataset):
        return data
    if not isinstance(data, str):
        raise TypeError(f"data must be a name, such as 'flower', or a Dataset, got {data!r}")
    return build("data set", data, _FACTORIES)


def _dataset(name: str, groups: list[NDArray[np.float64]]) -> Dataset:
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return Dataset(name, np.concatenate(groups), labels.astype(np.int64), len(groups))


def _parts(m: int, classes: int) -> list[int]:
    """Split `m` points over the classes, as evenly as can be."""
    count = integer("m", m, minimum=classes)
    return [count // classes + (label < count % classes) for label in range(classes)]


def _noisy(
    groups: list[NDArray[np.float64]], noise: float, rng: Source
) -> list[NDArray[np.float64]]:
    std = real("noise", noise, minimum=0.0)
    source = _generator(rng)
    return [group + std * source.standard_normal(group.shape) for group in groups]


def _generator(rng: Source) -> Generator:
    if isinstance(rng, Generator):
        return rng
    return np.random.default_rng(integer("rng", rng, minimum=0))
