"""What a server may answer, and what becomes of it."""

import asyncio
import gzip
import time
import tracemalloc

import pytest

from placket.domain.errors import FetchError, FetchFailed, FetchTimeout, FetchTooLarge
from placket.fetching import SafeClient
from placket.fetching.connection import MAX_HEADER_BYTES
from tests.support.lying_server import LyingServer, Route, Talk, after, answer, endless, head, in_turn, raw

LIMIT = 100_000


async def fails(client: SafeClient, url: str, kind: type[FetchError], *, timeout: float = 5.0) -> FetchError:
    with pytest.raises(FetchError) as failure:
        await client.fetch(url, max_bytes=LIMIT, timeout=timeout)
    assert type(failure.value) is kind, failure.value
    assert "secret" not in str(failure.value)
    return failure.value


async def test_a_plain_answer(server: LyingServer, client: SafeClient) -> None:
    server.routes["/a b"] = answer(500)
    server.routes["/a%20b"] = answer(200, b"\x89PNG")
    fetched = await client.fetch(server.url("/a b?sig=1#f"), max_bytes=4, timeout=5)
    assert (fetched.body, server.requests[0].target) == (b"\x89PNG", "/a%20b?sig=1")
    assert server.requests[0].headers == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": server.requests[0].headers["user-agent"],
        "accept-encoding": "identity",
        "accept": "*/*",
    }


async def test_nothing_of_the_environment_is_used(
    server: LyingServer, client: SafeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.9:9/")
    server.routes["/x"] = answer(200, b"x", set_cookie="session=1; Path=/")
    for _ in range(2):
        assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=5)).body == b"x"
    assert not {"cookie", "authorization"} & set(server.requests[1].headers)


@pytest.mark.parametrize("size", [0, LIMIT - 1, LIMIT])
async def test_up_to_the_limit(server: LyingServer, client: SafeClient, size: int) -> None:
    body = bytes(size)
    server.routes["/declared"] = answer(200, body)
    server.routes["/until-close"] = raw(b"HTTP/1.0 200 OK\r\n\r\n" + body)
    server.routes["/chunked"] = raw(
        head(200, transfer_encoding="chunked") + b"".join(b"1\r\n\0\r\n" for _ in body[:100]) + b"0\r\n\r\n"
    )
    server.routes["/gzip"] = answer(200, gzip.compress(body), content_encoding="gzip")
    for path in ("/declared", "/until-close", "/gzip"):
        assert (await client.fetch(server.url(path), max_bytes=LIMIT, timeout=5)).body == body
    assert (await client.fetch(server.url("/chunked"), max_bytes=LIMIT, timeout=5)).body == bytes(min(size, 100))


OVER = bytes(LIMIT + 1)
NAMED_GZIP = bytes([31, 139, 8, 8]) + bytes(6)
"""The head of a member with a name, which may be of any length: it ends at a NUL, and nothing comes out before."""


