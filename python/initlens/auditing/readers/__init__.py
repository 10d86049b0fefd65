"""Readers: a model of any library as a `Reading`, without importing what made it."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from ..._tools.text import with_article
from ...activations import Activations
from ...diagnosis.verdicts import layer_name
from ...nets.network import Network
from . import files, keras, onnx, sklearn, torch, trees
from .reading import Dense, Function, Layout, Opaque, Parameter, Reading

__all__ = ["read"]


def read(
    model: Any,
    X: Any,
    activation: Activations | None,
    layout: Layout | None,
    max_bytes: int | None = None,
) -> Reading:
    """Read a model: what it is, is told by what it looks like.

    Parameters
    ----------
    model, X, activation, layout, max_bytes
        As in `audit`.

    Returns
    -------
    Reading
    """
    if isinstance(model, str | PathLike):
        content = files.read(Path(model), layout, max_bytes)
        return _read_network(content) if isinstance(content, Network) else content
    if isinstance(model, Network):
        return _read_network(model)
    if torch.is_module(model):
        return torch.read(model, X, activation)
    if keras.is_model(model):
        return keras.read(model)
    if sklearn.is_mlp(model):
        return sklearn.read(model)
    if onnx.is_model(model):
        return onnx.read(model)
    model = trees.unwrap(model)
    if isinstance(model, bytes | bytearray):
        raise TypeError("model must be a model or a path; bytes may be a pickle, which is refused")
    if isinstance(model, Mapping):
        return trees.read_mapping(model, type(model).__name__, layout)
    if trees.is_tree(model):
        return trees.read_sequence(model, "list of arrays")
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}: call it first, and pass the object")
    kind = f"{type(model).__module__}.{type(model).__name__}"
    raise TypeError(
        f"cannot read {'None' if model is None else with_article(kind)}: pass a "
        "model of PyTorch or Keras, an MLP of scikit-learn (of a Pipeline its last step, and X as "
        "the steps before give it), a mapping or list of arrays, or a file"
    )


def _read_network(net: Network) -> Reading:
    items: list[Dense | Function | Opaque] = []
    names = [*net.settings.activation, None]
    for index, (w, b, name) in enumerate(zip(net.weights, net.biases, names, strict=True)):
        weight = Parameter((f"weights[{index}]",), w)
        bias = Parameter((f"biases[{index}]",), b)
        items.append(Dense(layer_name(index + 1), weight, bias, "in_out"))
        if name is not None:
            items.append(Function(name, name))
    return Reading("Network", items, loss=net.settings.loss)
