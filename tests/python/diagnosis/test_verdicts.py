"""Which failure is named: the tables of starts whose fate is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens._tools.format import about
from initlens.diagnosis.verdicts import every

FLOWER = il.datasets.flower()
SEEDS = range(4)


def start(
    layers: list[int], schemes: str | list[str], activation: str = "tanh", seed: int = 0
) -> il.Network:
    return il.Network(layers, activation=activation).initialize(schemes, rng=seed)


def diagnose(net: il.Network, **keywords: float) -> il.Diagnosis:
    return il.diagnose(net, FLOWER.X, FLOWER.y, **keywords)  # type: ignore[arg-type]


# ---- zeros and constants --------------------------------------------------------------------

STARTS: dict[str, list[str]] = {
    "all zero": ["zeros", "zeros"],
    "all 0.5": ["constant(0.5)", "constant(0.5)"],
    "W1 zero": ["zeros", "normal(1)"],
    "W2 zero": ["normal(1)", "zeros"],
}
EXPECTED = {
    ("all zero", "tanh"): "zero_gradient",
    ("all zero", "sigmoid"): "symmetric",
    ("all zero", "relu"): "dead",
    ("all 0.5", "tanh"): "symmetric",
    ("all 0.5", "sigmoid"): "symmetric",
    ("all 0.5", "relu"): "symmetric",
    ("W1 zero", "tanh"): "will part",
    ("W1 zero", "sigmoid"): "will part",
    ("W1 zero", "relu"): "dead",
    ("W2 zero", "tanh"): "will part",
    ("W2 zero", "sigmoid"): "will part",
    ("W2 zero", "relu"): "will part",
}


@pytest.mark.parametrize(("name", "activation"), EXPECTED)
@pytest.mark.parametrize("seed", SEEDS)
def test_zeros_and_constants(name: str, activation: str, seed: int) -> None:
    wanted = EXPECTED[name, activation]
    net = start([2, 4, 1], STARTS[name], activation, seed)
    result = diagnose(net)
    parts = wanted == "will part"
    assert result.ok == parts
    assert not parts or not result.alarms
    assert parts or (result.verdict.code, result.answer) == (wanted, "error")
    assert ("dead" in result.codes) == (wanted == "dead")
    # What training does with it: units that will part have parted after ten steps.
    net.fit(FLOWER.X, FLOWER.y, steps=10)
    if parts:
        assert il.diagnosis.distinct_units(net)[0].function == 4
    else:
        assert result.verdict.severity == "error"
        assert il.diagnosis.distinct_units(net)[0].function == 1


def test_zeros_move_a_sigmoid_net_of_unbalanced_classes_and_leave_one_unit() -> None:
    X, y = FLOWER.X[:300], FLOWER.y[:300]
    net = start([2, 4, 1], "zeros", "sigmoid")
    result = il.diagnose(net, X, y)
    assert result.verdict.code == "symmetric"
    assert result.verdict.evidence["gradient_groups"] == 1
    assert result.layers[-1].flow.d_weights > 0
    net.fit(X, y, steps=100)
    assert net.weights[0].any()
    assert il.diagnosis.distinct_units(net)[0].units == 1


# ---- scale ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_scales_of_the_lecture(seed: int) -> None:
    def at(scale: float) -> il.Diagnosis:
        net = start([2, 4, 1], f"normal({scale})", seed=seed)
        return diagnose(net, learning_rate=1.2, steps=10_000)

    small = at(0.01)  # slow at first: not known before a probe
    assert not small.alarms
    assert (small.verdict.cause, small.verdict.layers) == ("scale of all layers", (1, 2))
    one = at(1)
    assert not one.alarms
    assert [v.code for v in one.verdicts[1:]] == ["saturated"]
    ten = at(10)
    assert ten.answer != "healthy"
    assert "saturated" in ten.codes
    assert ten.layers[0].saturation.share == pytest.approx(0.89, abs=0.04)
    for scale in (100, 1000):
        result = at(scale)
        assert result.answer == "error" if scale == 1000 else result.answer != "healthy"
        named = [v.layers for v in result.alarms if v.cause == "scale of all layers"]
        assert named == [(1, 2)]
        assert not result.passes("scale") or not result.passes("rate")
        assert not result.passes("saturation")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_depth_and_scale(depth: int, seed: int) -> None:
    too_small = {"normal(0.01)": depth >= 4, "normal(0.1)": depth >= 8, "glorot_uniform": False}
    for scheme, wanted in too_small.items():
        net = start([2, *[8] * depth, 1], scheme, seed=seed)
        result = diagnose(net, learning_rate=0.5, steps=5_000)
        assert (result.answer == "error") == wanted, scheme
        if wanted:
            assert result.codes == ("too_small",)
            assert result.verdict.cause == "scale of all layers"
            assert result.verdict.evidence["travel"] < 0.1
        elif scheme == "glorot_uniform":
            assert not result.alarms
            assert result.verdict.cause in (None, "learning rate")
            assert depth > 4 or seed or result.answer == "healthy"


def test_slow_depends_on_rate_and_steps() -> None:
    net = start([2, *[8] * 4, 1], "normal(0.1)")
    assert diagnose(net, learning_rate=0.5, steps=5_000).passes("too_small")
    assert not diagnose(net, learning_rate=1e-5, steps=5_000).passes("too_small")
    assert not diagnose(net, learning_rate=0.5, steps=5).passes("too_small")
    assert not diagnose(net, learning_rate=0.0).passes("too_small")
    evidence = diagnose(net, learning_rate=0.0).verdict.evidence
    assert (evidence["travel"], evidence["learning_rate"]) == (0.0, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_depth_washes_out_a_sigmoid_net_whose_output_layer_moves(seed: int) -> None:
    net = start([2, *[8] * 8, 1], "normal(0.1)", "sigmoid", seed)
    result = diagnose(net, learning_rate=0.5, steps=3_000)
    assert result.codes == ("too_small",)
    assert result.layers[-1].flow.learning_time / 0.5 < 100  # as a bias does
    assert result.verdict.evidence["travel"] < 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_relu_times_ten_is_confidently_wrong(seed: int) -> None:
    net = start([2, 10, 5, 1], "he_normal", "relu", seed)
    assert not diagnose(net).alarms
    for W in net.weights:
        W *= 10
    result = diagnose(net)
    assert (result.answer, result.verdict.cause) == ("error", "scale of all layers")
    assert "confident_wrong" in result.codes
    assert not result.passes("loss")
    assert result.loss.ratio > 100


def test_exploding_signal_and_overshooting_step() -> None:
    net = start([2, *[8] * 4, 1], "normal(10)", "relu", seed=1)
    assert "exploding" in diagnose(net).codes
    net = start([2, *[8] * 4, 1], "normal(1)", "relu", seed=1)
    assert "exploding" not in diagnose(net, learning_rate=0.05).codes
    result = diagnose(net, learning_rate=0.5)
    assert "exploding" in result.codes
    history = net.fit(FLOWER.X, FLOWER.y, optimizer=il.SGD(0.5), steps=500)
    assert history.loss[-1] > 0.9 * history.chance_loss


def test_large_factors_are_whole_numbers() -> None:
    net = start([2, *[8] * 4, 1], "normal(10)", "relu", seed=1)
    (growth,) = [
        verdict for verdict in every(diagnose(net).verdicts) if "signal grows" in verdict.sentence
    ]
    assert 100 <= growth.evidence["growth"] < 1e6
    assert f"grows {growth.evidence['growth']:,.0f} times" in growth.sentence
    assert [about(value) for value in (0.0123, 3.14, 99.0, 2616.4, 3e7)] == [
        "0.012",
        "3.1",
        "99",
        "2,616",
        "3e+07",
    ]


def test_logistic_regression_from_zero_is_healthy() -> None:
    net = start([2, 1], "zeros")
    assert diagnose(net).codes == ("healthy",)
    assert diagnose(net, learning_rate=1.2).codes == ("healthy",)


# ---- symmetry -------------------------------------------------------------------------------


def identical(net: il.Network) -> None:
    net.weights[0][...] = net.weights[0][:, :1]
    net.weights[1][...] = net.weights[1][:1]


def pair(net: il.Network) -> None:
    net.weights[0][:, 7] = net.weights[0][:, 2]
    net.weights[1][7] = net.weights[1][2]


def twins(net: il.Network) -> None:
    net.weights[0][:, 5:] = -net.weights[0][:, :5]
    net.weights[1][5:] = -net.weights[1][:5]


@pytest.mark.parametrize(
    ("make", "distinct", "severity", "groups"),
    [
        (identical, 1, "error", (tuple(range(10)),)),
        (pair, 9, "warning", ((2, 7),)),
        (twins, 5, "warning", tuple((i, i + 5) for i in range(5))),
    ],
)
def test_copies_are_found_and_stay(
    make: Callable[[il.Network], None],
    distinct: int,
    severity: str,
    groups: tuple[tuple[int, ...], ...],
) -> None:
    net = start([2, 10, 1], "normal(1)")
    make(net)
    result = diagnose(net)
    assert result.answer == ("error" if severity == "error" else "healthy")
    verdict = result.alarms[0]
    assert (verdict.code, verdict.severity, verdict.layer) == ("symmetric", severity, 1)
    assert verdict.evidence["distinct_units"] == distinct
    symmetry = result.layers[0].symmetry
    assert symmetry is not None
    assert symmetry.copies == groups
    net.fit(FLOWER.X, FLOWER.y, steps=200)
    symmetry = diagnose(net).layers[0].symmetry
    assert symmetry is not None
    assert symmetry.copies == groups


def test_sign_twins_of_a_relu_are_no_twins() -> None:
    net = start([2, 10, 1], "normal(1)", "relu")
    twins(net)
    assert diagnose(net).passes("symmetry")


def by_biases(layers: list[int], value: float, activation: str = "relu", seed: int = 0) -> Any:
    """Equal weights, and biases as PyTorch draws them."""
    net = il.Network(layers, activation=activation)
    return net.initialize(f"constant({value})", bias="torch_linear", rng=seed)


def warned(diagnosis: il.Diagnosis) -> list[int | None]:
    """Return the layers whose units biases alone tell apart."""
    found = [v for v in every(diagnosis.verdicts) if "distinct_weights" in v.evidence]
    assert all((v.code, v.severity) == ("symmetric", "warning") for v in found)
    return [layer for verdict in found for layer in verdict.layers]


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("value", [0.0, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("outputs", [1, 3])
def test_units_apart_by_their_biases_alone(activation: str, value: float, outputs: int) -> None:
    data = FLOWER if outputs == 1 else il.datasets.blobs()
    net = by_biases([2, 8, 6, outputs], value, activation)
    for found in (il.diagnose(net), il.diagnose(net, data.X, data.y, learning_rate=0.1)):
        assert warned(found) == [1, 2]
        assert not found.passes("symmetry")
        (verdict,) = (v for v in found.verdicts if "distinct_weights" in v.evidence)
        assert verdict.layers == (1, 2)
        assert verdict.evidence["by_layer"][2]["distinct_weights"] == 1
        assert verdict.sentence.startswith(
            "Layers 1 and 2 have 6 to 8 units each but only 1 distinct set of weights. Only the "
            "biases differ, so the units separate slowly"
        )
    with pytest.raises(AssertionError, match="does not break the symmetry"):
        il.testing.assert_breaks_symmetry(net)
    net.weights[2][...] = np.arange(6.0)[:, None]  # layer 2 parts now, and layer 1 does not
    assert warned(il.diagnose(net, data.X, data.y)) == [1]


def test_fewer_kinds_than_half_of_the_units_is_the_bound() -> None:
    net = by_biases([2, 8, 1], 0.5)
    for kinds, layers in ((3, [1]), (4, [])):
        net.weights[0][0] = np.arange(8) % kinds
        assert warned(diagnose(net)) == layers


def test_units_apart_by_their_biases_learn_worse_than_random_ones() -> None:
    def ratio(net: il.Network) -> float:
        history = net.fit(FLOWER.X, FLOWER.y, optimizer=il.SGD(0.1), steps=1_000)
        return float(history.loss[-1] / history.chance_loss)

    layers = [2, 8, 8, 1]
    equal = [ratio(by_biases(layers, value, seed=seed)) for value in (0.1, 0.5) for seed in SEEDS]
    random = [ratio(start(layers, "torch_linear", "relu", seed)) for seed in SEEDS]
    assert min(equal) > max(random)


RANDOM = [
    row[0]
    for row in il.initializers.list_initializers().rows
    if row[0] not in ("zeros", "ones", "constant", "sparse", "uniform", "lsuv")
]
HEALTHY: dict[str, tuple[list[int], Any, str]] = {
    "zeros last": ([2, 8, 8, 1], ["he_normal", "he_normal", "zeros"], "relu"),
    "zeros in a branch": (
        [2, 8, 8, 8, 1],
        ["normal(1)", "normal(1)", "zeros", "normal(1)"],
        "tanh",
    ),
    "constant first": ([2, 8, 1], ["constant(0.5)", "normal(1)"], "tanh"),
    "constant last": ([2, 8, 1], ["normal(1)", "constant(0.5)"], "relu"),
    "wide": ([2, 2_000, 1], "he_normal", "relu"),
    "one input": ([1, 8, 1], ["constant(1)", "constant(0.1)"], "relu"),
    "one input, last zeros": ([1, 8, 1], ["nguyen_widrow", "zeros"], "tanh"),
    **{
        scheme: ([24, 24, 24, 24, 3], scheme, "tanh" if scheme == "matlab_initnw" else "relu")
        for scheme in ("uniform(0.2)", "sparse(15)", "sparse(2)", *RANDOM)
    },
}


@pytest.mark.parametrize("name", HEALTHY)
def test_starts_that_biases_need_not_part(name: str) -> None:
    layers, schemes, activation = HEALTHY[name]
    net = il.Network(layers, activation=activation).initialize(schemes, bias="normal(1)", rng=0)
    X = np.random.default_rng(0).standard_normal((50, layers[0]))
    y = np.arange(50) % max(2, layers[-1])
    assert warned(il.diagnose(net)) == warned(il.diagnose(net, X, y)) == []


def test_what_will_part_is_a_note() -> None:
    multiples = start([2, 4, 1], "normal(1)", "relu")
    multiples.weights[0][...] = multiples.weights[0][:, :1] * np.array([1.0, 0.3, 2.0, 5.0])
    constant = start([2, 4, 1], ["constant(0.5)", "normal(1)"])
    nearly = start([2, 4, 1], "constant(0.5)")
    nearly.weights[0][...] += 1e-6 * np.arange(8).reshape(2, 4)
    for net, name, severity in (
        (multiples, "functions", "note"),
        (constant, "functions", "note"),
        (nearly, "spread", "warning"),  # so near that they part late
    ):
        result = diagnose(net)
        assert result.answer != "healthy"
        found = [v for v in result.verdicts if v.code == "symmetric" and name in v.evidence]
        assert [v.severity for v in found] == [severity]


@pytest.mark.parametrize("transposed", [False, True])
def test_shared_streams_are_named(transposed: bool) -> None:
    net = start([4, 6, 5, 1], "normal(1)")
    shapes = [W.shape[::-1] if transposed else W.shape for W in net.weights]
    for W, shape in zip(net.weights, shapes, strict=True):
        drawn = np.random.default_rng(0).standard_normal(shape) / np.sqrt(W.shape[0])
        W[...] = drawn.T if transposed else drawn
    X, y = np.random.default_rng(1).standard_normal((50, 4)), np.arange(50) % 2
    notes = [v for v in il.diagnose(net, X, y).verdicts if v.code == "symmetric"]
    assert [v.evidence["layers"] for v in notes] == [[1, 2]]  # the last layer has five weights
    assert notes[0].evidence["factor"] == pytest.approx(np.sqrt(4 / 6))
    assert not il.diagnose(start([4, 6, 5, 1], "normal(1)"), X, y).alarms


# ---- dead, flat -----------------------------------------------------------------------------


def test_dead_units_by_their_share() -> None:
    net = start([2, 20, 1], "normal(1)", "relu")
    wanted = {0: None, 1: "note", 2: "warning", 19: "warning", 20: "error"}
    for count, severity in wanted.items():
        net.biases[0][:count] = -1e3
        found = {v.code: v for v in every(diagnose(net).verdicts)}
        assert (found["dead"].severity if "dead" in found else None) == severity
        if severity:
            assert found["dead"].evidence.items() >= {("dead_units", count), ("units", 20)}
    assert not diagnose(net).passes("gradient")


def test_a_relu_is_not_called_saturated() -> None:
    net = start([2, 20, 1], "he_normal", "relu")
    assert diagnose(net).layers[0].saturation.share > 0.4
    assert not diagnose(net).alarms


# ---- after training -------------------------------------------------------------------------


def test_after_training() -> None:
    net = start([2, 4, 1], "he_normal", seed=3)
    history = net.fit(FLOWER.X, FLOWER.y, steps=2_000)
    assert il.diagnose(net, FLOWER.X, FLOWER.y, history=history).passes("loss")
    zeros = start([2, 4, 1], "zeros")
    history = zeros.fit(FLOWER.X, FLOWER.y, steps=50)
    result = il.diagnose(zeros, FLOWER.X, FLOWER.y, history=history)
    assert "stuck" in result.codes
    assert "zero_gradient" in result.codes
    linear = il.Network([2, 8, 8, 1], activation="relu", loss="mse").initialize("normal(1)", rng=0)
    history = linear.fit(FLOWER.X, FLOWER.y, optimizer=il.SGD(1e3), steps=50)
    assert history.diverged_at is not None
    result = il.diagnose(linear, FLOWER.X, FLOWER.y, history=history)
    assert "diverged" in result.codes
    assert not result.passes("finite")


# ---- against training -----------------------------------------------------------------------


def test_errors_foretell_training() -> None:
    """A small part of the grid of docs/verdicts.md."""
    cells = {(alarm, learned): 0 for alarm in (True, False) for learned in (True, False)}
    for activation in ("tanh", "relu"):
        for depth in (1, 3):
            for scheme in (
                "zeros",
                "constant(0.5)",
                "normal(0.001)",
                "glorot_uniform",
                "normal(0.5)",
            ):
                net = start([2, *[8] * depth, 1], scheme, activation, seed=1)
                errors = [
                    v
                    for v in diagnose(net, learning_rate=0.2, steps=1_500).verdicts
                    if v.severity == "error"
                ]
                history = net.fit(FLOWER.X, FLOWER.y, optimizer=il.SGD(0.2), steps=1_500)
                learned = bool(history.loss[-1] <= 0.8 * history.chance_loss)
                cells[bool(errors), learned] += 1
    right = cells[True, False] + cells[False, True]
    assert right >= 18, cells
    assert cells[True, False] >= 5
    assert cells[False, True] >= 5
