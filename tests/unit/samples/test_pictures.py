"""Drawn products: every kind, the same every time, inside their box, and called what they are."""

import io

import numpy as np
import pytest
from PIL import Image

from placket import samples
from placket.domain.keeping import named_groups
from placket.domain.taxonomy import taxonomy
from placket.samples import wardrobe


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), dtype=np.int16)


@pytest.mark.parametrize("category", samples.CATEGORIES)
def test_every_kind_is_drawn_inside_its_box(category: str) -> None:
    s = samples.draw(category, "red", "solid", 3, (240, 320))
    assert s.image.size == (240, 320) and s.image.mode == "RGB"
    assert s.group == taxonomy().group_of(category)
    x0, y0, x1, y1 = s.box.as_list()
    assert 0 < x0 < x1 < 1 and 0 < y0 < y1 < 1
    assert max(s.box.width, s.box.height) > 0.6, "it fills the picture"
    reddish = (lambda p: p[..., 0] - (p[..., 1] + p[..., 2]) // 2 > 40)(_pixels(s.image))
    ys, xs = np.nonzero(reddish)
    assert reddish.mean() > 0.01
    assert xs.min() >= x0 * 240 - 2 and xs.max() <= x1 * 240 + 2
    assert ys.min() >= y0 * 320 - 2 and ys.max() <= y1 * 320 + 2


@pytest.mark.parametrize("pattern", samples.PATTERNS)
def test_every_pattern_shows(pattern: str) -> None:
    plain = samples.draw("t_shirt", "navy", "solid", 11, (240, 320))
    other = samples.draw("t_shirt", "navy", pattern, 11, (240, 320))
    difference = np.abs(_pixels(plain.image)[120:220, 90:150] - _pixels(other.image)[120:220, 90:150]).mean()
    assert (difference > 0.5) or pattern == "solid"


_STRONGEST_CHANNEL = {
    **dict.fromkeys(("red", "coral", "orange", "wine", "pink", "brown", "camel", "yellow"), 0),
    **dict.fromkeys(("green", "mint"), 1),
    **dict.fromkeys(("blue", "navy", "sky_blue", "denim_blue", "lavender", "purple"), 2),
}


@pytest.mark.parametrize("color", samples.COLORS)
def test_every_colour_of_the_taxonomy_is_that_colour(color: str) -> None:
    s = samples.draw("skirt", color, "solid", 5, (180, 240))
    middle = _pixels(s.image)[120:160, 75:105].reshape(-1, 3).mean(0)
    if color in _STRONGEST_CHANNEL:
        assert middle.argmax() == _STRONGEST_CHANNEL[color]
    elif color == "black":
        assert middle.max() < 60
    elif color == "white":
        assert middle.min() > 205
    elif color in ("gray", "silver"):
        assert middle.max() - middle.min() < 20 and 80 < middle.mean() < 215


def test_colours_and_patterns_are_words_of_the_taxonomy() -> None:
    attributes = taxonomy().attributes
    assert set(samples.COLORS) == set(attributes["colors"])
    assert set(samples.PATTERNS) <= set(attributes["pattern"])
    assert set(samples.CATEGORIES) <= set(taxonomy().categories)
    assert set(samples.CATEGORIES) == set(wardrobe.KINDS)
    for kind in wardrobe.KINDS.values():
        assert set(kind.colors) <= set(samples.COLORS) and set(kind.patterns) <= set(samples.PATTERNS)


def test_a_seed_is_a_picture() -> None:
    a, b, c = (samples.draw("dress", "green", "floral", seed) for seed in (1, 1, 2))
    assert a.image.tobytes() == b.image.tobytes() and a.box == b.box and a.name == b.name
    assert a.image.tobytes() != c.image.tobytes()


@pytest.mark.parametrize(
    ("category", "color", "pattern", "size"),
    [
        ("spacesuit", "red", "solid", (480, 640)),
        ("necklace", "gold", "solid", (480, 640)),
        ("t_shirt", "ultraviolet", "solid", (480, 640)),
        ("t_shirt", "red", "hologram", (480, 640)),
        ("t_shirt", "red", "solid", (63, 640)),
        ("t_shirt", "red", "solid", (480, 4097)),
    ],
)
def test_what_cannot_be_drawn_is_said(category: str, color: str, pattern: str, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"drawn here|pixels"):
        samples.draw(category, color, pattern, 0, size)


@pytest.mark.parametrize("size", [(64, 64), (64, 200), (300, 80)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    assert samples.draw("sneakers", "white", "solid", 1, size).image.size == size


def test_the_catalogue() -> None:
    shop = samples.catalogue(60, size=(96, 128))
    again = samples.catalogue(60, size=(96, 128))
    assert [s.image.tobytes() for s in shop] == [s.image.tobytes() for s in again]
    assert len(shop) == 60 and len({s.name for s in shop}) == 60
    assert len({s.category for s in shop}) >= 25 and len({s.group for s in shop}) >= 7
    assert len({s.color for s in shop}) >= 15 and len({s.pattern for s in shop}) >= 8
    assert sum(s.category == "t_shirt" for s in shop) >= 3, "a product has others like it"


@pytest.mark.parametrize("category", samples.CATEGORIES)
def test_a_name_names_its_own_group_only(category: str) -> None:
    rng = np.random.default_rng(2)
    looks = [("navy", p) for p in samples.PATTERNS] + [(c, "solid") for c in samples.COLORS]
    for color, pattern in looks:
        name = wardrobe.product_name(category, color, pattern, rng)
        assert named_groups(name) == {taxonomy().group_of(category)}, name


@pytest.mark.parametrize("count", [1, 7, 61])
def test_catalogues_of_other_sizes(count: int) -> None:
    shop = samples.catalogue(count, size=(64, 64))
    assert len(shop) == count == len({s.name for s in shop})


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_catalogue_limits(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        samples.catalogue(count)


def test_a_scene_holds_every_garment_in_its_box() -> None:
    shop = samples.catalogue(6, size=(64, 64))
    for n in range(1, 7):
        scene = samples.scene(shop[:n], seed=n, size=(360, 480))
        assert scene.image.size == (360, 480) and len(scene.boxes) == len(scene.samples) == n
        for box in scene.boxes:
            assert 0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 and box.area > 0.01
        for i, a in enumerate(scene.boxes):
            for b in scene.boxes[i + 1 :]:
                w = min(a.x1, b.x1) - max(a.x0, b.x0)
                h = min(a.y1, b.y1) - max(a.y0, b.y0)
                assert max(w, 0) * max(h, 0) < 0.15 * min(a.area, b.area)
    for bad in ([], [shop[0]] * 7):
        with pytest.raises(ValueError, match="1 to 6"):
            samples.scene(bad, 1)


def test_a_camera_photo_is_the_same_product_otherwise_taken() -> None:
    s = samples.draw("hoodie", "red", "solid", 4)
    photo, again, other = (samples.camera_photo(s, seed) for seed in (1, 1, 2))
    assert photo.image.tobytes() == again.image.tobytes() != other.image.tobytes()
    assert photo.image.tobytes() != s.image.tobytes()
    assert (photo.category, photo.name) == (s.category, s.name)
    assert photo.image.size == s.image.size
    x, y = photo.box.center
    middle = _pixels(photo.image)[int(y * 640) - 20 : int(y * 640) + 20, int(x * 480) - 20 : int(x * 480) + 20]
    assert middle.reshape(-1, 3).mean(0).argmax() == 0, "still red"


def test_jpeg() -> None:
    data = samples.draw("cap", "navy", "solid", 1).jpeg()
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG" and image.size == (480, 640) and len(data) < 200_000
