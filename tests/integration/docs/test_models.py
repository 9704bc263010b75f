"""The pages about the shipped bundle say what is in it."""

from importlib.resources import files
from pathlib import Path

from placket.training.manifest import read_manifest
from placket.training.pages import card
from placket.training.pages.detector import as_shipped
from tests.integration.docs.pages import ROOT

PAGES = ROOT / "docs" / "models"
BUNDLE = read_manifest(Path(str(files("placket.bundles"))))


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def test_the_card_is_the_bundles(tmp_path: Path) -> None:
    card.write_card(tmp_path / "card.md", BUNDLE)
    assert page("card.md") == (tmp_path / "card.md").read_text(encoding="utf-8")


def test_the_detectors_page_tells_the_thresholds_that_are_shipped() -> None:
    assert as_shipped(BUNDLE["detector"]) in page("detector.md")
