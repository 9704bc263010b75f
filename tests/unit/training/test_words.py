"""What records say of a garment, as a task of the training's own: within its set, and unknown where nothing is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.cache import write_store  # noqa: E402
from placket.training.encoder.dataset import CropStream  # noqa: E402
from placket.training.encoder.items import Item  # noqa: E402
from placket.training.encoder.train import EncoderRecipe, EncoderRun  # noqa: E402
from placket.training.encoder.words import LEAST_PHOTOS, Words, said_of, words_loss  # noqa: E402
from tests.unit.training.test_tutor import SMALL, VOCABULARY  # noqa: E402

TINY = EncoderRecipe(
    widths=list(SMALL["widths"]),
    blocks=list(SMALL["blocks"]),
    top=SMALL["top"],
    steps=2,
    size=[64],
    grow_at=[],
    words=5,
)


def item(number: int, dataset: str = "hm") -> Item:
    key = f"p{number}"
    return Item(dataset, key, key, "train", (0, 0, 1, 1), key, key, False, True, dataset, {"category": "shirt"})


def test_prose_is_read_word_by_word_and_other_values_whole() -> None:
    labels = {
        "name": "Slim-fit Jeans 501",
        "description": "In washed DENIM.",
        "pattern": "All over",
        "sender": "12",
        "kids": False,
    }
    assert said_of(labels) == {"slim-fit", "jeans", "in", "washed", "denim", "pattern=All over"}
    assert said_of({"name": "린넨 셔츠", "colour": None}) == {"린넨", "셔츠"}
    assert said_of({}) == set()


def words() -> tuple[list[Item], Words]:
    count = LEAST_PHOTOS
    items = [*(item(n) for n in range(2 * count)), *(item(n, "cd") for n in range(count)), item(0, "ccp")]
    said = {("hm", f"p{n}"): {"shirt", "rib"} if n < count else {"shirt", "rare"} for n in range(2 * count - 1)}
    said |= {("cd", f"p{n}"): {"label=Shirt"} for n in range(count)}
    return items, Words(items, said, 5)


def test_a_word_counts_within_its_set_and_only_where_anything_is_said() -> None:
    items, told = words()
    # "rare" is said of one photo less than it takes.
    assert told.number == {("hm", "shirt"): 0, ("cd", "label=Shirt"): 1, ("hm", "rib"): 2}
    assert told.said[0].tolist() == [1, 0, 1, 0, 0]
    assert told.known[0].tolist() == [1, 0, 1, 0, 0]
    assert told.said[LEAST_PHOTOS].tolist() == [1, 0, 0, 0, 0]
    assert told.known[LEAST_PHOTOS].tolist() == [1, 0, 1, 0, 0]
    silent, phone, street = 2 * LEAST_PHOTOS - 1, 2 * LEAST_PHOTOS, len(items) - 1
    assert told.known[silent].sum() == 0
    assert told.known[phone].tolist() == told.said[phone].tolist() == [0, 1, 0, 0, 0]
    assert told.known[street].sum() == 0


def test_only_the_most_frequent_words_are_asked_for() -> None:
    items, _ = words()
    said = {(i.dataset, i.id): {"a", "b"} | ({"c"} if n < LEAST_PHOTOS else set()) for n, i in enumerate(items[:79])}
    assert set(Words(items, said, 2).number) == {("hm", "a"), ("hm", "b")}


def test_words_that_nobody_can_know_cost_nothing() -> None:
    logits = torch.zeros(3, 2)
    said, known = torch.tensor([[1, 0], [1, 1], [0, 0]]), torch.tensor([[1, 1], [1, 0], [0, 0]])
    # Three words are known, each at even odds, of two garments.
    assert float(words_loss(logits, said, known)) == pytest.approx(3 * np.log(2) / 2)
    assert float(words_loss(logits, said, torch.zeros_like(known))) == 0


def test_a_batch_has_the_words_of_its_garments(tmp_path: Path) -> None:
    items, told = words()
    write_store(tmp_path / "hm", ((i.key, np.zeros((64, 64, 3), np.uint8)) for i in items if i.dataset == "hm"))
    counts, side = (0, 0, 6), torch.tensor([64])
    stream = CropStream(items, VOCABULARY, tmp_path, {"hm": 1.0}, counts, side, 1, None, words=told)
    batch = next(iter(stream))
    assert batch["words"].shape == batch["words_known"].shape == (6, 5)
    assert set(batch["words"][:, 0].tolist()) <= {0, 1}
    assert bool(batch["words"].any())


def run(recipe: EncoderRecipe, out: Path, start: Path | None = None) -> EncoderRun:
    out.mkdir(exist_ok=True)
    return EncoderRun(recipe, out, VOCABULARY, None, {}, start)


def test_a_network_that_knew_no_words_begins_with_what_is_usual(tmp_path: Path) -> None:
    run(replace(TINY, words=0), tmp_path / "silent").save()
    own = run(TINY, tmp_path / "told", tmp_path / "silent" / "checkpoint.pt")
    _, told = words()
    own.expect(told)
    head = own.network.words
    assert head is not None
    share = torch.sigmoid(head.bias.detach())
    assert float(share[0]) == pytest.approx(80 / 81, abs=1e-4)
    assert float(share[2]) == pytest.approx(41 / 81, abs=1e-4)
    torch.testing.assert_close(own.average.network.words.bias, head.bias.detach())


def test_one_that_knew_them_keeps_what_it_knows(tmp_path: Path) -> None:
    first = run(TINY, tmp_path / "first")
    first.save()
    own = run(TINY, tmp_path / "second", tmp_path / "first" / "checkpoint.pt")
    own.expect(words()[1])
    torch.testing.assert_close(own.network.words.bias, first.network.words.bias)
    torch.testing.assert_close(own.network.words.weight, first.network.words.weight)


def test_the_words_count_in_the_loss(tmp_path: Path) -> None:
    own, (items, told) = run(TINY, tmp_path / "run"), words()
    write_store(tmp_path / "hm", ((i.key, np.zeros((64, 64, 3), np.uint8)) for i in items if i.dataset == "hm"))
    stream = CropStream(items, VOCABULARY, tmp_path, {"hm": 1.0}, (0, 0, 6), torch.tensor([64]), 1, None, words=told)
    _, parts = own.losses(next(iter(stream)), 0.0)
    assert float(parts["words"]) > 0


def test_a_tutor_sees_its_crops_as_large_as_its_recipe_says() -> None:
    pytest.importorskip("efficientnet_lite_pytorch", reason="the tutor's packages are not installed here")
    from placket.training.encoder.lite import LiteTrunk

    trunk = LiteTrunk(7, enlarged=96).eval()
    image = torch.rand(1, 3, 64, 64) * 255
    larger = torch.nn.functional.interpolate(image, (96, 96), mode="bilinear", align_corners=False)
    with torch.no_grad():
        torch.testing.assert_close(trunk(image), trunk(larger))
