"""Keys, projects, installation secrets, and the services of a project."""

import asyncio
import time
from datetime import timedelta

import pytest

from placket.domain.access import Access
from placket.domain.errors import KeyNameTaken, NoSuchKey, NoSuchService, ServiceExists, ServiceQuotaExceeded
from placket.domain.runs import RunState
from placket.storage.database import Database
from placket.storage.keys import PostgresKeys
from tests.contract.storage.world import BUNDLE, LONG_AGO, World, enable


async def test_a_key_is_found_with_its_hash_until_it_is_revoked(world: World) -> None:
    record = await world.keys.create(key_id="k2", name="second", project="shop", secret_hash=b"\x00\xff" * 16, rate=2.5)
    assert (record.project, record.rate_per_second, record.revoked_at) == ("shop", 2.5, None)
    found = await world.keys.find("k2")
    assert found is not None
    secret_hash, caller = found
    assert secret_hash == b"\x00\xff" * 16
    assert (caller.project_id, caller.project, caller.key_id, caller.rate_per_second) == (
        world.project,
        "shop",
        "k2",
        2.5,
    )
    await world.keys.revoke("k2")
    await world.keys.revoke("k2")  # twice is no error
    assert await world.keys.find("k2") is None
    assert {k.name: k.revoked_at is not None for k in await world.keys.list()} == {"shop": False, "second": True}


async def test_what_a_key_is_for_is_kept(world: World) -> None:
    record = await world.keys.create(
        key_id="k2", name="visitors", project="shop", secret_hash=b"h" * 32, rate=None, access=Access.SEARCH
    )
    found = await world.keys.find("k2")
    assert found is not None
    assert (record.access, found[1].access) == (Access.SEARCH, Access.SEARCH)
    assert (await world.keys.set_limits("k2", rate=1.0, images_per_month=None)).access is Access.SEARCH
    assert [k.access for k in await world.keys.list()] == [Access.FULL, Access.SEARCH]


async def test_limits_of_a_key_change_one_by_one(world: World) -> None:
    key = next(k.id for k in await world.keys.list())
    changes = [({"rate": 2.5}, (2.5, None)), ({"images_per_month": 7}, (2.5, 7)), ({"rate": 0.0}, (None, 7))]
    for change, expected in changes:
        record = await world.keys.set_limits(key, **{"rate": None, "images_per_month": None, **change})
        assert (record.rate_per_second, record.images_per_month) == expected
        assert await world.keys.list() == [record]
    with pytest.raises(NoSuchKey):
        await world.keys.set_limits("missing", rate=1.0, images_per_month=None)
    made = await world.keys.create(
        key_id="k2", name="second", project="shop", secret_hash=b"h" * 32, rate=None, images_per_month=2_000_000_000
    )
    assert made.images_per_month == 2_000_000_000


async def test_all_servers_count_a_key_s_turns_together(world: World, database: Database) -> None:
    store, other = world.keys, PostgresKeys(database)
    for key in ("kkkkkkkk", "llllllll"):
        await store.create(key_id=key, name=key, project=None, secret_hash=b"x", rate=5.0)
    began = time.monotonic()

    def most() -> float:
        """A second's worth, and what the time of this test adds."""
        return 6 + 5.0 * (time.monotonic() - began)

    waits = await asyncio.gather(*(s.take_turn("kkkkkkkk", 5.0) for s in (store, other) for _ in range(10)))
    taken = waits.count(0.0)
    assert 5 <= taken <= most()
    assert all(0 < w <= 0.21 for w in waits if w)
    assert await store.take_turn("llllllll", 5.0) == 0.0  # another key's turns are its own
    await asyncio.sleep(0.45)
    later = [await other.take_turn("kkkkkkkk", 5.0) for _ in range(6)].count(0.0)
    assert later >= 2
    assert taken + later <= most()
    # Less than one a second: the first is free, the second waits its time.
    assert await store.take_turn("llllllll", 0.1) == 0.0
    assert await store.take_turn("llllllll", 0.1) == pytest.approx(10, abs=2)


@pytest.mark.parametrize("rate", [1e-300, 1e-6, 0.5, 1e9])
async def test_any_rate_gives_a_first_turn(world: World, rate: float) -> None:
    await world.keys.create(key_id="kkkkkkkk", name="k", project=None, secret_hash=b"x", rate=rate)
    assert await world.keys.take_turn("kkkkkkkk", rate) == 0.0
    wait = await world.keys.take_turn("kkkkkkkk", rate)
    assert wait == 0.0 if rate > 1 else wait > 0.5 / rate or wait > 9e7


async def test_a_higher_rate_counts_from_now_on(world: World) -> None:
    """Not once the pause of the lower one is over."""
    await world.keys.create(key_id="kkkkkkkk", name="k", project=None, secret_hash=b"x", rate=0.001)
    assert await world.keys.take_turn("kkkkkkkk", 0.001) == 0.0
    assert await world.keys.take_turn("kkkkkkkk", 0.001) > 900
    waits = [await world.keys.take_turn("kkkkkkkk", 0.5) for _ in range(2)]
    assert waits == [0.0, pytest.approx(2, abs=1)]


