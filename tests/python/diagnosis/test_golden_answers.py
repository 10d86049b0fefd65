"""The answers to 200 fixed starts stay the same: sameness, not accuracy."""

from __future__ import annotations

import json

import pytest
from tests.golden import answers


@pytest.mark.filterwarnings("error")
def test_answers_stay_the_same() -> None:
    """Where a change is meant to move them: `python -m tests.golden.answers`."""
    wanted = json.loads(answers.FILE.read_text())
    found = answers.answers()
    moved = {key: (wanted.get(key), found[key]) for key in found if found[key] != wanted.get(key)}
    assert not moved
    assert found.keys() == wanted.keys()


def test_they_are_of_every_kind() -> None:
    wanted = json.loads(answers.FILE.read_text())
    assert len(wanted) == answers.TASKS * answers.SLOTS == 200
    given = [text.split()[0] for text in wanted.values()]
    assert min(given.count(answer) for answer in ("error", "unknown", "healthy")) >= 30
    assert len({text.split()[1] for text in wanted.values()}) >= 7
