"""Every error code of the AI Fashion guide and its clarifications, provoked over a real socket.

Those that cannot occur are missing: ``/image?link=`` fetches nothing, so it has no image error, and -45070 is a code of
the calls beyond the guide.
"""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.e2e.fashion.client import FashionClient
from tests.support.server import ImageHost, PlacketServer, picture, plain, running_server

NewKey = Callable[..., dict[str, Any]]
ROW = b'{"product_id":"1","status":"disable"}\n'


def refusal(body: dict[str, Any], number: int, message: str) -> None:
    """The whole body of a failure: these fields, in these words, and a sentence."""
    detail = body["header"]["detail"]
    assert isinstance(detail, str) and detail
    assert body == {"header": {"isSuccessful": False, "resultCode": number, "resultMessage": message, "detail": detail}}


@pytest.fixture
def client(http: httpx.Client, key: str) -> FashionClient:
    return FashionClient(http, key)


@pytest.fixture
def shop(client: FashionClient) -> FashionClient:
    """With a service ``shop``."""
    client.data("POST", "service/shop")
    return client


EVERY_CALL = [
    ("POST", "service/shop", False),
    ("DELETE", "service/shop", False),
    ("GET", "services", False),
    ("GET", "services", True),
    ("GET", "service/shop/product/1?limit=1", False),
    ("GET", "service/shop/detect?path=http://127.0.0.1/", False),
    ("GET", "service/shop/image?limit=1&link=x", False),
    ("GET", "service/shop/tag?path=http://127.0.0.1/", False),
    ("POST", "service/shop/index?format=csv", True),
    ("GET", "service/shop/indexes?start=0&limit=1", True),
]


@pytest.mark.parametrize(("method", "rest", "maker"), EVERY_CALL)
def test_41000_and_40000_of_every_call(http: httpx.Client, key: str, method: str, rest: str, maker: bool) -> None:
    stranger = FashionClient(http, key[:-1] + ("a" if key[-1] != "a" else "b"))
    refusal(stranger.call(method, rest, maker=maker), -41000, "UnauthorizedAppKey")
    wrong = rest + ("&" if "?" in rest else "?") + "x=%ff"
    refusal(FashionClient(http, key).call(method, wrong, maker=maker), -40000, "InvalidParam")


def test_41000_of_a_revoked_key(http: httpx.Client, admin: httpx.Client, new_key: NewKey) -> None:
    made = new_key()
    client = FashionClient(http, made["key"])
    client.data("GET", "services")
    assert admin.delete(f"/keys/{made['id']}").status_code == 204
    refusal(client.call("GET", "services"), -41000, "UnauthorizedAppKey")


def test_40400(http: httpx.Client, key: str) -> None:
    client = FashionClient(http, key)
    refusal(client.call("GET", "service"), -40400, "NoApiFound")
    refusal(client.call("PUT", "services"), -40400, "NoApiFound")
    refusal(client.call("GET", "services/", maker=True), -40400, "NoApiFound")


def test_42000_of_every_call_on_a_service(client: FashionClient, host: ImageHost) -> None:
    url = host.put("/a.png", picture())
    client.data("POST", "service/shop")
    link = client.data("GET", f"service/shop/detect?path={url}")["items"][0]["link"]
    client.data("DELETE", "service/shop")
    for method, rest, maker, options in [
        ("DELETE", "service/shop", False, {}),
        ("GET", "service/shop/product/1?limit=1", False, {}),
        ("GET", f"service/shop/detect?path={url}", False, {}),
        ("GET", f"service/shop/image?limit=1&link={link}", False, {}),
        ("GET", f"service/shop/tag?path={url}", False, {}),
        ("POST", "service/shop/index?format=jsonl", True, {"files": {"file": ROW}}),
        ("GET", "service/shop/indexes?start=0&limit=1", True, {}),
    ]:
        refusal(client.call(method, rest, maker=maker, **options), -42000, "NotExistService")


def test_42010_and_42030(client: FashionClient) -> None:
    for number in range(5):
        client.data("POST", f"service/shop{number}")
    refusal(client.call("POST", "service/shop4"), -42010, "DuplicateServiceName")
    refusal(client.call("POST", "service/shop5"), -42030, "ServiceQuotaExceededException")


@pytest.mark.parametrize(
    ("file", "number", "message"),
    [
        (b"", -40020, "NoDataError"),
        (b"\xff\n", -40010, "InvalidFileError"),
        (b"\n" + ROW, -40010, "InvalidFileError"),
        (b'{"product_id":"1","status":"enable"}', -40010, "InvalidFileError"),
        (ROW * 10_001, -40030, "ExceedDataSizeError"),
        (ROW + b" " * (5_000_001 - len(ROW)), -40030, "ExceedDataSizeError"),
        (bytes(40_000_000), -40030, "ExceedDataSizeError"),
    ],
)
def test_files(shop: FashionClient, file: bytes, number: int, message: str) -> None:
    body = shop.call("POST", "service/shop/index?format=jsonl", maker=True, files={"file": file})
    refusal(body, number, message)


