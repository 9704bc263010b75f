"""The reference of ``placket.local``, made from its own signatures and docstrings."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args

from placket import local

_ROLE = re.compile(r":(?:class|meth|mod):`([^`]*)`")


def python() -> str:
    """Every name of the package, classes first."""
    lines = [
        "# From Python, without a server\n",
        "`placket.local`; how it is used is in the [guide](../guide/python.md). What is not on this page may change.\n",
    ]
    public = [(name, getattr(local, name)) for name in local.__all__]
    for name, found in sorted(
        public, key=lambda one: (not inspect.isclass(one[1]), one[0] != "Vision", one[0].lower())
    ):
        if isinstance(found, ModuleType):
            continue
        lines += _class(name, found) if inspect.isclass(found) else _other(name, found)
    lines.append("## Errors\n")
    lines.append(f"{_words(local.errors)}\n")
    lines += ["| exception of `placket.local.errors` | is a | `reason` | meaning |", "|---|---|---|---|"]
    lines += [_error(getattr(local.errors, name)) for name in local.errors.__all__]
    return "\n".join(lines) + "\n"


def _class(name: str, found: type[Any]) -> Iterator[str]:
    yield f"## {name}\n"
    if dataclasses.is_dataclass(found):
        told = ", ".join(f"{f.name}: {_type(f.type)}{_default(f)}" for f in dataclasses.fields(found))
        yield f"`{name}({told})`, a frozen dataclass.\n"
    elif "__init__" in vars(found) and name != "Index":
        yield f"`{name}{_signature(found)}`\n"
    yield f"{_words(found)}\n"
    for member, value in vars(found).items():
        if member.startswith("_") or not inspect.getdoc(value):
            continue
        if isinstance(value, property):
            yield f"### {name}.{member}\n\n{_words(value)}\n"
        elif inspect.isfunction(value):
            yield f"### {name}.{member}\n\n`{member}{_signature(value)}`\n\n{_words(value)}\n"


def _other(name: str, found: Any) -> Iterator[str]:
    """A function, a constant or a type."""
    yield f"## {name}\n"
    if inspect.isfunction(found):
        yield f"`{name}{_signature(found)}`\n\n{_words(found)}\n"
    elif name == "ImageLike":
        yield "What stands for a picture: a file's path, a file's bytes, a picture of Pillow, or an array of uint8.\n"
    elif get_args(found):
        yield f"`Literal{list(get_args(found))}`\n"
    else:
        yield f"`{found}`\n"


def _signature(found: Any) -> str:
    """Without ``self``, and with types as they are written."""
    signature = inspect.signature(found)
    parameters = []
    for parameter in signature.parameters.values():
        if parameter.name != "self":
            default = parameter.default
            shown = default if default in (parameter.empty, None) or isinstance(default, str | int | float) else ...
            parameters.append(parameter.replace(annotation=parameter.empty, default=shown))
    bare = signature.replace(parameters=parameters, return_annotation=signature.empty)
    answer = "" if inspect.isclass(found) else f" -> {_type(signature.return_annotation)}"
    return f"{bare}{answer}".replace("=Ellipsis", "=...")


def _type(annotation: Any) -> str:
    written = inspect.formatannotation(annotation) if not isinstance(annotation, str) else annotation
    written = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", written)
    # How NumPy itself writes it depends on its version.
    return re.sub(r"ndarray\[.*?dtype\[(\w+)\]\]", r"NDArray[\1]", written)


def _default(field: "dataclasses.Field[Any]") -> str:
    return "" if field.default is dataclasses.MISSING else f" = {field.default!r}"


def _words(found: Any) -> str:
    """A docstring as Markdown."""
    return _ROLE.sub(r"`\1`", inspect.getdoc(found) or "").replace("``", "`")


def _error(found: type[Any]) -> str:
    own = (found.__doc__ or "").split("\n\n")[0].replace("``", "`")
    return f"| `{found.__name__}` | `{found.__mro__[1].__name__}` | `{found.reason}` | {' '.join(own.split())} |"
