"""Which URLs may be fetched, as far as the text alone tells. What a name resolves to is checked when it is dialled."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote

import idna

from placket.domain.errors import UrlMalformed, UrlRefused

MAX_URL_LENGTH = 8192
DEFAULT_PORTS = {"http": 80, "https": 443}
HIGH_PORTS = range(10_000, 12_001)
"""Beside 80 and 443 (AI Fashion v1.0 guide, "Image input policy")."""

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#\\]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]@]*\]|[^:\[\]@]*)(?::(?P<port>[0-9]{0,5}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_PATH_SAFE = _PRINTABLE.translate(str.maketrans("", "", '"#<>?\\^`{}'))
_QUERY_SAFE = _PRINTABLE.translate(str.maketrans("", "", '"#<>'))
"""Everything but the percent-encode sets of the WHATWG URL standard; a backslash in a path is no separator here."""


@dataclass(frozen=True, slots=True)
class ParsedUrl:
    """A URL that was checked, in one spelling.

    ``host``: a lower-case ASCII name without a final dot (IDNA A-labels), or an address without brackets.
    ``target``: path and query, percent-encoded ASCII; not in the repr, because a signed query is a secret.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port: the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def check_url(url: str) -> ParsedUrl:
    """Parse ``url`` strictly.

    Raises UrlMalformed (no URL, or another scheme than http and https) and UrlRefused (credentials, or a port that is
    not 80, 443 or 10000 to 12000). Neither repeats the URL.
    """
    if url[:5].lower() == "data:":
        raise UrlMalformed("a data: URL holds the image itself; what is fetched is an http or https URL")
    if len(url) > MAX_URL_LENGTH:
        raise UrlMalformed(f"the URL has more than {MAX_URL_LENGTH} characters")
    if _CONTROL.search(url) or url != url.strip():
        raise UrlMalformed("the URL has control characters in it or white space around it")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise UrlMalformed("the URL is not of the form http://host/path or https://host/path")
    scheme = parts["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise UrlMalformed("the URL's scheme is neither http nor https")
    if "@" in parts["authority"]:
        raise UrlRefused("the URL carries credentials")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        raise UrlMalformed("the URL's host or port cannot be read")
    host = _bracketed(authority["host"]) if authority["host"].startswith("[") else _named(authority["host"])
    return ParsedUrl(scheme, host, _port(authority["port"], scheme), _target(parts["path"] or "/", parts["query"]))


def _named(host: str) -> str:
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise UrlMalformed("the URL's host is not a name that IDNA allows") from None
    host = host.lower().removesuffix(".")
    if not _HOST.fullmatch(host):
        raise UrlMalformed("the URL's host is not a name or an address")
    return host


def _bracketed(host: str) -> str:
    if "%" in host:
        raise UrlRefused("the URL's host is an address that only this machine knows (it has a zone)")
    try:
        return str(ipaddress.IPv6Address(host[1:-1]))
    except ValueError:
        raise UrlMalformed("the URL's host is not an IPv6 address") from None


def _port(digits: str | None, scheme: str) -> int:
    port = int(digits) if digits else DEFAULT_PORTS[scheme]
    if port > 65_535:
        raise UrlMalformed("the URL's port is over 65535")
    if port not in DEFAULT_PORTS.values() and port not in HIGH_PORTS:
        raise UrlRefused(f"port {port} is not allowed: 80, 443 and {HIGH_PORTS[0]} to {HIGH_PORTS[-1]} are")
    return port


def _target(path: str, query: str | None) -> str:
    try:
        target = quote(path, safe=_PATH_SAFE)
        return target if query is None else f"{target}?{quote(query, safe=_QUERY_SAFE)}"
    except UnicodeEncodeError:
        raise UrlMalformed("the URL has characters in it that are not Unicode text") from None
