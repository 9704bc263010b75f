"""Which garment a correction is of, what it makes of it, and what it may say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.corrections import (
    LEAST_OVERLAP,
    Corrected,
    Correction,
    apply,
    by_garment,
    check_correction,
    correct_all,
    nearest,
    overlap,
    place,
    with_correction,
)
from placket.domain.errors import InvalidParameter
from placket.domain.garments import Box, Garment, Label
from placket.domain.labels import MOST_LABELS, LabelCondition, label_words, parse_labels, vocabulary

SHIRT = Garment(
    "TOP", Label("shirt", 0.9), Box(0.0, 0.0, 0.5, 1.0), 0.8,
    {"colors": (Label("red", 0.9), Label("blue", 0.5)), "neckline": (Label("round", 0.6),)}, np.zeros(256, np.float32),
)  # fmt: skip

_EDGES = st.floats(0, 1, width=32)
BOXES = (
    st.tuples(_EDGES, _EDGES, _EDGES, _EDGES)
    .filter(lambda e: abs(e[0] - e[2]) > 0.01 and abs(e[1] - e[3]) > 0.01)
    .map(lambda e: Box(min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]), max(e[1], e[3])))
)


def at(box: Box) -> Garment:
    return replace(SHIRT, box=box)


@given(BOXES, BOXES)
def test_overlap_is_a_share_both_ways(a: Box, b: Box) -> None:
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert overlap(a, b) == pytest.approx(overlap(b, a))
    assert overlap(a, a) == 1.0


def test_overlap_in_numbers() -> None:
    assert overlap(Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1)) == pytest.approx(1 / 3)
    assert overlap(Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)) == 0


@given(st.lists(BOXES, max_size=5), st.lists(BOXES, max_size=5))
def test_no_garment_takes_two_and_none_is_far_away(garments: list[Box], corrections: list[Box]) -> None:
    placed = place([at(b) for b in garments], [Correction(b, "dress") for b in corrections])
    taken = [n for n in placed if n is not None]
    assert len(placed) == len(corrections)
    assert len(set(taken)) == len(taken)
    for box, n in zip(corrections, placed, strict=True):
        if n is not None:
            assert overlap(garments[n], box) >= LEAST_OVERLAP
        else:
            near = [m for m, g in enumerate(garments) if overlap(g, box) >= LEAST_OVERLAP]
            assert set(near) <= set(taken)


@given(st.lists(BOXES, min_size=1, max_size=5, unique=True), st.permutations(range(5)))
def test_the_order_of_garments_does_not_matter(boxes: list[Box], order: list[int]) -> None:
    said = [Correction(b, "dress", {"pattern": ("dot",)}) for b in boxes]
    shuffled = [boxes[n] for n in order if n < len(boxes)]
    for box, correction in zip(shuffled, by_garment([at(b) for b in shuffled], said), strict=True):
        assert correction is not None and correction.box == box


def test_just_enough_overlap() -> None:
    half, less = Box(0.0, 0.0, 0.25, 1.0), Box(0.0, 0.0, 0.249, 1.0)
    assert nearest([SHIRT], half) == 0
    with pytest.raises(InvalidParameter):
        nearest([SHIRT], less)
    with pytest.raises(InvalidParameter):
        nearest([], half)


def test_a_new_word_takes_the_place_of_the_old_one() -> None:
    other = at(Box(0.5, 0.0, 1.0, 1.0))
    said = with_correction([], Correction(Box(0.02, 0.0, 0.5, 1.0), "blouse"), [SHIRT, other])
    assert said == [Correction(SHIRT.box, "blouse")]
    said = with_correction(said, Correction(other.box, "coat"), [SHIRT, other])
    said = with_correction(said, Correction(SHIRT.box, None, {"colors": ()}), [SHIRT, other])
    assert [c.category for c in said] == ["coat", None]
    assert with_correction(said, Correction(SHIRT.box), [SHIRT, other]) == said[:1]


def test_another_category_leaves_out_what_does_not_apply_to_it() -> None:
    bag = apply(SHIRT, Correction(SHIRT.box, "backpack", {"pattern": ("dot",)}))
    assert (bag.group, bag.category) == ("BAG", Label("backpack", 1.0))
    assert bag.tags == {"colors": SHIRT.tags["colors"], "pattern": (Label("dot", 1.0),)}
    plain = apply(SHIRT, Correction(SHIRT.box, None, {"colors": ()}))
    assert plain.tags == {"neckline": SHIRT.tags["neckline"]}
    assert label_words(plain) == ["category:shirt", "group:TOP", "neckline:round"]


def test_what_was_seen_of_another_kind_of_garment_is_left_out() -> None:
    tags = {
        "sleeve_length": (Label("short", 0.9),),
        "sleeve_shape": (Label("puff", 0.8),),
        "length": (Label("midi", 0.7),),
    }
    dress = replace(SHIRT, group="WHOLEBODY", category=Label("dress", 0.8), tags=tags)
    blouse = apply(dress, Correction(dress.box, "blouse"))
    assert set(blouse.tags) == {"sleeve_length", "sleeve_shape"}  # a blouse has other words for its length
    assert set(apply(dress, Correction(dress.box, "jumpsuit")).tags) == set(tags)
    wide = replace(SHIRT, group="BOTTOM", category=Label("trousers", 0.8), tags={"shape": (Label("wide", 0.7),)})
    assert not apply(wide, Correction(wide.box, "skirt")).tags
    assert apply(wide, Correction(wide.box, "jeans")).tags
    bare = apply(dress, Correction(dress.box, None, {"sleeve_length": ("sleeveless",)}))
    assert set(bare.tags) == {"sleeve_length", "length"}
    said = {"sleeve_length": ("sleeveless",), "sleeve_shape": ("ruffle",), "length": ("mini",)}
    assert set(apply(dress, Correction(dress.box, "blouse", said)).tags) == set(tags)


def test_what_was_corrected_by_name() -> None:
    said = Correction(SHIRT.box, "backpack", {"neckline": ("round",), "colors": ("red",)})
    garments, fixed = correct_all([SHIRT, SHIRT], [None, said])
    assert garments[0] is SHIRT
    assert fixed == {1: Corrected(said, SHIRT)}
    # A correction of what the category does not have is kept, and waits for one that has.
    assert fixed[1].names == ("category", "colors")


def test_json_and_back() -> None:
    said = Correction(Box(0.1, 0.25, 1 / 3, 0.75), None, {"colors": ("red", "blue"), "details": ()})
    assert Correction.from_json(said.to_json()) == said


@pytest.mark.parametrize(
    ("category", "tags", "words"),
    [
        ("gown", {}, "category"),
        ("", {}, "category"),
        (None, {"colour": ("red",)}, "attributes"),
        (None, {"pattern": ("red",)}, "pattern is one of"),
        (None, {"pattern": ("dot", "solid")}, "one label"),
        (None, {"colors": ("red", "red")}, "twice"),
        ("backpack", {"neckline": ("round",)}, "does not apply"),
        ("kilt", {}, "^category is one of t_shirt, .*"),
        (None, {"length": ("midi",)}, "length is one of crop, waist, hip, thigh, knee, calf, ankle$"),
        ("skirt", {"shape": ("wide",)}, "shape is one of straight, flare, .*"),
        ("dress", {"length": ("hip",)}, "length is one of mini, above_knee, knee, midi, ankle, full$"),
    ],
)
def test_what_may_not_be_said(category: str | None, tags: dict[str, tuple[str, ...]], words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        check_correction(Correction(SHIRT.box, category, tags), SHIRT)


def test_what_may() -> None:
    check_correction(Correction(SHIRT.box, "dress", {"colors": ("red", "blue"), "details": (), "neckline": ()}), SHIRT)


def test_labels_of_the_taxonomy() -> None:
    every = [f"{attribute}:{value}" for attribute, values in vocabulary().items() for value in values]
    for label in every:
        assert parse_labels([label, label]) == (LabelCondition((label,)),)
        assert parse_labels([f"!{label}"]) == (LabelCondition((label,), negated=True),)
    assert len(parse_labels(every[:MOST_LABELS])) == MOST_LABELS
    with pytest.raises(InvalidParameter):
        parse_labels(every[: MOST_LABELS + 1])


def test_labels_of_which_one_is_enough() -> None:
    (either,) = parse_labels(["pattern:dot, floral,dot"])
    assert either == LabelCondition(("pattern:dot", "pattern:floral"))
    assert either.text == "pattern:dot,floral"
    (neither,) = parse_labels(["!pattern:dot,floral"])
    assert neither.text == "!pattern:dot,floral"
    for words, held in (
        (["pattern:dot"], True),
        (["pattern:solid", "pattern:floral"], True),
        (["colors:red"], False),
        ([], False),
    ):
        assert either.holds(words) is held
        assert neither.holds(words) is not held


@pytest.mark.parametrize(
    "label",
    [
        *("", "!", "pattern", "pattern:", ":dot", "pattern:dot:dot", "Pattern:dot", "x:y", "\0:\0", "!!pattern:dot"),
        *("pattern:dot,", "pattern:dot,red", "pattern:dot,pattern:floral", "pattern:!dot", " pattern:dot"),
    ],
)
def test_labels_that_are_none(label: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_labels([label])
