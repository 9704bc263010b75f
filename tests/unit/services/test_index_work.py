"""A chunk's rows computed against fakes of the network and the networks: whose fault a failure is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from placket.domain.applying import Computed, PlannedRow
from placket.domain.errors import (
    FetchFailed,
    FetchTimeout,
    FetchTooLarge,
    ImageFormatUnsupported,
    UrlRefused,
    VisionCrashed,
    VisionUnavailable,
)
from placket.domain.garments import Analysis, Box, Garment, Label
from placket.domain.images import AI_FASHION, ImageLimits
from placket.domain.runs import RunKind, Status
from placket.services import hosts as module
from placket.services.hosts import UNTRIED, Holder, Hosts
from placket.services.index_work import IndexWork, WorkRules
from placket.services.ports import Fetched, Priority
from placket.services.stores import ChunkWork, Known


def url_of(word: str) -> str:
    return f"http://images.test/{word}"


class Web:
    def __init__(self, answers: dict[str, bytes | Exception]) -> None:
        self.answers = {url_of(word): answer for word, answer in answers.items()}
        self.asked: list[tuple[str, int, float, int]] = []
        self.etags: dict[str, str] = {}
        self.sent: list[str] = []

    async def fetch(
        self, url: str, *, max_bytes: int, timeout: float, attempts: int = 1, known_etag: str = "", **_: object
    ) -> Fetched:
        self.asked.append((url, max_bytes, timeout, attempts))
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        etag = self.etags.get(url, "")
        if known_etag and known_etag == etag:
            return Fetched(b"", etag, unchanged=True)
        self.sent.append(url)
        return Fetched(answer, etag)


class Eyes:
    """Sees as many garments as the body's first digit says; a word raises."""

    def __init__(self, blind: bool = False) -> None:
        self.bundles: list[str | None] = []
        self.blind = blind

    async def ready(self, bundle: str | None = None) -> None:
        if self.blind:
            raise VisionUnavailable(f"no bundle {bundle}")

    async def analyse(
        self, image: bytes, *, limits: ImageLimits, bundle: str | None = None, priority: Priority, **_: object
    ) -> Analysis:
        assert priority is Priority.BATCH
        self.bundles.append(bundle)
        errors = {b"crash": VisionCrashed("it died"), b"none": VisionUnavailable("no bundle"), b"bug": KeyError("x")}
        if image in errors:
            raise errors[image]
        if not image.isdigit():
            raise ImageFormatUnsupported("no picture")
        box = Box(0.0, 0.0, 1.0, 1.0) if image != b"9" else Box(0.0, 0.0, 0.01, 0.01)
        one = Garment("TOP", Label("shirt", 1.0), box, 0.9, {}, np.ones(256, np.float32) / 16)
        return Analysis(100, 100, (one,) * int(image), bundle or "", hashlib.sha256(image).hexdigest())


class Documents:
    def __init__(self, stored: Mapping[str, Known] = MappingProxyType({})) -> None:
        self.stored = stored
        self.asked: list[tuple[int, str, list[str]]] = []

    async def known(self, service_id: int, bundle: str, product_ids: Sequence[str]) -> Mapping[str, Known]:
        self.asked.append((service_id, bundle, list(product_ids)))
        return self.stored

    async def upload(self, service_id: int, product_id: str) -> bytes | None:
        return b"2" if product_id == "uploaded" else None


def rows(*urls: str, **changes: object) -> tuple[PlannedRow, ...]:
    return tuple(
        PlannedRow(n, n + 1, f"p{n}", Status.ENABLE, {"image_url": url_of(u), "name": ""}) for n, u in enumerate(urls)
    )


async def compute(
    planned: Sequence[PlannedRow], web: Web, kind: RunKind = RunKind.INDEX, eyes: Eyes | None = None
) -> list[Computed]:
    result = await index_work(web, Hosts(100), eyes).compute(ChunkWork(uuid4(), 0, kind, 1, "v1", tuple(planned)))
    assert result.aside is None
    return list(result.computed)


def index_work(web: Web, hosts: Hosts, eyes: Eyes | None = None, documents: Documents | None = None) -> IndexWork:
    rules = WorkRules(AI_FASHION, 3.0, 20)
    return IndexWork(documents or Documents(), web, eyes or Eyes(), hosts, rules)  # type: ignore[arg-type]


