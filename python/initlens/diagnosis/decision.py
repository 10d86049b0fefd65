"""The decision: from a few numbers to error, unknown or healthy, by two tables of bounds.

`AT_THE_START` decides by what the first step shows, `AFTER_A_PROBE` by a copy that was trained for
a part of the run and measured again. A rule holds where all of its bounds do; a number that is NaN
is within no bound. The first error that holds decides; without one, the first rule for healthy;
without either the answer is unknown. How often each table is right is measured in docs/verdicts.md,
on data sets and kinds of starts that the bounds were not chosen on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from ..optimizers import SGD
from .first_step import FirstStep, distinct_counts
from .measures import LayerMeasures
from .trial import Trial, times_chance

__all__ = [
    "AFTER_A_PROBE",
    "AT_THE_START",
    "LEAST_TRAVEL",
    "SANE",
    "SIGNS",
    "Bound",
    "Decision",
    "Rule",
    "decide",
    "signs_of",
    "way_back",
]

Answer: TypeAlias = Literal["error", "unknown", "healthy"]

SIGNS: Final[Mapping[str, str]] = {
    "hidden": "number of hidden layers",
    "adaptive": "1 for Adam and RMSProp, 0 for SGD",
    "travel": "largest move of a layer in one step, times the steps: 1 is its own norm",
    "aim": "cosine between the first change of the outputs and the targets, both without means",
    "lin": "share of the targets' energy that linearised training learns in the run",
    "before": "loss at the start, over the loss at chance",
    "over": "loss after the first step, over the loss before it",
    "way_back": "steps until the loss is down at chance at the speed of the first, over the steps",
    "pace": "largest move of a layer in one step, but for layers of zeros: 1 is its own norm",
    "balance": "gradient of the centred residual over that of the real one, without means",
    "saturated": "largest share of flat pairs of unit and sample in a hidden layer",
    "decay": "weight decay",
    "first": "loss after the first step, over the loss at chance",
    "lowest": "lowest loss after 1, 3, 10 and 30 times the first step, over the loss at chance",
    "kinds": "smallest number of units in a hidden layer that differ by more than sign and scale",
    "copies": "smallest number of units in a hidden layer that differ in a bit",
    "curvature": "rate of the fastest layer times the sharpness, momentum and Adam's scale in it",
    "edge": "learning rate over the largest that the curvature allows (SGD only)",
    "outputs": "standard deviation of outputs (before sigmoid, softmax), over that of y for mse",
    "probe_loss": "loss at the end of the probe, over the loss at chance",
    "probe_rise": "that loss over the lowest in the probe",
    "probe_travel": "travel of the trained copy in the steps that are left",
    "probe_aim": "aim of the trained copy",
    "probe_lin": "lin of the trained copy in the steps that are left",
    "probe_lowest": "lowest of the trained copy",
    "probe_kinds": "kinds of the trained copy",
    "probe_curvature": "curvature of the trained copy",
}


class Bound(NamedTuple):
    """A number that a rule looks at, and the open range that it must be in."""

    sign: str
    above: float
    below: float


class Rule(NamedTuple):
    """What follows where all bounds hold."""

    answer: Answer
    code: str  # of the verdict
    bounds: tuple[Bound, ...]
    sentence: str  # a format of the signs


class Decision(NamedTuple):
    """An answer, the rule it comes from, and the numbers it rests on.

    `rule` is None where no rule holds; `signs` has what is known of `SIGNS`.
    """

    answer: Answer
    rule: Rule | None
    signs: Mapping[str, float]
    probed: bool

    @property
    def evidence(self) -> dict[str, float]:
        """The numbers that the rule looks at."""
        names = () if self.rule is None else (bound.sign for bound in self.rule.bounds)
        return {name: self.signs[name] for name in names}


def _bounds(text: str) -> tuple[Bound, ...]:
    """Read bounds such as "aim < 0.3, lin > 0.5"."""
    found = []
    for one in text.split(", "):
        sign, relation, value = one.split()
        limit = float(value)
        if sign not in SIGNS or relation not in ("<", ">"):
            raise ValueError(f"no bound: {one!r}")
        low, high = (-math.inf, limit) if relation == "<" else (limit, math.inf)
        found.append(Bound(sign, low, high))
    return tuple(found)


def _rule(answer: Answer, code: str, bounds: str, sentence: str) -> Rule:
    return Rule(answer, code, _bounds(bounds), sentence)


# What no start lacks that is called healthy without a probe: the outputs are near enough, no layer
# is flat or replaced in a step, and the decay leaves the weights alone.
SANE: Final = _bounds("way_back < 0.5, pace < 3, saturated < 0.9, decay < 0.11")


_STILL: Final = (
    "In {steps:,} steps of {optimizer} not even the fastest layer would move by more than "
    "{travel:.2g} times the norm of its weights, so the loss stays where the best constant guess "
    "is."
)
_CONVEX: Final = (
    "Without hidden layers the loss is convex: training reaches its minimum from any start."
)

_FAR_OFF: Final = (
    "Within the first 30 steps of {optimizer} the loss stays above {lowest:.2g} times that at "
    "chance, and the steps hardly turn the outputs towards the targets (cosine {aim:.2g})."
)
_ONE_UNIT: Final = (
    "On the data the units of a layer act as one, up to sign and scale, and a step hardly turns "
    "the outputs towards the targets (cosine {aim:.2g})."
)

LEAST_TRAVEL: Final = 0.1  # norms of its weights in the run, of the fastest layer

# A gradient that only rounding keeps from 0 says nothing: where net and data are symmetric, as an
# odd net on XOR, the first step is 0, and the next ones are not.
AT_THE_START: Final = (
    _rule("error", "too_small", f"travel < {LEAST_TRAVEL}, balance > 0.000001", _STILL),
    _rule("error", "too_small", f"travel < {LEAST_TRAVEL}, before > 100", _STILL),
    _rule("healthy", "healthy", "hidden < 0.5, adaptive < 0.5, edge < 1", _CONVEX),
    _rule("healthy", "healthy", "hidden < 0.5, adaptive > 0.5, first < 50", _CONVEX),
    _rule(
        "error",
        "lost_signal",
        "aim < 0.02, lin < 0.1, balance > 0.000001",
        "A step changes the outputs in a direction that has nothing to do with the targets (cosine "
        "{aim:.2g}), and linearised training would learn {lin:.1%} of them in {steps:,} steps: the "
        "differences between the samples do not reach the outputs.",
    ),
    _rule(
        "error",
        "symmetric",
        "adaptive < 0.5, kinds < 1.5, aim < 0.3, lowest > 0.998, balance > 0.000001",
        _ONE_UNIT,
    ),
    _rule(
        "error",
        "symmetric",
        "adaptive > 0.5, kinds < 1.5, aim < 0.3, lowest > 0.998, lin < 0.3, balance > 0.000001",
        _ONE_UNIT,
    ),
    _rule(
        "error",
        "symmetric",
        "adaptive < 0.5, copies < 1.5, lin < 0.5",
        "A layer has one distinct unit, and with it linearised training would learn only "
        "{lin:.0%} of the targets.",
    ),
    _rule(
        "error",
        "rate_too_large",
        "adaptive < 0.5, curvature > 300",
        "The learning rate {rate:g} is {edge_words} times the largest that the curvature at this "
        "start allows, so training diverges or throws the start away.",
    ),
    _rule(
        "error",
        "rate_too_large",
        "adaptive < 0.5, over > 1000",
        "One step of {optimizer} multiplies the loss by {over:.2g}.",
    ),
    _rule(
        "error",
        "off_scale",
        "adaptive > 0.5, before > 1000, way_back > 0.3",
        "The first loss is {before:.2g} times that at chance, and a step of {optimizer} is so "
        "small beside the outputs that {steps:,} steps do not bring them back.",
    ),
    _rule(
        "error",
        "off_scale",
        "outputs > 1.5, lin < 0.4, aim < 0.2",
        "The outputs spread {outputs:.2g} times as far as they should, and linearised training "
        "would learn only {lin:.0%} of the targets in {steps:,} steps.",
    ),
    _rule(
        "error",
        "exploding",
        "adaptive < 0.5, first > 100, aim < 0.4",
        "One step of {optimizer} leaves the loss at {first:.2g} times that at chance, and hardly "
        "turns the outputs towards the targets (cosine {aim:.2g}).",
    ),
    _rule(
        "error",
        "exploding",
        "adaptive < 0.5, lowest > 300, curvature > 30, aim < 0.5",
        _FAR_OFF,
    ),
    _rule(
        "error",
        "exploding",
        "adaptive > 0.5, lowest > 300, curvature > 30, aim < 0.5, lin < 0.7",
        _FAR_OFF,
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive < 0.5, lin > 0.5, edge < 1, lowest < 0.95, kinds > 1.5",
        "The first steps of {optimizer} bring the loss to {lowest:.2f} times that at chance.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive < 0.5, lin > 0.3, edge < 3, curvature > 0.1, lowest < 0.9",
        "The first steps of {optimizer} bring the loss to {lowest:.2f} times that at chance.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive < 0.5, lin > 0.5, edge < 1, aim > 0.5, kinds > 1.5, outputs > 0.2, lowest < 2",
        "A step of {optimizer} turns the outputs towards the targets (cosine {aim:.2f}), and "
        "linearised training learns {lin:.0%} of them.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive < 0.5, lin > 0.5, edge < 1, aim > 0.5, kinds > 1.5, travel > 5, travel < 200, "
        "lowest < 1.05",
        "A step of {optimizer} turns the outputs towards the targets (cosine {aim:.2f}), and "
        "linearised training learns {lin:.0%} of them.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive > 0.5, lin > 0.3, curvature < 100, first < 50, kinds > 1.5",
        "The steps of {optimizer} fit the curvature, and linearised training learns {lin:.0%} of "
        "the targets.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive > 0.5, lowest < 0.95, curvature < 500, kinds > 1.5",
        "The first steps of {optimizer} bring the loss to {lowest:.2f} times that at chance.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive > 0.5, aim > 0.5, lowest < 0.99, travel > 10, kinds > 1.5",
        "The first steps of {optimizer} turn the outputs towards the targets (cosine {aim:.2f}) "
        "and lower the loss.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive > 0.5, lin > 0.5, travel < 700, first < 50, curvature < 300, kinds > 1.5",
        "The steps of {optimizer} fit the curvature, and linearised training learns {lin:.0%} of "
        "the targets.",
    ),
)

_ONE_UNIT_LEFT: Final = (
    "After the probe the loss is {probe_loss:.2f} times that at chance, and the units of a layer "
    "act as one."
)

AFTER_A_PROBE: Final = (
    _rule(
        "error",
        "stuck",
        f"travel < {LEAST_TRAVEL}, balance > 0.000001, probe_loss > 0.9",
        _STILL,
    ),
    _rule("healthy", "healthy", "hidden < 0.5, adaptive < 0.5, edge < 1, probe_loss < 1", _CONVEX),
    _rule("healthy", "healthy", "hidden < 0.5, adaptive > 0.5, probe_loss < 1", _CONVEX),
    _rule(
        "error",
        "stuck",
        "probe_loss > 0.9, probe_travel < 0.1",
        "After the probe the loss is {probe_loss:.2f} times that at chance, and in the steps that "
        "are left not even the fastest layer would move by more than {probe_travel:.2g} times the "
        "norm of its weights.",
    ),
    _rule(
        "error",
        "stuck",
        "probe_loss > 0.8, probe_kinds < 1.5, probe_aim < 0.3",
        _ONE_UNIT_LEFT,
    ),
    _rule(
        "error",
        "stuck",
        "adaptive < 0.5, probe_loss > 0.8, probe_kinds < 1.5, probe_lin < 0.5",
        _ONE_UNIT_LEFT,
    ),
    _rule(
        "error",
        "stuck",
        "probe_loss > 0.998, probe_lin < 0.05, probe_aim < 0.2",
        "After the probe the loss is {probe_loss:.2f} times that at chance, and linearised "
        "training would learn {probe_lin:.1%} of the targets in the steps that are left.",
    ),
    _rule(
        "error",
        "stuck",
        "adaptive < 0.5, probe_loss > 2, probe_lin < 0.6",
        "After the probe the loss is {probe_loss:.2g} times that at chance, and linearised "
        "training would learn {probe_lin:.1%} of the targets in the steps that are left.",
    ),
    _rule(
        "error",
        "stuck",
        "probe_loss > 2, probe_aim < 0.4",
        "After the probe the loss is {probe_loss:.2g} times that at chance, and a step hardly "
        "turns the outputs towards the targets (cosine {probe_aim:.2g}).",
    ),
    _rule(
        "error",
        "stuck",
        "adaptive < 0.5, probe_loss > 0.9, probe_curvature > 500, probe_aim < 0.5",
        "After the probe the loss is {probe_loss:.2f} times that at chance, and the steps are far "
        "larger than the curvature allows.",
    ),
    _rule(
        "healthy",
        "healthy",
        "probe_loss < 0.8, probe_lin > 0.6, probe_aim > 0.3, probe_travel < 50",
        "The probe brought the loss to {probe_loss:.2f} times that at chance, with small steps.",
    ),
    _rule(
        "healthy",
        "healthy",
        "probe_loss < 0.5, probe_lin > 0.6, probe_travel < 100",
        "The probe brought the loss to {probe_loss:.2f} times that at chance, with small steps.",
    ),
    _rule(
        "healthy",
        "healthy",
        "adaptive > 0.5, probe_loss < 0.8, probe_lin > 0.6, probe_aim > 0.3, probe_curvature < 50",
        "The probe brought the loss to {probe_loss:.2f} times that at chance, and the steps fit "
        "the curvature.",
    ),
    _rule(
        "healthy",
        "healthy",
        "probe_loss < 0.8, probe_lin > 0.6, probe_aim > 0.3, probe_lowest < 0.2",
        "The probe brought the loss to {probe_loss:.2f} times that at chance, and it goes on "
        "falling.",
    ),
    _rule(
        "healthy",
        "healthy",
        "probe_loss < 0.6, probe_lin > 0.6, probe_rise < 1.5",
        "The probe brought the loss to {probe_loss:.2f} times that at chance, without a relapse.",
    ),
    _rule(
        "healthy",
        "healthy",
        "probe_loss < 0.95, probe_aim > 0.6, probe_lin > 0.5, probe_travel < 150",
        "The probe brought the loss to {probe_loss:.2f} times that at chance, and a step turns the "
        "outputs towards the targets (cosine {probe_aim:.2f}).",
    ),
)


def signs_of(
    layers: Sequence[LayerMeasures],
    step: FirstStep,
    y_std: float,
    trial: Trial | None = None,
) -> dict[str, float]:
    """Return the numbers that the tables look at; of `SIGNS` those that are known.

    Parameters
    ----------
    layers : sequence of LayerMeasures
        Of the start.
    step : FirstStep
        Of the start.
    y_std : float
        What the standard deviation of the outputs is held against: that of y for mse, else 1.
    trial : Trial, optional
        Measured again: its `again` is the `FirstStep` of the trained copy, and its layers.
    """
    optimizer = step.optimizer
    signs = {"hidden": len(layers) - 1.0, "adaptive": float(not isinstance(optimizer, SGD))}
    signs |= _of_step(step, layers)
    signs["before"] = times_chance(step.loss, step.chance)
    signs["way_back"] = way_back(step.over, signs["before"], step.steps)
    signs["pace"] = max((move for move in step.move if math.isfinite(move)), default=0.0)
    real = max(layer.flow.d_signal for layer in layers)
    signs["balance"] = max(step.gradient_norms) / real if real > 0.0 else 1.0
    shares = [layer.saturation.share for layer in layers[:-1]]
    signs["saturated"] = max((x for x in shares if not math.isnan(x)), default=0.0)
    signs["decay"] = optimizer.weight_decay
    if isinstance(optimizer, SGD):
        signs["edge"] = step.edge
    exact = [layer.symmetry.distinct for layer in layers if layer.symmetry and layer.units > 1]
    signs["copies"] = float(min(exact, default=math.inf))
    spread = layers[-1].z.std
    signs["outputs"] = spread / y_std if y_std > 0.0 else math.inf if spread else 0.0
    if trial is not None:
        signs["probe_loss"] = trial.last
        signs["probe_rise"] = trial.last / trial.lowest if trial.lowest > 0.0 else 1.0
        if trial.again is not None:
            again, its_layers = trial.again
            names = ("travel", "aim", "lin", "lowest", "kinds", "curvature")
            found = _of_step(again, its_layers)
            signs |= {f"probe_{name}": found[name] for name in names}
    return signs


def _of_step(step: FirstStep, layers: Sequence[LayerMeasures]) -> dict[str, float]:
    ray = step.relative_ray
    return {
        "travel": step.fastest * step.steps,
        "aim": step.aim,
        "lin": step.lin,
        "over": step.over,
        "first": ray[0],
        "lowest": min(ray),
        "kinds": min(map(float, distinct_counts(layers)), default=math.inf),
        "curvature": max(step.rates) * step.sharpness,
    }


def way_back(over: float, before: float, steps: int) -> float:
    """Return how many of the steps the loss takes down to chance, at the speed of the first step.

    The distance of the outputs from y is the root of the loss of mse. 0 for a loss that is not
    above chance, infinite for one that does not fall.
    """
    if before <= 1.0:
        return 0.0
    speed = 1.0 - math.sqrt(over) if over < 1.0 else 0.0
    return (1.0 - 1.0 / math.sqrt(before)) / (speed * steps) if speed > 0.0 else math.inf


def decide(signs: Mapping[str, float]) -> Decision:
    """Return the answer that the numbers give, by the table for a probe where there was one."""
    probed = "probe_loss" in signs
    sane = probed or _hold(SANE, signs)
    for rule in AFTER_A_PROBE if probed else AT_THE_START:
        if (sane or rule.answer == "error") and _hold(rule.bounds, signs):
            return Decision(rule.answer, rule, signs, probed)
    return Decision("unknown", None, signs, probed)


def _hold(bounds: Sequence[Bound], signs: Mapping[str, float]) -> bool:
    """Tell whether all bounds hold; a number that is NaN or not known is within none."""
    return all(bound.above < signs.get(bound.sign, math.nan) < bound.below for bound in bounds)
