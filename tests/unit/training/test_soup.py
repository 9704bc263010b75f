"""The mean of two runs."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch, which is not installed here")

from placket.domain.errors import InvalidParameter  # noqa: E402
from placket.training.loop import load_checkpoint, read_checkpoint, save_checkpoint  # noqa: E402
from placket.training.run import provenance_of  # noqa: E402
from placket.training.soup import average_checkpoints  # noqa: E402


def a_run(path: Path, value: float, widths: tuple[int, ...] = (8, 8), began: dict[str, Any] | None = None) -> Path:
    average = {"weight": torch.full((2,), value), "count": torch.tensor(int(value))}
    recipe = {"widths": list(widths)}
    state = {"average": average, "network": {}, "recipe": recipe, "step": int(value), "spent": 60.0, "began": began}
    save_checkpoint(path, state)
    return path


def test_weights_are_mixed_and_the_rest_is_the_second_ones(tmp_path: Path) -> None:
    first, second = a_run(tmp_path / "a.pt", 1.0), a_run(tmp_path / "b.pt", 5.0)
    mixed = load_checkpoint(average_checkpoints(first, second, 0.25, tmp_path / "out" / "c.pt"))
    assert mixed is not None
    assert mixed["average"]["weight"].tolist() == [2.0, 2.0]
    assert mixed["average"]["count"] == 5
    assert (mixed["step"], mixed["share"]) == (5, 0.25)


def test_another_run_is_named_and_what_the_second_began_with_is_not_named_twice(tmp_path: Path) -> None:
    first = a_run(tmp_path / "a.pt", 1.0)
    origin = provenance_of(read_checkpoint(first))
    later, other = a_run(tmp_path / "b.pt", 5.0, began=origin), a_run(tmp_path / "c.pt", 5.0)
    of_later, of_other = (
        provenance_of(read_checkpoint(average_checkpoints(first, second, 0.5, tmp_path / f"{number}.pt")))
        for number, second in enumerate((later, other))
    )
    assert "mixed_with" not in of_later and of_later["began"] == origin
    assert of_other["mixed_with"] == [origin]


def test_what_cannot_be_mixed(tmp_path: Path) -> None:
    first, other = a_run(tmp_path / "a.pt", 1.0), a_run(tmp_path / "b.pt", 5.0, (8, 16))
    wider = a_run(tmp_path / "wider.pt", 5.0)
    save_checkpoint(wider, read_checkpoint(wider) | {"average": {"weight": torch.ones(3), "count": torch.tensor(5)}})
    for strange in (other, wider):
        with pytest.raises(InvalidParameter, match="same network"):
            average_checkpoints(first, strange, 0.5, tmp_path / "c.pt")
    for number, something in enumerate(({"weight": torch.ones(2)}, [torch.ones(2)])):
        torch.save(something, weights := tmp_path / f"{number}.pt")
        with pytest.raises(InvalidParameter, match="no checkpoint of a run"):
            average_checkpoints(first, weights, 0.5, tmp_path / "c.pt")
    with pytest.raises(InvalidParameter, match="between 0 and 1"):
        average_checkpoints(first, first, 1.5, tmp_path / "c.pt")
    with pytest.raises(FileNotFoundError):
        average_checkpoints(first, tmp_path / "none.pt", 0.5, tmp_path / "c.pt")
    assert not (tmp_path / "c.pt").exists()


def test_a_mixture_does_not_go_by_the_name_of_one_of_the_two(tmp_path: Path) -> None:
    first, second = a_run(tmp_path / "a.pt", 1.0), a_run(tmp_path / "b.pt", 5.0)
    save_checkpoint(second, read_checkpoint(second) | {"run": "12345678"})
    assert provenance_of(read_checkpoint(second))["run"] == "12345678"
    assert "run" not in provenance_of(read_checkpoint(average_checkpoints(first, second, 0.5, tmp_path / "c.pt")))
