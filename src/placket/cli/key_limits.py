"""`placket keys limit` and `placket keys usage`: what a key may use, and what it has used."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from placket.cli.keys import KeyId, OfServer, as_json_key, with_storage
from placket.cli.output import console
from placket.cli.remote import AsJson, administering

_DAY = ["%Y-%m-%d"]


def limit(
    key_id: KeyId,
    rate: Annotated[float | None, typer.Option(help="Most requests a second; 0 takes the limit away.")] = None,
    images_per_month: Annotated[
        int | None, typer.Option(help="Most images to tag in a month (UTC); 0 takes the limit away.")
    ] = None,
    profile: OfServer = None,
    as_json: AsJson = False,
) -> None:
    """Change what a key may use; running servers follow within a second."""
    changed: Mapping[str, Any]
    if profile is None:
        changed = as_json_key(
            with_storage(lambda storage: storage.keys.limit(key_id, rate=rate, images_per_month=images_per_month))
        )
    else:
        with administering(profile) as placket:
            changed = placket.admin.limit_key(key_id, rate_per_second=rate, images_per_month=images_per_month)
    if as_json:
        typer.echo(json.dumps(changed))
    else:
        nothing = (rate, images_per_month) == (None, None)
        console.print("Nothing to change." if nothing else f"Key {key_id} is changed.", markup=False)


def usage(
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day (UTC).")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last day; today if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tagging requests and images by day and key; of the last 30 days if not told otherwise."""
    days = with_storage(lambda storage: storage.usage.everyone(_day(first), _day(last)))
    if as_json:
        rows = [{"day": f"{d.day}", "keyId": d.key_id, "requests": d.requests, "images": d.images} for d in days]
        typer.echo(json.dumps(rows))
        return
    table = Table("day", "key", "requests", "images")
    for d in days:
        table.add_row(f"{d.day}", d.key_id, f"{d.requests}", f"{d.images}")
    console.print(table)


def _day(moment: datetime | None) -> date | None:
    return moment and moment.date()
