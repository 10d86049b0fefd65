"""ONNX graphs: Gemm and MatMul with Add along one chain, through the `onnx` package."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..._tools.npz import MAX_ARRAYS
from .arrays import is_a
from .reading import Dense, Function, Layout, Opaque, Parameter, Reading, parameter_count

__all__ = ["is_model", "load", "read"]


def _hard_sigmoid(a: dict[str, Any]) -> str | None:
    sixth = abs(a.get("alpha", 0.2) - 1.0 / 6.0) < 1e-6
    return "hard_sigmoid" if sixth and a.get("beta", 0.5) == 0.5 else None


def _shrink(a: dict[str, Any]) -> str | None:
    threshold, bias = a.get("lambd", 0.5), a.get("bias", 0.0)
    kind = {0.0: "hard_shrink", threshold: "soft_shrink"}.get(bias)
    return None if kind is None or threshold < 0 else f"{kind}({threshold:.8g})"


_MOST = 8 * MAX_ARRAYS  # nodes of a graph: a layer is a few of them

# Of an attribute: a float, an integer, a text.
_VALUES: dict[int, Callable[[Any], Any]] = {1: lambda a: a.f, 2: lambda a: a.i, 3: lambda a: a.s}
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
    "Mish": lambda a: "mish",
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": lambda a: "hard_swish",
    "Celu": lambda a: f"celu({a.get('alpha', 1.0):.8g})",
    "Shrink": _shrink,
    "Exp": lambda a: "exponential",
    "Atan": lambda a: "arctan",
    "Sin": lambda a: "sin",
    "Identity": lambda a: "identity",
    "Softmax": lambda a: "softmax",
    "LogSoftmax": lambda a: "softmax",
}
# By their ends.
_CLIPPED: dict[tuple[float | None, float | None], str] = {
    (0.0, 6.0): "relu6",
    (-1.0, 1.0): "hard_tanh",
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
    for what, content in (("nodes", model.graph.node), ("tensors", model.graph.initializer)):
        if len(content) > _MOST:
            raise ValueError(f"it has {len(content):,} {what}, more than {_MOST:,}")
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
    outputs = [value.name for value in model.graph.output]
    if outputs != [walk.at]:
        reason = "the graph gives something else than its last node"
        walk.items.append(Opaque("output", "", reason))
    held = [walk.constants[tensor.name] for tensor in model.graph.initializer]
    parameters = sum(array.size for array in held if array.ndim and array.dtype.kind == "f")
    # Weights that other nodes hold are among the items alone.
    parameters = max(parameters, sum(map(parameter_count, walk.items)))
    return Reading("ONNX graph", walk.items, flatten=walk.flatten, parameters=parameters)


def _constant(helper: Any, tensor: Any) -> Any:
    if tensor.data_location:  # 1: in another file, whose path the model names
        raise ValueError(f"{tensor.name!r} is kept in another file: save the model as one")
    if any(length < 0 for length in tensor.dims):
        raise ValueError(f"the tensor {tensor.name!r} has a negative length")
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
        if not node.output or not (node.input or node.op_type == "Constant"):
            raise ValueError(f"a node {node.op_type} without input or output")
        kind, name = node.op_type, node.name or node.output[0]
        attributes = {a.name: a for a in node.attribute}
        if kind == "Constant":
            if "value" in attributes:
                self.constants[node.output[0]] = _constant(helper, attributes["value"].t)
            return
        if kind in ("Identity", "Transpose") and node.input[0] in self.constants:
            value = self.constants[node.input[0]]
            if kind == "Transpose":
                order = attributes["perm"].ints if "perm" in attributes else None
                value = value.transpose(None if order is None else list(order))
            self.constants[node.output[0]] = value
            return
        data = [source for source in node.input if source and source not in self.constants]
        if not data:
            return  # constants from constants
        item: Dense | Function | Opaque | None
        if data == [self.at]:
            plain = {key: _VALUES[a.type](a) for key, a in attributes.items() if a.type in _VALUES}
            item = self._item(node, kind, name, plain)
        else:
            item = Opaque(name, kind, "not on one chain of nodes")
        self.at = node.output[0]
        if item is not None:
            self.items.append(item)

    def _item(
        self, node: Any, kind: str, name: str, attributes: dict[str, Any]
    ) -> Dense | Function | Opaque | None:
        first, second, third = (*node.input, "", "")[:3]
        last = self.items[-1] if self.items else None
        if kind == "Gemm" and first == self.at and self._rank(second) == 2:
            scales = (attributes.get("alpha", 1.0), attributes.get("beta", 1.0))
            if scales == (1.0, 1.0) and not attributes.get("transA", 0):
                layout: Layout = "out_in" if attributes.get("transB", 0) else "in_out"
                bias = self._parameter(third) if third else None
                return Dense(name, self._parameter(second), bias, layout)
        if kind == "MatMul" and first == self.at and self._rank(second) == 2:
            return Dense(name, self._parameter(second), None, "in_out")
        constant = second if first == self.at else first
        if (
            kind == "Add"
            and isinstance(last, Dense)
            and last.bias is None
            and self._rank(constant) == 1
        ):
            bias = self._parameter(constant)
            self.items[-1] = Dense(last.name, last.weight, bias, last.layout)
            return None
        if kind in _FUNCTIONS:
            try:
                text = _FUNCTIONS[kind](attributes)
            except TypeError as error:
                raise ValueError(f"{name}: an attribute of {kind} is not a number") from error
            if text is not None:
                return Function(name, text)
        if kind == "Clip" and (text := _CLIPPED.get((self._scalar(second), self._scalar(third)))):
            return Function(name, text)
        if kind in ("Flatten", "Reshape") and last is None:
            self.flatten = True
            return None
        if kind == "Dropout":
            return Opaque(name, kind, "no effect at evaluation", "nothing")
        if kind == "BatchNormalization":
            return Opaque(name, kind, "not computed; it acts on each unit alone", "units")
        if kind == "Conv" and (self._rank(second) or 0) > 2:
            return Opaque(name, kind, "weights alone", "blocks", self._parameter(second))
        return Opaque(name, kind, "not a dense layer")

    def _rank(self, name: str) -> int | None:
        """Return the rank of a constant, None for what is none."""
        return self.constants[name].ndim if name in self.constants else None

    def _scalar(self, name: str) -> float | None:
        """Return a constant of one element, None for anything else."""
        constant = self.constants.get(name)
        return float(constant.item()) if constant is not None and constant.size == 1 else None

    def _parameter(self, name: str) -> Parameter:
        return Parameter((name,), self.constants[name])
