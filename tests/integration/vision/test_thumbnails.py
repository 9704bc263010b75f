"""Photos made small, where they cannot hurt the server."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from placket.domain.errors import ImageFormatUnsupported, ImageTooManyBytes, ImageTooManyPixels, VisionCrashed
from placket.domain.images import ImageLimits
from placket.vision import VisionPool
from placket.vision.protocol import BrokenFrame, Frame, Kind, decode_picture
from tests.integration.vision.conftest import misbehave

MakePool = Callable[..., VisionPool]
LIMITS = ImageLimits(frozenset({"PNG", "JPEG"}), max_bytes=2_000_000, max_pixels=4_000_000)


def png(width: int, height: int, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "PNG", **options)
    return out.getvalue()


def size_of(jpeg: bytes) -> tuple[int, int]:
    image = Image.open(io.BytesIO(jpeg), formats=("JPEG",))
    assert image.mode == "RGB"
    return image.size


async def test_a_photo_is_made_small_upright_and_never_larger(make_pool: MakePool) -> None:
    pool = make_pool()
    assert size_of(await pool.thumbnail(png(1000, 500), limits=LIMITS, side=320)) == (320, 160)
    assert size_of(await pool.thumbnail(png(100, 50), limits=LIMITS, side=320)) == (100, 50)
    assert size_of(await pool.thumbnail(png(400, 400, "RGBA"), limits=LIMITS, side=160)) == (160, 160)
    turned = Image.Exif()
    turned[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (400, 200)).save(out, "JPEG", exif=turned)
    assert size_of(await pool.thumbnail(out.getvalue(), limits=LIMITS, side=100)) == (50, 100)


async def test_limits_hold(make_pool: MakePool) -> None:
    pool = make_pool()
    for image, error in (
        (b"<html>", ImageFormatUnsupported),
        (png(2001, 2000), ImageTooManyPixels),
        (bytes(LIMITS.max_bytes + 1), ImageTooManyBytes),
    ):
        with pytest.raises(error):
            await pool.thumbnail(image, limits=LIMITS, side=160)
    assert size_of(await pool.thumbnail(png(2000, 2000), limits=LIMITS, side=160)) == (160, 160)


async def test_a_photo_that_crashes_the_decoder_fails_alone(make_pool: MakePool) -> None:
    pool = make_pool()
    with pytest.raises(VisionCrashed):
        await pool.thumbnail(misbehave("abort"), limits=LIMITS, side=160)
    assert size_of(await pool.thumbnail(png(200, 200), limits=LIMITS, side=160)) == (160, 160)


def test_a_child_cannot_pass_anything_else_for_a_picture() -> None:
    with pytest.raises(BrokenFrame):
        decode_picture(Frame(Kind.PICTURE, 1, blob=b"<svg onload=alert(1)>"))
