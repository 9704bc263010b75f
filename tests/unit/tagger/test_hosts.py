import asyncio

import pytest

from placket.domain.errors import FetchFailed
from placket.services import hosts as module
from placket.services.exclusion import Exclusion
from placket.services.hosts import HostBusy, Hosts


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    monkeypatch.setattr(module, "_SLOW", 0.01)
    monkeypatch.setattr(module, "_DOWN", 3)


async def _visit(hosts: Hosts, holder: object, seconds: float = 0.0, error: Exception | None = None) -> None:
    async with hosts.turn("h", holder):
        await asyncio.sleep(seconds)
        if error:
            raise error


async def test_a_fast_host_serves_many_chunks() -> None:
    hosts = Hosts(2)
    await asyncio.gather(*(_visit(hosts, object()) for _ in range(50)))


async def test_who_waits_too_long_is_sent_away() -> None:
    hosts = Hosts(1)
    first = asyncio.create_task(_visit(hosts, "a", 0.3))
    await asyncio.sleep(0)
    with pytest.raises(HostBusy):
        await _visit(hosts, "b")
    await first


async def test_a_slow_host_serves_one_chunk_at_a_time() -> None:
    hosts = Hosts(3)
    await _visit(hosts, "a", 0.1)
    first = asyncio.create_task(_visit(hosts, "a", 0.1))
    await asyncio.sleep(0)
    with pytest.raises(HostBusy):
        await _visit(hosts, "b")
    await _visit(hosts, "a", 0.01)
    await first
    for _ in range(12):
        await _visit(hosts, "b")
    await asyncio.gather(_visit(hosts, "a"), _visit(hosts, "b"))  # it has become fast again


async def test_a_host_that_is_down() -> None:
    hosts = Hosts(8)
    for _ in range(3):
        assert not hosts.is_down("h")
        with pytest.raises(FetchFailed):
            await _visit(hosts, "a", 0.05, FetchFailed(transient=True))
    assert hosts.is_down("h")
    assert [hosts.delay("h", 5, times) for times in range(4)] == [5.0, 15.0, 45.0, None]
    probe = asyncio.create_task(_visit(hosts, "a", 0.05))
    await asyncio.sleep(0)
    with pytest.raises(HostBusy):
        await _visit(hosts, "a")  # one image tries it at a time
    await probe
    assert not hosts.is_down("h")


async def test_a_404_says_nothing_against_a_host() -> None:
    hosts = Hosts(8)
    for _ in range(20):
        with pytest.raises(FetchFailed):
            await _visit(hosts, "a", 0, FetchFailed(status=404))
    assert not hosts.is_down("h")


async def test_those_sent_away_come_back_one_after_another() -> None:
    hosts = Hosts(4)
    await _visit(hosts, "a", 0.1)
    seconds = [hosts.delay("h", 400, 0) or 0 for _ in range(3)]
    assert seconds[0] > 1 and seconds[1] - seconds[0] == pytest.approx(seconds[0], abs=0.1)
    assert seconds[2] > seconds[1]
    assert max(hosts.delay("h", 10_000, 0) or 0 for _ in range(50)) == 300


async def test_hosts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_HOSTS", 10)
    hosts = Hosts(1)
    async with hosts.turn("kept", "a"):
        for n in range(100):
            async with hosts.turn(f"h{n}", "a"):
                pass
    assert len(hosts._hosts) <= 11 and "kept" in hosts._hosts


async def test_one_alone() -> None:
    exclusion = Exclusion()
    inside: list[str] = []
    seen: list[tuple[str, ...]] = []

    async def visit(name: str, *, alone: bool) -> None:
        async with exclusion.alone() if alone else exclusion.shared():
            inside.append(name)
            try:
                await asyncio.sleep(0.01)
                if alone:
                    seen.append(tuple(inside))
            finally:
                inside.remove(name)

    visits = [visit(f"v{n}", alone=n % 3 == 0) for n in range(12)]
    cancelled = asyncio.create_task(visit("c", alone=True))
    tasks = [asyncio.create_task(v) for v in visits]
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(*tasks)
    assert [len(names) for names in seen] == [1] * 4
