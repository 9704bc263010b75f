"""How much the words beside a picture are to count, as the part set aside tells."""

import numpy as np
import pytest

from placket.domain.hints import hints_of
from placket.domain.taxonomy import taxonomy
from placket.training.encoder.hints import USUAL_WEIGHT, choose_weights
from placket.training.encoder.items import Item
from placket.training.encoder.predict import Predictions

CATEGORIES = tuple(taxonomy().categories)
CALIBRATION = {"temperature": {}, "unknown": {}, "fusion": {"alpha": 0.0}}


def skirts(count: int) -> Predictions:
    """Skirts of the set `hm`, which the encoder takes for dresses by a little."""
    logits = np.zeros((count, len(CATEGORIES)), np.float32)
    logits[:, CATEGORIES.index("dress")], logits[:, CATEGORIES.index("skirt")] = 9.0, 7.2
    attributes = {a: np.zeros((count, len(v)), np.float32) for a, v in taxonomy().attributes.items()}
    items = [
        Item("hm", str(i), str(i), "calib", (0, 0, 1, 1), str(i), str(i), True, True, "hm", {"category": "skirt"})
        for i in range(count)
    ]
    return Predictions(items, np.zeros((count, 256), np.float32), {"category": logits, **attributes},
                       np.ones((count, 9), np.float32))  # fmt: skip


def test_words_weigh_what_they_are_worth_where_enough_of_them_are_told() -> None:
    weights, table = choose_weights(skirts(20), [hints_of(["Pleated skirt"], "")] * 20, CALIBRATION)
    assert weights == {"category": 2.0, "gender": USUAL_WEIGHT}
    assert table["category"]["1.5"] == 0.0 and table["category"]["2.0"] == 1.0 and "gender" not in table


@pytest.mark.parametrize(("count", "name"), [(19, "Pleated skirt"), (40, ""), (40, "No. 5"), (0, "")])
def test_records_without_words_do_not_turn_the_words_off(count: int, name: str) -> None:
    weights, table = choose_weights(skirts(count), [hints_of([name], "")] * count, CALIBRATION)
    assert weights == {"category": USUAL_WEIGHT, "gender": USUAL_WEIGHT} and table == {}
