"""The files of --done, where the output goes to one of them."""

import sys
from pathlib import Path

import pytest

from placket.cli.done import without_done
from placket.cli.local_sources import Source
from placket.domain.errors import InvalidParameter

SOURCES = [Source("a.jpg"), Source("b.jpg")]


def left(output: Path) -> list[Source]:
    with output.open("a") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        return without_done(SOURCES, [output])


@pytest.mark.parametrize("content", ["path,width\na.jpg,3", '{"path": "a.jpg"}\na.jpg  160 x 160\n{"pa'])
def test_another_kind_of_file_is_refused_as_it_is(tmp_path: Path, content: str) -> None:
    file = tmp_path / "out"
    file.write_text(content)
    with pytest.raises(InvalidParameter):
        left(file)
    assert file.read_text() == content


def test_what_is_cut_is_looked_at_again(tmp_path: Path) -> None:
    # Broken off just before the end of the line.
    file = tmp_path / "out"
    file.write_text('{"path": "a.jpg"}\n{"path": "b.jpg"}')
    assert left(file) == SOURCES[1:]
    assert file.read_text() == '{"path": "a.jpg"}\n'


def test_an_output_that_is_thrown_away() -> None:
    assert left(Path("/dev/null")) == SOURCES
