"""Fixtures shared by the tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

import reference

os.environ.setdefault("MPLBACKEND", "Agg")

# A shell makes what it starts in the background deaf to Ctrl-C, which some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
