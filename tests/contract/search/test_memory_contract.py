"""The memory engine under the contract: with its own constants, and where every search is a scan."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import placket.search.find as find_module
from placket.search import MemorySearch
from placket.search.table import Table
from tests.contract.search.catalogue import Catalogue
from tests.contract.search.suite import SearchEngineContract


class TestMemorySearch(SearchEngineContract):
    @pytest_asyncio.fixture
    async def engine(self, catalogue: Catalogue) -> AsyncIterator[MemorySearch]:
        engine = MemorySearch(catalogue, memory_bytes=10**9)
        yield engine
        await engine.aclose()


class TestMemorySearchByScan(SearchEngineContract):
    @pytest_asyncio.fixture
    async def engine(self, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MemorySearch]:
        monkeypatch.setattr(find_module, "FEW", 0)
        monkeypatch.setattr(find_module, "CROWD", 5)
        monkeypatch.setattr(Table, "LEAST_DEAD", 1)
        engine = MemorySearch(catalogue, memory_bytes=1, page_size=64)
        yield engine
        await engine.aclose()
