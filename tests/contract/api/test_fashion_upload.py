"""Index requests as they arrive: hostile multipart bodies, limits at their edge, two at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from placket.domain.errors import FetchBusy, FetchTimeout
from tests.contract.api.conftest import Fashion
from tests.contract.api.test_fashion_refusals import INVALID, code
from tests.support.memory import MemoryInstallation

ROW = b'{"product_id":"1","status":"disable"}\n'
INDEX = "service/shop/index?format=jsonl"
LINK = "http://shop.example/list%20of%20today.jsonl?signature=secret"


@pytest.fixture
def installation() -> MemoryInstallation:
    return MemoryInstallation(file_max_bytes=1000, max_rows=5, requests_per_day=3)


def part(name: str, content: bytes, extra: bytes = b"") -> bytes:
    return b'--B\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), extra, content)


FORM = {"Content-Type": "multipart/form-data; boundary=B"}
END = b"--B--\r\n"
FILE = b'; filename="f.jsonl"'


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({}, b""),
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"link=http://x.example/"),
        ({"Content-Type": "multipart/form-data"}, part("file", ROW, FILE) + END),
        ({"Content-Type": "multipart/form-data; boundary=" + "b" * 300}, END),
        (FORM, b""),
        (FORM, END),
        (FORM, b"nonsense"),
        (FORM, part("file", ROW, FILE)),
        (FORM, part("file", ROW, FILE) + b"--B"),
        (FORM, b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END),
        (FORM, b"--B\r\nContent-Disposition: attachment; name=file\r\n\r\nx\r\n" + END),
        (FORM, b"--B\r\nX: " + b"y" * 10_000 + b"\r\n\r\nx\r\n" + END),
        (FORM, b"--B\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(100)) + b"\r\nx\r\n" + END),
        (FORM, part("other", ROW) + END),
        (FORM, part("file", ROW, FILE) * 2 + END),
        (FORM, part("link", LINK.encode()) * 2 + END),
        (FORM, part("link", b"http://x.example/\xff") + END),
        (FORM, part("link", b"http://x.example/" + b"x" * 9000) + END),
        (FORM, part("link", LINK.encode(), b'; filename="x"') + END),
        (FORM, b"".join(part(f"p{n}", b"x") for n in range(40)) + END),
        (FORM, part("file", b"", b'; filename=""') + END),
    ],
)
async def test_bodies_that_are_no_form(fashion: Fashion, shop: str, headers: dict[str, str], content: bytes) -> None:
    for service in ("shop", "none"):
        body = await fashion(
            "POST", shop, f"service/{service}/index?format=jsonl", maker=True, headers=headers, content=content
        )
        assert code(body) == INVALID


async def test_checks_before_the_body(fashion: Fashion, shop: str) -> None:
    good = {"headers": FORM, "content": part("file", ROW, FILE) + END}
    for query in ("", "?format=", "?format=xml", "?format=JSONL", "?format=csv&format=csv"):
        assert code(await fashion("POST", shop, f"service/no/index{query}", maker=True, **good)) == INVALID
    assert code(await fashion("POST", "bad", "service/no/index", maker=True, **good))[0] == -41000
    giant = {"headers": FORM, "content": part("file", b"x" * 5_000_000, FILE) + END}
    for body in (good, giant):
        assert code(await fashion("POST", shop, "service/no/index?format=jsonl", maker=True, **body))[0] == -42000


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (b"", (-40020, "NoDataError")),
        (b"\n \n", (-40020, "NoDataError")),
        (b"\xff", (-40010, "InvalidFileError")),
        (b"\n" + ROW, (-40010, "InvalidFileError")),
        (b"{}", (-40010, "InvalidFileError")),
        (ROW * 6, (-40030, "ExceedDataSizeError")),
        (b"x" * 1001, (-40030, "ExceedDataSizeError")),
        (b"x" * 100_000, (-40030, "ExceedDataSizeError")),
        (b"x" * 5_000_000, (-40030, "ExceedDataSizeError")),
    ],
)
async def test_bad_files(fashion: Fashion, shop: str, file: bytes, expected: tuple[int, str]) -> None:
    body = await fashion("POST", shop, INDEX, maker=True, files={"file": ("f.jsonl", file)})
    assert code(body) == expected


@pytest.mark.parametrize("size", [1001, 100_000, 5_000_000])
async def test_a_file_that_is_too_large_is_told_how_large_it_may_be(fashion: Fashion, shop: str, size: int) -> None:
    body = await fashion("POST", shop, INDEX, maker=True, files={"file": ("f.jsonl", b"x" * size)})
    assert body["header"]["detail"] == "the file has more than 1000 bytes"


@pytest.mark.parametrize("file", [ROW * 5, ROW[:-2] + b" " * (1000 - len(ROW) + 1) + b"}", b"\xef\xbb\xbf" + ROW])
async def test_files_at_the_edge(fashion: Fashion, shop: str, file: bytes) -> None:
    body = await fashion("POST", shop, INDEX, maker=True, files={"file": ("f.jsonl", file)})
    assert body["header"]["resultCode"] == 0


async def test_a_link_wins(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    installation.web.pages[LINK] = ROW * 2
    content = part("file", b"x" * 1500, FILE) + part("link", LINK.encode()) + END
    body = await fashion("POST", shop, INDEX, maker=True, headers=FORM, content=content)
    assert body["header"]["resultCode"] == 0
    run = installation.runs.runs[0][1]
    assert (run.filename, run.total) == ("list of today.jsonl", 2)


async def test_links_that_cannot_be_had(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    installation.web.pages["http://slow.example/"] = FetchTimeout("30 s")
    installation.web.pages["http://busy.example/"] = FetchBusy("too many downloads")
    installation.web.pages["http://large.example/"] = bytes(20_000_001)
    for link, expected in (
        ("http://gone.example/", -40010),
        ("http://slow.example/", -40010),
        ("http://busy.example/", -40080),
        ("http://large.example/", -40030),
    ):
        body = await fashion("POST", shop, INDEX, maker=True, files={"link": (None, link)})
        assert code(body)[0] == expected


async def test_the_quota_of_a_day(fashion: Fashion, shop: str) -> None:
    files = {"file": ("f", ROW)}
    for _ in range(3):
        assert (await fashion("POST", shop, INDEX, maker=True, files=files))["header"]["resultCode"] == 0
    for late in (files, {"file": ("f", b"")}):
        body = await fashion("POST", shop, INDEX, maker=True, files=late)
        assert code(body) == (-40040, "IndexQuotaExceededException")
    assert (await fashion("GET", shop, "services", maker=True))["data"]["items"][0]["remainInsertCnt"] == 0


async def test_the_day_is_that_of_the_clock_by_which_requests_are_stored(
    installation: MemoryInstallation, fashion: Fashion, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose own clock is days ahead of the database's would count none of today's requests."""
    days: list[datetime] = []
    counted = installation.services.requests_since

    async def stored() -> datetime:
        return datetime(2026, 1, 2, 14, 0, tzinfo=UTC)

    async def since(services: Sequence[int], day: datetime) -> dict[int, int]:
        days.append(day)
        return await counted(services, day)

    monkeypatch.setattr(installation.services, "now", stored)
    monkeypatch.setattr(installation.services, "requests_since", since)
    await fashion("POST", shop, INDEX, maker=True, files={"file": ("f", ROW)})
    await fashion("GET", shop, "services", maker=True)
    assert [d.astimezone(UTC) for d in days] == [datetime(2026, 1, 1, 15, 0, tzinfo=UTC)] * 2


