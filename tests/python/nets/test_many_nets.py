"""Many nets at once: the bits of each alone, and clear errors."""

from __future__ import annotations

import signal
import threading
from typing import Any

import numpy as np
import pytest

import initlens as il

X = np.random.default_rng(0).normal(size=(300, 3))
LABELS = np.arange(300) % 3
Y = {
    "mse": np.stack([X[:, 0] * X[:, 1], X[:, 2], X[:, 0]], axis=1),
    "cross_entropy": LABELS,
    "binary_cross_entropy": np.stack([LABELS == 0, LABELS == 1, LABELS == 2], axis=1) * 1.0,
}


def nets(count: int, loss: str = "mse", dtype: str = "float64", **kwargs: Any) -> list[il.Network]:
    return [
        il.Network([3, 5, 3], kwargs.get("activation", "tanh"), loss, dtype).initialize(
            "he_normal", rng=i
        )
        for i in range(count)
    ]


def same(a: il.Network, b: il.Network) -> bool:
    pairs = zip([*a.weights, *a.biases], [*b.weights, *b.biases], strict=True)
    return all(p.tobytes() == q.tobytes() for p, q in pairs)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 17, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_counts_off_the_lanes(count: int, dtype: str) -> None:
    together, alone = nets(count, dtype=dtype), nets(count, dtype=dtype)
    histories = il.fit_many(together, X, Y["mse"], optimizer=il.SGD(0.05), steps=30, record=10)
    for one, other, history in zip(together, alone, histories, strict=True):
        own = other.fit(X, Y["mse"], optimizer=il.SGD(0.05), steps=30, record=10)
        assert same(one, other)
        assert history.to_dict() == own.to_dict()


@pytest.mark.parametrize("loss", list(Y))
@pytest.mark.parametrize("batch_size", [None, 7, 290])
@pytest.mark.parametrize(
    "optimizer",
    [
        il.SGD(0.1),
        il.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        il.Adam(0.01),
        il.RMSProp(0.01),
    ],
)
@pytest.mark.parametrize("isa", ["scalar", "avx2"])
def test_each_is_as_alone(
    loss: str, batch_size: int | None, optimizer: Any, isa: str, request: pytest.FixtureRequest
) -> None:
    config = il._core.show_config()
    if isa not in config["available"]:
        pytest.skip(f"this machine has no {isa} kernels")
    request.addfinalizer(lambda: il._core.isa_select(config["isa"]))
    il._core.isa_select(isa)
    together, alone = nets(6, loss, "float32"), nets(6, loss, "float32")
    settings: dict[str, Any] = {"optimizer": optimizer, "steps": 23, "batch_size": batch_size}
    il.fit_many(together, X, Y[loss], **settings)
    il.fit_many(together, X, Y[loss], **settings)  # goes on where it was
    for one, other in zip(together, alone, strict=True):
        other.fit(X, Y[loss], **(settings | {"steps": 46}))
        assert same(one, other)


@pytest.mark.parametrize("layers", [(1, 1, 1), (2, 8, 1), (4, 7, 1), (5, 3, 1), (2, 6, 4, 1)])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])  # a slope from a, and one from z
@pytest.mark.parametrize("samples", [31, 300])  # one block of sums, and two
@pytest.mark.parametrize("batch_size", [None, 12, 3])  # shared by all nets; each its own, few too
def test_one_output(
    layers: tuple[int, ...], activation: str, samples: int, batch_size: int | None
) -> None:
    data = np.random.default_rng(1).normal(size=(samples, layers[0]))
    target = data.sum(axis=1) > 0
    together, alone = (
        [il.Network(layers, activation).initialize("he_normal", rng=i) for i in range(9)]
        for _ in range(2)
    )
    settings: dict[str, Any] = {"optimizer": il.SGD(0.5), "steps": 20, "batch_size": batch_size}
    il.fit_many(together, data, target, **settings)
    for one, other in zip(together, alone, strict=True):
        other.fit(data, target, **settings)
        assert same(one, other)


