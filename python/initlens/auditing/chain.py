"""From a reading to matrices: layouts, dtypes, and which layers follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..activations import Activation, Activations
from ..activations import get as get_activation
from .readers.arrays import real_array
from .readers.reading import Dense, Function, Layout, Opaque, Reading, Skipped

__all__ = ["Chain", "Matrix", "Models", "build"]


@dataclass(frozen=True, eq=False)
class Matrix:
    """A layer's weight as (n_in, n_out), in float32 or float64, and where it came from.

    Parameters
    ----------
    name, kind : str
        Its name; "dense" or the class of a layer that is not computed.
    weight : ndarray of shape (n_in, n_out)
        A view of the model's own memory where it is in one of these dtypes and dense.
    bias : ndarray of shape (n_out,) or None
    layout : str or None
        How the model holds it; None for weights of more dimensions.
    layer : Dense or Opaque
        As read.
    """

    name: str
    kind: str
    weight: NDArray[Any]
    bias: NDArray[Any] | None
    layout: Layout | None
    layer: Dense | Opaque


@dataclass(frozen=True, eq=False)
class Chain:
    """Dense layers that follow each other.

    Parameters
    ----------
    matrices : list of Matrix
    functions : list of str or None
        Between them; None where it is not known.
    """

    matrices: list[Matrix]
    functions: list[str | None]


@dataclass(frozen=True, eq=False)
class Models:
    """A reading, sorted.

    Parameters
    ----------
    chains : list of Chain
        The last one is computed if `obstacle` is None.
    others : list of Matrix
        Layers of which there are weights alone.
    obstacle : str or None
        Why the last chain cannot be computed from what `Reading.features` or X holds.
    output : str or None
        Activation of the output, where the model has one.
    skipped, notes
        As in the report.
    """

    chains: list[Chain]
    others: list[Matrix]
    obstacle: str | None
    output: str | None
    skipped: list[Skipped]
    notes: list[str]


def build(reading: Reading, activation: Activations | None, layout: Layout | None) -> Models:
    """Sort the items of a reading.

    Raises
    ------
    ValueError
        If there is no weight at all, a layout is missing or wrong, or plain arrays do not chain.
    TypeError
        If a weight does not hold real numbers.
    """
    notes = list(reading.notes)
    skipped: list[Skipped] = []
    chains: list[Chain] = []
    others: list[Matrix] = []
    open_chain = False
    waiting: list[str | None] = []  # functions since the last dense layer; None for "units"
    obstacle: str | None = None
    for item in reading.items:
        if isinstance(item, Function):
            known = item.activation != "softmax"
            waiting.append(str(get_activation(item.activation)) if known else "softmax")
        elif isinstance(item, Opaque):
            skipped.append(Skipped(item.name, _reason(item)))
            matrix = _other(item, notes, skipped)
            if matrix is not None:
                others.append(matrix)
            if item.role == "nothing":
                continue
            if item.role == "units" and chains:
                waiting.append(None)
            elif item.role == "blocks" and reading.ordered:
                open_chain = False
            if reading.features is None:
                obstacle = f"{item.name}{f' ({item.kind})' if item.kind else ''} is not computed"
        else:
            matrix = _matrix(item, layout, notes)
            if matrix is None:
                skipped.append(Skipped(item.name, "it has no inputs or no units"))
                continue
            if open_chain and _follows(chains[-1].matrices[-1], matrix, reading):
                chains[-1].functions.append(_one(waiting) if reading.functions_known else None)
                chains[-1].matrices.append(matrix)
            else:
                chains.append(Chain([matrix], []))
            open_chain, waiting = True, []
    if not chains and not others:
        listed = "; ".join(f"{name}: {reason}" for name, reason in skipped) or "it is empty"
        raise ValueError(f"no dense layer in this {reading.source} ({listed})")
    if chains and not reading.functions_known:
        _fill(chains, activation, reading.assumed, notes)
    elif chains and activation is not None:
        _agree(chains, activation)
    obstacle = obstacle or reading.obstacle or _obstacle(chains, reading)
    output = _one(waiting) if reading.functions_known and chains else None
    return Models(chains, others, obstacle, output, skipped, notes)


def _reason(item: Opaque) -> str:
    return f"{item.kind}: {item.reason}" if item.kind else item.reason


def _matrix(item: Dense, layout: Layout | None, notes: list[str]) -> Matrix | None:
    weight, done = real_array(item.weight.name, item.weight.value)
    notes += done
    bias = None
    if item.bias is not None:
        bias, done = real_array(item.bias.name, item.bias.value)
        notes += done
    if weight.ndim != 2:
        raise ValueError(f"{item.weight.name} must be a matrix, got shape {weight.shape}")
    if bias is not None and bias.ndim == 2 and 1 in bias.shape:
        notes.append(f"{item.name}: bias of shape {bias.shape} read as a vector")
        bias = bias.reshape(-1)
    order = _layout(item, weight, bias, layout)
    matrix = weight.T if order == "out_in" else weight
    if bias is not None and bias.shape != (matrix.shape[1],):
        raise ValueError(f"{item.name}: a bias of shape {bias.shape} for {matrix.shape[1]} units")
    if not matrix.size:
        return None
    return Matrix(item.name, "dense", matrix, bias, order, item)


def _layout(
    item: Dense, weight: NDArray[Any], bias: NDArray[Any] | None, given: Layout | None
) -> Layout:
    if item.layout is not None:
        if given is not None and given != item.layout:
            raise ValueError(f"layout={given!r}, but {item.weight.name} is {item.layout!r}")
        return item.layout
    if given is not None:
        return given
    rows, columns = weight.shape
    if rows != columns and bias is not None and bias.size in (rows, columns):
        return "in_out" if bias.size == columns else "out_in"
    why = "is square" if rows == columns else "has no bias that tells"
    raise ValueError(
        f"{item.weight.name} of shape {weight.shape} {why}: pass layout='in_out' for "
        "(n_in, n_out), as Keras, Flax and scikit-learn have it, or 'out_in' for (n_out, n_in), "
        "as PyTorch has it"
    )


def _other(item: Opaque, notes: list[str], skipped: list[Skipped]) -> Matrix | None:
    if item.weight is None:
        return None
    try:
        weight, done = real_array(item.weight.name, item.weight.value)
        notes += done
        bias = None
        if item.bias is not None:
            bias, done = real_array(item.bias.name, item.bias.value)
            notes += done
    except TypeError as error:
        skipped.append(Skipped(item.name, str(error)))
        return None
    flat = np.moveaxis(weight, item.units_axis, -1).reshape(-1, weight.shape[item.units_axis])
    if not flat.size:
        return None
    if bias is not None and bias.shape != (flat.shape[1],):
        bias = None
    return Matrix(item.name, item.kind or "other", flat, bias, None, item)


def _follows(first: Matrix, second: Matrix, reading: Reading) -> bool:
    if first.weight.shape[1] == second.weight.shape[0]:
        return True
    if reading.functions_known or not reading.ordered:
        return False
    raise ValueError(
        f"{first.name} gives {first.weight.shape[1]} values and {second.name} takes "
        f"{second.weight.shape[0]} (shapes {first.weight.shape} and {second.weight.shape} as "
        "n_in, n_out): the layers do not chain"
    )


def _one(functions: list[str | None]) -> str | None:
    """Return the one function among these; None if there is something else."""
    if None in functions:
        return None
    acting = [text for text in functions if text not in (None, "identity")]
    if not acting:
        return "identity"
    return acting[0] if len(acting) == 1 else None


def _fill(
    chains: list[Chain], activation: Activations | None, assumed: str | None, notes: list[str]
) -> None:
    """Set the functions of arrays from the argument `activation`."""
    count = sum(len(chain.functions) for chain in chains)
    if activation is None:
        texts: list[str | None] = [assumed] * count
        if assumed is not None:
            notes.append(f"activation: {assumed}, the only one registered")
    elif isinstance(activation, str | Activation):
        texts = [str(get_activation(activation))] * count
    else:
        texts = [str(get_activation(item)) for item in activation]
        if len(texts) != count:
            raise ValueError(
                f"activation must be one, or one for each of the {count} hidden layers, "
                f"got {len(texts)}"
            )
    for chain in chains:
        chain.functions[:] = [texts.pop(0) for _ in chain.functions]


def _agree(chains: list[Chain], activation: Activations) -> None:
    """Refuse an argument `activation` that is not what the model holds."""
    own = chains[-1].functions
    if isinstance(activation, str | Activation):
        given = [str(get_activation(activation))] * len(own)
    else:
        given = [str(get_activation(item)) for item in activation]
    if len(given) != len(own) or any(
        mine not in (None, text) for mine, text in zip(own, given, strict=True)
    ):
        raise ValueError(f"activation={activation!r}, but the model has {own}")


def _obstacle(chains: list[Chain], reading: Reading) -> str | None:
    if not chains:
        return "there is no dense layer"
    if not reading.ordered:
        return "the order of the layers is not known"
    if len(chains) > 1 and reading.features is None:
        return "its dense layers are no single chain"
    for first, function in zip(pairwise(chains[-1].matrices), chains[-1].functions, strict=True):
        if function is None or function == "softmax":
            where = f"between {first[0].name} and {first[1].name}"
            if reading.functions_known:
                return f"what is computed {where} is not known here"
            return f"the activation {where} is not known: pass activation="
    return None
