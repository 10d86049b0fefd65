"""History: what `fit` records, in pieces or at once, and how it shows itself."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens._tools.selection import evenly
from initlens.history import LAYER_FIELDS

FLOWER = il.datasets.flower()
X, Y = FLOWER.X, FLOWER.y


def net(seed: int = 3, layers: tuple[int, ...] = (2, 4, 3, 1), **settings: Any) -> il.Network:
    return il.Network(layers, **settings).initialize("he_normal", rng=seed)


def assert_same(first: il.History, second: il.History) -> None:
    for name in ("steps", "loss", *LAYER_FIELDS):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    assert first.steps_done == second.steps_done


# ---- what is recorded ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "record", "expected"),
    [
        (10, 4, [0, 4, 8, 10]),
        (8, 4, [0, 4, 8]),
        (3, 10, [0, 3]),
        (0, 1, [0]),
        (0, None, [0]),
        (5, None, [0, 1, 2, 3, 4, 5]),
        (1000, None, list(range(0, 1001, 10))),
        (10, 0, []),
    ],
)
def test_rows(steps: int, record: int | None, expected: list[int]) -> None:
    history = net().fit(X, Y, steps=steps, record=record)
    assert history.steps.tolist() == expected
    assert history.loss.shape == (len(expected),)
    for name in LAYER_FIELDS:
        assert getattr(history, name).shape == (len(expected), 3)
    assert history.steps_done == steps
    assert history.widths == (4, 3, 1)


def test_rows_are_the_net_at_that_step() -> None:
    trained = net()
    history = trained.fit(X, Y, optimizer=il.SGD(0.5), steps=20, record=10)
    for row, step in enumerate((0, 10, 20)):
        at = net()
        at.fit(X, Y, optimizer=il.SGD(0.5), steps=step)
        gradients = at.gradients(X, Y)
        layers = at.activations(X)
        assert history.loss[row] == at.loss(X, Y)
        for name, expected in {
            "activation_mean": [layer.a.mean() for layer in layers],
            "activation_std": [layer.a.std() for layer in layers],
            "gradient_norm": [np.linalg.norm(g) for g in gradients.weights],
            "weight_norm": [np.linalg.norm(w) for w in at.weights],
            "distinct_units": [4, 3, 1],
        }.items():
            found = getattr(history, name)[row]
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13, err_msg=name)
        slopes = [1 - layer.a**2 for layer in layers[:-1]]
        expected_share = [np.mean(slope < 0.05) for slope in slopes]
        np.testing.assert_allclose(history.saturated[row, :-1], expected_share, atol=1e-12)


def test_loss_at_chance() -> None:
    history = net().fit(X[:300], Y[:300], steps=1)
    share = np.array([2 / 3, 1 / 3])
    assert history.chance_loss == pytest.approx(-np.sum(share * np.log(share)), rel=1e-12)
    values = np.arange(10.0)
    history = net(loss="mse").fit(X[:10], values, steps=1)
    assert history.chance_loss == pytest.approx(values.var(), rel=1e-12)
    history = net().fit(X[:10], np.ones(10), steps=1)
    assert history.chance_loss == 0
    assert history.table().rows
    history = net(layers=(2, 3)).fit(X[:6], [0, 0, 1, 1, 2, 2], steps=1)
    assert history.chance_loss == pytest.approx(np.log(3), rel=1e-12)


def test_divergence_is_a_result() -> None:
    wide = il.Network([2, 4, 1], "relu", "mse").initialize("he_normal", rng=0)
    history = wide.fit(X, Y, optimizer=il.SGD(1e6), steps=500, record=1)
    assert history.diverged_at == history.steps_done
    assert 0 < history.steps_done < 500
    assert all(np.isfinite(w).all() for w in wide.weights)
    assert f"diverged at step {history.diverged_at}" in repr(history)
    json.dumps(history.to_dict(), allow_nan=False)


# ---- callback, progress, order ---------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 64])
def test_callback_changes_no_bits(batch_size: int | None) -> None:
    seen: list[tuple[int, float]] = []
    watched, plain = net(), net()
    history = watched.fit(
        X,
        Y,
        steps=25,
        record=10,
        batch_size=batch_size,
        callback=lambda step, now: seen.append((step, now.loss(X, Y))),
    )
    expected = plain.fit(X, Y, steps=25, record=10, batch_size=batch_size)
    assert_same(history, expected)
    assert [step for step, _ in seen] == [10, 20, 25]
    assert seen[-1][1] == plain.loss(X, Y)
    for ours, theirs in zip(watched.weights, plain.weights, strict=True):
        assert np.array_equal(ours, theirs)


def test_callback_stops() -> None:
    watched = net()
    history = watched.fit(X, Y, steps=50, record=10, callback=lambda step, _: step >= 20)
    assert history.stopped
    assert history.steps_done == 20
    assert history.steps.tolist() == [0, 10, 20]
    plain = net()
    plain.fit(X, Y, steps=20)
    assert np.array_equal(watched.weights[0], plain.weights[0])


def test_callback_without_record() -> None:
    seen: list[int] = []
    history = net().fit(X, Y, steps=300, record=0, callback=lambda step, _: seen.append(step))
    assert seen == list(range(3, 301, 3))
    assert history.steps.size == 0


def test_an_error_in_the_callback_comes_out() -> None:
    def fail(step: int, now: il.Network) -> None:
        raise LookupError(step)

    with pytest.raises(LookupError, match="5"):
        net().fit(X, Y, steps=10, record=5, callback=fail)


def test_progress_function() -> None:
    seen: list[tuple[int, int]] = []
    net().fit(
        X,
        Y,
        steps=30_000,
        record=15_000,
        callback=lambda *_: None,  # two pieces
        progress=lambda done, total: seen.append((done, total)),
    )
    done = [pair[0] for pair in seen]
    assert done == sorted(done)
    assert seen[-1] == (30_000, 30_000)


def test_progress_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    net().fit(X, Y, steps=40, record=10, callback=lambda *_: None, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["25", "50", "75", "100"]
    assert "20 of 40 steps" in lines[1]


def test_another_order_of_minibatches() -> None:
    def train(*calls: int, rng: Any) -> np.ndarray[Any, Any]:
        trained = net()
        for steps in calls:
            trained.fit(X, Y, steps=steps, batch_size=64, record=0, rng=rng)
        return trained.weights[0].copy()

    own = train(20, rng=None)
    assert not np.array_equal(train(20, rng=5), own)
    assert np.array_equal(train(20, rng=3), own)  # the net's own seed
    assert np.array_equal(train(7, 13, rng=5), train(20, rng=5))


def test_another_order_starts_at_its_beginning() -> None:
    midway, fresh = net(), il.Network([2, 4, 3, 1])
    midway.fit(X, Y, steps=9, batch_size=64, record=0)  # in the second epoch
    fresh.initialize("zeros", rng=5)
    for ours, theirs in zip(
        [*fresh.weights, *fresh.biases], [*midway.weights, *midway.biases], strict=True
    ):
        ours[...] = theirs
    midway.fit(X, Y, steps=20, batch_size=64, rng=5)
    fresh.fit(X, Y, steps=20, batch_size=64)
    assert np.array_equal(midway.weights[0], fresh.weights[0])


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"callback": 3}, TypeError, "callback"),
        ({"progress": 3}, TypeError, "progress"),
        ({"record": -1}, ValueError, "record"),
        ({"record": 1.5}, TypeError, "record"),
        ({"rng": np.random.RandomState(0)}, TypeError, "rng"),
        ({"rng": -1}, ValueError, "rng"),
        ({"rng": 5, "progress": "yes"}, TypeError, "progress"),
        ({"rng": 5, "record": 2**70}, ValueError, "record must be at most"),
        ({"rng": 5, "steps": 2**70}, ValueError, "steps must be at most"),
        ({"rng": 5, "batch_size": 2**70}, ValueError, "batch_size must be at most"),
        ({"optimizer": "sgdd(1)"}, ValueError, "optimizer"),
        ({"rng": 5, "X": X[:, :1]}, ValueError, "X"),
    ],
)
def test_bad_arguments_change_nothing(
    arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    untouched = net()
    before = untouched._get_progress(), untouched.weights[0].copy()
    with pytest.raises(error, match=match):
        untouched.fit(**({"X": X, "y": Y, "steps": 3, "batch_size": 7} | arguments))
    assert untouched._get_progress() == before[0]
    assert np.array_equal(untouched.weights[0], before[1])


@pytest.mark.parametrize(
    "arguments", [{"X": X * np.nan}, {"progress": "yes"}, {"record": 2**70}, {"n_jobs": 0}]
)
def test_a_refused_fit_leaves_the_generator_alone(arguments: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    with pytest.raises((TypeError, ValueError)):
        net().fit(**({"X": X, "y": Y, "steps": 3, "rng": rng} | arguments))
    assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state


# ---- how it shows itself ---------------------------------------------------------------------


def test_rows_of_the_table_are_checked() -> None:
    history = net().fit(X, Y, steps=1)
    assert history.table().title.startswith("1 step · ")
    with pytest.raises(ValueError, match="rows must be at least 0, got -1"):
        history.table(-1)


def test_table_repr_and_html() -> None:
    history = net().fit(X, Y, steps=1000)
    table = history.table(rows=5)
    assert [row[0] for row in table.rows] == ["0", "250", "500", "750", "1,000"]
    assert table.rows[0][2] == "4/4"
    assert repr(history).startswith("1,000 steps · loss at chance 0.693")
    html = history._repr_html_()
    for cell in history.table().rows[-1]:
        assert cell in repr(history)
        assert f">{cell}<" in html


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(5, 3, [0, 2, 4]), (3, 12, [0, 1, 2]), (1, 4, [0]), (0, 4, []), (1000, 3, [0, 500, 999])],
)
def test_rows_lie_evenly(count: int, most: int, expected: list[int]) -> None:
    assert evenly(count, most) == expected


def test_table_says_what_is_not_there() -> None:
    assert net().fit(X, Y, steps=3, record=0).table().rows == ()
    row = net(layers=(2, 1)).fit(X, Y, steps=3).table().rows[0]
    assert row[2:4] == ("-", "-")


def test_table_shows_the_worst_hidden_layer() -> None:
    twins = il.Network([2, 4, 3, 1]).initialize(["normal", "ones", "ones"], rng=0)
    history = twins.fit(X, Y, steps=2)
    assert history.worst_units(0) == (1, 3)
    assert history.table().rows[0][2] == "1/3"


def test_to_dict_is_json() -> None:
    history = net(layers=(2, 1)).fit(X, Y, steps=10, record=5)
    content = json.loads(json.dumps(history.to_dict(), allow_nan=False))
    assert content["steps"] == [0, 5, 10]
    assert content["loss"] == history.loss.tolist()
    assert content["saturated"] == [[None]] * 3 or np.isfinite(history.saturated).all()
    assert content["widths"] == [1]


def test_to_frame_has_a_row_a_step_and_layer() -> None:
    pytest.importorskip("pandas")
    history = net().fit(X, Y, steps=10, record=5)
    frame = history.to_frame()
    assert list(frame.columns) == ["step", "loss", "layer", *LAYER_FIELDS]
    assert len(frame) == 3 * 3
    row = frame[(frame.step == 5) & (frame.layer == 2)].iloc[0]
    assert row.weight_norm == history.weight_norm[1, 1]
    assert row.loss == history.loss[1]


def test_to_frame_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        net().fit(X, Y, steps=1).to_frame()
