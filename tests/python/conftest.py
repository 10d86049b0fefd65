"""Fixtures shared by the tests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

import reference

os.environ.setdefault("MPLBACKEND", "Agg")


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
