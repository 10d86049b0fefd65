"""The README's Python runs, and prints what the README says it prints."""

from __future__ import annotations

import contextlib
import io
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_python_blocks(root: Path) -> None:
    """A ```text block right after a ```python block is its output."""
    blocks = BLOCK.findall((root / "README.md").read_text(encoding="utf-8"))
    languages = [language for language, _ in blocks]
    assert "python" in languages
    scope: dict[str, Any] = {"__name__": "__main__"}
    compared = 0
    for (language, source), (following, expected) in pairwise([*blocks, ("", "")]):
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "README.md", "exec"), scope)
        if following == "text":
            assert without_time(printed.getvalue()) == without_time(expected)
            compared += 1
    assert compared


def without_time(text: str) -> str:
    """Seconds differ from run to run; trailing space is not worth a failure."""
    lines = (re.sub(r" +[\d.]+ s$", "", line).rstrip() for line in text.strip().splitlines())
    return "\n".join(lines)


def test_paths_exist(root: Path) -> None:
    """Every file or folder that the README and csrc/README.md link to or put in backquotes."""
    for readme in (root / "README.md", root / "csrc" / "README.md"):
        text = readme.read_text(encoding="utf-8")
        names = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text)
        names += re.findall(r"`((?:csrc|python|tests|notebooks)/[\w./-]*[\w/])`", text)
        assert names
        for name in names:
            assert (root / name).exists() or (readme.parent / name).exists(), name
