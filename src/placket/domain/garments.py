"""What vision finds in a photo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

EMBEDDING_DIM = 256

Embedding = npt.NDArray[np.float32]
"""Shape ``(256,)``, float32, unit length."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the upright image: ``0 <= x0 < x1 <= 1``, ``0 <= y0 < y1 <= 1``."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        # Half of a box's sixth decimal is the seventh; what is beyond is the noise of adding.
        return round((self.x0 + self.x1) / 2, 7), round((self.y0 + self.y1) / 2, 7)

    def as_list(self) -> list[float]:
        return [self.x0, self.y0, self.x1, self.y1]


WHOLE_IMAGE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Label:
    """One value of an attribute with its calibrated probability, 0..1."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Swatch:
    """A dominant colour measured from the garment's pixels; ``share`` of its area, 0..1."""

    hex: str
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Garment:
    """One garment of a photo.

    ``tags`` maps an attribute of the taxonomy to its labels, best first; attributes that do not apply or cannot be
    told are absent. ``category`` is never empty. ``score`` is the detector's confidence, 0..1.
    """

    group: str
    category: Label
    box: Box
    score: float
    tags: Mapping[str, tuple[Label, ...]]
    embedding: Embedding
    swatches: tuple[Swatch, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything but the embedding, as plain JSON values."""
        return {
            "group": self.group,
            "category": [self.category.id, round(self.category.score, 5)],
            "box": [round(v, 6) for v in self.box.as_list()],
            "score": round(self.score, 5),
            "tags": {a: [[x.id, round(x.score, 5)] for x in ls] for a, ls in self.tags.items()},
            "swatches": [[s.hex, s.name, round(s.share, 4)] for s in self.swatches],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], embedding: Embedding) -> "Garment":
        return cls(
            group=data["group"],
            category=Label(*data["category"]),
            box=Box(*data["box"]),
            score=data["score"],
            tags={a: tuple(Label(*x) for x in ls) for a, ls in data["tags"].items()},
            embedding=embedding,
            swatches=tuple(Swatch(*s) for s in data.get("swatches", ())),
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """All garments of one photo, clothing first, then by score x area; size of the upright image in pixels.

    ``made_from``: of what is kept of a product, a digest of all that it follows from; else empty. ``etag``: how the
    host of the photo calls this version of it, if it says.
    """

    width: int
    height: int
    garments: tuple[Garment, ...]
    bundle: str
    sha256: str = ""
    made_from: str = ""
    etag: str = ""
