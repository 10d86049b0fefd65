"""How many threads run: what is asked for, the environment's cap, affinity, control groups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import initlens as il
from initlens._tools import cpus
from sample_nets import assert_same_bits


def test_as_many_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cpus.CAP, raising=False)
    monkeypatch.setattr(cpus, "cpu_count", lambda: 6)
    assert cpus.threads(None) == 6
    assert cpus.threads(3) == 3
    assert cpus.threads(100) == 100


def test_cap_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "cpu_count", lambda: 6)
    monkeypatch.setenv(cpus.CAP, " 4 ")
    assert cpus.threads(None) == 4
    assert cpus.threads(5) == 4
    assert cpus.threads(2) == 2


@pytest.mark.parametrize("cap", ["0", "-1", "two", "1.5", "\u00b2"])
def test_cap_that_is_no_number(cap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cpus.CAP, cap)
    with pytest.raises(ValueError, match=f"{cpus.CAP} must be a number"):
        il.compare(["zeros"], steps=1, seeds=1)


def test_empty_cap_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cpus.CAP, "")
    assert cpus.threads(7) == 7


def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, membership: str, **files: str) -> None:
    """Pretend that the process is in such control groups; keys of `files` have __ for /."""
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        path = tmp_path / "cgroup" / name.replace("__", "/").replace("cpu_max", "cpu.max")
        path = path.with_name(path.name.replace("cfs_", "cpu.cfs_"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(cpus, "_quota", cpus._quota.__wrapped__)  # not what was read before
    monkeypatch.setattr(cpus, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(cpus, "_OWN_CGROUPS", tmp_path / "membership")
    monkeypatch.setattr(cpus.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/a/b\n", {"a__b__cpu_max": "300000 100000\n"}, 3),
        ("0::/a/b\n", {"a__b__cpu_max": "max 100000\n", "a__cpu_max": "250000 100000\n"}, 2),
        ("0::/a/b\n", {"a__b__cpu_max": "50000 100000\n"}, 1),
        ("0::/a/b\n", {"a__b__cpu_max": "max 100000\n"}, 8),
        # In a container the path may be one that only the host has.
        ("0::/host/path\n", {"cpu_max": "400000 100000\n"}, 4),
        (
            "4:cpu,cpuacct:/a\n3:memory:/b\n",
            {"cpu__a__cfs_quota_us": "200000\n", "cpu__a__cfs_period_us": "100000\n"},
            2,
        ),
        ("4:cpu:/a\n", {"cpu__a__cfs_quota_us": "-1\n", "cpu__a__cfs_period_us": "100000\n"}, 8),
        ("3:memory:/b\n", {"b__cpu_max": "100000 100000\n"}, 8),
        ("", {}, 8),
    ],
)
def test_quota_of_control_groups(
    membership: str,
    files: dict[str, str],
    expected: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups(tmp_path, monkeypatch, membership, **files)
    assert cpus.cpu_count() == expected


def test_no_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups(tmp_path, monkeypatch, "")
    monkeypatch.setattr(cpus, "_OWN_CGROUPS", tmp_path / "absent")
    assert cpus.cpu_count() == 8


# ---- one net on several threads ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [None, 200])
def test_threads_of_one_net_change_no_bit(dtype: str, batch_size: int | None) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((300, 65)), rng.integers(0, 3, 300)
    nets: list[il.Network] = []
    records: list[Any] = []
    for n_jobs in (1, 2, 3, 100, None):
        net = il.Network([65, 130, 3], activation="gelu", loss="cross_entropy", dtype=dtype)
        net.initialize("he_normal", rng=1)
        history = net.fit(
            X, y, optimizer="adam", steps=7, batch_size=batch_size, record=3, n_jobs=n_jobs
        )
        nets.append(net)
        records.append(history.loss)
    for net, record in zip(nets[1:], records[1:], strict=True):
        assert_same_bits(net, nets[0])
        np.testing.assert_array_equal(record, records[0])


@pytest.mark.parametrize(("n_jobs", "expected"), [(1, 1), (3, 3), (None, 6)])
def test_the_core_is_told_how_many_threads(
    n_jobs: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bits would not show it."""
    told: dict[str, list[int]] = {"_fit": [], "_initialize": []}
    for name, numbers in told.items():
        method = getattr(il.Network, name)

        def watched(*args: Any, method: Any = method, numbers: list[int] = numbers) -> Any:
            numbers.append(args[-1])
            return method(*args)

        monkeypatch.setattr(il.Network, name, watched)
    monkeypatch.delenv(cpus.CAP, raising=False)
    monkeypatch.setattr(cpus, "cpu_count", lambda: 6)
    net = il.Network([2, 4, 1]).initialize("he_normal", rng=0, n_jobs=n_jobs)
    net.fit([[0.0, 1.0]], [1], steps=4, record=2, callback=lambda *_: False, n_jobs=n_jobs)
    assert told == {"_fit": [expected] * 2, "_initialize": [expected]}


@pytest.mark.parametrize(
    ("n_jobs", "error"),
    [(0, ValueError), (10**30, ValueError), (2.0, TypeError), (True, TypeError)],
)
def test_refused_numbers_of_threads(n_jobs: Any, error: type[Exception]) -> None:
    net = il.Network([2, 4, 1]).initialize("he_normal", rng=0)
    before = net.copy()
    with pytest.raises(error, match="n_jobs"):
        net.fit([[0.0, 1.0]], [1], steps=1, n_jobs=n_jobs)
    with pytest.raises(error, match="n_jobs"):
        net.initialize("zeros", n_jobs=n_jobs)
    with pytest.raises(error, match="n_jobs"):
        il.fit_many([net], [[0.0, 1.0]], [1], steps=1, n_jobs=n_jobs)
    assert_same_bits(net, before)
