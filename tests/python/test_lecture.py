"""The lecture's claims, one test each, with figures published or measured outside this project."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il
import reference
from sample_nets import bits, constant_net

Data = tuple[NDArray[Any], NDArray[Any]]


def flower_net(hidden: int, scale: float, activation: str = "tanh") -> il.Network:
    net = il.Network(
        [2, hidden, 1], activation=activation, loss="binary_cross_entropy", dtype="float64"
    )
    return net.initialize(f"normal({scale})", rng=np.random.RandomState(2))


def accuracy(net: il.Network, X: NDArray[Any], y: NDArray[Any]) -> float:
    """Percent."""
    return float(100 * np.mean((net.forward(X)[:, 0] > 0.5) == y))


def test_flower_data() -> None:
    data = il.datasets.flower()
    X, y = data.X, data.y
    assert X.shape == (400, 2)
    np.testing.assert_allclose(X[0], [1.20444229, 3.57611415], rtol=0, atol=5e-9)
    assert X.sum() == pytest.approx(10.0879832774416, rel=0, abs=1e-12)
    np.testing.assert_array_equal(y, np.repeat([0, 1], 200))
    np.testing.assert_array_equal(X, reference.flower()[0])


def test_published_losses(flower: Data) -> None:
    X, y = flower
    net = flower_net(4, 0.01)
    expected = [0.693048, 0.288083, 0.254385, 0.233864, 0.226792, 0.222644, 0.219731, 0.217504]
    losses = [net.loss(X, y)]
    for _ in range(7):
        net.fit(X, y, optimizer=il.SGD(1.2), steps=1000)
        losses.append(net.loss(X, y))
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-6)
    # Past 7000 steps rounding decides which way it goes.
    for expected_loss in (0.2195, 0.2186):
        net.fit(X, y, optimizer=il.SGD(1.2), steps=1000)
        assert net.loss(X, y) == pytest.approx(expected_loss, rel=0, abs=3e-4)


@pytest.mark.parametrize(
    ("hidden", "percent"), [(1, 67.5), (2, 67.25), (3, 90.75), (4, 90.5), (5, 91.25)]
)
def test_hidden_sizes(hidden: int, percent: float, flower: Data) -> None:
    net = flower_net(hidden, 0.01)
    net.fit(*flower, optimizer=il.SGD(1.2), steps=5000)
    assert accuracy(net, *flower) == percent


def test_logistic_regression_forgets_its_start(flower: Data) -> None:
    """Without a hidden layer the loss is convex: zero is as good a start as any."""
    X, y = flower
    ends = []
    for scheme in ("zeros", "normal(0.01)", "normal(1)", "normal(5)"):
        net = il.Network([2, 1], loss="binary_cross_entropy", dtype="float64")
        net.initialize(scheme, rng=0)
        net.fit(X, y, optimizer=il.SGD(0.5), steps=20_000)
        ends.append(np.concatenate([net.weights[0].ravel(), net.biases[0]]))
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("unbalanced", [False, True])
def test_zero_start_never_moves(activation: str, unbalanced: bool, flower: Data) -> None:
    X, y = (part[:300] if unbalanced else part for part in flower)
    net = constant_net([2, 4, 1], activation, "binary_cross_entropy", "float64", 0.0)
    net.fit(X, y, optimizer=il.SGD(1.2), steps=5000)
    for parameter in (*net.weights, net.biases[0]):
        np.testing.assert_array_equal(parameter, np.zeros_like(parameter))
    share = np.mean(y)
    np.testing.assert_allclose(net.biases[1], np.log(share / (1 - share)), rtol=0, atol=1e-9)


def test_zero_start_of_sigmoid_units_moves_as_one(flower: Data) -> None:
    X, y = (part[:300] for part in flower)
    net = constant_net([2, 4, 1], "sigmoid", "binary_cross_entropy", "float64", 0.0)
    net.fit(X, y, optimizer=il.SGD(1.2), steps=30_000)
    assert np.all(np.abs(net.weights[0]) > 1e-3)
    assert reference.distinct_units(net.weights, net.biases)[0] == 1


@pytest.mark.parametrize("width", [4, 5, 7, 10, 33, 100])
def test_half_stays_one_unit(width: int, flower: Data) -> None:
    net = constant_net([2, width, 1], "tanh", "binary_cross_entropy", "float64", 0.5)
    first_loss = net.loss(*flower)
    net.fit(*flower, optimizer=il.SGD(1.2), steps=30_000)
    assert reference.distinct_units(net.weights, net.biases)[0] == 1
    assert net.loss(*flower) < first_loss
    # One unit draws one straight line, whatever the width.
    assert accuracy(net, *flower) < 70


@pytest.mark.parametrize("first", [0.5, 0.0])
def test_random_outgoing_weights_separate(first: float, flower: Data) -> None:
    """Constant or zero W1 with random W2: tanh units differ after one step already."""
    net = flower_net(4, 0.5)
    net.weights[0][...] = first
    net.fit(*flower, optimizer=il.SGD(1.2), steps=1)
    assert len(np.unique(bits(net.weights[0][0]))) == 4
    net.fit(*flower, optimizer=il.SGD(1.2), steps=2000)
    assert accuracy(net, *flower) > 80


def test_relu_with_zero_incoming_weights_stays_stuck(flower: Data) -> None:
    net = flower_net(4, 0.5, activation="relu")
    net.weights[0][...] = 0
    outgoing = net.weights[1].copy()
    net.fit(*flower, optimizer=il.SGD(1.2), steps=2000)
    np.testing.assert_array_equal(net.weights[0], np.zeros((2, 4)))
    np.testing.assert_array_equal(net.biases[0], np.zeros(4))
    np.testing.assert_array_equal(net.weights[1], outgoing)


@pytest.mark.parametrize(
    ("scale", "share"), [(0.01, 0.0), (1, 0.42), (10, 0.89), (100, 0.98), (1000, 1.0)]
)
def test_saturation_at_the_start(scale: float, share: float, flower: Data) -> None:
    X, _ = flower
    net = flower_net(4, scale)
    a = net.activations(X)[0].a
    assert np.mean(1 - a**2 < 0.05) == pytest.approx(share, abs=0.006)
    history = net.fit(*flower, optimizer=il.SGD(1.2), steps=0, record=1)
    assert history.saturated[0, 0] == np.mean(1 - a**2 < 0.05)


def test_first_loss_is_near_chance_only_for_small_weights(flower: Data) -> None:
    """Small: ln 2. Large: far above it, though not infinite."""
    X, y = flower
    assert flower_net(4, 0.01).loss(X, y) == pytest.approx(np.log(2), abs=1e-3)
    assert 10 * np.log(2) < flower_net(4, 100).loss(X, y) < 1000
