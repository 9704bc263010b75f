"""Whatever stands for a picture, as bytes that the vision processes take."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from placket.domain.errors import ImageFormatUnsupported
from placket.domain.images import ImageLimits
from placket.pictures import read_picture

if TYPE_CHECKING:
    from PIL import Image

ImageLike: TypeAlias = Union[str, os.PathLike[str], bytes, bytearray, memoryview, "Image.Image", NDArray[np.uint8]]
"""A file's path, a file's bytes, a picture of Pillow, or an array of uint8: height x width (grey), x 3 (RGB) or x 4
(RGBA)."""


@dataclass(frozen=True, slots=True)
class Given:
    """``size``: width and height of the picture, where those of ``data`` are not."""

    data: bytes
    limits: ImageLimits
    size: tuple[int, int] | None = None


def path_of(image: ImageLike) -> str:
    """What a result calls it; empty unless it is a path."""
    return os.fspath(image) if isinstance(image, str | os.PathLike) else ""


def given(image: ImageLike, limits: ImageLimits) -> Given:
    """Raises OSError, ImageError; TypeError for what stands for no picture."""
    if isinstance(image, str | os.PathLike):
        if str(image).lower().startswith(("http://", "https://")):
            raise ValueError(f"nothing is fetched from Python: download {image} and give its bytes")
        return Given(read_picture(Path(image), limits.max_bytes), limits)
    if isinstance(image, bytes | bytearray | memoryview):
        return Given(bytes(image), limits)
    return _in_memory(image, limits)


def _in_memory(image: object, limits: ImageLimits) -> Given:
    """Pixels: shrunk here as a file's are where it is decoded, so that few go through the pipe."""
    from PIL import Image

    from placket.vision.decoding import small_file

    if isinstance(image, np.ndarray):
        image = _pillow(image)
    if not isinstance(image, Image.Image):
        raise TypeError(
            "a picture is a path, bytes, a PIL image or a NumPy array of uint8 (height x width, x 3 or x 4), not "
            f"{type(image).__module__}.{type(image).__qualname__}"
        )
    data, width, height = small_file(image, limits)
    return Given(data, ImageLimits(frozenset({"BMP", "PNG"}), len(data)), (width, height))


def _pillow(array: "NDArray[np.generic]") -> "Image.Image":
    from PIL import Image

    right = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if array.dtype != np.uint8 or not right or 0 in array.shape:
        raise ImageFormatUnsupported(
            f"an array is uint8, of height x width (grey), x 3 (RGB) or x 4 (RGBA); this one is {array.dtype} of "
            f"{' x '.join(map(str, array.shape))}"
        )
    return Image.fromarray(np.ascontiguousarray(array))
