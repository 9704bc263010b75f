"""What can go wrong, by the servers' error codes. ``except`` the class that you can do something about.

ClientError
├── NotReachable          no connection, or it broke
├── UnexpectedAnswer      an answer that is not Placket's: a proxy's page, a redirect
│   └── NoSuchField       a field of an answer that is not there; a KeyError too
├── WaitTimeout           it did not end in the time given
└── ApiError              the server said no; by its ``code`` one of
    ├── InvalidRequest  ├── Unauthorized  ├── NotFound  ├── Conflict  ├── TooLarge
    ├── QuotaExceeded   ├── RateLimited   ├── ImageRefused  └── ServerError
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Base of all that the client raises, but ValueError for arguments that can never be right."""

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process hands its errors over pickled. Made anew by its message alone, as exceptions are unless
        # told, one that wants more than that would break the whole pool.
        return _made_again, (type(self), self.args), vars(self)


def _made_again(kind: type[ClientError], words: tuple[Any, ...]) -> ClientError:
    return kind.__new__(kind, *words)


class NotReachable(ClientError):
    pass


class UnexpectedAnswer(ClientError):
    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class NoSuchField(UnexpectedAnswer, KeyError):
    # A KeyError shows its message in quotes.
    __str__ = Exception.__str__


class WaitTimeout(ClientError):
    """``last``: the state that was seen last. What was waited for goes on."""

    def __init__(self, message: str, last: Any) -> None:
        super().__init__(message)
        self.last = last


class ApiError(ClientError):
    """``code`` and ``name`` are the API's (the Tagger has no names), ``status`` HTTP's; ``detail`` says what to mend.

    ``retry_after``: seconds, where the server named them. ``body``: the whole answer.
    """

    def __init__(
        self,
        code: int,
        detail: str,
        *,
        name: str = "",
        status: int = 200,
        request_id: str = "",
        retry_after: float | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(f"{detail} ({name or 'code'} {code})")
        self.code = code
        self.name = name
        self.detail = detail
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body


class InvalidRequest(ApiError):
    """A parameter or the body is wrong."""


class IndexFileInvalid(InvalidRequest):
    """The file, its first line, or the link that should lead to it."""


class NothingAccepted(InvalidRequest):
    """No entry of a tagging request was valid, or one was not and STRICT was asked for. ``failures`` says which."""

    @property
    def failures(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = (self.body or {}).get("failureList") or []
        return found


class Unauthorized(ApiError):
    """The key is missing, unknown or revoked, or for searching alone (under /placket/v1 ``status`` is 403)."""


class NotFound(ApiError):
    """There is no such call."""


class NoSuchService(NotFound):
    pass


class NoSuchProduct(NotFound):
    pass


class NoSuchRun(NotFound):
    pass


class NoSuchTask(NotFound):
    pass


class NoSuchKey(NotFound):
    pass


class TaskExpired(NotFound):
    """The time to append to the task is over, or its results are gone."""


class Conflict(ApiError):
    """It contradicts what is there."""


class ServiceExists(Conflict):
    pass


class KeyExists(Conflict):
    pass


class RunHasEnded(Conflict):
    pass


class ResultsNotReady(Conflict):
    pass


class TooLarge(ApiError):
    """More entries, rows or bytes than are taken."""


class QuotaExceeded(ApiError):
    """Trying again soon will not help."""


class IndexQuotaExceeded(QuotaExceeded):
    """The service made all index requests of today."""


class ServiceQuotaExceeded(QuotaExceeded):
    pass


class DocumentQuotaExceeded(QuotaExceeded):
    pass


class UsageExceeded(QuotaExceeded):
    """The key's month is used up."""


class RateLimited(ApiError):
    """Over the rate of the key. Nothing was done; the client has tried again as often as it may."""


class ImageRefused(ApiError):
    """The image cannot be used."""


class ImageTooLarge(ImageRefused):
    pass


class ImageFormatRefused(ImageRefused):
    pass


class ImageNotFetched(ImageRefused):
    """Its URL may not be fetched, or does not answer."""


class ImageTimeout(ImageNotFetched):
    pass


class NoGarmentFound(ImageRefused):
    pass


class ServerError(ApiError):
    """Something unforeseen, or a part of the server is down."""


CODES: Mapping[int, type[ApiError]] = {
    # AI Fashion v1.0 and /placket/v1
    -40000: InvalidRequest,
    -40010: IndexFileInvalid,
    -40020: IndexFileInvalid,
    -40030: TooLarge,
    -40040: IndexQuotaExceeded,
    -40050: NoSuchProduct,
    -40080: RateLimited,
    -40400: NotFound,
    -41000: Unauthorized,
    -41010: KeyExists,
    -41020: NoSuchKey,
    -42000: NoSuchService,
    -42010: ServiceExists,
    -42030: ServiceQuotaExceeded,
    -42040: DocumentQuotaExceeded,
    -43000: NoSuchRun,
    -43010: RunHasEnded,
    -45020: ImageTooLarge,
    -45040: ImageFormatRefused,
    -45050: ImageNotFetched,
    -45060: ImageTimeout,
    -45070: NoGarmentFound,
    -50000: ServerError,
    # Tagger v2.12
    500: ServerError,
    609: Unauthorized,
    612: Unauthorized,
    623: NotFound,
    801: ImageRefused,
    802: ImageRefused,
    803: ImageNotFetched,
    804: ImageRefused,
    805: ImageFormatRefused,
    806: ImageRefused,
    807: ImageRefused,
    808: ImageTooLarge,
    809: ImageTooLarge,
    823: UsageExceeded,
    824: InvalidRequest,
    825: InvalidRequest,
    826: InvalidRequest,
    830: InvalidRequest,
    831: NoSuchTask,
    832: ResultsNotReady,
    833: TaskExpired,
    834: TooLarge,
    835: RateLimited,
}


def error_class(code: int) -> type[ApiError]:
    """``ApiError`` itself for a code of a newer server."""
    return CODES.get(code, ApiError)
