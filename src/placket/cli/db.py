"""`placket db`: the database's schema, backups and restores."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from placket.cli.output import confirm, console, fail, run_safely
from placket.cli.settings import read_settings
from placket.domain.errors import StorageUnavailable

db_app = typer.Typer(no_args_is_help=True, help="Migrate, back up and restore the database.")


@contextmanager
def _database(*, must_exist: bool = False) -> Iterator[str]:
    """The URL of the installation's database, started for the time being if it is the embedded one; made too, unless it
    ``must_exist``: who only looks, in a wrong place or as a wrong account, leaves nothing there."""
    from placket.storage.backup import ANOTHER
    from placket.storage.locate import data_directory, has_embedded, open_server

    with run_safely():
        settings = read_settings()
        url = settings.database_url.get_secret_value() if settings.database_url else None
        folder = data_directory(settings.data_dir)
        if must_exist and url is None and not has_embedded(folder):
            raise StorageUnavailable(f"there is no database in {folder}: {ANOTHER}")
        with open_server(folder, url, settings.postgres_account) as found:
            yield found


@db_app.command()
def upgrade() -> None:
    """Bring the database to this version's schema. Servers, workers, `placket keys` and `placket reindex`
    do the same when they start; an older Placket cannot use the database then."""
    from placket.storage import schema

    with _database() as url:
        before, _ = schema.schema_status(url)
        after = schema.upgrade(url, lambda: console.print(schema.WAITING, soft_wrap=True))
        if before == after:
            console.print(f"The schema is at {after}.")
        else:
            console.print(f"The schema went from {before or 'nothing'} to {after}.")


@db_app.command()
def status() -> None:
    """Show the schema's revision; exit code 1 when it is not this version's."""
    from placket.storage import schema

    with _database(must_exist=True) as url:
        current, head = schema.schema_status(url)
        console.print(f"database: {current or 'empty'}\nthis Placket: {head}")
        if current != head:
            raise fail(schema.advice(current))


@db_app.command()
def backup(file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")]) -> None:
    """Write a consistent backup of everything in the database, while servers run or not."""
    from placket.storage import backup as backups

    with _database(must_exist=True) as url:
        size = backups.backup(url, file.absolute())
        console.print(
            f"{file}: {size:,} bytes. It holds the installation's secrets: keep it as safe as them.", markup=False
        )


@db_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `placket db backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Replace everything in the database by a backup. Servers and workers must be stopped."""
    from placket.storage import backup as backups

    with _database() as url:
        if not yes:
            confirm("This replaces everything that the database holds now. Go on?", "nothing was restored")
        revision = backups.restore(url, file.absolute())
        console.print(f"Restored {file}; the schema is at {revision}.", markup=False)
