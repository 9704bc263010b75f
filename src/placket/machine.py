"""The machine that we run on, or as much of it as a container has."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def cores() -> int:
    """Cores that this process may use. More threads than that would use up a container's time all at once, and have
    everything in it, the server too, stand still until it is given more."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, _share(Path("/")))))


def _share(root: Path) -> float:
    """Cores' worth of time that the control groups (Linux) leave to this process: the least of its group's and those
    around it."""
    shares = [math.inf]
    for folder in _groups(root):
        # What is no number ("max"), and a quota of -1, is no limit.
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = _limit(folder)
            if quota > 0:
                shares.append(quota / period)
    return min(shares)


def _limit(folder: Path) -> tuple[int, int]:
    """Microseconds of computing in how many that pass."""
    if (folder / "cpu.max").exists():
        quota, period = (folder / "cpu.max").read_text("ascii").split()
        return int(quota), int(period)
    return int((folder / "cpu.cfs_quota_us").read_text("ascii")), int((folder / "cpu.cfs_period_us").read_text("ascii"))


def _groups(root: Path) -> Iterator[Path]:
    """Folders of the group and of those around it, where a system mounts them: version 2 first, then 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        # A container may be told a path that only its host has; its own group is then where the others begin.
        inside = mount / path.strip("/")
        yield inside
        yield from (folder for folder in inside.parents if folder.is_relative_to(mount))
