"""The answer: error, unknown or healthy, and what leads the verdicts."""

from __future__ import annotations

import numpy as np
import pytest

import initlens as il
from initlens.diagnosis import Fix

FLOWER = il.datasets.flower()


def net(scheme: str = "glorot_uniform", activation: str = "tanh") -> il.Network:
    return il.Network([2, 6, 6, 1], activation).initialize(scheme, rng=0)


def test_three_answers() -> None:
    healthy = il.diagnose(net(), FLOWER.X, FLOWER.y)
    assert (healthy.answer, healthy.ok, healthy.verdict.code) == ("healthy", True, "healthy")
    error = il.diagnose(net("constant(0.5)"), FLOWER.X, FLOWER.y)
    assert (error.answer, error.ok) == ("error", False)
    assert not {"healthy", "unknown"} & {v.code for v in error.verdicts}
    unknown = il.diagnose(net("normal(3)"), FLOWER.X, FLOWER.y)
    assert {v.severity for v in unknown.alarms} == {"warning"}
    assert (unknown.answer, unknown.ok, unknown.verdict.code) == ("unknown", True, "unknown")
    for result in (healthy, error, unknown):
        assert f"Diagnosis: {result.answer}" in repr(result)
        assert f"diagnosis: {result.answer}" in result._page()
        assert result.to_dict()["answer"] == result.answer


@pytest.mark.parametrize(
    ("data", "missing"),
    [((), ["the samples X", "the targets y"]), ((FLOWER.X,), ["the targets y"])],
)
def test_never_healthy_without_data(data: tuple[object, ...], missing: list[str]) -> None:
    result = il.diagnose(net(), *data)  # type: ignore[arg-type]
    assert result.answer == "unknown"
    lead = result.verdict
    assert (lead.code, lead.severity, lead.evidence["missing"]) == ("unknown", "note", missing)
    assert missing[-1] in lead.sentence
    assert result.codes == ("unknown",)
    assert il.diagnose(net("constant(0.5)"), *data).answer == "error"  # type: ignore[arg-type]


def test_unknown_tells_what_is_known_on_each_side() -> None:
    lead = il.diagnose(net("normal(3)"), FLOWER.X, FLOWER.y).verdict
    assert "confident_wrong" in lead.evidence["against"]
    assert "all hidden units are distinct" in lead.evidence["in_favour"]
    assert "a gradient reaches every layer" in lead.sentence


def test_healthy_leads_warnings_of_wasted_units() -> None:
    wasted = il.Network([2, 20, 1], "relu").initialize("he_normal", rng=0)
    wasted.biases[0][:4] = -1e3
    result = il.diagnose(wasted, FLOWER.X, FLOWER.y, optimizer="adam(0.01)", steps=2_000)
    assert [(v.code, v.severity) for v in result.verdicts] == [
        ("healthy", "note"),
        ("dead", "warning"),
    ]
    assert result.answer == "healthy"
    assert not result.passes("saturation")
    assert result.codes == ("dead",)


def test_dead_above_the_first_layer() -> None:
    deep = il.Network([2, 20, 20, 1], "relu").initialize("he_normal", rng=0)
    wanted = {0: None, 1: "note", 9: "note", 10: "warning", 19: "warning", 20: "error"}
    deep.biases[1][...] = 3.0
    assert not (deep.activations(FLOWER.X)[1].a == 0).all(axis=0).any()
    for count, severity in wanted.items():
        deep.biases[1][:count] = -1e3
        found = [v for v in il.diagnose(deep, FLOWER.X, FLOWER.y).verdicts if v.code == "dead"]
        assert [v.severity for v in found] == ([] if severity is None else [severity])
        if severity in ("note", "warning"):
            assert "They may come back" in found[0].sentence


def test_a_fix_is_its_sentence() -> None:
    empty, fix = Fix(), Fix("Do this.", "do(this)")
    assert (str(empty), bool(empty), str(fix), bool(fix)) == ("", False, "Do this.", True)
    with pytest.raises(ValueError, match=r"cannot be applied.*Do this"):
        fix.apply(net(), FLOWER.X, FLOWER.y)
    (plain,) = (v.to_dict() for v in il.diagnose(net("zeros")).verdicts if v.code == "symmetric")
    assert plain["fix"].startswith("Draw the weights of layers 1 and 2 with glorot_uniform")
    assert {"fix_code", "cause", "layers", "name", "therefore"} <= set(plain)


def test_a_fix_applies_its_action() -> None:
    class Scale:
        def apply(self, net: il.Network, X: object, y: object, rng: int) -> tuple[object, ...]:
            other = net.copy()
            for W in other.weights:
                W *= rng
            return other, X, y

    before = net()
    after, X, _ = Fix("Scale.", action=Scale()).apply(  # type: ignore[arg-type]
        before, FLOWER.X, FLOWER.y, rng=2
    )
    np.testing.assert_array_equal(after.weights[0], 2 * before.weights[0])
    assert X is FLOWER.X
