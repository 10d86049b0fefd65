"""Diagnosis: what a net is on data, layer by layer, and what that means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import integer
from .._tools.format import number, share
from .._tools.selection import evenly
from .._tools.text import counted, jsonable
from ..nets.network import Network, Settings
from ..optimizers import Optimizer
from ..report import Drawing, page, pictures, reproduction, section, table_html
from ..tables import Table
from .call import diagnose_call
from .decision import LEAST_TRAVEL
from .first_step import FirstStep
from .measures import LayerMeasures, Loss, relative_slope
from .rules import Case
from .training import Training
from .trial import Trial
from .verdicts import Judged, Verdict, verdict_lines, verdict_table

if TYPE_CHECKING:
    from ..plotting import (
        FirstStepDisplay,
        LearningTimeDisplay,
        SaturationDisplay,
        SimilarityDisplay,
    )

__all__ = ["Diagnosis", "Snapshot"]

_SAMPLES_DRAWN: Final = 400  # of a map of slopes: a column each


class Snapshot(NamedTuple):
    """The net as it was, for pictures of it: nets are trained on."""

    settings: Settings
    parameters: list[NDArray[Any]]
    X: NDArray[Any] | None

    def network(self) -> Network:
        """Return the net, with the parameters that it had."""
        settings = self.settings
        net = Network(settings.layers, settings.activation, settings.loss, settings.dtype)
        for view, array in zip(net._parameters(), self.parameters, strict=True):
            view[...] = array
        return net


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis(Judged):
    """What a net is on data, and what that means: what `diagnose` returns.

    `to_frame` has one row per layer: its numbers, named as in `to_dict`, with dots:
    "flow.d_weights".

    Parameters
    ----------
    layers : tuple of LayerMeasures
        The numbers, the output layer last.
    loss : Loss
        First loss, chance loss, confident-wrong share.
    verdicts : tuple of Verdict
        Errors first, then warnings, then notes, each with what follows from it. Where there is no
        error, the answer leads: "healthy" or "unknown".
    samples : int
        Rows of X; 0 where the weights alone were measured.
    threshold : float
        Relative slope below which a pair of unit and sample is saturated.
    training : Training
        The run to come, as given.
    first_step : FirstStep or None
        The optimizer's first step; None without X and y, and where the optimizer is not known.
    trial : Trial or None
        What became of the copy that a probe trained.
    """

    layers: tuple[LayerMeasures, ...]
    loss: Loss
    verdicts: tuple[Verdict, ...]
    samples: int
    threshold: float
    training: Training
    first_step: FirstStep | None
    trial: Trial | None
    _measured: Snapshot

    @property
    def optimizer(self) -> Optimizer | None:
        """Of the run to come; None if it was not given, or is not known here."""
        return self.training.optimizer

    @property
    def learning_rate(self) -> float | None:
        """Of `optimizer`."""
        return None if self.optimizer is None else self.optimizer.learning_rate

    @property
    def steps(self) -> int | None:
        """As given; 10,000 are meant by None."""
        return self.training.steps

    @property
    def batch_size(self) -> int | None:
        """Samples a step; None for all."""
        return self.training.batch_size

    @property
    def saturated(self) -> float:
        """Share of saturated pairs among all of the hidden layers; NaN without hidden layers."""
        hidden = self.layers[:-1]
        units = sum(layer.units for layer in hidden)
        if not units:
            return math.nan
        return sum(layer.saturation.share * layer.units for layer in hidden) / units

    @property
    def first_last_ratio(self) -> float:
        """norm(dW) of the first layer over that of the last; NaN if both are 0."""
        first, last = self.layers[0].flow.d_weights, self.layers[-1].flow.d_weights
        if last:
            return first / last
        return math.inf if first else math.nan

    def learning_time(self, layer: int) -> float:
        """Return the steps of SGD until the weights of a layer have moved by their norm.

        Parameters
        ----------
        layer : int
            From 1, the output layer last.

        Returns
        -------
        float
            `Flow.learning_time` over the learning rate, without an optimizer that of `first_step`,
            and over 1 - momentum: infinite without a gradient, NaN without targets and for an
            optimizer that is not SGD.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        flow = self._layer(layer, len(self.layers)).flow
        case = Case(self.layers, self.loss, (), self.training, step=self.first_step)
        return math.nan if math.isnan(flow.d_weights) else case.steps_of(flow.learning_time)

    def _layer(self, number: int, last: int) -> LayerMeasures:
        chosen = integer("layer", number, minimum=1)
        if chosen > last:
            kind = "a layer" if last == len(self.layers) else "a hidden layer"
            raise ValueError(f"layer must be {kind}, 1 to {last}, got {chosen}")
        return self.layers[chosen - 1]

    def table(self) -> Table:
        """Return one row per layer, and the verdicts below.

        Returns
        -------
        Table
        """
        columns = (
            "layer",
            "inputs x units",
            "activation",
            "distinct\nunits",
            "effective\nunits",
            "z\nstd",
            "saturated",
            "dead\nunits",
            "|dW|",
            "learning time\n(steps)",
        )
        rows = tuple(self._row(layer) for layer in self.layers)
        notes = [*verdict_lines(self.verdicts), *self.training.notes]
        if self.trial is not None and self.trial.diverged_at is None:  # else it is a verdict
            notes.append(str(self.trial))
        return Table(self._title(), columns, rows, tuple(notes))

    def _row(self, layer: LayerMeasures) -> tuple[str, ...]:
        symmetry = layer.symmetry
        dead = layer.saturation.dead_units
        return (
            str(layer.number),
            f"{layer.inputs} x {layer.units}",
            "output" if layer.activation is None else str(layer.activation),
            "-" if symmetry is None else f"{symmetry.distinct}/{layer.units}",
            _effective(layer),
            _digits(layer.z.std),
            share(layer.saturation.share),
            "-" if layer.activation is None else str(dead),
            _digits(layer.flow.d_weights),
            _digits(self.learning_time(layer.number)),
        )

    def _title(self) -> str:
        parts = [f"Diagnosis: {self._answer_text}"]
        parts.append(counted(self.samples, "sample") if self.samples else "weights alone")
        if not math.isnan(self.loss.first):
            parts.append(f"loss {number(self.loss.first)} ({self.loss.ratio:.3g} x chance)")
        if self.training.name:
            parts.append(self.training.name)
        elif self.first_step is not None:
            parts.append(f"{self.first_step.optimizer} (of the curvature)")
        if self.batch_size is not None:
            parts.append(f"batch size {self.batch_size:,}")
        if self.steps is not None:
            parts.append(counted(self.steps, "step"))
        return " · ".join(parts)

    def to_dict(self, *, arrays: bool = False) -> dict[str, Any]:
        """Return everything in lists and numbers that JSON can hold; NaN becomes None.

        Parameters
        ----------
        arrays : bool, default False
            With what there is of every unit, pair of units and sample.
        """
        return {
            "answer": self.answer,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "loss": jsonable(asdict(self.loss) | {"ratio": self.loss.ratio}),
            "samples": self.samples,
            "threshold": self.threshold,
            "optimizer": None if self.optimizer is None else self.optimizer.to_dict(),
            "unknown_optimizer": self.training.unknown or None,
            "learning_rate": self.learning_rate,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "first_step": None if self.first_step is None else self.first_step.to_dict(),
            "trial": None if self.trial is None else self.trial.to_dict(),
            "notes": list(self.training.notes),
            "saturated": jsonable(self.saturated),
            "first_last_ratio": jsonable(self.first_last_ratio),
            "layers": [_layer_dict(layer, arrays) for layer in self.layers],
        }

    def _columns(self) -> dict[str, Any]:
        rows = [_flat(_layer_dict(layer, arrays=False)) for layer in self.layers]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}

    def plot_similarity(self, layer: int = 1, ax: Any = None) -> SimilarityDisplay:
        """Draw how much alike the outputs of the units of a hidden layer are.

        Parameters
        ----------
        layer : int, default 1
            Which hidden layer, from 1.
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        SimilarityDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such hidden layer, or it has no correlations: no X, or values that are
            not finite.
        """
        from ..plotting import plot_similarity

        return plot_similarity(self._layer(layer, len(self.layers) - 1), ax=ax)

    def plot_saturation(self, layer: int = 1, ax: Any = None) -> SaturationDisplay:
        """Draw the relative slope of every unit of a hidden layer on every sample.

        Parameters
        ----------
        layer : int, default 1
            Which hidden layer, from 1.
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        SaturationDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such hidden layer, or the net was diagnosed without X.
        """
        from ..plotting import plot_saturation

        chosen = self._layer(layer, len(self.layers) - 1)
        X = self._measured.X
        if X is None or chosen.activation is None:
            raise ValueError("a map of slopes needs samples: il.diagnose(net, X)")
        z = self._measured.network().activations(X[evenly(len(X), _SAMPLES_DRAWN)])[layer - 1].z
        return plot_saturation(
            relative_slope(chosen.activation, z).T.astype(np.float64),
            layer=layer,
            threshold=self.threshold,
            samples=self.samples,
            ax=ax,
            title=f"layer {layer}, {chosen.activation}: {share(chosen.saturation.share)} flat",
        )

    def plot_learning_time(self, ax: Any = None) -> LearningTimeDisplay:
        """Draw the learning time of every layer on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; a new figure by default.

        Returns
        -------
        LearningTimeDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the net was diagnosed without X and y.
        """
        from ..plotting import plot_learning_times

        title = f"learning time with {self.training.name or 'learning rate 1'}"
        return plot_learning_times({"net": self}, ax=ax, title=title)

    def plot_first_step(self, ax: Any = None) -> FirstStepDisplay:
        """Draw the loss along the optimizer's first step, the moves of the layers, aim and lin.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or array of three, optional
            Where; on a single one the loss is drawn alone. A new figure by default.

        Returns
        -------
        FirstStepDisplay

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no `first_step`, the loss at chance is 0, or `ax` holds another number of
            axes.
        """
        from ..plotting import plot_first_step

        step = self.first_step
        if step is None:
            raise ValueError(
                "there is no first step to draw: il.diagnose(net, X, y) with an optimizer that is "
                "known"
            )
        source = "" if self.training.optimizer else " (of the curvature)"
        title = f"first step of {step.optimizer}{source}"
        return plot_first_step(step, bound=LEAST_TRAVEL, ax=ax, title=title)

    def _page(self) -> str:
        table = self.table()
        # The verdicts, its notes, have a table of their own.
        layers = replace(table, title="Layers, the output last", notes=())
        return page(
            f"diagnosis: {self._answer_text}",
            (
                section("Verdicts", table_html(verdict_table(table.title, self.verdicts, {}))),
                section("Layers", table_html(layers)),
                pictures(self._drawings()),
                reproduction(diagnose_call(self), {"samples": f"{self.samples:,}"}),
            ),
        )

    def _drawings(self) -> list[Drawing]:
        """List the pictures, those of one layer for the hidden one that the verdicts name first."""
        hidden = range(1, len(self.layers))
        layer = next((v.layer for v in self.verdicts if v.layer in hidden), None) or 1
        return [
            (f"Similarity of units, layer {layer}", lambda: self.plot_similarity(layer)),
            (f"Saturation, layer {layer}", lambda: self.plot_saturation(layer)),
            *([("First step", self.plot_first_step)] if self.first_step is not None else []),
            # Of another optimizer there are none.
            *([("Learning time", self.plot_learning_time)] if self.training.is_sgd else []),
        ]


