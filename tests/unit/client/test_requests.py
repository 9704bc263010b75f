"""What goes out: paths, keys, forms; and what must never come out."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from placket.client import Placket, entry, errors
from placket.client.connecting import options
from placket.client.shapes.placket import Garment

KEY = "the-secret-key"


def client(*answers: httpx.Response, sent: list[httpx.Request]) -> Placket:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        sent.append(request)
        return left.pop(0)

    return Placket("http://placket.test/base/", KEY, transport=httpx.MockTransport(answer))


def ok(data: Any) -> httpx.Response:
    header = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
    return httpx.Response(200, json={"header": header, "data": data})


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ("a/b", b"a%2Fb"),
        ("..", b"%2E%2E"),
        (".", b"%2E"),
        ("a%2Fb", b"a%252Fb"),
        ("a?b#c", b"a%3Fb%23c"),
        ("옷 1", b"%EC%98%B7%201"),
        ("a+b;c", b"a%2Bb%3Bc"),
    ],
)
def test_an_id_stays_one_segment(product: str, path: bytes) -> None:
    sent: list[httpx.Request] = []
    client(httpx.Response(204), sent=sent).products.delete("shop", product)
    assert sent[0].url.raw_path == b"/base/placket/v1/services/shop/products/" + path


def test_an_empty_id_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="empty"):
        client(sent=[]).products.delete("shop", "")


def test_an_id_that_is_no_text_is_refused_before_it_is_sent() -> None:
    with pytest.raises(TypeError, match="a str, not 17"):
        client(sent=[]).products.delete("shop", 17)  # type: ignore[arg-type]


def test_one_text_where_several_are_meant_is_not_taken_for_its_letters() -> None:
    placket = client(sent=[])
    with pytest.raises(ValueError, match=r"fields takes a list of str: \['name'\]"):
        placket.search.product("shop", "p", fields="name")
    with pytest.raises(ValueError, match="tags takes"):
        list(placket.products.list("shop", tags="category:dress"))
    with pytest.raises(ValueError, match="color takes"):
        placket.products.correct("shop", "p", [0, 0, 1, 1], tags={"color": "red"})
    with pytest.raises(ValueError, match="detection takes"):
        placket.tagger.create([entry("1", "https://shop.example/1.jpg")], detection="TOP")
    with pytest.raises(ValueError, match="detection takes"):
        entry("1", "https://shop.example/1.jpg", detection="TOP")


def test_the_key_goes_where_each_api_wants_it_and_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[httpx.Request] = []
    with caplog.at_level(logging.INFO), client(ok({"items": []}), sent=sent) as placket:
        placket.fashion.services()
        assert KEY not in repr(placket)
    assert sent[0].url.path == f"/base/nhn-ai-fashion/v1.0/appkeys/{KEY}/services"
    assert sent[0].headers["authorization"] == f"Bearer {KEY}"
    assert sent[0].headers["x-api-key"] == KEY
    assert "appkeys/.../services" in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "키"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="keys create") as caught:
        Placket("http://placket.test", key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["placket.test", "ftp://placket.test", "http://", "http://u:p@placket.test", "http://x?a"]
)
def test_a_url_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Placket(url, KEY)


def test_a_text_never_names_a_file() -> None:
    with pytest.raises(ValueError, match="Path"):
        client(sent=[]).search.image("shop", "/etc/passwd")
    for text in ("/etc/passwd", "https://x.test/a.png"):
        with pytest.raises(ValueError, match="Path"):
            client(sent=[]).products.put("shop", "a", text)  # type: ignore[arg-type]


def test_options_of_a_search() -> None:
    sent: list[httpx.Request] = []
    placket = client(*[httpx.Response(200, json={"items": []}) for _ in range(3)], sent=sent)
    placket.search.image("shop", b"\x89PNG", box=(0, 0.25, 1, 1), filters={"s1": "!equal:1,2"}, fields=("name",))
    placket.search.link(
        "shop", "L", min_similarity=0.5, include_duplicates=False, tags=["colors:red,pink", "!age:kids"]
    )
    placket.search.image(
        "shop", "https://x.test/a.png", collapse="s1", fields=("s1", "s2"), same=["category", "colors"]
    )
    query = dict(sent[0].url.params)
    assert query == {"limit": "20", "fields": "name", "filter.s1": "!equal:1,2", "box": "0,0.25,1,1"}
    assert b'name="image"; filename="image"' in sent[0].content
    query = dict(sent[1].url.params)
    assert sent[1].url.params.get_list("tag") == ["colors:red,pink", "!age:kids"]
    assert {**query, "tag": ""} == {"limit": "20", "minSimilarity": "0.5", "includeDuplicates": "false", "tag": ""}
    with pytest.raises(ValueError, match="tags takes a list"):
        placket.search.product("shop", "a", tags="colors:red")
    assert json.loads(sent[1].content) == {"link": "L"}
    assert json.loads(sent[2].content) == {"url": "https://x.test/a.png"}
    assert dict(sent[2].url.params) == {
        "limit": "20",
        "collapse": "s1",
        "fields": "s1,s2",
        "same": "category,colors",
    }


def test_an_index_file_is_a_file_or_a_link(tmp_path: Path) -> None:
    sent: list[httpx.Request] = []
    placket = client(ok({"indexID": "i1"}), ok({"indexID": "i2"}), sent=sent)
    file = tmp_path / "products.CSV"
    file.write_bytes(b"1,enable,,,,,,,\n")
    assert placket.fashion.index("shop", file) == "i1"
    assert placket.fashion.index("shop", "https://x.test/p.jsonl?sig=1") == "i2"
    assert b'filename="products.CSV"' in sent[0].content
    assert sent[0].url.params["format"] == "csv"
    assert b'name="link"\r\n' in sent[1].content
    assert b"filename" not in sent[1].content
    assert sent[1].url.params["format"] == "jsonl"
    with pytest.raises(ValueError, match="format"):
        placket.fashion.index("shop", b"{}")


def test_the_format_is_read_off_any_name(tmp_path: Path) -> None:
    """Of what os.scandir finds, and in a folder whose name would end a URL's path."""
    folder = tmp_path / "spring?"
    folder.mkdir()
    (folder / "products.csv").write_bytes(b"1,disable,,,,,,,\n")
    sent: list[httpx.Request] = []
    placket = client(ok({"indexID": "i1"}), ok({"indexID": "i2"}), sent=sent)
    with os.scandir(folder) as found:
        placket.fashion.index("shop", next(found))
    placket.fashion.index("shop", folder / "products.csv")
    assert [r.url.params["format"] for r in sent] == ["csv", "csv"]


