"""What makes pictures worse on a device does what PIL does."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.cache import write_store  # noqa: E402
from placket.training.encoder.crops import askew, crop  # noqa: E402
from placket.training.encoder.items import Item, Vocabulary  # noqa: E402
from placket.training.encoder.on_device import GalleryCrops, crop_places, turned_places  # noqa: E402
from placket.training.gallery import Gallery, inside  # noqa: E402
from placket.training.worse import _CHANGES, _DRAWN  # noqa: E402
from placket.training.worse_on_device import Worsener  # noqa: E402
from tests.unit.training.test_gallery import apart, picture, tensor  # noqa: E402

SIDE = 96
STRENGTHS = {
    "fewer pixels": (3.0,), "blur": (2.0,), "shake": (9.0, 0.7), "light": (1.1, 0.9, 1.4, 1.0, 0.5), "no colour": (),
    "grain": (20.0,), "words": (3.0,), "JPEG": (20.0,),
}  # fmt: skip


@pytest.fixture(scope="module")
def worsen() -> Worsener:
    return Worsener(torch.device("cpu"), np.random.default_rng(0))


def only(monkeypatch: pytest.MonkeyPatch, drawn: dict[str, tuple[float, ...]]) -> None:
    monkeypatch.setattr("placket.training.worse_on_device.drawn_changes", lambda rng: drawn)


def test_both_know_the_same_changes(worsen: Worsener) -> None:
    assert list(worsen._changes) == list(_CHANGES) == list(_DRAWN) == list(STRENGTHS)


@pytest.mark.parametrize("name", ["fewer pixels", "blur", "shake", "light", "no colour", "JPEG"])
def test_a_change_is_pils(worsen: Worsener, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    noise = np.random.default_rng(5).normal(0, 12, (SIDE, SIDE, 3))
    pixels = (picture(5, SIDE, SIDE) + noise).clip(0, 255).astype(np.uint8)
    rng = np.random.default_rng(1)
    wanted = np.asarray(_CHANGES[name](Image.fromarray(pixels), rng, *STRENGTHS[name]))
    only(monkeypatch, {name: STRENGTHS[name]})
    got = worsen(tensor(pixels), rng)
    changed = float(np.abs(wanted.astype(float) - pixels).mean())
    assert apart(got, wanted) < max(1.0, 0.3 * changed)
    assert apart(got, pixels) == pytest.approx(changed, rel=0.15)


def test_grain_is_as_strong_and_words_cover_as_much(worsen: Worsener, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = np.full((192, 192, 3), 127, np.uint8)
    for name in ("grain", "words"):
        rng = np.random.default_rng(1)
        drawn = [_CHANGES[name](Image.fromarray(plain), rng, *STRENGTHS[name]) for _ in range(60)]
        wanted = np.stack([np.asarray(image, np.float32) for image in drawn])
        only(monkeypatch, {name: STRENGTHS[name]})
        got = worsen(torch.cat([tensor(plain)] * 60), rng).numpy()
        assert float(got.std()) == pytest.approx(float(wanted.std()), rel=0.25), name
        assert float((np.abs(got - 127) > 5).mean()) == pytest.approx(float((np.abs(wanted - 127) > 5).mean()), rel=0.2)


def test_every_picture_gets_its_own_and_the_given_ones_stay(worsen: Worsener) -> None:
    image = torch.cat([tensor(picture(6, SIDE, SIDE))] * 24)
    before = image.clone()
    got, again = (worsen(image, np.random.default_rng(4)) for _ in range(2))
    assert torch.equal(image, before) and torch.equal(got, again)
    # Two may both lose their colours and nothing else.
    assert len({g.numpy().tobytes() for g in got}) > 20
    assert all(not torch.equal(g, b) for g, b in zip(got, before, strict=True))
    assert float(got.min()) >= 0 and float(got.max()) <= 255


@pytest.mark.parametrize("degrees", [0.0, 18.0, -25.0, 90.0, 180.0, 270.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_crop_askew_is_the_one_that_is_cut_on_a_cpu(tmp_path: Path, degrees: float, mirrored: bool) -> None:
    box = (0.3, 0.35, 0.6, 0.7)
    pixels = picture(7, 200, 260)
    write_store(tmp_path / "set", [("one", pixels)])
    gallery = Gallery(tmp_path, [("set", "one")], torch.device("cpu"))
    places = turned_places(np.array([box]), gallery.sizes, 64, np.array([mirrored]), np.array([degrees]))
    matrix, frame, filled = (torch.from_numpy(v.astype(np.float32)) for v in places)
    seen = gallery.view(torch.tensor([0]), matrix, frame, 64)
    got = torch.where(inside(filled, 64), seen, torch.full_like(seen, 255))
    wanted = crop(*askew(pixels, box, degrees), 64)
    wanted = wanted[:, ::-1] if mirrored else wanted
    # A row of pixels more or less; turned the other way round they are apart by 30 and more.
    assert apart(got, wanted) < 6
    straight = crop_places(np.array([box]), gallery.sizes, 64, np.array([mirrored]))
    assert all(np.array_equal(a, b) for a, b in zip(places, straight, strict=True)) == (degrees == 0)


def test_batches_hold_the_crops_as_they_were_and_as_many_worse_ones_as_asked_for(tmp_path: Path) -> None:
    write_store(tmp_path / "cd", ((str(n), picture(n, 120, 160)) for n in range(3)))
    tags = {"category": "shirt", "colors": ["blue"]}
    items = [
        Item("cd", str(n), str(n), "train", (0.2, 0.2, 0.8, 0.8), str(n), str(n), True, True, "cd", tags)
        for n in range(3)
    ]
    vocabulary = Vocabulary({"groups": {"TOP": ["shirt"]}, "attributes": {"colors": ["blue"], "details": ["logo"]},
                             "applies": {"to_all": ["colors"]}})  # fmt: skip

    def batch(worse: float) -> "dict[str, torch.Tensor]":
        counts, side = (0, 0, 200), torch.tensor([32])
        stream = GalleryCrops(items, vocabulary, tmp_path, {"cd": 1.0}, counts, side, 1, None, 0.3, worse)
        stream.gallery = Gallery(tmp_path, [("cd", str(n)) for n in range(3)], torch.device("cpu"))
        return next(iter(stream))

    assert "clean" not in batch(0.0)
    changes = {}
    for worse in (0.3, 1.0):
        seen = batch(worse)
        assert seen["image"].shape == seen["clean"].shape == (200, 3, 32, 32)
        changes[worse] = (seen["image"] - seen["clean"]).abs().mean((1, 2, 3))
    assert float(changes[1.0].mean()) > 1.5 * float(changes[0.3].mean()) > 0
