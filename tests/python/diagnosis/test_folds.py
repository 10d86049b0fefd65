"""Folding: one finding is said once, and what follows from it stands under it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens.diagnosis.folds import Finding, Place, fold_consequences, fold_layers, spread
from initlens.diagnosis.verdicts import Severity, every, layer_numbers, verdict_table

FLOWER = il.datasets.flower()


def verdict(
    code: str, severity: Severity = "error", layer: int | None = None, **more: Any
) -> il.diagnosis.Verdict:
    return il.diagnosis.Verdict(code, layer, severity, {}, f"It is {code}.", **more)


def words(place: Place, each: Sequence[Mapping[str, Any]]) -> tuple[str, il.diagnosis.Fix]:
    counts = spread(evidence["units"] for evidence in each)
    return f"{place.start}: {counts}.", il.diagnosis.Fix(f"Mend {place}.")


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ([2], "2"),
        ([2, 3], "2 and 3"),
        ([7, 2, 3, 4, 5, 6], "2-7"),
        ([1, 3, 4, 5, 8], "1, 3-5 and 8"),
        ([1, 2, 4, 5], "1, 2, 4 and 5"),
    ],
)
def test_numbers_of_layers(layers: list[int], text: str) -> None:
    assert layer_numbers(layers) == text


def test_equal_findings_become_one_verdict() -> None:
    findings = [
        Finding(2, "error", {"units": 8}),
        Finding(3, "error", {"units": 6}),
        Finding(4, "note", {"units": 5}),
        Finding(5, "error", {"units": 6}),
    ]
    names = {1: "in", 2: "fc1", 3: "fc2", 4: "layer 4", 5: "fc4"}
    first, second = fold_layers("dead", findings, names, words)
    assert (first.layer, first.layers, first.name) == (2, (2, 3, 5), "fc1")
    assert first.sentence == "Layers 2, 3 and 5 (fc1, fc2 and fc4): 6 to 8."
    assert str(first.fix) == "Mend layers 2, 3 and 5 (fc1, fc2 and fc4)."
    assert first.evidence["units"] == 8
    assert first.evidence["by_layer"] == {2: {"units": 8}, 3: {"units": 6}, 5: {"units": 6}}
    assert (second.layer, second.layers, second.severity) == (4, (4,), "note")
    assert second.sentence == "Layer 4: 5."  # "layer 4" is no name of its own
    assert "by_layer" not in second.evidence
    assert fold_layers("dead", [], names, words) == []


def test_many_names_are_a_range() -> None:
    names = {number: f"fc{number}" for number in range(1, 9)}
    assert str(Place((2, 3, 4, 5), names)) == "layers 2-5 (fc2 to fc5)"
    assert str(Place((2,), names)) == "layer 2 (fc2)"
    assert str(Place((2, 9), names)) == "layers 2 and 9"


def test_what_follows_goes_under_its_cause() -> None:
    dead, zero, stuck = verdict("dead", layer=1), verdict("zero_gradient"), verdict("stuck")
    (folded,) = fold_consequences([dead, zero, stuck])
    assert folded.code == "dead"
    assert [v.code for v in folded.therefore] == ["zero_gradient", "stuck"]
    assert [v.code for v in every([folded])] == ["dead", "zero_gradient", "stuck"]


def test_what_does_not_follow_stays() -> None:
    pairs: list[tuple[Severity, str, Severity, str]] = [
        ("warning", "dead", "error", "zero_gradient"),  # half a layer does not stop a gradient
        ("note", "dead", "note", "too_small"),
        ("error", "symmetric", "error", "saturated"),
        ("error", "zero_gradient", "error", "symmetric"),
    ]
    for first, cause, second, other in pairs:
        verdicts = (verdict(cause, first), verdict(other, second))
        assert fold_consequences(verdicts) == verdicts


def test_a_chain_of_consequences_is_kept_whole() -> None:
    found = fold_consequences([verdict("exploding"), verdict("confident_wrong"), verdict("stuck")])
    assert sorted(v.code for v in every(found)) == ["confident_wrong", "exploding", "stuck"]
    assert len(found) == 1


def test_folded_verdicts_are_printed_in_text_table_page_and_json() -> None:
    net = il.Network([2, 4, 4, 1], "relu").initialize("zeros")
    result = il.diagnose(net, FLOWER.X, FLOWER.y)
    dead = result.verdict
    assert (dead.code, dead.layers, dead.severity) == ("dead", (1, 2), "error")
    (zero,) = dead.therefore
    assert zero.code == "zero_gradient"
    assert "zero_gradient" not in [v.code for v in result.verdicts]
    assert result.codes == ("dead", "zero_gradient", "symmetric")
    assert not result.passes("zero_gradient")
    head, then = str(dead).split("\n")
    assert head.startswith("error: dead (layers 1 and 2): Every unit of layers 1 and 2 is off")
    assert then == f"  therefore: {zero}"
    assert then in repr(result)
    assert "therefore: error: zero_gradient" in result._repr_html_()
    rows = verdict_table("", result.verdicts, {}).rows
    assert [row[:3] for row in rows[:2]] == [
        ("error", "1 and 2", "dead"),
        ("error", "net", "therefore: zero_gradient"),
    ]
    assert "therefore: zero_gradient" in result._page()
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert plain["answer"] == "error"
    assert plain["verdicts"][0]["therefore"][0]["code"] == "zero_gradient"
    assert plain["verdicts"][0]["layers"] == [1, 2]
    assert plain["verdicts"][0]["evidence"]["by_layer"]["2"] == {"dead_units": 4, "units": 4}


def test_copies_of_several_layers_are_said_once() -> None:
    net = il.Network([2, 4, 4, 4, 1], "tanh").initialize("constant(0.5)")
    result = il.diagnose(net, FLOWER.X, FLOWER.y)
    (found,) = (v for v in result.verdicts if v.code == "symmetric")
    assert found.layers == (1, 2, 3)
    assert found.sentence == (
        "Layers 1-3 have 4 units each but only 1 distinct one: the others have the same incoming "
        "weights, bias and outgoing weights, and no training will separate them."
    )


def test_layers_of_one_stream_are_said_once() -> None:
    net = il.Network([4, 5, 6, 5, 1])
    for W in net.weights:
        W[...] = np.random.default_rng(0).standard_normal(W.shape) / np.sqrt(len(W))
    (note,) = (v for v in il.diagnose(net).verdicts if "factors" in v.evidence)
    assert note.layers == (1, 2, 3)
    expected = [np.sqrt(4 / 5), np.sqrt(4 / 6)]
    np.testing.assert_allclose(note.evidence["factors"], expected, rtol=1e-12)


def test_verdict_layers_follow_layer() -> None:
    assert verdict("dead", layer=3).layers == (3,)
    assert verdict("dead").layers == ()
