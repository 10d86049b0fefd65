"""The library made of native.c: the machine's peak, the core's products and functions alone."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from time import process_time
from typing import Final

import initlens as il

from .measure import Slice
from .problems import Array

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = Path("build/bench")  # under csrc; make keeps it up to date
LIBRARY: Final = ROOT / "csrc" / BUILD / "native.so"
ISAS: Final = ("avx2", "avx512", "neon", "scalar")
PRECISIONS: Final = {"float32": "f32", "float64": "f64"}
MOST_OF_PEAK: Final = 1.02  # what a share may be: the clock of a core is not the same all the time


def build() -> str | None:
    """Compile it. Returns why it cannot be had, None if it can."""
    LIBRARY.unlink(missing_ok=True)
    isa = il._core.show_config()["isa"]
    compiler = os.environ.get("CC", "cc")
    if isa not in ISAS:
        return f"the instruction set is {isa}"
    for tool in (compiler, "make"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    kernels = [str(BUILD / "kernels" / f"kernels_{isa}_{p}.o") for p in ("f32", "f64")]
    core = ROOT / "csrc"
    make = ["make", "-s", f"CC={compiler}", f"BUILD={BUILD}", "CFLAGS=-fPIC", *kernels]
    includes = [f"-I{core / folder}" for folder in ("include", "kernels")]
    defines = [f"-DISA={isa}", f"-DIL_BUILD_{isa.upper()}=1", f'-DVECTORS="vec_{isa}.h"']
    flags = ["-std=c11", "-O3", "-march=native", "-fPIC", "-shared", *includes, *defines]
    objects = [str(core / path) for path in kernels]
    files = [str(Path(__file__).with_suffix(".c")), *objects, "-o", str(LIBRARY)]
    for command in (make, [compiler, *flags, *files, "-lm"]):
        done = subprocess.run(command, cwd=core, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            return f"{' '.join(command)} failed:\n{done.stderr.strip()}"
    return None


@cache
def load() -> ctypes.CDLL:
    return ctypes.CDLL(str(LIBRARY))


def has_peak() -> bool:
    """Whether there is a peak to compare with: compilers turn some of the plain code into vectors,
    so that it may be faster than one multiply-add at a time.
    """
    return LIBRARY.exists() and bool(il._core.show_config()["isa"] != "scalar")


@cache
def peak(dtype: str) -> float:
    """Fused multiply-adds on one core, in operations a second: the best of some tries."""
    return measured_peak(dtype)


def measured_peak(dtype: str) -> float:
    flops = 400_000_000
    a_slice = at_peak(dtype, flops)
    return max(flops / a_slice(1) for _ in range(24))


def share_of_peak(rate: float, dtype: str) -> float:
    """What part of the peak so many operations a second are.

    Raises RuntimeError where it is more than the whole: then the measured peak is wrong, and so are
    all shares. A peak that was measured in a slow spell of the machine is measured once more.
    """
    share = rate / peak(dtype)
    if share > MOST_OF_PEAK:
        share = rate / measured_peak(dtype)
    if share > MOST_OF_PEAK:
        raise RuntimeError(
            f"{share:.1%} of the peak, {peak(dtype) / 1e9:.1f} GFLOP/s {dtype}: what was measured "
            "as the peak of fused multiply-adds is not the peak"
        )
    return share


def at_peak(dtype: str, flops: int) -> Slice:
    """A slice of as many operations as so many units of `flops` are, all at the peak."""
    measure = getattr(load(), f"peak_{PRECISIONS[dtype]}")
    measure.argtypes, measure.restype = [ctypes.c_size_t], ctypes.c_double
    a_round = measure(1)

    def many(count: int) -> float:
        begin = process_time()
        operations = measure(max(1, round(count * flops / a_round)))
        return (process_time() - begin) * count * flops / operations

    return many


def panel(dtype: str) -> int:
    """Columns of a panel of product()."""
    return ctypes.c_size_t.in_dll(load(), f"panel_{PRECISIONS[dtype]}").value


def product(
    rows: int, depth: int, columns: int, transposed: bool, a: Array, b: Array, c: Array
) -> Callable[[], object]:
    """The core's c = a b, or a' b, of contiguous arrays of one dtype, in panels."""
    call = getattr(load(), f"product_{PRECISIONS[str(a.dtype)]}")
    call.restype = None
    sizes = map(ctypes.c_size_t, (rows, depth, columns))
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (a, b, c)]
    return partial(call, *sizes, ctypes.c_int(transposed), *pointers)


def function(name: str, x: Array, out: Array) -> Callable[[], object]:
    """The core's out = name(x), contiguous arrays of one dtype."""
    call = getattr(load(), f"{name}_{PRECISIONS[str(x.dtype)]}")
    call.restype = None
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, out)]
    return partial(call, ctypes.c_size_t(x.size), *pointers)
