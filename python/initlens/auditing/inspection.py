"""The inspection of a model that was made elsewhere: it is read, measured and judged."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import choice, integer, real
from .._tools.text import join
from ..activations import Activations
from ..activations import get as get_activation
from ..diagnosis.answers import answer_of, unknown_verdict
from ..diagnosis.decision import decide
from ..diagnosis.dialect import Dialect, Library
from ..diagnosis.examination import check_probe, examine
from ..diagnosis.fixes import Fix
from ..diagnosis.folds import fold_consequences
from ..diagnosis.measures import (
    SATURATED_SLOPE,
    LayerMeasures,
    Loss,
    SharedStream,
    measure,
    shared_streams,
)
from ..diagnosis.result import Diagnosis
from ..diagnosis.rules import Case, decided_error, judge, trial_verdicts
from ..diagnosis.training import Training
from ..diagnosis.trial import Trial, share_of_steps, times_chance
from ..diagnosis.verdicts import LEADS, Verdict, in_order
from ..nets.network import Network
from ..nets.targets import resolve_loss
from .chain import Chain, Matrix, Models, build
from .foreign_step import ForeignStep, first_step
from .foreign_trial import probe_of
from .optimizers import read_training
from .readers import read
from .readers.arrays import is_torch_tensor, samples_array
from .readers.reading import Dense, Layout, Opaque, Reading, parameter_count
from .readers.torch import is_module, is_plain_path
from .result import Audit, AuditedLayer
from .torch_model import TorchModel, UnmeasuredError
from .trained import untrained
from .weights import law_ratio, weight_std, weight_verdicts

__all__ = ["audit"]

# Takes the place of an activation that is not known, in checks of weights alone: it has no
# symmetry of its own, so no units are twins by it.
_PLAIN = "softplus"
_LIBRARIES: tuple[tuple[str, Library], ...] = (
    ("PyTorch", "torch"),
    ("Keras", "keras"),
    ("scikit-learn", "sklearn"),
)
_LEARNED = 0.95  # times the loss at chance: below it a model is no start, but trained
_FOREIGN_FIXES = {
    "too_small": "Use a larger learning rate, or more steps.",
    "exploding": "Use a smaller learning rate, or weights of a smaller scale.",
}
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
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    probe: float | None = None,
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
    optimizer : object, optional
        Of the training to come: one of this package or its text, one of `torch.optim` or
        `keras.optimizers`, or a compiled Keras model or an MLP of scikit-learn, which hold their
        own and need none here. Of a schedule the first rate is taken, of several groups of
        parameters the first; a note says so. Of an optimizer that is not known here the name is
        told, and nothing that depends on its steps; so it is with a weight decay beside the step
        (AdamW, Keras) above 0.1. Parameters of a PyTorch Module that are frozen or not in the
        optimizer are named, and the answer is never "healthy" then.
    learning_rate, steps, batch_size, probe, threshold
        As in `diagnose`. A probe trains a deep copy of a PyTorch Module that is no plain chain.
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
        X and y do not fit; if a rate is infinite or NaN, or a probe has no X, no y or no optimizer.
    TypeError
        If the model, its values or its optimizer are of another kind, or both an optimizer and a
        learning rate are given.
    KeyboardInterrupt
        At Ctrl-C in a probe; nothing has changed.
    ImportError
        If an ONNX model is read without the package onnx.

    Notes
    -----
    Found by what the object looks like: no framework is imported that is not loaded already. A
    PyTorch Module that is no plain Sequential is run once on X, in evaluation mode and without
    gradients, to see in which order its layers are used and what is between them. With an optimizer
    and y, one that is more than a chain of dense layers is also run on parameters put in place of
    its own, to see what the optimizer's first step does: `ForeignStep`. It is left as it was found.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> layers = [(np.full((2, 4), 0.5), np.zeros(4)), (np.full((4, 1), 0.5), np.zeros(1))]
    >>> report = il.audit(layers, flower.X, flower.y, activation="tanh")
    >>> report.answer, report.verdict.code, report.passes("saturation")
    ('error', 'symmetric', True)
    """
    if layout is not None:
        choice("layout", layout, ("in_out", "out_in"))
    limit = real("threshold", threshold, minimum=0.0, maximum=1.0)
    if y is not None and X is None:
        raise ValueError("y without X: pass both, or neither")
    training = read_training(optimizer, model, learning_rate, steps, batch_size)
    share = share_of_steps(probe)
    if share:
        check_probe(share, X, y, training)
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
        loss_name = (
            loss or reading.loss or _loss(models, target, last.matrices[-1].weight.shape[1], notes)
        )
        network = _network(last, loss_name)
        if isinstance(model, str | PathLike):
            reading.items[:] = [item for item in reading.items if not isinstance(item, Dense)]
            _share(last, network)
    diagnosis: Diagnosis | None = None
    whole = False
    samples: NDArray[Any] | None = None
    if X is not None:
        if models.obstacle is not None:
            if not reading.functions_known and models.obstacle.endswith("activation="):
                raise ValueError(models.obstacle)
            notes.append(f"X was not used, the weights alone were read: {models.obstacle}")
        elif network is not None:
            samples = _samples(X, reading)
            whole = _is_whole(reading, samples, X)
            names = _names(last.matrices) if last is not None else {}
            dialect = None
            if last is not None:
                fed = "" if _gets(reading, samples, X) else last.matrices[0].name
                dialect = replace(
                    _dialect(model, reading.source, last, names),
                    tensors=is_torch_tensor(X),
                    fed=fed,
                )
            diagnosis = examine(
                network,
                samples,
                target,
                training,
                probe=share if whole else None,
                threshold=limit,
                names=names,
                dialect=dialect,
            )
            if dialect is not None and dialect.fed:
                diagnosis = replace(diagnosis, verdicts=_of_inputs(diagnosis, dialect.fed))
            training = diagnosis.training
            several = len(models.chains) + len(models.others) > 1
            if reading.features is not None and (several or models.skipped):
                notes.append(f"{last.matrices[0].name if last else ''}: data from the model itself")
    notes += training.notes
    step: ForeignStep | None = None
    trial = None if diagnosis is None else diagnosis.trial
    if target is not None and not whole and training.optimizer is not None:
        if is_module(model):

            def wanted(outputs: int) -> str:
                same = network is not None and network.settings.layers[-1] == outputs
                chosen = loss or (network.settings.loss if same and network else None)
                chosen = chosen or _loss(models, target, outputs, notes)
                return resolve_loss(chosen, outputs)

            step, trial, why = _foreign(model, X, target, wanted, training, share)
            notes += [] if why is None else [why]
        elif share:
            notes.append("no probe: the model is not a chain of dense layers that is computed here")
    elif share and training.optimizer is None:
        notes.append(f"no probe: {training.unknown} is not known here")
    missing = [] if y is not None else ["the targets y"]
    if X is None:
        missing.insert(0, "the samples X")
    elif diagnosis is None:
        missing.append(f"what the net computes from X ({models.obstacle})")
    for text in untrained(model, optimizer):
        notes.append(text)
        missing.append(f"what the net learns while {text}")
    return _report(
        reading,
        models,
        network,
        diagnosis,
        (samples, target),
        (activation, layout),
        limit,
        (training, step, trial),
        missing,
        weights_alone=X is None,
        whole=whole,
    )


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


