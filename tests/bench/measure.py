"""How it is measured: slices of the two in turn, so that a slow spell of the machine hits both.

The clock is the process's CPU time: what other programs take of the core does not count.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from .peers import Initlens, Peer
from .problems import Problem

AGREEMENT = 1e-5  # of the losses after a slice, absolute


@dataclass(frozen=True)
class Result:
    """Microseconds a step (medians), and the peer's time over ours: median, least and largest."""

    problem: str
    peer: str
    steps: int
    ours: float
    theirs: float
    ratio: float
    ratio_min: float
    ratio_max: float
    loss: float


def slice_of(peer: type[Peer], problem: Problem, steps: int) -> tuple[float, float]:
    """CPU seconds for a whole `fit` from the common start, and the loss it ends at."""
    made = peer(problem)
    begin = time.process_time()
    made.fit(steps)
    seconds = time.process_time() - begin
    return seconds, problem.loss(*made.parameters())


def steps_for(peer: type[Peer], problem: Problem, seconds: float) -> int:
    """Steps that keep the peer busy for about `seconds`."""
    steps = 20
    slice_of(peer, problem, steps)  # whatever a library does at its first step
    while True:
        taken, _ = slice_of(peer, problem, steps)
        if taken >= seconds / 4 or steps >= 1_000_000:
            return max(20, round(steps * seconds / taken))
        steps *= 4


def compare(peer: type[Peer], problem: Problem, *, rounds: int, seconds: float) -> Result:
    steps = steps_for(peer, problem, seconds)
    theirs, ours = [], []
    for _ in range(rounds):
        peer_seconds, peer_loss = slice_of(peer, problem, steps)
        our_seconds, our_loss = slice_of(Initlens, problem, steps)
        if abs(peer_loss - our_loss) > AGREEMENT:
            raise RuntimeError(
                f"{problem.name}: after {steps} steps the loss of {peer.name} is {peer_loss:.8f}, "
                f"ours {our_loss:.8f}: they do not compute the same"
            )
        theirs.append(peer_seconds)
        ours.append(our_seconds)
    ratios = [t / o for t, o in zip(theirs, ours, strict=True)]
    return Result(
        problem=problem.name,
        peer=peer.name,
        steps=steps,
        ours=statistics.median(ours) / steps * 1e6,
        theirs=statistics.median(theirs) / steps * 1e6,
        ratio=statistics.median(ratios),
        ratio_min=min(ratios),
        ratio_max=max(ratios),
        loss=our_loss,
    )
