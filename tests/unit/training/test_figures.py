"""Figures, thresholds and curves on made-up answers whose figures are known."""

import json
from pathlib import Path

import numpy as np
import pytest

from placket.domain.errors import InvalidParameter
from placket.domain.garments import Box
from placket.training.detector.calibrate import matches
from placket.training.detector.coco import Truth
from placket.training.detector.evaluate import Shipped, Taken, mean_box, one_box, single_figures, taken_for
from placket.training.detector.pictures import HARD, beside
from placket.training.detector.targets import Sample
from placket.training.detector.user_data import read_coco
from placket.training.encoder import calibrate
from placket.training.encoder.crops import crop
from placket.training.encoder.items import Item
from placket.training.encoder.predict import Predictions
from placket.training.onnx_models import Detections, iou_matrix, letterbox, settled, suppress
from placket.vision import preprocessing


def truth(*rows: tuple[float, float, float, float, int]) -> Truth:
    boxes = np.array([r[:4] for r in rows], np.float32).reshape(-1, 4)
    return Truth(boxes, np.array([r[4] for r in rows], np.int64), 100, 200)


def found(*rows: tuple[float, float, float, float, int, float]) -> Detections:
    boxes = np.array([r[:4] for r in rows], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([r[5] for r in rows], np.float32), np.array([r[4] for r in rows], np.int64))


def test_coco_figures_of_a_perfect_and_of_a_blind_detector() -> None:
    pytest.importorskip("faster_coco_eval", reason="evaluation needs faster-coco-eval, which is not installed here")
    from placket.training.detector.coco import evaluate

    truths = [truth((0.1, 0.1, 0.5, 0.5, 0)), truth((0.2, 0.2, 0.9, 0.9, 1), (0.0, 0.0, 0.2, 0.2, 0))]
    perfect = [Detections(t.boxes, np.ones(len(t.groups), np.float32), t.groups) for t in truths]
    figures = evaluate(truths, perfect, ["TOP", "BOTTOM", "BAG"])
    assert figures.ap50 == pytest.approx(1) and figures.ap == pytest.approx(1)
    assert figures.counts == {"TOP": 2, "BOTTOM": 1, "BAG": 0}
    assert set(figures.group_ap50) == {"TOP", "BOTTOM"}
    assert evaluate(truths, [found(), found()], ["TOP", "BOTTOM", "BAG"]).ap50 == 0
    half = evaluate(truths, [perfect[0], found()], ["TOP", "BOTTOM", "BAG"])
    assert half.group_ap50["BOTTOM"] == 0 and 0.4 < half.group_ap50["TOP"] < 0.6


def test_the_mean_of_few_pictures_is_told_with_how_far_others_of_them_would_reach() -> None:
    pytest.importorskip("faster_coco_eval", reason="evaluation needs faster-coco-eval, which is not installed here")
    from placket.training.detector.coco import spread

    truths = [truth((0.1, 0.1, 0.5, 0.5, 0))] * 12
    right, names = found((0.1, 0.1, 0.5, 0.5, 0, 0.9)), ["TOP", "BAG"]
    assert spread(truths, [right] * 12, names, {"one": ["TOP"]}) == {"one": (pytest.approx(1), pytest.approx(1))}
    low, high = spread(truths, [right] * 6 + [found()] * 6, names, {"one": ["TOP"]})["one"]
    # A share of a half in 12 pictures has a standard deviation of 0.14.
    assert 0.15 < low < 0.35 and 0.65 < high < 0.85


def test_matches_are_greedy_and_ask_for_the_group() -> None:
    t = truth((0.1, 0.1, 0.5, 0.5, 0), (0.5, 0.5, 0.9, 0.9, -1))
    answers = found((0.1, 0.1, 0.5, 0.5, 1, 0.9), (0.1, 0.1, 0.5, 0.48, 0, 0.8), (0.1, 0.1, 0.5, 0.5, 0, 0.7),
                    (0.5, 0.5, 0.9, 0.9, 3, 0.6))  # fmt: skip
    assert matches(answers, t) == (2, 2, 0)
    assert matches(found(), t) == (0, 0, 2)


def test_suppression_keeps_groups_apart() -> None:
    a = found((0, 0, 1, 1, 0, 0.9), (0, 0, 1, 0.9, 0, 0.8), (0, 0, 1, 1, 1, 0.7))
    assert suppress(a.boxes, a.scores, a.groups, 0.6).tolist() == [0, 2]
    assert suppress(a.boxes, a.scores, a.groups, 0.95).tolist() == [0, 1, 2]


