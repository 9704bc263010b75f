"""Progress bars: on standard error, with rate and time left, and only where a person sees them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from placket.cli.output import errors


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {self._unit}/s", style="progress.data.speed")


@dataclass(slots=True)
class Bar:
    """Without a terminal it does nothing."""

    progress: Progress | None
    task: int

    def advance(self, steps: int = 1) -> None:
        if self.progress is not None:
            self.progress.advance(self.progress.task_ids[self.task], steps)

    def set(self, done: int, total: int | None = None, words: str = "") -> None:
        if self.progress is not None:
            extra = {"description": words} if words else {}
            self.progress.update(self.progress.task_ids[self.task], completed=done, total=total, **extra)  # type: ignore[arg-type]


@contextmanager
def progress_bar(words: str, total: int | None, unit: str, *, quiet: bool = False) -> Iterator[Bar]:
    """``quiet``: none, whatever the terminal (with --json)."""
    if quiet or not errors.is_terminal:
        yield Bar(None, 0)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn())
    # Results go through the bar's console only where they share its terminal: else they would leave a pipe for it.
    progress = Progress(*columns, console=errors, transient=True, redirect_stdout=sys.stdout.isatty())
    with progress:
        progress.add_task(words, total=total)
        yield Bar(progress, 0)
