"""HEIC whose picture is put together from others, by a phone or to do harm."""

import pytest

from placket.domain.errors import ImageFormatUnsupported, ImageTooManyPixels
from placket.domain.images import ImageLimits
from placket.vision.decoding import PixelBudget, decode
from placket.vision.heif_items import read_items
from tests.unit.vision.heif_files import box, full, grid, heic, overlay, size, tile
from tests.unit.vision.pictures import CORNERS, EVERY, corners, near

SIDE = 128
SMALL = ImageLimits(EVERY.formats, max_bytes=10**7, max_pixels=SIDE * SIDE * 4)


def tiles(rows: int, columns: int, width: int, height: int, *more: bytes) -> bytes:
    """A grid of one tile's bytes; ``more``: properties of the whole."""
    coded, pixels = tile(SIDE)
    count = rows * columns
    return heic(
        [(b"hvc1", pixels, (1, 2))] * count + [(b"grid", grid(rows, columns, width, height), range(3, 4 + len(more)))],
        [coded, size(SIDE, SIDE), size(width, height), *more],
        [(b"dimg", count + 1, range(1, count + 1))],
    )


def test_a_phones_grid_of_tiles_is_cropped_and_turned_as_its_boxes_say() -> None:
    picture = decode(tiles(2, 3, 3 * SIDE - 20, 2 * SIDE - 30), EVERY)
    assert (picture.width, picture.height) == (364, 226)
    near(corners(picture.pixels[:SIDE, :SIDE]), CORNERS, 12)
    turned = decode(tiles(2, 3, 3 * SIDE, 2 * SIDE, box(b"irot", b"\1")), EVERY)
    assert (turned.width, turned.height) == (256, 384)
    near(corners(turned.pixels[-SIDE:, :SIDE]), [CORNERS[n] for n in (1, 3, 0, 2)], 12)


def test_what_is_decoded_for_a_small_picture_counts_and_not_its_size_alone() -> None:
    items = read_items(tiles(2, 3, 100, 100))
    assert items.to_decode() == 6 * SIDE * SIDE + 100 * 100
    with pytest.raises(ImageTooManyPixels, match="put together"):
        decode(tiles(4, 4, 100, 100), SMALL)
    decode(tiles(2, 2, 2 * SIDE, 2 * SIDE), SMALL)


def test_it_takes_that_much_of_what_is_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    budget = PixelBudget(10**6)
    hold = budget.hold
    monkeypatch.setattr(budget, "hold", lambda pixels: (held.append(pixels), hold(pixels))[1])
    decode(tiles(2, 3, 100, 100), EVERY, budget)
    assert held == [6 * SIDE * SIDE + 100 * 100]


def layers(count: int) -> bytes:
    """Each drawn four times over by the next. A reader refuses who names one twice: so each has four names."""
    coded, pixels = tile(SIDE)
    items, links = [(b"hvc1", pixels, (1, 2))], []
    for _ in range(count):
        below = len(items)
        items += [(b"iden", b"", (2,))] * 4 + [(b"iovl", overlay(4, SIDE), (2,))]
        links += [(b"dimg", below + n, [below]) for n in range(1, 5)]
        links.append((b"dimg", below + 5, range(below + 1, below + 5)))
    return heic(items, [coded, size(SIDE, SIDE)], links)


def test_layers_of_layers_are_counted_as_often_as_they_are_drawn() -> None:
    assert [read_items(layers(n)).to_decode() // SIDE**2 for n in range(4)] == [1, 9, 41, 169]
    decode(layers(1), SMALL)
    with pytest.raises(ImageTooManyPixels):
        decode(layers(2), SMALL)
    with pytest.raises(ImageFormatUnsupported, match="too deep"):
        decode(layers(5), EVERY)
    with pytest.raises(ImageFormatUnsupported, match="from itself"):
        decode(heic([(b"grid", grid(1, 1, 64, 64), (1,))], [size(64, 64)], [(b"dimg", 1, [1])]), EVERY)


@pytest.mark.parametrize("kind", ["Exif", "colr"])
def test_bytes_that_many_items_name_are_not_read_for_each(kind: str) -> None:
    coded, pixels = tile(SIDE)
    much = bytes(500_000)
    if kind == "Exif":
        items = [(b"Exif", much, ())] * 100 + [(b"hvc1", pixels, (1, 2))]
        data = heic(items, [coded, size(SIDE, SIDE)], [(b"cdsc", n, [101]) for n in range(1, 101)])
    else:
        properties = [coded, size(SIDE, SIDE), box(b"colr", b"prof", much)]
        data = heic([(b"hvc1", pixels, (1, 2, 3))] * 100, properties)
    assert len(data) < 600_000
    with pytest.raises(ImageFormatUnsupported, match="the same bytes"):
        decode(data, EVERY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"pitm", b"free"),
        (b"iprp", b"free"),
        (b"ipco", b"free"),
        (b"iloc", b"free"),
        (b"iinf", b"iloc"),
        (b"meta", b"free"),
        (b"\0\0\0\x14ispe", b"\0\0\0\x04ispe"),
        (b"\0\0\0\x14ispe", b"\0\0\0\x0aispe"),
    ],
)
def test_boxes_that_are_missing_twice_there_or_damaged(old: bytes, new: bytes) -> None:
    data = tiles(1, 2, 200, 100)
    assert decode(data, EVERY).width == 200
    with pytest.raises(ImageFormatUnsupported, match=r"the HEIC cannot be decoded: (it says|a box|it has)"):
        decode(data.replace(old, new, 1), EVERY)


def test_what_boxes_say_is_not_read_without_an_end() -> None:
    coded, pixels = tile(SIDE)
    item, properties = (b"hvc1", pixels, (1, 2)), [coded, size(SIDE, SIDE)]
    with pytest.raises(ImageFormatUnsupported, match="more to say"):
        decode(heic([item], properties, [(b"thmb", 1, [1] * 60_000)] * 3), EVERY)
    with pytest.raises(ImageFormatUnsupported, match="too often"):
        decode(heic([item], [*properties, *[box(b"free")] * 20_000]), EVERY)


@pytest.mark.parametrize("appended", [b"\0\0\0\3abcd", b"SEFH\1\0\0\0SEFT", bytes(20)])
def test_what_an_app_appends_need_be_no_box(appended: bytes) -> None:
    assert decode(tiles(1, 2, 200, 100) + appended, EVERY).width == 200


def test_long_ids_and_boxes_of_64_bits_are_read_as_others() -> None:
    data = tiles(1, 2, 200, 100)
    at = data.index(b"meta") - 4
    short = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    numbered = full(b"pitm", (3).to_bytes(4, "big"), version=1)
    inside = short[8:].replace(full(b"pitm", (3).to_bytes(2, "big")), numbered)
    long = b"\0\0\0\1meta" + (16 + len(inside)).to_bytes(8, "big") + inside
    items = read_items(data[:at] + long + data[at + len(short) :])
    assert (items.shown, items.to_decode()) == (3, 2 * SIDE**2 + 20_000)
