"""Pictures made worse: what is done to them, where a garment is then, and what a run learns from them."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from placket.domain.taxonomy import taxonomy
from placket.samples import catalogue
from placket.training.encoder.crops import askew, crop
from placket.training.encoder.items import Item, Vocabulary
from placket.training.encoder.worse_photos import AS_IT_IS, by_change
from placket.training.worse import KINDS, TURNS, drawn_angle, turned, turned_box, worsened
from placket.vision.bundle import read_bundle
from placket.vision.local import LocalVision

WORDS = taxonomy()
VOCABULARY = Vocabulary(
    {
        "groups": {g: list(names) for g, names in WORDS.groups.items()},
        "attributes": {a: list(v) for a, v in WORDS.attributes.items()},
        "applies": {"to_all": ["colors"], "neckline": ["shirt", "dress"]},
    }
)
BLUE = (20, 40, 200)


def a_photo(width: int = 160, height: int = 240) -> Image.Image:
    """A shirt's worth of stripes with a dark patch, on a light floor, off the middle."""
    image = Image.new("RGB", (width, height), (225, 220, 210))
    for y in range(60, 140, 8):
        image.paste(BLUE if y % 16 else (240, 240, 240), (30, y, 90, y + 8))
    image.paste((10, 10, 10), (34, 64, 48, 84))
    return image


BOX = (30 / 160, 60 / 240, 90 / 160, 140 / 240)


def blue(pixels: np.ndarray) -> tuple[float, float, float, float]:
    """Box of the blue pixels, as fractions."""
    ys, xs = np.nonzero((np.abs(pixels.astype(int) - BLUE) < 40).all(2))
    height, width = pixels.shape[:2]
    return xs.min() / width, ys.min() / height, (xs.max() + 1) / width, (ys.max() + 1) / height


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_the_picture_and_keeps_its_size(kind: str) -> None:
    photo = a_photo()
    one, again = (KINDS[kind](photo, np.random.default_rng(3)) for _ in range(2))
    assert (one.size, one.mode) == (photo.size, "RGB")
    change = np.abs(np.asarray(one, float) - np.asarray(photo, float)).mean()
    assert 0.5 < change < 120
    assert one.tobytes() == again.tobytes()


