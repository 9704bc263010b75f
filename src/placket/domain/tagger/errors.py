"""What can go wrong in a tagging request, beside what :mod:`placket.domain.errors` names."""

from typing import Any

from placket.domain.errors import PlacketError


class RequestMalformed(PlacketError):
    """The body as a whole: not JSON, a field of the wrong shape, a text too long."""

    reason = "RequestMalformed"


class RequestTooLarge(PlacketError):
    """More entries, or more bytes, than one request may have."""

    reason = "RequestTooLarge"


class DetectionInvalid(PlacketError):
    reason = "DetectionInvalid"


class LanguageInvalid(PlacketError):
    """An accept-language header that cannot be parsed."""

    reason = "LanguageInvalid"


class ImageTypeUnknown(PlacketError):
    reason = "ImageTypeUnknown"


class Base64HeaderMissing(PlacketError):
    reason = "Base64HeaderMissing"


class Base64Unreadable(PlacketError):
    reason = "Base64Unreadable"


class NothingAccepted(PlacketError):
    """No entry is valid, or STRICT and not every one. ``rejected``: (entry as sent, what to mend), in order."""

    reason = "NothingAccepted"

    def __init__(self, detail: str, rejected: tuple[tuple[Any, str], ...]) -> None:
        super().__init__(detail)
        self.rejected = rejected


class KeyReused(RequestMalformed):
    """An Idempotency-Key that came before with another request."""

    reason = "IdempotencyKeyReused"


class NoSuchTask(PlacketError):
    reason = "NoSuchTask"


class TaskExpired(PlacketError):
    """The window for appends is over, or the results are past their time."""

    reason = "TaskExpired"


class ResultsNotReady(PlacketError):
    reason = "ResultsNotReady"


class UsageExceeded(PlacketError):
    """The key's images of this month are used up."""

    reason = "UsageExceeded"
