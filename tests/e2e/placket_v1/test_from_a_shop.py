"""From what a shop exports to what its page of another origin reads in a browser."""

from pathlib import Path

import httpx

from tests.e2e.placket_v1.test_beyond import RUNS, ended
from tests.support.server import ImageHost, picture, running_server

SHOP = "https://shop.example"


def test_an_export_is_indexed_and_a_page_finds_what_is_similar(host: ImageHost, tmp_path: Path) -> None:
    export, rows = tmp_path / "products_export.csv", tmp_path / "rows.jsonl"
    red, pink = host.put("/shop-red.png", picture()), host.put("/shop-pink.png", picture((220, 60, 70)))
    export.write_text(
        "Handle,Title,Vendor,Variant Inventory Tracker,Variant Inventory Qty,Image Src,Image Position,Status\n"
        f"red-dress,Red dress,Nord,shopify,3,{pink},2,active\n"
        f"red-dress,,,,,{red},1,\n"
        f"pink-dress,Pink dress,Nord,shopify,3,{pink}?v=1,1,active\n"
        f"old-dress,Old dress,Nord,shopify,0,{red}?v=2,1,active\n"
        f"next-dress,Next dress,Nord,shopify,3,{red},1,draft\n"
    )
    with (
        running_server(PLACKET_CORS_ORIGINS=f"{SHOP}, http://localhost:3000") as server,
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as api,
    ):
        server.command("convert", str(export), "-o", str(rows))
        api.headers["Authorization"] = f"Bearer {server.create_key('shop')}"
        api.post("/placket/v1/services", json={"name": "shop"})
        with rows.open("rb") as file:
            run = ended(api, api.post(RUNS, params={"format": "jsonl"}, files={"file": file}).json())
        assert (run["added"], run["failed"]) == (3, 0)

        search = server.create_key("pages", "--project", "shop", "--access", "search")
        page = {"origin": SHOP, "authorization": f"Bearer {search}"}
        similar = "/placket/v1/services/shop/products/red-dress/similar?fields=name,image_url&filter.s2=!equal:sold-out"
        answer = api.get(similar, headers=page)
        assert [(p["product_id"], p["image_url"]) for p in answer.json()["items"]] == [("pink-dress", f"{pink}?v=1")]
        assert answer.headers["access-control-allow-origin"] == SHOP
        asked = {"origin": SHOP, "access-control-request-method": "GET"}
        assert api.options(similar, headers=asked).status_code == 204
        assert (
            "access-control-allow-origin"
            not in api.get(similar, headers={**page, "origin": "https://a.example"}).headers
        )
