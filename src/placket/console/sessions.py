"""Who is signed in: a signed cookie, good for half a day, for nothing once the admin token has been renewed.

The signing key is made of the installation's console secret and of the admin token, so that every process of the
installation knows the same sessions, and either of the two ends them all.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address

from placket.services.keys import AdminToken
from placket.services.stores import KeyStore

LIFETIME_SECONDS = 12 * 3600
SECRET_NAME = "console_secret"  # noqa: S105
_BELIEVED_SECONDS = 1.0
"""How long the signing key is remembered: a renewed token ends sessions a second later at the latest."""
_MOST_ENDED = 10_000
_MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """``csrf``: what every request that changes something must carry beside the cookie."""

    id: str
    expires: int
    csrf: str


class Sessions:
    def __init__(self, store: KeyStore, admin_token: AdminToken) -> None:
        self._store = store
        self._admin_token = admin_token
        self._known: tuple[float, bytes] | None = None
        self._ended: dict[str, int] = {}

    async def begin(self, token: str) -> str:
        """The cookie of a new session. Raises Unauthorized for a wrong token."""
        await self._admin_token.check(token)
        self._known = None
        body = f"{secrets.token_urlsafe(18)}.{int(time.time()) + LIFETIME_SECONDS}"
        return f"{body}.{_mac(await self._key(), 'session', body)}"

    async def read(self, cookie: str) -> Session | None:
        """The session of a cookie; None when it was not made here, has run out or was ended."""
        body, _, mac = cookie.rpartition(".")
        identity, _, expires = body.partition(".")
        key = await self._key()
        if not hmac.compare_digest(_mac(key, "session", body).encode(), mac.encode("utf-8", "replace")):
            return None
        if int(expires) <= time.time() or identity in self._ended:
            return None
        return Session(identity, int(expires), _mac(key, "csrf", identity))

    def end(self, session: Session) -> None:
        """Refuse this session's cookie from now on, in this process; :meth:`end_all` holds everywhere."""
        now = time.time()
        if len(self._ended) >= _MOST_ENDED:
            self._ended = {i: t for i, t in self._ended.items() if t > now}
        self._ended[session.id] = session.expires

    async def end_all(self) -> None:
        await self._store.replace_installation_secret(SECRET_NAME, secrets.token_hex(32))
        self._known = None

    async def form_token(self, nonce: str) -> str:
        """What the sign-in form must carry beside its cookie ``nonce``."""
        return _mac(await self._key(), "sign-in", nonce)

    async def _key(self) -> bytes:
        now = time.monotonic()
        if self._known is None or self._known[0] < now:
            secret = await self._store.installation_secret(SECRET_NAME, secrets.token_hex(32))
            token, _ = await self._admin_token.value()
            key = hmac.digest(secret.encode(), token.encode(), "sha256")
            self._known = (now + _BELIEVED_SECONDS, key)
        return self._known[1]


def _mac(key: bytes, purpose: str, text: str) -> str:
    return hmac.new(key, f"{purpose}\n{text}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class Throttle:
    """Tries without the right token: ``per_client`` in ``seconds`` from one client, ``in_all`` from everywhere.

    An address that has signed in is kept waiting by its own tries alone: strangers with many addresses would keep the
    owner out.
    """

    def __init__(self, *, per_client: int = 5, in_all: int = 100, seconds: float = 60.0) -> None:
        self._per_client = per_client
        self._in_all = in_all
        self._seconds = seconds
        self._failures: list[tuple[float, str]] = []
        self._known: dict[str, None] = {}

    def wait(self, address: str) -> float:
        """Seconds until the client of this address may try again; 0 when it may now."""
        client = _client(address)
        now = time.monotonic()
        self._failures = [f for f in self._failures if f[0] > now - self._seconds]
        own = [t for t, c in self._failures if c == client]
        everyone = [] if client in self._known else [t for t, _ in self._failures]
        waits = [
            times[-most] + self._seconds - now
            for times, most in ((own, self._per_client), (everyone, self._in_all))
            if len(times) >= most
        ]
        return max(waits, default=0.0)

    def begin(self, address: str) -> tuple[float, str]:
        """Count a try as a wrong one before it is looked at: a thousand at the same moment are a thousand."""
        attempt = (time.monotonic(), _client(address))
        self._failures.append(attempt)
        return attempt

    def succeeded(self, attempt: tuple[float, str]) -> None:
        if attempt in self._failures:
            self._failures.remove(attempt)
        self._known.pop(attempt[1], None)
        self._known[attempt[1]] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]


def _client(address: str) -> str:
    """What one client has: of IPv6 a whole network of addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
