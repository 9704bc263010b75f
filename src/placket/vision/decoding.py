"""A stranger's bytes to upright RGB pixels. What the bytes are is told by their content, never by a name.

Cheap checks come first: bytes, format, and the size in the header; only then is a pixel decoded.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from pi_heif.as_plugin import HeifImageFile
from PIL import GifImagePlugin, Image, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from placket.domain.errors import (
    ImageAspectRatio,
    ImageError,
    ImageFormatUnsupported,
    ImageTooManyBytes,
    ImageTooManyPixels,
    ImageTooSmall,
)
from placket.domain.images import ImageLimits, known_as
from placket.vision import gif_blocks, png_chunks
from placket.vision.file_kinds import called, sniff
from placket.vision.heif_items import read_items
from placket.vision.jpeg_markers import END, read_markers
from placket.vision.preprocessing import Mask, Pixels
from placket.vision.profiles import MOST_BYTES, in_srgb
from placket.vision.tiff_samples import grey_of_eight_bits, read_whole_values

LEAST_LONG_SIDE = 800
"""Large pictures are shrunk by a whole factor, to a long side of at least this and less than twice this: the networks
see 160 to 416 pixels, and a garment of a fifth of the photo still fills the encoder's crop."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_JPEG_SCALES = (8, 4, 2, 1)
_WHAT_MIGHT_FOLLOW = (b"\0", b"\xaa", b"\x55", b"\xff\0")
"""Bits of which each set makes other blocks, where blocks are missing."""
_LOST = 32
_AVIF_PIXELS = 16384 * 16384
"""So many libavif decodes, whatever size the file says that it has: some 0.6 GB. So one at a time."""
_HEIF_PIXELS = 3
"""So many times the pixels that are allowed may have to be decoded for one HEIC: a phone's grid has its tiles' and its
own, a map of opacity or of light beside it."""
_HEIF_HELD = 32 << 20
"""Bytes that its items may name beyond twice the file's own."""
_SMALL_QUALITY = 82
_HALF = 128
_BOMB_SENTENCE = "the image has far more pixels than any photo"
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """``pixels`` may be smaller than the photo; ``width`` and ``height`` are those of the upright photo itself.
    ``opaque``: of a cut-out, which pixels are at least half opaque; None where all are."""

    pixels: Pixels
    width: int
    height: int
    opaque: Mask | None = None


class PixelBudget:
    """Bounds the pixels that threads decode at once: a photo waits until there is room, one always has it."""

    def __init__(self, pixels: int) -> None:
        self._size = pixels
        self._free = pixels
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        share = min(pixels, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= share)
            self._free -= share
        try:
            yield
        finally:
            with self._changed:
                self._free += share
                self._changed.notify_all()


def decode(data: bytes, limits: ImageLimits, budget: PixelBudget | None = None) -> Picture:
    """Decode an image within ``limits``; transparent parts become white, an animation's first frame is taken.

    Raises ImageTooManyBytes, ImageFormatUnsupported (also for what is cut short or damaged), ImageTooManyPixels,
    ImageTooSmall, ImageAspectRatio.
    """
    if len(data) > limits.max_bytes:
        raise ImageTooManyBytes(f"the image has {len(data)} bytes, more than {limits.max_bytes}")
    name = sniff(data)
    if name not in limits.formats:
        raise ImageFormatUnsupported(f"{called(data)}; taken are {', '.join(sorted(map(known_as, limits.formats)))}")
    if name != "JPEG":
        return _read(data, name, limits, budget)
    markers = read_markers(data)
    if markers.simple and not markers.ended:
        return _whatever_follows(data, limits, budget)
    return _read(data, name, limits, budget, several_scans=markers.scans > 1)


def _whatever_follows(data: bytes, limits: ImageLimits, budget: PixelBudget | None) -> Picture:
    """A JPEG without the marker that ends it, as cameras and uploads that lose the last bytes leave it. All of its
    pixels are there, if what might have come before that marker makes no difference to them."""
    scan = data.rstrip(END[:1])
    first, *others = (_read(scan + bits * _LOST + END, "JPEG", limits, budget) for bits in _WHAT_MIGHT_FOLLOW)
    if any(not np.array_equal(first.pixels, other.pixels) for other in others):
        raise ImageFormatUnsupported("the JPEG cannot be decoded: it is truncated")
    return first


