"""What the tests of the calls under /placket/v1 have in common."""

import httpx

SERVICE = "/placket/v1/services/shop"
PHOTO = "http://shop.example/a.png"
PNG = {"image": ("a.png", b"PIC1", "image/png")}


def problem(answer: httpx.Response) -> tuple[int, int, str]:
    """(status, code, title), after checking the rest of it."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "requestId"}
    assert body["status"] == answer.status_code
    assert body["requestId"] == answer.headers["x-request-id"]
    return body["status"], body["code"], body["title"]


async def put(client: httpx.AsyncClient, product: str, **fields: str) -> httpx.Response:
    return await client.put(f"{SERVICE}/products/{product}", files=PNG, data={"category1_id": "7", **fields})
