"""`placket keys`: keys of the HTTP APIs, and the admin token."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from placket.cli.completion import profile_names
from placket.cli.local_sources import shown
from placket.cli.output import console, run_safely
from placket.cli.remote import AsJson, administering
from placket.domain.access import Access

if TYPE_CHECKING:
    from placket.bootstrap import Storage
    from placket.services.stores import KeyRecord

keys_app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys. One key serves both APIs.")
T = TypeVar("T")
KeyId = Annotated[str, typer.Argument(help="The key's id, as `placket keys list` shows it.")]
OfServer = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="Ask the server of this profile, whose key is the admin token; else this machine's database.",
        autocompletion=profile_names,
    ),
]


def with_storage(action: "Callable[[Storage], Awaitable[T]]") -> T:
    """Run against the database, whether a server is running or not."""
    from placket.bootstrap import open_database
    from placket.cli.settings import read_settings
    from placket.logs import configure_logging

    async def go() -> T:
        settings = read_settings()
        # To standard error: what is logged of the database is no part of the output.
        configure_logging(settings.log_level, settings.log_format)
        async with open_database(settings) as storage:
            return await action(storage)

    with run_safely():
        return asyncio.run(go())


def as_json_key(record: "KeyRecord") -> dict[str, Any]:
    """As /placket/v1/admin has it."""
    from placket.api.placket_v1.schemas import Key

    return Key.of(record).model_dump(mode="json")


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name for the key; without --project also that of its new project.")],
    project: Annotated[str | None, typer.Option(help="Existing project that the key is another key of.")] = None,
    rate: Annotated[float | None, typer.Option(help="Most requests a second; unlimited if not given.")] = None,
    images_per_month: Annotated[
        int | None, typer.Option(help="Most images to tag in a month (UTC); unlimited if not given.")
    ] = None,
    access: Annotated[
        Access,
        typer.Option(help="search: it may search, look at photos and read a product by its id, and nothing else."),
    ] = Access.FULL,
    profile: OfServer = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once."""
    made: Mapping[str, Any]
    if profile is None:
        new = with_storage(lambda storage: storage.keys.create(name, project, rate, images_per_month, access))
        made = {**as_json_key(new.record), "key": new.key}
    else:
        with administering(profile) as placket:
            made = placket.admin.create_key(
                name, project=project, rate_per_second=rate, images_per_month=images_per_month, access=access.value
            )
    if as_json:
        typer.echo(json.dumps(made))
        return
    purpose = ", for searching alone" if made.get("access") == Access.SEARCH else ""
    told = f"Key {made['name']} ({made['id']}) of project {made['project']}{purpose}:"
    console.print(told, markup=False, soft_wrap=True)
    typer.echo(made["key"])
    console.print("Keep it: only its hash is stored, so it cannot be shown again.", style="dim")


@keys_app.command("list")
def list_keys(profile: OfServer = None, as_json: AsJson = False) -> None:
    """All keys, revoked ones too."""
    keys: Sequence[Mapping[str, Any]]
    if profile is None:
        keys = [as_json_key(record) for record in with_storage(lambda storage: storage.keys.list())]
    else:
        with administering(profile) as placket:
            keys = placket.admin.list_keys()
    if as_json:
        typer.echo(json.dumps(keys))
        return
    console.print(_table(keys))


def _table(keys: Sequence[Mapping[str, Any]]) -> Table:
    """As wide as a terminal of 80 columns, with the ids whole."""
    table = Table(show_edge=False, pad_edge=False, show_lines=True)
    table.add_column("id", no_wrap=True)
    for heading in ("name and project", "created", "revoked", "requests/s", "images/month"):
        table.add_column(heading, overflow="fold")
    for k in keys:
        what = Text.assemble(shown(k["name"]), "\n", (shown(k["project"]), "dim"))
        if k.get("access") == Access.SEARCH:
            what.append("\nsearch only")
        created, revoked = ((k[time] or "")[:16].replace("T", "\n") for time in ("createdAt", "revokedAt"))
        rate = f"{k['ratePerSecond']:g}" if k["ratePerSecond"] else ""
        images = f"{k['imagesPerMonth']}" if k["imagesPerMonth"] else ""
        table.add_row(k["id"], what, created, revoked, rate, images)
    return table


@keys_app.command()
def revoke(key_id: KeyId, profile: OfServer = None, as_json: AsJson = False) -> None:
    """Refuse a key from now on (within a second on running servers)."""
    if profile is None:
        with_storage(lambda storage: storage.keys.revoke(key_id))
    else:
        with administering(profile) as placket:
            placket.admin.revoke_key(key_id)
    if as_json:
        typer.echo(json.dumps({"revoked": key_id}))
    else:
        console.print(f"Key {key_id} is revoked.", markup=False)


@keys_app.command("admin-token")
def admin_token(
    renew: Annotated[
        bool, typer.Option("--renew", help="Make a new one; the old one is refused from then on.")
    ] = False,
) -> None:
    """Show the token for /placket/v1/admin and the console."""

    async def value(storage: "Storage") -> str:
        token = storage.admin_token
        return await token.renew() if renew else (await token.value())[0]

    typer.echo(with_storage(value))
