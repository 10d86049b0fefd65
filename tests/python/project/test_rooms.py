"""The package's rooms: no import runs upwards, names are in one place, and public modules stay."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import initlens as il

PACKAGE = Path(il.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# From low to high, as README.md draws them; a room imports from floors below its own.
FLOORS = (
    ("_tools",),
    ("activations", "optimizers", "datasets", "tables"),
    ("_config", "theory"),
    ("initializers", "plotting", "report"),
    ("nets",),
    ("diagnosis", "comparison"),
    ("auditing", "widgets"),
    ("testing", "cli"),
    ("__init__", "__main__"),
    # Where users find what is in theory/ and nets/; nothing in the package imports them.
    ("gains", "history", "meanfield", "network", "truncation"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imports(file: Path) -> Iterator[str]:
    """The rooms that a file imports when it runs; what type checkers alone read is not run."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if node in skipped or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            skipped.update(ast.iter_child_nodes(node))
        elif isinstance(node, ast.ImportFrom) and node.level:
            folders = file.relative_to(PACKAGE).parts[: -node.level]
            path = [*folders, *(node.module or "").split(".")]
            # "from .. import activations" asks the package itself, which has a list of names.
            yield path[0] or "__init__"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            assert not any(name.startswith("initlens") for name in names), "import relatively"


def test_no_import_runs_upwards() -> None:
    """As in C, where each layer includes those below it alone."""
    seen = 0
    for file in FILES:
        here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for room in imports(file):
            seen += 1
            assert room in ("_core", here) or FLOOR[room] < FLOOR[here], f"{file} imports {room}"
    assert seen > 300


def test_no_file_is_called_like_a_function_that_it_holds() -> None:
    for file in FILES:
        body = ast.parse(file.read_text(encoding="utf-8")).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert file.stem.strip("_") not in {name.strip("_") for name in functions}, file


def test_lists_of_public_names_agree() -> None:
    """What type checkers read in `__init__.py`, and what is loaded at first use."""
    (block,) = [
        node
        for node in ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    typed = {
        alias.asname: f".{node.module or ''}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == il._HOMES
    assert il.__all__ == sorted([*typed, "NUMERICS_VERSION"])
    for name, home in typed.items():
        if home == ".":
            assert getattr(il, name) is importlib.import_module(f".{name}", "initlens")
        else:
            assert getattr(il, name) is getattr(importlib.import_module(home, "initlens"), name)


@pytest.mark.parametrize(
    "name",
    [
        *("activations", "auditing", "comparison", "datasets", "diagnosis", "gains", "history"),
        *("initializers", "meanfield", "network", "optimizers", "plotting", "report", "tables"),
        *("testing", "truncation", "widgets"),
    ],
)
def test_public_modules_stay_where_users_have_them(name: str) -> None:
    module = importlib.import_module(f"initlens.{name}")
    assert module.__all__
    assert all(hasattr(module, each) for each in module.__all__)
    assert module.__doc__


def test_every_package_says_what_it_is_for(root: Path) -> None:
    """A docstring each, and a line in the tree of README.md."""
    text = (root / "README.md").read_text(encoding="utf-8").partition("## The tree")[2]
    for file in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file
    for folder in PACKAGE.glob("*/__init__.py"):
        assert f"{folder.parent.name}/" in text
