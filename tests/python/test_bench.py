"""The benchmark runs and its peers agree with us; nothing is said of speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_bench(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--seconds", "0.01"]
    subprocess.run([*command, "--json", str(path)], cwd=root, check=True, capture_output=True)
    content = json.loads(path.read_text())
    nets = {r["problem"] for r in content["results"] if r["peer"] == "NumPy by hand"}
    assert nets == {
        "2-8-1 batch 32", "2-16-16-1 batch 64", "8-64-64-1 batch 64", "784-128-10 batch 64"
    }  # fmt: skip
    assert {"initlens", "NumPy by hand"} <= set(content["versions"])
