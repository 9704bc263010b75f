"""The page of keys: made, shown once, limited, revoked."""

import re

import pytest

from tests.support.memory import MemoryInstallation
from tests.unit.console.conftest import Browser

CSV = b"p1,enable,Shirt,tops,,,https://shop.example/1.jpg,,\n"


async def test_keys_are_made_shown_once_and_revoked(admin: Browser, installation: MemoryInstallation) -> None:
    page = (await admin.post("/keys", {"name": "second", "project": "shop"})).text
    key = re.search(r'id="made">(plk[a-z0-9]+)<', page)
    assert key
    assert (await installation.parts.keys.authenticate(key[1])).project == "shop"
    assert key[1] not in (await admin.get("/keys")).text
    assert (await admin.post(f"/keys/{key[1][3:11]}/revoke")).status_code == 303
    assert "Revoked" in (await admin.get("/keys")).text
    assert (await admin.post("/keys", {"name": "shop", "project": "+"})).status_code == 400
    assert (await admin.post("/keys", {"name": "x", "project": "shop", "rate": "many"})).status_code == 400


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({}, "no limit"),
        ({"rate": "2.5"}, "2.5 a second"),
        ({"images": "1200"}, "1,200 images a month"),
        ({"rate": "2.5", "images": "1200"}, "2.5 a second · 1,200 images a month"),
    ],
)
async def test_a_keys_limits_are_told(
    admin: Browser, installation: MemoryInstallation, limits: dict[str, str], told: str
) -> None:
    (key,) = await installation.keys.list()
    await admin.post(f"/keys/{key.id}/limit", limits)
    assert f"<summary>{told}</summary>" in (await admin.get("/keys")).text


async def test_nothing_leads_away_unseen_from_a_new_key(admin: Browser) -> None:
    """A switch of language or project loads another page: the key would be lost, and a preview without a script."""
    for answer in (
        await admin.post("/keys", {"name": "second", "project": "shop"}),
        await admin.post("/services/shoes/index/preview", files={"file": ("a.csv", CSV, "text/csv")}),
    ):
        assert answer.status_code == 200
        assert "/console/language/" not in answer.text
        assert 'action="/console/project"' not in answer.text
    refused = await admin.post("/keys", {"name": "shop", "project": "+"})
    assert refused.status_code == 400
    for page in (refused, await admin.get("/keys")):
        assert "/console/language/ko" in page.text
        assert 'action="/console/project"' in page.text


@pytest.mark.parametrize("rate", ["nan", "inf", "-1", "many"])
async def test_rates_that_are_none_are_refused(admin: Browser, installation: MemoryInstallation, rate: str) -> None:
    before = len(await installation.keys.list())
    assert (await admin.post("/keys", {"name": "x", "project": "shop", "rate": rate})).status_code == 400
    assert len(await installation.keys.list()) == before
