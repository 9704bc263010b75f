"""The reference is made from the code, and is the code's."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from placket.settings import Settings
from tests.integration.docs.pages import ROOT


@pytest.fixture
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(generate: ModuleType) -> None:
    for name, make in generate.PAGES.items():
        written = (ROOT / "docs" / "reference" / name).read_text("utf-8")
        assert written == make(), f"docs/reference/{name} no longer matches the code: run `make docs`"


def test_every_setting_is_described(generate: ModuleType) -> None:
    text = generate.settings()
    for name, field in Settings.model_fields.items():
        assert text.count(f"| `PLACKET_{name.upper()}` |") == 1
        assert field.description and field.description.rstrip().endswith((".", ")"))


def test_what_is_told_as_a_default_can_be_set_and_is_it(generate: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    told = dict(re.findall(r"^\| `(PLACKET_\w+)` \| .* \| `([^`]+)` \| ", generate.settings(), re.MULTILINE))
    assert set(told) > {"PLACKET_PORT", "PLACKET_IMAGE_FORMATS", "PLACKET_KEEP_UPLOADS"}
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PLACKET_{name.upper()}", raising=False)
    unset = Settings()
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    assert Settings() == unset


def test_the_values_of_a_setting_are_of_its_kind(generate: ModuleType) -> None:
    text = generate.settings()
    for name, values in {
        "IMAGE_FORMATS": r"one or several of `png`, `jpeg`, .*`tiff`",
        "CORS_ORIGINS": "texts",
        "FETCH_ALLOW_NETWORKS": "networks",
        "LOG_FORMAT": "`auto`, `json`, `console`",
    }.items():
        assert re.search(rf"^\| `PLACKET_{name}` \| .* \| {values} \|$", text, re.MULTILINE), name


def test_what_a_call_takes_in_its_body_is_told(generate: ModuleType) -> None:
    text = generate.PAGES["http-api.md"]()
    calls = {entry.splitlines()[0]: entry for entry in re.split(r"^### ", text, flags=re.MULTILINE)[1:]}
    bodies = [entry for entry in calls.values() if "\nBody: " in entry]
    assert len(bodies) > 10 and all("| field | values | required | meaning |" in entry for entry in bodies)
    task = calls["Make a task of many images"]
    assert "| `taggingRequest[].context.id` | string, length to 512 | yes | Unique within the task. |" in task
    assert "| `box` | array of 4 numbers | yes |" in text and "Exactly one of these." in text
    assert "| `tag` | query | array of string, at most 20 |" in text


def test_the_times_of_personal_data_are_the_defaults() -> None:
    page = (ROOT / "docs" / "guide" / "personal-data.md").read_text("utf-8")
    told = re.findall(r"`PLACKET_([A-Z_]+)` \((\d+)\)", page)
    assert len(told) == 4
    assert {name: float(value) for name, value in told} == {
        name: Settings.model_fields[name.lower()].default for name, _ in told
    }


def test_drift_is_told(generate: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.REFERENCE = tmp_path
    assert generate.main(check=True) == 1 and "make docs" in capsys.readouterr().out
    assert generate.main(check=False) == 0 and sorted(p.name for p in tmp_path.iterdir()) == sorted(generate.PAGES)
    assert generate.main(check=True) == 0
    (tmp_path / "settings.md").write_text("old")
    assert generate.main(check=True) == 1
    assert "settings.md" in capsys.readouterr().out
    assert "docs_generate" not in sys.modules
