"""Measure initlens and its peers, from one run, each pair side by side on one core.

    python -m tests.bench [PART ...] [--row TEXT] [--rounds 5] [--seconds 0.1]
                          [--json FILE] [--plot FILE]

Prints what each takes, and the ratio (above 1: initlens is faster) with its range over the rounds.
Peers that are not installed are left out and named.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import initlens as il

from . import (
    calls,
    draws,
    fits,
    functions,
    native,
    packages,
    picture,
    processes,
    products,
    results,
)
from .measure import Effort, Line

SOURCES: tuple[Callable[[], Iterator[Line]], ...] = (
    fits.lines,
    products.lines,
    functions.lines,
    calls.lines,
    draws.lines,
)
LINES = [line for source in SOURCES for line in source()]
PARTS = tuple(dict.fromkeys(line.part for line in LINES))


def main(arguments: list[str] | None = None) -> int:
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=summary)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--row", default="", help="rows with this text, such as 784-128-10")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of slices (default 5)")
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a slice (0.1)")
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    parser.add_argument("--plot", type=Path, help="draw it into this file (needs matplotlib)")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")

    versions = packages.versions()
    lines = [
        line
        for line in sorted(LINES, key=lambda line: PARTS.index(line.part))
        if line.package in versions
        and line.part in (options.parts or PARTS)
        and options.row in line.row
    ]
    if not lines:
        parser.error(f"nothing to measure: no row with {options.row!r}, or no peer of it installed")
    machine = {
        "machine": platform.machine(),
        "cpu": processes.cpu_model(),
        "python": platform.python_version(),
        "isa": il._core.show_config()["isa"],
    }
    print(packages.summary())
    print(", ".join(f"{name} {text}" for name, text in machine.items()))
    peaks = {}
    if reason := native.build():
        print(f"no percent of the peak and no functions: {reason}")
        lines = [line for line in lines if line.part != "functions"]
    if native.has_peak():
        peaks = {dtype: native.peak(dtype) for dtype in native.PRECISIONS}
        text = ", ".join(f"{rate / 1e9:.1f} GFLOP/s {dtype}" for dtype, rate in peaks.items())
        print(f"peak of one core, fused multiply-adds: {text}")
    else:
        lines = [line for line in lines if line.peer != products.PEAK]
    if any(line.part == "functions" for line in lines) and (reason := functions.no_errors()):
        print(f"no errors of functions: {reason}")
    if len(processes.cpus()) < 2:
        print("no threads: this process may use one CPU")
        lines = [line for line in lines if line.cores == 1]

    effort = Effort(options.rounds, options.seconds)
    head = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions,
        "machine": machine,
        "peak_flops": peaks,
        **asdict(effort),
    }
    found: list[results.Result] = []
    for line, timing in processes.run(lines, effort):
        if not found or found[-1][0].part != line.part:
            print(f"\n{line.part:<44}{results.HEADER}")
        found.append((line, timing))
        if line.cell is None:
            print(results.told(found[-1]), flush=True)
        if options.json:  # each time: what is measured is kept, whatever ends the rest
            results.write(options.json, head, found)
    print("\n".join(results.tables(found)))
    print("\nfastest peer of each row, its time over ours")
    print("\n".join(results.fastest(found)))
    if options.plot:
        title = f"{packages.summary()}\n{', '.join(map(' '.join, machine.items()))}"
        picture.draw(options.plot, found, title)
    return 0


if __name__ == "__main__":
    sys.exit(main())
