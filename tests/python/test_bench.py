"""The benchmark runs and its peers agree with us; nothing is said of speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.bench import scorecard
from tests.bench.peers import Initlens


def test_bench(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--seconds", "0.01"]
    subprocess.run([*command, "--json", str(path)], cwd=root, check=True, capture_output=True)
    content = json.loads(path.read_text())
    nets = {r["problem"] for r in content["results"] if r["peer"] == "NumPy by hand"}
    assert nets == {
        "2-8-1 batch 32",
        "2-16-16-1 batch 64",
        "8-64-64-1 batch 64",
        "784-128-10 batch 64",
        "784-512-512-10 batch 128",
    }
    assert {"initlens", "NumPy by hand"} <= set(content["versions"])


def test_bench_of_draws(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "draws.json"
    command = [sys.executable, "-m", "tests.bench.draws", "--rounds", "1", "--size", "1000"]
    subprocess.run([*command, "--json", str(path)], cwd=root, check=True, capture_output=True)
    found = {(row["peer"], row["draw"]) for row in json.loads(path.read_text())}
    assert {("initlens", "truncated float32"), ("numpy", "orthogonal")} <= found


@pytest.mark.parametrize("check", list(scorecard.CHECKS))
def test_scorecard_has_nothing_against_us(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecard, "WIDTHS", (1, 5, 7, 8, 33, 100, 129))
    assert scorecard.broken(Initlens, check) == 0.0
