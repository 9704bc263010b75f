"""What is cut and changed on a device is what PIL cuts and changes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.cache import write_store  # noqa: E402
from placket.training.encoder.crops import crop  # noqa: E402
from placket.training.encoder.on_device import crop_places, light_all, shake_all  # noqa: E402
from placket.training.gallery import Gallery, box_blur, inside, jpeg, saturate, tone  # noqa: E402


def picture(seed: int, width: int, height: int) -> np.ndarray:
    low = np.random.default_rng(seed).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(low).resize((width, height), Image.Resampling.BICUBIC))


def tensor(pixels: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]


def apart(image: "torch.Tensor", pixels: np.ndarray) -> float:
    """Mean absolute difference, 0..255."""
    return float(np.abs(image[0].permute(1, 2, 0).numpy() - pixels.astype(np.float32)).mean())


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (0.1, 0.3, 0.7, 0.5), (0.8, 0.05, 1.0, 0.95)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_crop_is_the_servers(tmp_path: Path, box: tuple[float, ...], mirrored: bool) -> None:
    pictures = {"wide": picture(1, 160, 90), "tall": picture(2, 70, 150)}
    write_store(tmp_path / "set", pictures.items())
    gallery = Gallery(tmp_path, [("set", name) for name in pictures], torch.device("cpu"))
    assert gallery.pixels.shape == (2, 3, 150, 160)
    for name, pixels in pictures.items():
        which = np.array([gallery.number["set", name]])
        places = crop_places(np.array([box]), gallery.sizes[which], 64, np.array([mirrored]))
        matrix, cut, filled = (torch.from_numpy(v.astype(np.float32)) for v in places)
        seen = gallery.view(torch.from_numpy(which), matrix, cut, 64)
        seen = torch.where(inside(filled, 64), seen, torch.full_like(seen, 255))
        wanted = crop(pixels, box, 64)  # type: ignore[arg-type]
        assert apart(seen, wanted[:, ::-1] if mirrored else wanted) < 1.5


def test_light_and_colours_are_pils() -> None:
    pixels = picture(3, 48, 32)
    plain = tone(tensor(pixels), torch.ones(1), torch.ones(1, 3), torch.zeros(1))
    assert apart(plain, pixels) < 1e-3
    brighter = tone(tensor(pixels), torch.ones(1), torch.tensor([[1.2, 1.0, 0.5]]), torch.tensor([0.1]))
    table = np.clip(pixels * np.array([1.2, 1.0, 0.5]) + 25.5, 0, 255)
    assert apart(brighter, table) < 1e-3
    for factor in (0.0, 0.5, 1.7):
        wanted = np.asarray(ImageEnhance.Color(Image.fromarray(pixels)).enhance(factor))
        assert apart(saturate(tensor(pixels), torch.tensor([factor])), wanted) < 1


@pytest.mark.parametrize("radius", [0.4, 1.0, 1.6])
def test_a_blur_is_pils(radius: float) -> None:
    pixels = picture(4, 40, 40)
    wanted = np.asarray(Image.fromarray(pixels).filter(ImageFilter.BoxBlur(radius)))
    assert apart(box_blur(tensor(pixels), torch.tensor([radius])), wanted) < 1


@pytest.mark.parametrize("quality", [25, 50, 80])
def test_jpeg_leaves_what_a_jpeg_file_leaves(quality: int) -> None:
    noise = np.random.default_rng(5).normal(0, 20, (64, 64, 3))
    pixels = (picture(5, 64, 64) + noise).clip(0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    wanted = np.asarray(Image.open(buffer)).astype(np.float32)
    lost = float(np.abs(wanted - pixels).mean())
    got = jpeg(tensor(pixels), torch.tensor([float(quality)]))
    assert apart(got, wanted) < 0.35 * lost
    assert apart(got, pixels) == pytest.approx(lost, rel=0.1)


def test_boxes_are_shaken_within_the_picture_and_keep_most_of_their_sides() -> None:
    rng = np.random.default_rng(0)
    boxes = np.concatenate([rng.uniform(0, 0.4, (500, 2)), rng.uniform(0.5, 1, (500, 2))], 1)
    out = shake_all(boxes, rng)
    assert (out >= 0).all() and (out <= 1).all()
    assert ((out[:, 2:] - out[:, :2]) >= 0.3 * (boxes[:, 2:] - boxes[:, :2]) - 1e-9).all()
    assert 0.005 < np.abs(out - boxes).mean() < 0.05


def test_lighting_keeps_size_and_range_and_is_repeatable() -> None:
    image = torch.cat([tensor(picture(s, 32, 32)) for s in range(40)])
    first = light_all(image.clone(), np.random.default_rng(2))
    assert first.shape == image.shape
    assert float(first.min()) >= 0 and float(first.max()) <= 255.001
    assert torch.equal(first, light_all(image.clone(), np.random.default_rng(2)))
    assert not torch.equal(first, image)
