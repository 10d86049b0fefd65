"""The benchmark runs and its peers agree with us; nothing is said of speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.bench import fits, functions, measure, native, scorecard
from tests.bench.measure import Effort
from tests.bench.peers import Initlens, NumPyByHand
from tests.bench.problems import POPULATIONS, PROBLEMS, Problem

NUMPY_ROWS = {
    "training": {f"{problem.name} {d}" for problem in PROBLEMS for d in native.PRECISIONS},
    "calls": {
        "forward of one row, 2-8-1",
        "import",
        "import, first net drawn",
        "record every 10 steps, 784-128-10",
    },
    "draws": {f"{n} {d}" for n in ("normal", "uniform", "orthogonal") for d in native.PRECISIONS},
    "functions": {f"{name} {d}" for name in ("tanh", "exp") for d in native.PRECISIONS},
    "products": {f"X @ W + b 64-100 batch 32 {d}" for d in native.PRECISIONS},
}


def bench(root: Path, path: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench", "--rounds", "1", "--seconds", "0.001"]
    command += ["--json", str(path), *arguments]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_bench(root: Path, tmp_path: Path) -> None:
    picture = tmp_path / "bench.png"
    content = bench(root, tmp_path / "bench.json", *NUMPY_ROWS, "--plot", str(picture))
    rows: dict[str, set[str]] = {part: set() for part in NUMPY_ROWS}
    for result in content["results"]:
        rows[result["part"]].add(result["row"])
        assert result["ratio_min"] <= result["ratio"] <= result["ratio_max"]
    for part, wanted in NUMPY_ROWS.items():
        if part != "functions" or content["peak_flops"]:  # which need a compiler
            assert wanted <= rows[part]
    assert {"initlens", "numpy"} <= set(content["versions"])
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_bench_refuses_unknown_part(root: Path) -> None:
    command = [sys.executable, "-m", "tests.bench", "speed"]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no part speed" in done.stderr


class Idle(NumPyByHand):
    def fit(self, steps: int) -> None:
        super().fit(steps // 2)


def test_who_does_less_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="do not compute the same"):
        fits.fit(Idle, Initlens, PROBLEMS[0], Effort(1, 1e-3))


def test_values_that_differ_are_found_out() -> None:
    with pytest.raises(RuntimeError, match=r"tanh: they have 0\.50010000, we 0\.50000000"):
        measure.agree([0.25, 0.5001], [0.25, 0.5], "tanh")


def test_flops_count_all_products() -> None:
    # forward 2 x 3 and 3 x 4, their two weight gradients, and dA = dZ W' of the second layer
    assert Problem((2, 3, 4), 5).flops == 2 * 5 * (2 * 3 + 3 * 4 + 2 * 3 + 3 * 4 + 3 * 4)


def test_loss_of_population_is_that_of_each_net() -> None:
    weights, biases = POPULATIONS[0].start()
    for b in biases:
        b[...] = np.random.default_rng(5).standard_normal(b.shape)
    losses = POPULATIONS[0].loss(weights, biases)
    one = POPULATIONS[0].loss([w[7] for w in weights], [b[7] for b in biases])
    assert losses.shape == (256,)
    np.testing.assert_allclose(losses[7], one, rtol=1e-12)
    assert len(np.unique(losses)) == 256


def test_slices_alternate_and_count_units() -> None:
    log: list[tuple[str, int]] = []

    def slice_of(name: str, seconds: float) -> measure.Slice:
        def one(count: int) -> float:
            log.append((name, count))
            return seconds * count

        return one

    timing = measure.compare(
        slice_of("a", 0.02), slice_of("b", 0.01), Effort(3, 0.1), least=(1, 30)
    )
    assert log[-6:] == [("a", 5), ("b", 30)] * 3
    assert (timing.theirs, timing.ours) == pytest.approx((0.02, 0.01))
    assert (timing.ratio_min, timing.ratio, timing.ratio_max) == pytest.approx((2, 2, 2))
    assert timing.per(10).ours == pytest.approx(0.001)


def test_functions_are_those_of_the_core() -> None:
    if (reason := native.build()) is not None:
        pytest.skip(reason)
    for dtype in native.PRECISIONS:
        x, out = functions.aligned(dtype), functions.aligned(dtype)
        x[:] = np.linspace(-4, 4, x.size)
        native.function("tanh", x, out)()
        np.testing.assert_allclose(out, np.tanh(x), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("check", list(scorecard.CHECKS))
def test_scorecard_has_nothing_against_us(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecard, "WIDTHS", (1, 5, 7, 8, 33, 100, 129))
    assert scorecard.broken(Initlens, check) == 0.0