async def test_every_failure_is_the_rows_own_and_has_a_reason() -> None:
    answers: dict[str, bytes | Exception] = {
        "ok": b"1",
        "many": b"6",
        "nothing": b"0",
        "tiny": b"9",
        "crash": b"crash",
        "bug": b"bug",
        "text": b"<html>",
        "slow": FetchTimeout("slow"),
        "large": FetchTooLarge("large"),
        "gone": FetchFailed("404"),
        "no": UrlRefused("no"),
    }
    web = Web(answers)
    results = await compute(rows(*answers), web)
    assert {u: r.reason or len(r.analysis.garments) for u, r in zip(answers, results, strict=True)} == {  # type: ignore[union-attr]
        "ok": 1,
        "many": 4,
        "nothing": "NoDetectedFashionItems",
        "tiny": "NoDetectedFashionItems",
        "crash": "VisionCrashed",
        "bug": "InternalServerError",
        "text": "InvalidImageFormatException",
        "slow": "ImageTimeoutError",
        "large": "ImageTooLargeException",
        "gone": "InvalidImageURLException",
        "no": "InvalidImageURLException",
    }
    assert set(web.asked) == {(url_of(u), 5_000_000, 3.0, 2) for u in answers}


async def test_a_photo_that_is_known_is_not_looked_at_again() -> None:
    planned = rows("same", "other")
    documents, eyes = Documents(await known_of(planned, Web({"same": b"1", "other": b"2"}))), Eyes()
    work = index_work(Web({"same": b"1", "other": b"3"}), Hosts(100), eyes, documents)
    again = await work.compute(ChunkWork(uuid4(), 0, RunKind.INDEX, 7, "v1", planned))
    assert [c.analysis and len(c.analysis.garments) for c in again.computed] == [1, 3]
    assert again.computed[0].analysis == documents.stored["p0"].analysis
    assert (eyes.bundles, documents.asked) == (["v1"], [(7, "v1", ["p0", "p1"])])


async def known_of(planned: Sequence[PlannedRow], web: Web) -> dict[str, Known]:
    """What is stored of these rows once they were indexed."""
    computed = await compute(planned, web)
    return {
        row.product_id: Known(row.fields["image_url"], c.analysis)
        for row, c in zip(planned, computed, strict=True)
        if c.analysis is not None
    }


async def test_a_photo_of_the_version_that_is_known_does_not_come_again() -> None:
    web, eyes = Web({"same": b"1", "new": b"2", "silent": b"3"}), Eyes()
    planned = rows("same", "same", "new", "silent")
    web.etags = {url_of("same"): '"a"', url_of("new"): '"b"'}
    documents = Documents(await known_of(planned, web))
    assert [k.analysis.etag for k in documents.stored.values()] == ['"a"', '"a"', '"b"', ""]
    web.etags[url_of("new")], web.answers[url_of("new")] = '"c"', b"4"
    web.asked, web.sent = [], []
    work = index_work(web, Hosts(100), eyes, documents)
    again = await work.compute(ChunkWork(uuid4(), 0, RunKind.INDEX, 7, "v1", planned))
    assert [c.analysis and (len(c.analysis.garments), c.analysis.etag) for c in again.computed] == [
        (1, '"a"'), (1, '"a"'), (4, '"c"'), (3, ""),
    ]  # fmt: skip
    assert (sorted(web.sent), len(web.asked)) == ([url_of("new"), url_of("silent")], 3)
    assert len(eyes.bundles) == 1


async def test_a_known_and_a_new_product_of_one_picture() -> None:
    """The one need not have it sent, the other has to."""
    web, eyes = Web({"same": b"1"}), Eyes()
    web.etags = {url_of("same"): '"a"'}
    planned = rows("same", "same", "same")
    documents = Documents({p: k for p, k in (await known_of(planned, web)).items() if p == "p0"})
    web.asked, web.sent = [], []
    work = index_work(web, Hosts(100), eyes, documents)
    again = await work.compute(ChunkWork(uuid4(), 0, RunKind.INDEX, 7, "v1", planned))
    assert [c.reason or len(c.analysis.garments) for c in again.computed] == [1, 1, 1]  # type: ignore[union-attr]
    assert (len(web.asked), len(web.sent), len(eyes.bundles)) == (2, 1, 1)


