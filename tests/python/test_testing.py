"""The assertions: what passes, what fails, and what a failure says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il
from initlens.testing import (
    assert_breaks_symmetry,
    assert_healthy,
    assert_not_saturated,
    compare_initializers,
)

Data = tuple[NDArray[Any], NDArray[Any]]


def net(
    scheme: Any, layers: tuple[int, ...] = (2, 6, 6, 1), activation: str = "tanh"
) -> il.Network:
    return il.Network(layers, activation).initialize(scheme, rng=0)


def failure(check: Any, *arguments: Any, **keywords: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(*arguments, **keywords)
    return str(caught.value)


def rows(text: str) -> Counter[str]:
    """How often each verdict is in a failure's table."""
    cells = [line.split() for line in text.splitlines()]
    return Counter(
        next(cell for cell in line if cell in il.diagnosis.CODES)
        for line in cells
        if line[:1] in (["error"], ["warning"])
    )


def test_healthy_and_not(flower: Data) -> None:
    report = assert_healthy(net("glorot_uniform"), *flower)
    assert report.answer == report.verdict.code == "healthy"
    text = failure(assert_healthy, net("constant(0.5)"), *flower)
    first, _, columns, row, *_ = text.splitlines()
    assert first == "the model does not start healthy: 1 error"
    assert columns.split() == ["severity", "layer", "verdict", "evidence", "fix"]
    assert row.split()[:5] == ["error", "1", "and", "2", "symmetric"]
    assert "layers read: layer 1 (2 x 6, tanh), layer 2 (6 x 6, tanh)" in text.splitlines()[-1]
    assert max(map(len, text.splitlines())) < 160


def test_allow_takes_codes_and_topics(flower: Data) -> None:
    constant = net("constant(0.5)")
    assert_healthy(constant, *flower, allow=("symmetric",))
    assert_healthy(constant, *flower, allow="symmetry")
    large = net("normal(100)")
    text = failure(assert_healthy, large, *flower, allow=["confident_wrong"])
    assert "off_scale" in text
    assert "confident_wrong" not in text
    with pytest.raises(ValueError, match=r"symmetrc.*Did you mean 'symmetric'"):
        assert_healthy(constant, *flower, allow=("symmetrc",))


def test_learning_rate_and_steps_arrive(flower: Data) -> None:
    small = net("normal(0.1)", (2, 8, 8, 8, 8, 1))
    assert_healthy(small, *flower, learning_rate=0.5, steps=5_000_000)
    assert "too_small" in failure(assert_healthy, small, *flower, learning_rate=0.5, steps=10)


def test_data_that_cannot_be_used_fail() -> None:
    tree = {
        "conv": {"kernel": np.random.default_rng(0).normal(size=(3, 3, 1, 2)) / 3},
        "fc": {"kernel": np.ones((8, 1)), "bias": np.zeros(1)},
    }
    text = failure(assert_healthy, tree, np.ones((3, 8, 8, 1)))
    assert text.startswith("the reading is incomplete: X was not used")
    assert "conv" in text
    assert "skipped: conv" in text.splitlines()[-1]
    assert failure(assert_healthy, tree, np.ones((3, 8, 8, 1)), coverage=0.0) == text
    # Of the weights alone nothing more was asked, and nothing is claimed of their effect.
    report = assert_healthy(tree)
    assert (report.answer, report.coverage) == ("unknown", 1.0)


def test_parameters_that_were_not_read_fail() -> None:
    rng = np.random.default_rng(0)
    dense = {"kernel": rng.normal(size=(9, 1)) / 3, "bias": np.zeros(1)}  # 10 parameters
    for extra, share in ((1, 10 / 11), (10, 0.5)):
        tree = {"fc": dense, "norm": {"gamma": np.ones(extra)}}
        X, y = rng.normal(size=(30, 9)), np.arange(30) % 2
        report = il.audit(tree, X, y, layout="in_out")
        assert report.coverage == pytest.approx(share)
        assert report.diagnosis is not None
        assert report.diagnosis.answer == "healthy"
        assert report.answer == "unknown"  # it was not all read
        assert "norm" in report.verdict.sentence
        assert_healthy(tree, X, y, layout="in_out", coverage=0.5)
        assert "unknown" in failure(
            assert_healthy, tree, X, y, layout="in_out", coverage=0.5, strict=True
        )
    text = failure(assert_healthy, tree, X, y, layout="in_out")
    assert text.splitlines()[0] == (
        "the reading is incomplete: 50 % of the parameters were read, and coverage=0.9 asks for "
        "90 %; not read:"
    )
    assert "norm" in text.splitlines()[1]
    with pytest.raises(ValueError, match="coverage"):
        assert_healthy(tree, X, y, layout="in_out", coverage=1.5)


