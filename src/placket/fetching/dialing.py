"""From a checked URL to an open connection, at an address that was checked too."""

import asyncio
import errno
import itertools
import ssl
from collections.abc import Sequence

import certifi

from placket.domain.errors import FetchError, FetchFailed, FetchTimeout
from placket.domain.urls import ParsedUrl
from placket.fetching.addresses import Address, AddressPolicy, literal_address
from placket.fetching.connection import Connection
from placket.fetching.resolver import Resolver
from placket.fetching.wire import Wire

_MAX_DIALLED = 6
_STAGGER = 0.25
"""Seconds between the beginnings of two attempts (RFC 8305, "Connection Attempt Delay")."""
_BROKEN = {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE}


def public_tls() -> ssl.SSLContext:
    """Verifies against the system's authorities, private ones included, and Mozilla's, for systems that bring none."""
    context = ssl.create_default_context()
    # Some systems' Python leaves it to OpenSSL's configuration, which may say nothing.
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    context.load_verify_locations(certifi.where())
    return context


class Dialer:
    def __init__(self, policy: AddressPolicy, resolver: Resolver, tls: ssl.SSLContext) -> None:
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._tls.set_alpn_protocols(["http/1.1"])

    async def dial(self, url: ParsedUrl, owner: str = "") -> Connection:
        """Raises UrlRefused, FetchFailed or FetchTimeout."""
        literal = literal_address(url.host)
        addresses = await self._resolver.resolve(url.host, owner) if literal is None else [literal]
        if not addresses:
            raise FetchFailed(f"the name {url.host} has no address")
        self._policy.check(url.host, addresses)
        try:
            return Connection(await self._first(_alternating(addresses)[:_MAX_DIALLED], url), url.host)
        except OSError as error:
            raise network_error(error, url.host) from None

    async def _first(self, addresses: Sequence[Address], url: ParsedUrl) -> Wire:
        """The first address to answer; each gets a little head start over the next. Raises the first one's OSError."""
        waiting = list(reversed(addresses))
        running: set[asyncio.Task[Wire]] = set()
        failures: list[BaseException] = []
        try:
            while waiting or running:
                if waiting:
                    running.add(asyncio.create_task(self._open(waiting.pop(), url)))
                done, _ = await asyncio.wait(
                    running, timeout=_STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    running.discard(task)
                    if (error := task.exception()) is None:
                        return task.result()
                    failures.append(error)
        finally:
            for task in running:
                task.cancel()
                task.add_done_callback(_close_late)
        raise failures[0]

    async def _open(self, address: Address, url: ParsedUrl) -> Wire:
        secure = url.scheme == "https"
        _, wire = await asyncio.get_running_loop().create_connection(
            Wire,
            str(address),
            url.port,
            ssl=self._tls if secure else None,
            server_hostname=url.host if secure else None,
        )
        return wire


def _alternating(addresses: Sequence[Address]) -> list[Address]:
    """The resolver's order, but the two families take turns: one that leads nowhere costs one head start."""
    families = [[a for a in addresses if a.version == v] for v in (addresses[0].version, 10 - addresses[0].version)]
    return [a for pair in itertools.zip_longest(*families) for a in pair if a is not None]


def _close_late(task: asyncio.Task[Wire]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().abort()


def network_error(error: OSError, host: str) -> FetchError:
    """What the operating system or TLS said, as a fact of the domain."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return FetchFailed(f"the certificate of {host} cannot be verified: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return FetchFailed(f"{host} does not speak TLS as it should ({error.reason or 'closed'})")
    if isinstance(error, TimeoutError):
        return FetchTimeout(f"{host} did not answer in time")
    if isinstance(error, ConnectionError) and error.errno in _BROKEN | {None}:
        return FetchFailed(f"{host} broke the connection", transient=True)
    return FetchFailed(f"{host} cannot be reached")