def test_a_box_is_taken_as_a_garment_has_it() -> None:
    sent: list[httpx.Request] = []
    garment: Garment = {
        "group": "TOP",
        "category": {"id": "shirt", "name": "shirt", "score": 1.0},
        "box": [0.0, 0.25, 1.0, 1.0],
        "score": 1.0,
        "tags": [],
        "colors": [],
    }
    placket = client(httpx.Response(200, json={"items": []}), sent=sent)
    placket.search.image("shop", b"\x89PNG", box=garment["box"])
    assert sent[0].url.params["box"] == "0.0,0.25,1.0,1.0"


def test_many_images_go_by_the_thousand_and_are_counted_together() -> None:
    sent: list[httpx.Request] = []
    envelope = {"taskId": "t", "albumName": "a", "taskExpiredAt": "1", "status": "ok", "error": None}

    def submitted(end: str, accept: int, *failed: str) -> httpx.Response:
        failures = [{"request": f, "errorMessage": "why"} for f in failed]
        counts = {"accept": accept, "failure": len(failed)}
        return httpx.Response(
            202, json={**envelope, "taskExpireAt": end, "validation": counts, "failureList": failures}
        )

    nothing = httpx.Response(
        400,
        json={
            "data": None,
            "status": "fail",
            "error": {"code": 824, "message": "no entry is valid"},
            "validation": {"accept": 0, "failure": 1},
            "failureList": [{"request": "z", "errorMessage": "twice"}],
        },
    )
    placket = client(submitted("1", 999, "x"), submitted("2", 1000), nothing, sent=sent)
    seen: list[int] = []
    entries = (entry(str(n), "http://x.test/a.png") for n in range(2001))
    task = placket.tagger.create_of_many(
        entries, album_name="a", progress=lambda t: seen.append(t["validation"]["accept"])
    )
    assert [len(json.loads(r.content)["taggingRequest"]) for r in sent] == [1000, 1000, 1]
    assert [r.method for r in sent] == ["POST", "PUT", "PUT"]
    assert task["validation"] == {"accept": 1999, "failure": 2}
    assert [f["request"] for f in task["failureList"]] == ["x", "z"]
    assert (task["taskExpireAt"], seen) == ("2", [999, 1999, 1999])


