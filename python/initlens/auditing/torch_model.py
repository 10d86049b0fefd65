"""TorchModel: a PyTorch Module as a function of its parameters, left as it was found.

The Module is called as it is, on parameters put in place of its own, so that nothing in it changes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..nets import targets
from .readers.arrays import samples_array
from .readers.torch import keep_buffers, keep_random_states, to_tensor

__all__ = ["TorchModel", "UnmeasuredError", "as_found"]

# What only reshapes the outputs, between the last function and the end.
_SHAPES: Final = ("View", "Squeeze", "Unsqueeze", "Reshape", "Select", "T", "Transpose", "Permute")


class UnmeasuredError(Exception):
    """Why a model cannot be measured as a function of its parameters."""


class TorchModel:
    """A Module, its samples and targets.

    Parameters
    ----------
    module : torch.nn.Module
        Not changed.
    X : array_like of shape (B, ...)
        Samples.
    y : array_like
        Targets, as `Network.loss` takes them.
    loss : callable or str
        A loss of `Network`, or what gives one for the number of outputs.

    Raises
    ------
    UnmeasuredError
        If the model fails on X, or its outputs are not (B, M) and computed from its parameters.
    ValueError
        If y does not fit the loss.
    """

    def __init__(self, module: Any, X: Any, y: Any, loss: str | Callable[[int], str]) -> None:
        self.torch = sys.modules["torch"]
        self.module = module
        self.X = to_tensor(self.torch, module, X)
        self.parameters: dict[str, Any] = {
            name: parameter.detach().clone().requires_grad_()
            for name, parameter in module.named_parameters()
            if parameter.requires_grad and parameter.is_floating_point()
        }
        if not self.parameters:
            raise UnmeasuredError("none of its parameters is trained")
        try:
            with as_found(module):
                output = self._call(self.parameters)
        except Exception as error:  # whatever the model raises
            raise UnmeasuredError(f"{type(error).__name__}: {error}") from error
        if not hasattr(output, "shape") or output.ndim not in (1, 2) or len(output) != len(self.X):
            shape = tuple(getattr(output, "shape", ())) or type(output).__name__
            raise UnmeasuredError(f"its outputs are {shape}, not one row of values per sample")
        if output.grad_fn is None:
            raise UnmeasuredError("its outputs do not come from its parameters by autograd")
        self.outputs = 1 if output.ndim == 1 else int(output.shape[1])
        self.end = _last_function(output)
        self.loss_name = loss if isinstance(loss, str) else loss(self.outputs)
        self.target = targets.encode(y, self.loss_name, self.outputs)
        if len(self.target) != len(self.X):
            raise ValueError(f"y has {len(self.target)} rows and X has {len(self.X)}")
        self.chance = targets.chance_loss(self.target, self.loss_name)
        self._y = self.torch.as_tensor(
            np.asarray(self.target, np.float64), dtype=output.dtype, device=output.device
        )

    def _call(self, parameters: Mapping[str, Any]) -> Any:
        buffers = {name: buffer.clone() for name, buffer in self.module.named_buffers()}
        # One seed for all calls: what is random in the model is the same in each of them.
        self.torch.manual_seed(0)
        values = {**buffers, **parameters}
        return self.torch.func.functional_call(self.module, values, (self.X,))

    def logits(self, parameters: Mapping[str, Any]) -> Any:
        """Return what the loss works from, (B, M): outputs before a sigmoid or softmax at the end.

        A softmax is undone by the logarithm, up to a constant in each row, which the loss does not
        see.
        """
        return self.before_the_end(self._call(parameters).reshape(len(self.X), -1))

    def before_the_end(self, output: Any) -> Any:
        """Undo the sigmoid or softmax that the model ends with, if it does."""
        tiny = self.torch.finfo(output.dtype).tiny
        if self.end == "softmax" and self.loss_name == "cross_entropy":
            return output.clamp_min(tiny).log()
        if self.end == "sigmoid" and self.loss_name == "binary_cross_entropy":
            return output.clamp_min(tiny).log() - (1 - output).clamp_min(tiny).log()
        return output

    def mean_loss(self, z: Any, y: Any = None) -> Any:
        """Return the mean loss of logits, as `Network.loss` has it."""
        functional = self.torch.nn.functional
        y = self._y if y is None else y
        if self.loss_name == "mse":
            return functional.mse_loss(z, y)
        if self.loss_name == "binary_cross_entropy":
            return functional.binary_cross_entropy_with_logits(z, y)
        return -(y * functional.log_softmax(z, dim=1)).sum(dim=1).mean()

    def residual(self, z: Any = None) -> Any:
        """Return the gradient (B, M) of the mean loss by logits; by default at the best constant.

        The best constant output is the mean of y, as values or probabilities.
        """
        torch, y = self.torch, self._y
        if z is None:
            guess = y.mean(dim=0)
        elif self.loss_name == "mse":
            guess = z
        elif self.loss_name == "binary_cross_entropy":
            guess = torch.sigmoid(z)
        else:
            guess = torch.softmax(z, dim=1)
        count = len(y) if self.loss_name == "cross_entropy" else y.numel()
        return (guess - y) * ((2.0 if self.loss_name == "mse" else 1.0) / count)

    def targets(self, rows: Any) -> Any:
        """Return the encoded targets of some rows."""
        return self._y[rows]

    def gradients(self, z: Any, residual: Any) -> dict[str, Any]:
        """Return the gradients by every parameter of sum(z * residual), with z from `logits`."""
        found = self.torch.autograd.grad(
            z, list(self.parameters.values()), residual, retain_graph=True, allow_unused=True
        )
        return {
            name: self.torch.zeros_like(parameter) if gradient is None else gradient
            for (name, parameter), gradient in zip(self.parameters.items(), found, strict=True)
        }

    def moved(self, step: Mapping[str, Any], times: float) -> dict[str, Any]:
        """Return the parameters after so many times a step."""
        return {
            name: parameter.detach() + times * step[name]
            for name, parameter in self.parameters.items()
        }

    def centred_target(self) -> NDArray[np.float64]:
        """Return y - mean y, (B, M)."""
        y = np.asarray(self.target, np.float64)
        return np.asarray(y - y.mean(axis=0))

    def array(self, tensor: Any) -> NDArray[np.float64]:
        """Return a tensor as an array of float64."""
        return samples_array("outputs", tensor).astype(np.float64)


def _last_function(output: Any) -> str:
    """Return "sigmoid" or "softmax" if the outputs come from one, else ""."""
    node = output.grad_fn
    while node is not None and type(node).__name__.startswith(_SHAPES):
        node = node.next_functions[0][0] if node.next_functions else None
    name = type(node).__name__
    return {"SigmoidBackward0": "sigmoid", "SoftmaxBackward0": "softmax"}.get(name, "")


@contextmanager
def as_found(module: Any) -> Iterator[None]:
    """Compute as in evaluation, but with batch statistics; modes and random states come back.

    Dropout is off, so that outputs are those of one function; a batch norm takes the statistics of
    the batch, as in training, and keeps its running ones as they are.
    """
    modes = [
        (part, part.training, getattr(part, "track_running_stats", None))
        for part in module.modules()
    ]
    with keep_random_states(module), keep_buffers(module):
        try:
            module.eval()
            for part, _, tracks in modes:
                if tracks is not None:
                    part.training, part.track_running_stats = True, False
            yield
        finally:
            for part, training, tracks in modes:
                part.training = training
                if tracks is not None:
                    part.track_running_stats = tracks
