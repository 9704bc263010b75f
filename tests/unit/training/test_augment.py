"""Boxes follow their pixels through every augmentation."""

import numpy as np
import pytest

from placket.training.detector.augment import Scene, flip, mosaic, paste, place, quarter_turn, recolour


def painted(width: int = 80, height: int = 120, box: tuple[int, int, int, int] = (20, 30, 60, 90)) -> Scene:
    """A white rectangle on black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = 255
    return Scene(pixels, np.array([box], np.float32), np.array([4]), np.ones(9, np.float32))


def seen(pixels: np.ndarray) -> list[int]:
    ys, xs = np.nonzero(pixels[..., 0] > 127)
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.6])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (-1.0, 1.0), (0.4, -0.3)])
def test_letterboxing_moves_the_box_with_the_pixels(scale: float, shift: tuple[float, float]) -> None:
    out = place(painted(), 96, scale, shift, (0, 0, 0))
    assert out.pixels.shape == (96, 96, 3)
    np.testing.assert_allclose(out.boxes[0], seen(out.pixels), atol=1.6)


def test_a_box_that_is_mostly_outside_is_dropped() -> None:
    out = place(painted(), 96, 2.2, (-1.0, -1.0), (0, 0, 0))
    before = painted()
    assert len(before.boxes) == 1
    kept = [b for b in out.boxes if (b[2] - b[0]) * (b[3] - b[1]) > 0]
    assert len(kept) == len(out.groups)


def test_mirror_and_quarter_turn() -> None:
    for change in (flip, quarter_turn, lambda scene: quarter_turn(scene, left=False)):
        out = change(painted(box=(10, 30, 40, 100)))
        np.testing.assert_allclose(out.boxes[0], seen(out.pixels))


def test_four_turns_and_two_mirrors_are_nothing() -> None:
    scene = painted(box=(10, 30, 40, 100))
    turned = scene
    for _ in range(4):
        turned = quarter_turn(turned)
    np.testing.assert_array_equal(turned.pixels, scene.pixels)
    np.testing.assert_array_equal(turned.boxes, scene.boxes)
    np.testing.assert_array_equal(flip(flip(scene)).boxes, scene.boxes)
    there_and_back = quarter_turn(quarter_turn(scene), left=False)
    np.testing.assert_array_equal(there_and_back.pixels, scene.pixels)
    np.testing.assert_array_equal(there_and_back.boxes, scene.boxes)


def test_mosaic_keeps_boxes_inside_and_on_their_pixels() -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        out = mosaic([painted() for _ in range(4)], 128, rng)
        assert out.pixels.shape == (128, 128, 3)
        assert (out.boxes >= 0).all() and (out.boxes <= 128).all()
        for x0, y0, x1, y1 in out.boxes.round().astype(int):
            assert (out.pixels[y0:y1, x0:x1] > 127).mean() > 0.8


def test_a_group_left_open_in_one_part_is_open_in_the_mosaic() -> None:
    scenes = [painted() for _ in range(4)]
    scenes[2].negative[5] = 0
    assert mosaic(scenes, 96, np.random.default_rng(0)).negative.tolist() == [1, 1, 1, 1, 1, 0, 1, 1, 1]


def test_pasting_adds_a_box_and_hides_what_it_covers() -> None:
    for seed in range(20):
        scene = painted(100, 100, (40, 40, 50, 50))
        item = np.full((30, 20, 3), 200, np.uint8)
        out = paste(scene, item, np.ones((30, 20), np.float32), 7, np.random.default_rng(seed))
        assert out.groups[-1] == 7
        x0, y0, x1, y1 = out.boxes[-1].astype(int)
        assert (out.pixels[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] == 200).all()


def test_recolouring_changes_no_size_and_is_repeatable() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    first = recolour(pixels, np.random.default_rng(5))
    np.testing.assert_array_equal(first, recolour(pixels, np.random.default_rng(5)))
    assert first.shape == pixels.shape and first.dtype == np.uint8
