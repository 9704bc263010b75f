import asyncio

import pytest

from placket.domain.errors import FetchFailed
from placket.services import hosts as module
from placket.services.hosts import Holder, HostBusy, Hosts


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    monkeypatch.setattr(module, "_STEADY_PATIENCE", 0.05)
    monkeypatch.setattr(module, "_SLOW", 0.01)
    monkeypatch.setattr(module, "_DOWN", 3)


CHUNKS = {name: Holder("task") for name in "ab"}
OTHERS = {name: Holder("another task") for name in "xy"}


async def _visit(hosts: Hosts, holder: Holder | str, seconds: float = 0.0, error: Exception | None = None) -> None:
    async with hosts.turn("h", holder if isinstance(holder, Holder) else (CHUNKS | OTHERS)[holder]):
        await asyncio.sleep(seconds)
        if error:
            raise error


def delay(hosts: Hosts, images: int, owner: str = "t") -> float:
    sent_away = hosts.sent_away("h", images, 0, owner)
    assert sent_away is not None and sent_away[1] == 0
    return sent_away[0]


async def test_a_fast_host_serves_many_chunks() -> None:
    hosts = Hosts(2)
    await asyncio.gather(*(_visit(hosts, Holder("t")) for _ in range(50)))


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


async def test_who_comes_just_as_the_one_that_is_served_goes_on_is_sent_away() -> None:
    hosts, go = Hosts(3), asyncio.Event()
    await _visit(hosts, "a", 0.1)
    inside: list[str] = []

    async def visit(name: str) -> None:
        async with hosts.turn("h", CHUNKS[name]):
            inside.append(name)
            assert set(inside) == {name}
            await (asyncio.sleep(0.01) if go.is_set() else go.wait())
            inside.remove(name)

    async def late() -> None:
        await go.wait()
        await visit("b")

    first = [asyncio.create_task(visit("a")) for _ in range(3)]  # two have a turn, and one waits
    await asyncio.sleep(0)
    latecomer = asyncio.create_task(late())
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*first)
    with pytest.raises(HostBusy):
        await latecomer


async def test_a_host_that_is_down() -> None:
    hosts = Hosts(8)
    for _ in range(3):
        assert not hosts.is_down("h")
        with pytest.raises(FetchFailed):
            await _visit(hosts, "a", 0.05, FetchFailed(transient=True))
    assert hosts.is_down("h")
    assert [hosts.sent_away("h", 5, times, "t") for times in range(4)] == [(5.0, 1), (15.0, 2), (45.0, 3), None]
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
    seconds = [delay(hosts, 400) for _ in range(3)]
    assert seconds[0] > 1 and seconds[1] - seconds[0] == pytest.approx(seconds[0], abs=0.1)
    assert seconds[2] > seconds[1]
    assert max(delay(hosts, 10_000) for _ in range(50)) == 300
    # Somebody else's do not wait for them.
    assert delay(hosts, 4, "another") < 2


async def test_where_one_tasks_images_hang_anothers_are_fetched() -> None:
    hosts = Hosts(3)
    await _visit(hosts, "a", 0.1)
    hanging = [asyncio.create_task(_visit(hosts, "a", 0.3)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.gather(*(_visit(hosts, "x", 0.002) for _ in range(8)))
    await asyncio.gather(*(_visit(hosts, "y", 0.002) for _ in range(8)))
    # What hangs holds two of the three turns, and its owner is still the one for whom the host is slow.
    done = await asyncio.gather(*hanging, return_exceptions=True)
    assert [type(d) for d in done].count(HostBusy) == 1
    with pytest.raises(HostBusy):
        await asyncio.gather(_visit(hosts, "a", 0.01), _visit(hosts, "b", 0.01))


async def test_a_slow_host_that_does_answer_serves_a_chunk_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEADY_PATIENCE", 5.0)
    hosts = Hosts(3)
    await _visit(hosts, "a", 0.1)
    await asyncio.gather(*(_visit(hosts, "a", 0.06) for _ in range(8)))
    # One that fails does not keep them.
    with pytest.raises(FetchFailed):
        await _visit(hosts, "a", 0.06, FetchFailed(transient=True))
    done = await asyncio.gather(*(_visit(hosts, "a", 0.2) for _ in range(4)), return_exceptions=True)
    assert [type(d) for d in done].count(HostBusy) == 2


async def test_of_those_whose_images_hang_one_chunk_is_served_at_a_time() -> None:
    hosts = Hosts(3)
    await _visit(hosts, "a", 0.1)
    await _visit(hosts, "x", 0.1)
    first = asyncio.create_task(_visit(hosts, "x", 0.1))
    await asyncio.sleep(0)
    with pytest.raises(HostBusy):
        await _visit(hosts, "a")
    await first
    await _visit(hosts, "a")


async def test_only_so_many_owners_are_remembered() -> None:
    hosts = Hosts(1)
    for n in range(300):
        async with hosts.turn("h", Holder(f"task-{n}")):
            pass
    assert len(hosts._hosts["h"].owners) <= 100
    # But not those that are there again and again.
    await _visit(hosts, "a", 0.1)
    for n in range(300):
        async with hosts.turn("h", Holder(f"task-{n}")):
            pass
        if n % 50 == 0:
            await _visit(hosts, "a")
    assert hosts._hosts["h"].owners["task"].seconds > 0.001


async def test_hosts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_HOSTS", 10)
    hosts = Hosts(1)
    async with hosts.turn("kept", CHUNKS["a"]):
        for n in range(100):
            async with hosts.turn(f"h{n}", CHUNKS["a"]):
                pass
    assert len(hosts._hosts) <= 11 and "kept" in hosts._hosts
