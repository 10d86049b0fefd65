"""Build of the extension module `initlens._core`; everything else is in pyproject.toml.

Each file of kernels is compiled alone, with the flags of its instruction set, so that no such
instruction can leak into code that runs before the CPU was asked; and twice, once for each
precision. The rest is plain C11.
"""

import os
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CSRC = Path("csrc")
SOURCES = sorted(str(path) for part in ("core", "binding") for path in (CSRC / part).glob("*.c"))
HEADERS = sorted(str(path) for path in CSRC.rglob("*.h"))
# Backwards: the one that takes longest to compile, kernels_soft, does not wait for the others.
KERNELS = sorted((str(path) for path in (CSRC / "kernels").glob("kernels_*.c")), reverse=True)
INCLUDES = [str(CSRC / "include"), str(CSRC / "kernels")]

# The limited API gives one wheel for CPython 3.11 and later; free-threaded builds have none.
LIMITED_API = not sysconfig.get_config_var("Py_GIL_DISABLED")

# A contraction that the compiler invents, or a flag that reorders sums, would change bits: see
# "Numerics" in csrc/README.md. Without errno and traps, sqrt and fma become single instructions.
# -g0 takes back the -g of the interpreter's own build, most of the size of the wheel.
UNIX_FLAGS = [
    *("-std=c11", "-O3", "-ffp-contract=off", "-fvisibility=hidden"),
    *("-fno-math-errno", "-fno-trapping-math", "-g0"),
]
MSVC_FLAGS = ["/std:c11", "/O2", "/fp:precise"]

# gcc leaves independent chains one after the other unless it is asked to interleave them, as the
# loops of csrc/kernels/math.inc.h are meant to be. Other compilers do not know the flags.
GCC_KERNEL_FLAGS = ["-fschedule-insns", "-fsched-pressure"]
# Of -O3 the scalar kernels need these two passes alone, and compile in three quarters of the time.
# AVX2 needs all of it for one_output.inc.h (2-8-1 takes 1.2 times as long without), AVX-512 for
# random.inc.h (draws take up to 1.24 times as long).
GCC_LIGHT_FLAGS = ["-O2", "-fpeel-loops", "-funswitch-loops"]
GCC_NEEDS_O3 = {"kernels_avx2", "kernels_avx512"}

# Per file, beyond the baseline; a file that is missing here needs nothing.
UNIX_X86_FLAGS = {
    "kernels_scalar": ["-mfma"],
    "kernels_avx2": ["-mavx2", "-mfma"],
    "kernels_avx512": ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl"],
}
MSVC_X86_FLAGS = {"kernels_avx2": ["/arch:AVX2"], "kernels_avx512": ["/arch:AVX512"]}
# Vector tables that only one machine has, and the macro that puts each into the core's list.
X86_TABLES = {"kernels_avx2": "IL_BUILD_AVX2", "kernels_avx512": "IL_BUILD_AVX512"}
ARM_TABLES = {"kernels_neon": "IL_BUILD_NEON"}


class Unit(NamedTuple):
    """A file to compile: where its object goes, and with what beyond the macros of all."""

    source: str
    folder: str
    flags: list[str]
    macros: tuple[tuple[str, str], ...] = ()


class BuildCore(build_ext):
    """`build_ext` that compiles each file of kernels with its own flags, and files side by side."""

    def build_extension(self, ext: Extension) -> None:
        """Compile the files, then have the extension linked of them."""
        msvc = self.compiler.compiler_type == "msvc"
        x86 = self.plat_name.endswith(("x86_64", "amd64"))
        arm = self.plat_name.endswith(("aarch64", "arm64"))
        tables = X86_TABLES if x86 else ARM_TABLES if arm else {}
        ext.define_macros += [(macro, "1") for macro in tables.values()]
        ext.extra_compile_args = MSVC_FLAGS if msvc else UNIX_FLAGS
        ext.libraries = [] if msvc else ["m"]
        units = self.kernel_units(ext, tables, x86=x86, gcc=not msvc and self.is_gcc())
        units += [Unit(source, self.build_temp, ext.extra_compile_args) for source in ext.sources]

        def compile_one(unit: Unit) -> list[str]:
            return self.compiler.compile(
                [unit.source],
                output_dir=unit.folder,
                macros=[*ext.define_macros, *unit.macros],
                include_dirs=ext.include_dirs,
                debug=self.debug,
                extra_postargs=unit.flags,
            )

        # A thread waits for each compiler. MSVC's is set up by its first call: one at a time.
        with ThreadPoolExecutor(1 if msvc else usable_cpus()) as pool:
            objects = [one for compiled in pool.map(compile_one, units) for one in compiled]
        linked = copy(ext)
        linked.sources, linked.extra_objects = [], objects
        linked.depends = ext.depends + ext.sources
        super().build_extension(linked)

    def kernel_units(
        self, ext: Extension, tables: dict[str, str], *, x86: bool, gcc: bool
    ) -> list[Unit]:
        """Return the files of kernels that this machine can have, twice each."""
        msvc = self.compiler.compiler_type == "msvc"
        per_file = (MSVC_X86_FLAGS if msvc else UNIX_X86_FLAGS) if x86 else {}
        others = (X86_TABLES.keys() | ARM_TABLES.keys()) - tables.keys()
        units = []
        for source in KERNELS:
            stem = Path(source).stem
            if stem in others:
                continue
            flags = [*ext.extra_compile_args, *per_file.get(stem, [])]
            if gcc:
                flags += GCC_KERNEL_FLAGS + ([] if stem in GCC_NEEDS_O3 else GCC_LIGHT_FLAGS)
            for bits in ("32", "64"):
                folder = str(Path(self.build_temp) / f"f{bits}")
                units.append(Unit(source, folder, flags, (("IL_PRECISION", bits),)))
        return units

    def is_gcc(self) -> bool:
        """Tell whether the compiler is gcc, whatever its name: clang is often called gcc."""
        command = [*self.compiler.compiler_so, "--version"]  # the first may be ccache
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except OSError:
            return False  # the build itself will say so
        return "Free Software Foundation" in said


def usable_cpus() -> int:
    """Count the CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


setup(
    ext_modules=[
        Extension(
            "initlens._core",
            sources=SOURCES,
            depends=HEADERS + KERNELS,
            include_dirs=[*INCLUDES, np.get_include()],
            define_macros=[("IL_NUMPY_VERSION", np.__version__)]
            + ([("Py_LIMITED_API", "0x030b0000")] if LIMITED_API else []),
            py_limited_api=LIMITED_API,
        )
    ],
    cmdclass={"build_ext": BuildCore},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED_API else {},
)
