"""Plain arrays: lists of (W, b), state dicts, trees of Flax and JAX, the content of files."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .arrays import is_a, is_torch_tensor
from .reading import Dense, Function, Layout, Opaque, Parameter, Reading

__all__ = ["is_tree", "read_mapping", "read_sequence", "unwrap"]

_WEIGHTS = frozenset({"weight", "weights", "kernel", "w", "coef", "coefs", "embedding"})
_BIASES = frozenset({"bias", "biases", "b", "offset", "intercept", "intercepts"})
# What normalisation layers keep and do not train.
_STATISTICS = frozenset({"running_mean", "running_var", "num_batches_tracked", "mean", "var"})
_NUMBERED = re.compile(r"([A-Za-z]+)_?(\d+)")
_POSITIONAL = re.compile(r"arr_\d+")  # what np.savez calls arrays without a name
_MAX_DEPTH = 32


def is_tree(model: Any) -> bool:
    """Tell whether `model` is a mapping, or a sequence of layers."""
    return isinstance(model, Mapping) or (
        isinstance(model, Sequence) and not isinstance(model, str | bytes)
    )


def unwrap(model: Any) -> Any:
    """Return the parameters of an nnx module or state of Flax as a mapping, else `model`."""
    if is_a(model, "flax", "Module") and "flax.nnx" in sys.modules:
        nnx: Any = sys.modules["flax.nnx"]
        if isinstance(model, nnx.Module):
            model = nnx.state(model, nnx.Param)
    if is_a(model, "flax", "State"):
        return dict(model)
    return model


def read_mapping(
    tree: Mapping[Any, Any], source: str, layout: Layout | None, *, units_last: bool = False
) -> Reading:
    """Read named arrays; the names say what is a weight and what a bias.

    A "kernel" is (n_in, n_out) in every library that has one; a "weight" of PyTorch tensors is
    (n_out, n_in). Other names leave it open.
    """
    nested = any(isinstance(value, Mapping) for value in tree.values())
    leaves = list(_leaves(tree, (), 0))
    if leaves and all(_POSITIONAL.fullmatch(leaf.name) for leaf in leaves):
        return read_sequence([leaf.value for leaf in leaves], source, leaves)
    groups: dict[tuple[str, ...], dict[str, Parameter]] = {}
    for leaf in leaves:
        group, role = _role(leaf.path)
        groups.setdefault(group, {}).setdefault(role, leaf)
    order = _by_number(list(groups))
    items: list[Dense | Function | Opaque] = []
    for group in order:
        items.append(_item(".".join(group) or "layer", groups[group], layout, units_last))
    notes = [] if order == list(groups) else ["order of the layers: by the numbers in their names"]
    trained = [leaf for leaf in leaves if _role(leaf.path).role not in _STATISTICS]
    return Reading(
        source,
        items,
        functions_known=False,
        nested=nested,
        parameters=sum(leaf.size for leaf in trained),
        notes=notes,
    )


def read_sequence(
    layers: Sequence[Any], source: str, named: Sequence[Parameter] | None = None
) -> Reading:
    """Read [(W, b), ...], [W, ...], [{"w": W, "b": b}, ...] or [W, b, W, b, ...]."""
    items: list[Dense | Function | Opaque] = []

    def parameter(index: int, name: str, value: Any) -> Parameter:
        return named[index] if named else Parameter((str(index), name), value)

    for index, layer in enumerate(layers):
        name = named[index].name if named else f"layer {len(items) + 1}"
        if isinstance(layer, Mapping):
            inner = {_role((str(key),))[1]: value for key, value in layer.items()}
            if "weight" not in inner:
                items.append(Opaque(name, "", f"no weight among {', '.join(map(str, layer))}"))
                continue
            keys = {_role((str(key),))[1]: str(key) for key in layer}
            weight = Parameter((str(index), keys["weight"]), inner["weight"])
            bias = inner.get("bias")
            offset = None if bias is None else Parameter((str(index), keys["bias"]), bias)
            items.append(Dense(name, weight, offset, None))
        elif isinstance(layer, tuple | list) and _rank(layer) is None:
            if not layer:
                continue  # a layer of JAX' stax without parameters
            if len(layer) > 2:
                raise ValueError(f"{name} holds {len(layer)} arrays: give (W, b), or W alone")
            w, b = (*layer, None)[:2]
            offset = None if b is None else Parameter((str(index), "b"), b)
            items.append(Dense(name, Parameter((str(index), "W"), w), offset, None))
        else:
            last = items[-1] if items else None
            if _rank(layer) == 1 and isinstance(last, Dense) and last.bias is None:
                bias_of = parameter(index, "b", layer)
                items[-1] = Dense(last.name, last.weight, bias_of, None)
            else:
                items.append(Dense(name, parameter(index, "W", layer), None, None))
    return Reading(source, items, functions_known=False)


def _rank(value: Any) -> int | None:
    """Return the rank of an array or of a nested list of numbers, None for a pair of arrays."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape)
    if not isinstance(value, list | tuple) or not value:
        return None
    if isinstance(value[0], int | float):
        return 1
    inner = value[0]
    if isinstance(inner, list | tuple) and inner and isinstance(inner[0], int | float):
        return (
            2
            if all(isinstance(row, list | tuple) and len(row) == len(inner) for row in value)
            else None
        )
    return None


