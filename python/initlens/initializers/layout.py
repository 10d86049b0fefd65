"""Fans: how many inputs and outputs the weights of a layer have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

from .._tools.checks import choice, integer

__all__ = ["Axes", "Layout", "axes_of", "fans"]

Layout: TypeAlias = Literal["in_out", "out_in"]
Axes: TypeAlias = tuple[int | Sequence[int], int | Sequence[int]]


def fans(
    shape: Sequence[int], layout: Layout = "in_out", axes: Axes | None = None
) -> tuple[int, int]:
    """Return fan-in and fan-out of weights of any rank.

    Parameters
    ----------
    shape : sequence of int
        Sizes, at least 0. () counts as one weight, (n,) as n inputs and n outputs.
    layout : {"in_out", "out_in"}, default "in_out"
        Of two axes or more: the last two are inputs and outputs, as in Keras, JAX and Haiku, or the
        first two are outputs and inputs, as in PyTorch.
    axes : (int or tuple of int, int or tuple of int), optional
        Input and output axes, instead of `layout`.

    Returns
    -------
    (int, int)
        All other axes are a receptive field and multiply both.

    Raises
    ------
    ValueError
        If an axis does not exist or is named twice, or a size is negative.
    TypeError
        If a size or an axis is not an integer.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.fans((784, 128))
    (784, 128)
    >>> il.initializers.fans((1, 2, 3, 4))
    (6, 8)
    >>> il.initializers.fans((64, 32, 3, 3), layout="out_in")
    (288, 576)
    """
    choice("layout", layout, ("in_out", "out_in"))
    if not isinstance(shape, Iterable):
        raise TypeError(f"shape must be a sequence of sizes, such as (784, 128), got {shape!r}")
    sizes = [integer(f"shape[{axis}]", size, minimum=0) for axis, size in enumerate(shape)]
    if axes is None and len(sizes) < 2:
        size = sizes[0] if sizes else 1
        return size, size
    inputs, outputs, others = axes_of(len(sizes), layout, axes)
    field = math.prod(sizes[axis] for axis in others)
    return (
        field * math.prod(sizes[axis] for axis in inputs),
        field * math.prod(sizes[axis] for axis in outputs),
    )


def axes_of(
    rank: int, layout: Layout, axes: Axes | None
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the input axes, the output axes and the others."""
    choice("layout", layout, ("in_out", "out_in"))
    if axes is None:
        axes = (rank - 2, rank - 1) if layout == "in_out" else (1, 0)
    try:
        first, second = axes
    except (TypeError, ValueError):
        raise ValueError(f"axes must be a pair (inputs, outputs), got {axes!r}") from None
    inputs, outputs = _axes("axes[0]", first, rank), _axes("axes[1]", second, rank)
    named = [*inputs, *outputs]
    if not inputs or not outputs or len(set(named)) < len(named):
        raise ValueError(f"axes must name each axis once, inputs and outputs, got {axes!r}")
    return inputs, outputs, tuple(axis for axis in range(rank) if axis not in named)


def _axes(name: str, value: Any, rank: int) -> tuple[int, ...]:
    found = []
    for axis in value if isinstance(value, Sequence) else (value,):
        number = integer(name, axis, minimum=-rank)
        if number >= rank:
            raise ValueError(f"{name} must be below the rank {rank}, got {number}")
        found.append(number % rank)
    return tuple(found)
