"""The two thresholds for pictures in which the detector is not sure of anything."""

import numpy as np

from placket.training.detector.calibrate import DRAWN, Seen
from placket.training.detector.coco import Truth
from placket.training.fallback import CATEGORIES, SCORES, Case, choose_fallback
from placket.training.onnx_models import Detections

BOX = np.array([[0.1, 0.1, 0.9, 0.9]], np.float32)


def detections(*scores: float) -> Detections:
    return Detections(np.repeat(BOX, len(scores), 0), np.array(scores, np.float32), np.zeros(len(scores), np.int64))


def case(kind: str, score: float, category: float, sure: float | None = None) -> Case:
    count = 0 if kind == DRAWN else 1
    truth = Truth(np.repeat(BOX, count, 0), np.zeros(count, np.int64), 100, 100)
    certain = detections() if sure is None else detections(sure)
    return Case(Seen(kind, truth, detections(score), ()), certain, detections(score), category)


def test_what_is_sure_stays_whatever_the_encoder_says() -> None:
    one = case("hm", 0.2, 0.0, sure=0.9)
    assert one.answer(0.35, 0.7).scores.tolist() == [np.float32(0.9)]
    assert len(case("hm", 0.2, 0.6).answer(0.15, 0.5).scores) == 1
    assert len(case("hm", 0.2, 0.6).answer(0.25, 0.5).scores) == 0
    assert len(case("hm", 0.2, 0.4).answer(0.15, 0.5).scores) == 0


def test_what_is_worth_most_is_chosen_with_the_lowest_category_that_does() -> None:
    garments = [case("hm", 0.22, 0.8)] * 6 + [case("cd", 0.33, 0.42)] * 6
    nothing = [case(DRAWN, 0.34, 0.28)] * 8 + [case(DRAWN, 0.17, 0.65)] * 8
    score, category, f2 = choose_fallback(garments + nothing)
    assert (score, category) == (0.2, 0.3)
    assert f2 == {"hm": 1.0, "cd": 1.0, DRAWN: 1.0}
    assert score in SCORES and category in CATEGORIES


def test_one_garment_of_many_does_not_let_every_picture_without_one_pass() -> None:
    garments = [case("cd", 0.9, 0.9)] * 199 + [case("cd", 0.4, 0.05)]
    score, category, f2 = choose_fallback(garments + [case(DRAWN, 0.4, 0.3)] * 20)
    assert (score, category) == (0.35, 0.35)
    assert f2[DRAWN] == 1.0 and 0.99 < f2["cd"] < 1.0
