"""API keys: made, shown once, stored hashed, compared in constant time."""

import hashlib
import hmac
import math
import secrets
import time
from dataclasses import dataclass

from placket.domain.access import Access
from placket.domain.errors import AccessDenied, InvalidParameter, RateLimited, Unauthorized
from placket.domain.names import check_key_name
from placket.services.stores import Caller, KeyRecord, KeyStore

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_ID_LENGTH, _SECRET_LENGTH = 8, 32
MOST_IMAGES_PER_MONTH = 2_000_000_000
_CACHE_SECONDS = 1.0
"""How long a checked key is believed: a revoked one is refused a second later at the latest."""


def _word(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hash(secret: str) -> bytes:
    # 160 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()


def _check_limits(rate: float | None, images_per_month: int | None) -> None:
    if rate is not None and not 0 <= rate < math.inf:
        raise InvalidParameter("a rate is more than 0 requests a second, or 0 for no limit")
    if images_per_month is not None and not (
        0 <= images_per_month <= MOST_IMAGES_PER_MONTH and float(images_per_month).is_integer()
    ):
        raise InvalidParameter(f"images a month are 1 to {MOST_IMAGES_PER_MONTH}, or 0 for no limit")


_NO_TAGGING = "a key for searching alone tags nothing by the Tagger, so no images of it are counted; limit its rate"


def _check_search_key(project: str | None, images_per_month: int | None) -> None:
    if project is None:
        # In a project of its own there would never be anything to search in.
        raise InvalidParameter("a key for searching alone is another key of a project: say of which")
    if images_per_month is not None:
        raise InvalidParameter(_NO_TAGGING)


def require_full(caller: Caller) -> Caller:
    """Raises AccessDenied where the key is for searching alone."""
    if caller.access is not Access.FULL:
        raise AccessDenied("this key is for searching alone: this call needs a key with full access")
    return caller


@dataclass(frozen=True, slots=True)
class NewKey:
    """``key`` is shown this once; only its hash is kept."""

    record: KeyRecord
    key: str


class Keys:
    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._known: dict[str, tuple[float, Caller]] = {}

    async def create(
        self,
        name: str,
        project: str | None = None,
        rate: float | None = None,
        images_per_month: int | None = None,
        access: Access = Access.FULL,
    ) -> NewKey:
        """A key for searching alone is another key of a project. Raises InvalidParameter, KeyNameTaken, NoSuchKey
        (unknown project)."""
        check_key_name(name)
        if project is not None:
            check_key_name(project)
        if access is not Access.FULL:
            _check_search_key(project, images_per_month)
        if rate == 0 or images_per_month == 0:
            raise InvalidParameter("a limit is more than 0; leave it out for none")
        _check_limits(rate, images_per_month)
        key_id, secret = _word(_ID_LENGTH), _word(_SECRET_LENGTH)
        record = await self._store.create(
            key_id=key_id,
            name=name,
            project=project,
            secret_hash=_hash(secret),
            rate=rate,
            images_per_month=images_per_month,
            access=access,
        )
        return NewKey(record, f"plk{key_id}{secret}")

    async def list(self) -> list[KeyRecord]:
        return await self._store.list()

    async def revoke(self, key_id: str) -> None:
        await self._store.revoke(key_id)
        self._known.clear()

    async def limit(self, key_id: str, *, rate: float | None = None, images_per_month: int | None = None) -> KeyRecord:
        """Change what is given; 0 takes a limit away. Running servers follow within a second.

        Raises InvalidParameter, NoSuchKey.
        """
        _check_limits(rate, images_per_month)
        if images_per_month and any(k.id == key_id and k.access is not Access.FULL for k in await self._store.list()):
            raise InvalidParameter(_NO_TAGGING)
        record = await self._store.set_limits(key_id, rate=rate, images_per_month=images_per_month)
        self._known.clear()
        return record

    async def authenticate(self, key: str) -> Caller:
        """Raises Unauthorized, RateLimited."""
        digest = _hash(key).hex()
        known = self._known.get(digest)
        if known is None or known[0] < time.monotonic():
            caller = await self._check(key)
            if len(self._known) > 10_000:
                self._known.clear()
            known = (time.monotonic() + _CACHE_SECONDS, caller)
            self._known[digest] = known
        await self._take_turn(known[1])
        return known[1]

    async def _check(self, key: str) -> Caller:
        word, rest = key[:3], key[3:]
        key_id, secret = rest[:_ID_LENGTH], rest[_ID_LENGTH:]
        well_formed = word == "plk" and len(secret) == _SECRET_LENGTH and set(rest) <= set(_ALPHABET)
        found = await self._store.find(key_id) if well_formed else None
        stored = found[0] if found else bytes(32)
        if not hmac.compare_digest(stored, _hash(secret)) or found is None:
            raise Unauthorized("the key is unknown or was revoked")
        return found[1]

    async def _take_turn(self, caller: Caller) -> None:
        rate = caller.rate_per_second
        wait = 0.0 if rate is None else await self._store.take_turn(caller.key_id, rate)
        if wait > 0:
            raise RateLimited(f"more than {rate:g} requests a second", retry_after=wait)


class AdminToken:
    """The token for /placket/v1/admin: the setting's, else one made at first start."""

    NAME = "admin_token"

    def __init__(self, store: KeyStore, configured: str | None) -> None:
        self._store = store
        self._configured = configured

    async def value(self) -> tuple[str, bool]:
        """(token, made just now)."""
        if self._configured:
            return self._configured, False
        proposal = "plkadmin" + _word(_SECRET_LENGTH)
        token = await self._store.installation_secret(self.NAME, proposal)
        return token, token == proposal

    async def renew(self) -> str:
        if self._configured:
            raise InvalidParameter("the token is set by PLACKET_ADMIN_TOKEN; change it there")
        token = "plkadmin" + _word(_SECRET_LENGTH)
        await self._store.replace_installation_secret(self.NAME, token)
        return token

    async def check(self, given: str) -> None:
        """Raises Unauthorized."""
        token, _ = await self.value()
        if not hmac.compare_digest(token.encode(), given.encode()):
            raise Unauthorized("the admin token is wrong")
