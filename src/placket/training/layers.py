"""Building blocks of both networks: plain 3x3 convolutions that fold into one convolution for export.

`ConvBlock` is conv + batch norm + ReLU; with `skip` it computes relu(bn(conv(x)) + x). The identity folds exactly into
the 3x3 kernel (the trick of RepVGG, Ding et al. 2021, without its 1x1 branch, which costs training time on a CPU).
"""

import torch
from torch import Tensor, nn


class CappedConv(nn.Conv2d):
    """A convolution that cuts its input at `high`, the end of the range that a network in integers had for it; 0 cuts
    nothing. A network that learnt with its ranges hangs on them, in floats too."""

    high: Tensor

    def __init__(self, conv: nn.Conv2d) -> None:
        size = (conv.kernel_size[0], conv.kernel_size[1])
        super().__init__(
            conv.in_channels, conv.out_channels, size, conv.stride, conv.padding, bias=conv.bias is not None
        )
        self.load_state_dict(conv.state_dict())
        self.register_buffer("high", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        cap = torch.where(self.high > 0, self.high, torch.inf).to(x.dtype)
        return super().forward(torch.minimum(x, cap))


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU; an identity branch where `skip`. [b, c_in, h, w] -> [b, c_out, h/s, w/s]."""

    def __init__(self, c_in: int, c_out: int, stride: int = 1, kernel: int = 3, skip: bool = False) -> None:
        super().__init__()
        if skip and (c_in != c_out or stride != 1):
            raise ValueError("an identity branch needs equal channels and stride 1")
        self.skip = skip
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        if self.skip:
            y = y + x
        return torch.relu_(y)

    @torch.no_grad()
    def fold(self) -> None:
        """Fold batch norm and identity into the convolution, in place. Only for inference."""
        if not isinstance(self.norm, nn.BatchNorm2d):
            return
        norm, conv = self.norm, self.conv
        assert norm.running_var is not None and norm.running_mean is not None
        scale = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).to(conv.weight.dtype)
        weight = conv.weight * scale[:, None, None, None]
        bias = norm.bias - norm.running_mean * scale
        if self.skip:
            middle = conv.kernel_size[0] // 2
            index = torch.arange(weight.shape[0])
            weight[index, index, middle, middle] += 1.0
        folded = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.padding,
            bias=True,
        )
        folded.weight.copy_(weight)
        assert folded.bias is not None
        folded.bias.copy_(bias)
        if isinstance(conv, CappedConv):
            folded = CappedConv(folded)
            folded.high.copy_(conv.high)
        self.conv, self.norm, self.skip = folded, nn.Identity(), False


def fold_all(module: nn.Module) -> nn.Module:
    """Fold every block of a network in evaluation mode; returns the same module."""
    module.eval()
    for child in module.modules():
        if isinstance(child, ConvBlock):
            child.fold()
    return module


def stage(c_in: int, c_out: int, blocks: int) -> nn.Sequential:
    """A strided convolution followed by `blocks` convolutions with identity."""
    return nn.Sequential(ConvBlock(c_in, c_out, stride=2), *(ConvBlock(c_out, c_out, skip=True) for _ in range(blocks)))


def parameters_of(module: nn.Module) -> int:
    """Number of parameters."""
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def grow(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load the weights of a network with fewer blocks: those beyond it begin as the identity, so that at first nothing
    changes (as Net2DeeperNet, Chen et al. 2016, arXiv 1511.05641).

    Raises RuntimeError where anything but blocks with a skip is missing.
    """
    own = network.state_dict()
    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and block.skip and f"{name}.conv.weight" not in weights:
            assert isinstance(block.norm, nn.BatchNorm2d)
            block.norm.weight.zero_()
            weights = weights | {k: v for k, v in own.items() if k.startswith(f"{name}.")}
    network.load_state_dict(weights)
