"""`placket convert`: what a shop system exports, as the rows of an index file."""

import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from placket.cli.output import errors, fail, run_safely
from placket.cli.remote import MOST_SHOWN, SOME_FAILED, USAGE, plain, usage_errors
from placket.cli.whole_file import whole_file

if TYPE_CHECKING:
    from placket.shops.catalogue import Catalogue
    from placket.shops.rows import Account

_MOST_ROWS = 10_000
_MOST_BYTES = 5_000_000
"""Of an index file, unless the server is told otherwise."""
_WORDS = "vendor, product, stock, price, price:50,100, tag:BEGINNING or none."


Source = Annotated[
    str, typer.Argument(metavar="FILE|-", help="Export of Shopify or WooCommerce, or a Google feed; -: standard input.")
]
Out = Annotated[Path | None, typer.Option("--out", "-o", dir_okay=False, help="JSONL file to write.")]
Variants = Annotated[bool, typer.Option("--variants", help="A row each variant: its own id, picture and stock.")]
S1 = Annotated[str | None, typer.Option(help=f"What s1 holds: {_WORDS} Default: vendor, with --variants product.")]
S2 = Annotated[str, typer.Option(help="What s2 holds, of the same words.")]
Category2 = Annotated[
    str | None, typer.Option(help="What category2_id holds, of the same words; else the category's second level.")
]
Category3 = Annotated[
    str | None, typer.Option(help="What category3_id holds, of the same words; else the category's third level.")
]
Kinds = Annotated[
    bool, typer.Option("--kinds/--no-kinds", help="After a name that names no kind of garment, write its type.")
]
Unpublished = Annotated[
    bool, typer.Option("--unpublished", help="Take drafts and hidden products, and gift cards, too.")
]
SoldOut = Annotated[
    bool, typer.Option("--sold-out/--no-sold-out", help="Take what is not in stock; s2 then says sold-out.")
]


def convert(
    file: Source,
    out: Out = None,
    variants: Variants = False,
    s1: S1 = None,
    s2: S2 = "stock",
    category2: Category2 = None,
    category3: Category3 = None,
    kinds: Kinds = True,
    unpublished: Unpublished = False,
    sold_out: SoldOut = True,
) -> None:
    """Turn a shop's product export into a JSONL file for `placket index`.

    The format is told by the names of the columns. A product is one row, whatever sizes and colours it comes in, unless
    --variants is given. Exit code 1 when some products cannot be used: they are named, and the others are written.
    """
    from placket.shops.filters import parse_filter
    from placket.shops.rows import Account, Choice, rows_of

    with usage_errors():
        words = {"s1": s1 or ("product" if variants else "vendor"), "s2": s2}
        words |= {name: word for name, word in (("category2_id", category2), ("category3_id", category3)) if word}
        held = {column: parse_filter(word) for column, word in words.items()}
    choice = Choice(held, variants, kinds, unpublished, sold_out)
    if out is not None and not out.parent.is_dir():
        raise fail(plain(f"there is no folder {out.parent}"), USAGE)
    account = Account()
    with run_safely():
        catalogue, format = _read(file)
        with nullcontext() if out is None else whole_file(out) as target:
            written = _write(target, rows_of(catalogue, choice, account))
    _report(account, format, written, out)
    if account.problems:
        raise typer.Exit(SOME_FAILED)


def _read(name: str) -> "tuple[Catalogue, str]":
    from placket.shops.catalogue import ExportInvalid
    from placket.shops.formats import read_catalogue

    try:
        with _opened(name) as file:
            format, catalogue = read_catalogue(file)
    except ExportInvalid as error:
        raise fail(plain(f"{name}: {error.detail}"), USAGE) from None
    except OSError as error:
        raise fail(plain(f"{name}: {error.strerror or error}"), USAGE) from None
    return catalogue, format.value


@contextmanager
def _opened(name: str) -> Iterator[io.BufferedReader]:
    if name == "-":
        yield io.BufferedReader(sys.stdin.buffer)  # type: ignore[arg-type]
    else:
        with Path(name).open("rb") as file:
            yield file


def _write(target: IO[bytes] | None, rows: Iterable[dict[str, str]]) -> int:
    """Bytes. Without a ``target``, to standard output."""
    written = 0
    for row in rows:
        # Escaped, it is the same in every encoding that the output may have.
        line = json.dumps(row, ensure_ascii=target is None) + "\n"
        content = line.encode()
        if target is None:
            sys.stdout.write(line)
        else:
            target.write(content)
        written += len(content)
    return written


def _report(account: "Account", format: str, written: int, out: Path | None) -> None:
    """On standard error: the rows may be on standard output."""
    from placket.cli.index_report import id_table, two_lines

    sold_out = f", {account.sold_out:,} of them sold out" if account.sold_out else ""
    errors.print(f"{account.rows:,} rows ({format}){sold_out}.", soft_wrap=True)
    if account.left_out:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(account.left_out.items()))
        errors.print(f"Left out: {reasons}.", soft_wrap=True)
    if account.problems:
        errors.print(f"Cannot be used: {len(account.problems):,}.")
        table = id_table("product and line", "what is wrong")
        for problem in sorted(account.problems, key=lambda p: p.line)[:MOST_SHOWN]:
            table.add_row(two_lines(problem.id, f"line {problem.line:,}"), two_lines(problem.detail, ""))
        errors.print(table)
        if len(account.problems) > MOST_SHOWN:
            errors.print(f"and {len(account.problems) - MOST_SHOWN:,} more", style="dim")
    if account.untaken:
        ending = (
            "have a picture that is no PNG, JPEG or GIF by the ending of its address, and will fail, unless"
            " PLACKET_IMAGE_FORMATS of the server has its format"
        )
        errors.print(f"{account.untaken:,} of the rows {ending}.", soft_wrap=True)
    if account.rows > _MOST_ROWS or written > _MOST_BYTES:
        errors.print("That is more than one index file may hold: send it in parts (`split -l 5000`).", soft_wrap=True)
    elif out is not None and account.rows:
        errors.print(f"Next: `placket index {out} --service NAME`", soft_wrap=True, markup=False)
