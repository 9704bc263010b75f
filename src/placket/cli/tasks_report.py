"""Tagging tasks and their results as people see them."""

from collections.abc import Iterable, Sequence
from typing import Any

from placket.cli.index_report import id_table, moment, two_lines
from placket.cli.json_lines import write_json
from placket.cli.local_sources import shown
from placket.cli.output import console
from placket.client.shapes.tagger import DetectedObject, Results, Task


def show_tasks(tasks: Sequence[Task]) -> None:
    table = id_table("task and album", "status", "created", "results until")
    for t in tasks:
        count = t["count"]
        what = two_lines(t["taskId"], t["albumName"])
        numbers = f"{count['done']:,} done, {count['failure']:,} failed, of {count['total']:,}"
        state = t["taskStatus"].removeprefix("TASK_").lower()
        times = (moment(t[k]).replace(" ", "\n") for k in ("createDate", "resultExpiredAt"))
        table.add_row(what, f"{state}\n{numbers}", *times)
    console.print(table)


def show_window(window: Results, as_json: bool) -> None:
    if as_json:
        for item in (*window["results"], *window["failures"]):
            write_json(item)
        return
    for result in window["results"]:
        show_objects(result["id"], result["taggingResult"]["objects"])
    for failure in window["failures"]:
        console.print(f"{failure['id']}: {failure['error']['message']}", style="red", markup=False, soft_wrap=True)


def show_objects(name: str, objects: Iterable[DetectedObject]) -> None:
    console.print(shown(name), style="bold", markup=False, soft_wrap=True)
    for found in objects:
        for tags in found["tags"]:
            console.print(f"  {found['type']}: {_words(dict(tags))}", markup=False, soft_wrap=True)
        if not found["tags"]:
            console.print(f"  {found['type']}", markup=False)


def _words(tags: dict[str, Any]) -> str:
    """``item jeans, colors blue, navy; ...``: every field that has a value."""
    fields = []
    for name, value in tags.items():
        leaves = value if isinstance(value, list) else [value] if value else []
        if leaves:
            fields.append(f"{name} {', '.join(leaf['name'] for leaf in leaves)}")
    return "; ".join(fields)
