"""Pictures made worse, many at once, on the device that trains: `worse.py`, without PIL."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from placket.training.gallery import jpeg, saturate, tone
from placket.training.worse import MOST_SHAKEN, MOST_WORDS, drawn_changes, words_over

Random = np.random.Generator
Change = Callable[[Tensor, NDArray[np.float32], Random], Tensor]
_SIZES = 6
"""Of all the sizes that pictures are shrunk to, this many a batch: those of one size are scaled together."""
_REACH = 8
_LAYERS, _LAYER = 64, (192, 192)
"""Layers of words by how many there are on them, and their size: drawn once, laid over pictures again and again."""


class Worsener:
    """Changes pictures [b, 3, s, s], 0..255, float, s a multiple of 16."""

    def __init__(self, device: torch.device, rng: Random) -> None:
        layers = [words_over(*_LAYER, rng, count + 1) for count in range(MOST_WORDS) for _ in range(_LAYERS)]
        stacked = np.stack([np.asarray(layer) for layer in layers]).transpose(0, 3, 1, 2)
        self._layers = torch.from_numpy(stacked.copy()).to(device)
        self._changes: dict[str, Change] = {
            "fewer pixels": _shrunk,
            "blur": lambda image, how, _: filtered(image, [gaussian(float(radius)) for radius in how[:, 0]]),
            "shake": lambda image, how, _: filtered(image, [motion(float(n), float(a)) for n, a in how]),
            "light": _lit,
            "no colour": lambda image, _, __: saturate(image, image.new_zeros(len(image))),
            "grain": _grainy,
            "words": self._marked,
            "JPEG": lambda image, how, _: jpeg(image, _put(how[:, 0], image)),
        }

    def __call__(self, image: Tensor, rng: Random) -> Tensor:
        """Each picture after what was drawn for it."""
        image = image.clone()
        drawn = [drawn_changes(rng) for _ in range(len(image))]
        for name, change in self._changes.items():
            rows = [row for row, changes in enumerate(drawn) if name in changes]
            if rows:
                how = np.array([drawn[row][name] for row in rows], np.float32)
                image[rows] = change(image[rows], how, rng).clamp(0, 255)
        return image

    def _marked(self, image: Tensor, how: NDArray[np.float32], rng: Random) -> Tensor:
        which = (how[:, 0].astype(int) - 1) * _LAYERS + rng.integers(0, _LAYERS, len(image))
        layer = self._layers[torch.from_numpy(which).to(image.device)].float()
        if layer.shape[-1] != image.shape[-1]:
            layer = F.interpolate(layer, image.shape[-2:], mode="bilinear", antialias=True)
        cover = layer[:, 3:] / 255
        return image * (1 - cover) + layer[:, :3] * cover


def _put(values: NDArray[np.float32], like: Tensor) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values)).to(like.device)


def _shrunk(image: Tensor, how: NDArray[np.float32], rng: Random) -> Tensor:
    """Made smaller by the nearest of a few of the factors [b, 1] drawn, and as large as before."""
    factors = how[rng.choice(len(how), min(_SIZES, len(how)), replace=False), 0]
    nearest = np.abs(how - factors[None]).argmin(1)
    side, out = image.shape[-1], image.clone()
    for number, factor in enumerate(factors):
        rows = np.flatnonzero(nearest == number)
        small = max(1, round(side / float(factor)))
        fewer = F.interpolate(image[rows], (small, small), mode="bilinear", antialias=True)
        out[rows] = F.interpolate(fewer, (side, side), mode="bilinear")
    return out


def _lit(image: Tensor, how: NDArray[np.float32], _: Random) -> Tensor:
    gamma, gain = _put(how[:, 0], image), _put(how[:, 1:2] * how[:, 2:], image)
    return tone(image, gamma, gain, torch.zeros_like(gamma))


def _grainy(image: Tensor, how: NDArray[np.float32], rng: Random) -> Tensor:
    noise = torch.Generator(image.device).manual_seed(int(rng.integers(2**62)))
    grain = torch.randn(image.shape, generator=noise, device=image.device)
    return image + grain * _put(how[:, 0], image)[:, None, None, None]


def gaussian(radius: float) -> NDArray[np.float32]:
    """The kernel [17, 17] of a blur with this standard deviation in pixels, at most 2.6 or so."""
    at = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / radius) ** 2)
    kernel: NDArray[np.float32] = (np.outer(at, at) / at.sum() ** 2).astype(np.float32)
    return kernel


def motion(length: float, angle: float) -> NDArray[np.float32]:
    """The kernel [17, 17] of a camera that moved `length` pixels, at most 14, in this direction."""
    assert length <= MOST_SHAKEN
    steps = np.linspace(-length / 2, length / 2, max(2, round(length)))
    kernel = np.zeros((2 * _REACH + 1, 2 * _REACH + 1), np.float32)
    rows, columns = np.round(steps * np.sin(angle)).astype(int), np.round(steps * np.cos(angle)).astype(int)
    np.add.at(kernel, (_REACH + rows, _REACH + columns), 1 / len(steps))
    return kernel


def filtered(image: Tensor, kernels: Sequence[NDArray[np.float32]]) -> Tensor:
    """Each picture of [b, 3, s, s] through its own kernel; beyond the edge the edge goes on."""
    count, channels, *_ = image.shape
    weight = torch.from_numpy(np.stack(kernels)).to(image.device).repeat_interleave(channels, 0)[:, None]
    wide = F.pad(image, (_REACH,) * 4, mode="replicate")
    seen = F.conv2d(wide.reshape(1, count * channels, *wide.shape[2:]), weight, groups=count * channels)
    return seen.reshape(image.shape)
