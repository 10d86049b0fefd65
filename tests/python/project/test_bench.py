"""The benchmark runs and its peers agree with us; nothing is said of speed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.bench import __main__ as program
from tests.bench import (
    fits,
    functions,
    measure,
    native,
    picture,
    processes,
    products,
    results,
    scorecard,
)
from tests.bench.measure import Effort, Line, Timing
from tests.bench.peers import Initlens, NumPyByHand
from tests.bench.problems import POPULATIONS, PROBLEMS, Array, Problem

import initlens as il
from makefile import locked

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


@pytest.fixture
def alone() -> Iterator[None]:
    """native.build() compiles into csrc/build."""
    with locked():
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
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
    assert (content["rounds"], content["seconds"]) == (1, 0.001)
    assert datetime.fromisoformat(content["date"]).tzinfo is not None
    assert content["machine"]["cpu"] == processes.cpu_model()
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [["speed"], ["--row", "no such row"]])
def test_bench_refuses_what_it_cannot_measure(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(arguments)
    assert re.search("no part speed|nothing to measure: no row", capsys.readouterr().err)


TIMING = Timing(theirs=3.0, ours=2.0, ratio=1.5, ratio_min=1.5, ratio_max=1.5)


def measured(effort: Effort) -> Timing:
    return TIMING


def fails(effort: Effort) -> Timing:
    raise RuntimeError("they do not compute the same")


def test_what_is_measured_before_a_failure_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [Line("calls", run.__name__, "x", "numpy", "call", run) for run in (measured, fails)]
    monkeypatch.setattr(program, "LINES", lines)
    monkeypatch.setattr(native, "build", lambda: "it is not needed")
    path = tmp_path / "bench.json"
    with pytest.raises(RuntimeError, match="do not compute the same"):
        program.main(["calls", "--json", str(path)])
    assert [result["row"] for result in json.loads(path.read_text())["results"]] == ["measured"]


def cell(row: str, ratio: float, column: str = "8") -> results.Result:
    line = Line(
        "products", f"row {row}", "x", "numpy", "product", measured, cell=("t", row, column)
    )
    return line, Timing(ratio, 1.0, ratio, ratio, ratio)


def test_tables_say_their_range() -> None:
    *_, last = results.tables([cell("a", 2.0), cell("b", 0.5), cell("c", 8.0)])
    assert last == "0.5 to 8 times as fast as x; lowest: row b"


def test_a_cut_table_has_empty_places(tmp_path: Path) -> None:
    found = [cell("a", 2.0), cell("b", 0.5, "16")]
    _, a, b, _ = results.tables(found)
    assert a.split() == ["a", "2"]
    assert b.split() == ["b", "0.5"]
    assert a.index("2") < b.index("0.5")
    picture.draw(tmp_path / "cut.png", found, "title")
    assert (tmp_path / "cut.png").stat().st_size > 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be pinned here")
@pytest.mark.parametrize("cores", [1, 2])
def test_peers_are_pinned(cores: int) -> None:
    if len(processes.cpus()) < cores:
        pytest.skip("this process may use one CPU")
    with processes.process(cores) as process:
        assert process.submit(os.sched_getaffinity, 0).result() == set(processes.cpus()[-cores:])


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"])
def test_peers_have_one_thread(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "2")
    monkeypatch.setenv("INITLENS_NUM_THREADS", "1")
    with processes.process(1) as process:
        assert process.submit(os.getenv, name).result() == "1"
        assert process.submit(os.getenv, "INITLENS_NUM_THREADS").result() is None


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


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_functions_are_those_of_the_core() -> None:
    if (reason := native.build()) is not None:
        pytest.skip(reason)
    for dtype in native.PRECISIONS:
        x, out = functions.aligned(dtype), functions.aligned(dtype)
        x[:] = np.linspace(-4, 4, x.size)
        native.function("tanh", x, out)()
        np.testing.assert_allclose(out, np.tanh(x), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_functions_without_mpmath_have_no_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    if (reason := native.build()) is not None:
        pytest.skip(reason)
    monkeypatch.setitem(sys.modules, "mpmath", None)
    timing = functions.time(functions.of_numpy, "tanh", "float32", Effort(1, 1e-4))
    assert timing.errors_ulp is None


@pytest.mark.parametrize("check", list(scorecard.CHECKS))
def test_scorecard_has_nothing_against_us(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecard, "WIDTHS", (1, 5, 7, 8, 33, 100, 129))
    assert scorecard.broken(Initlens, check) == 0.0


def test_threads_of_the_scorecard_share_a_step(root: Path) -> None:
    source = (root / "csrc" / "core" / "training.c").read_text(encoding="utf-8")
    found = re.search(r"enum { STEP_WORTH_A_THREAD = (\d+) };", source)
    assert found is not None
    problem = scorecard.shared_problem(4)
    parameters = sum(part.size for parts in problem.start() for part in parts)
    assert parameters * problem.batch >= 2 * int(found[1])


def nudge(values: Array) -> None:
    """The first value becomes the next float."""
    values.flat[0] = np.nextafter(values.flat[0], np.inf, dtype=values.dtype)


def spoils_parameters(kind: int, layer: int, when: Callable[[Initlens], bool]) -> type[Initlens]:
    """A peer with other weights (kind 0) or biases (1) of a layer at times."""

    class Spoiler(Initlens):
        def parameters(self) -> tuple[list[Array], list[Array]]:
            weights, biases = ([part.copy() for part in parts] for parts in super().parameters())
            if when(self):
                nudge((weights, biases)[kind][layer])
            return weights, biases

    return Spoiler


def spoils_outputs(when: Callable[[Initlens, int], bool]) -> type[Initlens]:
    """A peer with another output of the first of so many samples at times."""

    class Spoiler(Initlens):
        def forward(self, X: Array) -> Array:
            outputs = super().forward(X)
            if when(self, len(X)):
                nudge(outputs)
            return outputs

    return Spoiler


def on_two_threads(peer: Initlens, samples: int = 0) -> bool:
    return peer.threads == 2


def with_plain_kernels(peer: Initlens, samples: int = 0) -> bool:
    return bool(il._core.show_config()["isa"] == "scalar")


BREAKERS = {
    "one unit's incoming weight": (spoils_parameters(0, 0, lambda _: True), {"twins"}),
    "one unit's bias": (spoils_parameters(1, 0, lambda _: True), {"twins"}),
    "one unit's outgoing weight": (spoils_parameters(0, 1, lambda _: True), {"twins"}),
    "a row alone": (spoils_outputs(lambda _, samples: samples == 1), {"row"}),
    "small batches": (spoils_outputs(lambda _, samples: 1 < samples < 32), {"split"}),
    "the first of a batch": (spoils_outputs(lambda _, samples: samples > 1), {"row", "split"}),
    "weights of two threads": (spoils_parameters(0, 0, on_two_threads), {"threads"}),
    "biases of two threads": (spoils_parameters(1, 0, on_two_threads), {"threads"}),
    "outputs of two threads": (spoils_outputs(on_two_threads), {"threads"}),
    "weights of plain kernels": (spoils_parameters(0, 0, with_plain_kernels), {"isa"}),
    "biases of plain kernels": (spoils_parameters(1, 0, with_plain_kernels), {"isa"}),
    "outputs of plain kernels": (spoils_outputs(with_plain_kernels), {"isa"}),
}


@pytest.mark.parametrize("name", BREAKERS)
def test_scorecard_finds_who_breaks_a_promise(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecard, "WIDTHS", (4, 9))
    breaker, promises = BREAKERS[name]
    if promises == {"isa"} and len(il._core.show_config()["available"]) < 3:
        pytest.skip("there are no vector kernels here")
    found = {check: scorecard.broken(breaker, check) for check in scorecard.CHECKS}
    assert found == {check: float(check in promises) for check in scorecard.CHECKS}


def test_scorecard_asks_nothing_that_a_peer_does_not_offer() -> None:
    for check in ("threads", "isa"):
        assert scorecard.broken(NumPyByHand, check) is None


def test_more_than_the_peak_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "peak", lambda dtype: 100.0)
    measured = {"float32": 100.0, "float64": 200.0}
    monkeypatch.setattr(native, "measured_peak", measured.__getitem__)
    assert native.share_of_peak(102.0, "float32") == 1.02
    with pytest.raises(RuntimeError, match=r"103\.0% of the peak.*is not the peak"):
        native.share_of_peak(103.0, "float32")
    assert native.share_of_peak(190.0, "float64") == 0.95  # the first try was in a slow spell


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_no_product_is_faster_than_the_peak() -> None:
    """Half of the peak was taken for the whole where its sums stayed in memory."""
    if (reason := native.build()) is not None or not native.has_peak():
        pytest.skip(reason or "plain code may be faster than one multiply-add at a time")
    for dtype in native.PRECISIONS:
        timing = products.beside_peak(128, 128, False, dtype, Effort(3, 1e-2))
        assert timing.share_of_peak is not None
