"""What can go wrong with a request before a use case sees it."""

from placket.domain.errors import PlacketError


class NoSuchCall(PlacketError):
    """No call has this path."""

    reason = "NoApiFound"


class MethodNotAllowed(PlacketError):
    reason = "MethodNotAllowed"

    def __init__(self, detail: str = "", allowed: str = "") -> None:
        super().__init__(detail)
        self.allowed = allowed


class BodyTooLarge(PlacketError):
    reason = "BodyTooLarge"


class TransferFailed(PlacketError):
    """The body stopped coming."""

    reason = "TransferFailed"


class BodyUnsupported(PlacketError):
    """A content type that the call does not take."""

    reason = "BodyUnsupported"


class HeadersInvalid(PlacketError):
    """Too many, too long or contradictory headers."""

    reason = "HeadersInvalid"
