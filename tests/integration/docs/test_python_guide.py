"""The guide's examples, run in order as in a notebook, with the shipped bundle on drawn products."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from placket.samples import catalogue
from tests.integration.docs.pages import ROOT, blocks

_GUIDE = ROOT / "docs" / "guide" / "python.md"
_BLOCKS = [block.text for block in blocks("python") if block.page == _GUIDE]


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the guide speaks of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    shirts = [sample for sample in catalogue(60) if sample.category == "t_shirt"][:2]
    for number, sample in enumerate(shirts, start=1):
        (tmp_path / "photos" / f"shirt-{number}.jpg").write_bytes(sample.jpeg())
    (tmp_path / "photos" / "broken.jpg").write_bytes(shirts[0].jpeg()[:3000])
    return tmp_path


def test_the_guide_does_what_it_says(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__name__": "notebook"}
    for block in _BLOCKS:
        exec(compile(block, "python.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("<Photo photos/shirt-1.jpg ")
    assert printed[1].endswith(" (256,)")
    assert any(line.startswith("warehouse/shirt-1 ") for line in printed)
    broken = "the JPEG cannot be decoded: it is truncated"
    assert f"cannot be used: photos/broken.jpg {broken}" in printed
    assert f'"error": "{broken}"' in (ROOT / "docs" / "guide" / "command-line.md").read_text("utf-8")
    assert any(line.startswith("photos/shirt-1.jpg 0.") and "<Garment " in line for line in printed)
    why = "the bytes are no image but text; taken are AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP"
    assert printed[-1] == f"ImageFormatUnsupported - {why}"
    lines = [json.loads(line) for line in (notebook / "tags.jsonl").read_text("utf-8").splitlines()]
    assert [line["path"] for line in lines] == [f"photos/{name}.jpg" for name in ("broken", "shirt-1", "shirt-2")]


@pytest.mark.slow
def test_a_type_checker_knows_every_call(tmp_path: Path) -> None:
    """As strict as it can be, and from outside: by the types that the package carries."""
    script = tmp_path / "script.py"
    script.write_text("\n".join([*_BLOCKS, 'vision.analyse("a.jpg", lang="fr")']), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    (error,) = done.stdout.splitlines()
    assert 'Argument "lang" to "analyse" of "Vision" has incompatible type "Literal[\'fr\']"' in error
