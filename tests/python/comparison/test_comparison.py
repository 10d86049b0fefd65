"""compare: the same seeds, data and order for every scheme; what its table says is true."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens.comparison import LECTURE_SCHEMES
from initlens.comparison.call import compare_call
from initlens.comparison.outcomes import common_outcome, outcome_of
from initlens.comparison.pieces import piece_lengths
from initlens.comparison.problem import layers_text

FLOWER = il.datasets.flower()
X, Y = FLOWER.X, FLOWER.y


def short(schemes: Any = ("zeros", "he_normal"), **arguments: Any) -> il.Comparison:
    return il.compare(schemes, **({"steps": 60, "seeds": 3, "n_jobs": 1} | arguments))


def notes_but_answers(result: il.Comparison) -> tuple[str, ...]:
    """Notes of the table, without that on verdicts at the start."""
    return tuple(n for n in result.table().notes if not n.startswith("Verdict at the start"))


# ---- what is trained -------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [None, 64])
def test_each_run_is_a_network_of_its_seed(batch_size: int | None) -> None:
    result = short(["normal(0.5)", "he_normal"], batch_size=batch_size, seeds=[4, 9])
    assert [(run.scheme, run.seed) for run in result.runs] == [
        ("normal(0.5)", 4),
        ("normal(0.5)", 9),
        ("he_normal", 4),
        ("he_normal", 9),
    ]
    for run in result.runs:
        net = il.Network([2, 4, 1]).initialize(run.scheme, rng=run.seed)
        assert run.first_loss == net.loss(X, Y)
        assert run.distinct_start == (4, 4)
        history = net.fit(X, Y, optimizer=il.SGD(1.2), steps=60, batch_size=batch_size)
        assert np.array_equal(run.history.loss, history.loss)
        assert run.final_loss == net.loss(X, Y)
        assert run.accuracy == net.accuracy(X, Y)
        assert run.saturated_start == history.saturated[0, 0]
        assert run.chance_loss == pytest.approx(np.log(2), rel=1e-12)
        assert run.steps == 60


def test_schemes_share_their_random_numbers() -> None:
    one = il.Network([2, 4, 1]).initialize("normal(1)", rng=2)
    result = short({"a": "normal(1)", "b": "normal(2)", "again": "normal(1)"}, steps=0, seeds=[2])
    a, b, again = result.runs
    assert a.first_loss == again.first_loss == one.loss(X, Y)
    for layer in (0, 1):
        one.weights[layer][...] *= 2
    assert b.first_loss == pytest.approx(one.loss(X, Y), rel=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd(1.2)", "sgd(1e-6)", "adam(0.01)"])
@pytest.mark.parametrize("batch_size", [None, 32])
def test_the_answer_is_that_of_diagnose(optimizer: str, batch_size: int | None) -> None:
    schemes = ["zeros", "normal(0.01)", "normal(100)", "he_normal"]
    result = short(schemes, optimizer=optimizer, batch_size=batch_size)
    for run in result.runs:
        net = il.Network([2, 4, 1]).initialize(run.scheme, rng=run.seed)
        settings: dict[str, Any] = {"optimizer": optimizer, "steps": 60, "batch_size": batch_size}
        assert run.answer == il.diagnose(net, X, Y, **settings).answer
    assert {run.answer for run in result.runs} >= {"error"}
    assert result._columns()["answer"] == [run.answer for run in result.runs]
    with pytest.raises(ValueError, match="measure"):
        result.values("answer")


def test_the_note_holds_answers_against_outcomes() -> None:
    result = short({"a": "zeros", "b": "he_normal"}, seeds=2)
    ends = [("error", "learned"), ("error", "stuck"), ("healthy", "learned"), ("error", "learned")]
    runs = [
        dataclasses.replace(run, answer=answer, outcome=outcome)
        for run, (answer, outcome) in zip(result.runs, ends, strict=True)
    ]
    note = dataclasses.replace(result, runs=tuple(runs)).table().notes[-1]
    assert note == (
        "Verdict at the start: error for a and b (2 of 3 learned); healthy for b (1 of 1 learned)."
    )
    unasked = tuple(dataclasses.replace(run, answer="") for run in runs)
    note = dataclasses.replace(result, runs=(*runs[:1], *unasked[1:])).table().notes[-1]
    assert note == "Verdict at the start of 1 run: error for a (1 of 1 learned)."
    assert "Verdict" not in str(dataclasses.replace(result, runs=unasked))


def test_many_runs_are_not_all_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first seeds of every scheme are; and the runs are the same bit for bit."""
    whole = short(["normal(1)", "he_normal"], seeds=5)
    monkeypatch.setattr("initlens.comparison.plan.MOST_JUDGED", 5)
    some = short(["normal(1)", "he_normal"], seeds=5)
    assert [bool(run.answer) for run in some.runs] == [True, True, False, False, False] * 2
    for run, expected in zip(some.runs, whole.runs, strict=True):
        assert run.to_dict() | {"answer": ""} == expected.to_dict() | {"answer": ""}
        assert run.history.loss.tobytes() == expected.history.loss.tobytes()


