"""What one call costs: `forward` of one row from Python, and the import."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryDirectory
from typing import Final

from .measure import Effort, Line, Timing, agree, calls, compare
from .peers import PEERS, Initlens, Peer
from .problems import PROBLEMS

TIMED: Final = "from time import process_time as t; b = t(); {}; print(t() - b)"
# NumPy's part of the work, and all of ours.
IMPORTS: Final = {
    "import": ("import numpy", "import initlens"),
    "import, first net drawn": (
        "import numpy.random",
        "import initlens as il; il.Network([2, 8, 1]).initialize('he_normal', rng=0)",
    ),
}


def lines() -> Iterator[Line]:
    row = f"forward of one row, {PROBLEMS[0].name.split()[0]}"
    for peer in PEERS:
        yield Line("calls", row, peer.name, peer.package, "call", partial(forward, peer))
    for row, statements in IMPORTS.items():
        run = partial(imports, *statements)
        yield Line("calls", row, "NumPy alone", "numpy", "import", run)


def forward(peer: type[Peer], effort: Effort) -> Timing:
    theirs, ours = peer(PROBLEMS[0]), Initlens(PROBLEMS[0])
    row = ours.X[:1].copy()
    agree(theirs.forward(row), ours.forward(row), f"forward of {peer.name}")
    return compare(calls(theirs.forward_call(row)), calls(ours.forward_call(row)), effort)


def imports(theirs: str, ours: str, effort: Effort) -> Timing:
    """In interpreters of their own; both are read as bytecode, as installed packages are."""
    with TemporaryDirectory() as cache:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}

        def interpreters(statement: str, count: int) -> float:
            command = [sys.executable, "-c", TIMED.format(statement)]
            return sum(
                float(subprocess.check_output(command, env=environment, text=True))
                for _ in range(count)
            )

        return compare(partial(interpreters, theirs), partial(interpreters, ours), effort)
