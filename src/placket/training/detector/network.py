"""The detector: a plain 3x3 backbone, a small feature pyramid, one shared anchor-free head on strides 8, 16, 32.

A location (anchor point) predicts a score for each group and the distances left, top, right, bottom to the box's
sides in units of its stride.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from placket.training.layers import ConvBlock, stage

STRIDES = (8, 16, 32)
PRIOR = 0.01


class Context(nn.Module):
    """Pools of growing size beside the features (SPPF of YOLOv5), so that the last level sees the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = ConvBlock(channels, channels // 2, kernel=1)
        self.merge = ConvBlock(channels * 2, channels, kernel=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)
        a = F.max_pool2d(x, 5, 1, 2)
        b = F.max_pool2d(a, 5, 1, 2)
        mean = x.mean((2, 3), keepdim=True).expand_as(x)
        result: Tensor = self.merge(torch.cat([x, a, b, mean], 1))
        return result


class Head(nn.Module):
    """Scores and distances of one level."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.stem = ConvBlock(width, width, skip=True)
        self.for_class = ConvBlock(width, width, skip=True)
        self.for_box = ConvBlock(width, width, skip=True)
        self.score = nn.Conv2d(width, groups, 1)
        self.distance = nn.Conv2d(width, 4, 1)
        nn.init.constant_(self.score.bias, -math.log((1 - PRIOR) / PRIOR))
        nn.init.constant_(self.distance.bias, 2.5)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.distance.weight, std=0.01)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        return self.score(self.for_class(x)), self.distance(self.for_box(x))


class Detector(nn.Module):
    """[b, 3, h, w] RGB 0..255 -> per level logits and distances, flattened over the levels (fine to coarse)."""

    def __init__(
        self,
        groups: int = 9,
        widths: tuple[int, ...] = (16, 32, 64, 128, 224),
        blocks: tuple[int, ...] = (1, 2, 3, 2),
        neck: int = 80,
    ) -> None:
        super().__init__()
        self.groups = groups
        self.stem = ConvBlock(3, widths[0], stride=2)
        self.stages = nn.ModuleList(stage(widths[i], widths[i + 1], blocks[i]) for i in range(4))
        self.context = Context(widths[4])
        self.lateral = nn.ModuleList(ConvBlock(w, neck, kernel=1) for w in widths[2:])
        self.smooth = nn.ModuleList(ConvBlock(neck, neck, skip=True) for _ in range(2))
        self.down = nn.ModuleList(ConvBlock(neck, neck, stride=2) for _ in range(2))
        self.heads = nn.ModuleList(Head(neck, groups) for _ in STRIDES)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def levels(self, image: Tensor) -> list[Tensor]:
        """The backbone's three levels, fine to coarse."""
        x = self.stem((image - 117.0) / 58.0)
        levels = []
        for index, part in enumerate(self.stages):
            x = part(x)
            if index:
                levels.append(x)
        return levels

    def features(self, image: Tensor) -> list[Tensor]:
        """The pyramid's three levels, fine to coarse."""
        levels = self.levels(image)
        levels[2] = self.context(levels[2])
        p5 = self.lateral[2](levels[2])
        p4 = self.smooth[1](self.lateral[1](levels[1]) + F.interpolate(p5, scale_factor=2.0))
        p3 = self.smooth[0](self.lateral[0](levels[0]) + F.interpolate(p4, scale_factor=2.0))
        p4 = p4 + self.down[0](p3)
        p5 = p5 + self.down[1](p4)
        return [p3, p4, p5]

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [b, n, groups] and positive distances [b, n, 4] in pixels."""
        scores, distances = [], []
        for x, head, stride in zip(self.features(image), self.heads, STRIDES, strict=True):
            score, distance = head(x)
            scores.append(score.flatten(2).transpose(1, 2))
            distances.append(F.softplus(distance.float()).flatten(2).transpose(1, 2) * stride)
        return torch.cat(scores, 1).float(), torch.cat(distances, 1)


def anchor_points(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Points [n, 2] (x, y in pixels) and strides [n] for a picture of this size, in the network's order."""
    points, strides = [], []
    for stride in STRIDES:
        h, w = height // stride, width // stride
        y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        points.append((torch.stack([x, y], -1).reshape(-1, 2).float() + 0.5) * stride)
        strides.append(torch.full((h * w,), float(stride)))
    return torch.cat(points), torch.cat(strides)


def decode(points: Tensor, distances: Tensor) -> Tensor:
    """Points [n, 2] and distances [b, n, 4] to boxes [b, n, 4] as x0, y0, x1, y1."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], -1)


class DetectorExport(nn.Module):
    """The network as it is shipped: boxes in pixels of the canvas and probabilities."""

    def __init__(self, network: Detector, height: int, width: int) -> None:
        super().__init__()
        self.network = network
        self.points: Tensor
        self.register_buffer("points", anchor_points(height, width)[0])

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        logits, distances = self.network(image)
        return decode(self.points, distances), torch.sigmoid(logits)
