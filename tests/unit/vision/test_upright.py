"""Photos that lie on their side or stand on their head are seen upright."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.errors import BundleInvalid
from placket.domain.garments import WHOLE_IMAGE, Box, Garment, Swatch
from placket.vision.bundle import read_bundle
from placket.vision.decoding import Picture
from placket.vision.encoder import Encoded
from placket.vision.engine import Engine
from placket.vision.local import LocalVision
from placket.vision.pipeline import Pipeline
from placket.vision.upright import stands, turned, turned_box, turned_mask, ways_up
from tests.support.tiny_bundle import write_tiny_bundle

UNIT = np.eye(256, dtype=np.float32)[0]


def photo() -> np.ndarray:
    """Dark above and light below, all the way across, in a picture that is taller than wide."""
    shades = np.linspace(20, 235, 300).astype(np.uint8)
    pixels = np.repeat(np.repeat(shades[:, None], 200, 1)[..., None], 3, 2)
    pixels[60:90, 120:150] = (200, 30, 30)
    return pixels


def seen(folder: Path, pixels: np.ndarray, box: Box | None = None) -> tuple[Garment, ...]:
    return LocalVision(read_bundle(folder), threads=1).analyse(pixels, box=box).garments


def says(*logits: float) -> Encoded:
    return Encoded(UNIT, {}, np.array(logits, np.float32))


@given(st.integers(0, 3), st.tuples(*[st.integers(0, 9)] * 4))
def test_a_box_is_where_its_pixels_are(quarters: int, sides: tuple[int, int, int, int]) -> None:
    x0, x1 = sorted(sides[:2])
    y0, y1 = sorted(sides[2:])
    pixels = np.zeros((20, 10, 3), np.uint8)
    pixels[2 * y0 : 2 * y1 + 2, x0 : x1 + 1] = 255
    box = Box(x0 / 10, y0 / 10, (x1 + 1) / 10, (y1 + 1) / 10)
    lying, there = turned(pixels, quarters), turned_box(box, quarters)
    height, width = lying.shape[:2]
    rows, columns = np.nonzero(lying[..., 0])
    assert np.allclose(there.as_list(), [columns.min() / width, rows.min() / height,
                                         (columns.max() + 1) / width, (rows.max() + 1) / height])  # fmt: skip
    assert np.allclose(turned_box(there, -quarters).as_list(), box.as_list())
    assert np.array_equal(turned(lying, -quarters), pixels)


def test_large_crops_say_more_and_those_that_do_not_say_nothing() -> None:
    small, large = Box(0, 0, 0.1, 0.1), Box(0, 0, 0.9, 0.9)
    assert ways_up([says(9, 0, 0, 0), says(0, 0, 1, 0)], [small, large]).argmax() == 2
    assert ways_up([says(9, 0, 0, 0), says(0, 0, 1, 0)], [large, large]).argmax() == 0
    assert np.allclose(np.exp(ways_up([says(3, 1, 0, 700)], [small])).sum(), 1)
    assert ways_up([], []).tolist() == [0, 0, 0, 0]
    assert ways_up([Encoded(UNIT, {})], [small]).tolist() == [0, 0, 0, 0]


def test_both_views_count() -> None:
    before, after = np.log([0.1, 0.7, 0.1, 0.1]), np.log([0.8, 0.05, 0.05, 0.1])
    # Were it upright, the picture turned back would be off by three quarters.
    assert stands(before, after, 1) == pytest.approx(np.log(7) + np.log(8))
    assert stands(before, np.log([0.05, 0.1, 0.1, 0.75]), 1) < 0


@pytest.mark.parametrize("quarters", range(4))
def test_what_is_told_of_a_photo_is_the_same_each_way_up(quarters: int, tmp_path: Path) -> None:
    folder, upright = write_tiny_bundle(tmp_path, turns=1.0), photo()
    wanted, got = seen(folder, upright), seen(folder, turned(upright, quarters))
    assert [g.group for g in wanted] == [g.group for g in got] and len(wanted) == 2
    for one, other in zip(wanted, got, strict=True):
        assert np.allclose(turned_box(one.box, quarters).as_list(), other.box.as_list())
        assert np.allclose(one.embedding, other.embedding)
        assert (one.category, one.tags, one.swatches) == (other.category, other.tags, other.swatches)


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("box", [WHOLE_IMAGE, Box(0.1, 0.2, 0.7, 0.6)])
def test_so_is_what_is_told_of_a_box(box: Box, quarters: int, tmp_path: Path) -> None:
    folder, upright = write_tiny_bundle(tmp_path, turns=1.0), photo()
    own = turned_box(box, quarters)
    (wanted,), (got,) = seen(folder, upright, box), seen(folder, turned(upright, quarters), own)
    assert got.box == own and got.tags == wanted.tags
    assert np.allclose(wanted.embedding, got.embedding)


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize(
    "box", [Box(0, 0, 1e-200, 1e-200), Box(0, 0, 1, 1e-17), Box(0.5, np.nextafter(1, 0), 0.6, 1)], ids=str
)
def test_a_box_too_thin_to_show_anything_does_no_harm(box: Box, quarters: int, tmp_path: Path) -> None:
    (got,) = seen(write_tiny_bundle(tmp_path, turns=1.0), turned(photo(), quarters), box)
    assert got.box == box and np.isfinite(got.embedding).all()


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("box", [None, Box(0.1, 0.2, 0.7, 0.6)])
def test_so_are_the_colours_of_a_cut_out(box: Box | None, quarters: int, tmp_path: Path) -> None:
    pipeline = Pipeline(read_bundle(write_tiny_bundle(tmp_path, turns=1.0)), Engine(1))
    opaque = np.zeros((300, 200), bool)
    opaque[40:280, 120:190] = opaque[80:100, 10:120] = True

    def colours(quarters: int, mask: np.ndarray | None) -> list[tuple[Swatch, ...]]:
        lying = Picture(turned(photo(), quarters), 1, 1, turned_mask(mask, quarters))
        seen = pipeline.analyse(lying, turned_box(box, quarters) if box else None)
        return [g.swatches for g in seen.garments]

    assert colours(quarters, opaque) == colours(0, opaque) != colours(0, None)


def test_a_photo_stays_as_it_is_unless_that_is_unlikely(tmp_path: Path) -> None:
    lying = turned(photo(), 1)
    plain = seen(write_tiny_bundle(tmp_path / "plain"), lying)
    assert [g.group for g in plain] == ["TOP"]
    careful = seen(write_tiny_bundle(tmp_path / "careful", turns=100.0), lying)
    assert [(g.box, g.tags) for g in careful] == [(g.box, g.tags) for g in plain]
    pipeline = Pipeline(read_bundle(write_tiny_bundle(tmp_path / "told", turns=1.0)), Engine(1))
    turn, likelier = pipeline.off(lying)
    assert turn == 1 and 1 < likelier < 100
    assert pipeline.off(photo()) == (0, 0.0)
    assert pipeline.garments(np.full((50, 50, 3), 128, np.uint8)) == []


def test_a_network_that_does_not_tell(tmp_path: Path) -> None:
    folder = write_tiny_bundle(tmp_path)
    text = (folder / "bundle.json").read_text()
    (folder / "bundle.json").write_text(
        text.replace('"first_color": false', '"first_color": false, "turns": {"least": 2}')
    )
    with pytest.raises(BundleInvalid, match=r"encoder\.onnx must turn 'image' into embedding, .*, turn; it has"):
        Pipeline(read_bundle(folder), Engine(1))
