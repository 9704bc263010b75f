"""`placket products` and `placket photos` against a real server."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from placket.client import Placket
from tests.e2e.cli.conftest import Remote
from tests.e2e.cli.test_catalogue import BLUE, RED
from tests.support.server import ImageHost, picture, plain


@pytest.fixture
def red(shop: Placket, folder: Path) -> Path:
    """The photo of product ``a/red`` of the shop."""
    file = folder / "red.png"
    file.write_bytes(picture(RED))
    shop.products.put("shop", "a/red", file, name="[Dress], red", category1_id="7")
    return file


def test_a_product_from_its_photo_to_its_end(ask: Remote, shop: Placket, red: Path) -> None:
    made = ask("products", "put", "blue", red, "-s", "shop", "--set", "name=A=B", "--set", "s1=x", "--json")
    assert (made.code, made.json["name"], made.json["s1"], made.json["category1_id"]) == (0, "A=B", "x", "")
    again = ask("products", "put", "blue", red, "-s", "shop", "--set", "category1_id=3")
    assert (again.code, "category1_id" in again.out, "A=B" in again.out) == (0, True, False)
    assert [p["product_id"] for p in ask("products", "list", "-s", "shop", "--json").lines] == ["a/red", "blue"]
    assert [p["product_id"] for p in ask("products", "list", "-s", "shop", "--limit", "1", "--json").lines] == ["a/red"]
    table = ask("products", "list", "-s", "shop").out
    assert ("[Dress], red" in table, "a/red" in table) == (True, True)
    shown = ask("products", "show", "a/red", "-s", "shop", "--lang", "ko")
    assert ("[Dress], red" in shown.out, "160 x 160" in shown.out) == (True, True)
    assert any("\uac00" <= c <= "\ud7a3" for c in shown.out)
    assert ask("products", "show", "a/red", "-s", "shop", "--json").json == shop.products.get("shop", "a/red")
    sold = ask("products", "refilter", "blue", "-s", "shop", "--set", "s2=sold-out", "--json").json
    assert (sold["s2"], sold["category1_id"], len(sold["garments"])) == ("sold-out", "3", 1)
    assert ask("products", "refilter", "blue", "-s", "shop", "--set", "s2=").out == "Product blue is changed.\n"
    assert ask("products", "delete", "blue", "-s", "shop", "--json").json == {"deleted": "blue"}
    codes: list[tuple[Any, ...]] = [
        (4, "show", "blue", "-s", "shop"),
        (4, "delete", "blue", "-s", "shop"),
        (4, "refilter", "blue", "-s", "shop", "--set", "s1=1"),
        (2, "refilter", "a/red", "-s", "shop", "--set", "name=Skirt"),
        (2, "refilter", "a/red", "-s", "shop"),
        (2, "show", "", "-s", "shop"),
        (2, "put", "x", "none.png", "-s", "shop"),
        (2, "put", "x", red, "-s", "shop", "--set", "price=1"),
        (2, "put", "x", red, "-s", "shop", "--set", "s1"),
        (2, "put", "x", red, "-s", "shop", "--set", "s1=1", "--set", "s1=2"),
        (4, "list", "-s", "shop", "--tag", "pattern:red"),
    ]
    for code, *arguments in codes:
        assert ask("products", *arguments).code == code, arguments
    red.write_bytes(b"no photo")
    assert ask("products", "put", "x", red, "-s", "shop").code == 4


def test_what_is_corrected(ask: Remote, shop: Placket, red: Path) -> None:
    def said(*options: str) -> dict[str, Any]:
        done = ask("products", "correct", "a/red", "-s", "shop", "--garment", "1", *options, "--json")
        assert done.code == 0, done.err
        garment: dict[str, Any] = done.json["garments"][0]
        return garment

    def labels(garment: dict[str, Any], attribute: str) -> list[str]:
        return [x["id"] for a in garment["tags"] if a["attribute"] == attribute for x in a["labels"]]

    seen = shop.products.get("shop", "a/red")["garments"]
    first = said("--category", "robe", "--tag", "pattern:paisley")
    assert (first["category"]["id"], labels(first, "pattern")) == ("robe", ["paisley"])
    second = said("--tag", "colors:navy,white", "--tag", "details:")
    assert (second["category"]["id"], labels(second, "pattern")) == ("robe", ["paisley"])
    assert (labels(second, "colors"), labels(second, "details")) == (["navy", "white"], [])
    assert second["corrected"] == ["category", "colors", "pattern", "details"]
    found = ask("products", "list", "-s", "shop", "--tag", "category:robe", "--tag", "pattern:paisley", "--json")
    assert [p["product_id"] for p in found.lines] == ["a/red"]
    assert ask("products", "list", "-s", "shop", "--tag", "pattern:dot", "--json").lines == []
    assert "category, colors" in " ".join(ask("products", "show", "a/red", "-s", "shop").out.split())
    for code, *options in (
        (2,),
        (2, "--tag", "floral"),
        (2, "--garment", str(len(seen) + 1), "--category", "robe"),
        (4, "--garment", "1", "--category", "hat-ish"),
        (4, "--garment", "1", "--tag", "pattern:red"),
    ):
        assert ask("products", "correct", "a/red", "-s", "shop", *options).code == code, options
    assert shop.products.get("shop", "a/red")["garments"][0] == second

    one = ask("products", "uncorrect", "a/red", "-s", "shop", "--garment", "1", "--json")
    assert one.json["garments"] == seen
    said("--category", "robe")
    assert ask("products", "uncorrect", "a/red", "-s", "shop", "--json").json["garments"] == seen
    assert ask("products", "uncorrect", "none", "-s", "shop").code == 4


def test_photos(ask: Remote, shop: Placket, red: Path, host: ImageHost, folder: Path) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "blue.jpg").write_bytes(picture(BLUE, format="JPEG"))
    (folder / "photos" / "empty.png").write_bytes(plain())
    (folder / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    url = host.put("/red.png", picture(RED))
    done = ask("photos", "detect", red, "photos", url, host.url("/none.png"), "lost.png", "-s", "shop", "--json")
    assert done.code == 1
    names = [line["path"].rpartition("/")[2] for line in done.lines]
    assert names == ["red.png", "blue.jpg", "broken.png", "empty.png", "red.png", "none.png", "lost.png"]
    assert [n for n, line in enumerate(done.lines) if "error" in line] == [2, 5, 6]
    assert (done.lines[0]["width"], done.lines[3]["items"], done.err) == (160, [], "")
    link = done.lines[0]["items"][0]["link"]
    like = ask("search", "link", link, "-s", "shop", "--json")
    assert (like.code, [m["product_id"] for m in like.json["items"]]) == (0, ["a/red"])
    assert ask("search", "link", "forged", "-s", "shop").code == 4

    table = ask("photos", "detect", red, "photos/broken.png", "-s", "shop")
    assert ("red.png  160 x 160" in table.out, "TOP" in table.out) == (True, True)
    assert ("broken.png: " in table.err, "1 of 2 could not be used" in table.err) == (True, True)
    tagged = ask("photos", "tag", red, "-s", "shop", "--item-limit", "2", "--lang", "ko", "--json")
    assert (tagged.code, "tags" in tagged.lines[0]["items"][0]) == (0, True)
    assert "colors" in ask("photos", "tag", red, "-s", "shop").out
    (folder / "done.jsonl").write_text(json.dumps({"path": str(red), "width": 1, "height": 1, "items": []}) + "\n")
    for command in ("tag", "detect"):
        again = ask("photos", command, red, "photos/broken.png", "-s", "shop", "--json", "--done", "done.jsonl")
        assert (again.code, [line["path"] for line in again.lines]) == (1, ["photos/broken.png"])
    assert ask("photos", "tag", red, "-s", "shop", "--item-limit", "5").code == 2
    sheet = ask("photos", "tag", red, "photos/broken.png", "-s", "shop", "--item-limit", "4", "--csv")
    header, *rows = csv.reader(io.StringIO(sheet.out.removeprefix("\ufeff")))
    assert (sheet.code, sheet.err) == (1, "1 of 2 could not be used\n")
    assert [(row[0].rpartition("/")[2], bool(row[1]), len(row)) for row in rows] == [
        ("red.png", False, len(header)),
        ("broken.png", True, len(header)),
    ]
    item, row = (
        ask("photos", "tag", red, "-s", "shop", "--json").lines[0]["items"][0],
        dict(zip(header, rows[0], strict=True)),
    )
    assert [row[name] for name in ("width", "height", "garment", "category")] == [
        "160",
        "160",
        "1",
        item["category"]["name"],
    ]
    assert row["measured_colors"] == "Red 100%"
    told = {a["attribute"]: ", ".join(x["name"] for x in a["labels"]) for a in item["tags"]}
    assert {name: row[name] for name in told} == told
    places = csv.DictReader(io.StringIO(ask("photos", "detect", red, "-s", "shop", "--csv").out))
    assert next(places)["group"] == item["group"]
    assert ask("photos", "detect", red, "-s", "shop", "--csv", "--json").code == 2
    assert ask("photos", "detect", red, "-s", "none").code == 4
    away = ask("photos", "detect", red, "-s", "shop", PLACKET_URL="http://127.0.0.1:9")
    assert (away.code, away.out) == (3, "")


def test_single_images_by_the_tagger(ask: Remote, folder: Path, host: ImageHost) -> None:
    (folder / "red.png").write_bytes(picture(RED))
    url = host.put("/red.png", picture(RED))
    done = ask("tasks", "single", "red.png", url, host.url("/none.png"), "--lang", "ja", "--json")
    assert (done.code, [sorted(line) for line in done.lines]) == (
        1,
        [["notMatchedObject", "objects", "path"]] * 2 + [["error", "path"]],
    )
    assert done.lines[0]["objects"][0]["type"] == "CLOTHING"
    shown = ask("tasks", "single", "red.png", "--detection", "SHOES")
    assert (shown.code, "no detected product" in shown.out) == (0, True)
    wrong = ask("tasks", "single", "red.png", "--detection", "HATS")
    assert (wrong.code, "detection" in wrong.err) == (1, True)
    assert ask("tasks", "single", "red.png", PLACKET_KEY="not-a-key").code == 4
