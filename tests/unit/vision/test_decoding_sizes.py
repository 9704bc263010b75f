"""Large and tiny pictures: what is shrunk, what is refused, and how many pixels are decoded at once."""

import threading

import numpy as np
import pytest
from PIL import Image

from placket.domain.errors import ImageAspectRatio, ImageTooManyBytes, ImageTooManyPixels, ImageTooSmall
from placket.domain.images import ImageLimits
from placket.vision.decoding import PixelBudget, decode
from tests.support.photos import encoded, scene
from tests.unit.vision.pictures import EVERY, quarters


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


@pytest.mark.parametrize(("progressive", "held"), [(False, 1000 * 1000), (True, 4000 * 4000)])
def test_a_progressive_photo_holds_all_its_pixels(
    monkeypatch: pytest.MonkeyPatch, progressive: bool, held: int
) -> None:
    asked: list[int] = []
    budget = PixelBudget(10**8)
    hold = budget.hold
    monkeypatch.setattr(budget, "hold", lambda pixels: (asked.append(pixels), hold(pixels))[1])
    decode(encoded(Image.new("RGB", (4000, 4000)), progressive=progressive), EVERY, budget)
    assert asked == [held]
