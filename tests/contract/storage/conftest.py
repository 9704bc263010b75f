import pytest

from placket.storage.database import Database
from tests.contract.storage.world import World


@pytest.fixture
async def world(database: Database) -> World:
    return await World(database).open()
