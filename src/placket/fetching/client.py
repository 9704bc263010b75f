"""Untrusted URLs to bytes: the one way out of Placket."""

import asyncio
import contextlib
import random
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from placket import __version__
from placket.domain.errors import FetchBusy, FetchError, FetchFailed, UrlMalformed, UrlRefused
from placket.domain.urls import ParsedUrl, check_url
from placket.fetching.addresses import AddressPolicy, Network
from placket.fetching.body import read_body
from placket.fetching.budget import Budget
from placket.fetching.connection import Answer, Connection, Header, StaleConnection
from placket.fetching.dialing import Dialer, network_error, public_tls
from placket.fetching.idle import IdleConnections, origin_of
from placket.fetching.resolver import Resolver, ThreadResolver
from placket.fetching.slots import Slots
from placket.services.ports import Fetched

MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0
_BUSY_SECONDS = 5.0
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]*"')
_LONGEST_ETAG = 200
_ANYTHING = ((b"accept", b"*/*"),)
_OF_CONDITIONS = {304, 400, 412, 501}
"""What a host may answer because of If-None-Match, as it should or as it happens to."""
_USER_AGENT = f"Placket/{__version__}".encode()


@dataclass(frozen=True, slots=True)
class _Request:
    """``max_bytes`` of an answer 200 are read; None reads no body. Only a repeatable request uses a kept connection.
    ``known_etag``, ``owner``: see :meth:`placket.services.ports.Fetcher.fetch`."""

    method: str
    headers: tuple[Header, ...]
    body: bytes = b""
    max_bytes: int | None = None
    repeatable: bool = False
    known_etag: str = ""
    owner: str = ""


