"""The determinism scorecard: in which of the things that ought to be equal are the bits equal?

    python -m tests.bench.scorecard [--json FILE]

Prints, for initlens and each peer that is installed, the share of hidden widths 1..129 at which a
promise is broken. All nets are float32, tanh, mean squared error, plain SGD, as in the benchmark.

- twins: the units of one hidden layer start equal; are they after 200 steps?
- row: is the output of a sample alone that of the sample in a batch?
- split: is the output of a batch that of its two parts, 13 and 19 samples?
- threads: are outputs, weights and biases after training on one thread those of two?
- isa: do the vector kernels give what the plain ones give?

"-" means that the library offers no such choice at run time.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

import initlens as il

from . import packages
from .peers import PEERS, Initlens, Peer
from .problems import Array, Problem

WIDTHS: Final = range(1, 130)
STEPS: Final = 200


@dataclass(frozen=True)
class Twins(Problem):
    """All weights of a layer equal, 1 / n_in: the hidden units are copies of each other."""

    def start(self) -> tuple[list[Array], list[Array]]:
        weights, biases = super().start()
        return [np.full_like(w, 1 / len(w)) for w in weights], biases


def problem(width: int) -> Problem:
    return Problem((5, width, 1), 32)


def shared_problem(width: int) -> Problem:
    """A net whose steps are long enough for two threads to share, from four hidden units on."""
    return Problem((784, width, 10), 256)


def same(a: Array, b: Array) -> bool:
    return np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def keeps_twins(peer: type[Peer], width: int) -> bool:
    # Copies learn together: a rate that falls with their number keeps every width from diverging.
    net = peer(Twins((5, width, 1), 32, learning_rate=0.5 / width))
    net.fit(STEPS)
    (incoming, outgoing), (bias, _) = net.parameters()
    units = np.concatenate([incoming, bias[None, :], outgoing.T]).T
    return len({row.tobytes() for row in np.ascontiguousarray(units)}) == 1


def keeps_rows(peer: type[Peer], width: int) -> bool:
    net = peer(problem(width))
    whole = net.forward(net.X)
    return all(same(net.forward(net.X[i : i + 1])[0], whole[i]) for i in range(len(whole)))


def keeps_splits(peer: type[Peer], width: int) -> bool:
    net = peer(problem(width))
    parts = np.concatenate([net.forward(net.X[:13]), net.forward(net.X[13:])])
    return same(parts, net.forward(net.X))


def results(peer: type[Peer], problem: Problem, steps: int) -> list[Array]:
    """Outputs, weights and biases after `steps` steps."""
    net = peer(problem)
    net.fit(steps)
    weights, biases = net.parameters()
    return [net.forward(net.X), *(np.array(part) for part in [*weights, *biases])]


@contextmanager
def isa(name: str) -> Iterator[None]:
    before = il._core.show_config()["isa"]
    il._core.isa_select(name)
    try:
        yield
    finally:
        il._core.isa_select(before)


def keeps_isas(peer: type[Peer], width: int) -> bool | None:
    if not issubclass(peer, Initlens):
        return None
    found = []
    for name in il._core.show_config()["available"]:
        if name != "soft" or width % 16 == 1:  # software fma takes its time
            with isa(name):
                found.append(results(peer, problem(width), 20))
    return all(same(a, b) for other in found for a, b in zip(other, found[0], strict=True))


def keeps_threads(peer: type[Peer], width: int) -> bool | None:
    if peer.threads is None:
        return None
    one, two = (
        results(type(peer.__name__, (peer,), {"threads": threads}), shared_problem(width), 5)
        for threads in (1, 2)
    )
    return all(same(a, b) for a, b in zip(one, two, strict=True))


CHECKS: Final[dict[str, Callable[[type[Peer], int], bool | None]]] = {
    "twins": keeps_twins,
    "row": keeps_rows,
    "split": keeps_splits,
    "threads": keeps_threads,
    "isa": keeps_isas,
}


def broken(peer: type[Peer], check: str) -> float | None:
    """Share of widths at which the promise is broken; None where it does not apply."""
    found = [CHECKS[check](peer, width) for width in WIDTHS]
    if any(result is None for result in found):
        return None
    return found.count(False) / len(found)


def main(arguments: list[str] | None = None) -> int:
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scorecard", description=summary)
    parser.add_argument("--json", type=Path, help="write everything to this file too")
    options = parser.parse_args(arguments)
    versions = packages.versions()
    peers: list[type[Peer]] = [Initlens, *(peer for peer in PEERS if peer.package in versions)]
    print(packages.summary())
    print(f"\nshare of widths 1..129 at which it is broken\n{'':<16}", end="")
    print("".join(f"{check:>9}" for check in CHECKS))
    table: dict[str, dict[str, float | None]] = {}
    for peer in peers:
        print(f"{peer.name:<16}", end="", flush=True)
        table[peer.name] = {}
        for check in CHECKS:
            share = table[peer.name][check] = broken(peer, check)
            print(f"{'-' if share is None else f'{share:.2f}':>9}", end="", flush=True)
        print()
    if options.json:
        content = {"versions": versions, "broken": table}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
