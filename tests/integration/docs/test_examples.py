"""What the documentation tells people to type exists."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from fastapi import FastAPI

from placket.api.fashion_v1 import fashion_face
from placket.api.placket_v1 import placket_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.cli.main import app
from placket.settings import CLIENT_VARIABLES, Settings
from placket.vision.bundle import _Manifest
from tests.integration.docs.pages import ROOT, Block, blocks, everything

_CURL = re.compile(r"\bcurl\b(?:[^\n\\]|\\\n|\\.)*")
_VARIABLES = {
    "API": "/nhn-ai-fashion/v1.0/appkeys/KEY",
    "MAKER": "/nhn-ai-fashion-maker/v1.0/appkeys/KEY",
    "OWN": "/placket/v1",
    "TAGGER": "/tagger/v2.12",
    "TASK": "24bb94b3-8a6b-488e-b038-4f6038da2596",
    "RUN": "24bb94b3-8a6b-488e-b038-4f6038da2596",
}


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_shell_is_well_formed(block: Block) -> None:
    shell = shutil.which("bash")
    assert shell is not None
    checked = subprocess.run([shell, "-n"], input=block.text, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


def test_python_is_well_formed() -> None:
    for block in blocks("python"):
        compile(block.text, str(block.page), "exec")


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_well_formed(block: Block) -> None:
    for line in block.text.strip().splitlines():
        json.loads(line)


def _calls() -> Iterator[tuple[Block, str, str]]:
    """(block, method, path) of every curl call."""
    for block in blocks("sh"):
        for found in _CURL.findall(block.text):
            words = shlex.split(found.replace("\\\n", " "))
            options = set(words)
            method = words[words.index("-X") + 1] if "-X" in words else "POST" if options & {"-F", "-d"} else "GET"
            url = next(w for w in words if w.startswith(("$", "http")))
            path = re.sub(r"\$(\w+)", lambda m: _VARIABLES[m[1]], url)
            yield block, method, re.sub(r"^https?://[^/]+", "", path).partition("?")[0]


@pytest.fixture(scope="module")
def documented() -> dict[str, set[str]]:
    """Path pattern to methods, of the APIs that the documentation calls."""
    application = FastAPI()
    nothing: Any = None
    for face in (fashion_face(), placket_face(), tagger_face(TaggerParts(nothing, nothing, nothing, 1))):
        assert face.router is not None
        application.include_router(face.router)
    paths = application.openapi()["paths"]
    return {re.sub(r"{\w+}", "[^/]+", p): {m.upper() for m in methods} for p, methods in paths.items()}


def test_every_curl_call_is_one_of_the_api(documented: dict[str, set[str]]) -> None:
    calls = list(_calls())
    assert len(calls) > 15
    for block, method, path in calls:
        methods = set().union(*(m for pattern, m in documented.items() if re.fullmatch(pattern, path)))
        assert method in methods, f"{block}: {method} {path}"


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^\s*|`)make ([a-z-]+)", everything(), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)", makefile, re.MULTILINE)
    assert set(targets.split()) - {"help"} == set(re.findall(r"@echo 'make ([a-z-]+)", makefile))


def test_every_command_exists() -> None:
    root = typer.main.get_command(app)
    context = typer.Context(root)
    assert isinstance(root, typer.core.TyperGroup)
    commands = set(root.list_commands(context))
    named = {word for block in blocks("sh") for word in re.findall(r"(?:^|[\s/])placket ([a-z][a-z-]*)", block.text)}
    assert {"serve", "worker", "keys", "reindex"} <= named <= commands


def test_the_manifest_is_described() -> None:
    table = (ROOT / "docs" / "guide" / "own-model.md").read_text("utf-8").partition("| key |")[2].partition("\n\n")[0]
    told = {
        name: required == "yes"
        for names, required in re.findall(r"^\| ([^|]+) \| (yes|no) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    manifest = json.loads((ROOT / "src" / "placket" / "bundles" / "bundle.json").read_text("utf-8"))
    assert set(manifest) <= set(told)
    assert told == {name: field.is_required() for name, field in _Manifest.model_fields.items()}


def test_every_setting_exists() -> None:
    known = {f"PLACKET_{name.upper()}" for name in Settings.model_fields} | CLIENT_VARIABLES | {"PLACKET_CONFIG"}
    assert set(re.findall(r"PLACKET_[A-Z_]+[A-Z]", everything())) <= known
