"""Every kind of picture that a stranger may send: formats, colours, orientations."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from placket.domain.errors import ImageFormatUnsupported
from placket.domain.images import AI_FASHION
from placket.vision.decoding import decode
from placket.vision.file_kinds import sniff
from tests.support.photos import encoded
from tests.unit.vision.pictures import CORNERS, EVERY, corners, near, png, png_chunk, quarters, tiff

# --- formats


@pytest.mark.parametrize("format", sorted(EVERY.formats))
def test_every_format_is_told_by_its_content(format: str) -> None:
    exact: dict[str, dict[str, Any]] = {
        "WEBP": {"lossless": True},
        "HEIF": {"quality": -1, "chroma": 444},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    data = encoded(quarters(), format, **exact.get(format, {}))
    assert sniff(data) == format
    picture = decode(data, EVERY)
    assert (picture.width, picture.height) == (80, 48)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == (48, 80, 3)
    near(corners(picture.pixels), CORNERS)


@pytest.mark.parametrize("format", ["AVIF", "BMP", "HEIF", "TIFF", "WEBP"])
def test_a_format_that_the_api_does_not_take(format: str) -> None:
    called = "HEIC" if format == "HEIF" else format
    with pytest.raises(ImageFormatUnsupported, match=f"the image is {called}; taken are GIF, JPEG, PNG"):
        decode(encoded(quarters(), format), AI_FASHION)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no bytes"),
        (b"<!doctype html><title>404</title>", "HTML"),
        (b"  \n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x20ftypheic" + bytes(40), "the HEIC cannot be decoded"),
        (b"\0\0\0\x18ftypMiHB\0\0\0\0mif1heic" + bytes(40), "the HEIC cannot be decoded"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(40), "the AVIF cannot be decoded"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1jpeg" + bytes(40), "HEIF of a rare kind"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x08wide", "a video"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(40), "a video"),
        (b"\0\0\0\x08wide\0\1\0\0mdat", "a video"),
        (b"\x1a\x45\xdf\xa3" + bytes(40), "a video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"data:image/jpeg;base64,/9j/4AAQSkZJRg==", "data: URL"),
        (b"/9j/4AAQSkZJRg==", "base64"),
        (b"[object Object]", "but text"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF".decode("latin-1").encode(), "made text"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF".decode("utf-8", "replace").encode(), "made text"),
        (b"\x89PNG\r\n\x1a\n".decode("latin-1").encode(), "made text"),
        (b"\x89PNG\r\n\x1a\n".decode("utf-8", "replace").encode(), "made text"),
        (b"%PDF-1.7", "no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no image"),
        (bytes(1000), "no image"),
    ],
)
def test_no_image_at_all(data: bytes, said: str) -> None:
    with pytest.raises(ImageFormatUnsupported, match=said):
        decode(data, EVERY)


def test_a_phones_multi_picture_jpeg_is_a_jpeg() -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[quarters()])
    near(corners(decode(data, AI_FASHION).pixels), CORNERS, 12)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "TIFF", "PNG"])
def test_the_first_frame_of_an_animation(format: str) -> None:
    frames = [Image.new("RGB", (40, 30), c) for c in ((200, 30, 40), (10, 10, 10), (0, 0, 250))]
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    picture = decode(data, EVERY)
    assert picture.pixels.shape == (30, 40, 3)
    near(picture.pixels[15, 20], (200, 30, 40))


_RED = (b"\0" + bytes([200, 30, 40]) * 8) * 8


@pytest.mark.parametrize(
    "more",
    [
        png_chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(bytes(3_000_000))),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(3_000_000))),
        png_chunk(b"iCCP", b"screen\0\0" + zlib.compress(bytes(1_500_000))),
        png_chunk(b"iCCP", b"screen\0\0no zlib"),
        png_chunk(b"tEXt", b"Software\0x")[:-1] + b"?",
        png_chunk(b"eXIf", b"MM\0*")[:-1] + b"?",
        png_chunk(b"pHYs", b"\0"),
        png_chunk(b"acTL", b"\0"),
    ],
    ids=["history", "compressed-xmp", "large-profile", "no-profile", "checksum", "exif-checksum", "short", "animation"],
)
def test_what_lies_beside_the_picture_in_a_png_is_no_reason_to_refuse_it(more: bytes) -> None:
    pixels = decode(png(8, 8, more=more, data=_RED), AI_FASHION).pixels
    assert (pixels == (200, 30, 40)).all()


def test_a_png_that_goes_on_after_its_end() -> None:
    assert (decode(png(8, 8, data=_RED) + b"<!-- cached -->", AI_FASHION).pixels == (200, 30, 40)).all()


# --- colours


@pytest.mark.parametrize("format", ["AVIF", "HEIF", "PNG"])
def test_transparent_parts_become_white(format: str) -> None:
    image = quarters().convert("RGBA")
    image.putalpha(Image.fromarray(np.repeat([[255] * 40 + [0] * 40], 48, 0).astype(np.uint8)))
    pixels = decode(encoded(image, format, quality=95), EVERY).pixels
    near(corners(pixels), [CORNERS[0], (255, 255, 255), CORNERS[2], (255, 255, 255)], 12)


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("size", [(80, 48), (2400, 1440)])
def test_of_a_cut_out_it_is_kept_what_is_opaque(size: tuple[int, int], orientation: int) -> None:
    image = quarters(*size).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").rotate(90).resize(size))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(image, "PNG", exif=exif), EVERY)
    assert picture.opaque is not None
    assert picture.opaque.shape == picture.pixels.shape[:2]
    assert picture.opaque.mean() == pytest.approx(0.5, abs=0.02)
    upright = np.rot90(picture.opaque, {1: 0, 3: 2, 6: 1}[orientation])
    assert (upright == upright[:1]).all()
    assert upright[0, 0] == (image.getpixel((0, 0))[3] > 127) != upright[0, -1]


@pytest.mark.parametrize("opacity", [128, 255])
def test_what_is_opaque_everywhere_is_no_cut_out(opacity: int) -> None:
    assert decode(encoded(Image.new("RGBA", (30, 20), (9, 9, 9, opacity)), "PNG"), EVERY).opaque is None
    assert decode(encoded(quarters(), "JPEG"), EVERY).opaque is None


def test_half_transparent_black_is_grey() -> None:
    image = Image.new("RGBA", (30, 30), (0, 0, 0, 128))
    near(decode(encoded(image, "PNG"), EVERY).pixels[15, 15], (127, 127, 127), 1)


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_a_colour_that_stands_for_transparency(mode: str) -> None:
    image = Image.new("L", (30, 20), 0)
    image.paste(255, (0, 0, 15, 20))
    image = image.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE) if mode == "P" else image.convert(mode)
    black = {"P": image.getpixel((20, 10)), "L": 0, "RGB": (0, 0, 0), "1": 0}[mode]
    pixels = decode(encoded(image, "PNG", transparency=black), EVERY).pixels
    near(pixels[10, 20], (255, 255, 255))


def test_grey_with_alpha() -> None:
    image = Image.new("LA", (30, 20), (60, 255))
    image.paste((60, 0), (15, 0, 30, 20))
    pixels = decode(encoded(image, "PNG"), EVERY).pixels
    near(pixels[10, 5], (60, 60, 60))
    near(pixels[10, 25], (255, 255, 255))


def test_a_transparent_gif() -> None:
    image = Image.new("P", (30, 20), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (15, 0, 30, 20))
    pixels = decode(encoded(image, "GIF", transparency=1), EVERY).pixels
    near(pixels[10, 5], (255, 0, 0))
    near(pixels[10, 25], (255, 255, 255))


def test_a_gif_whose_first_picture_fills_a_part_of_the_screen() -> None:
    image = Image.new("P", (30, 20), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    data = bytearray(encoded(image, "GIF"))
    data[6:10] = struct.pack("<2H", 60, 50)
    at = data.index(b",", 13)
    data[at + 1 : at + 5] = struct.pack("<2H", 20, 10)
    pixels = decode(bytes(data), AI_FASHION).pixels
    assert pixels.shape == (50, 60, 3)
    assert pixels[20, 30].tolist() == [255, 0, 0]
    assert (pixels[[5, 45, 20, 20], [30, 30, 10, 55]] == 255).all()


@pytest.mark.parametrize(
    ("opacity", "seen"), [(bytes(64), (200, 30, 40)), (bytes(63) + b"\xff", (255, 255, 255))], ids=["never", "once"]
)
def test_a_bmp_whose_opacity_was_never_written(opacity: bytes, seen: tuple[int, ...]) -> None:
    pixels = b"".join(bytes([40, 30, 200, a]) for a in opacity)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 108, 8, 8, 1, 32, 3, len(pixels), 2835, 2835, 0, 0) + masks
    data = b"BM" + struct.pack("<IHHI", 122 + len(pixels), 0, 0, 122) + head.ljust(108, b"\0") + pixels
    assert decode(data, EVERY).pixels[4, 4].tolist() == list(seen)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(format: str) -> None:
    options = {"quality": 95} if format == "JPEG" else {}
    data = encoded(quarters().convert("CMYK"), format, **options)
    near(corners(decode(data, EVERY).pixels), CORNERS, 12)


def test_cmyk_without_adobes_mark_is_not_inverted() -> None:
    inks = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    data = encoded(Image.eval(inks, lambda v: 255 - v), "JPEG", quality=95)
    start = data.index(b"\xff\xee")
    assert data[start + 4 : start + 9] == b"Adobe"
    bare = data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]
    near(decode(bare, EVERY).pixels[16, 16], (255, 0, 0), 8)


def test_sixteen_bit_grey() -> None:
    values = np.linspace(0, 65535, 64 * 32).astype(np.uint16).reshape(32, 64)
    for format in ("PNG", "TIFF"):
        pixels = decode(encoded(Image.fromarray(values), format), EVERY).pixels
        assert (pixels == (values >> 8)[..., None]).all(), format


def test_big_endian_sixteen_bit_tiff() -> None:
    data = tiff(8, 8, np.full((8, 8), 0x8040, ">u2").tobytes(), bits=16, order=">")
    assert (decode(data, EVERY).pixels == 0x80).all()


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_colour_in_planes(order: str) -> None:
    """As Photoshop writes "per channel"."""
    planes = b"".join(np.full(64, value << 8, f"{order}u2").tobytes() for value in (200, 30, 40))
    data = tiff(8, 8, planes, bits=16, order=order, kind=2, planes=3)
    assert (decode(data, EVERY).pixels == (200, 30, 40)).all()


def test_sixteen_bits_of_which_zero_is_white() -> None:
    data = tiff(8, 8, np.full((8, 8), 0x2000, "<u2").tobytes(), bits=16, kind=0)
    assert (decode(data, EVERY).pixels == 0xDF).all()


def test_twelve_bit_grey() -> None:
    data = tiff(8, 8, bytes([0x80, 0x08, 0x00]) * 32, bits=12)
    assert (decode(data, EVERY).pixels == 0x80).all()


def test_sixteen_bit_colour() -> None:
    row = b"\0" + struct.pack(">3H", 0xC800, 0x1E00, 0x2800) * 8
    assert (decode(png(8, 8, depth=16, data=row * 8), EVERY).pixels == (0xC8, 0x1E, 0x28)).all()


def test_a_jpeg_of_twelve_bits_is_not_told_to_be_damaged_alone() -> None:
    data = bytearray(encoded(quarters()))
    data[data.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(ImageFormatUnsupported, match="rare kind"):
        decode(bytes(data), EVERY)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_thirty_two_bits_are_refused(mode: str) -> None:
    with pytest.raises(ImageFormatUnsupported, match="32 bits"):
        decode(encoded(Image.new(mode, (8, 8)), "TIFF"), EVERY)


def test_black_and_white() -> None:
    image = Image.new("1", (16, 16), 1)
    image.paste(0, (8, 0, 16, 16))
    pixels = decode(encoded(image, "PNG"), EVERY).pixels
    assert pixels[4, 2].tolist() == [255] * 3
    assert pixels[4, 12].tolist() == [0] * 3


# --- orientation


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_put_upright(format: str, orientation: int) -> None:
    upright = quarters(80, 48)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {} if format in ("PNG", "TIFF") else {"quality": 95}
    picture = decode(encoded(stored, format, exif=exif.tobytes(), **options), EVERY)
    assert (picture.width, picture.height) == (80, 48)
    near(corners(picture.pixels), CORNERS, 12)


@pytest.mark.parametrize("format", ["HEIF", "AVIF"])
def test_a_heif_is_turned_by_its_own_box_and_not_once_more_by_its_exif(format: str) -> None:
    """ISO/IEC 23008-12: readers turn by the transformative properties alone. Phones write both."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = quarters(80, 48).transpose(Image.Transpose.ROTATE_90)
    turned = encoded(stored, format, exif=exif.tobytes(), quality=95)
    at = turned.index(b"irot") + 4
    unturned = turned[:at] + b"\0" + turned[at + 1 :]
    near(corners(decode(turned, EVERY).pixels), CORNERS, 12)
    picture = decode(unturned, EVERY)
    assert (picture.width, picture.height) == (48, 80)
    near(corners(picture.pixels), corners(np.asarray(stored)), 12)


def test_a_turned_compressed_tiff() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(quarters(80, 48).transpose(Image.Transpose.ROTATE_90), "TIFF", exif=exif, compression="tiff_lzw")
    picture = decode(data, EVERY)
    assert (picture.width, picture.height) == (80, 48)
    near(corners(picture.pixels), CORNERS)


def test_damaged_exif_is_no_reason_to_refuse() -> None:
    data = encoded(quarters(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + bytes(20))
    near(corners(decode(data, EVERY).pixels), CORNERS, 12)


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
@pytest.mark.parametrize("density", [{}, {"dpi": (72, 72)}])
def test_an_orientation_left_behind_in_xmp_turns_nothing(format: str, density: dict[str, object]) -> None:
    """A program that turned the pixels and took the note out of EXIF."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    data = encoded(quarters(), format, quality=95, exif=exif, xmp=b'<rdf:Description tiff:Orientation="6"/>', **density)
    picture = decode(data, EVERY)
    assert (picture.width, picture.height) == (80, 48)
    near(corners(picture.pixels), CORNERS, 40)