def test_same_bits_for_any_number_of_threads() -> None:
    results = [
        short(["normal(1)", "glorot_uniform"], n_jobs=jobs, batch_size=32, dtype="float32")
        for jobs in (1, 2, 5)
    ]
    for result in results[1:]:
        for run, expected in zip(result.runs, results[0].runs, strict=True):
            assert run.to_dict() == expected.to_dict()
            assert np.array_equal(run.history.loss, expected.history.loss)


def test_defaults_are_the_lectures() -> None:
    result = il.compare(steps=50, seeds=1)
    assert tuple(result.schemes) == LECTURE_SCHEMES
    assert result.settings == il.Network([2, 4, 1], "tanh", "binary_cross_entropy").settings
    assert result.optimizer == il.SGD(1.2)
    assert result.data["name"] == "flower"
    signature = il.compare.__kwdefaults__
    assert signature["steps"] == 10_000
    assert signature["seeds"] == range(12)


def test_default_layers_fit_the_data() -> None:
    assert short(data="blobs").settings.layers == (2, 4, 3)
    assert short(data="blobs").settings.loss == "cross_entropy"
    assert short(data=(X, X @ [1.0, 2.0]), loss="mse").settings.layers == (2, 4, 1)
    assert short(data="moons", loss="cross_entropy").settings.layers == (2, 4, 2)


def test_held_out_samples() -> None:
    result = short(["he_normal"], test=(X[::3], Y[::3]))
    for run in result.runs:
        net = il.Network([2, 4, 1]).initialize("he_normal", rng=run.seed)
        net.fit(X, Y, steps=60)
        assert run.test_accuracy == net.accuracy(X[::3], Y[::3])
    assert "test accuracy" in repr(result)
    assert "test accuracy" not in repr(short(["he_normal"]))


def test_held_out_samples_of_a_dataset() -> None:
    data = il.datasets.Dataset("mine", X, Y, 2, X[:10], Y[:10])
    (run,) = short(["he_normal"], data=data, seeds=1).runs
    assert run.test_accuracy in [count / 10 for count in range(11)]


