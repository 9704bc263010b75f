"""Labels of photos that nobody boxed: what the label of the item settles, what is sure, and what is left open."""

import json
from pathlib import Path

import numpy as np
import pytest

from placket.domain.taxonomy import taxonomy
from placket.training.detector.pseudo import FILE, found_samples, street_labels, worn_labels
from placket.training.encoder.items import FOUND, found_street
from placket.training.onnx_models import Detections
from tests.support.training_data import record, write_lines

NAMES = list(taxonomy().groups)
DRESS, SKIRT, SHIRT, SHOES = (0.2, 0.1, 0.8, 0.9), (0.25, 0.5, 0.75, 0.88), (0.2, 0.1, 0.8, 0.5), (0.4, 0.9, 0.6, 1.0)
Found = tuple[str, float, tuple[float, ...]]


def detections(*found: Found) -> Detections:
    best = sorted(found, key=lambda f: -f[1])
    return Detections(
        np.array([f[2] for f in best], np.float32),
        np.array([f[1] for f in best], np.float32),
        np.array([NAMES.index(f[0]) for f in best], np.int64),
    )


def worn(group: str, *found: Found) -> tuple[set[str], set[str]] | None:
    labels = worn_labels(detections(*found), NAMES.index(group), NAMES)
    return labels and ({NAMES[g] for g in labels[1]}, {NAMES[g] for g in labels[2]})  # type: ignore[return-value]


def street(*found: Found, shares: float = 1.0) -> tuple[set[str], set[str]]:
    one = detections(*found)
    _, groups, opens = street_labels(one, np.full(len(found), shares, np.float32), NAMES)
    return {NAMES[g] for g in groups}, {NAMES[g] for g in opens}


def test_a_dress_is_no_top_however_sure_the_detector_is() -> None:
    found = worn("WHOLEBODY", ("TOP", 0.9, SHIRT), ("WHOLEBODY", 0.3, DRESS), ("SHOES", 0.7, SHOES))
    assert found == ({"WHOLEBODY", "SHOES"}, {"JEWELRY", "ACCESSORY"})


def test_a_skirt_within_a_dress_is_left_open_and_leggings_below_it_are_learnt() -> None:
    assert worn("WHOLEBODY", ("WHOLEBODY", 0.6, DRESS), ("BOTTOM", 0.8, SKIRT)) == (
        {"WHOLEBODY"},
        {"BOTTOM", "JEWELRY", "ACCESSORY"},
    )
    below = (0.3, 0.85, 0.7, 1.0)
    found = worn("WHOLEBODY", ("WHOLEBODY", 0.6, DRESS), ("BOTTOM", 0.8, below))
    assert found == ({"WHOLEBODY", "BOTTOM"}, {"JEWELRY", "ACCESSORY"})


def test_a_shirt_is_no_dress_and_what_else_is_in_doubt_is_left_open() -> None:
    found = worn("TOP", ("TOP", 0.9, SHIRT), ("WHOLEBODY", 0.8, DRESS), ("BOTTOM", 0.3, SKIRT))
    assert found == ({"TOP"}, {"BOTTOM", "JEWELRY", "ACCESSORY"})


def test_a_bag_that_is_the_shirt_is_neither_learnt_nor_left_open() -> None:
    over = (0.22, 0.12, 0.78, 0.5)
    found = worn("TOP", ("TOP", 0.9, SHIRT), ("BAG", 0.8, over), ("HAT", 0.7, (0.4, 0.0, 0.6, 0.1)))
    assert found == ({"TOP"}, {"JEWELRY", "ACCESSORY"})
    beside = (0.75, 0.5, 0.95, 0.8)
    assert worn("TOP", ("TOP", 0.9, SHIRT), ("BAG", 0.8, beside)) == ({"TOP", "BAG"}, {"JEWELRY", "ACCESSORY"})


@pytest.mark.parametrize(
    "found",
    [("TOP", 0.9, SHIRT), ("WHOLEBODY", 0.2, DRESS), ("WHOLEBODY", 0.9, (0.4, 0.4, 0.5, 0.6))],
    ids=["another group", "hardly seen", "a part of it"],
)
def test_a_photo_whose_item_is_not_found_teaches_nothing(found: Found) -> None:
    assert worn("WHOLEBODY", found) is None


def test_on_the_street_the_encoder_has_a_say() -> None:
    assert street(("TOP", 0.5, SHIRT)) == ({"TOP"}, {"JEWELRY", "ACCESSORY"})
    assert street(("TOP", 0.5, SHIRT), shares=0.1) == (set(), {"TOP", "JEWELRY", "ACCESSORY"})
    assert street(("TOP", 0.11, SHIRT)) == (set(), {"JEWELRY", "ACCESSORY"})


def test_a_dress_and_its_own_skirt_are_both_left_open_unless_one_is_clearly_likelier() -> None:
    both = {"WHOLEBODY", "BOTTOM", "JEWELRY", "ACCESSORY"}
    assert street(("WHOLEBODY", 0.7, DRESS), ("BOTTOM", 0.6, SKIRT)) == (set(), both)
    assert street(("WHOLEBODY", 0.8, DRESS), ("BOTTOM", 0.5, SKIRT)) == ({"WHOLEBODY"}, both - {"WHOLEBODY"})
    assert street(("WHOLEBODY", 0.8, DRESS), ("BOTTOM", 0.7, SHOES)) == (
        {"WHOLEBODY", "BOTTOM"},
        {"JEWELRY", "ACCESSORY"},
    )


def test_labels_are_read_with_whose_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no bundle has labelled"):
        found_samples(tmp_path, tmp_path)
    write_lines(tmp_path / "records" / "myntra.jsonl", [record("7"), record("8", split="val")])
    rows = [["myntra", key, [list(DRESS)], [2], [0, 5], "worn"] for key in ("7", "8", "gone")]
    (tmp_path / FILE).write_text(json.dumps({"by": {"bundle": "b"}, "rows": rows}))
    (sample, put_into_val), by = found_samples(tmp_path, tmp_path)
    assert by == {"bundle": "b"}
    assert (sample.dataset, sample.key, sample.part, sample.kind, sample.open_groups) == (
        "myntra", "7", "train", "worn", (0, 5),
    )  # fmt: skip
    assert sample.boxes == pytest.approx(np.array([DRESS]))
    assert (put_into_val.key, put_into_val.part) == ("8", "val")


def test_what_was_found_on_the_street_is_an_item_of_which_nothing_is_known(tmp_path: Path) -> None:
    assert found_street(tmp_path, tmp_path) == []
    write_lines(tmp_path / "records" / "ccp.jsonl", [record("12")])
    (tmp_path / "found_street.json").write_text(json.dumps({"12": [list(DRESS), list(SHOES)], "gone": [list(DRESS)]}))
    dress, shoes = found_street(tmp_path, tmp_path)
    assert (dress.view, dress.tags, dress.by_eye, dress.boxed) == (FOUND, {}, False, True)
    assert dress.product != shoes.product and dress.box == DRESS
