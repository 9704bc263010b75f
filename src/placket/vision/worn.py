"""What one person wears: for whom all of it is, and that nobody wears two pairs of shoes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from placket.domain.garments import Box, Garment
from placket.domain.taxonomy import CLOTHING_GROUPS
from placket.vision.detector import Detection
from placket.vision.encoder import Encoded

_LEAST_BESIDE = 0.5
_LEAST_WITHIN = 0.8
_OF_A_PERSON = ("gender", "age")


def one_column(a: Box, b: Box) -> bool:
    """Whether they are above one another, or one within the other, as on one person."""
    beside = min(a.x1, b.x1) - max(a.x0, b.x0)
    return beside >= _LEAST_BESIDE * min(a.width, b.width)


def for_one_person(found: Sequence[Detection], encoded: Sequence[Encoded]) -> list[Encoded]:
    """Each garment is for whom all of the person's are, the large and sure ones above all: shoes, or the strip of
    trousers that a photo shows, hardly tell, and what the detector is unsure of may be no garment."""
    out = []
    for detection, own in zip(found, encoded, strict=True):
        worn = [n for n, other in enumerate(found) if one_column(detection.box, other.box)]
        weights = [found[n].box.area * found[n].score ** 2 for n in worn]
        told = {
            name: np.average([encoded[n].logits[name] for n in worn], axis=0, weights=weights).astype(np.float32)
            for name in _OF_A_PERSON
        }
        out.append(replace(own, logits={**own.logits, **told}))
    return out


def once(garments: Sequence[Garment]) -> list[Garment]:
    """Shoes, hats, bags, jewellery and accessories that are told once: not a pair and each of the two as well, and of
    one person one pair of shoes, one hat and one accessory of a kind.

    Of shoes the wider counts for more, so that the pair stays; of others the surer, of accessories in their kind too.
    In the order given.
    """
    clothes = [g for g in garments if g.group in CLOTHING_GROUPS]
    kept: list[Garment] = []
    for garment in sorted((g for g in garments if g.group not in CLOTHING_GROUPS), key=_worth, reverse=True):
        if not any(_same(garment, better, clothes) for better in kept):
            kept.append(garment)
    stays = {id(g) for g in (*clothes, *kept)}
    return [g for g in garments if id(g) in stays]


def _worth(garment: Garment) -> float:
    if garment.group == "SHOES":
        return garment.score * garment.box.width
    return garment.score * (garment.category.score if garment.group == "ACCESSORY" else 1.0)


def _same(a: Garment, b: Garment, clothes: Sequence[Garment]) -> bool:
    if _kind(a) != _kind(b):
        return False
    if _within(a.box, b.box) >= _LEAST_WITHIN:
        return True
    one_a_person = a.group in ("SHOES", "HAT", "ACCESSORY")
    return one_a_person and any(one_column(a.box, c.box) and one_column(b.box, c.box) for c in clothes)


def _kind(garment: Garment) -> str:
    """Earrings lie within a necklace, and sunglasses hang on a scarf; but nobody wears boots over sneakers."""
    return garment.category.id if garment.group in ("JEWELRY", "ACCESSORY") else garment.group


def _within(a: Box, b: Box) -> float:
    """The share of the smaller one that lies in the other."""
    width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0.0, width) * max(0.0, height) / min(a.area, b.area)
