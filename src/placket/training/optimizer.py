"""What updates the weights: AdamW, alone or with Muon for the convolutions.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) orthogonalises the momentum of a weight matrix, so
that a step goes equally far in all its directions. Its step is scaled to the size that AdamW's has (Liu et al. 2025,
arXiv 2502.16982), so one learning rate serves both.
"""

from typing import Any

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.99)


def adamw(parameters: list[nn.Parameter], rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW; no decay on biases and norms."""
    heavy = [p for p in parameters if p.ndim > 1]
    light = [p for p in parameters if p.ndim <= 1]
    groups = [{"params": heavy, "weight_decay": decay}, {"params": light, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=BETAS)


class Optimizer:
    """The optimiser of a run. `muon`: convolutions but the first are updated by Muon, all else by AdamW."""

    def __init__(self, network: nn.Module, rate: float, decay: float, muon: bool) -> None:
        every = [p for p in network.parameters() if p.requires_grad]
        self.kernels = [p for p in every if muon and p.ndim == 4 and p.shape[0] > 1 and p.shape[1] > 3]
        chosen = {id(p) for p in self.kernels}
        self.parts: list[torch.optim.Optimizer] = [adamw([p for p in every if id(p) not in chosen], rate, decay)]
        self.matrices = [nn.Parameter(_matrix(p.data)) for p in self.kernels]
        if self.matrices:
            self.parts.append(
                torch.optim.Muon(self.matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
            )

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next steps."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.kernels:
            parameter.grad = None
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Update the weights by their gradients."""
        for parameter, matrix in zip(self.kernels, self.matrices, strict=True):
            matrix.grad = None if parameter.grad is None else parameter.grad.permute(0, 2, 3, 1).flatten(1)
        for part in self.parts:
            part.step()

    def state_dict(self) -> list[dict[str, Any]]:
        """The state, for a checkpoint."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Go on from `state_dict`'s answer. Raises ValueError where it is another kind of optimiser's."""
        if not isinstance(states, list):
            raise ValueError("the state is that of an optimiser from before Muon")
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def _matrix(kernel: Tensor) -> Tensor:
    """[out, in, h, w] in channels-last order -> the same memory as [out, h * w * in]."""
    return kernel.permute(0, 2, 3, 1).view(kernel.shape[0], -1)
