"""What can go wrong on a page, and the status that a browser gets for it."""

from placket.domain import errors
from placket.domain.tagger import errors as tagger

NOT_FOUND = (errors.NoSuchService, errors.NoSuchProduct, errors.NoSuchRun, errors.NoSuchKey, tagger.NoSuchTask)
UNAVAILABLE = (errors.StorageUnavailable, errors.VisionUnavailable)


class NoSuchPage(errors.PlacketError):
    reason = "NoSuchPage"


class Forged(errors.PlacketError):
    """A request that changes something without the token of its own page."""

    reason = "Forged"


class TooLarge(errors.PlacketError):
    reason = "TooLarge"


_STATUSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...] = (
    (NoSuchPage, 404),
    (NOT_FOUND, 404),
    (Forged, 403),
    (TooLarge, 413),
    (errors.RateLimited, 429),
    (errors.Unauthorized, 401),
    (tagger.TaskExpired, 410),
    (UNAVAILABLE, 503),
    (errors.PlacketError, 400),
)


def status_of(error: Exception) -> int:
    """500 for whatever nobody foresaw."""
    return next((status for kinds, status in _STATUSES if isinstance(error, kinds)), 500)


def detail_of(error: Exception) -> str:
    """What may be told of it; empty for whatever nobody foresaw, and where there is nothing but its name."""
    if not isinstance(error, errors.PlacketError) or error.detail == error.reason:
        return ""
    return error.detail
