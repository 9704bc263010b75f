"""Rules from what a source says about an image to the taxonomy: data files, precise or silent.

`data/mask_groups.yaml`: mask name of the street set -> group, for masks without a garment labelled by eye.
`data/record_rules.yaml`: set -> field of the record -> value -> {attribute: label}. A rule stands there only where
at least 19 of 20 garments labelled by eye in `train` agree with it (`derive_record_rules` writes the table anew).
What no rule says is unknown, never negative.
"""

from collections import Counter, defaultdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from placket.training.sources import SETS, Garment, Record, read_garments, read_records

PRECISION = 0.95
SUPPORT = 10
FIELDS = {
    "hm": ("product_type", "pattern", "colour", "index_group"),
    "cd": ("label", "kids"),
    "myntra": ("article_type", "colour", "gender", "usage"),
}
TARGETS = {
    "product_type": ("category", "sleeve_length", "neckline", "fabric", "age"),
    "article_type": ("category", "fabric", "sleeve_length", "neckline", "pattern"),
    "label": ("category",),
    "pattern": ("pattern", "fabric"),
    "colour": ("colors",),
    "index_group": ("gender", "age", "look"),
    "kids": ("age",),
    "gender": ("gender", "age"),
    "usage": ("look",),
}


@cache
def _load(name: str) -> dict[str, Any]:
    text = resources.files("placket.training").joinpath("data", name).read_text(encoding="utf-8")
    result: dict[str, Any] = yaml.safe_load(text)
    return result


def mask_group(name: str) -> str | None:
    """Group of a street mask by its name; None for background, skin, hair and names without a group."""
    value = _load("mask_groups.yaml").get(name)
    return str(value) if value else None


def record_tags(record: Record) -> dict[str, str]:
    """What the source's own labels say about the single item, as attribute (or `category`) -> label."""
    table = _load("record_rules.yaml").get(record.dataset, {})
    out: dict[str, str] = {}
    for name in FIELDS.get(record.dataset, ()):
        out.update(table.get(name, {}).get(str(record.labels.get(name)), {}))
    return out


def record_group(record: Record) -> str | None:
    """Group of the single item by the source's own product type, else None."""
    table = _load("record_groups.yaml").get(record.dataset, {})
    for name, values in table.items():
        group = values.get(str(record.labels.get(name)))
        if group:
            return str(group)
    return None


def _truth(garment: Garment, attribute: str) -> str | None:
    if attribute == "category":
        return garment.category
    value = garment.tags.get(attribute)
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _precise(counts: Counter[str]) -> str | None:
    total = sum(counts.values())
    if total < SUPPORT:
        return None
    label, hits = counts.most_common(1)[0]
    return label if hits / total >= PRECISION else None


def derive_record_rules(data: Path, groups: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Count on `train` which record labels tell a garment's label, and its group.

    `groups` maps category to group. Returns the tables of `record_rules.yaml` and `record_groups.yaml`.
    """
    records = {name: read_records(data, name) for name in SETS}
    counts: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for garment in read_garments(data):
        record = records[garment.dataset].get(garment.id)
        if record is None or record.split != "train":
            continue
        for name in FIELDS.get(garment.dataset, ()):
            value = str(record.labels.get(name))
            for attribute in TARGETS[name]:
                label = _truth(garment, attribute)
                if label is not None:
                    counts[garment.dataset, name, value, attribute][label] += 1
            if garment.category in groups:
                counts[garment.dataset, name, value, "group"][groups[garment.category]] += 1
    tags: dict[str, Any] = {}
    by_group: dict[str, Any] = {}
    for (dataset, name, value, attribute), counter in sorted(counts.items()):
        best = _precise(counter)
        if best is None or value == "None":
            continue
        if attribute == "group":
            if name in ("product_type", "article_type", "label"):
                by_group.setdefault(dataset, {}).setdefault(name, {})[value] = best
        else:
            tags.setdefault(dataset, {}).setdefault(name, {}).setdefault(value, {})[attribute] = best
    return tags, by_group


def write_record_rules(data: Path, groups: dict[str, str], folder: Path) -> None:
    """Write both tables as YAML into `folder`."""
    tags, by_group = derive_record_rules(data, groups)
    for name, table in (("record_rules.yaml", tags), ("record_groups.yaml", by_group)):
        head = (
            f"# Counted on train: precision >= {PRECISION}, {SUPPORT} garments labelled by eye or more. By rules.py.\n"
        )
        (folder / name).write_text(head + yaml.safe_dump(table, sort_keys=True), encoding="utf-8")
