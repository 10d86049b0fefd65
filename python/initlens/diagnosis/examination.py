"""The examination of a net: it is measured, and judged by the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._tools.checks import as_array, real, rows_match
from .._tools.text import shown
from ..activations import Activations
from ..activations import get as get_activation
from ..nets import targets
from ..nets.history import History
from ..nets.network import Network
from ..optimizers import SGD, Optimizer
from .attribution import attribute
from .causes import find_causes
from .decision import signs_of
from .dialect import Dialect
from .first_step import FirstStep, measure_first_step
from .measures import SATURATED_SLOPE, LayerMeasures, Loss, measure, shared_streams
from .result import Diagnosis, Snapshot
from .rules import Case, judge
from .training import Training
from .trial import Trial, share_of_steps
from .trial import probe as run_probe

__all__ = ["check_probe", "diagnose", "diagnose_arrays", "examine"]


def diagnose(
    net: Network,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    optimizer: str | Optimizer | None = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    probe: float | None = None,
    history: History | None = None,
    threshold: float = SATURATED_SLOPE,
) -> Diagnosis:
    """Measure a net on data and say which failure it has, if any, why, and what to change.

    Parameters
    ----------
    net : Network
        Before training, or after.
    X : array_like of shape (m, n_in), optional
        Samples; the training data, or a batch of a few hundred. Without them the weights alone are
        measured.
    y : array_like, optional
        Targets, as in `Network.loss`. Without them there are no gradients.
    optimizer : SGD, Adam, RMSProp or str, optional
        Of the training to come, or its text, such as "adam(0.001)". `audit` also takes those of
        other libraries.
    learning_rate : float, optional
        Short for ``optimizer=SGD(learning_rate)``.
    steps : int, optional
        How many there will be; 10,000 by default.
    batch_size : int, optional
        Samples a step; all of them by default, and where there are fewer.
    probe : float, optional
        Train a copy for this share of the steps, in (0, 1], and judge by what became of it; None
        or 0 for no probe, the default. It needs X, y and an optimizer. The net is not changed.
    history : History, optional
        What `fit` recorded of this net: adds the verdicts "diverged" and "stuck".
    threshold : float, default 0.05
        A pair of unit and sample is saturated where |g'(z)| is below this share of the largest.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If X and y do not fit the net, an argument is out of its range, or a probe has no X, no y
        or no optimizer.
    TypeError
        If an argument is of another kind, or both an optimizer and a learning rate are given.
    KeyboardInterrupt
        At Ctrl-C in a probe; nothing has changed.

    Notes
    -----
    NaN weights are a verdict, "non_finite"; NaN in X or y is an error. The rules are plain bounds
    on the numbers in `Verdict.evidence`. Times in steps are those of SGD: with another optimizer
    they are NaN, and nothing is said of them.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 4, 1], activation="tanh").initialize("zeros")
    >>> diagnosis = il.diagnose(net, flower.X, flower.y)
    >>> diagnosis.answer, diagnosis.verdict.code
    ('error', 'zero_gradient')
    >>> diagnosis.passes("symmetry"), diagnosis.passes("saturation")
    (False, True)
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a Network, got {shown(net)}")
    training = Training.of(optimizer, learning_rate, steps, batch_size)
    return examine(net, X, y, training, probe=probe, history=history, threshold=threshold)


def examine(
    net: Network,
    X: ArrayLike | None,
    y: ArrayLike | None,
    training: Training,
    *,
    probe: float | None = None,
    history: History | None = None,
    threshold: float = SATURATED_SLOPE,
    names: Mapping[int, str] = MappingProxyType({}),
    dialect: Dialect | None = None,
) -> Diagnosis:
    """Diagnose a net for a training that has been read already.

    Sentences call its layers by the `names` that they have elsewhere.
    """
    limit = real("threshold", threshold, minimum=0.0, maximum=1.0)
    if history is not None and not isinstance(history, History):
        raise TypeError(f"history must be what fit returned, got {shown(history)}")
    share = share_of_steps(probe)
    if share:
        check_probe(share, X, y, training)
    samples = None if X is None else as_array("X", X)
    target, chance = None, math.nan
    if y is not None:
        if samples is None:
            raise ValueError("y without X: pass both, or neither")
        rows_match(samples, np.asarray(y))
        target = targets.encode(y, net.settings.loss, net.settings.layers[-1])
        chance = targets.chance_loss(target, net.settings.loss)
    hidden = [get_activation(text) for text in net.settings.activation]
    layers, first, confident_wrong = measure(net, hidden, samples, target, limit)
    loss = Loss(first, chance, confident_wrong)
    rows = 0 if samples is None else len(samples)
    if rows and training.batch_size is not None and training.batch_size >= rows:
        training = replace(training, batch_size=None)
    step: FirstStep | None = None
    trial: Trial | None = None
    signs: dict[str, float] = {}
    if samples is not None and target is not None and training.budget and not training.unknown:
        step = measure_first_step(
            net,
            samples,
            target,
            training.optimizer,
            training.budget,
            training.batch_size,
            layers=layers,
        )
        if share:
            trial = _probe(net, samples, target, step, share, limit)
        deviation = float(np.std(target - target.mean(axis=0))) if net.settings.loss == "mse" else 1
        signs = signs_of(layers, step, deviation, trial)
    streams = shared_streams(net.weights)
    verdicts = judge(Case(layers, loss, streams, training, history, step, trial, signs, names))
    dialect = dialect or replace(Dialect.of_network(net), names=names)
    given = training.optimizer  # without one the rate is that of the curvature
    causes = find_causes(
        net,
        samples,
        target,
        layers=layers,
        rate=given.learning_rate if isinstance(given, SGD) else None,
        sharpness=None if step is None else step.sharpness,
        momentum=given.momentum if isinstance(given, SGD) else 0.0,
        dialect=dialect,
    )
    verdicts = attribute(verdicts, causes, net, dialect)
    parameters = [array.copy() for array in net._parameters()]
    measured = Snapshot(net.settings, parameters, samples)
    return Diagnosis(layers, loss, verdicts, rows, limit, training, step, trial, measured)


