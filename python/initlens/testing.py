"""Assertions about how a model starts, for the tests of a project that trains it elsewhere.

Nothing is trained. A failure prints what is wrong, in which layer, and what to change.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from ._tools.checks import real
from ._tools.seeds import seed_numbers
from ._tools.text import counted, unknown
from .activations import RELU_FAMILY, TWO_SIDED, Activations
from .auditing.inspection import audit
from .auditing.readers.reading import Layout
from .auditing.result import Audit
from .comparison.schemes import Schemes, named_schemes
from .diagnosis.examination import examine
from .diagnosis.fixes import Fix
from .diagnosis.measures import LayerMeasures
from .diagnosis.result import Diagnosis
from .diagnosis.rules import SATURATED_WARNING
from .diagnosis.verdicts import (
    CODES,
    TOPICS,
    Verdict,
    every,
    layer_numbers,
    verdict_table,
    wrapped,
)
from .tables import Table

__all__ = [
    "assert_breaks_symmetry",
    "assert_healthy",
    "assert_not_saturated",
    "compare_initializers",
]

_WIDTH = 48  # of a column of sentences


def assert_healthy(
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    strict: bool = False,
    coverage: float = 0.9,
    allow: Collection[str] = (),
    activation: Activations | None = None,
    layout: Layout | None = None,
    loss: str | None = None,
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    probe: float | None = None,
) -> Audit:
    """Assert that a model was read and starts without an error.

    Parameters
    ----------
    model : object
        Anything that `audit` reads.
    X : array_like of shape (m, n_in), optional
        Samples; without them the weights alone are judged.
    y : array_like, optional
        Targets.
    strict : bool, default False
        Fail on a warning and on the answer "unknown" too.
    coverage : float, default 0.9
        Smallest share of the model's parameters, in [0, 1], that must have been read: measured on
        X where it is given.
    allow : collection of str, default ()
        Codes or topics of verdicts that are no failure here, such as ("saturated",); "unknown" is
        a code too.
    activation, layout, loss, optimizer, learning_rate, steps, batch_size, probe
        As in `audit`.

    Returns
    -------
    Audit
        What was measured.

    Raises
    ------
    AssertionError
        If an error was found, with the verdicts as a table; if X was given and could not be used,
        or too few of the parameters were read, with what was not read.
    ValueError
        If `allow` holds something that is neither a code nor a topic, `coverage` is no share, or
        `audit` cannot read the model.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> net = il.Network([2, 4, 1], activation="tanh").initialize("he_normal", rng=0)
    >>> il.testing.assert_healthy(
    ...     net, flower.X, flower.y, optimizer="adam(0.01)", steps=1_000, strict=True
    ... ).answer
    'healthy'
    """
    __tracebackhide__ = True
    allowed = _codes(allow)
    least = real("coverage", coverage, minimum=0.0, maximum=1.0)
    report = audit(
        model,
        X,
        y,
        activation,
        layout,
        loss=loss,
        optimizer=optimizer,
        learning_rate=learning_rate,
        steps=steps,
        batch_size=batch_size,
        probe=probe,
    )
    unread = _unread(report, least, used=X is None or report.diagnosis is not None)
    failures = _failing(report.verdicts, allowed, strict=strict)
    if strict and report.answer == "unknown" and "unknown" not in allowed:
        failures.insert(0, report.verdict)
    if failures or unread:
        if not failures:
            raise AssertionError("\n".join([unread, "", report.summary()]))
        message = _message("the model does not start healthy", report, failures)
        raise AssertionError("\n\n".join(filter(None, (message, unread))))
    return report


def _unread(report: Audit, least: float, *, used: bool) -> str:
    """Say what was not read, if it is too much; empty otherwise."""
    skipped = "".join(f"\n  {name}: {reason}" for name, reason in report.skipped)
    if not used:
        reason = next(note for note in report.notes if note.startswith("X was not used"))
        return f"the reading is incomplete: {reason}{skipped}"
    if report.coverage < least:
        return (
            f"the reading is incomplete: {100 * report.coverage:.3g} % of the parameters were "
            f"read, and coverage={least:g} asks for {100 * least:.3g} %; not read:"
            f"{skipped or ' parameters of no known layer'}"
        )
    return ""


def _failing(
    verdicts: Iterable[Verdict], allowed: Collection[str], *, strict: bool
) -> list[Verdict]:
    """Return the verdicts that fail a test; one that is allowed makes way for what follows it."""
    severities = {"error", "warning"} if strict else {"error"}
    found: list[Verdict] = []
    for verdict in verdicts:
        fails = verdict.severity in severities and verdict.code not in allowed
        inner = _failing(verdict.therefore, allowed, strict=strict)
        found += [replace(verdict, therefore=tuple(inner))] if fails else inner
    return found


def assert_breaks_symmetry(
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    activation: Activations | None = None,
    layout: Layout | None = None,
    loss: str | None = None,
) -> Audit:
    """Assert that no hidden layer has units that stay copies, or that biases alone tell apart.

    Parameters
    ----------
    model : object
        Anything that `audit` reads. The weights are enough; for tanh and other odd functions the
        activation must be known to find units that are each other's negatives.
    X, y : array_like, optional
        Samples and targets.
    activation, layout, loss
        As in `audit`.

    Returns
    -------
    Audit

    Raises
    ------
    AssertionError
        If some do, with the verdicts as a table.

    Examples
    --------
    >>> import initlens as il
    >>> net = il.Network([2, 4, 1]).initialize("constant(0.5)")
    >>> try:
    ...     il.testing.assert_breaks_symmetry(net)
    ... except AssertionError as error:
    ...     print(str(error).splitlines()[0])
    the model does not break the symmetry of its units: 1 error
    """
    __tracebackhide__ = True
    report = audit(model, X, y, activation, layout, loss=loss)
    other = frozenset(CODES) - TOPICS["symmetry"]
    failures = _failing(report.verdicts, other, strict=True)
    if failures:
        title = "the model does not break the symmetry of its units"
        raise AssertionError(_message(title, report, failures))
    return report


def assert_not_saturated(
    model: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    max_share: float = SATURATED_WARNING,
    activation: Activations | None = None,
    layout: Layout | None = None,
) -> Audit:
    """Assert that no hidden layer is saturated on the samples.

    Parameters
    ----------
    model : object
        Anything that `audit` reads.
    X : array_like of shape (m, n_in)
        Samples.
    y : array_like, optional
        Targets; saturation does not depend on them.
    max_share : float, default 0.75
        Largest share of pairs of unit and sample, in each hidden layer, whose slope is below 5 % of
        the largest. ReLU, leaky ReLU, squared ReLU and ReLU6 are flat for z <= 0 on purpose: of
        them it is the share of units that are off on every sample, and of ReLU6 also that of pairs
        on its upper flat part. Where the slope has no bound (exponential, squared ReLU), no pair
        counts as saturated.
    activation, layout
        As in `audit`.

    Returns
    -------
    Audit

    Raises
    ------
    AssertionError
        If a layer is, with the layers as a table.
    ValueError
        If the model cannot be computed from X.

    Examples
    --------
    >>> import initlens as il
    >>> X = il.datasets.flower().X
    >>> net = il.Network([2, 4, 1]).initialize("normal(0.01)", rng=0)
    >>> report = il.testing.assert_not_saturated(net, X, max_share=0.01)
    """
    __tracebackhide__ = True
    limit = real("max_share", max_share, minimum=0.0, maximum=1.0)
    report = audit(model, X, y, activation, layout)
    diagnosis = report.diagnosis
    if diagnosis is None:
        raise ValueError("; ".join(report.notes) or "the model cannot be computed from X")
    failures = [
        Verdict(
            code,
            layer.number,
            "error",
            {"share": share, "max_share": limit},
            f"{100 * share:.3g} % of the {layer.activation} {what}; the test allows "
            f"{100 * limit:.3g} %.",
            Fix("Use a smaller scale, such as `glorot_uniform`, and inputs of unit variance."),
        )
        for layer in diagnosis.layers[:-1]
        for code, share, what in _flat_shares(layer)
        if share > limit or math.isnan(share)
    ]
    if failures:
        raise AssertionError(_message("the model starts saturated", report, failures))
    return report


def _flat_shares(layer: LayerMeasures) -> Iterator[tuple[str, float, str]]:
    """Return what `assert_not_saturated` bounds in a hidden layer: verdict, share, and of what."""
    g, saturation = layer.activation, layer.saturation
    assert g is not None
    rectified = g.kind in RELU_FAMILY
    if rectified:
        yield "dead", saturation.dead_units / layer.units, "units are off on every sample"
    if not math.isinf(g.max_slope) and (not rectified or g.kind in TWO_SIDED):
        share = saturation.high if rectified else saturation.share
        yield "saturated", share, "outputs are on the flat part"


def compare_initializers(
    model: Any,
    X: ArrayLike,
    y: ArrayLike,
    schemes: Schemes,
    *,
    seeds: int | Iterable[int] = 5,
    strict: bool = False,
    allow: Collection[str] = (),
    activation: Activations | None = None,
    layout: Layout | None = None,
    loss: str | None = None,
    optimizer: Any = None,
    learning_rate: float | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    probe: float | None = None,
) -> dict[str, tuple[Diagnosis, ...]]:
    """Assert that a model of these layers starts without an error from every scheme and seed.

    Parameters
    ----------
    model : object
        Anything that `audit` can compute; it is not changed.
    X : array_like of shape (m, n_in)
        Samples.
    y : array_like
        Targets.
    schemes : sequence or dict of schemes
        To draw its dense layers from, as in `compare`.
    seeds : int or iterable of int, default 5
        How many, or which.
    strict, allow, activation, layout, loss
        As in `assert_healthy`.
    optimizer, learning_rate, steps, batch_size
        As in `audit`.
    probe : float, optional
        As in `diagnose`; a copy of every start is trained.

    Returns
    -------
    dict of str to tuple of Diagnosis
        By the label of the scheme, one per seed.

    Raises
    ------
    AssertionError
        If one does not, with one row per scheme and verdict.
    ValueError
        If the model cannot be computed from X, or two schemes have one label.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> found = il.testing.compare_initializers(
    ...     il.Network([2, 4, 1]), flower.X, flower.y, ["glorot_uniform", "normal(0.01)"]
    ... )
    >>> [len(diagnoses) for diagnoses in found.values()]
    [5, 5]
    """
    __tracebackhide__ = True
    allowed = _codes(allow)
    chosen = seed_numbers(seeds)
    named = named_schemes(schemes)
    report = audit(
        model,
        X,
        y,
        activation,
        layout,
        loss=loss,
        optimizer=optimizer,
        learning_rate=learning_rate,
        steps=steps,
        batch_size=batch_size,
    )
    if report.diagnosis is None or report.network is None:
        raise ValueError("; ".join(report.notes) or "the model cannot be computed from X")
    samples, target = report.data
    net = report.network.copy()
    found = {
        label: tuple(
            examine(net.initialize(scheme, rng=seed), samples, target, report.training, probe=probe)
            for seed in chosen
        )
        for label, scheme in named.items()
    }
    rows = [
        row
        for label, several in found.items()
        for row in _failures(label, several, allowed, strict=strict)
    ]
    if rows:
        columns = ("scheme", "seeds", "severity", "layer", "verdict", "evidence of the first")
        title = f"not every scheme starts healthy on {counted(len(chosen), 'seed')}"
        lines = tuple(line for row in rows for line in wrapped(row, _WIDTH))
        raise AssertionError(repr(Table(title, columns, lines)))
    return found


def _codes(allow: Collection[str]) -> frozenset[str]:
    names = [allow] if isinstance(allow, str) else allow
    codes: set[str] = set()
    for name in names:
        if name not in TOPICS and name not in CODES:
            raise ValueError(unknown("verdict or topic", str(name), [*TOPICS, *CODES]))
        codes |= TOPICS.get(name, {name})
    return frozenset(codes)


def _failures(
    label: str, several: Sequence[Diagnosis], allowed: Collection[str], *, strict: bool
) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for diagnosis in several:
        failing = _failing(diagnosis.verdicts, allowed, strict=strict)
        if strict and diagnosis.answer == "unknown" and "unknown" not in allowed:
            failing.insert(0, diagnosis.verdict)
        for verdict in every(failing):
            where = layer_numbers(verdict.layers) if verdict.layers else "net"
            groups.setdefault((verdict.severity, where, verdict.code), []).append(verdict)
    return [
        (label, f"{len(verdicts)}/{len(several)}", *key, verdicts[0].sentence)
        for key, verdicts in groups.items()
    ]


def _message(title: str, report: Audit, failures: Sequence[Verdict]) -> str:
    counts = [
        counted(count, severity)
        for severity in ("error", "warning")
        if (count := sum(verdict.severity == severity for verdict in every(failures)))
    ]
    names = {layer.number: layer.name for layer in report.layers}
    table = verdict_table(f"{title}: {', '.join(counts) or 'unknown'}", failures, names, _WIDTH)
    return "\n".join([repr(table), "", report.summary()])
