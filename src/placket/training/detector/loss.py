"""Assignment of locations to boxes and the losses.

Assignment: task-aligned (TOOD, Feng et al. 2021): metric = score^0.5 * iou^6, the ten best locations inside a box are
positive; a location wanted by several boxes goes to the one with the highest IoU. Losses: BCE against the aligned
target for the groups, GIoU for the boxes. `groups` -1 is a box of unknown group: it teaches the box alone.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

TOP_K = 10
EPS = 1e-7
TOLD = 0.05
"""Of a tutor's score; where it sees less its boxes mean nothing."""


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """IoU of boxes [..., m, 4] and [..., n, 4] -> [..., m, n]. Plane by plane: a reduction over two values is slow."""
    ax0, ay0, ax1, ay1 = (v[..., :, None] for v in a.unbind(-1))
    bx0, by0, bx1, by1 = (v[..., None, :] for v in b.unbind(-1))
    width = (torch.minimum(ax1, bx1) - torch.maximum(ax0, bx0)).clamp_(min=0)
    inter = width * (torch.minimum(ay1, by1) - torch.maximum(ay0, by0)).clamp_(min=0)
    area_a = (ax1 - ax0).clamp(min=0) * (ay1 - ay0).clamp(min=0)
    area_b = (bx1 - bx0).clamp(min=0) * (by1 - by0).clamp(min=0)
    return inter / (area_a + area_b - inter + EPS)


def giou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of boxes pair by pair, [k, 4] each -> [k], [k]."""
    ax0, ay0, ax1, ay1 = a.unbind(-1)
    bx0, by0, bx1, by1 = b.unbind(-1)
    width = (torch.minimum(ax1, bx1) - torch.maximum(ax0, bx0)).clamp(min=0)
    inter = width * (torch.minimum(ay1, by1) - torch.maximum(ay0, by0)).clamp(min=0)
    union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - inter + EPS
    hull_width = torch.maximum(ax1, bx1) - torch.minimum(ax0, bx0)
    hull = hull_width * (torch.maximum(ay1, by1) - torch.minimum(ay0, by0)) + EPS
    iou = inter / union
    return iou, iou - (hull - union) / hull


@torch.no_grad()
def assign(
    scores: Tensor, boxes: Tensor, points: Tensor, truth: Tensor, groups: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Which truth each location learns.

    scores [b, n, c] probabilities, boxes [b, n, 4], points [n, 2], truth [b, m, 4] (zero area = padding),
    groups [b, m] (-1 unknown). Returns index [b, n] (-1 none), the target quality [b, n] 0..1, and the IoU [b, n].
    """
    count = scores.shape[1]
    real = (truth[..., 2] > truth[..., 0]) & (truth[..., 3] > truth[..., 1])
    iou = pairwise_iou(truth, boxes)
    known = groups.clamp(min=0)
    score = scores.transpose(1, 2).gather(1, known[..., None].expand(-1, -1, count))
    score = torch.where((groups >= 0)[..., None], score, torch.full_like(score, 0.25))
    x, y = points[:, 0], points[:, 1]
    inside = (
        (x > truth[..., 0:1]) & (y > truth[..., 1:2]) & (x < truth[..., 2:3]) & (y < truth[..., 3:4]) & real[..., None]
    )
    cube = iou * iou * iou
    metric = score.sqrt() * cube * cube * inside
    top, index = metric.topk(TOP_K, dim=-1)
    chosen = torch.zeros_like(metric, dtype=torch.bool).scatter_(-1, index, top > 1e-9)
    best_iou, best = torch.where(chosen, iou, torch.full_like(iou, -1.0)).max(1)
    positive = best_iou >= 0
    own = F.one_hot(best, truth.shape[1]).transpose(1, 2).bool() & chosen
    aligned = metric * own
    strongest = aligned.amax(-1, keepdim=True)
    best_of_truth = (iou * own).amax(-1, keepdim=True)
    quality = (aligned / (strongest + EPS) * best_of_truth).amax(1)
    return torch.where(positive, best, torch.full_like(best, -1)), quality * positive, best_iou


def detection_loss(
    logits: Tensor, boxes: Tensor, points: Tensor, truth: Tensor, groups: Tensor, negative: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of a batch and its parts.

    `negative` [b, c] is 1 where a group absent from the truth is known to be absent from the picture, else 0.
    """
    index, quality, _ = assign(logits.detach().sigmoid(), boxes.detach(), points, truth, groups)
    positive = index >= 0
    own = groups.gather(1, index.clamp(min=0))
    target = torch.zeros_like(logits)
    known = positive & (own >= 0)
    target.scatter_(2, own.clamp(min=0)[..., None], (quality * known)[..., None])
    weight = negative[:, None, :].expand_as(logits).clone()
    weight = weight * (~(positive & (own < 0)))[..., None]
    weight = torch.where(target > 0, torch.ones_like(weight), weight)
    probability = logits.detach().sigmoid()
    focal = torch.where(target > 0, torch.ones_like(logits), probability * probability.sqrt() * 1.2)
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    norm = quality.sum().clamp(min=1.0)
    class_loss = (bce * weight * focal).sum() / norm
    wanted = truth.gather(1, index.clamp(min=0)[..., None].expand(-1, -1, 4))[positive]
    iou, generalised = giou(boxes[positive], wanted)
    box_loss = ((1 - generalised) * quality[positive]).sum() / norm
    total = class_loss + 2.0 * box_loss
    mean = iou.detach().mean() if iou.numel() else iou.new_zeros(())
    return total, {"class": class_loss.detach(), "box": box_loss.detach(), "iou": mean}


def imitation_loss(logits: Tensor, boxes: Tensor, told_logits: Tensor, told_boxes: Tensor) -> tuple[Tensor, Tensor]:
    """What a student pays for other scores and boxes than its tutor's at the same locations, [b, n, c] and [b, n, 4].

    Divergence of the scores of each location and group, and GIoU of the boxes; a location counts by the tutor's best
    score there.
    """
    told = told_logits.sigmoid()
    surprise = F.binary_cross_entropy_with_logits(logits, told, reduction="none")
    least = F.binary_cross_entropy_with_logits(told_logits, told, reduction="none")
    strength = told.amax(-1)
    norm = strength.sum().clamp(min=1.0)
    there = strength > TOLD
    _, generalised = giou(boxes[there], told_boxes[there])
    return (surprise - least).sum() / norm, ((1 - generalised) * strength[there]).sum() / norm
