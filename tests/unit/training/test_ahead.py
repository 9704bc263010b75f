"""Batches that are made ahead come whole and in order, and what goes wrong is told to who asks."""

import threading
import time
from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.training.ahead import MOST, Ahead  # noqa: E402

CPU = torch.device("cpu")


def batches(made: list[int], count: int = 10**6) -> "Iterator[dict[str, torch.Tensor]]":
    for number in range(count):
        made.append(number)
        yield {"image": torch.tensor(number)}


def test_all_come_in_order() -> None:
    assert [int(b["image"]) for b in Ahead(batches([], 9), CPU)] == list(range(9))


def test_only_a_few_are_made_ahead_and_the_thread_ends_with_who_asked() -> None:
    made: list[int] = []
    before = threading.active_count()
    stream = iter(Ahead(batches(made), CPU))
    assert int(next(stream)["image"]) == 0
    time.sleep(0.3)
    assert len(made) <= MOST + 2
    stream.close()
    assert threading.active_count() == before


def test_what_the_making_raises_is_raised_to_who_asks() -> None:
    def broken() -> "Iterator[dict[str, torch.Tensor]]":
        yield from batches([], 2)
        raise RuntimeError("no more memory")

    seen = []
    with pytest.raises(RuntimeError, match="no more memory"):
        seen.extend(int(b["image"]) for b in Ahead(broken(), CPU))
