import numpy as np
import pytest

from placket.domain.garments import Box, Garment, Label
from placket.domain.taxonomy import taxonomy
from placket.vision.detector import Detection
from placket.vision.encoder import Encoded
from placket.vision.worn import for_one_person, once
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


def garment(category: str, box: Box, score: float = 0.8, sure: float = 0.8) -> Garment:
    group = taxonomy().group_of(category)
    return Garment(group, Label(category, sure), box, score, {}, np.zeros(256, np.float32))


JEANS = garment("jeans", Box(0.25, 0.1, 0.75, 0.94))
PAIR, LEFT, RIGHT = (Box(x0, 0.86, x1, 0.98) for x0, x1 in ((0.24, 0.73), (0.24, 0.4), (0.57, 0.73)))
SEAM = Box(0.28, 0.8, 0.7, 0.93)


def test_a_pair_of_shoes_is_one_garment_and_so_is_one_of_earrings() -> None:
    for category in ("boots", "earrings"):
        pair, others = garment(category, PAIR, 0.8), [garment(category, LEFT, 0.7), garment(category, RIGHT, 0.7)]
        assert once([*others, pair]) == [pair]
    pair, better = garment("boots", PAIR, 0.8), garment("flats", LEFT, 0.85)
    assert once([better, pair]) == [pair]


def test_nobody_wears_two_pairs_of_shoes() -> None:
    pair, seam = garment("sneakers", PAIR, 0.8), garment("boots", SEAM, 0.65)
    assert once([JEANS, seam, pair]) == [JEANS, pair]
    assert once([seam, pair]) == [seam, pair]  # beside no clothes these may be two products


def test_nobody_wears_two_belts_and_the_surer_kind_stays() -> None:
    belt, leg = garment("belt", Box(0.3, 0.1, 0.7, 0.15), 0.55, 0.99), garment("belt", JEANS.box, 0.73, 0.15)
    socks = garment("socks", PAIR)
    assert once([leg, belt, socks, JEANS]) == [belt, socks, JEANS]


def test_what_stays() -> None:
    beside = garment("jeans", Box(0.8, 0.1, 0.99, 0.9))
    two_people = [JEANS, beside, garment("boots", PAIR), garment("boots", Box(0.8, 0.86, 0.98, 0.98))]
    two_bags = [JEANS, garment("tote_bag", LEFT), garment("tote_bag", RIGHT)]
    a_set = [garment("necklace", JEANS.box), garment("earrings", Box(0.4, 0.3, 0.6, 0.5))]
    layers = [garment("coat", Box(0.2, 0.1, 0.8, 0.9)), garment("shirt", Box(0.4, 0.15, 0.6, 0.5))]
    for all_of_them in (two_people, two_bags, a_set, layers):
        assert once(all_of_them) == all_of_them
