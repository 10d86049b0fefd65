"""Activation functions as the theory sees them: value, slope, and where they are not smooth.

The activations of a network come from `activations`, evaluated by the C core; any callable exists
here, for gains and mean-field quantities only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._core import activation_apply
from ..activations import Activation, kinks_of, pole_of
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
        None where phi is not analytic on the real line, or its distance is not known.
    kinks : tuple of float
        Points where phi or one of its derivatives jumps, as far as they are known.
    """

    name: str
    kind: str
    parameter: float
    evaluate: Callable[[Array], tuple[Array, Array | None]]
    pole: float | None = None
    kinks: tuple[float, ...] = ()


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
    try:
        known = get_activation(activation)
    except ValueError as error:
        raise ValueError(f"{error}; in theory also any callable") from None
    return Nonlinearity(
        str(known),
        known.kind,
        known.parameter,
        partial(activation_apply, known.kind, known.parameter),
        pole_of(known),
        kinks_of(known),
    )
