"""Pages that need not come again, because their host says that it is still the version that is known."""

import pytest

from placket.domain.errors import FetchFailed
from placket.fetching import SafeClient
from tests.support.lying_server import LyingServer, Route, answer, in_turn, raw, redirect


@pytest.mark.parametrize("etag", ['"a"', 'W/"a"', '""', '"!#/~"', f'"{"x" * 198}"'])
async def test_a_version_is_told_and_asked_for(server: LyingServer, client: SafeClient, etag: str) -> None:
    server.routes["/x"] = answer(200, b"one", etag=etag)
    first = await client.fetch(server.url("/x"), max_bytes=9, timeout=2)
    assert (first.body, first.etag, first.unchanged) == (b"one", etag, False)
    assert "if-none-match" not in server.requests[0].headers
    server.routes["/x"] = answer(304, etag=etag)
    again = await client.fetch(server.url("/x"), max_bytes=9, timeout=2, known_etag=first.etag)
    assert (again.body, again.etag, again.unchanged) == (b"", etag, True)
    assert server.requests[1].headers["if-none-match"] == etag
    assert server.connections == 1  # a 304 has no body, so the connection is good for more


async def test_another_version_comes(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = answer(200, b"two", etag='"b"')
    fetched = await client.fetch(server.url("/x"), max_bytes=9, timeout=2, known_etag='"a"')
    assert (fetched.body, fetched.etag, fetched.unchanged) == (b"two", '"b"', False)


async def test_a_tag_is_of_its_own_address(server: LyingServer, client: SafeClient) -> None:
    """Two pictures, both of version 1: an address that leads to the second now has changed."""
    server.routes |= {"/in": redirect("/x"), "/x": answer(200, b"one", etag='"1"')}
    first = await client.fetch(server.url("/in"), max_bytes=9, timeout=2)
    assert (first.body, first.etag) == (b"one", "")
    again = await client.fetch(server.url("/in"), max_bytes=9, timeout=2, known_etag='"1"')
    assert (again.body, again.unchanged) == (b"one", False)
    assert [r.headers.get("if-none-match") for r in server.requests] == [None, None, '"1"', None]


@pytest.mark.parametrize("named", ["", '"a"', 'W/"a"'])
async def test_a_304_names_the_version_or_none(server: LyingServer, client: SafeClient, named: str) -> None:
    server.routes["/x"] = answer(304, etag=named) if named else answer(304)
    assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=2, known_etag='"a"')).unchanged


@pytest.mark.parametrize(
    "answered", [answer(304, etag='"b"'), answer(400), answer(412), answer(501)], ids=["other", "400", "412", "501"]
)
async def test_a_host_that_takes_no_condition_is_asked_without(
    server: LyingServer, client: SafeClient, answered: Route
) -> None:
    server.routes["/x"] = in_turn(answered, answer(200, b"two", etag='"b"'))
    fetched = await client.fetch(server.url("/x"), max_bytes=9, timeout=2, known_etag='"a"')
    assert (fetched.body, fetched.etag, fetched.unchanged) == (b"two", '"b"', False)
    assert [r.headers.get("if-none-match") for r in server.requests] == ['"a"', None]


@pytest.mark.parametrize(
    "tag", ["a", '"a', 'a"', '"a" ', '"a b"', '"a", "b"', "*", f'"{"x" * 199}"', '"\xe9"', '"a"\r\nx: y', "'a'"]
)
async def test_what_is_no_tag_is_neither_kept_nor_sent(server: LyingServer, client: SafeClient, tag: str) -> None:
    if "\r" not in tag and tag == tag.strip():
        server.routes["/x"] = answer(200, b"one", etag=tag)
        assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=2)).etag == ""
    server.routes["/x"] = answer(200, b"one")
    assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=2, known_etag=tag)).body == b"one"
    assert "if-none-match" not in server.requests[-1].headers


async def test_two_tags_are_none(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = raw(b'HTTP/1.1 200 OK\r\ncontent-length: 1\r\netag: "a"\r\netag: "b"\r\n\r\nx')
    assert (await client.fetch(server.url("/x"), max_bytes=9, timeout=2)).etag == ""


async def test_nothing_is_unchanged_that_was_not_asked_for(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = answer(304, etag='"a"')
    with pytest.raises(FetchFailed) as failure:
        await client.fetch(server.url("/x"), max_bytes=9, timeout=2)
    assert failure.value.status == 304
