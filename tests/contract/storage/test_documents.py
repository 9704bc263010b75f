"""Documents, their garments, and what search engines load."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import make_url, text

from placket.domain.corrections import Correction
from placket.domain.errors import (
    BundleMismatch,
    DocumentQuotaExceeded,
    NoSuchProduct,
    NoSuchService,
    StorageUnavailable,
)
from placket.domain.filters import Condition
from placket.domain.garments import Analysis
from placket.domain.runs import Outcome
from placket.search import MemorySearch
from placket.storage import database
from placket.storage.catalogue import PostgresServices
from placket.storage.database import Database
from placket.storage.documents import PostgresDocuments, lock_service
from tests.contract.storage.world import BUNDLE, QUOTA, World, analysis, embedding, fields, planned


async def put(world: World, product_id: str, word: str | None = None, quota: int = QUOTA, **given: str) -> Outcome:
    outcome, _ = await world.documents.put(
        world.service, planned(product_id, **given), analysis(word or product_id, garments=2), None, quota
    )
    return outcome


async def test_a_document_comes_back_as_it_was_put(world: World) -> None:
    assert await put(world, "가-1/ü", s1="red; 'quoted' \\ \"x\"") is Outcome.ADDED
    stored = await world.documents.get(await world.refreshed(), "가-1/ü")
    wanted = analysis("가-1/ü", garments=2)
    assert stored.fields == {
        "category2_id": "", "category3_id": "", "s2": "", **fields("가-1/ü"), "s1": "red; 'quoted' \\ \"x\""
    }  # fmt: skip
    assert (stored.width, stored.height, stored.image_sha256) == (300, 400, wanted.sha256)
    assert [g.to_json() for g in stored.garments] == [g.to_json() for g in wanted.garments]
    for got, want in zip(stored.garments, wanted.garments, strict=True):
        assert got.embedding.dtype == np.float32
        assert np.array_equal(got.embedding, want.embedding)
    assert (stored.revision, stored.created_at) == ((await world.refreshed()).revision, stored.updated_at)


async def test_what_was_seen_of_products_comes_back_whole(world: World) -> None:
    await put(world, "a", "photo")
    await put(world, "b")
    await put(world, "gone")
    await world.documents.delete(world.service, "gone")
    unknown = replace(analysis("c"), made_from="")
    await world.documents.put(world.service, planned("c"), unknown, None, QUOTA)
    box = analysis("photo", garments=2).garments[0].box
    await world.documents.correct(world.service, "a", Correction(box, "dress"))
    ids = ["a", "b", "c", "gone", "none", "\x00"]
    found = await world.documents.known(world.service.id, BUNDLE, ids)
    assert sorted(found) == ["a", "b"]  # of the others it is not known what they were made from
    want = analysis("photo", garments=2)
    assert found["a"].image_url == fields("a")["image_url"]
    assert _plain(found["a"].analysis) == _plain(want)  # what was seen, not what was said of it
    for got, wanted in zip(found["a"].analysis.garments, want.garments, strict=True):
        assert np.array_equal(got.embedding, wanted.embedding)
    assert await world.documents.known(world.service.id, "bundle-2", ids) == {}
    assert await world.documents.known(world.service.id + 1, BUNDLE, ids) == {}


def _plain(found: Analysis) -> list[object]:
    seen = [g.to_json() for g in found.garments]
    return [found.width, found.height, found.bundle, found.sha256, found.made_from, found.etag, seen]


async def test_a_writer_is_told_what_it_wrote_whatever_comes_next(world: World) -> None:
    _, told = await world.documents.put(world.service, planned("p", s1="red"), analysis("p"), None, QUOTA)
    stored = await world.documents.get(world.service, "p")
    assert (told.fields, told.revision, told.updated_at) == (stored.fields, stored.revision, stored.updated_at)
    assert [g.to_json() for g in told.garments] == [g.to_json() for g in stored.garments]
    corrected = await world.documents.correct(world.service, "p", Correction(told.garments[0].box, "dress"))
    assert list(corrected.corrected) == [0]


async def test_an_update_replaces_the_whole_document_and_moves_the_revision(world: World) -> None:
    await put(world, "p", s1="old")
    before = await world.documents.get(world.service, "p")
    assert await put(world, "p", "other image") is Outcome.UPDATED
    after = await world.documents.get(world.service, "p")
    assert (after.fields["s1"], after.created_at) == ("", before.created_at)
    assert after.revision > before.revision
    assert len(after.garments) == 2
    assert np.array_equal(after.garments[0].embedding, embedding("other image/bundle-1/0"))
    service = await world.refreshed()
    assert (service.revision, service.documents) == (after.revision, 1)


@pytest.mark.parametrize("product_id", ["missing", "nul\x00", "half\udfff", ""])
async def test_what_is_not_there_is_not_found(world: World, product_id: str) -> None:
    with pytest.raises(NoSuchProduct):
        await world.documents.get(world.service, product_id)
    with pytest.raises(NoSuchProduct):
        await world.documents.delete(world.service, product_id)
    assert (await world.refreshed()).revision == 0


async def test_the_quota_is_for_new_documents_only(world: World) -> None:
    await put(world, "a", quota=2)
    await put(world, "b", quota=2)
    with pytest.raises(DocumentQuotaExceeded):
        await put(world, "c", quota=2)
    assert await put(world, "b", quota=2) is Outcome.UPDATED
    await world.documents.delete(world.service, "a")
    assert await put(world, "c", quota=2) is Outcome.ADDED
    assert (await world.refreshed()).documents == 2


async def test_the_quota_holds_for_simultaneous_puts(world: World) -> None:
    done = await asyncio.gather(*(put(world, f"p{n}", quota=3) for n in range(9)), return_exceptions=True)
    assert sum(d is Outcome.ADDED for d in done) == 3
    assert sum(isinstance(d, DocumentQuotaExceeded) for d in done) == 6
    assert len(await world.ids()) == 3


async def test_embeddings_of_another_bundle_are_refused(world: World) -> None:
    with pytest.raises(BundleMismatch):
        await world.documents.put(world.service, planned("p"), analysis("p", "other"), None, QUOTA)
    assert await world.ids() == []


async def test_putting_into_a_deleted_service(world: World) -> None:
    await world.services.delete(world.project, "main")
    with pytest.raises(NoSuchService):
        await put(world, "p")


async def test_pages_by_product_id_byte_order(world: World) -> None:
    for product_id in ("b", "B", "é", "a10", "a9"):
        await put(world, product_id)
    first = await world.documents.page(world.service, "", 3)
    assert [d.product_id for d in first] == ["B", "a10", "a9"]
    assert [d.product_id for d in await world.documents.page(world.service, "a9", 3)] == ["b", "é"]
    found = await world.documents.get_many(world.service, ["b", "é", "nope", "b\x00"])
    assert set(found) == {"b", "é"}
    assert all(len(d.garments) == 2 for d in found.values())


async def test_an_upload_is_kept_until_the_document_changes(world: World) -> None:
    await world.documents.put(world.service, planned("p"), analysis("p"), b"\x00jpeg\xff", QUOTA)
    assert await world.documents.upload(world.service.id, "p") == b"\x00jpeg\xff"
    await world.documents.put(world.service, planned("p"), analysis("p"), b"second", QUOTA)
    assert await world.documents.upload(world.service.id, "p") == b"second"
    await put(world, "p")
    assert await world.documents.upload(world.service.id, "p") is None
    await world.documents.put(world.service, planned("p"), analysis("p"), b"third", QUOTA)
    await world.documents.delete(world.service, "p")
    assert await world.documents.upload(world.service.id, "p") is None


async def test_changes_by_revision_with_tombstones(world: World) -> None:
    for product_id in ("a", "b", "c"):
        await put(world, product_id, s1=product_id)
    third = (await world.refreshed()).revision
    await world.documents.delete(world.service, "b")
    fourth = (await world.refreshed()).revision
    await put(world, "a", "new image")
    fifth = (await world.refreshed()).revision
    changes = await world.documents.changes(world.service.id, BUNDLE, 0, 100)
    assert [(c.product_id, c.revision, len(c.vectors)) for c in changes] == [
        ("c", third, 2),
        ("b", fourth, 0),
        ("a", fifth, 2),
    ]
    assert third < fourth < fifth
    assert changes[0].fields == {"category1_id": "c1", "category2_id": "", "category3_id": "", "s1": "c", "s2": ""}
    assert changes[0].image_sha256 == analysis("c").sha256
    assert np.array_equal(changes[2].vectors[1], embedding("new image/bundle-1/1"))
    assert [c.product_id for c in await world.documents.changes(world.service.id, BUNDLE, 0, 2)] == ["c", "b"]
    assert [c.product_id for c in await world.documents.changes(world.service.id, BUNDLE, fourth, 2)] == ["a"]
    assert await world.documents.changes(world.service.id, BUNDLE, fifth, 2) == []


async def test_a_deleted_product_that_comes_back_is_new(world: World) -> None:
    await put(world, "p")
    before = await world.documents.get(world.service, "p")
    await world.documents.delete(world.service, "p")
    assert await put(world, "p") is Outcome.ADDED
    after = await world.documents.get(world.service, "p")
    assert after.created_at > before.created_at
    assert after.revision > before.revision
    assert (await world.refreshed()).documents == 1


@pytest.mark.parametrize("searched", [True, False], ids=["a search comes first", "a change comes first"])
async def test_changes_that_a_failover_has_lost_are_not_found(world: World, searched: bool) -> None:
    """Nor do they hide those that come instead: a server's memory outlives its database."""
    engine = MemorySearch(world.documents, 10**9)

    async def found() -> list[str]:
        service = await world.refreshed()
        hits = await engine.search(service.id, BUNDLE, service.revision, embedding("x"), limit=10)
        return sorted(h.product_id for h in hits)

    await put(world, "kept")
    saved = (await world.refreshed()).revision
    await put(world, "lost")
    assert await found() == ["kept", "lost"]
    # As far as the other database had come.
    await world.execute("UPDATE services SET revision = :revision", revision=saved)
    await world.execute("DELETE FROM documents WHERE revision > :revision", revision=saved)
    if searched:
        assert await found() == ["kept"]
    await put(world, "new")
    assert await found() == ["kept", "new"]


