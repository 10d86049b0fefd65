"""How nets start: families of initializations, with faults singly and in pairs, from a seed.

A family says how weights and biases are drawn, and which faults are then planted in the net or
in its data. `choose` is a pure function of (task, slot), `build` of (task, start, draw). `HELD_OUT`
names the families that no threshold was ever fitted on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

import initlens as il

from . import tasks
from .datasets import Array
from .tasks import Task, generator, log_uniform

Draw = np.random.Generator
Widths = tuple[int, ...]

RECTIFIERS = (
    *("relu", "leaky_relu", "elu", "gelu", "silu", "mish", "relu6", "softplus", "squared_relu"),
    "hard_swish",
)
REFERENCES = ("he_normal", "glorot_uniform", "orthogonal", "lsuv")


@dataclass(frozen=True)
class Fault:
    """One thing that is not conventional.

    Parameters
    ----------
    kind : str
        One of `PLANTS`.
    layer : int or None
        From 1, the output layer last; None where it is in every layer, or in the data.
    value : float
        A factor, a shift, a size: what the kind takes.
    """

    kind: str
    layer: int | None
    value: float


@dataclass(frozen=True)
class Start:
    """A family with its numbers: all but the random weights.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    slot : int
        Its place among the task's starts.
    weights : str
        Scheme of all weights.
    biases : str or None
        Scheme of all biases; None is the weights' own.
    faults : tuple of Fault
        Planted in this order.
    """

    family: str
    slot: int
    weights: str
    biases: str | None = None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Family:
    """What `choose` draws from."""

    make: Callable[[Draw, Task], tuple[str, str | None, list[Fault]]]
    weight: float
    held_out: bool
    conventional: bool = field(default=False)


FAMILIES: dict[str, Family] = {}
HELD_OUT: set[str] = set()


def conventional(activation: str) -> str:
    """The usual scheme of an activation."""
    if activation == "selu":
        return "lecun_normal"
    return "he_normal" if activation in RECTIFIERS else "glorot_uniform"


def choose(task: Task, slots: int, names: list[str]) -> list[Start]:
    """Starts of different families out of `names`, one a slot."""
    rng = generator(task.seed, task.index, 2)
    left = {name: FAMILIES[name].weight for name in _fitting(names, task)}
    found = []
    for slot in range(slots):
        name = tasks.pick(rng, left)
        del left[name]
        weights, biases, faults = FAMILIES[name].make(rng, task)
        found.append(Start(name, slot, weights, biases, tuple(faults)))
    return found


def _fitting(names: list[str], task: Task) -> list[str]:
    """Those that the task can have: classes have no scale."""
    return [name for name in names if task.loss == "mse" or not name.startswith("targets_")]


def build(task: Task, start: Start, draw: int) -> tuple[il.Network, Array, Array]:
    """The net and its data, of one of the draws of its random weights."""
    X, y = tasks.data_of(task)
    rng = generator(task.seed, task.index, 3, start.slot)
    for fault in start.faults:
        if fault.kind in DATA_PLANTS:
            X, y = DATA_PLANTS[fault.kind](X, y, fault.value, rng)
    net = initialized(task, start.weights, start.biases, (3, start.slot, draw), X)
    rng = generator(task.seed, task.index, 4, start.slot, draw)
    for fault in start.faults:
        if fault.kind in PLANTS:
            PLANTS[fault.kind](net, fault, rng)
    return net, X, y


def initialized(
    task: Task, weights: str, biases: str | None, key: tuple[int, ...], X: Array
) -> il.Network:
    """A net of the task by a scheme; LSUV measures on X, and is orthogonal where it cannot."""
    seed = int(generator(task.seed, task.index, 5, *key).integers(2**31))
    net = task.net()
    if weights != "lsuv":
        return net.initialize(weights, bias=biases, rng=seed)
    try:
        return net.initialize(il.initializers.lsuv(X), rng=seed)
    except ValueError:  # a layer whose outputs are constant
        return net.initialize("orthogonal", rng=seed)


def digest(net: il.Network, X: Array, y: Array) -> str:
    """Of all bits of the net and of its data."""
    found = hashlib.blake2b(digest_size=8)
    for array in (*net.weights, *net.biases, X, y):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


# ---- faults of the data ---------------------------------------------------------------------


def _scaled_inputs(X: Array, y: Array, value: float, rng: Draw) -> tuple[Array, Array]:
    return X * value, y


def _shifted_inputs(X: Array, y: Array, value: float, rng: Draw) -> tuple[Array, Array]:
    return X + value * X.std(), y


def _constant_inputs(X: Array, y: Array, value: float, rng: Draw) -> tuple[Array, Array]:
    """Half of the columns become one large number."""
    X = X.copy()
    X[:, : max(1, X.shape[1] // 2)] = value * X.std()
    return X, y


def _scaled_targets(X: Array, y: Array, value: float, rng: Draw) -> tuple[Array, Array]:
    return X, y * value


def _shifted_targets(X: Array, y: Array, value: float, rng: Draw) -> tuple[Array, Array]:
    return X, y + value * y.std()


DATA_PLANTS: dict[str, Callable[[Array, Array, float, Draw], tuple[Array, Array]]] = {
    "inputs_scale": _scaled_inputs,
    "inputs_mean": _shifted_inputs,
    "inputs_constant": _constant_inputs,
    "targets_scale": _scaled_targets,
    "targets_mean": _shifted_targets,
}


# ---- faults of the net ----------------------------------------------------------------------


def _layers(net: il.Network, fault: Fault) -> range:
    """Indices of the layers of a fault: its own, or all."""
    if fault.layer is None:
        return range(len(net.weights))
    return range(fault.layer - 1, fault.layer)


def _hidden(net: il.Network, fault: Fault) -> range:
    """The same without the output layer."""
    return _layers(net, fault) if fault.layer else range(len(net.weights) - 1)


def _scale(net: il.Network, fault: Fault, rng: Draw) -> None:
    for i in _layers(net, fault):
        net.weights[i][...] *= fault.value


def _scale_hidden(net: il.Network, fault: Fault, rng: Draw) -> None:
    for i in _hidden(net, fault):
        net.weights[i][...] *= fault.value


def _one_signed(net: il.Network, fault: Fault, rng: Draw) -> None:
    for i in _layers(net, fault):
        net.weights[i][...] = np.abs(net.weights[i]) * np.sign(fault.value)


def _biases(net: il.Network, fault: Fault, rng: Draw) -> None:
    for i in _hidden(net, fault):
        net.biases[i][...] = fault.value


def _output_bias(net: il.Network, fault: Fault, rng: Draw) -> None:
    net.biases[-1][...] = fault.value


def _copies(net: il.Network, fault: Fault, rng: Draw) -> None:
    """The first share `value` of a layer's units become copies of its first."""
    for i in _hidden(net, fault):
        units = max(2, round(fault.value * net.weights[i].shape[1]))
        net.weights[i][:, :units] = net.weights[i][:, :1]
        net.biases[i][:units] = net.biases[i][0]
        net.weights[i + 1][:units] = net.weights[i + 1][:1]