async def test_a_clock_that_is_put_back_keeps_no_key_waiting(world: World) -> None:
    await world.keys.create(key_id="kkkkkkkk", name="k", project=None, secret_hash=b"x", rate=0.5)
    assert await world.keys.take_turn("kkkkkkkk", 0.5) == 0.0
    # Seen from a clock that was put back by two hours, the turn of just now lies two hours ahead.
    await world.execute("UPDATE key_turns SET next_at = next_at + interval '2 hours'")
    waits = [await world.keys.take_turn("kkkkkkkk", 0.5) for _ in range(2)]
    assert waits == [0.0, pytest.approx(2, abs=1)]


async def test_key_errors(world: World) -> None:
    with pytest.raises(KeyNameTaken):
        await world.add_project("shop")
    with pytest.raises(NoSuchKey, match="no project 'nobody'"):
        await world.keys.create(key_id="k3", name="n", project="nobody", secret_hash=b"", rate=None)
    with pytest.raises(NoSuchKey):
        await world.keys.revoke("missing")
    assert len(await world.keys.list()) == 1


async def test_an_installation_secret_is_made_once_by_whoever_comes_first(world: World) -> None:
    given = await asyncio.gather(*(world.keys.installation_secret("secret", f"proposal {n}") for n in range(8)))
    assert len(set(given)) == 1
    await world.keys.replace_installation_secret("secret", "new")
    assert await world.keys.installation_secret("secret", "other") == "new"


async def test_services_are_counted_named_and_owned(world: World) -> None:
    for name in ("b", "a"):
        await world.services.create(world.project, name, BUNDLE, 3)
    with pytest.raises(ServiceExists):  # before the quota
        await world.services.create(world.project, "a", BUNDLE, 3)
    with pytest.raises(ServiceQuotaExceeded):
        await world.services.create(world.project, "c", BUNDLE, 3)
    assert [s.name for s in await world.services.list(world.project)] == ["a", "b", "main"]
    other = await world.add_project("other")
    assert await world.services.list(other) == []
    with pytest.raises(NoSuchService):
        await world.services.get(other, "main")
    with pytest.raises(NoSuchService):
        await world.services.delete(other, "main")


async def test_bundles_are_counted_by_their_services_and_the_next_one_is_told(world: World) -> None:
    await world.services.create(world.project, "a", BUNDLE, 3)
    await world.services.create(world.project, "gone", "older", 3)
    await world.services.delete(world.project, "gone")
    assert await world.services.bundles() == {BUNDLE: 2}
    await world.runs.accept_reindex(world.service, "newer", 2)
    assert await world.services.bundles() == {BUNDLE: 2, "newer": 0}


@pytest.mark.parametrize("name", ["gone", "nul\x00", "half\ud800", ""])
async def test_a_name_that_cannot_exist_is_not_found(world: World, name: str) -> None:
    with pytest.raises(NoSuchService):
        await world.services.get(world.project, name)
    with pytest.raises(NoSuchService):
        await world.services.delete(world.project, name)


async def test_the_quota_of_services_holds_for_simultaneous_requests(world: World) -> None:
    made = await asyncio.gather(
        *(world.services.create(world.project, f"s{n}", BUNDLE, 4) for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(m, ServiceQuotaExceeded) for m in made) == 5
    assert len(await world.services.list(world.project)) == 4


async def test_a_deleted_service_frees_its_name_and_stops_its_runs(world: World) -> None:
    run = await world.accept([enable(n, f"p{n}") for n in range(1, 7)], chunk_size=2)
    await world.begin(run)
    claimed = await world.claim_chunks()
    await world.complete(*claimed[0])
    waiting = await world.accept([enable(1, "q")])
    assert await world.services.delete(world.project, "main") == world.service.id
    assert await world.depth() == 0
    # The worker that was at it finds nothing left to do, in order or out of it.
    assert await world.complete(*claimed[2]) is None
    assert await world.complete(*claimed[1]) is None
    assert await world.progress.chunk(run.id, 1) is None
    again = await world.services.create(world.project, "main", BUNDLE, 1)
    assert again.id != world.service.id
    assert (again.documents, again.revision) == (0, 0)
    assert await world.runs.list(again, start=0, limit=10, order=("reserved_at", True)) == (0, [])
    for ended in (run, waiting):
        state = await world.scalar("SELECT state FROM index_runs WHERE id = :id", id=ended.id)
        assert state == RunState.FAILED
    with pytest.raises(NoSuchService):
        await world.accept([enable(1, "r")], service=world.service)


async def test_requests_since_counts_what_costs_quota(world: World) -> None:
    other = await world.services.create(world.project, "other", BUNDLE, 5)
    first = await world.accept([enable(1, "p")])
    await world.accept([enable(1, "p")])
    ids = [world.service.id, other.id]
    assert await world.services.requests_since(ids, LONG_AGO) == {world.service.id: 2}
    assert await world.services.requests_since(ids, first.reserved_at) == {world.service.id: 2}
    assert await world.services.requests_since(ids, first.reserved_at + timedelta(microseconds=1)) == {
        world.service.id: 1
    }
    assert await world.services.requests_since([], LONG_AGO) == {}
    assert timedelta(0) <= await world.services.now() - first.reserved_at < timedelta(minutes=1)
