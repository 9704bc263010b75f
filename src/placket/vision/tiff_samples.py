"""Values of a TIFF that Pillow takes for others without a word: their halves, a negative, or 16 bits where 12 are."""

import numpy as np
from PIL import Image, TiffImagePlugin

_BITS = 258
_PHOTOMETRIC = 262
_WHITE_IS_ZERO = 0
_PLANES = tuple("RGBACMYK")


def read_whole_values(image: TiffImagePlugin.TiffImageFile) -> None:
    """Has uncompressed planes of 16 bits, which Photoshop writes "per channel", read as such; it is not loaded yet."""
    if image.tag_v2.get(_BITS, (8,))[0] != 16:
        return
    order = "L" if image.tag_v2.prefix == b"II" else "B"
    image.tile = [
        tile._replace(args=(f"{tile.args[0]};16{order}", *tile.args[1:]))
        if tile.codec_name == "raw" and isinstance(tile.args, tuple) and tile.args[0] in _PLANES
        else tile
        for tile in image.tile
    ]


def grey_of_eight_bits(image: Image.Image) -> Image.Image:
    """A grey picture of mode I;16, of a TIFF or not, in 8 bits."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    bits = tags.get(_BITS, (16,))[0]
    values = (np.asarray(image).astype(np.uint16) >> (bits - 8)).astype(np.uint8)
    return Image.fromarray(255 - values if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else values)
