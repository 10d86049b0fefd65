"""Fixtures shared by the tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Final

import pytest
from numpy.typing import NDArray

import reference

os.environ.setdefault("MPLBACKEND", "Agg")

MOST_WORKERS: Final = 8  # each imports and collects everything; more would not end sooner

# A shell makes what it starts in the background deaf to Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def usable_cpus() -> int:
    """CPUs that this process may run on; xdist's `auto` may count cores, half as many."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Test folders with a worker per CPU if pytest-xdist is there, and named files in one process.

    `-n` on the command line decides for itself. Debuggers and `-s` need the tests in this process.
    """
    option = config.option
    if (
        getattr(option, "numprocesses", 0) is None  # xdist is there, and -n was not given
        and not hasattr(config, "workerinput")
        and not (option.usepdb or option.trace or option.collectonly or option.capture == "no")
        and not any(".py" in argument for argument in config.args)
    ):
        option.numprocesses = min(usable_cpus(), MOST_WORKERS)
        option.dist = "worksteal"


@pytest.fixture(scope="session")
def root() -> Path:
    """The source tree."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def flower() -> tuple[NDArray[Any], NDArray[Any]]:
    """The lecture's data, from the twin: X (400, 2) and labels (400,)."""
    X, y = reference.flower()
    X.flags.writeable = False
    y.flags.writeable = False
    return X, y
