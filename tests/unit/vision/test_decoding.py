"""Every kind of picture that a stranger may send."""

import contextlib
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from placket.domain.errors import (
    ImageAspectRatio,
    ImageFormatUnsupported,
    ImageTooManyBytes,
    ImageTooManyPixels,
    ImageTooSmall,
)
from placket.domain.images import AI_FASHION, TAGGER, ImageLimits
from placket.vision.decoding import PixelBudget, decode, sniff
from tests.support.photos import drawn, encoded, scene

EVERY = ImageLimits(TAGGER.formats, max_bytes=50_000_000)
CORNERS = ((255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 255, 0))
"""Top left, top right, bottom left, bottom right."""


def quarters(width: int = 80, height: int = 48) -> Image.Image:
    pixels = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    pixels[:h, :w], pixels[:h, w:], pixels[h:, :w], pixels[h:, w:] = CORNERS
    return Image.fromarray(pixels)


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    h, w = pixels.shape[:2]
    return [tuple(int(v) for v in pixels[y, x]) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]


def near(found: object, wanted: object, by: int = 6) -> None:
    difference = np.abs(np.asarray(found, int) - np.asarray(wanted, int)).max()
    assert difference <= by, f"{found} is not {wanted}"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, colour: int = 2, *, more: bytes = b"", data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", head) + more + png_chunk(b"IDAT", zlib.compress(data)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


# --- formats


@pytest.mark.parametrize("format", sorted(EVERY.formats))
def test_every_format_is_told_by_its_content(format: str) -> None:
    data = encoded(quarters(), format, **({"lossless": True} if format == "WEBP" else {}))
    assert sniff(data) == format
    picture = decode(data, EVERY)
    assert (picture.width, picture.height) == (80, 48)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == (48, 80, 3)
    near(corners(picture.pixels), CORNERS)


@pytest.mark.parametrize("format", ["BMP", "TIFF", "WEBP"])
def test_a_format_that_the_api_does_not_take(format: str) -> None:
    with pytest.raises(ImageFormatUnsupported, match=f"the image is {format}; taken are GIF, JPEG, PNG"):
        decode(encoded(quarters(), format), AI_FASHION)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no bytes"),
        (b"<!doctype html><title>404</title>", "HTML"),
        (b"  \n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x20ftypheic" + bytes(40), "HEIC"),
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


# --- colours


def test_transparent_parts_become_white() -> None:
    image = quarters().convert("RGBA")
    image.putalpha(Image.fromarray(np.repeat([[255] * 40 + [0] * 40], 48, 0).astype(np.uint8)))
    pixels = decode(encoded(image, "PNG"), EVERY).pixels
    near(corners(pixels), [CORNERS[0], (255, 255, 255), CORNERS[2], (255, 255, 255)])


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
    values = np.full((8, 8), 0x8040, ">u2")
    tags = [(256, 3, 8), (257, 3, 8), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 122), (277, 3, 1), (278, 3, 8)]
    tags.append((279, 4, 128))
    entries = b"".join(
        struct.pack(">HHI", t, k, 1) + (struct.pack(">HH", v, 0) if k == 3 else struct.pack(">I", v))
        for t, k, v in tags
    )
    data = b"MM\0*" + struct.pack(">IH", 8, len(tags)) + entries + struct.pack(">I", 0)
    data = data.ljust(122, b"\0") + values.tobytes()
    assert (decode(data, EVERY).pixels == 0x80).all()


def test_sixteen_bit_colour() -> None:
    row = b"\0" + struct.pack(">3H", 0xC800, 0x1E00, 0x2800) * 8
    assert (decode(png(8, 8, depth=16, data=row * 8), EVERY).pixels == (0xC8, 0x1E, 0x28)).all()


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


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
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
    options = {"quality": 95} if format == "JPEG" else {"lossless": True} if format == "WEBP" else {}
    picture = decode(encoded(stored, format, exif=exif, **options), EVERY)
    assert (picture.width, picture.height) == (80, 48)
    near(corners(picture.pixels), CORNERS, 12)


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


# --- sizes


