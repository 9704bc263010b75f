"""How many cores count as ours."""

import math
from pathlib import Path

import pytest

from placket.machine import _share


@pytest.mark.parametrize(
    ("group", "files", "share"),
    [
        pytest.param("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5, id="a container"),
        pytest.param("0::/\n", {"cpu.max": "max 100000\n"}, math.inf, id="a container without a limit"),
        pytest.param("0::/\n", {}, math.inf, id="no container"),
        pytest.param(
            "0::/system.slice/placket.service\n",
            {"system.slice/placket.service/cpu.max": "max 100000\n", "system.slice/cpu.max": "400000 100000\n"},
            4.0,
            id="a service in a slice with a limit",
        ),
        pytest.param(
            "5:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/docker/1f\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            0.5,
            id="version 1, with the host's path",
        ),
        pytest.param(
            "4:cpu:/a\n",
            {"cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
            math.inf,
            id="version 1 without a limit",
        ),
        pytest.param("0::/../x:y\n", {"cpu.max": "nonsense"}, math.inf, id="nonsense"),
    ],
)
def test_what_control_groups_leave(tmp_path: Path, group: str, files: dict[str, str], share: float) -> None:
    for name, text in {"proc/self/cgroup": group, **{f"sys/fs/cgroup/{n}": t for n, t in files.items()}}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert _share(tmp_path) == share


def test_where_there_are_no_control_groups(tmp_path: Path) -> None:
    assert _share(tmp_path) == math.inf
