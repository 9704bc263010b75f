"""A folded network with its norms put back computes the same, cuts where its integers did, and may grow."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.domain.errors import InvalidParameter  # noqa: E402
from placket.training.encoder.network import Encoder, Trunk  # noqa: E402
from placket.training.encoder.train import EncoderRecipe, EncoderRun  # noqa: E402
from placket.training.integers import ranges_of  # noqa: E402
from placket.training.layers import CappedConv, ConvBlock, fold_all  # noqa: E402
from placket.training.loop import read_checkpoint  # noqa: E402
from placket.training.unfold import unfold, with_caps  # noqa: E402
from tests.unit.training.test_tutor import LABELS, VOCABULARY, crops  # noqa: E402

WIDTHS, BLOCKS, GROWN = [8, 8, 16, 16, 24], [1, 0, 1, 0], [1, 1, 2, 0]


def trunk(blocks: list[int]) -> Trunk:
    return Trunk(tuple(WIDTHS), tuple(blocks), 32)


def a_folded_one() -> Encoder:
    """With statistics that no fresh network has."""
    torch.manual_seed(5)
    network = Encoder(LABELS, trunk(BLOCKS))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
    return fold_all(network)


@pytest.mark.parametrize("blocks", [BLOCKS, GROWN])
def test_it_computes_the_same_with_norms_that_know_the_pictures(blocks: list[int]) -> None:
    folded, image = a_folded_one(), crops(6)
    network = Encoder(LABELS, trunk(blocks)).eval()
    unfold(network, folded.state_dict(), image)
    with torch.no_grad():
        wanted, got = folded(crops(3)), network(crops(3))
        for name in ("embedding", "category", "fabric"):
            torch.testing.assert_close(got[name], wanted[name], atol=1e-3, rtol=1e-3)
        norm = network.trunk.stem.norm
        seen = network.trunk.stem.conv((image - 117.0) / 58.0)
    torch.testing.assert_close(norm.running_mean, seen.mean((0, 2, 3)), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(norm.running_var, seen.var((0, 2, 3), correction=0), atol=1e-4, rtol=1e-3)
    # What makes the steps of the optimiser as large as in a network that was never folded.
    for block in network.modules():
        if isinstance(block, ConvBlock):
            kernel = block.conv.weight
            fresh = (2 / (kernel.shape[0] * kernel[0, 0].numel())) ** 0.5
            assert float(kernel.square().mean().sqrt()) == pytest.approx(fresh, rel=0.25)


def test_a_capped_convolution_cuts_its_input_also_when_folded() -> None:
    block = ConvBlock(2, 2, skip=True).eval()
    block.conv = CappedConv(block.conv)
    x = torch.rand(1, 2, 4, 4) * 10
    plain = block(x)
    block.conv.high.fill_(3.0)
    cut = block(x)
    assert not torch.equal(plain, cut)
    torch.testing.assert_close(block.conv(x), block.conv(x.clamp(max=3.0)))
    block.fold()
    assert isinstance(block.conv, CappedConv) and float(block.conv.high) == 3.0


def integers(out: Path, start: Path | None = None, blocks: list[int] = BLOCKS) -> EncoderRun:
    return EncoderRun(recipe(blocks, integers=True), out, VOCABULARY, None, {}, start)


def recipe(blocks: list[int], **more: bool) -> EncoderRecipe:
    return EncoderRecipe(
        pairs=0, views=0, rest=4, teacher=0.0, steps=4, size=[64], grow_at=[], widths=WIDTHS, blocks=blocks, top=32,
        **more,
    )  # fmt: skip


def test_from_integers_to_floats_and_back_the_ranges_stay(tmp_path: Path) -> None:
    first = integers(tmp_path / "first")
    first.network.train()(crops(4))
    first.average.network.load_state_dict(first.network.state_dict())
    first.out.mkdir()
    first.save()
    floats = EncoderRun(
        recipe(GROWN, capped=True), tmp_path / "floats", VOCABULARY, None, {}, tmp_path / "first" / "checkpoint.pt"
    )
    floats.unfold([{"image": crops(4).byte()}])
    floats.average.network.load_state_dict(floats.network.state_dict())
    floats.out.mkdir()
    floats.save()
    assert read_checkpoint(floats.out / "checkpoint.pt")["began"]["recipe"]["integers"]
    again = integers(tmp_path / "again", floats.out / "checkpoint.pt", GROWN)
    before, after = ranges_of(first.network), ranges_of(again.network)
    assert all(after[name] == pytest.approx(high) for name, high in before.items())
    assert {high for name, high in after.items() if name not in before} == {0.0}


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    first = integers(tmp_path / "first")
    first.out.mkdir()
    first.save()
    run = EncoderRun(
        recipe([1, 0, 0, 0], capped=True), tmp_path / "floats", VOCABULARY, None, {}, first.out / "checkpoint.pt"
    )
    with pytest.raises(InvalidParameter, match="another network"):
        run.unfold([{"image": crops(4).byte()}])


def test_caps_cut_nothing_at_first() -> None:
    torch.manual_seed(6)
    network = Encoder(LABELS, trunk(BLOCKS)).eval()
    with torch.no_grad():
        wanted = network(crops(2))["category"]
        torch.testing.assert_close(with_caps(network, "trunk.stem")(crops(2))["category"], wanted)
    assert not isinstance(network.trunk.stem.conv, CappedConv)
