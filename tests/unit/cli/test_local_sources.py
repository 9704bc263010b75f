"""Files, folders and URLs of a command line."""

from pathlib import Path

import pytest

from placket.cli.json_lines import write_json
from placket.cli.local_sources import gather, passed_over, shown
from placket.cli.looking import say_how_many
from placket.pictures import SUFFIXES


def test_folders_are_sorted_and_only_their_pictures_taken(tmp_path: Path) -> None:
    for name in (
        "b/2.JPG",
        "b/1.png",
        "a.tiff",
        "c.txt",
        ".hidden.png",
        ".git/x.png",
        "b/._1.png",
        "b.webp",
        "d/e/f.bmp",
        "d/IMG_1.HEIC",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = [s.path and str(s.path.relative_to(tmp_path)) for s in gather([str(tmp_path)])]
    assert found == ["a.tiff", "b/1.png", "b/2.JPG", "b.webp", "d/IMG_1.HEIC", "d/e/f.bmp"]
    assert len(SUFFIXES) == 14
    (tmp_path / "b/2.TXT").write_bytes(b"")
    (tmp_path / "b/LICENCE").write_bytes(b"")
    assert passed_over([str(tmp_path), str(tmp_path / "c.txt"), "https://x.test/a", "none"]) == {".txt": 2, "": 1}


def test_what_lies_beside_the_pictures_is_told_by_ending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("1.psd", "2.PSD", "3.psd", "a.cr2", "b.cr2", "NOTES", "x.[b]", "x.d", "y.e", "z.\x1bf"):
        (tmp_path / name).write_bytes(b"")
    say_how_many(0, 1, [str(tmp_path)], False)
    say_how_many(0, 1, [str(tmp_path)], True)
    say_how_many(0, 1, [str(tmp_path / "1.psd")], False)
    told = capsys.readouterr().err
    assert told == "not looked at: 3 .psd, 2 .cr2, 1 without an ending, 1 .\ufffdf, 1 .[b], 2 others\n"


def test_the_order_of_the_command_line_is_kept(tmp_path: Path) -> None:
    sources = gather(["HTTPS://x.test/a", "none.xyz", str(tmp_path), "b.png"])
    assert [(s.name, s.path) for s in sources] == [
        ("HTTPS://x.test/a", None),
        ("none.xyz", Path("none.xyz")),
        (str(tmp_path), tmp_path),
        ("b.png", Path("b.png")),
    ]
    assert [bool(s.error) for s in sources] == [False, False, True, False]
    # What can be no name is said when it is read; the others go on.
    assert [s.name[:3] for s in gather(["a.jpg " * 60, "b.png"])] == ["a.j", "b.p"]
    assert not passed_over(["a.jpg " * 60])


def test_names_that_a_terminal_would_obey_are_shown_as_signs() -> None:
    assert shown("옷 1.png") == "옷 1.png"
    for name in (
        "長袖\u3000Ｔシャツ",
        "35,00\u202f€\u00a0!",
        "می\u200cخواهم",
        "👩🏽\u200d🦱",
        "\u200f50%\u200e",
        "Über\u00adgangs",
    ):
        assert shown(name) == name
    assert shown("a\u202egnp.exe\u2028\u2066b") == "a\ufffdgnp.exe\ufffd\ufffdb"
    assert shown("a\x1b]0;x\x07\udcff\n.png") == "a\ufffd]0;x\ufffd\ufffd\ufffd.png"


def test_json_takes_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"path": "옷"})
    write_json({"path": "\udcff\x1b"})
    assert capsys.readouterr().out == '{"path": "옷"}\n{"path": "\\udcff\\u001b"}\n'
