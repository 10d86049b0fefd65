"""audit: diagnose a model that was made elsewhere, without importing what made it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from os import PathLike
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import activations
from .._tools.checks import choice, real
from .._tools.format import share
from ..diagnosis.measures import LayerMeasures, SharedStream, measure, shared_streams
from .._tools.text import counted, join, jsonable, with_article
from ..diagnosis.measures import Loss
from ..diagnosis.rules import Case, judge
from ..diagnosis.verdicts import Judged, Verdict, in_order
from ..diagnosis.examination import diagnose
from ..diagnosis.measures import SATURATED_SLOPE
from ..diagnosis.result import Diagnosis
from ..nets.network import Network
from ..tables import Table
from .readers import files, keras, onnx, sklearn, torch, trees
from .readers.arrays import is_writable, like, samples_array, write
from .chain import Activations, Chain, Matrix, Models, build
from .readers.files import read_data
from .readers.reading import Dense, Function, Layout, Opaque, Parameter, Reading, Skipped
from .weights import law_ratio, weight_std, weight_verdicts

__all__ = [
    "Activations",
    "Audit",
    "AuditedLayer",
    "Layout",
    "Skipped",
    "audit",
    "read_data",
    "verdict_table",
    "wrapped",
]

# Takes the place of an activation that is not known, in checks of weights alone: it has no
# symmetry of its own, so no units are twins by it.
_PLAIN = "softplus"
_OUTPUT_LOSS = {"sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}


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
        Groups of bit-equal units; None where the outgoing weights are not known.
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

    Parameters
    ----------
    source : str
        What the model is.
    layers : tuple of AuditedLayer
        Layers with weights.
    verdicts : tuple of Verdict
        Errors first, then warnings, then notes.
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
    """

    source: str
    layers: tuple[AuditedLayer, ...]
    verdicts: tuple[Verdict, ...]
    diagnosis: Diagnosis | None
    network: Network | None
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    data: tuple[NDArray[Any] | None, NDArray[Any] | None]
    _options: tuple[Activations | None, Layout | None]
    _matrices: tuple[Matrix, ...]
    _nested: bool

    def table(self) -> Table:
        """Return one row a layer; verdicts, skipped layers and notes below.

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
        notes = [str(verdict) for verdict in self.verdicts]
        notes += [f"skipped: {name} ({reason})" for name, reason in self.skipped]
        title = f"Audit of {with_article(self.source)}: {self.verdict.code} · {count}"
        return Table(title, columns, rows, (*notes, *self.notes))

    def verdict_table(self, *, width: int | None = None) -> Table:
        """Return one row a verdict, with its evidence and what to change.

        Parameters
        ----------
        width : int, optional
            Break evidence and fix into lines of this many characters.

        Returns
        -------
        Table
        """
        names = {layer.number: layer.name for layer in self.layers}
        return verdict_table(f"{self.source}: {self.verdict.code}", self.verdicts, names, width)

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

    def __repr__(self) -> str:
        """Return the table as text."""
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """Return everything in lists and numbers that JSON can hold; NaN becomes None."""
        return {
            "source": self.source,
            "layers": [jsonable(vars(layer)) for layer in self.layers],
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "diagnosis": None if self.diagnosis is None else self.diagnosis.to_dict(),
            "skipped": [skipped._asdict() for skipped in self.skipped],
            "notes": list(self.notes),
        }

    def _page(self) -> str:
        from ..report import audit_page

        return audit_page(self)

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
        reading = _read(model, None, activation, layout)
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


@np.errstate(over="ignore", invalid="ignore")  # such weights are a verdict
def audit(
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    activation: Activations | None = None,
    layout: Layout | None = None,
    *,
    loss: str | None = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    threshold: float = SATURATED_SLOPE,
) -> Audit:
    """Read a model that was made elsewhere, and say which failure its start has, if any.

    Parameters
    ----------
    model : object
        A PyTorch Module or state dict, a Keras 3 model, an MLP of scikit-learn, a tree of Flax or
        JAX arrays, an ONNX model, a `Network`, lists of arrays such as [(W, b), ...], or the path
        of an npz, safetensors or ONNX file.
    X : array_like of shape (m, n_in), optional
        Samples. Without them the weights alone are read.
    y : array_like, optional
        Targets; labels of classes as the model was given them.
    activation : str, Activation or sequence of them, optional
        Of the hidden layers, where the model does not hold it: plain arrays, files of weights,
        functions called within `forward`.
    layout : {"in_out", "out_in"}, optional
        How plain matrices are stored: (n_in, n_out) or (n_out, n_in). The length of the bias tells
        it, but not of square matrices.
    loss : str, optional
        As in `Network`. By default that of the model, or by y: cross-entropy for classes, else mse.
    learning_rate, steps, threshold
        As in `diagnose`.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If the model has no layer with weights, its shapes do not chain, the layout or the
        activation is missing, a file is broken or could hold pickles, or X and y do not fit.
    TypeError
        If the model or its values are of another kind.
    ImportError
        If an ONNX model is read without the package onnx.

    Notes
    -----
    Found by what the object looks like: no framework is imported that is not loaded already. A
    PyTorch Module that is no plain Sequential is run once on X, in evaluation mode and without
    gradients, to see in which order its layers are used and what is between them.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> layers = [(np.full((2, 4), 0.5), np.zeros(4)), (np.full((4, 1), 0.5), np.zeros(1))]
    >>> report = il.audit(layers, flower.X, flower.y, activation="tanh")
    >>> report.verdict.code, report.verdict.severity, report.ok("saturation")
    ('symmetric', 'error', True)
    """
    if layout is not None:
        choice("layout", layout, ("in_out", "out_in"))
    limit = real("threshold", threshold, minimum=0.0, maximum=1.0)
    if y is not None and X is None:
        raise ValueError("y without X: pass both, or neither")
    if X is not None:
        _refuse_non_finite(X)
    reading = _read(model, X, activation, layout)
    models = build(reading, activation, layout)
    notes = models.notes
    notes += _stored([m for chain in models.chains for m in chain.matrices])
    last = models.chains[-1] if models.chains else None
    target = None if y is None else _labels(samples_array("y", y), reading.classes)
    network: Network | None = None
    if last is not None:
        loss_name = loss or reading.loss or _loss(models, target, last, notes)
        network = _network(last, loss_name)
    diagnosis: Diagnosis | None = None
    samples: NDArray[Any] | None = None
    if X is not None:
        if models.obstacle is not None:
            if not reading.functions_known and models.obstacle.endswith("activation="):
                raise ValueError(models.obstacle)
            notes.append(f"X was not used, the weights alone were read: {models.obstacle}")
        elif network is not None:
            samples = _samples(X, reading)
            diagnosis = diagnose(
                network,
                samples,
                target,
                learning_rate=learning_rate,
                steps=steps,
                threshold=limit,
            )
            several = len(models.chains) + len(models.others) > 1
            if reading.features is not None and (several or models.skipped):
                notes.append(f"{last.matrices[0].name if last else ''}: data from the model itself")
    return _report(
        reading, models, network, diagnosis, (samples, target), (activation, layout), limit
    )


def verdict_table(
    title: str, verdicts: Iterable[Verdict], names: dict[int, str], width: int | None = None
) -> Table:
    """Return one row a verdict.

    Parameters
    ----------
    title : str
        Line above it.
    verdicts : iterable of Verdict
        The rows.
    names : dict of int to str
        Names of the layers by their number.
    width : int, optional
        Break evidence and fix into lines of this many characters, each a row.

    Returns
    -------
    Table
    """
    rows: list[tuple[str, ...]] = [
        (
            verdict.severity,
            _label(verdict.layer, names.get(verdict.layer or 0, "")),
            verdict.code,
            verdict.sentence,
            verdict.fix,
        )
        for verdict in verdicts
    ]
    if width is not None:
        rows = [line for row in rows for line in wrapped(row, width)]
    return Table(title, ("severity", "layer", "verdict", "evidence", "fix"), tuple(rows))


def wrapped(row: Sequence[str], width: int) -> list[tuple[str, ...]]:
    """Break the cells of a row into lines of at most `width` characters, each line a row."""
    columns = [wrap(cell, width) for cell in row]
    return list(zip_longest(*columns, fillvalue=""))


def _label(number: int | None, name: str) -> str:
    if number is None:
        return "net"
    return f"{number} ({name})" if name and name != _name(number) else str(number)


def _name(number: int) -> str:
    """Return the name of a layer that has none."""
    return f"layer {number}"


# ---- reading ----------------------------------------------------------------------------------


def _read(model: Any, X: Any, activation: Activations | None, layout: Layout | None) -> Reading:
    if isinstance(model, str | PathLike):
        content = files.read(Path(model), layout)
        return _read_network(content) if isinstance(content, Network) else content
    if isinstance(model, Network):
        return _read_network(model)
    if torch.is_module(model):
        return torch.read(model, X, activation)
    if keras.is_model(model):
        return keras.read(model)
    if sklearn.is_mlp(model):
        return sklearn.read(model)
    if onnx.is_model(model):
        return onnx.read(model)
    model = trees.unwrap(model)
    if isinstance(model, bytes | bytearray):
        raise TypeError("model must be a model or a path; bytes may be a pickle, which is refused")
    if isinstance(model, Mapping):
        return trees.read_mapping(model, type(model).__name__, layout)
    if trees.is_tree(model):
        return trees.read_sequence(model, "list of arrays")
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}: call it first, and pass the object")
    kind = f"{type(model).__module__}.{type(model).__name__}"
    raise TypeError(
        f"cannot read {'None' if model is None else with_article(kind)}: pass a "
        "model of PyTorch or Keras, an MLP of scikit-learn (of a Pipeline its last step, and X as "
        "the steps before give it), a mapping or list of arrays, or a file"
    )


def _read_network(net: Network) -> Reading:
    items: list[Dense | Function | Opaque] = []
    names = [*net.settings.activation, None]
    for index, (w, b, name) in enumerate(zip(net.weights, net.biases, names, strict=True)):
        weight = Parameter((f"weights[{index}]",), w)
        bias = Parameter((f"biases[{index}]",), b)
        items.append(Dense(_name(index + 1), weight, bias, "in_out"))
        if name is not None:
            items.append(Function(name, name))
    return Reading("Network", items, loss=net.settings.loss)


# ---- measuring --------------------------------------------------------------------------------


def _network(chain: Chain, loss: str | None) -> Network:
    arrays = [a for m in chain.matrices for a in (m.weight, m.bias) if a is not None]
    single = all(array.dtype.itemsize == 4 for array in arrays)
    widths = [chain.matrices[0].weight.shape[0], *(m.weight.shape[1] for m in chain.matrices)]
    functions = [_PLAIN if f is None or f == "softmax" else f for f in chain.functions]
    net = Network(widths, functions, loss, "float32" if single else "float64")
    for matrix, w, b in zip(chain.matrices, net.weights, net.biases, strict=True):
        w[...] = matrix.weight
        if matrix.bias is not None:
            b[...] = matrix.bias
    return net


def _stored(matrices: Sequence[Matrix]) -> list[str]:
    """Say how the weights are stored."""
    words = {"in_out": "(n_in, n_out)", "out_in": "(n_out, n_in)"}
    orders = sorted({words[m.layout] for m in matrices if m.layout is not None})
    types = sorted({str(m.weight.dtype) for m in matrices})
    if not matrices:
        return []
    return [f"read as {join(types)}, stored as {join(orders)}; copied into the core"]


def _labels(y: NDArray[Any], classes: Any) -> NDArray[Any]:
    """Return labels as the numbers of their classes."""
    if classes is None or y.ndim != 1:
        return y
    known = np.asarray(classes)
    wrong = np.flatnonzero(~np.isin(y, known))
    if wrong.size:
        label = y.tolist()[wrong[0]]  # of Python, not np.str_('c')
        raise ValueError(
            f"y holds {label!r} in row {wrong[0]}, which is none of the model's classes"
        )
    return np.searchsorted(known, y)


def _loss(models: Models, y: NDArray[Any] | None, chain: Chain, notes: list[str]) -> str | None:
    outputs = chain.matrices[-1].weight.shape[1]
    if models.output in _OUTPUT_LOSS:
        return _OUTPUT_LOSS[models.output] if outputs > 1 else "binary_cross_entropy"
    if y is None or y.dtype.kind not in "fiub":
        return None
    whole = y.dtype.kind in "iub" or bool(np.all(y == np.floor(y)))
    binary = bool(np.isin(y, (0, 1)).all())
    if outputs == 1:
        loss = "binary_cross_entropy" if binary else "mse"
    elif y.ndim == 1 or y.shape[1] == 1:
        loss = "cross_entropy" if whole else "mse"
    else:
        one_hot = binary and bool(np.all(y.sum(axis=1) == 1))
        loss = "cross_entropy" if one_hot else "mse"
    notes.append(f"loss: {loss}, by y")
    return loss


def _refuse_non_finite(X: Any) -> None:
    samples = samples_array("X", X)
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        raise ValueError("X holds NaN or infinity")


def _samples(X: Any, reading: Reading) -> NDArray[Any]:
    if reading.features is not None:
        return np.asarray(reading.features)
    samples = samples_array("X", X)
    if reading.flatten and samples.ndim > 2:
        return samples.reshape(len(samples), -1)
    return samples


def _report(
    reading: Reading,
    models: Models,
    network: Network | None,
    diagnosis: Diagnosis | None,
    data: tuple[NDArray[Any] | None, NDArray[Any] | None],
    options: tuple[Activations | None, Layout | None],
    threshold: float,
) -> Audit:
    """Put the numbers and verdicts of all layers together."""
    chains = models.chains
    if diagnosis is not None:  # its layers count from 1
        chains = [chains[-1], *chains[:-1]]
    parts = [*chains, *(Chain([matrix], []) for matrix in models.others)]
    matrices = [matrix for part in parts for matrix in part.matrices]
    measures = [] if diagnosis is None else list(diagnosis.layers)
    done = len(measures)
    alone = _measured_alone(parts if diagnosis is None else parts[1:], done, threshold)
    found = [] if diagnosis is None else list(diagnosis.verdicts)
    if alone:
        streams = [
            SharedStream(done + i, done + j, factor)
            for i, j, factor in shared_streams([m.weight for m in matrices[done:]])
        ]
        unknown_loss = Loss(math.nan, math.nan, math.nan)
        found += judge(Case(alone, unknown_loss, streams, None, None, None))
    if not reading.finite and not any(verdict.code == "non_finite" for verdict in found):
        found.append(
            Verdict(
                "non_finite",
                None,
                "error",
                {"what": "signal"},
                "What the model computes from X is NaN or infinite.",
                "Repair its weights, or start with a smaller scale.",
            )
        )
    output = models.chains[-1].matrices[-1] if models.chains and reading.ordered else None
    for layer, matrix in zip([*measures, *alone], matrices, strict=True):
        found += weight_verdicts(
            layer, matrix, measured=layer.number <= done, output=matrix is output
        )
    functions = [text for part in parts for text in (*part.functions, None)]
    layers = tuple(
        AuditedLayer(
            layer.number,
            matrix.name,
            matrix.kind,
            layer.inputs,
            layer.units,
            function,
            layer.number <= done,
            weight_std(matrix),
            law_ratio(matrix),
            None if layer.symmetry is None else layer.symmetry.distinct,
            layer.saturation.share,
        )
        for layer, matrix, function in zip([*measures, *alone], matrices, functions, strict=True)
    )
    return Audit(
        reading.source,
        layers,
        _in_order(found),
        diagnosis,
        network,
        tuple(models.skipped),
        tuple(models.notes),
        data,
        options,
        tuple(models.chains[-1].matrices) if models.chains else (),
        reading.nested,
    )


def _measured_alone(parts: Sequence[Chain], done: int, threshold: float) -> list[LayerMeasures]:
    """Measure the weights of chains, numbered on from `done`."""
    found: list[LayerMeasures] = []
    for part in parts:
        net = _network(part, None)
        hidden = [activations.get(text) for text in net.settings.activation]
        for layer in measure(net, hidden, None, None, threshold)[0]:
            found.append(replace(layer, number=done + len(found) + 1))
    return found


def _in_order(found: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Sort, and call it healthy once, if no part of it gives an alarm."""
    verdicts = in_order(found)
    healthy = [verdict for verdict in verdicts if verdict.code == "healthy"]
    rest = [verdict for verdict in verdicts if verdict.code != "healthy"]
    if any(verdict.severity != "note" for verdict in rest):
        return tuple(rest)
    return (*healthy[:1], *rest)


def _row(layer: AuditedLayer) -> tuple[str, ...]:
    function = layer.activation or ("-" if layer.kind == "dense" else layer.kind)
    ratio = layer.law_ratio
    return (
        _label(layer.number, layer.name),
        f"{layer.inputs} x {layer.units}",
        function,
        f"{layer.std:.3g}",
        "-" if math.isnan(ratio) else f"{ratio:.3g}",
        "-" if layer.distinct_units is None else f"{layer.distinct_units}/{layer.units}",
        share(layer.saturated),
        "data" if layer.measured else "weights",
    )
