"""A picture to its garments: detector, crops, encoder, tags, colours."""

import hashlib
from collections.abc import Sequence

import numpy as np

from placket.domain.garments import WHOLE_IMAGE, Analysis, Box, Garment
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.keeping import order_garments
from placket.domain.taxonomy import taxonomy
from placket.vision.bundle import Bundle
from placket.vision.colours import Backdrop, backdrop, swatches
from placket.vision.cut_off import worn_below
from placket.vision.decoding import Picture
from placket.vision.detector import Detection, Detector, distinct, iou
from placket.vision.encoder import Encoded, Encoder
from placket.vision.engine import Engine
from placket.vision.preprocessing import Pixels, cut
from placket.vision.squares import squares, whole_in
from placket.vision.tags import Tagger
from placket.vision.told_names import named_as_told
from placket.vision.worn import for_one_person, once

_ONE_PLACE = 0.8
"""Intersection over union from which on boxes of two groups are one garment's."""


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
        garments = self.whole(picture.pixels, box, hints) if box else self.garments(picture.pixels, hints)
        return Analysis(
            width=picture.width,
            height=picture.height,
            garments=tuple(garments),
            bundle=self.bundle.version,
            sha256=hashlib.sha256(data).hexdigest() if data is not None else "",
        )

    def garments(self, pixels: Pixels, hints: Hints = NO_HINTS) -> list[Garment]:
        """What the detector finds, tagged and embedded; clothing first, then by score x area.

        Where the detector is not sure of anything, the encoder has to be: what looks like no category is no garment.
        """
        found = one_a_place(self._find(pixels))
        encoded = self.encoder.encode([self.encoder.canvas(pixels, d.box) for d in found])
        behind, cut_off = backdrop(pixels), worn_below(found)
        garments = [
            self._garment(pixels, d.box, e, behind, hints, d, cut_off=cut)
            for d, e, cut in zip(found, for_one_person(found, encoded), cut_off, strict=True)
        ]
        settings = self.detector.settings
        sure = [
            g for g in garments if g.score >= settings.score_threshold or g.category.score >= settings.fallback_category
        ]
        return order_garments(once(distinct(sure, settings.nms_iou)))

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

    def whole(self, pixels: Pixels, box: Box, hints: Hints = NO_HINTS) -> list[Garment]:
        """The garment in ``box``, taken for granted: its score is 1."""
        (encoded,) = self.encoder.encode([self.encoder.canvas(pixels, box)])
        return [self._garment(pixels, box, encoded, backdrop(pixels), hints)]

    def _garment(
        self,
        pixels: Pixels,
        box: Box,
        encoded: Encoded,
        behind: Backdrop | None,
        hints: Hints,
        detection: Detection | None = None,
        *,
        cut_off: bool = False,
    ) -> Garment:
        scores = detection.group_scores if detection else None
        category = self.tagger.category(encoded.logits["category"], scores, hints, cut_off=cut_off)
        measured = swatches(pixels, box, behind, denim=self.tagger.of_denim(encoded.logits, category.id))
        tags = self.tagger.attributes(encoded.logits, category.id, hints, measured, cut_off=cut_off)
        return Garment(
            group=taxonomy().group_of(category.id),
            category=category,
            box=box,
            score=detection.score if detection else 1.0,
            tags=tags,
            embedding=encoded.embedding,
            swatches=named_as_told(measured, [x.id for x in tags.get("colors", ())]),
        )


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
