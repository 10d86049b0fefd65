"""Dialect: how a line of code names weights and biases, library by library."""

from __future__ import annotations

import json
import keyword
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from ..nets.network import Network
from ..optimizers import SGD

__all__ = ["Dialect", "Library"]

Library: TypeAlias = Literal["initlens", "torch", "keras", "sklearn", "jax", "numpy"]

# The schemes that fixes draw with, in each library's dialect. {w} is the weight.
_DRAWS: Final[dict[str, dict[str, str]]] = {
    "torch": {
        "he_normal": "nn.init.kaiming_normal_({w})",
        "glorot_uniform": "nn.init.xavier_uniform_({w})",
        "lecun_normal": 'nn.init.kaiming_normal_({w}, nonlinearity="linear")',
    },
    "keras": {
        "he_normal": "{w}.assign(keras.initializers.HeNormal()({w}.shape))",
        "glorot_uniform": "{w}.assign(keras.initializers.GlorotUniform()({w}.shape))",
        "lecun_normal": "{w}.assign(keras.initializers.LecunNormal()({w}.shape))",
    },
    "jax": {
        name: f"{{w}} = jax.nn.initializers.{name}()(jax.random.key({{seed}}), {{w}}.shape)"
        for name in ("he_normal", "glorot_uniform", "lecun_normal")
    },
}
_PLAIN_DRAWS: Final = {
    "he_normal": "normal(0.0, (2 / {n_in}) ** 0.5, {w}.shape)",
    "glorot_uniform": "uniform(-1, 1, {w}.shape) * (6 / ({n_in} + {n_out})) ** 0.5",
    "lecun_normal": "normal(0.0, (1 / {n_in}) ** 0.5, {w}.shape)",
}
_ZEROS: Final = {
    "torch": "nn.init.zeros_({b})",
    "keras": "{b}.assign(keras.ops.zeros_like({b}))",
    "jax": "{b} = jax.numpy.zeros_like({b})",
}
_CENTERS: Final = {
    "torch": "{w}.data -= {w}.data.mean()",
    "keras": "{w}.assign({w} - keras.ops.mean({w}))",
}
_FACTORS: Final = {
    "torch": "{w}.data *= {factor:.4g}",
    "keras": "{w}.assign({w} * {factor:.4g})",
}


