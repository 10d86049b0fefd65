"""Training: optimizers and minibatches against the twin, continuing, recording, stopping."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import initlens as il
import reference
from sample_nets import DTYPES, LOSSES, assert_same_bits, bits, constant_net, pair, problem, twin

Twin = reference.SGD | reference.Adam | reference.RMSProp

# Settings of ours, and the twin with the same ones. Epsilon is large: where a gradient is nearly
# zero, dividing by its size magnifies rounding errors, and the comparison would be of those.
OPTIMIZERS: dict[str, tuple[Any, Callable[[], Twin]]] = {
    "SGD": (il.SGD(0.2), lambda: reference.SGD(0.2)),
    "SGD, weight decay": (
        il.SGD(0.2, weight_decay=0.01),
        lambda: reference.SGD(0.2, weight_decay=0.01),
    ),
    "momentum": (
        il.SGD(0.05, momentum=0.9, weight_decay=0.01),
        lambda: reference.SGD(0.05, momentum=0.9, weight_decay=0.01),
    ),
    "Nesterov": (
        il.SGD(0.05, momentum=0.8, nesterov=True, weight_decay=0.01),
        lambda: reference.SGD(0.05, momentum=0.8, nesterov=True, weight_decay=0.01),
    ),
    "Adam": (
        il.Adam(0.01, beta1=0.8, beta2=0.99, epsilon=1e-3, weight_decay=0.01),
        lambda: reference.Adam(0.01, beta1=0.8, beta2=0.99, epsilon=1e-3, weight_decay=0.01),
    ),
    "RMSProp": (
        il.RMSProp(0.002, alpha=0.9, epsilon=1e-3, weight_decay=0.01),
        lambda: reference.RMSProp(0.002, alpha=0.9, epsilon=1e-3, weight_decay=0.01),
    ),
    "RMSProp, momentum": (
        il.RMSProp(0.001, alpha=0.9, epsilon=1e-3, momentum=0.5),
        lambda: reference.RMSProp(0.001, alpha=0.9, epsilon=1e-3, momentum=0.5),
    ),
}
HIDDEN = [("tanh", 0.0), ("softplus", 0.0)]
WIDTHS = [3, 10, 4, 2]
KEY = int(np.random.SeedSequence(5).generate_state(1, np.uint64)[0])


def start(loss: str, dtype: str) -> il.Network:
    net = il.Network(WIDTHS, activation=["tanh", "softplus"], loss=loss, dtype=dtype)
    return net.initialize("glorot_normal", rng=5, bias="normal(0.1)")


def assert_parameters_close(net: il.Network, expected: reference.Net, tolerance: float) -> None:
    for p, q in zip([*net.weights, *net.biases], expected.parameters(), strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=tolerance)


# ---- against the twin ------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("batch_size", [None, 1, 7, 30])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_optimizer(
    optimizer: str, batch_size: int | None, loss: str, dtype: str, tolerance: float
) -> None:
    """40 steps, in epochs of 5 batches of 7 (the last one short), of 30 batches of one, of one."""
    settings, twin_optimizer = OPTIMIZERS[optimizer][0], OPTIMIZERS[optimizer][1]()
    X, y = problem(loss, 30, 3, 2, dtype, seed=3)
    net = start(loss, dtype)
    expected = twin(net, HIDDEN, loss)
    before = expected.loss(X, y)
    steps = 40
    net.fit(X, y, optimizer=settings, steps=steps, batch_size=batch_size)
    for rows in reference.batches(KEY, 30, batch_size, steps):
        reference.fit_step(expected, X[rows], y[rows], twin_optimizer)
    assert expected.loss(X, y) < before
    assert_parameters_close(net, expected, tolerance)


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_twin_optimizer_is_pytorchs(optimizer: str) -> None:
    """The formulas of the twin, against the library they come from."""
    torch = pytest.importorskip("torch")
    twin_optimizer = OPTIMIZERS[optimizer][1]()
    settings: dict[str, Any] = {
        {"learning_rate": "lr", "epsilon": "eps"}.get(name, name): value
        for name, value in vars(twin_optimizer).items()
        if isinstance(value, float | bool)
    }
    if isinstance(twin_optimizer, reference.Adam):
        settings["betas"] = (settings.pop("beta1"), settings.pop("beta2"))
    random = np.random.default_rng(0)
    ours = random.standard_normal(20)
    theirs = torch.tensor(ours.copy(), requires_grad=True)
    name = type(twin_optimizer).__name__.replace("RMSProp", "RMSprop")
    torch_optimizer = getattr(torch.optim, name)([theirs], **settings)
    for _ in range(30):
        gradient = random.standard_normal(20)
        twin_optimizer.step([ours], [gradient])
        theirs.grad = torch.tensor(gradient)
        torch_optimizer.step()
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12, atol=1e-13)


def test_shuffle_is_a_permutation() -> None:
    orders = [reference.shuffle(KEY, epoch, 100) for epoch in range(50)]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert len({tuple(order) for order in orders}) == 50


def test_fit_on_no_hidden_layer() -> None:
    net, expected = pair([4, 3], [], "cross_entropy", "float64", seed=1)
    X, y = problem("cross_entropy", 50, 4, 3, "float64", seed=1)
    net.fit(X, y, optimizer=il.SGD(0.5), steps=100)
    optimizer = reference.SGD(0.5)
    for _ in range(100):
        reference.fit_step(expected, X, y, optimizer)
    assert_parameters_close(net, expected, 1e-12)


# ---- going on --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch_size", [None, 1, 7, 32])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_2k_steps_are_k_and_k(optimizer: str, batch_size: int | None, dtype: str) -> None:
    settings = OPTIMIZERS[optimizer][0]
    X, y = problem("mse", 100, 3, 2, dtype, seed=4)
    whole, parts = start("mse", dtype), start("mse", dtype)
    whole.fit(X, y, optimizer=settings, steps=46, batch_size=batch_size)
    for steps in (23, 1, 0, 15, 7):
        parts.fit(X, y, optimizer=settings, steps=steps, batch_size=batch_size)
    assert_same_bits(whole, parts)
    for a, b in zip(whole._get_slots(), parts._get_slots(), strict=True):
        np.testing.assert_array_equal(bits(a), bits(b))


def test_other_settings_and_initialize_clear_the_state() -> None:
    X, y = problem("mse", 30, 3, 2, "float64", seed=4)
    adam = il.Adam(0.01)
    net = start("mse", "float64")
    net.fit(X, y, optimizer=adam, steps=10)
    fresh = il.Network(WIDTHS, activation=["tanh", "softplus"], loss="mse", dtype="float64")
    for p, q in zip([*fresh.weights, *fresh.biases], [*net.weights, *net.biases], strict=True):
        p[...] = q
    net.fit(X, y, optimizer=il.Adam(0.02), steps=10)
    fresh.fit(X, y, optimizer=il.Adam(0.02), steps=10)
    assert_same_bits(net, fresh)
    net.initialize("glorot_normal", rng=5, bias="normal(0.1)")
    net.fit(X, y, optimizer=adam, steps=10)
    again = start("mse", "float64")
    again.fit(X, y, optimizer=adam, steps=10)
    assert_same_bits(net, again)


def test_same_seed_same_bits_other_seed_other_order() -> None:
    X, y = problem("mse", 64, 3, 2, "float32", seed=4)
    nets = []
    for seed in (5, 5, 6):
        net = il.Network(WIDTHS, activation="tanh", loss="mse", dtype="float32")
        net.initialize("constant(0.1)", rng=seed)
        net.fit(X, y, optimizer=il.SGD(0.1), steps=10, batch_size=8)
        nets.append(net)
    assert_same_bits(nets[0], nets[1])
    assert np.any(nets[0].weights[0] != nets[2].weights[0])


def test_zero_steps_and_zero_learning_rate_change_nothing() -> None:
    X, y = problem("mse", 20, 3, 2, "float64", seed=4)
    net, untouched = start("mse", "float64"), start("mse", "float64")
    net.fit(X, y, optimizer=il.SGD(0.1), steps=0)
    assert_same_bits(net, untouched)
    net.fit(X, y, optimizer=il.SGD(0.0), steps=5)
    assert_same_bits(net, untouched)


# ---- recording -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "batch_size"), [(30, None), (300, None), (30, 7), (600, 300)])
def test_record(m: int, batch_size: int | None, dtype: str) -> None:
    """Each row is the net before a step, on that step's batch: rebuilt here from short fits."""
    X, y = problem("cross_entropy", m, 3, 2, dtype, seed=6)
    optimizer = il.SGD(0.3, momentum=0.5)
    net, silent, probe = (start("cross_entropy", dtype) for _ in range(3))
    history = net.fit(X, y, optimizer=optimizer, steps=23, batch_size=batch_size, record=5)
    silent.fit(X, y, optimizer=optimizer, steps=23, batch_size=batch_size)
    assert_same_bits(net, silent)
    assert list(history.steps) == [0, 5, 10, 15, 20, 23]
    assert (history.steps_done, history.diverged_at, history.stopped) == (23, None, False)
    order = reference.batches(KEY, m, batch_size, 24)
    done = 0
    relative = {"float32": 2e-5, "float64": 1e-12}[dtype]
    for row, step in enumerate(history.steps):
        probe.fit(X, y, optimizer=optimizer, steps=int(step) - done, batch_size=batch_size)
        done = int(step)
        rows = order[done]
        expected = twin(probe, HIDDEN, "cross_entropy")
        layers = expected.layers(X[rows])
        d_weights, _ = expected.gradients(X[rows], y[rows])
        assert history.loss[row] == pytest.approx(expected.loss(X[rows], y[rows]), rel=relative)
        for layer in range(3):
            for field, value in [
                ("activation_mean", layers.a[layer].mean()),
                ("activation_std", layers.a[layer].std()),
                ("gradient_norm", np.linalg.norm(d_weights[layer])),
                ("weight_norm", np.linalg.norm(expected.weights[layer])),
            ]:
                actual = getattr(history, field)[row, layer]
                assert actual == pytest.approx(value, rel=relative, abs=1e-7), (field, row, layer)
        for layer, (name, parameter) in enumerate(HIDDEN):
            slope = np.abs(reference.ACTIVATIONS[name].slope(layers.z[layer], parameter))
            assert history.saturated[row, layer] == np.mean(slope < 0.05)
        assert list(history.distinct_units[row]) == [10, 4, 2]
        spread = reference.unit_spread(expected.weights, expected.biases)
        np.testing.assert_allclose(history.unit_spread[row], spread, rtol=relative)


