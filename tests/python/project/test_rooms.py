"""The package's rooms: no import runs upwards, names are in one place, and public modules stay."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
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
    ("diagnosis",),
    ("comparison",),
    ("auditing", "widgets"),
    ("testing", "cli"),
    ("__init__", "__main__"),
    # Where users find what is in theory/ and nets/; nothing in the package imports them.
    ("gains", "history", "meanfield", "network", "truncation"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imports(file: Path) -> Iterator[tuple[list[str], list[str]]]:
    """What a file imports of the package when it runs: the path of a module, and names of it.

    What type checkers alone read is not run; what a function imports is.
    """
    skipped: set[ast.AST] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if node in skipped or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            skipped.update(ast.iter_child_nodes(node))
        elif isinstance(node, ast.ImportFrom) and node.level:
            folders = file.relative_to(PACKAGE).parts[: -node.level]
            module = node.module.split(".") if node.module else []
            yield [*folders, *module], [alias.name for alias in node.names]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            assert not any(name.startswith("initlens") for name in names), "import relatively"


def imported_files(file: Path) -> set[Path]:
    """The files of the package that it names in imports; the core is none."""
    found = set()
    for path, names in imports(file):
        module = PACKAGE.joinpath(*path)
        for each in (module, *(module / name for name in names)):
            found |= {each.with_suffix(".py"), each / "__init__.py"}
        if module.is_dir() and all(
            (module / name).is_dir() or (module / f"{name}.py").exists() for name in names
        ):
            found.discard(module / "__init__.py")  # it asks for modules, and for nothing in it
    return found & set(FILES)


def test_no_import_runs_upwards() -> None:
    """As in C, where each layer includes those below it alone."""
    seen = 0
    for file in FILES:
        here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path, _ in imports(file):
            # "from .. import activations" asks the package itself, which has a list of names.
            room = path[0] if path else "__init__"
            seen += 1
            assert room in ("_core", here) or FLOOR[room] < FLOOR[here], f"{file} imports {room}"
    assert seen > 300


def test_no_files_import_each_other_in_a_circle() -> None:
    """Inside a room either, and not from within functions."""
    graph = {file: imported_files(file) for file in FILES}
    assert sum(map(len, graph.values())) > 300
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = [str(file.relative_to(PACKAGE)) for file in error.args[1]]
        pytest.fail(f"a circle of imports: {' <- '.join(circle)}")


def test_one_import_name_stands_for_one_thing(root: Path) -> None:
    """No folder beside a file of its name."""
    for file in (*FILES, *(root / "tests").rglob("*.py")):
        assert not file.with_suffix("").exists(), file


def test_files_that_the_package_mentions_exist(root: Path) -> None:
    known = {file.name for folder in ("python", "tests") for file in (root / folder).rglob("*.py")}
    for file in FILES:
        for name in re.findall(r"\b\w+\.py\b", file.read_text(encoding="utf-8")):
            assert name in known, f"{file} mentions {name}"


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