def test_schemes_of_ones_own() -> None:
    shapes = []

    def mine(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        shapes.append(shape)
        return rng.standard_normal(shape)

    result = short({"<mine>": mine, "he": il.initializers.get("he_normal")}, seeds=2)
    assert list(result.schemes) == ["<mine>", "he"]
    assert shapes == [(2, 4), (4, 1)] * 2
    first, second = result.of("<mine>")
    assert first.first_loss != second.first_loss
    assert "&lt;mine&gt;" in result._repr_html_()
    assert "<mine>" not in result._repr_html_()
    assert list(short(mine, seeds=1).schemes) == ["mine"]


# ---- outcomes and sentences ------------------------------------------------------------------


def test_outcomes_of_the_lecture() -> None:
    result = il.compare(["zeros", "constant(0.5)", "he_normal"], steps=1500, seeds=[0, 1])
    outcomes = {label: {run.outcome for run in result.of(label)} for label in result.schemes}
    assert outcomes == {
        "zeros": {"stuck: every weight gradient is zero"},
        "constant(0.5)": {"one unit, copied 4 times"},
        "he_normal": {"learned"},
    }
    assert {run.distinct_end for run in result.of("constant(0.5)")} == {(1, 4)}
    table = result.table()
    assert [row[1] for row in table.rows] == ["1/4 -> 1/4", "1/4 -> 1/4", "4/4 -> 4/4"]
    assert table.notes[0] == (
        "Units that start equal stay equal: zeros and constant(0.5) still have 1 distinct unit of "
        "4 after 1,500 steps."
    )


def test_an_outcome_without_weight_gradients_says_where_the_loss_went() -> None:
    """The output bias alone moves: at a rate above 2 / curvature away from the minimum."""
    words = {}
    for rate in (0.1, 1.2):
        result = il.compare("zeros", loss="mse", optimizer=il.SGD(rate), steps=5, seeds=2)
        assert all((run.final_loss > run.first_loss) == (rate > 1) for run in result.runs)
        words[rate] = {run.outcome for run in result.runs}
    assert words == {
        0.1: {"stuck: every weight gradient is zero"},
        1.2: {"loss rose: every weight gradient is zero"},
    }


def test_no_sentence_that_is_not_true() -> None:
    result = short(["he_normal", "glorot_uniform"])
    learned = [run for run in result.runs if run.outcome == "learned"]
    assert len(notes_but_answers(result)) == bool(learned)


def test_saturation_is_said_of_what_is_saturated() -> None:
    result = short(["normal(0.01)", "normal(1000)"], seeds=2)
    small, large = (np.median([r.saturated_start for r in result.of(s)]) for s in result.schemes)
    assert small == 0
    assert large > 0.95
    (note,) = notes_but_answers(result)
    assert note == (
        f"Saturation: normal(1000) starts with {100 * large:.0f} % of tanh outputs on the flat "
        "part."
    )
    assert {run.outcome.partition(":")[0] for run in result.of("normal(1000)")} == {"saturated"}


def test_a_rectifier_is_not_called_saturated() -> None:
    result = short(["zeros"], activation="relu")
    assert result.table().rows[0][2] == "1.00"
    assert not any("Saturation" in note for note in result.table().notes)


def test_each_uneven_scheme_has_its_own_range() -> None:
    result = short({"a": "normal(1)", "b": "he_normal"}, seeds=3)
    ends = [0.24, 0.50, 0.50, 0.60, 0.74, 0.74]
    runs = [
        dataclasses.replace(run, accuracy=end, outcome="learned")
        for run, end in zip(result.runs, ends, strict=True)
    ]
    assert notes_but_answers(dataclasses.replace(result, runs=tuple(runs)))[:-1] == (
        "Some seeds of a (24 % against 50 %) and b (60 % against 74 %) end far below others: look "
        "at the spread, not at one run.",
    )


def test_divergence_says_the_step() -> None:
    result = short(
        ["he_normal"],
        data=(X, Y * 1.0),
        loss="mse",
        activation="relu",
        optimizer=il.SGD(1e6),
        seeds=[0],
    )
    (run,) = result.runs
    assert run.diverged_at == run.steps < 60
    assert run.outcome == f"diverged at step {run.diverged_at}"
    assert result.table().rows[0][-1] == run.outcome
    json.dumps(result.to_dict(histories=True), allow_nan=False)


def test_a_loss_that_explodes_is_not_called_stuck() -> None:
    """At the lecture's learning rate the squared error of every net grows without bound."""
    result = il.compare(["zeros", "normal(1)"], loss="mse", steps=200, seeds=3)
    assert all(run.final_loss > 1e50 for run in result.runs)
    assert [row[-1] for row in result.table().rows] == ["diverges: the loss grows"] * 2


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        # (final loss, outcome) of each run; the outcome of the row
        ([(0.1, "a"), (0.2, "b"), (0.3, "c")], "b (1 of 3 seeds)"),
        ([(0.9, "c"), (0.2, "b"), (0.1, "a"), (0.8, "d"), (0.3, "d")], "d (2 of 5 seeds)"),
        ([(0.1, "a"), (0.2, "a"), (0.5, "b"), (0.7, "c"), (0.8, "c")], "a (2 of 5 seeds)"),
        ([(0.8, "a"), (0.7, "a"), (0.5, "c"), (0.2, "c"), (np.nan, "b")], "a (2 of 5 seeds)"),
        ([(0.1, "a"), (0.9, "a")], "a"),
    ],
)
def test_the_outcome_of_a_row(ends: list[tuple[float, str]], expected: str) -> None:
    (run,) = short("zeros", seeds=1).runs
    runs = [dataclasses.replace(run, final_loss=loss, outcome=text) for loss, text in ends]
    assert common_outcome(runs) == expected


@pytest.mark.parametrize(
    ("first", "earlier", "final", "saturated", "expected"),
    [
        (1.0, 1.0, 0.5, 0.0, "learned"),
        (1.0, 1.0, 0.8, 0.0, "learned"),
        (1.0, 0.9, 0.9, 0.0, "stuck near chance"),
        (1.0, 0.9, 0.9, 0.9, "saturated: stuck near chance"),
        (5.0, 5.0, 5.0, 0.0, "stuck above chance"),
        (1.0, 1.0, 0.9, 0.0, "learns slowly"),
        (9.0, 5.01, 5.0, 0.9, "saturated: learns slowly"),
        (9.0, 5.004, 5.0, 0.0, "stuck above chance"),
        (5.0, 7.0, 6.0, 0.0, "loss rose"),
        (1.0, None, 0.9, 0.0, "near chance"),
        (5.0, None, 5.0, 0.0, "above chance"),
        (1.0, 1.0, float("inf"), 0.0, "diverged"),
        (1.0, 1.0, 1001.0, 0.0, "diverges: the loss grows"),
        (1.0, 1.0, 999.0, 0.0, "loss rose"),
        (5000.0, 4000.0, 4000.0, 0.0, "stuck above chance"),
    ],
)
def test_words_of_an_outcome(
    first: float, earlier: float | None, final: float, saturated: float, expected: str
) -> None:
    found = outcome_of(
        first,
        final,
        chance_loss=1.0,
        earlier_loss=earlier,
        diverged_at=None,
        weights_move=True,
        distinct_end=(4, 4),
        hidden_layers=1,
        saturated_start=saturated,
    )
    assert found == expected


