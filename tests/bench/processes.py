"""Where it is measured: a process for each peer, pinned to its cores before it is imported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

from .measure import Effort, Line, Timing


def cpus() -> list[int]:
    """CPUs that this process may use, or all where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(cores: int) -> None:
    """Keep this process on its last `cores` CPUs, where the system lets it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus()[-cores:])


def run(lines: Iterable[Line], effort: Effort) -> Iterator[tuple[Line, Timing]]:
    """Measure line after line, never two at a time."""
    with ExitStack() as stack:
        processes: dict[tuple[str, int], ProcessPoolExecutor] = {}
        for line in lines:
            key = (line.package, line.cores)
            if key not in processes:
                processes[key] = stack.enter_context(
                    ProcessPoolExecutor(
                        1, get_context("spawn"), initializer=pin, initargs=(line.cores,)
                    )
                )
            yield line, processes[key].submit(line.run, effort).result()
