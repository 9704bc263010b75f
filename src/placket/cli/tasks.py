"""`placket tasks`: many images tagged by a server."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placket.cli.json_lines import write_json
from placket.cli.output import console
from placket.cli.progress import progress_bar
from placket.cli.remote import SOME_FAILED, AsJson, ProfileName, asking, usage_errors
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from placket.client import Placket
    from placket.client.shapes.tagger import Results, Submitted, Task

tasks_app = typer.Typer(no_args_is_help=True, help="Tagging tasks of a running server: many images at once.")

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task's id.")]
Entries = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help=".txt of URLs, .csv of id and url, .jsonl or .json of entries; of any length.",
        dir_okay=False,
    ),
]
Detection = Annotated[
    list[str] | None,
    typer.Option(
        "--detection", metavar="GROUP", help="Groups to tag, as TOP or SHOES; clothing unless told. May be repeated."
    ),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the task until every image is done.")]


@tasks_app.command()
def create(
    file: Entries,
    album: Annotated[str | None, typer.Option(help="Name of the album.")] = None,
    description: Annotated[str | None, typer.Option(help="Up to 1,024 characters.")] = None,
    detection: Detection = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take all images or none; at most 1,000.")] = False,
    wait: Wait = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Make a task. Exit code 1 when some entries were not accepted, or, with --wait, could not be tagged."""
    from placket.cli.tasks_input import read_entries

    with asking(profile) as placket, usage_errors():
        entries = read_entries(file)
        if strict:
            task = placket.tagger.create(
                entries, album_name=album, description=description, detection=detection, strict=True
            )
        else:
            with progress_bar("sending", len(entries), "images", quiet=as_json) as bar:
                task = placket.tagger.create_of_many(
                    entries,
                    album_name=album,
                    description=description,
                    detection=detection,
                    progress=lambda t: bar.set(t["validation"]["accept"] + t["validation"]["failure"], len(entries)),
                )
        _submitted(placket, task, wait, as_json)


@tasks_app.command()
def append(
    task_id: TaskId,
    file: Entries,
    detection: Detection = None,
    wait: Wait = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Append images to a task, at most 1,000, while its time lasts."""
    from placket.cli.tasks_input import read_entries

    with asking(profile) as placket, usage_errors():
        task = placket.tagger.append(task_id, read_entries(file), detection=detection)
        _submitted(placket, task, wait, as_json)


@tasks_app.command("list")
def list_tasks(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """All tasks of the key's project, newest first."""
    with asking(profile) as placket:
        tasks = list(placket.tagger.list())
    if as_json:
        write_json(tasks)
    else:
        _show(tasks)


@tasks_app.command()
def status(task_id: TaskId, wait: Wait = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """How far a task is."""
    with asking(profile) as placket:
        task = _followed(placket, task_id, as_json) if wait else placket.tagger.status(task_id)
    if as_json:
        write_json(task)
    else:
        _show([task])


@tasks_app.command()
def results(task_id: TaskId, lang: Lang = Language.EN, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """The tags of a task that is done, in the order of its images; exit code 1 when some could not be tagged.

    With --json one line an image: id and taggingResult, or id and error.
    """
    failed, offset, total = 0, 0, 1
    with asking(profile) as placket:
        while offset < total:
            window = placket.tagger.window(task_id, offset=offset, lang=lang)
            failed += len(window["failures"])
            _show_window(window, as_json)
            offset, total = offset + window["taskInfo"]["size"], window["taskInfo"]["totalCount"]
    if failed:
        raise typer.Exit(SOME_FAILED)


@tasks_app.command()
def delete(task_id: TaskId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Remove a task with its results; what is not done yet is dropped."""
    with asking(profile) as placket:
        placket.tagger.delete(task_id)
    if as_json:
        write_json({"deleted": task_id})
    else:
        console.print(f"Task {task_id} is deleted.")


def _submitted(placket: "Placket", submitted: "Submitted", wait: bool, as_json: bool) -> None:
    """Say what was accepted and, if so wished, how it ended."""
    counts = submitted["validation"]
    failed = counts["failure"] > 0
    task = None
    if not as_json:
        console.print(f"Task {submitted['taskId']}: {counts['accept']:,} accepted, {counts['failure']:,} not.")
        for failure in submitted["failureList"]:
            console.print(f"  {_id_of(failure['request'])}: {failure['errorMessage']}", style="yellow", markup=False)
    if wait:
        task = _followed(placket, submitted["taskId"], as_json)
        failed = failed or task["count"]["failure"] > 0
    if as_json:
        write_json({**submitted, "task": task} if task else submitted)
    elif task:
        _show([task])
    if failed:
        raise typer.Exit(SOME_FAILED)


def _id_of(sent: Any) -> str:
    context = sent.get("context") if isinstance(sent, dict) else None
    return str(context.get("id", "an entry") if isinstance(context, dict) else "an entry")


def _followed(placket: "Placket", task_id: str, as_json: bool) -> "Task":
    with progress_bar("tagging", None, "images", quiet=as_json) as bar:

        def show(task: "Task") -> None:
            count = task["count"]
            bar.set(count["total"] - count["processing"], count["total"])

        return placket.tagger.wait(task_id, progress=show)


def _show(tasks: "Sequence[Task]") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("task", "album", "status", "done", "failed", "of", "created", "results until")
    for t in tasks:
        count = t["count"]
        numbers = (f"{count[k]:,}" for k in ("done", "failure", "total"))
        state = t["taskStatus"].removeprefix("TASK_").lower()
        times = (t[k][:16].replace("T", " ") for k in ("createDate", "resultExpiredAt"))
        table.add_row(t["taskId"], escape(t["albumName"]), state, *numbers, *times)
    console.print(table)


def _show_window(window: "Results", as_json: bool) -> None:
    if as_json:
        for item in (*window["results"], *window["failures"]):
            write_json(item)
        return
    for result in window["results"]:
        console.print(result["id"], style="bold", markup=False, soft_wrap=True)
        for found in result["taggingResult"]["objects"]:
            for tags in found["tags"]:
                console.print(f"  {found['type']}: {_words(dict(tags))}", markup=False, soft_wrap=True)
            if not found["tags"]:
                console.print(f"  {found['type']}", markup=False)
    for failure in window["failures"]:
        console.print(f"{failure['id']}: {failure['error']['message']}", style="red", markup=False, soft_wrap=True)


def _words(tags: dict[str, Any]) -> str:
    """``item jeans, colors blue, navy; ...``: every field that has a value."""
    fields = []
    for name, value in tags.items():
        leaves = value if isinstance(value, list) else [value] if value else []
        if leaves:
            fields.append(f"{name} {', '.join(leaf['name'] for leaf in leaves)}")
    return "; ".join(fields)
