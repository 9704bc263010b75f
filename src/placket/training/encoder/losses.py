"""Losses of the encoder; every one is masked where the label is unknown."""

import torch
from torch import Tensor
from torch.nn import functional as F

SMOOTHING = 0.05
TEMPERATURE = 0.07


def masked_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy [b, c] against [b] (-1 unknown), weighted by sample; 0 where nothing is known."""
    loss = F.cross_entropy(logits, target, ignore_index=-1, reduction="none", label_smoothing=SMOOTHING)
    known = (target >= 0) * weight
    return (loss * known).sum() / known.sum().clamp(min=1.0)


def masked_binary(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy [b, c], summed over labels, mean over the samples whose set is known."""
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)
    return (loss * known).sum() / known.sum().clamp(min=1.0)


def contrastive(embedding: Tensor, product: Tensor, design: Tensor, memory: "Memory | None") -> Tensor:
    """InfoNCE: crops of one product attract, other products repel; other colours of one design are left alone.

    embedding [b, d] unit length. `memory` holds recent embeddings as further negatives.
    """
    others, other_product, other_design = embedding, product, design
    if memory is not None and memory.filled:
        others = torch.cat([embedding, memory.embedding[: memory.filled]])
        other_product = torch.cat([product, memory.product[: memory.filled]])
        other_design = torch.cat([design, memory.design[: memory.filled]])
    logits = embedding @ others.T / TEMPERATURE
    same = product[:, None] == other_product[None]
    itself = torch.eye(len(product), others.shape[0], dtype=torch.bool, device=embedding.device)
    near = (design[:, None] == other_design[None]) & ~same
    logits = logits.masked_fill(itself | near, -1e4)
    positive = same & ~itself
    has = positive.any(1)
    log_probability = logits - torch.logsumexp(logits, 1, keepdim=True)
    per_row = (log_probability * positive).sum(1) / positive.sum(1).clamp(min=1)
    return -(per_row * has).sum() / has.sum().clamp(min=1)


class Memory:
    """A ring of recent embeddings (cross-batch memory, Wang et al. 2020), detached."""

    def __init__(self, size: int, width: int, device: torch.device) -> None:
        self.embedding = torch.zeros(size, width, device=device)
        self.product = torch.full((size,), -1, device=device)
        self.design = torch.full((size,), -1, device=device)
        self.filled, self.position = 0, 0

    @torch.no_grad()
    def add(self, embedding: Tensor, product: Tensor, design: Tensor) -> None:
        """Store a batch, over the oldest."""
        count, size = len(product), len(self.product)
        index = (torch.arange(count, device=product.device) + self.position) % size
        self.embedding[index] = embedding.detach()
        self.product[index], self.design[index] = product, design
        self.position = (self.position + count) % size
        self.filled = min(size, self.filled + count)


def distillation(feature: Tensor, target: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """1 - cosine between the regressed and the teacher's feature, both centred on the teacher's mean. [b, d] each."""
    wanted = (target - mean) / deviation
    return (1 - F.cosine_similarity(feature, wanted, dim=1)).mean()