async def test_two_at_once(fashion: Fashion, shop: str) -> None:
    rest, begun = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        begun.set()
        await rest.wait()
        yield part("file", ROW, FILE) + END

    first = asyncio.create_task(fashion("POST", shop, INDEX, maker=True, headers=FORM, content=slowly()))
    await begun.wait()
    second = await fashion("POST", shop, INDEX, maker=True, files={"file": ("f", ROW)})
    assert code(second) == (-40080, "TooManyRequestError")
    rest.set()
    assert (await first)["header"]["resultCode"] == 0
    third = await fashion("POST", shop, INDEX, maker=True, files={"file": ("f", ROW)})
    assert third["header"]["resultCode"] == 0


async def test_a_body_that_stops_coming(
    fashion: Fashion, shop: str, installation: MemoryInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("placket.api.middleware._IDLE_SECONDS", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield part("file", ROW, FILE)
        await asyncio.sleep(5)

    body = await fashion("POST", shop, INDEX, maker=True, headers=FORM, content=stalled())
    assert code(body) == (-40010, "InvalidFileError")
    assert not installation.runs.received


KOREAN = "한글 목록.jsonl"
EXTENDED = f"; filename*=utf-8''{quote(KOREAN)}".encode()


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (FILE, "f.jsonl"),
        (f'; filename="{KOREAN}"'.encode(), KOREAN),
        (EXTENDED, KOREAN),
        (FILE + EXTENDED, KOREAN),
        (EXTENDED + FILE, KOREAN),
        (FILE + EXTENDED.replace(b"filename*=utf-8''", b"FileName* = UTF-8'ko'"), KOREAN),
        (FILE + b"; filename*=utf-8''..%2F%5Cg.jsonl", "g.jsonl"),
        (FILE + b"; filename*=utf-8''%", "f.jsonl"),
        (FILE + b"; filename*=utf-8''%ED%95", "f.jsonl"),
        (FILE + b"; filename*=utf-8''a%00b", "f.jsonl"),
        (FILE + b"; filename*=euc-kr''%C7%D1", "f.jsonl"),
        (FILE + b"; filename*=utf-8", "f.jsonl"),
        (FILE + b"; filename*", "f.jsonl"),
        (FILE + b"; filename*=\"utf-8''g.jsonl\"", "f.jsonl"),
        (b"; filename=\"f; filename*=utf-8''g.jsonl\"", "f; filename*=utf-8''g.jsonl"),
        (b"; filename*=utf-8''%ff", ""),
        (b'; filename="a%22b%22.jsonl"', 'a"b".jsonl'),
        (b'; filename="a%0D%0Ab%0a%2F%25.jsonl"', "ab%2F%25.jsonl"),
        (b'; filename="' + b'"' * 4000, '"' * 255),
        (b"; filename*=utf-8''" + b"%61" * 1300, "a" * 255),
        (b"; filename*=utf-8''" + b"%61" * 1500, None),
        (b'; filename="a\x00b.jsonl"', "ab.jsonl"),
        (b"; filename*=utf-8''%E7%A7%8B%E3%80%80a%C2%A0b.jsonl", "秋 a b.jsonl"),
    ],
)
async def test_names_of_files(
    fashion: Fashion, shop: str, installation: MemoryInstallation, sent: bytes, name: str | None
) -> None:
    body = await fashion("POST", shop, INDEX, maker=True, headers=FORM, content=part("file", ROW, sent) + END)
    assert body["header"]["resultCode"] == (INVALID[0] if name is None else 0)
    assert [run.filename for _, run, _, _ in installation.runs.runs] == ([] if name is None else [name])


async def test_a_text_with_any_name_is_a_file(fashion: Fashion, shop: str) -> None:
    for name in (FILE, EXTENDED, b"; filename*=utf-8''%"):
        content = part("link", LINK.encode(), name) + END
        assert code(await fashion("POST", shop, INDEX, maker=True, headers=FORM, content=content)) == INVALID


async def test_any_split_of_the_body_is_the_same_form(
    fashion: Fashion, shop: str, installation: MemoryInstallation
) -> None:
    dashed = ROW[:-2] + b',"name":"--B--B--"}\r\n--'
    content = b"\r\n" + part("file", dashed, b'; filename="C:\\\\dir\\\\f.jsonl"') + END + b"epilogue"

    async def bytewise() -> AsyncIterator[bytes]:
        for byte in content:
            yield bytes([byte])

    body = await fashion("POST", shop, INDEX, maker=True, headers=FORM, content=bytewise())
    assert body["header"]["resultCode"] == 0
    (_, run, rows, _) = installation.runs.runs[0]
    assert run.filename == "f.jsonl"
    assert [(r.line, r.product_id, bool(r.reason)) for r in rows] == [(1, "1", False), (2, "", True)]
