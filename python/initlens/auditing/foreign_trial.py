"""A probe of a model that computes itself: a deep copy, trained in its own library."""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

from ..diagnosis.training import Training
from ..diagnosis.trial import Trial, steps_at
from ..optimizers import SGD, Adam, Optimizer
from .torch_model import TorchModel, UnmeasuredError, as_found

__all__ = ["probe_of"]


def probe_of(model: TorchModel, training: Training, share: float) -> Trial:
    """Train a deep copy of a Module for a share of its run, and measure it again.

    Parameters
    ----------
    model : TorchModel
        The Module with its data; not changed, and neither is the state of random numbers.
    training : Training
        With an optimizer that is known.
    share : float
        In (0, 1].

    Returns
    -------
    Trial
        Losses are those of all samples, measured as `TorchModel` computes; the copy trains in
        training mode, with dropout.

    Raises
    ------
    UnmeasuredError
        If the model cannot be copied, or fails on a batch.
    KeyboardInterrupt
        At Ctrl-C.
    """
    optimizer, torch = training.optimizer, model.torch
    assert optimizer is not None
    with as_found(model.module):  # for the random states
        torch.manual_seed(0)
        try:
            copy = deepcopy(model.module)
        except Exception as error:  # whatever the model holds
            raise UnmeasuredError(f"it cannot be copied: {error}") from error
        for part, original in zip(copy.modules(), model.module.modules(), strict=True):
            part.training = True
            if hasattr(original, "track_running_stats"):
                part.track_running_stats = True
        trained = [p for p in copy.parameters() if p.requires_grad]
        own = _torch_optimizer(torch, optimizer, trained)
        rows = len(model.X)
        batch = min(training.batch_size or rows, rows)
        places = steps_at(share, training.budget)
        seen, losses = [0], [_loss(model, copy)]
        diverged: int | None = None
        order, at = torch.randperm(rows), 0
        for step in range(places[-1]):
            if batch < rows and at + batch > rows:
                order, at = torch.randperm(rows), 0
            chosen = slice(None) if batch == rows else order[at : at + batch]
            at += batch
            own.zero_grad()
            try:
                output = copy(model.X[chosen])
            except Exception as error:  # whatever the model raises, such as on a batch of 1
                raise UnmeasuredError(f"{type(error).__name__}: {error}") from error
            z = model.before_the_end(output.reshape(-1, model.outputs))
            loss = model.mean_loss(z, model.targets(chosen))
            if not math.isfinite(float(loss.detach())):
                diverged = step
                break
            loss.backward()
            own.step()
            if step + 1 in places[1:]:
                seen.append(step + 1)
                losses.append(_loss(model, copy))
    if diverged is not None:
        seen.append(diverged)
        losses.append(math.inf)
    return Trial(
        optimizer,
        share,
        places[-1],
        training.budget,
        None if batch == rows else batch,
        tuple(seen),
        tuple(losses),
        model.chance,
        diverged,
    )


def _loss(model: TorchModel, copy: Any) -> float:
    parameters = dict(copy.named_parameters())
    with as_found(model.module), model.torch.no_grad():
        z = model.logits({name: parameters[name] for name in model.parameters})
        return float(model.mean_loss(z))


def _torch_optimizer(torch: Any, optimizer: Optimizer, parameters: list[Any]) -> Any:
    settings: dict[str, Any] = {
        "lr": optimizer.learning_rate,
        "weight_decay": optimizer.weight_decay,
    }
    if isinstance(optimizer, SGD):
        settings |= {"momentum": optimizer.momentum, "nesterov": optimizer.nesterov}
        return torch.optim.SGD(parameters, **settings)
    settings |= {"eps": optimizer.epsilon}
    if isinstance(optimizer, Adam):
        return torch.optim.Adam(parameters, betas=(optimizer.beta1, optimizer.beta2), **settings)
    return torch.optim.RMSprop(
        parameters, alpha=optimizer.alpha, momentum=optimizer.momentum, **settings
    )
