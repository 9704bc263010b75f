"""Scenes for the detector's training, drawn on the device that trains from plans that worker processes make."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from placket.training.ahead import Batch
from placket.training.detector.dataset import SceneStream, collate_boxes
from placket.training.detector.plans import TOLERANCE, Key, Plan
from placket.training.gallery import Gallery, box_blur, inside, jpeg, saturate, tone

LAYER = ("scene", "picture", "matrix", "frame", "place", "colour")
WHOLE = (-1, -1, -1)
"""The colour of a layer that is drawn whole."""


class PlanStream(SceneStream):
    """Yields plans of batches instead of pictures. `number`: that of each picture in the gallery."""

    number: dict[Key, int]

    def batch_of(self, scenes: list[Plan], size: int) -> Batch:
        """Plans as tensors: the layers of all scenes one after another, each with its scene and its height in it."""
        every = [(n, height, layer) for n, plan in enumerate(scenes) for height, layer in enumerate(plan.layers)]
        looks = [p.look for p in scenes]

        def put(values: object, kind: type = np.float32) -> Tensor:
            return torch.from_numpy(np.array(values, kind))

        return {
            "side": size,
            "scene": put([n for n, _, _ in every], np.int64),
            "height": put([height for _, height, _ in every], np.int64),
            "picture": put([self.number[layer.picture] for _, _, layer in every], np.int64),
            "matrix": put([layer.matrix() for _, _, layer in every]),
            "frame": put([layer.frame for _, _, layer in every]),
            "place": put([layer.place for _, _, layer in every]),
            "colour": put([layer.colour or WHOLE for _, _, layer in every]),
            "pad": put([p.pad for p in scenes]),
            "mirrored": put([p.mirrored for p in scenes], bool),
            **{
                k: put([getattr(x, k) for x in looks])
                for k in ("gamma", "gain", "lift", "saturation", "blur", "quality")
            },
            **collate_boxes(scenes),
        }


def draw(batch: Batch, gallery: Gallery) -> Batch:
    """The batch of plans, its pictures [b, 3, s, s], 0..255, drawn on the gallery's device."""
    plan = {k: v.to(gallery.device) if isinstance(v, Tensor) else v for k, v in batch.items()}
    side, count = batch["side"], len(batch["pad"])
    canvas = plan["pad"][:, :, None, None].expand(count, 3, side, side).contiguous()
    whole = batch["colour"][:, 0] < 0
    for height in range(int(batch["height"].max()) + 1):
        for cut_out in (False, True):
            chosen = (batch["height"] == height) & (whole != cut_out)
            if bool(chosen.any()):
                rows = torch.nonzero(chosen)[:, 0].to(gallery.device)
                _lay(canvas, {k: plan[k][rows] for k in LAYER}, gallery, cut_out)
    canvas = torch.where(plan["mirrored"][:, None, None, None], canvas.flip(3), canvas)
    image = saturate(tone(canvas, plan["gamma"], plan["gain"], plan["lift"]), plan["saturation"])
    blurred, coded = (torch.nonzero(batch[k])[:, 0].to(gallery.device) for k in ("blur", "quality"))
    if len(blurred):
        image[blurred] = box_blur(image[blurred], plan["blur"][blurred])
    if len(coded):
        image[coded] = jpeg(image[coded], plan["quality"][coded])
    return {"image": image, **{k: plan[k] for k in ("boxes", "groups", "negative")}}


def _lay(canvas: Tensor, layers: dict[str, Tensor], gallery: Gallery, cut_out: bool) -> None:
    side = canvas.shape[-1]
    apart = (layers["colour"], float(TOLERANCE)) if cut_out else None
    seen = gallery.view(layers["picture"], layers["matrix"], layers["frame"], side, apart)
    cover = inside(layers["place"], side).float()
    if cut_out:
        cover = cover * seen[:, 3:]
    below = canvas[layers["scene"]]
    canvas[layers["scene"]] = below + cover * (seen[:, :3] - below)


def drawn_batches(planned: Iterable[Batch], gallery: Gallery) -> Iterator[Batch]:
    """The batches of these plans."""
    for batch in planned:
        yield draw(batch, gallery)
