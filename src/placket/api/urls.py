"""URLs as parameters."""

from placket.domain.errors import InvalidParameter, UrlMalformed, UrlRefused
from placket.domain.urls import check_url


def image_url(url: str) -> str:
    """Raises InvalidParameter for what is no URL. One that may not be fetched fails later, when its turn comes."""
    try:
        check_url(url)
    except UrlMalformed as error:
        raise InvalidParameter(error.detail) from None
    except UrlRefused:
        pass
    return url


def callback_url(url: str) -> str:
    """Raises InvalidParameter for a URL that would never be called."""
    try:
        check_url(url)
    except (UrlMalformed, UrlRefused) as error:
        raise InvalidParameter(f"callbackUrl: {error.detail}") from None
    return url