def _effective(layer: LayerMeasures) -> str:
    """Return the effective units beside the most that the layer can have."""
    symmetry = layer.symmetry
    if symmetry is None or math.isnan(symmetry.effective_units):
        return "-"
    return f"{symmetry.effective_units:.1f} of {min(layer.units, layer.inputs)}"


def _digits(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _layer_dict(layer: LayerMeasures, arrays: bool) -> dict[str, Any]:
    values = asdict(layer) | {"activation": str(layer.activation or "output")}
    values["not_finite"] = layer.not_finite._asdict()
    values["saturation"]["share"] = layer.saturation.share
    values["saturation"]["saturated_units"] = layer.saturation.saturated_units
    values["flow"]["attenuation"] = layer.flow.attenuation
    values["flow"]["learning_time"] = layer.flow.learning_time
    values["flow"]["signal_time"] = layer.flow.signal_time
    if layer.symmetry is not None:
        values["symmetry"]["largest_similarity"] = layer.symmetry.largest_similarity
        values["symmetry"]["mean_similarity"] = layer.symmetry.mean_similarity
    if not arrays:
        for part, name in _ARRAYS:
            (values[part] or {}).pop(name, None)
    plain: dict[str, Any] = jsonable(values)
    return plain


_ARRAYS: Final = (
    ("saturation", "by_unit"),
    ("saturation", "by_sample"),
    ("symmetry", "similarity"),
)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            flat[prefix + name] = value
    return flat