def test_strict_fails_on_warnings_and_on_unknown(flower: Data) -> None:
    large = net("normal(3)")
    assert {v.severity for v in assert_healthy(large, *flower).alarms} == {"warning"}
    text = failure(assert_healthy, large, *flower, strict=True)
    assert text.splitlines()[0].endswith(": 1 warning")
    assert rows(text) == {"confident_wrong": 1}
    allowed = ("confident_wrong", "unknown")
    assert_healthy(large, *flower, strict=True, allow=allowed)
    good = net("glorot_uniform")
    assert_healthy(good, *flower, strict=True)
    for data in ((), flower[:1]):  # nothing tells whether it learns
        assert assert_healthy(good, *data).answer == "unknown"
        text = failure(assert_healthy, good, *data, strict=True)
        assert text.splitlines()[0] == "the model does not start healthy: unknown"
        assert "the targets y" in " ".join(text.split())
        assert_healthy(good, *data, strict=True, allow="unknown")


def test_a_consequence_of_what_is_allowed_still_fails(flower: Data) -> None:
    zeros = net("zeros", activation="relu")
    text = failure(assert_healthy, zeros, *flower, allow=("dead", "symmetric"))
    assert rows(text) == {"zero_gradient": 1}
    assert_healthy(zeros, *flower, allow=("dead", "symmetric", "zero_gradient"))


def test_symmetry(flower: Data) -> None:
    assert_breaks_symmetry(net("normal(100)"))  # its other faults are not asked for
    text = failure(assert_breaks_symmetry, net(["normal(1)", "constant(0.1)", "constant(0.1)"]))
    assert "does not break the symmetry" in text
    report = il.audit(net(["normal(1)", "constant(0.1)", "constant(0.1)"]))
    assert report.verdict.sentence == (
        "Layer 2 has 6 units but only 1 distinct one: the others have the same incoming weights, "
        "bias and outgoing weights, and no training will separate them."
    )
    assert_breaks_symmetry(net(["zeros", "normal(1)", "normal(1)"]), *flower)


def test_random_biases_alone_are_no_healthy_start() -> None:
    """PyTorch's `nn.init.constant_(layer.weight, 0.1)`, and its biases as they are."""
    rng = np.random.default_rng(0)
    shapes = ((64, 32), (32, 32), (32, 10))
    layers = [
        (np.full((n, m), 0.1, np.float32), (rng.uniform(-1, 1, m) / np.sqrt(n)).astype(np.float32))
        for n, m in shapes
    ]
    X, y = rng.standard_normal((200, 64)), np.arange(200) % 10
    reading = {"activation": "relu", "layout": "in_out"}
    checks: tuple[tuple[Any, dict[str, Any]], ...] = (
        (assert_healthy, {"strict": True, "allow": "unknown"}),
        (assert_breaks_symmetry, {}),
    )
    for check, more in checks:
        for data in ((), (X, y)):
            title, *_ = (text := failure(check, layers, *data, **reading, **more)).splitlines()
            assert title.endswith(": 1 warning")
            assert text.count("symmetric") == 1
    drawn = [(rng.standard_normal(W.shape) / 8, b) for W, b in layers]
    assert_healthy(drawn, X, y, **reading)  # type: ignore[arg-type]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_saturation(activation: str, flower: Data) -> None:
    X = flower[0]
    small = net("normal(0.01)", activation=activation)
    assert_not_saturated(small, *flower, max_share=0.4)
    large = net("normal(100)", activation=activation)
    if activation == "relu":  # half of it is off at any scale
        assert_not_saturated(large, X)
        for bias in large.biases:
            bias[...] = -1e6
        assert "off on every sample" in failure(assert_not_saturated, large, X)
        return
    text = failure(assert_not_saturated, large, X)
    z = np.abs(large.activations(X)[0].z)
    slope = 2.1783 if activation == "tanh" else 4.3566  # where the relative slope is 5 %
    assert f"{100 * np.mean(z > slope):.3g} %" in text
    assert_not_saturated(large, X, max_share=1.0)
    with pytest.raises(ValueError, match="max_share"):
        assert_not_saturated(large, X, max_share=2.0)


