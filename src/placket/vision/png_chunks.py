"""A PNG without what lies in it beside the picture: texts, dates, the frames of an animation.

Editors leave megabytes of their history there, which a reader that unfolds it has to refuse, as it does a date with a
wrong checksum. No viewer looks at any of it.
"""

import zlib
from collections.abc import Iterator

_SIGNATURE = 8
_PICTURE = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_ABOUT_IT = (b"tRNS", b"eXIf")
_PROFILE = b"iCCP"


def bare(data: bytes, most: int) -> tuple[bytes, bytes | None]:
    """The picture alone, with its transparency and EXIF, and its ICC profile where that is sound and has no more than
    ``most`` bytes."""
    kept = [data[:_SIGNATURE]]
    profile: bytes | None = None
    for kind, start, end in _chunks(data):
        if kind in _PICTURE or (kind in _ABOUT_IT and _is_sound(data[start:end])):
            kept.append(data[start:end])
        elif kind == _PROFILE and profile is None and _is_sound(data[start:end]):
            profile = _unfolded(data[start + 8 : end - 4], most)
    return b"".join(kept), profile


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk's kind and where it lies, with its length and checksum; the last one may be cut short."""
    at = _SIGNATURE
    while at < len(data):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


def _is_sound(chunk: bytes) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _unfolded(body: bytes, most: int) -> bytes | None:
    """``body``: a name, a zero, the method, and the profile compressed."""
    _, _, rest = body.partition(b"\0")
    try:
        profile = zlib.decompressobj().decompress(rest[1:], most + 1)
    except zlib.error:
        return None
    return profile if len(profile) <= most else None
