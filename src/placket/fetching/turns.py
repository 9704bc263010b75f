"""Places that owners get in turn."""

import asyncio

from placket.services.in_turn import InTurn


class Turns:
    """Of one owner, first come, first served."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: InTurn[str, asyncio.Future[None]] = InTurn()

    async def acquire(self, owner: str) -> None:
        """Every ``acquire`` that returns needs one ``release``; one that is cancelled holds nothing."""
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put(owner, place)
        try:
            await place
        except asyncio.CancelledError:
            self._waiting.withdraw(owner, place)
            if not place.cancelled():  # it was given a moment ago
                self.release()
            raise

    def release(self) -> None:
        while (place := self._waiting.take()) is not None:
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
