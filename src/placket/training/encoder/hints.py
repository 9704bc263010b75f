"""How much the words beside a picture are worth: weighed on `calib`, shown on `val`.

The words are those of the records, as a shop would send them: the product's name, and whom it is for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.domain.hints import NO_HINTS, Hints, hints_of
from placket.training.encoder.calibrate import LEAST_KNOWN
from placket.training.encoder.evaluate import Answer, answers, known_label
from placket.training.encoder.items import Item
from placket.training.encoder.predict import Predictions
from placket.training.sources import read_records

NAMED = ("hm", "myntra")
WEIGHTS = tuple(0.5 * i for i in range(13))
USUAL_WEIGHT = 1.0
"""Less than any bundle's that was chosen; 0 would turn the words off for a shop whose records have none."""
SAID = {"category": "categories", "gender": "genders"}
"""What of the words speaks for a label of these."""
_FOR_WHOM = {"Ladieswear": "women", "Menswear": "men"}


def hints_of_items(items: Sequence[Item], data: Path) -> list[Hints]:
    """What the records say of each item; nothing for sets without names."""
    records = {name: read_records(data, name) for name in NAMED}
    out = []
    for item in items:
        record = records.get(item.dataset, {}).get(item.id)
        labels = record.labels if record else {}
        group = labels.get("index_group")
        whom = labels.get("gender") or _FOR_WHOM.get(str(group)) or ""
        out.append(hints_of([str(labels.get("name") or "")], str(whom)) if labels else NO_HINTS)
    return out


def _right(items: Sequence[Item], said: Sequence[Answer], attribute: str) -> NDArray[np.float64]:
    """1 right, 0 wrong, NaN where the label is unknown."""
    pairs = [(known_label(i, attribute), a.first(attribute)) for i, a in zip(items, said, strict=True)]
    return np.array([np.nan if t is None else float(a is not None and a[0] == t) for t, a in pairs])


def _named_rows(found: Predictions, hints: Sequence[Hints]) -> tuple[Predictions, list[Hints]]:
    rows = np.array([i.dataset in NAMED and i.by_eye for i in found.items], bool)
    return found.where(rows), [h for h, keep in zip(hints, rows, strict=True) if keep]


def choose_weights(
    found: Predictions, hints: Sequence[Hints], calibration: dict[str, Any]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The weights with the most right labels, of equals the smallest, and the accuracy by weight; the usual one where
    words name a label of fewer than 20 garments."""
    own, words = _named_rows(found, hints)
    table: dict[str, dict[str, float]] = {name: {} for name in SAID if _named(own, words, name) >= LEAST_KNOWN}
    for weight in WEIGHTS if table else ():
        said = answers(own, {**calibration, "hints": {"category": weight, "gender": weight}}, words)
        for name, by_weight in table.items():
            right = _right(own.items, said, name)
            by_weight[str(weight)] = float(np.nanmean(right))
    best = {name: float(max(by, key=lambda w: by[w])) for name, by in table.items()}
    return dict.fromkeys(SAID, USUAL_WEIGHT) | best, table


def _named(found: Predictions, hints: Sequence[Hints], attribute: str) -> int:
    """Of how many garments with a known label the words name one."""
    known = (known_label(item, attribute) is not None for item in found.items)
    return sum(there and bool(getattr(h, SAID[attribute])) for there, h in zip(known, hints, strict=True))


def hint_figures(
    found: Predictions, hints: Sequence[Hints], calibration: dict[str, Any]
) -> dict[str, dict[str, dict[str, float]]]:
    """`[set][attribute]` -> garments with a known label (`count`), and of them the shares that words say something of
    (`told`), and that are right by the picture alone (`alone`) and with the words (`with_words`)."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    own, words = _named_rows(found, hints)
    alone, told = answers(own, calibration), answers(own, calibration, words)
    for name in NAMED:
        rows = np.array([i.dataset == name for i in own.items], bool)
        out[name] = {}
        for attribute, said in SAID.items():
            before, after = (_right(own.items, a, attribute)[rows] for a in (alone, told))
            known = ~np.isnan(before)
            if known.any():
                named = np.array([bool(getattr(h, said)) for h in words])[rows][known]
                out[name][attribute] = {
                    "count": float(known.sum()), "told": float(named.mean()),
                    "alone": float(before[known].mean()), "with_words": float(after[known].mean()),
                }  # fmt: skip
    return out
