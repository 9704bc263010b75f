"""A picture to its garments: detector, crops, encoder, tags, colours."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from placket.domain.corrections import LEAST_OVERLAP
from placket.domain.garments import WHOLE_IMAGE, Analysis, Box, Garment
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.keeping import order_garments
from placket.domain.taxonomy import taxonomy
from placket.vision.bundle import Bundle
from placket.vision.colours import Ground, ground_of, swatches
from placket.vision.cut_off import worn_below
from placket.vision.decoding import Picture
from placket.vision.detector import Detection, Detector, distinct, iou
from placket.vision.encoder import Encoded, Encoder
from placket.vision.engine import Engine
from placket.vision.preprocessing import Mask, Pixels, cut
from placket.vision.squares import squares, whole_in
from placket.vision.tags import Tagger
from placket.vision.told_names import named_as_told
from placket.vision.upright import stands, turned, turned_box, turned_mask, ways_up
from placket.vision.worn import for_one_person, once

_ONE_PLACE = 0.8
"""Intersection over union from which on boxes of two groups are one garment's."""
_LEAST_SIDE = 1e-6
"""Of a box, in fractions of a picture: less than a pixel of any."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture, what was ``found`` in it, and what the encoder says of the crops in ``boxes``: those of ``found``, or
    one that was given."""

    pixels: Pixels
    found: Sequence[Detection]
    boxes: Sequence[Box]
    encoded: Sequence[Encoded]


class Pipeline:
    """A bundle's networks, open. Threads may share it."""

    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        """Raises BundleInvalid when a network cannot be loaded or is none of this kind."""
        self.bundle = bundle
        self.detector = Detector(bundle, engine)
        self.encoder = Encoder(bundle, engine)
        self.tagger = Tagger(bundle.calibration)

    def warm(self) -> None:
        """A first run of everything, which is slower than those after it."""
        grey = np.full((64, 64, 3), 127, np.uint8)
        self.garments(grey)
        self.whole(grey, WHOLE_IMAGE)

    def analyse(
        self, picture: Picture, box: Box | None = None, data: bytes | None = None, hints: Hints = NO_HINTS
    ) -> Analysis:
        """Every garment in the picture; with ``box``, the one in it. ``data``: the photo's bytes, for their hash."""
        pixels, opaque = picture.pixels, picture.opaque
        garments = self.whole(pixels, box, hints, opaque) if box else self.garments(pixels, hints, opaque)
        return Analysis(
            width=picture.width,
            height=picture.height,
            garments=tuple(garments),
            bundle=self.bundle.version,
            sha256=hashlib.sha256(data).hexdigest() if data is not None else "",
        )

    def garments(self, pixels: Pixels, hints: Hints = NO_HINTS, opaque: Mask | None = None) -> list[Garment]:
        """What the detector finds, tagged and embedded; clothing first, then by score x area.

        Where the detector is not sure of anything, the encoder has to be: what looks like no category is no garment.
        A photo that lies on its side is seen upright. ``opaque``: of a cut-out, which pixels are.
        """
        seen, turn = self._upright(self._see(pixels))
        garments = self._told(seen, hints, turned_mask(opaque, -turn))
        settings = self.detector.settings
        sure = [
            g for g in garments if g.score >= settings.score_threshold or g.category.score >= settings.fallback_category
        ]
        return _as_it_lies(order_garments(once(distinct(sure, settings.nms_iou))), turn)

    def _see(self, pixels: Pixels) -> "_Seen":
        found = one_a_place(self._find(pixels))
        boxes = [d.box for d in found]
        return _Seen(pixels, found, boxes, self._encoded(pixels, boxes))

    def _encoded(self, pixels: Pixels, boxes: Sequence[Box]) -> list[Encoded]:
        return self.encoder.encode([self.encoder.canvas(pixels, box) for box in boxes])

    def off(self, pixels: Pixels) -> tuple[int, float]:
        """By how many quarter turns counterclockwise a photo seems off, and how much likelier (natural logarithm) that
        is than that it stands upright."""
        _, turn, likelier = self._turned_back(self._see(pixels))
        return turn, likelier

    def _upright(self, seen: "_Seen") -> "tuple[_Seen, int]":
        """The photo as it stands, and by how many quarter turns counterclockwise it was off."""
        turns = self.encoder.settings.turns
        upright, turn, likelier = self._turned_back(seen) if turns else (seen, 0, 0.0)
        return (upright, turn) if turns and likelier >= turns.least else (seen, 0)

    def _turned_back(self, seen: "_Seen") -> "tuple[_Seen, int, float]":
        """The photo as it may stand, by how many quarter turns it was off then, and how much likelier that is."""
        before = ways_up(seen.encoded, seen.boxes)
        turn = int(before.argmax())
        if not turn:
            return seen, 0, 0.0
        pixels = turned(seen.pixels, -turn)
        if seen.found:
            upright = self._see(pixels)
        else:
            boxes = [turned_box(box, -turn) for box in seen.boxes]
            upright = _Seen(pixels, [], boxes, self._encoded(pixels, boxes))
        if not upright.boxes:
            return seen, 0, 0.0
        return upright, turn, stands(before, ways_up(upright.encoded, upright.boxes), turn)

    def _find(self, pixels: Pixels) -> list[Detection]:
        """In an elongated picture, also what is seen in its parts; there, nothing that the detector is unsure of."""
        settings = self.detector.settings
        found = self.detector.find(self.detector.canvas(pixels))
        height, width = pixels.shape[:2]
        parts = squares(width, height)
        if not parts:
            return found
        seen = list(found)
        for part in parts:
            seen += whole_in(part, self.detector.find(self.detector.canvas(cut(pixels, part, 0.0))))
        sure = distinct((d for d in seen if d.score >= settings.score_threshold), settings.nms_iou)
        return sure[: settings.max_detections] or found

    def whole(self, pixels: Pixels, box: Box, hints: Hints = NO_HINTS, opaque: Mask | None = None) -> list[Garment]:
        """The garment in ``box``, taken for granted: its score is 1. What the photo shows around it counts as for one
        that was found, so that of a box that was told the same is told again."""
        own = with_area(box)
        seen, turn = self._upright(self._around(pixels, own))
        asked = self._asked(seen, turned_box(own, -turn))
        (garment,) = self._told(asked, hints, turned_mask(opaque, -turn), last=True)
        return [replace(garment, box=box, score=1.0)]

    def _around(self, pixels: Pixels, box: Box) -> _Seen:
        """What is seen in the photo of a box; where that is nothing, and of the whole picture, the box itself."""
        if box != WHOLE_IMAGE and (seen := self._see(pixels)).found:
            return seen
        return _Seen(pixels, [], [box], self._encoded(pixels, [box]))

    def _asked(self, seen: _Seen, box: Box) -> _Seen:
        """With what the box shows at the end, in place of what was found there."""
        at, shown = shown_in(box, seen.found)
        rest = [n for n in range(len(seen.found)) if n != at]
        own = self._encoded(seen.pixels, [box]) if seen.found else seen.encoded
        return _Seen(
            seen.pixels,
            [*(seen.found[n] for n in rest), shown],
            [*(seen.boxes[n] for n in rest), box],
            [*(seen.encoded[n] for n in rest), *own],
        )

    def _told(self, seen: _Seen, hints: Hints, opaque: Mask | None, *, last: bool = False) -> list[Garment]:
        """The garments seen, or the ``last`` alone."""
        behind = ground_of(seen.pixels, opaque)
        worn = for_one_person(seen.found, seen.encoded)
        each = list(zip(seen.boxes, worn, seen.found, worn_below(seen.found), strict=True))
        return [
            self._garment(seen.pixels, box, e, behind, hints, d, cut_off=cut)
            for box, e, d, cut in (each[-1:] if last else each)
        ]

    def _garment(
        self,
        pixels: Pixels,
        box: Box,
        encoded: Encoded,
        behind: Ground | None,
        hints: Hints,
        detection: Detection,
        *,
        cut_off: bool,
    ) -> Garment:
        category = self.tagger.category(encoded.logits["category"], detection.group_scores, hints, cut_off=cut_off)
        measured = swatches(pixels, box, behind, denim=self.tagger.of_denim(encoded.logits, category.id))
        tags = self.tagger.attributes(encoded.logits, category.id, hints, measured, cut_off=cut_off)
        return Garment(
            group=taxonomy().group_of(category.id),
            category=category,
            box=box,
            score=detection.score,
            tags=tags,
            embedding=encoded.embedding,
            swatches=named_as_told(measured, [x.id for x in tags.get("colors", ())]),
        )


