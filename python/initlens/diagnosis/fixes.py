"""Fixes: what to do about a verdict, as a sentence, as a line to paste, and as an act on a net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.text import join
from ..activations import Activation
from ..activations import get as get_activation
from ..nets.network import Network
from ..optimizers import SGD
from .dialect import Dialect

__all__ = [
    "Action",
    "Fix",
    "center",
    "fitting_rate",
    "redraw",
    "rescale",
    "scheme_for",
    "standardize_inputs",
    "standardize_targets",
    "start_anew",
    "together",
    "use_rate",
    "usual_std",
    "zero_biases",
]


class Action(Protocol):
    """A frozen description of what to do, which can be done to a net of the core."""

    def apply(
        self, net: Network, X: ArrayLike | None, y: ArrayLike | None, rng: int
    ) -> tuple[Network, Any, Any]:
        """Return a new net, new samples and new targets; the arguments stay as they are."""


@dataclass(frozen=True)
class Fix:
    """What to do about a finding. It is falsy where there is nothing to do.

    Parameters
    ----------
    sentence : str
        What to do, in dialect.
    code : str
        The line or lines to paste, in the words of the library that the net is from.
    verified : bool
        Whether a trained copy has been seen to learn with it; only where `diagnose` got a probe.
    action : Action or None
        What `apply` does; None where no change of net or data is meant.
    learning_rate : float or None
        The rate that it names; such a fix leaves net and data as they are.
    """

    sentence: str = ""
    code: str = ""
    verified: bool = False
    action: Action | None = None
    learning_rate: float | None = None

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence

    def __bool__(self) -> bool:
        """Tell whether there is something to do."""
        return bool(self.sentence)

    def apply(
        self, net: Network, X: ArrayLike | None, y: ArrayLike | None, rng: int = 0
    ) -> tuple[Network, Any, Any]:
        """Carry it out on copies.

        Parameters
        ----------
        net : Network
            The net that was diagnosed; it is not changed.
        X : array_like of shape (m, n_in) or None
            Its samples.
        y : array_like or None
            Its targets.
        rng : int, default 0
            Seed of whatever is drawn anew.

        Returns
        -------
        net : Network
        X : array_like or None
        y : array_like or None

        Raises
        ------
        ValueError
            If this fix changes neither the net nor the data.
        """
        if self.action is None:
            raise ValueError(f"this fix cannot be applied to a net or its data: {self.sentence!r}")
        return self.action.apply(net, X, y, rng)

    def seen_to_work(self, ratio: float) -> Fix:
        """Return it as one that a probe has verified, with the loss over chance that it led to."""
        text = f"{self.sentence} A probe with this change brought the loss to {ratio:.2g} x chance."
        return replace(self, sentence=text, verified=True)


# ---- schemes --------------------------------------------------------------------------------

# Drawn by He's law: on for about half of all z, or nearly so.
_HE: Final = frozenset(
    {"celu", "elu", "gelu", "gelu_tanh", "hard_swish", "leaky_relu", "mish", "relu", "relu6"}
    | {"silu", "softplus", "squared_relu"}
)


def scheme_for(activation: Activation | None) -> str:
    """Return the name of the conventional scheme of a layer; None is the output layer."""
    if activation is None:
        return "glorot_uniform"
    if activation.kind == "selu":
        return "lecun_normal"
    return "he_normal" if activation.kind in _HE else "glorot_uniform"


def usual_std(activation: Activation | None, n_in: int, n_out: int) -> float:
    """Return the standard deviation that `scheme_for` gives weights of shape (n_in, n_out)."""
    squares = {"he_normal": 2 / n_in, "lecun_normal": 1 / n_in}
    return float(squares.get(scheme_for(activation), 2 / (n_in + n_out)) ** 0.5)


def _activation_of(net: Network, layer: int) -> Activation | None:
    hidden = net.settings.activation
    return get_activation(hidden[layer - 1]) if layer <= len(hidden) else None


# ---- actions --------------------------------------------------------------------------------


def _twin(net: Network) -> Network:
    """Return an untrained net with the same settings and numbers."""
    settings = net.settings
    twin = Network(settings.layers, settings.activation, settings.loss, settings.dtype)
    for view, array in zip(twin._parameters(), net._parameters(), strict=True):
        view[...] = array
    return twin


@dataclass(frozen=True)
class Redraw:
    """Draw the weights of layers by the scheme for their activation; biases become 0 on demand.

    A layer's numbers do not depend on which other layers are drawn.
    """

    layers: tuple[int, ...]
    biases: bool = False

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a new net, and the data as they are."""
        twin, drawn = _twin(net), _twin(net)
        count = len(net.weights)
        drawn.initialize([scheme_for(_activation_of(net, n)) for n in range(1, count + 1)], rng=rng)
        for layer in self.layers:
            twin.weights[layer - 1][...] = drawn.weights[layer - 1]
            if self.biases:
                twin.biases[layer - 1][...] = 0.0
        return twin, X, y


