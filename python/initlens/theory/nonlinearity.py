"""Activation functions as the theory sees them: value, slope, and where they are not smooth.

The activations of a network come from `activations`, evaluated by the C core; a few that a network
does not have, and any callable, exist here for gains and mean-field quantities only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._core import activation_apply
from ..activations import Activation
from ..activations import get as get_activation

__all__ = ["ActivationLike", "Array", "Function", "Nonlinearity", "resolve"]

Array: TypeAlias = NDArray[np.float64]
Function: TypeAlias = Callable[[Array], Any]
ActivationLike: TypeAlias = str | Activation | Function


@dataclass(frozen=True)
class Nonlinearity:
    """A function phi of one real variable.

    Parameters
    ----------
    name : str
        What messages call it.
    kind : str
        The name of a known activation without its parameter; "" for a callable.
    parameter : float
        As in `Activation`.
    evaluate : callable
        Takes an array z and returns phi(z) and phi'(z), the latter None where it is not known.
    pole : float or None
        Distance of the nearest complex singularity from the real line, 2 where there is none;
        None where phi is not analytic on the real line.
    kinks : tuple of float
        Points other than 0 where phi is not analytic, as far as they are known.
    """

    name: str
    kind: str
    parameter: float
    evaluate: Callable[[Array], tuple[Array, Array | None]]
    pole: float | None = None
    kinks: tuple[float, ...] = ()


def _mish(z: Array) -> tuple[Array, Array]:
    softplus, sigmoid = activation_apply("softplus", 0.0, z)
    tanh = np.tanh(softplus)
    return z * tanh, tanh + z * (1.0 - tanh * tanh) * sigmoid


def _arctan(z: Array) -> tuple[Array, Array]:
    return np.arctan(z), np.hypot(1.0, z) ** -2.0


def _sin(z: Array) -> tuple[Array, Array]:
    return np.sin(z), np.cos(z)


def _lecun_tanh(z: Array) -> tuple[Array, Array]:
    tanh = np.tanh(z * (2.0 / 3.0))
    return 1.7159 * tanh, 1.7159 * (2.0 / 3.0) * (1.0 - tanh * tanh)


def _hard_sigmoid(z: Array) -> tuple[Array, Array]:
    return np.clip(z / 6.0 + 0.5, 0.0, 1.0), np.where(np.abs(z) < 3.0, 1.0 / 6.0, 0.0)


def _relu6(z: Array) -> tuple[Array, Array]:
    return np.clip(z, 0.0, 6.0), np.where((z > 0.0) & (z < 6.0), 1.0, 0.0)


# Known to the theory only.
_EXTRA: Final = {
    phi.kind: phi
    for phi in (
        Nonlinearity("mish", "mish", 0.0, _mish, pole=0.75 * math.pi),
        Nonlinearity("arctan", "arctan", 0.0, _arctan, pole=1.0),
        Nonlinearity("sin", "sin", 0.0, _sin, pole=2.0),
        Nonlinearity("lecun_tanh", "lecun_tanh", 0.0, _lecun_tanh, pole=0.75 * math.pi),
        Nonlinearity("hard_sigmoid", "hard_sigmoid", 0.0, _hard_sigmoid, kinks=(-3.0, 3.0)),
        Nonlinearity("relu6", "relu6", 0.0, _relu6, kinks=(6.0,)),
    )
}
# Of the network's activations; gelu_tanh has its nearest poles at +-0.63 +-2.75i.
_POLES: Final = {
    "identity": 2.0,
    "tanh": 0.5 * math.pi,
    "sigmoid": math.pi,
    "silu": math.pi,
    "softplus": math.pi,
    "gelu": 2.0,
    "gelu_tanh": 2.75,
    "erf": 2.0,
}
_KINKS: Final = {"hard_tanh": (-1.0, 1.0)}


def _checked(what: str, value: Any, z: Array) -> Array:
    """Return what a callable made of `z` as an array; refuse another shape, dtype or NaN."""
    array = np.asarray(value)
    if array.shape != z.shape:
        raise ValueError(
            f"{what} must keep the shape of its argument: {z.shape} became {array.shape}"
        )
    if array.dtype.kind not in "biu" and array.dtype != np.float64:
        # In float32 the integrals do not converge.
        raise ValueError(f"{what} must return float64 for float64, got {array.dtype}")
    finite = np.isfinite(array)
    if not finite.all():
        worst = np.argmin(finite)
        raise ValueError(f"{what} must be finite, got {array.flat[worst]} at {z.flat[worst]:.6g}")
    return array.astype(np.float64)


def _evaluate(value: Function, derivative: Function | None, z: Array) -> tuple[Array, Array | None]:
    phi = _checked("activation", value(z), z)
    return phi, None if derivative is None else _checked("derivative", derivative(z), z)


def resolve(activation: ActivationLike, derivative: Function | None = None) -> Nonlinearity:
    """Return the nonlinearity that a name, an `Activation` or a callable stands for.

    `derivative` belongs to a callable; without it, slopes come from its values.
    """
    if not isinstance(activation, str | Activation) and callable(activation):
        if derivative is not None and not callable(derivative):
            raise TypeError(f"derivative must be callable, got {derivative!r}")
        name = getattr(activation, "__name__", repr(activation))
        return Nonlinearity(name, "", 0.0, partial(_evaluate, activation, derivative))
    if derivative is not None:
        raise TypeError("derivative goes with a callable: the slope of a named activation is known")
    if isinstance(activation, str):
        extra = _EXTRA.get(activation.strip().lower())
        if extra is not None:
            return extra
    try:
        known = get_activation(activation)
    except ValueError as error:
        raise ValueError(f"{error}; in theory also {', '.join(_EXTRA)} and any callable") from None
    return Nonlinearity(
        str(known),
        known.kind,
        known.parameter,
        partial(activation_apply, known.kind, known.parameter),
        _POLES.get(known.kind),
        _KINKS.get(known.kind, ()),
    )