def _leaves(tree: Any, path: tuple[str, ...], depth: int) -> Iterator[Parameter]:
    if depth > _MAX_DEPTH:
        raise ValueError(f"{'.'.join(path[:3])}...: more than {_MAX_DEPTH} levels of names")
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)), depth + 1)
    elif is_a(tree, "flax", "State"):
        yield from _leaves(dict(tree), path, depth)
    elif isinstance(tree, tuple | list) and _rank(tree) is None:
        for index, value in enumerate(tree):
            yield from _leaves(value, (*path, str(index)), depth + 1)
    else:
        yield Parameter(path, tree)


class _Role(NamedTuple):
    group: tuple[str, ...]
    role: str


def _role(path: tuple[str, ...]) -> _Role:
    """Split "fc1.weight" and "W1" into the layer and "weight", "bias" or another name."""
    parts = tuple(part for name in path for part in re.split(r"[./]", name) if part)
    *group, last = parts or ("",)
    match = _NUMBERED.fullmatch(last)
    if match and match[1].lower() in _WEIGHTS | _BIASES:
        last = match[1]
        group = [*group, match[2]]
    lower = last.lower()
    role = "weight" if lower in _WEIGHTS else "bias" if lower in _BIASES else last
    return _Role(tuple(group), role)


def _by_number(groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Sort names that differ by their numbers alone; leave others as they are."""
    plain = {tuple(re.sub(r"\d+", "#", part) for part in group) for group in groups}
    if len(plain) != 1:
        return groups
    return sorted(groups, key=lambda group: [int(n) for n in re.findall(r"\d+", ".".join(group))])


def _item(
    name: str, group: Mapping[str, Parameter], layout: Layout | None, units_last: bool
) -> Dense | Opaque:
    weight, bias = group.get("weight"), group.get("bias")
    if weight is None:
        acts = bias is not None or "scale" in group
        reason = f"no weight among {', '.join(group)}"
        return Opaque(name, "", reason, "units" if acts else "nothing")
    rank = _rank(weight.value)
    last = re.split(r"[./]", weight.path[-1])[-1].lower()
    kernel = last.startswith("kernel") or units_last
    torch = is_torch_tensor(weight.value)
    if last == "embedding":
        return Opaque(name, "embedding", "weights alone", "blocks", weight, None, -1, scaled=False)
    known: Layout | None = "in_out" if kernel else "out_in" if torch else None
    if rank == 2:
        return Dense(name, weight, bias, known)
    if rank is not None and rank > 2:
        axis = -1 if (known or layout) == "in_out" else 0
        return Opaque(name, "", f"weight of {rank} dimensions", "blocks", weight, bias, axis)
    return Opaque(name, "", "a vector, not a matrix: a normalisation?", "units")
