"""A disk that is full in the middle of a training: nothing is left that a later run would take for whole."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from placket.training.cache import Store, write_store
from placket.training.files import whole_file, write_whole


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_was_cut_off_is_not_there_and_an_older_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    write_whole(path, "[1]")
    with pytest.raises(OSError, match="No space"), whole_file(path) as partial:
        partial.write_text("[1, ")
        full()
    assert path.read_text() == "[1]" and [p.name for p in tmp_path.iterdir()] == ["rows.json"]


def test_pictures_whose_index_did_not_fit_are_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((4, 3, 3), np.uint8)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space"):
            write_store(tmp_path / "hm", [("a", picture)])
    assert not (tmp_path / "hm.json").exists()
    write_store(tmp_path / "hm", [("a", picture)])
    assert Store(tmp_path / "hm")["a"].shape == (4, 3, 3)


def test_a_checkpoint_that_does_not_fit_is_said_in_a_sentence(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training is not installed here")
    from placket.training.loop import CheckpointNotWritten, read_checkpoint, save_checkpoint

    class Full:
        def __reduce__(self) -> Any:
            full()

    path = tmp_path / "checkpoint.pt"
    state = {"recipe": {}, "average": {"weight": torch.ones(3)}}
    save_checkpoint(path, state)
    with pytest.raises(CheckpointNotWritten, match=r"checkpoint.pt cannot be written: [0-9,]+ MB are free"):
        save_checkpoint(path, {**state, "more": Full()})
    assert read_checkpoint(path)["average"]["weight"].tolist() == [1, 1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