@dataclass(frozen=True)
class Dialect:
    """The weights and biases of a model as expressions of its library.

    Parameters
    ----------
    library : str
        "initlens", "torch", "keras", "sklearn", "jax" or "numpy".
    weights : tuple of str
        An expression per layer, such as "model.fc1.weight" or "model[0].weight".
    biases : tuple of (str or None)
        The same; None for a layer without.
    names : mapping of int to str
        The model's own names of its layers, from 1.
    tensors : bool or None
        Whether X is a tensor of PyTorch; None if its library is that of the model.
    fed : str
        The layer whose inputs take the place of X, where they come from layers before it that are
        not part of the net; empty for X itself.
    """

    library: Library
    weights: tuple[str, ...]
    biases: tuple[str | None, ...]
    names: Mapping[int, str] = field(default_factory=dict)
    tensors: bool | None = None
    fed: str = ""

    @classmethod
    def of_network(cls, net: Network) -> Dialect:
        """Return those of a `Network` that is called net."""
        count = range(len(net.weights))
        return cls(
            "initlens",
            tuple(f"net.weights[{i}]" for i in count),
            tuple(f"net.biases[{i}]" for i in count),
        )

    @classmethod
    def of_paths(
        cls,
        library: Library,
        weights: Sequence[tuple[str, ...]],
        biases: Sequence[tuple[str, ...] | None],
        names: Mapping[int, str],
        *,
        by_name: Container[tuple[str, ...]] = (),
    ) -> Dialect:
        """Return those of a model, from the paths of its parameters.

        Parameters
        ----------
        library : str
            As in `Dialect`.
        weights : sequence of tuple of str
            Path of each weight, such as ("fc1", "weight") or ("0", "kernel").
        biases : sequence of (tuple of str or None)
            The same.
        names : mapping of int to str
            As in `Dialect`.
        by_name : container of tuple of str
            Paths in a PyTorch Module that indices and attributes do not reach.

        Returns
        -------
        Dialect
        """
        return cls(
            library,
            tuple(
                _expression(library, path, f"W{i}", by_name=path in by_name)
                for i, path in enumerate(weights, 1)
            ),
            tuple(
                None
                if path is None
                else _expression(library, path, f"b{i}", by_name=path in by_name)
                for i, path in enumerate(biases, 1)
            ),
            names,
        )

    def draw(self, layer: int, scheme: str, n_in: int, n_out: int) -> str:
        """Return the line that draws the weights of a layer, from 1."""
        w = self.weights[layer - 1]
        if self.library == "initlens":
            call = f"il.initializers.get({json.dumps(scheme)})(({n_in}, {n_out}), rng={layer - 1})"
            return f"{w}[...] = {call}"
        if self.library in _DRAWS:
            return _DRAWS[self.library][scheme].format(w=w, seed=layer - 1)
        drawn = _PLAIN_DRAWS[scheme].format(w=w, n_in=n_in, n_out=n_out)
        return f"{w}[...] = np.random.default_rng({layer - 1}).{drawn}"

    def zero(self, layer: int) -> str:
        """Return the line that sets the biases of a layer to 0; "" where it has none."""
        b = self.biases[layer - 1]
        return "" if b is None else _ZEROS.get(self.library, "{b}[...] = 0.0").format(b=b)

    def center(self, layer: int) -> str:
        """Return the line that subtracts the mean of a layer's weights."""
        line = _CENTERS.get(self.library, "{w} -= {w}.mean()")
        return line.format(w=self.weights[layer - 1])

    def multiply(self, layer: int, factor: float) -> str:
        """Return the line that multiplies the weights of a layer."""
        line = _FACTORS.get(self.library, "{w} *= {factor:.4g}")
        return line.format(w=self.weights[layer - 1], factor=factor)

    def standardize(self, name: Literal["X", "y"], *, constant: bool = False) -> str:
        """Return the line that standardizes the columns of X or y; "" where X is not the net's."""
        if name == "X" and self.fed:
            return ""
        spread = f"{name}.std(0)"
        tensors = self.library == "torch" if self.tensors is None else self.tensors
        if constant and tensors:
            spread += ".clamp_min(1e-6)"
        elif constant:
            spread = f"np.where(np.ptp({name}, 0) > 0, {spread}, 1)"
        return f"{name} = ({name} - {name}.mean(0)) / {spread}"

    def rate(self, value: float, optimizer: SGD | None = None) -> str:
        """Return the line that sets SGD's learning rate and keeps its other settings.

        Weight decay is written for initlens and PyTorch, where it means the same.
        """
        rest = momentum = ""
        if optimizer is not None and optimizer.momentum:
            momentum = f", momentum={optimizer.momentum!r}"
            rest = momentum + (", nesterov=True" if optimizer.nesterov else "")
        decay = ""
        if optimizer is not None and optimizer.weight_decay:
            decay = f", weight_decay={optimizer.weight_decay!r}"
        calls: dict[str, str] = {
            "torch": "optimizer = torch.optim.SGD(model.parameters(), "
            f"lr={value:.3g}{rest}{decay})",
            "keras": f"optimizer = keras.optimizers.SGD({value:.3g}{rest})",
            "sklearn": f'model.set_params(solver="sgd", learning_rate_init={value:.3g}{momentum})',
            "jax": f"optimizer = optax.sgd({value:.3g}{rest})",
            "numpy": f"learning_rate = {value:.3g}",
        }
        return calls.get(self.library, f"optimizer = il.SGD({value:.3g}{rest}{decay})")


def _expression(
    library: Library, path: tuple[str, ...], plain: str, *, by_name: bool = False
) -> str:
    if library == "keras":
        *layer, attribute = path
        return f"model.get_layer({json.dumps('/'.join(layer))}).{attribute}"
    if library == "torch" and by_name:
        *layer, attribute = path
        quoted = json.dumps(".".join(layer), ensure_ascii=False)
        return f"model.get_submodule({quoted}).{attribute}"
    if library in ("torch", "sklearn", "initlens"):
        return "model" + "".join(_attribute(name) for name in path)
    if library == "jax":
        return "params" + "".join(_item(name) for name in path)
    if len(path) == 1:
        (name,) = path
        return name if "[" in name else f"params[{json.dumps(name)}]"
    if path[0].isdigit():
        return plain
    return "params" + "".join(_item(name) for name in path)


def _attribute(name: str) -> str:
    if name.isidentifier() and not keyword.iskeyword(name):
        return f".{name}"
    return _item(name)


def _item(name: str) -> str:
    index = name.isascii() and name.isdigit() and (name == "0" or name[0] != "0")
    return f"[{name}]" if index else f"[{json.dumps(name, ensure_ascii=False)}]"
