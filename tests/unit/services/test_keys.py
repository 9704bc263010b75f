"""Limits of keys are numbers; and how long a revoked one is believed."""

import math
from types import SimpleNamespace

import pytest

from placket.domain.errors import InvalidParameter, Unauthorized
from placket.services import keys as module
from placket.services.keys import MOST_IMAGES_PER_MONTH, AdminToken, Keys
from tests.support.memory_stores import MemoryKeys


@pytest.mark.parametrize("rate", [math.nan, math.inf, -math.inf, -1.0])
async def test_rates_that_are_none(rate: float) -> None:
    store = MemoryKeys()
    keys = Keys(store)
    with pytest.raises(InvalidParameter):
        await keys.create("shop", rate=rate)
    assert store.keys == {}
    made = await keys.create("shop", rate=2.0)
    with pytest.raises(InvalidParameter):
        await keys.limit(made.record.id, rate=rate)
    assert (await keys.list())[0].rate_per_second == 2.0


@pytest.mark.parametrize("images", [math.nan, math.inf, -1, 1.5, MOST_IMAGES_PER_MONTH + 1])
async def test_images_a_month_that_are_none(images: int) -> None:
    store = MemoryKeys()
    keys = Keys(store)
    with pytest.raises(InvalidParameter):
        await keys.create("shop", images_per_month=images)
    assert store.keys == {}
    made = await keys.create("shop", images_per_month=MOST_IMAGES_PER_MONTH)
    with pytest.raises(InvalidParameter):
        await keys.limit(made.record.id, images_per_month=images)
    assert (await keys.list())[0].images_per_month == MOST_IMAGES_PER_MONTH


async def test_zero_takes_a_limit_away_and_makes_none() -> None:
    keys = Keys(MemoryKeys())
    for limits in ({"rate": 0.0}, {"images_per_month": 0}):
        with pytest.raises(InvalidParameter):
            await keys.create("shop", **limits)  # type: ignore[arg-type]
    made = await keys.create("shop", rate=0.5, images_per_month=10)
    changed = await keys.limit(made.record.id, rate=0, images_per_month=0)
    assert (changed.rate_per_second, changed.images_per_month) == (None, None)


async def test_another_process_refuses_a_revoked_key_a_second_later(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    store = MemoryKeys()
    here, there = Keys(store), Keys(store)
    made = await here.create("shop")
    for keys in (here, there):
        assert (await keys.authenticate(made.key)).key_id == made.record.id
    await here.revoke(made.record.id)
    with pytest.raises(Unauthorized):
        await here.authenticate(made.key)
    clock.now += 1.01
    with pytest.raises(Unauthorized):
        await there.authenticate(made.key)


@pytest.mark.parametrize("configured", ["a-token-of-sixteen", None])
async def test_only_the_whole_admin_token_is_one(configured: str | None) -> None:
    admin = AdminToken(MemoryKeys(), configured)
    token, _ = await admin.value()
    await admin.check(token)
    for wrong in ("", token[:-1], token + "x", token[1:], token.upper(), "\u00e9"):
        with pytest.raises(Unauthorized):
            await admin.check(wrong)
