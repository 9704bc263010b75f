"""A queue in which owners take turns: one who has a thousand things waiting keeps no other waiting for more than one of
them."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Owner = TypeVar("Owner", bound=Hashable)
Thing = TypeVar("Thing")


class InTurn(Generic[Owner, Thing]):
    """Of one owner, first come, first served. Not for several threads; any may ask for its length."""

    def __init__(self) -> None:
        self._of: OrderedDict[Owner, deque[Thing]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, owner: Owner, thing: Thing) -> None:
        self._of.setdefault(owner, deque()).append(thing)
        self._count += 1

    def put_back(self, owner: Owner, thing: Thing) -> None:
        """Before all others: it was taken, and nothing came of it."""
        self._of.setdefault(owner, deque()).appendleft(thing)
        self._of.move_to_end(owner, last=False)
        self._count += 1

    def take(self, may: Callable[[Owner], bool] = lambda _: True) -> Thing | None:
        """Of the owner whose turn it is among those who ``may``; None where nothing of them waits."""
        for owner in self._of:
            if may(owner):
                thing = self._of[owner].popleft()
                self._of.move_to_end(owner)
                self._count -= 1
                self._forget_idle(owner)
                return thing
        return None

    def withdraw(self, owner: Owner, thing: Thing) -> None:
        """It waits no longer, if it still did; its owner's turn stays."""
        things = self._of.get(owner)
        if things is not None and thing in things:
            things.remove(thing)
            self._count -= 1
            self._forget_idle(owner)

    def _forget_idle(self, owner: Owner) -> None:
        if not self._of[owner]:
            del self._of[owner]
