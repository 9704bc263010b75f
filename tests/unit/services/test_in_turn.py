"""Owners take turns, whoever they are and whatever waits."""

import random
from collections import Counter
from typing import Any

import pytest

from placket.services.in_turn import InTurn


def filled(words: str) -> InTurn[str, str]:
    """Of each word the first letter is the owner."""
    queue: InTurn[str, str] = InTurn()
    for word in words.split():
        queue.put(word[0], word)
    return queue


def rest(queue: InTurn[Any, str]) -> str:
    taken = []
    while (word := queue.take()) is not None:
        taken.append(word)
    assert len(queue) == 0
    return " ".join(taken)


@pytest.mark.parametrize(
    ("put", "taken"),
    [
        ("", ""),
        ("a1 a2 a3", "a1 a2 a3"),
        ("a1 a2 a3 b1 c1 c2", "a1 b1 c1 a2 c2 a3"),
    ],
)
def test_owners_take_turns(put: str, taken: str) -> None:
    queue = filled(put)
    assert len(queue) == len(put.split())
    assert rest(queue) == taken


def test_who_comes_late_waits_for_one_of_each_other_owner() -> None:
    queue = filled("a1 a2 a3 b1 b2")
    assert (queue.take(), queue.take()) == ("a1", "b1")
    queue.put("c", "c1")
    assert rest(queue) == "a2 b2 c1 a3"


def test_who_has_no_name_is_an_owner_too() -> None:
    queue: InTurn[int | None, str] = InTurn()
    for owner, word in ((None, "a"), (None, "b"), (0, "c")):
        queue.put(owner, word)
    assert rest(queue) == "a c b"


def test_what_is_put_back_comes_next() -> None:
    queue = filled("a1 a2 b1")
    word = queue.take()
    assert word is not None
    queue.put_back("a", word)
    assert len(queue) == 3
    assert rest(queue) == "a1 b1 a2"


def test_who_may_not_keeps_the_turn() -> None:
    queue = filled("a1 a2 b1 b2")
    assert queue.take(lambda owner: owner != "a") == "b1"
    assert queue.take(lambda owner: owner == "c") is None
    assert rest(queue) == "a1 b2 a2"


def test_who_withdraws_keeps_the_turn() -> None:
    queue = filled("a1 a2 b1")
    for word in ("a1", "a1", "c1"):  # once is enough; a stranger has nothing there
        queue.withdraw(word[0], word)
    assert len(queue) == 2
    assert rest(queue) == "a2 b1"
    queue.put("a", "a1")
    queue.withdraw("a", "a1")
    assert (len(queue), queue.take()) == (0, None)


def test_whatever_is_asked_nothing_is_lost_and_nobody_served_twice_while_another_waits() -> None:
    dice = random.Random(5)
    queue: InTurn[int, tuple[int, int]] = InTurn()
    waiting: Counter[int] = Counter()
    since: dict[int, Counter[int]] = {}
    for n in range(3000):
        if dice.random() < 0.52:
            owner = dice.randrange(6)
            queue.put(owner, (owner, n))
            waiting[owner] += 1
            since.setdefault(owner, Counter())
        elif (thing := queue.take()) is not None:
            owner = thing[0]
            waiting[owner] -= 1
            del since[owner]
            for other in since.values():
                other[owner] += 1
                assert other[owner] <= 1
            if waiting[owner]:
                since[owner] = Counter()
        assert len(queue) == sum(waiting.values())