def test_files_at_the_edge(shop: FashionClient) -> None:
    row = ROW.rstrip()
    for file in (ROW * 10_000, row[:-1] + b" " * (5_000_000 - len(row)) + b"}"):
        assert shop.index("shop", "jsonl", file=file)


def test_index_files_by_link(shop: FashionClient, host: ImageHost) -> None:
    def of_length(length: int) -> bytes:
        row = ROW.rstrip()
        return row[:-1] + b" " * (length - len(row)) + b"}"

    for path, page, number, message in [
        ("/none", None, -40010, "InvalidFileError"),
        ("/empty", b"", -40020, "NoDataError"),
        ("/large", of_length(20_000_001), -40030, "ExceedDataSizeError"),
    ]:
        link = host.url(path) if page is None else host.put(path, page)
        body = shop.call("POST", "service/shop/index?format=jsonl", maker=True, files={"link": (None, link)})
        refusal(body, number, message)
    assert shop.index("shop", "jsonl", link=(None, host.put("/edge", of_length(20_000_000))))
    for link in ("http://10.0.0.1/f", host.url("/edge").replace("127.0.0.1", "u:p@127.0.0.1"), "ftp://x/"):
        body = shop.call("POST", "service/shop/index?format=jsonl", maker=True, files={"link": (None, link)})
        refusal(body, -40010, "InvalidFileError")


def test_40000_without_a_file_or_a_link(shop: FashionClient) -> None:
    for options in ({}, {"files": {"other": b"x"}}, {"json": {"link": "http://x/"}}, {"data": {"link": "http://x/"}}):
        body = shop.call("POST", "service/shop/index?format=csv", maker=True, **options)
        refusal(body, -40000, "InvalidParam")


def test_40040(shop: FashionClient) -> None:
    for _ in range(24):
        shop.index("shop", "jsonl", file=ROW)
    body = shop.call("POST", "service/shop/index?format=jsonl", maker=True, files={"file": ROW})
    refusal(body, -40040, "IndexQuotaExceededException")
    (service,) = shop.data("GET", "services", maker=True)["items"]
    assert service["remainInsertCnt"] == 0


def test_40050(shop: FashionClient) -> None:
    refusal(shop.call("GET", "service/shop/product/1?limit=1"), -40050, "NotFoundProductId")


