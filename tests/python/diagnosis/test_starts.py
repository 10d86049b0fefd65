"""Kinds of starts that single bounds judged wrongly, each with other nets of its kind.

Each test says what training does with the start, and what is said of it. That the outcome of a
comparison does not depend on what is recorded is tested in tests/python/comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens.diagnosis.verdicts import every

Array = np.ndarray[Any, Any]

R = np.random.default_rng(0)
X = R.normal(size=(200, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * 0.5
LABELS = (X[:, 0] + X[:, 1] > 0).astype(int)
THREE = np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])
FLOWER = il.datasets.flower()


def start(
    widths: list[int],
    activation: str,
    scheme: Any = "glorot_uniform",
    loss: str = "mse",
    factor: float = 1.0,
    dtype: str = "float64",
) -> il.Network:
    net = il.Network(widths, activation, loss, dtype).initialize(scheme, rng=0)
    for w in net.weights:
        w *= factor
    return net


def with_layer(net: il.Network, layer: int, factor: float) -> il.Network:
    net.weights[layer - 1][...] *= factor
    return net


def named(found: il.Diagnosis) -> list[tuple[str | None, tuple[int, ...]]]:
    """Causes and their layers, in the order of the verdicts."""
    return [(v.cause, v.layers) for v in found.verdicts if v.cause]


# ---- 1: signed zeros ------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "hard_sigmoid", "softsign"])
@pytest.mark.parametrize("hidden", [(6, 6), (5,)])
def test_signed_zeros_are_one_unit(activation: str, hidden: tuple[int, ...]) -> None:
    net = start([2, *hidden, 1], activation, loss="binary_cross_entropy")
    for w in net.weights:
        w[...] = 0.0 * R.normal(size=w.shape)
    found = il.diagnose(net, FLOWER.X[:300], FLOWER.y[:300])
    (verdict,) = (v for v in found.alarms if v.code == "symmetric")
    assert (verdict.severity, verdict.cause) == ("error", "copies")
    assert verdict.layers == tuple(range(1, len(hidden) + 1))
    assert verdict.evidence["distinct_units"] == 1
    zero_at_zero = activation in ("tanh", "softsign")
    assert ("zero_gradient" in found.codes) == zero_at_zero
    assert found.verdict.code == ("zero_gradient" if zero_at_zero else "symmetric")


# ---- 2: the offset of y does not hide a vanished signal -------------------------------------


@pytest.mark.parametrize(
    ("widths", "factor", "y", "answer"),
    [
        ([4, 8, 8, 8, 8, 1], 0.1, Y + 5, None),  # learns late: the offset itself moves it
        ([4, 8, 8, 8, 8, 1], 0.1, LABELS.astype(float), "error"),
        ([4, 16, 16, 16, 16, 16, 1], 0.1, Y + 5, "error"),
        ([4, 16, 16, 16, 16, 16, 1], 0.1, Y - 200, "error"),
    ],
)
def test_an_offset_of_the_targets_hides_no_small_weights(
    widths: list[int], factor: float, y: Array, answer: str | None
) -> None:
    net = start(widths, "tanh", factor=factor)
    found = il.diagnose(net, X, y, optimizer=il.SGD(0.05), steps=2_000)
    assert found.answer != "healthy"
    assert answer is None or found.answer == answer
    assert "scale of all layers" in [cause for cause, _ in named(found)] or abs(y.mean()) > 100
    if answer == "error":
        assert set(found.codes) & {"too_small", "lost_signal"}
        history = net.copy().fit(X, y, optimizer=il.SGD(0.05), steps=2_000)
        assert history.loss[-1] > 0.95 * history.chance_loss


# ---- 3: the rate is beyond the curvature ----------------------------------------------------


@pytest.mark.parametrize(
    ("widths", "activation", "rate"),
    [([4, 128, 1], "elu", 0.1), ([4, 256, 1], "relu", 0.1), ([4, 64, 64, 1], "leaky_relu", 0.3)],
)
def test_a_rate_beyond_the_curvature(widths: list[int], activation: str, rate: float) -> None:
    net = start(widths, activation, "he_normal")
    found = il.diagnose(net, X, Y, optimizer=il.SGD(rate), steps=1_000)
    assert found.answer != "healthy"
    (verdict,) = (v for v in found.alarms if v.code == "rate_too_large")
    assert verdict.cause == "learning rate"
    fits = verdict.fix.learning_rate
    assert fits == pytest.approx(found.first_step.largest_rate / 2)
    assert verdict.fix.code == f"optimizer = il.SGD({fits:.3g})"
    assert net.copy().fit(X, Y, optimizer=il.SGD(rate), steps=1_000).diverged_at is not None
    mended = net.copy().fit(X, Y, optimizer=il.SGD(fits), steps=1_000)
    assert mended.loss[-1] < 0.5 * mended.chance_loss
    assert il.diagnose(net, X, Y, optimizer=il.SGD(fits), steps=1_000).passes("rate")


# ---- 4: outputs far off scale ---------------------------------------------------------------


@pytest.mark.parametrize(("widths", "rate"), [([4, 32, 1], 1e-3), ([4, 20, 20, 1], 1e-4)])
def test_pixels_make_outputs_that_never_come_back(widths: list[int], rate: float) -> None:
    net = start(widths, "relu", "he_normal")
    found = il.diagnose(net, np.abs(X) * 255, Y, optimizer=il.Adam(rate), steps=300)
    assert (found.answer, found.verdict.cause) == ("error", "inputs")
    assert "RMS 25" in found.verdict.sentence


@pytest.mark.parametrize("widths", [[4, 32, 1], [4, 20, 20, 1]])
def test_an_output_layer_times_300(widths: list[int]) -> None:
    net = with_layer(start(widths, "relu", "he_normal"), len(widths) - 1, 300.0)
    found = il.diagnose(net, X, Y, optimizer=il.Adam(1e-3), steps=300)
    assert found.answer != "healthy"
    assert named(found) == [("scale", (len(widths) - 1,))]
    assert found.loss.ratio > 1_000
    history = net.copy().fit(X, Y, optimizer=il.Adam(1e-3), steps=300)
    assert history.loss[-1] > history.chance_loss


# ---- 5: a gradient below the smallest number ------------------------------------------------


@pytest.mark.parametrize(("activation", "factor"), [("gelu", 2e-4), ("tanh", 1e-5)])
@pytest.mark.parametrize("optimizer", [None, "sgd(0.1)", "adam(0.01)"])
def test_a_gradient_that_underflows(activation: str, factor: float, optimizer: str | None) -> None:
    widths = [4, *[16] * 12, 1]
    net = start(widths, activation, "he_normal", factor=factor, dtype="float32")
    found = il.diagnose(net, X, Y, optimizer=optimizer)
    assert (found.answer, found.verdict.code) == ("error", "zero_gradient")
    assert found.verdict.cause == "scale of all layers"
    wide = start(widths, activation, "he_normal", factor=factor)
    assert "zero_gradient" not in il.diagnose(wide, X, Y, optimizer=optimizer).codes


# ---- 6: near copies -------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "noise"), [("elu", 1e-5), ("tanh", 1e-6)])
def test_near_copies_in_every_layer(activation: str, noise: float) -> None:
    net = start([4, *[5] * 7, 1], activation, "he_normal")
    for w in net.weights[:-1]:
        w[...] = w[:, :1] * (1 + noise * R.normal(size=w.shape))
    found = il.diagnose(net, X, Y, optimizer=il.Adam(0.01), steps=500)
    assert found.answer != "healthy"
    (verdict,) = (v for v in found.alarms if v.cause == "near copies")
    assert (verdict.code, verdict.layers) == ("symmetric", tuple(range(1, 8)))
    evidence = verdict.evidence
    assert (evidence["near_units"], evidence["units"]) == (5, 5)
    assert evidence["effective_units"] == pytest.approx(1.0, abs=1e-3)
    assert 0.1 * noise < evidence["spread"] < 10 * noise
    assert "5 of the 5 units" in verdict.sentence


# ---- 7, 8: momentum adds up, Adam outlives small weights ------------------------------------


@pytest.mark.parametrize(("factor", "rate"), [(0.5, 0.01), (0.6, 0.02)])
def test_momentum_is_part_of_the_rate(factor: float, rate: float) -> None:
    net = start([4, 8, 8, 8, 1], "tanh", loss="binary_cross_entropy", factor=factor)
    optimizer = il.SGD(rate, momentum=0.9)
    found = il.diagnose(net, X, LABELS, optimizer=optimizer, steps=700)
    assert found.ok
    assert found.passes("too_small")
    history = net.copy().fit(X, LABELS, optimizer=optimizer, steps=700)
    assert history.loss[-1] < 0.8 * history.chance_loss


@pytest.mark.parametrize("optimizer", [il.Adam(0.03), il.RMSProp(0.01)])
@pytest.mark.parametrize(("activation", "factor"), [("gelu", 0.01), ("tanh", 0.03)])
def test_adam_outlives_small_weights(optimizer: Any, activation: str, factor: float) -> None:
    net = start([4, 32, 32, 32, 1], activation, "orthogonal", factor=factor)
    found = il.diagnose(net, X, Y, optimizer=optimizer, steps=150)
    assert found.ok
    history = net.copy().fit(X, Y, optimizer=optimizer, steps=150)
    assert history.loss[-1] < 0.5 * history.chance_loss
    plain = il.diagnose(net, X, Y, optimizer=il.SGD(0.03), steps=150)
    assert plain.answer == "error"


def test_a_rate_of_adam_is_not_one_of_sgd() -> None:
    for widths in ([4, 16, 16, 1], [4, 40, 1]):
        net = start(widths, "tanh")
        assert il.diagnose(net, X, Y, optimizer=il.Adam(1e-3)).answer == "healthy"
        assert il.diagnose(net, X, Y, learning_rate=1e-3).ok


# ---- 9: copies, but enough units left -------------------------------------------------------


@pytest.mark.parametrize(("width", "left"), [(64, 40), (40, 20)])
def test_copies_that_leave_enough_units(width: int, left: int) -> None:
    net = start([4, width, 1], "relu", "he_normal")
    net.weights[0][:, left:] = net.weights[0][:, :1]
    net.weights[1][left:] = net.weights[1][:1]
    found = il.diagnose(net, X, Y, optimizer=il.Adam(0.01), steps=1_000)
    assert found.ok
    (verdict,) = (v for v in found.alarms if v.code == "symmetric")
    assert (verdict.severity, verdict.cause) == ("warning", "copies")
    assert f"{width} units but only {left} distinct" in verdict.sentence


@pytest.mark.parametrize("width", [20, 12])
def test_identity_is_no_error(width: int) -> None:
    net = start([4, width, 1], "tanh", ["identity", "glorot_uniform"])
    found = il.diagnose(net, X, Y, optimizer=il.Adam(0.01), steps=1_000)
    assert found.answer == "healthy"
    assert "symmetric" not in found.codes


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
def test_one_unit_left_is_an_error(activation: str) -> None:
    net = start([2, 10, 1], activation, "constant(0.4)", "binary_cross_entropy")
    found = il.diagnose(net, FLOWER.X, FLOWER.y)
    assert (found.answer, found.verdict.code, found.verdict.layers) == ("error", "symmetric", (1,))


# ---- 10, 11, 12: warnings that training outgrows --------------------------------------------


@pytest.mark.parametrize(("width", "activation"), [(128, "hard_tanh"), (200, "tanh")])
def test_saturated_and_wide_are_random_features(width: int, activation: str) -> None:
    net = il.Network([4, width, 1], activation, "mse")
    net.initialize("torch_linear", bias="torch_linear", rng=0)
    found = il.diagnose(net, X * 255, Y, optimizer=il.Adam(3e-3), steps=2_000)
    assert found.ok
    (verdict,) = found.alarms
    assert (verdict.code, verdict.severity, verdict.cause) == ("saturated", "warning", "inputs")


@pytest.mark.parametrize("width", [32, 64])
def test_confident_and_wrong_for_a_few_steps(width: int) -> None:
    net = with_layer(start([4, width, 3], "relu", "he_normal", "cross_entropy"), 2, 300.0)
    found = il.diagnose(net, X, THREE, optimizer=il.Adam(0.01), steps=1_000)
    assert found.ok
    assert "confident_wrong" in found.codes
    assert named(found) == [("scale", (2,))]


@pytest.mark.parametrize("width", [27, 60])
def test_a_small_first_layer_overshoots_nothing(width: int) -> None:
    net = with_layer(start([4, width, 1], "relu", "he_normal"), 1, 0.003)
    found = il.diagnose(net, X, Y, optimizer=il.SGD(0.03), steps=1_000)
    assert found.ok
    assert found.passes("exploding")
    assert named(found) == [("scale", (1,))]


# ---- 13 to 17: the cause, and its layer; what the fix does is in test_fixes.py --------------


@pytest.fixture(scope="module")
def digits() -> Any:
    return il.datasets.digits()


@pytest.mark.parametrize(("activation", "bias"), [("tanh", 5.0), ("relu", -5.0), ("sigmoid", 30.0)])
def test_biases_that_nobody_named(activation: str, bias: float, digits: Any) -> None:
    net = start([64, 32, 10], activation, loss="cross_entropy")
    net.biases[0][...] = bias
    found = il.diagnose(net, digits.X, digits.y)
    assert found.answer != "healthy"
    assert named(found)[0] == ("biases", (1,))
    (verdict, *_) = found.alarms
    assert verdict.fix.code == "net.biases[0][...] = 0.0"
    if activation == "relu":
        assert verdict.code == "dead"
        assert {v.code for v in every(found.verdicts)} >= {"dead", "zero_gradient"}
        assert "zero_gradient" in [v.code for v in verdict.therefore]


@pytest.mark.parametrize(("inputs", "units", "scale"), [(784, 15, 0.1), (784, 30, 0.2)])
def test_weights_of_one_sign(inputs: int, units: int, scale: float) -> None:
    rng = np.random.default_rng(0)
    net = start([inputs, units, 10], "sigmoid", loss="cross_entropy")
    for w in net.weights:
        w[...] = rng.uniform(size=w.shape) * scale
    found = il.diagnose(net, rng.uniform(size=(200, inputs)), np.arange(200) % 10)
    assert (found.answer, found.verdict.cause) == ("error", "mean of the weights")
    assert found.verdict.layers == (1, 2)


@pytest.mark.parametrize("widths", [[64, 32, 10], [64, 40, 40, 10]])
@pytest.mark.parametrize("optimizer", [None, "sgd(0.05)"])
def test_pixels_that_nobody_scaled(widths: list[int], optimizer: str | None, digits: Any) -> None:
    net = start(widths, "relu", "he_normal", "cross_entropy")
    found = il.diagnose(net, digits.X * 255, digits.y, optimizer=optimizer, steps=1_000)
    assert found.answer != "healthy"
    assert "inputs" in [cause for cause, _ in named(found)]
    (alarm,) = (v for v in found.alarms if v.cause == "inputs")
    assert alarm.fix.code.startswith("X = (X - X.mean(0))")
    assert "optimizer" not in alarm.fix.code  # the rate that fits is another one then


def test_raw_features_of_houses() -> None:
    rng = np.random.default_rng(1)
    columns = np.array([1, 1e3, 50, 3, 1e4, 2, 37, 120])
    houses = np.abs(rng.normal(size=(200, 8))) * columns
    net = start([8, 32, 1], "relu", "he_normal")
    found = il.diagnose(net, houses, houses[:, 0] + 2)
    assert (found.answer, found.verdict.cause) == ("error", "inputs")
    assert found.loss.ratio > 1e5


@pytest.mark.parametrize("widths", [[4, 16, 16, 1], [4, 30, 1]])
@pytest.mark.parametrize("y", [1e8 * X[:, :3].sum(1), (700 * X[:, 0]) ** 3, 1e7 * Y - 1e9])
@pytest.mark.parametrize("optimizer", [il.Adam(0.01), il.RMSProp(0.001)])
def test_targets_that_nobody_scaled(widths: list[int], y: Array, optimizer: Any) -> None:
    net = start(widths, "tanh")
    found = il.diagnose(net, X, y, optimizer=optimizer, steps=1_000)
    assert found.answer != "healthy"
    assert named(found)[0] == ("targets", ())
    assert found.verdict.fix.code == "y = (y - y.mean(0)) / y.std(0)"
    assert "standard deviation" in found.verdict.sentence
    history = net.copy().fit(X, y, optimizer=optimizer, steps=1_000)
    assert history.loss[-1] > 0.95 * history.chance_loss


@pytest.mark.parametrize("y", [1e8 * X[:, :3].sum(1), (700 * X[:, 0]) ** 3])
def test_targets_that_sgd_cannot_reach_are_named(y: Array) -> None:
    found = il.diagnose(start([4, 16, 16, 1], "tanh"), X, y, optimizer=il.SGD(0.05))
    assert named(found) == [("targets", ())]


@pytest.mark.parametrize("layer", range(1, 7))
@pytest.mark.parametrize("factor", [30.0, 1 / 30.0])
@pytest.mark.parametrize(
    ("activation", "scheme"), [("tanh", "glorot_uniform"), ("relu", "he_normal")]
)
def test_one_layer_of_six(
    layer: int, factor: float, activation: str, scheme: str, digits: Any
) -> None:
    net = start([64, *[24] * 5, 10], activation, scheme, "cross_entropy")
    found = il.diagnose(with_layer(net, layer, factor), digits.X, digits.y)
    assert named(found) == [("scale", (layer,))]
    (verdict,) = (v for v in found.verdicts if v.cause)
    assert ("large" if factor > 1 else "small") in verdict.sentence
    assert "times the usual size" in verdict.sentence
    assert verdict.evidence["deviation"] >= 1.0


@pytest.mark.parametrize("optimizer", [None, "sgd(0.05)"])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_all_layers(optimizer: str | None, activation: str, digits: Any) -> None:
    net = start([64, *[24] * 5, 10], activation, "he_normal", "cross_entropy", factor=1 / 30)
    found = il.diagnose(net, digits.X, digits.y, optimizer=optimizer, steps=2_000)
    assert (found.answer, found.verdict.cause) == ("error", "scale of all layers")
    assert found.verdict.layers == tuple(range(1, 7))


# ---- 18: units that are off above layer 1 ---------------------------------------------------


@pytest.mark.parametrize("depth", [20, 12])
def test_units_that_are_off_above_the_first_layer(depth: int, digits: Any) -> None:
    spread = digits.X.std(0)
    samples = (digits.X - digits.X.mean(0)) / np.where(spread > 0, spread, 1)
    net = start([64, *[64] * depth, 10], "relu", "he_normal", "cross_entropy")
    found = il.diagnose(net, samples, digits.y, optimizer=il.SGD(0.05), steps=300)
    assert found.ok
    dead = [v for v in found.verdicts if v.code == "dead"]
    assert [v.severity for v in dead] == ["note"]
    assert 1 not in dead[0].layers
    assert "may come back" in dead[0].sentence


@pytest.mark.parametrize("depth", [14, 20])
def test_layers_of_one_stream_beside_a_lost_signal(depth: int) -> None:
    net = start([4, *[4] * depth, 1], "sigmoid")
    for w in net.weights:
        w[...] = np.random.default_rng(3).normal(size=w.shape) / 2
    found = il.diagnose(net, X, Y, optimizer=il.Adam(0.001), steps=100)
    assert found.answer == "error"
    assert any("same random stream" in v.sentence for v in found.verdicts)
