"""How it is measured: slices of the two in turn, so that a slow spell of the machine hits both.

The clock is the process's CPU time: what other programs take of the core does not count. Only where
two threads are compared with one it is the time on the wall.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time

import numpy as np

AGREEMENT = 1e-5  # of losses and of values, absolute and relative

Clock = Callable[[], float]
Slice = Callable[[int], float]  # seconds that so many units of work took


@dataclass(frozen=True)
class Effort:
    """How many pairs of slices, how many seconds each."""

    rounds: int
    seconds: float


@dataclass(frozen=True)
class Timing:
    """Seconds a unit of work (medians), and theirs over ours: median, least and largest."""

    theirs: float
    ours: float
    ratio: float
    ratio_min: float
    ratio_max: float
    share_of_peak: float | None = None  # of ours
    errors_ulp: tuple[float, float] | None = None  # the largest: theirs, ours

    def per(self, units: int) -> Timing:
        """The same where what was timed is so many units of work."""
        return replace(self, theirs=self.theirs / units, ours=self.ours / units)

    def of_peak(self) -> Timing:
        """The same where theirs is the machine's peak."""
        return replace(self, share_of_peak=self.ratio)


@dataclass(frozen=True)
class Line:
    """One line of the benchmark; `run` is called in the process of the peer."""

    part: str
    row: str
    peer: str
    package: str  # that the peer needs
    work: str  # what one unit of is timed
    run: Callable[[Effort], Timing]
    cores: int = 1
    cell: tuple[str, str, str] | None = None  # in a table of ratios: its title, row and column


def compare(
    theirs: Slice, ours: Slice, effort: Effort, *, least: tuple[int, int] = (1, 1)
) -> Timing:
    """Pairs of slices, each long enough for the clock and of at least so many units of work."""
    counts = [
        max(count_for(each, effort.seconds), floor)
        for each, floor in zip((theirs, ours), least, strict=True)
    ]
    pairs = [
        (theirs(counts[0]) / counts[0], ours(counts[1]) / counts[1]) for _ in range(effort.rounds)
    ]
    ratios = [their / our for their, our in pairs]
    return Timing(
        theirs=statistics.median(their for their, _ in pairs),
        ours=statistics.median(our for _, our in pairs),
        ratio=statistics.median(ratios),
        ratio_min=min(ratios),
        ratio_max=max(ratios),
    )


def count_for(one: Slice, seconds: float) -> int:
    """Units of work that take about `seconds`; finding out warms up."""
    one(1)
    count = 1
    while (taken := one(count)) < seconds / 4:
        count *= 4
    return max(1, round(count * seconds / taken))


def calls(call: Callable[[], object], clock: Clock = process_time) -> Slice:
    """A slice of one call after the other."""

    def many(count: int) -> float:
        begin = clock()
        for _ in range(count):
            call()
        return clock() - begin

    return many


def agree(theirs: object, ours: object, what: str) -> None:
    """Raise RuntimeError unless both have computed the same, so that nobody is timed doing less."""
    a, b = np.asarray(theirs, np.float64), np.asarray(ours, np.float64)
    if not np.allclose(a, b, rtol=AGREEMENT, atol=AGREEMENT):
        worst = np.argmax(np.abs(a - b))
        raise RuntimeError(
            f"{what}: they have {a.flat[worst]:.8f}, we {b.flat[worst]:.8f}: they do not compute "
            "the same"
        )
