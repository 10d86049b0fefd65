"""Measure draws of weights and of orthogonal matrices against peers, from one run, on one core.

    python -m tests.bench.draws [--rounds 9] [--size 1048576] [--json FILE]

Prints nanoseconds a value (milliseconds a matrix) of ours and of each peer, medians of rounds in
turn, and the peer's time over ours. Peers that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import initlens as il

MATRIX = 512


def ours(text: str, dtype: str, size: int) -> Callable[[], Any]:
    scheme, out = il.initializers.get(text), np.empty((1, size), dtype)
    return lambda: scheme((1, size), rng=0, out=out, n_jobs=1)


def numpy_draws(size: int) -> dict[str, Callable[[], Any]]:
    rng = np.random.default_rng(0)
    out = {name: np.empty(size, name) for name in ("float32", "float64")}
    gauss = rng.standard_normal((MATRIX, MATRIX))
    return {
        **{f"normal {d}": lambda d=d: rng.standard_normal(out=out[d], dtype=d) for d in out},
        **{f"uniform {d}": lambda d=d: rng.random(out=out[d], dtype=d) for d in out},
        "orthogonal": lambda: np.linalg.qr(gauss),
    }


def torch_draws(size: int) -> dict[str, Callable[[], Any]]:
    import torch

    torch.set_num_threads(1)
    kinds = {"float32": torch.float32, "float64": torch.float64}
    out = {name: torch.empty(size, dtype=kind) for name, kind in kinds.items()}
    matrix = torch.empty(MATRIX, MATRIX)
    return {
        **{f"normal {d}": lambda d=d: out[d].normal_() for d in out},
        **{f"uniform {d}": lambda d=d: out[d].uniform_() for d in out},
        **{f"truncated {d}": lambda d=d: torch.nn.init.trunc_normal_(out[d]) for d in out},
        "orthogonal": lambda: torch.nn.init.orthogonal_(matrix),
    }


def measure(size: int, rounds: int) -> list[dict[str, Any]]:
    """Every subject in turn, so that a slow spell of the machine hits all."""
    texts = {"normal": "normal", "uniform": "uniform(0, 1)", "truncated": "truncated_normal"}
    subjects: dict[tuple[str, str], Callable[[], Any]] = {
        ("initlens", f"{name} {dtype}"): ours(text, dtype, size)
        for name, text in texts.items()
        for dtype in ("float32", "float64")
    }
    scheme = il.initializers.get("orthogonal")
    matrix = np.empty((MATRIX, MATRIX), "float32")
    subjects["initlens", "orthogonal"] = lambda: scheme((MATRIX, MATRIX), rng=0, out=matrix)
    peers = {"numpy": numpy_draws, "torch": torch_draws}
    for peer, make in peers.items():
        if importlib.util.find_spec(peer) is not None:
            subjects |= {(peer, name): call for name, call in make(size).items()}
    seconds: dict[tuple[str, str], list[float]] = {subject: [] for subject in subjects}
    for _ in range(rounds + 1):
        for subject, call in subjects.items():
            begin = time.perf_counter()
            call()
            seconds[subject].append(time.perf_counter() - begin)
    return [
        {"peer": peer, "draw": name, "seconds": statistics.median(times[1:]), "best": min(times)}
        for (peer, name), times in seconds.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.draws", description=summary)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=1 << 20, help="values of a draw")
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    results = measure(options.size, options.rounds)
    mine = {row["draw"]: row["seconds"] for row in results if row["peer"] == "initlens"}
    print(f"{'draw':<20}{'peer':<10}{'peer':>10}{'ours':>10}{'ratio':>8}")
    for row in results:
        if row["peer"] == "initlens":
            continue
        matrix = row["draw"] == "orthogonal"
        scale = 1e3 if matrix else 1e9 / options.size
        theirs, our = row["seconds"] * scale, mine[row["draw"]] * scale
        unit = "ms" if matrix else "ns"
        print(
            f"{row['draw']:<20}{row['peer']:<10}{theirs:>8.2f} {unit}{our:>8.2f} {unit}"
            f"{theirs / our:>7.1f}"
        )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