@dataclass(frozen=True)
class ZeroBiases:
    """Set the biases of layers to 0."""

    layers: tuple[int, ...]

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a new net, and the data as they are."""
        del rng
        twin = _twin(net)
        for layer in self.layers:
            twin.biases[layer - 1][...] = 0.0
        return twin, X, y


@dataclass(frozen=True)
class Center:
    """Subtract from the weights of each layer their mean."""

    layers: tuple[int, ...]

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a new net, and the data as they are."""
        del rng
        twin = _twin(net)
        for layer in self.layers:
            w = twin.weights[layer - 1]
            w -= w.mean(dtype=np.float64)
        return twin, X, y


@dataclass(frozen=True)
class Rescale:
    """Multiply the weights of layers, each by its factor."""

    layers: tuple[int, ...]
    factors: tuple[float, ...]

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a new net, and the data as they are."""
        del rng
        twin = _twin(net)
        for layer, factor in zip(self.layers, self.factors, strict=True):
            w = twin.weights[layer - 1]
            w[...] = w * np.float64(factor)
        return twin, X, y


@dataclass(frozen=True)
class Standardize:
    """Bring the columns of X, or of y, to mean 0 and standard deviation 1; constant ones to 0."""

    inputs: bool

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a copy of the net, and new data."""
        del rng
        twin = _twin(net)
        if self.inputs:
            return twin, None if X is None else _standardized(X), y
        return twin, X, None if y is None else _standardized(y)