@pytest.mark.parametrize(
    ("size", "shape"), [((1599, 900), (900, 1599)), ((1600, 900), (450, 800)), ((900, 3200), (800, 225))]
)
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_large_pictures_are_shrunk_by_a_whole_factor(
    format: str, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    picture = decode(encoded(scene(*size), format), EVERY)
    assert picture.pixels.shape[:2] == shape
    assert (picture.width, picture.height) == size


def test_a_twelve_megapixel_photo_looks_the_same_when_it_is_decoded_small() -> None:
    image = scene(4000, 3000)
    picture = decode(encoded(image, quality=92), EVERY)
    assert (picture.width, picture.height) == (4000, 3000)
    assert picture.pixels.shape == (750, 1000, 3)
    wanted = np.asarray(image.resize((1000, 750), Image.Resampling.BOX), int)
    assert np.abs(picture.pixels - wanted).mean() < 3


def test_a_turned_large_photo_reports_its_upright_size() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(encoded(scene(3200, 1600), exif=exif), EVERY)
    assert (picture.width, picture.height) == (1600, 3200)
    assert picture.pixels.shape == (800, 400, 3)


def test_one_byte_too_many() -> None:
    data = encoded(quarters(), "PNG")
    decode(data, ImageLimits(EVERY.formats, max_bytes=len(data)))
    with pytest.raises(ImageTooManyBytes, match=f"{len(data)} bytes"):
        decode(data, ImageLimits(EVERY.formats, max_bytes=len(data) - 1))


@pytest.mark.parametrize("format", sorted(EVERY.formats))
def test_one_pixel_too_many(format: str) -> None:
    data = encoded(quarters(80, 48), format)
    decode(data, ImageLimits(EVERY.formats, 10**6, max_pixels=3840))
    with pytest.raises(ImageTooManyPixels, match="80 x 48"):
        decode(data, ImageLimits(EVERY.formats, 10**6, max_pixels=3839))


def test_sides_and_proportions_at_their_edges() -> None:
    limits = ImageLimits(EVERY.formats, 10**6, min_side=20, max_aspect=10.0)
    decode(encoded(Image.new("RGB", (20, 20)), "PNG"), limits)
    decode(encoded(Image.new("RGB", (200, 20)), "PNG"), limits)
    with pytest.raises(ImageTooSmall):
        decode(encoded(Image.new("RGB", (19, 20)), "PNG"), limits)
    with pytest.raises(ImageAspectRatio, match="1:10"):
        decode(encoded(Image.new("RGB", (20, 201)), "PNG"), limits)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 1)])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_pictures_of_hardly_any_pixels(format: str, size: tuple[int, int]) -> None:
    picture = decode(encoded(Image.new("RGB", size, (9, 9, 9)), format), EVERY)
    assert (picture.width, picture.height) == size
    assert min(picture.pixels.shape[:2]) >= 1


# --- hostile


def test_no_width() -> None:
    for size in ((0, 10), (10, 0)):
        with pytest.raises(ImageFormatUnsupported):
            decode(png(*size), EVERY)


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 2**31 - 1), (50_001, 1000)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooManyPixels):
        decode(png(*size, data=bytes(100)), EVERY)


def test_a_gif_with_a_huge_screen() -> None:
    data = bytearray(encoded(quarters(), "GIF"))
    data[6:10] = struct.pack("<HH", 65535, 65535)
    with pytest.raises(ImageTooManyPixels):
        decode(bytes(data), EVERY)


def test_a_text_chunk_that_unfolds_to_gigabytes() -> None:
    bomb = zlib.compress(bytes(60_000_000), 9)
    for chunk in (b"zTXt", b"iCCP"):
        body = b"a\0\0" + bomb
        with pytest.raises(ImageFormatUnsupported):
            decode(png(8, 8, more=png_chunk(chunk, body), data=(b"\0" + bytes(24)) * 8), EVERY)


def test_a_tiff_tag_that_claims_gigabytes() -> None:
    data = bytearray(encoded(quarters(), "TIFF"))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<HHII", data, at + 2 + 12 * (count - 1), 65000, 4, 0x3FFFFFFF, 8)
    with contextlib.suppress(ImageFormatUnsupported):
        assert decode(bytes(data), EVERY).pixels.shape == (48, 80, 3)


def test_a_tiff_whose_directories_run_in_circles() -> None:
    data = bytearray(encoded(quarters(), "TIFF"))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    struct.pack_into("<I", data, at + 2 + 12 * count, at)
    assert decode(bytes(data), EVERY).pixels.shape == (48, 80, 3)


@pytest.mark.parametrize("format", sorted(EVERY.formats))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_what_is_cut_short_is_refused(format: str, share: float) -> None:
    data = encoded(scene(200, 150), format)
    with pytest.raises(ImageFormatUnsupported, match=r"cannot be decoded|no image"):
        decode(data[: int(len(data) * share)], EVERY)


def test_a_large_jpeg_cut_short_is_refused_although_it_is_decoded_small() -> None:
    data = encoded(scene(3200, 2400))
    with pytest.raises(ImageFormatUnsupported, match="truncated"):
        decode(data[: len(data) // 2], EVERY)


@pytest.mark.parametrize("format", sorted(EVERY.formats))
def test_damage_anywhere_is_an_image_error_or_a_picture(format: str) -> None:
    data = encoded(drawn(90, 70), format)
    rng = np.random.default_rng(3)
    for _ in range(150):
        hurt = bytearray(data)
        for at in rng.integers(0, len(data), 4):
            hurt[at] = int(rng.integers(0, 256))
        try:
            picture = decode(bytes(hurt), ImageLimits(EVERY.formats, 10**6, max_pixels=10**6))
        except (ImageFormatUnsupported, ImageTooManyPixels):
            continue
        assert picture.pixels.ndim == 3


def test_details_carry_no_addresses() -> None:
    with pytest.raises(ImageFormatUnsupported) as caught:
        decode(b"\x89PNG\r\n\x1a\n" + bytes(30), EVERY)
    assert "0x" not in caught.value.detail
    assert "BytesIO" not in caught.value.detail


# --- memory


def test_a_budget_lets_in_what_fits_and_always_one() -> None:
    budget = PixelBudget(100)
    inside: list[int] = []
    go = threading.Event()

    def hold(pixels: int) -> None:
        with budget.hold(pixels):
            inside.append(pixels)
            go.wait(5)

    threads = [threading.Thread(target=hold, args=(n,)) for n in (60, 40)]
    for thread in threads:
        thread.start()
    late = threading.Thread(target=hold, args=(1000,))
    late.start()
    late.join(0.1)
    assert sorted(inside) == [40, 60]
    go.set()
    for thread in (*threads, late):
        thread.join(5)
    assert sorted(inside) == [40, 60, 1000]
