"""The run that a start is judged for: its optimizer, and a copy that is trained."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import initlens as il
from initlens.diagnosis.trial import Trial, probe, steps_at

Array = NDArray[Any]
FLOWER = il.datasets.flower()
SEED = 3


def start(scheme: str = "he_normal", layers: tuple[int, ...] = (2, 8, 1)) -> il.Network:
    return il.Network(layers).initialize(scheme, rng=SEED)


def tried(net: il.Network, **settings: Any) -> Trial:
    trial = il.diagnose(net, FLOWER.X, FLOWER.y, **settings).trial
    assert trial is not None
    return trial


# ---- optimizer= --------------------------------------------------------------------------------


def test_a_learning_rate_is_short_for_sgd() -> None:
    net = start()
    short = il.diagnose(net, FLOWER.X, FLOWER.y, learning_rate=0.1)
    assert short.optimizer == il.SGD(0.1)
    for given in (il.SGD(0.1), "sgd(0.1)"):
        assert il.diagnose(net, FLOWER.X, FLOWER.y, optimizer=given).to_dict() == short.to_dict()


@pytest.mark.parametrize("optimizer", [il.Adam(0.01), "rmsprop(0.1)", il.SGD(0.1, momentum=0.5)])
def test_the_report_names_the_run(optimizer: Any) -> None:
    report = il.diagnose(start(), FLOWER.X, FLOWER.y, optimizer=optimizer, steps=300, batch_size=32)
    wanted = il.optimizers.get(optimizer)
    assert (report.optimizer, report.steps, report.batch_size) == (wanted, 300, 32)
    assert report.learning_rate == wanted.learning_rate
    title = report.table().title
    assert all(part in title for part in (str(wanted), "300 steps", "batch size 32"))
    content = report.to_dict()
    assert content["optimizer"] == wanted.to_dict()
    assert (content["steps"], content["batch_size"]) == (300, 32)


def test_momentum_adds_up() -> None:
    """Kind 7: judged at rate / (1 - momentum), it learns."""
    r = np.random.default_rng(0)
    X = r.normal(size=(200, 4))
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    net = il.Network([4, 8, 8, 8, 1], "tanh").initialize("glorot_uniform", rng=0)
    for weights in net.weights:
        weights *= 0.5
    plain = il.diagnose(net, X, y, optimizer=il.SGD(0.01), steps=700)
    heavy = il.diagnose(net, X, y, optimizer=il.SGD(0.01, momentum=0.9), steps=700)
    assert plain.learning_time(1) == pytest.approx(10 * heavy.learning_time(1), rel=1e-12)
    net.fit(X, y, optimizer=il.SGD(0.01, momentum=0.9), steps=700)
    assert net.loss(X, y) < 0.8 * heavy.loss.chance
    assert heavy.ok
    assert heavy.first_step.fastest == pytest.approx(10 * plain.first_step.fastest, rel=1e-12)
    assert heavy.first_step.lin > 2 * plain.first_step.lin
    assert "too_small" not in heavy.codes


@pytest.mark.parametrize("optimizer", ["adam(0.001)", "rmsprop(0.001)"])
def test_times_of_sgd_are_not_told_of_another_optimizer(optimizer: str) -> None:
    """Kind 8: small weights, which stop SGD."""
    net = start("normal(0.1)", (2, 8, 8, 8, 8, 1))
    assert "too_small" in il.diagnose(net, FLOWER.X, FLOWER.y, learning_rate=1e-3).codes
    report = il.diagnose(net, FLOWER.X, FLOWER.y, optimizer=optimizer)
    assert not {"too_small", "exploding"} & set(report.codes)
    assert np.isnan(report.learning_time(1))
    assert "SGD" not in str(report)


def test_a_rate_of_zero_is_a_rate() -> None:
    report = il.diagnose(start("normal(1)"), FLOWER.X, FLOWER.y, learning_rate=0.0, probe=0.01)
    assert report.optimizer == il.SGD(0.0)
    assert report.learning_time(1) == np.inf
    assert report.trial is not None
    assert len(set(report.trial.losses)) == 1  # nothing moves


@pytest.mark.parametrize("rate", [np.inf, np.nan, -1.0])
def test_rates_out_of_range(rate: float) -> None:
    with pytest.raises(ValueError, match=rf"learning_rate must be finite.*got {rate}"):
        il.diagnose(start(), FLOWER.X, FLOWER.y, learning_rate=rate)
    with pytest.raises(ValueError, match="learning_rate must be finite"):
        il.diagnose(start(), FLOWER.X, FLOWER.y, optimizer=f"adam({rate})".replace("nan", "1e999"))


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"optimizer": "sgd(1)", "learning_rate": 1.0}, TypeError, "one of the two"),
        ({"optimizer": "lion"}, ValueError, "unknown optimizer 'lion'"),
        ({"optimizer": 3}, TypeError, "optimizer must be one such as"),
        ({"optimizer": "adam", "batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"optimizer": "adam", "batch_size": 2.0}, TypeError, "batch_size must be an integer"),
        ({"optimizer": "adam", "steps": -1}, ValueError, "steps must be at least 0"),
        ({"optimizer": "adam", "probe": 1.5}, ValueError, "probe must be .* at most 1, got 1.5"),
        ({"optimizer": "adam", "probe": -0.1}, ValueError, "probe must be .* at least 0"),
        ({"optimizer": "adam", "probe": np.nan}, ValueError, "probe must be finite"),
        ({"optimizer": "adam", "probe": "yes"}, TypeError, "probe must be a real number"),
        ({"probe": 0.1}, ValueError, "probe=0.1 trains a copy, which needs an optimizer"),
    ],
)
def test_refused(settings: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        il.diagnose(start(), FLOWER.X, FLOWER.y, **settings)
    with pytest.raises(kind, match=message):
        il.audit(start(), FLOWER.X, FLOWER.y, **settings)


def test_a_probe_needs_targets() -> None:
    for given, missing in (((), "X and y"), ((FLOWER.X,), "needs y;")):
        for judge in (il.diagnose, il.audit):
            with pytest.raises(ValueError, match=rf"probe=0.1 trains a copy.*{missing}"):
                judge(start(), *given, optimizer="adam", probe=0.1)


@pytest.mark.parametrize("batch_size", [400, 401, 10**9])
def test_a_batch_of_all_is_the_full_batch(batch_size: int) -> None:
    settings: dict[str, Any] = {"optimizer": "adam(0.1)", "steps": 50, "probe": 1}
    whole = il.diagnose(start(), FLOWER.X, FLOWER.y, **settings)
    found = il.diagnose(start(), FLOWER.X, FLOWER.y, batch_size=batch_size, **settings)
    assert found.to_dict() == whole.to_dict()
    assert found.batch_size is None


# ---- probe= ------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [None, 0, 0.0])
def test_no_probe(off: float | None) -> None:
    assert il.diagnose(start(), FLOWER.X, FLOWER.y, optimizer="adam", probe=off).trial is None


@pytest.mark.parametrize("optimizer", ["sgd(0.5, momentum=0.9)", "adam(0.01)", "rmsprop(0.01)"])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_a_probe_is_the_beginning_of_the_training(optimizer: str, batch_size: int | None) -> None:
    """The copy has the losses, bit for bit, that the net would have."""
    net = start()
    trial = tried(net, optimizer=optimizer, steps=2_000, batch_size=batch_size, probe=0.1)
    assert trial.places == tuple(range(0, 201, 20))
    losses = [net.loss(FLOWER.X, FLOWER.y)]
    for _ in range(10):
        net.fit(FLOWER.X, FLOWER.y, optimizer=optimizer, steps=20, batch_size=batch_size)
        losses.append(net.loss(FLOWER.X, FLOWER.y))
    assert trial.losses == tuple(losses)
    chance = np.log(2.0)  # two balanced classes
    np.testing.assert_allclose(trial.ratios, np.array(losses) / chance, rtol=1e-12)
    assert (trial.first, trial.last) == (trial.ratios[0], trial.ratios[-1])
    assert trial.lowest == min(trial.ratios)
    assert trial.diverged_at is None


@pytest.mark.parametrize("trained", [0, 7])
def test_a_probe_does_not_change_the_net(trained: int) -> None:
    nets = [start(), start()]
    for net in nets:
        net.fit(FLOWER.X, FLOWER.y, optimizer="adam(0.01)", steps=trained, batch_size=32)
    tried(nets[0], optimizer="adam(0.01)", steps=100, batch_size=32, probe=0.5)
    for net in nets:
        net.fit(FLOWER.X, FLOWER.y, optimizer="adam(0.01)", steps=20, batch_size=32)
    for probed, other in zip(nets[0]._parameters(), nets[1]._parameters(), strict=True):
        assert probed.tobytes() == other.tobytes()


@pytest.mark.parametrize(
    ("share", "run", "places"),
    [
        (1.0, 5, (0, 1, 2, 3, 4, 5)),
        (1e-9, 10_000, (0, 1)),
        (0.5, 0, (0, 1)),
        (0.1, 10_000, tuple(range(0, 1001, 100))),
        (1 / 3, 10, (0, 1, 2, 3)),
    ],
)
def test_where_the_loss_is_measured(share: float, run: int, places: tuple[int, ...]) -> None:
    assert set(steps_at(share, run)) == set(places)


def test_what_the_report_says_of_a_probe() -> None:
    report = il.diagnose(
        start(), FLOWER.X, FLOWER.y, optimizer="adam(0.01)", steps=10_000, probe=0.01
    )
    trial = report.trial
    assert trial is not None
    sentence = (
        "A copy trained for 100 of 10,000 steps with Adam, learning rate 0.01: "
        f"loss {trial.first:.2f} -> {trial.last:.2f} x chance."
    )
    assert str(trial) == sentence
    assert sentence in report.table().notes
    assert report.to_dict()["trial"]["ratios"] == list(trial.ratios)
    lines = [line for line in report._repr_html_().splitlines() if sentence.split(":")[0] in line]
    assert lines


def test_units_are_counted_again() -> None:
    net = start()
    assert tried(net, optimizer="adam", steps=10, probe=1).distinct == ((8, 8),)
    assert tried(start("constant(0.5)"), optimizer="adam", steps=10, probe=1).distinct == ((1, 8),)


def test_the_trained_copy_is_measured() -> None:
    net = start()
    target = FLOWER.y.reshape(-1, 1)
    seen: list[il.Network] = []
    trial = probe(net, FLOWER.X, target, il.Adam(0.01), 100, None, 0.5, seen.append)
    (copy,) = seen
    assert copy is not net
    assert copy.loss(FLOWER.X, FLOWER.y) == trial.losses[-1]


@pytest.mark.parametrize(("steps", "share"), [(2_000, 0.1), (20, 1)], ids=["first piece", "later"])
def test_a_probe_that_diverges_is_a_result(steps: int, share: float) -> None:
    """Kind 3: the largest rate is beyond the curvature."""
    r = np.random.default_rng(0)
    X = r.normal(size=(200, 4))
    y = np.sin(X[:, 0]) + X[:, 1] * 0.5
    net = il.Network([4, 128, 1], "elu", "mse").initialize("he_normal", rng=0)
    report = il.diagnose(net, X, y, learning_rate=0.1, steps=steps, probe=share)
    trial = report.trial
    assert trial is not None
    assert trial.diverged_at == net.fit(X, y, optimizer="sgd(0.1)", steps=2_000).diverged_at
    assert trial.diverged_at is not None
    assert f"diverged at step {trial.diverged_at}" in str(trial)
    assert report.answer == "error"
    assert "diverged" in report.codes
    assert str(report).count("A copy trained") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_in_a_probe() -> None:
    net = start("he_normal", (2, 64, 64, 1))
    before = [array.copy() for array in net._parameters()]
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            il.diagnose(net, FLOWER.X, FLOWER.y, optimizer="adam", steps=10_000_000, probe=1)
    finally:
        timer.join()
    for now, then in zip(net._parameters(), before, strict=True):
        assert now.tobytes() == then.tobytes()
    assert net._get_progress() == start("he_normal", (2, 64, 64, 1))._get_progress()


# ---- bad input: a documented error or a sane answer, and no warning of NumPy --------------------


def judged(X: Array, y: Array, loss: str, layers: list[int], **settings: Any) -> il.Diagnosis:
    net = il.Network(layers, "relu", loss).initialize("he_normal", rng=0)
    given: dict[str, Any] = {"optimizer": "adam(0.01)", "steps": 100, "probe": 0.1} | settings
    return il.diagnose(net, X, y, **given)


def test_targets_that_do_not_fit_the_loss() -> None:
    X = np.eye(4)
    with pytest.raises(ValueError, match="binary_cross_entropy needs y of 0 and 1, got 2"):
        judged(X, np.array([0, 1, 2, 1]), "binary_cross_entropy", [4, 3, 1])
    with pytest.raises(ValueError, match="y must hold classes 0 to 1"):
        judged(X, np.array([0, 1, 2, 1]), "cross_entropy", [4, 3, 2])
    with pytest.raises(ValueError, match="y has 3 rows and X has 4"):
        judged(X, np.zeros(3), "mse", [4, 3, 1])


@pytest.mark.parametrize("optimizer", ["sgd(0.1)", "adam(0.01)", "rmsprop(0.01)"])
def test_weights_that_are_nan(optimizer: str) -> None:
    net = start()
    for weights in net.weights:
        weights[...] = np.nan
    report = il.diagnose(net, FLOWER.X, FLOWER.y, optimizer=optimizer, probe=0.01)
    assert report.answer == "error"
    assert report.verdict.code == "non_finite"
    assert report.trial is not None
    assert report.trial.diverged_at == 0
    assert report.trial.last == np.inf
    report.to_dict()
    assert "diverged at step 0" in str(report)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy", "mse"])
def test_one_sample_and_one_class(loss: str) -> None:
    """The loss at chance is 0: there is nothing to learn, and no ratio to tell."""
    outputs = 2 if loss == "cross_entropy" else 1
    r = np.random.default_rng(0)
    for rows in (1, 20):
        report = judged(r.normal(size=(rows, 3)), np.ones(rows, int), loss, [3, 4, outputs])
        assert report.loss.chance == 0.0
        assert report.trial is not None
        assert report.trial.losses[-1] < report.trial.losses[0]
        assert "all targets are the same" in str(report.trial)
        assert report.to_dict()["trial"]["last"] is None


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mse"])
def test_more_columns_than_samples(loss: str) -> None:
    r = np.random.default_rng(0)
    X = r.normal(size=(5, 50))
    report = judged(X, np.array([0, 1, 1, 0, 1]), loss, [50, 20, 1], batch_size=2)
    assert report.trial is not None
    assert report.trial.last < report.trial.first
    assert report.answer != "error"