@dataclass(frozen=True)
class Keep:
    """Change nothing: what is to be done is done to neither net nor data."""

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a copy of the net, and the data as they are."""
        del rng
        return _twin(net), X, y


@dataclass(frozen=True)
class Together:
    """Several actions, one after the other."""

    actions: tuple[Action, ...]

    def apply(self, net: Network, X: Any, y: Any, rng: int) -> tuple[Network, Any, Any]:
        """Return a new net and new data."""
        for action in self.actions:
            net, X, y = action.apply(net, X, y, rng)
        return net, X, y


def _standardized(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    dtype = array.dtype if array.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    wide = np.asarray(array, np.float64)
    varying = np.ptp(wide, axis=0) > 0.0
    largest = float(np.abs(wide).max(initial=0.0)) or 1.0
    scaled = wide / largest  # so that no square overflows
    centred = scaled - scaled.mean(axis=0)
    spread = np.where(varying, centred.std(axis=0), 1.0)
    return np.where(varying, centred / np.where(spread > 0.0, spread, 1.0), 0.0).astype(dtype)


# ---- fixes ----------------------------------------------------------------------------------


def _where(layers: Sequence[int], count: int) -> str:
    if len(layers) == count > 1:
        return "all layers"
    return ("layer " if len(layers) == 1 else "layers ") + join(list(map(str, layers)))


def redraw(net: Network, dialect: Dialect, layers: Sequence[int], *, biases: bool = False) -> Fix:
    """Draw the weights of layers by the conventional scheme for their activation."""
    widths = list(pairwise(net.settings.layers))
    schemes = {layer: scheme_for(_activation_of(net, layer)) for layer in layers}
    lines = []
    for layer, scheme in schemes.items():
        lines.append(dialect.draw(layer, scheme, *widths[layer - 1]))
        if biases:
            lines.append(dialect.zero(layer))
    names = list(dict.fromkeys(schemes.values()))
    by = names[0] if len(names) == 1 else f"{join(names)}, each for its activation"
    where = _where(layers, len(widths))
    return Fix(
        f"Draw the weights of {where} with {by}{', and set the biases to 0' if biases else ''}.",
        "\n".join(filter(None, lines)),
        action=Redraw(tuple(layers), biases),
    )


def zero_biases(dialect: Dialect, layers: Sequence[int]) -> Fix:
    """Set the biases of layers to 0."""
    return Fix(
        f"Set the biases of {_where(layers, len(dialect.weights))} to 0.",
        "\n".join(filter(None, map(dialect.zero, layers))),
        action=ZeroBiases(tuple(layers)),
    )


def center(dialect: Dialect, layers: Sequence[int]) -> Fix:
    """Subtract the mean of the weights of layers."""
    return Fix(
        f"Subtract from the weights of {_where(layers, len(dialect.weights))} their mean.",
        "\n".join(map(dialect.center, layers)),
        action=Center(tuple(layers)),
    )


def rescale(dialect: Dialect, layers: Sequence[int], factors: Sequence[float]) -> Fix:
    """Multiply the weights of layers by factors."""
    by = ", ".join(f"{factor:.3g}" for factor in factors)
    tail = ", in this order" if len(factors) > 1 else ""
    return Fix(
        f"Multiply the weights of {_where(layers, len(dialect.weights))} by {by}{tail}.",
        "\n".join(map(dialect.multiply, layers, factors)),
        action=Rescale(tuple(layers), tuple(factors)),
    )


def standardize_inputs(dialect: Dialect, *, constant: bool = False) -> Fix:
    """Standardize the columns of X; `constant` tells whether some of them do not vary."""
    if dialect.fed:
        return Fix(
            f"Standardize the inputs of `{dialect.fed}` (outputs of the layers before it): put a "
            "normalization in front of it, or mend those layers.",
            action=Standardize(inputs=True),
        )
    return Fix(
        "Standardize the inputs: subtract the mean of each column and divide by its standard "
        "deviation" + ("; drop the constant columns." if constant else "."),
        dialect.standardize("X", constant=constant),
        action=Standardize(inputs=True),
    )


def standardize_targets(dialect: Dialect) -> Fix:
    """Standardize the columns of y."""
    return Fix(
        "Standardize the targets: subtract their mean and divide by their standard deviation.",
        dialect.standardize("y"),
        action=Standardize(inputs=False),
    )


def fitting_rate(sharpness: float, momentum: float = 0.0) -> float:
    """Return a learning rate of SGD that a sharpness allows: 1 / sharpness.

    Above a momentum of 0.9 it is less, so that rate / (1 - momentum) is at most 10 / sharpness.
    """
    return min(1.0, 10.0 * (1.0 - momentum)) / sharpness


def use_rate(rate: float, dialect: Dialect, optimizer: SGD | None = None) -> Fix:
    """Use a learning rate, and the other settings of the optimizer as they are."""
    return Fix(
        f"Use a learning rate of at most {rate:.3g}.",
        dialect.rate(rate, optimizer),
        action=Keep(),
        learning_rate=rate,
    )


def together(fixes: Sequence[Fix]) -> Fix:
    """Return one fix that does all of these, in this order; those that say the same are one."""
    parts = list({fix.sentence: fix for fix in fixes if fix}.values())
    if len(parts) < 2:
        return parts[0] if parts else Fix()
    rates = [fix.learning_rate for fix in parts if fix.learning_rate is not None]
    return Fix(
        " ".join(fix.sentence for fix in parts),
        "\n".join(fix.code for fix in parts if fix.code),
        action=Together(tuple(fix.action for fix in parts if fix.action is not None)),
        learning_rate=min(rates, default=None),
    )


def start_anew(net: Network, dialect: Dialect, data: Sequence[Fix] = ()) -> Fix:
    """Return what is left where no cause was found: draw all layers anew, with biases of 0.

    Parameters
    ----------
    net : Network
        Which.
    dialect : Dialect
        Of its library.
    data : sequence of Fix
        What is to be done to inputs and targets first.

    Returns
    -------
    Fix
    """
    every = range(1, len(net.weights) + 1)
    return together([*data, redraw(net, dialect, every, biases=True)])
