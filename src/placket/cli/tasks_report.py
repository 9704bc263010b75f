"""Tagging tasks and their results as people see them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from placket.cli.index_report import id_table, moment, two_lines
from placket.cli.json_lines import write_json
from placket.cli.local_sources import shown
from placket.cli.output import console
from placket.client.shapes.tagger import DetectedObject, Results, Tags, Task

_FIELDS = tuple(Tags.__annotations__)
CSV_COLUMNS = ("id", "error", "garment", "type", *_FIELDS)


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


def csv_rows(window: Results) -> Iterator[list[object]]:
    """A row a garment; one for an image without any, or that failed."""
    for result in window["results"]:
        garments = [(found["type"], tags) for found in result["taggingResult"]["objects"] for tags in found["tags"]]
        for number, (kind, tags) in enumerate(garments, start=1):
            yield [result["id"], "", number, kind, *(_names(dict(tags).get(name)) for name in _FIELDS)]
        if not garments:
            yield [result["id"], *[""] * (len(CSV_COLUMNS) - 1)]
    for failure in window["failures"]:
        yield [failure["id"], failure["error"]["message"], *[""] * (len(CSV_COLUMNS) - 2)]


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
        if names := _names(value):
            fields.append(f"{name} {names}")
    return "; ".join(fields)


def _names(value: Any) -> str:
    """Of one leaf, several or none."""
    leaves = value if isinstance(value, list) else [value] if value else []
    return ", ".join(leaf["name"] for leaf in leaves)
