"""Optimizers of other libraries, read by duck typing: no library is imported here.

Each reading says what the library does otherwise than `il.SGD`, `il.Adam` and `il.RMSProp`, whose
formulas are PyTorch's. What is not known is named, never guessed.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from .._tools.text import join, shown
from ..diagnosis.training import Training
from ..optimizers import SGD, Adam, Optimizer, RMSProp
from .readers.arrays import is_a, samples_array
from .readers.sklearn import is_mlp

__all__ = ["read_training"]

# Decay beside the step multiplies the weights by 1 - rate * decay in each step: left out where it
# is as usual (0 to 0.1), but a larger one is a training that is not known here.
_USUAL_DECAY: Final = 0.1


@dataclass(eq=False)
class _Found:
    """An optimizer as read: None and its name where it is not known here."""

    optimizer: Optimizer | None
    unknown: str = ""
    notes: list[str] = field(default_factory=list)


def read_training(
    optimizer: Any,
    model: Any,
    learning_rate: float | None,
    steps: int | None,
    batch_size: int | None,
) -> Training:
    """Return the run that a model starts, with the optimizer of whatever library.

    Parameters
    ----------
    optimizer : object
        An optimizer of this package or its text; one of `torch.optim` or `keras.optimizers`; a
        compiled Keras model, or an MLP of scikit-learn, which hold their own. None for that of
        `model`, if it holds one.
    model : object
        What is audited.
    learning_rate, steps, batch_size
        As in `diagnose`.

    Returns
    -------
    Training

    Raises
    ------
    ValueError
        If a setting is out of its range, such as an infinite learning rate.
    TypeError
        If `optimizer` is of another kind, or both an optimizer and a rate are given.
    """
    if optimizer is None and learning_rate is None:
        found = _own(model)
    elif optimizer is None or isinstance(optimizer, str | SGD | Adam | RMSProp):
        return Training.of(optimizer, learning_rate, steps, batch_size)
    else:
        if learning_rate is not None:
            Training.of(SGD(0.0), learning_rate, steps, batch_size)  # raises: one of the two
        found = _read(optimizer, model)
    plain = Training.of(None, None, steps, batch_size)
    if found is None:
        return plain
    if found.unknown:
        found.notes.append(
            f"optimizer: {found.unknown} is not known here, so nothing is said that depends on "
            "its steps"
        )
    return Training(
        found.optimizer, plain.steps, plain.batch_size, found.unknown, tuple(found.notes)
    )


def _own(model: Any) -> _Found | None:
    """Return the optimizer that a model holds itself: a compiled Keras model, an MLP."""
    holds = (is_a(model, "keras", "Layer") and _compiled(model) is not None) or is_mlp(model)
    if not holds:
        return None
    found = _read(model, model)
    if found.optimizer is not None:
        found.notes.insert(0, f"optimizer: the model's own, {found.optimizer}")
    return found


def _compiled(model: Any) -> Any:
    """Return the optimizer of a compiled Keras model, else None."""
    return getattr(model, "optimizer", None)


def _read(optimizer: Any, model: Any) -> _Found:
    if isinstance(optimizer, type):
        name = optimizer.__name__
        raise TypeError(f"optimizer is the class {name}: call it first, and pass the object")
    if is_a(optimizer, "torch", "LRScheduler"):
        found = _read(optimizer.optimizer, model)
        if not any(note.startswith("learning rate") for note in found.notes):
            found.notes.append("learning rate: the present one of its schedule")
        return found
    if is_a(optimizer, "torch", "Optimizer"):
        return _of_torch(optimizer)
    if is_a(optimizer, "keras", "BaseOptimizer"):
        return _of_keras(optimizer)
    if is_a(optimizer, "keras", "Layer"):
        own = _compiled(optimizer)
        if own is None:
            raise ValueError("this Keras model has no optimizer yet: compile it, or pass one")
        return _of_keras(own)
    if is_mlp(optimizer):
        return _of_sklearn(optimizer)
    if _looks_like_one(optimizer):
        return _Found(None, _full_name(optimizer))
    raise TypeError(
        "optimizer must be one such as SGD(0.1) or its text, or an optimizer of PyTorch or Keras, "
        f"got {shown(optimizer)}"
    )


def _looks_like_one(value: Any) -> bool:
    """Tell whether it has the methods of some library's optimizers, optax's pair among them."""
    pair = callable(getattr(value, "init", None)) and callable(getattr(value, "update", None))
    return pair or any(callable(getattr(value, name, None)) for name in ("step", "apply_gradients"))


def _full_name(value: Any) -> str:
    kind = type(value)
    return f"{kind.__module__.split('.')[0]}.{kind.__name__}"


def _number(name: str, value: Any) -> float:
    """Return a number of Python, or that in an array of any library."""
    array = samples_array(name, value)
    if array.size != 1:
        raise TypeError(f"{name} must be one number, got shape {array.shape}")
    value = array.reshape(-1)[0]
    # Of float32 the shortest number that it stands for: 0.001, not 0.0010000000475.
    return float(str(value)) if array.dtype == np.float32 else float(value)


def _built(kind: Callable[..., Optimizer], source: str, **settings: Any) -> Optimizer:
    """Build an optimizer; the message of a setting out of its range names the source."""
    try:
        return kind(**settings)
    except (ValueError, TypeError) as error:
        raise type(error)(f"optimizer ({source}): {error}") from None


# ---- PyTorch -----------------------------------------------------------------------------------


def _of_torch(optimizer: Any) -> _Found:
    kind = type(optimizer).__name__
    source = f"PyTorch {kind}"
    # A class of the user's may step in a way of its own.
    home = str(getattr(inspect.unwrap(optimizer.step), "__module__", ""))
    known = {"SGD", "Adam", "AdamW", "RMSprop"}
    base = next(
        (c.__name__ for c in type(optimizer).__mro__ if c.__module__.startswith("torch.optim")),
        kind,
    )
    if base not in known or not home.startswith("torch.optim"):
        return _Found(None, source)
    first, *others = optimizer.param_groups
    settings = {name: value for name, value in first.items() if name != "params"}
    notes = []
    different = sorted(
        {name for group in others for name, value in settings.items() if group.get(name) != value}
    )
    if different:
        notes.append(
            f"optimizer: {len(optimizer.param_groups)} groups of parameters differ in "
            f"{join(different)}; the first group's settings are used"
        )
    if "initial_lr" in settings:
        notes.append("learning rate: the present one of its schedule")
    rate = _number("learning_rate", settings["lr"])
    decay = float(settings.get("weight_decay", 0.0))
    if settings.get("maximize"):
        return _Found(None, f"{source} that maximizes", notes)
    if base == "SGD":
        momentum = float(settings["momentum"])
        if momentum and settings["dampening"]:
            return _Found(None, f"{source} with dampening", notes)
        sgd = _built(
            SGD,
            source,
            learning_rate=rate,
            momentum=momentum,
            nesterov=bool(settings["nesterov"]),
            weight_decay=decay,
        )
        return _Found(sgd, notes=notes)
    if base == "RMSprop":
        if settings["centered"]:
            return _Found(None, f"centered {source}", notes)
        rmsprop = _built(
            RMSProp,
            source,
            learning_rate=rate,
            alpha=float(settings["alpha"]),
            epsilon=float(settings["eps"]),
            momentum=float(settings["momentum"]),
            weight_decay=decay,
        )
        return _Found(rmsprop, notes=notes)
    if settings.get("decoupled_weight_decay", base == "AdamW"):
        decay = max(float(group.get("weight_decay", 0.0)) for group in optimizer.param_groups)
        if decay > _USUAL_DECAY:
            return _Found(None, f"{source} with weight decay {decay:g}", notes)
        if decay:
            notes.append(_decoupled(kind, decay))
        decay = 0.0
    if settings.get("amsgrad"):
        notes.append("optimizer: read as Adam; its amsgrad is left out")
    adam = _built(
        Adam,
        source,
        learning_rate=rate,
        beta1=_number("beta1", settings["betas"][0]),
        beta2=_number("beta2", settings["betas"][1]),
        epsilon=float(settings["eps"]),
        weight_decay=decay,
    )
    return _Found(adam, notes=notes)


def _decoupled(kind: str, decay: float) -> str:
    return (
        f"optimizer: {kind} without its weight decay {decay:g}, which shrinks the weights beside "
        "the step"
    )


# ---- Keras -------------------------------------------------------------------------------------


def _of_keras(optimizer: Any) -> _Found:
    inner = getattr(optimizer, "inner_optimizer", None)  # of a LossScaleOptimizer
    if inner is not None:
        return _of_keras(inner)
    kind = type(optimizer).__name__
    source = f"Keras {kind}"
    if kind not in _KERAS or type(optimizer).__module__.split(".")[0] != "keras":
        return _Found(None, source)
    if getattr(optimizer, "centered", False):
        return _Found(None, f"centered {source}")
    notes = []
    given = getattr(optimizer, "_learning_rate", optimizer.learning_rate)
    if is_a(given, "keras", "LearningRateSchedule"):
        notes.append(f"learning rate: the first value of its schedule {type(given).__name__}")
        given = given(0)
    elif callable(given) and not is_a(given, "keras", "Variable"):
        notes.append("learning rate: the first value of its function")
        given = given()
    decay = getattr(optimizer, "weight_decay", None)
    if decay and float(decay) > _USUAL_DECAY:
        return _Found(None, f"{source} with weight decay {float(decay):g}", notes)
    if decay:
        notes.append(_decoupled(kind, float(decay)))
    clipped = [
        name
        for name in ("clipnorm", "global_clipnorm", "clipvalue")
        if getattr(optimizer, name, None) is not None
    ]
    if clipped:
        notes.append(f"optimizer: its {join(clipped)} is left out")
    if getattr(optimizer, "amsgrad", False):
        notes.append("optimizer: read as Adam; its amsgrad is left out")
    settings = _KERAS[kind](optimizer)
    build = {"SGD": SGD, "RMSprop": RMSProp}.get(kind, Adam)
    rate = _number("learning_rate", given)
    return _Found(_built(build, source, learning_rate=rate, **settings), notes=notes)


def _keras_sgd(optimizer: Any) -> dict[str, Any]:
    momentum = float(optimizer.momentum)
    return {"momentum": momentum, "nesterov": bool(optimizer.nesterov and momentum)}


def _keras_adam(optimizer: Any) -> dict[str, Any]:
    return {
        "beta1": float(optimizer.beta_1),
        "beta2": float(optimizer.beta_2),
        "epsilon": float(optimizer.epsilon),
    }


def _keras_rmsprop(optimizer: Any) -> dict[str, Any]:
    # Keras divides by sqrt(v + epsilon), PyTorch by sqrt(v) + epsilon: alike where it matters.
    return {
        "alpha": float(optimizer.rho),
        "epsilon": math.sqrt(float(optimizer.epsilon)),
        "momentum": float(optimizer.momentum),
    }


_KERAS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "SGD": _keras_sgd,
    "Adam": _keras_adam,
    "AdamW": _keras_adam,
    "RMSprop": _keras_rmsprop,
}


# ---- scikit-learn ------------------------------------------------------------------------------


def _of_sklearn(model: Any) -> _Found:
    source = f"scikit-learn's solver {model.solver}"
    rate = _number("learning_rate_init", model.learning_rate_init)
    if model.solver == "adam":
        adam = _built(
            Adam,
            source,
            learning_rate=rate,
            beta1=float(model.beta_1),
            beta2=float(model.beta_2),
            epsilon=float(model.epsilon),
        )
        return _Found(adam)
    if model.solver != "sgd":
        return _Found(None, source)
    notes = []
    if model.learning_rate != "constant":
        notes.append(f"learning rate: the first value of its schedule {model.learning_rate!r}")
    # It sums its losses over the outputs, and halves the squared error; here they are means.
    outputs = int(getattr(model, "n_outputs_", 1))
    output = getattr(model, "out_activation_", "")
    factor = {"identity": outputs / 2, "logistic": float(outputs)}.get(output, 1.0)
    if factor != 1.0:
        notes.append(
            f"learning rate: {rate:g} on scikit-learn's loss is {rate * factor:g} on the mean loss"
        )
    momentum = float(model.momentum)
    sgd = _built(
        SGD,
        source,
        learning_rate=rate * factor,
        momentum=momentum,
        nesterov=bool(model.nesterovs_momentum and momentum),
    )
    return _Found(sgd, notes=notes)
