"""Every notebook runs from the first cell to the last, and is kept without outputs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


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
    """Assertions in the cells are the lesson's claims; a lesson must not greet with a warning."""
    notebook = nbformat.read(path, as_version=4)
    # The tests' own backend would keep pictures out of the notebook.
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
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