def test_record_counts_saturated_and_copies() -> None:
    net = constant_net([1, 4, 1], "tanh", "mse", "float64", 1.0)
    X, y = [[0.0], [1.0], [3.0], [-4.0]], np.zeros((4, 1))
    history = net.fit(X, y, optimizer=il.SGD(0), steps=1, record=1)
    np.testing.assert_array_equal(history.saturated[:, 0], [0.5, 0.5])
    np.testing.assert_array_equal(history.distinct_units, [[1, 1], [1, 1]])
    np.testing.assert_array_equal(history.unit_spread, 0)
    assert history.activation_mean[0, 0] == pytest.approx(np.tanh([0, 1, 3, -4]).mean(), rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_record_sees_one_bit_between_copies(dtype: str) -> None:
    net = constant_net([2, 3, 2], "tanh", "mse", dtype, 0.5)
    row = net.weights[1][2]
    row[0] = np.nextafter(row[0], row.dtype.type(1))
    history = net.fit([[1.0, 2.0]], [[0.0, 0.0]], steps=0, record=1)
    assert history.distinct_units[0, 0] == 2
    # Each unit has four weights of 0.5 and no bias: a norm of 1.
    assert history.unit_spread[0, 0] == pytest.approx(np.finfo(dtype).eps / 2, rel=1e-6)


# ---- ending early ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_divergence_is_a_result(dtype: str) -> None:
    """Least squares with a far too large learning rate: the step that overflows is not taken."""
    X, y = problem("mse", 20, 3, 1, dtype, seed=0)
    net, again = (il.Network([3, 1], loss="mse", dtype=dtype).initialize("ones") for _ in range(2))
    history = net.fit(X, y, optimizer=il.SGD(100.0), steps=10_000, record=1000)
    assert history.diverged_at == history.steps_done
    assert 5 < history.steps_done < 1000
    assert history.steps[-1] == history.steps_done
    gradients = net.gradients(X, y)
    assert not all(np.all(np.isfinite(g)) for g in (*gradients.weights, *gradients.biases))
    again.fit(X, y, optimizer=il.SGD(100.0), steps=history.steps_done)
    assert_same_bits(net, again)


def long_fit(net: il.Network, **options: Any) -> Any:
    """Minutes of work, unless something stops it."""
    X, y = reference.flower()
    return net.fit(X, y, optimizer=il.SGD(1.2), steps=100_000_000, **options)


def flower_net() -> il.Network:
    return constant_net([2, 4, 1], "tanh", "binary_cross_entropy", "float64", 0.5)


def assert_after_a_full_step(net: il.Network) -> None:
    """As many whole steps as the net says it took."""
    steps = net._get_progress()["steps"]
    assert steps > 0
    again = flower_net()
    X, y = reference.flower()
    again.fit(X, y, optimizer=il.SGD(1.2), steps=steps)
    assert_same_bits(net, again)


def test_ctrl_c() -> None:
    net = flower_net()
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.3, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        long_fit(net)
    assert time.monotonic() - pressed[0] < 2  # 0.2 s on an idle machine
    timer.join()
    assert_after_a_full_step(net)
    X, y = reference.flower()
    net.fit(X, y, optimizer=il.SGD(1.2), steps=1)  # and it goes on


class Stop(Exception):
    """Raised by the functions that a fit calls back."""


@contextmanager
def fitting_in_a_thread(net: il.Network) -> Iterator[None]:
    """A long fit in another thread, stopped at the end of the block."""
    started, stop = threading.Event(), threading.Event()

    def progress(*_: Any) -> None:
        started.set()
        if stop.is_set():
            raise Stop

    def work() -> None:
        with pytest.raises(Stop):
            long_fit(net, progress=progress)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert started.wait(30)
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_a_second_thread_is_refused() -> None:
    net = flower_net()
    X, y = reference.flower()
    with fitting_in_a_thread(net):
        for use in (
            lambda: net.forward(X),
            lambda: net.loss(X, y),
            lambda: net.gradients(X, y),
            lambda: net.fit(X, y, optimizer=il.SGD(0.1), steps=1),
            lambda: net.initialize("zeros"),
        ):
            with pytest.raises(RuntimeError, match="thread"):
                use()
    assert net.forward(X).shape == (400, 1)
    assert_after_a_full_step(net)


def test_two_nets_in_two_threads() -> None:
    """Another net may be used at the same time: the lock is the net's, not the library's."""
    X, y = reference.flower()
    net, alone = flower_net(), flower_net()
    with fitting_in_a_thread(flower_net()):
        net.fit(X, y, optimizer=il.SGD(1.2), steps=500)
    alone.fit(X, y, optimizer=il.SGD(1.2), steps=500)
    assert_same_bits(net, alone)


def test_an_error_in_the_progress_function_comes_out() -> None:
    def progress(*_: Any) -> None:
        raise Stop

    net = flower_net()
    with pytest.raises(Stop):
        long_fit(net, progress=progress)
    assert_after_a_full_step(net)
