"""Groups of independent work on threads, with a clean stop at Ctrl-C."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final, TypeVar

__all__ = ["GROUP", "run_groups"]

Task = TypeVar("Task")
Result = TypeVar("Result")

# Nets handed to the core at once. A vector holds 4 or 8 small ones (16 with AVX-512); fewer larger
# groups would leave threads without work and take longer to stop.
GROUP: Final = 16


def run_groups(
    work: Callable[[Sequence[Task]], list[Result]],
    tasks: Sequence[Task],
    jobs: int,
    stop: threading.Event,
    report: Callable[[int], None] | None = None,
) -> tuple[list[Result], bool]:
    """Run `work` on groups of the tasks, on threads.

    Parameters
    ----------
    work : callable
        Takes some of the tasks and returns a result for each, or none if `stop` is set.
    tasks : sequence
        All of them.
    jobs : int
        Most threads at once.
    stop : threading.Event
        Set here at an exception, for `work` to look at.
    report : callable, optional
        Told how many tasks are finished.

    Returns
    -------
    results : list
        Of the finished groups, in the order of the tasks.
    interrupted : bool
        Whether Ctrl-C came.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C before the first group has finished.
    """
    size = max(1, min(GROUP, -(-len(tasks) // jobs)))
    groups = [tasks[i : i + size] for i in range(0, len(tasks), size)]
    futures: list[Future[list[Result]]] = []
    interrupted = False
    with ThreadPoolExecutor(max(1, min(jobs, len(groups)))) as pool:
        try:
            futures = [pool.submit(work, group) for group in groups]
            waiting = set(futures)
            done = 0
            while waiting:
                # The timeout lets Ctrl-C through where waiting for a lock cannot be interrupted.
                finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_COMPLETED)
                for future in finished:
                    done += len(future.result())
                if report is not None:
                    report(done)
        except BaseException as error:
            stop.set()  # what runs stops within a twentieth of a second, what waits at once
            if not isinstance(error, KeyboardInterrupt):
                raise
            interrupted = True
    results = [
        result for future in futures if future.exception() is None for result in future.result()
    ]
    if interrupted and not results:
        raise KeyboardInterrupt
    return results, interrupted
