"""From masks, backgrounds and records to boxes and labels."""

import json
from pathlib import Path

import numpy as np
import pytest

from placket.domain.taxonomy import taxonomy
from placket.training import rules
from placket.training.detector.targets import Targets, box_of, foreground
from placket.training.rules import mask_group, record_group, record_tags
from placket.training.sources import SETS, Record, part_of


def test_box_of_all_pixels() -> None:
    mask = np.zeros((100, 50), bool)
    mask[20:40, 10:30] = True
    assert box_of(mask) == (0.2, 0.2, 0.6, 0.4)
    assert box_of(np.zeros((4, 4), bool)) is None


def test_stray_pixels_are_cut_off_only_where_asked() -> None:
    mask = np.zeros((100, 100), bool)
    mask[20:80, 20:80] = True
    mask[0, 0] = mask[99, 99] = True
    assert box_of(mask) == (0.0, 0.0, 1.0, 1.0)
    trimmed = box_of(mask, 0.002)
    assert trimmed is not None
    assert trimmed == pytest.approx((0.2, 0.2, 0.8, 0.8), abs=0.011)


def test_foreground_is_what_differs_from_the_border() -> None:
    pixels = np.full((20, 30, 3), 250, np.uint8)
    pixels[5:15, 10:20] = 90
    expected = np.zeros((20, 30), bool)
    expected[5:15, 10:20] = True
    np.testing.assert_array_equal(foreground(pixels), expected)


def test_every_word_of_the_tables_is_in_the_taxonomy() -> None:
    words = taxonomy()
    for name in rules._load("mask_groups.yaml"):
        assert mask_group(name) in (None, *words.groups)
    for table in rules._load("record_groups.yaml").values():
        for values in table.values():
            assert set(values.values()) <= set(words.groups)
    for table in rules._load("record_rules.yaml").values():
        for values in table.values():
            for tags in values.values():
                for attribute, label in tags.items():
                    known = words.categories if attribute == "category" else words.attributes[attribute]
                    assert label in known, (attribute, label)


def record(dataset: str, **labels: object) -> Record:
    return Record(dataset, "1", "train", "g", 10, 10, dict(labels), None)


def test_rules_are_precise_or_silent() -> None:
    jeans = record("myntra", article_type="Jeans", gender="Men", colour="Blue")
    assert record_tags(jeans) == {"category": "jeans", "fabric": "denim", "age": "adult", "gender": "men"}
    assert record_group(jeans) == "BOTTOM"
    assert record_tags(record("myntra", article_type="Something new")) == {}
    assert record_group(record("ccp")) is None


def test_a_group_of_photos_is_never_split_and_val_stays_val() -> None:
    for dataset in SETS:
        parts = {part_of(dataset, f"group-{i}", "train") for i in range(400)}
        assert parts == {"train", "calib"}
        assert part_of(dataset, "group-1", "train") == part_of(dataset, "group-1", "train")
        assert part_of(dataset, "group-1", "val") == "val"
    share = np.mean([part_of("hm", str(i), "train") == "calib" for i in range(4000)])
    assert 0.04 < share < 0.06


def test_a_studio_shows_no_bag_and_of_hats_and_shoes_what_the_parse_shows(tmp_path: Path) -> None:
    words = taxonomy()
    groups = {g: list(names) for g, names in words.groups.items()}
    (tmp_path / "taxonomy.json").write_text(json.dumps({"groups": groups, "attributes": {}, "applies": {"to_all": []}}))
    (tmp_path / "garments.jsonl").write_text("")
    (tmp_path / "records").mkdir()
    rows = [
        {"id": name, "split": "train", "group": name, "width": 60, "height": 80, "labels": {}, "box": None}
        for name in ("plain", "hat", "toe")
    ]
    (tmp_path / "records" / "viton.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    parses = {}
    for row in rows:
        parse = np.zeros((80, 60, 1), np.uint8)
        parse[20:50, 15:45] = 5
        parse[50:70, 18:42] = 9
        parses[f"{row['id']}/parse"] = parse
    parses["hat/parse"][2:10, 20:40] = 1
    parses["toe/parse"][77, 20:25] = 18
    found = {s.key: s for s in Targets(tmp_path, {"viton": parses}).studio()}  # type: ignore[arg-type]
    names = list(groups)

    def told(key: str) -> tuple[set[str], set[str]]:
        return {names[g] for g in found[key].groups}, {names[g] for g in found[key].open_groups}

    assert told("plain") == ({"TOP", "BOTTOM"}, {"JEWELRY", "ACCESSORY"})
    assert told("hat") == ({"TOP", "BOTTOM", "HAT"}, {"JEWELRY", "ACCESSORY"})
    assert told("toe") == ({"TOP", "BOTTOM"}, {"JEWELRY", "ACCESSORY", "SHOES"})