async def test_a_version_counts_where_all_but_the_photo_is_the_same() -> None:
    web = Web({"photo": b"1", "moved": b"1"})
    web.etags = {url_of("photo"): '"a"', url_of("moved"): '"a"'}
    (row,) = rows("photo")
    documents = Documents(await known_of([row], web))
    for changed, bundle in (
        (replace(row, fields={**row.fields, "name": "skirt"}), "v1"),
        (replace(row, fields={**row.fields, "image_url": url_of("moved")}), "v1"),  # its host has tags of its own
        (row, "v2"),
    ):
        web.sent = []
        work = index_work(web, Hosts(100), Eyes(), documents)
        await work.compute(ChunkWork(uuid4(), 0, RunKind.INDEX, 7, bundle, (changed,)))
        assert web.sent == [changed.fields["image_url"]]


async def test_rows_with_the_same_picture_share_its_download_and_the_look_at_it() -> None:
    web, eyes = Web({"red": b"2", "copy": b"2", "blue": b"1", "gone": FetchFailed("404"), "bug": b"bug"}), Eyes()
    results = await compute(rows("red", "red", "copy", "blue", "gone", "gone", "red", "bug", "bug"), web, eyes=eyes)
    assert [r.reason or len(r.analysis.garments) for r in results] == [  # type: ignore[union-attr]
        2, 2, 2, 1, "InvalidImageURLException", "InvalidImageURLException", 2, "InternalServerError",
        "InternalServerError",
    ]  # fmt: skip
    assert sorted(url for url, *_ in web.asked) == sorted(map(url_of, ("red", "copy", "blue", "gone", "bug")))
    assert len(eyes.bundles) == 3


async def test_of_the_same_picture_each_name_keeps_its_own() -> None:
    shirt, skirt = (
        PlannedRow(n, n + 1, f"p{n}", Status.ENABLE, {"image_url": url_of("look"), "name": name})
        for n, name in enumerate(("white shirt", "red skirt"))
    )

    class Look(Eyes):
        async def analyse(self, image: bytes, **given: Any) -> Analysis:
            found = await super().analyse(image, **given)
            top, other = found.garments
            return replace(found, garments=(top, replace(other, group="BOTTOM", category=Label("skirt", 1.0))))

    first, second = await compute([shirt, skirt], Web({"look": b"2"}), eyes=Look())
    assert first.analysis is not None and second.analysis is not None
    assert [g.group for g in (*first.analysis.garments, *second.analysis.garments)] == ["TOP", "BOTTOM"]
    assert first.analysis.made_from != second.analysis.made_from


async def test_what_is_nobodys_fault_makes_the_chunk_wait() -> None:
    web = Web({"ok": b"1", "none": b"none"})
    with pytest.raises(VisionUnavailable):
        await compute(rows("ok", "none"), web)


async def test_nothing_is_fetched_that_cannot_be_seen() -> None:
    """The chunk comes back every few seconds, for as long as the model is broken: its hosts are not to feel it."""
    web = Web({"ok": b"1"})
    with pytest.raises(VisionUnavailable, match="no bundle v1"):
        await compute(rows("ok"), web, eyes=Eyes(blind=True))
    assert web.asked == []


async def test_rows_that_need_no_image_ask_for_none() -> None:
    deleted = PlannedRow(0, 1, "p", Status.DISABLE, {"image_url": "x"})
    unreadable = PlannedRow(1, 2, "", Status.ENABLE, {}, "InvalidRow", "blank")
    assert await compute([deleted, unreadable], Web({}), eyes=Eyes(blind=True)) == []
    assert await compute(rows("never"), Web({}), RunKind.CHECK) == []


