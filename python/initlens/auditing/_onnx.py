"""ONNX graphs: Gemm and MatMul with Add along one chain, through the `onnx` package."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._arrays import is_a
from ._reading import Dense, Function, Opaque, Parameter, Reading

__all__ = ["is_model", "load", "read"]

_FUNCTIONS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "Tanh": lambda a: "tanh",
    "Sigmoid": lambda a: "sigmoid",
    "Relu": lambda a: "relu",
    "LeakyRelu": lambda a: f"leaky_relu({a.get('alpha', 0.01):.8g})",
    "Elu": lambda a: f"elu({a.get('alpha', 1.0):.8g})",
    "Selu": lambda a: "selu" if not a else None,
    "Gelu": lambda a: "gelu_tanh" if a.get("approximate") == b"tanh" else "gelu",
    "Softplus": lambda a: "softplus",
    "Softsign": lambda a: "softsign",
    "Erf": lambda a: "erf",
    "Identity": lambda a: "identity",
    "Softmax": lambda a: "softmax",
    "LogSoftmax": lambda a: "softmax",
}


def is_model(model: Any) -> bool:
    """Tell whether `model` is an ONNX ModelProto."""
    return is_a(model, "onnx", "ModelProto")


def load(path: Path) -> Any:
    """Return the model in a file; data outside of the file are not read."""
    onnx = _package("onnx")
    decode_error = _package("google.protobuf.message").DecodeError
    try:
        model = onnx.load(str(path), load_external_data=False)
    except decode_error as error:
        raise ValueError(f"it is no ONNX model: {error}") from error
    if not model.graph.node:
        raise ValueError("it is no ONNX model, or one without nodes")
    return model


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            "an ONNX file needs the package onnx: pip install 'initlens[io]'"
        ) from error


def read(model: Any) -> Reading:
    """Read a graph; the weights must be constants in it."""
    helper = _package("onnx.numpy_helper")
    walk = _Walk({tensor.name: _constant(helper, tensor) for tensor in model.graph.initializer})
    inputs = [value.name for value in model.graph.input if value.name not in walk.constants]
    walk.at = inputs[0] if inputs else ""
    for node in model.graph.node:
        walk.step(node, helper)
    return Reading("ONNX graph", walk.items, flatten=walk.flatten)


def _constant(helper: Any, tensor: Any) -> Any:
    if tensor.data_location:  # 1: in another file, whose path the model names
        raise ValueError(f"{tensor.name!r} is kept in another file: save the model as one")
    try:
        return helper.to_array(tensor)
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"the tensor {tensor.name!r} is broken: {error}") from error


class _Walk:
    """The chain of nodes, from the input on."""

    def __init__(self, constants: dict[str, Any]) -> None:
        self.constants = constants
        self.items: list[Dense | Function | Opaque] = []
        self.flatten = False
        self.at = ""

    def step(self, node: Any, helper: Any) -> None:
        kind, name = node.op_type, node.name or node.output[0]
        if kind == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    self.constants[node.output[0]] = _constant(helper, attribute.t)
            return
        if kind in ("Identity", "Transpose") and node.input[0] in self.constants:
            value = self.constants[node.input[0]]
            self.constants[node.output[0]] = value.T if kind == "Transpose" else value
            return
        data = [source for source in node.input if source and source not in self.constants]
        if not data:
            return  # constants from constants
        item = self._item(node, kind, name)
        if data != [self.at]:
            item = Opaque(name, kind, "not on one chain of nodes")
        self.at = node.output[0]
        if item is not None:
            self.items.append(item)

    def _item(self, node: Any, kind: str, name: str) -> Dense | Function | Opaque | None:
        attributes = {a.name: {1: a.f, 2: a.i, 3: a.s}.get(a.type, a.ints) for a in node.attribute}
        if kind == "Gemm" and self._is_matrix(node.input[1]):
            plain = (attributes.get("alpha", 1.0), attributes.get("beta", 1.0)) == (1.0, 1.0)
            if plain and not attributes.get("transA", 0) and node.input[0] == self.at:
                source = node.input[2] if len(node.input) > 2 and node.input[2] else None
                layout = "out_in" if attributes.get("transB", 0) else "in_out"
                if source is None or source in self.constants:
                    offset = None if source is None else self._parameter(source)
                    weight = self._parameter(node.input[1])
                    return Dense(name, weight, offset, layout)  # type: ignore[arg-type]
        if kind == "MatMul" and node.input[0] == self.at and self._is_matrix(node.input[1]):
            return Dense(name, self._parameter(node.input[1]), None, "in_out")
        if kind == "Add" and self.items:
            last = self.items[-1]
            constant = next((source for source in node.input if source in self.constants), None)
            if (
                isinstance(last, Dense)
                and last.bias is None
                and constant is not None
                and self.constants[constant].ndim == 1
            ):
                bias = self._parameter(constant)
                self.items[-1] = Dense(last.name, last.weight, bias, last.layout)
                return None
        if kind in _FUNCTIONS:
            text = _FUNCTIONS[kind](attributes)
            if text is not None:
                return Function(name, text)
        if kind in ("Flatten", "Reshape") and not self.items:
            self.flatten = True
            return None
        if kind == "Dropout":
            return Opaque(name, kind, "no effect at evaluation", "nothing")
        if kind == "BatchNormalization":
            return Opaque(name, kind, "not computed; it acts on each unit alone", "units")
        if kind == "Conv" and node.input[1] in self.constants:
            weight = self._parameter(node.input[1])
            return Opaque(name, kind, "weights alone", "blocks", weight)
        return Opaque(name, kind, "not a dense layer")

    def _is_matrix(self, name: str) -> bool:
        return name in self.constants and self.constants[name].ndim == 2

    def _parameter(self, name: str) -> Parameter:
        return Parameter((name,), self.constants[name])
