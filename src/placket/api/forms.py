"""multipart/form-data from a stranger, parsed as it arrives: what is kept, how long it may take, all bounded."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from placket.api.content_coding import refuse_coded
from placket.api.errors import BodyTooLarge, BodyUnsupported
from placket.api.query import decode_text
from placket.api.receiving import declared_length
from placket.domain.errors import InvalidParameter

MEDIA_TYPE = "multipart/form-data"
RECEIVE = "placket.receive"
"""In a request's scope: its ``receive`` without the limit that its API has on other bodies."""
_MOST_PARTS = 32
_SLACK = 1_000_000
"""Bytes of a body beside its largest permitted file: other parts, headers, boundaries."""
_QUOTED = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_EXTENDED = re.compile(r";[ \t]*filename\*[ \t]*=([^;]*)", re.IGNORECASE)
"""``filename*=utf-8''%ED%95%9C.csv`` (RFC 5987), in a header without what it has in quotes."""
_TRANSFER_CODED = (b"base64", b"quoted-printable")
"""Of mail; RFC 7578 has them no more, and no parser of forms undoes them."""
_ESCAPED = re.compile("%(?:22|0[AD])", re.IGNORECASE)
"""What browsers and curl write for a quote and the ends of a line in a name, and they write nothing else so."""


@dataclass(frozen=True, slots=True)
class Upload:
    """``content`` is cut one byte past the limit, so that whoever checks the size finds it too large.

    ``filename`` is the last part of the path that was sent.
    """

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """``others``: names of the parts that were skipped."""

    texts: Mapping[str, str]
    files: Mapping[str, Upload]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormLimits:
    """``texts``: the text parts that are read, each with its most bytes; ``files`` likewise. Others are skipped."""

    texts: Mapping[str, int]
    files: Mapping[str, int]

    @property
    def most_bytes(self) -> int:
        """A file twice as large as permitted is read to its end and refused for its size; more is cut off."""
        return 2 * sum(self.files.values()) + sum(self.texts.values()) + _SLACK


async def read_form(request: Request, limits: FormLimits) -> Form:
    """Raises BodyUnsupported, BodyTooLarge, TransferFailed, InvalidParameter (malformed, or a part given twice)."""
    parser = _Parts(_boundary(request), limits)
    refuse_coded(request)
    declared = declared_length(request)
    if declared is not None and declared > limits.most_bytes:
        raise BodyTooLarge(f"the body has more than {limits.most_bytes} bytes")
    size = 0
    async with request.app.state.receiving.place(getattr(request.state, "key_id", ""), declared):
        async for piece in _arriving(request):
            size += len(piece)
            if size > limits.most_bytes:
                raise BodyTooLarge(f"the body has more than {limits.most_bytes} bytes")
            parser.feed(piece)
    return parser.finish()


def _boundary(request: Request) -> bytes:
    values = request.headers.getlist("content-type")
    kind, options = parse_options_header(values[0] if len(values) == 1 else "")
    if kind != MEDIA_TYPE.encode():
        raise BodyUnsupported(f"the body must be {MEDIA_TYPE}")
    if not options.get(b"boundary"):
        # Who sets the header by hand, as for JSON, takes it from the library that writes the body.
        raise BodyUnsupported(f"the Content-Type {MEDIA_TYPE} has no boundary: let the library that sends it set both")
    return options[b"boundary"]


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    receive: Receive = request.scope[RECEIVE]
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        if body := message.get("body", b""):
            yield body


@dataclass(slots=True)
class _Part:
    name: str = ""
    filename: str | None = None
    headers: dict[bytes, bytes] = field(default_factory=dict)
    most: int = 0
    content: bytearray = field(default_factory=bytearray)


