import numpy as np
import pytest

from placket.domain.errors import InvalidParameter
from placket.domain.fashion_tags import item_tags, item_type, tag_language
from placket.domain.garments import EMBEDDING_DIM, Box, Garment, Label
from placket.domain.taxonomy import taxonomy


def _garment(group: str, category: str, **tags: tuple[str, ...]) -> Garment:
    labels = {a: tuple(Label(x, 0.9 - 0.1 * i) for i, x in enumerate(ids)) for a, ids in tags.items()}
    return Garment(
        group, Label(category, 0.97), Box(0.1, 0.2, 0.5, 0.9), 0.8, labels, np.zeros(EMBEDDING_DIM, np.float32)
    )


def _everything(group: str, category: str) -> Garment:
    return _garment(group, category, **{a: labels[:1] for a, labels in taxonomy().attributes.items()})


def test_the_guide_s_attributes_in_the_guide_s_order() -> None:
    attributes = [t["attribute"] for t in item_tags(_everything("TOP", "blouse"), "en")]
    assert attributes == [
        "category", "color", "pattern", "fabric", "neckline", "shoulder", "sleeve_length", "sleeve_shape", "length_up",
        "age", "gender", "detail", "fit", "look",
    ]  # fmt: skip


def test_other_groups_have_length_lo_and_leave_out_what_does_not_apply() -> None:
    attributes = [t["attribute"] for t in item_tags(_everything("BOTTOM", "skirt"), "en")]
    assert "length_lo" in attributes and "shape" in attributes
    assert not {"length_up", "neckline", "shoulder", "sleeve_length"} & set(attributes)


@pytest.mark.parametrize(("category", "written"), [("bikini_top", "length_up"), ("swim_shorts", "length_lo")])
def test_swimwear_s_length_is_that_of_its_half(category: str, written: str) -> None:
    attributes = [t["attribute"] for t in item_tags(_everything("SWIMWEAR", category), "en")]
    assert [a for a in attributes if a.startswith("length_")] == [written]


def test_what_is_unknown_is_left_out() -> None:
    assert [t["attribute"] for t in item_tags(_garment("TOP", "shirt"), "ko")] == ["category"]


def test_labels_and_scores() -> None:
    garment = _garment("TOP", "t_shirt", colors=("white", "navy"), pattern=("solid",))
    assert item_tags(garment, "ko") == [
        {"attribute": "category", "labels": [{"label": "티셔츠", "score": 0.97}]},
        {"attribute": "color", "labels": [{"label": "화이트", "score": 0.9}, {"label": "네이비", "score": 0.8}]},
        {"attribute": "pattern", "labels": [{"label": "무지", "score": 0.9}]},
    ]


def test_type_is_the_category_in_capitals() -> None:
    assert item_type(_garment("TOP", "t_shirt")) == "T_SHIRT"


@pytest.mark.parametrize(("lang", "language"), [("en", "en"), ("ko", "ko"), ("jp", "ja"), ("ja", "ja"), ("zh", "zh")])
def test_languages(lang: str, language: str) -> None:
    assert tag_language(lang) == language


@pytest.mark.parametrize("lang", ["", "EN", "fr", "jp ", "\ud800"])
def test_an_unknown_language(lang: str) -> None:
    with pytest.raises(InvalidParameter, match="lang must be"):
        tag_language(lang)
