"""Measures against NumPy and answers known by hand; the object that `diagnose` returns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il
import sample_nets
from initlens import _core
from initlens import diagnosis as dx

Array = NDArray[Any]


def random_net(activation: str, loss: str, dtype: str = "float64") -> tuple[il.Network, Any, Any]:
    net = il.Network([3, 6, 5, 2], activation=activation, loss=loss, dtype=dtype)
    net.initialize("normal(1)", bias="normal(0.5)", rng=4)
    random = np.random.default_rng(9)
    X = random.standard_normal((300, 3))
    y = random.integers(0, 2, 300)
    return net, X, y if loss == "cross_entropy" else np.column_stack([y, 1 - y])


# ---- symmetry -------------------------------------------------------------------------------

# 10 units of 5 inputs: rank of W, distinct rows, and distinct rows modulo the activation.
RANDOM = np.random.default_rng(0).standard_normal((5, 10))
ROWS = RANDOM[:, :5]
KNOWN = {
    "zeros": (np.zeros((5, 10)), "tanh", 0, 1, 1),
    "constant": (np.full((5, 10), 0.5), "tanh", 1, 1, 1),
    "constant and noise": (np.full((5, 10), 0.5) + 1e-6 * RANDOM, "tanh", 5, 10, 10),
    "identical random": (np.repeat(RANDOM[:, :1], 10, axis=1), "tanh", 1, 1, 1),
    "five twice": (np.hstack([ROWS, ROWS]), "tanh", 5, 5, 5),
    "five and negatives": (np.hstack([ROWS, -ROWS]), "tanh", 5, 10, 5),
    "multiples": (RANDOM[:, :1] * np.linspace(0.3, 7, 10), "relu", 1, 10, 1),
    "random": (RANDOM, "tanh", 5, 10, 10),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("dtype", sample_nets.DTYPES)
def test_symmetry_has_its_known_answers(name: str, dtype: str) -> None:
    W, activation, rank, distinct, modulo = KNOWN[name]
    net = il.Network([5, 10, 1], activation=activation, dtype=dtype)
    net.weights[0][...] = W
    symmetry = il.diagnose(net).layers[0].symmetry
    assert symmetry is not None
    assert symmetry.weight_rank == rank
    assert (symmetry.incoming, symmetry.function) == (distinct, distinct)
    assert symmetry.function_modulo == modulo
    assert symmetry.outgoing == 1
    assert dx.distinct_units(net)[0].incoming == distinct
    assert dx.distinct_units(net, modulo="activation")[0].incoming == modulo


def weights_groups(net: il.Network) -> int:
    symmetry = il.diagnose(net).layers[0].symmetry
    assert symmetry is not None
    return symmetry.weights


def test_parts_of_a_unit_are_told_apart() -> None:
    net = il.Network([2, 4, 1]).initialize(["constant(0.5)", "normal(1)"], rng=0)
    assert dx.distinct_units(net) == [dx.UnitGroups(4, 1, 1, 1, 4)]
    net.biases[0][:] = [0, 0, 1, 1]
    assert dx.distinct_units(net) == [dx.UnitGroups(4, 2, 1, 2, 4)]
    assert weights_groups(net) == 4
    net.weights[1][:] = 1
    assert dx.distinct_units(net) == [dx.UnitGroups(2, 2, 1, 2, 1)]
    assert weights_groups(net) == 1
    net.weights[0][0] = [1, 2, 1, 2]
    assert weights_groups(net) == 2


def test_tolerance_joins_what_is_near() -> None:
    net = il.Network([5, 10, 1])
    net.weights[0][...] = KNOWN["constant and noise"][0]
    assert dx.distinct_units(net)[0].units == 10
    assert dx.distinct_units(net, tol=1e-4)[0].units == 1


def test_gradient_says_whether_units_separate() -> None:
    flower = il.datasets.flower()
    for outgoing, groups in (("constant(0.5)", 1), ("normal(1)", 4)):
        net = il.Network([2, 4, 1]).initialize(["constant(0.5)", outgoing], rng=0)
        symmetry = il.diagnose(net, flower.X, flower.y).layers[0].symmetry
        assert symmetry is not None
        assert symmetry.gradient == groups
        net.fit(flower.X, flower.y, steps=1)
        assert dx.distinct_units(net)[0].units == groups


def test_spread_shows_an_escape() -> None:
    net = il.Network([2, 4, 1]).initialize("constant(0.5)")
    spreads = []
    for shift in (0.0, 1e-16, 1e-8, 1e-3, 3.0):
        net.weights[0][0, 0] = 0.5 + shift
        symmetry = il.diagnose(net).layers[0].symmetry
        assert symmetry is not None
        spreads.append(symmetry.spread)
    assert spreads[0] == 0.0
    shifts = np.array([np.spacing(0.5), 1e-8, 1e-3])  # 0.5 + 1e-16 is the next number
    np.testing.assert_allclose(spreads[1:4], shifts / np.sqrt(0.75), rtol=1e-3)
    # The far unit is not near any more: the three others are copies still.
    assert spreads[4] == 0.0


@pytest.mark.parametrize("m", [1, 4, 300])
def test_outputs_of_units_against_numpy(m: int) -> None:
    net, X, y = random_net("tanh", "mse")
    layers = il.diagnose(net, X[:m], y[:m]).layers
    for layer, (_, a) in zip(layers[:-1], net.activations(X[:m]), strict=False):
        symmetry = layer.symmetry
        assert symmetry is not None
        singular = np.linalg.svd(a - a.mean(axis=0), compute_uv=False)
        if m == 1:
            assert symmetry.constant_units == layer.units
            assert symmetry.effective_units == symmetry.stable_rank == 0.0
            assert np.isnan(symmetry.similarity).all()
            assert np.isnan(symmetry.largest_similarity)
            continue
        share = singular / singular.sum()
        share = share[share > 1e-12]
        wanted = np.exp(-np.sum(share * np.log(share)))
        assert symmetry.effective_units == pytest.approx(wanted, rel=1e-6)
        wanted = np.sum(singular**2) / singular[0] ** 2
        assert symmetry.stable_rank == pytest.approx(wanted, rel=1e-9)
        np.testing.assert_allclose(symmetry.similarity, np.abs(np.corrcoef(a.T)), rtol=1e-9)


def test_similarity_keeps_its_sign_unless_the_function_is_odd() -> None:
    net = il.Network([1, 2, 1], activation="sigmoid")
    net.weights[0][...] = [[1.0, -1.0]]
    X = np.linspace(-1, 1, 11)[:, None]
    symmetry = il.diagnose(net, X).layers[0].symmetry
    assert symmetry is not None
    assert symmetry.largest_similarity == pytest.approx(-1.0)
    net = il.Network([1, 3, 1], activation="tanh")
    net.weights[0][...] = [[1.0, -1.0, 0.0]]
    symmetry = il.diagnose(net, X).layers[0].symmetry
    assert symmetry is not None
    assert symmetry.largest_similarity == symmetry.mean_similarity == pytest.approx(1.0)
    assert symmetry.constant_units == 1
    assert np.isnan(symmetry.similarity[2]).all()


# ---- saturation -----------------------------------------------------------------------------


def test_relative_slope_has_its_exact_limits() -> None:
    inside, outside = 2.178, 2.179  # |a| 0.9747
    slope = dx.relative_slope("tanh", [inside, outside, -inside, -outside])
    assert (slope < 0.05).tolist() == [False, True, False, True]
    z = np.log([0.0128 / 0.9872, 0.0126 / 0.9874, 0.9872 / 0.0128, 0.9874 / 0.0126])
    assert (dx.relative_slope("sigmoid", z) < 0.05).tolist() == [False, True, False, True]


EVERY = [sample_nets.text(hidden) for hidden in sample_nets.HIDDEN]
# Of the others saturation is not defined.
BOUNDED = [text for text in EVERY if np.isfinite(il.activations.get(text).max_slope)]


@pytest.mark.parametrize("activation", BOUNDED)
@pytest.mark.parametrize("dtype", sample_nets.DTYPES)
@pytest.mark.parametrize("threshold", [0.05, 0.5])
def test_saturation_against_numpy(activation: str, dtype: str, threshold: float) -> None:
    net, X, y = random_net(activation, "mse", dtype)
    result = il.diagnose(net, X, y, threshold=threshold)
    g = il.activations.get(activation)
    for layer, (z, a) in zip(result.layers[:-1], net.activations(X), strict=False):
        flat = np.abs(g.slope(z)).astype(float) < threshold * g.max_slope
        found = layer.saturation
        assert found.low == pytest.approx(np.mean(flat & (z <= 0)), abs=1e-12)
        assert found.high == pytest.approx(np.mean(flat & (z > 0)), abs=1e-12)
        assert found.share == pytest.approx(flat.mean(), abs=1e-12)
        assert found.hard == pytest.approx(np.mean(g.slope(z) == 0), abs=1e-12)
        assert found.sparse == pytest.approx(np.mean(a == 0), abs=1e-12)
        np.testing.assert_allclose(found.by_unit, flat.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(found.by_sample, flat.mean(axis=1), atol=1e-12)
        assert found.saturated_units == np.count_nonzero(flat.all(axis=0))
    hidden = result.layers[:-1]
    total = sum(layer.saturation.share * layer.units for layer in hidden)
    assert result.saturated == pytest.approx(total / sum(layer.units for layer in hidden))


@pytest.mark.parametrize("activation", sorted(set(EVERY) - set(BOUNDED)))
def test_where_slopes_have_no_bound_no_share_is_defined(activation: str) -> None:
    net, X, y = random_net(activation, "mse", "float64")
    result = il.diagnose(net, X, y)
    for layer in result.layers[:-1]:
        found = layer.saturation
        assert np.isnan([found.low, found.high, found.share, found.hard, found.linear]).all()
        assert np.isnan(found.by_unit).all()
        assert np.isnan(found.by_sample).all()
        assert found.saturated_units == 0
    assert np.isnan(result.saturated)


def test_linear_share_is_the_twin_of_saturation() -> None:
    net = il.Network([1, 1, 1], activation="tanh", loss="mse")
    net.weights[0][...] = 1.0
    X = np.arctanh([[0.049], [0.051], [-0.049], [-0.3]])
    assert il.diagnose(net, X).layers[0].saturation.linear == pytest.approx(0.5)
    gelu = il.Network([1, 1, 1], activation="gelu", loss="mse").initialize("normal(1)", rng=0)
    assert np.isnan(il.diagnose(gelu, X).layers[0].saturation.linear)


def test_dead_dormant_and_sparse_are_three_things() -> None:
    net = il.Network([1, 4, 1], activation="relu", loss="mse")
    net.weights[0][...] = [[1.0, -1.0, 0.0, 1e-3]]
    net.biases[0][...] = [0.0, 0.0, -1.0, 0.0]
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    saturation = il.diagnose(net, X).layers[0].saturation
    assert saturation.dead_units == 1
    assert saturation.dormant_units == 2  # the dead one, and the one that hardly moves
    assert saturation.sparse == pytest.approx((2 + 2 + 4 + 2) / 16)
    tanh = il.Network([1, 4, 1], activation="tanh", loss="mse")
    saturation = il.diagnose(tanh, X).layers[0].saturation
    assert (saturation.dead_units, saturation.dormant_units) == (0, 4)  # all zero: all dormant


def test_softmax_has_no_saturation() -> None:
    net, X, y = random_net("tanh", "cross_entropy")
    output = il.diagnose(net, X, y).layers[-1]
    assert np.isnan(output.saturation.share)
    assert np.isnan(output.saturation.by_unit).all()


# ---- signal, gradient, loss -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", sample_nets.DTYPES)
@pytest.mark.parametrize("loss", sample_nets.LOSSES)
def test_signal_and_gradient_against_numpy(loss: str, dtype: str) -> None:
    net, X, y = random_net("tanh", loss, dtype)
    result = il.diagnose(net, X, y)
    gradients = net.gradients(X, y)
    assert result.loss.first == pytest.approx(gradients.loss, rel=1e-12)
    for index, (layer, (z, a)) in enumerate(zip(result.layers, net.activations(X), strict=True)):
        for values, signal in ((z, layer.z), (a, layer.a)):
            values = values.astype(float)
            assert signal.mean == pytest.approx(values.mean(), abs=1e-12)
            assert signal.std == pytest.approx(values.std(), rel=1e-12)
            quantiles = np.quantile(values, dx.QUANTILES)
            np.testing.assert_allclose(signal.quantiles, quantiles, rtol=1e-12, atol=1e-15)
        flow = layer.flow
        for value, array in (
            (flow.weights, net.weights[index]),
            (flow.biases, net.biases[index]),
            (flow.d_weights, gradients.weights[index]),
            (flow.d_biases, gradients.biases[index]),
        ):
            assert value == pytest.approx(np.linalg.norm(array.astype(float)), rel=1e-7)
        assert flow.learning_time == pytest.approx(flow.weights / flow.d_weights)
    first, last = result.layers[0].flow, result.layers[-1].flow
    assert result.first_last_ratio == pytest.approx(first.d_weights / last.d_weights)
    assert 0 < first.attenuation < 1
    assert np.isnan(last.attenuation)


def test_loss_and_chance() -> None:
    net = il.Network([2, 3], loss="cross_entropy")
    net.biases[0][:] = [20.0, 0.0, 0.0]
    X, y = np.zeros((4, 2)), np.array([0, 1, 2, 2])
    loss = il.diagnose(net, X, y).loss
    assert loss.chance == pytest.approx(1.5 * np.log(2))
    assert loss.first == pytest.approx(0.75 * 20, rel=1e-6)
    assert loss.confident_wrong == 0.75
    binary = il.Network([2, 1])
    binary.biases[0][:] = 20.0
    assert il.diagnose(binary, X, [0, 0, 0, 1]).loss.confident_wrong == 0.75
    binary.biases[0][:] = -20.0
    assert il.diagnose(binary, X, [0, 0, 0, 1]).loss.confident_wrong == 0.25


def test_every_quotient_of_zeros_has_its_value() -> None:
    X, y = np.ones((4, 2)), np.zeros(4)
    net = il.Network([2, 3, 1], activation="tanh", loss="mse")
    result = il.diagnose(net, X, y)  # zero weights, zero targets, no gradient, no variance
    hidden, output = (layer.flow for layer in result.layers)
    assert np.isnan(hidden.attenuation)
    assert hidden.learning_time == output.learning_time == np.inf
    assert np.isnan(result.first_last_ratio)
    assert (result.loss.first, result.loss.chance, result.loss.ratio) == (0.0, 0.0, 1.0)
    symmetry = result.layers[0].symmetry
    assert symmetry is not None
    assert (symmetry.spread, symmetry.mean_spread, symmetry.near_units) == (0.0, 0.0, 3)
    assert (symmetry.effective_units, symmetry.stable_rank, symmetry.weight_rank) == (0.0, 0.0, 0)
    assert np.isnan(symmetry.largest_similarity)
    net.biases[1][:] = 1.0  # constant y missed: infinitely worse than chance
    result = il.diagnose(net, X, y)
    assert result.loss.ratio == np.inf
    moving = il.Network([2, 1], loss="mse")
    assert il.diagnose(moving, X, y + 1).layers[0].flow.learning_time == 0.0
    assert np.isnan(il.diagnose(moving, X, y + 1).saturated)  # no hidden layer
    one = il.Network([2, 1, 1]).initialize("normal(1)", rng=0)
    symmetry = il.diagnose(one, X, y).layers[0].symmetry
    assert symmetry is not None
    assert symmetry.spread == 0.0
    net = il.Network([2, 3, 1]).initialize(["normal(1)", "zeros"], rng=0)
    assert il.diagnose(net, X, y).first_last_ratio == 0.0
    separating = il.Network([2, 3, 1]).initialize(["zeros", "normal(1)"], rng=0)
    assert il.diagnose(separating, X, y).first_last_ratio == np.inf
    dead = il.diagnose(net, X, y).layers[0].flow
    assert np.isnan(dead.attenuation)


def test_learning_times_of_the_lecture() -> None:
    flower = il.datasets.flower()
    times = {}
    for depth, scale in ((4, 0.01), (4, 0.1), (8, 0.1)):
        net = il.Network([2, *[8] * depth, 1]).initialize(f"normal({scale})", rng=0)
        layers = il.diagnose(net, flower.X, flower.y).layers
        times[depth, scale] = min(layer.flow.learning_time for layer in layers) / 0.5
    assert 1e5 < times[4, 0.01] < 1e7
    assert 1e2 < times[4, 0.1] < 5e3
    assert 1e4 < times[8, 0.1] < 1e6
    # Published for the first layer at rate 1.2: 8, 64, 390 and 1.7e7 steps; Glorot at depth 8: 18.
    for scale, low, high in ((1, 3, 30), (10, 15, 150), (100, 80, 3e3), (1000, 1e4, 1e9)):
        net = il.Network([2, 4, 1]).initialize(f"normal({scale})", rng=0)
        flow = il.diagnose(net, flower.X, flower.y).layers[0].flow
        assert low < flow.learning_time / 1.2 < high
    net = il.Network([2, *[8] * 8, 1]).initialize("glorot_normal", rng=0)
    layers = il.diagnose(net, flower.X, flower.y).layers
    assert 5 < min(layer.flow.learning_time for layer in layers) / 0.5 < 100


def test_table_shows_effective_units_beside_their_most() -> None:
    flower = il.datasets.flower()
    net = il.Network([2, 4, 1]).initialize("constant(0.5)")
    table = il.diagnose(net, flower.X, flower.y).table()
    column = table.columns.index("effective\nunits")
    assert [row[column] for row in table.rows] == ["1.0 of 2", "-"]


# ---- the object -----------------------------------------------------------------------------


def test_topics_and_codes() -> None:
    flower = il.datasets.flower()
    result = il.diagnose(il.Network([2, 4, 1]), flower.X, flower.y)
    assert result.codes == ("zero_gradient", "symmetric")
    assert result.answer == "error"
    assert result.ok is False
    assert not result.passes("symmetry")
    assert not result.passes("gradient")
    assert not result.passes("zero_gradient")
    assert result.passes("saturation")
    assert result.passes("too_small")
    with pytest.raises(ValueError, match=r"unknown topic 'symetry'.*Did you mean 'symmetry'"):
        result.passes("symetry")
    for answer in ("healthy", "unknown"):  # no topics, though they are codes
        with pytest.raises(ValueError, match="unknown topic"):
            result.passes(answer)
    with pytest.raises(TypeError, match="not callable"):
        result.ok("symmetry")  # type: ignore[operator]
    topics = {"symmetry", "saturation", "gradient", "scale", "loss", "rate", "finite"}
    assert set(dx.TOPICS) == topics
    assert all(codes <= set(dx.CODES) for codes in dx.TOPICS.values())


def test_shown_as_text_html_json_and_frame() -> None:
    pandas = pytest.importorskip("pandas")
    net, X, y = random_net("tanh", "cross_entropy")
    result = il.diagnose(net, X, y)
    for verdict in result.verdicts:
        assert str(verdict) in repr(result)
        assert verdict.sentence in repr(result)
        assert verdict.code in result._repr_html_()
    plain = json.loads(json.dumps(result.to_dict(arrays=True), allow_nan=False))
    assert plain["verdicts"][0]["code"] == result.verdict.code
    assert len(plain["layers"][0]["saturation"]["by_sample"]) == 300
    assert plain["layers"][-1]["symmetry"] is None
    assert "by_sample" not in result.to_dict()["layers"][0]["saturation"]
    frame = result.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["flow.learning_time"].tolist() == [
        layer.flow.learning_time for layer in result.layers
    ]


def test_nothing_is_changed() -> None:
    net, X, y = random_net("relu", "mse")
    before = net.copy()
    il.diagnose(net, X, y)
    sample_nets.assert_same_bits(net, before)


def test_same_from_plain_arrays() -> None:
    net, X, y = random_net("tanh", "cross_entropy", "float32")
    a = il.diagnose(net, X, y, learning_rate=0.1, steps=50)
    b = dx.diagnose_arrays(
        net.weights, net.biases, "tanh", "cross_entropy", X, y, learning_rate=0.1, steps=50
    )
    assert a.to_dict(arrays=True) == b.to_dict(arrays=True)
    without = dx.diagnose_arrays([np.ones((2, 3)), np.ones((3, 1))], [None, None])
    assert without.codes == ("symmetric",)
    assert without.samples == 0


# ---- bad input ------------------------------------------------------------------------------


def test_shapes_that_do_not_chain() -> None:
    with pytest.raises(ValueError, match="no layer"):
        dx.diagnose_arrays([], [])
    with pytest.raises(ValueError, match=r"gives 3 values and weights\[1\].*takes 4"):
        dx.diagnose_arrays([np.ones((2, 3)), np.ones((4, 1))], [None, None])
    with pytest.raises(ValueError, match=r"biases\[0\] has shape \(2,\)"):
        dx.diagnose_arrays([np.ones((2, 3))], [np.ones(2)], loss="mse")
    with pytest.raises(ValueError, match="biases must be one for each"):
        dx.diagnose_arrays([np.ones((2, 3))], [], loss="mse")
    with pytest.raises(ValueError, match="2 dimensions"):
        dx.diagnose_arrays([np.ones(3)], [None])
    with pytest.raises(ValueError, match="inputs and units"):
        dx.diagnose_arrays([np.ones((3, 0))], [None])
    with pytest.raises(TypeError, match="complex"):
        dx.diagnose_arrays([np.ones((3, 1), complex)], [None])


def test_arguments_are_checked() -> None:
    net, X, y = random_net("tanh", "mse")
    with pytest.raises(TypeError, match="Network"):
        il.diagnose("net", X, y)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="y without X"):
        il.diagnose(net, None, y)
    with pytest.raises(ValueError, match="learning_rate"):
        il.diagnose(net, X, y, learning_rate=-1.0)
    with pytest.raises(ValueError, match="steps"):
        il.diagnose(net, X, y, steps=-1)
    with pytest.raises(ValueError, match="threshold"):
        il.diagnose(net, X, y, threshold=1.5)
    with pytest.raises(TypeError, match="history"):
        il.diagnose(net, X, y, history=[1.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="NaN"):
        il.diagnose(net, np.full((3, 3), np.nan), y[:3])
    with pytest.raises(ValueError, match="classes 0 to 1"):
        il.diagnose(*random_net("tanh", "cross_entropy")[:2], np.full(300, 2))
    with pytest.raises(ValueError, match="tol"):
        dx.distinct_units(net, tol=-1.0)
    with pytest.raises(ValueError, match="modulo"):
        dx.distinct_units(net, modulo="sign")  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", sample_nets.LOSSES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_a_verdict(loss: str, bad: float) -> None:
    net, X, y = random_net("tanh", loss)
    net.weights[1][2, 3] = bad
    for result in (il.diagnose(net, X, y), il.diagnose(net, X), il.diagnose(net)):
        assert result.verdict.code == "non_finite"
        assert result.verdict.layer == 2
        assert not result.passes("finite")
        json.dumps(result.to_dict(arrays=True), allow_nan=False)


def test_one_sample_and_constant_targets() -> None:
    net, X, y = random_net("relu", "mse")
    assert il.diagnose(net, X[:1], y[:1]).samples == 1
    result = il.diagnose(net, X, np.ones_like(y))
    assert result.loss.chance == 0.0
    assert result.loss.ratio == np.inf


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_units_are_equal_whatever_the_sign_of_their_nan(sign: float) -> None:
    """Which sign a computed NaN has depends on the CPU; a count of units may not."""
    incoming = np.full((2, 3), np.nan)
    incoming[:, 2] = np.copysign(np.nan, -sign)
    assert _core.group_units(3, incoming, None, None, 0, 0.0).tolist() == [0, 0, 0]
