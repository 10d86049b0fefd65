"""Forward, activations and loss against the twin; what arrays a net takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import initlens as il
import reference
from sample_nets import DTYPES, HIDDEN, LOSSES, bits, pair, problem, text

TOLERANCE = {"float32": 5e-6, "float64": 1e-13}


def assert_close(actual: Any, expected: Any, dtype: str) -> None:
    """Within TOLERANCE, relative to the largest element: sums cancel."""
    expected = np.asarray(expected)
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


# ---- against the twin ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", HIDDEN, ids=text)
def test_forward_and_loss(hidden: tuple[str, float], loss: str, dtype: str) -> None:
    for m in (1, 7, 40):
        net, twin = pair([3, 9, 5, 4], [hidden, hidden], loss, dtype, seed=m)
        X, y = problem(loss, m, 3, 4, dtype, seed=m + 1)
        layers, expected = net.activations(X), twin.layers(X)
        for layer, z, a in zip(layers, expected.z, expected.a, strict=True):
            assert layer.z.dtype == layer.a.dtype == np.dtype(dtype)
            assert_close(layer.z, z, dtype)
            assert_close(layer.a, a, dtype)
        out = net.forward(X)
        np.testing.assert_array_equal(bits(out), bits(layers[-1].a))
        assert_close(net.loss(X, y), twin.loss(X, y), dtype)


@settings(max_examples=60, deadline=None)
@given(
    widths=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    m=st.integers(1, 70),
    loss=st.sampled_from(LOSSES),
    hidden=st.sampled_from(HIDDEN),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**16),
)
def test_any_shape(
    widths: list[int], m: int, loss: str, hidden: tuple[str, float], dtype: str, seed: int
) -> None:
    assume(loss != "cross_entropy" or widths[-1] > 1)
    net, twin = pair(widths, [hidden] * (len(widths) - 2), loss, dtype, seed)
    X, y = problem(loss, m, widths[0], widths[-1], dtype, seed)
    # exp of exp of exp multiplies a rounding error by more than there are digits.
    with np.errstate(over="ignore", invalid="ignore"):
        assume(all(np.max(np.abs(a)) < 1000.0 for a in twin.layers(X).a))
    assert_close(net.forward(X), twin.forward(X), dtype)
    assert_close(net.loss(X, y), twin.loss(X, y), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", [1, 7, 255, 256, 257, 600])
def test_forward_is_the_chain(K: int, dtype: str) -> None:
    """Bias first, fused multiply-adds with k ascending, blocks of 256: the format, bit by bit."""
    net, _ = pair([K, 5, 2], [("softplus", 0.0)], "mse", dtype, seed=K)
    X, _ = problem("mse", 3, K, 2, dtype, seed=1)
    below = X
    for layer, w, b in zip(net.activations(X), net.weights, net.biases, strict=True):
        np.testing.assert_array_equal(bits(layer.z), bits(reference.chain(below, w, b)))
        below = layer.a


def test_chain_can_tell_orders_apart() -> None:
    """The check above would notice another order of summation: these sums differ in their bits."""
    random = np.random.default_rng(0)
    a = random.standard_normal((1, 600)).astype(np.float32)
    b = random.standard_normal((600, 8)).astype(np.float32)
    forward = reference.chain(a, b)
    backward = reference.chain(a[:, ::-1], b[::-1])
    assert np.any(bits(forward) != bits(backward))
    np.testing.assert_allclose(forward, a.astype(np.float64) @ b, rtol=0, atol=1e-4)


# ---- position independence -------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_rows_do_not_know_their_batch(loss: str, dtype: str) -> None:
    net, _ = pair([6, 19, 11, 3], [("tanh", 0.0), ("gelu", 0.0)], loss, dtype, seed=5)
    X, _ = problem(loss, 67, 6, 3, dtype, seed=6)
    whole = net.forward(X)
    by_row = np.concatenate([net.forward(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_array_equal(bits(whole), bits(by_row))
    np.testing.assert_array_equal(bits(whole[13:50]), bits(net.forward(X[13:50])))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1024, 519, 261, 20])
def test_few_rows_are_the_first_of_many(width: int, dtype: str) -> None:
    """Many panels, the last one partly filled, and two blocks of inputs."""
    net, _ = pair([270, width, 3], [("tanh", 0.0)], "mse", dtype, seed=width)
    X, _ = problem("mse", 130, 270, 3, dtype, seed=6)
    whole = net.forward(X)
    for rows in [1, 3, 4, 5, 11, 12, 47, 48, 95, 96, 129]:
        np.testing.assert_array_equal(bits(net.forward(X[:rows])), bits(whole[:rows]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_units_do_not_know_their_layer_width(dtype: str) -> None:
    wide, _ = pair([5, 37], [], "mse", dtype, seed=8)
    X, _ = problem("mse", 9, 5, 37, dtype, seed=9)
    whole = wide.forward(X)
    for first, width in [(0, 1), (3, 2), (7, 8), (20, 17)]:
        part = il.Network([5, width], loss="mse", dtype=dtype)
        part.weights[0][...] = wide.weights[0][:, first : first + width]
        part.biases[0][...] = wide.biases[0][first : first + width]
        np.testing.assert_array_equal(bits(part.forward(X)), bits(whole[:, first : first + width]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_sign_and_scale(dtype: str) -> None:
    """A tanh unit negated, or a ReLU unit scaled by 2^s, in and out: the same function, exactly."""
    X, _ = problem("mse", 31, 4, 2, dtype, seed=1)
    for name, inward, outward in [("tanh", -1.0, -1.0), ("relu", 2.0**5, 2.0**-5)]:
        net, _ = pair([4, 6, 2], [(name, 0.0)], "mse", dtype, seed=2)
        before = net.forward(X)
        net.weights[0][:, 3] *= inward
        net.biases[0][3] *= inward
        net.weights[1][3] *= outward
        np.testing.assert_array_equal(net.forward(X), before)


# ---- what a net is ---------------------------------------------------------------------------


def test_weights_are_writable_views() -> None:
    net = il.Network([2, 3, 1], activation="relu", loss="mse", dtype="float64")
    assert [w.shape for w in net.weights] == [(2, 3), (3, 1)]
    assert [b.shape for b in net.biases] == [(3,), (1,)]
    assert not any(np.any(p) for p in [*net.weights, *net.biases])
    net.weights[0][...] = 1
    net.weights[1][...] = 2
    net.biases[1][...] = 0.5
    np.testing.assert_array_equal(net.forward([[1.0, 2.0]]), [[18.5]])


def test_views_outlive_the_net() -> None:
    weights = il.Network([2, 3], loss="mse", dtype="float64").initialize("ones").weights
    np.testing.assert_array_equal(weights[0], np.ones((2, 3)))
    weights[0][...] = 4
    np.testing.assert_array_equal(weights[0], np.full((2, 3), 4.0))


def test_losses_of_a_very_wrong_net_are_finite() -> None:
    for dtype in DTYPES:
        net = il.Network([1, 1], loss="binary_cross_entropy", dtype=dtype)
        net.weights[0][...] = 1e30
        assert net.loss([[1.0]], [0]) == pytest.approx(1e30)
        assert net.loss([[1.0]], [1]) == 0.0
        net = il.Network([1, 2], loss="cross_entropy", dtype=dtype)
        net.weights[0][...] = [[1e30, -1e30]]
        assert net.loss([[1.0]], [1]) == pytest.approx(2e30)


def test_labels_and_encoded_targets_agree() -> None:
    net, _ = pair([2, 3, 3], [("tanh", 0.0)], "cross_entropy", "float64", seed=0)
    X, y = problem("cross_entropy", 20, 2, 3, "float64", seed=0)
    assert net.loss(X, y) == net.loss(X, y.argmax(axis=1))
    net, _ = pair([2, 3, 1], [("tanh", 0.0)], "binary_cross_entropy", "float64", seed=0)
    X, y = problem("binary_cross_entropy", 20, 2, 1, "float64", seed=0)
    assert net.loss(X, y) == net.loss(X, y[:, 0]) == net.loss(X, y[:, 0].astype(bool))


# ---- what a net takes ------------------------------------------------------------------------


def variants(X: NDArray[Any], folder: Path) -> dict[str, Any]:
    """The numbers of X (all small integers) as the arrays people really have."""
    mapped = folder / "X.npy"
    np.save(mapped, X)
    read_only = X.copy()
    read_only.flags.writeable = False
    spread = np.zeros((2 * X.shape[0], 3 * X.shape[1]))
    spread[::2, ::3] = X
    unaligned = np.empty(X.nbytes + 1, dtype=np.uint8)[1:].view(X.dtype).reshape(X.shape)
    unaligned[...] = X
    return {
        "list": X.tolist(),
        "float16": X.astype(np.float16),
        "float32": X.astype(np.float32),
        "float64": X.astype(np.float64),
        "longdouble": X.astype(np.longdouble),
        "int8": X.astype(np.int8),
        "int64": X.astype(np.int64),
        "Fortran order": np.asfortranarray(X),
        "negative strides": X[::-1, ::-1].copy()[::-1, ::-1],
        "strided": spread[::2, ::3],
        "read-only": read_only,
        "byte-swapped": X.astype(X.dtype.newbyteorder()),
        "byte-swapped integers": X.astype(">i4"),
        "memory-mapped": np.load(mapped, mmap_mode="r"),
        "unaligned": unaligned,
        "subclass": X.view(np.recarray),
    }


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_array_means_its_numbers(dtype: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(-9, 10, (12, 5)).astype(np.float64)
    y = np.arange(12) % 2
    net, twin = pair([5, 6, 1], [("tanh", 0.0)], "binary_cross_entropy", dtype, seed=0)
    expected = net.forward(X)
    assert_close(expected, twin.forward(X), dtype)
    for name, variant in variants(X, tmp_path).items():
        np.testing.assert_array_equal(net.forward(variant), expected, err_msg=name)
        assert net.loss(variant, y) == net.loss(X, y), name
        fitted = net.copy()
        fitted.fit(variant, y, optimizer=il.SGD(0.1), steps=3)
        plain = net.copy()
        plain.fit(X, y, optimizer=il.SGD(0.1), steps=3)
        np.testing.assert_array_equal(fitted.weights[0], plain.weights[0], err_msg=name)


def test_bool_input() -> None:
    net = il.Network([2, 1], loss="mse", dtype="float32").initialize("ones")
    np.testing.assert_array_equal(net.forward([[True, True], [False, True]]), [[2], [1]])


def test_inputs_are_not_changed() -> None:
    net, _ = pair([5, 6, 1], [("relu", 0.0)], "mse", "float64", seed=0)
    X, y = problem("mse", 12, 5, 1, "float64", seed=0)
    X_before, y_before = X.copy(), y.copy()
    net.fit(X, y, optimizer=il.Adam(0.01), steps=5, batch_size=5)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


@pytest.mark.parametrize("name", ["weights", "biases"])
def test_parameters_are_set_by_writing_into_them(name: str) -> None:
    """The list is new each time; its docstring says what to do instead of setting an item."""
    net = il.Network([2, 4, 1])
    getattr(net, name)[0] = np.ones_like(getattr(net, name)[0])
    assert not getattr(net, name)[0].any()
    getattr(net, name)[0][...] = 1.0
    assert getattr(net, name)[0].all()
    assert f"net.{name}[0][...] = " in getattr(il.Network, name).__doc__


def test_type_hints_can_be_resolved() -> None:
    hints = get_type_hints(il.Network.initialize)
    assert set(get_args(hints["rng"])) >= {int, np.random.Generator, np.random.RandomState}
