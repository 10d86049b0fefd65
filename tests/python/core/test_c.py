"""The tests of the C core, which need no Python, as part of one test run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).parents[3] / "csrc"


@pytest.mark.skipif(shutil.which("make") is None, reason="the C tests are built with make")
def test_c_core(tmp_path: Path) -> None:
    command = ["make", "-C", str(CSRC), "check", f"BUILD={tmp_path}", f"-j{os.cpu_count() or 1}"]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(result.stdout)
    assert result.returncode == 0, f"the C tests failed:\n{result.stdout}"
