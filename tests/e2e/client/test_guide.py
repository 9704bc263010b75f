"""The guide's examples, run in order as in a notebook against a real server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import ImageHost, PlacketServer, picture

_GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "client.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: ImageHost) -> Iterator[Path]:
    """The folder that the guide speaks of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, colour in (("shirt-1", (200, 30, 40)), ("shirt-2", (190, 40, 50)), ("dress", (30, 40, 200))):
        (tmp_path / "photos" / f"{name}.jpg").write_bytes(picture(colour, format="JPEG"))
    for path in ("/a.jpg", "/b.jpg"):
        host.put(path, picture(format="JPEG"))
    row = {"product_id": "coat", "status": "enable", "category1_id": "1", "image_url": host.url("/a.jpg")}
    lines = [row, {**row, "product_id": "lost", "image_url": host.url("/none.jpg")}, {**row, "product_id": "hat"}]
    (tmp_path / "products.jsonl").write_text("\n".join(map(json.dumps, lines)))
    feed = [
        "shirt-1,,,",
        "shirt-2,,,",
        "dress,,,",
        f'coat,"Coat, red",1,{host.url("/a.jpg")}',
        "new,,1,http://127.0.0.1:9/",
    ]
    header = "product_id,name,category1_id,image_url"
    (tmp_path / "feed.csv").write_text("\r\n".join([header, *feed, ""]), encoding="utf-8-sig")
    yield tmp_path


def test_the_guide_does_what_it_says(
    notebook: Path, server: PlacketServer, key: str, host: ImageHost, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = _BLOCK.findall(_GUIDE.read_text("utf-8"))
    names: dict[str, object] = {"__name__": "notebook"}
    for block in blocks:
        code = block.replace("http://127.0.0.1:8780", server.url).replace("YOUR-KEY", key)
        code = code.replace("ADMIN-TOKEN", server.admin_token)
        exec(compile(code.replace("https://example.com/", host.url("/")), "client.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("[{'product_id': 'shirt-1', 'similarity': 1.0")
    assert "3 of 3" in printed
    assert "2 lost InvalidImageURLException 127.0.0.1 answered 404" in printed
    assert any(line.startswith("coat ['") for line in printed)
    # The shirts and the dress are as they were.
    assert "0 new, 1 changed, 1 gone, 1 failed" in printed
    assert any(line.startswith("a [{'type': 'CLOTHING'") for line in printed)
    assert "['coat', 'dress', 'shirt-1', 'shirt-2']" in printed
    assert "a robe: shirt-1" in printed
    assert any(line.startswith("-40050 ") for line in printed)
    assert printed[-1] == "ready True"
    names["placket"].close()  # type: ignore[attr-defined]
