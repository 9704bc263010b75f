"""What the commands that ask a server share."""

from itertools import count
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from placket.cli import completion
from placket.cli.corrections import _labels, _with_earlier
from placket.cli.main import app
from placket.cli.remote import MOST_SHOWN, assignments, failures, for_table
from placket.cli.status import _show


def test_a_table_says_when_there_is_more() -> None:
    assert for_table(iter(range(MOST_SHOWN)), None) == (list(range(MOST_SHOWN)), False)
    assert for_table(count(), None) == (list(range(MOST_SHOWN)), True)
    assert for_table(count(), 60) == (list(range(60)), False)


def test_assignments() -> None:
    assert assignments(["a=1", "b=", "c=x=y"], "--set") == {"a": "1", "b": "", "c": "x=y"}
    for wrong in (["a"], ["a=1", "a=2"]):
        with pytest.raises(typer.BadParameter):
            assignments(wrong, "--set")


def test_a_reader_that_has_enough_is_no_error_of_a_file() -> None:
    with pytest.raises(BrokenPipeError), failures():
        raise BrokenPipeError


def test_a_folder_is_nothing_that_calls_back(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["index", str(tmp_path), "-s", "x", "--callback-url", "http://hook.test/"])
    assert (done.exit_code, "--callback-url" in done.output) == (2, True)


def test_large_figures_are_shown_to_their_last_digit(capsys: pytest.CaptureFixture[str]) -> None:
    _show({"url": "u", "status": "ready", "problems": [], "figures": {"done_total": 12_345_678.0, "load": 0.25}})
    out = capsys.readouterr().out
    assert ("12,345,678" in out, "0.25" in out) == (True, True)


def test_labels_of_a_correction() -> None:
    assert _labels(["pattern:floral", "colors:red,blue", "colors:navy", "details:"]) == {
        "pattern": ["floral"],
        "colors": ["red", "blue", "navy"],
        "details": [],
    }
    with pytest.raises(typer.BadParameter):
        _labels(["floral"])


def garment(category: str, corrected: list[str], **tags: list[str]) -> dict[str, object]:
    labels = [
        {"attribute": a, "labels": [{"id": x, "name": x, "score": 1.0} for x in xs]} for a, xs in tags.items() if xs
    ]
    return {"category": {"id": category, "name": category, "score": 1.0}, "corrected": corrected, "tags": labels}


def test_what_was_corrected_before_stays() -> None:
    seen = garment("dress", ["category", "pattern", "details"], pattern=["floral"], colors=["red"])
    assert _with_earlier(seen, None, {"colors": ["navy"]}) == (  # type: ignore[arg-type]
        "dress",
        {"details": [], "pattern": ["floral"], "colors": ["navy"]},
    )
    assert _with_earlier(seen, "robe", {"pattern": ["plain"]})[1]["pattern"] == ["plain"]  # type: ignore[arg-type]


def test_what_a_new_category_has_no_attribute_for_is_not_said_again() -> None:
    seen = garment("shirt", ["neckline", "pattern"], neckline=["v_neck"], pattern=["floral"])
    assert _with_earlier(seen, "jeans", {}) == ("jeans", {"pattern": ["floral"]})  # type: ignore[arg-type]
    long = garment("dress", ["length"], length=["midi"])
    assert _with_earlier(long, "blouse", {})[1] == {}  # type: ignore[arg-type]
    assert _with_earlier(long, "skirt", {})[1] == {"length": ["midi"]}  # type: ignore[arg-type]
    # The server is the one to refuse a word that is none.
    assert set(_with_earlier(seen, "hat-ish", {})[1]) == {"neckline", "pattern"}  # type: ignore[arg-type]


def test_completion_knows_the_words_and_never_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pattern:floral" in completion.tag_words("pattern:f")
    assert "group:TOP" in completion.label_words("gro")
    assert "dress" in completion.categories("dre")
    assert completion.columns("s") == ["s1=", "s2="]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("PLACKET_URL", "PLACKET_KEY", "PLACKET_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    context = typer.Context(typer.core.TyperCommand("x"))
    assert completion.service_names(context, "") == []
    monkeypatch.setenv("PLACKET_KEY", "k")
    monkeypatch.setenv("PLACKET_URL", "http://127.0.0.1:9")
    assert completion.service_names(context, "") == []
