"""Parts of a path, of APIs whose calls match it as it was sent."""

from starlette.requests import Request

from placket.api.query import decode_text


def path_text(request: Request, name: str) -> str:
    """A part of the path, decoded as a whole, ``%2F`` too. Raises InvalidParameter for what cannot be decoded."""
    return decode_text(request.path_params[name].encode("latin-1"), name)
