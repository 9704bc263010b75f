"""Colours told by an embedded profile: phones' Display P3, print shops' CMYK, and profiles that are none."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from placket.vision.decoding import decode
from tests.support import profiles
from tests.support.photos import encoded, scene
from tests.unit.vision.pictures import EVERY, near


def seen(mode: str, colour: object, profile: bytes, format: str = "PNG", **options: object) -> np.ndarray:
    image = Image.new(mode, (32, 32), colour)
    return decode(encoded(image, format, icc_profile=profile, **options), EVERY).pixels[16, 16]


@pytest.mark.parametrize("format", ["AVIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_a_phones_red_is_the_red_that_it_saw(format: str) -> None:
    near(seen("RGB", (234, 51, 35), profiles.display_p3(), format), (255, 0, 0), 8)


@pytest.mark.parametrize("profile", [profiles.display_p3(), profiles.adobe_rgb()])
def test_white_grey_and_black_stay(profile: bytes) -> None:
    for value in (0, 255):
        near(seen("RGB", (value,) * 3, profile), (value,) * 3, 1)
    red, green, blue = (int(v) for v in seen("RGB", (128, 128, 128), profile))
    assert max(red, green, blue) - min(red, green, blue) <= 1


def test_adobe_rgb() -> None:
    near(seen("RGB", (219, 0, 0), profiles.adobe_rgb()), (255, 0, 0), 2)


def test_a_palette_with_a_profile() -> None:
    image = Image.new("P", (32, 32), 0)
    image.putpalette([234, 51, 35])
    data = encoded(image, "PNG", icc_profile=profiles.display_p3())
    near(decode(data, EVERY).pixels[16, 16], (255, 0, 0), 2)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_with_a_curve_of_its_own(mode: str) -> None:
    # 128 of 255 at a gamma of 1.8 is 0.289 of the light: 146 by the curve of sRGB.
    near(seen(mode, (128, 255)[: len(mode)] if mode == "LA" else 128, profiles.grey(1.8)), (146,) * 3, 1)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_printed_cyan_is_not_a_neon_light(format: str) -> None:
    options = {"quality": 95} if format == "JPEG" else {}
    near(seen("CMYK", (0, 0, 0, 0), profiles.printed(), format, **options), (255, 255, 255), 1)
    near(seen("CMYK", (255, 0, 0, 0), profiles.printed(), format, **options), (0, 151, 218), 4)


def test_transparent_parts_are_white_with_a_profile_too() -> None:
    near(seen("RGBA", (234, 51, 35, 0), profiles.display_p3()), (255, 255, 255), 0)
    near(seen("RGBA", (234, 51, 35, 255), profiles.display_p3()), (255, 0, 0), 2)
    near(seen("RGBA", (234, 51, 35, 128), profiles.display_p3()), (255, 127, 127), 2)


def test_a_large_photo_is_shrunk_and_turned_as_without() -> None:
    image = scene(2000, 1200)
    exif = Image.Exif()
    exif[0x0112] = 6
    plain, told = (
        decode(encoded(image, "JPEG", exif=exif, quality=95, **options), EVERY)
        for options in ({}, {"icc_profile": profiles.display_p3()})
    )
    assert (told.width, told.height, told.pixels.shape) == (plain.width, plain.height, plain.pixels.shape)
    assert np.abs(told.pixels.astype(int) - plain.pixels).mean() > 1


# --- profiles that count as none


def ordinary(mode: str, profile: bytes) -> bool:
    image = scene(48, 32).convert(mode)
    with_it, without = (decode(encoded(image, "PNG", **o), EVERY).pixels for o in ({"icc_profile": profile}, {}))
    return bool((with_it == without).all())


def test_srgb_itself_changes_nothing() -> None:
    assert ordinary("RGB", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert ordinary("RGB", profiles.plain_srgb())


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("RGB", b"no profile at all"),
        ("RGB", profiles.display_p3()[:200]),
        ("RGB", profiles.grey(1.8)),
        ("L", profiles.display_p3()),
        ("RGB", profiles.printed()),
        ("RGB", profiles.display_p3().replace(b"mntr", b"link")),
        ("RGB", profiles.display_p3() + b"mpet"),
    ],
    ids=["noise", "cut off", "grey's", "colour's", "inks'", "of two devices", "a chain without an end"],
)
def test_a_profile_of_something_else_is_as_none(mode: str, profile: bytes) -> None:
    assert ordinary(mode, profile)


def test_a_profile_of_five_million_bytes_is_as_none() -> None:
    data = encoded(scene(48, 32), "TIFF", icc_profile=profiles.display_p3() + bytes(5_000_000))
    assert (decode(data, EVERY).pixels == np.asarray(scene(48, 32))).all()


@given(st.sampled_from([profiles.display_p3(), profiles.printed(), profiles.grey(2.2)]), st.data())
def test_a_damaged_profile_loses_no_picture(profile: bytes, data: st.DataObject) -> None:
    damaged = bytearray(profile)
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    mode = {b"RGB ": "RGB", b"CMYK": "CMYK", b"GRAY": "L"}[profile[16:20]]
    out = io.BytesIO()
    Image.new(mode, (16, 16), 90 if mode == "L" else None).save(out, "TIFF", icc_profile=bytes(damaged))
    assert decode(out.getvalue(), EVERY).pixels.shape == (16, 16, 3)