@pytest.mark.parametrize(
    "route",
    [
        raw(head(200, content_length=LIMIT + 1), then="silence"),
        raw(head(200, content_length=10**15), then="silence"),
        raw(b"HTTP/1.0 200 OK\r\n\r\n" + OVER, then="silence"),
        endless(b"HTTP/1.0 200 OK\r\n\r\n", bytes(10_000)),
        endless(head(200, transfer_encoding="chunked"), b"2710\r\n" + bytes(10_000) + b"\r\n"),
        answer(200, gzip.compress(OVER), content_encoding="gzip"),
        answer(200, gzip.compress(OVER[1:]) + gzip.compress(b"\0"), content_encoding="x-gzip"),
        endless(b"HTTP/1.0 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + NAMED_GZIP, b"name" * 2500),
    ],
    ids=["declared", "absurd", "until-close", "endless", "endless-chunked", "gzip", "gzip-members", "gzip-head"],
)
async def test_over_the_limit(server: LyingServer, client: SafeClient, route: Route) -> None:
    server.routes["/x"] = route
    error = await fails(client, server.url("/x?secret"), FetchTooLarge)
    assert not error.transient


async def test_a_gzip_bomb_is_never_unpacked(server: LyingServer, client: SafeClient) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < LIMIT
    server.routes["/x"] = answer(200, bomb, content_encoding="gzip")
    tracemalloc.start()
    await fails(client, server.url("/x"), FetchTooLarge)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


async def test_no_more_gzip_members_than_can_be_gone_through_at_once(server: LyingServer, client: SafeClient) -> None:
    member = gzip.compress(b"", 1)
    for count, fine in ((20_000, True), (20_001, False)):
        body = member * (count - 1) + gzip.compress(b"end")
        server.routes["/x"] = answer(200, body, content_encoding="gzip")
        if fine:
            assert (await client.fetch(server.url("/x"), max_bytes=len(body), timeout=30)).body == b"end"
        else:
            with pytest.raises(FetchFailed, match="members"):
                await client.fetch(server.url("/x"), max_bytes=len(body), timeout=30)


async def test_gzip_without_being_asked(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = answer(200, gzip.compress(b"one,") + gzip.compress(b"two"), content_encoding="GZip")
    assert (await client.fetch(server.url("/x"), max_bytes=7 + 60, timeout=5)).body == b"one,two"


@pytest.mark.parametrize(
    ("route", "transient"),
    [
        (raw(head(200, content_length=10) + b"short"), True),
        (raw(head(200, content_length=10) + b"short", then="reset"), True),
        (raw(head(200, transfer_encoding="chunked") + b"5\r\nshort\r\n"), True),
        (raw(head(200, transfer_encoding="chunked") + b"ff\r\nshort"), True),
        (answer(200, gzip.compress(b"x" * 99)[:-1], content_encoding="gzip"), True),
        (raw(b""), True),
        (raw(b"", then="reset"), True),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-ty"), True),
        (answer(200, b"not gzip", content_encoding="gzip"), False),
        (answer(200, b"x", content_encoding="br"), False),
        (answer(200, b"x", content_encoding="gzip, gzip"), False),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), False),
        (raw(b"\x16\x03\x01" * 99), False),
        (raw(head(200, content_length=-1)), False),
        (raw(head(200, content_length="5, 6") + b"12345"), False),
        (raw(head(200, transfer_encoding="gzip, chunked")), False),
        (raw(head(200, transfer_encoding="chunked") + b"zz\r\n"), False),
        (raw(head(101, upgrade="h2c")), False),
        (endless(b"", head(103)), False),
    ],
)
async def test_broken_answers(server: LyingServer, client: SafeClient, route: Route, transient: bool) -> None:
    server.routes["/x"] = route
    error = await fails(client, server.url("/x?secret"), FetchFailed)
    assert error.transient is transient


@pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503, 599])
async def test_any_status_but_200_fails(server: LyingServer, client: SafeClient, status: int) -> None:
    server.routes["/x"] = answer(status, b"" if status in (204, 304) else b"an image, honestly")
    error = await fails(client, server.url("/x?secret"), FetchFailed)
    assert isinstance(error, FetchFailed)
    assert (error.status, error.transient) == (status, status >= 500)


@pytest.mark.parametrize("extra", [0, 1])
async def test_headers_up_to_their_limit(server: LyingServer, client: SafeClient, extra: int) -> None:
    rest = len("content-length") + len("2") + 4 + len("x") + 4
    server.routes["/x"] = answer(200, b"ok", x="y" * (MAX_HEADER_BYTES - rest + extra))
    if extra:
        await fails(client, server.url("/x"), FetchFailed)
    else:
        assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=5)).body == b"ok"


@pytest.mark.parametrize(
    "route",
    [
        endless(b"HTTP/1.1 200 OK\r\nx: ", b"y" * 10_000),
        endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 1000),
        endless(head(200, transfer_encoding="chunked") + b"5;", b"extension" * 1000),
    ],
    ids=["one", "many", "chunk-extension"],
)
async def test_endless_headers(server: LyingServer, client: SafeClient, route: Route) -> None:
    server.routes["/x"] = route
    error = await fails(client, server.url("/x"), FetchFailed)
    assert not error.transient


