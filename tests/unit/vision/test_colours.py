"""Colours measured on drawn garments, where the truth is known."""

import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from placket.domain.garments import WHOLE_IMAGE, Box
from placket.domain.taxonomy import taxonomy
from placket.vision.colours import ground_of, oklab, swatches

SKIN = (224, 172, 140)
BODY = Box(0.25, 0.25, 0.75, 0.85)


def shirt(colour: tuple[int, int, int], behind: tuple[int, int, int] = (250, 250, 250)) -> Image.Image:
    image = Image.new("RGB", (240, 320), behind)
    draw = ImageDraw.Draw(image)
    draw.rectangle([90, 80, 150, 272], fill=colour)
    draw.polygon([(90, 80), (60, 100), (60, 180), (90, 140)], fill=colour)
    draw.polygon([(150, 80), (180, 100), (180, 180), (150, 140)], fill=colour)
    return image


def measured(image: Image.Image, box: Box = BODY, *, denim: bool = False) -> list[tuple[str, float]]:
    pixels = np.asarray(image)
    return [(s.name, s.share) for s in swatches(pixels, box, ground_of(pixels), denim=denim)]


def test_oklab_of_white_black_and_red() -> None:
    found = oklab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8))
    assert found == pytest.approx(np.array([[1, 0, 0], [0, 0, 0], [0.628, 0.225, 0.126]]), abs=2e-3)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((20, 20, 22), "black"), ((120, 120, 122), "gray"), ((200, 30, 40), "red"), ((100, 25, 40), "wine"),
        ((240, 170, 190), "pink"), ((240, 130, 40), "orange"), ((245, 215, 70), "yellow"), ((35, 110, 60), "green"),
        ((30, 90, 200), "blue"), ((25, 35, 70), "navy"), ((160, 200, 235), "sky_blue"), ((105, 60, 140), "purple"),
        ((190, 175, 225), "lavender"), ((190, 150, 105), "camel"), ((90, 55, 35), "brown"), ((110, 108, 70), "khaki"),
        ((168, 220, 196), "mint"), ((216, 200, 172), "beige"),
    ],
)  # fmt: skip
def test_a_plain_garment_on_white(colour: tuple[int, int, int], name: str) -> None:
    pixels = np.asarray(shirt(colour))
    (found,) = swatches(pixels, BODY, ground_of(pixels))
    assert found.name == name
    assert found.share > 0.95
    code = tuple(int(found.hex[i : i + 2], 16) for i in (1, 3, 5))
    assert np.abs(np.subtract(code, colour)).max() <= 3