# Nets that learn, stay, move on, blow up; each is told so whatever is recorded.
RUNS: dict[str, dict[str, Any]] = {
    "zeros": {"schemes": ["zeros"]},
    "lecture": {"schemes": ["constant(0.5)", "he_normal", "normal(1000)", "normal(0.001)"]},
    "batches": {"schemes": ["he_normal", "zeros"], "batch_size": 32, "steps": 50},
    "deep": {"schemes": ["normal(0.5)", "torch_linear"], "layers": [2, 8, 8, 8, 1]},
    "momentum": {"schemes": ["normal(0.01)"], "optimizer": "sgd(0.01, momentum=0.9)"},
    "diverging": {"schemes": ["normal(1)"], "loss": "mse", "activation": "relu",
                  "optimizer": "sgd(40)"},
    "short": {"schemes": ["he_normal"], "steps": 4},
    "none": {"schemes": ["he_normal", "zeros"], "steps": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_an_outcome_does_not_depend_on_the_record(name: str) -> None:
    """Neither does anything else of a run; the record is what one call of fit would give."""
    settings = {"steps": 97, "seeds": 3, **RUNS[name]}
    steps = settings["steps"]
    default = il.compare(**settings)
    for record in (0, 1, 3, 7, 19, 20, 50, 1_000):
        result = il.compare(**settings, record=record)
        for run, other in zip(result.runs, default.runs, strict=True):
            assert run.outcome == other.outcome
            plain = [{**r.to_dict(), "elapsed": None} for r in (run, other)]
            assert plain[0] == plain[1]
            net = il.Network(result.settings.layers, result.settings.activation,
                             result.settings.loss)  # fmt: skip
            net.initialize(result.schemes[run.scheme], rng=run.seed)
            history = net.fit(*result._samples, optimizer=result.optimizer, steps=steps,
                              batch_size=result.batch_size, record=record)  # fmt: skip
            assert run.history.to_dict() == history.to_dict()


def test_pieces_of_a_training() -> None:
    assert piece_lengths(100, 80, 0) == [80, 20]
    assert piece_lengths(100, 80, 20) == [80, 20]
    assert piece_lengths(100, 80, 7) == [80, 4, 16]
    assert piece_lengths(100, 80, 50) == [80, 20]  # one row more, that of the end
    assert piece_lengths(4, None, 1) == [4]
    assert sum(piece_lengths(97, 78, 19)) == 97


def test_zeros_are_stuck_with_and_without_a_record() -> None:
    for record in (0, None):
        (run,) = il.compare(["zeros"], record=record, steps=20, seeds=1).runs
        assert run.outcome == "stuck: every weight gradient is zero"
        assert run.saturated_start == 0.0


def test_the_table_and_the_page_say_what_learned_means(tmp_path: Path) -> None:
    said = "learned: the last loss is at most 0.8 times that of the best constant guess."
    result = il.compare(["he_normal"], steps=1500, seeds=2)
    assert {run.outcome for run in result.runs} == {"learned"}
    assert notes_but_answers(result)[-1] == said
    assert said in result.to_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert il.compare(["zeros"], steps=5, seeds=1).table().notes[-1] != said


def test_no_words_about_units_without_a_hidden_layer() -> None:
    result = short(["zeros", "normal"], layers=[2, 1])
    for run, row in zip(result.runs[::3], result.table().rows, strict=True):
        assert run.distinct_start is run.distinct_end is None
        assert np.isnan(run.saturated_start)
        assert row[1:3] == ("-", "-")
    assert "no hidden layer" in repr(result)
    assert "copied" not in repr(result)


def test_no_accuracy_for_regression() -> None:
    result = short(["he_normal"], data=(X, X @ [1.0, 2.0]), loss="mse")
    assert all(np.isnan(run.accuracy) for run in result.runs)
    assert result.table().rows[0][5] == "-"
    assert "classes" not in result.table().title


def test_the_worst_hidden_layer_counts() -> None:
    def copies(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return np.ones(shape) if 3 in shape else rng.random(shape)

    (run,) = short(copies, layers=[2, 5, 3, 1], seeds=1).runs
    assert run.distinct_start == (1, 3)
    (run,) = short(["ones"], layers=[2, 5, 3, 1], seeds=1).runs
    assert run.distinct_start == (1, 5)
    assert run.outcome == "a layer of one unit, copied 5 times"


def test_range_only_where_there_is_one() -> None:
    row = short(["normal(1)"], seeds=3, steps=200).table().rows[0]
    assert "[" in row[4]
    assert "[" not in short(["normal(1)"], seeds=1).table().rows[0][4]


def test_title_names_the_settings() -> None:
    title = short(["he_normal"], seeds=[2, 3, 4], batch_size=32).table().title
    assert title.startswith(
        "flower data (400 points, 2 classes) · 2-4-1 tanh · SGD, learning rate 1.2, 60 steps, "
        "batches of 32 · seeds 2-4 · "
    )
    assert "5 seeds" in short(["zeros"], seeds=[1, 2, 3, 4, 7], steps=1).table().title
    one = short(["zeros"], batch_size=1000, seeds=1, steps=1)
    assert ", batches of 400 · " in one.table().title


def test_seeds_far_apart_are_not_counted_through() -> None:
    result = short(["zeros"], seeds=[3, 7, 2**80], steps=1)
    assert " · 3 seeds · " in result.table().title
    assert f"seeds=[3, 7, {2**80}]," in compare_call(result).source
    with pytest.raises(ValueError, match="seed 4 is not of the comparison: 3 seeds"):
        result.network("zeros", seed=4)


def test_layers_text() -> None:
    assert layers_text([2, 4, 1]) == "2-4-1"
    assert layers_text([2, 8, 8, 1]) == "2-8-8-1"
    assert layers_text([64, *[32] * 20, 10]) == "64-32x20-10"
    assert layers_text([8] * 6) == "8-8x5"


# ---- data of the result ----------------------------------------------------------------------


def test_to_dict_is_the_whole_recipe() -> None:
    result = short(optimizer=il.Adam(0.01), batch_size=16, dtype="float32")
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content["optimizer"] == il.Adam(0.01).to_dict()
    assert content["layers"] == [2, 4, 1]
    assert (content["steps"], content["batch_size"], content["dtype"]) == (60, 16, "float32")
    assert content["schemes"] == {"zeros": "zeros", "he_normal": "he_normal"}
    assert content["seeds"] == [0, 1, 2]
    assert content["versions"]["numerics_version"] == il.NUMERICS_VERSION
    assert len(content["runs"]) == 6
    assert content["runs"][3]["final_loss"] == result.runs[3].final_loss
    assert content["runs"][3]["test_accuracy"] is None
    assert "history" not in content["runs"][0]
    full = result.to_dict(histories=True)
    assert full["runs"][0]["history"]["steps"] == list(range(61))


def test_data_hash_tells_data_apart() -> None:
    one, same, other = (
        short("zeros", data=data, seeds=1, steps=1).data["sha256"]
        for data in ("flower", (X, Y), (X + 1e-12, Y))
    )
    assert one == same != other


def test_to_frame_has_a_row_a_run() -> None:
    pytest.importorskip("pandas")
    result = short()
    frame = result.to_frame()
    assert len(frame) == 6
    assert list(frame.columns[:4]) == ["scheme", "seed", "first_loss", "final_loss"]
    medians = frame.groupby("scheme").final_loss.median()
    assert medians["he_normal"] == np.median([run.final_loss for run in result.of("he_normal")])
    assert frame[["distinct_end", "units_end"]].to_numpy()[0].tolist() == [1, 4]


def test_values_are_those_of_the_runs() -> None:
    result = short(["zeros", "he_normal"], seeds=[7, 2, 5], layers=[2, 5, 3, 1])
    for measure in ("first_loss", "final_loss", "accuracy", "saturated_start", "steps"):
        values = result.values(measure)
        assert list(values) == ["zeros", "he_normal"]
        for label, array in values.items():
            assert array.dtype == np.float64
            assert array.tolist() == [getattr(run, measure) for run in result.of(label)]
    assert result.values("distinct_end")["zeros"].tolist() == [1, 1, 1]
    assert result.values("units_end")["zeros"].tolist() == [5, 5, 5]


def test_values_that_do_not_apply_are_not_a_number() -> None:
    result = short("he_normal", layers=[2, 1])
    for measure in ("distinct_start", "units_end", "diverged_at", "test_accuracy"):
        assert np.isnan(result.values(measure)["he_normal"]).tolist() == [True] * 3


def test_values_of_an_interrupted_comparison_are_of_what_had_finished() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    result = short({f"s{i}": "normal(1)" for i in range(40)}, seeds=9, progress=stop)
    assert result.interrupted
    for label, losses in result.values("final_loss").items():
        assert losses.tolist() == [run.final_loss for run in result.of(label)]


@pytest.mark.parametrize(
    ("measure", "error", "match"),
    [
        ("final_los", ValueError, "'final_los'. Did you mean 'final_loss'.*Valid: accuracy, ch"),
        ("outcome", ValueError, "unknown measure 'outcome'"),
        ("history", ValueError, "unknown measure 'history'"),
        (None, TypeError, "measure must be one of .*final_loss"),
    ],
)
def test_values_refuse(measure: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        short(steps=0, seeds=1).values(measure)


def test_a_run_is_one_line() -> None:
    (run,) = short("he_normal", seeds=1).runs
    text = repr(run)
    assert "\n" not in text
    assert text.startswith("Run(scheme='he_normal', seed=0, first_loss=")
    assert f"outcome={run.outcome!r}" in text
    assert dataclasses.replace(run, seed=1).history is run.history


def test_one_step_is_no_plural() -> None:
    text = repr(short(["zeros"], steps=1))
    assert ", 1 step · " in text
    assert "after 1 step.\n" in text


def test_html_holds_the_cells_of_the_text() -> None:
    result = short()
    html = result._repr_html_()
    for row in result.table().rows:
        for cell in row:
            assert cell in repr(result)
            assert f">{cell.replace('>', '&gt;')}<" in html


# ---- a net trained again -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"batch_size": 64, "optimizer": il.Adam(0.01)},
        {"dtype": "float32", "layers": [2, 5, 3, 1], "activation": ["relu", "tanh"]},
        {"data": "blobs", "optimizer": "sgd(0.5, momentum=0.9)"},
    ],
)
def test_network_has_the_bits_of_its_run(arguments: dict[str, Any]) -> None:
    schemes = {"a": "normal(0.5)", "b": lambda shape, rng: rng.normal(0, 0.3, shape), "c": "lsuv"}
    result = short(schemes, seeds=[4, 9], **arguments)
    X, y = result._samples
    for run in result.runs:
        net = result.network(run.scheme, run.seed)
        assert net.settings == result.settings
        assert net.loss(X, y) == run.final_loss
        assert result.network(run.scheme, run.seed, steps=0).loss(X, y) == run.first_loss
        assert net.accuracy(X, y) == run.accuracy
    half = result.network("a", 4, steps=30)
    half.fit(X, y, optimizer=result.optimizer, steps=30, batch_size=result.batch_size)
    assert np.array_equal(half.weights[0], result.network("a", 4).weights[0])


def test_network_of_the_median_run() -> None:
    result = short("normal(1)", seeds=5)
    (median,) = [run for run in result.runs if run.final_loss == sorted_losses(result)[2]]
    net = result.network("normal(1)")
    assert net.seed == median.seed
    assert net.loss(X, Y) == median.final_loss
    even = short("normal(1)", seeds=4)
    assert even.network("normal(1)").loss(X, Y) == sorted_losses(even)[1]


def sorted_losses(result: il.Comparison) -> list[float]:
    return sorted(run.final_loss for run in result.runs)


def test_a_diverged_run_is_no_median() -> None:
    result = short("normal(1)", seeds=3)
    ends = [float("nan"), 0.3, 0.2]
    runs = [
        dataclasses.replace(run, final_loss=end) for run, end in zip(result.runs, ends, strict=True)
    ]
    assert dataclasses.replace(result, runs=tuple(runs)).network("normal(1)").seed == 1


def test_network_of_changed_data() -> None:
    data = X.copy()
    result = short(data=(data, Y))
    result.network("zeros")
    data[0, 0] += 1
    with pytest.raises(ValueError, match="have changed since the comparison"):
        result.network("zeros")


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"scheme": "he_norml"}, ValueError, "Did you mean 'he_normal'"),
        ({"scheme": "zeros", "seed": 7}, ValueError, "seed 7 is not of the comparison: seeds 0-2"),
        ({"scheme": "zeros", "seed": 1.5}, TypeError, "seed"),
        ({"scheme": "zeros", "steps": -1}, ValueError, "steps must be at least 0"),
    ],
)
def test_network_refuses(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        short().network(**arguments)


def test_outcome_of_most_runs() -> None:
    result = short()
    for row in result.table().rows:
        assert result.outcome(row[0]) == row[-1]
    none = dataclasses.replace(result, runs=result.of("zeros"))
    assert none.outcome("he_normal") == "-"
    with pytest.raises(ValueError, match="no net of 'he_normal' had finished"):
        none.network("he_normal")


# ---- stopping --------------------------------------------------------------------------------


def test_interrupt_keeps_what_is_finished() -> None:
    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    result = short(["normal(1)", "he_normal"], seeds=50, progress=stop)
    assert result.interrupted
    assert 2 <= len(result.runs) < 100
    assert "interrupted" in result.table().title
    # Some seeds of every scheme, and how many.
    table = result.table()
    counts = [len(result.of(label)) for label in result.schemes]
    assert min(counts) >= 1
    assert max(counts) - min(counts) <= 1
    assert table.columns[1] == "seeds"
    assert [row[1] for row in table.rows] == [f"{count} of 50" for count in counts]
    assert [run.scheme for run in result.runs] == ["normal(1)"] * counts[0] + ["he_normal"] * (
        counts[1]
    )
    expected = short(["normal(1)"], seeds=1).runs[0]
    assert result.runs[0].final_loss == expected.final_loss


@pytest.mark.skipif(os.name == "nt", reason="os.kill cannot send SIGINT there")
def test_ctrl_c_before_the_first_net_has_finished() -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        il.compare(["he_normal"], steps=10**12, record=10**12, seeds=3)
    timer.join()


def test_an_error_in_a_scheme_comes_out() -> None:
    def fail(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        short({"ok": "zeros", "bad": fail}, n_jobs=2)


def test_progress_counts_nets() -> None:
    seen: list[tuple[int, int]] = []
    short(progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (6, 6)


# ---- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"schemes": []}, ValueError, "schemes is empty; give one"),
        ({"schemes": ["he_norml"]}, ValueError, "he_normal"),
        ({"schemes": ["he_normal", "kaiming_normal"]}, ValueError, "he_normal twice"),
        ({"schemes": 3}, TypeError, "schemes must be a list or a dict of schemes, got 3"),
        ({"schemes": {"zeros"}}, TypeError, "schemes must be a list or a dict"),
        (
            {"schemes": np.array(["zeros"])},
            TypeError,
            r"schemes must be .*, got array\(\['zeros'\]",
        ),
        ({"schemes": (name for name in ["zeros"])}, TypeError, "schemes must be a list or a dict"),
        (
            {"schemes": {1: "zeros", "1": "he_normal"}},
            TypeError,
            "labels of schemes must be text, got 1; write '1'",
        ),
        ({"seeds": []}, ValueError, "seeds is empty; give how many"),
        ({"seeds": 0}, ValueError, "seeds"),
        ({"seeds": [4, 7, 7]}, ValueError, "seeds holds 7 twice"),
        ({"seeds": [4, -1]}, ValueError, r"seeds\[1\] must be at least 0, got -1"),
        ({"seeds": [4, 5, True]}, TypeError, r"seeds\[2\] must be an integer, got True"),
        ({"seeds": 10**12}, ValueError, "seeds must be at most 1,000,000, got 1000000000000"),
        ({"seeds": "12"}, TypeError, "seeds must be an integer, got '12'"),
        ({"seeds": np.array([[3, 5]])}, TypeError, r"seeds\[0\] must be an integer, got array"),
        ({"seeds": range(3, 10**30)}, ValueError, "seeds must be at most 1,000,000"),
        ({"seeds": 1.5}, TypeError, "seeds"),
        ({"data": "flowr"}, ValueError, "flower"),
        ({"data": X}, TypeError, "data"),
        ({"data": (X, Y, Y)}, TypeError, r"data must be .* pair \(X, y\), got a tuple of 3"),
        ({"data": (X,)}, TypeError, "got a tuple of 1"),
        ({"data": ([[1, 2], [3]], [0, 1])}, ValueError, "X cannot be made an array"),
        ({"data": (X, Y + 1)}, ValueError, r"2 classes from 1 to 2 and no 0; .*np\.unique"),
        ({"data": (X, 1 + np.arange(400) % 3)}, ValueError, r"from 1 to 3 and no 0; .*np\.unique"),
        ({"data": (X, 10**9 * Y)}, ValueError, r"no 1; .*np\.unique.*regression use loss='mse'"),
        (
            {"data": (X, 1e12 * X[:, 0])},
            ValueError,
            "y must hold whole numbers, one a class, got .*; for regression use loss='mse'",
        ),
        ({"data": (X, np.where(Y, "a", "b"))}, TypeError, r"y must .*np\.unique"),
        ({"data": (X[:10], Y)}, ValueError, "rows"),
        ({"data": (X * np.nan, Y)}, ValueError, "NaN|finite"),
        ({"data": (X.ravel(), Y)}, ValueError, "shape"),
        ({"layers": [3, 4, 1]}, ValueError, r"layers\[0\] is 3 .* 2 features: begin layers with 2"),
        (
            {"layers": [2, 4, 2], "data": (X, np.eye(3)[Y])},
            ValueError,
            r"layers\[-1\] is 2 and y has 3 columns: end layers with 3",
        ),
        ({"layers": [2, 0, 1]}, ValueError, "layers"),
        ({"activation": "tanhh"}, ValueError, "tanh"),
        ({"loss": "hinge"}, ValueError, "mse"),
        ({"optimizer": "sgd(-1)"}, ValueError, "learning_rate"),
        ({"steps": -1}, ValueError, "steps"),
        ({"steps": 1.5}, TypeError, "steps"),
        ({"steps": np.array([5])}, TypeError, r"steps must be an integer, got array"),
        ({"record": 2**70}, ValueError, "record must be at most"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"record": -1}, ValueError, "record"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
        ({"dtype": "float16"}, TypeError, "dtype"),
        ({"test": (X, Y[:3])}, ValueError, "test: "),
        ({"test": (X,)}, TypeError, r"test must be a pair \(X, y\), got a tuple of 1"),
        ({"test": X}, TypeError, r"test must be a pair \(X, y\), got an ndarray"),
        ({"progress": "yes"}, TypeError, "progress"),
    ],
)
def test_bad_input(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    def never(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        raise AssertionError("trained before the arguments were checked")

    with pytest.raises(error, match=match):
        il.compare(**({"schemes": {"never": never}, "n_jobs": 1} | arguments))


def test_unknown_label() -> None:
    with pytest.raises(ValueError, match="Did you mean 'he_normal'"):
        short().of("he_norml")


# ---- many schemes, and labels ------------------------------------------------------------------


def test_many_schemes_are_shown_in_part() -> None:
    result = il.compare({f"s{i}": "zeros" for i in range(60)}, steps=2, seeds=1, n_jobs=1)
    assert len(result.table().rows) == 60
    copies = result.table().notes[0]
    assert "equal: s0, s1, s2, s3, s4, s5 and 54 more still have 1 distinct unit" in copies
    for text in (repr(result), result._repr_html_()):
        assert "20 of 60 schemes are left out; .to_frame() has every run." in text
        assert copies in text
    lines = repr(result).split("\n")
    shown = [line.split()[0] for line in lines if line.startswith(("s", "..."))][1:]
    assert shown == [*(f"s{i}" for i in range(20)), "...", *(f"s{i}" for i in range(40, 60))]
    forty = il.compare({f"s{i}": "zeros" for i in range(40)}, steps=0, seeds=1, n_jobs=1)
    assert repr(forty) == repr(forty.table())


def test_saturated_and_uneven_schemes_are_named_in_part() -> None:
    schemes = {f"s{i}": f"normal({100 + i})" for i in range(8)}
    saturation = next(
        note for note in short(schemes).table().notes if note.startswith("Saturation")
    )
    assert "s5 starts" in saturation
    assert "s6 starts" not in saturation
    assert "and 2 more of tanh outputs" in saturation


def test_messages_name_a_function_by_its_label() -> None:
    def crossed(shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        return np.zeros(shape[::-1])

    with pytest.raises(ValueError, match=r"^scheme 'mine' returned shape"):
        short({"mine": crossed})
    with pytest.raises(TypeError, match=r"^scheme 'mine' must take \(shape, rng\)"):
        short({"mine": lambda shape: np.zeros(shape)})  # type: ignore[dict-item, misc]
    with pytest.raises(ValueError, match=r"^scheme 'its own' returned shape"):
        short({"mine": il.initializers.Custom("its own", crossed)})


def test_labels_are_text() -> None:
    result = short()
    for use in (result.of, result.outcome, result.network, result.plot_ridges):
        with pytest.raises(
            TypeError, match=r"must be a label, such as 'zeros', got \['he_normal'\]"
        ):
            use(["he_normal"])  # type: ignore[arg-type, operator]
    with pytest.raises(ValueError, match="schemes is empty; give a label at least"):
        result.plot_boundaries([])


def test_a_scheme_is_found_as_it_was_typed() -> None:
    typed = "truncated_normal(0.5)"
    result = short([typed, "he_normal"])
    (label, _) = result.schemes
    assert label != typed
    assert result.of(typed) == result.of(label)
    assert result.outcome(typed) == result.outcome(label)
    again = result.network(typed, seed=1)
    assert np.array_equal(again.weights[0], result.network(label, seed=1).weights[0])
    other = short({"normal(std=0.5)": "zeros", label: "zeros", "mine": typed})
    for text in ("normal(0.5)", typed, "he", "("):
        with pytest.raises(ValueError, match="unknown label"):
            other.of(text)
    assert other.of(label)[0].scheme == label


@pytest.mark.parametrize("label", ["", " ", "\n"])
def test_blank_labels_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match=r"schemes has the label .*: give one that can be seen"):
        short({label: "he_normal"})