def test_a_picture_suffers_alike_at_any_size() -> None:
    def lost(width: int, kind: str) -> float:
        photo = a_photo().resize((width, width * 3 // 2))
        return float(np.abs(np.asarray(KINDS[kind](photo, np.random.default_rng(1)), float) - np.asarray(photo)).mean())

    for kind in ("out of focus", "shaken"):
        assert lost(640, kind) == pytest.approx(lost(160, kind), rel=0.4), kind


def test_something_always_happens_to_a_picture_and_not_always_the_same() -> None:
    photo = a_photo(96, 96)
    seen = {worsened(photo, np.random.default_rng(seed)).tobytes() for seed in range(40)}
    assert len(seen) == 40 and photo.tobytes() not in seen
    assert {worsened(Image.new("RGB", (1, 1)), np.random.default_rng(seed)).size for seed in range(40)} == {(1, 1)}


def test_most_garments_hang_straight_and_a_few_lie_on_their_side() -> None:
    rng = np.random.default_rng(0)
    angles = np.array([drawn_angle(rng) for _ in range(2000)])
    assert 0.5 < (angles == 0).mean() < 0.7
    assert 0.05 < np.isin(angles, (90, 180, 270)).mean() < 0.2
    assert np.abs(angles[~np.isin(angles, (0, 90, 180, 270))]).max() <= 25


@pytest.mark.parametrize("degrees", [90.0, 180.0, 270.0])
def test_a_turned_box_is_where_the_garment_went(degrees: float) -> None:
    pixels = np.asarray(a_photo())
    seen = turned(pixels, degrees)
    expected = blue(seen)
    plain = blue(pixels)
    assert turned_box(plain, pixels.shape, seen.shape, degrees) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("degrees", [-25.0, -12.0, 8.0, 25.0])
def test_of_a_garment_askew_the_middle_is_right_and_no_corner_is_promised(degrees: float) -> None:
    pixels = np.asarray(a_photo())
    seen = turned(pixels, degrees)
    assert seen.shape[0] > pixels.shape[0] and seen.shape[1] > pixels.shape[1]
    got, corners = np.array(turned_box(blue(pixels), pixels.shape, seen.shape, degrees)), np.array(blue(seen))
    assert (got[:2] + got[2:]) / 2 == pytest.approx((corners[:2] + corners[2:]) / 2, abs=0.03)
    assert (got[2:] - got[:2] <= corners[2:] - corners[:2] + 0.02).all()
    assert (got[2:] - got[:2] >= 0.75 * (corners[2:] - corners[:2])).all()


@pytest.mark.parametrize("degrees", [0.0, -20.0, 90.0, 180.0])
@pytest.mark.parametrize("left", [0, 50, 100])
def test_what_is_cut_askew_shows_the_garment_at_an_edge_too(degrees: float, left: int) -> None:
    photo = Image.new("RGB", (160, 240), (225, 220, 210))
    photo.paste(a_photo().crop((30, 60, 90, 140)), (left, 150))
    pixels = np.asarray(photo)
    own = (left / 160, 150 / 240, (left + 60) / 160, 230 / 240)
    seen, box = askew(pixels, own, degrees)
    there = np.array(blue(seen))
    assert (there[:2] + there[2:]) / 2 == pytest.approx((np.array(box[:2]) + box[2:]) / 2, abs=0.04)
    assert (np.abs(crop(seen, box, 64).astype(int) - BLUE) < 60).all(2).mean() > 0.15
    assert seen is pixels if degrees == 0 else seen.size < 3 * pixels.size


def test_a_sliver_of_a_box_is_not_turned() -> None:
    pixels = np.asarray(a_photo(6, 200))
    assert askew(pixels, (0.1, 0.4, 0.2, 0.41), 90)[0] is pixels
    assert set(TURNS.values()) == {12.0, 90.0, 180.0}


class TestTraining:
    """What needs PyTorch."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

    @pytest.fixture
    def items(self, tmp_path: Path) -> list[Item]:
        from placket.training.cache import write_store

        write_store(tmp_path / "cd", ((f"{n}", np.asarray(a_photo())) for n in range(3)))
        tags = {"category": "shirt", "colors": ["blue"]}
        return [Item("cd", f"{n}", f"{n}", "train", BOX, f"{n}", f"{n}", True, True, "cd", tags) for n in range(3)]

    def test_crops_come_with_what_they_were(
        self, items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        from placket.training.encoder.dataset import CropStream

        def batch(worse: float) -> "dict[str, torch.Tensor]":
            state = torch.tensor([64])
            counts = (0, 2, 8)
            return next(iter(CropStream(items, VOCABULARY, tmp_path, {"cd": 1.0}, counts, state, 1, None, 0.3, worse)))

        assert "clean" not in batch(0.0)
        all_worse, some = batch(1.0), batch(0.5)
        assert all_worse["clean"].shape == all_worse["image"].shape == (12, 3, 64, 64)

        def changes(seen: "dict[str, torch.Tensor]") -> "torch.Tensor":
            return (seen["image"].float() - seen["clean"].float()).abs().mean((1, 2, 3))

        assert float(changes(all_worse).mean()) > float(changes(some).mean()) > 0
        # Where nothing happens to a crop, both are mirrored or neither.
        monkeypatch.setattr("placket.training.encoder.crops.drawn_angle", lambda rng: 0.0)
        monkeypatch.setattr("placket.training.encoder.crops.worsened", lambda image, rng: image)
        assert float(changes(batch(1.0)).max()) == 0

    def test_the_tutor_is_asked_of_the_crops_as_they_were(self, tmp_path: Path) -> None:
        import torch

        from placket.training.encoder.train import EncoderRecipe, EncoderRun
        from placket.training.encoder.tutor import Answers

        recipe = EncoderRecipe(
            pairs=0, views=0, rest=4, tutor=1.0, teacher=0.0, steps=5, size=[64], grow_at=[], blended=0.5, worse=0.5,
            widths=[8, 8, 16, 16, 24], blocks=[1, 0, 1, 0], top=32,
        )  # fmt: skip
        EncoderRun(recipe, tmp_path, VOCABULARY, None, {}).save()
        checkpoint = tmp_path / "checkpoint.pt"
        run = EncoderRun(recipe, tmp_path / "run", VOCABULARY, None, {}, tutors=[checkpoint])
        asked: list[torch.Tensor] = []
        tutor = run.tutor
        assert tutor is not None

        def answer(image: torch.Tensor) -> Answers:
            asked.append(image)
            return type(tutor).answer(tutor, image)

        tutor.answer = answer  # type: ignore[method-assign]
        looked: list[torch.Tensor] = []
        run.network.register_forward_pre_hook(lambda _, given: looked.append(given[0]))
        unknown = torch.full((4,), -1)
        crops = torch.arange(4, dtype=torch.uint8).reshape(4, 1, 1, 1).expand(4, 3, 64, 64) * 40
        batch = dict.fromkeys(VOCABULARY.single, unknown) | {
            "image": crops, "clean": crops + 100,
            "product": torch.arange(4), "design": torch.arange(4), "by_eye": torch.ones(4), "first_color": unknown,
            "colors": torch.zeros(4, 26), "colors_known": torch.zeros(4),
            "details": torch.zeros(4, len(VOCABULARY.labels["details"])), "details_known": torch.zeros(4),
        }  # fmt: skip
        parts = run.step(batch)
        # The same two are blended in the same shares, for the tutor and for the network.
        torch.testing.assert_close(asked[0], looked[0] + 100, atol=1e-3, rtol=0)
        assert looked[0][:2].unique().tolist() == [0.0, 40.0] and 80 < float(looked[0][2:].mean()) < 120
        assert parts["told_category"] > 0 and "told_feature" not in parts


def test_what_a_worse_picture_costs_is_measured_through_the_pipeline() -> None:
    shown = []
    for number, product in enumerate(catalogue(12, 5)):
        # Off the middle, so that an upside-down picture has it elsewhere.
        picture = product.image.convert("RGB")
        wide = Image.new("RGB", (2 * picture.width, picture.height), picture.getpixel((1, 1)))
        wide.paste(picture)
        x0, y0, x1, y1 = product.box.as_list()
        tags = {"category": product.category, "colors": [product.color]}
        place = (x0 / 2, y0, x1 / 2, y1)
        shown.append(
            ([Item("hm", f"{number}", f"{number}", "val", place, "", "", True, True, "hm", tags)], np.asarray(wide))
        )
    vision = LocalVision(read_bundle(Path(str(files("placket.bundles")))), 1)
    figures = by_change(vision, shown, (AS_IT_IS, "upside down"))
    plain, over = figures[AS_IT_IS], figures["upside down"]
    assert plain.garments == over.garments == 12
    assert plain.found >= 0.9 and plain.itself == plain.found
    assert plain.category >= 0.6 and plain.first_color >= 0.5
    # The box goes round with the picture: a garment is found where it is then.
    assert over.found >= 0.6
    assert over.category < plain.category
