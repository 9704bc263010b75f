"""What the package says of itself: its licences, and all that it imports."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
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
    assert missing <= {"torch", "onnx"}


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