def _read(
    data: bytes, name: str, limits: ImageLimits, budget: PixelBudget | None, *, several_scans: bool = False
) -> Picture:
    pieces = _heif_pixels(data, limits) if name == "HEIF" else 0
    image = _open(data, name)
    width, height = image.size
    _check_size(width, height, limits)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        factor = max(s for s in _JPEG_SCALES if s <= _factor(width, height))
        image.draft(None, (max(1, width // factor), max(1, height // factor)))
    if budget is None:
        return _decoded(image, name, width, height)
    # Of a picture in several scans, every coefficient is held until the last, however small it is decoded.
    held = max(width * height if several_scans else image.width * image.height, pieces)
    with budget.hold(_AVIF_PIXELS if name == "AVIF" else held):
        return _decoded(image, name, width, height)


def small_file(image: Image.Image, limits: ImageLimits) -> tuple[bytes, int, int]:
    """A picture that Pillow has opened already, however it came about, as a file that is decoded to the same pixels at
    once; its width and height. Raises as :func:`decode`."""
    _check_size(*image.size, limits)
    small, width, height = _upright(image, image.format or f"picture of mode {image.mode}", *image.size)
    out = io.BytesIO()
    # From its pixels alone: a profile or a transparent colour that Pillow still knows of would be applied once more.
    Image.fromarray(np.asarray(small)).save(out, "PNG" if small.mode == "RGBA" else "BMP", compress_level=0)
    return out.getvalue(), width, height


def small_jpeg(picture: Picture, side: int) -> bytes:
    """The picture as a JPEG of at most ``side`` pixels a side, and no larger than it is."""
    image = Image.fromarray(picture.pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_SMALL_QUALITY, optimize=True)
    return out.getvalue()


def _open(data: bytes, name: str) -> Image.Image:
    profile = None
    if name == "PNG":
        data, profile = png_chunks.bare(data, MOST_BYTES)
    elif name == "GIF":
        data = gif_blocks.bare(data)
    try:
        # Not registered with Pillow: whoever has Placket in a process of their own may have chosen another reader.
        image = HeifImageFile(io.BytesIO(data)) if name == "HEIF" else Image.open(io.BytesIO(data), formats=(name,))
    except _BOMB:
        raise ImageTooManyPixels(_BOMB_SENTENCE) from None
    # Pillow's readers answer damaged headers with whatever exception happens first.
    except Exception as error:
        raise _unreadable(name, error) from None
    if profile is not None:
        image.info["icc_profile"] = profile
    return image


def _heif_pixels(data: bytes, limits: ImageLimits) -> int:
    """What has to be decoded for a HEIC, of which its own size is only a part. Raises ImageError."""
    try:
        items = read_items(data)
        pixels = items.to_decode()
    except ValueError as error:
        raise _unreadable("HEIF", error) from None
    most = _HEIF_PIXELS * limits.max_pixels
    if pixels > most:
        raise ImageTooManyPixels(f"the image is put together from {pixels} pixels, more than {most}")
    if items.held > 2 * len(data) + _HEIF_HELD:
        raise _unreadable("HEIF", ValueError("many of its items are the same bytes"))
    return pixels


def _unreadable(name: str, error: Exception) -> ImageFormatUnsupported:
    # An unidentified image's message carries an object's address instead of a reason.
    unidentified = isinstance(error, UnidentifiedImageError)
    reason = "its header is damaged, or it is of a rare kind" if unidentified else str(error).strip()[:200]
    return ImageFormatUnsupported(f"the {known_as(name)} cannot be decoded: {reason or type(error).__name__}")


def _check_size(width: int, height: int, limits: ImageLimits) -> None:
    if width * height > limits.max_pixels:
        raise ImageTooManyPixels(f"the image has {width} x {height} pixels, more than {limits.max_pixels} in all")
    short, long = sorted((width, height))
    if short < limits.min_side:
        raise ImageTooSmall(f"the image has {width} x {height} pixels; a side needs {limits.min_side}")
    if limits.max_aspect is not None and long > limits.max_aspect * short:
        raise ImageAspectRatio(f"the image has {width} x {height} pixels, more elongated than 1:{limits.max_aspect:g}")


def _factor(width: int, height: int) -> int:
    return max(1, max(width, height) // LEAST_LONG_SIDE)


def _decoded(image: Image.Image, name: str, width: int, height: int) -> Picture:
    return _on_white(*_upright(image, name, width, height))


def _upright(image: Image.Image, name: str, width: int, height: int) -> tuple[Image.Image, int, int]:
    """The picture shrunk, upright, RGB or RGBA in sRGB; its width and height before."""
    try:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            read_whole_values(image)
        image.load()
        if name == "HEIF" and image.size != (width, height):
            raise ValueError(f"it says {width} x {height} pixels and has {image.width} x {image.height}")
        turn = _TURNS.get(_orientation(image))
        small = _small(_eight_bits(image, name), image.info.get("icc_profile"))
    except _BOMB:
        raise ImageTooManyPixels(_BOMB_SENTENCE) from None
    except MemoryError:
        raise ImageTooManyPixels(f"{width} x {height} pixels are more than there is memory for") from None
    except ImageError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from None
    if turn is not None:
        small = small.transpose(turn)
        if turn in (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8]):
            width, height = height, width
    return small, width, height


def _on_white(small: Image.Image, width: int, height: int) -> Picture:
    if small.mode == "RGB":
        return Picture(np.asarray(small), width, height)
    alpha = small.getchannel("A")
    shown = Image.composite(small.convert("RGB"), Image.new("RGB", small.size, "white"), alpha)
    opaque = np.asarray(alpha) >= _HALF
    return Picture(np.asarray(shown), width, height, None if opaque.all() else opaque)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 when there is none or it cannot be read. TIFF and HEIF are upright once they are
    loaded.

    XMP's, which Pillow would go by, stays behind where a program turns the pixels; no browser heeds it.
    """
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        return int(exif.get(_ORIENTATION, 1))
    except Exception:
        return 1


def _eight_bits(image: Image.Image, name: str) -> Image.Image:
    """A picture of 8 bits a channel that can be shrunk: no palette, no 1-bit, no 16-bit values."""
    if image.mode.startswith("I;16"):
        return grey_of_eight_bits(image)
    if image.mode in ("I", "F"):
        raise ImageFormatUnsupported(f"the {name} has 32 bits a value; 8 and 16 are taken")
    # Adobe's programs, and Pillow after them, store CMYK in JPEG inverted; without their mark it is not.
    if image.mode == "CMYK" and name == "JPEG" and "adobe" not in image.info:
        image = Image.eval(image, lambda v: 255 - v)
    if isinstance(image, GifImagePlugin.GifImageFile) and "transparency" not in image.info:
        return _on_its_screen(image)
    # Windows' programs leave the fourth byte of a pixel empty, also where the header says that it tells the opacity.
    if image.mode == "RGBA" and name == "BMP" and image.getchannel("A").getextrema() == (0, 0):
        return image.convert("RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        return image.convert("RGBA")
    if image.mode == "PA":
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("1", "P") else image


def _on_its_screen(image: GifImagePlugin.GifImageFile) -> Image.Image:
    """The first picture of an animation may fill a part of the screen; the rest is transparent."""
    part = image.dispose_extent
    if part is None or part == (0, 0, *image.size):
        return image.convert("RGB")
    screen = Image.new("RGB", image.size, "white")
    screen.paste(image.crop(part).convert("RGB"), part[:2])
    return screen


def _small(image: Image.Image, profile: object) -> Image.Image:
    """Shrunk, then in sRGB: so nothing large is ever converted twice."""
    factor = _factor(*image.size)
    if factor > 1:
        image = image.reduce(factor)
    if image.mode not in ("LA", "RGBA", "La", "RGBa"):
        return in_srgb(image, profile)
    grey = image.mode in ("LA", "La")
    image = image.convert("LA" if grey else "RGBA")
    small = in_srgb(image.convert("L" if grey else "RGB"), profile)
    small.putalpha(image.getchannel("A"))
    return small
