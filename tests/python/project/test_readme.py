"""The Python of the README and the teacher's page runs, and prints what they say it prints."""

from __future__ import annotations

import contextlib
import io
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

PAGES = ("README.md", "docs/teaching.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks(root: Path, page: str) -> None:
    """A ```text block right after a ```python block is its output."""
    text = (root / page).read_text(encoding="utf-8")
    # Empty lines before a block give its lines the numbers they have on the page.
    blocks = [
        (block[1], "\n" * text.count("\n", 0, block.start(2)) + block[2])
        for block in BLOCK.finditer(text)
    ]
    languages = [language for language, _ in blocks]
    assert "python" in languages
    scope: dict[str, Any] = {"__name__": "__main__"}
    compared = 0
    for (language, source), (following, expected) in pairwise([*blocks, ("", "")]):
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, page, "exec"), scope)
        if following == "text":
            assert without_time(printed.getvalue()) == without_time(expected)
            compared += 1
    assert compared


def without_time(text: str) -> str:
    """Seconds differ from run to run; trailing space is not worth a failure."""
    lines = (re.sub(r" +[\d.]+ s$", "", line).rstrip() for line in text.strip().splitlines())
    return "\n".join(lines)


def test_paths_exist(root: Path) -> None:
    """Every file or folder that a page links to or puts in backquotes."""
    for readme in (root / name for name in (*PAGES, "csrc/README.md")):
        text = readme.read_text(encoding="utf-8")
        names = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text)
        names += re.findall(r"`((?:csrc|python|tests|notebooks)/[\w./-]*[\w/])`", text)
        assert names
        for name in names:
            assert (root / name).exists() or (readme.parent / name).exists(), name
