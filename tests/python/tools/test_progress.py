"""Progress of long calls in a notebook and in a shell, and what Ctrl-C leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import initlens as il
from initlens import _core
from initlens._tools import pool

FIT = """
import initlens as il
flower = il.datasets.flower()
net = il.Network([2, 4, 1]).initialize("he_normal", rng=0)
history = net.fit(flower.X, flower.y, steps=400, progress=True)
histories = il.fit_many([net], flower.X, flower.y, steps=40, progress=True)
comparison = il.compare(["zeros", "he_normal"], steps=40, seeds=4, progress=True)
"""


def run_in_kernel(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Run a cell; return what it wrote to stderr, and the data of what it displayed."""
    cells = [nbformat.v4.new_code_cell(source)]
    notebook = NotebookClient(
        nbformat.v4.new_notebook(cells=cells), kernel_name="python3"
    ).execute()
    outputs = notebook.cells[0].outputs
    return (
        "".join(output.text for output in outputs if output.get("name") == "stderr"),
        [output.data for output in outputs if "data" in output],
    )


def test_a_bar_in_a_notebook() -> None:
    pytest.importorskip("tqdm")
    pytest.importorskip("ipywidgets")
    written, displayed = run_in_kernel(FIT)
    assert written == ""
    assert len(displayed) == 3
    for data in displayed:
        assert "application/vnd.jupyter.widget-view+json" in data


def test_a_notebook_without_ipywidgets_shows_no_warning() -> None:
    pytest.importorskip("tqdm")
    written, displayed = run_in_kernel(f"import sys\nsys.modules['ipywidgets'] = None\n{FIT}")
    assert "Warning" not in written
    assert "ipywidgets" not in written
    assert "400/400" in written
    assert "8/8" in written
    assert displayed == []


def test_a_notebook_without_tqdm_shows_lines() -> None:
    written, displayed = run_in_kernel(f"import sys\nsys.modules['tqdm.auto'] = None\n{FIT}")
    lines = written.splitlines()
    assert all(" % " in line for line in lines)
    assert [line.split("  ")[1] for line in lines if line.startswith("100 %")] == [
        "400 of 400 steps",
        "1 of 1 nets",
        "8 of 8 nets",
    ]
    assert displayed == []


@pytest.mark.parametrize("progress", ["yes", 1, 0, pytest.param(object(), id="object")])
def test_progress_must_be_known(progress: Any) -> None:
    flower = il.datasets.flower()
    net = il.Network([2, 1])
    with pytest.raises(TypeError, match="progress must be True, False or a function"):
        net.fit(flower.X, flower.y, steps=5, progress=progress)
    with pytest.raises(TypeError, match="progress must be True, False or a function"):
        il.fit_many([net], flower.X, flower.y, steps=5, progress=progress)
    assert not net.weights[0].any()


