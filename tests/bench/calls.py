"""What one call costs: `forward` of one row from Python, and the import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Final

from .measure import Effort, Line, Timing, agree, calls, compare
from .peers import PEERS, Initlens, Peer
from .problems import PROBLEMS

IMPORT: Final = "from time import process_time as t; b = t(); import {}; print(t() - b)"


def lines() -> Iterator[Line]:
    row = f"forward of one row, {PROBLEMS[0].name.split()[0]}"
    for peer in PEERS:
        yield Line("calls", row, peer.name, peer.package, "call", partial(forward, peer))
    yield Line("calls", "import", "NumPy alone", "numpy", "import", imports)


def forward(peer: type[Peer], effort: Effort) -> Timing:
    theirs, ours = peer(PROBLEMS[0]), Initlens(PROBLEMS[0])
    row = ours.X[:1].copy()
    agree(theirs.forward(row), ours.forward(row), f"forward of {peer.name}")
    return compare(calls(theirs.forward_call(row)), calls(ours.forward_call(row)), effort)


def imports(effort: Effort) -> Timing:
    """In interpreters of their own; ours imports NumPy too."""
    return compare(partial(import_slice, "numpy"), partial(import_slice, "initlens"), effort)


def import_slice(module: str, count: int) -> float:
    command = [sys.executable, "-c", IMPORT.format(module)]
    return sum(
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(count)
    )
