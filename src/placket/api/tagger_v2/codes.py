"""The one table from what went wrong to this API's codes: of the vendor where they were seen, 83x of ours."""

from dataclasses import dataclass

from placket.api import errors as api
from placket.domain import errors as domain
from placket.domain.errors import PlacketError
from placket.domain.tagger import errors as tagger


class KeyMissing(domain.Unauthorized):
    """The request has no x-api-key."""

    reason = "KeyMissing"


@dataclass(frozen=True, slots=True)
class Code:
    number: int
    status: int


INTERNAL = Code(500, 500)
_NO_FETCH = Code(803, 400)
_MALFORMED = Code(824, 400)
_TOO_MANY = Code(834, 413)
IMAGE_TOO_LARGE = Code(809, 400)

CODES: dict[type[PlacketError], Code] = {
    domain.Unauthorized: Code(609, 403),
    domain.AccessDenied: Code(609, 403),
    KeyMissing: Code(612, 403),
    api.NoSuchCall: Code(623, 404),
    api.MethodNotAllowed: Code(623, 405),
    tagger.Base64HeaderMissing: Code(801, 400),
    tagger.Base64Unreadable: Code(802, 400),
    domain.FetchError: _NO_FETCH,
    tagger.ImageTypeUnknown: Code(804, 400),
    domain.ImageError: Code(805, 400),
    domain.ImageAspectRatio: Code(806, 400),
    domain.ImageTooSmall: Code(807, 400),
    domain.ImageTooManyPixels: Code(808, 400),
    domain.ImageTooManyBytes: IMAGE_TOO_LARGE,
    domain.FetchTooLarge: IMAGE_TOO_LARGE,
    tagger.UsageExceeded: Code(823, 403),
    tagger.RequestMalformed: _MALFORMED,
    tagger.NothingAccepted: _MALFORMED,
    api.HeadersInvalid: _MALFORMED,
    api.BodyUnsupported: _MALFORMED,
    api.TransferFailed: _MALFORMED,
    tagger.DetectionInvalid: Code(825, 400),
    tagger.LanguageInvalid: Code(826, 400),
    domain.InvalidParameter: Code(830, 400),
    tagger.NoSuchTask: Code(831, 404),
    tagger.ResultsNotReady: Code(832, 409),
    tagger.TaskExpired: Code(833, 410),
    tagger.RequestTooLarge: _TOO_MANY,
    api.BodyTooLarge: _TOO_MANY,
    domain.RateLimited: Code(835, 429),
}


def code_of(error: Exception) -> Code:
    """The row of the error's class, or of the nearest class that it is a kind of; 500 for all else."""
    return _row(type(error))


def code_of_reason(reason: str) -> int:
    """The code of a stored reason: an image that could not be tagged."""
    return _REASONS.get(reason, INTERNAL).number


def _row(kind: type[Exception]) -> Code:
    return next((CODES[k] for k in kind.__mro__ if k in CODES), INTERNAL)


def _kinds(kind: type[PlacketError]) -> list[type[PlacketError]]:
    """The kind last: where it shares its word with one of its own, the word is its."""
    return [*(k for sub in kind.__subclasses__() for k in _kinds(sub)), kind]


_REASONS = {k.reason: _row(k) for root in (domain.FetchError, domain.ImageError) for k in _kinds(root)}
