"""The documentation as data: pages, their links, their blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_BESIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")
PAGES = sorted([*(ROOT / name for name in _BESIDE), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text.strip()[:40]!r}"


def blocks(language: str) -> list[Block]:
    return [b for page in PAGES for b in _blocks(page) if b.language == language]


def _blocks(page: Path) -> Iterator[Block]:
    for found in _FENCE.finditer(page.read_text("utf-8")):
        yield Block(page, found[1], found[2])


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    return _LINK.findall(_prose(page))


def anchors(page: Path) -> set[str]:
    """GitHub's: lower case, spaces to hyphens, other signs dropped."""
    heads = (re.sub(r"[`*]", "", h).lower() for h in _HEADING.findall(_prose(page)))
    return {re.sub(r"[^\w\- ]", "", h).replace(" ", "-") for h in heads}


def everything() -> str:
    return "\n".join(page.read_text("utf-8") for page in PAGES)
