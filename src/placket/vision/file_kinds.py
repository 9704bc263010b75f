"""What a stranger's bytes are, by the first of them: a format that is taken, or what to call them when they are none.

People choose the film beside a photo, and programs send a photo as text: who is told which can mend it.
"""

import re

from placket.domain.images import known_as

_VIDEO = "this is a video, not an image"
_BASE64 = "this is an image in base64, not its own bytes"
_AS_TEXT = "this was an image, but was made text on its way"
_IN_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""First boxes of films by cameras older than ``ftyp``."""
_AVIF = frozenset((b"avif", b"avis"))
_HEIC = frozenset((b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevx"))
_OTHER_STILLS = frozenset((b"mif1", b"mif2", b"msf1", b"miaf"))
"""Brands of HEIF, which AVIF and HEIC are kinds of; what else begins with ``ftyp`` is a film."""
_OTHERS = {
    b"\x1a\x45\xdf\xa3": _VIDEO,
    b"\xff\x0a": "the image is JPEG XL",
    b"\0\0\0\x0cJXL ": "the image is JPEG XL",
    b"data:": "this is a data: URL, not the image's own bytes",
    b"/9j/": _BASE64,
    b"iVBORw0KGg": _BASE64,
    b"UklGR": _BASE64,
    b"R0lGOD": _BASE64,
    # The first bytes of JPEG and PNG, taken for Latin-1 or for UTF-8 and written as UTF-8.
    b"\xc3\xbf\xc3\x98\xc3\xbf": _AS_TEXT,
    b"\xc2\x89PNG": _AS_TEXT,
    b"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd": _AS_TEXT,
    b"\xef\xbf\xbdPNG": _AS_TEXT,
}
_TEXT = re.compile(rb"[\t\r\n\x20-\x7e]+")
_LOOKED_AT = 512


def sniff(data: bytes) -> str:
    """Pillow's name of the format that the first bytes announce; empty when it is none that Placket knows."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(b"BM"):
        return "BMP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    brands = _brands(data)
    if brands & _AVIF:
        return "AVIF"
    return "HEIF" if brands & _HEIC else ""


def _brands(data: bytes) -> frozenset[bytes]:
    """What a file of boxes (ISO/IEC 14496-12) says that it is; nothing where it is none."""
    if data[4:8] != b"ftyp":
        return frozenset()
    said = data[8 : min(int.from_bytes(data[:4], "big"), _LOOKED_AT)]
    return frozenset(said[at : at + 4] for at in range(0, len(said), 4))


def called(data: bytes) -> str:
    """Half a sentence: what these bytes are."""
    if name := sniff(data):
        return f"the image is {known_as(name)}"
    if not data:
        return "there are no bytes"
    for beginning, words in _OTHERS.items():
        if data.startswith(beginning):
            return words
    if data[4:8] == b"ftyp":
        return "the image is HEIF of a rare kind" if _brands(data) & _OTHER_STILLS else _VIDEO
    if data[4:8] in _IN_BOXES:
        return _VIDEO
    beginning = data[:_LOOKED_AT]
    if beginning.lstrip()[:1] == b"<":
        return "this is HTML, SVG or XML, not an image"
    return "the bytes are no image but text" if _TEXT.fullmatch(beginning) else "the bytes are no image"
