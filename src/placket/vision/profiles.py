"""Colours that a picture tells in another space than sRGB, by an embedded ICC profile, in sRGB.

Phones photograph in Display P3 and print shops deliver CMYK. Names of colours, hex codes and the networks know sRGB.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_CLASSES = ("mntr", "scnr", "prtr", "spac")
"""Of monitors, cameras, printers and spaces. Links of two devices and named colours are no picture's space."""

MOST_BYTES = 4 << 20
"""The largest that print shops use, of CMYK with fine tables, have less than three million bytes."""

_ENDLESS = b"mpet"
"""A chain of floating-point steps, which may name one step a hundred thousand times. A camera has no use for it."""

_NO_DIFFERENCE = 2
"""Profiles of sRGB itself, which most pictures carry that carry any, round its curve their own way."""


def in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """A picture of mode L, RGB or CMYK as RGB in sRGB, white as white.

    ``profile`` are an ICC profile's bytes. One that is absent, damaged or of another kind of picture counts as none:
    the numbers are then taken for sRGB, as browsers do.
    """
    if isinstance(profile, bytes) and image.mode in _MODES.values():
        transform = _transform(profile, image.mode)
        if transform is not None:
            return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    if len(profile) > MOST_BYTES or _ENDLESS in profile:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        said = source.profile
        if _MODES.get(said.xcolor_space) != mode or said.device_class not in _CLASSES:
            return None
        transform = ImageCms.ImageCmsTransform(
            source,
            srgb,
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    # A damaged profile is answered with whatever exception happens first.
    except Exception:
        return None
    return None if _is_srgb(transform, mode) else transform


def _is_srgb(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether ``transform`` leaves colours as they are, so that pictures need not pay for it."""
    if mode == "CMYK":
        return False
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(18, -1, 3)
    image = Image.fromarray(colours) if mode == "RGB" else Image.fromarray(colours[..., 0])
    changed = np.asarray(transform.apply(image)).astype(int) - np.asarray(image.convert("RGB"))
    return bool(np.abs(changed).max() <= _NO_DIFFERENCE)
