"""The tables of docs/verdicts.md have the signs and bounds of the code."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import initlens as il
from initlens.diagnosis.causes import CAUSES
from initlens.diagnosis.decision import AFTER_A_PROBE, AT_THE_START, SANE, SIGNS, Bound, Rule


def rows(root: Path, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its first two lines."""
    text = (root / "docs/verdicts.md").read_text(encoding="utf-8")
    _, _, section = text.partition(f"\n### {heading}\n")
    assert section, heading
    lines = [line for line in section.partition("\n#")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def written(bound: Bound) -> str:
    if math.isinf(bound.above):
        return f"`{bound.sign}` < {bound.below:,g}"
    assert math.isinf(bound.below)
    return f"`{bound.sign}` > {bound.above:,g}"


@pytest.mark.parametrize(
    ("heading", "table"), [("At the start", AT_THE_START), ("After a probe", AFTER_A_PROBE)]
)
def test_the_page_has_the_bounds_of_the_code(
    root: Path, heading: str, table: tuple[Rule, ...]
) -> None:
    wanted = [
        [
            rule.answer if rule.answer == "healthy" else f"{rule.answer}: `{rule.code}`",
            ", ".join(map(written, rule.bounds)),
        ]
        for rule in table
    ]
    assert rows(root, heading) == wanted


def test_the_page_says_what_every_healthy_start_has(root: Path) -> None:
    text = " ".join((root / "docs/verdicts.md").read_text(encoding="utf-8").split())
    assert f"asks that all of these hold: {', '.join(map(written, SANE))}." in text


def test_the_page_has_the_signs_of_the_code(root: Path) -> None:
    assert rows(root, "Signs") == [[f"`{sign}`", text] for sign, text in SIGNS.items()]


def test_the_page_names_every_code_and_cause(root: Path) -> None:
    codes = [row[0].strip("`") for row in rows(root, "Codes")]
    assert sorted(codes) == sorted(set(il.diagnosis.CODES) - {"healthy", "unknown"})
    found = [[name, *rest] for name, *rest in rows(root, "Causes")]
    assert found == [[name, kind.deviates, kind.fix] for name, kind in CAUSES.items()]
