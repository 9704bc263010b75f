"""How many downloads at once, in all and from one host."""

from placket.fetching.turns import Turns


class Slots:
    """A caller first takes a place at its host, then one of all.

    In this order a slow host keeps its own callers waiting and nobody else: those that queue for it hold nothing.
    In both queues owners take turns.
    """

    def __init__(self, total: int, per_host: int) -> None:
        self._total = Turns(total)
        self._per_host = per_host
        self._hosts: dict[str, _Host] = {}

    async def acquire(self, host: str, owner: str = "") -> None:
        """Every ``acquire`` that returns needs one ``release``; one that is cancelled holds nothing."""
        entry = self._hosts.get(host)
        if entry is None:
            entry = self._hosts[host] = _Host(self._per_host)
        entry.callers += 1
        try:
            await entry.places.acquire(owner)
            try:
                await self._total.acquire(owner)
            except BaseException:
                entry.places.release()
                raise
        except BaseException:
            self._leave(host, entry)
            raise

    def release(self, host: str) -> None:
        entry = self._hosts[host]
        self._total.release()
        entry.places.release()
        self._leave(host, entry)

    def _leave(self, host: str, entry: "_Host") -> None:
        entry.callers -= 1
        if not entry.callers:  # hosts are named by strangers: an entry is kept only while it is used
            del self._hosts[host]


class _Host:
    def __init__(self, places: int) -> None:
        self.places = Turns(places)
        self.callers = 0
