"""``import placket.client`` costs httpx and nothing of the server."""

import json
import subprocess
import sys

_SERVER = ("fastapi", "sqlalchemy", "onnxruntime", "pydantic", "PIL", "numpy", "placket.domain", "placket.services")


def test_nothing_of_the_server_is_imported() -> None:
    code = "import json, sys, placket.client; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout))
    assert "httpx" in loaded
    assert not [name for name in _SERVER if name in loaded]
