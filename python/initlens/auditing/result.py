"""Audit: what was read of a model, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._tools.format import share
from .._tools.text import counted, jsonable, with_article
from ..activations import Activations
from ..diagnosis.decision import LEAST_TRAVEL
from ..diagnosis.result import Diagnosis
from ..diagnosis.training import Training
from ..diagnosis.trial import Trial
from ..diagnosis.verdicts import Judged, Verdict, layer_label, verdict_lines, verdict_table
from ..nets.network import Network
from ..report import page, pictures, reproduction, section, table_html
from ..tables import Table
from .call import audit_call
from .chain import Matrix, build
from .foreign_step import ForeignStep
from .readers import read
from .readers.arrays import is_writable, like, write
from .readers.reading import Dense, Layout, Parameter, Skipped

if TYPE_CHECKING:
    from ..plotting import FirstStepDisplay

__all__ = ["Audit", "AuditedLayer"]


@dataclass(frozen=True)
class AuditedLayer:
    """A layer whose weights were read.

    Parameters
    ----------
    number : int
        As verdicts name it: the dense layers first, in their order.
    name, kind : str
        Its name in the model; "dense", or its class.
    inputs, units : int
        Fan-in and width.
    activation : str or None
        Of a dense layer that another one follows; None if it is not known.
    measured : bool
        On data; else the weights alone.
    std : float
        Standard deviation of the weights.
    law_ratio : float
        Root mean square of the weights over the nearest of the laws of LeCun, Glorot and He; 1
        between them, NaN where they are not meant.
    distinct_units : int or None
        Groups of equal units; None where the outgoing weights are not known.
    saturated : float
        Share of saturated pairs of unit and sample; NaN without data.
    """

    number: int
    name: str
    kind: str
    inputs: int
    units: int
    activation: str | None
    measured: bool
    std: float
    law_ratio: float
    distinct_units: int | None
    saturated: float


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Judged):
    """What was read of a model, and what is wrong with it: what `audit` returns.

    `to_frame` has one row per layer, with the parameters of `AuditedLayer`.

    Parameters
    ----------
    source : str
        What the model is.
    layers : tuple of AuditedLayer
        Layers with weights.
    verdicts : tuple of Verdict
        Errors first, then warnings, then notes, each with what follows from it. Where there is no
        error, the answer leads: "healthy" or "unknown".
    diagnosis : Diagnosis or None
        Of the dense layers on the data; None where the weights alone were read.
    network : Network or None
        The last chain of dense layers, in the C core: initialize it and `copy_into` the model.
    skipped : tuple of Skipped
        Layers that are not computed, with the reason.
    notes : tuple of str
        What was found, converted, copied and assumed.
    data : tuple of two ndarray or None
        X and y as `network` takes them.
    training : Training
        The run to come: its optimizer is that of whatever library, in the words of this one.
    first_step : ForeignStep or None
        What the optimizer's first step does to a PyTorch Module that is no plain chain.
    trial : Trial or None
        What became of the copy that a probe trained.
    coverage : float
        Share of the model's parameters that were measured on data, or whose weights were read
        where no X was given; in [0, 1]. Below 1 the answer is never "healthy".
    """

    source: str
    layers: tuple[AuditedLayer, ...]
    verdicts: tuple[Verdict, ...]
    diagnosis: Diagnosis | None
    network: Network | None
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    data: tuple[NDArray[Any] | None, NDArray[Any] | None]
    training: Training
    first_step: ForeignStep | None
    trial: Trial | None
    coverage: float
    _options: tuple[Activations | None, Layout | None]
    _matrices: tuple[Matrix, ...]
    _nested: bool

    def table(self) -> Table:
        """Return one row per layer; verdicts, skipped layers and notes below.

        Returns
        -------
        Table
        """
        columns = (
            "layer",
            "inputs x units",
            "activation",
            "weights\nstd",
            "times\nusual scale",
            "distinct\nunits",
            "saturated",
            "read",
        )
        rows = tuple(map(_row, self.layers))
        count = "weights alone"
        if self.diagnosis is not None:
            count = counted(self.diagnosis.samples, "sample")
        notes = list(verdict_lines(self.verdicts))
        notes += [f"skipped: {name} ({reason})" for name, reason in self.skipped]
        title = f"Audit of {with_article(self.source)}: {self._answer_text} · {count}"
        if self.training.name:
            title += f" · {self.training.name}"
        return Table(title, columns, rows, (*notes, *self._found(), *self.notes))

    def _found(self) -> list[str]:
        """Return what a step and a probe have found, in sentences."""
        found = [] if self.first_step is None else [str(self.first_step)]
        if self.trial is not None and self.trial.diverged_at is None:  # else it is a verdict
            found.append(str(self.trial))
        return found

    def verdict_table(self, *, width: int | None = None) -> Table:
        """Return one row per verdict, with its evidence and what to change.

        Parameters
        ----------
        width : int, optional
            Break evidence and fix into lines of this many characters.

        Returns
        -------
        Table
        """
        names = {layer.number: layer.name for layer in self.layers}
        return verdict_table(f"{self.source}: {self._answer_text}", self.verdicts, names, width)

    def summary(self) -> str:
        """Return one line: the layers read and those skipped."""
        read = [
            f"{layer.name} ({layer.inputs} x {layer.units}"
            f"{'' if layer.activation is None else ', ' + layer.activation})"
            for layer in self.layers
        ]
        skipped = [f"{name} ({reason})" for name, reason in self.skipped]
        parts = [f"layers read: {', '.join(read)}"]
        if skipped:
            parts.append(f"skipped: {', '.join(skipped)}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything in lists and numbers that JSON can hold; NaN becomes None."""
        return {
            "source": self.source,
            "answer": self.answer,
            "coverage": self.coverage,
            "layers": [jsonable(vars(layer)) for layer in self.layers],
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "diagnosis": None if self.diagnosis is None else self.diagnosis.to_dict(),
            "optimizer": (
                None if self.training.optimizer is None else self.training.optimizer.to_dict()
            ),
            "unknown_optimizer": self.training.unknown or None,
            "steps": self.training.steps,
            "batch_size": self.training.batch_size,
            "first_step": None if self.first_step is None else self.first_step.to_dict(),
            "trial": None if self.trial is None else self.trial.to_dict(),
            "skipped": [skipped._asdict() for skipped in self.skipped],
            "notes": list(self.notes),
        }

    def _columns(self) -> dict[str, Any]:
        names = [item.name for item in fields(AuditedLayer)]
        return {name: [getattr(layer, name) for layer in self.layers] for name in names}

    def _page(self, *, file: str | None = None, data: str | None = None) -> str:
        """Return the report; it tells the files that model and samples were read from."""
        diagnosis = self.diagnosis
        skipped = (f"skipped: {name} ({reason})" for name, reason in self.skipped)
        layers = replace(
            self.table(), title="Layers", notes=(*skipped, *self._found(), *self.notes)
        )
        drawings = [] if diagnosis is None else diagnosis._drawings()
        step = self.first_step
        if step is not None:
            # The diagnosis is of the last chain in the model.
            drawings.insert(0, ("First step of the whole model", lambda: _draw(step)))
        if drawings:
            drawn = pictures(drawings)
        else:
            why = "<p>There are none: the weights alone were read, no data.</p>"
            drawn = section("Pictures", why)
        samples = "none" if diagnosis is None else f"{diagnosis.samples:,}"
        loss = None if self.network is None else self.network.settings.loss
        call = audit_call(
            *self._options, loss, diagnosis, self.training, self.trial, file=file, data=data
        )
        return page(
            f"audit of {with_article(self.source)}: {self._answer_text}",
            (
                section("Verdicts", table_html(self.verdict_table())),
                section("Layers", table_html(layers)),
                drawn,
                reproduction(call, {"samples": samples}),
            ),
        )

    def to_state_dict(self) -> dict[str, Any]:
        """Return the weights and biases of `network` under the model's own names and layouts.

        Returns
        -------
        dict
            Tensors of PyTorch where the model has them, else NumPy arrays, in the model's dtypes;
            nested where the model is a nested mapping.

        Raises
        ------
        ValueError
            If there is no network.
        """
        state: dict[str, Any] = {}
        for parameter, array in self._written(self._matrices):
            inner = state
            *parents, last = parameter.path if self._nested else (parameter.name,)
            for name in parents:
                inner = inner.setdefault(name, {})
            inner[last] = like(parameter.value, array)
        return state

    def copy_into(self, model: Any) -> None:
        """Write the weights and biases of `network` into a model of the same layers, in place.

        Parameters
        ----------
        model : object
            The audited one, or another one like it.

        Raises
        ------
        ValueError
            If its layers have other shapes, or there is no network; nothing is written then.
        TypeError
            If its parameters cannot be written, such as arrays of JAX.
        """
        activation, layout = self._options
        reading = read(model, None, activation, layout)
        chains = build(reading, activation, layout).chains
        matrices = [matrix for chain in chains for matrix in chain.matrices]
        by_name = {matrix.name: matrix for matrix in matrices}
        names = [matrix.name for matrix in self._matrices]
        if all(name in by_name for name in names):
            matrices = [by_name[name] for name in names]
        written = self._written(matrices)
        for parameter, array in written:
            if not is_writable(parameter.value):
                raise TypeError(
                    f"{parameter.name} cannot be written in place: take to_state_dict()"
                )
            if tuple(parameter.value.shape) != array.shape:
                raise ValueError(
                    f"{parameter.name} has shape {tuple(parameter.value.shape)}, not {array.shape}"
                )
        for parameter, array in written:
            write(parameter.value, array)

    def _written(self, matrices: Sequence[Matrix]) -> list[tuple[Parameter, NDArray[Any]]]:
        if self.network is None:
            raise ValueError("no chain of dense layers was read, so there is nothing to write")
        if len(matrices) != len(self.network.weights):
            raise ValueError(
                f"the model has {len(matrices)} dense layers, not {len(self.network.weights)}"
            )
        written = []
        for matrix, w, b in zip(matrices, self.network.weights, self.network.biases, strict=True):
            assert isinstance(matrix.layer, Dense)
            if matrix.weight.shape != w.shape:
                raise ValueError(f"{matrix.name} has shape {matrix.weight.shape}, not {w.shape}")
            written.append((matrix.layer.weight, w.T if matrix.layout == "out_in" else w))
            if matrix.layer.bias is not None:
                value = matrix.layer.bias.value
                shape = value.shape if hasattr(value, "shape") else b.shape
                written.append((matrix.layer.bias, b.reshape(tuple(shape))))
            elif np.any(b):
                raise ValueError(f"{matrix.name} has no bias in the model, and one in the network")
        return written


def _draw(step: ForeignStep) -> FirstStepDisplay:
    from ..plotting import plot_first_step

    return plot_first_step(step, bound=LEAST_TRAVEL)


def _row(layer: AuditedLayer) -> tuple[str, ...]:
    function = layer.activation or ("-" if layer.kind == "dense" else layer.kind)
    ratio = layer.law_ratio
    return (
        layer_label(layer.number, layer.name),
        f"{layer.inputs} x {layer.units}",
        function,
        f"{layer.std:.3g}",
        "-" if math.isnan(ratio) else f"{ratio:.3g}",
        "-" if layer.distinct_units is None else f"{layer.distinct_units}/{layer.units}",
        share(layer.saturated),
        "data" if layer.measured else "weights",
    )
