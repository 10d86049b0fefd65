"""What can be drawn: the least that a net, a history, a layer or a diagnosis has to have."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..activations import Activation

__all__ = ["DiagnosisLike", "FirstStepLike", "HistoryLike", "LayerLike", "NetLike"]


class _Settings(Protocol):
    @property
    def layers(self) -> tuple[int, ...]: ...

    @property
    def activation(self) -> tuple[str, ...]: ...

    @property
    def loss(self) -> str: ...


@runtime_checkable
class NetLike(Protocol):
    """A net, such as a `Network`."""

    @property
    def settings(self) -> _Settings:
        """Widths, activations and loss."""

    @property
    def weights(self) -> Sequence[NDArray[Any]]:
        """Each (n_in, n_out)."""

    @property
    def biases(self) -> Sequence[NDArray[Any]]:
        """Each (n_out,)."""

    def forward(self, X: ArrayLike, /) -> NDArray[Any]:
        """Return the outputs."""

    def activations(self, X: ArrayLike) -> Sequence[Any]:
        """Return pre-activations `z` and activations `a` of every layer."""

    def gradients(self, X: ArrayLike, y: ArrayLike) -> Any:
        """Return the gradients of `weights` and `biases`."""

    def loss(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the mean loss, or raise where X or y do not fit."""

    def accuracy(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the share of samples whose class is right."""


class HistoryLike(Protocol):
    """What was recorded in training, such as a `History`."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """Recorded steps, (R,)."""

    @property
    def loss(self) -> NDArray[np.float64]:
        """At these steps, (R,)."""

    @property
    def unit_spread(self) -> NDArray[np.float64]:
        """Of every layer, (R, L)."""

    @property
    def distinct_units(self) -> NDArray[np.int64]:
        """Of every layer, (R, L)."""

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each of the L layers."""


class _Symmetry(Protocol):
    @property
    def copies(self) -> Sequence[tuple[int, ...]]: ...

    @property
    def similarity(self) -> NDArray[np.float64]: ...

    @property
    def largest_similarity(self) -> float: ...

    @property
    def mean_similarity(self) -> float: ...

    @property
    def constant_units(self) -> int: ...


class LayerLike(Protocol):
    """A layer that was measured, such as one of `Diagnosis.layers`."""

    @property
    def number(self) -> int:
        """From 1."""

    @property
    def units(self) -> int:
        """Its width."""

    @property
    def activation(self) -> Activation | None:
        """None for the output layer."""

    @property
    def symmetry(self) -> _Symmetry | None:
        """Copies and similarity of its units; None for the output layer."""


@runtime_checkable
class DiagnosisLike(Protocol):
    """A net that was measured, such as a `Diagnosis`."""

    @property
    def layers(self) -> Sequence[LayerLike]:
        """The output layer last."""

    def learning_time(self, layer: int) -> float:
        """Return the steps until the weights of a layer, from 1, have moved by their norm."""


@runtime_checkable
class FirstStepLike(Protocol):
    """The first step of an optimizer, such as a `FirstStep`."""

    @property
    def optimizer(self) -> object:
        """Whose step; as text it names its settings."""

    @property
    def steps(self) -> int:
        """Of the run to come."""

    @property
    def loss(self) -> float:
        """Before the step; infinite where it overflows."""

    @property
    def chance(self) -> float:
        """Loss of the best constant output."""

    @property
    def multiples(self) -> Sequence[float]:
        """Of the step, rising."""

    @property
    def ray(self) -> Sequence[float]:
        """Loss after each of `multiples`; infinite where it overflows."""

    @property
    def move(self) -> Sequence[float] | Mapping[str, float]:
        """Norm of the step over norm of the weights, of every layer or by the name of a tensor."""

    @property
    def aim(self) -> float:
        """Cosine between the first change of the outputs and y, both without means."""

    @property
    def lin(self) -> float | None:
        """Share of y that linearised training learns in the run; None if not measured."""
