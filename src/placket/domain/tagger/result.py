"""``taggingResult``: garments in the Tagger API's fields, ids and names."""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from placket.domain.garments import Garment, Label
from placket.domain.names_of import category_name, label_name
from placket.domain.taxonomy import CLOTHING_GROUPS, taxonomy

CLOTHING = "CLOTHING"
NO_PRODUCT = "no detected product"

_LISTS = (("prints", "pattern"), ("looks", "look"), ("textures", "fabric"), ("details", "details"))
_LEAVES = (
    ("length", "length"),
    ("sleeveLength", "sleeve_length"),
    ("neckLine", "neckline"),
    ("fit", "fit"),
    ("shape", "shape"),
)
"""The answer's field and the taxonomy's attribute."""

Json = dict[str, Any]


@lru_cache(maxsize=1)
def _broad() -> Mapping[str, Mapping[str, Any]]:
    """``categories`` and ``colors``: id to its names and to the taxonomy's words that it covers."""
    data: dict[str, Any] = json.loads((files("placket.domain") / "data" / "tagger.json").read_text("utf-8"))
    return data


@lru_cache(maxsize=2)
def _owner(table: str) -> Mapping[str, str]:
    return {word: broad for broad, entry in _broad()[table].items() for word in entry["covers"]}


def broad_category(category: str) -> str:
    """Raises KeyError for a word that is no category."""
    return _owner("categories")[category]


def base_color(color: str) -> str:
    """Raises KeyError for a word that is no colour."""
    return _owner("colors")[color]


def broad_name(table: str, broad: str, language: str) -> str:
    """``table``: categories or colors."""
    name: str = _broad()[table][broad]["names"][language]
    return name


def tagging_result(garments: Iterable[Garment], detection: Collection[str], language: str) -> Json:
    """The inner ``data`` of the single call, which is the bulk call's ``taggingResult`` too.

    ``detection``: the groups that were asked for. Ids never depend on ``language``.
    """
    matched: list[Json] = []
    others: list[Json] = []
    for garment in garments:
        (matched if garment.group in detection else others).append(_object(garment, language))
    return {"objects": matched or [{"type": NO_PRODUCT, "tags": [], "box": None}], "notMatchedObject": others}


def _object(garment: Garment, language: str) -> Json:
    box = garment.box
    return {
        "type": CLOTHING if garment.group in CLOTHING_GROUPS else garment.group,
        "tags": [_tags(garment, language)],
        "box": {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1},
        "confidence": garment.score,
    }


def _tags(garment: Garment, language: str) -> Json:
    category = garment.category
    broad = broad_category(category.id)
    tags: Json = {
        "category": _leaf(broad, broad_name("categories", broad, language), category.score),
        "item": _leaf(category.id, category_name(category.id, language), category.score),
        "colors": _base_colors(garment.tags.get("colors", ()), language),
        "colorDetails": _labels(garment, "colors", language),
    }
    for field, attribute in _LISTS:
        tags[field] = _labels(garment, attribute, language)
    for field, attribute in _LEAVES:
        tags[field] = next(iter(_labels(garment, attribute, language)), None)
    return tags


def _labels(garment: Garment, attribute: str, language: str) -> list[Json]:
    if not taxonomy().applies(attribute, garment.category.id):
        return []
    return [_leaf(x.id, label_name(attribute, x.id, language), x.score) for x in garment.tags.get(attribute, ())]


def _base_colors(colors: Iterable[Label], language: str) -> list[Json]:
    """Each once, best first: sky blue and navy are blue, as sure as the surer of them."""
    scores: dict[str, float] = {}
    for color in colors:
        base = base_color(color.id)
        scores[base] = max(scores.get(base, 0.0), color.score)
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return [_leaf(base, broad_name("colors", base, language), score) for base, score in ordered]


def _leaf(word: str, name: str, score: float) -> Json:
    return {"id": word, "name": name, "confidence": score}
