import numpy as np
import pytest

from placket.domain.garments import Box
from placket.vision.detector import Detection
from placket.vision.encoder import Encoded
from placket.vision.worn import for_one_person
from tests.support.logits import all_logits, logits

TROUSERS, COAT = Box(0.3, 0.6, 0.7, 0.9), Box(0.25, 0.2, 0.75, 0.7)
SHOES, BESIDE = Box(0.3, 0.88, 0.5, 0.95), Box(0.8, 0.2, 0.98, 0.7)


def genders(*seen: tuple[Box, float, str, float]) -> list[str]:
    """What each is told to be for, of a box, a detector's score, and what its own crop says how clearly."""
    found = [Detection(box, "TOP", score, np.zeros(9, np.float32)) for box, score, _, _ in seen]
    own = [all_logits(gender=logits("gender", **{gender: sure})) for _, _, gender, sure in seen]
    of = for_one_person(found, [Encoded(np.eye(256, dtype=np.float32)[0], one) for one in own])
    words = ("women", "men", "unisex")
    values = {w: logits("gender", **{w: 1.0}) for w in words}
    return [max(words, key=lambda w: float(values[w] @ e.logits["gender"])) for e in of]


def test_shoes_are_for_whom_the_clothes_above_them_are() -> None:
    assert genders((COAT, 0.9, "women", 2.0), (TROUSERS, 0.9, "women", 2.0), (SHOES, 0.9, "men", 4.0)) == ["women"] * 3
    assert genders((SHOES, 0.9, "men", 4.0)) == ["men"]


def test_a_clear_word_of_the_clothes_counts_for_more() -> None:
    assert genders((COAT, 0.9, "women", 1.0), (TROUSERS, 0.9, "men", 4.0)) == ["men", "men"]


def test_what_the_detector_is_unsure_of_counts_little() -> None:
    assert genders((COAT, 0.9, "women", 2.0), (COAT, 0.45, "men", 4.0)) == ["women", "women"]
    assert genders((COAT, 0.9, "women", 2.0), (COAT, 0.9, "men", 4.0)) == ["men", "men"]


def test_people_beside_one_another_are_two() -> None:
    assert genders((COAT, 0.9, "women", 2.0), (BESIDE, 0.9, "men", 2.0)) == ["women", "men"]


def test_nothing_else_is_told_otherwise() -> None:
    found = [Detection(box, "TOP", 0.9, np.zeros(9, np.float32)) for box in (COAT, TROUSERS)]
    own = [Encoded(np.eye(256, dtype=np.float32)[n], all_logits(look=logits("look", street=n))) for n in (0, 1)]
    for before, after in zip(own, for_one_person(found, own), strict=True):
        assert after.embedding is before.embedding
        same = [name for name in before.logits if after.logits[name] == pytest.approx(before.logits[name])]
        assert set(before.logits) - set(same) <= {"gender", "age"}
