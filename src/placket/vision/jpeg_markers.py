"""How much work a JPEG makes, told by its markers, before a decoder has begun it.

A scan of few bytes visits the whole picture, and segments are joined and kept one by one: thousands of either take
minutes, or memory, that the size of the picture does not tell.
"""

import re

from placket.domain.errors import ImageFormatUnsupported

_MOST_SCANS = 100
"""Encoders write 10 to 20."""
_MOST_SEGMENTS = 1000
"""The profile of a print shop takes 50, provenance or a map of depths no more than 200."""

_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""Escaped bytes of a scan, restarts and fill are none of these."""
_ALONE = b"\x01\xd8"
_SCAN = b"\xda"
_END = b"\xd9"


def count_scans(data: bytes) -> int:
    """Of the first picture in ``data``. Raises ImageFormatUnsupported where scans or segments are no photo's."""
    scans = segments = 0
    at = 2
    while (marker := _MARKER.search(data, at)) is not None and marker[1] != _END:
        at = marker.end()
        if marker[1] in _ALONE:
            continue
        at += max(2, int.from_bytes(data[at : at + 2], "big"))
        segments += 1
        scans += marker[1] == _SCAN
        if scans > _MOST_SCANS or segments > _MOST_SEGMENTS:
            raise ImageFormatUnsupported(
                f"the JPEG has more than {_MOST_SCANS} scans or {_MOST_SEGMENTS:,} segments, as no camera writes"
            )
    return scans
