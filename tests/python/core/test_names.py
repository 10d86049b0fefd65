"""One name a function: every C definition is found under its own name, but for tiles' templates.

`ctags`, an editor's outline and `git blame -L :name` read the text, not what the preprocessor makes
of it: a body under a macro name, or one that is compiled twice by inclusion, is hidden from them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

# Folders of csrc whose definitions have plain names.
FOLDERS = ["binding", "core", "include"]

# Of the kernels: bodies that are included once for each shape of a tile, under pasted names; and
# the vocabulary of one lane, once for each precision.
TEMPLATES = {"lane_tile.inc.h", "panel.inc.h", "tile.inc.h", "vec_scalar.inc.h"}

LONGEST = 60  # lines of a function of the core, its head included

COMMENT_OR_STRING = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|(\w+))', re.MULTILINE)
# A name, its parameters, and nothing more before the body.
PLAIN = re.compile(r"(\w+)\((?:[^()]|\([^()]*\))*\)\s*\Z")


def blank(match: re.Match[str]) -> str:
    """Spaces for a comment or a string, so that places and lines stay what they are."""
    return re.sub(r"[^\n]", " ", match[0])


@dataclass(frozen=True)
class Definition:
    """A function's body: its name, or None where it has no plain one, and the lines it takes.

    A wrapper of one line may have its type before its name.
    """

    name: str | None
    line: int
    lines: int
    starts_line: bool


def definitions(text: str) -> list[Definition]:
    """Functions defined in a C file, in order."""
    code = DIRECTIVE.sub(blank, COMMENT_OR_STRING.sub(blank, text))
    code = code.replace('extern " "', " " * 10)
    found: list[Definition] = []
    depth = begin = 0
    head = ""
    for place in (match.start() for match in re.finditer(r"[{};]", code)):
        char = code[place]
        if char == "{":
            if depth == 0:
                head = code[begin:place]
                opened = begin + len(head) - len(head.lstrip())
            depth += 1
        elif char == "}":
            depth -= 1
        if depth == 0 and char in "};":
            is_function = char == "}" and "(" in head and "=" not in head
            if is_function:
                plain = PLAIN.search(head)
                at = begin + plain.start() if plain else opened
                found.append(
                    Definition(
                        plain[1] if plain else None,
                        code.count("\n", 0, opened) + 1,
                        code.count("\n", opened, place) + 1,
                        at == 0 or code[at - 1] == "\n",
                    )
                )
            begin, head = place + 1, ""
    return found


def files(root: Path, folder: str) -> list[Path]:
    return sorted(
        path for path in (root / "csrc" / folder).iterdir() if path.suffix in (".c", ".h")
    )


def in_folder(root: Path, folder: str) -> list[tuple[Path, Definition]]:
    return [
        (path, definition)
        for path in files(root, folder)
        for definition in definitions(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_have_plain_names_at_the_start_of_a_line(root: Path, folder: str) -> None:
    hidden = [
        f"{path.name}:{found.line} {found.name or 'under a macro'}"
        for path, found in in_folder(root, folder)
        if found.name is None or not (found.starts_line or found.lines == 1)
    ]
    assert hidden == []


def test_kernels_have_plain_names_but_for_templates(root: Path) -> None:
    kernels = in_folder(root, "kernels")
    hidden = {
        path.name
        for path, found in kernels
        if found.name is None or not (found.starts_line or found.lines == 1)
    }
    assert hidden == TEMPLATES
    bodies = [
        found.name
        for path, found in kernels
        if path.name.endswith(".inc.h") and path.name not in TEMPLATES
    ]
    assert len(bodies) > 150
    assert len(set(bodies)) == len(bodies)
    assert {"softmax", "v_tanh", "g_sin", "shallow_chains", "contract_wide"} <= set(bodies)


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_are_compiled_once(root: Path, folder: str) -> None:
    """What is included is a header that guards itself, or a table of data: no function's body."""
    for path in files(root, folder):
        text = path.read_text(encoding="utf-8")
        assert not path.name.endswith(".inc.h"), path
        if path.suffix == ".h":
            assert re.search(r"^#ifndef (\w+)\n#define \1\n", text, re.MULTILINE), path
        for quoted, macro in INCLUDE.findall(text):
            assert not macro, f"{path} includes what {macro} names"
            assert quoted.endswith(".h"), f"{path} includes {quoted}"
            if quoted.endswith(".inc.h"):
                (table,) = (root / "csrc").rglob(Path(quoted).name)
                assert not definitions(table.read_text(encoding="utf-8")), f"{path}: {quoted}"


def test_no_two_files_of_the_core_define_one_name(root: Path) -> None:
    """In one file there may be a body for each platform."""
    owned = {(path.name, found.name) for path, found in in_folder(root, "core")}
    count = Counter(name for _, name in owned)
    assert [name for name, files in count.items() if files > 1] == []


def test_functions_of_the_core_are_short(root: Path) -> None:
    long = [
        f"{path.name}:{found.line} {found.name} {found.lines}"
        for path, found in in_folder(root, "core")
        if found.lines > LONGEST
    ]
    assert long == []


def test_the_scan_knows_a_table_from_a_body(root: Path) -> None:
    kernels = root / "csrc" / "kernels"
    assert not definitions((kernels / "activation_table.inc.h").read_text(encoding="utf-8"))
    assert definitions((kernels / "reduce.inc.h").read_text(encoding="utf-8"))


def test_the_scan_finds_what_is_there(root: Path) -> None:
    names = [found.name for _, found in in_folder(root, "core")]
    assert {"il_net_train", "il_at", "carve_engine", "forward_panels", "il_team_run"} <= set(names)
    assert len(names) > 200


HIDDEN = "static int\nTN(step)(int x)\n{\n    return x;\n}\n"
PASTED = "static int\nIL_CAT2(step_, P)(int (*f)(int), int x)\n{\n    return f(x);\n}\n"
INDENTED = "static int step(int x)\n{\n    return x;\n}\n"
PLAIN_CODE = """\
#include <a.h>
#define TWICE(x) { x; \\
    x; }
typedef struct pair { int a, b; } pair; /* int f(x) { */
static const pair table[] = {{1, 2}, {3, 4}};
enum { MOST = 3 };
static const char *const text = "f() {";
static const char *
first_of(const pair *p, int (*of)(const pair *))
{
    if (of(p)) { /* } */
        return "}";
    }
    return 0;
}
"""


def test_the_scan_sees_hidden_names() -> None:
    assert [found.name for found in definitions(HIDDEN + PASTED)] == [None, None]
    (found,) = definitions(INDENTED)
    assert found.name == "step"
    assert not found.starts_line
    (found,) = definitions(PLAIN_CODE)
    assert (found.name, found.line, found.lines, found.starts_line) == ("first_of", 8, 8, True)
