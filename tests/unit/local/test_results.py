"""What a photo's analysis looks like to a caller."""

import copy
import json
import pickle

import numpy as np

from placket.domain.garments import Analysis, Box, Label, Swatch
from placket.domain.garments import Garment as Seen
from placket.domain.taxonomy import taxonomy
from placket.local import Photo
from placket.local.results import photo_of

SHIRT = Seen(
    "TOP",
    Label("t_shirt", 0.99),
    Box(0.1, 0.2, 0.3, 0.4),
    0.95,
    {"colors": (Label("red", 0.9123456),)},
    np.eye(1, 256, dtype=np.float32)[0],
    (Swatch("#c81e28", "red", 0.81),),
)


def photo(path: str = "a.jpg") -> Photo:
    return photo_of(path, Analysis(100, 200, (SHIRT,), "b"), "ko")


def test_every_attribute_is_there() -> None:
    (garment,) = photo().garments
    assert list(garment.tags) == list(taxonomy().attributes)
    assert garment.tags["neckline"] == ()
    assert (garment.category.label, garment.tags["colors"][0].label) == ("티셔츠", "레드")


def test_lines_of_the_commands() -> None:
    assert photo().to_dict(tags=False) == {
        "path": "a.jpg",
        "width": 100,
        "height": 200,
        "items": [
            {"type": "T_SHIRT", "group": "TOP", "category": "t_shirt", "box": [0.1, 0.2, 0.3, 0.4], "score": 0.95}
        ],
    }
    item = json.loads(json.dumps(photo("").to_dict()))["items"][0]
    assert item["tags"]["colors"] == [{"id": "red", "label": "레드", "score": 0.91235}]
    assert item["colors"] == [{"hex": "#c81e28", "name": "red", "label": "레드", "share": 0.81}]


def test_they_travel() -> None:
    for twin in (pickle.loads(pickle.dumps(photo())), copy.deepcopy(photo())):
        assert twin.to_dict() == photo().to_dict()
        assert np.array_equal(twin.garments[0].embedding, SHIRT.embedding)


def test_for_people() -> None:
    assert repr(photo()) == "<Photo a.jpg 100 x 200: t_shirt 0.95>"
    assert repr(photo().garments[0]) == "<Garment t_shirt 0.95 at 0.10, 0.20, 0.30, 0.40>"
    shown = photo("<b>&.jpg")._repr_html_()
    assert "<b>&lt;b&gt;&amp;.jpg</b> 100 x 200" in shown
    assert "colors: 레드" in shown
    assert "background:#c81e28" in shown
    nothing = photo_of("", Analysis(1, 1, (), "b"), "en")
    assert "nothing was found" in nothing._repr_html_()
    assert repr(nothing) == "<Photo without a path 1 x 1: nothing found>"
