"""What the C code promises of itself: who includes whom, what it exports, who can compile it."""

import os
import re
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from initlens import _core
from makefile import BUILD, CSRC, make, needs, run

LAYERS = ("include", "kernels", "core", "binding")
SOURCES = {layer: sorted((CSRC / layer).glob("*.[ch]")) for layer in LAYERS}
GCC, CLANG, AARCH64 = "gcc", "clang", "aarch64-linux-gnu-gcc"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("check", marks=needs("make")),
        *(pytest.param(c, marks=[needs(c, "make"), pytest.mark.slow]) for c in (GCC, CLANG)),
    ],
)
def build(request: pytest.FixtureRequest) -> Path:
    """The core as objects, built with every warning an error: as `make check` and as it ships."""
    path = BUILD / request.param
    if request.param == "check":
        make("check-lib")
    else:
        make(f"CC={request.param}", f"BUILD={path}", "lib")
    return path


# ---- the arrow: binding -> include -> core -> kernels ------------------------------------------


def included(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def layer_of(name: str) -> str | None:
    """The layer that owns a header, by its file name; None for a system's."""
    base = Path(name).name
    return next((layer for layer in LAYERS if (CSRC / layer / base).exists()), None)


@pytest.mark.parametrize(
    ("layer", "may_see"),
    [
        ("include", {"include"}),
        ("kernels", {"include", "kernels"}),
        ("core", {"include", "kernels", "core"}),
        ("binding", {"include", "binding"}),
    ],
)
def test_includes_obey_the_arrow(layer: str, may_see: set[str]) -> None:
    assert SOURCES[layer]
    wrong = [
        f"{path.name} includes {name}"
        for path in SOURCES[layer]
        for name in included(path)
        if layer_of(name) not in may_see | {None}
    ]
    assert wrong == []


def test_only_the_binding_sees_python_and_only_arrays_sees_numpy() -> None:
    python, numpy = set(), set()
    for layer, paths in SOURCES.items():
        for path in paths:
            names = included(path)
            if any(name in {"Python.h", "structmember.h"} for name in names):
                python.add(f"{layer}/{path.name}")
            if any(name.startswith("numpy/") for name in names):
                numpy.add(f"{layer}/{path.name}")
    assert python == {"binding/binding.h"}
    assert numpy == {"binding/arrays.c"}


# ---- what the binaries hold --------------------------------------------------------------------


@needs("nm")
@pytest.mark.skipif(os.name == "nt", reason="nm reads ELF and Mach-O")
def test_only_the_init_function_is_exported() -> None:
    exported = re.findall(r" [A-TV-Z] (\w+)", run("nm", "-D", "--defined-only", _core.__file__))
    assert exported == ["PyInit__core"]


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded: no limited API"
)
def test_extension_is_built_for_the_stable_abi() -> None:
    assert ".abi3." in Path(_core.__file__).name or ".pyd" in Path(_core.__file__).name


def objects_of(build: Path, layer: str) -> list[Path]:
    """What was compiled of a layer, without what an earlier build of other files left."""
    made = sorted((build / layer).glob("*.o"))
    sources = {path.stem for path in (CSRC / layer).glob("*.c")}
    return [path for path in made if re.sub(r"_f(32|64)$", "", path.stem) in sources]


@needs("nm")
def test_kernels_call_no_library(build: Path) -> None:
    allowed = {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}
    if build.name == "check":
        allowed |= {"__assert_fail"}
    objects = objects_of(build, "kernels")
    assert objects
    for path in objects:  # the table of one precision names that of the other
        allowed |= set(re.findall(r" [A-TV-Z] (\w+)", run("nm", "-g", "--defined-only", path)))
    for path in objects:
        undefined = set(re.findall(r" U (\w+)", run("nm", "-u", path)))
        assert undefined <= allowed, f"{path.name} needs {sorted(undefined - allowed)}"


@needs("objdump")
def test_vector_code_stays_in_its_kernels(build: Path) -> None:
    soft = [path for path in objects_of(build, "kernels") if path.name.startswith("kernels_soft_")]
    assert len(soft) == 2
    baseline = [*objects_of(build, "core"), *soft]
    for path in baseline:
        assert not re.search(r"%[yz]mm\d|\svf?n?m(add|sub)", run("objdump", "-d", path)), path.name


# ---- who can compile it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "compiler", [pytest.param(c, marks=needs(c, "make")) for c in (GCC, CLANG)]
)
def test_binding_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    includes = (sysconfig.get_path("include"), np.get_include())
    flags = "-DIL_NUMPY_VERSION=0 " + " ".join(f"-isystem {path}" for path in includes)
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        flags += " -DPy_LIMITED_API=0x030b0000"
    objects = [f"{tmp_path}/binding/{path.stem}.o" for path in (CSRC / "binding").glob("*.c")]
    assert objects
    options = (f"CC={compiler}", f"BUILD={tmp_path}", f"CFLAGS={flags}", "WERROR=1")
    run("make", "-C", CSRC, *options, *objects)


@pytest.mark.slow
@needs(AARCH64, "make")
def test_core_cross_compiles_for_aarch64() -> None:
    make("neon-lib")
    made = (BUILD / "neon" / "kernels" / "kernels_scalar_f32.o").read_bytes()
    assert made[:4] == b"\x7fELF"
    assert int.from_bytes(made[18:20], "little") == 183  # e_machine: AArch64


@pytest.mark.parametrize(
    ("language", "standard"), [("c", "c99"), ("c++", "c++11")], ids=["C99", "C++11"]
)
@needs(GCC)
def test_public_header_stands_alone(language: str, standard: str, tmp_path: Path) -> None:
    source = tmp_path / "header"
    source.write_text('#include "initlens.h"\n')
    run(
        *(GCC, "-x", language, f"-std={standard}", "-pedantic", "-Wall", "-Wextra", "-Werror"),
        *(f"-I{CSRC / 'include'}", "-fsyntax-only", source),
    )