def _near_copies(net: il.Network, fault: Fault, rng: Draw) -> None:
    """All units of a layer are copies of the first, but for noise of this relative size."""
    _copies(net, Fault("copies", fault.layer, 1.0), rng)
    for i in _hidden(net, fault):
        for w in (net.weights[i], net.weights[i + 1]):
            w[...] *= 1 + fault.value * rng.standard_normal(w.shape)


def _equal_incoming(net: il.Network, fault: Fault, rng: Draw) -> None:
    """The units of a layer share their incoming weights; biases and outgoing ones differ."""
    for i in _hidden(net, fault):
        net.weights[i][...] = net.weights[i][:, :1]


def _low_rank(net: il.Network, fault: Fault, rng: Draw) -> None:
    """Of rank `value`, at the same norm."""
    rank = int(fault.value)
    for i in _layers(net, fault):
        w = net.weights[i].astype(np.float64)
        u, s, v = np.linalg.svd(w, full_matrices=False)
        kept = (u[:, :rank] * s[:rank]) @ v[:rank]
        net.weights[i][...] = kept * np.linalg.norm(w) / (np.linalg.norm(kept) or 1.0)


def _sparse(net: il.Network, fault: Fault, rng: Draw) -> None:
    """The share `value` of the weights is 0."""
    for i in _layers(net, fault):
        net.weights[i][rng.uniform(size=net.weights[i].shape) < fault.value] = 0.0


def _zero(net: il.Network, fault: Fault, rng: Draw) -> None:
    for i in _layers(net, fault):
        net.weights[i][...] = 0.0


def _signed_zeros(net: il.Network, fault: Fault, rng: Draw) -> None:
    for w in net.weights:
        w[...] *= 0.0


def _permuted(net: il.Network, fault: Fault, rng: Draw) -> None:
    """Units of each hidden layer in another order: harmless."""
    for i in range(len(net.weights) - 1):
        order = rng.permutation(net.weights[i].shape[1])
        net.weights[i][...] = net.weights[i][:, order]
        net.weights[i + 1][...] = net.weights[i + 1][order]


