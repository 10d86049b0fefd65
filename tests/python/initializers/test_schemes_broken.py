"""The checks of laws catch broken code: copies of the sources with one fault each.

A copy of the C core is compiled with one line changed, or a Python module is run with one; what it
draws has to fail the check that the real code passes.
"""

from __future__ import annotations

import ctypes
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_schemes_laws import LAWS, Draw, check_haar, check_independence, check_law, check_sparse

from initlens._tools import rng as _rng
from initlens.initializers import get, plain, scaling
from initlens.initializers.scheme import Layer

CSRC = Path(__file__).parents[3] / "csrc"
COMPILER = shutil.which("cc")
# What il_fill needs. Optimization is no part of the format.
CORE = [
    *("initialization", "orthogonal", "sparse", "truncated", "normal", "spec", "status"),
    *("rng", "memory", "net", "activation", "cpu", "dispatch", "team"),
]
INCLUDE = [f"-I{CSRC / folder}" for folder in ("include", "kernels")]
FLAGS = ["-std=c11", "-O1", "-fPIC", "-ffp-contract=off", *INCLUDE]

pytestmark = pytest.mark.skipif(
    COMPILER is None or sys.platform == "win32", reason="broken copies need a C compiler"
)


class CScheme(ctypes.Structure):
    """il_scheme of initlens.h."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("a", ctypes.c_double),
        ("b", ctypes.c_double),
        ("mode", ctypes.c_int),
        ("distribution", ctypes.c_int),
        ("low", ctypes.c_double),
        ("high", ctypes.c_double),
        ("count", ctypes.c_size_t),
    )


def enumerators(enumeration: str, prefix: str) -> list[str]:
    """Names of an enumeration of the header, in order, without the prefix."""
    header = (CSRC / "include" / "initlens.h").read_text(encoding="utf-8")
    body = header.split(f"typedef enum {enumeration} {{")[1].split(f"}} {enumeration};")[0]
    code = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    return [name.lower() for name in re.findall(rf"\b{prefix}(\w+)", code)]


@dataclass
class Build:
    """Object files of the core as it is, and libraries of copies with a fault."""

    place: Path

    def compile(self, *arguments: object) -> None:
        assert COMPILER is not None
        command = [COMPILER, *FLAGS, *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def objects(self) -> None:
        fma = ["-mfma"] if platform.machine().lower() in ("x86_64", "amd64") else []
        kernels = CSRC / "kernels"
        jobs: dict[str, list[object]] = {
            f"{name}.o": ["-c", CSRC / "core" / f"{name}.c"] for name in CORE
        }
        for bits in (32, 64):
            precision = f"-DIL_PRECISION={bits}"
            jobs[f"scalar_{bits}.o"] = [*fma, precision, "-c", kernels / "kernels_scalar.c"]
            jobs[f"soft_{bits}.o"] = [precision, "-c", kernels / "kernels_soft.c"]

        def run(name: str) -> None:
            self.compile(*jobs[name], "-o", self.place / name)

        with ThreadPoolExecutor() as pool:
            list(pool.map(run, jobs))

    def library(self, file: str = "", old: str = "", new: str = "") -> ctypes.CDLL:
        """The core with `old` replaced by `new` in one file; the core as it is without."""
        objects = {path.stem: path for path in self.place.glob("*.o")}
        where = Path(tempfile.mkdtemp(dir=self.place))
        if file:
            text = (CSRC / "core" / f"{file}.c").read_text(encoding="utf-8")
            assert text.count(old) == 1
            # Beside the real one, for its includes.
            copy = where / f"{file}.c"
            copy.write_text(text.replace(old, new), encoding="utf-8")
            objects[file] = where / f"{file}.o"
            self.compile(f"-iquote{CSRC / 'core'}", "-c", copy, "-o", objects[file])
        target = where / "library.so"
        self.compile("-shared", *objects.values(), "-lm", "-pthread", "-o", target)
        return ctypes.CDLL(str(target))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    made = Build(tmp_path_factory.mktemp("core"))
    made.objects()
    return made


def drawn_by(library: ctypes.CDLL, text: str) -> Draw:
    """Draw a scheme by the il_fill of a library."""
    kinds = enumerators("il_scheme_kind", "IL_SCHEME_")
    modes = enumerators("il_fan_mode", "IL_")
    distributions = enumerators("il_distribution", "IL_DISTRIBUTION_")
    library.il_fill.argtypes = (
        *(ctypes.POINTER(CScheme), ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t),
        *(ctypes.c_uint64, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint64, ctypes.c_size_t),
        *(ctypes.c_size_t, ctypes.c_void_p),
    )

    def draw(shape: tuple[int, int], seed: int) -> Any:
        scheme = get(text)
        kind, a, b, mode, distribution, low, high, count = scheme._spec(  # type: ignore[attr-defined]
            Layer.dense(*shape), "weights"
        )
        settings = CScheme(
            kinds.index(kind),
            a,
            b,
            modes.index(mode),
            distributions.index(distribution),
            low,
            high,
            count,
        )
        out = np.empty(shape)
        key = _rng.resolve_key(seed).key
        float64, weights = 1, 0
        status = library.il_fill(
            settings, float64, *shape, key, 0, weights, 0, out.size, 1, out.ctypes.data
        )
        assert status == 0
        return out

    return draw


@dataclass(frozen=True)
class Fault:
    """One line of the core changed, and the check that has to see it."""

    file: str
    old: str
    new: str
    check: Callable[[Callable[[str], Draw]], None]


def law(text: str, *shape: int) -> Callable[[Callable[[str], Draw]], None]:
    """The check of a scheme's law."""
    return lambda draw: check_law(draw(text), LAWS[text], shape or (512, 512))  # type: ignore[arg-type]


