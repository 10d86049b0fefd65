"""Units that start as copies stay copies, bit for bit, and those that should separate do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il
import reference
from sample_nets import DTYPES, bits, constant_net

Data = tuple[NDArray[Any], NDArray[Any]]

OPTIMIZERS: dict[str, Any] = {
    "SGD": il.SGD(1.2),
    "momentum": il.SGD(0.1, momentum=0.9),
    "Nesterov": il.SGD(0.1, momentum=0.9, nesterov=True),
    "Adam": il.Adam(0.01),
    "RMSProp": il.RMSProp(0.01),
    "weight decay": il.SGD(0.5, momentum=0.5, weight_decay=1e-3),
}
BATCHES = [1, 7, 32, None]


def assert_copies(net: il.Network) -> None:
    """One distinct unit in each hidden layer, counted by the twin."""
    counts = reference.distinct_units(net.weights, net.biases)
    assert counts[:-1] == [1] * (len(counts) - 1)
    assert list(net._distinct_units()) == counts


@pytest.mark.parametrize("width", range(2, 130))
def test_every_width(width: int, flower: Data) -> None:
    """300 steps from all weights 0.5.

    Each width meets four of the 48 combinations of dtype, optimizer and batch size, in turn, and
    plain SGD, the case that peers break, always.
    """
    X, y = flower
    combinations = [(d, o, b) for d in DTYPES for o in OPTIMIZERS for b in BATCHES]
    chosen = [combinations[(5 * width + i * 17) % len(combinations)] for i in range(4)]
    chosen += [(dtype, "SGD", BATCHES[width % 4]) for dtype in DTYPES]
    for dtype, optimizer, batch_size in chosen:
        net = constant_net([2, width, 1], "tanh", "binary_cross_entropy", dtype, 0.5)
        start = net.weights[0].copy()
        net.fit(X, y, optimizer=OPTIMIZERS[optimizer], steps=300, batch_size=batch_size)
        assert_copies(net)
        assert np.all(np.isfinite(net.weights[0]))
        assert np.any(net.weights[0] != start)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", BATCHES)
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimizer_and_batch(
    optimizer: str, batch_size: int | None, dtype: str, flower: Data
) -> None:
    for width in (3, 5, 8, 10, 17, 33, 65, 100, 129):
        net = constant_net([2, width, 1], "tanh", "binary_cross_entropy", dtype, 0.5)
        net.fit(*flower, optimizer=OPTIMIZERS[optimizer], steps=300, batch_size=batch_size)
        assert_copies(net)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", list(reference.ACTIVATIONS))
def test_every_activation_and_depth(activation: str, dtype: str) -> None:
    random = np.random.default_rng(0)
    X, y = random.standard_normal((50, 3)), random.integers(0, 3, 50)
    for widths in ([3, 7, 3], [3, 10, 20, 3], [3, 5, 33, 9, 3]):
        net = constant_net(widths, activation, "cross_entropy", dtype, 0.3)
        net.fit(X, y, optimizer=il.SGD(0.05, momentum=0.5), steps=200, batch_size=16)
        assert_copies(net)


@pytest.mark.parametrize("dtype", DTYPES)
def test_copies_inside_a_random_net(dtype: str) -> None:
    """Two units made equal in a random net stay equal; the others stay apart."""
    random = np.random.default_rng(1)
    X, y = random.standard_normal((300, 4)), random.standard_normal((300, 2))
    for width in (6, 13, 50, 101):
        net = il.Network([4, width, width, 2], activation="tanh", loss="mse", dtype=dtype)
        net.initialize("glorot_normal", rng=width)
        first, second = 2, width - 1
        for layer in range(2):
            net.weights[layer][:, second] = net.weights[layer][:, first]
            net.weights[layer + 1][second] = net.weights[layer + 1][first]
        # Copying a row of layer 1 changed one of its two equal columns: copy that again.
        net.weights[1][:, second] = net.weights[1][:, first]
        net.fit(X, y, optimizer=il.Adam(0.01), steps=300, batch_size=41)
        assert reference.distinct_units(net.weights, net.biases) == [width - 1, width - 1, 2]
        for hidden in net.activations(X)[:2]:
            np.testing.assert_array_equal(bits(hidden.a[:, first]), bits(hidden.a[:, second]))


def test_the_counter_is_not_blind() -> None:
    """A changed bit in, in the bias or out makes a unit distinct, but for the sign of a zero."""
    net = constant_net([2, 5, 1], "tanh", "mse", "float64", 0.5)
    assert list(net._distinct_units()) == [1, 1]
    incoming, outgoing = net.weights
    places: list[tuple[Any, Any]] = [(incoming, (1, 3)), (net.biases[0], 3), (outgoing, (3, 0))]
    for parameter, index in places:
        saved = parameter[index]
        parameter[index] = np.nextafter(saved, 1)
        assert list(net._distinct_units()) == [2, 1]
        parameter[index] = saved
    net.biases[0][2] = -0.0
    assert list(net._distinct_units()) == [1, 1]
    net.biases[0][2] = np.nextafter(0.0, 1.0, dtype=net.dtype)
    assert list(net._distinct_units()) == [2, 1]


def signed_zeros(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """As students write zeros: a mix of +0 and -0."""
    return 0.0 * rng.standard_normal(shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_zeros_of_both_signs_are_one_unit(activation: str, dtype: str, flower: Data) -> None:
    """In every count: diagnosis, audit, record and comparison, whichever table computes."""
    X, y = flower
    net = il.Network([2, 6, 6, 1], activation, dtype=dtype)
    rng = np.random.default_rng(0)
    for weights in net.weights:
        weights[...] = signed_zeros(weights.shape, rng)
    assert {False, True} <= set(np.signbit(net.weights[1]).ravel().tolist())
    diagnosis = il.diagnose(net, X, y)
    for layer in diagnosis.layers[:-1]:
        symmetry = layer.symmetry
        assert symmetry is not None
        counts = (symmetry.distinct, symmetry.function, symmetry.incoming, symmetry.outgoing)
        assert (*counts, symmetry.distinct_modulo, symmetry.gradient) == (1, 1, 1, 1, 1, 1)
    assert {"symmetric", "zero_gradient"} & {verdict.code for verdict in diagnosis.verdicts}
    assert [groups.units for groups in il.diagnosis.distinct_units(net)] == [1, 1]
    arrays = [array for pair in zip(net.weights, net.biases, strict=True) for array in pair]
    audit = il.audit(arrays, X, y, activation=activation, layout="in_out")
    assert [layer.distinct_units for layer in audit.layers[:2]] == [1, 1]
    assert net.copy().fit(X, y, steps=20, record=5).distinct_units.tolist() == [[1, 1, 1]] * 5


def test_a_comparison_counts_zeros_of_both_signs_as_one_unit() -> None:
    result = il.compare([signed_zeros], layers=[2, 6, 6, 1], activation="sigmoid", steps=30)
    assert {(run.distinct_start, run.distinct_end) for run in result.runs} == {((1, 6), (1, 6))}


@pytest.mark.parametrize("width", [2, 4, 5, 7, 10, 33])
def test_copies_are_one_unit_of_width_one(width: int, flower: Data) -> None:
    """H copies (w, b, v) train as one unit with outgoing weight H v.

    Its learning rate is H eta on the outgoing weight (H weights move together) and eta / H on the
    incoming ones (each copy gets the gradient through v, not through H v). The net of width one,
    with its two learning rates, is the twin's; the core trains the wide one.
    """
    X, y = flower
    eta, column = 0.3, y[:, None].astype(np.float64)
    wide = constant_net([2, width, 1], "tanh", "binary_cross_entropy", "float64", 0.5)
    one = reference.Net(
        [np.full((2, 1), 0.5), np.full((1, 1), width * 0.5)],
        [np.zeros(1), np.zeros(1)],
        [("tanh", 0.0)],
        "binary_cross_entropy",
    )
    first_loss = wide.loss(X, y)
    rates = [eta / width, eta * width, eta / width, eta]  # W0 W1 b0 b1
    for _ in range(300):
        assert wide.loss(X, y) == pytest.approx(one.loss(X, column), rel=0, abs=1e-12)
        wide.fit(X, y, optimizer=il.SGD(eta), steps=1)
        d_weights, d_biases = one.gradients(X, column)
        for p, g, rate in zip(one.parameters(), [*d_weights, *d_biases], rates, strict=True):
            p -= rate * g
    assert wide.loss(X, y) < first_loss
