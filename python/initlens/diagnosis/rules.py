"""The rules: from measures to verdicts. Each rule reads numbers and yields what they mean.

The bounds below are the only ones; how well they foretell training is measured in docs/verdicts.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from .._tools.format import about, number
from .._tools.text import counted
from ..activations import FLAT_MIDDLE, MODULO_SCALE, MODULO_SIGN, RELU_FAMILY, TWO_SIDED, modulo_of
from ..nets.history import History
from ..optimizers import SGD, Optimizer
from .measures import LayerMeasures, Loss, SharedStream
from .training import Training
from .trial import Trial
from .verdicts import Severity, Verdict, in_order

__all__ = ["Case", "judge", "trial_verdicts"]


# Saturation of functions that are flat on both sides: shares of pairs.
SATURATED_ERROR: Final = 0.95
SATURATED_WARNING: Final = 0.75
SATURATED_NOTE: Final = 0.25
DEAD_WARNING: Final = 0.1  # share of a layer's units
NEARLY_EQUAL: Final = 1e-3  # distance of near units over their norm

DEFAULT_RATE: Final = 1.0  # without an optimizer
AT_CHANCE: Final = (
    0.9,
    2.0,
)  # times the loss at chance; the offset of the outputs is soon unlearned
SLOW: Final = 0.5  # of the steps

CONFIDENT: Final = 0.2  # share of samples
CONFIDENT_WARNING: Final = 5.0  # times the loss at chance
CONFIDENT_ERROR: Final = 100.0
GROWTH_WARNING: Final = 1e2  # of the signal, from the first layer to the last
GROWTH_ERROR: Final = 1e3
OVERSHOOT_WARNING: Final = 1.0  # steps in which a layer's weights move by their norm
OVERSHOOT_ERROR: Final = 0.5
OVERSHOOT_LOSS: Final = 2.0  # times the loss at chance
STUCK: Final = 0.95  # of the loss at chance


@dataclass(frozen=True)
class Case:
    """All that the rules look at."""

    layers: Sequence[LayerMeasures]
    loss: Loss
    streams: Sequence[SharedStream]
    training: Training = field(default_factory=Training)
    history: History | None = None
    trial: Trial | None = None

    @property
    def hidden(self) -> Sequence[LayerMeasures]:
        """All layers but the output."""
        return self.layers[:-1]

    @property
    def optimizer(self) -> Optimizer | None:
        """Of the run to come; None if it was not given, or is not known here."""
        return self.training.optimizer

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

    def steps_of(self, time: float) -> float:
        """Return a learning time in steps of SGD; a rate of 0 never ends, other optimizers NaN."""
        if not self.training.is_sgd:
            return math.nan
        if not self.rate:
            return math.inf if time else 0.0
        return time / self.rate


def judge(case: Case) -> tuple[Verdict, ...]:
    """Return the verdicts, errors first, then by cause; "healthy" where none is an alarm."""
    found = [verdict for rule in _RULES for verdict in rule(case)]
    if not any(verdict.severity != "note" for verdict in found):
        found.append(_healthy(case))
    return in_order(found)


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
        numbers = [number for number, count in counts.items() if count]
        first = numbers[0] if direction == 1 else numbers[-1]
        yield Verdict(
            "non_finite",
            first,
            "error",
            {"what": what, "values": counts[first], "layers": numbers},
            f"{counts[first]:,} of the {what} of layer {first} are NaN or infinite.",
            "Repair the weights it was given."
            if what == "weights and biases"
            else "Start with a smaller scale.",
        )
    elif math.isinf(case.loss.first) or (any(math.isinf(layer.flow.d_z) for layer in case.layers)):
        yield Verdict(
            "non_finite",
            None,
            "error",
            {"loss": case.loss.first},
            "The loss or a norm of a gradient overflows.",
            "Start with a smaller scale, or use float64.",
        )


def _diverged(case: Case) -> Iterator[Verdict]:
    history = case.history
    if history is not None and history.diverged_at is not None:
        yield Verdict(
            "diverged",
            None,
            "error",
            {"step": history.diverged_at},
            f"Training diverged: the gradient of step {history.diverged_at:,} was not finite.",
            "Use a smaller learning rate or a smaller scale of the start.",
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
            "Use a smaller learning rate or a smaller scale of the start.",
        )


# ---- gradient -------------------------------------------------------------------------------


def _zero_gradient(case: Case) -> Iterator[Verdict]:
    arriving = case.layers[-1].flow.d_z
    if not arriving > 0.0:  # nothing to learn, or no targets
        return
    if any(layer.flow.d_weights != 0.0 for layer in case.layers):
        return
    if any(layer.flow.d_biases != 0.0 for layer in case.hidden):
        return
    yield Verdict(
        "zero_gradient",
        None,
        "error",
        {"weight_gradient_norm": 0.0, "output_gradient_norm": arriving},
        "Every weight gradient is zero: only the output bias can move.",
        "Draw the weights of every layer at random, for example with glorot_uniform.",
    )


def _dead(case: Case) -> Iterator[Verdict]:
    for layer in case.hidden:
        dead = layer.saturation.dead_units
        if not dead:
            continue
        evidence = {"dead_units": dead, "units": layer.units}
        if dead == layer.units:
            yield Verdict(
                "dead",
                layer.number,
                "error",
                evidence,
                f"All {dead} units of layer {layer.number} are off on every sample: no gradient "
                "passes, and none will.",
                "Draw weights with he_normal and biases of 0; leaky_relu cannot die.",
            )
        else:
            share = dead / layer.units
            yield Verdict(
                "dead",
                layer.number,
                "warning" if share >= DEAD_WARNING else "note",
                evidence,
                f"{dead} of {layer.units} units of layer {layer.number} are off on every sample "
                "and learn nothing.",
                "Use biases of 0, inputs with mean 0, or leaky_relu.",
            )


def _too_small(case: Case) -> Iterator[Verdict]:
    low, high = AT_CHANCE
    if not low <= case.loss.ratio <= high or not case.layers[-1].flow.d_z > 0.0:
        return
    if all(layer.flow.d_weights == 0.0 for layer in case.layers):
        return  # no gradient at all is another failure
    layer = min(case.layers, key=lambda layer: layer.flow.signal_time)
    fastest = case.steps_of(layer.flow.signal_time)
    if math.isinf(layer.flow.signal_time) or not fastest > SLOW * case.budget:
        return  # infinite: constant units, whatever their size
    stuck = fastest > case.budget
    yield Verdict(
        "too_small",
        None,
        "error" if stuck else "warning",
        {
            "signal_time": fastest,
            "layer": layer.number,
            "learning_time": case.steps_of(layer.flow.learning_time),
            "learning_rate": case.rate,
            "steps": case.budget,
            "loss_ratio": case.loss.ratio,
        },
        f"At learning rate {case.rate:g} even its fastest layer (layer {layer.number}) needs about "
        f"{about(fastest)} steps of SGD to move by its own norm, of {case.budget:,}: it "
        + ("stays at chance." if stuck else "learns slowly."),
        "Use a scale that keeps the signal through the layers: glorot_uniform for tanh, he_normal "
        "for ReLU.",
    )


def _exploding(case: Case) -> Iterator[Verdict]:
    first, last = case.layers[0], case.layers[-1]
    growth = last.z.std / first.z.std if first.z.std > 0.0 else math.nan
    if growth >= GROWTH_WARNING:
        yield Verdict(
            "exploding",
            None,
            "error" if growth >= GROWTH_ERROR else "warning",
            {"growth": growth, "first_std": first.z.std, "last_std": last.z.std},
            f"The signal grows {about(growth)} times from the first layer to the last.",
            "Use a scale that keeps it: glorot_uniform for tanh, he_normal for ReLU.",
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
        yield Verdict(
            "exploding",
            fast,
            "error" if times[fast] < OVERSHOOT_ERROR else "warning",
            {
                "learning_time": times[fast],
                "learning_rate": case.rate,
                "loss_ratio": case.loss.ratio,
            },
            f"One step of SGD at learning rate {case.rate:g} moves the weights of layer {fast} by "
            f"{about(1.0 / times[fast])} times their norm.",
            "Use a smaller learning rate or a smaller scale.",
        )


# ---- symmetry -------------------------------------------------------------------------------


def _symmetric(case: Case) -> Iterator[Verdict]:
    for layer in case.hidden:
        symmetry = layer.symmetry
        if symmetry is None or layer.units < 2:
            continue
        copied = sum(len(group) - 1 for group in symmetry.copies)
        if copied:
            yield _copies(layer, layer.units - copied)
        elif layer.inputs > 1 and _mostly_one(symmetry.weights, layer.units):
            # Of one input every unit sees the same direction, and biases are what it needs.
            yield _apart_by_bias(layer)
        else:
            yield from _alike(layer)
    for stream in case.streams:
        yield Verdict(
            "symmetric",
            stream.second,
            "note",
            {"layers": [stream.first, stream.second], "factor": stream.factor},
            f"Layers {stream.first} and {stream.second} were drawn from one random stream: their "
            f"first weights are the same numbers, times {stream.factor:.3g}.",
            "Give each layer a stream of its own.",
        )


def _copies(layer: LayerMeasures, distinct: int) -> Verdict:
    symmetry = layer.symmetry
    assert symmetry is not None
    units = layer.units
    twins = symmetry.distinct > distinct
    kind = "copies or sign twins of each other" if twins else "copies of each other"
    largest: tuple[int, ...] = max(symmetry.copies, key=len)
    error = _mostly_one(distinct, units)
    evidence = {
        "distinct_units": distinct,
        "units": units,
        "bit_equal_groups": symmetry.distinct,
        "gradient_groups": symmetry.gradient_modulo,
        "largest_group": list(largest),
    }
    return Verdict(
        "symmetric",
        layer.number,
        "error" if error else "warning",
        evidence,
        f"The {units} units of layer {layer.number} are {distinct}: the others are {kind}, in "
        "incoming weights, bias and outgoing weights, and stay so in any training.",
        "Draw its weights at random, each from its own place in one stream.",
    )


def _mostly_one(groups: int, units: int) -> bool:
    """Tell whether a layer has a single kind of unit, or fewer kinds than half of its units."""
    return groups == 1 or 2 * groups < units


def _apart_by_bias(layer: LayerMeasures) -> Verdict:
    """Units in one direction, which part slowly; the shares are those of docs/verdicts.md."""
    symmetry = layer.symmetry
    assert symmetry is not None
    return Verdict(
        "symmetric",
        layer.number,
        "warning",
        {
            "distinct_weights": symmetry.weights,
            "units": layer.units,
            "effective_units": symmetry.effective_units,
        },
        f"The {layer.units} units of layer {layer.number} are "
        f"{counted(symmetry.weights, 'unit')} but for their biases: their incoming and outgoing "
        "weights are equal, and biases alone part them slowly. Of small nets that started so 23 % "
        "learned, from random weights 64 %.",
        "Draw its weights at random; random biases alone do not do it.",
    )


def _alike(layer: LayerMeasures) -> Iterator[Verdict]:
    """Units that are alike and will part: worth knowing, no fault."""
    symmetry, units = layer.symmetry, layer.units
    assert symmetry is not None
    assert layer.activation is not None
    modulo = modulo_of(layer.activation)
    if symmetry.function < units:
        yield Verdict(
            "symmetric",
            layer.number,
            "note",
            {"functions": symmetry.function, "units": units, "outgoing": symmetry.outgoing},
            f"The {units} units of layer {layer.number} are {symmetry.function} different "
            "functions of the inputs now; their outgoing weights differ, so they part once a "
            "gradient comes.",
        )
    elif symmetry.function_modulo < units:
        word = {MODULO_SIGN: "up to their sign", MODULO_SCALE: "up to their scale"}[modulo]
        yield Verdict(
            "symmetric",
            layer.number,
            "note",
            {"functions": symmetry.function_modulo, "units": units},
            f"The {units} units of layer {layer.number} look in {symmetry.function_modulo} "
            f"directions {word}; they part in training.",
        )
    elif 0.0 < symmetry.spread < NEARLY_EQUAL:
        yield Verdict(
            "symmetric",
            layer.number,
            "note",
            {"spread": symmetry.spread, "near_units": symmetry.near_units, "units": units},
            f"{symmetry.near_units} of {units} units of layer {layer.number} are equal but for "
            f"{symmetry.spread:.1g} of their norm: nearly one unit.",
            "Draw its weights at random.",
        )


# ---- saturation -----------------------------------------------------------------------------


def _saturated(case: Case) -> Iterator[Verdict]:
    for layer in case.hidden:
        activation = layer.activation
        share = layer.saturation.share
        if activation is None or math.isnan(share):
            continue
        if activation.kind in RELU_FAMILY:
            if activation.kind not in TWO_SIDED:
                continue
            share = layer.saturation.high  # off is what they are for z <= 0: see _dead
        if activation.kind not in TWO_SIDED and share < SATURATED_ERROR:
            continue  # one flat side is what they are made of
        if share < SATURATED_NOTE:
            continue
        severity: Severity = (
            "error"
            if share >= SATURATED_ERROR
            else "warning"
            if share >= SATURATED_WARNING
            else "note"
        )
        yield Verdict(
            "saturated",
            layer.number,
            severity,
            {
                "saturated": share,
                "low": layer.saturation.low,
                "high": layer.saturation.high,
                "hard": layer.saturation.hard,
                "learning_time": case.steps_of(layer.flow.learning_time),
                "z_std": layer.z.std,
            },
            f"{100 * share:.0f} % of the {activation} outputs of layer {layer.number} are on the "
            f"flat part (standard deviation of z {layer.z.std:.3g}).",
            ""
            if severity == "note"
            else "Use a larger scale: its flat part is around 0."
            if activation.kind in FLAT_MIDDLE
            else "Use a smaller scale, such as glorot_uniform, and inputs of unit variance.",
        )


# ---- loss -----------------------------------------------------------------------------------


def _confident_wrong(case: Case) -> Iterator[Verdict]:
    share, ratio = case.loss.confident_wrong, case.loss.ratio
    if share >= CONFIDENT and ratio >= CONFIDENT_WARNING:
        yield Verdict(
            "confident_wrong",
            None,
            "error" if ratio >= CONFIDENT_ERROR else "warning",
            {"confident_wrong": share, "loss": case.loss.first, "loss_ratio": ratio},
            f"{100 * share:.0f} % of the samples get their class a probability below 5 %: the "
            f"loss is {number(case.loss.first)}, {about(ratio)} times that at chance.",
            "Use a smaller scale; smaller output weights alone help already.",
        )


def _stuck(case: Case) -> Iterator[Verdict]:
    history = case.history
    if history is None or not len(history.loss) or not history.steps_done:
        return
    last = float(history.loss[-1])
    if history.diverged_at is None and last >= STUCK * history.chance_loss > 0.0:
        yield Verdict(
            "stuck",
            None,
            "error",
            {"loss": last, "chance_loss": history.chance_loss, "steps": history.steps_done},
            f"After {history.steps_done:,} steps the loss is {number(last)}, no better than the "
            f"best constant guess ({number(history.chance_loss)}).",
            "Diagnose the start: net and data before training.",
        )


def _healthy(case: Case) -> Verdict:
    hidden = case.hidden
    shares = [layer.saturation.share for layer in hidden]
    linear = [layer.saturation.linear for layer in hidden]
    known = [share for share in shares if not math.isnan(share)]
    straight = [share for share in linear if not math.isnan(share)]
    parts = ["Nothing found that keeps it from learning"]
    if straight and max(known, default=0.0) < SATURATED_NOTE and min(straight) > 0.5:
        parts.append("small weights make its layers linear, not saturated")
    return Verdict(
        "healthy",
        None,
        "note",
        {
            "saturated": max(known, default=math.nan),
            "linear": min(straight, default=math.nan),
            "loss_ratio": case.loss.ratio,
        },
        "; ".join(parts) + ".",
    )


_RULES: Final = (
    _non_finite,
    _diverged,
    _zero_gradient,
    _dead,
    _symmetric,
    _exploding,
    _saturated,
    _confident_wrong,
    _too_small,
    _stuck,
)
