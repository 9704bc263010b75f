from pathlib import Path

import pytest

from tests.support.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle's folder; not to be written to."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
