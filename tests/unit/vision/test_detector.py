from pathlib import Path

import numpy as np
import pytest

from placket.vision.bundle import DetectorSettings, read_bundle
from placket.vision.detector import Detector, candidates, choose, iou, suppress, to_fractions, voted
from placket.vision.engine import Engine
from placket.vision.preprocessing import Canvas
from tests.support.photos import drawn
from tests.support.tiny_bundle import BOTTOM_SCORE, TOP_SCORE

SETTINGS = DetectorSettings(
    file="d.onnx", size=(64, 64), fit="letterbox", pad=114, score_threshold=0.35, nms_iou=0.6, max_detections=4,
    fallback_score=0.2,
)  # fmt: skip


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def scores(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


A, A_MOVED, B = (0.1, 0.1, 0.5, 0.5), (0.12, 0.1, 0.52, 0.5), (0.6, 0.6, 0.9, 0.9)


def test_iou_by_hand() -> None:
    found = iou(np.array([0, 0, 2, 2], np.float32), boxes((0, 0, 2, 2), (1, 1, 3, 3), (2, 0, 4, 2), (0, 0, 1, 2)))
    assert found == pytest.approx([1, 1 / 7, 0, 0.5])


def test_suppression_keeps_the_best_and_what_overlaps_just_enough() -> None:
    half = boxes((0, 0, 2, 2), (0, 0, 1, 2), (5, 5, 6, 6))
    assert suppress(half, 0.5) == [0, 1, 2]
    assert suppress(half, 0.49) == [0, 2]
    assert suppress(half[:0], 0.5) == []


def test_boxes_of_one_group_suppress_each_other_those_of_two_do_not() -> None:
    found = choose(boxes(A, A_MOVED, B), scores((0.5, 0.0), (0.9, 0.4), (0.36, 0.8)), SETTINGS)
    assert found == [(1, 0), (2, 1), (1, 1), (2, 0)]


def test_the_threshold_itself_counts() -> None:
    assert choose(boxes(A, B), scores((0.35, 0), (0.3499, 0)), SETTINGS) == [(0, 0)]


def test_the_best_of_the_weak_ones_is_the_fallback() -> None:
    weak = scores((0.1, 0.21), (0.2, 0.05))
    assert choose(boxes(A, B), weak, SETTINGS) == [(0, 1)]
    assert choose(boxes(A, B), weak, SETTINGS.model_copy(update={"fallback_score": 0.22})) == []
    assert choose(boxes(A, B), weak, SETTINGS.model_copy(update={"fallback_score": None})) == []


def test_at_most_so_many() -> None:
    many = boxes(*[(i / 20, 0.0, i / 20 + 0.04, 1.0) for i in range(10)])
    found = choose(many, scores(*[(0.4 + i / 100,) for i in range(10)]), SETTINGS)
    assert found == [(9, 0), (8, 0), (7, 0), (6, 0)]


def test_equal_scores_come_in_the_order_of_rows() -> None:
    assert choose(boxes(A, B), scores((0.5,), (0.5,)), SETTINGS) == [(0, 0), (1, 0)]


def test_boxes_without_area_and_numbers_that_are_none_are_no_garments() -> None:
    rows = boxes((0.5, 0.5, 0.5, 0.9), (0.9, 0.1, 0.2, 0.4), (0.1, np.nan, 0.5, 0.5), A)
    assert choose(rows, scores((0.9,), (0.9,), (0.9,), (np.nan,)), SETTINGS) == []
    assert choose(rows[:0], scores()[None].reshape(0, 1), SETTINGS) == []


def test_boxes_near_the_chosen_one_move_it_by_their_scores() -> None:
    rows = boxes((0, 0, 10, 10), (0, 0, 10, 9), (0, 0, 10, 7), (20, 20, 30, 30), (0, 0, 10, 10))
    values = np.array([0.6, 0.2, 0.9, 0.9, 0.09], np.float32)
    assert voted(rows, values, 0, None).tolist() == [0, 0, 10, 10]
    assert voted(rows, values, 0, 0.8) == pytest.approx([0, 0, 10, 9.75])  # the third overlaps by 0.7, the last is weak
    assert voted(rows, values, 0, 0.95).tolist() == [0, 0, 10, 10]
    assert voted(rows, values, 4, 0.95) == pytest.approx([0, 0, 10, 10])


def test_a_box_of_numbers_that_are_none_has_no_vote() -> None:
    rows = boxes(A, (np.nan, 0.1, 0.5, 0.5), (0.1, 0.1, np.inf, 0.5), A_MOVED)
    found = voted(rows, np.array([0.5, 0.9, 0.9, np.nan], np.float32), 0, 0.5)
    assert found == pytest.approx(A)


@pytest.mark.parametrize("vote", [None, 0.8])
@pytest.mark.parametrize("fallback", [None, 0.2, 0.5])
@pytest.mark.parametrize("top", [0.1, 0.3, 0.9])
def test_nothing_is_lost_by_looking_at_likely_rows_alone(
    fallback: float | None, top: float, vote: float | None
) -> None:
    rng = np.random.default_rng(7)
    corners = rng.random((200, 2, 2)).astype(np.float32)
    places = np.concatenate([corners.min(1), corners.max(1)], 1)
    values = (rng.random((200, 9)) * top).astype(np.float32)
    values[rng.random((200, 9)) < 0.1] = np.nan
    settings = SETTINGS.model_copy(update={"fallback_score": fallback, "vote_iou": vote})
    rows = candidates(values, settings)
    found = choose(places[rows], values[rows], settings)
    every = choose(places, values, settings)
    assert [(int(rows[i]), g) for i, g in found] == every
    for (few, group), (all_, _) in zip(found, every, strict=True):
        moved = voted(places[rows], values[rows, group], few, vote)
        assert moved == pytest.approx(voted(places, values[:, group], all_, vote))
    assert len(rows) < 200 or top == 0.9 or vote


def test_canvas_pixels_to_fractions() -> None:
    canvas = Canvas(np.zeros((64, 64, 3), np.uint8), left=16, top=0, width=32, height=64)
    found = to_fractions(boxes((16, 0, 48, 64), (24, 16, 40, 32), (0, -9, 20, 99)), canvas)
    assert found.tolist() == [[0, 0, 1, 1], [0.25, 0.25, 0.75, 0.5], [0, 0, 0.125, 1]]


def test_the_networks_answer_becomes_detections(tiny: Path) -> None:
    detector = Detector(read_bundle(tiny), Engine(1))
    found = detector.find(detector.canvas(np.asarray(drawn(300, 400))))
    assert [(d.group, d.score) for d in found] == [
        ("TOP", pytest.approx(TOP_SCORE)),
        ("BOTTOM", pytest.approx(BOTTOM_SCORE)),
    ]
    assert found[0].box.as_list() == pytest.approx([0.1, 0.1, 0.9, 0.55], abs=1e-6)
    assert found[0].group_scores.shape == (9,)
    assert detector.find(detector.canvas(np.full((40, 90, 3), 90, np.uint8))) == []
    assert detector.find(detector.canvas(np.asarray(drawn(300, 400))), score_threshold=0.85)[1:] == []
