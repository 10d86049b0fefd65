"""What a reader hands over: the layers of a model in their order, nothing computed yet."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

__all__ = [
    "Dense",
    "Function",
    "Layout",
    "Opaque",
    "Parameter",
    "Reading",
    "Skipped",
    "parameter_count",
]

Layout: TypeAlias = Literal["in_out", "out_in"]


class Parameter(NamedTuple):
    """A weight or bias: where it is, and the model's own object."""

    path: tuple[str, ...]
    value: Any

    @property
    def name(self) -> str:
        """Path as text."""
        return ".".join(self.path)

    @property
    def size(self) -> int:
        """Number of its values."""
        shape = getattr(self.value, "shape", None)
        return int(np.size(self.value)) if shape is None else math.prod(int(n) for n in shape)


@dataclass(frozen=True, eq=False)
class Dense:
    """A dense layer. `layout` is None where the source does not fix it."""

    name: str
    weight: Parameter
    bias: Parameter | None
    layout: Layout | None


@dataclass(frozen=True)
class Function:
    """An activation function; `activation` is the text that `activations.get` reads, or softmax."""

    name: str
    activation: str


@dataclass(frozen=True, eq=False)
class Opaque:
    """A layer that is not computed.

    Parameters
    ----------
    name, kind : str
        Its name and its class.
    reason : str
        Why it is skipped.
    role : {"nothing", "units", "blocks"}
        What it does to the signal: nothing at evaluation; something of its own to each unit, so
        that the layers around it stay neighbours; or anything.
    weight, bias : Parameter or None
        For the checks of weights alone.
    units_axis : int
        Axis of the weight that counts units.
    scaled : bool
        Whether the laws of scale are meant for it.
    """

    name: str
    kind: str
    reason: str
    role: Literal["nothing", "units", "blocks"] = "blocks"
    weight: Parameter | None = None
    bias: Parameter | None = None
    units_axis: int = 0
    scaled: bool = True


class Skipped(NamedTuple):
    """A layer that was not read as a dense one, and why."""

    name: str
    reason: str


@dataclass(eq=False)
class Reading:
    """A model as read.

    Parameters
    ----------
    source : str
        What the model is, such as "PyTorch Sequential".
    items : list
        Layers and functions in their order.
    functions_known : bool
        Whether activations are among the items; else they are not known.
    ordered : bool
        Whether the order is that of the computation.
    assumed : str or None
        Activation to take where none is given, for weights alone.
    loss : str or None
        If the model fixes it.
    classes : sequence or None
        Labels of the classes, where y holds labels.
    features : array or None
        What the first of `items` gets, computed by the model itself from X.
    flatten : bool
        Whether X is flattened first.
    nested : bool
        Whether the parameters come from a nested mapping.
    finite : bool
        Whether what the model itself computed from X is.
    obstacle : str or None
        Why the layers cannot be computed, where that is known already.
    parameters : int or None
        How many weights and biases the model has to train; those of `items` by default.
    notes : list of str
        What was found, converted and copied.
    """

    source: str
    items: list[Dense | Function | Opaque]
    functions_known: bool = True
    ordered: bool = True
    assumed: str | None = None
    loss: str | None = None
    classes: Any = None
    features: Any = None
    flatten: bool = False
    nested: bool = False
    finite: bool = True
    obstacle: str | None = None
    parameters: int | None = None
    notes: list[str] = field(default_factory=list)


def parameter_count(item: Dense | Function | Opaque) -> int:
    """Return the number of weights and biases of an item, as far as it holds them."""
    if isinstance(item, Function):
        return 0
    return sum(part.size for part in (item.weight, item.bias) if part is not None)
