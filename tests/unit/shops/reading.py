"""An export as it lies on a disk, read into rows."""

import io

from placket.shops.filters import parse_filter
from placket.shops.formats import Format, read_catalogue
from placket.shops.rows import Account, Choice, rows_of

Rows = list[dict[str, str]]


def convert(
    body: str | bytes, *, s1: str = "vendor", s2: str = "stock", **choice: bool
) -> tuple[Rows, Account, Format]:
    file = io.BufferedReader(io.BytesIO(body.encode() if isinstance(body, str) else body))  # type: ignore[arg-type]
    format, catalogue = read_catalogue(file)
    account = Account()
    held = {"s1": parse_filter(s1), "s2": parse_filter(s2)}
    rows = list(rows_of(catalogue, Choice(held, **choice), account))
    return rows, account, format


def told(account: Account) -> list[tuple[int, str, str]]:
    return [(p.line, p.id, p.detail) for p in account.problems]
