"""Words: what a verdict says where there is nothing to learn, no step, or no number."""

import numpy as np
import pytest

import initlens as il
from initlens.diagnosis.answers import unknown_verdict
from initlens.diagnosis.decision import decide
from initlens.diagnosis.rules import Case, decision_text
from initlens.diagnosis.verdicts import every

X = np.random.default_rng(0).normal(size=(64, 5))
Y = X.sum(1, keepdims=True)


def start(loss: str = "mse", outputs: int = 1, activation: str = "relu") -> il.Network:
    net = il.Network([5, 16, 16, outputs], activation, loss=loss)
    return net.initialize("he_normal", rng=0)


@pytest.mark.parametrize("optimizer", [None, "sgd(0.1)", "adam(0.001)"])
def test_equal_targets_are_nothing_to_learn(optimizer: str | None) -> None:
    classes = np.zeros(64, int)
    for net, y in (
        (start(), np.full((64, 1), 0.1)),
        (start("cross_entropy", 3), classes),
        (start("binary_cross_entropy"), classes),
    ):
        verdict = il.diagnose(net, X, y, optimizer=optimizer).verdict
        assert verdict.sentence == "All targets are the same: there is nothing to learn."
        assert str(verdict.fix) == "Use targets that vary."
        causes = {v.cause for v in every(il.diagnose(net, X, y, optimizer=optimizer).verdicts)}
        assert "targets" not in causes
    verdict = il.diagnose(start(), X[:1], Y[:1], optimizer=optimizer).verdict
    assert verdict.sentence.startswith("There is only one sample")
    assert str(verdict.fix) == "Use more samples."


def test_a_rate_of_zero_moves_nothing() -> None:
    for optimizer in ("sgd(0)", "sgd(0, momentum=0.9)", "adam(0)"):
        verdict = il.diagnose(start(), X, Y, optimizer=optimizer).verdict
        assert verdict.sentence == "A learning rate of 0 moves nothing."
        assert "Draw" not in str(verdict.fix)
        assert "steps" not in str(verdict.fix)


@pytest.mark.parametrize("optimizer", ["sgd(0.001)", "sgd(0.02)", "adam(0.001)"])
def test_one_step_is_counted_as_one_and_is_what_is_too_few(optimizer: str) -> None:
    verdict = il.diagnose(start(), X, Y, optimizer=optimizer, steps=1).verdict
    assert verdict.sentence.startswith("In 1 step of ")
    assert str(verdict.fix).endswith("more steps.")


def test_no_move_is_no_multiple_of_a_norm() -> None:
    net = start().initialize("zeros")
    net.biases[-1][...] = Y.mean()
    report = il.diagnose(net, X, Y, optimizer="sgd(0.1)")
    assert "0 times the norm" not in str(report)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("optimizer", [None, "sgd(0.1)", "adam(0.001)"])
@pytest.mark.parametrize("layers", [(1,), (0, 1, 2)])
def test_nan_weights_are_all_there_is_to_say(
    layers: tuple[int, ...], optimizer: str | None, activation: str
) -> None:
    net = start(activation=activation)
    for layer in layers:
        net.weights[layer][...] = np.nan
    report = il.diagnose(net, X, Y, optimizer=optimizer)
    assert [verdict.code for verdict in report.verdicts] == ["non_finite"]
    assert il.diagnose(net).codes == ("non_finite",)


def test_copies_beside_a_layer_of_nan_stay() -> None:
    net = start()
    net.weights[0][...] = 1.0
    net.weights[1][...] = 1.0
    net.weights[2][...] = np.nan
    assert "symmetric" in il.diagnose(net, X, Y).codes


def test_weak_signs_speak_against_a_start() -> None:
    net = il.Network([5, 2, 2, 1], "tanh", loss="mse").initialize("normal(std=0.3)", rng=1)
    noise = np.random.default_rng(7).normal(size=(64, 1))
    verdict = il.diagnose(net, X, noise - noise.mean(), optimizer="sgd(0.001)", steps=3000).verdict
    assert verdict.code == "unknown"
    favour, against = verdict.sentence.split("Against it: ")
    assert "the first loss is that of chance" in favour
    assert "linearised training would learn" in against
    assert "linearised training" not in favour


def test_what_speaks_for_and_against_is_set_apart_by_semicolons() -> None:
    text = unknown_verdict([], ["a", "b, c"], [], ["d", "e"]).sentence
    assert text.endswith("In its favour: a; b, c. Against it: d; e.")


def test_units_that_differ_by_bias_alone_are_told_without_old_figures() -> None:
    net = start().initialize("constant(0.5)")
    for biases in net.biases[:-1]:
        biases[...] = np.linspace(-1, 1, 16)
    texts = [v.sentence for v in every(il.diagnose(net, X, Y).verdicts) if v.code == "symmetric"]
    assert any(text.endswith("so the units separate slowly.") for text in texts)
    assert not any("%" in text for text in texts)


def test_no_move_at_all_is_said_in_words() -> None:
    report = il.diagnose(start(), X, Y, optimizer="sgd(0.1)", steps=1)
    case = Case(report.layers, report.loss, (), report.training, step=report.first_step)
    still = {"travel": 0.0, "balance": 1.0}
    assert decision_text(case, decide(still)) == (
        "In 1 step of SGD, learning rate 0.1 no layer would move at all."
    )