def test_what_was_suppressed_votes_within_its_group() -> None:
    a = found((0, 0, 1, 1.0, 0, 0.6), (0, 0, 1, 0.9, 0, 0.2), (0, 0, 1, 0.85, 1, 0.5))
    assert settled(a, 0.5, None).boxes.tolist() == [[0, 0, 1, 1], pytest.approx([0, 0, 1, 0.85])]
    moved = settled(a, 0.5, 0.8)
    assert moved.boxes[0] == pytest.approx([0, 0, 1, 0.975]) and moved.boxes[1] == pytest.approx([0, 0, 1, 0.85])
    assert moved.groups.tolist() == [0, 1]
    assert settled(found(), 0.5, 0.8).boxes.shape == (0, 4)


def test_the_fallback_answers_once_and_only_in_need() -> None:
    shipped = Shipped(None, {"score_threshold": 0.5, "fallback_score": 0.2})  # type: ignore[arg-type]
    weak = found((0, 0, 1, 1, 0, 0.4), (0, 0, 1, 1, 1, 0.3))
    assert shipped.answer(weak).scores.tolist() == pytest.approx([0.4])
    assert len(shipped.answer(found((0, 0, 1, 1, 0, 0.19))).scores) == 0
    assert len(shipped.answer(found((0, 0, 1, 1, 0, 0.5), (0, 0, 1, 1, 1, 0.4))).scores) == 1


def test_shares_of_single_items() -> None:
    truths = [truth((0.0, 0.0, 0.5, 1.0, 2))] * 2
    answers = [found((0.0, 0.0, 0.5, 1.0, 1, 0.9)), found((0.6, 0.0, 1.0, 1.0, 2, 0.9), (0.0, 0.0, 0.5, 0.6, 2, 0.8))]
    figures = single_figures(answers, truths)
    assert (figures.any50, figures.any75, figures.first50, figures.first75) == (1.0, 0.5, 0.5, 0.5)
    assert figures.grouped50 == 0.0 and figures.boxes == 1.5


def test_the_baselines_of_single_items_know_what_is_most_frequent() -> None:
    boxes = [np.array([[0.0, 0.0, 0.5, 1.0]], np.float32), np.array([[0.5, 0.5, 1.0, 1.0]], np.float32)]
    learnt = [Sample("hm", "1", "train", box, np.array([group]), "hm") for box in boxes for group in (-1, 4, 4, 0)]
    said = one_box(mean_box(learnt), learnt)
    assert said.groups.tolist() == [4]
    assert said.boxes.tolist() == [pytest.approx([0.25, 0.125, 0.75, 0.875])]


def test_what_garments_are_taken_for() -> None:
    names = ["TOP", "BOTTOM", "BAG"]
    one = truth((0.0, 0.0, 0.5, 1.0, 0), (0.5, 0.0, 1.0, 1.0, 1), (0.0, 0.9, 0.1, 1.0, 1))
    # The first is seen as two groups, its own among them; the second as another alone; the third not at all.
    said = found((0.0, 0.0, 0.5, 1.0, 1, 0.9), (0.0, 0.0, 0.5, 0.9, 0, 0.5), (0.5, 0.0, 1.0, 0.9, 0, 0.8))
    learnt = [Sample("ccp", "1", "train", np.zeros((2, 4), np.float32), np.array([1, 1]), "ccp")]
    taken = taken_for([said], [one], names, learnt)
    assert taken["TOP"] == Taken(train=0, boxes=1, groups={"TOP": 1}, missed=0)
    assert taken["BOTTOM"] == Taken(train=2, boxes=2, groups={"TOP": 1}, missed=1)
    assert "BAG" not in taken


def test_one_answer_is_not_two_garments() -> None:
    names = ["TOP", "BOTTOM"]
    coat_and_shirt = truth((0.2, 0.1, 0.8, 0.6, 0), (0.2, 0.1, 0.7, 0.55, 0), (0.2, 0.1, 0.8, 0.7, 1))
    taken = taken_for([found((0.2, 0.1, 0.7, 0.55, 0, 0.9))], [coat_and_shirt], names, [])
    assert taken == {"TOP": Taken(0, 2, {"TOP": 1}, 1), "BOTTOM": Taken(0, 1, {}, 1)}


