"""Time of a network beside that of a ViT-B/16 forward pass, in ONNX Runtime, in the same run.

The ViT (Dosovitskiy et al. 2021: 12 blocks, width 768, 12 heads, 224 px) has random weights; it is a yardstick that
is the same on every machine. It is built with PyTorch once and kept as a file.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from placket.training.onnx_models import session

REPEATS = 30


@dataclass(frozen=True, slots=True)
class Speed:
    """Median milliseconds of one picture, one thread, and of the yardstick; and of a `second` look, which a `share` of
    the pictures gets."""

    milliseconds: float
    yardstick: float
    second: float = 0.0
    share: float = 0.0

    @property
    def mean(self) -> float:
        """Milliseconds of a picture, second looks included."""
        return self.milliseconds + self.share * self.second

    @property
    def ratio(self) -> float:
        """The mean time as a share of the yardstick's."""
        return self.mean / self.yardstick


def build_vit(path: Path) -> Path:
    """Write a ViT-B/16@224 with random weights as ONNX, if it is not there. Needs PyTorch."""
    if path.exists():
        return path
    import torch
    from torch import nn

    class Vit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patch = nn.Conv2d(3, 768, 16, 16)
            self.place = nn.Parameter(torch.randn(1, 197, 768) * 0.02)
            self.first = nn.Parameter(torch.zeros(1, 1, 768))
            layer = nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", batch_first=True, norm_first=True)
            self.blocks = nn.TransformerEncoder(layer, 12, enable_nested_tensor=False)
            self.norm = nn.LayerNorm(768)
            # The blocks start as copies of one; equal weights would be stored, and cached, once.
            for weight in self.blocks.parameters():
                nn.init.normal_(weight, std=0.02)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            x = self.patch(image).flatten(2).transpose(1, 2)
            x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.place
            out: torch.Tensor = self.norm(self.blocks(x)[:, 0])
            return out

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.backends.mha.set_fastpath_enabled(False)
    sample = torch.rand(1, 3, 224, 224)
    torch.onnx.export(Vit().eval(), (sample,), str(path), input_names=["image"], opset_version=17, dynamo=False)
    return path


def _times(run: Callable[[], Any], repeats: int) -> list[float]:
    out = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        out.append((time.perf_counter() - start) * 1000)
    return out


def measure(network: Path, side: int, vit: Path, repeats: int = REPEATS) -> Speed:
    """Median time of `network` on one [1, 3, side, side] picture and of the ViT, by turns, one thread each."""
    rng = np.random.default_rng(0)
    one, two = session(network), session(build_vit(vit))
    small = {"image": rng.uniform(0, 255, (1, 3, side, side)).astype(np.float32)}
    large = {"image": rng.uniform(0, 1, (1, 3, 224, 224)).astype(np.float32)}
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(3):
        one.run(None, small)
        two.run(None, large)
    for _ in range(repeats):
        ours += _times(lambda: one.run(None, small), 5)
        theirs += _times(lambda: two.run(None, large), 1)
    return Speed(statistics.median(ours), statistics.median(theirs))
