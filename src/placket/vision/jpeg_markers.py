"""How much work a JPEG makes, and whether it ends, told by its markers before a decoder has begun it.

A scan of few bytes visits the whole picture, and segments are joined and kept one by one: thousands of either take
minutes, or memory, that the size of the picture does not tell.
"""

import re
from dataclasses import dataclass

from placket.domain.errors import ImageFormatUnsupported

_MOST_SCANS = 100
"""Encoders write 10 to 20."""
_MOST_SEGMENTS = 1000
"""The profile of a print shop takes 50, provenance or a map of depths no more than 200."""

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""Escaped bytes of a scan, restarts and fill are none of these."""
_ALONE = b"\x01\xd8"
_SEQUENTIAL = (b"\xc0", b"\xc1")
_SCAN = b"\xda"
END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Markers:
    """Of the first picture in a file. ``simple``: all in one scan, which holds each block once and whole."""

    scans: int
    simple: bool
    ended: bool


def read_markers(data: bytes) -> Markers:
    """Raises ImageFormatUnsupported where scans or segments are so many as no photo has."""
    scans = segments = 0
    sequential = False
    at = 2
    while (marker := _MARKER.search(data, at)) is not None and marker[0] != END:
        at = marker.end()
        if marker[1] in _ALONE:
            continue
        at += max(2, int.from_bytes(data[at : at + 2], "big"))
        segments += 1
        scans += marker[1] == _SCAN
        sequential = sequential or marker[1] in _SEQUENTIAL
        if scans > _MOST_SCANS or segments > _MOST_SEGMENTS:
            raise ImageFormatUnsupported(
                f"the JPEG has more than {_MOST_SCANS} scans or {_MOST_SEGMENTS:,} segments, as no camera writes"
            )
    return Markers(scans, sequential and scans == 1, marker is not None)
