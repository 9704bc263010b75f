"""What the guide to running Placket as a service hands out: a container's recipe and a unit of systemd."""

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.integration.docs.pages import ROOT, blocks

RECIPE = (ROOT / "Containerfile").read_text("utf-8")


def test_the_container_takes_what_is_there_and_is_let_through() -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")]
    taken = [
        name for line in re.findall(r"^COPY (?!--)(.+) \S+$", RECIPE, re.MULTILINE) for name in line.split()
    ]  # fmt: skip
    assert taken
    for name in taken:
        assert (ROOT / name).exists()
        assert any(fnmatch(name, pattern) for pattern in let_through), f"{name} never reaches the build"


def test_the_containers_python_is_new_enough() -> None:
    (version,) = re.findall(r"^ARG PYTHON=\S+/python:3\.(\d+)-slim$", RECIPE, re.MULTILINE)
    assert int(version) >= 11


def test_the_unit_is_one(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    (unit,) = blocks("ini")
    # Whether its program is there is for the machine it will run on.
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.text).replace("User=placket", "User=daemon")
    (tmp_path / "placket.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "placket.service")], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
