"""Whole fits from a common start: nets one by one, many at once, on two threads, with a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from time import perf_counter, process_time

from . import native, peers, populations
from .measure import Clock, Effort, Line, Timing, agree, compare
from .peers import Initlens, Peer
from .populations import InitlensMany
from .problems import POPULATIONS, PROBLEMS, Array, Problem


class TwoThreads(Initlens):
    threads = 2


class TwoThreadsMany(InitlensMany):
    threads = 2


class Recording(Initlens):
    record = 10


def lines() -> Iterator[Line]:
    for dtype in ("float32", "float64"):
        for problem in PROBLEMS:
            of = replace(problem, dtype=dtype)
            for peer in peers.PEERS:
                row, run = f"{of.name} {dtype}", partial(fit_with_peak, peer, Initlens, of)
                yield Line("training", row, peer.name, peer.package, "step", run)
    for many in POPULATIONS:
        for peer in populations.PEERS:
            run = partial(fit, peer, InitlensMany, many)
            yield Line("nets", many.name, peer.name, peer.package, "net-step", run)
    for problem in PROBLEMS[-2:]:
        run = partial(fit, Initlens, TwoThreads, problem, clock=perf_counter)
        yield Line("threads", problem.name, "one thread", "initlens", "step", run, cores=2)
    for many in POPULATIONS:
        run = partial(fit, InitlensMany, TwoThreadsMany, many, clock=perf_counter)
        yield Line("threads", many.name, "one thread", "initlens", "net-step", run, cores=2)
    run = partial(fit, Initlens, Recording, PROBLEMS[-2])
    row = f"record every 10 steps, {PROBLEMS[-2].name.split()[0]}"
    yield Line("calls", row, "no record", "initlens", "step", run)


def fit(
    theirs: type[Peer],
    ours: type[Peer],
    problem: Problem,
    effort: Effort,
    clock: Clock = process_time,
) -> Timing:
    """Seconds of a step of a net; the losses of every slice of theirs are held against ours."""
    expected = cache(lambda steps: timed(ours, problem, steps, clock)[1])

    def their_slice(steps: int) -> float:
        seconds, losses = timed(theirs, problem, steps, clock)
        agree(losses, expected(steps), f"{problem.name}, {theirs.name}, loss after {steps} steps")
        return seconds / problem.nets

    def our_slice(steps: int) -> float:
        return timed(ours, problem, steps, clock)[0] / problem.nets

    scaled = replace(effort, seconds=effort.seconds / problem.nets)
    least = (theirs.least_steps, ours.least_steps)
    return compare(their_slice, our_slice, scaled, least=least)


def fit_with_peak(theirs: type[Peer], ours: type[Peer], problem: Problem, effort: Effort) -> Timing:
    """The same for one net, and how much of the machine's peak the products of our steps are."""
    timing = fit(theirs, ours, problem, effort)
    if not native.has_peak():
        return timing
    share = native.share_of_peak(problem.flops / timing.ours, problem.dtype)
    return replace(timing, share_of_peak=share)


def timed(peer: type[Peer], problem: Problem, steps: int, clock: Clock) -> tuple[float, Array]:
    """Seconds for a whole `fit` from the common start, and the losses it ends at."""
    made = peer(problem)
    begin = clock()
    made.fit(steps)
    seconds = clock() - begin
    return seconds, problem.loss(*made.parameters())
