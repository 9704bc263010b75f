"""The taxonomy's words in English, Korean, Chinese and Japanese."""

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "ko", "zh", "ja")


@lru_cache(maxsize=1)
def _names() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((files("placket.domain") / "data" / "names.json").read_text("utf-8"))
    return data


@lru_cache(maxsize=1)
def _aliases() -> dict[str, list[str]]:
    data: dict[str, list[str]] = json.loads((files("placket.domain") / "data" / "aliases.json").read_text("utf-8"))
    return data


@lru_cache(maxsize=1)
def group_words() -> tuple[tuple[str, str | None], ...]:
    """Words for a group as a whole, each with its group; None for what only sounds like one: high tops are no tops."""
    data: dict[str, list[str]] = json.loads((files("placket.domain") / "data" / "group_words.json").read_text("utf-8"))
    return tuple((word, group or None) for group, words in data.items() for word in words)


def category_name(category: str, language: str) -> str:
    """Raises KeyError for an unknown category or language."""
    name: str = _names()["categories"][category][language]
    return name


def label_name(attribute: str, label: str, language: str) -> str:
    name: str = _names()["attributes"][attribute][label][language]
    return name


def category_names(category: str) -> Iterator[str]:
    """Every word by which people call a category: its names, its id as words, and the shops' other words for it."""
    yield category.replace("_", " ")
    yield from _names()["categories"][category].values()
    yield from _aliases().get(category, ())
