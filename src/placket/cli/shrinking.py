"""Photos made small on this machine before they are uploaded."""

import asyncio
import io
from pathlib import Path

from placket.domain.images import OWN_FILE
from placket.pictures import read_picture

_AT_ONCE = 2
"""A studio's TIFF holds hundreds of megabytes while it is decoded."""
_QUALITY = 92


class Shrinking:
    """Any format and size that is taken without a server becomes a JPEG (of a cut-out, a PNG) of what the networks
    see of it, upright and in sRGB: what it shows of garments is the same, and every server takes it."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def read(self, photo: Path) -> bytes:
        """Raises OSError, ImageError."""
        async with self._room:
            return await asyncio.to_thread(_shrunk, photo)


def _shrunk(photo: Path) -> bytes:
    import numpy as np
    from PIL import Image

    from placket.vision.decoding import decode

    picture = decode(read_picture(photo, OWN_FILE.max_bytes), OWN_FILE)
    out, small = io.BytesIO(), Image.fromarray(picture.pixels)
    if picture.opaque is None:
        small.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    else:
        small.putalpha(Image.fromarray(picture.opaque.astype(np.uint8) * 255))
        small.save(out, "PNG")
    return out.getvalue()
