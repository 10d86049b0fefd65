"""The inspection of a model that was made elsewhere: it is read, measured and judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import choice, integer, real
from .._tools.text import join
from ..activations import Activations
from ..activations import get as get_activation
from ..diagnosis.examination import diagnose
from ..diagnosis.measures import (
    SATURATED_SLOPE,
    LayerMeasures,
    Loss,
    SharedStream,
    measure,
    shared_streams,
)
from ..diagnosis.result import Diagnosis
from ..diagnosis.rules import Case, judge
from ..diagnosis.verdicts import Verdict, in_order
from ..nets.network import Network
from .chain import Chain, Matrix, Models, build
from .readers import read
from .readers.arrays import samples_array
from .readers.reading import Layout, Reading
from .result import Audit, AuditedLayer
from .weights import law_ratio, weight_std, weight_verdicts

__all__ = ["audit"]

# Takes the place of an activation that is not known, in checks of weights alone: it has no
# symmetry of its own, so no units are twins by it.
_PLAIN = "softplus"
_OUTPUT_LOSS = {"sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}


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
    max_bytes: int | None = None,
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
    max_bytes : int, optional
        Most bytes that the weights in a file may take together: a small file can claim any size. By
        default 16 times the size of the file, and at least 256 MiB.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If the model has no layer with weights, its shapes do not chain, the layout or the
        activation is missing, a file is broken, larger than `max_bytes` or could hold pickles, or
        X and y do not fit.
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
    size = None if max_bytes is None else integer("max_bytes", max_bytes, minimum=0)
    reading = read(model, X, activation, layout, size)
    models = build(reading, activation, layout)
    notes = models.notes
    notes += _stored([m for chain in models.chains for m in chain.matrices])
    last = models.chains[-1] if models.chains else None
    target = None if y is None else _labels(samples_array("y", y), reading.classes)
    network: Network | None = None
    if last is not None:
        loss_name = loss or reading.loss or _loss(models, target, last, notes)
        network = _network(last, loss_name)
        if isinstance(model, str | PathLike):
            reading.items.clear()
            _share(last, network)
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


# ---- reading ----------------------------------------------------------------------------------


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


def _share(chain: Chain, network: Network) -> None:
    """Let the matrices of a file be those of the net, so that each is in memory once."""
    for index, (matrix, w) in enumerate(zip(chain.matrices, network.weights, strict=True)):
        read = matrix.layer.weight
        if read is not None and read.value.dtype == w.dtype and matrix.layout is not None:
            weight = read._replace(value=w.T if matrix.layout == "out_in" else w)
            layer = replace(matrix.layer, weight=weight)
            chain.matrices[index] = replace(matrix, weight=w, layer=layer)


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
    alone = _measured_alone(
        parts if diagnosis is None else parts[1:],
        done,
        threshold,
        {} if network is None else {id(models.chains[-1]): network},
    )
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


def _measured_alone(
    parts: Sequence[Chain], done: int, threshold: float, made: Mapping[int, Network]
) -> list[LayerMeasures]:
    """Measure the weights of chains, numbered on from `done`; of some there is a net already."""
    found: list[LayerMeasures] = []
    for part in parts:
        net = made.get(id(part)) or _network(part, None)
        hidden = [get_activation(text) for text in net.settings.activation]
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
