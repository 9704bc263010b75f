"""Commands that wait for what goes on without them: through a restart of the server, and where they give up."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from placket.cli.main import app
from placket.cli.profile_store import Profile

RUN = {
    "id": "run-1",
    "service": "shop",
    "kind": "index",
    "status": "reserved",
    "added": 1,
    "updated": 0,
    "deleted": 0,
    "failed": 0,
    "pending": 0,
    "total": 1,
}
WAITS = "To see how it ends: `placket runs wait run-1 --service shop`"

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """A command, whose requests are answered by a function. Nobody sleeps."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACKET_URL", "http://placket.test")
    monkeypatch.setenv("PLACKET_KEY", "k")
    monkeypatch.setattr("placket.client.drivers.time.sleep", lambda _: None)

    def run(answer: Answer, *arguments: str) -> Result:
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: answer(request))
        return CliRunner().invoke(app, arguments)

    return run


def file_of(tmp_path: Path) -> str:
    (tmp_path / "products.csv").write_text("x,disable,,,,,,,\n")
    return "products.csv"


def submitted(while_waiting: Callable[[], httpx.Response]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(202, json=RUN)
        if request.url.path.endswith("/rows"):
            return httpx.Response(200, json={"items": [], "nextStart": None})
        return while_waiting()

    return answer


def test_a_restart_of_the_server(ask: Callable[..., Result], tmp_path: Path) -> None:
    looks = count()

    def restarting() -> httpx.Response:
        if next(looks) < 12:
            raise httpx.ConnectError("Connection refused")
        return httpx.Response(200, json={**RUN, "status": "finished"})

    done = ask(submitted(restarting), "index", file_of(tmp_path), "-s", "shop")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "Indexed 1 rows: 1 added, 0 updated, 0 deleted, 0 failed.\n"


@pytest.mark.parametrize(
    ("failure", "code"),
    [(httpx.ConnectError("gone"), 3), (KeyboardInterrupt(), 130)],
)
def test_a_run_that_is_left_alone_is_named(
    ask: Callable[..., Result], tmp_path: Path, failure: BaseException, code: int
) -> None:
    def fails() -> httpx.Response:
        raise failure

    done = ask(submitted(fails), "index", file_of(tmp_path), "-s", "shop")
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.splitlines()[-1] == WAITS


@pytest.mark.parametrize("choice", [[], ["--no-wait"]])
def test_the_profile_belongs_to_the_command(
    ask: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: list[str]
) -> None:
    """Without it, another server would be asked."""
    monkeypatch.setattr("placket.cli.profile_store.find_profile", lambda _: Profile("http://staging.test", "k"))

    def fails() -> httpx.Response:
        raise httpx.ConnectError("gone")

    done = ask(submitted(fails), "index", file_of(tmp_path), "-s", "shop", "--profile", "staging", *choice)
    assert "`placket runs wait run-1 --service shop --profile staging`" in done.output


def test_a_task_that_gets_no_further_is_named(ask: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("".join(f"http://x.test/{n}.jpg\n" for n in range(1500)))

    def answer(request: httpx.Request) -> httpx.Response:
        sent: list[Any] = json.loads(request.content)["taggingRequest"]
        if request.method == "PUT":
            error = {"code": 823, "message": "the images of this month are used up"}
            return httpx.Response(403, json={"data": None, "status": "fail", "error": error})
        body = {"taskId": "task-1", "albumName": "", "taskExpiredAt": "", "taskExpireAt": "", "status": "ok"}
        counts = {"accept": len(sent), "failure": 0}
        return httpx.Response(202, json={**body, "error": None, "validation": counts, "failureList": []})

    done = ask(answer, "tasks", "create", "urls.txt")
    assert done.exit_code == 4
    assert done.stderr.splitlines() == [
        "Task task-1 has the first 1,000 of 1,500 images.",
        "`placket tasks append task-1 urls.txt` sends the rest, while the task's time lasts.",
        "error: the images of this month are used up",
    ]
