"""Damaged pictures, and those that are made to do harm."""

import contextlib
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from placket.domain.errors import ImageFormatUnsupported, ImageTooManyPixels
from placket.domain.images import ImageLimits
from placket.vision.decoding import PixelBudget, decode
from tests.support.photos import drawn, encoded, scene
from tests.unit.vision.pictures import EVERY, png, png_chunk, quarters


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


@pytest.mark.parametrize("chunk", [b"zTXt", b"iTXt", b"iCCP"])
def test_a_chunk_that_unfolds_to_gigabytes_is_left_folded(chunk: bytes) -> None:
    bomb = zlib.compress(bytes(60_000_000), 9)
    body = b"a\0\1\0\0\0" + bomb if chunk == b"iTXt" else b"a\0\0" + bomb
    data = png(8, 8, more=png_chunk(chunk, body) * 20, data=(b"\0" + bytes(24)) * 8)
    tracemalloc.start()
    assert (decode(data, EVERY).pixels == 0).all()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("comments", [b"!\xfe" + b"\1a" * 400_000 + b"\0", b"!\xfe\1a\0" * 200_000])
def test_a_gif_of_many_comments_takes_no_memory(comments: bytes) -> None:
    data = encoded(quarters().quantize(4), "GIF", transparency=0)
    table = 13 + (3 << (data[10] & 7) + 1)
    tracemalloc.start()
    picture = decode(data[:table] + comments + data[table:], EVERY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (picture.pixels == decode(data, EVERY).pixels).all()
    assert peak < 5_000_000


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


@pytest.mark.parametrize("says", [(100, 100), (4000, 4000)])
def test_a_heic_of_another_size_than_its_file_says(says: tuple[int, int]) -> None:
    data = bytearray(encoded(quarters(640, 480), "HEIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", *says)
    with pytest.raises(ImageFormatUnsupported):
        decode(bytes(data), EVERY)


def test_one_avif_at_a_time_as_its_size_is_not_known_before(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    budget = PixelBudget(1000)
    hold = budget.hold
    monkeypatch.setattr(budget, "hold", lambda pixels: (held.append(pixels), hold(pixels))[1])
    decode(encoded(quarters(64, 64), "AVIF"), EVERY, budget)
    decode(encoded(quarters(64, 64), "HEIF"), EVERY, budget)
    assert (held[0] > 10**8, held[1]) == (True, 64 * 64)


@pytest.mark.parametrize("format", sorted(EVERY.formats))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_what_is_cut_short_is_refused(format: str, share: float) -> None:
    data = encoded(scene(200, 150), format)
    with pytest.raises(ImageFormatUnsupported, match=r"cannot be decoded|no image"):
        decode(data[: int(len(data) * share)], EVERY)


@pytest.mark.parametrize("size", [(200, 150), (3200, 2400)])
@pytest.mark.parametrize("tail", [b"", b"\xff", bytes(500)])
def test_a_jpeg_without_its_last_marker_is_whole(size: tuple[int, int], tail: bytes) -> None:
    """As cameras write it and uploads leave it; every viewer shows it."""
    data = encoded(scene(*size))
    assert (decode(data[:-2] + tail, EVERY).pixels == decode(data, EVERY).pixels).all()


@pytest.mark.parametrize("lost", [4, 10, 300])
def test_a_jpeg_without_its_last_blocks_is_refused(lost: int) -> None:
    with pytest.raises(ImageFormatUnsupported, match="truncated"):
        decode(encoded(scene(200, 150))[:-lost], EVERY)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_progressive_jpeg_cut_short_is_refused(share: float) -> None:
    data = encoded(scene(200, 150), progressive=True)
    with pytest.raises(ImageFormatUnsupported, match="cannot be decoded"):
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


def test_a_jpeg_of_a_thousand_scans_is_refused_at_once() -> None:
    data = encoded(quarters(1600, 1600), progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(ImageFormatUnsupported, match="100 scans"):
        decode(data[:last] + data[last:-2] * 1000 + data[-2:], EVERY)


def test_a_jpeg_of_many_segments_is_refused_at_once() -> None:
    exif = b"\xff\xe1\xff\xf8Exif\0\0" + bytes(65520)
    for segment in (b"\xff\xe1\0\x09Exif\0\0x", b"\xff\xfe\0\x02"):
        data = encoded(quarters())
        with pytest.raises(ImageFormatUnsupported, match="1,000 segments"):
            decode(data[:2] + exif * 30 + segment * 200_000 + data[2:], EVERY)


def test_what_follows_a_jpeg_is_not_counted() -> None:
    """The film that phones append to a photo may hold any bytes."""
    decode(encoded(quarters()) + b"\xff\xda\0\x02" * 5000, EVERY)
