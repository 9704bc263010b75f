"""Corrected tags: kept when a product is indexed again, ended with its photo; and products found by their labels."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from placket.domain.corrections import Correction
from placket.domain.errors import InvalidParameter, NoSuchProduct, NoSuchService
from placket.domain.garments import Analysis, Box, Garment, Label
from placket.domain.labels import parse_labels
from placket.services.stores import Document
from tests.contract.storage.world import BUNDLE, QUOTA, World, analysis, enable, planned

LEFT, RIGHT = Box(0.1, 0.1, 0.45, 0.9), Box(0.55, 0.1, 0.9, 0.9)
MOVED = Box(0.12, 0.12, 0.47, 0.9)


def photo(word: str, *garments: tuple[str, Box, Mapping[str, str]], bundle: str = BUNDLE) -> Analysis:
    """``garments``: category, box, attribute to its label."""
    made = analysis(word, bundle, len(garments))
    told = tuple(
        replace(g, category=Label(category, 0.9), box=box, tags={a: (Label(x, 0.8),) for a, x in tags.items()})
        for g, (category, box, tags) in zip(made.garments, garments, strict=True)
    )
    return replace(made, garments=told)


SHIRT = ("shirt", LEFT, {"colors": "red", "pattern": "solid"})
SKIRT = ("skirt", RIGHT, {"colors": "blue", "pattern": "floral"})


async def put(world: World, product_id: str, found: Analysis) -> Document:
    await world.documents.put(await world.refreshed(), planned(product_id), found, None, QUOTA)
    return await get(world, product_id)


async def get(world: World, product_id: str) -> Document:
    return await world.documents.get(await world.refreshed(), product_id)


async def correct(world: World, product_id: str, correction: Correction | None) -> Document:
    await world.documents.correct(await world.refreshed(), product_id, correction)
    return await get(world, product_id)


async def found(world: World, *labels: str, after: str = "", limit: int = 100) -> list[str]:
    page = await world.documents.page(await world.refreshed(), after, limit, parse_labels(labels))
    return [d.product_id for d in page]


def tags(garment: Garment) -> dict[str, list[str]]:
    return {a: [x.id for x in labels] for a, labels in garment.tags.items()}


async def rows(world: World) -> int:
    count = await world.scalar("SELECT count(*) FROM corrections")
    assert isinstance(count, int)
    return count


async def test_products_by_the_labels_of_one_garment(world: World) -> None:
    await put(world, "both", photo("1", SHIRT, SKIRT))
    await put(world, "shirt", photo("2", SHIRT))
    await put(world, "skirt", photo("3", SKIRT))
    assert await found(world, "category:shirt") == ["both", "shirt"]
    assert await found(world, "colors:blue", "pattern:floral") == ["both", "skirt"]
    assert await found(world, "colors:red", "pattern:floral") == []
    assert await found(world, "group:TOP") == ["both", "shirt", "skirt"]
    assert await found(world, "category:dress") == []
    assert await found(world, "category:dress,shirt") == ["both", "shirt"]
    assert await found(world, "!pattern:floral") == ["both", "shirt"]
    assert await found(world, "!colors:blue,red") == []
    assert await found(world, "!category:skirt", "!colors:red") == []
    assert await found(world, "pattern:floral,dot", "!colors:red") == ["both", "skirt"]
    page = await world.documents.page(world.service, "", 10, parse_labels(["category:shirt"]))
    assert [len(d.garments) for d in page] == [2, 1]


async def test_pages_of_a_filter_go_on_after_an_id(world: World) -> None:
    for n in range(7):
        await put(world, f"p{n}", photo(str(n), SHIRT if n % 2 else SKIRT))
    assert await found(world, "category:skirt", limit=2) == ["p0", "p2"]
    assert await found(world, "category:skirt", after="p2", limit=2) == ["p4", "p6"]
    assert await found(world, "category:skirt", after="p6", limit=2) == []
    await world.documents.delete(world.service, "p4")
    assert await found(world, "category:skirt", after="p2") == ["p6"]


async def test_a_filter_is_of_one_service_and_of_its_bundle(world: World) -> None:
    await put(world, "p", photo("1", SHIRT))
    other = await world.services.create(world.project, "other", BUNDLE, 5)
    assert await world.documents.page(other, "", 10, parse_labels(["category:shirt"])) == []
    assert (
        await world.documents.page(replace(world.service, bundle="other"), "", 10, parse_labels(["category:shirt"]))
        == []
    )


async def test_search_is_told_what_each_garment_is_and_of_every_correction(world: World) -> None:
    seen = await put(world, "p", photo("1", SHIRT, SKIRT))
    await put(world, "q", photo("2", SKIRT))

    async def told(since: int) -> dict[str, list[list[str]]]:
        changed = await world.documents.changes(world.service.id, BUNDLE, since, 10)
        return {p.product_id: [sorted(words) for words in p.labels] for p in changed}

    shirt = ["category:shirt", "colors:red", "group:TOP", "pattern:solid"]
    skirt = ["category:skirt", "colors:blue", "group:TOP", "pattern:floral"]
    assert await told(seen.revision - 1) == {"p": [shirt, skirt], "q": [skirt]}
    before = (await world.refreshed()).revision
    corrected = await correct(world, "p", Correction(RIGHT, "dress", {"pattern": ("dot",)}))
    dress = ["category:dress", "colors:blue", "group:WHOLEBODY", "pattern:dot"]
    assert await told(before) == {"p": [shirt, dress]}
    await correct(world, "p", None)
    assert await told(corrected.revision) == {"p": [shirt, skirt]}
    assert await told((await world.refreshed()).revision) == {}


async def test_a_correction_is_read_filtered_by_and_taken_away(world: World) -> None:
    seen = await put(world, "p", photo("1", SHIRT, SKIRT))
    after = await correct(world, "p", Correction(LEFT, "dress", {"pattern": ("floral",), "colors": ("red", "pink")}))
    dress, skirt = after.garments
    assert (dress.category, dress.group) == (Label("dress", 1.0), "WHOLEBODY")
    assert tags(dress) == {"colors": ["red", "pink"], "pattern": ["floral"]}
    assert skirt.to_json() == seen.garments[1].to_json()
    assert after.corrected[0].seen.to_json() == seen.garments[0].to_json()
    assert after.corrected[0].names == ("category", "colors", "pattern")
    assert (after.revision > seen.revision, after.updated_at > seen.updated_at) == (True, True)
    assert await found(world, "category:dress", "colors:pink", "group:WHOLEBODY") == ["p"]
    assert await found(world, "category:shirt") == []
    # What is said later is all that is said.
    again = await correct(world, "p", Correction(LEFT, None, {"pattern": ()}))
    assert (again.garments[0].category.id, tags(again.garments[0])) == ("shirt", {"colors": ["red"]})
    assert await rows(world) == 1
    assert await found(world, "pattern:solid") == []
    plain = await correct(world, "p", None)
    assert [g.to_json() for g in plain.garments] == [g.to_json() for g in seen.garments]
    assert (plain.corrected, await rows(world)) == ({}, 0)
    assert await found(world, "category:shirt", "pattern:solid") == ["p"]


async def test_saying_nothing_takes_one_correction_away(world: World) -> None:
    await put(world, "p", photo("1", SHIRT, SKIRT))
    await correct(world, "p", Correction(LEFT, "blouse"))
    assert set((await correct(world, "p", Correction(RIGHT, "dress"))).corrected) == {0, 1}
    left = await correct(world, "p", Correction(LEFT))
    assert [g.category.id for g in left.garments] == ["shirt", "dress"]


async def test_indexing_the_same_photo_again_keeps_it_wherever_the_garment_comes(world: World) -> None:
    await put(world, "p", photo("1", SHIRT, SKIRT))
    await correct(world, "p", Correction(LEFT, "blouse"))
    # In another order, in a slightly other box, and seen otherwise.
    after = await put(world, "p", photo("1", SKIRT, ("cardigan", MOVED, {"fabric": "knit"})))
    assert [g.category.id for g in after.garments] == ["skirt", "blouse"]
    assert tags(after.garments[1]) == {"fabric": ["knit"]}
    assert await found(world, "category:blouse", "fabric:knit") == ["p"]
    # Not found this once: it waits.
    assert not (await put(world, "p", photo("1", SKIRT))).corrected
    assert (await put(world, "p", photo("1", SHIRT))).garments[0].category.id == "blouse"


async def test_an_index_run_keeps_it_for_the_same_photo_and_ends_it_with_another(world: World) -> None:
    await world.index([enable(1, "p"), enable(2, "q")])
    box = (await get(world, "p")).garments[0].box
    for product_id in ("p", "q"):
        await correct(world, product_id, Correction(box, "blouse"))
    await world.index([enable(1, "p", name="other name"), enable(2, "q", image_url="http://images.test/new.jpg")])
    assert (await get(world, "p")).garments[0].category.id == "blouse"
    assert (await get(world, "q")).garments[0].category.id == "shirt"
    assert await rows(world) == 1
    await world.index([enable(1, "q")])
    assert not (await get(world, "q")).corrected


async def test_another_bundle_keeps_it(world: World) -> None:
    await world.index([enable(1, "p"), enable(2, "q")])
    box = (await get(world, "p")).garments[0].box
    await correct(world, "p", Correction(box, "blouse"))
    await world.runs.accept_reindex(await world.refreshed(), "bundle-2", 2)
    await world.work_off()
    assert (await world.refreshed()).bundle == "bundle-2"
    assert (await get(world, "p")).garments[0].category.id == "blouse"
    assert await found(world, "category:blouse") == ["p"]


async def test_a_correction_during_a_change_of_bundle_holds_for_both(world: World) -> None:
    await world.index([enable(1, "p"), enable(2, "q")])
    run = await world.runs.accept_reindex(await world.refreshed(), "bundle-2", 1)
    await world.begin(run)
    (first, work), second = await world.claim_chunks()
    await world.complete(first, work)
    done = work.rows[0].product_id
    assert (await world.refreshed()).bundle == BUNDLE
    await correct(world, done, Correction((await get(world, done)).garments[0].box, "blouse"))
    await world.complete(*second)
    assert (await world.refreshed()).bundle == "bundle-2"
    assert (await get(world, done)).garments[0].category.id == "blouse"
    assert await found(world, "category:blouse") == [done]


async def test_it_goes_with_the_product_and_with_the_service(world: World) -> None:
    await put(world, "p", photo("1", SHIRT))
    await correct(world, "p", Correction(LEFT, "blouse"))
    await world.documents.delete(world.service, "p")
    assert await rows(world) == 0
    assert not (await put(world, "p", photo("1", SHIRT))).corrected
    await correct(world, "p", Correction(LEFT, "blouse"))
    await world.services.delete(world.project, "main")
    await world.execute("UPDATE services SET deleted_at = deleted_at - interval '1 hour'")
    await world.runs.purge(timedelta(days=9))
    assert await rows(world) == 0


async def test_what_cannot_be_corrected(world: World) -> None:
    await put(world, "p", photo("1", SHIRT))
    with pytest.raises(InvalidParameter):
        await correct(world, "p", Correction(RIGHT, "blouse"))
    for product_id in ("missing", "nul\x00", "half\udfff", ""):
        for correction in (Correction(LEFT, "blouse"), None):
            with pytest.raises(NoSuchProduct):
                await world.documents.correct(world.service, product_id, correction)
    await world.documents.delete(world.service, "p")
    with pytest.raises(NoSuchProduct):
        await world.documents.correct(world.service, "p", None)
    await world.services.delete(world.project, "main")
    with pytest.raises(NoSuchService):
        await world.documents.correct(world.service, "p", None)


async def test_a_filter_uses_an_index(world: World) -> None:
    assert await world.scalar("SELECT indexdef FROM pg_indexes WHERE indexname = 'garments_labels'") == (
        "CREATE INDEX garments_labels ON public.garments USING gin (labels)"
    )
