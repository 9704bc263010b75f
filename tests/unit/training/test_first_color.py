"""The head for the main colour: what it learns, what it leaves alone, and how its share of the say is chosen."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.domain.garments import Swatch  # noqa: E402
from placket.training.encoder import first_color  # noqa: E402
from placket.training.encoder.calibrate import measured_weight  # noqa: E402
from placket.training.encoder.first_color import fit_first_color, right  # noqa: E402
from placket.training.encoder.items import Item  # noqa: E402
from placket.training.encoder.network import Encoder  # noqa: E402
from placket.training.encoder.predict import Predictions  # noqa: E402
from placket.training.encoder.refit import Shelf, add_first_color  # noqa: E402

LABELS = ("red", "blue", "gold")


def garments(count: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """Features [n, 16] whose first three tell the colour, and the colours; every fifth is unknown."""
    generator = torch.Generator().manual_seed(5)
    truth = torch.randint(0, 3, (count,), generator=generator)
    features = torch.randn(count, 16, generator=generator)
    features[torch.arange(count), truth] += 4
    truth[::5] = -1
    return features, truth


def test_it_learns_what_can_be_told_and_answers_always_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_color, "STEPS", 150)
    monkeypatch.setattr(first_color, "ROWS", 256)
    features, truth = garments(800)
    before = torch.get_rng_state()
    head = fit_first_color(features[:600], truth[:600], 3)
    assert head is not None
    assert right(head, features[600:], truth[600:]) > 0.9
    assert torch.equal(torch.get_rng_state(), before)
    again = fit_first_color(features[:600], truth[:600], 3)
    assert again is not None
    torch.testing.assert_close(head(features), again(features))


def test_few_known_colours_are_too_few() -> None:
    features, truth = garments(240)
    assert fit_first_color(features, truth, 3) is None
    assert np.isnan(right(torch.nn.Identity(), features, torch.full((240,), -1)))


@pytest.mark.parametrize("taught", ["rightly", "wrongly"])
def test_a_head_that_is_worse_than_the_sets_first_colour_is_left_out(
    monkeypatch: pytest.MonkeyPatch, taught: str
) -> None:
    monkeypatch.setattr(first_color, "STEPS", 150)
    monkeypatch.setattr(first_color, "ROWS", 256)
    features, truth = garments(1_000)
    heads = torch.nn.ModuleDict({"colors": torch.nn.Linear(16, 3)})
    with torch.no_grad():
        heads["colors"].weight.copy_(torch.eye(3, 16) + 0.7 * torch.eye(3, 16).roll(1, 0))
        heads["colors"].bias.zero_()
    told = truth if taught == "rightly" else torch.where(truth < 0, truth, (truth + 1) % 3)
    train, held = (
        Shelf(features[p], {"first_color": t[p]}) for p, t in ((slice(600), told), (slice(600, None), truth))
    )
    report = add_first_color(cast(Encoder, SimpleNamespace(heads=heads)), train, held, 3)["first_color"]
    assert ("first_color" in heads) == (report["after"] > report["before"]) == (taught == "rightly")


def predictions(logits: list[tuple[float, ...]], measured: list[str]) -> Predictions:
    items = [Item("hm", str(i), str(i), "calib", (0, 0, 1, 1), "", "", True, True, "hm") for i in range(len(logits))]
    shares = [((Swatch("#000000", name, 1.0),), (Swatch("#000000", "blue", 1.0),)) for name in measured]
    told = {"first_color": np.array(logits, np.float32)}
    ones = np.ones((len(items), 9), np.float32)
    return Predictions(items, np.zeros((len(items), 256), np.float32), told, ones, shares)


def test_the_pixels_weigh_as_much_as_they_help_and_no_more() -> None:
    truth = np.array([0, 0, 1, -1])
    unsure = predictions([(1.0, 1.1, 0.0), (1.0, 1.1, 0.0), (0.0, 3.0, 0.0), (0, 0, 0)], ["red", "red", "red", "red"])
    none = np.zeros(4, bool)
    weight, table = measured_weight(unsure, truth, 1.0, LABELS, none)
    assert weight == 0.05 and table["0.0"] == pytest.approx(1 / 3) and table["0.05"] == 1.0
    assert measured_weight(unsure, truth, 1.0, LABELS, ~none)[0] == 0.0  # as of denim all are measured blue
    assert measured_weight(unsure, np.full(4, -1), 1.0, LABELS, none) == (0.0, {})
