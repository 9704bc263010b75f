"""Places that owners get in turn: one who asks for a thousand keeps no other waiting for more than one of them."""

import asyncio
from collections import OrderedDict, deque


class Turns:
    """Of one owner, first come, first served."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    async def acquire(self, owner: str) -> None:
        """Every ``acquire`` that returns needs one ``release``; one that is cancelled holds nothing."""
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given a moment ago
                self.release()
            raise

    def release(self) -> None:
        while self._waiting:
            owner, places = next(iter(self._waiting.items()))
            place = places.popleft()
            self._waiting.move_to_end(owner)
            if not places:
                del self._waiting[owner]
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
