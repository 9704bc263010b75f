"""Boxes follow their pixels through every plan, and a plan is drawn alike by PIL and on a device."""

from pathlib import Path

import numpy as np
import pytest

from placket.training.detector import plans
from placket.training.detector.augment import Scene, draw, recolour
from placket.training.detector.plans import Look, Part, Plan

KEY = ("set", "painted")
BLACK = (0, 0, 0)


def picture(width: int = 80, height: int = 120, box: tuple[int, int, int, int] = (20, 30, 60, 90)) -> np.ndarray:
    """A white rectangle on black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = 255
    return pixels


def painted(pixels: np.ndarray, box: tuple[int, int, int, int] = (20, 30, 60, 90)) -> Part:
    height, width = pixels.shape[:2]
    return Part(KEY, (0, 0, width, height), np.array([box], np.float32), np.array([4]), np.ones(9, np.float32))


def drawn(plan: Plan, size: int, pixels: np.ndarray) -> Scene:
    return draw(plan, size, {KEY: pixels}.__getitem__)


def seen(pixels: np.ndarray) -> list[int]:
    ys, xs = np.nonzero(pixels[..., 0] > 127)
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.6])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (-1.0, 1.0), (0.4, -0.3)])
def test_letterboxing_moves_the_box_with_the_pixels(scale: float, shift: tuple[float, float]) -> None:
    out = drawn(plans.place(painted(picture()), 96, scale, shift, BLACK), 96, picture())
    assert out.pixels.shape == (96, 96, 3)
    np.testing.assert_allclose(out.boxes[0], seen(out.pixels), atol=1.6)


def test_a_box_that_is_mostly_outside_is_dropped() -> None:
    corner = painted(picture(box=(60, 100, 80, 120)), (60, 100, 80, 120))
    assert len(plans.place(corner, 96, 1.0, (0, 0)).boxes) == 1
    assert len(plans.place(corner, 96, 2.2, (1.0, 1.0)).boxes) == 1
    gone = plans.place(corner, 96, 2.2, (-1.0, -1.0))
    assert len(gone.boxes) == len(gone.groups) in (0, 1)
    assert {len(plans.place(corner, 96, 2.2, (x, x)).boxes) for x in (-1.0, 1.0)} == {0, 1}


@pytest.mark.parametrize("turns", [(), (True,), (False,), (True, False)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turns_and_mirrors_take_the_box_along(turns: tuple[bool, ...], mirrored: bool) -> None:
    box = (10, 30, 40, 100)
    part = painted(picture(box=box), box)
    for left in turns:
        part = plans.quarter_turn(part, left)
    plan = plans.place(part, 120, 1.0, (0.0, 0.0), BLACK)
    plan = plans.mirror(plan, 120) if mirrored else plan
    out = drawn(plan, 120, picture(box=box))
    np.testing.assert_allclose(out.boxes[0], seen(out.pixels), atol=1.1)


def test_there_and_back_is_nothing() -> None:
    part = painted(picture(), (10, 30, 40, 100))
    there_and_back = plans.quarter_turn(plans.quarter_turn(part), left=False)
    np.testing.assert_array_equal(there_and_back.boxes, part.boxes)
    assert there_and_back.turns == 0
    plan = plans.place(part, 96, 1.0, (0.0, 0.0))
    twice = plans.mirror(plans.mirror(plan, 96), 96)
    np.testing.assert_array_equal(twice.boxes, plan.boxes)
    assert not twice.mirrored


def test_mosaic_keeps_boxes_inside_and_on_their_pixels() -> None:
    for seed in range(8):
        plan = plans.mosaic([painted(picture()) for _ in range(4)], 128, np.random.default_rng(seed))
        out = drawn(plan, 128, picture())
        assert (out.boxes >= 0).all() and (out.boxes <= 128).all()
        for x0, y0, x1, y1 in out.boxes.round().astype(int):
            assert (out.pixels[y0:y1, x0:x1] > 127).mean() > 0.8


def test_a_group_left_open_in_one_part_is_open_in_the_mosaic() -> None:
    parts = [painted(picture()) for _ in range(4)]
    parts[2].negative[5] = 0
    assert plans.mosaic(parts, 96, np.random.default_rng(0)).negative.tolist() == [1, 1, 1, 1, 1, 0, 1, 1, 1]


def test_pasting_adds_a_box_and_leaves_the_background_away() -> None:
    disc = np.full((120, 80, 3), 250, np.uint8)
    ys, xs = np.mgrid[0:120, 0:80]
    disc[(xs - 40) ** 2 + (ys - 60) ** 2 < 30**2] = 90
    below = Plan([], np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.ones(9, np.float32), BLACK)
    for seed in range(20):
        item = painted(disc, (10, 30, 70, 90))
        plan = plans.paste(below, item, (250, 250, 250), 100, np.random.default_rng(seed))
        out = drawn(plan, 100, disc)
        assert plan.groups[-1] == 4
        x0, y0, x1, y1 = out.boxes[-1].astype(int)
        assert out.pixels[(y0 + y1) // 2, (x0 + x1) // 2].tolist() == [90, 90, 90]
        assert (out.pixels[y0, [x0, x1 - 1]] < 60).all()


def test_a_box_that_an_item_hides_is_dropped() -> None:
    item = painted(picture(), (20, 30, 60, 90))
    small = Plan([], np.array([[48, 48, 52, 52]], np.float32), np.array([2]), np.ones(9, np.float32))
    counts = {len(plans.paste(small, item, BLACK, 100, np.random.default_rng(s)).boxes) for s in range(40)}
    assert counts == {1, 2}


def test_recolouring_changes_no_size_and_a_plain_look_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    np.testing.assert_array_equal(recolour(pixels, Look()), pixels)
    for seed in range(30):
        first = recolour(pixels, plans.draw_look(np.random.default_rng(seed)))
        assert first.shape == pixels.shape and first.dtype == np.uint8
        np.testing.assert_array_equal(first, recolour(pixels, plans.draw_look(np.random.default_rng(seed))))


def smooth(seed: int, width: int, height: int) -> np.ndarray:
    """A picture without hard edges, so that two ways of scaling it may differ little."""
    from PIL import Image

    low = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return np.array(Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC))


def test_a_device_draws_what_pil_draws(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
    from placket.training.cache import write_store
    from placket.training.detector import on_device
    from placket.training.detector.dataset import SceneStream
    from placket.training.detector.on_device import PlanStream
    from placket.training.detector.targets import Sample
    from placket.training.gallery import Gallery

    sizes = {"hm": (64, 96), "ccp": (120, 80), "empty": (70, 70)}
    samples = []
    for kind, (w, h) in sizes.items():
        pictures = [(str(n), smooth(n, w, h)) for n in range(6)]
        for _, pixels in pictures:
            pixels[:3] = pixels[-3:] = pixels[:, :3] = pixels[:, -3:] = 240
        write_store(tmp_path / kind, pictures)
        boxes = np.zeros((0, 4), np.float32) if kind == "empty" else np.array([[0.2, 0.2, 0.8, 0.9]], np.float32)
        samples += [Sample(kind, str(n), "train", boxes, np.full(len(boxes), n % 3), kind) for n in range(6)]
    settings = (samples, tmp_path, {"hm": 0.3, "ccp": 0.5, "empty": 0.2}, 24, 9, torch.tensor([96, 1]), 3)
    by_pil, on_it = SceneStream(*settings, turned=0.3), PlanStream(*settings, turned=0.3)
    gallery = Gallery(tmp_path, on_it.pictures(), torch.device("cpu"))
    on_it.number = gallery.number
    wanted, got = next(iter(by_pil)), on_device.draw(next(iter(on_it)), gallery)
    for name in ("boxes", "groups", "negative"):
        assert torch.equal(wanted[name], got[name])
    apart = (wanted["image"].float() - got["image"]).abs().mean((1, 2, 3))
    # A scene coded hard as JPEG differs most: a file's own transform rounds otherwise.
    assert apart.max() < 6 and apart.median() < 2
