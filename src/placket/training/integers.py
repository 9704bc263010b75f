"""Training a network for integers: convolutions that round in training as the exported ones will.

Weights are rounded channel by channel to seven bits and a convolution's input to eight, as `quantise.py` has them; the
gradient passes as if nothing had been rounded (Jacob et al. 2018, arXiv 1712.05877).
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from placket.training.layers import ConvBlock, fold_all, grow

SHARE = 0.9999
"""Of a convolution's input that its range covers."""
SEEN = 1 << 16
MOMENTUM = 0.05
MOST_WEIGHT, MOST_INPUT = 64, 255


class _Rounded(torch.autograd.Function):
    """Numbers of 0 or more rounded to steps, `MOST_INPUT` at the most.

    In the type that they come in: PyTorch's own rounds floats alone, which on a CPU takes as long as the convolutions.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor) -> Tensor:
        ctx.save_for_backward(x <= step * MOST_INPUT)
        return x.div(step).round_().clamp_(0, MOST_INPUT).mul_(step)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (inside,) = ctx.saved_tensors
        return gradients[0] * inside, None


class RoundedConv(nn.Conv2d):
    """A convolution whose weights and input, which is not negative, are rounded; not with `rounding` off.

    `high` is the end of the input's range, an average over the batches of the training.
    """

    high: Tensor

    def __init__(self, conv: nn.Conv2d) -> None:
        size = (conv.kernel_size[0], conv.kernel_size[1])
        super().__init__(conv.in_channels, conv.out_channels, size, conv.stride, conv.padding)
        self.load_state_dict(conv.state_dict())
        self.register_buffer("high", torch.zeros(()))
        self.rounding = True

    @torch.no_grad()
    def _look(self, x: Tensor) -> None:
        some = x.detach().flatten()[:: max(1, x.numel() // SEEN)].float()
        high = some.kthvalue(max(1, round(SHARE * len(some)))).values.clamp(min=1e-3)
        self.high.copy_(torch.where(self.high > 0, self.high.lerp(high, MOMENTUM), high))

    def forward(self, x: Tensor) -> Tensor:
        if not self.rounding:
            return super().forward(x)
        if self.training or not self.high:
            self._look(x)
        x = cast(Tensor, _Rounded.apply(x, self.high / MOST_INPUT))
        steps = self.weight.detach().abs().amax((1, 2, 3)).clamp(min=1e-8) / MOST_WEIGHT
        weight = torch.fake_quantize_per_channel_affine(
            self.weight, steps, torch.zeros_like(steps, dtype=torch.int32), 0, -MOST_WEIGHT, MOST_WEIGHT
        )
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


def in_integers(network: nn.Module, first: str = "stem") -> nn.Module:
    """Fold a network's blocks and let all but the block `first` round, in place. Returns the network."""
    fold_all(network)
    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and name != first:
            block.conv = RoundedConv(block.conv)
    return network.train()


def take_folded(network: nn.Module, before: nn.Module, weights: dict[str, Tensor]) -> None:
    """Begin `network`, which is `in_integers`, with the `weights` of one with norms; `before`: such a network."""
    grow(before, weights)
    network.load_state_dict(network.state_dict() | fold_all(before).state_dict())


def without_rounding(network: nn.Module) -> nn.Module:
    """The same network computing in floats, for an export that is quantised later."""
    for module in network.modules():
        if isinstance(module, RoundedConv):
            module.rounding = False
    return network


def ranges_of(network: nn.Module) -> dict[str, float]:
    """The end of the range that each convolution's input is rounded in, by the convolution's name."""
    return {name: float(m.high) for name, m in network.named_modules() if isinstance(m, RoundedConv)}
