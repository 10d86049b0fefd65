"""Build of the extension module `initlens._core`; everything else is in pyproject.toml.

Each file of kernels is compiled alone, with the flags of its instruction set, so that no such
instruction can leak into code that runs before the CPU was asked. The rest is plain C11.
"""

import subprocess
import sysconfig
from pathlib import Path

import numpy as np
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CSRC = Path("csrc")
SOURCES = sorted(str(path) for part in ("core", "binding") for path in (CSRC / part).glob("*.c"))
HEADERS = sorted(str(path) for path in CSRC.rglob("*.h"))
KERNELS = sorted(str(path) for path in (CSRC / "kernels").glob("kernels_*.c"))
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


class BuildCore(build_ext):
    """`build_ext` that compiles each file of kernels with its own flags."""

    def build_extension(self, ext: Extension) -> None:
        """Compile the kernels, then the extension that links them."""
        msvc = self.compiler.compiler_type == "msvc"
        x86 = self.plat_name.endswith(("x86_64", "amd64"))
        arm = self.plat_name.endswith(("aarch64", "arm64"))
        per_file = (MSVC_X86_FLAGS if msvc else UNIX_X86_FLAGS) if x86 else {}
        tables = X86_TABLES if x86 else ARM_TABLES if arm else {}
        others = (X86_TABLES.keys() | ARM_TABLES.keys()) - tables.keys()
        ext.define_macros += [(macro, "1") for macro in tables.values()]
        ext.extra_compile_args = MSVC_FLAGS if msvc else UNIX_FLAGS
        flags = ext.extra_compile_args + (GCC_KERNEL_FLAGS if not msvc and self.is_gcc() else [])
        ext.libraries = [] if msvc else ["m"]
        for source in KERNELS:
            name = Path(source).stem
            if name not in others:
                ext.extra_objects += self.compiler.compile(
                    [source],
                    output_dir=self.build_temp,
                    macros=ext.define_macros,
                    include_dirs=INCLUDES,
                    extra_postargs=[*flags, *per_file.get(name, [])],
                )
        super().build_extension(ext)

    def is_gcc(self) -> bool:
        """Tell whether the compiler is gcc, whatever its name: clang is often called gcc."""
        command = [*self.compiler.compiler_so, "--version"]  # the first may be ccache
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        except OSError:
            return False  # the build itself will say so
        return "Free Software Foundation" in said


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
