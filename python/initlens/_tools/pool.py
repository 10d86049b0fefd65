"""Groups of independent work on threads, with a clean stop at Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final, TypeVar

import numpy as np

from .._core import SMALL_NET

__all__ = ["group_size", "run_groups"]

Task = TypeVar("Task")
Result = TypeVar("Result")

# The widest vector, in bytes: a small net takes a lane of it.
VECTOR: Final = 64


def group_size(layers: Sequence[int], dtype: str) -> int:
    """Return how many nets to hand to the core at once: as many as fill a vector, and no more.

    Larger groups would be no faster, and would take longer to report progress, or to have finished
    nets when Ctrl-C comes.
    """
    parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(layers))
    return 1 if parameters > SMALL_NET else VECTOR // np.dtype(dtype).itemsize


def run_groups(
    work: Callable[[Sequence[Task]], list[Result]],
    tasks: Sequence[Task],
    size: int,
    jobs: int,
    stop: threading.Event,
    report: Callable[[int], None] | None = None,
) -> tuple[list[Result], bool]:
    """Run `work` on groups of the tasks, on threads.

    Parameters
    ----------
    work : callable
        Takes some of the tasks and returns their results; those of the finished ones if `stop` is
        set.
    tasks : sequence
        All of them.
    size : int
        Most tasks in a group.
    jobs : int
        Most threads at once.
    stop : threading.Event
        Set here at an exception or Ctrl-C, for `work` to look at.
    report : callable, optional
        Told how many tasks are finished.

    Returns
    -------
    results : list
        Of the finished tasks, in their order.
    interrupted : bool
        Whether Ctrl-C came.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C before the first task has finished.
    """
    size = max(1, min(size, -(-len(tasks) // jobs)))
    groups = [tasks[i : i + size] for i in range(0, len(tasks), size)]
    results: list[list[Result]] = [[] for _ in groups]
    claims = [threading.Lock() for _ in groups]
    finished: SimpleQueue[BaseException | None] = SimpleQueue()
    interrupted = False

    def run(i: int) -> None:
        if not claims[i].acquire(blocking=False):
            return  # the caller has done it
        try:
            results[i] = work(groups[i])
        except BaseException as error:
            finished.put(error)
        else:
            finished.put(None)

    with _held_back(stop), ThreadPoolExecutor(max(1, min(jobs, len(groups)))) as pool:
        try:
            for i in range(len(groups)):
                try:
                    pool.submit(run, i)
                except (
                    RuntimeError
                ):  # a thread does not start: what there are go on, and the caller
                    run(i)
            waiting = len(groups)
            while waiting:
                if stop.is_set():
                    raise KeyboardInterrupt
                try:
                    # The timeout lets Ctrl-C through where waiting cannot be interrupted.
                    error = finished.get(timeout=0.1)
                    waiting -= 1
                    if error is not None:
                        raise error
                except Empty:
                    pass  # the bar still shows that time passes
                if report is not None:
                    report(sum(map(len, results)))
        except BaseException as error:
            stop.set()  # what runs stops within a twentieth of a second, what waits at once
            if not isinstance(error, KeyboardInterrupt):
                raise
            interrupted = True
    interrupted |= stop.is_set()  # it came while the last threads ended
    kept = [result for group in results for result in group]
    if interrupted and not kept:
        raise KeyboardInterrupt
    return kept, interrupted


@contextmanager
def _held_back(stop: threading.Event) -> Iterator[None]:
    """Let the first Ctrl-C set `stop` instead of raising; the second raises as ever.

    A KeyboardInterrupt may be raised between any two instructions, also where the standard
    library's threads and futures have taken a lock and not yet entered the block that gives it
    back; whoever needs that lock then waits for ever.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield  # Ctrl-C goes elsewhere, or the caller has plans of his own for it
        return

    def note(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.set()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, signal.default_int_handler)
