"""The one table from what went wrong to what a caller is told.

Numbers and names are those of the AI Fashion v1.0 guide where it has one; the rest continue its scheme.
"""

from dataclasses import dataclass

from placket.api import errors as api
from placket.domain import errors as domain
from placket.domain.errors import PlacketError


@dataclass(frozen=True, slots=True)
class Code:
    """``number`` and ``name``: AI Fashion's ``resultCode`` and ``resultMessage``; ``status`` is for ordinary HTTP."""

    number: int
    name: str
    status: int


INVALID_PARAM = Code(-40000, "InvalidParam", 400)
NO_API_FOUND = Code(-40400, "NoApiFound", 404)
INTERNAL = Code(-50000, "InternalServerError", 500)
_UNAVAILABLE = Code(-50000, "InternalServerError", 503)
_TOO_LARGE = Code(-45020, "ImageTooLargeException", 413)
_FORMAT = Code(-45040, "InvalidImageFormatException", 415)
_URL = Code(-45050, "InvalidImageURLException", 422)

CODES: dict[type[PlacketError], Code] = {
    domain.InvalidParameter: INVALID_PARAM,
    domain.UrlMalformed: INVALID_PARAM,
    api.HeadersInvalid: INVALID_PARAM,
    api.BodyUnsupported: Code(-40000, "InvalidParam", 415),
    api.BodyTooLarge: Code(-40000, "InvalidParam", 413),
    api.TransferFailed: Code(-40010, "InvalidFileError", 408),
    domain.IndexFileInvalid: Code(-40010, "InvalidFileError", 422),
    domain.IndexFileEmpty: Code(-40020, "NoDataError", 422),
    domain.IndexFileTooLarge: Code(-40030, "ExceedDataSizeError", 413),
    domain.IndexQuotaExceeded: Code(-40040, "IndexQuotaExceededException", 429),
    domain.NoSuchProduct: Code(-40050, "NotFoundProductId", 404),
    domain.IndexRequestInProgress: Code(-40080, "TooManyRequestError", 409),
    domain.RateLimited: Code(-40080, "TooManyRequestError", 429),
    api.NoSuchCall: NO_API_FOUND,
    api.MethodNotAllowed: Code(-40400, "NoApiFound", 405),
    domain.Unauthorized: Code(-41000, "UnauthorizedAppKey", 401),
    domain.AccessDenied: Code(-41000, "UnauthorizedAppKey", 403),
    domain.KeyNameTaken: Code(-41010, "DuplicateKeyName", 409),
    domain.NoSuchKey: Code(-41020, "NotExistKey", 404),
    domain.NoSuchService: Code(-42000, "NotExistService", 404),
    domain.ServiceExists: Code(-42010, "DuplicateServiceName", 409),
    domain.ServiceQuotaExceeded: Code(-42030, "ServiceQuotaExceededException", 409),
    domain.DocumentQuotaExceeded: Code(-42040, "DocumentQuotaExceededException", 409),
    domain.NoSuchRun: Code(-43000, "NotExistRun", 404),
    domain.RunNotCancellable: Code(-43010, "RunHasEnded", 409),
    domain.ImageTooManyBytes: _TOO_LARGE,
    domain.ImageTooManyPixels: _TOO_LARGE,
    domain.FetchTooLarge: _TOO_LARGE,
    domain.ImageError: _FORMAT,
    domain.UrlRefused: _URL,
    domain.FetchFailed: _URL,
    domain.FetchError: _URL,
    domain.FetchTimeout: Code(-45060, "ImageTimeoutError", 422),
    domain.NoGarmentFound: Code(-45070, "NoDetectedFashionItems", 422),
    domain.VisionUnavailable: _UNAVAILABLE,
    domain.StorageUnavailable: _UNAVAILABLE,
    domain.ServerStopping: _UNAVAILABLE,
    domain.BundleMismatch: _UNAVAILABLE,
}


def code_of(error: Exception) -> Code:
    """The row of the error's class, or of the nearest class that it is a kind of; ``-50000`` for the unforeseen."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return INTERNAL


def detail_of(error: Exception) -> str:
    """What a caller may read about it: nothing of an unforeseen error leaves the server, nor where its database and its
    models are."""
    if isinstance(error, domain.StorageUnavailable):
        return "the database cannot be used now; the server's log has more"
    if isinstance(error, domain.VisionUnavailable):
        return "photos cannot be analysed now; the server's log has more"
    if isinstance(error, PlacketError):
        return error.detail
    return "an unforeseen error; the server's log has it under the request's id"
