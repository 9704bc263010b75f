"""A backup that is read over the database by other means than Placket's, with servers connected to it."""

import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from placket.domain.errors import StorageUnavailable
from placket.storage.backup import backup
from placket.storage.database import Database
from placket.storage.embedded.binaries import installed
from placket.storage.schema import upgrade
from tests.contract.storage.world import BUNDLE, QUOTA, World, analysis, enable, planned
from tests.support.external_postgres import external_postgres
from tests.support.postgres import reachable_folder


def read_over(url: str, file: Path) -> None:
    """What is in the database is dropped and made anew: tables, and the type of vectors."""
    made = subprocess.run(
        [installed().tool("pg_restore"), "--clean", "--if-exists", "--no-owner", "--file=-", str(file)],
        check=True, capture_output=True,
    )  # fmt: skip
    # A setting that is newer than this PostgreSQL.
    statements = made.stdout.replace(b"SET transaction_timeout = 0;", b"")
    subprocess.run(
        [installed().tool("psql"), "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", url],
        input=statements, check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def url() -> Iterator[str]:
    """A database of which the role may drop all, the extension too."""
    with reachable_folder() as folder, external_postgres(folder) as server:
        with server.admin() as connection:
            connection.execute("ALTER ROLE shop SUPERUSER")
        upgrade(server.url())
        yield server.url()


def calls(world: World) -> list[Callable[[], Awaitable[object]]]:
    """A search's and a put's, which take vectors out and in."""

    async def put() -> object:
        return await world.documents.put(world.service, planned("p9"), analysis("p9"), None, QUOTA)

    async def search() -> object:
        return await world.documents.changes(world.service.id, BUNDLE, 0, 10)

    return [search, put]


@pytest.mark.parametrize("before", [1, 7], ids=["new statements", "prepared statements"])
async def test_no_call_is_refused_twice(url: str, tmp_path: Path, before: int) -> None:
    database = Database(url, 1)
    world = await World(database).open()
    await world.index([enable(1, "a"), enable(2, "b")])
    wanted = (await world.documents.get(world.service, "a")).garments
    backup(url, tmp_path / "file.dump")
    for call in calls(world) * before:
        await call()
    read_over(url, tmp_path / "file.dump")

    for call in calls(world):
        with suppress(StorageUnavailable):
            await call()
        await call()
    found = await world.documents.get(world.service, "a")
    assert np.array_equal(found.garments[0].embedding, wanted[0].embedding)
    await database.aclose()
