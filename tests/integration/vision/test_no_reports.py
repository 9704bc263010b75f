"""ONNX Runtime keeps no number of this machine, and reports to nobody: it would begin when it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "module", ["placket.vision.engine", "placket.vision.child", "placket.training.onnx_models", "placket.cli.doctor"]
)
def test_loading_it_leaves_nothing_behind(tmp_path: Path, module: str) -> None:
    unset = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    script = f"import {module} as module; [*getattr(module, 'check_networks', lambda *_: ())(None, None)]"
    subprocess.run([sys.executable, "-c", script], env={**environment, "HOME": str(tmp_path)}, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
