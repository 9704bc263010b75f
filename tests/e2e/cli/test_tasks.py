"""`placket tasks` and `placket profile` against a real server."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Remote
from tests.support.server import ImageHost, PlacketServer, picture


@pytest.fixture
def url(host: ImageHost) -> str:
    return host.put("/red.png", picture())


def test_a_task_from_its_file_to_its_results(ask: Remote, host: ImageHost, url: str, folder: Path) -> None:
    (folder / "images.csv").write_text(f"id,url\na,{url}\nb,{host.url('/none.png')}\nc,ftp://x/y.png\n")
    made = ask("tasks", "create", "images.csv", "--album", "spring", "--wait", "--json")
    assert made.code == 1
    assert made.json["validation"] == {"accept": 2, "failure": 1}
    assert made.json["task"]["count"] == {"total": 2, "done": 1, "processing": 0, "failure": 1}
    task = made.json["taskId"]

    results = ask("tasks", "results", task, "--json", "--lang", "ko")
    assert results.code == 1
    assert [(r["id"], sorted(r)) for r in results.lines] == [("a", ["id", "taggingResult"]), ("b", ["error", "id"])]
    shown = ask("tasks", "results", task)
    assert ("CLOTHING: category" in shown.out, "b: " in shown.out) == (True, True)

    table = ask("tasks", "results", task, "--csv", "--lang", "ko")
    assert (table.code, table.out[0], "\r" in table.out) == (1, "\ufeff", False)
    names, a, b = csv.reader(io.StringIO(table.out.removeprefix("\ufeff")))
    assert (a[:4], b[0], bool(b[1]), len(a), len(b)) == (["a", "", "1", "CLOTHING"], "b", True, len(names), len(names))
    (garment,) = results.lines[0]["taggingResult"]["objects"]
    assert dict(zip(names, a, strict=True))["item"] == garment["tags"][0]["item"]["name"]
    assert ask("tasks", "results", task, "--csv", "--json").code == 2

    (folder / "more.jsonl").write_text(json.dumps({"id": "d", "url": url}))
    more = ask("tasks", "append", task, "more.jsonl", "--wait")
    assert (more.code, "1 accepted, 0 not" in more.out) == (1, True)  # the image that failed before is still counted
    assert ask("tasks", "status", task, "--json").json["count"]["done"] == 2
    assert [t["albumName"] for t in ask("tasks", "list", "--json").json] == ["spring"]
    assert "spring" in ask("tasks", "list").out
    assert ask("tasks", "delete", task, "--json").json == {"deleted": task}
    gone = ask("tasks", "status", task)
    assert (gone.code, gone.out) == (4, "")
    nothing = ask("tasks", "results", task, "--csv")
    assert (nothing.code, nothing.out) == (4, "")


def test_a_list_that_broke_off_is_sent_once_more(ask: Remote, url: str, folder: Path) -> None:
    lines = ["id,url", *(f"{n},{url}" for n in range(1200))]
    (folder / "first.csv").write_text("\n".join(lines[:1001]))
    (folder / "all.csv").write_text("\n".join(lines))
    task = ask("tasks", "create", "first.csv", "--json").json["taskId"]
    again = ask("tasks", "append", task, "all.csv")
    assert (again.code, "200 accepted, 1,000 not" in again.out) == (1, True)
    assert "line 2, 0: context.id is already in use in this task" in again.out
    assert "and 950 more; --json lists all" in again.out
    assert ask("tasks", "status", task, "--json").json["count"]["total"] == 1200
    nothing = ask("tasks", "append", task, "all.csv")
    assert (nothing.code, nothing.out) == (4, "")
    assert "context.id is already in use in this task" in nothing.err
    assert ask("tasks", "delete", task).code == 0


def test_a_list_of_which_nothing_is_taken_says_why(ask: Remote, folder: Path) -> None:
    (folder / "wrong.csv").write_text("id,url\na,ftp://x/y.png\nb,ftp://x/z.png\n")
    for options in ((), ("--strict",), ("--json",)):
        refused = ask("tasks", "create", "wrong.csv", *options)
        assert (refused.code, refused.out) == (4, "")
        assert "line 2, a: " in refused.err and "line 3, b: " in refused.err
        assert refused.err.rstrip().splitlines()[-1].startswith("error: ")
    assert ask("tasks", "list", "--json").json == []


def test_the_words_of_a_file_reach_the_tags(ask: Remote, url: str, folder: Path) -> None:
    (folder / "named.csv").write_text(f"id,url,name,gender\na,{url}?a,Wool coats,\nb,{url}?b,,men\nc,{url},,\n")
    made = ask("tasks", "create", "named.csv", "--wait", "--json")
    assert made.code == 0
    results = {
        r["id"]: r["taggingResult"]["objects"] for r in ask("tasks", "results", made.json["taskId"], "--json").lines
    }
    items = {name: [o["tags"][0]["item"]["id"] for o in objects] for name, objects in results.items()}
    assert items["a"] == ["coat"] and "coat" not in items["b"] and items["b"] == items["c"]
    single = ask("tasks", "single", url, "--name", "jeans", "--detection", "BOTTOM", "--json")
    assert single.json["objects"][0]["tags"][0]["item"]["id"] == "jeans"


def test_kinds_of_files(ask: Remote, url: str, folder: Path) -> None:
    entry = {"image": {"type": "url", "content": url}, "context": {"id": "a", "detection": ["SHOES"]}}
    files = {
        "urls.txt": f"{url}\n\n{url}?2\n",
        "entries.jsonl": json.dumps(entry) + "\n",
        "body.json": json.dumps({"taggingRequest": [entry, {"id": "b", "url": url}]}),
    }
    accepted = []
    for name, text in files.items():
        (folder / name).write_text(text)
        accepted.append(ask("tasks", "create", name, "--strict", "--json").json["validation"]["accept"])
    assert accepted == [2, 1, 2]
    for name, text in (("x.txt", " \n"), ("x.csv", "url\n"), ("x.jsonl", "{}"), ("x.json", "1"), ("x.xml", "<a/>")):
        (folder / name).write_text(text)
        refused = ask("tasks", "create", name)
        assert (refused.code, name in refused.err.replace("\n", "")) == (2, True), name
    (folder / "urls.txt").write_text(f"{url}\n{url}\n")
    assert ask("tasks", "create", "urls.txt", "--strict").code == 4
    assert ask("tasks", "create", "urls.txt", "--detection", "HATS").code == 4
    assert ask("tasks", "create", "none.txt").code == 2


def test_what_a_whole_request_says_counts_where_no_option_does(ask: Remote, url: str, folder: Path) -> None:
    body = {"albumName": "of the file", "description": "spring", "defaultDetection": ["BAG"]}
    (folder / "body.json").write_text(json.dumps({**body, "taggingRequest": [{"id": "a", "url": url}]}))

    def made(*options: str) -> tuple[str, str, list[str]]:
        task = ask("tasks", "create", "body.json", "--wait", "--json", *options).json["task"]
        (result,) = ask("tasks", "results", task["taskId"], "--json").lines
        return task["albumName"], task["description"], [o["type"] for o in result["taggingResult"]["objects"]]

    assert made() == ("of the file", "spring", ["no detected product"])
    assert made("--album", "other", "--detection", "TOP") == ("other", "spring", ["CLOTHING"])

    twice = [{"id": "a", "url": url}] * 2
    (folder / "strict.json").write_text(json.dumps({"option": ["STRICT"], "taggingRequest": twice}))
    assert ask("tasks", "create", "strict.json").code == 4
    for wrong in ({"albumName": 1}, {"defaultDetection": "TOP"}, {"option": [1]}):
        (folder / "wrong.json").write_text(json.dumps({**wrong, "taggingRequest": twice}))
        refused = ask("tasks", "create", "wrong.json")
        assert (refused.code, *wrong) == (2, *(name for name in wrong if name in refused.err))


def test_profiles(ask: Remote, server: PlacketServer, folder: Path, new_key: Callable[..., dict[str, str]]) -> None:
    none = {"PLACKET_URL": None, "PLACKET_KEY": None}
    first = ask("services", "list", **none)
    assert (first.code, "placket profile set" in first.err) == (2, True)
    key = new_key()["key"]
    assert ask("profile", "set", "here", "--url", server.url, "--key", "-", stdin=f"{key}\n", **none).code == 0
    ask("profile", "set", "wrong", "--url", server.url, "--key", "not-a-key", **none)
    file = folder / "cfg" / "placket" / "profiles.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert ask("services", "create", "mine", **none).code == 0
    assert [s["name"] for s in ask("services", "list", "--profile", "here", "--json").json] == ["mine"]
    refused = ask("services", "list", "--profile", "wrong")
    assert (refused.code, "not-a-key" in refused.err) == (4, False)
    listed = ask("profile", "list", "--json", **none)
    assert [(p["name"], p["default"]) for p in listed.json] == [("here", True), ("wrong", False)]
    assert key not in listed.out + ask("profile", "list").out
    # The environment's key wins over the default profile, and a named profile over the environment's key.
    assert ask("services", "list", "--json").json == []
    unknown = ask("services", "list", "--profile", "none")
    assert (unknown.code, "here, wrong" in unknown.err) == (2, True)
    file.chmod(0o644)
    assert "chmod 600" in ask("services", "list", **none).err.replace("\n", "")
    file.chmod(0o600)
    assert ask("profile", "delete", "here", **none).code == 0
    assert ask("services", "list", **none).code == 2
    for url, secret in (("placket.test", key), (server.url, "two words"), ("http://u:p@x", key)):
        wrong = ask("profile", "set", "x", "--url", url, "--key", secret)
        assert (wrong.code, secret in wrong.err) == (2, False)


def test_a_server_that_is_not_there_or_another(ask: Remote, host: ImageHost) -> None:
    away = ask("services", "list", PLACKET_URL="http://127.0.0.1:9")
    assert (away.code, "placket serve" in away.err) == (3, True)
    other = ask("services", "list", PLACKET_URL=host.url(""))
    assert (other.code, "is this a Placket server" in other.err.replace("\n", " ")) == (3, True)