def _as_it_lies(garments: Sequence[Garment], turn: int) -> list[Garment]:
    """Garments of a photo that was put upright, where they are in the photo as it came."""
    return [replace(g, box=turned_box(g.box, turn)) for g in garments] if turn else list(garments)


def one_a_place(found: Sequence[Detection]) -> list[Detection]:
    """Without those that are at the place of a better one of another group: of a strip of trousers below a top, which
    looks like a scarf or a belt as well, the trousers stay."""
    kept: set[int] = set()
    below = worn_below(found)
    for n in sorted(range(len(found)), key=lambda n: (not below[n], -found[n].score)):
        others = [found[k].box.as_list() for k in kept if found[k].group != found[n].group]
        box = np.array(found[n].box.as_list(), np.float32)
        if not others or iou(box, np.array(others, np.float32)).max() < _ONE_PLACE:
            kept.add(n)
    return [found[n] for n in sorted(kept)]


def with_area(box: Box) -> Box:
    """The box, widened where its sides are so short that their product, or they themselves in a photo that is turned,
    would be 0: a garment weighs as much as it is large."""
    x0, y0 = min(box.x0, 1.0 - _LEAST_SIDE), min(box.y0, 1.0 - _LEAST_SIDE)
    return Box(x0, y0, max(box.x1, x0 + _LEAST_SIDE), max(box.y1, y0 + _LEAST_SIDE))


def shown_in(box: Box, found: Sequence[Detection]) -> tuple[int | None, Detection]:
    """Which one of ``found`` lies in the box; else one of no group, of which the detector says nothing."""
    where = np.array([d.box.as_list() for d in found], np.float32).reshape(-1, 4)
    overlaps = iou(np.array(box.as_list(), np.float32), where)
    if len(found) and overlaps.max() >= LEAST_OVERLAP:
        at = int(overlaps.argmax())
        return at, found[at]
    return None, Detection(box, "", 1.0, np.ones(len(taxonomy().groups), np.float32))