async def test_reindexing_prefers_the_kept_upload() -> None:
    uploaded = PlannedRow(0, 1, "uploaded", Status.ENABLE, {"image_url": url_of("gone")})
    fetched = PlannedRow(1, 2, "other", Status.ENABLE, {"image_url": url_of("there")})
    eyes = Eyes()
    first, second = await compute([uploaded, fetched], Web({"there": b"1"}), RunKind.REINDEX, eyes)
    assert first.analysis is not None and len(first.analysis.garments) == 2
    assert second.analysis is not None and len(second.analysis.garments) == 1
    assert eyes.bundles == ["v1", "v1"]


async def test_reindexing_tells_what_became_of_an_upload_that_was_not_kept() -> None:
    nowhere = PlannedRow(0, 1, "other", Status.ENABLE, {"image_url": ""})
    (failed,) = await compute([nowhere], Web({}), RunKind.REINDEX)
    assert failed.reason == "InvalidImageURLException"
    assert failed.detail == "its photo was uploaded and not kept, and it has no image_url: put it anew"


async def test_a_host_without_a_turn_sets_the_rest_aside_and_what_is_there_is_not_done_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.02)
    hosts, web = Hosts(1), Web({"one": b"1", "two": b"1"})
    other = PlannedRow(2, 3, "p2", Status.ENABLE, {"image_url": "http://elsewhere.test/x", "name": ""})
    web.answers["http://elsewhere.test/x"] = b"2"
    work = ChunkWork(uuid4(), 0, RunKind.INDEX, 1, "v1", (*rows("one", "two"), other))
    indexing = index_work(web, hosts)
    async with hosts.turn("images.test", Holder("somebody else's run")):
        first = await indexing.compute(work)
    assert [c.position for c in first.computed] == [2]
    assert first.aside is not None and first.aside.delay >= 1 and first.aside.times_down == {"images.test": 0}
    second = await indexing.compute(replace(work, known=first.computed))
    assert sorted(c.position for c in second.computed) == [0, 1, 2] and second.aside is None
    assert [url for url, *_ in web.asked].count("http://elsewhere.test/x") == 1


async def test_the_rows_of_a_host_that_stays_down_fail_untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DOWN", 2)
    monkeypatch.setattr(module, "_SLOW", -1.0)
    hosts, web = Hosts(1), Web({"a": FetchTimeout("slow"), "b": FetchTimeout("slow")})
    indexing = index_work(web, hosts)
    work = ChunkWork(uuid4(), 0, RunKind.INDEX, 1, "v1", rows("a", "b"))
    assert {c.reason for c in (await indexing.compute(work)).computed} == {"ImageTimeoutError"}
    assert hosts.is_down("images.test")
    asides = []
    async with hosts.turn("images.test", Holder("probe")):
        times_down: Mapping[str, int] = {}
        for _ in range(3):
            aside = (await indexing.compute(work, times_down)).aside
            assert aside is not None
            times_down = aside.times_down
            asides.append((aside.delay, times_down["images.test"]))
        last = await indexing.compute(work, times_down)
    assert asides == [(5.0, 1), (15.0, 2), (45.0, 3)]
    assert last.aside is None and [c.detail for c in last.computed] == [UNTRIED] * 2
    assert len(web.asked) == 2


async def test_each_host_is_down_for_itself_and_the_longest_wait_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DOWN", 1)
    monkeypatch.setattr(module, "_SLOW", -1.0)
    hosts, web = Hosts(1), Web({})
    both = [PlannedRow(n, n + 1, f"p{n}", Status.ENABLE, {"image_url": f"http://{h}/x"}) for n, h in enumerate("xy")]
    web.answers = {f"http://{h}/x": FetchTimeout("slow") for h in "xy"}
    work = ChunkWork(uuid4(), 0, RunKind.INDEX, 1, "v1", tuple(both))
    indexing = index_work(web, hosts)
    await indexing.compute(work)
    async with hosts.turn("x", Holder("probe")), hosts.turn("y", Holder("probe")):
        first = await indexing.compute(work, {"x": 2})
        assert first.aside is not None
        assert (first.aside.delay, first.aside.times_down) == (45.0, {"x": 3, "y": 1})
        second = await indexing.compute(work, first.aside.times_down)
        assert second.aside is not None
        assert (second.aside.delay, second.aside.times_down) == (15.0, {"y": 2})
        assert [(c.position, c.detail) for c in second.computed] == [(0, UNTRIED)]
