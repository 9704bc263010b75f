from collections.abc import Iterator
from pathlib import Path

import pytest

from placket.local import Vision
from tests.support.photos import photo
from tests.support.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("local") / "bundle")


@pytest.fixture(scope="module")
def vision(bundle: Path) -> Iterator[Vision]:
    with Vision(bundle, threads=2) as vision:
        yield vision


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos, and files that are none."""
    (tmp_path / "a.jpg").write_bytes(photo(300, 400))
    (tmp_path / "b.jpg").write_bytes(photo(300, 400)[:5000])
    (tmp_path / "c.jpg").write_bytes(photo(300, 400, (30, 40, 200)))
    return tmp_path