FAULTS = {
    "swapped fans": Fault(
        "initialization",
        "case IL_FAN_IN: return in;",
        "case IL_FAN_IN: return out;",
        law("he_normal", 128, 2048),
    ),
    "missing sqrt(3)": Fault(
        "initialization", "sqrt(3 * variance)", "sqrt(variance)", law("he_uniform")
    ),
    "missing 0.8796": Fault(
        "initialization",
        "sqrt(variance) / truncated_std",
        "sqrt(variance)",
        law("he_truncated_normal"),
    ),
    "variance for std": Fault(
        "initialization", ".b = sqrt(variance)}", ".b = variance}", law("he_normal")
    ),
    "std used as variance": Fault(
        "initialization",
        "= s->a / fan_of(s->mode, (double)n_in, (double)n_out);",
        "= sqrt(s->a / fan_of(s->mode, (double)n_in, (double)n_out));",
        law("he_normal"),
    ),
    "sum for mean of fans": Fault(
        "initialization", "return (in + out) / 2;", "return in + out;", law("glorot_normal")
    ),
    "mean for geometric mean of fans": Fault(
        "initialization",
        "return sqrt(in * out);",
        "return (in + out) / 2;",
        law("variance_scaling(3, 'fan_geo_avg', 'uniform')", 128, 2048),
    ),
    "no sign fix": Fault(
        "orthogonal",
        "gain * s->sign[column] *",
        "gain *",
        lambda draw: check_haar(draw("orthogonal")),
    ),
    "mask not under the seed": Fault(
        "sparse",
        "il_stream_of(key, tensor, IL_PURPOSE_MASK)",
        "il_stream_of(0, tensor, IL_PURPOSE_MASK)",
        lambda draw: check_sparse(draw("sparse(nonzeros=40)"), 40, 0.01),
    ),
    "too few places to choose from": Fault(
        "sparse",
        "m->n_in - i : m->n_out - j",
        "m->n_in - i / 2 : m->n_out - j",
        lambda draw: check_sparse(draw("sparse(nonzeros=40)"), 40, 0.01),
    ),
    "numbers not under the seed": Fault(
        "initialization",
        "il_stream_of(key, tensor, purpose)",
        "il_stream_of(0, tensor, purpose)",
        lambda draw: check_independence(draw("normal")),
    ),
    "no far tail": Fault(
        "truncated",
        "x[i] = t->side * (t->nearer + x[i]);",
        "x[i] = t->side * t->nearer;",
        law("truncated_normal(low=-9, high=-7)"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_core_is_seen(name: str, build: Build) -> None:
    fault = FAULTS[name]
    library = build.library(fault.file, fault.old, fault.new)
    with pytest.raises(AssertionError):
        fault.check(lambda text: drawn_by(library, text))


def test_the_core_without_a_fault_passes(build: Build) -> None:
    library = build.library()
    for fault in FAULTS.values():
        fault.check(lambda text: drawn_by(library, text))
    ours = get("orthogonal")((9, 5), rng=1)
    assert np.array_equal(drawn_by(library, "orthogonal")((9, 5), 1), ours)


def broken(module: types.ModuleType, old: str, new: str) -> types.ModuleType:
    """A copy of a module of `initlens.initializers` with `old` replaced."""
    assert module.__file__ is not None
    text = Path(module.__file__).read_text(encoding="utf-8")
    assert text.count(old) == 1
    copy = types.ModuleType(f"{module.__name__}_broken")
    copy.__package__ = module.__package__
    sys.modules[copy.__name__] = copy  # dataclasses look there
    try:
        exec(compile(text.replace(old, new), copy.__name__, "exec"), vars(copy))
    finally:
        del sys.modules[copy.__name__]
    return copy


RELATIVE = "truncated_normal(0.5, mean=1, low=-1, high=3)"


@pytest.mark.parametrize(
    ("module", "old", "new", "make", "text"),
    [
        (
            plain,
            "if not self.absolute or not self.std:",
            "if self.absolute or not self.std:",
            lambda copy: copy.TruncatedNormal(0.5, 1.0, -1.0, 3.0),
            RELATIVE,
        ),
        (
            plain,
            "self.std / truncated_std(low, high) if",
            "self.std if",
            lambda copy: copy.TruncatedNormal(0.1, keep_std=True),
            "truncated_normal(0.1, keep_std=True)",
        ),
        (
            scaling,
            "VarianceScaling(factor * factor,",
            "VarianceScaling(factor**4,",
            lambda copy: copy.ActivationGain("selu", "torch"),
            "gain('selu', kind='torch')",
        ),
        (
            scaling,
            "math.sqrt(point.sigma_w2 / layer.fan_in))\n\n    def _bias",
            "point.sigma_w2 / layer.fan_in)\n\n    def _bias",
            lambda copy: copy.MeanFieldCritical("tanh", sigma_b2=0.05),
            "mean_field_critical('tanh', sigma_b2=0.05)",
        ),
        (
            scaling,
            "math.sqrt(6.0 / layer.fan_in) / self.w0",
            "math.sqrt(6.0 / layer.fan_in / self.w0)",
            lambda copy: copy.Siren(position="hidden"),
            "siren(position='hidden')",
        ),
    ],
    ids=["absolute for relative bounds", "keep_std", "gain squared", "edge of chaos", "siren"],
)
def test_a_fault_of_a_scheme_is_seen(
    module: types.ModuleType, old: str, new: str, make: Callable[[Any], Any], text: str
) -> None:
    for copy, is_broken in ((broken(module, old, old), False), (broken(module, old, new), True)):
        scheme = make(copy)

        def draw(shape: tuple[int, int], seed: int, scheme: Any = scheme) -> Any:
            return scheme(shape, rng=seed)

        if is_broken:
            with pytest.raises(AssertionError):
                check_law(draw, LAWS[text])
        else:
            check_law(draw, LAWS[text])
