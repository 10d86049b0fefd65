"""Which parameters of a PyTorch Module a training leaves as they are."""

from __future__ import annotations

from collections.abc import Sequence
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
        What is audited; nothing is said of what is no PyTorch Module.
    optimizer : object
        As `audit` was given it: one of `torch.optim`, its schedule, or anything else.

    Returns
    -------
    list of str
        Empty where all are trained.
    """
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
        said.append(f"the optimizer trains none of the {who}: it is another model's")
    elif missing:
        of = counted(len(parameters), "parameter")
        said.append(f"the optimizer does not train {len(missing)} of {of}: {join(missing, _NAMED)}")
    return said


def _who(names: Sequence[str], count: int) -> str:
    if len(names) == count > 1:
        return f"all {count} parameters"
    return join(list(names), _NAMED)
