"""``Content-Encoding`` of a request: its body is taken as it is."""

from starlette.requests import Request

from placket.api.errors import BodyUnsupported

_NOT_CODED = ("", "identity", "utf-8", "utf8")
"""Java programs name the charset there, by ``setContentEncoding("UTF-8")``."""


def refuse_coded(request: Request) -> None:
    """Raises BodyUnsupported where the body is said to be compressed."""
    if request.headers.get("content-encoding", "").strip().lower() not in _NOT_CODED:
        raise BodyUnsupported("a body with a Content-Encoding is not taken; send it uncompressed")
