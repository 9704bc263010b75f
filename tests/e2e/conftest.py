"""One server with nothing but default settings for the whole session, an image host, and a project for every test."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.support.server import ImageHost, PlacketServer, image_host, running_server

_projects = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[PlacketServer]:
    with running_server() as started:
        yield started


@pytest.fixture(scope="session")
def _host() -> Iterator[ImageHost]:
    with image_host() as started:
        yield started


@pytest.fixture
def host(_host: ImageHost) -> Iterator[ImageHost]:
    """Without the pages of other tests."""
    yield _host
    _host.pages.clear()


@pytest.fixture(scope="session")
def http(server: PlacketServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def admin(server: PlacketServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {server.admin_token}"}
    with httpx.Client(
        base_url=f"{server.url}/placket/v1/admin", headers=headers, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def new_key(admin: httpx.Client) -> Callable[..., dict[str, Any]]:
    """``new_key(ratePerSecond=1)``: a key of a new project, as the admin API shows it."""

    def make(**options: Any) -> dict[str, Any]:
        answer = admin.post("/keys", json={"name": f"project {next(_projects)}", **options})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make


@pytest.fixture
def key(new_key: Callable[..., dict[str, Any]]) -> str:
    made: str = new_key()["key"]
    return made
