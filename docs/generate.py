"""Writes the reference in docs/reference from the code; with ``--check`` it only says whether that is still the same.

python docs/generate.py [--check]
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.cli import get_docs_for_click

from placket.settings import Network, Settings

REFERENCE = Path(__file__).parent / "reference"
_NOTE = "<!-- Made by docs/generate.py: change the code, then run `make docs`. -->\n"


def sections(source: str) -> Iterator[tuple[str, list[str]]]:
    """The settings' own headings (``# --- title``), each with the fields that follow it."""
    title, names = "", list[str]()
    fields = {
        node.lineno: node.target.id
        for node in ast.walk(ast.parse(textwrap.dedent(source)))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for number, line in enumerate(source.splitlines(), start=1):
        if line.strip().startswith("# --- "):
            if names:
                yield title, names
            title, names = line.strip().removeprefix("# --- "), []
        elif number in fields and fields[number] in Settings.model_fields:
            names.append(fields[number])
    yield title, names


_WORDS: dict[Any, str] = {
    str: "text",
    SecretStr: "secret text",
    Path: "path",
    int: "whole number",
    float: "number",
    bool: "true or false",
}
_SEVERAL: dict[Any, str] = {str: "texts", Network: "networks"}


def _kind(annotation: Any) -> str:
    """A type in a reader's words: of ``X | None`` it is X's."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return _kind(next(a for a in get_args(annotation) if a is not NoneType))
    if get_origin(annotation) is tuple:
        one = get_args(annotation)[0]
        return f"one or several of {_kind(one)}" if get_origin(one) is Literal else _SEVERAL[one]
    return _WORDS[annotation]


def _range(field: FieldInfo) -> str:
    parts = []
    for limit in field.metadata:
        match limit:
            case annotated_types.Ge(ge=value):
                parts.append(f"at least {value:,}")
            case annotated_types.Gt(gt=value):
                parts.append(f"more than {value:,}")
            case annotated_types.Le(le=value):
                parts.append(f"at most {value:,}")
    return ", ".join(parts)


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value == ():
        return "not set"
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def settings() -> str:
    lines = [
        _NOTE,
        "# Settings\n",
        "Each is an environment variable, or a line without the prefix and in lower case (`port = 8780`) of the TOML"
        " file that `PLACKET_CONFIG` names. The environment wins, then the file, then the default. An unknown name in"
        " the file is an error.\n",
    ]
    for title, names in sections(inspect.getsource(Settings)):
        lines += [
            f"## {title[:1].upper()}{title[1:]}\n",
            "| variable | meaning | default | values |",
            "|---|---|---|---|",
        ]
        for name in names:
            field = Settings.model_fields[name]
            allowed = "; ".join(x for x in (_kind(field.annotation), _range(field)) if x)
            meaning = (field.description or "").replace("|", "\\|")
            lines.append(f"| `PLACKET_{name.upper()}` | {meaning} | {_default(field)} | {allowed} |")
        lines.append("")
    return "\n".join(lines)


def commands() -> str:
    from placket.cli.main import app

    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="placket")
    text = get_docs_for_click(obj=command, ctx=context, name="placket", title="Command line")
    plain = "\n".join(line.rstrip() for line in text.splitlines())
    return f"{_NOTE}\n{plain.strip()}\n"


def page(module: str, name: str) -> str:
    sys.path.insert(0, str(Path(__file__).parent))
    text: str = getattr(import_module(module), name)()
    return f"{_NOTE}\n{text}"


PAGES = {
    "settings.md": settings,
    "cli.md": commands,
    "http-api.md": lambda: page("http_pages", "http_api"),
    "errors.md": lambda: page("http_pages", "errors"),
    "python.md": lambda: page("python_page", "python"),
}


def main(check: bool) -> int:
    stale = []
    for name, make in PAGES.items():
        file, text = REFERENCE / name, make()
        if not file.exists() or file.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                REFERENCE.mkdir(exist_ok=True)
                file.write_text(text, "utf-8")
    verb = "no longer match the code: run `make docs`" if check else "written"
    print(f"docs/reference: {', '.join(stale)} {verb}" if stale else "docs/reference matches the code")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
