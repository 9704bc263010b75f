"""How sure the encoder has to be so that a second one is not asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from placket.training import calibrate
from placket.training.encoder.items import Item
from placket.training.encoder.predict import Predictions
from placket.training.manifest import read_manifest
from placket.vision.second_look import surest, unsure
from tests.support.tiny_bundle import write_tiny_bundle


def garments(count: int, *, by_eye: bool = True) -> list[Item]:
    names = map(str, range(count))
    return [Item("hm", n, n, "calib", (0.0, 0.0, 1.0, 1.0), n, n, True, by_eye, "hm") for n in names]


def chosen(folder: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch) -> tuple[float, Any]:
    logits = np.random.default_rng(1).normal(0, 3, (len(items), 81)).astype(np.float32)

    def alone(_bundle: Path, asked: list[Item], _pictures: Any, *, second_look: bool) -> Predictions:
        assert not second_look and all(i.by_eye for i in asked)
        return Predictions(asked, np.zeros((len(asked), 256), np.float32), {"category": logits[: len(asked)]},
                           np.ones((len(asked), 9), np.float32))  # fmt: skip

    monkeypatch.setattr(calibrate, "predictions", alone)
    calibrate._choose_second_look(folder, read_manifest(folder), items, {})
    return float(read_manifest(folder)["encoder"]["second"]["below"]), logits


def test_a_quarter_of_the_garments_is_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tiny_bundle(tmp_path, below=0.5)
    below, logits = chosen(folder, [*garments(200), *garments(90, by_eye=False)], monkeypatch)
    assert len(unsure(logits[:200], below)) == pytest.approx(0.25 * 200, abs=1)
    assert surest(logits).min() < below < surest(logits).max()


def test_of_a_few_nothing_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tiny_bundle(tmp_path, below=0.5)
    assert chosen(folder, [*garments(19), *garments(90, by_eye=False)], monkeypatch)[0] == 0.5
