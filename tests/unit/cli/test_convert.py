"""`placket convert`, and what `placket index` says of a file that has to go through it first."""

import json
import os
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from placket.cli.commands import app
from placket.domain.index_file import MAX_LENGTH

EXPORT = "Handle,Title,Vendor,Tags,Image Src,Status\ntee,Kleid grün,Nord,summer,https://shop.example/a.jpg,active\n"
DRAFT = "hat,Hat,Nord,,https://shop.example/b.jpg,draft\n"
UNUSABLE = "bag,Bag,Nord,,,active\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "products_export.csv"
    path.write_text(EXPORT + DRAFT, "utf-8")
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_rows_go_to_standard_output_and_the_account_beside_it(file: Path) -> None:
    done = run("convert", file, "--s1", "tag:summer")
    assert done.exit_code == 0
    row = json.loads(done.stdout)
    assert (row["product_id"], row["name"], row["s1"], row["s2"]) == ("tee", "Kleid grün", "summer", "")
    assert done.stderr == "1 rows (shopify).\nLeft out: not published 1.\n"


def test_a_file_is_written_whole_or_not_at_all(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    file.write_text(EXPORT + DRAFT + UNUSABLE, "utf-8")
    done = run("convert", file, "-o", out, "--unpublished")
    assert (done.exit_code, done.stdout) == (1, "")
    assert [json.loads(line)["product_id"] for line in out.read_text("utf-8").splitlines()] == ["tee", "hat"]
    for words in ("Cannot be used: 1.", "bag", "line 4", "no picture", f"placket index {out}"):
        assert words in done.stderr.replace("\n", " ") or words in done.stderr
    file.write_text(EXPORT + 'x,"open', "utf-8")
    done = run("convert", file, "-o", out)
    assert done.exit_code == 2
    assert "line 3: not a CSV record" in done.stderr
    assert len(out.read_text("utf-8").splitlines()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["products_export.csv", "rows.jsonl"]


def test_it_reads_standard_input(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(app, ["convert", "-"], input=file.read_bytes())
    assert (done.exit_code, json.loads(done.stdout)["product_id"]) == (0, "tee")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--s1", "brand"], "'brand': vendor, product, stock"),
        (["-o", "/no/such/folder/rows.jsonl"], "there is no folder /no/such/folder"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_read(file: Path, words: list[str], told: str) -> None:
    done = run("convert", file, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run("convert", tmp_path / "gone.csv")
    assert done.exit_code == 2
    assert "No such file" in done.stderr


def test_a_large_catalogue_is_sent_in_parts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placket.cli.convert._MOST_ROWS", 1)
    done = run("convert", file, "--unpublished")
    assert "send it in parts" in done.stderr


def test_an_export_is_not_sent_as_it_is(file: Path, tmp_path: Path) -> None:
    """No server is asked: the address is one where none is."""
    feed = tmp_path / "a feed.xml"
    feed.write_text("<rss/>")
    for path, format, shown in ((file, "shopify", file), (feed, "google", f"'{feed}'")):
        done = CliRunner().invoke(
            app, ["index", str(path), "--service", "s"], env={"PLACKET_URL": "http://127.0.0.1:1"}
        )
        assert done.exit_code == 2
        assert f"is an export of the format {format}: `placket convert {shown} -o rows.jsonl`" in done.stderr


def test_pictures_that_will_fail_are_told(file: Path) -> None:
    file.write_text(EXPORT.replace(".jpg", ".webp"), "utf-8")
    assert "1 of the rows have a picture that is no PNG, JPEG or GIF" in run("convert", file).stderr


def test_four_columns_hold_what_a_shop_filters_by(file: Path) -> None:
    names, row, _ = EXPORT.split("\n")
    file.write_text(f"{names},Variant Price\n{row},59.00\n", "utf-8")
    done = run("convert", file, "--s2", "price:50", "--category2", "tag:summer", "--category3", "stock")
    row = json.loads(done.stdout)
    assert [row[n] for n in ("category1_id", "category2_id", "category3_id", "s1", "s2")] == [
        *("none", "summer", "", "Nord", "from-50"),
    ]
    assert list(row) == list(MAX_LENGTH)


def test_nothing_is_read_out_of_a_pipe_before_it_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(EXPORT,), daemon=True)
    writer.start()
    nobody = {"PLACKET_URL": "http://127.0.0.1:1", "PLACKET_KEY": "a-key"}
    monkeypatch.setattr("time.sleep", lambda _: None)
    done = CliRunner().invoke(app, ["index", str(pipe), "--service", "s"], env=nobody)
    # The client has read it all, and has found nobody to send it to.
    assert (done.exit_code, "cannot be reached" in done.stderr) == (3, True)
    writer.join(10)
    assert not writer.is_alive()