class SafeClient:
    """Implements Fetcher and Poster.

    - A URL is checked by :func:`placket.domain.urls.check_url`, its addresses by :class:`AddressPolicy`; the address
      that was checked is the one that is dialled. The same holds for every redirect; three are followed.
    - ``timeout`` counts everything from the lookup of the name to the last byte, over all redirects. Not counted is the
      wait for a turn (``concurrency`` in all, ``per_host`` for one host), which is no fault of the image; of that wait,
      ``max_wait`` seconds are borne in one call, over all its attempts and redirects.
    - TLS is verified. Proxy variables, cookies and .netrc do not exist here. Messages name the host and no more.
    """

    def __init__(
        self,
        *,
        allow_networks: Iterable[Network] = (),
        concurrency: int = 64,
        per_host: int = 8,
        max_wait: float = 60.0,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._resolver = resolver or ThreadResolver()
        self._dialer = Dialer(AddressPolicy(allow_networks), self._resolver, tls or public_tls())
        self._slots = Slots(concurrency, per_host)
        self._idle = IdleConnections(concurrency)
        self._max_wait = max_wait

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,
        attempts: int = 1,
        overall: float | None = None,
        known_etag: str = "",
        owner: str = "",
    ) -> Fetched:
        """See :meth:`placket.services.ports.Fetcher.fetch`."""
        parsed = check_url(url)
        known = _readable(known_etag)
        request = _Request("GET", _ANYTHING, max_bytes=max_bytes, repeatable=True, known_etag=known, owner=owner)
        whole = Budget(overall if overall is not None else attempts * (timeout + _LONGEST_PAUSE))
        wait = Budget(self._max_wait)
        attempt = 1
        while True:
            seconds = min(timeout, whole.left)
            budget = Budget(seconds)
            try:
                return await self._follow(parsed, request, budget, wait)
            except FetchError as error:
                whole.left -= seconds - budget.left
                pause = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1)
                if not error.transient or attempt >= attempts or whole.left <= pause or wait.left <= 0:
                    raise
            await asyncio.sleep(pause)
            whole.left -= pause
            attempt += 1

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], timeout: float) -> int:
        """See :meth:`placket.services.ports.Poster.post`."""
        parsed = check_url(url)
        given = tuple((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items())
        length = (b"content-length", str(len(body)).encode())
        request = _Request("POST", (*given, length, (b"connection", b"close")), body)
        answer, _ = await self._ask(parsed, request, Budget(timeout), Budget(self._max_wait))
        return answer.status

    async def aclose(self) -> None:
        self._idle.close()
        self._resolver.close()
        await asyncio.sleep(0)  # lets the event loop close the sockets

    async def _follow(self, url: ParsedUrl, request: _Request, budget: Budget, wait: Budget) -> Fetched:
        plain = replace(request, known_etag="")
        for hops in range(1 + MAX_REDIRECTS):
            answer, body = await self._ask(url, request, budget, wait)
            if request.known_etag and answer.status in _OF_CONDITIONS:
                if answer.status == 304 and _is_version(answer, request.known_etag):
                    return Fetched(b"", request.known_etag, unchanged=True)
                answer, body = await self._ask(url, plain, budget, wait)
            if answer.status == 200:
                # A tag tells the versions of one address apart, and of no other (RFC 9110, 8.8.3): where this one leads
                # to may have changed.
                etag = "" if hops else _readable(answer.header(b"etag"))
                return Fetched(body, etag)
            location = answer.header(b"location")
            if answer.status not in _REDIRECTS or not location:
                raise FetchFailed(
                    f"{url.host} answered {answer.status}", transient=answer.status >= 500, status=answer.status
                )
            url, request = _redirected(url, location), plain
        raise UrlRefused(f"more than {MAX_REDIRECTS} redirects")

    async def _ask(self, url: ParsedUrl, request: _Request, budget: Budget, wait: Budget) -> tuple[Answer, bytes]:
        """One request and its answer, when it is its turn."""
        try:
            async with wait.spend():
                await self._slots.acquire(url.host, request.owner)
        except TimeoutError:
            raise FetchBusy(f"too many downloads from {url.host} are waiting", _BUSY_SECONDS) from None
        try:
            async with budget.spend():
                return await self._ask_now(url, request)
        except OSError as error:
            raise network_error(error, url.host) from None
        finally:
            self._slots.release(url.host)

    async def _ask_now(self, url: ParsedUrl, request: _Request) -> tuple[Answer, bytes]:
        while request.repeatable and (kept := self._idle.take(origin_of(url))) is not None:
            try:
                return await self._converse(kept, url, request)
            except StaleConnection:
                continue
        return await self._converse(await self._dialer.dial(url, request.owner), url, request)

    async def _converse(self, connection: Connection, url: ParsedUrl, request: _Request) -> tuple[Answer, bytes]:
        keep = False
        own = ((b"host", url.authority.encode()), (b"user-agent", _USER_AGENT), (b"accept-encoding", b"identity"))
        condition = ((b"if-none-match", request.known_etag.encode()),) if request.known_etag else ()
        headers = (*own, *request.headers, *condition)
        try:
            answer = await connection.ask(request.method, url.target, headers, request.body)
            body = b""
            if answer.status == 200 and request.max_bytes is not None:
                body = await read_body(connection, answer, request.max_bytes, url.host)
            keep = request.repeatable and connection.finish()
            return answer, body
        finally:
            if keep:
                self._idle.put(origin_of(url), connection)
            else:
                connection.abort()


def _readable(etag: str) -> str:
    """The tag; empty where it is none, or too long to be worth keeping. It comes from a stranger, and is sent again."""
    return etag if len(etag) <= _LONGEST_ETAG and _ETAG.fullmatch(etag) else ""


def _is_version(answer: Answer, known: str) -> bool:
    """Whether a 304 names the version that was asked for, or none; compared as RFC 9110, 8.8.3.2 says."""
    named = _readable(answer.header(b"etag"))
    return not named or named.removeprefix("W/") == known.removeprefix("W/")


def _redirected(url: ParsedUrl, location: str) -> ParsedUrl:
    """Where ``location`` leads, checked like a URL of its own. Raises UrlRefused."""
    with contextlib.suppress(UnicodeDecodeError):
        location = location.encode("latin-1").decode("utf-8")
    try:
        return check_url(urljoin(str(url), location))
    except (UrlMalformed, UrlRefused) as error:
        raise UrlRefused(f"{url.host} redirects, but {error.detail}") from None
    except ValueError:
        raise UrlRefused(f"{url.host} redirects to something that is not a URL") from None
