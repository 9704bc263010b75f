"""The COCO protocol over detections, by `faster-coco-eval`: AP50, AP50:95, AR, by group and by size."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from placket.training.onnx_models import Detections

MOST = 100
DRAWS, DRAW_SEED = 200, 3


@dataclass(frozen=True, slots=True)
class Truth:
    """A picture's true boxes [m, 4] as fractions and groups [m], and its size in pixels."""

    boxes: NDArray[np.float32]
    groups: NDArray[np.int64]
    width: int
    height: int


@dataclass(slots=True)
class Figures:
    """Figures of one set: `ap50`, `ap`, `ar` over the groups counted, by group, by size, and the counts of truth."""

    ap50: float
    ap: float
    ar: float
    group_ap50: dict[str, float] = field(default_factory=dict)
    group_ap: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    size_ap: dict[str, float] = field(default_factory=dict)

    def mean_ap50(self, groups: Sequence[str]) -> float:
        """Mean AP50 of the named groups that occur."""
        values = [self.group_ap50[g] for g in groups if g in self.group_ap50]
        return float(np.mean(values)) if values else float("nan")


def _pixels(box: NDArray[np.float32], width: int, height: int) -> list[float]:
    x0, y0, x1, y1 = (float(v) for v in box)
    return [x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height]


def _dataset(truths: Sequence[Truth], names: Sequence[str]) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image, truth in enumerate(truths):
        for box, group in zip(truth.boxes, truth.groups, strict=True):
            place = _pixels(box, truth.width, truth.height)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image + 1,
                    "category_id": int(group) + 1,
                    "bbox": place,
                    "area": place[2] * place[3],
                    "iscrowd": 0,
                }
            )
    images = [{"id": i + 1, "width": t.width, "height": t.height, "file_name": str(i)} for i, t in enumerate(truths)]
    return {
        "images": images, "annotations": annotations, "info": {}, "licenses": [],
        "categories": [{"id": i + 1, "name": n} for i, n in enumerate(names)],
    }  # fmt: skip


def _results(truths: Sequence[Truth], found: Sequence[Detections]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": image + 1, "category_id": int(group) + 1, "score": float(score),
            "bbox": _pixels(box, truth.width, truth.height),
        }
        for image, (truth, one) in enumerate(zip(truths, found, strict=True))
        for box, score, group in zip(one.boxes, one.scores, one.groups, strict=True)
    ]  # fmt: skip


def _mean(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")


def evaluate(truths: Sequence[Truth], found: Sequence[Detections], names: Sequence[str]) -> Figures:
    """COCO figures of detections against truth, picture by picture; `names` are the groups in their order.

    A group without truth counts nowhere, neither do detections of it. Sizes are COCO's: 32x32 and 96x96 pixels.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    counts = {n: int(sum((t.groups == i).sum() for t in truths)) for i, n in enumerate(names)}
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(_dataset(truths, names))
        results = _results(truths, found)
        if not results:
            return Figures(
                0.0, 0.0, 0.0, {n: 0.0 for n in names if counts[n]}, {n: 0.0 for n in names if counts[n]}, counts
            )
        run = COCOeval_faster(truth, truth.loadRes(results), "bbox")
        run.params.maxDets = [1, 10, MOST]
        run.evaluate()
        run.accumulate()
    precision, recall = (
        run.eval["precision"],
        run.eval["recall"],
    )  # [iou, recall, group, size, max], [iou, group, size, max]
    present = [(i, n) for i, n in enumerate(names) if counts[n]]
    return Figures(
        ap50=_mean(precision[0, :, :, 0, -1]), ap=_mean(precision[..., 0, -1]), ar=_mean(recall[..., 0, -1]),
        group_ap50={n: _mean(precision[0, :, i, 0, -1]) for i, n in present},
        group_ap={n: _mean(precision[:, :, i, 0, -1]) for i, n in present},
        counts=counts,
        size_ap={n: _mean(precision[..., i + 1, -1]) for i, n in enumerate(("small", "medium", "large"))},
    )  # fmt: skip


def spread(truths: Sequence[Truth], found: Sequence[Detections], names: Sequence[str],
           means: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float]]:  # fmt: skip
    """From where to where the mean AP50 of each of `means`, groups by name, comes in 19 of 20 draws of as many pictures
    from these, with replacement: what it owes to which pictures there are (the bootstrap, Efron 1979)."""
    rng = np.random.default_rng(DRAW_SEED)
    drawn = []
    for _ in range(DRAWS):
        rows = rng.integers(0, len(truths), len(truths))
        drawn.append(evaluate([truths[i] for i in rows], [found[i] for i in rows], names))
    out = {}
    for name, groups in means.items():
        low, high = np.nanquantile([figures.mean_ap50(groups) for figures in drawn], (0.025, 0.975))
        out[name] = (float(low), float(high))
    return out
