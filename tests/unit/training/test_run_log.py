"""What a run says of itself while it goes on."""

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training is not installed here")

from placket.training import run  # noqa: E402


class Fitting(run.Run):
    """The loss of step n is n."""

    def losses(self, batch: Any, progress: float) -> tuple[Any, dict[str, Any]]:
        loss = self.network(batch["image"]).sum() * 0 + self.clock.step
        return loss, {"loss": loss.detach()}


@pytest.mark.parametrize(("seconds", "steps", "means"), [(-1.0, [1, 2, 3], [0, 1, 2]), (1e9, [50], [24.5])])
def test_on_few_cores_a_line_comes_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, steps: list[int], means: list[float]
) -> None:
    monkeypatch.setattr(run, "LOG_SECONDS", seconds)
    fitting = Fitting(run.Recipe(steps=600), torch.nn.Linear(2, 1), tmp_path, {})
    batches = [{"image": torch.ones(1, 2)}] * (3 if seconds < 0 else 60)
    fitting.go(batches, lambda progress: None)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert ([line["step"] for line in lines], [line["loss"] for line in lines]) == (steps, means)


def test_a_run_that_goes_on_and_one_that_had_ended_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def go(steps: int, batches: int) -> str:
        fitting = Fitting(run.Recipe(steps=steps), torch.nn.Linear(2, 1), tmp_path, {})
        fitting.go([{"image": torch.ones(1, 2)}] * batches, lambda progress: None)
        return capsys.readouterr().out

    assert "checkpoint" not in go(4, batches=2)
    assert "going on from" in (said := go(4, batches=9)) and "after 2 steps" in said
    assert "a run that has ended" in go(4, batches=9)
