"""Activation functions: their names and parameters.

Names are texts such as "tanh" or "leaky_relu(0.1)"; `get` reads them.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from numpy.typing import ArrayLike, NDArray

from ._core import activation_apply, activation_max_slope, activation_table
from ._tools.checks import real
from ._tools.text import build, call

if TYPE_CHECKING:
    from ._core import ActivationRow

__all__ = ["Activation", "get", "names"]


@dataclass(frozen=True)
class Activation:
    """An activation function of hidden layers.

    Parameters
    ----------
    kind : str
        Its name, one of `names()`.
    parameter : float, default 0
        Slope of "leaky_relu" for z <= 0, in [0, 1]; alpha of "elu" and "celu", above 0; threshold
        of "soft_shrink" and "hard_shrink", at least 0; else 0.

    Notes
    -----
    "sin" is the sine for abs(z) <= 8192. Beyond it stays at sin(8192), with the sign of z, and its
    slope is 0.

    Examples
    --------
    >>> import initlens as il
    >>> tanh = il.activations.get("tanh")
    >>> print(tanh([0.0]), tanh.slope([0.0]), tanh.max_slope)
    [0.] [1.] 1.0
    """

    kind: str
    parameter: float = 0.0

    def __str__(self) -> str:
        """Return the text form."""
        factory = _FACTORIES.get(self.kind)  # None: no kind, which a call refuses
        if factory is None or self == factory():
            return self.kind
        return call(self.kind, self.parameter)

    def __call__(self, z: ArrayLike) -> NDArray[Any]:
        """Return g(z), element by element, in the dtype of `z` (float32, else float64)."""
        return activation_apply(self.kind, self.parameter, z)[0]

    def slope(self, z: ArrayLike) -> NDArray[Any]:
        """Return g'(z), element by element, in the dtype of `z` (float32, else float64)."""
        return activation_apply(self.kind, self.parameter, z)[1]

    @property
    def max_slope(self) -> float:
        """The largest |g'(z)| over all z; infinite where the slope has no bound."""
        return activation_max_slope(self.kind, self.parameter)


# What the core knows of each kind: csrc/kernels/activation_table.inc.h.
_ROWS: Final = {row["name"]: row for row in activation_table()}

MODULO_NONE, MODULO_SIGN, MODULO_SCALE = range(3)
_FLAT_LEFT, _FLAT_RIGHT, _FLAT_MIDDLE = 1, 2, 4
TWO_SIDED: Final = frozenset(
    kind for kind, row in _ROWS.items() if row["flat"] == _FLAT_LEFT | _FLAT_RIGHT
)
FLAT_MIDDLE: Final = frozenset(kind for kind, row in _ROWS.items() if row["flat"] & _FLAT_MIDDLE)
# Off for z <= 0, on purpose: units can be dead, half of the pairs are flat.
RELU_FAMILY: Final = frozenset(kind for kind, row in _ROWS.items() if row["rectified"])


def modulo_of(activation: Activation) -> int:
    """Return the symmetry of the activation's own: sign, scale or none."""
    return _ROWS[activation.kind]["symmetry"]


def is_exactly_rectified(activation: Activation) -> bool:
    """Tell whether it is 0 for all z <= 0."""
    return activation.kind in RELU_FAMILY and activation.parameter == 0.0


def pole_of(activation: Activation) -> float | None:
    """Return how far the nearest complex singularity is from the real line, 2 where there is none.

    None where the function is not analytic on the real line, or the distance is not known.
    """
    return _ROWS[activation.kind]["pole"] or None


def kinks_of(activation: Activation) -> tuple[float, ...]:
    """Return the points where the function or one of its derivatives jumps."""
    row = _ROWS[activation.kind]
    scale = activation.parameter if row["kinks_scaled"] else 1.0
    return tuple(scale * kink for kink in row["kinks"])


def _factory(row: ActivationRow) -> Callable[..., Activation]:
    """Return what makes activations of one kind, with the signature that messages show."""
    kind, name = row["name"], row["parameter"]
    if name is None:
        return partial(Activation, kind, 0.0)
    least, most = row["least"], row["most"]
    bounds = {"above" if row["above"] else "minimum": least}
    if most < sys.float_info.max:
        bounds["maximum"] = most
    parameter = inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=row["initial"]
    )
    signature = inspect.Signature([parameter])

    def make(*positional: float, **named: float) -> Activation:
        given = signature.bind(*positional, **named).arguments
        return Activation(kind, real(name, given.get(name, row["initial"]), **bounds))

    make.__signature__ = signature  # type: ignore[attr-defined]
    return make


_FACTORIES: Final = {kind: _factory(row) for kind, row in _ROWS.items()}
_ALIASES: Final = {
    alias: _FACTORIES[kind] for kind, row in _ROWS.items() for alias in row["aliases"].split()
}


def names() -> list[str]:
    """Return the names that `get` knows, aliases not included."""
    return sorted(_FACTORIES)


def get(activation: str | Activation) -> Activation:
    """Return the activation function that a text describes.

    Parameters
    ----------
    activation : str or Activation
        A name ("tanh"), a name with its parameter ("leaky_relu(0.1)", "elu(alpha=0.5)"), or an
        `Activation`, which is returned as it is. "leaky_relu" has slope 0.01, "elu" and "celu"
        alpha 1, "soft_shrink" and "hard_shrink" threshold 0.5.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If the name is not known or the parameter is out of its range.
    TypeError
        If it is neither a text nor an `Activation`.

    Examples
    --------
    >>> import initlens as il
    >>> print(il.activations.get("swish"), il.activations.get("leaky_relu(slope=0.2)"))
    silu leaky_relu(0.2)
    """
    if isinstance(activation, Activation):
        return activation
    if not isinstance(activation, str):
        raise TypeError(f"activation must be a name, such as 'tanh', got {activation!r}")
    return build("activation", activation, _FACTORIES, _ALIASES)


# One for all hidden layers, or one for each.
Activations: TypeAlias = str | Activation | Sequence[str | Activation]
