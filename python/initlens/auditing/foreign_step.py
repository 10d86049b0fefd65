"""ForeignStep: what the first step of an optimizer does to a model that computes itself."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from .._tools.text import jsonable
from ..diagnosis.decision import way_back
from ..diagnosis.first_step import MULTIPLES, loss_ratio
from ..diagnosis.training import Training
from ..diagnosis.trial import Trial, times_chance
from ..optimizers import SGD, Optimizer
from .torch_model import TorchModel, as_found

__all__ = ["MULTIPLES", "ForeignStep", "first_step"]

NUDGE: Final = 1e-3  # of the weights, for a derivative by differences


@dataclass(frozen=True, eq=False)
class ForeignStep:
    """What the first step of an optimizer does to a model, measured by the model itself.

    The step is the optimizer's own: rate g for SGD, rate g / (abs(g) + epsilon) for Adam and
    RMSProp, both over 1 - momentum. The noise of minibatches is not in it.

    Parameters
    ----------
    optimizer : SGD, Adam or RMSProp
        Whose step.
    steps : int
        Of the run.
    batch_size : int or None
        Samples a step; None for all.
    move : dict of str to float
        rms(step) / rms(W) of each trained tensor of two and more dimensions, by its name; the step
        is that from the centred residual, what is left to learn once the outputs have come to the
        best constant. Infinite for zero weights that move, 0 for those that do not.
    aim : float
        Cosine between the change of the centred outputs by that step, to first order, and
        y - mean y; 0 where one of them is constant.
    loss, chance : float
        Loss before the step, and that of the best constant output.
    multiples, ray : tuple of float
        Loss after each of these multiples of the step from the real residual; infinite where it is
        not finite.
    exact : bool
        Whether `aim` comes from a forward derivative, and not from a small finite step.
    balance : float
        Largest norm of the gradient of a matrix from the centred residual, over that from the real
        one; 1 where both are 0.
    lin : None
        Not measured of such models.
    """

    optimizer: Optimizer
    steps: int
    batch_size: int | None
    move: Mapping[str, float]
    aim: float
    loss: float
    chance: float
    multiples: tuple[float, ...]
    ray: tuple[float, ...]
    exact: bool
    balance: float
    lin: None = None

    @property
    def fastest(self) -> float:
        """Largest of `move`, per step; NaN without any."""
        return max(self.move.values(), default=math.nan)

    @property
    def over(self) -> float:
        """Loss after one step over the loss before; 1 where both are 0 or infinite."""
        return loss_ratio(self.ray[0], self.loss)

    @property
    def relative_ray(self) -> tuple[float, ...]:
        """`ray` over `chance`: `times_chance` of each."""
        return tuple(times_chance(loss, self.chance) for loss in self.ray)

    def signs(self, trial: Trial | None = None) -> dict[str, float]:
        """Return what is known of `diagnosis.decision.SIGNS`, with what a probe found.

        There is no `lin`, no curvature and no count of units; a copy that was trained is not
        measured again.
        """
        before = times_chance(self.loss, self.chance)
        signs = {
            "adaptive": float(not isinstance(self.optimizer, SGD)),
            "travel": self.fastest * self.steps,
            "aim": self.aim,
            "before": before,
            "over": self.over,
            "way_back": way_back(self.over, before, self.steps),
            "pace": self.fastest,
            "balance": self.balance,
            "decay": self.optimizer.weight_decay,
            "first": self.relative_ray[0],
            "lowest": min(self.relative_ray),
        }
        if trial is not None:
            signs["probe_loss"] = trial.last
            signs["probe_rise"] = trial.last / trial.lowest if trial.lowest > 0.0 else 1.0
        return signs

    def __str__(self) -> str:
        """Return the numbers in a sentence."""
        text = f"First step with {self.optimizer}: "
        if math.isnan(self.aim):
            return text + "not finite."
        text += (
            f"it moves the fastest weights by {self.fastest:.2g} of their size and points at the "
            f"targets with cosine {self.aim:.2f}"
        )
        first = times_chance(self.loss, self.chance)
        if not math.isfinite(first):  # the targets are all the same, or the loss overflows
            return text + "."
        return (
            f"{text}; along it the loss goes from {first:.3g} to "
            f"{min(self.relative_ray):.3g} x "
            "chance at best."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it in values that JSON can hold; NaN and infinity become None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain: dict[str, Any] = jsonable(values | {"optimizer": self.optimizer.to_dict()})
        return plain


def first_step(model: TorchModel, training: Training) -> ForeignStep:
    """Measure the first step of a Module, which is left bit for bit as it was found.

    Parameters
    ----------
    model : TorchModel
        The Module with its data.
    training : Training
        With an optimizer that is known.

    Returns
    -------
    ForeignStep

    Notes
    -----
    Costs one forward, two backwards, one forward derivative (two forwards where there is none) and
    a forward for each of `MULTIPLES`.
    """
    optimizer = training.optimizer
    assert optimizer is not None
    with as_found(model.module):
        z = model.logits(model.parameters)
        best = model.gradients(z, model.residual())
        own = model.gradients(z, model.residual(z.detach()))
        centred, real = _step(model, optimizer, best), _step(model, optimizer, own)
        loss = _finite(model.mean_loss(z.detach()))
        move = {
            name: _relative(model.array(step), model.array(model.parameters[name]))
            for name, step in centred.items()
            if step.ndim >= 2
        }
        change, exact = _derivative(model, centred)
        ray = []
        with model.torch.no_grad():
            for multiple in MULTIPLES:
                ray.append(_finite(model.mean_loss(model.logits(model.moved(real, multiple)))))
    return ForeignStep(
        optimizer,
        training.budget,
        training.batch_size,
        move,
        _cosine(model.array(change), model.centred_target()),
        loss,
        model.chance,
        MULTIPLES,
        tuple(ray),
        exact,
        _largest(model, best) / scale if (scale := _largest(model, own)) else 1.0,
    )


def _largest(model: TorchModel, gradients: dict[str, Any]) -> float:
    """Return the largest norm of the gradient of a matrix."""
    norms = (np.linalg.norm(model.array(g)) for g in gradients.values() if g.ndim >= 2)
    return float(max(norms, default=0.0))


def _step(model: TorchModel, optimizer: Optimizer, gradients: dict[str, Any]) -> dict[str, Any]:
    size = optimizer.learning_rate / (1.0 - getattr(optimizer, "momentum", 0.0))
    if isinstance(optimizer, SGD):
        return {name: -size * gradient for name, gradient in gradients.items()}
    return {
        name: -size * gradient / (gradient.abs() + optimizer.epsilon)
        for name, gradient in gradients.items()
    }


def _derivative(model: TorchModel, step: dict[str, Any]) -> tuple[Any, bool]:
    """Return the change (B, M) of the logits by a step, to first order, and whether it is exact."""
    torch = model.torch
    start = {name: parameter.detach() for name, parameter in model.parameters.items()}
    try:
        with warnings.catch_warnings():  # of PyTorch about PyTorch, at the first derivative
            warnings.simplefilter("ignore", DeprecationWarning)
            return torch.func.jvp(model.logits, (start,), (step,))[1].detach(), True
    except (RuntimeError, NotImplementedError):  # an operation without a forward derivative
        pass
    sizes = [_relative(model.array(each), model.array(start[name])) for name, each in step.items()]
    largest = max((size for size in sizes if math.isfinite(size)), default=0.0)
    nudge = NUDGE / largest if largest > 0.0 else 1.0
    with torch.no_grad():
        up = model.logits(model.moved(step, nudge))
        down = model.logits(model.moved(step, -nudge))
    return (up - down) / (2.0 * nudge), False


def _finite(loss: Any) -> float:
    value = float(loss)
    return value if math.isfinite(value) else math.inf


def _rms(x: Any) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(np.mean(np.square(x)))) if x.size else 0.0


def _relative(step: Any, weights: Any) -> float:
    moved, size = _rms(step), _rms(weights)
    if moved == 0.0:
        return 0.0
    return moved / size if size else math.inf


def _cosine(change: Any, wanted: Any) -> float:
    """Of two arrays (B, M), columns centred; 0 where one is constant, NaN if one is not finite."""
    if not np.isfinite(change).all():
        return math.nan
    largest = np.abs(change).max(initial=0.0)
    if not largest > 0.0 or not np.any(wanted):
        return 0.0
    change = change / largest  # no overflow in the squares
    change = change - change.mean(axis=0)
    norms = np.linalg.norm(change) * np.linalg.norm(wanted)
    return float(np.sum(change * wanted) / norms) if norms > 0.0 else 0.0