def test_ctrl_c_keeps_the_finished_nets_of_a_group(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C in the middle of a vector of nets; those of the vectors before are kept."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    train = il.Network._fit_many
    fired = threading.Event()
    vectors = 0
    last = 0

    def interrupted(*args: Any) -> Any:
        *rest, poll = args

        def watch(steps: int) -> bool:
            """Tell vectors apart by their steps, which begin anew."""
            nonlocal vectors, last
            vectors += steps < last
            last = steps
            if vectors >= 1 and not fired.is_set():
                fired.set()
                signal.raise_signal(signal.SIGINT)
            return bool(poll(steps))

        return train(*rest, watch)

    monkeypatch.setattr(il.Network, "_fit_many", staticmethod(interrupted))
    steps = 20_000
    try:
        result = il.compare(
            ["he_normal", "zeros"], steps=steps, record=0, seeds=20, n_jobs=1, progress=True
        )
    except KeyboardInterrupt:
        pytest.fail("no net was kept")
    assert fired.is_set()
    assert result.interrupted
    assert 0 < len(result.runs) < 40
    assert all(run.steps == steps for run in result.runs)
    monkeypatch.setattr(il.Network, "_fit_many", train)
    seeds = [run.seed for run in result.of("he_normal")]
    assert seeds == list(range(len(seeds)))
    again = il.compare("he_normal", steps=steps, record=0, seeds=seeds[:1]).runs[0]
    assert again.final_loss == result.of("he_normal")[0].final_loss
    assert "100 %" not in capsys.readouterr().err


CTRL_C_ANYWHERE = """
import concurrent.futures.thread, queue, signal, sys, threading, time
from initlens._tools import pool

places = {concurrent.futures._base.__file__, concurrent.futures.thread.__file__, threading.__file__}


def run(last):
    \"\"\"Ctrl-C before a line that the main thread runs in them; give how many it ran.\"\"\"
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if frame.f_code.co_filename not in places:
            return None
        if event == "line":
            lines += 1
            if lines == last:
                signal.raise_signal(signal.SIGINT)
        return trace

    def work(group):
        time.sleep(0.0001)
        return [] if stop.is_set() else list(group)

    stop = threading.Event()
    sys.settrace(trace)
    try:
        results, interrupted = pool.run_groups(work, range(6), 1, 2, stop)
    except KeyboardInterrupt:
        results, interrupted = [], True
    finally:
        sys.settrace(None)
    assert interrupted == (0 < last <= lines), last
    assert results == sorted(set(results))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return lines


lines = run(0)
for last in range(1, lines + 1):
    run(last)
print(lines)
"""


def test_ctrl_c_anywhere_ends() -> None:
    """Also where threading and futures hold a lock: it used to hang for ever there."""
    ended = subprocess.run(
        [sys.executable, "-c", CTRL_C_ANYWHERE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 100


def test_the_second_ctrl_c_leaves_a_progress_function_that_hangs() -> None:
    calls = 0

    def hang(done: int, total: int) -> None:
        nonlocal calls
        if done == 0:
            return
        calls += 1
        signal.raise_signal(signal.SIGINT)
        calls += 1
        signal.raise_signal(signal.SIGINT)
        calls += 1

    result = il.compare("zeros", steps=100, seeds=20, progress=hang)
    assert result.interrupted
    assert calls == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_caller_stays_in_charge() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        result = il.compare(
            "zeros",
            steps=100,
            seeds=2,
            progress=lambda done, total: signal.raise_signal(signal.SIGINT),
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert not result.interrupted
    assert set(seen) == {signal.SIGINT}


def test_a_handler_that_a_progress_function_sets_stays() -> None:
    def mine(number: int, frame: object) -> None:
        pass

    before = signal.getsignal(signal.SIGINT)
    try:
        il.compare(
            "zeros", steps=100, seeds=2, progress=lambda *_: signal.signal(signal.SIGINT, mine)
        )
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("started", [0, 1])
def test_threads_that_do_not_start_are_done_without(
    monkeypatch: pytest.MonkeyPatch, started: int
) -> None:
    """Each net is trained once, to the bits that two threads give."""
    flower = il.datasets.flower()

    def trained(progress: Callable[[int, int], object] | None = None) -> list[bytes]:
        nets = [il.Network([2, 3, 1]).initialize("normal(1)", rng=seed) for seed in range(70)]
        histories = il.fit_many(nets, flower.X, flower.y, steps=40, progress=progress, n_jobs=2)
        assert [history.steps_done for history in histories] == [40] * 70
        return [net.weights[0].tobytes() for net in nets]

    expected = trained()
    start = threading.Thread.start
    left = started

    def refuse(thread: threading.Thread) -> None:
        nonlocal left
        if left == 0:
            raise RuntimeError("can't start new thread")
        left -= 1
        start(thread)

    def check(done: int, total: int) -> None:
        # Also called while the caller waits. Without threads there is nothing to wait for.
        assert started or done == total

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert trained(check) == expected


def test_groups_fill_a_vector() -> None:
    assert pool.group_size([2, 4, 1], "float32") == 16
    assert pool.group_size([2, 4, 1], "float64") == 8
    assert pool.group_size([2, 64, 64, 1], "float64") == 1  # 4,417 parameters
    largest = _core.SMALL_NET - 1  # of one input and one output, without a hidden layer
    assert pool.group_size([largest, 1], "float64") == 8
    assert pool.group_size([largest + 1, 1], "float64") == 1


@pytest.mark.parametrize("size", [1, 3, 8, 50])
@pytest.mark.parametrize("jobs", [1, 2, 7])
def test_results_in_the_order_of_the_tasks(size: int, jobs: int) -> None:
    told: list[int] = []
    longest = 0

    def work(group: Any) -> list[int]:
        nonlocal longest
        longest = max(longest, len(group))
        return [-task for task in group]

    stop = threading.Event()
    results, interrupted = pool.run_groups(work, range(20), size, jobs, stop, told.append)
    assert results == [-task for task in range(20)]
    assert not interrupted
    assert told[-1] == 20
    assert longest <= size
