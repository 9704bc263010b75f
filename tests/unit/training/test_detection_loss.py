"""The detector's loss against plain arithmetic."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.detector.loss import assign, detection_loss, giou, imitation_loss, pairwise_iou  # noqa: E402
from placket.training.detector.network import anchor_points  # noqa: E402


def naive_iou(a: np.ndarray, b: np.ndarray) -> float:
    w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return w * h / union


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    low = rng.uniform(0, 60, (count, 2))
    return np.concatenate([low, low + rng.uniform(4, 40, (count, 2))], 1).astype(np.float32)


def test_iou_of_every_pair() -> None:
    rng = np.random.default_rng(0)
    a, b = random_boxes(rng, 7), random_boxes(rng, 9)
    got = pairwise_iou(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    want = np.array([[naive_iou(x, y) for y in b] for x in a])
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_giou_of_pairs() -> None:
    rng = np.random.default_rng(1)
    a, b = random_boxes(rng, 20), random_boxes(rng, 20)
    iou, generalised = giou(torch.from_numpy(a), torch.from_numpy(b))
    for i in range(20):
        hull = (max(a[i, 2], b[i, 2]) - min(a[i, 0], b[i, 0])) * (max(a[i, 3], b[i, 3]) - min(a[i, 1], b[i, 1]))
        plain = naive_iou(a[i], b[i])
        areas = np.prod(a[i, 2:] - a[i, :2]) + np.prod(b[i, 2:] - b[i, :2])
        union = areas / (1 + plain)
        assert iou[i].item() == pytest.approx(plain, abs=1e-5)
        assert generalised[i].item() == pytest.approx(plain - (hull - union) / hull, abs=1e-4)


def naive_assign(scores, boxes, points, truth, groups, top_k=10):  # type: ignore[no-untyped-def]
    """One picture, in loops: the best ten inside a box by score^0.5 iou^6; a contested one goes to the higher IoU."""
    taken = np.full(len(points), -1)
    best = np.full(len(points), -1.0)
    for m, (box, group) in enumerate(zip(truth, groups, strict=True)):
        if box[2] <= box[0]:
            continue
        metric = []
        for n, (x, y) in enumerate(points):
            inside = box[0] < x < box[2] and box[1] < y < box[3]
            score = scores[n, group] if group >= 0 else 0.25
            metric.append(score**0.5 * naive_iou(box, boxes[n]) ** 6 if inside else 0.0)
        for n in np.argsort(-np.array(metric), kind="stable")[:top_k]:
            overlap = naive_iou(box, boxes[n])
            if metric[n] > 1e-9 and overlap > best[n]:
                taken[n], best[n] = m, overlap
    return taken


def test_assignment_is_the_naive_one() -> None:
    rng = np.random.default_rng(2)
    points = anchor_points(64, 64)[0]
    count = len(points)
    middle = points.numpy() + rng.uniform(-6, 6, (count, 2))
    half = rng.uniform(4, 24, (count, 2))
    boxes = np.concatenate([middle - half, middle + half], 1).astype(np.float32)
    truth = np.concatenate([random_boxes(rng, 4), np.zeros((2, 4), np.float32)])
    groups = np.array([0, 2, -1, 1, -1, -1])
    scores = rng.uniform(0.01, 0.9, (count, 3)).astype(np.float32)
    index, quality, _ = assign(
        torch.from_numpy(scores)[None], torch.from_numpy(boxes)[None], points, torch.from_numpy(truth)[None],
        torch.from_numpy(groups)[None],
    )  # fmt: skip
    want = naive_assign(scores, boxes, points.numpy(), truth, groups)
    np.testing.assert_array_equal(index[0].numpy(), want)
    assert ((quality[0] > 0).numpy() <= (want >= 0)).all()
    assert quality.max() <= 1.0


def loss_gradient(groups: list[int], negative: list[float], truth: list[list[float]]) -> torch.Tensor:
    points = anchor_points(64, 64)[0]
    logits = torch.zeros(1, len(points), 3, requires_grad=True)
    half = torch.full((len(points), 2), 12.0)
    boxes = torch.cat([points - half, points + half], 1)[None]
    loss, _ = detection_loss(
        logits, boxes, points, torch.tensor([truth]), torch.tensor([groups]), torch.tensor([negative])
    )
    loss.backward()
    assert logits.grad is not None
    return logits.grad[0]


def test_groups_left_open_are_not_learnt_as_absent() -> None:
    gradient = loss_gradient([0], [1.0, 0.0, 1.0], [[10.0, 10.0, 40.0, 40.0]])
    assert gradient[:, 1].abs().max() == 0
    assert gradient[:, 2].abs().max() > 0
    assert gradient[:, 0].min() < 0 < gradient[:, 0].max()


def test_a_box_of_unknown_group_teaches_no_group_where_it_lies() -> None:
    gradient = loss_gradient([-1], [1.0, 1.0, 1.0], [[10.0, 10.0, 40.0, 40.0]])
    silent = (gradient.abs().sum(1) == 0).sum()
    assert 1 <= silent <= 10
    assert gradient.min() >= 0


def test_a_picture_without_boxes_is_all_negative() -> None:
    gradient = loss_gradient([-1], [1.0, 1.0, 1.0], [[0.0, 0.0, 0.0, 0.0]])
    assert (gradient > 0).all()


def test_who_answers_as_the_tutor_pays_nothing_and_boxes_count_where_it_sees_something() -> None:
    rng = np.random.default_rng(4)
    told = torch.from_numpy(rng.normal(-3, 2, (2, 30, 9)).astype(np.float32))
    told[:, :10] = -12.0
    boxes = torch.from_numpy(random_boxes(rng, 60)).reshape(2, 30, 4)
    scores, places = imitation_loss(told, boxes, told, boxes)
    assert abs(float(scores)) < 1e-5 and abs(float(places)) < 1e-5
    assert float(imitation_loss(told + 1, boxes, told, boxes)[0]) > 0
    moved = boxes.clone()
    moved[:, :10] += 7
    assert abs(float(imitation_loss(told, moved, told, boxes)[1])) < 1e-5
    assert float(imitation_loss(told, boxes + 7, told, boxes)[1]) > 0.05
