"""How many threads may run: what is asked for, within the limits of the machine and its user."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Final

from .checks import integer

__all__ = ["CAP", "cpu_count", "threads"]

CAP: Final = "INITLENS_NUM_THREADS"

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUPS: Final = Path("/proc/self/cgroup")


def threads(n_jobs: int | None) -> int:
    """Return how many threads to use.

    Parameters
    ----------
    n_jobs : int or None
        As the caller was asked; None for as many as there are CPUs.

    Returns
    -------
    int
        Not above the environment variable INITLENS_NUM_THREADS.

    Raises
    ------
    ValueError
        If `n_jobs`, or the variable, is below 1 or no integer.
    """
    wanted = (
        cpu_count() if n_jobs is None else integer("n_jobs", n_jobs, minimum=1, maximum=sys.maxsize)
    )
    cap = os.environ.get(CAP, "").strip()
    if not cap:
        return wanted
    if not (cap.isascii() and cap.isdigit() and int(cap) > 0):
        raise ValueError(f"the environment variable {CAP} must be a number such as 2, got {cap!r}")
    return min(wanted, int(cap))


def cpu_count() -> int:
    """Return the number of CPUs that this process may use.

    Its affinity is taken into account and, on Linux, the quotas of its control groups; these as
    they were at the first call.
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return int(max(1, min(count, _quota())))


@cache  # to read the files takes longer than most draws
def _quota() -> float:
    """Return CPUs' worth of time that control groups grant, the least of the process's own."""
    try:
        memberships = _OWN_CGROUPS.read_text().splitlines()
    except OSError:  # not Linux
        return float("inf")
    shares = [float("inf")]
    for membership in memberships:
        # "0::/user.slice" of version 2, "4:cpu,cpuacct:/docker/..." of version 1
        _, controllers, path = membership.split(":", 2)
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        root = _CGROUPS if not controllers else _CGROUPS / "cpu"
        here = root / path.lstrip("/")
        # A limit of any group above holds too. In a container the path may be that outside of it.
        for group in (here, *here.parents):
            if group.is_relative_to(root):
                shares.append(_share(group))
    return min(shares)


def _share(group: Path) -> float:
    """Return quota over period of one group; infinite where it sets none."""
    try:
        if (both := group / "cpu.max").exists():
            quota, period = both.read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else float("inf")
    except (OSError, ValueError):  # no such group here, or "max"
        return float("inf")
