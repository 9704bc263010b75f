"""`placket tasks`: many images tagged by a server."""

import shlex
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placket.cli.csv_lines import AsCsv, one_form, write_csv
from placket.cli.json_lines import write_json
from placket.cli.local import Photos
from placket.cli.output import console, errors
from placket.cli.progress import progress_bar
from placket.cli.remote import MOST_SHOWN, SOME_FAILED, AsJson, ProfileName, asking, of_profile, waiting
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from placket.cli.tasks_input import Request
    from placket.client import AsyncPlacket
    from placket.client.shapes.tagger import Results, Submitted, TaggingResult, Task

tasks_app = typer.Typer(
    no_args_is_help=True, help="The Tagger of a running server: tasks of many images, or single ones at once."
)

TaskId = Annotated[str, typer.Argument(metavar="TASK", help="The task's id.")]
Entries = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help=".txt of URLs, .csv of id and url (name, keywords, gender), .jsonl or .json of entries, "
        ".json of a whole request; of any length.",
        dir_okay=False,
    ),
]
Detection = Annotated[
    list[str] | None,
    typer.Option(
        "--detection", metavar="GROUP", help="Groups to tag, as TOP or SHOES; clothing unless told. May be repeated."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Take all images or none; at most 1,000.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the task until every image is done.")]


@tasks_app.command()
def create(
    file: Entries,
    album: Annotated[str | None, typer.Option(help="Name of the album.")] = None,
    description: Annotated[str | None, typer.Option(help="Up to 1,024 characters.")] = None,
    detection: Detection = None,
    strict: Strict = False,
    callback_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Called each time that the task becomes done.")
    ] = None,
    wait: Wait = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Make a task. Exit code 1 when some entries were not accepted, or, with --wait, could not be tagged.

    What a .json of a whole request says beside its images counts where no option says otherwise.
    """
    from placket.cli.tasks_input import read_request

    with asking(profile) as placket:
        request = read_request(file)
        said = {
            "album_name": album or request.album_name,
            "description": description or request.description,
            "callback_url": callback_url or request.callback_url,
        }
        groups = detection or request.detection
        with _reasons_of(request):
            if strict or request.strict:
                task = placket.tagger.create(request.entries, detection=groups, strict=True, **said)
            else:
                further = partial(_append_command, profile, file)
                with _sending(len(request.entries), as_json, further) as progress:
                    task = placket.tagger.create_of_many(request.entries, detection=groups, progress=progress, **said)
    _submitted(profile, request, task, wait, as_json)


@tasks_app.command()
def append(
    task_id: TaskId,
    file: Entries,
    detection: Detection = None,
    strict: Strict = False,
    wait: Wait = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Append images to a task while its time lasts; those that it has already are refused.

    So a list of which only a part was sent, as through a broken connection, is sent once more as a whole.
    """
    from placket.cli.tasks_input import read_request

    with asking(profile) as placket:
        request = read_request(file)
        groups = detection or request.detection
        with _reasons_of(request):
            if strict or request.strict:
                task = placket.tagger.append(task_id, request.entries, detection=groups, strict=True)
            else:
                further = partial(_append_command, profile, file)
                with _sending(len(request.entries), as_json, further) as progress:
                    task = placket.tagger.append_of_many(task_id, request.entries, detection=groups, progress=progress)
    _submitted(profile, request, task, wait, as_json)


@tasks_app.command("list")
def list_tasks(profile: ProfileName = None, as_json: AsJson = False) -> None:
    """All tasks of the key's project, newest first."""
    with asking(profile) as placket:
        tasks = list(placket.tagger.list())
    if as_json:
        write_json(tasks)
    else:
        from placket.cli.tasks_report import show_tasks

        show_tasks(tasks)


@tasks_app.command()
def status(task_id: TaskId, wait: Wait = False, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """How far a task is."""
    with asking(profile) as placket:
        task = placket.tagger.status(task_id)
    if wait:
        task = _followed(profile, task_id, as_json)
    if as_json:
        write_json(task)
    else:
        from placket.cli.tasks_report import show_tasks

        show_tasks([task])


@tasks_app.command()
def results(
    task_id: TaskId,
    lang: Lang = Language.EN,
    as_csv: AsCsv = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """The tags of a task that is done, in the order of its images, and after each hundred those of them that could not
    be tagged; exit code 1 when there are any.

    With --json one line an image: id and taggingResult, or id and error. With --csv one line a garment, or one for an
    image without any or that could not be tagged.
    """
    from placket.cli.tasks_report import CSV_COLUMNS, csv_rows, show_window

    one_form(as_csv, as_json)
    failed = 0

    def windows() -> "Iterator[Results]":
        nonlocal failed
        offset, total = 0, 1
        while offset < total:
            window = placket.tagger.window(task_id, offset=offset, lang=lang)
            failed += len(window["failures"])
            yield window
            offset, total = offset + window["taskInfo"]["size"], window["taskInfo"]["totalCount"]

    with asking(profile) as placket:
        if as_csv:
            write_csv(CSV_COLUMNS, (row for window in windows() for row in csv_rows(window)))
        else:
            for window in windows():
                show_window(window, as_json)
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


@tasks_app.command()
def single(
    photos: Photos,
    detection: Detection = None,
    lang: Lang = Language.EN,
    name: Annotated[str | None, typer.Option(help="The product's name: weak evidence beside the picture.")] = None,
    gender: Annotated[str | None, typer.Option(help="Whom it is for: women, men or unisex.")] = None,
    profile: ProfileName = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line an image.")] = False,
) -> None:
    """Tag images at once, without a task; files of this machine too, which a task does not take.

    With --json one line an image: path, objects, notMatchedObject; or path and error. Exit code 1, after all the
    others, when an image could not be used.
    """
    from placket.cli.remote_photos import look_at
    from placket.cli.tasks_report import show_objects

    async def ask(placket: "AsyncPlacket", photo: bytes | str) -> "TaggingResult":
        return await placket.tagger.tag(photo, detection=detection, lang=lang, name=name, gender=gender)

    def show(path: str, result: "TaggingResult") -> None:
        if as_json:
            write_json({"path": path, **result})
        else:
            show_objects(path, result["objects"])

    look_at(photos, profile, ask, show, as_json=as_json)


@contextmanager
def _sending(total: int, as_json: bool, again: "Callable[[str], str]") -> "Iterator[Callable[[Submitted], None]]":
    """What sees the task after each thousand. A task that gets no further is there and counts: its id is said, and the
    command that goes on (``again``)."""
    sent = 0
    task_id = ""
    with progress_bar("sending", total, "images", quiet=as_json) as bar:

        def show(task: "Submitted") -> None:
            nonlocal sent, task_id
            sent, task_id = task["validation"]["accept"] + task["validation"]["failure"], task["taskId"]
            bar.set(sent, total)

        try:
            yield show
        except BaseException:
            if task_id:
                errors.print(f"Task {task_id} has the first {sent:,} of {total:,} images.", soft_wrap=True)
                errors.print(f"`{again(task_id)}` sends the rest, while the task's time lasts.", soft_wrap=True)
            raise


def _append_command(profile: str | None, file: Path, task_id: str) -> str:
    return of_profile(f"placket tasks append {task_id} {shlex.quote(str(file))}", profile)


def _submitted(profile: str | None, request: "Request", submitted: "Submitted", wait: bool, as_json: bool) -> None:
    """Say what was accepted and, if so wished, how it ended."""
    counts = submitted["validation"]
    failed = counts["failure"] > 0
    task = None
    if not as_json:
        console.print(f"Task {submitted['taskId']}: {counts['accept']:,} accepted, {counts['failure']:,} not.")
        _show_refused(console, request, submitted["failureList"], "; --json lists all")
    if wait:
        task = _followed(profile, submitted["taskId"], as_json)
        failed = failed or task["count"]["failure"] > 0
    if as_json:
        write_json({**submitted, "task": task} if task else submitted)
    elif task:
        from placket.cli.tasks_report import show_tasks

        show_tasks([task])
    if failed:
        raise typer.Exit(SOME_FAILED)


@contextmanager
def _reasons_of(request: "Request") -> "Iterator[None]":
    """Where nothing was taken, what is wrong with each entry, before the sentence that says so."""
    from placket.client.errors import NothingAccepted

    try:
        yield
    except NothingAccepted as error:
        _show_refused(errors, request, error.failures)
        raise


def _show_refused(
    where: "Console", request: "Request", failures: "Sequence[Mapping[str, Any]]", all_of: str = ""
) -> None:
    lines = request.lines_of([f["request"] for f in failures])
    for failure, line in list(zip(failures, lines, strict=True))[:MOST_SHOWN]:
        entry = f"line {line}, {_id_of(failure['request'])}" if line else _id_of(failure["request"])
        where.print(f"  {entry}: {failure['errorMessage']}", style="yellow", markup=False, soft_wrap=True)
    if len(failures) > MOST_SHOWN:
        where.print(f"  and {len(failures) - MOST_SHOWN:,} more{all_of}", style="dim")


def _id_of(sent: Any) -> str:
    context = sent.get("context") if isinstance(sent, dict) else None
    return str((context.get("id") if isinstance(context, dict) else None) or "an entry without an id")


def _followed(profile: str | None, task_id: str, as_json: bool) -> "Task":
    with (
        waiting(profile, of_profile(f"placket tasks status {task_id} --wait", profile)) as placket,
        progress_bar("tagging", None, "images", quiet=as_json) as bar,
    ):

        def show(task: "Task") -> None:
            count = task["count"]
            bar.set(count["total"] - count["processing"], count["total"])

        return placket.tagger.wait(task_id, progress=show)
