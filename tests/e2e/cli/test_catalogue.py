"""`placket services`, `index`, `search` against a real server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from placket.client import Placket
from tests.e2e.cli.conftest import Remote
from tests.support.server import ImageHost, picture, plain

RED, BLUE, GREEN = (200, 30, 40), (30, 40, 200), (30, 180, 60)


def row(product: str, url: str, **columns: str) -> str:
    return json.dumps({"product_id": product, "status": "enable", "category1_id": "1", "image_url": url, **columns})


def test_services(ask: Remote) -> None:
    assert ask("services", "list", "--json").json == []
    assert ask("services", "create", "shop", "--json").json["name"] == "shop"
    again = ask("services", "create", "shop")
    assert (again.code, "exists" in again.err or "already" in again.err) == (4, True), again.err
    assert "shop" in ask("services", "list").out
    assert ask("services", "info", "shop", "--json").json["runs"] == []
    for answer in ("n\n", None):
        kept = ask("services", "delete", "shop", stdin=answer)
        assert (kept.code, "0 products" in kept.err, "--yes" in kept.err) == (2, True, True)
    assert ask("services", "delete", "shop", "--yes", "--json").json == {"deleted": "shop"}
    gone = ask("services", "info", "shop")
    assert (gone.code, "placket services list" in gone.err) == (4, True)


def test_a_file_is_a_run(ask: Remote, shop: Placket, host: ImageHost, folder: Path) -> None:
    url = host.put("/red.png", picture(RED))
    file = folder / "products.jsonl"
    file.write_text("\n".join([row("a", url), row("[b]", host.url("/none.png")), row("c", url)]))
    checked = ask("index", file, "--service", "shop", "--dry-run")
    assert (checked.code, checked.out.strip()) == (0, "Checked 3 rows: 3 added, 0 updated, 0 deleted, 0 failed.")
    assert shop.services.get("shop")["documents"] == 0

    done = ask("index", file, "-s", "shop")
    assert done.code == 1
    assert "Indexed 3 rows: 2 added, 0 updated, 0 deleted, 1 failed." in done.out
    run = next(iter(shop.runs.list("shop")))["id"]
    for what_next in (f"`placket runs rows {run} --service shop --failed --csv`", f"`placket runs repeat {run} "):
        assert what_next in done.err
    for shown in ("line 2", "[b]", "InvalidImageURLException"):
        assert shown in done.out
    done = ask("index", file, "-s", "shop", "--json")
    assert (done.code, done.json["updated"], [f["product_id"] for f in done.json["failures"]]) == (1, 2, ["[b]"])
    reserved = ask("index", file, "-s", "shop", "--no-wait", "--json")
    assert (reserved.code, reserved.json["total"]) == (0, 3)
    shop.runs.wait("shop", reserved.json["id"])
    link = host.put("/p.csv", f"x,disable,,,,,,,\nd,enable,,1,,,{url},,\n".encode())
    by_link = ask("index", link, "-s", "shop", "--json")
    assert (by_link.code, by_link.json["added"], by_link.json["filename"]) == (1, 1, "p.csv")
    assert "products.jsonl" in ask("services", "info", "shop").out


def test_files_that_are_refused(ask: Remote, shop: Placket, folder: Path) -> None:
    file = folder / "products.jsonl"
    file.write_text("no json")
    refused = ask("index", file, "-s", "shop")
    assert (refused.code, "line 1" in refused.err) == (4, True)
    assert ask("index", "none.jsonl", "-s", "shop").code == 2
    assert ask("index", file.rename("products.txt"), "-s", "shop").code == 2
    assert ask("index", "products.txt", "-s", "shop", "--format", "jsonl").code == 4


@pytest.fixture
def photos(folder: Path) -> Path:
    below = folder / "photos" / "more"
    below.mkdir(parents=True)
    (folder / "photos" / "red 1.png").write_bytes(picture(RED))
    (below / "blue.jpg").write_bytes(picture(BLUE, format="JPEG"))
    (below / "green.gif").write_bytes(picture(GREEN, format="GIF"))
    (below / "nothing.png").write_bytes(plain())
    return folder / "photos"


def test_a_folder_is_uploaded(ask: Remote, shop: Placket, photos: Path) -> None:
    (photos / "columns.csv").write_text(
        '\ufeffproduct_id,name,category1_id,s1\nred 1,"Dress, red",7,x\nblue,Blue shirt,8,\nlost,No photo,1,\n',
        encoding="utf-8",
    )
    dry = ask("index", "photos", "-s", "shop", "--dry-run", "--json")
    assert (dry.code, dry.json["total"], dry.json["indexed"], dry.json["failed"]) == (1, 5, 0, 1)
    assert shop.services.get("shop")["documents"] == 0

    done = ask("index", "photos", "-s", "shop", "--json")
    assert done.code == 1
    assert {k: done.json[k] for k in ("total", "indexed", "deleted", "failed")} == {
        "total": 5,
        "indexed": 3,
        "deleted": 0,
        "failed": 2,
    }
    reasons = {f["product_id"]: (f["reason"], f["where"]) for f in done.json["failures"]}
    assert reasons == {"lost": ("NoPhoto", "line 4"), "nothing": ("NoDetectedFashionItems", "photos/more/nothing.png")}
    red = shop.products.get("shop", "red 1")
    assert (red["name"], red["category1_id"], red["s1"]) == ("Dress, red", "7", "x")
    assert [p["product_id"] for p in shop.products.list("shop")] == ["blue", "green", "red 1"]

    (photos / "columns.csv").rename("photos.csv")
    Path("photos.csv").write_text("blue,disable,,,,,,,\nred 1,enable,Red,9,,,,,\n")
    again = ask("index", "photos", "-s", "shop")
    assert again.code == 1
    assert "4 products: 2 indexed, 1 deleted, 1 failed." in again.out
    assert [(p["product_id"], p["name"]) for p in shop.products.list("shop")] == [("green", ""), ("red 1", "Red")]


def test_photos_as_a_studio_has_them(ask: Remote, shop: Placket, folder: Path) -> None:
    for product, colour in (("Größe #1", RED), ("100% 'a'", BLUE)):
        (folder / "shoot" / product).mkdir(parents=True)
        (folder / "shoot" / product / "front.tif").write_bytes(picture(colour, format="TIFF"))
        (folder / "shoot" / product / "back.jpg").write_bytes(picture(colour, format="JPEG", size=(9000, 5600)))
    (folder / "shoot" / "cut.jpg").write_bytes(picture(RED, format="JPEG")[:200])
    (folder / "shoot" / "100% 'a'" / "back.psd").write_bytes(b"8BPS")
    plain_ = ask("index", "shoot", "-s", "shop", "--by-folder", "--json")
    assert (plain_.json["indexed"], plain_.json["failed"]) == (0, 5)
    assert plain_.json["notLookedAt"] == {".psd": 1}
    assert "not looked at: 1 .psd" in ask("index", "shoot", "-s", "shop", "--by-folder", "--dry-run").err
    done = ask("index", "shoot", "-s", "shop", "--by-folder", "--shrink", "--json")
    assert (done.code, done.json["indexed"]) == (1, 4)
    assert [(f["product_id"], f["reason"]) for f in done.json["failures"]] == [("cut", "Unreadable")]
    assert {p["product_id"]: p["s1"] for p in shop.products.list("shop")} == {
        "Größe #1/front": "Größe #1",
        "Größe #1/back": "Größe #1",
        "100% 'a'/front": "100% 'a'",
        "100% 'a'/back": "100% 'a'",
    }
    near = ask("search", "product", "Größe #1/front", "-s", "shop", "--json")
    assert near.json["items"][0]["product_id"] == "Größe #1/back"


def test_folders_that_are_refused(ask: Remote, shop: Placket, photos: Path, folder: Path) -> None:
    def refused(*options: str | Path) -> str:
        done = ask("index", "photos", "-s", "shop", *options)
        assert done.code == 2, done.out
        return done.err

    (photos / "a.csv").write_text("id,name\n")
    assert "product_id" in refused()
    (photos / "b.csv").write_text("")
    assert "--columns" in refused()
    (photos / "a.csv").write_text("product_id,price\n")
    assert "'price'" in refused("--columns", photos / "a.csv")
    (photos / "a.csv").write_text("product_id,name\nx,y\nx,z\n")
    assert "line 3: 'x' has a line already: 2" in refused("--columns", photos / "a.csv")
    assert ask("index", "photos", "-s", "shop", "--columns", "none.csv").code == 2
    (folder / "empty").mkdir()
    assert ask("index", "empty", "-s", "shop").code == 2
    assert ask("index", "photos", "-s", "none", "--columns", photos / "b.csv").code == 4
    assert shop.services.get("shop")["documents"] == 0


def test_a_keys_rate_fails_no_upload(ask: Remote, photos: Path, new_key: Callable[..., dict[str, Any]]) -> None:
    (photos / "more" / "nothing.png").unlink()
    for number in range(5):
        (photos / f"{number}.png").write_bytes(picture(RED))
    slow = {"PLACKET_KEY": new_key(ratePerSecond=2)["key"]}
    ask("services", "create", "shop", **slow)
    done = ask("index", "photos", "-s", "shop", "--json", **slow)
    assert (done.code, done.json["indexed"], done.json["failures"]) == (0, 8, [])


def test_two_photos_of_one_name(ask: Remote, shop: Placket, photos: Path) -> None:
    (photos / "more" / "red 1.jpg").write_bytes(picture(RED, format="JPEG"))
    (photos / "more" / "nothing.png").unlink()
    done = ask("index", "photos", "-s", "shop", "--json")
    assert (done.code, done.json["indexed"], [f["reason"] for f in done.json["failures"]]) == (1, 2, ["SameName"])
    done = ask("index", "photos", "-s", "shop", "--by-folder", "--json")
    assert (done.code, done.json["indexed"], done.json["failures"]) == (0, 4, [])
    products = {p["product_id"]: p["s1"] for p in shop.products.list("shop")}
    assert products["more/red 1"] == "more"


def test_a_file_has_no_folders(ask: Remote, shop: Placket, photos: Path) -> None:
    (photos / "rows.jsonl").write_text("{}\n")
    for option in ("--by-folder", "--shrink"):
        done = ask("index", "photos/rows.jsonl", "-s", "shop", option)
        assert (done.code, "is no folder" in done.err, option in done.err) == (2, True, True)


def _every_product_and_those_like_it(ask: Remote, out: Path) -> None:
    shown = ask("search", "every", "-s", "shop", "-o", out, "--filter", "category1_id=!equal:red")
    assert "3 products in" in " ".join(shown.out.split())
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [x["product_id"] for x in lines] == ["blue", "green", "red"]
    assert [{m["product_id"] for m in x["items"]} for x in lines] == [{"green"}, {"blue"}, {"blue", "green"}]
    assert all(set(m) == {"product_id", "similarity"} for x in lines for m in x["items"])
    twice = ask("search", "every", "-s", "shop", "--min-similarity", "1", "--limit", "1")
    assert [json.loads(line)["items"] for line in twice.out.splitlines()] == [[], [], []]
    # An older file stays where there is no new one, and nothing half-written stands beside it.
    assert ask("search", "every", "-s", "none", "-o", out).code == 4
    assert ask("search", "every", "-s", "shop", "-o", out, "--tag", "color:red").code == 4
    assert len(out.read_text("utf-8").splitlines()) == 3
    assert not list(out.parent.glob(".similar*"))
    assert ask("search", "every", "-s", "shop", "-o", out.parent / "none" / "x").code == 2


def test_searches(ask: Remote, shop: Placket, photos: Path, host: ImageHost) -> None:
    for name, colour in (("red", RED), ("blue", BLUE), ("green", GREEN)):
        shop.products.put("shop", name, picture(colour), name=f"[{name}]", category1_id=name)
    similar = ask("search", "product", "red", "-s", "shop", "--json")
    assert {m["product_id"] for m in similar.json["items"]} == {"blue", "green"}
    shown = ask("search", "product", "red", "-s", "shop", "--limit", "1", "--filter", "category1_id=green")
    assert ("[green]" in shown.out, "[blue]" in shown.out) == (True, False)
    found = ask("search", "image", photos / "red 1.png", "-s", "shop", "--min-similarity", "0.99", "--json")
    assert [m["product_id"] for m in found.json["items"]] == ["red"]
    assert found.json["garment"]["group"] == "TOP"
    url = host.put("/blue.png", picture(BLUE))
    assert ask("search", "image", url, "-s", "shop", "--json").json["items"][0]["product_id"] == "blue"
    others = ask(
        "search", "image", url, "-s", "shop", "--no-duplicates", "--filter", "category1_id=!equal:red", "--json"
    )
    assert [m["product_id"] for m in others.json["items"]] == ["green"]
    # Found by what the garment is said to be, from the moment that somebody says so.
    said = (
        "search",
        "product",
        "red",
        "-s",
        "shop",
        "--tag",
        "category:shirt,dress",
        "--tag",
        "!pattern:floral",
        "--json",
    )
    for name, tags in (("green", {"pattern": ["floral"]}), ("blue", {"pattern": ["solid"]})):
        (seen, *_) = shop.products.get("shop", name)["garments"]
        shop.products.correct("shop", name, seen["box"], category="dress", tags=tags)
    assert [m["product_id"] for m in ask(*said).json["items"]] == ["blue"]
    common = ask("search", "product", "green", "-s", "shop", "--same", "category", "--json")
    assert [m["product_id"] for m in common.json["items"]] == ["blue"]
    shop.products.forget_corrections("shop", "green")
    boxed = ask("search", "image", url, "-s", "shop", "--box", "0.2,0.1,0.8,0.9")
    assert "20%, 10% to 80%, 90%" in boxed.out
    for options, why in (
        (("--min-similarity", "1"), f"has {similar.json['bestSimilarity']:.5f}, less than 1."),
        (("--filter", "category1_id=Green"), "no product passes the filters;"),
        (("--filter", "category1_id=Green", "--tag", "colors:red"), "no product passes the filters and tags"),
        (("--tag", "category:earrings"), "no other garment in the service has such tags"),
    ):
        assert why in " ".join(ask("search", "product", "red", "-s", "shop", *options).out.split())
    _every_product_and_those_like_it(ask, photos / "similar.jsonl")
    for name in ("blue", "green"):
        shop.products.delete("shop", name)
    assert "no other product" in ask("search", "product", "red", "-s", "shop").out

    codes: list[tuple[Any, ...]] = [
        (4, "search", "product", "none", "-s", "shop"),
        (4, "search", "image", photos / "more" / "nothing.png", "-s", "shop"),
        (4, "search", "product", "red", "-s", "shop", "--filter", "color=red"),
        (4, "search", "product", "red", "-s", "shop", "--tag", "color:red"),
        (2, "search", "product", "red", "-s", "shop", "--filter", "s1"),
        (2, "search", "image", "none.png", "-s", "shop"),
        (2, "search", "product", "red"),
        (3, "search", "product", "red", "-s", "shop", "--profile", "nobody"),
    ]
    ask("profile", "set", "nobody", "--url", "http://127.0.0.1:9", "--key", "-", stdin="k\n")
    for code, *arguments in codes:
        assert ask(*arguments).code == code, arguments
