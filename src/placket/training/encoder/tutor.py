"""Learning from larger, fine-tuned networks by their answers to the very crops that the student sees.

They answer for every crop, also for those that nobody labelled, and for blends of two (Beyer et al. 2022,
"Knowledge distillation: a good teacher is patient and consistent", arXiv 2106.05237).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from placket.training.encoder.items import MULTI, Vocabulary
from placket.training.encoder.network import Encoder

MOST_SIDE = 160
NEIGHBOUR_TEMPERATURE = 0.1
LEAST_SHARE, MOST_SHARE = 0.2, 0.8


@dataclass(frozen=True, slots=True)
class Answers:
    """Logits by head [b, labels], unit embedding [b, d] and the trunk's features [b, width]."""

    logits: dict[str, Tensor]
    embedding: Tensor
    feature: Tensor


class Tutor(nn.Module):
    """Trained encoders that answer together and do not learn. The student regresses the last `width` features of the
    first of them."""

    def __init__(
        self, networks: Sequence[Encoder], vocabulary: Vocabulary, width: int = 1280, sides: Sequence[int] = ()
    ) -> None:
        """`sides`: of the crops that each network is used to."""
        super().__init__()
        self.sides = list(sides) or [MOST_SIDE] * len(networks)
        self.networks = nn.ModuleList(n.eval().requires_grad_(False) for n in networks)
        self.width = width
        rows = [[c in vocabulary.applies[a] for c in vocabulary.categories] for a in vocabulary.attributes]
        self.applies: dict[str, Tensor] = dict(zip(vocabulary.attributes, torch.tensor(rows).float(), strict=True))

    @torch.no_grad()
    def answer(self, image: Tensor) -> Answers:
        """To crops [b, 3, s, s], RGB 0..255, made smaller for a network that is used to smaller ones. What several say
        is averaged: the log-probabilities, and who is near whom."""
        each = [
            self._ask(network, _at_most(image, side)) for network, side in zip(self.networks, self.sides, strict=True)
        ]
        logits = {name: torch.stack([a.logits[name] for a in each]).mean(0) for name in each[0].logits}
        near = torch.cat([a.embedding for a in each], 1) / len(each) ** 0.5
        return Answers(logits, near, each[0].feature[:, -self.width :])

    def _ask(self, network: nn.Module, image: Tensor) -> Answers:
        assert isinstance(network, Encoder)
        with torch.autocast(image.device.type, torch.bfloat16):
            feature = network.trunk(image)
        logits = {name: head(feature) for name, head in network.heads.items()}
        shares = {name: x if name in MULTI else x.log_softmax(1) for name, x in logits.items()}
        return Answers(shares, F.normalize(network.embed(feature), dim=1), feature)

    def weights(self, told: Answers) -> dict[str, Tensor]:
        """How far each head applies [b]: the probability of the categories that have the attribute; 1 for category."""
        chance = told.logits["category"].softmax(1)
        every = torch.ones(len(chance), device=chance.device)
        return {"category": every, **{a: chance @ row.to(chance.device) for a, row in self.applies.items()}}


def _at_most(image: Tensor, side: int) -> Tensor:
    if image.shape[-1] <= side:
        return image
    return F.interpolate(image, (side, side), mode="bilinear", align_corners=False)


def imitation(out: dict[str, Tensor], told: Answers, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Divergence from the tutor by head, mean over the crops weighted by how far the head applies."""
    losses = {}
    for name, wanted in told.logits.items():
        if name in MULTI:
            p = wanted.sigmoid()
            each = F.binary_cross_entropy_with_logits(out[name], p, reduction="none")
            rows = (each - F.binary_cross_entropy(p, p, reduction="none")).sum(1)
        else:
            rows = F.kl_div(out[name].log_softmax(1), wanted.log_softmax(1), log_target=True, reduction="none").sum(1)
        losses[name] = (rows * weights[name]).sum() / weights[name].sum().clamp(min=1.0)
    return losses


def neighbours(embedding: Tensor, told: Tensor) -> Tensor:
    """Divergence of who is near whom in the batch: softmax over the cosines to all others. Unit vectors [b, d] each."""
    itself = torch.eye(len(embedding), dtype=torch.bool, device=embedding.device)

    def log_near(e: Tensor) -> Tensor:
        return (e @ e.T / NEIGHBOUR_TEMPERATURE).masked_fill(itself, -1e4).log_softmax(1)

    return F.kl_div(log_near(embedding), log_near(told), log_target=True, reduction="batchmean")


def shares(count: int, device: torch.device) -> Tensor:
    """How much of itself each of `count` blended crops keeps, [count, 1, 1, 1]."""
    return torch.empty(count, 1, 1, 1, device=device).uniform_(LEAST_SHARE, MOST_SHARE)


def blend(image: Tensor, share: Tensor) -> Tensor:
    """The last crops, as many as there are shares, each mixed with another of them (mixup, Zhang et al. 2018)."""
    rest, own = image.tensor_split([len(image) - len(share)])
    return torch.cat([rest, share * own + (1 - share) * own.roll(1, 0)])
