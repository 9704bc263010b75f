"""What the package says of itself: its licences, and all that it imports."""

import ast
import json
import re
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
DEV = PYPROJECT["dependency-groups"]["dev"]
LOCKED = re.compile(r"^([a-zA-Z0-9][^\\\n]*?) *\\?$", re.MULTILINE)
PERMISSIVE = ("0BSD", "APACHE", "BSD", "CC0", "ISC", "MIT", "PSF", "PYTHON", "ZLIB")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_licence_of_what_is_shipped_is_declared_and_comes_along() -> None:
    assert set(PROJECT["license"].split(" AND ")) == {"Apache-2.0", "0BSD", "LicenseRef-Placket-Weights"}
    named = {ROOT / name for name in PROJECT["license-files"]}
    assert all(file.is_file() for file in named)
    # Whatever is taken over from elsewhere brings its own.
    assert {*ROOT.glob("LICENSE*"), *(ROOT / "src").rglob("*.LICENSE")} == named


def test_the_terms_of_the_weights_are_those_of_the_bundle() -> None:
    terms = json.loads((ROOT / "src/placket/bundles/bundle.json").read_text("utf-8"))["training"]["terms"]
    assert terms in " ".join((ROOT / "LICENSE-WEIGHTS").read_text("utf-8").split())


def test_all_that_is_imported_is_a_dependency() -> None:
    """Not only by way of another one, which may do without it tomorrow. pydantic-core is pinned by pydantic."""
    declared = {canonical(re.split(r"[\[<>=]", d)[0]) for d in PROJECT["dependencies"]} | {"pydantic-core"}
    installed = packages_distributions()
    package = ROOT / "src" / "placket"
    imported = {
        name.partition(".")[0]
        for file in package.rglob("*.py")
        if file.relative_to(package).parts[0] != "training"
        for name in _imports(file)
    }
    others = imported - sys.stdlib_module_names - {"placket"}
    missing = {name for name in others if declared.isdisjoint(map(canonical, installed.get(name, [name])))}
    # The commands `train`, `eval` and `export` ask for the extra.
    missing -= {"torch", "onnx"}
    assert not missing, f"no dependencies of pyproject.toml: {missing}; add them there, then run `make lock`"


@pytest.mark.parametrize(("group", "asked"), [("run", PROJECT["dependencies"]), ("dev", DEV)])
def test_the_lock_files_hold_what_is_asked_for(group: str, asked: list[str]) -> None:
    """The commands of the Makefile install what these name, and nothing else."""
    locked = defaultdict(set)
    for pin in (Requirement(line) for line in LOCKED.findall((ROOT / f"requirements/{group}.txt").read_text("utf-8"))):
        locked[canonical(pin.name)] |= {str(pin.specifier).removeprefix("==")}
    pins = [(line, Requirement(line).specifier, locked[canonical(Requirement(line).name)]) for line in asked]
    stale = [line for line, allowed, versions in pins if not versions or not all(map(allowed.contains, versions))]
    assert not stale, f"requirements/{group}.txt does not hold what pyproject.toml asks for, {stale}: run `make lock`"


def test_what_runs_is_tested_as_it_is() -> None:
    """The same versions with the tests' tools beside it."""
    run, dev = (set(LOCKED.findall((ROOT / f"requirements/{n}.txt").read_text("utf-8"))) for n in ("run", "dev"))
    assert not run - dev, "requirements/dev.txt has other versions than requirements/run.txt: run `make lock`"


def _imports(file: Path) -> list[str]:
    found = list[str]()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def test_licences_that_ask_for_more_than_their_text_are_on_the_page() -> None:
    page = (ROOT / "docs/reference/licences.md").read_text("utf-8")
    locked = re.findall(r"^([a-zA-Z0-9._-]+)==", (ROOT / "requirements/run.txt").read_text("utf-8"), re.MULTILINE)
    assert len(locked) > 40
    asked = 0
    for name in locked:
        try:
            about = metadata(name)
        except PackageNotFoundError:
            continue  # for another platform
        classified = [c for c in about.get_all("Classifier") or () if c.startswith("License ::")]
        # Some put the whole text into the field.
        said = about.get("License-Expression") or " ".join([(about.get("License") or "")[:80], *classified])
        asked += 1
        alternatives = re.split(r"\bAND\b", said.upper())
        if not all(any(word in part for word in PERMISSIVE) and "GPL" not in part for part in alternatives):
            assert f"`{canonical(name)}`" in page, f"{name}: {said}"
    assert asked > 40
