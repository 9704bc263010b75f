"""A detector on the trunk of the encoder's tutor: a tutor for the shipped detector; it never ships."""

from typing import Any

from torch import Tensor

from placket.training.detector.network import Detector
from placket.training.encoder.lite import LiteTrunk

LEVELS = (6, 14, 20)
"""Blocks of the trunk with 1/8, 1/16 and 1/32 of the side."""
WIDTHS = (48, 120, 352)


class LiteDetector(Detector):
    """As `Detector`, with another backbone. The first `frozen` blocks of the trunk are not trained.

    Raises InvalidParameter where the packages of the trunk are not installed.
    """

    def __init__(self, groups: int, neck: int, frozen: int) -> None:
        super().__init__(groups, (8, 8, *WIDTHS), (0, 0, 0, 0), neck)
        del self.stem, self.stages
        self.body = LiteTrunk(frozen)
        del self.body.top, self.body.norm

    def take_trunk(self, weights: dict[str, Any]) -> None:
        """Begin with the trunk of an encoder's tutor; `weights`: its state."""
        own = self.body.state_dict()
        self.body.load_state_dict({k: weights[f"trunk.{k}"] for k in own})

    def levels(self, image: Tensor) -> list[Tensor]:
        """The backbone's three levels, fine to coarse."""
        return [x for number, x in self.body.walk(image) if number in LEVELS]
