"""Why a file is no UTF-8, in words for whoever saved it."""

import codecs
import re

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KINDS = (
    *((mark, 'UTF-16, as a spreadsheet\'s "Unicode text"; save it as CSV UTF-8') for mark in UTF16_MARKS),
    (b"PK\x03\x04", "a workbook or another zip; save it as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save it as CSV UTF-8"),
    (b"\x1f\x8b", "compressed with gzip"),
)
_LINE_BREAK = re.compile(rb"\r\n|\n|\r")


def not_utf8(body: bytes, error: UnicodeDecodeError) -> str:
    """``not UTF-8: ...``: what it is by its first bytes, else the line that cannot be read, as an editor counts."""
    if kind := kind_of(body):
        return f"not UTF-8: it is {kind}"
    line = 1 + len(_LINE_BREAK.findall(body, 0, error.start))
    return f"not UTF-8: line {line} (byte {error.start}) cannot be read; in a spreadsheet, save it as CSV UTF-8"


def kind_of(beginning: bytes) -> str:
    """What no UTF-8 begins with, in words; empty where nothing is known by its first bytes."""
    return next((kind for magic, kind in _KINDS if beginning.startswith(magic)), "")
