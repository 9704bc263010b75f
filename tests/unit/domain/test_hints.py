"""Words beside a picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.hints import MOST_CHARACTERS, NO_HINTS, Hints, hints_of
from placket.domain.names_of import category_names
from placket.domain.taxonomy import taxonomy


@pytest.mark.parametrize(
    ("text", "categories", "genders"),
    [
        ("Slim Fit Jeans", ("jeans",), ()),
        ("DENIM-JACKET, blue", ("denim_jacket",), ()),  # no jacket
        ("T-shirts for women", ("t_shirt",), ("women",)),
        ("Men's shirt", ("shirt",), ("men",)),
        ("여름 원피스", ("dress",), ()),
        ("여성롱원피스", ("dress",), ("women",)),
        ("남녀공용 후드티", ("hoodie",), ("unisex",)),
        ("牛仔裤 高腰 女装", ("jeans",), ("women",)),
        ("メンズ Tシャツ", ("t_shirt",), ("men",)),
        ("ﾒﾝｽﾞ　Ｔシャツ", ("t_shirt",), ("men",)),  # half and full width
        ("Sandals and a dress", ("dress", "sandals"), ()),
        ("dressed in coats of paint", ("coat",), ()),  # whole words
        ("19FW best seller", (), ()),
        ("", (), ()),
    ],
)
def test_what_the_words_name(text: str, categories: tuple[str, ...], genders: tuple[str, ...]) -> None:
    order = taxonomy().categories
    found = hints_of([text])
    assert sorted(found.categories, key=order.index) == list(found.categories)
    assert (set(found.categories), found.genders) == (set(categories), genders)
    assert bool(found) == bool(categories or genders)


def test_every_category_is_found_by_its_names() -> None:
    for category in taxonomy().categories:
        for name in category_names(category):
            assert category in hints_of([name]).categories, (category, name)


def test_what_is_said_of_the_gender_comes_before_the_name() -> None:
    assert hints_of(["Men boots"], "여성").genders == ("women",)
    assert hints_of(["Men boots"], "somebody").genders == ("men",)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert hints_of(["x " * MOST_CHARACTERS + "jeans"]) == NO_HINTS


@given(st.lists(st.text(max_size=80), max_size=4), st.text(max_size=20))
def test_any_text_is_taken(texts: list[str], gender: str) -> None:
    found = hints_of(texts, gender)
    assert isinstance(found, Hints)
    assert set(found.categories) <= set(taxonomy().categories)
