"""Which parameters of a model a training leaves as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from .._tools.text import counted, join
from .readers.arrays import is_a
from .readers.torch import is_module

__all__ = ["untrained"]

_NAMED: Final = 6  # names at most in a sentence


def untrained(model: Any, optimizer: Any) -> list[str]:
    """Say which parameters are frozen, and which the optimizer does not hold.

    Parameters
    ----------
    model : object
        What is audited; nothing is said of what is no Module of PyTorch and no model of Keras.
    optimizer : object
        As `audit` was given it: one of `torch.optim`, its schedule, or anything else.

    Returns
    -------
    list of str
        Empty where all are trained.
    """
    if is_a(model, "keras", "Layer"):
        layers = [layer.name for layer in _keras_layers(model) if not layer.trainable]
        verb = "layer is" if len(layers) == 1 else "layers are"
        return [f"{verb} frozen (trainable=False): {join(layers, _NAMED)}"] if layers else []
    if not is_module(model):
        return []
    parameters = dict(model.named_parameters())
    frozen = [name for name, value in parameters.items() if not value.requires_grad]
    said = []
    if frozen:
        who = _who(frozen, len(parameters))
        verb = "is" if who == frozen[0] else "are"
        said.append(f"{who} {verb} frozen (requires_grad=False)")
    if is_a(optimizer, "torch", "LRScheduler"):
        optimizer = optimizer.optimizer
    if not is_a(optimizer, "torch", "Optimizer"):
        return said
    held = {id(value) for group in optimizer.param_groups for value in group["params"]}
    left = [name for name, value in parameters.items() if id(value) not in held]
    missing = [name for name in left if name not in frozen]
    if parameters and len(left) == len(parameters):
        who = counted(len(parameters), "parameter")
        said.append(f"the optimizer trains none of the model's {who}")
    elif missing:
        of = counted(len(parameters), "parameter")
        said.append(f"the optimizer does not train {len(missing)} of {of}: {join(missing, _NAMED)}")
    return said


def _keras_layers(model: Any) -> Iterator[Any]:
    """Yield the layers with weights that are in no other layer's parts."""
    parts = getattr(model, "layers", None)
    if parts is None:
        if model.weights:
            yield model
        return
    for part in parts:
        yield from _keras_layers(part)


def _who(names: Sequence[str], count: int) -> str:
    if len(names) == count > 1:
        return f"all {count} parameters"
    return join(list(names), _NAMED)
