"""`placket keys`: keys of the HTTP APIs, and the admin token."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from placket.cli.output import console, run_safely
from placket.services.keys import AdminToken, Keys
from placket.services.stores import KeyRecord

keys_app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys. One key serves both APIs.")
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _with_keys(action: Callable[[Keys, AdminToken], Awaitable[T]]) -> T:
    """Run against the database, whether a server is running or not."""
    from placket.bootstrap import open_database
    from placket.cli.settings import read_settings

    async def go() -> T:
        settings = read_settings()
        async with open_database(settings) as storage:
            return await action(storage.keys, storage.admin_token)

    with run_safely():
        return asyncio.run(go())


def _as_json(record: KeyRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "createdAt": record.created_at.isoformat(),
        "revokedAt": record.revoked_at and record.revoked_at.isoformat(),
        "ratePerSecond": record.rate_per_second,
        "imagesPerMonth": record.images_per_month,
    }


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name for the key; without --project also that of its new project.")],
    project: Annotated[str | None, typer.Option(help="Existing project that the key is another key of.")] = None,
    rate: Annotated[float | None, typer.Option(help="Most requests a second; unlimited if not given.")] = None,
    images_per_month: Annotated[
        int | None, typer.Option(help="Most images to tag in a month (UTC); unlimited if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once."""
    made = _with_keys(lambda keys, _: keys.create(name, project, rate, images_per_month))
    if as_json:
        typer.echo(json.dumps({"id": made.record.id, "name": made.record.name, "key": made.key}))
        return
    record = made.record
    console.print(f"Key {record.name} ({record.id}) of project {record.project}:", markup=False, soft_wrap=True)
    typer.echo(made.key)
    console.print("Keep it: only its hash is stored, so it cannot be shown again.", style="dim")


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """All keys, revoked ones too."""
    records = _with_keys(lambda keys, _: keys.list())
    if as_json:
        typer.echo(json.dumps([_as_json(r) for r in records]))
        return
    table = Table("id", "name", "project", "created", "revoked", "requests/s", "images/month")
    for r in records:
        revoked = f"{r.revoked_at:%Y-%m-%d %H:%M}" if r.revoked_at else ""
        rate = f"{r.rate_per_second:g}" if r.rate_per_second else ""
        images = f"{r.images_per_month}" if r.images_per_month else ""
        table.add_row(r.id, escape(r.name), escape(r.project), f"{r.created_at:%Y-%m-%d %H:%M}", revoked, rate, images)
    console.print(table)


@keys_app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as `placket keys list` shows it.")]) -> None:
    """Refuse a key from now on (within a second on running servers)."""
    _with_keys(lambda keys, _: keys.revoke(key_id))
    console.print(f"Key {key_id} is revoked.")


@keys_app.command("admin-token")
def admin_token(
    renew: Annotated[
        bool, typer.Option("--renew", help="Make a new one; the old one is refused from then on.")
    ] = False,
) -> None:
    """Show the token for /placket/v1/admin and the console."""

    async def value(_: Keys, token: AdminToken) -> str:
        return await token.renew() if renew else (await token.value())[0]

    typer.echo(_with_keys(value))
