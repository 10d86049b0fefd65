"""The rules: from measures to verdicts. Each rule reads numbers and yields what they mean.

The bounds below are the only ones; how well they foretell training is measured in docs/verdicts.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from .._tools.format import about, number
from .._tools.text import counted
from ..activations import (
    FLAT_MIDDLE,
    MODULO_SCALE,
    MODULO_SIGN,
    RELU_FAMILY,
    TWO_SIDED,
    Activation,
    modulo_of,
)
from ..nets.history import History
from ..optimizers import SGD, Optimizer
from .answers import answer_of, unknown_verdict
from .decision import LEAST_TRAVEL, Decision, decide
from .first_step import FirstStep, distinct_counts
from .fixes import Fix
from .folds import Finding, Place, Words, fold_consequences, fold_layers, spread
from .measures import LayerMeasures, Loss, SharedStream, Symmetry
from .training import DEFAULT_STEPS, Training
from .trial import Trial
from .verdicts import Severity, Verdict, in_order

__all__ = ["Case", "decided_error", "judge", "trial_verdicts"]


# Saturation of functions that are flat on both sides: shares of pairs.
SATURATED_ONE_SIDED: Final = 0.95
SATURATED_WARNING: Final = 0.75
SATURATED_NOTE: Final = 0.25
DEAD_WARNING: Final = 0.1  # share of the units of layer 1
DEAD_ABOVE_WARNING: Final = 0.5  # likewise of any other layer, whose units may come back
NEARLY_EQUAL: Final = 1e-3  # distance of near units over their norm
# Verdicts of the decision that a layer of one unit explains.
_OF_ONE_UNIT: Final = frozenset({"symmetric", "lost_signal", "stuck"})

DEFAULT_RATE: Final = 1.0  # without an optimizer
AT_CHANCE: Final = 2.0  # times the loss at chance
CONFIDENT: Final = 0.2  # share of samples
CONFIDENT_WARNING: Final = 5.0  # times the loss at chance
GROWTH_WARNING: Final = 1e2  # of the signal, from the first layer to the last
OVERSHOOT_WARNING: Final = 1.0  # steps in which a layer's weights move by their norm
FITTING_RATE: Final = 0.1  # times the largest: below, a start may move too little by the rate alone
OVERSHOOT_RATE: Final = 2.0  # times the largest that the curvature allows
OVERSHOOT_LOSS: Final = 2.0  # times the loss at chance
STUCK: Final = 0.95  # of the loss at chance
FEW_STEPS: Final = 100  # fewer, and the run is what is too short
WEAK_AIM, WEAK_LIN = 0.1, 0.05  # below, they speak against a start that is not decided
# Verdicts on the units of a layer, which say nothing where its weights are not finite.
_OF_WEIGHTS: Final = frozenset({"symmetric", "saturated", "dead"})


@dataclass(frozen=True)
class Case:
    """All that the rules look at."""

    layers: Sequence[LayerMeasures]
    loss: Loss
    streams: Sequence[SharedStream]
    training: Training = field(default_factory=Training)
    history: History | None = None
    step: FirstStep | None = None
    trial: Trial | None = None
    signs: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    constant: bool = False  # all targets are the same
    samples: int = 0

    @property
    def hidden(self) -> Sequence[LayerMeasures]:
        """All layers but the output."""
        return self.layers[:-1]

    @property
    def optimizer(self) -> Optimizer | None:
        """Of the run to come; if none was given, the SGD of `step`; None if it is not known."""
        return self.training.optimizer if self.step is None else self.step.optimizer

    @property
    def steps(self) -> int | None:
        """As given."""
        return self.training.steps

    @property
    def batch_size(self) -> int | None:
        """Samples a step; None for all."""
        return self.training.batch_size

    @property
    def rate(self) -> float:
        """The learning rate of SGD, by default 1; with momentum the rate of what adds up."""
        optimizer = self.optimizer
        if optimizer is None:
            return DEFAULT_RATE
        return optimizer.learning_rate / (1.0 - getattr(optimizer, "momentum", 0.0))

    @property
    def budget(self) -> int:
        """The number of steps, by default 10,000."""
        return self.training.budget

    def place(self, *layers: int) -> Place:
        """Return layers as a sentence names them."""
        return Place(layers, self.names)

    def steps_of(self, time: float) -> float:
        """Return a learning time in steps of SGD; a rate of 0 never ends, other optimizers NaN."""
        if not self.training.is_sgd:
            return math.nan
        if not self.rate:
            return math.inf if time else 0.0
        return time / self.rate


def judge(case: Case) -> tuple[Verdict, ...]:
    """Return the verdicts, each with what follows from it; the answer leads if it is no error."""
    decision = decide(case.signs)
    found = [verdict for rule in _RULES for verdict in rule(case)]
    broken = _broken_layers(found)
    idle = _idle(case, decision)
    if broken:  # no number of the data means anything
        found = [v for v in found if v.code not in _OF_WEIGHTS or not broken.issuperset(v.layers)]
    elif idle is not None:
        found.append(idle)
    elif decision.answer == "error":
        found = _decided(case, decision, found)
    found = list(fold_consequences(in_order(found)))
    answer = answer_of(found, decided=decision.answer == "healthy")
    if answer == "healthy":
        return (_healthy(case, decision), *found)
    return (_unknown(case, found), *found) if answer == "unknown" else tuple(found)


def _broken_layers(found: Sequence[Verdict]) -> frozenset[int]:
    """Return the layers whose weights or biases are not finite."""
    return frozenset(
        layer
        for verdict in found
        if verdict.code == "non_finite" and verdict.evidence.get("what") == "weights and biases"
        for layer in verdict.layers
    )


def _idle(case: Case, decision: Decision) -> Verdict | None:
    """Return the error of a run in which no net could learn: what is wrong is not the start."""
    if case.step is None:
        return None
    rate = case.step.optimizer.learning_rate
    still = decision.rule is not None and decision.rule.bounds[0].sign == "travel"
    text = None
    if case.constant:
        reason = "targets"
        text, fix = "All targets are the same: there is nothing to learn.", "Use targets that vary."
        if case.samples == 1:
            text = "There is only one sample: there is nothing to learn from differences."
            fix = "Use more samples."
    elif case.training.optimizer is not None and rate == 0.0:
        reason, text, fix = "rate", "A learning rate of 0 moves nothing.", "Use one above 0."
    elif still and case.budget < FEW_STEPS and case.step.fastest * DEFAULT_STEPS > LEAST_TRAVEL:
        reason, text, fix = "steps", decision_text(case, decision), "Train for more steps."
    if text is None:
        return None
    evidence = {"idle": reason, "travel": case.step.fastest * case.step.steps, **_run(case)}
    return _verdict(case, "too_small", (), "error", evidence, text, fix)


def _decided(case: Case, decision: Decision, found: Sequence[Verdict]) -> list[Verdict]:
    """Put the error that was decided among the other findings; those of one unit become errors."""
    assert decision.rule is not None
    code = decision.rule.code
    if code == "too_small" and decision.signs.get("lowest", 0.0) > AT_CHANCE:
        code = "off_scale"  # it cannot move because all is large, and the rate that fits tiny
    evidence = {**decision.evidence, **_run(case)}
    zero = any(v.code == "zero_gradient" for v in found)
    given = case.training.optimizer is not None
    slow = code == "too_small" and not (given and decision.signs.get("edge", 0.0) < FITTING_RATE)
    near = code in _OF_ONE_UNIT
    if near or zero or slow:
        found = [
            replace(v, severity="error", evidence={**v.evidence, **evidence})
            if _one_unit(v, near=near)
            else v
            for v in found
        ]
    if zero or any(v.severity == "error" and v.code == code for v in found):
        return list(found)
    layers: tuple[int, ...] = ()
    if any(bound.sign == "kinds" for bound in decision.rule.bounds):
        counts = zip(case.hidden, distinct_counts(case.layers), strict=True)
        layers = tuple(layer.number for layer, kinds in counts if kinds == decision.signs["kinds"])
    return [*found, decided_error(case, decision, code=code, layers=layers)]


def decided_error(
    case: Case,
    decision: Decision,
    fix: str = "",
    *,
    code: str | None = None,
    layers: Sequence[int] = (),
) -> Verdict:
    """Return the verdict of an error that was decided, of the code of its rule or of another."""
    assert decision.rule is not None
    evidence = {**decision.evidence, **_run(case)}
    text = decision_text(case, decision)
    return _verdict(case, code or decision.rule.code, layers, "error", evidence, text, fix)


def _one_unit(verdict: Verdict, *, near: bool) -> bool:
    """Tell whether a verdict names a layer whose units are all copies, or, if asked, nearly."""
    if verdict.code != "symmetric":
        return False
    each = verdict.evidence.get("by_layer", {0: verdict.evidence}).values()
    return any(
        e.get("distinct_units") == 1 or (near and e.get("near_units", 0) == e.get("units"))
        for e in each
    )


def _run(case: Case) -> dict[str, Any]:
    """Return the run that a decision is about, as evidence."""
    if case.optimizer is None:
        return {}
    run: dict[str, Any] = {"learning_rate": case.optimizer.learning_rate, "steps": case.budget}
    if case.step is not None and isinstance(case.optimizer, SGD):
        run["largest_rate"] = (1.0 + case.optimizer.momentum) * case.step.largest_rate
    return run


def decision_text(case: Case, decision: Decision) -> str:
    """Write the sentence of a rule with the numbers of this case."""
    assert decision.rule is not None
    edge = decision.signs.get("edge", math.nan)
    signs = [bound.sign for bound in decision.rule.bounds]
    if signs[0] == "travel" and not decision.signs["travel"]:
        return f"In {counted(case.budget, 'step')} of {case.optimizer} no layer would move at all."
    momentum = getattr(case.optimizer, "momentum", 0.0)
    if decision.rule.code == "rate_too_large" and "curvature" in signs and momentum:
        assert case.optimizer is not None
        times = about(0.5 * decision.signs["curvature"])
        return (
            f"With momentum {momentum:g} steps add up to an effective learning rate of "
            f"{case.rate:g} ({case.optimizer.learning_rate:g} / (1 - {momentum:g})), {times} "
            "times the largest that the curvature at this start allows without momentum, so "
            "training diverges or throws the start away."
        )
    sentence = decision.rule.sentence
    if case.budget == 1:
        sentence = sentence.replace("{steps:,} steps", "{steps:,} step")
    return sentence.format(
        optimizer=case.optimizer,
        rate=0.0 if case.optimizer is None else case.optimizer.learning_rate,
        steps=case.budget,
        edge_words=about(edge),
        **decision.signs,
    )


def _verdict(
    case: Case,
    code: str,
    layers: Sequence[int],
    severity: Severity,
    evidence: Mapping[str, Any],
    sentence: str,
    fix: str = "",
) -> Verdict:
    """Return a verdict on some layers, the first of them the one to look at, or on the net."""
    if not layers:
        return Verdict(code, None, severity, evidence, sentence, Fix(fix))
    name = case.place(layers[0]).name
    every = tuple(sorted(layers))
    return Verdict(code, layers[0], severity, evidence, sentence, Fix(fix), name, every)


# ---- finite ---------------------------------------------------------------------------------


def _non_finite(case: Case) -> Iterator[Verdict]:
    # Where it comes from: forward from its first layer, backward from its last.
    places = [
        (
            "weights and biases",
            {layer.number: layer.not_finite.weights for layer in case.layers},
            1,
        ),
        ("pre-activations", {layer.number: layer.not_finite.z for layer in case.layers}, 1),
        ("gradients", {layer.number: layer.not_finite.gradients for layer in case.layers}, -1),
    ]
    bad = next((place for place in places if any(place[1].values())), None)
    if bad is not None:
        what, counts, direction = bad
        first, *others = [number for number, count in counts.items() if count][::direction]
        count = counts[first]
        sentence = f"{count:,} of the {what} of {case.place(first)} {_are(count)} NaN or infinite"
        if others:
            where = case.place(*sorted(others))
            sentence += f"; {where} {'have' if where.many else 'has'} such values too"
        yield _verdict(
            case,
            "non_finite",
            (first, *others),
            "error",
            {"what": what, "values": count, "layers": sorted((first, *others))},
            sentence + ".",
            f"Replace these values of {case.place(first)} before training."
            if what == "weights and biases"
            else "Use a smaller scale of the weights, such as `glorot_uniform`.",
        )
    elif math.isinf(case.loss.first) or (any(math.isinf(layer.flow.d_z) for layer in case.layers)):
        yield _verdict(
            case,
            "non_finite",
            (),
            "error",
            {"loss": case.loss.first},
            "The loss or the norm of a gradient overflows.",
            "Use a smaller scale of the weights, or float64.",
        )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _diverged(case: Case) -> Iterator[Verdict]:
    history = case.history
    if history is not None and history.diverged_at is not None:
        yield _verdict(
            case,
            "diverged",
            (),
            "error",
            {"step": history.diverged_at},
            f"Training diverged: the gradient of step {history.diverged_at:,} was not finite.",
            "Use a smaller learning rate, or weights of a smaller scale.",
        )
    yield from trial_verdicts(case.trial)


def trial_verdicts(trial: Trial | None) -> Iterator[Verdict]:
    """Say what a probe has found."""
    if trial is not None and trial.diverged_at is not None:
        yield Verdict(
            "diverged",
            None,
            "error",
            {"step": trial.diverged_at, "steps": trial.steps, "optimizer": str(trial.optimizer)},
            str(trial),
            Fix("Use a smaller learning rate, or weights of a smaller scale."),
        )


# ---- gradient -------------------------------------------------------------------------------


def _dead(case: Case) -> Iterator[Verdict]:
    findings = []
    for layer in case.hidden:
        dead = layer.saturation.dead_units
        if dead:
            share = dead / layer.units
            bound = DEAD_WARNING if layer.number == 1 else DEAD_ABOVE_WARNING
            severity: Severity = (
                "error" if dead == layer.units else "warning" if share >= bound else "note"
            )
            evidence = {"dead_units": dead, "units": layer.units}
            findings.append(Finding(layer.number, severity, evidence))
    yield from fold_layers("dead", findings, case.names, _dead_words)


def _dead_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    pairs = [(evidence["dead_units"], evidence["units"]) for evidence in each]
    if all(dead == units for dead, units in pairs):
        return (
            f"Every unit of {place} is off on every sample, so no gradient passes "
            f"{'these layers' if place.many else 'this layer'}.",
            Fix(
                f"Draw the weights of {place} with `he_normal` and set the biases to 0, or use "
                "`leaky_relu`."
            ),
        )
    if place.many:
        shares = spread((100.0 * dead / units for dead, units in pairs), "{:.0f}")
        which, off = f"{shares} % of the units", "are"
    else:
        ((dead, units),) = pairs
        which, off = f"{dead} of the {units} units", _are(dead)
    text = f"{which} of {place} {off} off on every sample"
    if place.layers == (1,):
        return f"{text} and will not learn.", Fix(
            "Use biases of 0, inputs with mean 0, or `leaky_relu`."
        )
    they = "Those above layer 1" if place.layers[0] == 1 else "They"
    return f"{text} at the start. {they} may come back as the layers below change.", Fix(
        f"If they stay off, set the biases of {place} to 0, or use `leaky_relu`."
    )


def _zero_gradient(case: Case) -> Iterator[Verdict]:
    arriving = case.layers[-1].flow.d_z
    if not arriving > 0.0:  # nothing to learn, or no targets
        return
    if any(layer.flow.d_weights != 0.0 for layer in case.layers):
        return
    # Biases of hidden layers may move where no weight does: above activations that underflow.
    still = all(layer.flow.d_biases == 0.0 for layer in case.hidden)
    if not still and (case.step is None or case.step.fastest > 0.0):
        return
    yield _verdict(
        case,
        "zero_gradient",
        (),
        "error",
        {"weight_gradient_norm": 0.0, "output_gradient_norm": arriving},
        "The gradient of every weight is zero: only "
        f"{'the output bias' if still else 'biases'} can move.",
        "Draw the weights of every layer at random, for example with `glorot_uniform`.",
    )


def _rate(case: Case) -> Iterator[Verdict]:
    """Say that a rate that was given is above what the curvature allows."""
    step = case.step
    if step is None or case.training.optimizer is None or not step.edge > OVERSHOOT_RATE:
        return
    run = _run(case)
    if not run["largest_rate"] > 0.0:
        return  # the curvature overflows: no rate would do
    yield _verdict(
        case,
        "rate_too_large",
        (),
        "warning",
        {"edge": step.edge, **run},
        f"The learning rate {run['learning_rate']:g} is {about(step.edge)} times the largest that "
        f"the curvature at this start allows, {run['largest_rate']:.3g}: the first steps "
        "overshoot.",
        f"Use a learning rate of at most {0.5 * run['largest_rate']:.2g}.",
    )


def _exploding(case: Case) -> Iterator[Verdict]:
    first, last = case.layers[0], case.layers[-1]
    growth = last.z.std / first.z.std if first.z.std > 0.0 else math.nan
    if growth >= GROWTH_WARNING:
        yield _verdict(
            case,
            "exploding",
            (),
            "warning",
            {"growth": growth, "first_std": first.z.std, "last_std": last.z.std},
            f"The signal grows {about(growth)} times from the first layer to the last.",
            "Use a scale that preserves the signal from layer to layer: `glorot_uniform` for "
            "tanh, `he_normal` for ReLU.",
        )
    if not isinstance(case.optimizer, SGD) or not case.loss.ratio >= OVERSHOOT_LOSS:
        return  # small weights far from the minimum move fast without harm
    times = {
        layer.number: case.steps_of(layer.flow.learning_time)
        for layer in case.layers
        if layer.flow.weights
    }
    fast = min(times, key=lambda key: times[key], default=None)
    if fast is not None and times[fast] < OVERSHOOT_WARNING:
        yield _verdict(
            case,
            "exploding",
            (fast,),
            "warning",
            {
                "learning_time": times[fast],
                "learning_rate": case.rate,
                "loss_ratio": case.loss.ratio,
            },
            f"One step of SGD at learning rate {case.rate:g} moves the weights of "
            f"{case.place(fast)} by {about(1.0 / times[fast] if times[fast] else math.inf)} "
            "times their norm.",
            "Use a smaller learning rate, or weights of a smaller scale.",
        )


# ---- symmetry -------------------------------------------------------------------------------


def _symmetric(case: Case) -> Iterator[Verdict]:
    found: dict[Words, list[Finding]] = {}
    near = [layer for layer in case.hidden if _nearly_one(layer)]
    for layer in case.hidden:
        symmetry = layer.symmetry
        if symmetry is None or layer.units < 2:
            continue
        copied = sum(len(group) - 1 for group in symmetry.copies)
        if copied:
            words, finding = _copies(
                layer, symmetry, layer.units - copied, measured=case.step is not None
            )
        elif layer.inputs > 1 and _mostly_one(symmetry.weights, layer.units):
            # Of one input every unit sees the same direction, and biases are what it needs.
            words, finding = _apart_by_bias(layer, symmetry)
        else:
            alike = _alike(layer, symmetry, layer in near, len(near))
            if alike is None:
                continue
            words, finding = alike
        found.setdefault(words, []).append(finding)
    for words, findings in found.items():
        yield from fold_layers("symmetric", findings, case.names, words)
    yield from _streams(case)


def _streams(case: Case) -> Iterator[Verdict]:
    """Name layers whose weights are the same random numbers: once for those that share a stream."""
    groups: list[dict[int, float]] = []  # of layers, with their factor against the first
    for stream in case.streams:
        group = next((g for g in groups if stream.first in g or stream.second in g), None)
        if group is None:
            groups.append({stream.first: 1.0, stream.second: stream.factor})
        elif stream.second not in group:
            group[stream.second] = group[stream.first] * stream.factor
        elif stream.first not in group:
            group[stream.first] = group[stream.second] / stream.factor
    for group in groups:
        first, *others = sorted(group)
        factors = [group[layer] / group[first] for layer in others]
        yield _verdict(
            case,
            "symmetric",
            (first, *others),
            "note",
            {"layers": [first, *others], "factor": factors[0], "factors": factors},
            f"{case.place(first, *others).start} were drawn from the same random stream: the first "
            f"weights of {case.place(first)} come again, times {spread(factors, '{:.3g}')}.",
            "Draw all layers from one generator, or give each layer a seed of its own.",
        )


def _copies(
    layer: LayerMeasures, symmetry: Symmetry, distinct: int, *, measured: bool
) -> tuple[Words, Finding]:
    largest: tuple[int, ...] = max(symmetry.copies, key=len)
    evidence = {
        "distinct_units": distinct,
        "units": layer.units,
        "bit_equal_groups": symmetry.distinct,
        "gradient_groups": symmetry.gradient_modulo,
        "largest_group": list(largest),
    }
    # On data the decision tells whether one unit will do.
    severity: Severity = "error" if distinct == 1 and not measured else "warning"
    words = _twin_words if symmetry.distinct > distinct else _copy_words
    return words, Finding(layer.number, severity, evidence)


def _copy_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    return (
        f"{_count(place, each, 'units')} but only {_distinct(each)}: the others have the same "
        "incoming weights, bias and outgoing weights, and no training will separate them.",
        _drawn(place),
    )


def _twin_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    return (
        f"{_count(place, each, 'units')} but only {_distinct(each)}: the others have the same "
        "incoming weights, bias and outgoing weights, or all of them negated, and no training "
        "will separate them.",
        _drawn(place),
    )


def _count(place: Place, each: Sequence[Mapping[str, Any]], name: str) -> str:
    """Write "Layer 1 has 4 units", "Layers 2-7 have 6 to 8 units each"."""
    units = spread(evidence[name] for evidence in each)
    return f"{place.start} {f'have {units} units each' if place.many else f'has {units} units'}"


def _distinct(each: Sequence[Mapping[str, Any]]) -> str:
    counts = spread(evidence["distinct_units"] for evidence in each)
    return f"{counts} distinct {'one' if counts == '1' else 'ones'}"


def _drawn(place: Place) -> Fix:
    return Fix(f"Draw the weights of {place} at random, for example with `glorot_uniform`.")


def _mostly_one(groups: int, units: int) -> bool:
    """Tell whether a layer has a single kind of unit, or fewer kinds than half of its units."""
    return groups == 1 or 2 * groups < units


def _apart_by_bias(layer: LayerMeasures, symmetry: Symmetry) -> tuple[Words, Finding]:
    """Units in one direction, which separate slowly."""
    evidence = {
        "distinct_weights": symmetry.weights,
        "units": layer.units,
        "effective_units": symmetry.effective_units,
    }
    return _bias_words, Finding(layer.number, "warning", evidence)


def _bias_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    kinds = spread(evidence["distinct_weights"] for evidence in each)
    return (
        f"{_count(place, each, 'units')} but only {kinds} distinct "
        f"{'set' if kinds == '1' else 'sets'} of weights. Only the biases differ, so the units "
        "separate slowly.",
        Fix(f"Draw the weights of {place} at random; random biases alone are not enough."),
    )


def _nearly_one(layer: LayerMeasures) -> bool:
    """Tell whether all units of a layer have nearly the same incoming weights and bias."""
    symmetry = layer.symmetry
    if symmetry is None or layer.units < 2 or layer.inputs < 2:
        return False
    near = 0.0 < symmetry.function_spread < NEARLY_EQUAL
    return near and symmetry.near_functions == layer.units


def _alike(
    layer: LayerMeasures, symmetry: Symmetry, near: bool, near_layers: int
) -> tuple[Words, Finding] | None:
    """Units that are alike and will separate: no fault, but where all are nearly one it is slow.

    Outgoing weights that differ separate them at once if the other layers let them: one layer of
    such units is worth a note, several are a plateau.
    """
    units = layer.units
    severity: Severity = "note"
    assert layer.activation is not None
    words: Words
    evidence: dict[str, Any]
    if symmetry.function < units:
        words = _function_words
        evidence = {"functions": symmetry.function, "units": units, "outgoing": symmetry.outgoing}
    elif symmetry.function_modulo < units:
        words = {MODULO_SIGN: _sign_words, MODULO_SCALE: _scale_words}[modulo_of(layer.activation)]
        evidence = {"functions": symmetry.function_modulo, "units": units}
    elif 0.0 < symmetry.spread < NEARLY_EQUAL or near:
        whole = 0.0 < symmetry.spread < NEARLY_EQUAL and symmetry.near_units == units
        severity = "warning" if whole or (near and near_layers > 1) else "note"
        words = _near_words
        evidence = {
            "spread": symmetry.function_spread if near else symmetry.spread,
            "near_units": units if near else symmetry.near_units,
            "units": units,
            "effective_units": symmetry.effective_units,
        }
    else:
        return None
    return words, Finding(layer.number, severity, evidence)


def _function_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    functions = spread(evidence["functions"] for evidence in each)
    return (
        f"{_count(place, each, 'units')}, which now compute only {functions} different "
        f"function{'' if functions == '1' else 's'} of the inputs. The outgoing weights differ, "
        "so the units separate as soon as a gradient reaches them.",
        Fix(),
    )


def _sign_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    return _direction_words(place, each, "sign")


def _scale_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    return _direction_words(place, each, "scale")


def _direction_words(place: Place, each: Sequence[Mapping[str, Any]], what: str) -> tuple[str, Fix]:
    directions = spread(evidence["functions"] for evidence in each)
    return (
        f"{_count(place, each, 'units')} but only {directions} "
        f"direction{'' if directions == '1' else 's'} up to {what}; training separates the units.",
        Fix(),
    )


def _near_words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, Fix]:
    near = spread(evidence["near_units"] for evidence in each)
    width = spread(evidence["units"] for evidence in each)
    apart = spread((evidence["spread"] for evidence in each), "{:.1g}")
    return (
        f"In {place}, {near} of the {width} units differ by only {apart} of their norm"
        f"{' each' if place.many else ''}: they act nearly as one unit.",
        _drawn(place),
    )


# ---- saturation -----------------------------------------------------------------------------


def _saturated(case: Case) -> Iterator[Verdict]:
    found: dict[Activation, list[Finding]] = {}
    for layer in case.hidden:
        activation = layer.activation
        share = layer.saturation.share
        if activation is None or math.isnan(share):
            continue
        if activation.kind in RELU_FAMILY:
            if activation.kind not in TWO_SIDED:
                continue
            share = layer.saturation.high  # off is what they are for z <= 0: see _dead
        if activation.kind not in TWO_SIDED and share < SATURATED_ONE_SIDED:
            continue  # one flat side is what they are made of
        if share < SATURATED_NOTE:
            continue
        severity: Severity = "warning" if share >= SATURATED_WARNING else "note"
        evidence = {
            "saturated": share,
            "low": layer.saturation.low,
            "high": layer.saturation.high,
            "hard": layer.saturation.hard,
            "learning_time": case.steps_of(layer.flow.learning_time),
            "z_std": layer.z.std,
        }
        found.setdefault(activation, []).append(Finding(layer.number, severity, evidence))
    for activation, findings in found.items():
        yield from fold_layers(
            "saturated", findings, case.names, partial(_saturated_words, activation)
        )


def _saturated_words(
    activation: Activation, place: Place, each: Sequence[Mapping[str, Any]]
) -> tuple[str, Fix]:
    shares = [evidence["saturated"] for evidence in each]
    text = spread((100.0 * share for share in shares), "{:.0f}")
    deviation = spread((evidence["z_std"] for evidence in each), "{:.3g}")
    if max(shares) < SATURATED_WARNING:
        fix = ""
    elif activation.kind in FLAT_MIDDLE:
        fix = f"Use a larger scale for {place}: {activation} is flat around 0."
    else:
        fix = f"Use a smaller scale for {place}, such as `glorot_uniform`, and standardize inputs."
    return (
        f"{text} % of the {activation} outputs of {place} lie where the function is flat (standard "
        f"deviation of the pre-activations: {deviation}).",
        Fix(fix),
    )


# ---- loss -----------------------------------------------------------------------------------


def _confident_wrong(case: Case) -> Iterator[Verdict]:
    share, ratio = case.loss.confident_wrong, case.loss.ratio
    if share >= CONFIDENT and ratio >= CONFIDENT_WARNING:
        yield _verdict(
            case,
            "confident_wrong",
            (),
            "warning",
            {"confident_wrong": share, "loss": case.loss.first, "loss_ratio": ratio},
            f"For {100 * share:.0f} % of the samples the net gives the true class less than 5 %: "
            f"the first loss is {number(case.loss.first)}, {about(ratio)} times the loss at "
            "chance.",
            "Use a smaller scale; smaller output weights alone already help.",
        )


def _stuck(case: Case) -> Iterator[Verdict]:
    history = case.history
    if history is None or not len(history.loss) or not history.steps_done:
        return
    last = float(history.loss[-1])
    if history.diverged_at is None and last >= STUCK * history.chance_loss > 0.0:
        yield _verdict(
            case,
            "stuck",
            (),
            "error",
            {"loss": last, "chance_loss": history.chance_loss, "steps": history.steps_done},
            f"After {history.steps_done:,} steps the loss is {number(last)}, no better than the "
            f"best constant guess ({number(history.chance_loss)}).",
            "Diagnose the net as it was before training.",
        )


# ---- answers --------------------------------------------------------------------------------


def _healthy(case: Case, decision: Decision) -> Verdict:
    hidden = case.hidden
    shares = [layer.saturation.share for layer in hidden]
    linear = [layer.saturation.linear for layer in hidden]
    known = [share for share in shares if not math.isnan(share)]
    straight = [share for share in linear if not math.isnan(share)]
    sentence = decision_text(case, decision)
    if case.training.optimizer is None and case.step is not None:
        sentence += (
            f" No optimizer was given: this is half of the largest rate that the curvature allows, "
            f"{case.step.largest_rate:.3g}."
        )
    if straight and max(known, default=0.0) < SATURATED_NOTE and min(straight) > 0.5:
        sentence += " Its small weights make the layers linear, not saturated."
    return Verdict(
        "healthy",
        None,
        "note",
        {
            "saturated": max(known, default=math.nan),
            "linear": min(straight, default=math.nan),
            "loss_ratio": case.loss.ratio,
            **decision.evidence,
            **_run(case),
        },
        sentence,
    )


def _unknown(case: Case, found: Sequence[Verdict]) -> Verdict:
    samples = any(not math.isnan(layer.z.std) for layer in case.layers)
    given = not math.isnan(case.loss.chance)
    missing = [] if given else ["the targets y"] if samples else ["the samples X", "the targets y"]
    good = ["all weights are finite"]
    distinct = [
        symmetry.distinct == layer.units
        for layer in case.hidden
        if (symmetry := layer.symmetry) is not None
    ]
    if distinct and all(distinct):
        good.append("all hidden units are distinct")
    if all(layer.flow.d_weights > 0.0 for layer in case.layers):
        good.append("a gradient reaches every layer")
    if case.loss.ratio <= AT_CHANCE:
        times = f"{case.loss.ratio:.2g}"
        good.append(
            "the first loss is that of chance"
            if times == "1"
            else f"the first loss is {times} times the loss at chance"
        )
    weak: list[str] = []
    step = case.step
    if step is not None:
        aims = f"the first step points at the targets with cosine {step.aim:.2f}"
        learns = f"linearised training would learn {step.lin:.0%} of the targets"
        (good if step.aim >= WEAK_AIM else weak).append(aims)
        (good if step.lin >= WEAK_LIN else weak).append(learns)
    bad = [verdict for verdict in found if verdict.severity == "warning"]
    return unknown_verdict(missing, good, bad, weak)


_RULES: Final = (
    _non_finite,
    _diverged,
    _dead,
    _zero_gradient,
    _symmetric,
    _rate,
    _exploding,
    _saturated,
    _confident_wrong,
    _stuck,
)
