"""Many downloads at once: limits, fairness, and nothing left behind."""

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable

import pytest

from placket.domain.errors import FetchBusy, FetchError, FetchFailed, FetchTimeout
from placket.fetching import SafeClient
from placket.fetching.resolver import ThreadResolver
from tests.support.lying_server import LyingServer, after, answer, raw
from tests.support.resolvers import ScriptedResolver

MakeClient = Callable[..., SafeClient]


async def get(client: SafeClient, url: str, timeout: float = 20, owner: str = "") -> bytes:
    return (await client.fetch(url, max_bytes=99, timeout=timeout, owner=owner)).body


async def test_limit_per_host_and_in_all(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client(concurrency=5, per_host=3)
    server.routes["/x"] = after(0.05, answer(200, b"ok"))
    await asyncio.gather(*(get(client, server.url("/x", "127.0.0.1")) for _ in range(12)))
    assert server.most_active == 3
    hosts = ["127.0.0.1", "127.0.0.2"] * 12
    await asyncio.gather(*(get(client, server.url("/x", host)) for host in hosts))
    assert server.most_active == 5


async def test_a_slow_host_keeps_nobody_else_waiting(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client(concurrency=4, per_host=2)
    server.routes["/slow"] = raw(b"", then="silence")
    server.routes["/x"] = answer(200, b"ok")
    slow = [asyncio.create_task(get(client, server.url("/slow"))) for _ in range(50)]
    await asyncio.sleep(0.1)
    for _ in range(5):
        assert await get(client, server.url("/x", "127.0.0.2")) == b"ok"
    assert not any(task.done() for task in slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert await get(client, server.url("/x")) == b"ok"


async def test_waiting_for_a_turn_is_not_the_images_fault(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client(per_host=1)
    server.routes["/x"] = after(0.15, answer(200, b"ok"))
    assert await asyncio.gather(*(get(client, server.url("/x"), timeout=1.5) for _ in range(12))) == [b"ok"] * 12


async def test_waiting_for_a_turn_ends(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client(per_host=1, max_wait=0.3)
    server.routes["/slow"] = raw(b"", then="silence")
    first = asyncio.create_task(get(client, server.url("/slow"), timeout=30))
    await asyncio.sleep(0.05)
    with pytest.raises(FetchBusy, match="waiting"):
        await client.fetch(server.url("/x?secret"), max_bytes=9, timeout=5, attempts=5)
    assert not first.done()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_a_thousand_calls_at_once(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client()
    server.routes["/x"] = answer(200, b"ok")
    threads = threading.active_count()
    urls = [server.url("/x", f"127.0.0.{1 + i % 2}") for i in range(1000)]
    assert await asyncio.gather(*(get(client, url) for url in urls)) == [b"ok"] * 1000
    assert server.connections <= 16
    assert threading.active_count() == threads


async def test_cancelled_calls_leave_nothing_behind(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client(concurrency=6, per_host=4, resolver=ScriptedResolver(
        {f"h{i}.example": [["127.0.0.1", "127.0.0.2"]] for i in range(3)}, seconds=0.005
    ))  # fmt: skip
    server.routes["/slow"] = after(0.02, answer(200, b"x" * 50))
    server.routes["/drip"] = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", then="silence")
    server.routes["/x"] = answer(200, b"ok")
    chance = random.Random(7)
    for _ in range(15):
        tasks = []
        for _ in range(20):
            path, host = chance.choice(["/slow", "/drip", "/x"]), f"h{chance.randrange(3)}.example"
            tasks.append(asyncio.create_task(get(client, server.url(path, host), timeout=chance.choice([0.01, 5]))))
        for task in chance.sample(tasks, len(tasks)):
            await asyncio.sleep(chance.random() * 0.004)
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(outcome, bytes | FetchError | asyncio.CancelledError), outcome
    everything = [get(client, server.url("/slow", f"h{i % 3}.example")) for i in range(30)]
    assert await asyncio.wait_for(asyncio.gather(*everything), 10) == [b"x" * 50] * 30
    await client.aclose()
    for _ in range(50):
        if not server.open:
            break
        await asyncio.sleep(0.02)
    assert server.open == 0
    mine = asyncio.current_task()
    assert [task for task in asyncio.all_tasks() if task is not mine and "fetching" in repr(task.get_coro())] == []


# --- the system's resolver


async def test_a_hanging_system_resolver(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    release = threading.Event()

    def hanging(host: bytes, *args: object, **kwargs: object) -> list[object]:
        asked.append(host)
        release.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    threads = threading.active_count()
    client = make_client(concurrency=300, per_host=50, resolver=ThreadResolver(threads=8))
    urls = [f"http://h{i % 20}.example:10000/" for i in range(200)]
    start = time.monotonic()
    outcomes = await asyncio.gather(*(get(client, url, timeout=0.5) for url in urls), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {FetchTimeout}
    assert time.monotonic() - start < 5
    assert len(set(asked)) == 4  # half of the threads: the others are for other owners
    assert threading.active_count() <= threads + 8
    release.set()
    await asyncio.sleep(0.2)
    assert len(asked) == 4  # one lookup a name; what nobody waits for any more is not begun


async def test_names_that_hang_for_one_owner_keep_no_other_waiting(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, server: LyingServer
) -> None:
    release = threading.Event()

    def hanging(host: bytes, *args: object, **kwargs: object) -> list[object]:
        if host != b"shop.example":
            release.wait(20)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    server.routes["/x"] = answer(200, b"ok")
    client = make_client(concurrency=300, resolver=ThreadResolver(threads=4))
    hung = [f"http://h{i}.example:10000/" for i in range(50)]
    # One that is asked for by the first too, and waits there for a thread, is none for the second to wait for.
    hung.append(server.url("/x", "shop.example"))
    many = [asyncio.create_task(get(client, url, timeout=1.5, owner="1")) for url in hung]
    await asyncio.sleep(0.1)
    for _ in range(3):
        assert await get(client, server.url("/x", "shop.example"), timeout=0.5, owner="2") == b"ok"
    assert {type(o) for o in await asyncio.gather(*many, return_exceptions=True)} == {FetchTimeout}
    release.set()


async def test_many_downloads_of_an_owner_keep_no_other_waiting(server: LyingServer, make_client: MakeClient) -> None:
    client = make_client(concurrency=4, per_host=2, max_wait=30.0)
    server.routes["/x"] = after(0.1, answer(200, b"ok"))
    order: list[str] = []

    async def one(owner: str, host: str) -> None:
        await get(client, server.url("/x", host), owner=owner)
        order.append(owner)

    many = [asyncio.create_task(one("1", f"127.0.0.{1 + i % 2}")) for i in range(40)]
    await asyncio.sleep(0.05)
    await asyncio.gather(one("2", "127.0.0.1"), one("2", "127.0.0.2"), *many)
    assert [at for at, owner in enumerate(order) if owner == "2"][-1] < 16


async def test_system_resolver_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def table(host: bytes, *args: object, **kwargs: object) -> list[object]:
        nonlocal calls
        calls += 1
        time.sleep(0.05)
        if host == b"again.example":
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        if host == b"none.example":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        v4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
        return [v4, v4, (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1%lo", 0, 0, 1))]

    monkeypatch.setattr(socket, "getaddrinfo", table)
    resolver = ThreadResolver()
    answers = await asyncio.gather(*(resolver.resolve("two.example") for _ in range(10)))
    assert [[str(address) for address in answer] for answer in answers] == [["127.0.0.1", "fe80::1%lo"]] * 10
    assert calls == 1
    for host, transient in (("again.example", True), ("none.example", False)):
        with pytest.raises(FetchFailed) as failure:
            await resolver.resolve(host)
        assert failure.value.transient is transient
    resolver.close()


async def test_a_lookup_that_was_passed_over_is_made_for_who_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def gated(host: bytes, *args: object, **kwargs: object) -> list[object]:
        if host == b"hung.example":
            gate.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", gated)
    resolver = ThreadResolver(threads=1)
    hung = asyncio.create_task(resolver.resolve("hung.example"))
    await asyncio.sleep(0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await resolver.resolve("next.example")
    later = asyncio.create_task(resolver.resolve("next.example"))
    await asyncio.sleep(0.05)
    gate.set()
    assert [str(address) for address in await later] == ["127.0.0.1"]
    assert [str(address) for address in await hung] == ["127.0.0.1"]
    resolver.close()
