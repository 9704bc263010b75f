from collections.abc import AsyncIterator

import httpx
import pytest

from placket.storage.database import Database
from tests.support.tagging import TaggerWorld


@pytest.fixture
def world(database: Database) -> TaggerWorld:
    return TaggerWorld(database)


@pytest.fixture
async def client(world: TaggerWorld) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client(await world.new_key()) as client:
        yield client
