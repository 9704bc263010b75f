"""All pictures of a run in one tensor on a device, to be cut, scaled and changed there a batch at a time.

What PIL does to one picture in a worker process is done here to hundreds at once: a GPU is fed from its own memory.
Coordinates are continuous: the middle of the first pixel is at 0.5.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from placket.training.cache import Pixels, Store

FINER = 2
"""Samples a side for each pixel: what makes a picture smaller averages over them, as PIL's filters do."""
LOADERS = 8

# The tables of ITU-T T.81, annex K: luminance and chrominance.
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55), (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62), (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99), (18, 21, 26, 66, 99, 99, 99, 99), (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99), *((99,) * 8,) * 4,
)  # fmt: skip
# ITU-R BT.601, as JFIF has it.
_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class Gallery:
    """`pixels` uint8 [n, 3, h, w], each picture in the top left corner; `sizes` int32 [n, 2], width and height."""

    def __init__(self, cache: Path, keys: Sequence[tuple[str, str]], device: torch.device) -> None:
        """Loads `keys` (set, key) from the stores in `cache`, which exist."""
        stores = {name: Store(cache / name) for name in {dataset for dataset, _ in keys}}
        self.number = {key: i for i, key in enumerate(keys)}
        shapes = [stores[d].shapes[stores[d].where[k]] for d, k in keys]
        self.sizes = np.array([(w, h) for h, w, _ in shapes], np.int32)
        wide, high = self.sizes.max(0)
        self.pixels = torch.zeros(len(keys), 3, int(high), int(wide), dtype=torch.uint8, device=device)

        def load(number: int) -> None:
            dataset, key = keys[number]
            self._put(number, stores[dataset][key])

        with ThreadPoolExecutor(LOADERS) as pool:
            list(pool.map(load, range(len(keys))))

    def _put(self, number: int, pixels: Pixels) -> None:
        height, width, _ = pixels.shape
        self.pixels[number, :, :height, :width] = torch.from_numpy(pixels).to(self.pixels.device).permute(2, 0, 1)

    @property
    def device(self) -> torch.device:
        """Where the pictures are."""
        return self.pixels.device

    def view(
        self, which: Tensor, matrix: Tensor, frame: Tensor, side: int, apart: tuple[Tensor, float] | None = None
    ) -> Tensor:
        """Pictures `which` [b] seen through `matrix` [b, 2, 3], from pixels of the view to those of the picture; what
        would lie outside of `frame` [b, 4] repeats their edge. -> [b, 3, side, side], 0..255.

        `apart`: colours [b, 3] and a tolerance; a fourth channel then says where a picture differs from them, 0..1.
        """
        source = self.pixels[which].float()
        if apart is not None:
            colour, tolerance = apart
            differs = (source - colour[:, :, None, None]).abs().amax(1, keepdim=True) > tolerance
            source = torch.cat([source, differs.float()], 1)
        fine = side * FINER
        at = (torch.arange(fine, device=self.device) + 0.5) / FINER
        x, y = at[None, None, :], at[None, :, None]
        m = matrix[:, :, :, None, None]
        low, high = frame[:, :2, None, None] + 0.5, frame[:, 2:, None, None] - 0.5
        place = m[:, :, 0] * x[:, None] + m[:, :, 1] * y[:, None] + m[:, :, 2]
        place = torch.maximum(torch.minimum(place, high), low)
        full = torch.tensor([source.shape[3], source.shape[2]], device=self.device)[None, :, None, None]
        grid = (2 * place / full - 1).permute(0, 2, 3, 1)
        seen = F.grid_sample(source, grid, mode="bilinear", align_corners=False)
        return F.avg_pool2d(seen, FINER)


def inside(rectangles: Tensor, side: int) -> Tensor:
    """[b, 4] x0, y0, x1, y1 -> bool [b, 1, side, side]: pixels whose middle lies within."""
    at = torch.arange(side, device=rectangles.device) + 0.5
    x0, y0, x1, y1 = (v[:, None] for v in rectangles.unbind(1))
    across, down = (at >= x0) & (at < x1), (at >= y0) & (at < y1)
    return (down[:, :, None] & across[:, None, :])[:, None]


def tone(image: Tensor, gamma: Tensor, gain: Tensor, lift: Tensor) -> Tensor:
    """255 * (gain * (image / 255)^gamma + lift), cut to 0..255. image [b, 3, h, w]; gamma, lift [b]; gain [b, 3]."""
    shade = (image / 255).clamp(0, 1).pow(gamma[:, None, None, None])
    return (255 * (shade * gain[:, :, None, None] + lift[:, None, None, None])).clamp(0, 255)


def saturate(image: Tensor, factor: Tensor) -> Tensor:
    """0 is grey, 1 the image itself, more is more colourful. image [b, 3, h, w], factor [b]."""
    grey = (image * image.new_tensor(_YCC[0])[:, None, None]).sum(1, keepdim=True)
    return (grey + factor[:, None, None, None] * (image - grey)).clamp(0, 255)


def box_blur(image: Tensor, radius: Tensor) -> Tensor:
    """Mean over a square that reaches `radius` [b] (0..2) pixels beyond each pixel, parts of pixels counted."""
    near, far = radius.clamp(0, 1)[:, None, None, None], (radius - 1).clamp(0, 1)[:, None, None, None]
    for axis in (2, 3):
        size = image.shape[axis]
        pad = (2, 2, 0, 0) if axis == 3 else (0, 0, 2, 2)
        wide = F.pad(image, pad, mode="replicate")
        part = [wide.narrow(axis, k, size) for k in range(5)]
        image = (part[2] + near * (part[1] + part[3]) + far * (part[0] + part[4])) / (1 + 2 * near + 2 * far)
    return image


def jpeg(image: Tensor, quality: Tensor) -> Tensor:
    """What JPEG leaves of an image [b, 3, s, s] (s a multiple of 16) at a `quality` [b] of 1..100, colour at half the
    resolution: the quantised cosine transform of its blocks (ITU-T T.81), without the coding."""
    ycc, rgb = torch.tensor(_YCC, device=image.device), torch.linalg.inv(torch.tensor(_YCC)).to(image.device)
    planes = torch.einsum("dc,bchw->bdhw", ycc, image)
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    light = _quantised(planes[:, :1] - 128, percent, _LUMINANCE) + 128
    colour = _quantised(F.avg_pool2d(planes[:, 1:], 2), percent, _CHROMINANCE)
    whole = torch.cat([light, F.interpolate(colour, scale_factor=2.0, mode="bilinear", align_corners=False)], 1)
    return torch.einsum("dc,bchw->bdhw", rgb, whole).clamp(0, 255)


def _quantised(planes: Tensor, percent: Tensor, table: Sequence[Sequence[int]]) -> Tensor:
    count, channels, height, width = planes.shape
    rows = [
        [math.sqrt((1 if k == 0 else 2) / 8) * math.cos((2 * n + 1) * k * math.pi / 16) for n in range(8)]
        for k in range(8)
    ]
    cosine = torch.tensor(rows, device=planes.device)
    scale = planes.new_tensor(table)[None] * percent[:, None, None] / 100
    steps = scale.round().clamp(1, 255)[:, None, None, None]
    blocks = planes.reshape(count, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    turned = cosine @ blocks @ cosine.T
    back = cosine.T @ ((turned / steps).round() * steps) @ cosine
    return back.transpose(3, 4).reshape(planes.shape)
