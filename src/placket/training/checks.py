"""What is wrong with a folder of training data, said before an hour is spent on it."""

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

from placket.domain.errors import InvalidParameter
from placket.domain.taxonomy import MULTI_LABEL, taxonomy
from placket.training.sources import (
    SETS,
    Garment,
    Record,
    garments_by_line,
    iter_images,
    read_own_terms,
    read_records,
    read_taxonomy,
    sets_in,
)

PRODUCT_TAXONOMY = files("placket.domain") / "data" / "taxonomy.json"


def check_data(data: Path) -> None:
    """Raise InvalidParameter for the first thing that does not fit: no set, another vocabulary, a record without its
    picture, a garment of no record, a label that is none."""
    if not (sets := sets_in(data)):
        raise InvalidParameter(f"{data / 'records'} has none of {', '.join(f'{s}.jsonl' for s in SETS)}")
    _check_words(data)
    read_own_terms(data)
    records = {name: read_records(data, name) for name in sets}
    for name, own in records.items():
        _check_pictures(data, name, own)
    _check_garments(data, records)


def _check_words(data: Path) -> None:
    path = data / "taxonomy.json"
    own, product = read_taxonomy(data), json.loads(PRODUCT_TAXONOMY.read_bytes())
    for part in ("groups", "attributes", "applies"):
        # As text: in another order, as tools sort keys, the networks' numbers would mean other words.
        if json.dumps(own.get(part)) != json.dumps(product[part]):
            raise InvalidParameter(f"{path} is not the product's own: its `{part}` are others, or in another order")


def _check_pictures(data: Path, dataset: str, records: dict[str, Record]) -> None:
    keys = Counter(key for key, _ in iter_images(data, dataset, ()))
    place = data / "images" / f"{dataset}-NN.parquet"
    if missing := [i for i in records if i not in keys]:
        raise InvalidParameter(f"{place}: no picture of {missing[0]}" + _more(len(missing) - 1))
    if twice := [key for key, count in keys.items() if count > 1]:
        raise InvalidParameter(f"{place}: two pictures of {twice[0]}" + _more(len(twice) - 1))


def _more(count: int) -> str:
    return f", nor of {count} more" if count else ""


def _check_garments(data: Path, records: dict[str, dict[str, Record]]) -> None:
    seen: dict[tuple[str, str], list[Garment]] = {}
    labels: dict[str, frozenset[str]] = {a: frozenset(v) for a, v in taxonomy().attributes.items()}
    labels["category"] = frozenset(taxonomy().categories)
    for where, garment in garments_by_line(data):
        if garment.id not in records.get(garment.dataset, {}):
            raise InvalidParameter(f"{where}: no record of {garment.id} in records/{garment.dataset}.jsonl")
        if garment.dataset == "ccp" and not garment.box:
            raise InvalidParameter(f"{where}: a garment of ccp, whose photos show whole outfits, needs its box")
        for name, value in {"category": garment.category, **garment.tags}.items():
            _check_label(where, name, value, labels)
        others = seen.setdefault((garment.dataset, garment.id), [])
        _check_place(where, garment, others)
        others.append(garment)


def _check_place(where: str, garment: Garment, others: list[Garment]) -> None:
    """Among the garments of one photo each has a box of its own."""
    if others and not (others[0].box and garment.box):
        raise InvalidParameter(f"{where}: another garment of {garment.id}; each needs the box that it is in")
    if garment.box in [other.box for other in others]:
        raise InvalidParameter(f"{where}: a garment of {garment.id} in this very box is told above already")


def _check_label(where: str, name: str, value: Any, labels: dict[str, frozenset[str]]) -> None:
    if name not in labels:
        raise InvalidParameter(f"{where}: {name!r} is no attribute ({', '.join(labels)})")
    if value is None:
        return
    if (name in MULTI_LABEL) != isinstance(value, list):
        raise InvalidParameter(f"{where}: {name} is {'a list' if name in MULTI_LABEL else 'one label'}, not {value!r}")
    for label in value if isinstance(value, list) else [value]:
        if not isinstance(label, str) or label not in labels[name]:
            raise InvalidParameter(f"{where}: {label!r} is no label of {name}")