def test_40080_of_two_requests_at_once(server: PlacketServer, shop: FashionClient) -> None:
    form = b'--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + ROW + b"\r\n--B--\r\n"
    head = (
        f"POST /nhn-ai-fashion-maker/v1.0/appkeys/{shop.key}/service/shop/index?format=jsonl HTTP/1.1\r\n"
        f"Host: placket\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: {len(form)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    for pause in (0.2, 1, 3):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
            slow.sendall(head + form[:20])
            # Until the server has begun with the first request, the second may come before it.
            time.sleep(pause)
            body = shop.call("POST", "service/shop/index?format=jsonl", maker=True, files={"file": ROW})
            if body["header"]["resultCode"] == 0:
                continue
            refusal(body, -40080, "TooManyRequestError")
            slow.sendall(form[20:])
            assert b'"resultCode":0' in b"".join(iter(lambda: slow.recv(65536), b""))
            break
    else:
        pytest.fail("the second request always came before the first")
    assert shop.index("shop", "jsonl", file=ROW)


def test_40080_of_a_key_over_its_rate(http: httpx.Client, new_key: NewKey) -> None:
    client = FashionClient(http, new_key(ratePerSecond=0.1)["key"])
    client.data("GET", "services")
    refusal(client.call("GET", "services"), -40080, "TooManyRequestError")


def encoded(format: str, size: tuple[int, int] = (64, 64)) -> bytes:
    buffer = BytesIO()
    Image.new("1", size).save(buffer, format)
    return buffer.getvalue()


def slowly(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    try:
        for _ in range(40):
            time.sleep(0.1)
            request.wfile.write(b"x")
            request.wfile.flush()
    except OSError:
        pass


PICTURES = [
    ("/large", lambda limit: picture(total_bytes=limit + 1), -45020, "ImageTooLargeException"),
    ("/pixels", lambda _: encoded("PNG", (7072, 7072)), -45020, "ImageTooLargeException"),
    ("/page.jpg", lambda _: b"<html>" * 100, -45040, "InvalidImageFormatException"),
    ("/cut.png", lambda _: picture()[:150], -45040, "InvalidImageFormatException"),
    ("/empty", lambda _: b"", -45040, "InvalidImageFormatException"),
    ("/a.bmp", lambda _: encoded("BMP"), -45040, "InvalidImageFormatException"),
    ("/a.webp", lambda _: encoded("WEBP"), -45040, "InvalidImageFormatException"),
    ("/missing", lambda _: None, -45050, "InvalidImageURLException"),
    ("/slow", lambda _: slowly, -45060, "ImageTimeoutError"),
]


def test_only_an_image_that_takes_more_than_3_seconds_to_download_is_a_failure_however_many_are_asked_for_at_once(
    shop: FashionClient, host: ImageHost
) -> None:
    page = picture()

    def in_a_second(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.9)
        request.send_response(200)
        request.send_header("Content-Length", str(len(page)))
        request.end_headers()
        request.wfile.write(page)

    url = host.put("/in-a-second", in_a_second)
    with ThreadPoolExecutor(40) as at_once:
        for answer in at_once.map(lambda n: shop.data("GET", f"service/shop/detect?path={url}?{n}"), range(40)):
            assert answer["totalCount"]


@pytest.mark.parametrize(("call", "limit"), [("detect", 5_000_000), ("tag", 1_000_000)])
@pytest.mark.parametrize(("path", "page", "number", "message"), PICTURES)
def test_pictures(
    shop: FashionClient, host: ImageHost, call: str, limit: int, path: str, page: Any, number: int, message: str
) -> None:
    content = page(limit)
    url = host.url(path) if content is None else host.put(path, content)
    began = time.monotonic()
    refusal(shop.call("GET", f"service/shop/{call}?path={url}"), number, message)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("call", "limit"), [("detect", 5_000_000), ("tag", 1_000_000)])
def test_pictures_at_the_edge(shop: FashionClient, host: ImageHost, call: str, limit: int) -> None:
    for page in (picture(total_bytes=limit), picture(format="JPEG"), picture(format="GIF")):
        url = host.put("/edge", page)
        assert shop.data("GET", f"service/shop/{call}?path={url}")["totalCount"] == 1


@pytest.mark.parametrize("call", ["detect", "tag"])
def test_45050_and_40000_of_addresses(shop: FashionClient, host: ImageHost, call: str) -> None:
    local = host.url("/a.png")
    for url in (
        "http://10.0.0.1/a.png",
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9999/a.png",
        "http://127.0.0.1:12001/a.png",
        local.replace("127.0.0.1", "user:secret@127.0.0.1"),
        "http://no-such-host.invalid/a.png",
    ):
        refusal(shop.call("GET", f"service/shop/{call}?path={url}"), -45050, "InvalidImageURLException")
    for url in ("ftp://127.0.0.1/a", "file:///etc/passwd", "a.png", "http://", "http://[/"):
        refusal(shop.call("GET", f"service/shop/{call}", params={"path": url}), -40000, "InvalidParam")


def test_40000_of_links(http: httpx.Client, shop: FashionClient, host: ImageHost, new_key: NewKey) -> None:
    link = shop.data("GET", f"service/shop/detect?path={host.put('/a.png', picture())}")["items"][0]["link"]
    assert shop.data("GET", "service/shop/image", params={"limit": 1, "link": link})["totalCount"] == 0
    other = FashionClient(http, new_key()["key"])
    other.data("POST", "service/shop")
    for client, forged in [(shop, "x"), (shop, link[:-2]), (shop, "B" + link[1:]), (other, link)]:
        body = client.call("GET", "service/shop/image", params={"limit": 1, "link": forged})
        refusal(body, -40000, "InvalidParam")


def test_45070_beyond_the_guide(http: httpx.Client, shop: FashionClient) -> None:
    headers = {"Authorization": f"Bearer {shop.key}"}
    answer = http.post("/placket/v1/services/shop/search", headers=headers, files={"image": plain()})
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body == {
        "type": "about:blank",
        "title": "NoDetectedFashionItems",
        "status": 422,
        "detail": body["detail"],
        "code": -45070,
        "requestId": answer.headers["x-request-id"],
    }


@pytest.fixture(scope="module")
def blind() -> Iterator[PlacketServer]:
    """A server that is told to use a bundle that is not there."""
    with running_server(bundle=False) as started:
        yield started


def test_50000_without_a_bundle(blind: PlacketServer) -> None:
    headers = {"Authorization": f"Bearer {blind.admin_token}"}
    with httpx.Client(base_url=blind.url, trust_env=False, timeout=30) as http:
        key = http.post("/placket/v1/admin/keys", headers=headers, json={"name": "shop"}).json()["key"]
        client = FashionClient(http, key)
        refusal(client.call("POST", "service/shop"), -50000, "InternalServerError")
        assert client.data("GET", "services") == {"totalCount": 0, "items": []}
        ready = http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert http.get("/healthz").status_code == 200
