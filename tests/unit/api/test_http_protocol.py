"""A request's head is bounded in size and time, its body in time; what is within the bounds passes untouched."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from placket.api.http_protocol import MOST_HEAD_BYTES, BoundedHttpProtocol
from tests.support.sockets import listening

BODY = b"x" * 300_000


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    if scope["path"] == "/later":
        await asyncio.sleep(1.5)
    while scope["path"] != "/refused":
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = told(scope, body) if scope["path"].startswith("/told") else b"%d" % len(body)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


def told(scope: Any, body: bytes) -> bytes:
    """What came, in a line."""
    marks = [value for name, value in scope["headers"] if name == b"x-mark"]
    came = [scope["method"], scope["path"], scope["raw_path"], scope["query_string"], body, *marks]
    return json.dumps([part.decode("latin-1") if isinstance(part, bytes) else part for part in came]).encode() + b"\n"


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr("placket.api.http_protocol.HEAD_SECONDS", 0.4)
    async with listening(echo, timeout_keep_alive=5) as port:
        yield port


async def exchange(port: int, *pieces: bytes, pause: float = 0) -> bytes:
    """What comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def post(extra: bytes = b"", last: bool = True) -> bytes:
    close = b"Connection: close\r\n" if last else b""
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s%s\r\n" % (len(BODY), close, extra) + BODY


async def test_a_large_body_is_no_large_head(port: int) -> None:
    assert (await exchange(port, post())).endswith(b"\r\n\r\n300000")


async def test_a_slow_body_is_no_slow_head(port: int) -> None:
    whole = post()
    answer = await exchange(port, whole[:200_000], whole[200_000:], pause=0.6)
    assert answer.endswith(b"300000")


async def test_several_requests_on_one_connection(port: int) -> None:
    answer = await exchange(port, post(last=False), post(last=False) + post(), pause=0.05)
    assert answer.count(b"300000") == 3


async def test_a_head_within_the_limit(port: int) -> None:
    answer = await exchange(port, post(b"X: " + b"y" * (MOST_HEAD_BYTES - 1000) + b"\r\n"))
    assert answer.endswith(b"300000")


async def test_an_endless_head(port: int) -> None:
    for start in (b"GET /", b"GET / HTTP/1.1\r\nX: "):
        answer = await exchange(port, start, *[b"y" * 100_000] * 50)
        assert answer[:12] in (b"HTTP/1.1 431", b"")


CHUNKED = b"POST /told HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"


async def test_trailers_are_no_headers(port: int) -> None:
    trailers = b"X-Mark: late\r\nAuthorization: Bearer late\r\n"
    sent = CHUNKED + b"X-Mark: first\r\nConnection: close\r\n\r\n2\r\nhi\r\n0\r\n" + trailers + b"\r\n"
    for at in (len(sent), sent.index(b"X-Mark: late")):
        answer = await exchange(port, sent[:at], sent[at:], pause=0.05)
        assert json.loads(answer.partition(b"\r\n\r\n")[2])[4:] == ["hi", "first"]


