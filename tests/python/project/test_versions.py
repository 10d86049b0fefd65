"""Two builds are measured in turn, must agree, and a slower row is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.bench import versions
from tests.bench.versions import Build, Found


class Fake:
    """A build whose slices take as long, and end at the bits, that one says."""

    def __init__(self, seconds: float, bits: str, log: list[tuple[str, int]]) -> None:
        self.seconds, self.bits, self.log = seconds, bits, log

    def ask(self, index: int, count: int) -> tuple[float, str]:
        if count == 0:
            return self.seconds, ""
        self.log.append((self.bits, count))
        return self.seconds * count, self.bits

    def end(self) -> None:
        pass


def test_slices_take_turns() -> None:
    log: list[tuple[str, int]] = []
    builds: Any = [Fake(0.002, "same", log), Fake(0.003, "same", log)]
    found = Found()
    versions.measure(builds, 0, 3, 0.01, found)
    assert log == [("same", 5)] * 6
    assert found.theirs == pytest.approx([0.002] * 3)
    assert found.of_shortest == pytest.approx(1.5)
    assert found.median == pytest.approx(1.5)


def test_other_bits_are_an_error() -> None:
    builds: Any = [Fake(0.002, "these", []), Fake(0.002, "those", [])]
    with pytest.raises(RuntimeError, match=r"2-8-1 .* the two builds end at other bits"):
        versions.measure(builds, 0, 1, 0.01, Found())


def test_noise_in_one_of_the_ratios_is_not_a_slower_build() -> None:
    found = Found(theirs=[1.0, 2.0, 2.0], ours=[2.0, 2.0, 2.0])  # one lucky slice of theirs
    assert (found.of_shortest, found.median, found.ratio) == (2.0, 1.0, 1.0)


def test_a_row_may_have_a_limit_of_its_own() -> None:
    allowed = ["minibatches=9", "records=5"]
    row = "nets 64 nets 2-8-1 batch 32 minibatches of 16 float32"
    assert versions.limit_of(row, 3, allowed) == 1.09
    assert versions.limit_of("training 2-8-1 batch 32 float32", 3, allowed) == 1.03


@pytest.mark.parametrize(("factor", "status"), [(1.02, 0), (1.05, 1)])
def test_a_slower_row_is_told(
    factor: float, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: Iterator[Fake] = iter(Fake(1e-3 * f, "same", []) for f in [1.0, factor] * 3)
    monkeypatch.setattr(versions, "Build", lambda python, environment: next(made))
    assert versions.main(["python", "training", "--row", "2-8-1 batch 32 relu float32"]) == status
    told = capsys.readouterr().out
    assert f"{status} above limit" in told
    assert told.count("again, in new processes") == 2 * status


@pytest.mark.parametrize("part", ["calls", "training", "draws"])
def test_a_build_beside_itself(part: str) -> None:
    index = next(i for i, work in enumerate(versions.works()) if work.part == part)
    builds = [Build(sys.executable, dict(os.environ)) for _ in range(2)]
    try:
        found = Found()
        versions.measure(builds, index, 2, 1e-3, found)
    finally:
        for build in builds:
            build.end()
    assert len(found.ours) == len(found.theirs) == 2
    assert min(found.ours) > 0
