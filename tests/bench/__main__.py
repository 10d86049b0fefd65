"""Measure whole fits of initlens and its peers, from one run, on one core.

    python -m tests.bench [--rounds 7] [--seconds 0.2] [--only 2-8-1] [--json FILE]

Prints, for each net, microseconds a step of both and the ratio (above 1: initlens is faster) with
its range over the rounds. Peers that are not installed are left out and named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

import initlens as il

from .measure import compare
from .peers import installed
from .problems import PROBLEMS


def main(arguments: list[str] | None = None) -> int:
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=summary)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of slices (default 7)")
    parser.add_argument("--seconds", type=float, default=0.2, help="length of a peer's slice (0.2)")
    parser.add_argument("--only", default="", help="problems whose name starts so, such as 2-8-1")
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    options = parser.parse_args(arguments)

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    peers, versions, missing = installed()
    machine = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "isa": il._core.show_config()["isa"],
    }
    print(", ".join(f"{name} {text}" for name, text in {**versions, **machine}.items()))
    if missing:
        print(f"not installed: {', '.join(missing)}")
    print(f"\n{'net':<22}{'peer':<16}{'peer us':>9}{'ours us':>9}{'ratio':>8}  range")
    results = []
    for problem in PROBLEMS:
        if not problem.name.startswith(options.only):
            continue
        for peer in peers:
            r = compare(peer, problem, rounds=options.rounds, seconds=options.seconds)
            results.append(r)
            print(
                f"{r.problem:<22}{r.peer:<16}{r.theirs:>9.2f}{r.ours:>9.2f}{r.ratio:>8.2f}"
                f"  {r.ratio_min:.2f}-{r.ratio_max:.2f}",
                flush=True,
            )
    if options.json:
        content = {
            "versions": versions,
            "machine": machine,
            "rounds": options.rounds,
            "results": [asdict(r) for r in results],
        }
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