@pytest.mark.parametrize("activation", ["exponential", "squared_relu"])
def test_nothing_saturates_where_the_slope_has_no_bound(activation: str, flower: Data) -> None:
    model = net("normal(0.3)", activation=activation)
    report = assert_not_saturated(model, *flower, max_share=0.0)
    assert report.diagnosis is not None
    assert np.isnan(report.diagnosis.layers[0].saturation.share)
    for bias in model.biases:
        bias[...] = -100.0
    if activation == "squared_relu":  # but it can be dead
        assert rows(failure(assert_not_saturated, model, *flower)) == {"dead": 2}
    else:
        assert_not_saturated(model, *flower, max_share=0.0)


def test_relu6_is_judged_on_both_sides(flower: Data) -> None:
    model = net("normal(1)", activation="relu6")
    assert_not_saturated(model, *flower)  # half of it is off
    for offset, code in ((1e6, "saturated"), (-1e6, "dead")):
        for bias in model.biases:
            bias[...] = offset
        text = failure(assert_not_saturated, model, *flower)
        assert rows(text) == {code: 2}
        assert "100 % of the relu6" in text


def test_saturation_that_cannot_be_measured_is_an_error() -> None:
    tree = {"a": {"kernel": np.ones((3, 3, 1, 2))}, "b": {"kernel": np.ones((8, 1))}}
    with pytest.raises(ValueError, match="X was not used"):
        assert_not_saturated(tree, np.ones((3, 8)))


def test_compare_initializers(flower: Data) -> None:
    model = net("zeros")
    found = compare_initializers(model, *flower, ["glorot_uniform", "he_normal"], seeds=[3, 4])
    assert list(found) == ["glorot_uniform", "he_normal"]
    expected = il.diagnose(net("zeros").initialize("he_normal", rng=4), *flower)
    assert found["he_normal"][1].loss.first == expected.loss.first
    assert not model.weights[0].any()
    text = failure(compare_initializers, model, *flower, ["zeros", "glorot_uniform"], seeds=3)
    assert text.splitlines()[0] == "not every scheme starts healthy on 3 seeds"
    assert "zeros" in text
    assert "3/3" in text
    assert "glorot_uniform" not in text
    compare_initializers(model, *flower, ["zeros"], allow=["symmetry", "zero_gradient"])
    compare_initializers(model, *flower, ["normal(3)"], seeds=2)
    text = failure(compare_initializers, model, *flower, ["normal(3)"], seeds=2, strict=True)
    assert "confident_wrong" in text
    assert "unknown" in text
    for arguments, match in (
        ({"schemes": []}, "empty"),
        ({"schemes": ["zeros"], "seeds": []}, "empty"),
        ({"schemes": ["zeros"], "seeds": 0}, "seeds"),
        ({"schemes": ["zerros"]}, "zeros"),
        ({"schemes": [lambda s, r: np.zeros(s), lambda s, r: r.normal(size=s)]}, "<lambda> twice"),
        ({"schemes": {"a": "zeros"}, "seeds": [2, 2]}, "seeds holds 2 twice"),
    ):
        with pytest.raises(ValueError, match=match):
            compare_initializers(model, *flower, **arguments)  # type: ignore[arg-type]


def test_compare_initializers_takes_one_scheme_and_labels(flower: Data) -> None:
    model = net("zeros")
    assert list(compare_initializers(model, *flower, "glorot_uniform", seeds=1)) == [
        "glorot_uniform"
    ]
    labelled = {"mine": "glorot_uniform", "zero": "zeros"}
    text = failure(compare_initializers, model, *flower, labelled, seeds=1)
    assert text.splitlines()[0] == "not every scheme starts healthy on 1 seed"
    assert text.splitlines()[3].split()[:2] == ["zero", "1/1"]


def test_plain_arrays_and_module_access(flower: Data) -> None:
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(2, 4)), np.zeros(4)), (rng.normal(size=(4, 1)), np.zeros(1))]
    il.testing.assert_healthy(layers, *flower, activation="tanh")
    layers[0][0][:, 1] = layers[0][0][:, 0]
    layers[1][0][1] = layers[1][0][0]
    assert il.testing.assert_healthy(layers, *flower, activation="tanh").codes == ("symmetric",)
    text = failure(il.testing.assert_healthy, layers, *flower, activation="tanh", strict=True)
    assert text.splitlines()[0].endswith("1 warning")
