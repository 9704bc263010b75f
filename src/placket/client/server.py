"""The server itself: whether it can serve, and, for whoever runs it, its keys and its figures."""

from placket.client.answers import read_nothing, read_placket, read_readiness
from placket.client.catalogue import PREFIX
from placket.client.faces import Calls, M, call
from placket.client.inputs import segment
from placket.client.shapes.placket import Access, CreatedKey, Key, Readiness
from placket.client.steps import Request, Steps

_ADMIN = f"{PREFIX}/admin"


class Server(Calls[M]):
    """Asks no key."""

    @call
    def readiness(self) -> Steps[Readiness]:
        """Whether requests can be served, and if not, why. Raises NotReachable, UnexpectedAnswer."""
        ready: Readiness = yield from self._retries.send(Request("GET", "/readyz", True), read_readiness)
        return ready


class Admin(Calls[M]):
    """Keys and figures of the whole installation. The client's key must be the admin token; else Unauthorized."""

    @call
    def list_keys(self) -> Steps[list[Key]]:
        """All keys, revoked ones too."""
        body = yield from self._retries.send(Request("GET", f"{_ADMIN}/keys", True), read_placket)
        found: list[Key] = body["items"]
        return found

    @call
    def create_key(
        self,
        name: str,
        *,
        project: str | None = None,
        rate_per_second: float | None = None,
        images_per_month: int | None = None,
        access: Access = "full",
    ) -> Steps[CreatedKey]:
        """Make a key, which is shown this once; a key of ``project``, or of a new project of the key's name.

        ``rate_per_second``: most requests, ``images_per_month``: most images to tag; None: any number.
        ``access``: with "search" it may search, look at photos and read a product by its id, and nothing else.
        Raises InvalidRequest, KeyExists, NoSuchKey (there is no such project).
        """
        body = {
            "name": name,
            "project": project,
            "ratePerSecond": rate_per_second,
            "imagesPerMonth": images_per_month,
            # A server of a version before refuses the word.
            **({"access": access} if access != "full" else {}),
        }
        made: CreatedKey = yield from self._retries.send(
            Request("POST", f"{_ADMIN}/keys", False, json=body), read_placket
        )
        return made

    @call
    def limit_key(
        self, key_id: str, *, rate_per_second: float | None = None, images_per_month: int | None = None
    ) -> Steps[Key]:
        """Change what a key may use: None leaves a limit, 0 takes it away. Raises InvalidRequest, NoSuchKey."""
        given = {"ratePerSecond": rate_per_second, "imagesPerMonth": images_per_month}
        body = {name: value or None for name, value in given.items() if value is not None}
        key: Key = yield from self._retries.send(Request("PATCH", _key_path(key_id), True, json=body), read_placket)
        return key

    @call
    def revoke_key(self, key_id: str) -> Steps[None]:
        """It is refused from now on, within a second. Raises NoSuchKey."""
        yield from self._retries.send(Request("DELETE", _key_path(key_id), True), read_nothing)

    @call
    def statistics(self) -> Steps[dict[str, float]]:
        """Figures of the queue and of vision, as /metrics has them."""
        body = yield from self._retries.send(Request("GET", f"{_ADMIN}/statistics", True), read_placket)
        figures: dict[str, float] = body["figures"]
        return figures


def _key_path(key_id: str) -> str:
    return f"{_ADMIN}/keys/{segment(key_id)}"
