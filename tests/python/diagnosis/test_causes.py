"""Causes: what is off is named, with its layer; conventional starts have none."""

from __future__ import annotations

import numpy as np
import pytest

import initlens as il
from initlens.diagnosis.causes import CAUSES, TOLERANCES, find_causes
from initlens.diagnosis.verdicts import TOPICS

R = np.random.default_rng(0)
X = R.normal(size=(200, 4))
REGRESSION = np.sin(X[:, 0]) + X[:, 1] * 0.5
WIDE = R.normal(size=(200, 64))


def start(layers=(4, 16, 16, 16, 1), activation="tanh", scheme="glorot_uniform", loss="mse", rng=0):
    return il.Network(layers, activation, loss).initialize(scheme, rng=rng)


def first(net, samples=X, y=None, **options):
    found = find_causes(net, samples, None if y is None else y.reshape(len(y), -1), **options)
    assert found, "no cause found"
    return found[0]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "gelu", "elu", "selu"])
@pytest.mark.parametrize(
    "scheme",
    [
        "he_normal",
        "he_uniform",
        "he_truncated_normal",
        "glorot_uniform",
        "glorot_normal",
        "lecun_normal",
        "orthogonal",
        "torch_linear",
        "keras_dense",
        "sklearn_mlp",
        "lsuv",
    ],
)
def test_conventional_starts_have_no_cause(activation, scheme):
    digits = il.datasets.digits().X
    for samples, seed in ((WIDE, 1), (digits / digits.max(), 2)):
        drawn = il.initializers.LSUV(samples) if scheme == "lsuv" else scheme
        for hidden in ([32], [64, 64], [32, 16, 32]):
            net = start([64, *hidden, 10], activation, drawn, "cross_entropy", seed)
            assert find_causes(net, samples) == []


@pytest.mark.parametrize("layers", [(64, 32, 10), (8, 20, 20, 2), (3, 12, 1)])
@pytest.mark.parametrize("size", [5.0, -5.0, 12.0])
def test_biases_are_named_with_their_spread(layers, size):
    net = start(layers, "relu" if size < 0 else "tanh")
    net.biases[0][...] = size
    samples = R.normal(size=(100, layers[0]))
    cause = first(net, samples)
    spread = np.sqrt(np.mean(np.var(samples @ net.weights[0], axis=0)))
    assert (cause.name, cause.layer) == ("biases", 1)
    assert cause.evidence["bias_rms"] == [pytest.approx(abs(size))]
    assert cause.evidence["spreads"][0] == pytest.approx(spread)


def test_biases_of_all_layers_are_one_cause():
    net = start()
    for b in net.biases[:-1]:
        b[...] = 4.0
    cause = first(net)
    assert (cause.name, cause.layer, cause.layers) == ("biases", None, (1, 2, 3))


def test_biases_for_large_inputs_may_be_large():
    net = start(activation="relu", scheme="he_normal")
    net.biases[0][...] = 5.0
    assert first(net, X * 300).name == "inputs"
    assert "biases" not in [cause.name for cause in find_causes(net, X * 300)]


@pytest.mark.parametrize("layers", [(784, 15, 10), (20, 40, 3)])
def test_one_signed_weights(layers):
    net = start(layers, "sigmoid")
    r = np.random.default_rng(1)
    for w in net.weights:
        w[...] = r.uniform(size=w.shape) / np.sqrt(w.shape[0])
    cause = first(net, r.uniform(size=(50, layers[0])))
    assert (cause.name, cause.layers) == ("mean of the weights", (1, 2))
    assert "positive" in cause.sentence


@pytest.mark.parametrize("factor", [255.0, 1e4, 0.01])
def test_inputs_off_scale(factor):
    cause = first(start(), X * factor)
    assert (cause.name, cause.layer, cause.layers) == ("inputs", None, ())
    assert cause.evidence["rms"] == pytest.approx(factor * np.sqrt(np.mean(X**2)))


def test_inputs_off_their_mean_or_constant():
    assert first(start(), X + 50.0).name == "inputs"
    assert first(start(), np.full((30, 4), 0.5)).name == "inputs"
    some = X.copy()
    some[:, 0] = 0.0  # as pixels at the border
    assert find_causes(start(), some) == []


@pytest.mark.parametrize("y", [1e8 * X[:, :3].sum(1), (3 * X[:, 0]) ** 3 * 1e6, REGRESSION + 400.0])
def test_targets_off_scale(y):
    cause = first(start(), X, y)
    assert (cause.name, cause.layer) == ("targets", None)
    assert cause.evidence["std"] == pytest.approx(y.std(), rel=1e-6)


def test_targets_of_other_losses_are_not_judged():
    net = start(loss="binary_cross_entropy")
    assert find_causes(net, X, np.zeros((200, 1))) == []


@pytest.mark.parametrize("layer", range(6))
@pytest.mark.parametrize("factor", [30.0, 1 / 30.0])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_one_mis_scaled_layer_of_six(layer, factor, activation):
    net = start([8, *[24] * 5, 3], activation, "he_normal", "cross_entropy", rng=layer)
    net.weights[layer][...] *= factor
    cause = first(net, R.normal(size=(100, 8)))
    assert (cause.name, cause.layer) == ("scale", layer + 1)
    assert ("large" if factor > 1 else "small") in cause.sentence


