import numpy as np
import pytest
from PIL import Image

from placket.domain.garments import WHOLE_IMAGE, Box
from placket.vision.preprocessing import batch, crop, cut, letterbox
from tests.support.photos import scene

PIXELS = np.asarray(scene(120, 80, seed=5))


def test_a_wide_picture_lies_between_two_bars() -> None:
    canvas = letterbox(PIXELS, 60, 114)
    assert (canvas.left, canvas.top, canvas.width, canvas.height) == (0, 10, 60, 40)
    assert (canvas.pixels[:10] == 114).all()
    assert (canvas.pixels[50:] == 114).all()
    wanted = Image.fromarray(PIXELS).resize((60, 40), Image.Resampling.BILINEAR, reducing_gap=2.0)
    assert (canvas.pixels[10:50] == np.asarray(wanted)).all()


def test_an_odd_rest_goes_to_the_bottom() -> None:
    canvas = letterbox(np.zeros((100, 33, 3), np.uint8), 50, 255)
    assert (canvas.left, canvas.top, canvas.width, canvas.height) == (17, 0, 16, 50)
    assert canvas.pixels[0, :, 0].tolist() == [255] * 17 + [0] * 16 + [255] * 17


def test_a_margin_is_a_share_of_the_box_and_ends_at_the_picture() -> None:
    part = cut(PIXELS, Box(0.25, 0.25, 0.75, 0.75), 0.1)
    assert part.shape == (48, 72, 3)
    assert (part == PIXELS[16:64, 24:96]).all()
    assert (cut(PIXELS, WHOLE_IMAGE, 0.1) == PIXELS).all()
    assert (cut(PIXELS, Box(0.9, 0.5, 1.0, 1.0), 0.2) == PIXELS[32:, 106:]).all()


@pytest.mark.parametrize(
    "box", [Box(0.0, 0.0, 1e-6, 1e-6), Box(0.999999, 0.999999, 1.0, 1.0), Box(0.5, 0.5, 0.5001, 0.9)]
)
def test_a_sliver_has_two_pixels_a_side(box: Box) -> None:
    part = cut(PIXELS, box, 0.0)
    assert min(part.shape[:2]) == 2


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_pictures_of_hardly_any_pixels(size: tuple[int, int]) -> None:
    canvas = crop(np.zeros((*size, 3), np.uint8), WHOLE_IMAGE, 32, 0.08, 255)
    assert canvas.pixels.shape == (32, 32, 3)
    assert (canvas.pixels == 0).any()


def test_a_crop_is_that_of_the_training_data() -> None:
    dataset = pytest.importorskip("placket.training.encoder.dataset", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    for _ in range(50):
        x, y = np.sort(rng.uniform(0, 1, (2, 2)), axis=1)
        box = Box(x[0], y[0], x[1] + 0.001, y[1] + 0.001)
        wanted = dataset.crop(PIXELS, tuple(box.as_list()), 64)
        assert (crop(PIXELS, box, 64, 0.08, 255).pixels == wanted).all()


def test_a_batch_has_channels_first() -> None:
    canvases = [letterbox(PIXELS, 16, 0), letterbox(PIXELS[:, :20], 16, 9)]
    images = batch(canvases)
    assert images.shape == (2, 3, 16, 16)
    assert images.dtype == np.float32
    assert images[1, 2, 8, 7] == canvases[1].pixels[8, 7, 2]
