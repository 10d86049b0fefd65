"""Targets and losses: encoding y for the core, the loss at chance, accuracy."""

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import as_array, choice
from .._tools.text import counted

__all__ = ["CODES", "LOSSES", "accuracy", "chance_loss", "encode", "resolve_loss"]

LOSSES: Final = ("binary_cross_entropy", "cross_entropy", "mse")


# What turns labels of any kind into classes.
CODES: Final = "labels become 0, 1, ... by np.unique(y, return_inverse=True)[1]"


def resolve_loss(loss: str | None, outputs: int) -> str:
    """Return the loss; None is cross-entropy, binary for one output.

    Raises
    ------
    ValueError
        If the loss is not known, or softmax is asked for with a single output.
    """
    if loss is None:
        return "binary_cross_entropy" if outputs == 1 else "cross_entropy"
    name = choice("loss", loss, LOSSES)
    if name == "cross_entropy" and outputs == 1:
        raise ValueError(
            "cross_entropy needs at least 2 outputs, one a class; with 1 output use "
            "binary_cross_entropy"
        )
    return name


def encode(y: ArrayLike, loss: str, outputs: int) -> NDArray[Any]:
    """Return y as the core takes it: shape (m, outputs), real and finite.

    Parameters
    ----------
    y : array_like
        For "binary_cross_entropy" 0 and 1, for "cross_entropy" class indices (m,) or one-hot rows
        (m, outputs), for "mse" values. With one output (m,) and (m, 1) are the same.
    loss : str
        One of `LOSSES`.
    outputs : int
        Width of the output layer.

    Raises
    ------
    ValueError
        If shape or values do not fit the loss.
    TypeError
        If y is complex, text or of objects.
    """
    array = as_array("y", y)
    if array.dtype.kind not in "fiub":
        value = f": {array.reshape(-1)[:1].tolist()[0]!r} in row 0" if array.size else ""
        way_out = f"; {CODES}" if array.ndim and array.dtype.kind in "OSTU" else ""
        raise TypeError(f"y must hold real numbers, got dtype {array.dtype}{value}{way_out}")
    if array.ndim not in (1, 2) or array.shape[0] == 0:
        empty = "; it has no samples" if array.ndim and array.shape[0] == 0 else ""
        raise ValueError(f"y must have shape (m,) or (m, {outputs}), got {array.shape}{empty}")
    holes = np.argwhere(~np.isfinite(array))
    if holes.size:
        first = tuple(holes[0])
        raise ValueError(
            f"y holds {array[first]} in row {first[0]}; remove or replace such samples first"
        )
    if loss == "cross_entropy" and (array.ndim == 1 or array.shape[1] == 1):
        return _one_hot(array.reshape(-1), outputs)
    if array.ndim == 1:
        array = array.reshape(-1, 1)
    if array.shape[1] != outputs:
        raise ValueError(
            f"y has {counted(array.shape[1], 'column')} and the net {counted(outputs, 'output')} "
            f"(y.shape {np.shape(y)})"
        )
    if loss == "binary_cross_entropy":
        _refuse_unless_binary(array, "binary_cross_entropy needs y of 0 and 1")
    elif loss == "cross_entropy":
        _refuse_unless_binary(array, "cross_entropy needs y of class indices or one-hot rows")
        wrong = np.flatnonzero(array.sum(axis=1) != 1)
        if wrong.size:
            raise ValueError(f"y must hold a single 1 in each one-hot row; row {wrong[0]} does not")
    return array


def chance_loss(target: NDArray[Any], loss: str) -> float:
    """Return the loss of the best constant guess for an encoded target.

    The entropy of the class frequencies for the cross-entropies, the variance for mse; infinite
    where that overflows.
    """
    if loss == "mse":
        with np.errstate(over="ignore", invalid="ignore"):
            variance = float(np.mean(np.var(target, axis=0, dtype=np.float64)))
        return variance if np.isfinite(variance) else float("inf")
    share = np.asarray(target, np.float64).mean(axis=0)
    if loss == "cross_entropy":
        return _entropy(share)
    return float(np.mean([_entropy(np.array([p, 1.0 - p])) for p in share]))


def accuracy(output: NDArray[Any], target: NDArray[Any], loss: str) -> float:
    """Return the share of right classes, in [0, 1]; NaN for mse, which has none.

    A probability above 1/2 is class 1; of equal probabilities the first class wins.
    """
    if loss == "mse":
        return float("nan")
    if loss == "cross_entropy":
        return float(np.mean(output.argmax(axis=1) == target.argmax(axis=1)))
    return float(np.mean((output > 0.5) == (target == 1)))


def _one_hot(classes: NDArray[Any], outputs: int) -> NDArray[np.float64]:
    wrong = np.flatnonzero((classes != np.floor(classes)) | (classes < 0) | (classes >= outputs))
    if wrong.size:
        row = wrong[0]
        raise ValueError(
            f"y must hold classes 0 to {outputs - 1} (the net has {outputs} outputs), "
            f"got {classes[row]} in row {row}; {CODES}; for regression use loss='mse'"
        )
    target = np.zeros((classes.size, outputs))
    target[np.arange(classes.size), classes.astype(np.intp)] = 1.0
    return target


def _refuse_unless_binary(array: NDArray[Any], wanted: str) -> None:
    wrong = np.argwhere((array != 0) & (array != 1))
    if wrong.size:
        row, column = wrong[0]
        raise ValueError(f"{wanted}, got {array[row, column]} in row {row}; {_way_out(array)}")


def _way_out(y: NDArray[Any]) -> str:
    if y.shape[1] > 1:
        return "for regression use loss='mse'"
    if np.unique(y).size <= 2:
        return CODES
    return "more than 2 classes need one output each; for regression use loss='mse'"


def _entropy(share: NDArray[np.float64]) -> float:
    present = share[share > 0]
    return float(-np.sum(present * np.log(present)) + 0.0)
