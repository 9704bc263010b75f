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


class Told(errors.InvalidParameter):
    """What a page says in the reader's own language."""

    reason = ""


_STATUSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...] = (
    (NoSuchPage, 404),
    (NOT_FOUND, 404),
    (Forged, 403),
    (TooLarge, 413),
    (errors.RateLimited, 429),
    (errors.Unauthorized, 401),
    (tagger.TaskExpired, 410),
    ((*UNAVAILABLE, errors.ServerStopping), 503),
    (errors.PlacketError, 400),
)


def status_of(error: Exception) -> int:
    """500 for whatever nobody foresaw."""
    return next((status for kinds, status in _STATUSES if isinstance(error, kinds)), 500)


def told(error: Exception | None) -> dict[str, str]:
    """What a template says of it: ``detail``, and ``reason``, the word that it has in the reader's language."""
    reason = error.reason if isinstance(error, errors.PlacketError) else ""
    return {"detail": detail_of(error) if error else "", "reason": reason}


def detail_of(error: Exception) -> str:
    """What may be told of it; empty for whatever nobody foresaw, where there is nothing but its name, and for where the
    database is."""
    if not isinstance(error, errors.PlacketError) or error.detail == error.reason:
        return ""
    if isinstance(error, errors.StorageUnavailable):
        return ""
    return error.detail
