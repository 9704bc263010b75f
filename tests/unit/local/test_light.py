"""``import placket.local`` costs NumPy and little more, and leaves the caller's process as it was."""

import json
import subprocess
import sys

_LATER = ("onnxruntime", "pydantic", "PIL", "numkong", "structlog", "asyncio", "placket.vision", "placket.search")
_OF_A_SERVER = ("fastapi", "httpx", "sqlalchemy", "pydantic_settings", "typer", "placket.settings", "placket.storage")

_STATE = """
import json, logging, os, signal, sys, warnings
import numpy, PIL.Image

def state():
    signals = [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    root = logging.getLogger()
    return [dict(os.environ), list(map(str, warnings.filters)), signals, list(map(str, root.handlers)), root.level]

before = state()
import placket.local
loaded = sorted(sys.modules)
"""


def run(code: str) -> dict[str, list[str]]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_what_is_imported() -> None:
    loaded = set(run("import json, sys, placket.local; print(json.dumps({'modules': sorted(sys.modules)}))")["modules"])
    assert "numpy" in loaded
    assert not [name for name in (*_LATER, *_OF_A_SERVER) if name in loaded]


def test_nothing_of_the_process_is_changed() -> None:
    """Not by looking at a photo either. The networks are loaded by another process."""
    code = f"""{_STATE}
with placket.local.Vision(threads=1) as vision:
    vision.analyse(numpy.zeros((64, 64, 3), numpy.uint8), box=placket.local.WHOLE_IMAGE)
    vision.index(numpy.eye(2, 256))
print(json.dumps({{"modules": sorted(sys.modules), "same": state() == before}}))
"""
    found = run(code)
    assert found["same"]
    assert not [name for name in ("onnxruntime", *_OF_A_SERVER) if name in found["modules"]]
