"""Tables for people: at any width of a terminal nothing of what they are asked for is cut away."""

import io
from collections import Counter
from typing import Any

import numpy as np
import pytest
from rich.console import Console, RenderableType

from placket.cli import index_report, keys, output, remote_garments, services, tasks_report
from placket.cli.garment_cells import places_table, tags_table
from placket.cli.local_garments import detection_table, garment_table
from placket.domain.garments import Analysis, Box, Garment, Label, Swatch
from placket.domain.names_of import category_name, label_name
from placket.domain.taxonomy import taxonomy
from placket.local.results import LANGUAGES, Lang, photo_of

_UUID = "b1e4a1c2-1234-4321-8765-0123456789ab"
_TIME = "2026-01-02T10:30:00+00:00"


def letters(text: str) -> Counter[str]:
    """Without what lines and frames are made of."""
    return Counter(c for c in text if not c.isspace() and not 0x2500 <= ord(c) < 0x2580)


def printed(table: RenderableType, width: int) -> str:
    shown = Console(width=width, file=io.StringIO())
    shown.print(table)
    assert isinstance(shown.file, io.StringIO)
    return shown.file.getvalue()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed to a terminal of 80 columns."""
    monkeypatch.setattr(output.console, "_width", 80)
    written = io.StringIO()
    monkeypatch.setattr(output.console, "_file", written)
    return written


def garment(shift: int) -> Garment:
    """With three labels of each attribute."""
    tags = {
        attribute: tuple(Label(labels[(shift + n) % len(labels)], 0.97 - n / 50) for n in range(3))
        for attribute, labels in ((a, list(x)) for a, x in taxonomy().attributes.items())
    }
    category = Label(list(taxonomy().categories)[shift], 0.99)
    swatches = (Swatch("#556b2f", "denim_black", 1.0),)
    return Garment("TOP", category, Box(0, 0, 1, 1), 0.87, tags, np.zeros(256, np.float32), swatches)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shift", [0, 7, 19])
def test_a_garment_loses_no_letter_and_no_digit(language: Lang, shift: int) -> None:
    seen = Analysis(100, 200, (garment(shift),), "b")
    photo = photo_of("a.jpg", seen, language)
    (worn,) = seen.garments
    names = [category_name(worn.category.id, language)]
    names += [label_name(a, x.id, language) for a, labels in worn.tags.items() for x in labels]
    scores = [f"{x.score:.2f}" for labels in worn.tags.values() for x in labels]
    words = "".join(
        [
            *names,
            *scores,
            "0.87",
            *(a.replace("_", " ") for a in worn.tags),
            f"██ {label_name('colors', 'denim_black', language)} 100%",
        ]
    )
    heading = printed(tags_table(), 200)
    places = printed(places_table(), 200) + names[0] + "0.87TOP" + "0.0%" * 2 + "100.0%" * 2
    for width in range(60, 121):
        assert letters(printed(garment_table(photo), width)) == letters(heading + words), width
        assert letters(printed(detection_table(photo), width)) == letters(places), width


def product(**other: Any) -> Any:
    labels = [{"id": "x", "name": name, "score": 0.97} for name in ("여성용옷", "아이보리", "フレンチスリーブ")]
    tags = [{"attribute": a, "labels": labels} for a in ("unheard_of", "gender", "colors")]
    worn = {
        "group": "TOP", "category": {"id": "shirt", "name": "셔츠/블라우스", "score": 0.31}, "box": [0, 0, 1, 1],
        "score": 0.87, "tags": tags,
        "colors": [{"hex": "#556b2f", "id": "dark_olive_green", "name": "dark olive green", "share": 1.0}],
        "corrected": ["category", "sleeve_length"],
    }  # fmt: skip
    empty = dict.fromkeys(("name", "category1_id", "category2_id", "category3_id", "s1", "s2"), "")
    return {
        **empty, "product_id": _UUID, "image_url": f"https://shop.test/{'y' * 90}/z.jpg", "width": 800, "height": 1200,
        "updatedAt": _TIME, "garments": [worn], **other,
    }  # fmt: skip


@pytest.mark.parametrize("width", range(60, 121, 4))
def test_a_product_is_shown_whole(terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(output.console, "_width", 1000)
    remote_garments.show_product(product())
    whole = terminal.getvalue()
    monkeypatch.setattr(output.console, "_width", width)
    remote_garments.show_product(product())
    assert letters(terminal.getvalue().removeprefix(whole)) == letters(whole)


def test_a_servers_garment_has_the_score_and_the_order_of_a_local_one(terminal: io.StringIO) -> None:
    remote_garments.show_photo("a.jpg", {"width": 1, "height": 1, "items": product()["garments"]}, places=False)
    shown = terminal.getvalue()
    assert ("0.87" in shown, "0.31" in shown) == (True, False)
    assert shown.index("colors") < shown.index("gender") < shown.index("unheard of")


def test_measured_colours_of_a_server_are_told_by_the_names_that_it_gives(terminal: io.StringIO) -> None:
    color = {"hex": "#556b2f", "id": "denim_blue", "name": "데님 블루", "share": 0.5}
    seen = {**product()["garments"][0], "colors": [color]}
    remote_garments.show_photo("a.jpg", {"width": 1, "height": 1, "items": [seen]}, places=False)
    remote_garments.show_product(product(garments=[seen]))
    assert terminal.getvalue().count("데님 블루") == 2
    assert "denim_blue" not in terminal.getvalue()


def test_ids_stay_whole_on_80_columns(terminal: io.StringIO) -> None:
    service = {"name": "a" * 32, "documents": 100_000, "remainingIndexRequests": 24, "bundle": "b-2026.11.8"}
    services._show([{**service, "createdAt": _TIME}])  # type: ignore[typeddict-item]
    count = {"total": 1_000_000, "done": 1_000, "processing": 0, "failure": 12_345}
    task: Any = {"taskId": _UUID, "albumName": "x" * 60, "taskStatus": "TASK_PROCESSING", "count": count}
    tasks_report.show_tasks([{**task, "createDate": _TIME, "resultExpiredAt": _TIME}])
    limits = {"ratePerSecond": 0.25, "imagesPerMonth": 2_000_000_000}
    key = {
        "id": "k3y1d234",
        "name": "n" * 60,
        "project": "p" * 60,
        "createdAt": _TIME,
        "revokedAt": _TIME,
        "access": "search",
        **limits,
    }
    output.console.print(keys._table([key]))
    reason, detail = "InvalidImageURLException", "the address does not answer, or may not be fetched"
    row: Any = {"line": 12_345, "product_id": _UUID, "outcome": "failed", "reason": reason, "detail": detail}
    index_report.show_rows([row])
    index_report.show_failures([("photos/of/a/long/name.jpg", _UUID, reason, detail)])
    shown = terminal.getvalue()
    assert "…" not in shown
    assert [shown.count(word) for word in ("a" * 32, "b-2026.11.8", _UUID, "k3y1d234", reason)] == [1, 1, 3, 1, 2]
    assert ("12,345" in shown, "2000000000" in shown, "line 12,345" in shown) == (True, True, True)
    assert max(map(len, shown.splitlines())) <= 80


def test_words_between_colons_are_no_pictures(terminal: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    output.console.print("photos/:a:.jpg", markup=False)
    index_report.show_failures([("x:b:.jpg", ":cat:", "Unreadable", ":dog:")])
    remote_garments.show_product(product(name=":shirt:", garments=[]))
    output.fail("there is no :a:")
    for word in ("photos/:a:.jpg", "x:b:.jpg", ":cat:", ":dog:", ":shirt:"):
        assert word in terminal.getvalue()
    assert "there is no :a:" in capsys.readouterr().err