class _Parts:
    """Callbacks of the streaming parser: one part after another, of each no more than its limit and a byte."""

    def __init__(self, boundary: bytes, limits: FormLimits) -> None:
        self._limits = limits
        self._texts: dict[str, str] = {}
        self._files: dict[str, Upload] = {}
        self._others: list[str] = []
        self._part = _Part()
        self._header = bytearray(), bytearray()
        self._count = 0
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": self._data,
                    "on_part_end": self._end,
                    "on_end": self._finished,
                },
            )
        except FormParserError as error:
            raise InvalidParameter(f"the multipart body is malformed: {error}") from None

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            reason = error if self._count else "it does not begin with the boundary that its Content-Type names"
            raise InvalidParameter(f"the multipart body is malformed: {reason}") from None

    def finish(self) -> Form:
        if not self._ended:
            reason = "its closing boundary is missing" if self._count else "it has no parts"
            raise InvalidParameter(f"the multipart body is malformed: {reason}")
        return Form(self._texts, self._files, tuple(self._others))

    def _finished(self) -> None:
        self._ended = True

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MOST_PARTS:
            raise InvalidParameter(f"the multipart body has more than {_MOST_PARTS} parts")
        self._part = _Part()

    def _header_end(self) -> None:
        name, value = self._header
        self._part.headers[bytes(name).lower()] = bytes(value)
        self._header = bytearray(), bytearray()

    def _headers_end(self) -> None:
        part = self._part
        disposition = part.headers.get(b"content-disposition", b"").decode("latin-1")
        kind, options = parse_options_header(disposition)
        if kind != b"form-data" or b"name" not in options:
            raise InvalidParameter("the multipart body is malformed: a part has no name")
        part.name = options[b"name"].decode("utf-8", "replace")
        part.filename = _filename(disposition, options)
        if part.name in self._limits.texts:
            if part.filename is not None:
                raise InvalidParameter(f"{part.name} must be text, not a file")
            part.most = self._limits.texts[part.name]
        else:
            part.most = self._limits.files.get(part.name, 0)
        coding = part.headers.get(b"content-transfer-encoding", b"").strip().lower()
        if part.most and coding in _TRANSFER_CODED:
            raise InvalidParameter(f"{part.name} is in {coding.decode()} (Content-Transfer-Encoding); send it as it is")

    def _data(self, data: bytes, start: int, end: int) -> None:
        room = self._part.most + 1 - len(self._part.content)
        if self._part.most and room > 0:
            self._part.content += data[start : min(end, start + room)]

    def _end(self) -> None:
        # The parser and its callbacks know each other: what stays here lives on until cycles are collected.
        part, self._part = self._part, _Part()
        if part.name in self._texts or part.name in self._files:
            raise InvalidParameter(f"{part.name} was given twice")
        if part.name in self._limits.texts:
            if len(part.content) > part.most:
                raise InvalidParameter(f"{part.name} has more than {part.most} bytes")
            self._texts[part.name] = _text(part)
        elif part.name not in self._limits.files:
            self._others.append(part.name)
        # A form's file input in which nothing was chosen sends an empty name and no content.
        elif part.filename != "" or part.content:
            self._files[part.name] = Upload(part.filename or "", bytes(part.content))


def _text(part: _Part) -> str:
    try:
        return part.content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidParameter(f"{part.name} is not UTF-8") from None


def _filename(disposition: str, options: Mapping[bytes, bytes]) -> str | None:
    """None of what is no file. RFC 5987's name, where it can be read, goes before the plain one."""
    extended = _EXTENDED.search(_QUOTED.sub('""', disposition))
    name = _extended_name(extended[1]) if extended else ""
    if name:
        return _base_name(name)
    if b"filename" not in options:
        return "" if extended else None
    plain = options[b"filename"].decode("utf-8", "replace")
    return _base_name(_ESCAPED.sub(lambda escape: unquote(escape[0]), plain))


def _extended_name(value: str) -> str:
    """Empty for one that cannot be read, and for charsets beside UTF-8."""
    charset, _, rest = value.strip(" \t").partition("'")
    if charset.lower() != "utf-8":
        return ""
    try:
        return decode_text(rest.partition("'")[2].encode("latin-1"), "filename*")
    except InvalidParameter:
        return ""


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
