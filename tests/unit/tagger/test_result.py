import json
from importlib.resources import files

import numpy as np
import pytest

from placket.domain.garments import EMBEDDING_DIM, Box, Garment, Label
from placket.domain.names_of import LANGUAGES
from placket.domain.tagger.result import base_color, broad_category, broad_name, tagging_result
from placket.domain.taxonomy import CLOTHING_GROUPS, taxonomy

DATA = json.loads((files("placket.domain") / "data" / "tagger.json").read_text("utf-8"))
LISTS = ("colors", "colorDetails", "prints", "looks", "textures", "details")
LEAVES = ("category", "item", "length", "sleeveLength", "neckLine", "fit", "shape")


def _garment(group: str, category: str, **tags: tuple[str, ...]) -> Garment:
    labels = {a: tuple(Label(x, 0.9 - 0.1 * i) for i, x in enumerate(ids)) for a, ids in tags.items()}
    return Garment(
        group, Label(category, 0.75), Box(0.125, 0.25, 0.5, 0.875), 0.5, labels, np.zeros(EMBEDDING_DIM, np.float32)
    )


def test_every_category_and_colour_has_one_owner() -> None:
    for table, words in (("categories", taxonomy().categories), ("colors", taxonomy().attributes["colors"])):
        covered = [word for owner in DATA[table].values() for word in owner["covers"]]
        assert sorted(covered) == sorted(words)
        for language in LANGUAGES:
            names = [broad_name(table, owner, language) for owner in DATA[table]]
            assert all(names) and len(set(names)) == len(names)
    assert 18 <= len(DATA["categories"]) <= 26 and 12 <= len(DATA["colors"]) <= 14


def test_a_broad_category_stays_within_clothing_or_without() -> None:
    for owner in DATA["categories"].values():
        clothing = {taxonomy().group_of(c) in CLOTHING_GROUPS for c in owner["covers"]}
        assert len(clothing) == 1, owner


def test_fields() -> None:
    full = {a: labels[:2] for a, labels in taxonomy().attributes.items()}
    tags = tagging_result([_garment("WHOLEBODY", "dress", **full)], ["WHOLEBODY"], "ja")["objects"][0]["tags"][0]
    assert set(tags) == {*LISTS, *LEAVES}
    for name in LISTS:
        assert tags[name] and all(set(leaf) == {"id", "name", "confidence"} for leaf in tags[name])
    for name in LEAVES:
        assert set(tags[name]) == {"id", "name", "confidence"}
    assert tags["item"] == {"id": "dress", "name": "ワンピース", "confidence": 0.75}


def test_what_is_unknown_or_does_not_apply() -> None:
    bag = _garment("BAG", "tote_bag", neckline=("round",), details=("zipper",))
    tags = tagging_result([bag], ["BAG"], "en")["objects"][0]["tags"][0]
    assert all(tags[name] is None for name in LEAVES if name not in ("category", "item"))
    assert tags["colors"] == [] and [d["id"] for d in tags["details"]] == ["zipper"]


def test_base_colours_are_merged() -> None:
    shirt = _garment("TOP", "shirt", colors=("navy", "white", "sky_blue"))
    tags = tagging_result([shirt], ["TOP"], "en")["objects"][0]["tags"][0]
    assert [(c["id"], c["confidence"]) for c in tags["colors"]] == [("blue", 0.9), ("white", 0.8)]
    assert [c["id"] for c in tags["colorDetails"]] == ["navy", "white", "sky_blue"]


def test_types_and_boxes() -> None:
    shirt, shoes = _garment("TOP", "shirt"), _garment("SHOES", "boots")
    result = tagging_result([shirt, shoes], ["TOP"], "en")
    assert [o["type"] for o in result["objects"]] == ["CLOTHING"]
    assert [o["type"] for o in result["notMatchedObject"]] == ["SHOES"]
    assert result["objects"][0]["box"] == {"x0": 0.125, "y0": 0.25, "x1": 0.5, "y1": 0.875}
    assert result["objects"][0]["confidence"] == 0.5


def test_nothing_that_was_asked_for() -> None:
    empty = {"type": "no detected product", "tags": [], "box": None}
    assert tagging_result([], ["TOP"], "ko") == {"objects": [empty], "notMatchedObject": []}
    result = tagging_result([_garment("BAG", "clutch")], ["TOP"], "ko")
    assert result["objects"] == [empty] and len(result["notMatchedObject"]) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_can_be_named(language: str) -> None:
    for category in taxonomy().categories:
        everything = _garment(taxonomy().group_of(category), category, **dict(taxonomy().attributes))
        tagging_result([everything], taxonomy().groups, language)


def test_unknown_words() -> None:
    with pytest.raises(KeyError):
        broad_category("spacesuit")
    with pytest.raises(KeyError):
        base_color("octarine")
