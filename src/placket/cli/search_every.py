"""`placket search every`: what is like each product of a service, for a file."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from placket.cli.json_lines import write_json
from placket.cli.looking import in_order
from placket.cli.output import console, fail
from placket.cli.profile_store import Profile
from placket.cli.progress import Bar, progress_bar
from placket.cli.remote import PATIENT, USAGE, failures, profile_of, usage_errors
from placket.cli.whole_file import is_stream, whole_file
from placket.client import AsyncPlacket
from placket.client.errors import NoSuchProduct

if TYPE_CHECKING:
    from placket.client.shapes.placket import MatchList

Write = Callable[[object], None]
_PAGE = 200


def search_every(service: str, out: Path | None, options: Mapping[str, Any], at_once: int, profile: str | None) -> None:
    """A line a product, to ``out`` or standard output. Raises typer.Exit."""
    found = profile_of(profile)
    if out is None:
        with failures(), usage_errors():
            asyncio.run(_search(found, service, options, at_once, write_json, Bar()))
        return
    if not out.parent.is_dir():
        raise fail(f"there is no folder {out.parent}", USAGE)
    with (
        failures(),
        usage_errors(),
        progress_bar("searching", None, "products") as bar,
        whole_file(out) as file,
    ):

        def write(line: object) -> None:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

        count, alone = asyncio.run(_search(found, service, options, at_once, write, bar))
    if not is_stream(out):
        lonely = f"; nothing is like {alone:,} of them" if alone else ""
        console.print(f"{count:,} products in {out}{lonely}", markup=False, soft_wrap=True)


async def _search(
    profile: Profile, service: str, options: Mapping[str, Any], at_once: int, write: Write, bar: Bar
) -> tuple[int, int]:
    """(products, those with nothing like them)."""
    count = alone = 0
    async with AsyncPlacket(profile.url, profile.key) as placket:
        # A server that is not there is said at once; only the many are asked with patience.
        total = (await placket.services.get(service))["documents"]
    async with AsyncPlacket(profile.url, profile.key, retries=PATIENT) as placket:

        async def work(product_id: str) -> "tuple[str, MatchList | None]":
            try:
                return product_id, await placket.search.product(service, product_id, **options)
            except NoSuchProduct:
                # It was deleted since it was listed.
                return product_id, None

        async for page in _pages(placket, service):
            async for product_id, similar in in_order(page, work, at_once):
                if similar is None:
                    continue
                write({"product_id": product_id, **similar})
                count, alone = count + 1, alone + (not similar["items"])
                bar.set(count, max(total, count))
    return count, alone


async def _pages(placket: AsyncPlacket, service: str) -> AsyncIterator[list[str]]:
    page: list[str] = []
    async for product in placket.products.list(service, page_size=_PAGE):
        page.append(product["product_id"])
        if len(page) == _PAGE:
            yield page
            page = []
    yield page