def _is_whole(reading: Reading, samples: NDArray[Any], X: Any) -> bool:
    """Tell whether what is computed here is the model: dense layers and activations, from X."""
    if any(isinstance(item, Opaque) and item.role != "nothing" for item in reading.items):
        return False
    return _gets(reading, samples, X)


def _gets(reading: Reading, samples: NDArray[Any], X: Any) -> bool:
    """Tell whether what is computed here begins with X itself."""
    if reading.features is None:
        return True
    given = samples_array("X", X)
    return bool(np.array_equal(samples, given.reshape(len(given), -1).astype(samples.dtype)))


def _foreign(
    model: Any,
    X: Any,
    target: NDArray[Any],
    loss: Callable[[int], str],
    training: Training,
    share: float,
) -> tuple[ForeignStep | None, Trial | None, str | None]:
    """Measure a Module as it computes itself; or say why that cannot be done."""
    try:
        watched = TorchModel(model, X, target, loss)
    except UnmeasuredError as error:
        return None, None, f"no first step: {error}"
    step = first_step(watched, training)
    try:
        return step, probe_of(watched, training, share) if share else None, None
    except UnmeasuredError as error:
        return step, None, f"no probe: {error}"


def _foreign_errors(
    training: Training, step: ForeignStep | None, trial: Trial | None, found: Sequence[Verdict]
) -> Iterator[Verdict]:
    """Yield the error that the first step of a model decides, if any.

    A model that computes itself lacks some of the signs, so the rules that look at those do not
    hold; and it is never called healthy by the few that are left.
    """
    if step is None or times_chance(step.loss, step.chance) < _LEARNED:
        return
    decision = decide(step.signs(trial))
    if decision.answer != "error" or decision.rule is None:
        return
    if any(verdict.severity == "error" for verdict in found):
        return
    case = Case((), Loss(step.loss, step.chance, math.nan), (), training)
    still = decision.rule.bounds[0].sign == "travel"
    fix = _FOREIGN_FIXES.get("too_small" if still else decision.rule.code, "")
    yield decided_error(case, decision, fix)


