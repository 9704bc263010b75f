"""A shop whose photos are of formats that the AI Fashion guide does not have, on a server that is told to take them."""

import httpx
import pytest

from tests.e2e.placket_v1.test_beyond import RUNS, ended, rows
from tests.support.photos import drawn, encoded
from tests.support.server import ImageHost, running_server


@pytest.mark.timeout(120)
def test_products_with_photos_of_more_formats(host: ImageHost) -> None:
    photos = {format: encoded(drawn(), format) for format in ("WEBP", "AVIF", "HEIF", "PNG", "BMP")}
    urls = {format: host.put(f"/{format}", photo) for format, photo in photos.items()}
    with (
        running_server(PLACKET_IMAGE_FORMATS="png, jpeg,GIF,webp,avif,heic") as server,
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as api,
    ):
        key = server.create_key("shop")
        api.headers["Authorization"] = f"Bearer {key}"
        assert api.post("/placket/v1/services", json={"name": "shop"}).status_code == 201
        run = ended(api, api.post(RUNS, params={"format": "jsonl"}, files=rows(*urls.items())).json())
        failed = api.get(f"{RUNS}/{run['id']}/rows", params={"outcome": "failed"}).json()["items"]
        assert [(f["product_id"], f["reason"]) for f in failed] == [("BMP", "InvalidImageFormatException")]
        assert "taken are AVIF, GIF, HEIC, JPEG, PNG, WEBP" in failed[0]["detail"]
        one = {"files": {"image": photos["HEIF"]}}
        assert api.put("/placket/v1/services/shop/products/HEIF", **one).status_code == 200
        detect = f"/nhn-ai-fashion/v1.0/appkeys/{key}/service/shop/detect"
        assert api.get(detect, params={"path": urls["AVIF"]}).json()["header"]["isSuccessful"]
        found = api.get("/placket/v1/services/shop/products/WEBP/similar").json()["items"]
        assert {m["product_id"] for m in found} == {"AVIF", "HEIF", "PNG"}
