"""Where the client goes, and where it does not."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from placket.domain.errors import FetchError, FetchFailed, FetchTimeout, UrlMalformed, UrlRefused
from placket.fetching import SafeClient
from tests.support.lying_server import LyingServer, after, answer, redirect
from tests.support.resolvers import ScriptedResolver

MakeClient = Callable[..., SafeClient]
ONLY_SECOND = (ip_network("127.0.0.2/32"),)


async def refused(client: SafeClient, url: str, kind: type[FetchError] = UrlRefused) -> None:
    with pytest.raises(FetchError) as failure:
        await client.fetch(url, max_bytes=99, timeout=2)
    assert type(failure.value) is kind, failure.value
    assert not failure.value.transient
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1.", "localhost",
     "2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "127.1", "0x7f.1",
     "127。0。0。1", "①②⑦.0.0.1", "0.0.0.0", "0", "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
     "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]",
     "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
     "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[ff02::1]"],
)  # fmt: skip
async def test_internal_hosts_are_not_reached(server: LyingServer, make_client: MakeClient, host: str) -> None:
    server.routes["/x"] = answer(200, b"internal")
    for client in (make_client(allow_networks=()), make_client(allow_networks=ONLY_SECOND)):
        await refused(client, f"http://{host}:{server.port}/x?secret")
    assert server.connections == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_an_allowed_network_allows_no_odd_spelling_of_itself(
    server: LyingServer, client: SafeClient, host: str
) -> None:
    await refused(client, f"http://{host}:{server.port}/x")
    assert server.connections == 0


async def test_url_rules_come_before_any_connection(server: LyingServer, client: SafeClient) -> None:
    await refused(client, f"http://u:secret@127.0.0.1:{server.port}/")
    await refused(client, "http://127.0.0.1:9999/?secret")
    await refused(client, "http://127.0.0.1:12001/?secret")
    await refused(client, "ftp://127.0.0.1/?secret", UrlMalformed)
    with pytest.raises(UrlRefused):
        await client.post("http://127.0.0.1:79/?secret", body=b"", headers={}, timeout=2)
    assert server.connections == 0


async def test_a_name_that_changes_its_address(server: LyingServer, make_client: MakeClient) -> None:
    resolver = ScriptedResolver({"shop.example": [["127.0.0.2"], ["127.0.0.1"]]})
    client = make_client(allow_networks=ONLY_SECOND, resolver=resolver)
    server.routes["/x"] = answer(200, b"ok", keep=False)
    assert (await client.fetch(server.url("/x", "shop.example"), max_bytes=9, timeout=2)).body == b"ok"
    assert [(r.local, r.headers["host"]) for r in server.requests] == [("127.0.0.2", f"shop.example:{server.port}")]
    assert resolver.asked == ["shop.example"]
    await refused(client, server.url("/x", "shop.example"))
    assert len(server.requests) == 1


async def test_the_system_is_asked_once_and_never_by_the_dialler(
    server: LyingServer, client: SafeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def changing(host: object, port: object, *args: object, **kwargs: object) -> list[object]:
        asked.append(host)
        address = "127.0.0.2" if len(asked) == 1 else "8.8.8.8"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    server.routes["/x"] = answer(200, b"ok")
    assert (await client.fetch(server.url("/x", "shop.example"), max_bytes=9, timeout=2)).body == b"ok"
    assert asked == [b"shop.example"]
    assert server.requests[0].local == "127.0.0.2"


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.2"] * 20 + ["10.0.0.1"], ["127.0.0.2", "::1"]],
)
async def test_one_refused_address_refuses_the_name(
    server: LyingServer, make_client: MakeClient, addresses: list[str]
) -> None:
    client = make_client(allow_networks=ONLY_SECOND, resolver=ScriptedResolver({"shop.example": [addresses]}))
    await refused(client, server.url("/x?secret", "shop.example"))
    assert server.connections == 0


async def test_a_dead_address_costs_a_head_start(server: LyingServer, make_client: MakeClient) -> None:
    resolver = ScriptedResolver({"shop.example": [["127.0.0.3", "127.0.0.4", "127.0.0.2"]]})
    client = make_client(resolver=resolver)
    server.routes["/x"] = answer(200, b"ok")
    assert (await client.fetch(server.url("/x", "shop.example"), max_bytes=9, timeout=2)).body == b"ok"
    with pytest.raises(FetchFailed) as failure:
        await client.fetch(server.url("/x", "127.0.0.3"), max_bytes=9, timeout=2)
    assert not failure.value.transient


async def test_a_silent_address_costs_a_head_start(server: LyingServer, make_client: MakeClient) -> None:
    with socket.socket() as full, contextlib.ExitStack() as callers:
        full.bind(("127.0.0.3", server.port))
        full.listen(0)
        for _ in range(4):  # the kernel drops what comes to a full queue
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.3", server.port))
        client = make_client(resolver=ScriptedResolver({"shop.example": [["127.0.0.3", "127.0.0.2"]]}))
        server.routes["/x"] = answer(200, b"ok")
        assert (await client.fetch(server.url("/x", "shop.example"), max_bytes=9, timeout=3)).body == b"ok"
        with pytest.raises(FetchTimeout):
            await client.fetch(server.url("/x", "127.0.0.3"), max_bytes=9, timeout=0.3)
        await asyncio.sleep(0)
        assert [task for task in asyncio.all_tasks() if "Dialer" in repr(task.get_coro())] == []


async def test_unknown_and_empty_names(make_client: MakeClient) -> None:
    client = make_client(resolver=ScriptedResolver({"empty.example": [[]]}))
    for host in ("unknown.example", "empty.example"):
        await refused(client, f"http://{host}/?secret", FetchFailed)


async def test_a_slow_resolver_is_within_the_deadline(make_client: MakeClient) -> None:
    client = make_client(resolver=ScriptedResolver({"shop.example": [["127.0.0.1"]]}, seconds=30))
    start = time.monotonic()
    with pytest.raises(FetchTimeout):
        await client.fetch("http://shop.example/", max_bytes=9, timeout=0.3)
    assert time.monotonic() - start < 10


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/b?x=1", "b?x=1", "//127.0.0.2:{port}/b?x=1", "http://127.0.0.2:{port}/b?x=1#f"])
async def test_redirects_are_followed(server: LyingServer, client: SafeClient, status: int, location: str) -> None:
    server.routes["/a"] = redirect(location.format(port=server.port), status)
    server.routes["/b"] = answer(200, b"ok")
    fetched = await client.fetch(server.url("/a"), max_bytes=9, timeout=2)
    host = "127.0.0.2" if "127" in location else "127.0.0.1"
    last = server.requests[-1]
    assert (fetched.body, last.method, last.target, last.local) == (b"ok", "GET", "/b?x=1", host)


@pytest.mark.parametrize("hops", [3, 4])
async def test_three_redirects_are_the_most(server: LyingServer, client: SafeClient, hops: int) -> None:
    for hop in range(hops):
        server.routes[f"/{hop}"] = redirect(f"/{hop + 1}")
    server.routes[f"/{hops}"] = answer(200, b"ok")
    if hops == 3:
        assert (await client.fetch(server.url("/0"), max_bytes=9, timeout=2)).body == b"ok"
    else:
        await refused(client, server.url("/0"))
    assert len(server.requests) == 4


async def test_a_redirect_loop_ends(server: LyingServer, client: SafeClient) -> None:
    server.routes["/x"] = redirect("/x")
    await refused(client, server.url("/x?secret"))
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:{port}/x?secret", "//localhost:{port}/x", "http://2130706433:{port}/x", "http://[::1]:{port}/x",
     "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "gopher://127.0.0.2:{port}/", "javascript:1",
     "http://127.0.0.2:22/?secret", "http://u:secret@127.0.0.2:{port}/x", "http://[",
     "http://127.0.0.2:{port}@127.0.0.1:{port}/x"],
)  # fmt: skip
async def test_a_redirect_is_checked_like_a_url(server: LyingServer, make_client: MakeClient, location: str) -> None:
    client = make_client(allow_networks=ONLY_SECOND)
    server.routes["/a"] = redirect(location.format(port=server.port))
    server.routes["/x"] = answer(200, b"internal")
    await refused(client, server.url("/a", "127.0.0.2"))
    assert [request.local for request in server.requests] == ["127.0.0.2"]


@pytest.mark.parametrize("location", ["http://", "//", "http:\\\\127.0.0.1\\x", "/\\127.0.0.1:{port}/x", "?", "http:x"])
async def test_an_odd_redirect_stays_on_its_host(server: LyingServer, make_client: MakeClient, location: str) -> None:
    client = make_client(allow_networks=ONLY_SECOND)
    server.routes["/a"] = redirect(location.format(port=server.port))
    with pytest.raises(FetchError):
        await client.fetch(server.url("/a", "127.0.0.2"), max_bytes=9, timeout=2)
    assert {request.local for request in server.requests} == {"127.0.0.2"}


async def test_a_redirect_without_a_place_to_go(server: LyingServer, client: SafeClient) -> None:
    server.routes["/a"] = answer(302)
    await refused(client, server.url("/a"), FetchFailed)


async def test_a_redirect_to_a_path_in_utf8(server: LyingServer, client: SafeClient) -> None:
    server.routes["/a"] = redirect("/사진 1".encode().decode("latin-1"))
    server.routes["/%EC%82%AC%EC%A7%84%201"] = answer(200, b"ok")
    assert (await client.fetch(server.url("/a"), max_bytes=9, timeout=2)).body == b"ok"


async def test_the_deadline_spans_redirects(server: LyingServer, client: SafeClient) -> None:
    for hop in range(3):
        server.routes[f"/{hop}"] = after(0.2, redirect(f"/{hop + 1}"))
    server.routes["/3"] = answer(200, b"ok")
    with pytest.raises(FetchTimeout):
        await client.fetch(server.url("/0"), max_bytes=9, timeout=0.5)
    assert (await client.fetch(server.url("/0"), max_bytes=9, timeout=5)).body == b"ok"