@pytest.mark.parametrize("frame", [(255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("sides", [(3, 3, 3, 3), (40, 0, 40, 0), (0, 90, 0, 90)])
def test_a_frame_and_bars_are_not_the_ground(frame: tuple[int, int, int], sides: tuple[int, ...]) -> None:
    left, top, right, bottom = sides
    image = shirt((200, 30, 40), behind=(225, 225, 222))
    width, height = image.width + left + right, image.height + top + bottom
    framed = Image.new("RGB", (width, height), frame)
    framed.paste(image, (left, top))
    box = Box((left + 60) / width, (top + 80) / height, (left + 180) / width, (top + 272) / height)
    assert [name for name, _ in measured(framed, box)] == ["red"]


def test_a_ground_that_is_lighter_at_its_edge_is_not_the_garments() -> None:
    far = np.hypot(*np.meshgrid(np.linspace(-1, 1, 240), np.linspace(-1, 1, 320)))
    ground = np.repeat((200 + 200 * np.clip(far - 0.8, 0, 0.2))[..., None], 3, -1).astype(np.uint8)
    image = shirt((25, 35, 70))
    image.paste(Image.fromarray(ground), (0, 0), Image.fromarray((np.asarray(image) == 250).all(-1)))
    assert ground_of(np.asarray(image)) is not None
    assert [name for name, _ in measured(image)] == ["navy"]


def ring(colour: tuple[int, int, int]) -> tuple[Image.Image, np.ndarray]:
    """A bag of which most is a handle, cut out and laid on white; which pixels are the bag's."""
    alpha = Image.new("L", (240, 320))
    draw = ImageDraw.Draw(alpha)
    draw.rounded_rectangle([50, 60, 190, 270], 30, fill=255)
    draw.rounded_rectangle([75, 85, 165, 200], 20, fill=0)
    image = Image.new("RGB", alpha.size, "white")
    image.paste(colour, mask=alpha)
    return image, np.asarray(alpha) > 127


@pytest.mark.parametrize("box", [WHOLE_IMAGE, Box(50 / 240, 60 / 320, 190 / 240, 270 / 320)])
def test_what_is_seen_through_a_cut_out_is_not_its_colour(box: Box) -> None:
    image, opaque = ring((110, 60, 40))
    pixels = np.asarray(image)
    assert [name for name, _ in measured(image, box)] == ["brown", "white"]
    assert [s.name for s in swatches(pixels, box, ground_of(pixels, opaque))] == ["brown"]


def test_a_white_cut_out_on_white_is_white_to_its_edge() -> None:
    image, opaque = ring((255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle([80, 205, 160, 255], fill=(20, 30, 90))
    pixels = np.asarray(image)
    found = {s.name: s.share for s in swatches(pixels, WHOLE_IMAGE, ground_of(pixels, opaque))}
    assert list(found) == ["white", "navy"]
    alone = dict(measured(image, WHOLE_IMAGE))
    assert alone.get("white", 0) < found["white"]


def test_round_corners_and_a_round_photo_are_no_cut_out() -> None:
    rng = np.random.default_rng(4)
    street = Image.fromarray(rng.integers(90, 160, (32, 24, 3), np.uint8)).resize((240, 320), 0)
    image = shirt((200, 30, 40))
    image.paste(street, (0, 0), Image.fromarray((np.asarray(image) == 250).all(-1)))
    for draw_shape in ("rounded", "ellipse"):
        alpha = Image.new("L", image.size)
        draw = ImageDraw.Draw(alpha)
        if draw_shape == "rounded":
            draw.rounded_rectangle([0, 0, 239, 319], 40, fill=255)
        else:
            draw.ellipse([0, 0, 239, 319], fill=255)
        shown = Image.composite(image, Image.new("RGB", image.size, "white"), alpha)
        pixels, opaque = np.asarray(shown), np.asarray(alpha) > 127
        name, share = max(
            ((s.name, s.share) for s in swatches(pixels, BODY, ground_of(pixels, opaque))), key=lambda x: x[1]
        )
        assert name == "red"
        assert share > 0.6


def test_of_a_box_beside_a_cut_out_a_colour_is_told() -> None:
    image, opaque = ring((110, 60, 40))
    pixels = np.asarray(image)
    assert swatches(pixels, Box(0.0, 0.0, 0.1, 0.1), ground_of(pixels, opaque))[0].name == "white"


def test_white_on_white_is_white() -> None:
    assert measured(shirt((250, 250, 250)))[0][0] == "white"
    assert measured(shirt((244, 244, 246)))[0][0] == "white"


def test_a_garment_of_two_colours() -> None:
    image = shirt((200, 30, 40))
    ImageDraw.Draw(image).rectangle([90, 180, 150, 272], fill=(25, 35, 70))
    found = dict(measured(image))
    assert set(found) == {"red", "navy"}
    assert found["red"] == pytest.approx(0.6, abs=0.12)
    assert sum(found.values()) == pytest.approx(1, abs=0.02)


def test_stripes_are_not_mixed() -> None:
    image = shirt((250, 250, 250), behind=(120, 150, 130))
    draw = ImageDraw.Draw(image)
    for y in range(80, 272, 8):
        draw.rectangle([60, y, 180, y + 3], fill=(25, 35, 70))
    assert {name for name, _ in measured(image, Box(0.375, 0.25, 0.625, 0.85))} == {"white", "navy"}


def test_skin_beside_the_garment_is_left_out() -> None:
    image = shirt((35, 110, 60))
    draw = ImageDraw.Draw(image)
    draw.ellipse([100, 20, 140, 100], fill=SKIN)
    draw.rectangle([60, 140, 85, 290], fill=SKIN)
    draw.rectangle([155, 140, 180, 290], fill=SKIN)
    assert [name for name, _ in measured(image)] == ["green"]


def test_a_camel_coat_is_no_skin() -> None:
    assert [name for name, _ in measured(shirt((190, 150, 105)))] == ["camel"]


def test_a_busy_background_is_told_by_what_is_around_the_box() -> None:
    rng = np.random.default_rng(2)
    behind = Image.fromarray(rng.choice(np.array([[90, 120, 60], [150, 150, 140]], np.uint8), (40, 30))).resize(
        (240, 320), 0
    )
    image = shirt((200, 30, 40))
    mask = Image.fromarray((np.asarray(image) == 250).all(-1))
    image.paste(behind, (0, 0), mask)
    assert ground_of(np.asarray(image)) is None
    name, share = measured(image)[0]
    assert name == "red"
    assert share > 0.75


def test_denim_is_named_where_it_is_known() -> None:
    assert measured(shirt((70, 95, 140)), denim=True)[0][0] == "denim_blue"
    assert measured(shirt((45, 45, 47)), denim=True)[0][0] == "denim_black"
    assert measured(shirt((200, 30, 40)), denim=True)[0][0] == "red"


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 2), (3, 900)])
@pytest.mark.parametrize("box", [WHOLE_IMAGE, Box(0.0, 0.0, 1e-4, 1e-4), Box(0.4, 0.2, 0.41, 0.9)])
def test_any_picture_and_box_has_a_colour(size: tuple[int, int], box: Box) -> None:
    pixels = np.full((*size, 3), 128, np.uint8)
    (found,) = swatches(pixels, box, ground_of(pixels))
    assert (found.hex, found.name) == ("#808080", "gray")


def test_random_pictures_have_sound_shares() -> None:
    rng = np.random.default_rng(1)
    known = set(taxonomy().attributes["colors"])
    for _ in range(40):
        pixels = rng.integers(0, 256, (*rng.integers(5, 80, 2), 3), dtype=np.uint8)
        found = swatches(pixels, Box(0.1, 0.2, 0.8, 0.9), ground_of(pixels))
        assert 1 <= len(found) <= 5
        assert sum(s.share for s in found) <= 1 + 1e-6
        assert [s.share for s in found] == sorted((s.share for s in found), reverse=True)
        assert {s.name for s in found} <= known


def test_it_is_quick() -> None:
    pixels = np.asarray(shirt((30, 90, 200)).resize((1200, 1600)))
    behind = ground_of(pixels)
    times = []
    for _ in range(30):
        start = time.perf_counter()
        swatches(pixels, BODY, behind)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005
