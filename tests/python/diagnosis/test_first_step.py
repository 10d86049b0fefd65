"""What the core measures of an optimizer's first step, against its twin."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import first_step_twin as twin
import initlens as il
import reference
from initlens import _core
from initlens.activations import get as get_activation
from initlens.diagnosis.first_step import MULTIPLES, FirstStep, measure_first_step
from initlens.nets import targets
from sample_nets import DTYPES, LOSSES

Array = twin.Array

OPTIMIZERS: dict[str, tuple[Any, twin.Settings]] = {
    "SGD": (il.SGD(0.1), twin.Settings("sgd", 0.1)),
    "momentum": (il.SGD(0.02, momentum=0.9), twin.Settings("sgd", 0.02, 0.9)),
    "decay": (il.SGD(0.1, weight_decay=0.1), twin.Settings("sgd", 0.1)),
    "Adam": (il.Adam(0.01), twin.Settings("adam", 0.01)),
    "RMSProp": (
        il.RMSProp(0.01, momentum=0.5, epsilon=1e-4),
        twin.Settings("rmsprop", 0.01, 0.5, 1e-4),
    ),
}


def problem(
    widths: list[int],
    loss: str,
    activation: str = "tanh",
    dtype: str = "float64",
    samples: int = 37,
) -> tuple[il.Network, Array, Array]:
    rng = np.random.default_rng(5)
    net = il.Network(widths, activation, loss, dtype).initialize("glorot_normal", rng=1)
    for bias in net.biases:
        bias[...] = 0.1 * rng.standard_normal(bias.shape)
    X = rng.standard_normal((samples, widths[0])).astype(dtype)
    outputs = widths[-1]
    if loss == "mse":
        y = rng.standard_normal((samples, outputs)) + 2
    elif loss == "cross_entropy":
        y = reference.one_hot(rng.integers(0, outputs, samples), outputs)
    else:
        y = rng.integers(0, 2, (samples, outputs)).astype(float)
    return net, X, targets.encode(y.astype(dtype), loss, outputs)


def twin_of(net: il.Network) -> reference.Net:
    hidden = [get_activation(text) for text in net.settings.activation]
    return reference.Net(
        [w.astype(float) for w in net.weights],
        [b.astype(float) for b in net.biases],
        [(item.kind, item.parameter) for item in hidden],
        net.settings.loss,
    )


def assert_like_the_twin(
    net: il.Network,
    X: Array,
    y: Array,
    optimizer: str,
    steps: int = 50,
    batch: int | None = None,
) -> FirstStep:
    mine, settings = OPTIMIZERS[optimizer]
    found = measure_first_step(net, X, y, mine, steps, batch)
    wide = np.asarray(X, float), np.asarray(y, float)
    expected = twin.measure(twin_of(net), *wide, settings, steps, batch)
    single = net.dtype == np.float32
    # float32: 24 bits through some products, of which signs and far multiples of a step take some.
    relative, absolute = (2e-3, 1e-4) if single else (1e-9, 1e-11)
    for name, value in expected.items():
        np.testing.assert_allclose(
            getattr(found, name),
            value,
            rtol=relative,
            atol=absolute,
            err_msg=f"{name} of {optimizer}",
        )
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_against_the_twin(optimizer: str, loss: str, dtype: str) -> None:
    net, X, y = problem([5, 9, 8, 3], loss, dtype=dtype)
    assert_like_the_twin(net, X, y, optimizer, batch=8)


@pytest.mark.parametrize("activation", il.activations.names())
def test_every_activation(activation: str) -> None:
    net, X, y = problem([4, 7, 6, 2], "mse", activation)
    assert_like_the_twin(net, X, y, "Adam", batch=5)


@pytest.mark.parametrize(
    "widths",
    [[3, 1], [3, 4], [2, 5, 1], [6, 20, 40, 1], [4, *[6] * 12, 3], [300, 7, 19], [3, 4, 30]],
)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_every_shape(optimizer: str, widths: list[int]) -> None:
    """No hidden layer, one output, many, deep, more inputs than a block of products takes."""
    assert_like_the_twin(*problem(widths, "mse"), optimizer)


@pytest.mark.parametrize("samples", [1, 2, 40, 41, 256, 257, 600])
@pytest.mark.parametrize("batch", [None, 1, 32, 10_000])
def test_every_number_of_samples(samples: int, batch: int | None) -> None:
    net, X, y = problem([3, 6, 2], "binary_cross_entropy", samples=samples)
    assert_like_the_twin(net, X, y, "Adam", batch=batch)


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_to_learn(loss: str) -> None:
    """A constant y: the centred residual is 0 to the bit, and so is all that follows from it."""
    net, X, y = problem([3, 6, 2], loss)
    y = np.tile(y[:1], (len(y), 1))
    for optimizer in OPTIMIZERS:
        found = assert_like_the_twin(net, X, y, optimizer)
        assert set(found.move) == set(found.rates) == set(found.gradient_norms) == {0.0}
        assert found.aim == found.lin == 0.0


def test_zero_weights() -> None:
    net, X, y = problem([3, 6, 2], "mse")
    for parameter in (*net.weights, *net.biases):
        parameter[...] = 0.0
    found = measure_first_step(net, X, y, il.SGD(0.1), 10)
    assert found.move == (0.0, 0.0)
    assert found.aim == 0.0  # only the output biases have a gradient
    assert found.distinct == 1 / 6  # six constant units are one group


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(bad: float, dtype: str) -> None:
    net, X, y = problem([3, 6, 2], "cross_entropy", dtype=dtype)
    for weights in net.weights:
        weights[...] = bad
    for optimizer, _ in OPTIMIZERS.values():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = measure_first_step(net, X, y, optimizer, 10)
        assert found.loss == np.inf
        assert set(found.ray) == {np.inf}
        assert found.aim == found.lin == 0.0
        assert found.over == 1.0


def test_a_gradient_below_the_smallest_number_moves_nothing() -> None:
    """float32 through 12 layers of weights of 1e-4: zero there, and not in float64."""
    moved = {}
    for dtype in DTYPES:
        net, X, y = problem([4, *[16] * 12, 1], "mse", dtype=dtype)
        for weights in net.weights:
            weights *= 1e-5
        moved[np.dtype(dtype).name] = measure_first_step(net, X, y, il.SGD(0.1), 10).move[0]
    assert moved["float32"] == 0.0 < moved["float64"]


def test_the_curvature_sets_the_rate_of_no_optimizer() -> None:
    net, X, y = problem([3, 6, 2], "mse")
    found = measure_first_step(net, X, y)
    assert found.optimizer == il.SGD(0.5 * (2 / found.sharpness))
    assert found == measure_first_step(net, X, y, found.optimizer)
    assert found.largest_rate == 2 / found.sharpness


def test_gradient_descent_breaks_at_the_sharpness() -> None:
    """Of a linear net with mse the sharpness is exact: below 2 / sharpness it falls, above not."""
    net, X, y = problem([3, 1], "mse", samples=40)
    sharpness = measure_first_step(net, X, y).sharpness
    for share, falls in ((0.99, True), (1.01, False)):
        probe = net.copy()
        probe.fit(X, y, optimizer=il.SGD(share * 2 / sharpness), steps=3000)
        assert (probe.loss(X, y) < net.loss(X, y)) == falls


def test_the_ray_is_the_loss_of_the_net_that_took_the_step() -> None:
    net, X, y = problem([3, 6, 2], "mse")
    found = measure_first_step(net, X, y, il.SGD(0.1))
    for multiple, loss in zip(MULTIPLES, found.ray, strict=True):
        moved = net.copy()
        moved.fit(X, y, optimizer=il.SGD(0.1 * multiple), steps=1)
        assert loss == pytest.approx(moved.loss(X, y), rel=1e-12)
    assert found.over == found.ray[0] / found.loss


def test_the_net_is_not_changed() -> None:
    net, X, y = problem([3, 6, 2], "mse")
    before = [array.copy() for array in net._parameters()]
    measure_first_step(net, X, y, il.Adam())
    for array, saved in zip(net._parameters(), before, strict=True):
        assert array.tobytes() == saved.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_every_table_gives_the_same_bits(optimizer: str, dtype: str) -> None:
    tables = _core.show_config()["available"]
    chosen = _core.show_config()["isa"]
    net, X, y = problem([5, 19, 33, 3], "cross_entropy", "gelu", dtype, samples=300)
    found = {}
    try:
        for table in tables:
            _core.isa_select(table)
            step = net._first_step(X, y, OPTIMIZERS[optimizer][0]._spec(), 16, 100, MULTIPLES, 0.0)
            found[table] = {name: np.asarray(value).tobytes() for name, value in step.items()}
    finally:
        _core.isa_select(chosen)
    assert len(found) > 1
    assert all(step == found[chosen] for step in found.values())


def test_distinct_units_on_the_data() -> None:
    """Up to sign and scale: a twin, a sign twin, a scaled one of a ReLU, and two constant ones."""
    net, X, y = problem([3, 8, 2], "mse", "tanh")
    net.weights[0][:, 1] = net.weights[0][:, 0]
    net.weights[0][:, 2] = -net.weights[0][:, 0]
    net.biases[0][1], net.biases[0][2] = net.biases[0][0], -net.biases[0][0]
    net.weights[0][:, 6:] = 0.0
    assert measure_first_step(net, X, y).distinct == 5 / 8
    relu = il.Network([3, 4, 2], "relu", "mse").initialize("he_normal", rng=2)
    relu.weights[0][:, 1] = 3 * relu.weights[0][:, 0]
    assert measure_first_step(relu, X, y).distinct == 3 / 4
    single, X, y = problem([3, 2], "mse")
    assert measure_first_step(single, X, y).distinct == 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_that_are_not_finite_are_refused(bad: float) -> None:
    net, X, y = problem([3, 6, 2], "mse")
    X[2, 1] = bad
    with pytest.raises(ValueError, match="X"):
        measure_first_step(net, X, y)
    with pytest.raises(ValueError, match="X"):
        measure_first_step(net, X[:, :2], y)
