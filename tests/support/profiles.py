"""ICC profiles, made from their figures (ICC.1, version 2), to embed in pictures of tests."""

import struct
from itertools import product

_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
_ADOBE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
_SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
_WHITE = (0.9642, 1.0, 0.8249)


def profile(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr", connection: bytes = b"XYZ ") -> bytes:
    tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78), **tags}
    tags[b"wtpt"] = _xyz(_WHITE)
    offset, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", offset + len(body), bytes(4), 0x02400000, kind, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *(round(v * 65536) for v in _WHITE))
    return head.ljust(128, b"\0") + table + body


def display_p3() -> bytes:
    """The space in which phones photograph, with sRGB's curve."""
    return profile(b"RGB ", _matrix(_P3, _srgb_curve()))


def adobe_rgb() -> bytes:
    return profile(b"RGB ", _matrix(_ADOBE, _gamma(2.2)))


def plain_srgb() -> bytes:
    return profile(b"RGB ", _matrix(_SRGB, _srgb_curve()))


def grey(gamma: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": _gamma(gamma)})


def printed() -> bytes:
    """CMYK whose cyan, magenta and yellow are as dull as inks on coated paper, not as lights are."""
    inks = ((55, -37, -50), (48, 74, -3), (89, -5, 93))
    return profile(b"CMYK", {b"A2B0": _table(inks)}, b"prtr", b"Lab ")


def _matrix(colours: tuple[tuple[float, ...], ...], curve: bytes) -> dict[bytes, bytes]:
    return {
        **{letter + b"XYZ": _xyz(c) for letter, c in zip((b"r", b"g", b"b"), colours, strict=True)},
        **{letter + b"TRC": curve for letter in (b"r", b"g", b"b")},
    }


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*values)


def _gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def _srgb_curve() -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _table(inks: tuple[tuple[int, ...], ...]) -> bytes:
    """An ``lut8Type`` of the sixteen corners: an ink alone as given, with others a mean, darker with each."""
    corners = b""
    for *cmy, black in product((0, 1), repeat=4):
        used = [ink for ink, on in zip(inks, cmy, strict=True) if on]
        light = 100.0 if not used else min(ink[0] for ink in used) * (0.7 ** (len(used) - 1))
        a, b = (sum(ink[i] for ink in used) / max(1, len(used)) for i in (1, 2))
        shade = 0.0 if black else 1.0
        corners += bytes([round(light * shade * 2.55), round(128 + a * shade), round(128 + b * shade)])
    ramp = bytes(range(256))
    head = b"mft1" + bytes(4) + struct.pack(">BBBB", 4, 3, 2, 0) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return head + ramp * 4 + corners + ramp * 3
