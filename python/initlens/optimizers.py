"""Optimizers: frozen settings, in PyTorch's formulas.

Their state lives in the net and goes on in the next `fit` with equal settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ._tools.checks import real
from ._tools.text import build

if TYPE_CHECKING:
    from ._core import OptimizerDict  # the stub's own, not there at run time

__all__ = ["SGD", "Adam", "Optimizer", "RMSProp", "get", "names"]


def _set(settings: Any, **values: float | bool) -> None:
    for name, value in values.items():
        object.__setattr__(settings, name, value)


@dataclass(frozen=True)
class SGD:
    """Gradient descent, with momentum if asked.

    Parameters
    ----------
    learning_rate : float
        At least 0.
    momentum : float, default 0
        In [0, 1).
    nesterov : bool, default False
        Nesterov's momentum; needs `momentum` above 0.
    weight_decay : float, default 0
        L2 penalty, added to the gradient of weights and biases; at least 0.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    TypeError
        If a setting is no real number.

    Notes
    -----
    With gradient g (weight decay included): v = momentum v + g, starting at v = g; the step is
    v, or g + momentum v for Nesterov; w = w - learning_rate step.

    Examples
    --------
    >>> import initlens as il
    >>> il.SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False, weight_decay=0.0)
    """

    learning_rate: float
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        _set(
            self,
            learning_rate=real("learning_rate", self.learning_rate, minimum=0.0),
            momentum=real("momentum", self.momentum, minimum=0.0, below=1.0),
            weight_decay=real("weight_decay", self.weight_decay, minimum=0.0),
        )
        if not isinstance(self.nesterov, bool):
            raise TypeError(f"nesterov must be True or False, got {self.nesterov!r}")
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("nesterov=True needs momentum above 0, such as momentum=0.9")

    def __str__(self) -> str:
        """Return the settings that matter, in words."""
        kind = "Nesterov momentum" if self.nesterov else "momentum"
        extra = f" with {kind} {self.momentum:g}" if self.momentum else ""
        return _describe(f"SGD{extra}", self)

    def to_dict(self) -> dict[str, Any]:
        """Return name and settings as a dict that JSON can hold."""
        return {"name": "sgd", **asdict(self)}

    def _spec(self) -> OptimizerDict:
        return _spec(
            "sgd",
            self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
        )


@dataclass(frozen=True)
class Adam:
    """Adam, with bias corrections.

    Parameters
    ----------
    learning_rate : float, default 1e-3
        At least 0.
    beta1, beta2 : float, default 0.9 and 0.999
        Decay of the means of g and g^2; in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of the second moment; above 0.
    weight_decay : float, default 0
        L2 penalty, added to the gradient (this is not AdamW); at least 0.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    TypeError
        If a setting is no real number.

    Examples
    --------
    >>> import initlens as il
    >>> il.Adam(0.01).beta1
    0.9
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        _set(
            self,
            learning_rate=real("learning_rate", self.learning_rate, minimum=0.0),
            beta1=real("beta1", self.beta1, minimum=0.0, below=1.0),
            beta2=real("beta2", self.beta2, minimum=0.0, below=1.0),
            epsilon=real("epsilon", self.epsilon, above=0.0),
            weight_decay=real("weight_decay", self.weight_decay, minimum=0.0),
        )

    def __str__(self) -> str:
        """Return the settings that matter, in words."""
        return _describe("Adam", self)

    def to_dict(self) -> dict[str, Any]:
        """Return name and settings as a dict that JSON can hold."""
        return {"name": "adam", **asdict(self)}

    def _spec(self) -> OptimizerDict:
        return _spec(
            "adam",
            self.learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
        )


@dataclass(frozen=True)
class RMSProp:
    """RMSProp, not centred.

    Parameters
    ----------
    learning_rate : float, default 1e-2
        At least 0.
    alpha : float, default 0.99
        Decay of the mean of g^2; in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of that mean; above 0.
    momentum : float, default 0
        In [0, 1).
    weight_decay : float, default 0
        L2 penalty, added to the gradient; at least 0.

    Raises
    ------
    ValueError
        If a setting is out of its range.
    TypeError
        If a setting is no real number.

    Examples
    --------
    >>> import initlens as il
    >>> il.RMSProp(0.001).alpha
    0.99
    """

    learning_rate: float = 1e-2
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        _set(
            self,
            learning_rate=real("learning_rate", self.learning_rate, minimum=0.0),
            alpha=real("alpha", self.alpha, minimum=0.0, below=1.0),
            epsilon=real("epsilon", self.epsilon, above=0.0),
            momentum=real("momentum", self.momentum, minimum=0.0, below=1.0),
            weight_decay=real("weight_decay", self.weight_decay, minimum=0.0),
        )

    def __str__(self) -> str:
        """Return the settings that matter, in words."""
        return _describe("RMSProp", self)

    def to_dict(self) -> dict[str, Any]:
        """Return name and settings as a dict that JSON can hold."""
        return {"name": "rmsprop", **asdict(self)}

    def _spec(self) -> OptimizerDict:
        return _spec(
            "rmsprop",
            self.learning_rate,
            momentum=self.momentum,
            beta2=self.alpha,  # the core keeps alpha in beta2
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
        )


Optimizer: TypeAlias = SGD | Adam | RMSProp

_FACTORIES: Final[dict[str, Callable[..., Optimizer]]] = {
    "sgd": SGD,
    "adam": Adam,
    "rmsprop": RMSProp,
}


def names() -> list[str]:
    """Return the names that `get` knows."""
    return sorted(_FACTORIES)


def get(optimizer: str | Optimizer, *, learning_rate: float | None = None) -> Optimizer:
    """Return the optimizer that a text describes.

    Parameters
    ----------
    optimizer : str or Optimizer
        A text, such as "sgd(0.1, momentum=0.9)" or "adam", or an optimizer, which is returned as
        it is.
    learning_rate : float, optional
        For a text that gives none.

    Returns
    -------
    SGD, Adam or RMSProp

    Raises
    ------
    ValueError
        If the name is not known, an argument is missing or a setting is out of its range.
    TypeError
        If it is neither a text nor an optimizer.

    Examples
    --------
    >>> import initlens as il
    >>> il.optimizers.get("adam", learning_rate=0.01) == il.Adam(0.01)
    True
    """
    if isinstance(optimizer, SGD | Adam | RMSProp):
        return optimizer
    if not isinstance(optimizer, str):
        raise TypeError(f"optimizer must be one such as SGD(0.1), or its text, got {optimizer!r}")
    defaults = {} if learning_rate is None else {"learning_rate": learning_rate}
    return build("optimizer", optimizer, _FACTORIES, defaults=defaults)


def _describe(name: str, settings: Optimizer) -> str:
    decay = f", weight decay {settings.weight_decay:g}" if settings.weight_decay else ""
    return f"{name}, learning rate {settings.learning_rate:g}{decay}"


def _spec(
    kind: str,
    learning_rate: float,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    beta1: float = 0.0,
    beta2: float = 0.0,
    epsilon: float = 0.0,
    weight_decay: float = 0.0,
) -> OptimizerDict:
    """Return the core's settings; those that an optimizer does not use are 0 there."""
    return {
        "kind": kind,
        "learning_rate": learning_rate,
        "momentum": momentum,
        "nesterov": nesterov,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }
