"""What the AI Fashion API refuses, with which code, and in which order it looks."""

import httpx
import pytest

from placket.domain.errors import FetchBusy, FetchTimeout, StorageUnavailable, UrlRefused, VisionUnavailable
from placket.services.links import LinkSigner
from tests.contract.api.conftest import Fashion
from tests.support.memory import SECRET, MemoryInstallation
from tests.support.memory_vision import BUNDLE, garment

PHOTO = "http://shop.example/a.png"
LINK = LinkSigner(SECRET).make(1, BUNDLE, "00" * 32, garment().embedding).replace("=", "%3D")


def code(body: dict) -> tuple[int, str]:  # type: ignore[type-arg]
    header = body["header"]
    assert header["isSuccessful"] is False
    assert header["detail"]
    assert set(body) == {"header"}
    assert set(header) == {"isSuccessful", "resultCode", "resultMessage", "detail"}
    return header["resultCode"], header["resultMessage"]


INVALID = (-40000, "InvalidParam")


@pytest.mark.parametrize(
    "name", ["a", "A-shop", "1shop", "-shop", "_shop", "shop!", "sh%20op", "x" * 33, "caf%C3%A9", "shop%0A", "s%00p"]
)
async def test_bad_service_names(fashion: Fashion, key: str, name: str) -> None:
    assert code(await fashion("POST", key, f"service/{name}")) == INVALID


@pytest.mark.parametrize("name", ["ab", "a" + "x" * 31, "a-_9"])
async def test_service_names_at_the_edge(fashion: Fashion, key: str, name: str) -> None:
    assert (await fashion("POST", key, f"service/{name}"))["header"]["resultCode"] == 0


async def test_a_duplicate_goes_before_the_quota(fashion: Fashion, key: str) -> None:
    for n in range(5):
        await fashion("POST", key, f"service/shop{n}")
    assert code(await fashion("POST", key, "service/shop0")) == (-42010, "DuplicateServiceName")
    assert code(await fashion("POST", key, "service/shop5")) == (-42030, "ServiceQuotaExceededException")


@pytest.mark.parametrize(
    "limit", ["", "0", "201", "-1", "+5", "%2B5", "%205", "5%20", "5.0", "1e2", "１", "0x5", "9" * 40]
)
async def test_bad_limits(fashion: Fashion, shop: str, limit: str) -> None:
    assert code(await fashion("GET", shop, f"service/shop/product/x?limit={limit}")) == INVALID


@pytest.mark.parametrize("limit", ["1", "200"])
async def test_limits_at_the_edge(fashion: Fashion, shop: str, limit: str) -> None:
    body = await fashion("GET", shop, f"service/shop/product/x?limit={limit}")
    assert code(body) == (-40050, "NotFoundProductId")


@pytest.mark.parametrize(
    "threshold", ["", "0", "0.0", "1.0000001", "-0.5", "nan", "inf", "1e400", "1e-400", "0,5", "0.5 "]
)
async def test_bad_thresholds(fashion: Fashion, shop: str, threshold: str) -> None:
    assert code(await fashion("GET", shop, f"service/shop/product/x?limit=5&threshold={threshold}")) == INVALID


@pytest.mark.parametrize(
    "query",
    [
        "",
        "limit=1&limit=1",
        "limit=1&threshold=0.5&threshold=0.5",
        "limit=1&filter.category4_id=1",
        "limit=1&filter.=1",
        "limit=1&filter.s1=contains:1",
        "limit=1&filter.s1=between:1,2",
        "limit=1&filter.s1=a:b",
        "limit=1&x=%zz",
        "limit=1&x=%",
        "limit=1&filter.s1=%ff",
        "limit=1&%ff=1",
        "limit=1&filter.s1=a%00b",
    ],
)
async def test_bad_queries(fashion: Fashion, shop: str, query: str) -> None:
    assert code(await fashion("GET", shop, f"service/shop/product/x?{query}")) == INVALID


@pytest.mark.parametrize(
    "query", ["limit=1&unknown=1&unknown=2", "limit=1&&", "limit=1&filter.s1=&filter.s1=!equal:a:b"]
)
async def test_odd_queries_that_are_fine(fashion: Fashion, shop: str, query: str) -> None:
    assert code(await fashion("GET", shop, f"service/shop/product/x?{query}"))[0] == -40050


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nhn-ai-fashion/v1.0/appkeys/KEY/services/"),
        ("GET", "/nhn-ai-fashion/v1.0/appkeys/KEY/service/shop"),
        ("GET", "/nhn-ai-fashion/v1.0/appkeys/KEY/service//detect"),
        ("GET", "/nhn-ai-fashion/v1.0/appkeys/KEY/service/shop/indexes"),
        ("POST", "/nhn-ai-fashion/v1.0/appkeys/KEY/service/shop/index"),
        ("POST", "/nhn-ai-fashion-maker/v1.0/appkeys/KEY/service/shop"),
        ("GET", "/nhn-ai-fashion-maker/v1.0/appkeys/KEY/service/shop/detect"),
        ("GET", "/nhn-ai-fashion/v1.1/appkeys/KEY/services"),
        ("GET", "/nhn-ai-fashion/v1.0/appkeys/KEY/service/shop/product/a/b"),
        ("POST", "/nhn-ai-fashion/v1.0/appkeys/KEY/services"),
        ("PUT", "/nhn-ai-fashion/v1.0/appkeys/KEY/services"),
        ("HEAD", "/nhn-ai-fashion/v1.0/appkeys/KEY/services"),
        ("OPTIONS", "/nhn-ai-fashion/v1.0/appkeys/KEY/services"),
        ("GET", "/nhn-ai-fashion"),
        ("GET", "/nhn-ai-fashion-other/x"),
        ("GET", "/%6ehn-ai-fashion/v1.0/appkeys/KEY/services"),
        ("BREW", "/nhn-ai-fashion/v1.0/appkeys/KEY/services"),
    ],
)
async def test_unknown_calls(http: httpx.AsyncClient, shop: str, method: str, path: str) -> None:
    answer = await http.request(method, path.replace("KEY", shop))
    assert answer.status_code == 200
    if method != "HEAD":
        assert code(answer.json()) == (-40400, "NoApiFound")


@pytest.mark.parametrize("bad", ["x", "%zz", "%ff", "plk" + "a" * 40, "%00", "KEY%20", "x" * 5000])
async def test_bad_keys(fashion: Fashion, shop: str, bad: str) -> None:
    for method, rest in (("GET", "services"), ("POST", "service/%zz"), ("GET", "service/nope/detect")):
        assert code(await fashion(method, bad.replace("KEY", shop), rest)) == (-41000, "UnauthorizedAppKey")


async def test_a_revoked_key(fashion: Fashion, shop: str, installation: MemoryInstallation) -> None:
    await installation.parts.keys.revoke(next(iter(installation.keys.keys)))
    assert code(await fashion("GET", shop, "services")) == (-41000, "UnauthorizedAppKey")


async def test_a_key_over_its_rate(fashion: Fashion, installation: MemoryInstallation) -> None:
    key = await installation.new_key("slow", rate=1.0)
    assert (await fashion("GET", key, "services"))["header"]["resultCode"] == 0
    assert code(await fashion("GET", key, "services")) == (-40080, "TooManyRequestError")


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("service/no/product/x?limit=0", -40000),
        ("service/no/product/x?limit=1", -42000),
        ("service/no/image?limit=1&link=forged", -40000),
        ("service/shop/product/%zz?limit=1", -40000),
        ("service/shop/product/x?limit=1", -40050),
        ("service/no/detect?path=ftp://x/y", -40000),
        ("service/no/detect?path=x", -40000),
        ("service/no/detect?path=http://shop.example:22/", -42000),
        ("service/shop/detect?path=http://shop.example:22/", -45050),
        ("service/no/tag?path=http://shop.example/&lang=fr", -40000),
        ("service/no/tag?path=http://shop.example/&item_limit=5", -40000),
        ("service/no/tag?path=http://shop.example/&item_limit=0", -40000),
        ("service/no/tag?path=http://shop.example/&lang=", -40000),
        ("service/no/tag?path=http://shop.example/", -42000),
        ("service/shop/tag?path=", -40000),
        ("service/shop/image?limit=1", -40000),
        ("service/shop/image?limit=1&link=", -40000),
        ("service/shop/image?link=x", -40000),
    ],
)
async def test_the_order_of_checks(fashion: Fashion, shop: str, rest: str, expected: int) -> None:
    assert code(await fashion("GET", shop, rest))[0] == expected


async def test_nothing_is_fetched_for_a_service_that_is_not_there(
    fashion: Fashion, shop: str, installation: MemoryInstallation
) -> None:
    await fashion("GET", shop, f"service/no/detect?path={PHOTO}")
    assert installation.web.asked == []


@pytest.mark.parametrize("call", ["detect", "tag"])
@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"PIC1" + bytes(5_000_000), (-45020, "ImageTooLargeException")),
        (b"<html>", (-45040, "InvalidImageFormatException")),
        (UrlRefused("private"), (-45050, "InvalidImageURLException")),
        (None, (-45050, "InvalidImageURLException")),
        (FetchTimeout("3 s"), (-45060, "ImageTimeoutError")),
        (VisionUnavailable("/secret/bundle.json cannot be read"), (-50000, "InternalServerError")),
        (StorageUnavailable("no database"), (-50000, "InternalServerError")),
        (ZeroDivisionError("secret"), (-50000, "InternalServerError")),
    ],
)
async def test_pictures(
    fashion: Fashion, shop: str, installation: MemoryInstallation, call: str, page: bytes | Exception | None,
    expected: tuple[int, str],
) -> None:  # fmt: skip
    if page is not None:
        installation.web.pages[PHOTO] = page
    body = await fashion("GET", shop, f"service/shop/{call}?path={PHOTO}")
    assert code(body) == expected
    assert "secret" not in body["header"]["detail"]


@pytest.mark.parametrize("call", ["detect", "tag"])
async def test_only_an_image_that_takes_more_than_3_seconds_is_a_timeout_not_one_that_waits_for_its_turn(
    fashion: Fashion, shop: str, installation: MemoryInstallation, call: str
) -> None:
    installation.web.pages[PHOTO] = FetchBusy("too many downloads")
    body = await fashion("GET", shop, f"service/shop/{call}?path={PHOTO}")
    assert code(body) == (-40080, "TooManyRequestError")


async def test_the_tag_call_takes_a_million_bytes(
    fashion: Fashion, shop: str, installation: MemoryInstallation
) -> None:
    installation.web.pages[PHOTO] = b"PIC1" + bytes(1_000_000 - 4)
    assert (await fashion("GET", shop, f"service/shop/tag?path={PHOTO}"))["header"]["resultCode"] == 0
    installation.web.pages[PHOTO] += b"x"  # type: ignore[operator]
    assert code(await fashion("GET", shop, f"service/shop/tag?path={PHOTO}"))[0] == -45020
    assert (await fashion("GET", shop, f"service/shop/detect?path={PHOTO}"))["header"]["resultCode"] == 0


@pytest.mark.parametrize(
    ("method", "rest", "maker"),
    [
        ("POST", "service/shop", False),
        ("DELETE", "service/shop", False),
        ("GET", "services", False),
        ("GET", "services", True),
        ("GET", "service/shop/product/x?limit=1", False),
        ("GET", f"service/shop/detect?path={PHOTO}", False),
        ("GET", f"service/shop/tag?path={PHOTO}", False),
        ("GET", f"service/shop/image?limit=1&link={LINK}", False),
        ("POST", "service/shop/index?format=csv", True),
        ("GET", "service/shop/indexes?start=0&limit=1", True),
    ],
)
@pytest.mark.parametrize("store", ["keys", "services"])
async def test_no_database(
    fashion: Fashion, shop: str, installation: MemoryInstallation, monkeypatch: pytest.MonkeyPatch,
    method: str, rest: str, maker: bool, store: str,
) -> None:  # fmt: skip
    async def gone(*_: object) -> None:
        raise StorageUnavailable("the database does not answer")

    for name in ("find", "create", "delete", "list", "get"):
        monkeypatch.setattr(getattr(installation, store), name, gone, raising=False)
    monkeypatch.setattr(installation.parts.keys, "_known", {} if store == "keys" else installation.parts.keys._known)
    assert code(await fashion(method, shop, rest, maker=maker)) == (-50000, "InternalServerError")


async def test_links_that_are_no_good(fashion: Fashion, shop: str) -> None:
    signer = LinkSigner(SECRET)
    good = signer.make(1, BUNDLE, "00" * 32, garment().embedding)
    links = {
        "x": "base64",
        good[:-8] + "AAAAAAA=": "damaged",
        good[:40]: "damaged",
        LinkSigner(b"other" * 8).make(1, BUNDLE, "00" * 32, garment().embedding): "not made here",
        signer.make(2, BUNDLE, "00" * 32, garment().embedding): "another project",
        signer.make(1, "v0", "00" * 32, garment().embedding): "bundle v0",
    }
    for link, word in links.items():
        body = await fashion("GET", shop, f"service/shop/image?limit=1&link={link.replace('=', '%3D')}")
        assert code(body) == INVALID
        assert word in body["header"]["detail"]
    assert (await fashion("GET", shop, f"service/shop/image?limit=1&link={good}"))["header"]["resultCode"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "limit=1",
        "start=0",
        "start=-1&limit=1",
        "start=0&limit=0",
        "start=0&limit=101",
        "start=901&limit=100",
        "start=1000&limit=1",
        "start=0&limit=1&order=addCnt",
        "start=0&limit=1&order=addCnt:up",
        "start=0&limit=1&order=name:asc",
        "start=0&limit=1&order=addCnt:asc,failCnt:asc",
        "start=0&limit=1&order=addCnt:asc&order=failCnt:asc",
        "start=0&limit=1&status=Running",
        "start=0&limit=1&status=",
        "start=0&limit=1&status=running,failed",
    ],
)
async def test_bad_lists(fashion: Fashion, shop: str, query: str) -> None:
    assert code(await fashion("GET", shop, f"service/no/indexes?{query}", maker=True)) == INVALID


@pytest.mark.parametrize(
    "query",
    ["start=900&limit=100", "start=999&limit=1", "start=0&limit=100&status=running&order=startTime:desc"]
    + [f"start=0&limit=1&order={name}Time:asc" for name in ("requested", "reserved", "start", "finish")]
    + [f"start=0&limit=1&order={name}Cnt:desc" for name in ("add", "fail", "delete", "update", "total")],
)
async def test_lists_at_the_edge(fashion: Fashion, shop: str, query: str) -> None:
    body = await fashion("GET", shop, f"service/shop/indexes?{query}", maker=True)
    assert body["data"] == {"total": 0, "items": []}
    assert code(await fashion("GET", shop, f"service/no/indexes?{query}", maker=True))[0] == -42000


async def test_the_last_start_that_is_documented_is_taken_and_no_later_one(
    fashion: Fashion, http: httpx.AsyncClient, shop: str
) -> None:
    described = (await http.get("/openapi.json")).json()["paths"]
    path = "/nhn-ai-fashion-maker/v1.0/appkeys/{appKey}/service/{serviceID}/indexes"
    (start,) = (p["schema"] for p in described[path]["get"]["parameters"] if p["name"] == "start")
    taken = await fashion("GET", shop, f"service/shop/indexes?start={start['maximum']}&limit=1", maker=True)
    assert taken["data"] == {"total": 0, "items": []}
    later = await fashion("GET", shop, f"service/shop/indexes?start={start['maximum'] + 1}&limit=1", maker=True)
    assert code(later) == INVALID
