"""What is wrong on the command line is said before anything is read or loaded."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from placket.cli.local_garments import detection_table, garment_table
from placket.cli.main import app
from placket.domain.garments import Analysis, Box, Garment, Label, Swatch
from placket.local.results import photo_of


@pytest.mark.parametrize(
    "options",
    [
        ("--box", "0,0,1"),
        ("--box", "0,0,1,a"),
        ("--box", "0.5,0,0.5,1"),
        ("--box", "0,0,1,1.1"),
        ("--box", "nan,0,1,1"),
        ("--box", "0,0,1,1", "--whole-image"),
        ("--lang", "fr"),
    ],
)
def test_options_of_tag(options: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["tag", "photo.png", *options]).exit_code == 2


@pytest.mark.parametrize("options", [("--group", "TROUSERS"), ("-o", "none/vectors.npz"), ("-o", ".")])
def test_options_of_embed(options: tuple[str, ...], tmp_path: Path) -> None:
    given = ["embed", "photo.png", "-o", str(tmp_path / "vectors.npz"), *options]
    assert CliRunner().invoke(app, given).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_no_device_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert CliRunner().invoke(app, ["embed", "photo.png", "-o", str(tmp_path / "pipe")]).exit_code == 2
    assert (tmp_path / "pipe").is_fifo()


def test_a_garment_for_people_and_for_programs() -> None:
    tags = {"colors": (Label("red", 0.91234567), Label("navy", 0.5)), "fit": (Label("slim", 0.7),)}
    swatch = Swatch("#c81e28", "red", 0.81239)
    shirt = Garment(
        "TOP", Label("shirt", 0.99), Box(0.1, 0.2, 0.3, 0.4), 0.95, tags, np.zeros(256, np.float32), (swatch,)
    )
    analysis = Analysis(100, 200, (shirt,), "b")
    (data,) = photo_of("a.jpg", analysis, "ko").to_dict()["items"]
    assert (data["type"], data["category"], data["box"], data["score"]) == (
        "SHIRT",
        "shirt",
        [0.1, 0.2, 0.3, 0.4],
        0.95,
    )
    assert data["tags"]["colors"] == [
        {"id": "red", "label": "레드", "score": 0.91235},
        {"id": "navy", "label": "네이비", "score": 0.5},
    ]
    assert data["tags"]["shape"] == []
    assert data["colors"] == [{"hex": "#c81e28", "name": "red", "label": "레드", "share": 0.8124}]

    console = Console(width=100, record=True, file=io.StringIO())
    photo = photo_of("a.jpg", analysis, "en")
    console.print(garment_table(photo), detection_table(photo))
    text = console.export_text()
    assert "colors Red 0.91 Navy 0.50  fit Slim" in text
    assert "██ Red 81%" in text
    assert [cell.strip() for cell in text.splitlines()[-1].split("│")][1:] == [
        "TOP",
        "10.0 %",
        "20.0 %",
        "30.0 %",
        "40.0 %",
    ]