async def test_new_changes_never_take_the_revisions_of_lost_ones(world: World) -> None:
    before = (await world.refreshed()).revision
    await put(world, "lost")
    lost = (await world.refreshed()).revision
    await world.execute("UPDATE services SET revision = :revision", revision=before)
    await put(world, "new")
    assert (await world.documents.get(world.service, "new")).revision > lost


async def test_who_freezes_in_the_middle_of_a_change_holds_up_nobody_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is stopped, or its machine: its service waited for as long as that lasted."""
    monkeypatch.setitem(database._SETTINGS, "idle_in_transaction_session_timeout", "300ms")
    frozen = Database(world.database.url, 1)
    with pytest.raises(StorageUnavailable):
        async with frozen.begin() as connection:
            await lock_service(connection, world.service.id)
            assert await asyncio.wait_for(put(world, "p1"), 10) is Outcome.ADDED
            await lock_service(connection, world.service.id)
    async with frozen.begin() as connection:
        await lock_service(connection, world.service.id)
    await frozen.aclose()


async def test_what_a_search_reads_is_a_single_journey_each(world: World) -> None:
    """No transaction around it: where the database is far away, each of its statements is waited for."""
    await put(world, "p1")
    url = make_url(world.database.url).update_query_dict({"application_name": "far away"})
    far = Database(url.render_as_string(hide_password=False), 1)
    services, documents = PostgresServices(far), PostgresDocuments(far)
    for read in (
        lambda: services.get(world.project, world.service.name),
        lambda: documents.get(world.service, "p1"),
        lambda: documents.changes(world.service.id, BUNDLE, 0, 10),
    ):
        await read()
        last = await world.scalar("SELECT query FROM pg_stat_activity WHERE application_name = 'far away'")
        assert str(last).startswith("SELECT"), last
    await far.aclose()


async def test_what_a_product_is_filtered_by_changes_alone(world: World) -> None:
    await put(world, "p", name="Dress", s1="red", s2="in")
    await put(world, "q", s2="in")
    before = await world.documents.get(world.service, "p")
    await world.documents.correct(world.service, "p", Correction(before.garments[0].box, "dress"))
    told = await world.documents.refilter(world.service, "p", {"s2": "out; 'x'", "category3_id": "9"})
    after = await world.documents.get(world.service, "p")
    assert after.fields == {**before.fields, "s2": "out; 'x'", "category3_id": "9"} == told.fields
    assert (after.image_sha256, after.created_at) == (before.image_sha256, before.created_at)
    assert list(after.corrected) == list(told.corrected) == [0]
    assert all(np.array_equal(a.embedding, b.embedding) for a, b in zip(after.garments, before.garments, strict=True))
    service = await world.refreshed()
    assert (service.revision, service.documents) == (after.revision, 2) and after.revision > before.revision
    engine = MemorySearch(world.documents, 10**9)
    for value, found in (("in", ["q"]), ("out; 'x'", ["p"])):
        held = [Condition("s2", (value,))]
        hits = await engine.search(service.id, BUNDLE, service.revision, embedding("x"), limit=9, conditions=held)
        assert [h.product_id for h in hits] == found
    await engine.aclose()
    await world.documents.delete(world.service, "q")
    for gone in ("q", "none", "nul\0"):
        with pytest.raises(NoSuchProduct):
            await world.documents.refilter(world.service, gone, {"s2": "x"})


@pytest.mark.parametrize("how", ["put", "correct", "refilter", "delete"])
async def test_writers_that_wait_for_their_service_leave_connections_to_readers(world: World, how: str) -> None:
    await put(world, "p1")
    small = Database(world.database.url, pool_size=2)
    documents = PostgresDocuments(small)

    async def write() -> None:
        if how == "put":
            await documents.put(world.service, planned("p1"), analysis("p1"), None, QUOTA)
        elif how == "correct":
            await documents.correct(world.service, "p1", None)
        elif how == "refilter":
            await documents.refilter(world.service, "p1", {"s1": "x"})
        else:
            await documents.delete(world.service, "p1")

    async with world.database.begin() as chunk:  # of an index run, being applied
        await chunk.execute(text("SELECT 1 FROM services WHERE id = :id FOR UPDATE"), {"id": world.service.id})
        writers = [asyncio.create_task(write()) for _ in range(3)]
        await asyncio.sleep(0.3)
        await asyncio.wait_for(documents.get(world.service, "p1"), 5)
    await asyncio.gather(*writers, return_exceptions=True)
    await small.aclose()
