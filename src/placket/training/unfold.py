"""A folded network with its norms put back, to learn with large steps once more, and to grow.

A bundle's networks are folded: each convolution holds its norm and the identity beside it. Behind such a convolution a
norm can be put that changes nothing: the identity comes out of the kernel again, the kernel gets a fresh one's size,
and the norm's weight and bias undo what its statistics do. These have to be measured on pictures.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from placket.training.layers import CappedConv, ConvBlock, grow


def with_caps(network: nn.Module, first: str = "stem") -> nn.Module:
    """Let the convolutions of all blocks but `first` cut their input, at nothing as yet, in place. Returns it."""
    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and name != first:
            block.conv = CappedConv(block.conv)
    return network


@torch.no_grad()
def unfold(network: nn.Module, folded: Mapping[str, Tensor], images: Tensor) -> None:
    """Give `network`, which has norms and may have more blocks, the weights of a folded one, so that in evaluation it
    computes the same. `images`: what the statistics of the norms are measured on."""
    weights = dict(folded)
    biases = {}
    for name, block in network.named_modules():
        if isinstance(block, ConvBlock) and f"{name}.conv.bias" in weights:
            biases[name] = weights.pop(f"{name}.conv.bias")
            assert isinstance(block.norm, nn.BatchNorm2d)
            weights |= {f"{name}.conv.weight": _without_identity(weights[f"{name}.conv.weight"], block)}
            weights |= {f"{name}.norm.{k}": v for k, v in block.norm.state_dict().items()}
    grow(network, weights)
    blocks = {name: block for name, block in network.named_modules() if name in biases}
    for name, block in blocks.items():
        _let_pass(block, biases[name])
    _measure(network.eval(), blocks, images)


def _without_identity(kernel: Tensor, block: ConvBlock) -> Tensor:
    kernel = kernel.clone()
    if block.skip:
        middle, index = kernel.shape[2] // 2, torch.arange(kernel.shape[0])
        kernel[index, index, middle, middle] -= 1.0
    return kernel


def _let_pass(block: nn.Module, bias: Tensor) -> None:
    """A norm that adds the bias alone; a kernel as large as a fresh one."""
    assert isinstance(block, ConvBlock) and isinstance(block.norm, nn.BatchNorm2d)
    kernel = block.conv.weight
    fresh = math.sqrt(2 / (kernel.shape[0] * kernel.shape[2] * kernel.shape[3]))
    scale = fresh / float(kernel.square().mean().sqrt())
    kernel.mul_(scale)
    block.norm.running_mean.zero_()
    block.norm.running_var.fill_(1 - block.norm.eps)
    block.norm.weight.fill_(1 / scale)
    block.norm.bias.copy_(bias)


def _measure(network: nn.Module, blocks: Mapping[str, nn.Module], images: Tensor) -> None:
    """Give the norms the statistics of what passes them, and change weight and bias so that the same comes out."""

    def look(norm: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        x = inputs[0].float()
        mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_(torch.sqrt(variance + norm.eps))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)

    handles = [block.get_submodule("norm").register_forward_hook(look) for block in blocks.values()]
    network(images)
    for handle in handles:
        handle.remove()
