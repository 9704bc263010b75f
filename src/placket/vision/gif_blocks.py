"""A GIF without the comments before its first picture, of which a reader keeps each block of a few bytes by itself."""

_HEADER = 13
_HAS_TABLE = 0x80
_EXTENSION = 0x21
_CONTROL = 0xF9
_PICTURE = 0x2C
_END = 0x3B


def bare(data: bytes) -> bytes:
    """The screen, what the first picture's colour of transparency is, and all from that picture on."""
    if len(data) < _HEADER:
        return data
    at = head = _HEADER + (3 << (data[10] & 7) + 1 if data[10] & _HAS_TABLE else 0)
    control = b""
    while at < len(data) and data[at] not in (_PICTURE, _END):
        begin, at = at, at + 1
        if data[begin] == _EXTENSION:
            at = _after_blocks(data, begin + 2)
            if data[begin + 1 : begin + 2] == bytes([_CONTROL]):
                control = data[begin:at]
    return data[:head] + control + data[at:]


def _after_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
