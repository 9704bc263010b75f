"""What is tried again, and for how long."""

import time
from collections.abc import Callable

import pytest

from placket.domain.errors import FetchFailed, FetchTimeout
from placket.fetching import SafeClient
from tests.support.lying_server import LyingServer, Route, Talk, after, answer, head, in_turn, raw, redirect

MakeClient = Callable[..., SafeClient]
GOOD = answer(200, b"ok")


@pytest.mark.parametrize(
    "first",
    [answer(500), answer(503), raw(b""), raw(b"", then="reset"), raw(head(200, content_length=9) + b"x"),
     raw(b"", then="silence"), redirect("/gone")],
    ids=["500", "503", "closed", "reset", "short", "silent", "redirect-to-500"],
)  # fmt: skip
async def test_transient_failures_are_tried_again(server: LyingServer, client: SafeClient, first: Route) -> None:
    server.routes["/gone"] = answer(502)
    server.routes["/x"] = in_turn(first, GOOD)
    with pytest.raises((FetchFailed, FetchTimeout)):
        await client.fetch(server.url("/x"), max_bytes=9, timeout=0.5)
    server.routes["/x"] = in_turn(first, GOOD)
    assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=0.5, attempts=2)).body == b"ok"


@pytest.mark.parametrize("status", [400, 403, 404, 408, 410, 429, 499, 204])
async def test_other_answers_are_not(server: LyingServer, client: SafeClient, status: int) -> None:
    server.routes["/x"] = in_turn(answer(status), GOOD)
    with pytest.raises(FetchFailed) as failure:
        await client.fetch(server.url("/x"), max_bytes=9, timeout=2, attempts=5)
    assert failure.value.status == status
    assert len(server.requests) == 1


async def test_the_last_failure_is_told(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = in_turn(answer(500), answer(502), answer(503), GOOD)
    with pytest.raises(FetchFailed) as failure:
        await client.fetch(server.url("/x?secret"), max_bytes=9, timeout=2, attempts=3)
    assert failure.value.status == 503
    assert len(server.requests) == 3
    assert "secret" not in str(failure.value)


async def test_each_attempt_has_its_own_time(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = in_turn(raw(b"", then="silence"), after(0.3, GOOD))
    start = time.monotonic()
    assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=0.5, attempts=2)).body == b"ok"
    assert time.monotonic() - start > 0.5 + 0.1 + 0.3


async def test_overall_bounds_all_attempts(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = raw(b"", then="silence")
    start = time.monotonic()
    with pytest.raises(FetchTimeout):
        await client.fetch(server.url("/x"), max_bytes=9, timeout=0.4, attempts=9, overall=1.0)
    assert 0.7 < time.monotonic() - start < 1.5
    assert len(server.requests) in (2, 3)


async def test_overall_bounds_a_single_attempt(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = raw(b"", then="silence")
    start = time.monotonic()
    with pytest.raises(FetchTimeout):
        await client.fetch(server.url("/x"), max_bytes=9, timeout=30, overall=0.3)
    assert time.monotonic() - start < 10


# --- kept connections


async def test_connections_are_kept(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = GOOD
    server.routes["/404"] = answer(404, b"a short page")
    server.routes["/to"] = redirect("/x")
    for path in ("/x", "/to", "/x"):
        await client.fetch(server.url(path), max_bytes=9, timeout=2)
    with pytest.raises(FetchFailed):
        await client.fetch(server.url("/404"), max_bytes=9, timeout=2)
    await client.fetch(server.url("/x"), max_bytes=9, timeout=2)
    assert server.connections == 1


async def test_a_connection_that_the_server_closed_costs_no_attempt(server: LyingServer, client: SafeClient) -> None:
    async def once(talk: Talk) -> None:  # says keep-alive, and closes when the next request comes
        await GOOD(talk)

    async def never(talk: Talk) -> None:
        talk.kept = False

    server.routes["/x"] = once
    server.routes["/y"] = in_turn(never, GOOD)
    assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=2)).body == b"ok"
    assert (await client.fetch(server.url("/y"), max_bytes=9, timeout=2)).body == b"ok"
    assert [request.target for request in server.requests] == ["/x", "/y", "/y"]


# --- post


async def test_post(server: LyingServer, client: SafeClient) -> None:
    server.routes["/hook"] = answer(202, b"taken")
    for _ in range(2):
        headers = {"content-type": "application/json", "x-signature": "abc"}
        assert await client.post(server.url("/hook?a=1"), body=b'{"a":1}', headers=headers, timeout=2) == 202
    request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", "/hook?a=1", b'{"a":1}')
    assert (request.headers["content-type"], request.headers["x-signature"]) == ("application/json", "abc")
    assert server.connections == 2


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_post_tells_any_status_and_follows_nothing(server: LyingServer, client: SafeClient, status: int) -> None:
    server.routes["/hook"] = answer(status, location="/x")
    assert await client.post(server.url("/hook"), body=b"", headers={}, timeout=2) == status
    assert len(server.requests) == 1


async def test_post_reads_no_body_and_waits_no_longer_than_told(server: LyingServer, client: SafeClient) -> None:
    server.routes["/endless"] = raw(head(200, content_length=10**12) + b"x", then="silence")
    server.routes["/silent"] = raw(b"", then="silence")
    assert await client.post(server.url("/endless"), body=b"x" * 100_000, headers={}, timeout=2) == 200
    with pytest.raises(FetchTimeout):
        await client.post(server.url("/silent"), body=b"", headers={}, timeout=0.3)
