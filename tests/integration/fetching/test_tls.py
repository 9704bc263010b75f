"""Certificates are verified, for the name that was asked for."""

import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from placket.domain.errors import FetchFailed, UrlRefused
from placket.fetching import SafeClient
from placket.fetching.dialing import public_tls
from tests.support.lying_server import LyingServer, answer, head, redirect
from tests.support.resolvers import ScriptedResolver

MakeClient = Callable[..., SafeClient]


@dataclass
class Secure:
    server: LyingServer
    certificate: Path
    names: list[str | None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=shop.example",
         "-addext", "subjectAltName=DNS:shop.example,IP:127.0.0.2"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Secure]:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    context.sni_callback = lambda _object, name, _context: names.append(name)
    async with LyingServer(addresses=("127.0.0.1", "127.0.0.2"), tls=context) as server:
        server.routes["/x"] = answer(200, b"ok")
        yield Secure(server, certificate / "cert.pem", names)


def resolver() -> ScriptedResolver:
    return ScriptedResolver({"shop.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})


def trusting(path: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(path))


async def test_a_certificate_of_nobody_we_know_is_refused(secure: Secure, make_client: MakeClient) -> None:
    client = make_client(resolver=resolver())
    for host in ("shop.example", "127.0.0.2"):
        with pytest.raises(FetchFailed, match="certificate") as failure:
            await client.fetch(secure.server.url("/x?secret", host), max_bytes=9, timeout=5, attempts=3)
        assert not failure.value.transient
        assert "secret" not in str(failure.value)
    assert secure.server.requests == []


async def test_name_and_host_are_those_of_the_url(secure: Secure, make_client: MakeClient) -> None:
    client = make_client(resolver=resolver(), tls=trusting(secure.certificate))
    for host in ("shop.example", "127.0.0.2", "Shop.Example."):
        assert (await client.fetch(secure.server.url("/x", host), max_bytes=9, timeout=5)).body == b"ok"
    port = secure.server.port
    assert [r.headers["host"] for r in secure.server.requests] == [
        f"shop.example:{port}", f"127.0.0.2:{port}", f"shop.example:{port}"
    ]  # fmt: skip
    assert secure.names == ["shop.example", None]
    assert secure.server.connections == 2


async def test_a_certificate_for_another_name_is_refused(secure: Secure, make_client: MakeClient) -> None:
    client = make_client(resolver=resolver(), tls=trusting(secure.certificate))
    for host in ("other.example", "127.0.0.1"):
        with pytest.raises(FetchFailed, match="certificate"):
            await client.fetch(secure.server.url("/x", host), max_bytes=9, timeout=5)
    assert secure.server.requests == []


async def test_plain_http_on_a_tls_port_and_the_reverse(
    secure: Secure, server: LyingServer, make_client: MakeClient
) -> None:
    client = make_client(tls=trusting(secure.certificate))
    with pytest.raises(FetchFailed):
        await client.fetch(f"http://127.0.0.2:{secure.server.port}/x", max_bytes=9, timeout=5)
    server.greeting = head(400, content_length=0)
    with pytest.raises(FetchFailed, match="TLS"):
        await client.fetch(f"https://127.0.0.2:{server.port}/x", max_bytes=9, timeout=5)


async def test_a_redirect_to_plain_http_is_followed_and_checked(
    secure: Secure, server: LyingServer, make_client: MakeClient
) -> None:
    client = make_client(tls=trusting(secure.certificate))
    server.routes["/plain"] = answer(200, b"plain")
    secure.server.routes["/down"] = redirect(server.url("/plain", "127.0.0.2"))
    secure.server.routes["/in"] = redirect("http://10.0.0.1/")
    assert (await client.fetch(secure.server.url("/down", "127.0.0.2"), max_bytes=9, timeout=5)).body == b"plain"
    with pytest.raises(UrlRefused):
        await client.fetch(secure.server.url("/in", "127.0.0.2"), max_bytes=9, timeout=5)


def test_the_default_trusts_the_public_authorities_and_verifies() -> None:
    context = public_tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50