def _of_a_part(verdict: Verdict) -> tuple[Verdict, ...]:
    """Leave out that the layers hardly move: the others, which are not computed here, may."""
    if "travel" in verdict.evidence and verdict.severity == "error":
        return verdict.therefore
    return (verdict,)


def _of_inputs(diagnosis: Diagnosis, layer: str) -> tuple[Verdict, ...]:
    """Return the verdicts, where those on inputs say that these are inputs of a layer."""

    def told(verdict: Verdict) -> Verdict:
        if verdict.cause != "inputs":
            return verdict
        what = rf"\g<0> of `{layer}` (outputs of the layers before it)"
        return replace(
            verdict, sentence=re.sub(r"\b[Tt]he inputs\b", what, verdict.sentence, count=1)
        )

    return tuple(map(told, diagnosis.verdicts))


def _dialect(model: Any, source: str, chain: Chain, names: Mapping[int, str]) -> Dialect:
    """Return how the library of a model names its parameters."""
    if source == "Network":
        count = range(len(chain.matrices))
        return Dialect(
            "initlens",
            tuple(f"net.weights[{i}]" for i in count),
            tuple(f"net.biases[{i}]" for i in count),
            names,
        )
    layers = [m.layer for m in chain.matrices]
    weights = [() if layer.weight is None else layer.weight.path for layer in layers]
    biases = [None if layer.bias is None else layer.bias.path for layer in layers]
    library: Library = "numpy"
    for word, known in _LIBRARIES:
        if source.startswith(word):
            library = known
    held = layers[0].weight
    if held is not None and type(held.value).__module__.split(".")[0] in ("jax", "jaxlib", "flax"):
        library = "jax"
    by_name: set[tuple[str, ...]] = set()
    if is_module(model):
        paths = [path for path in (*weights, *biases) if path is not None]
        by_name = {path for path in paths if not is_plain_path(model, path)}
    return Dialect.of_paths(library, weights, biases, names, by_name=by_name)


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


