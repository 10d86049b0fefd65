"""The decision: two tables of bounds, and the numbers that they look at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import first_step_twin as twin
import initlens as il
import reference
from initlens.activations import get as get_activation
from initlens.diagnosis.decision import (
    AFTER_A_PROBE,
    AT_THE_START,
    SANE,
    SIGNS,
    Bound,
    Rule,
    decide,
    signs_of,
)
from initlens.diagnosis.verdicts import CODES
from initlens.nets import targets

FLOWER = il.datasets.flower()
R = np.random.default_rng(7)
X = R.normal(size=(60, 3))
TABLES = {"start": AT_THE_START, "probe": AFTER_A_PROBE}
RULES = [(name, index) for name, table in TABLES.items() for index in range(len(table))]


def inside(bound: Bound) -> float:
    """A number within a bound, away from its ends."""
    if math.isinf(bound.above):
        return bound.below / 2 if bound.below > 0 else bound.below - 1
    return 2 * bound.above if bound.above > 0 else bound.above + 1


def outside(bound: Bound) -> float:
    end = bound.below if math.isinf(bound.above) else bound.above
    return end + 0.01 * (1 if math.isinf(bound.above) else -1)


def alone(rule: Rule) -> dict[str, float]:
    """Signs that are all within one rule, and nothing else is known but that the start is sane."""
    sane = any(rule is each for each in AT_THE_START) and rule.answer == "healthy"
    bounds = (*SANE, *rule.bounds) if sane else rule.bounds
    return {bound.sign: inside(bound) for bound in bounds}


def holds(rule: Rule, signs: dict[str, float]) -> bool:
    return all(b.above < signs.get(b.sign, math.nan) < b.below for b in rule.bounds)


@pytest.mark.parametrize(("table", "index"), RULES)
def test_a_rule_holds_within_its_bounds_alone(table: str, index: int) -> None:
    rule = TABLES[table][index]
    signs = alone(rule) | ({"probe_loss": math.nan} if table == "probe" else {})
    signs |= alone(rule)
    decision = decide(signs)
    # What stands above it may hold too: then it is that one, with bounds among these.
    first = next(r for r in TABLES[table] if holds(r, signs))
    assert (decision.rule, decision.answer, decision.probed) == (
        first,
        first.answer,
        table == "probe",
    )
    assert decision.evidence == {b.sign: signs[b.sign] for b in first.bounds}


@pytest.mark.parametrize(("table", "index"), RULES)
def test_every_bound_is_needed(table: str, index: int) -> None:
    rule = TABLES[table][index]
    assert rule.bounds
    for bound in rule.bounds:
        for value in (outside(bound), math.nan, None):
            signs = {"probe_loss": math.nan} if table == "probe" else {}
            signs |= alone(rule)
            if value is None:
                del signs[bound.sign]
            else:
                signs[bound.sign] = value
            if table == "probe":
                signs.setdefault("probe_loss", math.nan)
            assert decide(signs).rule is not rule
        # An end is not within.
        end = bound.below if math.isinf(bound.above) else bound.above
        signs = ({"probe_loss": math.nan} if table == "probe" else {}) | alone(rule)
        assert decide(signs | {bound.sign: end}).rule is not rule


@pytest.mark.parametrize("bound", SANE)
def test_no_start_is_healthy_that_is_not_sane(bound: Bound) -> None:
    for rule in AT_THE_START:
        for value in (outside(bound), math.nan):
            assert decide(alone(rule) | {bound.sign: value}).answer != "healthy"


@pytest.mark.parametrize("table", TABLES)
def test_no_rule_is_idle(table: str) -> None:
    """None holds only where one above it does too."""
    for index, rule in enumerate(TABLES[table]):
        for above in TABLES[table][:index]:
            assert not all(
                any(
                    b.sign == c.sign and b.above >= c.above and b.below <= c.below
                    for b in rule.bounds
                )
                for c in above.bounds
            )
        assert rule.answer in ("error", "healthy")
        assert rule.code in CODES
        assert (rule.code == "healthy") == (rule.answer == "healthy")
        words = {"optimizer": "SGD", "steps": 10, "edge_words": "3", "rate": 0.1}
        assert rule.sentence.format(**words, **dict.fromkeys(SIGNS, 0.5)).endswith(".")


def test_nothing_known_is_unknown_and_errors_come_first() -> None:
    for signs in ({}, dict.fromkeys(SIGNS, math.nan)):
        decision = decide(signs)
        assert (decision.answer, decision.rule, decision.evidence) == ("unknown", None, {})
    for table in TABLES.values():
        start = {"probe_loss": math.nan} if table is AFTER_A_PROBE else {}
        errors = [r for r in table if r.answer == "error"]
        healthy = [r for r in table if r.answer == "healthy"]
        for one in errors[:1]:
            for other in healthy:
                assert decide(start | alone(other) | alone(one)).answer == "error"


def test_the_table_of_the_probe_is_for_starts_with_one() -> None:
    good = alone(AT_THE_START[-1])
    assert decide(good).answer == "healthy"
    decision = decide(good | {"probe_loss": math.nan})
    assert (decision.answer, decision.probed) == ("unknown", True)


# ---- the numbers ----------------------------------------------------------------------------


def problem(loss: str) -> tuple[il.Network, Any]:
    net = il.Network([3, 7, 6, 1], ["tanh", "relu"], loss).initialize("glorot_normal", rng=4)
    for bias in net.biases:
        bias[...] = 0.1 * R.standard_normal(bias.shape)
    y = 3 * np.sin(X[:, 0]) + X[:, 1] + 2 if loss == "mse" else (X[:, 0] > 0).astype(int)
    return net, y


@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy"])
@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        (il.SGD(0.02, momentum=0.8), twin.Settings("sgd", 0.02, 0.8)),
        (il.Adam(0.01), twin.Settings("adam", 0.01)),
    ],
)
def test_signs_are_those_of_the_twin(loss: str, optimizer: Any, settings: twin.Settings) -> None:
    net, y = problem(loss)
    encoded = targets.encode(y, loss, 1)
    hidden = [get_activation(text) for text in net.settings.activation]
    slow = reference.Net(
        list(net.weights), list(net.biases), [(h.kind, h.parameter) for h in hidden], loss
    )
    wanted = twin.measure(slow, X, encoded, settings, 200, None)
    found = il.diagnose(net, X, y, optimizer=optimizer, steps=200)
    deviation = float(y.std()) if loss == "mse" else 1.0
    signs = signs_of(found.layers, found.first_step, deviation)
    chance = targets.chance_loss(encoded, loss)
    expected = {
        "hidden": 2.0,
        "adaptive": float(settings.kind == "adam"),
        "travel": 200 * max(wanted["move"]),
        "aim": wanted["aim"],
        "lin": wanted["lin"],
        "first": wanted["ray"][0] / chance,
        "lowest": min(wanted["ray"]) / chance,
        "curvature": max(wanted["rates"]) * wanted["sharpness"],
        "outputs": slow.layers(X).z[-1].std() / deviation,
        "kinds": 6.0,
        "copies": 6.0,
    }
    loss_before, ray = slow.loss(X, encoded), wanted["ray"]
    expected |= {"before": loss_before / chance, "over": ray[0] / loss_before}
    expected |= {"pace": max(wanted["move"]), "decay": 0.0}
    above = loss_before > chance and ray[0] < loss_before
    fall = 1 - np.sqrt(ray[0] / loss_before)
    if above:
        expected["way_back"] = (1 - np.sqrt(chance / loss_before)) / (200 * fall)
    else:
        expected["way_back"] = 0.0 if loss_before <= chance else math.inf
    z = slow.layers(X).z
    flat = [np.mean(np.tanh(z[0]) ** 2 > 0.95), np.mean(z[1] <= 0)]
    expected["saturated"] = float(max(flat))
    centred, *_ = twin.backward(slow, X, twin.centred_delta(slow, encoded))
    scale = reference.delta_scale(loss, *encoded.shape)
    own, biases, below, _ = twin.backward(slow, X, (slow.forward(X) - encoded) * scale)
    signal = [
        np.linalg.norm(w - np.outer(a.mean(axis=0), b))
        for w, b, a in zip(own, biases, below, strict=True)
    ]
    expected["balance"] = max(map(np.linalg.norm, centred)) / max(signal)
    if settings.kind == "sgd":
        expected["edge"] = 0.02 * wanted["sharpness"] / (2 * 1.8)
    assert signs.keys() == expected.keys()
    for name, value in expected.items():
        assert signs[name] == pytest.approx(value, rel=1e-8), name
        assert name in SIGNS


def test_signs_of_a_probe() -> None:
    net, y = problem("mse")
    found = il.diagnose(net, X, y, optimizer="adam(0.01)", steps=100, probe=0.2)
    signs = signs_of(found.layers, found.first_step, float(y.std()), found.trial)
    assert signs["probe_loss"] == found.trial.last
    assert signs["probe_rise"] == found.trial.last / found.trial.lowest
    trained = net.copy()
    trained.fit(X, y, optimizer=il.Adam(0.01), steps=20)
    again = il.diagnose(trained, X, y, optimizer="adam(0.01)", steps=80)
    for name, value in signs_of(again.layers, again.first_step, float(y.std())).items():
        if f"probe_{name}" in SIGNS:
            assert signs[f"probe_{name}"] == value, name
    assert set(signs) == set(SIGNS) - {"edge"}


# ---- what is asked --------------------------------------------------------------------------


def flower_net(*widths: int) -> il.Network:
    return il.Network([2, *widths, 1], "tanh").initialize("glorot_uniform", rng=0)


@pytest.mark.filterwarnings("error")
def test_the_rate_of_no_optimizer_is_named() -> None:
    found = il.diagnose(flower_net(8), FLOWER.X, FLOWER.y)
    step = found.first_step
    assert found.optimizer is None
    assert step.optimizer == il.SGD(0.5 * step.largest_rate)
    assert str(step.optimizer) in repr(found)
    assert "of the curvature" in repr(found)
    assert found.answer == "healthy"
    assert found.verdict.evidence["learning_rate"] == step.optimizer.learning_rate
    assert found.verdict.evidence["largest_rate"] == step.largest_rate
    assert f"{step.largest_rate:.3g}" in found.verdict.sentence
    assert "No optimizer was given" in found.verdict.sentence


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("widths", [(), (8,), (8, 8)])
def test_a_rate_of_zero_moves_nothing(widths: tuple[int, ...]) -> None:
    found = il.diagnose(flower_net(*widths), FLOWER.X, FLOWER.y, learning_rate=0.0)
    assert (found.answer, found.codes) == ("error", ("too_small",))
    assert found.verdict.cause is None
    assert "Use a larger learning rate" in str(found.verdict.fix)
    assert (
        found.verdict.fix.code == f"optimizer = il.SGD({0.5 * found.first_step.largest_rate:.3g})"
    )


@pytest.mark.filterwarnings("error")
def test_without_steps_nothing_is_decided() -> None:
    found = il.diagnose(flower_net(8), FLOWER.X, FLOWER.y, learning_rate=0.5, steps=0)
    assert (found.answer, found.first_step) == ("unknown", None)
    one = il.diagnose(flower_net(8), FLOWER.X, FLOWER.y, learning_rate=1e-4, steps=1)
    assert one.codes == ("too_small",)


@pytest.mark.filterwarnings("error")
def test_an_optimizer_that_is_not_known_decides_nothing() -> None:
    from initlens.diagnosis.examination import examine
    from initlens.diagnosis.training import Training

    training = Training(unknown="Lion")
    found = examine(flower_net(8), FLOWER.X, FLOWER.y, training)
    assert (found.answer, found.first_step) == ("unknown", None)
    assert "Lion" in repr(found)
    copies = il.Network([2, 8, 1], "tanh").initialize("constant(0.5)")
    found = examine(copies, FLOWER.X, FLOWER.y, training)
    assert (found.answer, found.verdict.code) == ("error", "symmetric")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("optimizer", [None, "sgd(0.05)", "adam(0.01)"])
@pytest.mark.parametrize("value", [0.0, 5.0, 1e9])
def test_constant_targets_have_nothing_to_learn(optimizer: str | None, value: float) -> None:
    net = il.Network([3, 8, 1], "tanh", "mse").initialize("glorot_uniform", rng=0)
    found = il.diagnose(net, X, np.full(60, value), optimizer=optimizer)
    assert found.answer != "healthy"
    assert found.first_step.lin == found.first_step.aim == 0.0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("optimizer", [None, "sgd(0.05)", "adam(0.01)"])
@pytest.mark.parametrize("loss", ["mse", "binary_cross_entropy"])
def test_one_sample_shows_no_health(optimizer: str | None, loss: str) -> None:
    net = il.Network([3, 8, 1], "tanh", loss).initialize("glorot_uniform", rng=0)
    found = il.diagnose(net, X[:1], np.array([1]), optimizer=optimizer)
    assert found.answer != "healthy"
    assert repr(found)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("optimizer", [None, "sgd(0.05)", "adam(0.01)", "rmsprop(0.01)"])
@pytest.mark.parametrize("scale", [1e-200, 1e-20, 1e20, 1e200])
def test_no_number_of_any_size_warns(optimizer: str | None, scale: float) -> None:
    net = il.Network([3, 8, 8, 1], "relu", "mse").initialize("he_normal", rng=0)
    for w in net.weights:
        w *= scale
    found = il.diagnose(net, X, X[:, 0], optimizer=optimizer, probe=0.01 if optimizer else None)
    # From weights of 1e-20 Adam and RMSProp get away, and the probe has seen it.
    learned = found.trial is not None and found.trial.last < 0.5
    assert found.answer == ("healthy" if learned else "error")
    assert learned == (scale == 1e-20 and optimizer in ("adam(0.01)", "rmsprop(0.01)"))
    assert "nan" not in repr(found)