def test_a_list_of_which_a_part_was_sent_is_sent_once_more() -> None:
    def refused(*ids: str) -> httpx.Response:
        failures = [{"request": i, "errorMessage": "context.id is already in use"} for i in ids]
        error = {"code": 824, "message": "no entry is valid"}
        counts = {"accept": 0, "failure": len(ids)}
        body = {"data": None, "status": "fail", "error": error, "validation": counts, "failureList": failures}
        return httpx.Response(400, json=body)

    times = {"taskExpiredAt": "1", "taskExpireAt": "1"}
    taken = {"taskId": "t", "albumName": "a", **times, "status": "ok", "error": None, "failureList": []}
    accepted = httpx.Response(202, json={**taken, "validation": {"accept": 1000, "failure": 0}})
    sent: list[httpx.Request] = []
    placket = client(refused("x"), accepted, refused("y"), sent=sent)
    entries = (entry(str(n), "http://x.test/a.png") for n in range(2001))
    task = placket.tagger.append_of_many("t", entries)
    assert [(r.method, len(json.loads(r.content)["taggingRequest"])) for r in sent] == [
        ("PUT", 1000), ("PUT", 1000), ("PUT", 1),
    ]  # fmt: skip
    assert task["validation"] == {"accept": 1000, "failure": 2}
    assert [f["request"] for f in task["failureList"]] == ["x", "y"]
    everything = [entry("1", "http://x.test/a.png")] * 1001
    with pytest.raises(errors.NothingAccepted):
        client(refused("x"), refused("y"), sent=[]).tagger.append_of_many("t", everything)
    # What is wrong with no entries at all, the server says.
    with pytest.raises(errors.InvalidRequest):
        client(refused(), sent=[]).tagger.append_of_many("t", [])


def test_not_ready_is_an_answer_that_is_not_asked_for_again() -> None:
    body = {"status": "not ready", "problems": ["the database does not answer"]}
    sent: list[httpx.Request] = []
    assert client(httpx.Response(503, json=body), sent=sent).server.readiness() == body
    assert len(sent) == 1
    for strange in (httpx.Response(200, json=[]), httpx.Response(200, json={"status": "UP"})):
        with pytest.raises(errors.UnexpectedAnswer):
            client(strange, sent=[]).server.readiness()


def test_a_limit_is_left_or_taken_away() -> None:
    sent: list[httpx.Request] = []
    placket = client(*[httpx.Response(200, json={}) for _ in range(2)], sent=sent)
    placket.admin.limit_key("k/1", rate_per_second=0, images_per_month=5)
    placket.admin.limit_key("k/1")
    assert [json.loads(r.content) for r in sent] == [{"ratePerSecond": None, "imagesPerMonth": 5}, {}]
    assert sent[0].url.raw_path.endswith(b"/admin/keys/k%2F1")


def test_a_callback_goes_with_the_request_that_makes_the_task() -> None:
    envelope = {
        "taskId": "t",
        "albumName": "a",
        "taskExpiredAt": "1",
        "taskExpireAt": "1",
        "status": "ok",
        "error": None,
        "validation": {"accept": 1, "failure": 0},
        "failureList": [],
    }
    sent: list[httpx.Request] = []
    placket = client(*[httpx.Response(202, json=envelope) for _ in range(2)], sent=sent)
    entries = (entry(str(n), "http://x.test/a.png") for n in range(1001))
    placket.tagger.create_of_many(entries, callback_url="http://hook.test/")
    assert [json.loads(r.content).get("callbackUrl") for r in sent] == ["http://hook.test/", None]


def test_nothing_accepted_says_what_was_wrong() -> None:
    failed = [{"request": {"image": 1}, "errorMessage": "image must be an object"}]
    body = {
        "data": None,
        "status": "fail",
        "error": {"code": 824, "message": "no entry is valid"},
        "failureList": failed,
    }
    with pytest.raises(errors.NothingAccepted) as caught:
        client(httpx.Response(400, json=body), sent=[]).tagger.create([])
    assert caught.value.failures == failed
    assert str(caught.value) == "no entry is valid (code 824)"


@pytest.mark.parametrize("url", ["http://placket.test:70000", "http://placket.test:a", "http://a\x00b", "http://[::1"])
def test_a_url_that_httpx_would_not_take(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Placket(url, KEY)


def test_a_url_from_a_file_of_windows() -> None:
    assert repr(Placket(" http://placket.test/base/\r\n", KEY)) == "Placket('http://placket.test/base/')"


def test_a_server_on_this_machine_is_asked_itself_with_a_space_behind_its_url_too() -> None:
    assert not options("http://localhost ", KEY, 5.0)["trust_env"]
    assert options("http://placket.test ", KEY, 5.0)["trust_env"]


def test_what_is_too_long_for_a_url_is_an_argument_that_cannot_be_right() -> None:
    with pytest.raises(ValueError, match="too long"):
        client(sent=[]).fashion.search_link("shop", "x" * 70_000)
