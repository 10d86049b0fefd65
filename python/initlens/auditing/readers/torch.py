"""Models of PyTorch: a Sequential by its structure, any other Module by watching it compute."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from keyword import iskeyword
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...activations import Activation
from ...activations import get as get_activation
from ...activations import names as activation_names
from .arrays import is_a, is_torch_tensor, samples_array
from .reading import Dense, Function, Opaque, Parameter, Reading

__all__ = [
    "is_module",
    "is_plain_path",
    "keep_buffers",
    "keep_random_states",
    "read",
    "to_tensor",
]

_FUNCTIONS: dict[str, Callable[[Any], str | None]] = {
    "Tanh": lambda m: "tanh",
    "Sigmoid": lambda m: "sigmoid",
    "ReLU": lambda m: "relu",
    "LeakyReLU": lambda m: f"leaky_relu({m.negative_slope})",
    "ELU": lambda m: f"elu({m.alpha})",
    "SELU": lambda m: "selu",
    "GELU": lambda m: "gelu" if m.approximate == "none" else "gelu_tanh",
    "SiLU": lambda m: "silu",
    "Softplus": lambda m: "softplus" if m.beta == 1 else None,
    "Softsign": lambda m: "softsign",
    "Hardtanh": lambda m: "hard_tanh" if (m.min_val, m.max_val) == (-1, 1) else None,
    "Mish": lambda m: "mish",
    "ReLU6": lambda m: "relu6",
    "Hardsigmoid": lambda m: "hard_sigmoid",
    "Hardswish": lambda m: "hard_swish",
    "CELU": lambda m: f"celu({m.alpha})" if m.alpha > 0 else None,
    "LogSigmoid": lambda m: "log_sigmoid",
    "Softshrink": lambda m: f"soft_shrink({m.lambd})",
    "Hardshrink": lambda m: f"hard_shrink({m.lambd})" if m.lambd >= 0 else None,
    "Tanhshrink": lambda m: "tanh_shrink",
    "Identity": lambda m: "identity",
    "Softmax": lambda m: "softmax",
    "LogSoftmax": lambda m: "softmax",
}
# Functions that are the same on some data or all, and which of them is meant.
_PLAINER = {"celu": "elu", "relu6": "relu", "hard_swish": "relu"}
_NOTHING = frozenset({"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"})
_UNITS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LayerNorm", "PReLU"})
_COMPOSITE = frozenset(
    {"Module", "Sequential", "ModuleList", "ModuleDict", "Transformer"}
    | {f"Transformer{part}{kind}" for part in ("Encoder", "Decoder") for kind in ("", "Layer")}
)
# Rounding of float32; BatchNorm at its start, in evaluation, differs by 5e-6 from doing nothing.
_RELATIVE, _ABSOLUTE = 2e-6, 2e-7


def is_module(model: Any) -> bool:
    """Tell whether `model` is a PyTorch Module."""
    return is_a(model, "torch", "Module")


def is_plain_path(model: Any, path: tuple[str, ...]) -> bool:
    """Tell whether items and attributes reach a parameter: model[0].weight, model.f.weight."""
    *layers, _ = path
    for name in layers:
        kind, child = _kind(model), model._modules[name]
        if name.isidentifier() and not iskeyword(name):
            # By attribute it may be something else, such as "items" in a ModuleDict.
            reached = getattr(model, name, None) is child
        elif kind in ("Sequential", "ModuleList"):
            reached = str(list(model._modules).index(name)) == name
        else:
            reached = kind == "ModuleDict" and not name.isdigit()
        if not reached:
            return False
        model = child
    return True


def read(model: Any, X: Any, activation: Any) -> Reading:
    """Read a Module; with X, one whose order is not plain is run on it, in evaluation mode."""
    reading = _read(model, X, activation)
    of_all = model.parameters()  # each once, in whatever module it is
    reading.parameters = sum(
        p.numel() for p in of_all if not is_a(p, "torch", "UninitializedTensorMixin")
    )
    return reading


def _read(model: Any, X: Any, activation: Any) -> Reading:
    kind = _kind(model)
    source = f"PyTorch {type(model).__name__}"
    sequential = kind in ("Sequential", "Linear")
    items: list[Dense | Function | Opaque] = []
    flatten = False
    seen: set[int] = set()
    for path, module in _leaves(model, ()):
        if _kind(module) == "Flatten":
            flatten |= not items
            continue
        again = isinstance(item := _item(path, module), Dense) and id(module) in seen
        items.append(Opaque(item.name, "Linear", "the same layer again") if again else item)
        seen.add(id(module))
        sequential &= _in_sequence(model, path)
    plain = sequential and not any(
        isinstance(item, Opaque) and item.role != "nothing" for item in items
    )
    if plain:
        return Reading(source, items, flatten=flatten)
    if X is not None:
        return _watched(model, X, items, source, activation)
    functions = {item.activation for item in items if isinstance(item, Function)}
    notes = []
    if not sequential:
        notes.append("order of the layers: as registered; pass X to see the order of use")
        items = [item for item in items if not isinstance(item, Function)]
    return Reading(
        source,
        items,
        functions_known=sequential,
        ordered=sequential,
        assumed=functions.pop() if not sequential and len(functions) == 1 else None,
        notes=notes,
    )


def _computes_as_torch(module: Any) -> bool:
    """Tell whether its forward is that of a class of PyTorch."""
    return str(type(module).forward.__module__).split(".")[0] == "torch"


def _kind(module: Any) -> str:
    """Return the name of the first class of PyTorch itself above it."""
    for cls in type(module).__mro__:
        if cls.__module__.startswith("torch.nn.modules"):
            return str(cls.__name__)
    return type(module).__name__


def _leaves(module: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    # Not named_children, which passes over an activation that is used twice.
    children = [(name, child) for name, child in module._modules.items() if child is not None]
    known = _kind(module) not in _COMPOSITE
    if known or not children:
        if known or list(module.parameters(recurse=False)):
            yield path, module
        return
    for name, child in children:
        yield from _leaves(child, (*path, name))


def _in_sequence(model: Any, path: tuple[str, ...]) -> bool:
    """Tell whether all modules around the one at `path` are Sequential."""
    for name in path:
        if _kind(model) != "Sequential" or not _computes_as_torch(model):
            return False
        model = model._modules[name]
    return True


def _item(path: tuple[str, ...], module: Any) -> Dense | Function | Opaque:
    kind, name = _kind(module), ".".join(path) or type(module).__name__
    own = module._parameters
    weight = Parameter((*path, "weight"), own["weight"]) if _has(own, "weight") else None
    bias = Parameter((*path, "bias"), own["bias"]) if _has(own, "bias") else None
    if kind == "Linear":
        if weight is None:
            return Opaque(name, kind, "its weight is computed (parametrization)")
        if not _computes_as_torch(module):
            reason = "weights alone: its forward is its own"
            return Opaque(name, type(module).__name__, reason, "blocks", weight, bias)
        return Dense(name, weight, bias, "out_in")
    if kind in _FUNCTIONS:
        text = _FUNCTIONS[kind](module)
        if text is not None:
            return Function(name, text)
    if kind in _NOTHING:
        return Opaque(name, kind, "no effect at evaluation", "nothing")
    if kind in _UNITS:
        return Opaque(name, kind, "not computed; it acts on each unit alone", "units")
    if kind.startswith("Conv") and weight is not None:
        axis = 1 if "Transpose" in kind else 0
        return Opaque(name, kind, "weights alone", "blocks", weight, bias, axis)
    if kind in ("Embedding", "EmbeddingBag") and weight is not None:
        return Opaque(name, kind, "weights alone", "blocks", weight, None, -1, scaled=False)
    return Opaque(name, type(module).__name__, "not a dense layer")


def _has(own: Any, name: str) -> bool:
    value = own.get(name)
    return value is not None and not is_a(value, "torch", "UninitializedTensorMixin")


# ---- by watching ------------------------------------------------------------------------------


class _PlainSignalError(ValueError):
    """More than one activation does to the signal what the model does."""


class _Call(NamedTuple):
    dense: Dense
    received: NDArray[Any]
    returned: NDArray[Any]


def _watched(
    model: Any, X: Any, items: list[Dense | Function | Opaque], source: str, activation: Any
) -> Reading:
    """Return the layers in the order of their calls, and between them what maps one to the next."""
    dense = {item.name: item for item in items if isinstance(item, Dense)}
    opaque: list[Dense | Function | Opaque] = [item for item in items if isinstance(item, Opaque)]
    calls, output = _run(model, X, dense)
    notes = ["order of the layers: as called on X"]
    called = [call.dense.name for call in calls]
    opaque += [Opaque(name, "Linear", "not called on X") for name in dense if name not in called]
    repeated = sorted({name for name in called if called.count(name) > 1})
    ranks = {array.ndim for call in calls for array in (call.received, call.returned)}
    own = [item.activation for item in items if isinstance(item, Function)]
    finite = all(np.isfinite(call.received).all() for call in calls)
    told = activation is not None or len(set(own)) == 1
    if not calls or repeated or ranks != {2} or not (finite or told):
        why = (
            f"{', '.join(repeated)} called more than once"
            if repeated
            else "they do not get one row a sample"
            if ranks != {2}
            else "the signal is not finite"
        )
        order = [dense[name] for name in dict.fromkeys(called)]
        notes.append(f"weights alone: {why}")
        return Reading(source, [*order, *opaque], False, False, finite=finite, notes=notes)
    chain: list[Dense | Function | Opaque] = []
    features = calls[0].received
    plain = all(_is_constant(call.dense) for call in calls)
    obstacle: str | None = None
    for index, call in enumerate(calls):
        chain.append(call.dense)
        if index + 1 == len(calls):
            break
        following = calls[index + 1]
        name = f"{call.dense.name} to {following.dense.name}"
        wanted = _given(activation, index)
        try:
            found = _between(call.returned, following.received, own, wanted, name)
        except _PlainSignalError:
            if not plain:
                raise
            reason = "an activation that is not known: the signal is the same for all of them"
            chain.append(Opaque(name, "", reason, "units"))
            obstacle = f"all weights are constant, and the activation from {name} is not told by X"
            continue
        if found is None:
            reason = "what passes between them is no activation known here"
            chain.append(Opaque(name, "", reason))
            features = following.received
        else:
            chain.append(Function(name, found))
    if not np.isfinite(features).all():  # broken by what is not computed here
        notes.append("weights alone: the signal is not finite")
        order = [call.dense for call in calls]
        return Reading(source, [*order, *opaque], False, False, finite=False, notes=notes)
    last = calls[-1].returned
    if output is None or output.shape != last.shape:
        chain.append(Opaque("output", "", "what follows the last dense layer is not known"))
    elif not _close(last, output):
        final = _output_function(last, output)
        chain.append(
            Function("output", final)
            if final
            else Opaque("output", "", "what follows the last dense layer is not known")
        )
    # In front, where they part nothing: what the dense layers get is known.
    return Reading(source, [*opaque, *chain], features=features, obstacle=obstacle, notes=notes)


def _is_constant(dense: Dense) -> bool:
    """Tell whether all weights of a layer are the same number, such as 0."""
    weight = samples_array(dense.weight.name, dense.weight.value)
    return bool(weight.size) and bool((weight == weight.flat[0]).all())


def _run(model: Any, X: Any, dense: dict[str, Dense]) -> tuple[list[_Call], NDArray[Any] | None]:
    torch = sys.modules["torch"]
    calls: list[_Call] = []

    def watch(item: Dense) -> Callable[[Any, Any, Any], None]:
        def hook(_: Any, received: Any, returned: Any) -> None:
            calls.append(
                _Call(
                    item, samples_array(item.name, received[0]), samples_array(item.name, returned)
                )
            )

        return hook

    modes = [(module, module.training) for module in model.modules()]
    handles = [
        module.register_forward_hook(watch(dense[name]))
        for name, module in model.named_modules()
        if name in dense
    ]
    try:
        model.eval()
        with torch.no_grad(), keep_random_states(model), keep_buffers(model):
            output = model(to_tensor(torch, model, X))
    except Exception as error:
        raise ValueError(f"the model fails on X: {type(error).__name__}: {error}") from error
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return calls, samples_array("output", output) if is_torch_tensor(output) else None


@contextmanager
def keep_random_states(model: Any) -> Iterator[None]:
    """Put the generators that a Module may draw from back to where they were."""
    torch = sys.modules["torch"]
    legacy = np.random.get_state()  # noqa: NPY002
    devices = sorted({p.device.index or 0 for p in model.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            np.random.set_state(legacy)  # noqa: NPY002


@contextmanager
def keep_buffers(model: Any) -> Iterator[None]:
    """Put the buffers that a Module may write to back as they were: the objects, their values."""
    torch = sys.modules["torch"]
    lazy = "UninitializedTensorMixin"  # has no values yet
    kept = [
        (
            module,
            dict(module._buffers),
            {
                name: buffer.detach().clone()
                for name, buffer in module._buffers.items()
                if buffer is not None and not is_a(buffer, "torch", lazy)
            },
        )
        for module in model.modules()
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            for module, buffers, values in kept:
                for name, buffer in buffers.items():
                    if buffer is not None and is_a(buffer, "torch", lazy):
                        continue
                    module._buffers[name] = buffer
                    if name in values and not torch.equal(buffer, values[name]):
                        buffer.copy_(values[name])


def to_tensor(torch: Any, model: Any, X: Any) -> Any:
    """Return samples as a tensor of the dtype and on the device of a Module."""
    parameter = next(iter(model.parameters()), torch.zeros(()))
    if is_torch_tensor(X):
        return X.to(parameter.device, parameter.dtype if X.is_floating_point() else X.dtype)
    array = np.asarray(X)
    if array.dtype.kind in "iu" and any(_kind(m).startswith("Embedding") for m in model.modules()):
        return torch.as_tensor(array, device=parameter.device)
    return torch.as_tensor(array.copy(), dtype=parameter.dtype, device=parameter.device)


def _close(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return bool(np.allclose(a, b, rtol=_RELATIVE, atol=_ABSOLUTE))


def _given(activation: Any, index: int) -> str | None:
    if activation is None or isinstance(activation, str | Activation):
        return None if activation is None else str(get_activation(activation))
    return str(get_activation(activation[index])) if index < len(activation) else None


def _between(
    z: NDArray[Any], a: NDArray[Any], own: list[str], wanted: str | None, where: str
) -> str | None:
    """Return the activation that maps z to a; the model's own ones first, then any other."""
    if z.shape != a.shape:
        return None

    def fits(text: str) -> bool:
        if not np.isfinite(z).all():
            return True  # nothing speaks against it
        expected = get_activation(text)(z)
        return _close(expected, a)

    if wanted is not None:
        if not fits(wanted):
            raise ValueError(f"activation {wanted!r} is not what the model computes from {where}")
        return wanted
    registered = [text for text in dict.fromkeys(own) if text != "softmax" and fits(text)]
    if len(registered) == 1:
        return registered[0]
    found = registered or [text for text in activation_names() if fits(text)]
    found = [text for text in found if _PLAINER.get(text) not in found]
    if len(found) > 1:
        raise _PlainSignalError(
            f"from {where} the signal is too small or too plain to tell {' from '.join(found)}: "
            "pass activation="
        )
    return found[0] if found else None


def _output_function(z: NDArray[Any], a: NDArray[Any]) -> str | None:
    shifted = np.exp(z - z.max(axis=1, keepdims=True))
    softmax = shifted / shifted.sum(axis=1, keepdims=True)
    candidates = {"sigmoid": get_activation("sigmoid")(z), "softmax": softmax}
    for name, expected in candidates.items():
        if _close(expected, a):
            return name
    with np.errstate(divide="ignore"):
        log = np.log(softmax)
    return "softmax" if np.allclose(log, a, rtol=1e-4, atol=1e-6) else None
