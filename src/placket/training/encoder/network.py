"""The encoder: a plain 3x3 network, pooled on three levels, with heads for tags and a 256-dimensional embedding.

Colour and pattern live in early levels, so the second level is pooled too, under a map that the third level predicts
(what is garment and what is background).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from placket.training.encoder.lite import LiteTrunk
from placket.training.layers import ConvBlock, stage

EMBEDDING = 256


class Trunk(nn.Module):
    """[b, 3, h, w] RGB 0..255 -> features [b, `width`]."""

    def __init__(self, widths: tuple[int, ...], blocks: tuple[int, ...], top: int) -> None:
        super().__init__()
        self.stem = ConvBlock(3, widths[0], stride=2)
        self.stages = nn.ModuleList(stage(widths[i], widths[i + 1], blocks[i]) for i in range(4))
        self.attend = nn.Conv2d(widths[3], 1, 1)
        self.top = ConvBlock(widths[4], top, kernel=1)
        self.width = widths[2] + widths[3] + top
        self.norm = nn.BatchNorm1d(self.width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem((image - 117.0) / 58.0)
        levels = []
        for part in self.stages:
            x = part(x)
            levels.append(x)
        second, third = levels[1], levels[2]
        mask = torch.sigmoid(self.attend(third).float())
        wide = F.interpolate(mask, scale_factor=2.0)
        low = (second.float() * wide).sum((2, 3)) / (wide.sum((2, 3)) + 1e-3)
        middle = (third.float() * mask).sum((2, 3)) / (mask.sum((2, 3)) + 1e-3)
        high = self.top(x).float().mean((2, 3))
        result: Tensor = self.norm(torch.cat([low, middle, high], 1))
        return result


class Encoder(nn.Module):
    """Outputs a dictionary: `embedding` [b, 256] unit length, `category` and each attribute's logits.

    In training also `feature` [b, teacher] (the teacher's feature regressed), logits read from the embedding
    (`by_embedding_category`, `by_embedding_color`), which make its neighbourhoods follow kind and colour, and those of
    `words` that a shop's records may say.
    """

    def __init__(
        self,
        labels: dict[str, int],
        trunk: "Trunk | LiteTrunk",
        embedding: int = EMBEDDING,
        teacher: int = 1280,
        words: int = 0,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        width = trunk.width
        self.drop = nn.Dropout(0.1)
        self.embed = nn.Linear(width, embedding)
        self.heads = nn.ModuleDict({name: nn.Linear(width, count) for name, count in labels.items()})
        self.teach = nn.Linear(width, teacher)
        self.near_category = nn.Linear(embedding, labels["category"], bias=False)
        self.near_color = nn.Linear(embedding, labels["colors"], bias=False)
        self.words = nn.Linear(width, words) if words else None

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        feature = self.trunk(image)
        out = {"embedding": F.normalize(self.embed(feature), dim=1)}
        dropped = self.drop(feature)
        for name, head in self.heads.items():
            out[name] = head(dropped)
        if self.training:
            out["feature"] = self.teach(feature)
            if self.words is not None:
                out["words"] = self.words(dropped)
            unit = out["embedding"] * 16.0
            out["by_embedding_category"] = F.linear(unit, F.normalize(self.near_category.weight, dim=1))
            out["by_embedding_color"] = F.linear(unit, F.normalize(self.near_color.weight, dim=1))
        return out


class EncoderExport(nn.Module):
    """The encoder as it is shipped: a tuple in the order of `names`, the embedding first.

    With `flip` a crop is seen twice, once mirrored, and the tags are read from the mean of both: twice the work. The
    embedding is that of the crop as it is: which side a pocket is on helps to find the same product.
    """

    def __init__(self, network: Encoder, flip: bool = False) -> None:
        super().__init__()
        self.network = network.eval()
        self.flip = flip
        self.names = ["embedding", *network.heads.keys()]

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        feature = self.network.trunk(image)
        embedding = F.normalize(self.network.embed(feature), dim=1)
        if self.flip:
            feature = 0.5 * (feature + self.network.trunk(torch.flip(image, [3])))
        return (embedding, *(self.network.heads[name](feature) for name in self.names[1:]))
