"""When a request is sent again: over a transport that answers as told, in both clients."""

import asyncio
import copy
import pickle
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from placket.client import AsyncPlacket, Placket, entry, errors
from placket.client.answers import retry_after

KEY = "the-secret-key"
TASK = {"taskId": "t", "albumName": "", "taskExpiredAt": "", "taskExpireAt": "", "status": "ok", "error": None}
SUBMITTED = {**TASK, "validation": {"accept": 1, "failure": 0}, "failureList": []}


class Script:
    """Answers requests one after another; an exception is raised. Keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, code: int, **headers: str) -> httpx.Response:
    body = {"type": "about:blank", "title": "Name", "status": status, "detail": "why", "code": code, "requestId": "r1"}
    return httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def services() -> httpx.Response:
    return httpx.Response(200, json={"items": []})


Run = Callable[[Script, Callable[[Any], Any]], Any]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """Make one call with either client."""

    def blocking(script: Script, action: Callable[[Any], Any]) -> Any:
        with Placket("http://placket.test", KEY, retries=2, transport=httpx.MockTransport(script)) as client:
            return action(client)

    def awaited(script: Script, action: Callable[[Any], Any]) -> Any:
        async def go() -> Any:
            transport = httpx.MockTransport(script)
            async with AsyncPlacket("http://placket.test", KEY, retries=2, transport=transport) as client:
                return await action(client)

        return asyncio.run(go())

    return blocking if request.param == "sync" else awaited


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Nobody sleeps; how long they would have."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("placket.client.drivers.time.sleep", slept.append)
    monkeypatch.setattr("placket.client.drivers.asyncio.sleep", sleep)
    yield slept


def test_retry_after_is_kept_to(run: Run, pauses: list[float]) -> None:
    script = Script(problem(429, -40080, retry_after="7"), services())
    assert run(script, lambda c: c.services.list()) == []
    assert len(script.requests) == 2
    assert 7.0 <= pauses[0] < 7.1


def test_one_that_is_too_long_is_not_waited_for(run: Run, pauses: list[float]) -> None:
    script = Script(problem(429, -40080, retry_after="61"))
    with pytest.raises(errors.RateLimited) as caught:
        run(script, lambda c: c.services.list())
    assert (caught.value.retry_after, pauses) == (61.0, [])


def test_rate_limits_are_retried_even_for_what_is_not_repeatable(run: Run, pauses: list[float]) -> None:
    script = Script(problem(429, -40080), problem(429, -40080), problem(429, -40080))
    with pytest.raises(errors.RateLimited):
        run(script, lambda c: c.services.create("shop"))
    assert len(script.requests) == 3
    assert 0.125 <= pauses[0] <= 0.25 <= pauses[1] <= 0.5


def test_a_proxys_rate_is_one_too(run: Run, pauses: list[float]) -> None:
    refused = httpx.Response(429, text="<html>", headers={"retry-after": "3"})
    script = Script(refused, httpx.Response(201, json={"name": "shop"}))
    assert run(script, lambda c: c.services.create("shop")) == {"name": "shop"}
    assert 3.0 <= pauses[0] < 3.1


def test_a_quota_is_not_a_rate(run: Run, pauses: list[float]) -> None:
    script = Script(problem(429, -40040))
    with pytest.raises(errors.IndexQuotaExceeded):
        run(script, lambda c: c.runs.submit("shop", b"{}", format="jsonl"))
    assert pauses == []


@pytest.mark.parametrize(
    ("broken", "sent"), [(httpx.ReadError("reset"), 1), (httpx.ReadTimeout("slow"), 1), (httpx.ConnectError("no"), 3)]
)
def test_what_may_have_been_done_is_not_done_again(run: Run, pauses: list[float], broken: Exception, sent: int) -> None:
    script = Script(broken, broken, broken)
    with pytest.raises(errors.NotReachable):
        run(script, lambda c: c.services.create("shop"))
    assert len(script.requests) == sent


@pytest.mark.parametrize(
    "failure",
    [lambda: httpx.ReadError("reset"), lambda: problem(503, -50000), lambda: httpx.Response(502, text="<html>")],
)
def test_what_is_repeatable_is_repeated(run: Run, pauses: list[float], failure: Any) -> None:
    script = Script(failure(), services())
    assert run(script, lambda c: c.services.list()) == []
    assert len(pauses) == 1


def test_a_reindexing_is_asked_for_again(run: Run, pauses: list[float]) -> None:
    """The server answers with the run that is under way."""
    script = Script(httpx.ReadTimeout("slow"), httpx.Response(200, json={"run": None}))
    assert run(script, lambda c: c.runs.reindex("shop")) is None
    assert [r.method for r in script.requests] == ["POST", "POST"]


def test_an_internal_error_is_not_repeated(run: Run, pauses: list[float]) -> None:
    script = Script(problem(500, -50000))
    with pytest.raises(errors.ServerError) as caught:
        run(script, lambda c: c.services.list())
    assert (caught.value.code, caught.value.status, caught.value.request_id) == (-50000, 500, "r1")


def test_a_tagging_request_keeps_its_idempotency_key(run: Run, pauses: list[float]) -> None:
    script = Script(httpx.ReadError("reset"), httpx.Response(202, json=SUBMITTED), httpx.Response(202, json=SUBMITTED))
    run(script, lambda c: c.tagger.create([entry("a", "http://x/a.png")]))
    run(script, lambda c: c.tagger.append("t", [entry("b", "http://x/b.png")]))
    keys = [r.headers["idempotency-key"] for r in script.requests]
    assert keys[0] == keys[1] != keys[2]
    assert [r.method for r in script.requests] == ["POST", "POST", "PUT"]


def test_a_delete_whose_answer_was_lost_has_succeeded(run: Run, pauses: list[float]) -> None:
    run(Script(httpx.ReadError("reset"), problem(404, -42000)), lambda c: c.services.delete("shop"))
    for never_done in ((), (problem(429, -40080),), (httpx.ConnectError("no"), httpx.Response(429, text="<html>"))):
        with pytest.raises(errors.NoSuchService):
            run(Script(*never_done, problem(404, -42000)), lambda c: c.services.delete("shop"))


def test_a_server_that_is_another_is_named(run: Run, pauses: list[float]) -> None:
    page = httpx.Response(200, text="<html>", headers={"content-type": "text/html"})
    with pytest.raises(errors.UnexpectedAnswer, match=r"placket.test:http answered 200 with text/html"):
        run(Script(page), lambda c: c.fashion.services())
    with pytest.raises(errors.UnexpectedAnswer):
        run(Script(httpx.Response(404, json={"detail": "Not Found"})), lambda c: c.services.list())
    with pytest.raises(errors.UnexpectedAnswer):
        run(Script(httpx.Response(200, json=[])), lambda c: c.services.list())
    with pytest.raises(errors.UnexpectedAnswer):
        run(Script(httpx.Response(200, content=b"[" * 100_000)), lambda c: c.services.list())


def test_json_of_another_server_is_not_taken_for_an_answer(run: Run, pauses: list[float]) -> None:
    def ok() -> Script:
        return Script(httpx.Response(200, json={"status": "ok"}))

    calls: list[Callable[[Any], Any]] = [
        lambda c: c.services.list(),
        lambda c: c.services.delete("shop"),
        lambda c: c.products.delete("shop", "p"),
        lambda c: c.tagger.status("t"),
        lambda c: c.tagger.tag("http://x/a.png"),
    ]
    for call in calls:
        with pytest.raises(errors.UnexpectedAnswer, match=r"placket.test:http answered 200 in a way that"):
            run(ok(), call)
    # What is handed on as it came says so when it is read.
    made = run(ok(), lambda c: c.services.create("shop"))
    for twin in (made, pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert twin == {"status": "ok"}
        with pytest.raises(errors.UnexpectedAnswer):
            twin["name"]


def test_a_misspelt_field_of_an_answer_is_a_key_error(run: Run, pauses: list[float]) -> None:
    answer = httpx.Response(200, json={"items": [], "garment": None})
    found = run(Script(answer), lambda c: c.search.image("shop", b"photo"))
    with pytest.raises(KeyError) as caught:
        found["itmes"]
    # Its likeness to a field that is there says that it is misspelt, and nothing is wrong with the server.
    assert str(caught.value) == "there is no 'itmes' in the answer: did you mean 'items'?"
    with pytest.raises(KeyError, match="there is no 'products' in the answer, which has items, garment; unless"):
        found["products"]
    with pytest.raises(KeyError, match="there is no 0 in the answer, which has items, garment; unless"):
        found[0]
    assert ("itmes" in found, found.get("itmes", 5)) == (False, 5)


@pytest.mark.parametrize(
    ("status", "said"), [(503, "does the server behind it run?"), (502, "behind it run?"), (429, "too many requests")]
)
def test_the_page_of_a_proxy_casts_no_doubt_on_the_url(status: int, said: str, run: Run, pauses: list[float]) -> None:
    script = Script(*(httpx.Response(status, html="<h1>nginx</h1>") for _ in range(3)))
    with pytest.raises(errors.UnexpectedAnswer, match=f"answered {status} with text/html") as caught:
        run(script, lambda c: c.services.list())
    assert said in str(caught.value) and "URL" not in str(caught.value)


def test_a_redirect_says_where_to_without_the_key(run: Run, pauses: list[float]) -> None:
    moved = httpx.Response(301, headers={"location": f"https://x.test:8443/appkeys/{KEY}/services"}, text="<html>")
    with pytest.raises(errors.UnexpectedAnswer, match=r"301, a redirect to https://x.test:8443: is") as caught:
        run(Script(moved), lambda c: c.fashion.services())
    assert KEY not in str(caught.value)


def test_an_answer_that_cannot_be_decompressed_is_none(run: Run, pauses: list[float]) -> None:
    def broken() -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"{}"))

    assert run(Script(broken(), services()), lambda c: c.services.list()) == []
    script = Script(broken(), services())
    with pytest.raises(errors.NotReachable, match="decompressing"):
        run(script, lambda c: c.services.create("shop"))
    assert len(script.requests) == 1


def test_retry_after_may_be_a_date() -> None:
    moment = datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=90)
    response = httpx.Response(429, headers={"retry-after": format_datetime(moment)})
    assert retry_after(response) == pytest.approx(90, abs=2)
    assert retry_after(httpx.Response(429, headers={"retry-after": "soon"})) is None
    assert retry_after(httpx.Response(429)) is None
