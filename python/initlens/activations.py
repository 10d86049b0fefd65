"""Activation functions: their names and parameters.

Names are texts such as "tanh" or "leaky_relu(0.1)"; `get` reads them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from numpy.typing import ArrayLike, NDArray

from ._core import activation_apply, activation_max_slope
from ._tools.checks import real
from ._tools.text import build, call

__all__ = ["Activation", "get", "names"]


@dataclass(frozen=True)
class Activation:
    """An activation function of hidden layers.

    Parameters
    ----------
    kind : str
        Its name, one of `names()`.
    parameter : float, default 0
        Slope of "leaky_relu" for z <= 0, in [0, 1]; alpha of "elu", above 0; else 0.

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
        if self == _FACTORIES[self.kind]():
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
        """The largest |g'(z)| over all z."""
        return activation_max_slope(self.kind, self.parameter)


def _leaky_relu(slope: float = 0.01) -> Activation:
    return Activation("leaky_relu", real("slope", slope, minimum=0.0, maximum=1.0))


def _elu(alpha: float = 1.0) -> Activation:
    return Activation("elu", real("alpha", alpha, above=0.0))


_PLAIN: Final = (
    "identity",
    "tanh",
    "sigmoid",
    "relu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "softplus",
    "softsign",
    "hard_tanh",
    "erf",
)
_FACTORIES: Final[dict[str, Callable[..., Activation]]] = {
    **{kind: partial(Activation, kind, 0.0) for kind in _PLAIN},
    "leaky_relu": _leaky_relu,
    "elu": _elu,
}
_ALIASES: Final = {
    "linear": _FACTORIES["identity"],
    "logistic": _FACTORIES["sigmoid"],
    "swish": _FACTORIES["silu"],
    "hardtanh": _FACTORIES["hard_tanh"],
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
        `Activation`, which is returned as it is. "leaky_relu" has slope 0.01, "elu" alpha 1.

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

# Flat on both sides; linear on one side and flat, or nearly, on the other.
TWO_SIDED: Final = frozenset({"tanh", "sigmoid", "softsign", "hard_tanh", "erf"})
RELU_FAMILY: Final = frozenset({"relu", "leaky_relu"})

# Symmetries of their own: g(-z) = -g(z), or g(s z) = s g(z) for every s > 0.
MODULO_NONE, MODULO_SIGN, MODULO_SCALE = range(3)
_MODULO: Final = {
    **dict.fromkeys(("identity", "tanh", "softsign", "hard_tanh", "erf"), MODULO_SIGN),
    **dict.fromkeys(("relu", "leaky_relu"), MODULO_SCALE),
}


def modulo_of(activation: Activation) -> int:
    """Return the symmetry of the activation's own: sign, scale or none."""
    return _MODULO.get(activation.kind, MODULO_NONE)
