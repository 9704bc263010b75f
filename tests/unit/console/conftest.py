"""The console over things in memory, asked in process."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from placket.console import ConsoleParts, ModelCard, create_console
from placket.domain.images import TAGGER
from placket.domain.tagger.errors import NoSuchTask
from placket.services.usage import Usage
from tests.support.memory import MemoryInstallation

ORIGIN = "http://console.test"
TOKEN = "admin-token"


class NoTasks:
    """No tagging tasks at all."""

    async def tasks(self, caller: Any, *, before: int | None = None, limit: int | None = None) -> list[Any]:
        return []

    async def task(self, caller: Any, task_id: str) -> Any:
        raise NoSuchTask("there is no such task")


class NoUsage:
    async def days(self, **_: Any) -> list[Any]:
        return []


def model_card() -> ModelCard:
    return ModelCard(
        "v1", "2026-01-02", ((0.2, 0.1), (0.8, 0.95)), {"size": (96, 96)}, {"file": "encoder.onnx"},
        {"colors": {"default": 0.4, "red": 0.6}}, {"detector": {"map": 0.5, "groups": [{"name": "TOP"}]}},
        {"photos": 12}, {"encoder.onnx": "0f" * 32},
    )  # fmt: skip


def console_parts(installation: MemoryInstallation) -> ConsoleParts:
    p = installation.parts
    return ConsoleParts(
        store=installation.keys,  # type: ignore[arg-type]
        keys=p.keys,
        admin_token=p.admin_token,
        catalogue=p.catalogue,
        searching=p.searching,
        looking=p.looking,
        indexing=p.indexing,
        photos=p.photos,
        vision=installation.vision,  # type: ignore[arg-type]
        tagging_tasks=NoTasks(),  # type: ignore[arg-type]
        usage=Usage(NoUsage()),  # type: ignore[arg-type]
        catalogue_limits=p.image_limits,
        photo_limits=p.photo_limits,
        tagging_limits=TAGGER,
        model=model_card,
        problems=p.problems,
        statistics=p.statistics,
        traffic=p.traffic.minutes,
    )


class Browser:
    """A client with cookies that signs in and sends forms as a page would."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(f"/console{path}", **more)

    async def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        return await self.client.post(f"/console{path}", data={"csrf": self.csrf, **(data or {})}, **more)

    async def sign_in(self, token: str = TOKEN, target: str = "") -> httpx.Response:
        page = await self.get("/sign-in", params={"next": target})
        form = re.search(r'name="form" value="([0-9a-f]+)"', page.text)
        assert form
        answer = await self.client.post("/console/sign-in", data={"form": form[1], "token": token, "next": target})
        if answer.status_code == 303:
            self.csrf = form_token(await self.get("/keys"))
        return answer


def form_token(page: httpx.Response) -> str:
    """What the page's forms carry beside what they ask."""
    found = re.search(r'name="csrf-token" content="([0-9a-f]+[.][0-9]*)"', page.text)
    assert found
    return found[1]


def open_browser(installation: MemoryInstallation, scheme: str = "http") -> Browser:
    return console_browser(console_parts(installation), scheme)


def console_browser(parts: ConsoleParts, scheme: str = "http") -> Browser:
    console = create_console(parts)
    app = Starlette(routes=[Mount("/console", console)])
    transport = httpx.ASGITransport(app=app, client=("10.0.0.9", 1234))
    return Browser(httpx.AsyncClient(transport=transport, base_url=ORIGIN.replace("http", scheme, 1)))


@pytest.fixture
def installation() -> MemoryInstallation:
    return MemoryInstallation()


@pytest.fixture
async def stranger(installation: MemoryInstallation) -> AsyncIterator[Browser]:
    """Nobody is signed in."""
    browser = open_browser(installation)
    async with browser.client:
        yield browser


@pytest.fixture
async def admin(installation: MemoryInstallation) -> AsyncIterator[Browser]:
    """Signed in, with a project ``shop`` and its service ``shoes``."""
    await installation.new_key("shop")
    browser = open_browser(installation)
    async with browser.client:
        assert (await browser.sign_in()).status_code == 303
        assert (await browser.post("/services", {"name": "shoes"})).status_code == 303
        yield browser