def test_at_different_places_of_an_epoch() -> None:
    together, alone = nets(6), nets(6)
    settings: dict[str, Any] = {"optimizer": il.SGD(0.05), "batch_size": 7}
    for several in (together, alone):
        several[2].fit(X, Y["mse"], steps=3, **settings)
    il.fit_many(together, X, Y["mse"], steps=50, **settings)  # into the second epoch
    for one, other in zip(together, alone, strict=True):
        other.fit(X, Y["mse"], steps=50, **settings)
        assert same(one, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_compare_hands_the_core_vectors_of_nets(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = il.Network._fit_many
    lengths = []

    def counted(several: list[il.Network], *args: Any) -> Any:
        lengths.append(len(several))
        return train(several, *args)

    monkeypatch.setattr(il.Network, "_fit_many", staticmethod(counted))
    il.compare(["zeros", "he_normal"], steps=2, seeds=range(20), dtype=dtype, n_jobs=1)
    groups = {"float32": [16, 16, 8], "float64": [8] * 5}[dtype]
    # Two pieces of a step each: the loss is looked at on the way.
    assert lengths == [count for count in groups for _ in range(2)]


def test_any_number_of_threads() -> None:
    found = []
    for jobs in (1, 2, 5):
        several = nets(21)
        il.fit_many(several, X, Y["mse"], optimizer=il.SGD(0.05), steps=20, n_jobs=jobs)
        found.append(
            [np.concatenate([w.ravel() for w in net.weights]).tobytes() for net in several]
        )
    assert found[0] == found[1] == found[2]


def test_own_learning_rates_and_a_diverging_neighbour() -> None:
    rates = [0.01 * 2.0**i for i in range(8)] + [1e300]
    together, alone = nets(9, activation="relu"), nets(9, activation="relu")
    histories = il.fit_many(
        together, X, Y["mse"], optimizer=[il.SGD(rate) for rate in rates], steps=200
    )
    for one, other, rate, history in zip(together, alone, rates, histories, strict=True):
        own = other.fit(X, Y["mse"], optimizer=il.SGD(rate), steps=200)
        assert history.diverged_at == own.diverged_at
        assert same(one, other)
    assert histories[-1].diverged_at is not None
    assert histories[0].diverged_at is None


def test_none_and_copies() -> None:
    assert il.fit_many([], X, Y["mse"]) == []
    several = nets(1)
    with pytest.raises(ValueError, match="one net twice"):
        il.fit_many(several * 2, X, Y["mse"])


def test_mixed_nets_change_nothing() -> None:
    several = [*nets(2), il.Network([3, 4, 3], loss="mse")]
    before = [net.copy() for net in several]
    with pytest.raises(ValueError, match=r"one architecture: nets\[2\]"):
        il.fit_many(several, X, Y["mse"], steps=5)
    with pytest.raises(TypeError, match=r"nets\[0\] must be a Network"):
        il.fit_many([3], X, Y["mse"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="nets must be a list of Network, got Network"):
        il.fit_many(several[0], X, Y["mse"])  # type: ignore[arg-type]
    for optimizer in (0.1, None):
        with pytest.raises(TypeError, match=f"optimizer must be one such as .*, got {optimizer}"):
            il.fit_many(several[:2], X, Y["mse"], optimizer=optimizer)  # type: ignore[arg-type]
    for name in ("steps", "batch_size", "record"):
        with pytest.raises(ValueError, match=f"{name} must be at most"):
            il.fit_many(several[:2], X, Y["mse"], **{name: 2**70})
    with pytest.raises(ValueError, match="one kind"):
        il.fit_many(several[:2], X, Y["mse"], optimizer=["sgd(0.1)", "adam"])
    with pytest.raises(ValueError, match="2 settings for 3 nets"):
        il.fit_many(nets(3), X, Y["mse"], optimizer=["sgd(0.1)"] * 2)
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match="row 3, column 1"):
        il.fit_many(several[:2], bad, Y["mse"], steps=5)
    assert all(same(a, b) for a, b in zip(several, before, strict=True))


def test_the_core_refuses_mixtures_too() -> None:
    spec = il.SGD(0.1)._spec()
    mixed = [*nets(1), *nets(1, dtype="float32")]
    with pytest.raises(ValueError, match="share layers"):
        il.Network._fit_many(mixed, X, Y["mse"], [spec, spec], 5, 0, 0, None)
    with pytest.raises(TypeError, match=r"nets\[1\] must be"):
        il.Network._fit_many([mixed[0], 3], X, Y["mse"], [spec, spec], 5, 0, 0, None)
    with pytest.raises(RuntimeError, match="in use"):
        il.Network._fit_many([mixed[0]] * 2, X, Y["mse"], [spec, spec], 5, 0, 0, None)
    mixed[0].fit(X, Y["mse"], steps=1)  # every net was given back


def test_interrupt_leaves_full_steps() -> None:
    several, alone = nets(4), nets(4)
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        il.fit_many(several, X, Y["mse"], optimizer=il.SGD(0.01), steps=10**9, record=0)
    for one, other in zip(several, alone, strict=True):
        done = one._get_progress()["steps"]
        assert done > 0
        other.fit(X, Y["mse"], optimizer=il.SGD(0.01), steps=done, record=0)
        assert same(one, other)
