"""The pages about the shipped bundle say what is in it."""

from importlib.resources import files
from pathlib import Path

from placket.training.encoder.evaluate import LABELLED_TWICE
from placket.training.manifest import read_manifest
from placket.training.pages import card
from placket.training.pages.detector import HOW, as_shipped
from placket.training.pages.encoder import HOW_BY_SET, no_better
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


def test_the_encoders_page_tells_how_its_figures_are_to_be_read() -> None:
    text, tags = page("encoder.md"), BUNDLE["metrics"]["encoder"]["tags"]
    numbers = {
        view: {name: (f["count"], f["accuracy"], f["majority"]) for name, f in by_name.items()}
        for view, by_name in tags.items()
    }
    assert no_better(numbers) in text and no_better(numbers)
    assert HOW_BY_SET in text
    assert f"two independent labellings of the same {LABELLED_TWICE} garments" in text


def test_the_detectors_page_tells_what_its_truth_is() -> None:
    assert HOW in page("detector.md")