@pytest.mark.parametrize(
    "route",
    [
        raw(b"", then="silence"),
        raw(head(200, content_length=5), then="silence"),
        raw(head(200, content_length=5) + b"1234", then="silence"),
        endless(head(200, content_length=5000), b"x", pause=0.01),
        endless(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", pause=0.05),
        endless(head(200, transfer_encoding="chunked"), b"1\r\nx\r\n", pause=0.01),
        after(1.5, answer(200, b"late")),
    ],
    ids=["silent", "silent-body", "one-byte-short", "drip", "drip-headers", "drip-chunks", "late"],
)
async def test_slow_answers(server: LyingServer, client: SafeClient, route: Route) -> None:
    server.routes["/x"] = route
    start = time.monotonic()
    error = await fails(client, server.url("/x?secret"), FetchTimeout, timeout=0.4)
    assert 0.39 < time.monotonic() - start < 1.4
    assert error.transient


async def test_a_body_of_single_bytes_leaves_the_event_loop_alive(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = raw(head(200, transfer_encoding="chunked") + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n")
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(other_work())
    fetched = await client.fetch(server.url("/x"), max_bytes=LIMIT, timeout=60)
    working.cancel()
    assert fetched.body == b"x" * 30_000
    assert turns > 30_000 / 100


@pytest.mark.parametrize("tail", [b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nEVIL", b"x"])
async def test_bytes_after_the_end_are_no_answer_to_the_next_request(
    server: LyingServer, client: SafeClient, tail: bytes
) -> None:
    server.routes["/long"] = raw(head(200, content_length=2) + b"ok" + tail, then="keep")
    server.routes["/next"] = answer(200, b"good")
    for _ in range(3):
        assert (await client.fetch(server.url("/long"), max_bytes=9, timeout=5)).body == b"ok"
        assert (await client.fetch(server.url("/next"), max_bytes=9, timeout=5)).body == b"good"


async def test_bytes_sent_while_idle_are_no_answer_to_the_next_request(server: LyingServer, client: SafeClient) -> None:
    async def route(talk: Talk) -> None:
        await answer(200, b"ok")(talk)
        await asyncio.sleep(0.1)
        await talk.send(head(200, content_length=4) + b"EVIL")

    server.routes["/first"] = route
    server.routes["/next"] = answer(200, b"good")
    assert (await client.fetch(server.url("/first"), max_bytes=9, timeout=5)).body == b"ok"
    await asyncio.sleep(0.3)
    assert (await client.fetch(server.url("/next"), max_bytes=9, timeout=5)).body == b"good"


async def test_bytes_that_come_late_are_no_fault_of_the_next_request(server: LyingServer, client: SafeClient) -> None:
    """As the body of a 204 that is sent after its head: the connection had been taken for the next request by then."""
    good = answer(200, b"good")
    server.routes["/first"] = answer(200, b"ok")
    server.routes["/next"] = in_turn(raw(b"no" + head(200, content_length=4) + b"good", then="keep"), good)
    assert (await client.fetch(server.url("/first"), max_bytes=9, timeout=5)).body == b"ok"
    assert (await client.fetch(server.url("/next"), max_bytes=9, timeout=5)).body == b"good"
    assert server.connections == 2


async def test_what_is_not_http_is_asked_for_once_on_a_new_connection(server: LyingServer, client: SafeClient) -> None:
    server.routes["/ok"] = answer(200, b"ok")
    await client.fetch(server.url("/ok"), max_bytes=9, timeout=5)
    server.routes["/never"] = raw(b"no HTTP\r\n\r\n", then="keep")
    with pytest.raises(FetchFailed, match="did not answer as HTTP does"):
        await client.fetch(server.url("/never"), max_bytes=9, timeout=5)
    assert [request.target for request in server.requests] == ["/ok", "/never", "/never"]
