"""The data of a comparison, and the layers that fit them."""

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import as_array
from .._tools.text import with_article
from ..datasets import Dataset
from ..datasets import get as get_dataset
from ..nets.targets import CODES

__all__ = [
    "Data",
    "check_widths",
    "default_layers",
    "digest",
    "layers_text",
    "read_data",
    "read_pair",
]

Data: TypeAlias = str | Dataset | tuple[ArrayLike, ArrayLike]


def read_data(data: Data) -> tuple[Dataset | None, NDArray[Any], NDArray[Any]]:
    """Return the data set where there is one, samples and targets."""
    if isinstance(data, str | Dataset):
        dataset = get_dataset(data)
        return dataset, dataset.X, dataset.y
    X, y = read_pair("data must be a name, a Dataset or", data)
    return None, as_array("X", X), as_array("y", y)


def read_pair(must: str, value: Any) -> tuple[ArrayLike, ArrayLike]:
    """Return the two of a pair; what else there is must be, as `must` says."""
    if isinstance(value, tuple | list) and len(value) == 2:
        X, y = value
        return X, y
    size = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    raise TypeError(f"{must} a pair (X, y), got {with_article(type(value).__name__)}{size}")


def default_layers(X: NDArray[Any], y: NDArray[Any], loss: str | None) -> list[int]:
    """Return [features, 4, outputs], the outputs as y needs them."""
    if X.ndim != 2 or y.ndim not in (1, 2) or y.size == 0:
        raise ValueError(
            f"X must have shape (m, n) and y (m,) or (m, n_out), got {X.shape} and {y.shape}"
        )
    outputs = y.shape[1] if y.ndim == 2 else 1
    if outputs == 1 and loss != "mse" and y.dtype.kind in "fiub" and np.isfinite(y).all():
        found = np.unique(y)
        if (between := found[found != np.floor(found)]).size:
            raise ValueError(
                f"y must hold whole numbers, one a class, got {between[0]:g}; for regression use "
                "loss='mse'"
            )
        classes = int(found[-1]) + 1
        if classes > 2 and found.size < classes:
            missing = next(label for label in range(classes) if label not in found)
            raise ValueError(
                f"y holds {found.size} classes from {found[0]:g} to {found[-1]:g} and no "
                f"{missing}; {CODES}, or give layers; for regression use loss='mse'"
            )
        outputs = 1 if classes <= 2 and loss != "cross_entropy" else classes
    return [X.shape[1], 4, outputs]


def check_widths(layers: Sequence[int], X: NDArray[Any], y: NDArray[Any]) -> None:
    """Refuse layers that do not fit what X and y show."""
    if X.ndim == 2 and X.shape[1] != layers[0]:
        features = X.shape[1]
        raise ValueError(
            f"layers[0] is {layers[0]} and the data have {features} features: begin layers with "
            f"{features}"
        )
    if y.ndim == 2 and 1 < y.shape[1] != layers[-1]:
        columns = y.shape[1]
        raise ValueError(
            f"layers[-1] is {layers[-1]} and y has {columns} columns: end layers with {columns}"
        )


def digest(X: ArrayLike, y: ArrayLike) -> str:
    """Return the SHA-256 of samples and targets: of dtypes, shapes and bytes."""
    sha = hashlib.sha256()
    for array in map(np.asarray, (X, y)):
        sha.update(f"{array.dtype.str}{array.shape}".encode())
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def layers_text(layers: Sequence[int]) -> str:
    """Write widths as "2-8x16-1", equal neighbours with their number."""
    parts: list[list[int]] = []
    for width in layers:
        if parts and parts[-1][0] == width and len(parts) > 1:
            parts[-1][1] += 1
        else:
            parts.append([width, 1])
    # "8x2" would be longer to read than "8-8".
    words = []
    for width, count in parts:
        words += [f"{width}x{count}"] if count > 3 else [str(width)] * count
    return "-".join(words)