def _loss(models: Models, y: NDArray[Any] | None, outputs: int, notes: list[str]) -> str | None:
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
    run: tuple[Training, ForeignStep | None, Trial | None],
    missing: list[str],
    *,
    weights_alone: bool,
    whole: bool,
) -> Audit:
    """Put the numbers and verdicts of all layers together; `missing` is what was not given."""
    chains = models.chains
    if diagnosis is not None:  # its layers count from 1
        chains = [chains[-1], *chains[:-1]]
    parts = [*chains, *(Chain([matrix], []) for matrix in models.others)]
    matrices = [matrix for part in parts for matrix in part.matrices]
    names = _names(matrices)
    measures = [] if diagnosis is None else list(diagnosis.layers)
    done = len(measures)
    alone = _measured_alone(
        parts if diagnosis is None else parts[1:],
        done,
        threshold,
        {} if network is None else {id(models.chains[-1]): network},
    )
    found = [] if diagnosis is None else list(diagnosis.verdicts)
    if not whole:
        found = [verdict for each in found for verdict in _of_a_part(each)]
    if alone:
        streams = [
            SharedStream(done + i, done + j, factor)
            for i, j, factor in shared_streams([m.weight for m in matrices[done:]])
        ]
        unknown_loss = Loss(math.nan, math.nan, math.nan)
        found += judge(Case(alone, unknown_loss, streams, names=names))
    if diagnosis is None or diagnosis.trial is None:
        found += trial_verdicts(run[2])
    found += _foreign_errors(*run, found)
    if not reading.finite and not any(verdict.code == "non_finite" for verdict in found):
        found.append(
            Verdict(
                "non_finite",
                None,
                "error",
                {"what": "signal"},
                "What the model computes from X is NaN or infinite.",
                Fix("Replace weights that are not finite, or use a smaller scale."),
            )
        )
    output = models.chains[-1].matrices[-1] if models.chains and reading.ordered else None
    layers_read = list(zip([*measures, *alone], matrices, strict=True))
    found += weight_verdicts(layers_read, names, measured=done, output=output)
    used = matrices if weights_alone else matrices[:done]
    coverage = _coverage(reading, used)
    if coverage < 1.0 and (diagnosis is not None or weights_alone):
        skipped = dict.fromkeys(name for name, _ in models.skipped)
        which = f" ({join(skipped, 4)})" if skipped else ""
        missing.append(f"{100 * (1 - coverage):.3g} % of the parameters{which}")
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
        for (layer, matrix), function in zip(layers_read, functions, strict=True)
    )
    return Audit(
        reading.source,
        layers,
        _led(found, diagnosis, missing),
        diagnosis,
        network,
        tuple(models.skipped),
        tuple(models.notes),
        data,
        *run,
        coverage,
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


def _names(matrices: Sequence[Matrix]) -> dict[int, str]:
    """Return the names of layers by their numbers."""
    return {number: matrix.name for number, matrix in enumerate(matrices, 1)}


def _coverage(reading: Reading, read: Sequence[Matrix]) -> float:
    """Return the share of the model's parameters that were read, in [0, 1]."""
    total = reading.parameters
    if total is None:
        total = sum(map(parameter_count, reading.items))
    return min(1.0, sum(parameter_count(matrix.layer) for matrix in read) / max(1, total))


def _led(
    found: Iterable[Verdict], diagnosis: Diagnosis | None, missing: Sequence[str]
) -> tuple[Verdict, ...]:
    """Sort the verdicts of all parts, and let one answer lead: never healthy of what is missing."""
    every = list(found)
    leads = [verdict for verdict in every if verdict.code in LEADS]
    rest = fold_consequences(in_order(verdict for verdict in every if verdict.code not in LEADS))
    healthy = diagnosis is not None and diagnosis.answer == "healthy"
    answer = answer_of(rest, decided=healthy and not missing)
    if answer == "error":
        return rest
    if answer == "healthy" and diagnosis is not None:
        return (diagnosis.verdict, *rest)
    good = [text for lead in leads for text in lead.evidence.get("in_favour", ())]
    if diagnosis is not None and diagnosis.answer == "healthy":
        good.append("the layers that were measured on data are healthy")
    warnings = [verdict for verdict in rest if verdict.severity == "warning"]
    return (unknown_verdict(missing, list(dict.fromkeys(good)), warnings), *rest)
