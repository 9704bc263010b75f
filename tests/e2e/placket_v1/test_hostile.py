"""Bytes that no honest client sends, over a real socket: the server answers or hangs up, and lives."""

import socket
import time

import httpx
import pytest

from tests.support.server import PlacketServer

MAKER = "/nhn-ai-fashion-maker/v1.0/appkeys/{key}/service/shop/index?format=jsonl"


def send(server: PlacketServer, raw: bytes, seconds: float = 10) -> bytes:
    """What comes back until the server is silent or gone."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        answer = b""
        try:
            connection.sendall(raw)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
    return answer


REQUESTS = [
    b"\x00\xff\x16\x03\x01 nonsense\r\n\r\n",
    b"GET /nhn-ai-fashion/v1.0/appkeys/\xc3\xa9/services HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /nhn-ai-fashion/v1.0/appkeys/x/services?\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET http://other.example/nhn-ai-fashion/v1.0/appkeys/x/services HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: \xff\xfe\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello",
    b"POST /placket/v1/services HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
    b"POST /placket/v1/services HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /docs/assets/..%2f..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-Junk: " + b"y" * 5_000_000 + b"\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
]


@pytest.mark.parametrize("raw", REQUESTS, ids=range(len(REQUESTS)))
def test_requests_that_are_none(server: PlacketServer, http: httpx.Client, raw: bytes) -> None:
    answer = send(server, raw, seconds=3)
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert b"Traceback" not in answer
    assert http.get("/healthz").status_code == 200


def head(key: str, length: int) -> bytes:
    return (
        f"POST {MAKER.format(key=key)} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()


def test_an_upload_broken_off_frees_its_place(server: PlacketServer, http: httpx.Client, key: str) -> None:
    http.post(f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(head(key, 1000) + b'--B\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc')
            time.sleep(0.2)
    deadline = time.monotonic() + 10
    number = -40080
    while number == -40080 and time.monotonic() < deadline:
        row = b'{"product_id":"1","status":"disable"}'
        number = http.post(MAKER.format(key=key), files={"file": row}).json()["header"]["resultCode"]
    assert number == 0


def test_a_declared_giant_is_refused_before_it_is_sent(server: PlacketServer, http: httpx.Client, key: str) -> None:
    http.post(f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head(key, 10**12))
        answer = b""
        # The head of an answer may come before its body.
        while not answer.endswith(b"}}") and (piece := connection.recv(65536)):
            answer += piece
    assert b'"resultCode":-40030' in answer
    assert time.monotonic() - began < 5


def test_many_slow_clients_do_not_stop_the_others(server: PlacketServer, http: httpx.Client, key: str) -> None:
    http.post(f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop")
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(100)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(head(key, 1000) if number % 2 else b"GET /healthz HTT")
        assert http.get("/readyz").status_code == 200
        services = http.get(f"/nhn-ai-fashion/v1.0/appkeys/{key}/services").json()
        assert services["data"]["totalCount"] == 1
    finally:
        for connection in slow:
            connection.close()


def test_the_log_has_no_keys(server: PlacketServer, http: httpx.Client, key: str) -> None:
    http.get(f"/nhn-ai-fashion/v1.0/appkeys/{key}/services")
    http.get("/placket/v1/services", headers={"Authorization": f"Bearer {key}"})
    time.sleep(0.2)
    assert key[3:11] in server.log
    assert key[11:] not in server.log
    assert server.admin_token not in server.log
