"""The word stored for a row that failed: the guide's own names where it has one, so that one vocabulary serves both."""

from placket.domain import errors

INVALID_ROW = "InvalidRow"
CANCELLED = "Cancelled"
NOT_FOUND = errors.NoSuchProduct.reason
DOCUMENT_QUOTA = errors.DocumentQuotaExceeded.reason
ABANDONED = "Abandoned"
SUPERSEDED = "Superseded"
INTERNAL = "InternalServerError"

_WORDS: tuple[tuple[type[errors.PlacketError], str], ...] = (
    (errors.FetchTimeout, "ImageTimeoutError"),
    (errors.FetchTooLarge, "ImageTooLargeException"),
    (errors.FetchError, "InvalidImageURLException"),
    (errors.ImageTooManyBytes, "ImageTooLargeException"),
    (errors.ImageTooManyPixels, "ImageTooLargeException"),
    (errors.VisionCrashed, errors.VisionCrashed.reason),
    (errors.ImageError, "InvalidImageFormatException"),
    (errors.NoGarmentFound, "NoDetectedFashionItems"),
)

OF_ROWS = tuple(
    dict.fromkeys(
        (INVALID_ROW, NOT_FOUND, DOCUMENT_QUOTA, ABANDONED, SUPERSEDED, INTERNAL, *(word for _, word in _WORDS))
    )
)
"""What may be stored for a row that was begun."""


def reason_of(error: errors.PlacketError) -> str:
    for kind, word in _WORDS:
        if isinstance(error, kind):
            return word
    return error.reason