def test_hard_photos_keep_their_boxes_on_their_pixels() -> None:
    pixels = np.zeros((200, 100, 3), np.uint8)
    pixels[40:100, 20:60] = 255
    plain = truth((0.2, 0.2, 0.6, 0.5, 0))
    for name, change in {**HARD, "beside": lambda p: beside(p, p)}.items():
        changed, moved = change((pixels, plain))
        assert (moved.width, moved.height) == (changed.shape[1], changed.shape[0]), name
        for box in moved.boxes * np.array([moved.width, moved.height] * 2):
            x0, y0, x1, y1 = box.round().astype(int)
            assert changed[y0:y1, x0:x1].mean() > 2 * max(changed.mean(), 1), name


@pytest.mark.parametrize("box", [(0.1, 0.2, 0.6, 0.7), (0.0, 0.0, 1.0, 1.0), (0.95, 0.95, 1.0, 1.0)])
def test_training_sees_the_pixels_that_the_server_sees(box: tuple[float, float, float, float]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 61, 3), dtype=np.uint8)
    served = preprocessing.crop(pixels, Box(*box), 64, 0.08, 255).pixels
    np.testing.assert_array_equal(crop(pixels, box, 64), served)
    np.testing.assert_array_equal(letterbox(pixels, 64, 114)[0], preprocessing.letterbox(pixels, 64, 114).pixels)


def test_iou_of_boxes_without_area_is_nothing() -> None:
    nothing = np.zeros((1, 4), np.float32)
    assert iou_matrix(nothing, nothing).tolist() == [[0.0]]


def test_temperature_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (6000, 5)).astype(np.float32)
    p = np.exp(calibrate.log_softmax(logits))
    labels = np.array([rng.choice(5, p=row / row.sum()) for row in p.astype(np.float64)])
    assert calibrate.temperature_single(logits * 1.8, labels) == pytest.approx(1.8, rel=0.08)
    assert calibrate.temperature_single(logits[:10], labels[:10]) == 1.0
    flags = (rng.random((6000, 5)) < calibrate.sigmoid(logits)).astype(np.float32)
    assert calibrate.temperature_multi(logits * 0.6, flags) == pytest.approx(0.6, rel=0.08)


def test_a_categorys_temperature_is_that_of_what_encoder_and_detector_say_together() -> None:
    rng = np.random.default_rng(4)
    group_of = np.array([0, 0, 0, 1, 1, 1])
    # Both see the same thing, so together they are surer than they may be.
    logits = rng.normal(0, 2, (4000, 6)).astype(np.float32)
    p = np.exp(calibrate.log_softmax(logits)).astype(np.float64)
    labels = np.array([rng.choice(6, p=row / row.sum()) for row in p])
    groups = np.stack([p[:, :3].sum(1), p[:, 3:].sum(1)], 1).astype(np.float32)
    found = Predictions([], np.zeros((4000, 1), np.float32), {"category": logits}, groups)
    alpha, temperature, table = calibrate.fusion(found, labels, group_of)
    told = calibrate.log_softmax(calibrate.fused(logits / temperature, groups, alpha, group_of))
    plain = calibrate.log_softmax(calibrate.fused(logits, groups, alpha, group_of))
    rows = np.arange(4000)
    assert alpha == max(calibrate.ALPHAS, key=lambda a: table[str(a)])
    assert alpha == 0 or told[rows, labels].mean() > plain[rows, labels].mean()
    assert temperature >= 0.97
    few = Predictions([], found.embedding[:9], {"category": logits[:9]}, groups[:9])
    assert calibrate.fusion(few, labels[:9], group_of) == (calibrate.USUAL_ALPHA, 1.0, {})


def test_f1_of_sets() -> None:
    chosen = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]], bool)
    flags = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    np.testing.assert_allclose(calibrate.set_f1(chosen, flags), [2 / 3, 1, 0])


def test_unknown_costs_almost_no_right_answer() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, (5000, 4)).astype(np.float32)
    labels = logits.argmax(1)
    threshold = calibrate.unknown_threshold(logits, labels, 1.0)
    p = np.exp(calibrate.log_softmax(logits)).max(1)
    assert 0 < threshold < 0.5
    assert (p < threshold).mean() <= 0.003 + 1e-9
    assert calibrate.unknown_threshold(logits[:50], labels[:50], 1.0) == 0.0