@pytest.mark.parametrize("trailer", [b"X: y\r\n", b"y"], ids=["many", "one"])
async def test_trailers_without_an_end(port: int, trailer: bytes) -> None:
    endless = [trailer * (60_000 // len(trailer))] * 20
    for path in (b"/told", b"/refused"):
        began = CHUNKED.replace(b"/told", path) + b"\r\n2\r\nhi\r\n0\r\nX: "
        answer = await exchange(port, began, *endless, pause=0.01)
        assert b" 200 " not in answer or path == b"/refused"


async def test_small_chunks_are_no_trailers(port: int) -> None:
    head = CHUNKED + b"Connection: close\r\n\r\n"
    answer = await exchange(port, head, *[b"1\r\nx\r\n" * 20_000] * 3, b"0\r\n\r\n")
    assert len(json.loads(answer.partition(b"\r\n\r\n")[2])[4]) == 60_000


async def test_a_head_that_never_ends_is_hung_up_on(port: int) -> None:
    for pieces in ((), (b"GET / HT",), (b"GET / HTTP/1.1\r\n", b"Host: x\r\n")):
        assert await exchange(port, *pieces, pause=0.1) == b""
    answer = await exchange(port, post(last=False), b"GET /", pause=0.05)
    assert answer.endswith(b"300000")


async def hung_up_after(port: int, *pieces: bytes, pause: float) -> float:
    began = time.monotonic()
    assert await exchange(port, *pieces, pause=pause) == b""
    return time.monotonic() - began


async def test_a_body_that_never_ends_is_hung_up_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.http_protocol.BODY_IDLE_SECONDS", 0.5)
    monkeypatch.setattr("placket.api.http_protocol.BODY_SECONDS", 1.0)
    whole = post()
    assert 0.4 < await hung_up_after(port, whole[:1000], pause=0) < 5
    # Never silent for long, and yet without an end.
    assert 0.9 < await hung_up_after(port, whole[:1000], *[b"x"] * 20, pause=0.1) < 5
    answer = await exchange(port, whole[:1000], whole[1000:200_000], whole[200_000:], pause=0.3)
    assert answer.endswith(b"300000")


async def test_a_body_waits_for_a_busy_server(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.http_protocol.BODY_IDLE_SECONDS", 0.3)
    monkeypatch.setattr("placket.api.http_protocol.BODY_SECONDS", 0.6)
    answer = await exchange(port, post().replace(b"POST / ", b"POST /later "))
    assert answer.endswith(b"300000")


LARGE = b"z" * 20_000_000


async def large(scope: Any, receive: Any, send: Any) -> None:
    """In one piece, which the server takes at once, or in two, of which the second waits until the first is read."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/two":
        await send({"type": "http.response.body", "body": LARGE, "more_body": True})
    await send({"type": "http.response.body", "body": LARGE})


@pytest.mark.parametrize("path", [b"/one", b"/two"])
async def test_who_never_reads_an_answer_is_hung_up_on(path: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.http_protocol.ANSWER_IDLE_SECONDS", 0.3)
    async with listening(large, timeout_keep_alive=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        writer.write(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        await asyncio.sleep(1.5)
        # What the system has taken of it may still come.
        came = 0
        while data := await asyncio.wait_for(reader.read(1 << 20), 5):
            came += len(data)
        assert came < len(LARGE)
        writer.close()


async def test_who_reads_an_answer_slowly_gets_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.api.http_protocol.ANSWER_IDLE_SECONDS", 0.4)
    async with listening(large, timeout_keep_alive=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /two HTTP/1.1\r\nHost: x\r\n\r\n")
        came, began = 0, time.monotonic()
        while data := await reader.read(1 << 20):
            came += len(data)
            await asyncio.sleep(0.02)
        assert came > 2 * len(LARGE)
        assert time.monotonic() - began > 0.8
        writer.close()


WORD = "한글".encode()
ESCAPED = "%ED%95%9C%EA%B8%80"
HOSTILE_BODY = b"\n\r\n0\r\n\r\nGET /\xff HTTP/1.1\r\n\r\n" + WORD


def stream() -> tuple[bytes, list[list[str]]]:
    """Requests on one connection, one after another without a wait, and what is told of them."""
    mark = b"Host: x\r\nX-Mark: " + WORD + b"\r\n"
    word, body = WORD.decode("latin-1"), HOSTILE_BODY.decode("latin-1")
    chunks = b"%x\r\n%s\r\n3\r\n\n\r\n\r\n0\r\n\r\n" % (len(HOSTILE_BODY), HOSTILE_BODY)
    requests = [
        b"GET /told/" + WORD + b"?q=" + WORD + b"&\xff HTTP/1.1\r\n" + mark + b"\r\n",
        b"\r\nPOST /told?" + WORD + b" HTTP/1.1\r\n" + mark + b"Content-Length: %d\r\n\r\n" % len(HOSTILE_BODY),
        HOSTILE_BODY,
        b"PUT /told?" + WORD + b" HTTP/1.1\r\n" + mark + b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
        b"DELETE /told?" + WORD + b"%ED HTTP/1.1\r\n" + mark + b"Connection: close\r\n\r\n",
    ]
    told = [
        ["GET", "/told/한글", f"/told/{ESCAPED}", f"q={ESCAPED}&%FF", "", word],
        ["POST", "/told", "/told", ESCAPED, body, word],
        ["PUT", "/told", "/told", ESCAPED, body + "\n\r\n", word],
        ["DELETE", "/told", "/told", f"{ESCAPED}%ED", "", word],
    ]
    return b"".join(requests), told


@pytest.fixture
def patient(port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The port of a server that waits for a head as long as it takes here."""
    monkeypatch.setattr("placket.api.http_protocol.HEAD_SECONDS", 20.0)
    return port


def lines_of(answer: bytes) -> list[list[str]]:
    return [json.loads(line) for line in re.findall(rb"\r\n\r\n(\[.*\])\n", answer)]


async def test_a_target_beyond_ascii_split_anywhere(patient: int) -> None:
    sent, expected = stream()
    for first in range(0, len(sent), 50):
        splits = range(first, min(first + 50, len(sent)))
        answers = await asyncio.gather(*(exchange(patient, sent[:at], sent[at:], pause=0.01) for at in splits))
        for at, answer in zip(splits, answers, strict=True):
            assert lines_of(answer) == expected, (at, answer)


async def test_a_target_beyond_ascii_byte_by_byte(patient: int) -> None:
    sent, expected = stream()
    answer = await exchange(patient, *(bytes([byte]) for byte in sent), pause=0.0005)
    assert lines_of(answer) == expected


async def test_a_target_beyond_ascii_after_an_answer(patient: int) -> None:
    """A connection that is kept, and requests that each wait for the answer before."""
    request = b"GET /told?" + WORD + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answer = await exchange(patient, request, request, last, pause=0.05)
    assert [line[3] for line in lines_of(answer)] == [ESCAPED] * 3


async def test_only_the_target_may_be_beyond_ascii(port: int) -> None:
    for raw in (b"G\xc3\x89T / HTTP/1.1", b"GET / HTTP/1.\xff", b"\xff / HTTP/1.1"):
        assert (await exchange(port, raw + b"\r\nHost: x\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


UPGRADE = b"Connection: Upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: AAEA\r\nUpgrade: h2c\r\n"
SMUGGLED = b"DELETE /told/admin HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n"


@pytest.mark.parametrize(
    "extra", [UPGRADE, UPGRADE.upper().replace(b": ", b":"), UPGRADE * 2], ids=["as Java", "loud", "twice"]
)
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: %d" % len(SMUGGLED), SMUGGLED),
        (b"Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
    ],
    ids=["length", "chunks"],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_an_upgrade_is_not_made_and_the_body_is_the_requests(
    patient: int, extra: bytes, framing: bytes, body: bytes, step: int
) -> None:
    """Java's own HTTP client asks for HTTP/2 with each request of a new connection."""
    whole = b"POST /told HTTP/1.1\r\nHost: x\r\nX-Mark: m\r\n" + extra + framing + b"\r\n\r\n" + body
    answer = await exchange(patient, *(whole[at : at + step] for at in range(0, len(whole), step)))
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1 200 ") == 1
    came = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert came == ["POST", "/told", "/told", "", SMUGGLED.decode(), "m"]


@pytest.mark.parametrize("pause", [0.0, 0.1])
async def test_what_is_no_body_of_a_request_for_an_upgrade_is_no_request(port: int, pause: float) -> None:
    head = b"POST /told HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = await exchange(port, *((head, SMUGGLED) if pause else (head + SMUGGLED,)), pause=pause)
    assert b"DELETE" not in answer
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("pause", [0.0, 0.1])
async def test_the_body_of_a_connect_is_no_request(port: int, pause: float) -> None:
    """The parser ends such a request at its head."""
    head = b"CONNECT told:80 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
    answer = await exchange(port, *((head, SMUGGLED) if pause else (head + SMUGGLED,)), pause=pause)
    assert b"DELETE" not in answer
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1


async def test_a_request_for_an_upgrade_without_a_body_is_answered(port: int) -> None:
    request = b"GET /told HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n"
    assert (await exchange(port, request)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_a_header_that_the_guide_asks_for_is_taken(patient: int, step: int) -> None:
    """Its name has a space in it, and curl, PHP, Ruby, Perl and Python send it so."""
    lines = b"task id: 1\r\nX-Mark: m\r\nTask ID: 2\r\nTask: t\r\nConnection: close\r\n\r\n"
    whole = b"GET /told HTTP/1.1\r\nHost: x\r\n" + lines
    answer = await exchange(patient, *(whole[at : at + step] for at in range(0, len(whole), step)))
    assert answer.startswith(b"HTTP/1.1 200 ") and b'"m"' in answer


async def test_no_other_name_of_a_header_has_a_space(port: int) -> None:
    for name in (b"task  id", b"task id ", b"a task id", b"x-api-key "):
        assert (await exchange(port, b"GET / HTTP/1.1\r\n" + name + b": 1\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_line_ends_before_a_request_cost_nothing(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[int] = []
    parse = BoundedHttpProtocol._parse

    def counted(self: BoundedHttpProtocol, piece: bytes) -> None:
        fed.append(len(piece))
        parse(self, piece)

    monkeypatch.setattr(BoundedHttpProtocol, "_parse", counted)
    request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await exchange(port, b"\r\n" * 30_000 + request)).startswith(b"HTTP/1.1 200 ")
    assert sum(fed) == len(request)


@pytest.mark.parametrize("lines", [b"\r\n", b"\n", b"\r"])
async def test_line_ends_after_an_answer_keep_no_connection(lines: bytes) -> None:
    async with listening(echo, timeout_keep_alive=0.5) as port:
        began = time.monotonic()
        answer = await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", lines, lines, pause=0.1)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 3


EXPECTING = b"Host: x\r\nExpect: 100-continue\r\n"


@pytest.mark.parametrize("framing", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
async def test_who_waits_to_send_a_body_and_is_answered_instead_is_hung_up_on(port: int, framing: bytes) -> None:
    """PHP's curl sends no body then, and would have its next request read as that body."""
    head = b"POST /refused HTTP/1.1\r\n" + EXPECTING + framing + b"\r\n\r\n"
    answer = await exchange(port, head, b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n", pause=0.2)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in answer


@pytest.mark.parametrize("path", [b"/", b"/refused"])
@pytest.mark.parametrize("framed", [b"Content-Length: 2\r\n\r\nhi", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
async def test_a_body_that_was_not_waited_with_costs_no_connection(port: int, path: bytes, framed: bytes) -> None:
    request = b"POST " + path + b" HTTP/1.1\r\n" + EXPECTING + framed
    answer = await exchange(port, request + b"GET /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 2


async def test_a_body_that_was_asked_for_costs_no_connection(port: int) -> None:
    head = b"POST / HTTP/1.1\r\n" + EXPECTING + b"Content-Length: 2\r\n\r\n"
    following = b"GET /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await exchange(port, head, b"hi", following, pause=0.2)
    assert answer.startswith(b"HTTP/1.1 100 ") and answer.count(b"HTTP/1.1 200 ") == 2


async def test_a_body_that_was_asked_for_holds_up_no_shutdown() -> None:
    async with listening(echo) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\n" + EXPECTING + b"Content-Length: 2\r\n\r\n")
        await reader.readuntil(b"100 Continue\r\n\r\n")
        asyncio.get_running_loop().call_later(0.5, writer.write, b"hi")
        ended = time.monotonic()
    assert time.monotonic() - ended < 3
    assert b"\r\nconnection: close\r\n" in await reader.read()
    writer.close()