def _probe(
    net: Network,
    samples: NDArray[Any],
    target: NDArray[Any],
    step: FirstStep,
    share: float,
    threshold: float,
) -> Trial:
    """Train a copy for a share of the run, and measure it again for the steps that are left."""
    steps = step.steps

    def again(copy: Network) -> tuple[FirstStep, tuple[LayerMeasures, ...]]:
        hidden = [get_activation(text) for text in copy.settings.activation]
        layers, _, _ = measure(copy, hidden, samples, target, threshold)
        done = max(1, round(share * steps))
        left = max(done, steps - done)  # a long probe says nothing by the few steps that it leaves
        found = measure_first_step(
            copy, samples, target, step.optimizer, left, step.batch_size, layers=layers
        )
        return found, layers

    return run_probe(
        net, samples, target, step.optimizer, steps, step.batch_size, share, measure=again
    )


def check_probe(share: float, X: object, y: object, training: Training) -> None:
    """Raise if there is nothing that a copy could be trained with."""
    if X is None or y is None:
        missing = "X and y" if X is None else "y"
        raise ValueError(
            f"probe={share:g} trains a copy, which needs {missing}; pass {missing}, or leave "
            "probe out"
        )
    if training.optimizer is None and not training.unknown:
        raise ValueError(
            f"probe={share:g} trains a copy, which needs an optimizer: pass one, such as "
            "optimizer='adam(0.001)', or leave probe out"
        )


def diagnose_arrays(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike | None],
    activation: Activations = "tanh",
    loss: str | None = None,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    optimizer: str | Optimizer | None = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    probe: float | None = None,
    threshold: float = SATURATED_SLOPE,
) -> Diagnosis:
    """Diagnose a net given as plain arrays.

    Parameters
    ----------
    weights : sequence of array_like, each (n_in, n_out)
        Of every layer. float32 if all of them are, else float64.
    biases : sequence of array_like or None, each (n_out,)
        None for a layer without.
    activation : str, Activation or sequence of them, default "tanh"
        One for all hidden layers, or one for each.
    loss : str, optional
        As in `Network`.
    X, y, optimizer, learning_rate, steps, batch_size, probe, threshold
        As in `diagnose`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If there is no layer, the shapes do not chain, or `diagnose` refuses the rest.
    TypeError
        If an argument is of another kind.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> weights = [np.full((2, 4), 0.5), np.full((4, 1), 0.5)]
    >>> il.diagnosis.diagnose_arrays(weights, [None, None], "tanh").verdict.code
    'symmetric'
    """
    matrices = [_real_array(f"weights[{index}]", w, 2) for index, w in enumerate(weights)]
    if not matrices:
        raise ValueError("weights holds no layer")
    for index, (first, second) in enumerate(pairwise(matrices)):
        if first.shape[1] != second.shape[0]:
            raise ValueError(
                f"weights[{index}] of shape {first.shape} gives {first.shape[1]} values and "
                f"weights[{index + 1}] of shape {second.shape} takes {second.shape[0]}"
            )
    if len(biases) != len(matrices):
        raise ValueError(f"biases must be one for each of {len(matrices)} layers, or None")
    offsets = [
        np.zeros(w.shape[1], w.dtype) if b is None else _real_array(f"biases[{index}]", b, 1)
        for index, (w, b) in enumerate(zip(matrices, biases, strict=True))
    ]
    widths = [matrices[0].shape[0], *(w.shape[1] for w in matrices)]
    if min(widths) < 1:
        raise ValueError(f"every layer needs inputs and units, got widths {widths}")
    single = all(array.dtype == np.float32 for array in (*matrices, *offsets))
    template = Network(widths, activation, loss, "float32" if single else "float64")
    for name, views, arrays in (
        ("weights", template.weights, matrices),
        ("biases", template.biases, offsets),
    ):
        for index, (view, array) in enumerate(zip(views, arrays, strict=True)):
            if view.shape != array.shape:
                raise ValueError(f"{name}[{index}] has shape {array.shape}, not {view.shape}")
            view[...] = array
    training = Training.of(optimizer, learning_rate, steps, batch_size)
    return examine(template, X, y, training, probe=probe, threshold=threshold)


def _real_array(name: str, value: ArrayLike, rank: int) -> NDArray[Any]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != rank:
        raise ValueError(f"{name} must have {rank} dimensions, got shape {array.shape}")
    return array