def _inverted(net: il.Network, fault: Fault, rng: Draw) -> None:
    """Every weight with the other sign: harmless."""
    for w in net.weights:
        w[...] *= -1.0


PLANTS: dict[str, Callable[[il.Network, Fault, Draw], None]] = {
    "scale": _scale,
    "scale_all": _scale,
    "saturated": _scale_hidden,
    "one_signed": _one_signed,
    "biases": _biases,
    "output_bias": _output_bias,
    "copies": _copies,
    "near_copies": _near_copies,
    "equal_incoming": _equal_incoming,
    "low_rank": _low_rank,
    "sparse": _sparse,
    "zero": _zero,
    "signed_zeros": _signed_zeros,
    "permuted": _permuted,
    "inverted": _inverted,
}


# ---- families -------------------------------------------------------------------------------

Made = tuple[str, str | None, list[Fault]]


def _family(
    name: str,
    make: Callable[[Draw, Task], Made],
    weight: float = 1.0,
    *,
    held_out: bool = False,
    conventional: bool = False,
) -> None:
    FAMILIES[name] = Family(make, weight, held_out, conventional)
    if held_out:
        HELD_OUT.add(name)


def _scheme(weights: str, biases: str | None = None) -> Callable[[Draw, Task], Made]:
    return lambda rng, task: (weights, biases, [])


def _faulty(make: Callable[[Draw, Task], list[Fault]]) -> Callable[[Draw, Task], Made]:
    """The activation's usual scheme with faults."""
    return lambda rng, task: (conventional(task.activation), None, make(rng, task))


def _sign(rng: Draw) -> float:
    return float(rng.choice([-1.0, 1.0]))


def _any_layer(rng: Draw, task: Task) -> int:
    return int(rng.integers(1, len(task.layers)))


def _hidden_layer(rng: Draw, task: Task) -> int:
    return int(rng.integers(1, task.depth + 1))


def _layer_factor(rng: Draw) -> float:
    return log_uniform(rng, 3, 300) ** _sign(rng)


def _inputs_scale(rng: Draw, task: Task) -> list[Fault]:
    up = rng.uniform() < 0.7
    return [
        Fault(
            "inputs_scale", None, log_uniform(rng, 10, 1000) if up else log_uniform(rng, 1e-3, 0.1)
        )
    ]


def _targets_scale(rng: Draw, task: Task) -> list[Fault]:
    return [Fault("targets_scale", None, log_uniform(rng, 30, 1e7))]


def _targets_mean(rng: Draw, task: Task) -> list[Fault]:
    return [Fault("targets_mean", None, _sign(rng) * log_uniform(rng, 3, 100))]


def _inputs_mean(rng: Draw, task: Task) -> list[Fault]:
    return [Fault("inputs_mean", None, _sign(rng) * log_uniform(rng, 3, 100))]


SINGLE: dict[str, Callable[[Draw, Task], list[Fault]]] = {
    "layer_scale": lambda rng, task: [Fault("scale", _any_layer(rng, task), _layer_factor(rng))],
    "small_all": lambda rng, task: [Fault("scale_all", None, log_uniform(rng, 1e-4, 0.4))],
    "large_all": lambda rng, task: [Fault("scale_all", None, log_uniform(rng, 3, 100))],
    "bias_layer": lambda rng, task: [
        Fault("biases", _hidden_layer(rng, task), _sign(rng) * log_uniform(rng, 3, 100))
    ],
    "dead": lambda rng, task: [Fault("biases", None, -log_uniform(rng, 1, 30))],
    "copies": lambda rng, task: [
        Fault("copies", _hidden_layer(rng, task) if rng.uniform() < 0.5 else None, 1.0)
    ],
    "near_copies": lambda rng, task: [Fault("near_copies", None, log_uniform(rng, 1e-5, 1e-3))],
    "sparse_weights": lambda rng, task: [Fault("sparse", None, rng.uniform(0.5, 0.97))],
    "inputs_scale": _inputs_scale,
    "inputs_mean": _inputs_mean,
    "targets_scale": _targets_scale,
}
HELD_OUT_SINGLE: dict[str, Callable[[Draw, Task], list[Fault]]] = {
    "output_scale": lambda rng, task: [
        Fault("scale", len(task.layers) - 1, log_uniform(rng, 30, 1000) ** _sign(rng))
    ],
    "bias_all": lambda rng, task: [Fault("biases", None, _sign(rng) * log_uniform(rng, 1, 50))],
    "one_signed": lambda rng, task: [
        Fault("one_signed", _any_layer(rng, task) if rng.uniform() < 0.3 else None, _sign(rng))
    ],
    "half_copies": lambda rng, task: [Fault("copies", None, rng.uniform(0.3, 0.8))],
    "equal_incoming": lambda rng, task: [Fault("equal_incoming", None, 1.0)],
    "low_rank": lambda rng, task: [
        Fault("low_rank", _any_layer(rng, task) if rng.uniform() < 0.5 else None, 1.0)
    ],
    "saturated": lambda rng, task: [Fault("saturated", None, log_uniform(rng, 3, 100))],
    "inputs_constant": lambda rng, task: [Fault("inputs_constant", None, log_uniform(rng, 3, 300))],
    "targets_mean": _targets_mean,
    "output_bias": lambda rng, task: [
        Fault("output_bias", None, _sign(rng) * log_uniform(rng, 3, 300))
    ],
}


