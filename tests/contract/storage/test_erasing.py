"""What is deleted is gone from every table, but for what the page on personal data tells."""

from datetime import timedelta

from tests.contract.storage.world import QUOTA, World, analysis, enable, planned

PERSON = "kim-private"


async def left(world: World) -> set[str]:
    """The tables with a row that tells of the person."""
    names = str(
        await world.scalar(
            "SELECT string_agg(table_name, ' ') FROM information_schema.tables WHERE table_schema = 'public'"
        )
    ).split()
    return {
        name
        for name in names
        if await world.scalar(f"SELECT count(*) FROM {name} AS t WHERE t::text LIKE :word", word=f"%{PERSON}%")
    }


async def test_a_product_leaves_its_id_alone_and_that_for_a_week(world: World) -> None:
    row = planned("p1", name=PERSON, image_url=f"http://images.test/{PERSON}.jpg?sig=1")
    await world.documents.put(world.service, row, analysis(PERSON), PERSON.encode(), QUOTA)
    uploaded = f"SELECT count(*) FROM uploads WHERE encode(image, 'escape') = '{PERSON}'"
    assert (await left(world), await world.scalar(uploaded)) == ({"documents"}, 1)
    await world.documents.delete(world.service, "p1")
    assert (await left(world), await world.scalar("SELECT count(*) FROM uploads")) == (set(), 0)
    assert await world.scalar("SELECT count(*) FROM garments") == 0
    assert await world.scalar("SELECT product_id || image_sha256 FROM documents") == "p1"
    await world.execute("UPDATE documents SET updated_at = updated_at - interval '8 days'")
    await world.runs.purge(timedelta(days=183))
    assert await world.scalar("SELECT count(*) FROM documents") == 0


async def test_the_record_of_a_run_has_the_columns_of_what_failed_until_it_goes(world: World) -> None:
    await world.index([enable(1, "p1", name=PERSON), enable(2, "p2")])
    await world.documents.delete(world.service, "p1")
    assert await left(world) == set()
    await world.accept([enable(1, "p3", name=PERSON), enable(2, "p4")])
    await world.work_off(failing=["p3"])
    assert await left(world) == {"index_rows"}
    await world.execute("UPDATE index_runs SET finished_at = finished_at - interval '2 days'")
    await world.runs.purge(timedelta(days=1))
    assert await left(world) == set()


async def test_a_service_takes_all_with_it(world: World) -> None:
    await world.accept([enable(1, PERSON, name=PERSON), enable(2, "p2", name=PERSON)])
    await world.work_off(failing=["p2"])
    assert await left(world) == {"documents", "index_rows"}
    await world.services.delete(world.project, "main")
    await world.execute("UPDATE services SET deleted_at = deleted_at - interval '2 minutes'")
    await world.runs.purge(timedelta(days=183))
    assert await left(world) == set()
