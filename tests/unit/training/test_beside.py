"""Two bundles on the same garments: what is more than chance is said, and what is not."""

import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from placket.cli.evaluate import evaluate_app
from placket.training.encoder.beside import Difference, differences, in_words
from placket.training.encoder.evaluate import Answer
from placket.training.encoder.items import Item


def item(category: str | None, **tags: object) -> Item:
    box = (0.0, 0.0, 1.0, 1.0)
    return Item("hm", "a", "a", "val", box, "a", "a", True, True, "hm", {"category": category, **tags})


def said(*categories: str) -> list[Answer]:
    return [Answer({"category": [(c, 0.9)] if c else []}) for c in categories]


def test_garments_that_one_of_the_two_gets_right_decide() -> None:
    items = [item("dress"), item("dress"), item("skirt"), item(None), item("coat")]
    (found,) = differences(
        items, said("dress", "coat", "skirt", "dress", ""), said("dress", "dress", "coat", "x", "coat")
    )
    assert found == Difference("category", garments=4, right=2, other=3, gained=1, lost=2)
    assert found.verdict.startswith("as good")


def test_the_main_colour_is_the_first_one() -> None:
    answer = Answer({"first_color": [("red", 0.9)]})
    (found,) = differences([item(None, colors=["red", "blue"])], [answer], [Answer({})])
    assert (found.attribute, found.right, found.other) == ("first_color", 1, 0)


def test_a_verdict_needs_more_than_chance() -> None:
    worse = Difference("category", 300, 230, 250, gained=10, lost=30)
    better = Difference("fit", 300, 250, 230, gained=30, lost=10)
    same = Difference("look", 300, 243, 237, gained=18, lost=12)
    assert (worse.verdict, better.verdict) == ("worse", "better")
    assert in_words("now", [worse, better, same]) == [
        "category: worse than now, 0.767 right, not 0.833 (10 of 300 garments gained, 30 lost)",
        "fit: better than now, 0.833 right, not 0.767 (30 of 300 garments gained, 10 lost)",
        "as good as now, as far as these garments tell: look",
    ]
    assert in_words("now", [worse]) == [in_words("now", [worse, same])[0]]


@pytest.mark.parametrize(
    ("gained", "lost", "chance"),
    [(5, 0, 0.0625), (7, 1, 0.0703), (6, 0, 0.0313), (18, 8, 0.0755), (3, 3, 1.0), (0, 0, 1.0)],
)
def test_few_garments_are_counted_exactly(gained: int, lost: int, chance: float) -> None:
    # Two standard deviations of a coin let five heads in a row, and seven of eight, through.
    better, worse = (Difference("fit", 900, 600, 600, *pair) for pair in ((gained, lost), (lost, gained)))
    assert better.by_chance == worse.by_chance == pytest.approx(chance, abs=1e-4)
    assert better.verdict.startswith("as good") == (chance > 0.05)


def test_equal_bundles_are_seldom_told_apart() -> None:
    for thrown in range(1, 60):
        told = [
            n for n in range(thrown + 1) if Difference("fit", 99, 9, 9, n, thrown - n).verdict in ("better", "worse")
        ]
        assert sum(math.comb(thrown, n) for n in told) / 2**thrown <= 0.05


def test_another_bundle_that_is_none_is_said_before_any_work(tmp_path: Path) -> None:
    words = ["encoder", "--bundle", str(tmp_path), "--data", str(tmp_path), "--no-speed", "--beside"]
    for told, said in ((str(tmp_path), "NAME=FOLDER"), ("now=", "NAME=FOLDER"), (f"now={tmp_path}", "bundle.json")):
        result = CliRunner().invoke(evaluate_app, [*words, told])
        assert result.exit_code in (1, 2) and said in result.output.replace("\n", ""), result.output
