"""Progress bars: on standard error, with rate and time left, and only where a person sees them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from placket.cli.output import errors
from placket.cli.plain import is_wanted


class _Rate(ProgressColumn):
    """Since the beginning: what comes in bursts would look faster than it is."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        seconds = task.finished_time or task.elapsed
        rate = f"{task.completed / seconds:.1f} {self._unit}/s" if seconds and task.completed else ""
        return Text(rate, style="progress.data.speed")


_NO_TASK = TaskID(0)


@dataclass(frozen=True, slots=True)
class Bar:
    """Without a terminal, or where plain output is wanted, it does nothing."""

    progress: Progress | None = None
    task: TaskID = _NO_TASK

    def advance(self) -> None:
        if self.progress is not None:
            self.progress.advance(self.task)

    def set(self, done: int, total: int, words: str | None = None) -> None:
        if self.progress is not None:
            self.progress.update(self.task, completed=done, total=total, description=words)


@contextmanager
def progress_bar(words: str, total: int | None, unit: str, *, quiet: bool = False) -> Iterator[Bar]:
    """``quiet``: none, whatever the terminal (with --json)."""
    if quiet or not errors.is_terminal or is_wanted():
        yield Bar()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn())
    # Results go through the bar's console only where they share its terminal: else they would leave a pipe for it.
    progress = Progress(*columns, console=errors, transient=True, redirect_stdout=sys.stdout.isatty())
    with progress:
        yield Bar(progress, progress.add_task(words, total=total))
