"""Index runs under /placket/v1."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.api.calls import SERVICE, problem
from tests.support.memory import MemoryInstallation

ROWS = b'{"product_id":"1","status":"disable"}\n{"product_id":""}\n{"product_id":"3","status":"disable"}\n'


async def test_runs(bearer: httpx.AsyncClient, installation: MemoryInstallation) -> None:
    url = f"{SERVICE}/runs?format=jsonl&callbackUrl=http://hook.example/x"
    answer = await bearer.post(url, files={"file": ("f.jsonl", ROWS)})
    assert answer.status_code == 202, answer.text
    run = answer.json()
    assert answer.headers["location"] == f"{SERVICE}/runs/{run['id']}"
    assert (run["kind"], run["status"], run["filename"], run["total"]) == ("index", "finished", "f.jsonl", 3)
    assert installation.runs.runs[0][3] == "http://hook.example/x"
    assert (await bearer.get(answer.headers["location"])).json() == run
    failed = (await bearer.get(f"{SERVICE}/runs/{run['id']}/rows?outcome=failed")).json()
    (row,) = failed["items"]
    assert row.pop("detail")
    assert row == {"line": 2, "product_id": "", "outcome": "failed", "reason": "InvalidRow"}
    first = (await bearer.get(f"{SERVICE}/runs/{run['id']}/rows?limit=2")).json()
    assert [(r["line"], r["outcome"]) for r in first["items"]] == [(1, "added"), (2, "failed")]
    assert first["nextStart"] == 2
    rest = (await bearer.get(f"{SERVICE}/runs/{run['id']}/rows?start=2")).json()
    assert ([r["product_id"] for r in rest["items"]], rest["nextStart"]) == (["3"], None)
    assert problem(await bearer.post(f"{SERVICE}/runs/{run['id']}/cancel")) == (409, -43010, "RunHasEnded")
    assert problem(await bearer.get(f"{SERVICE}/runs/{uuid4()}")) == (404, -43000, "NotExistRun")
    assert problem(await bearer.get(f"{SERVICE}/runs/nonsense"))[0] == 400
    listed = (await bearer.get(f"{SERVICE}/runs?status=finished,%20failed&order=addCnt:asc")).json()
    assert (listed["total"], listed["items"]) == (1, [run])
    assert (await bearer.get(f"{SERVICE}/runs?status=reserved,running")).json() == {"total": 0, "items": []}
    assert problem(await bearer.get(f"{SERVICE}/runs?status=done"))[0] == 400


async def test_a_dry_run_costs_nothing_of_the_quota(bearer: httpx.AsyncClient) -> None:
    answer = await bearer.post(f"{SERVICE}/runs?format=jsonl&dryRun=true", files={"file": ROWS})
    assert answer.json()["kind"] == "check"
    assert (await bearer.get(SERVICE)).json()["remainingIndexRequests"] == 24


@pytest.mark.parametrize(
    ("query", "files", "expected"),
    [
        ("", {"file": ROWS}, (400, -40000)),
        ("?format=xml", {"file": ROWS}, (400, -40000)),
        ("?format=csv&callbackUrl=ftp://x/", {"file": ROWS}, (400, -40000)),
        ("?format=csv&callbackUrl=http://u:p@x.example/", {"file": ROWS}, (400, -40000)),
        ("?format=csv", {"other": ROWS}, (400, -40000)),
        ("?format=csv", {"file": ROWS}, (422, -40010)),
        ("?format=csv", {"file": b""}, (422, -40020)),
        ("?format=csv", {"file": bytes(5_000_001)}, (413, -40030)),
        ("?format=csv", {"link": (None, "http://gone.example/")}, (422, -40010)),
    ],
)
async def test_bad_runs(
    bearer: httpx.AsyncClient, query: str, files: dict[str, Any], expected: tuple[int, int]
) -> None:
    assert problem(await bearer.post(f"{SERVICE}/runs{query}", files=files))[:2] == expected


async def test_repeat_and_reindex(bearer: httpx.AsyncClient) -> None:
    run = (await bearer.post(f"{SERVICE}/runs?format=jsonl", files={"file": ROWS})).json()
    assert problem(await bearer.post(f"{SERVICE}/runs/{run['id']}/repeat"))[:2] == (400, -40000)
    answer = await bearer.post(f"{SERVICE}/reindex")
    assert (answer.status_code, answer.json()) == (202, {"run": None})
