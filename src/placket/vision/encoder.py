"""What a garment looks like: the encoder's crops, its embeddings and its logits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from placket.domain.errors import BundleInvalid, VisionCrashed
from placket.domain.garments import EMBEDDING_DIM, Box, Embedding
from placket.domain.taxonomy import taxonomy
from placket.vision.bundle import FIRST_COLOR, TURN, Bundle
from placket.vision.engine import Engine, Network
from placket.vision.preprocessing import Canvas, Pixels, batch, crop
from placket.vision.second_look import EMBEDDING, Floats, mirrored, unsure, with_second

_MOST_CROPS = 8
TURNS = 4
"""Ways up that a photo may have, a quarter turn apart."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """``logits``: of ``category``, of each attribute, and of ``first_color`` where the network tells it; their labels
    in the taxonomy's order. ``turn``: logits of how many quarter turns counterclockwise the crop is off, 0 to 3, where
    the network tells it."""

    embedding: Embedding
    logits: Mapping[str, NDArray[np.float32]]
    turn: NDArray[np.float32] | None = None


class Encoder:
    def __init__(self, bundle: Bundle, engine: Engine) -> None:
        """Raises BundleInvalid."""
        words = taxonomy()
        self.settings = bundle.encoder
        self._counts = {"category": len(words.categories), **{a: len(v) for a, v in words.attributes.items()}}
        if bundle.encoder.first_color:
            self._counts[FIRST_COLOR] = len(words.attributes["colors"])
        outputs = (EMBEDDING, *self._counts)
        turn = (TURN,) if bundle.encoder.turns else ()
        self._network = engine.open(bundle.encoder_path, (*outputs, *turn))
        self._second = self._network if bundle.second_path == bundle.encoder_path else None
        if bundle.second_path and self._second is None:
            self._second = engine.open(bundle.second_path, outputs)

    def canvas(self, pixels: Pixels, box: Box) -> Canvas:
        return crop(pixels, box, self.settings.size[0], self.settings.margin, self.settings.pad)

    def encode(self, canvases: Sequence[Canvas]) -> list[Encoded]:
        """One result a canvas.

        Raises BundleInvalid when the network's answer has another shape, VisionCrashed when it has no direction.
        """
        found: list[Encoded] = []
        # A few at a time: a street photo has twenty, and memory once taken by the runtime is not given back.
        for start in range(0, len(canvases), _MOST_CROPS):
            found += self._encode(canvases[start : start + _MOST_CROPS])
        return found

    def _encode(self, canvases: Sequence[Canvas]) -> list[Encoded]:
        images = batch(canvases)
        told, turn = self._look(self._network, images)
        if self._second and self.settings.second:
            rows = unsure(told["category"], self.settings.second.below)
            if len(rows):
                second, _ = self._look(self._second, mirrored(images[rows]))
                told = with_second(told, rows, second)
        logits = {name: told[name] for name in self._counts}
        return [
            Encoded(told[EMBEDDING][i], {name: x[i] for name, x in logits.items()}, None if turn is None else turn[i])
            for i in range(len(canvases))
        ]

    def _look(self, network: Network, images: Floats) -> tuple[dict[str, Floats], Floats | None]:
        """Outputs by name, embeddings of length 1, and the logits of the turn, where the network tells it."""
        embeddings, *logits = network.run(images)
        turn = logits.pop() if len(logits) > len(self._counts) else None
        shapes = [(len(images), n) for n in (EMBEDDING_DIM, *self._counts.values())]
        told = [embeddings.shape, *(x.shape for x in logits)]
        if told != shapes or (turn is not None and turn.shape != (len(images), TURNS)):
            raise BundleInvalid(f"the encoder answered with shapes {embeddings.shape}, {[x.shape for x in logits]}")
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise VisionCrashed("the encoder's answer to this photo has no direction")
        units = (embeddings / lengths).astype(np.float32)
        return {EMBEDDING: units, **dict(zip(self._counts, logits, strict=True))}, turn
