"""The C core's Makefile, for tests: one call at a time, and what it built stays in csrc/build."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CSRC = next(folder / "csrc" for folder in Path(__file__).parents if (folder / "csrc").is_dir())
BUILD = CSRC / "build"


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where a program is not installed."""
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def run(*command: str | Path) -> str:
    """Return what a command that has to succeed wrote."""
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))}\n{result.stdout}"
    return result.stdout


@contextmanager
def locked() -> Iterator[None]:
    """Keep other processes, workers of pytest-xdist above all, out of csrc/build."""
    import fcntl  # Windows has none, and no make either

    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(*arguments: str | Path) -> str:
    """Run make in csrc with every warning an error; what is up to date is not built again."""
    with locked():
        return run("make", "-C", CSRC, f"-j{os.cpu_count() or 1}", "WERROR=1", *arguments)
