"""Where it is measured: a process for each peer, pinned to its cores.

It is pinned before the peer is imported; NumPy, which the benchmark itself needs, is there before,
and keeps to one thread because tests.bench says so in the environment.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

from .measure import Effort, Line, Timing


def cpus() -> list[int]:
    """CPUs that this process may use, or all where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cpu_model() -> str:
    """The maker's name of the CPU; empty where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    fields = (line.partition(":") for line in lines)
    names = (value.strip() for field, _, value in fields if field.strip() == "model name")
    return next(names, platform.processor())


def pin(cores: int) -> None:
    """Keep this process on its last `cores` CPUs, where the system lets it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cpus()[-cores:])


def process(cores: int) -> ProcessPoolExecutor:
    """A fresh process, pinned."""
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=pin, initargs=(cores,))


def run(lines: Iterable[Line], effort: Effort) -> Iterator[tuple[Line, Timing]]:
    """Measure line after line, never two at a time."""
    with ExitStack() as stack:
        processes: dict[tuple[str, int], ProcessPoolExecutor] = {}
        for line in lines:
            key = (line.package, line.cores)
            if key not in processes:
                processes[key] = stack.enter_context(process(line.cores))
            yield line, processes[key].submit(line.run, effort).result()
