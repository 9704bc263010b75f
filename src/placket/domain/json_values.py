"""How many values JSON has, before it is read."""

import re

_TO_A_MARK = re.compile(rb'(?:[^",\[{]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)*+[,\[{]', re.DOTALL)
"""To the next comma or bracket that is in no string; nothing in it is tried twice, whatever the text."""


def has_more_values(text: bytes, most: int) -> bool:
    """Whether JSON has more than ``most`` commas and brackets, those in strings not counted.

    A few megabytes of nothing else would take seconds, and hundreds of megabytes, to read.
    """
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) <= most:
        return False
    at = 0
    for _ in range(most + 1):
        mark = _TO_A_MARK.match(text, at)
        if mark is None:
            return False
        at = mark.end()
    return True
