"""Lines of CSV without a cell that a spreadsheet would run.

A cell whose text begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break gets an apostrophe before it (OWASP,
"CSV Injection"), and one that begins with a full-width sign, which programs in East Asia take for the plain one. So
does what follows a semicolon or a line break within the text: in the many countries where Excel takes semicolons for
commas, quotes after a comma quote nothing, and a cell begins there.
"""

import csv
import io
import re
from collections.abc import Iterable

_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
_DANGEROUS = (*_SIGNS, "\t", "\r", "\n")
_WITHIN = re.compile(rf"(?<=[;\r\n])(?=[{re.escape(_SIGNS)}])")


BYTE_ORDER_MARK = "\ufeff"
"""At the beginning of a file: without it Excel does not know UTF-8."""


def safe_cell(text: str) -> str:
    text = _WITHIN.sub("'", text)
    return "'" + text if text.startswith(_DANGEROUS) else text


def csv_line(cells: Iterable[object]) -> str:
    """One line of RFC 4180 CSV, its line break included."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe_cell(str(c)) for c in cells])
    return out.getvalue()