def predictions(count: int) -> Predictions:
    rng = np.random.default_rng(3)
    e = rng.normal(0, 1, (count, 256)).astype(np.float32) + 0.3
    e /= np.linalg.norm(e, axis=1, keepdims=True)
    items = [
        Item("hm", str(i), str(i), "calib", (0, 0, 1, 1), str(i), str(i), True, True, "hm", {"category": "dress"})
        for i in range(count)
    ]
    return Predictions(items, e, {}, np.ones((count, 9), np.float32))


def test_the_curve_rises_and_says_how_rare_a_cosine_is() -> None:
    some = predictions(600)
    curve = calibrate.similarity_curve(some)
    xs, ys = [p[0] for p in curve], [p[1] for p in curve]
    assert xs == sorted(set(xs)) and ys == sorted(ys)
    assert curve[0] == [-1.0, 0.0] and curve[-1] == [1.0, 1.0]
    cosines = calibrate.random_cosines(some)
    assert (np.interp(cosines, xs, ys) >= 0.5).mean() == pytest.approx(0.01, abs=0.002)


@pytest.mark.parametrize("apart", [0.0, 0.02, 0.1])
def test_the_curve_rises_even_where_everything_looks_alike(apart: float) -> None:
    same = predictions(600)
    same.embedding[:] = apart * same.embedding + np.eye(same.embedding.shape[1], dtype=np.float32)[0]
    same.embedding /= np.linalg.norm(same.embedding, axis=1, keepdims=True)
    xs, ys = zip(*calibrate.similarity_curve(same), strict=True)
    assert all(np.diff(xs) > 0) and all(np.diff(ys) >= 0)
    assert (xs[0], xs[-1]) == (-1.0, 1.0)


def test_the_curve_of_few_garments_tells_no_more_than_they_do() -> None:
    assert calibrate.similarity_curve(predictions(19)) == calibrate.USUAL_CURVE
    # 190 pairs: one in 100 can be told, one in 1,000 cannot.
    assert [y for _, y in calibrate.similarity_curve(predictions(20))] == [0.0, 0.1, 0.3, 0.5, 1.0]
    assert [y for _, y in calibrate.similarity_curve(predictions(150))] == [0.0, 0.1, 0.3, 0.5, 0.7, 0.85, 1.0]


def coco_file(folder: Path, **changes: object) -> Path:
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
        "categories": [{"id": 5, "name": "t_shirt"}],
        "annotations": [{"image_id": 1, "category_id": 5, "bbox": [10, 5, 20, 15]}],
        **changes,
    }
    path = folder / "boxes.json"
    path.write_text(json.dumps(content))
    return path


def picture(folder: Path) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), "#808080").save(folder / "a.png")


def test_own_boxes_are_read(tmp_path: Path) -> None:
    picture(tmp_path)
    (sample,) = read_coco(coco_file(tmp_path), tmp_path, tmp_path / "cache")
    np.testing.assert_allclose(sample.boxes, [[0.25, 5 / 30, 0.75, 20 / 30]])
    assert sample.groups.tolist() == [0]
    (empty,) = read_coco(coco_file(tmp_path, annotations=[]), tmp_path, tmp_path / "cache")
    assert empty.boxes.shape == (0, 4)


def test_own_words_are_mapped_or_named(tmp_path: Path) -> None:
    picture(tmp_path)
    path = coco_file(tmp_path, categories=[{"id": 5, "name": "upper"}])
    with pytest.raises(InvalidParameter, match="upper"):
        read_coco(path, tmp_path, tmp_path / "cache")
    (sample,) = read_coco(path, tmp_path, tmp_path / "cache", {"upper": "TOP"})
    assert sample.groups.tolist() == [0]


@pytest.mark.parametrize(
    "changes",
    [
        {"images": [{"id": 1, "file_name": "../secret.png"}]},
        {"images": [{"id": 1, "file_name": "absent.png"}]},
        {"annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, "wide", 3]}]},
        {"annotations": [{"image_id": 1, "category_id": 5, "bbox": [0, 0, float("nan"), 3]}]},
        {"annotations": [{"image_id": 9, "category_id": 5, "bbox": [0, 0, 3, 3]}]},
        {"categories": "none"},
        {"images": None},
    ],
)
def test_a_file_that_does_not_fit_is_told(tmp_path: Path, changes: dict[str, object]) -> None:
    picture(tmp_path)
    with pytest.raises(InvalidParameter):
        read_coco(coco_file(tmp_path, **changes), tmp_path, tmp_path / "cache")
