import pytest

from placket.domain.garments import Swatch
from placket.vision.told_names import named_as_told

NEARLY_BLACK = Swatch("#161a26", "black", 0.9)
SHADED_WHITE = Swatch("#cfcfd2", "gray", 0.55)
RED = Swatch("#c8202f", "red", 0.1)


@pytest.mark.parametrize(
    ("swatch", "told", "name"),
    [
        (NEARLY_BLACK, ["navy"], "navy"),
        (NEARLY_BLACK, ["white", "navy"], "navy"),
        (NEARLY_BLACK, ["black", "navy"], "black"),
        (SHADED_WHITE, ["white"], "white"),
        (Swatch("#22242a", "denim_black", 1.0), ["black"], "black"),
        # A word that the pixels contradict is not put on them.
        (RED, ["green"], "red"),
        (SHADED_WHITE, ["black"], "gray"),
        (RED, ["gold", "multi"], "red"),
        (RED, [], "red"),
    ],
)
def test_a_shade_goes_by_the_word_that_was_told(swatch: Swatch, told: list[str], name: str) -> None:
    (found,) = named_as_told([swatch], told)
    assert (found.hex, found.name, found.share) == (swatch.hex, name, swatch.share)


def test_shades_of_one_name_are_one_colour() -> None:
    white = Swatch("#f4f4f4", "white", 0.35)
    found = named_as_told([SHADED_WHITE, white, RED], ["white"])
    assert [(s.hex, s.name) for s in found] == [("#cfcfd2", "white"), ("#c8202f", "red")]
    assert [s.share for s in found] == pytest.approx([0.9, 0.1])


def test_what_has_grown_together_may_come_first() -> None:
    gray, white = Swatch("#b9b9bb", "gray", 0.35), Swatch("#f4f4f4", "white", 0.25)
    found = named_as_told([Swatch("#c8202f", "red", 0.4), gray, white], ["white"])
    assert [s.name for s in found] == ["white", "red"]
