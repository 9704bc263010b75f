"""The pages of the HTTP reference, made from the application's own OpenAPI document and its error tables."""

import html
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from placket.api import codes as own_codes
from placket.api.app import create_app
from placket.api.parts import ApiParts
from placket.api.placket_v1.usage import usage_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.api.tagger_v2 import codes as tagger_codes

_METHODS = ("get", "post", "put", "patch", "delete")
_FORMATS = {"binary": "file"}


def _document() -> dict[str, Any]:
    """OpenAPI of everything that is served; no part of it is needed to describe it."""
    nothing: Any = None
    faces = (tagger_face(TaggerParts(nothing, nothing, nothing, 1)), usage_face(nothing))
    parts: dict[str, Any] = {f.name: None for f in fields(ApiParts) if f.name != "faces"}
    return create_app(ApiParts(**parts, faces=faces)).openapi()


def http_api() -> str:
    """Every call with its parameters and answers, by subject."""
    by_tag: dict[str, list[str]] = {}
    document = _document()
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if operation := operations.get(method):
                entry = "\n".join(_operation(method, path, operation, document["components"]["schemas"]))
                by_tag.setdefault(operation["tags"][0], []).append(entry)
    lines = [
        "# HTTP API\n",
        "Every call that a server answers. The same as OpenAPI: `/openapi.json` of your server; to try them: `/docs`."
        " What the guides of the two APIs leave open is settled in [How it behaves](behaviour.md); codes are in"
        " [Errors](errors.md).\n",
    ]
    for tag, entries in by_tag.items():
        lines += [f"## {tag}\n", *entries]
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, operation: dict[str, Any], shapes: dict[str, Any]) -> Iterator[str]:
    yield f"### {operation['summary']}\n"
    yield f"`{method.upper()} {path}`\n"
    if "description" in operation:
        yield _cell(operation["description"]) + "\n"
    parameters = [p for p in operation.get("parameters", ()) if p["in"] != "path"]
    if parameters:
        yield "| parameter | in | values | required | meaning |"
        yield "|---|---|---|---|---|"
        for p in parameters:
            words = _cell(p.get("description", p["schema"].get("description", "")))
            required = "yes" if p.get("required") else ""
            yield f"| `{p['name']}` | {p['in']} | {_cell(_values(p['schema'], shapes))} | {required} | {words} |"
        yield ""
    if body := operation.get("requestBody"):
        yield from _body(body, shapes)
    yield f"Answers: {', '.join(sorted(operation['responses']))}.\n"
    for called in operation.get("callbacks", {}).values():
        body = next(iter(called.values()))["post"]["requestBody"]["content"]["application/json"]["schema"]
        told = shapes[body["$ref"].rpartition("/")[2]]["properties"]
        names = ", ".join(f"`{name}`" for name in told if name != "event")
        yield f"Calls back with JSON: `event` (`{told['event']['const']}`), {names}.\n"


def _body(body: dict[str, Any], shapes: dict[str, Any]) -> Iterator[str]:
    content = body["content"]
    yield f"Body: {' or '.join(f'`{kind}`' for kind in content)}. {body.get('description', '')}".rstrip() + "\n"
    yield "| field | values | required | meaning |"
    yield "|---|---|---|---|"
    fields: dict[str, str] = {}
    for kind in content.values():
        for name, schema, required in _fields(_shape(kind["schema"], shapes)):
            words = _cell(schema.get("description", ""))
            line = f"| `{name}` | {_cell(_values(schema, shapes))} | {'yes' if required else ''} | {words} |"
            fields.setdefault(name, line)
    yield from fields.values()
    yield ""


def _shape(schema: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shapes[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _fields(schema: dict[str, Any], within: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Name, schema and whether it is required, those of inner objects too: ``taggingRequest[].image``."""
    for name, field in schema["properties"].items():
        yield within + name, field, name in schema.get("required", ())
        inner, path = (field["items"], f"{within}{name}[].") if "items" in field else (field, f"{within}{name}.")
        if "properties" in inner:
            yield from _fields(inner, path)


def _values(schema: dict[str, Any], shapes: dict[str, Any]) -> str:
    """A schema in a few words."""
    options = [_values(s, shapes) for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    if options:
        return " or ".join(options)
    kind = _shape(schema, shapes)
    if "enum" in kind:
        words = ", ".join(map(str, kind["enum"]))
    elif "properties" in kind.get("items", {}):
        words = "array"
    elif "prefixItems" in kind:
        return f"array of {len(kind['prefixItems'])} numbers"
    elif "items" in kind:
        words = f"array of {_values(kind['items'], shapes)}"
    else:
        words = _FORMATS.get(kind.get("format", ""), kind.get("format")) or kind.get("type", "any")
    limits = [
        f"{word} {schema[name]:,}".removesuffix(".0")
        for name, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "over"),
            ("maximum", "to"),
            ("maxLength", "length to"),
            ("maxItems", "at most"),
        )
        if name in schema
    ]
    default = schema.get("default")
    if isinstance(default, list):
        default = ", ".join(default)
    shown = f"default {default}" if default not in (None, "") else ""
    return ", ".join(x for x in (words, " ".join(limits), shown) if x)


def _cell(text: str) -> str:
    return html.escape(re.sub(r"\s+", " ", text), quote=False).replace("|", "\\|")


def errors() -> str:
    """Both tables: what a failure is called in each API."""
    lines = [
        "# Errors\n",
        "One failure, its name in each API. `header.detail` (AI Fashion), `error.message` (Tagger) and `detail`"
        " (`/placket/v1`) say in words what was wrong.\n",
        "## AI Fashion v1.0, and the calls under /placket/v1\n",
        "AI Fashion answers HTTP 200 with `resultCode` and `resultMessage`. `/placket/v1` answers the HTTP status"
        " with an RFC 9457 body, whose `code` and `title` are the same two.\n",
        "| resultCode | resultMessage | HTTP status of /placket/v1 | failure |",
        "|---|---|---|---|",
    ]
    for kind, code in sorted(own_codes.CODES.items(), key=lambda item: (-item[1].number, item[0].__name__)):
        lines.append(f"| {code.number} | {code.name} | {code.status} | {_words(kind)} |")
    unforeseen = own_codes.INTERNAL
    lines.append(f"| {unforeseen.number} | {unforeseen.name} | {unforeseen.status} | anything unforeseen |")
    lines += ["", "## Tagger v2.12\n", "| code | HTTP status | failure |", "|---|---|---|"]
    for kind, code in sorted(tagger_codes.CODES.items(), key=lambda item: (item[1].number, item[0].__name__)):
        lines.append(f"| {code.number} | {code.status} | {_words(kind)} |")
    lines.append(f"| {tagger_codes.INTERNAL.number} | {tagger_codes.INTERNAL.status} | anything unforeseen |")
    return "\n".join(lines) + "\n"


def _words(kind: type[Exception]) -> str:
    """The class's name as words: ImageTooManyPixels -> image too many pixels."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind.__name__).lower()
