"""Fetches counted by how they end."""

import pytest

from placket.domain.errors import FetchError
from placket.fetching import CountingClient, SafeClient
from placket.services.tallies import JOB, Tallies
from tests.support.lying_server import LyingServer, answer, in_turn, raw


async def test_each_fetch_counts_once_by_its_end(server: LyingServer, client: SafeClient) -> None:
    server.routes["/good"] = answer(200, b"ok")
    server.routes["/late"] = in_turn(answer(500), answer(200, b"ok"))
    server.routes["/large"] = answer(200, b"x" * 99)
    server.routes["/gone"] = answer(404)
    server.routes["/down"] = answer(502)
    server.routes["/silent"] = raw(b"", then="silence")
    server.routes["/broken"] = raw(b"")
    tallies = Tallies()
    known = tallies.fetches.figure().values
    assert set(known.values()) == {0}
    counting = CountingClient(client, JOB, tallies.fetches)
    for path in ("/good", "/late"):
        await counting.fetch(server.url(path), max_bytes=9, timeout=0.5, attempts=2)
    server.routes["/same"] = answer(304)
    assert (await counting.fetch(server.url("/same"), max_bytes=9, timeout=0.5, known_etag='"a"')).unchanged
    for url in (*map(server.url, ("/large", "/gone", "/down", "/silent", "/broken")), "http://10.0.0.1/x"):
        with pytest.raises(FetchError):
            await counting.fetch(url, max_bytes=9, timeout=0.5)
    counted = tallies.fetches.figure().values
    assert {outcome: n for (_, outcome), n in counted.items() if n} == {
        "ok": 2, "unchanged": 1, "FetchTooLarge": 1, "Http4xx": 1, "Http5xx": 1, "FetchTimeout": 1, "FetchFailed": 1,
        "UrlRefused": 1,
    }  # fmt: skip
    assert counted.keys() == known.keys(), "else Prometheus sees no rise in the first of a kind"