def _pair(
    singles: dict[str, Callable[[Draw, Task], list[Fault]]],
) -> Callable[[Draw, Task], list[Fault]]:
    def make(rng: Draw, task: Task) -> list[Fault]:
        first, second = rng.choice(_fitting(sorted(singles), task), 2, replace=False)
        return [*singles[first](rng, task), *singles[second](rng, task)]

    return make


def _other_gain(rng: Draw, task: Task) -> Made:
    """He where Glorot is usual, and the other way round."""
    return ("glorot_uniform" if task.activation in RECTIFIERS else "he_normal"), None, []


def _numbered(text: str, low: float, high: float) -> Callable[[Draw, Task], Made]:
    return lambda rng, task: (text.format(log_uniform(rng, low, high)), None, [])


def _uniform_biases(rng: Draw, task: Task) -> Made:
    size = log_uniform(rng, 0.1, 10)
    return conventional(task.activation), f"uniform(-{size:.4g}, {size:.4g})", []


def _equal_weights(rng: Draw, task: Task) -> Made:
    return f"constant({log_uniform(rng, 0.01, 1):.4g})", "torch_linear", []


_family("he_normal", _scheme("he_normal"), 1.2, conventional=True)
_family("glorot_uniform", _scheme("glorot_uniform"), 1.2, conventional=True)
_family("orthogonal", _scheme("orthogonal"), 1, conventional=True)
_family("lsuv", _scheme("lsuv"), 1, conventional=True)
_family("usual", _faulty(lambda rng, task: []), 2, conventional=True)
_family("other_gain", _other_gain, 1.5)
_family("zero_output", _faulty(lambda rng, task: [Fault("zero", len(task.layers) - 1, 0.0)]), 1)
_family("zeros", _scheme("zeros"), 0.7)
_family("constant", _numbered("constant({:.4g})", 0.01, 2), 0.7)
_family("normal", _numbered("normal({:.4g})", 0.003, 3), 2.5)
_family("uniform_biases", _uniform_biases, 1.5)
_family("inverted", _faulty(lambda rng, task: [Fault("inverted", None, 0.0)]), 0.5)
for _name, _make in SINGLE.items():
    _family(_name, _faulty(_make), 2.5 if _name == "layer_scale" else 1.5)
_family("pair", _faulty(_pair(SINGLE)), 3)

_family("lecun_normal", _scheme("lecun_normal"), 1, held_out=True, conventional=True)
_family("torch_linear", _scheme("torch_linear"), 1.5, held_out=True, conventional=True)
_family("he_truncated", _scheme("he_truncated_normal"), 0.8, held_out=True, conventional=True)
_family("glorot_normal", _scheme("glorot_normal"), 0.8, held_out=True, conventional=True)
_family("identity", _scheme("identity"), 0.7, held_out=True)
_family("sparse_scheme", _scheme("sparse(sparsity=0.8, std=0.3)"), 1, held_out=True)
_family("permuted", _faulty(lambda rng, task: [Fault("permuted", None, 0.0)]), 0.8, held_out=True)
_family("uniform", _numbered("uniform(-{0:.4g}, {0:.4g})", 0.01, 3), 1.5, held_out=True)
_family("rand", _numbered("uniform(0, {:.4g})", 0.01, 1), 1, held_out=True)
_family(
    "signed_zeros",
    lambda rng, task: ("normal(1)", "zeros", [Fault("signed_zeros", None, 0.0)]),
    *(0.7,),
    held_out=True,
)
_family("equal_weights", _equal_weights, 1, held_out=True)
_family(
    "bias_noise",
    lambda rng, task: (
        conventional(task.activation),
        f"normal({log_uniform(rng, 0.01, 3):.4g})",
        [],
    ),
    1,
    held_out=True,
)
for _name, _make in HELD_OUT_SINGLE.items():
    _family(_name, _faulty(_make), 1, held_out=True)
_family("pair_of_others", _faulty(_pair(HELD_OUT_SINGLE)), 2, held_out=True)
