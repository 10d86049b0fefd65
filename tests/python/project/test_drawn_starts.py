"""Tasks and starts of the experiment are pure functions of their seed, and the truth adds up."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.bench import datasets, findings, outcomes, rivals, starts, tasks, verdicts
from tests.bench.findings import Finding
from tests.bench.outcomes import Row
from tests.bench.starts import Fault, Start

pytest.importorskip("sklearn")

NAMES = sorted(datasets.SETS)
FAMILIES = list(starts.FAMILIES)
DIGESTS = """
import warnings
warnings.simplefilter("ignore")
from tests.bench import datasets, starts, tasks
for index in range(3):
    task = tasks.draw(11, index, sorted(datasets.SETS))
    for start in starts.choose(task, 4, list(starts.FAMILIES)):
        print(task, start, starts.digest(*starts.build(task, start, 1)))
"""


def task(**changes: object) -> tasks.Task:
    small = tasks.Task(
        *(5, 0, "iris", "standardized", "classes", 150, (4, 8, 8, 3), "tanh", "cross_entropy"),
        *("float64", "sgd", None, 150, (1.0,)),
    )
    return replace(small, **changes)  # type: ignore[arg-type]


def test_there_is_enough_of_each_and_part_is_held_back() -> None:
    assert len(datasets.SETS) >= 24
    assert len(FAMILIES) >= 25
    for whole, held_out in ((datasets.SETS, datasets.HELD_OUT), (FAMILIES, starts.HELD_OUT)):
        assert held_out < set(whole)
        assert 0.3 <= len(held_out) / len(whole) <= 0.6


def test_another_process_draws_the_same(root: Path) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0].count("\n") == 12
    assert told[0] == told[1]


def test_other_seeds_indices_slots_and_draws_are_other_starts() -> None:
    first = tasks.draw(1, 0, NAMES)
    assert first == tasks.draw(1, 0, NAMES)
    drawn = (tasks.draw(seed, index, NAMES) for seed in (1, 2) for index in (0, 1))
    assert len({replace(one, seed=0, index=0) for one in drawn}) == 4
    start = Start("normal", 0, "normal(0.5)")
    found = [
        starts.digest(*starts.build(task(index=index), replace(start, slot=slot), draw))
        for index in (0, 1)
        for slot in (0, 1)
        for draw in (0, 1)
    ]
    assert len(set(found)) == 8


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_gives_a_task(name: str) -> None:
    one = tasks.draw(3, 0, [name])
    X, y = tasks.data_of(one)
    assert X.shape == (len(y), one.layers[0])
    assert one.net().settings.layers == one.layers
    linear = replace(one, layers=(one.layers[0], one.layers[-1])).net()
    assert np.isfinite(linear.loss(X, y))
    assert len(X) <= one.samples <= 600
    assert 1 <= one.depth <= 20
    assert 100 <= one.steps <= 3_000
    assert one.data == name


@pytest.mark.filterwarnings("ignore::initlens.SymmetryWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_plants_its_faults(family: str) -> None:
    one = task(data="outputs", targets="standardized", layers=(5, 8, 8, 3), loss="mse")
    for index in range(5):
        of = replace(one, index=index)
        (start,) = starts.choose(of, 1, [family])
        bits = starts.digest(*starts.build(of, start, 0))
        assert bits == starts.digest(*starts.build(of, start, 0))
        for fault in start.faults:
            others = tuple(each for each in start.faults if each is not fault)
            assert bits != starts.digest(*starts.build(of, replace(start, faults=others), 0))


def test_classes_get_no_fault_of_their_scale() -> None:
    names = [name for name in FAMILIES if "targets" in name or "pair" in name]
    found = [starts.choose(task(index=i), 2, names) for i in range(30)]
    assert not [f for pair in found for s in pair for f in s.faults if "targets" in f.kind]


def test_faults_are_where_they_say() -> None:
    def build(*faults: Fault) -> tuple[list[np.ndarray], list[np.ndarray]]:
        net, _, _ = starts.build(task(), Start("usual", 0, "glorot_uniform", None, faults), 0)
        return net.weights, net.biases

    weights, _ = build()
    scaled, _ = build(Fault("scale", 2, 30.0))
    assert [np.array_equal(a, b) for a, b in zip(weights, scaled, strict=True)] == [1, 0, 1]
    np.testing.assert_array_equal(scaled[1], 30 * weights[1])
    _, shifted = build(Fault("biases", None, -5.0))
    assert [b.tolist() for b in shifted] == [[-5.0] * 8, [-5.0] * 8, [0.0] * 3]
    copied, _ = build(Fault("copies", 1, 0.5))
    assert len(np.unique(copied[0], axis=1).T) == 5
    assert len(np.unique(copied[1], axis=0)) == 5
    near, _ = build(Fault("near_copies", 1, 1e-4))
    assert len(np.unique(near[0], axis=1).T) == 8
    assert (np.ptp(near[0], axis=1) < 1e-3 * np.abs(near[0]).max(axis=1)).all()
    low, _ = build(Fault("low_rank", 2, 1.0))
    assert np.linalg.matrix_rank(low[1], tol=1e-9) == 1
    assert np.linalg.norm(low[1]) == pytest.approx(np.linalg.norm(weights[1]))
    positive, _ = build(Fault("one_signed", None, 1.0))
    assert min(w.min() for w in positive) >= 0
    zeros, _ = build(Fault("signed_zeros", None, 0.0))
    assert all((w == 0).all() and 0 < np.signbit(w).mean() < 1 for w in zeros)


def test_permuted_units_are_the_same_net() -> None:
    start = Start("permuted", 0, "glorot_uniform")
    net, X, y = starts.build(task(), start, 0)
    other, _, _ = starts.build(task(), replace(start, faults=(Fault("permuted", None, 0.0),)), 0)
    assert not np.array_equal(net.weights[0], other.weights[0])
    assert other.loss(X, y) == pytest.approx(net.loss(X, y))


def row(**changes: object) -> Row:
    start = Start("zeros", 0, "zeros")
    digest = starts.digest(*starts.build(task(), start, 0))
    made = Row(task(), start, "fit", 0.1, 1.0, (1.0, 1.0, 1.0), 0.2, 1.0, digest)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::initlens.SymmetryWarning")
def test_the_truth_is_what_training_does() -> None:
    reference = outcomes.refer(task())
    assert reference is not None
    assert reference.loss < 0.3
    assert reference.usual > 0.8
    net, X, y = starts.build(task(), Start("zeros", 0, "zeros"), 0)
    (loss,) = outcomes.train(task(), [net], [reference.rate], X, y)
    assert loss == pytest.approx(1.0, abs=0.02)
    net.biases[0][...] = np.nan
    assert outcomes.final_loss(net, X, y, 1.0) == np.inf


def test_the_truth_is_that_of_the_median() -> None:
    assert row(losses=(0.2, 0.2, 1.0)).truth == "fine"
    assert row(losses=(0.2, 1.0, 1.0)).truth == "bad"
    assert row(losses=(0.2, np.inf, np.inf)).truth == "bad"
    assert row(losses=(0.5, 0.5, np.inf)).truth == "between"
    assert row(losses=(0.6,) * 3).progress == pytest.approx(0.5)


@pytest.mark.filterwarnings("ignore::initlens.SymmetryWarning")
def test_rows_are_kept_and_built_again(tmp_path: Path) -> None:
    kept = [row(start=Start("zeros", 0, "zeros", None, (Fault("scale", 1, 2.0),))), row()]
    outcomes.save(tmp_path / "rows", kept)
    assert outcomes.load(tmp_path / "rows") == kept
    case = outcomes.rebuild(kept[1])
    assert not case.net.weights[0].any()
    assert case.steps == 150
    with pytest.raises(ValueError, match="its bits have changed since it was trained"):
        outcomes.rebuild(replace(kept[1], digest="0" * 16))


# ---- counting -------------------------------------------------------------------------------


def finding(answer: str, loss: float, **changes: object) -> Finding:
    made = Finding(row(losses=(loss,) * 3), *(answer, answer, (), None, None, (), None, False, {}))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_right_and_wrong_are_counted() -> None:
    found = [
        *(finding("error", 1.0), finding("error", 1.0), finding("error", 0.2)),
        *(finding("healthy", 0.2), finding("healthy", 1.0), finding("unknown", 1.0)),
    ]
    assert verdicts.precision(found, verdicts.static, "error").startswith("66.7 ")
    assert verdicts.precision(found, verdicts.static, "healthy").startswith("50.0 ")
    assert verdicts.precision(found, verdicts.static, "error", "healthy").startswith("60.0 ")
    assert verdicts.decided(found, verdicts.static) == 5
    (cells,) = [
        line.split(" | ") for line in verdicts.answer_lines(found, "tuned") if " | no | " in line
    ]
    assert cells[2:4] == ["6", "66.7"]
    assert cells[8:] == ["1", "50.0", "50.0 |"]


def test_an_interval_is_over_tasks() -> None:
    def spread(tasks_of: list[int]) -> float:
        found = [
            finding("error", loss, row=row(task=task(index=i), losses=(loss,) * 3))
            for i, loss in zip(tasks_of, [1.0] * 10 + [0.2] * 10, strict=True)
        ]
        text = verdicts.precision(found, verdicts.static, "error")
        low, high = text.split("(")[1].rstrip(")").split(" to ")
        return float(high) - float(low)

    assert spread([*range(20)]) < spread([0] * 10 + [1] * 10) == 100.0


@pytest.mark.parametrize(
    ("fault", "said", "cause", "layer"),
    [
        (Fault("scale", 2, 30.0), ("scale", 2, (2,)), True, True),
        (Fault("scale", 2, 30.0), ("scale", 1, (1,)), True, False),
        (Fault("scale", 2, 30.0), ("biases", 2, (2,)), False, False),
        (Fault("biases", None, 5.0), ("biases", 1, (1, 2)), True, True),
        (Fault("biases", None, 5.0), ("biases", None, ()), True, True),
        (Fault("inputs_scale", None, 99.0), ("inputs", None, ()), True, True),
        (Fault("output_bias", None, 99.0), ("biases", 1, (1,)), True, False),
    ],
)
def test_causes_and_layers(
    fault: Fault, said: tuple[str, int | None, tuple[int, ...]], cause: bool, layer: bool
) -> None:
    start = Start("one", 0, "zeros", None, (fault,))
    found = finding("error", 1.0, row=row(start=start))
    found = replace(found, cause=said[0], layer=said[1], layers=said[2])
    assert findings.right_cause(found) == cause
    assert findings.right_layer(found) == layer


def test_rules_of_others_see_what_they_say() -> None:
    net, X, y = starts.build(task(), Start("usual", 0, "glorot_uniform"), 0)
    assert not rivals.alarms(net, X, y)["std of activations"]
    assert not rivals.alarms(net, X, y)["first loss"]
    for w in net.weights:
        w *= 100
    seen = rivals.values(net, X, y)
    assert min(seen["saturated"]) > 0.5
    assert rivals.sagemaker(seen)
    assert rivals.alarms(net, X, y)["first loss"]
    for w in net.weights:
        w[...] = 0.5
    assert rivals.the_deep_checker(rivals.values(net, X, y))
