"""Models of Keras 3, on any backend."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from .arrays import is_a
from .reading import Dense, Function, Opaque, Parameter, Reading

__all__ = ["is_model", "read"]

_NOTHING = frozenset(
    {
        "InputLayer",
        "Dropout",
        "GaussianDropout",
        "GaussianNoise",
        "AlphaDropout",
        "SpatialDropout1D",
    }
)
_UNITS = frozenset({"BatchNormalization", "LayerNormalization", "PReLU"})
_TEXTS = {
    **{name: name for name in ("tanh", "sigmoid", "relu", "selu", "silu", "softplus", "softsign")},
    "elu": "elu",
    "gelu": "gelu",
    "linear": "identity",
    "softmax": "softmax",
    "log_softmax": "softmax",
    "leaky_relu": "leaky_relu(0.2)",  # Keras' own default
    "hard_tanh": "hard_tanh",
    "hard_silu": "hard_swish",
    "relu6": "relu6",
    "mish": "mish",
    "hard_sigmoid": "hard_sigmoid",
    "celu": "celu",
    "log_sigmoid": "log_sigmoid",
    "soft_shrink": "soft_shrink",
    "hard_shrink": "hard_shrink",
    "tanh_shrink": "tanh_shrink",
    "exponential": "exponential",
    "sin": "sin",  # these two are no activations of Keras, but operations: keras.ops
    "arctan": "arctan",
}
_LAYERS: dict[str, Callable[[Any], str | None]] = {
    "Activation": lambda layer: _text(layer.activation),
    "ReLU": lambda layer: {(None, 0, 0): "relu", (6, 0, 0): "relu6"}.get(
        (layer.max_value, layer.negative_slope, layer.threshold)
    ),
    "LeakyReLU": lambda layer: f"leaky_relu({layer.negative_slope})",
    "ELU": lambda layer: f"elu({layer.alpha})",
    "Softmax": lambda layer: "softmax",
}


def is_model(model: Any) -> bool:
    """Tell whether `model` is a Keras layer or model."""
    return is_a(model, "keras", "Layer")


def read(model: Any) -> Reading:
    """Read a built model; a functional one must be a chain to be computed."""
    if not model.built:
        raise ValueError("this Keras model has no weights yet: call it once, or build(input_shape)")
    items: list[Dense | Function | Opaque] = []
    flatten = False
    for layer in _leaves(model):
        if _kind(layer) == "Flatten":
            flatten |= not items
            continue
        items += _items(layer)
    ordered, notes = _is_chain(model), []
    if not ordered:
        notes.append("order of the layers: as registered; it is no plain chain")
    return Reading(
        f"Keras {type(model).__name__}",
        items,
        ordered=ordered,
        flatten=flatten,
        parameters=sum(math.prod(variable.shape) for variable in model.trainable_weights),
        notes=notes,
    )


def _kind(layer: Any) -> str:
    for cls in type(layer).__mro__:
        if cls.__module__.split(".")[0] == "keras":
            return str(cls.__name__)
    return type(layer).__name__


def _leaves(layer: Any) -> Iterator[Any]:
    inner = getattr(layer, "layers", None)
    if inner is None:
        yield layer
        return
    for child in inner:
        yield from _leaves(child)


def _is_chain(model: Any) -> bool:
    kind = _kind(model)
    if kind == "Sequential":
        return all(_is_chain(layer) for layer in model.layers if hasattr(layer, "layers"))
    if kind == "Functional":
        try:
            return len(model.inputs) == 1 == len(model.outputs) and all(
                after.input is before.output
                for before, after in zip(model.layers, model.layers[1:], strict=False)
            )
        except (AttributeError, ValueError):  # a layer that is called more than once
            return False
    return not hasattr(model, "layers")


def _text(function: Any) -> str | None:
    return _TEXTS.get(getattr(function, "__name__", ""))


def _items(layer: Any) -> list[Dense | Function | Opaque]:
    kind, name = _kind(layer), str(layer.name)
    kernel = getattr(layer, "kernel", None)
    bias = getattr(layer, "bias", None)
    weight = None if kernel is None else Parameter((name, "kernel"), kernel)
    offset = None if bias is None else Parameter((name, "bias"), bias)
    if kind == "Dense" and weight is not None:
        text = _text(layer.activation)
        after = (
            Opaque(f"{name}.activation", "", f"activation {layer.activation!r} is not known here")
            if text is None
            else Function(f"{name}.activation", text)
        )
        return [Dense(name, weight, offset, "in_out"), after]
    if kind in _LAYERS:
        text = _LAYERS[kind](layer)
        if text is not None:
            return [Function(name, text)]
    if kind in _NOTHING:
        return [Opaque(name, kind, "no effect at evaluation", "nothing")]
    if kind in _UNITS:
        return [Opaque(name, kind, "not computed; it acts on each unit alone", "units")]
    if kind.startswith("Conv") and weight is not None:
        axis = -2 if "Transpose" in kind else -1
        return [Opaque(name, kind, "weights alone", "blocks", weight, offset, axis)]
    if kind == "Embedding":
        table = Parameter((name, "embeddings"), layer.embeddings)
        return [Opaque(name, kind, "weights alone", "blocks", table, None, -1, scaled=False)]
    return [Opaque(name, kind, "not a dense layer")]
