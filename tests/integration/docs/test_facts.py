"""Facts that are written by hand in several places are those of the program."""

import ast
import inspect
import re
from collections.abc import Iterator

import yaml

from placket.api.figures import HELP
from placket.api.metrics import Metrics
from placket.client import errors
from placket.domain import reasons
from placket.services.traffic import Traffic
from placket.settings import Settings
from placket.training.recipes import brought_recipes, recipe_path
from tests.integration.docs.pages import ROOT, everything

_GUIDES = ROOT / "docs" / "guide"


def _text(page: str) -> str:
    """A page's words, whatever its line breaks."""
    return " ".join((ROOT / "docs" / page).read_text("utf-8").split())


def _first_cells(page: str, heading: str) -> list[str]:
    """Of the table under a heading of the page, or at that row of it."""
    rows = (
        (ROOT / "docs" / page).read_text("utf-8").partition(heading)[2].partition("\n\n")[0 if heading[0] == "|" else 2]
    )
    return re.findall(r"^\| (`[^|]+) \|", rows.partition("\n\n")[0], re.MULTILINE)


def test_limits_and_times_that_are_told_are_the_defaults() -> None:
    for page, facts in _of_settings(Settings.model_construct()).items():
        words = _text(page)
        for fact in facts:
            assert fact in words, f"{page}: {fact}"


def _of_settings(s: Settings) -> dict[str, list[str]]:
    image, pixels = f"{s.image_max_bytes / 1e6:g} MB", f"{s.image_max_pixels / 1e6:g} million pixels"
    return {
        "reference/behaviour.md": [
            f"At most {s.index_file_max_bytes:,} bytes uploaded, {s.index_link_max_bytes:,} behind a `link`,"
            f" {s.index_max_rows:,} rows",
            f"a `link` has {s.link_timeout:g} seconds for all of it",
            f"**Images** have {s.image_timeout:g} seconds to arrive",
            f"of at most {s.image_max_bytes:,} bytes ({s.tag_image_max_bytes:,} for `tag`) and {pixels}",
            f"box is {s.min_item_pixels} px or less",
            f"At most {s.tagger_max_entries:,} a request; a body over {s.tagger_request_max_bytes / 1e6:g} MB",
            f"of at most {s.tagger_image_max_bytes:,} bytes (809) and {pixels} (808)",
            f"at least {s.tagger_image_min_side} pixels a side (807)",
            f"no more elongated than 1:{s.tagger_image_max_aspect:g} (806)",
            f"They get {s.tagger_attempt_timeout:g} seconds an attempt and {s.tagger_image_timeout:g} in all",
            f"appended to for {s.tagger_window_minutes:g} minutes",
            f"at most to {s.tagger_window_max_hours:g} hours from now",
            f"Results are kept for {s.tagger_result_days:g} days",
            f"answers 410 for {s.tagger_stub_days:g} more days",
            f"within {s.tagger_reply_hours:g} hours is answered as the first one was",
        ],
        "guide/index-a-catalogue.md": [
            f"up to {s.documents_per_service:,} products",
            f"at most {s.index_max_rows:,} rows and {s.index_file_max_bytes / 1e6:g} MB; given by link,"
            f" {s.index_link_max_bytes / 1e6:g} MB",
            f"takes {s.index_requests_per_day} index requests a day",
            f"not there within {s.image_timeout:g} seconds, twice",
            f"more than {image}, or more than {pixels}",
        ],
        "guide/camera-search.md": [f"of at most {image} (`PLACKET_IMAGE_MAX_BYTES`) and {pixels}"],
        "guide/tag-in-bulk.md": [
            f"at most {s.tagger_max_entries:,} images a request",
            f"within {s.tagger_reply_hours:g} hours",
            f"to the same task within {s.tagger_window_minutes:g} minutes",
            f"removed {s.tagger_result_days:g} days after the last change",
        ],
        "guide/several-machines.md": [
            f"in chunks of {s.worker_chunk} images",
            f"its lease ends ({s.lease_seconds:g} seconds)",
            f"`PLACKET_DATABASE_POOL` connections ({s.database_pool})",
        ],
        "guide/troubleshooting.md": [
            f"An image has {s.image_timeout:g} seconds, one of the Tagger {s.tagger_image_timeout:g}",
        ],
    }


def test_every_figure_that_is_told_is_one() -> None:
    own = re.findall(r"^# TYPE (\w+)", Metrics(Traffic()).render({}).decode(), re.MULTILINE)
    figures = {*own, *(f"placket_{name}" for name in HELP), "process_max_fds"}
    told = set(re.findall(r"\b((?:placket|process)_\w*[a-z])\b(?![.(/])", everything()))
    assert {"placket_queue_oldest_seconds", "placket_searches_total"} <= told & figures
    assert {name for name in told - figures if not any(f.startswith(f"{name}_") for f in figures)} == set()


def test_every_reason_of_a_failed_row_is_explained() -> None:
    told = {cell.strip("`") for cell in _first_cells("guide/index-a-catalogue.md", "## What the reasons mean")}
    of_folders = {"NoPhoto", "SameName", "Unreadable", "TooLarge"}
    assert told == {*reasons.OF_ROWS, reasons.CANCELLED} | of_folders


def test_every_exception_of_the_client_is_explained() -> None:
    cells = _first_cells("guide/client.md", "| exception | when |")
    told = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ClientError)}
    assert told <= {kind.__name__ for kind in kinds}
    # Those that are only a family of others are named where these are.
    families = {kind.__name__ for kind in kinds if kind.__subclasses__()}
    assert {kind.__name__ for kind in kinds} - told <= families


def test_the_messages_that_a_remedy_is_told_for_are_the_programs() -> None:
    page = (_GUIDES / "troubleshooting.md").read_text("utf-8")
    quoted = re.findall(r"^\*\*`([^`]+)`\*\*", page, re.MULTILINE)
    assert len(quoted) == 6
    sentences = list(_sentences())
    for message in quoted:
        words = message.removeprefix("... ").replace("127.0.0.1", "...").replace("8780", "...")
        assert any(words in sentence for sentence in sentences), message


def _sentences() -> Iterator[str]:
    """Every text of the program, with ``...`` for what is put into it."""
    for file in (ROOT / "src" / "placket").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_recipes_that_want_a_gpu_are_named() -> None:
    told = _text("guide/train-on-your-photos.md").partition("Recipes with `gallery: true` (")[2].partition(")")[0]
    named = set(
        re.findall(r"`([a-z-]+)`", told.replace("both with a `-more`", "`encoder-grown-more`, `detector-grown-more`"))
    )
    recipes = {name: yaml.safe_load(recipe_path(name).read_text("utf-8")) for name in brought_recipes()}
    assert named == {name for name, recipe in recipes.items() if recipe.get("gallery")}