@pytest.mark.parametrize("factor", [8.0, 1 / 12.0])
def test_all_layers_are_one_cause(factor):
    net = start()
    for w in net.weights:
        w *= factor
    cause = first(net)
    assert (cause.name, cause.layer, cause.layers) == ("scale of all layers", None, (1, 2, 3, 4))


def test_what_depth_makes_of_small_deviations():
    net = start([4, *[16] * 20, 1], "relu", "he_normal")
    for w in net.weights:
        w *= 0.5
    assert first(net).name == "scale of all layers"
    shallow = start([4, 16, 16, 1], "relu", "he_normal")
    for w in shallow.weights:
        w *= 0.5
    assert find_causes(shallow, X) == []


@pytest.mark.parametrize("signs", [False, True])
def test_zeros_are_copies_whatever_their_sign(signs):
    net = start([2, 6, 6, 1], "sigmoid", loss="binary_cross_entropy")
    for w in net.weights:
        w[...] = 0.0 * R.normal(size=w.shape) if signs else 0.0
    cause = first(net, X[:, :2])
    assert (cause.name, cause.layers) == ("copies", (1, 2))
    assert cause.evidence["distinct"] == [1, 1]
    assert "are 0" in cause.sentence


def test_copies_count_and_sign_twins():
    net = start([4, 32, 1], "relu", "he_normal")
    net.weights[0][:, 5:25] = net.weights[0][:, :1]
    assert first(net).evidence == {"distinct": [12], "units": [32]}
    net = start([4, 32, 1], "tanh")
    net.weights[0][:, 16:] = -net.weights[0][:, :16]
    assert first(net).evidence == {"distinct": [16], "units": [32]}
    net = start([4, 32, 1], "relu", "he_normal")
    net.weights[0][:, 16:] = -net.weights[0][:, :16]  # both sides of one line: no copies
    assert find_causes(net, X) == []


@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("activation", ["elu", "tanh"])
def test_near_copies(noise, activation):
    net = start([4, *[5] * 7, 1], activation)
    for w in net.weights[:-1]:
        w[...] = w[:, :1] * (1 + noise * R.normal(size=w.shape))
    cause = first(net)
    assert (cause.name, cause.layers) == ("near copies", tuple(range(1, 8)))
    for w in net.weights[:-1]:
        w[...] = w[:, :1] * (1 + 0.1 * R.normal(size=w.shape))
    assert "near copies" not in [cause.name for cause in find_causes(net, X)]


def test_not_finite_comes_first():
    net = start()
    net.weights[1][0, 0] = np.nan
    net.biases[0][...] = 7.0
    found = find_causes(net, X)
    assert [(cause.name, cause.layer) for cause in found] == [("not finite", 2), ("biases", 1)]


def test_a_rate_is_judged_by_the_sharpness():
    assert find_causes(start(), X, rate=1.0, sharpness=1.0) == []
    cause = first(start(), rate=1.0, sharpness=40.0)
    assert cause.name == "learning rate"
    assert cause.fix.learning_rate == pytest.approx(0.025)


def test_output_activations_that_cannot_reach_the_targets():
    assert first(start(), X, REGRESSION * 0.9, output="sigmoid").name == "output activation"
    assert find_causes(start(), X, (REGRESSION > 0).astype(float)[:, None], output="sigmoid") == []


def test_most_deviating_first_and_one_table():
    net = start()
    net.biases[0][...] = 2.0
    found = find_causes(net, X * 1e6)
    assert [cause.name for cause in found] == ["inputs"]
    found = find_causes(net, X * 3.5, 1e9 * REGRESSION[:, None])
    assert found[0].name == "targets"
    assert [c.deviation for c in found] == sorted((c.deviation for c in found), reverse=True)
    assert all(cause.name in CAUSES and cause.deviation >= 1.0 for cause in found)
    assert all(kind.topics <= set(TOPICS) for kind in CAUSES.values())


def test_tolerances():
    scale = TOLERANCES["input scale"]
    assert scale.deviation(1.0) == 0.0
    assert scale.deviation(scale.high * scale.factor**3) == pytest.approx(3.0)
    assert scale.deviation(scale.low / scale.factor) == pytest.approx(1.0)
    assert scale.deviation(0.0) == scale.deviation(np.inf) == scale.deviation(np.nan)


def test_nothing_is_changed_and_measures_say_the_same():
    from initlens.diagnosis.measures import measure

    net = start()
    net.weights[2] *= 40.0
    before = [array.copy() for array in net._parameters()]
    layers, _, _ = measure(net, [il.activations.get("tanh")] * 3, X, None, 0.05)
    assert str(find_causes(net, X, layers=layers)) == str(find_causes(net, X))
    for array, old in zip(net._parameters(), before, strict=True):
        np.testing.assert_array_equal(array, old)
