"""The encoder's losses against plain arithmetic; what is unknown teaches nothing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.encoder.losses import (  # noqa: E402
    TEMPERATURE,
    Memory,
    contrastive,
    distillation,
    masked_binary,
    masked_cross_entropy,
)


def units(count: int, width: int = 16, seed: int = 0) -> "torch.Tensor":
    values = torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(values, dim=1)


def test_unknown_labels_have_no_gradient() -> None:
    logits = torch.randn(4, 5, requires_grad=True)
    loss = masked_cross_entropy(logits, torch.tensor([1, -1, 3, -1]), torch.ones(4))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[[1, 3]].abs().max() == 0
    assert logits.grad[[0, 2]].abs().max() > 0


def test_nothing_known_is_no_loss() -> None:
    assert masked_cross_entropy(torch.randn(3, 4), torch.full((3,), -1), torch.ones(3)).item() == 0
    assert masked_binary(torch.randn(3, 4), torch.zeros(3, 4), torch.zeros(3, dtype=torch.bool)).item() == 0


def test_a_label_by_rule_weighs_half() -> None:
    logits = torch.randn(2, 4)
    target = torch.tensor([0, 2])
    one, two = (masked_cross_entropy(logits[i : i + 1], target[i : i + 1], torch.ones(1)) for i in range(2))
    both = masked_cross_entropy(logits, target, torch.tensor([1.0, 0.5]))
    assert both.item() == pytest.approx((one.item() + 0.5 * two.item()) / 1.5, rel=1e-5)


def naive_contrastive(e: np.ndarray, product: list[int], design: list[int]) -> float:
    rows = []
    for i in range(len(e)):
        positive = [j for j in range(len(e)) if j != i and product[j] == product[i]]
        if not positive:
            continue
        seen = [j for j in range(len(e)) if j != i and (product[j] == product[i] or design[j] != design[i])]
        total = np.log(sum(np.exp(e[i] @ e[j] / TEMPERATURE) for j in seen))
        rows.append(np.mean([e[i] @ e[j] / TEMPERATURE - total for j in positive]))
    return -float(np.mean(rows))


def test_contrast_is_the_naive_one_and_leaves_other_colours_alone() -> None:
    e = units(8)
    product, design = [0, 0, 1, 1, 2, 3, 4, 5], [0, 0, 1, 1, 1, 3, 4, 4]
    got = contrastive(e, torch.tensor(product), torch.tensor(design), None)
    assert got.item() == pytest.approx(naive_contrastive(e.numpy(), product, design), rel=1e-4)


def test_memory_adds_others_and_forgets_the_oldest() -> None:
    memory = Memory(6, 16, torch.device("cpu"))
    for start in (0, 4):
        numbers = torch.arange(start, start + 4)
        memory.add(units(4, seed=start), numbers, numbers)
    assert memory.filled == 6
    assert sorted(memory.product.tolist()) == [2, 3, 4, 5, 6, 7]
    e = units(4, seed=9)
    product = torch.tensor([50, 50, 51, 51])
    alone = contrastive(e, product, product, None)
    assert contrastive(e, product, product, memory).item() > alone.item()


def test_contrast_without_pairs_is_nothing() -> None:
    e = units(4).requires_grad_()
    loss = contrastive(e, torch.arange(4), torch.arange(4), None)
    loss.backward()
    assert loss.item() == 0


def test_distillation_is_least_where_the_feature_is_the_teachers() -> None:
    target = torch.rand(5, 32)
    mean, deviation = target.mean(0), target.std(0) + 0.05
    exact = (target - mean) / deviation
    assert distillation(exact, target, mean, deviation).item() == pytest.approx(0, abs=1e-5)
    assert distillation(-exact, target, mean, deviation).item() == pytest.approx(2, abs=1e-5)
