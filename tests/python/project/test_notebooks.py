"""Every notebook runs from the first cell to the last, and is kept without outputs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))
LONGEST_CELL: Final = 180  # seconds; the slowest takes ten, so what is stopped here hangs
OPTIONAL: Final = ("keras", "sklearn", "torch")


def execute(path: Path, **environment: str) -> list[Any]:
    """Run a notebook in a kernel of its own; return what its cells put out."""
    notebook = nbformat.read(path, as_version=4)
    # The tests' own backend would keep pictures out of the notebook.
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    client = NotebookClient(notebook, timeout=LONGEST_CELL, kernel_name="python3")
    client.execute(env=inherited | environment)
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def written(outputs: list[Any], stream: str) -> str:
    """Return what was written to "stdout" or "stderr"."""
    return "".join(output.text for output in outputs if output.get("name") == stream)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_without_a_warning(path: Path) -> None:
    """Assertions in the cells are the lesson's claims; a lesson must not greet with a warning.

    Nothing is timed: a limit on seconds would test how busy this machine is. What a lesson costs
    was measured for docs/teaching.md; the client's timeout only ends a cell that hangs.
    """
    outputs = execute(path)
    assert not written(outputs, "stderr")
    images = [
        image
        for output in outputs
        for image in re.findall("<img[^>]*>", output.get("data", {}).get("text/html", ""))
    ]
    assert images
    for image in images:
        assert re.search(r'alt="[^"]{20,}"', image)
    # A figure that is shown as it is has no text alternative in any front end.
    assert not [output for output in outputs if "image/png" in output.get("data", {})]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lesson", "said"),
    [
        (
            "07_audit_your_own_model",
            [f"{name} is not installed here; the lesson goes on without it" for name in OPTIONAL],
        ),
        ("08_real_data", ["going on with made-up symbols"]),
    ],
)
def test_goes_on_without_optional_packages(lesson: str, said: list[str], tmp_path: Path) -> None:
    """A lesson says in one line what is missing, and its claims hold all the same."""
    # Python runs this module at its start, in the kernel as in the processes that a cell starts.
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\n\nsys.modules.update(dict.fromkeys({OPTIONAL}))  # None: not importable\n",
        encoding="utf-8",
    )
    search = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    (path,) = (path for path in NOTEBOOKS if path.stem == lesson)
    outputs = execute(path, PYTHONPATH=search)
    lines = written(outputs, "stdout").splitlines()
    for sentence in said:
        assert sum(line.endswith(sentence) for line in lines) == 1
    assert not written(outputs, "stderr")
