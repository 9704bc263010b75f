"""What was named on the command line: files, folders, URLs; in order, folders sorted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

from placket.pictures import SUFFIXES, others_in, pictures_in


@dataclass(frozen=True, slots=True)
class Source:
    """``name`` as it was said; ``path`` is None for a URL. With an ``error`` there is nothing to read."""

    name: str
    path: Path | None = None
    error: str = ""


def gather(arguments: Iterable[str]) -> list[Source]:
    """One source a picture. A folder is looked through with all below it for the endings of pictures; hidden files and
    folders (their name begins with a dot) are left out, and no link to a folder is followed."""
    return [source for argument in arguments for source in _sources(argument)]


def passed_over(arguments: Iterable[str]) -> Counter[str]:
    """How many files of the folders are no pictures by the ending of their names, by ending."""
    others: Counter[str] = Counter()
    for argument in arguments:
        if not is_url(argument) and _is_folder(Path(argument)):
            with suppress(OSError):
                others += others_in(argument)
    return others


def is_url(argument: str) -> bool:
    return argument.lower().startswith(("http://", "https://"))


# Unseen, but parts of a word: a hyphen where it may break, what joins and parts Persian letters and the pieces of an
# emoji, the marks of a direction. Those that turn the direction of all that follows are not among them.
_UNSEEN = frozenset("\u00ad\u200c\u200d\u200e\u200f")


def shown(name: str) -> str:
    """For a terminal: a file's name may hold its control sequences, or bytes that are no text. Every width of space is
    text: a French price and a Japanese name have their own."""
    return "".join(c if c.isprintable() or c in _UNSEEN or category(c) == "Zs" else "\ufffd" for c in name)


def _is_folder(path: Path) -> bool:
    """What can be no file's name is none either, and reading it says so."""
    with suppress(OSError):
        return path.is_dir()
    return False


def _sources(argument: str) -> Iterator[Source]:
    if is_url(argument):
        yield Source(argument)
        return
    path = Path(argument)
    if not _is_folder(path):
        yield Source(argument, path)
        return
    try:
        inside = [Source(str(p), p) for p in pictures_in(path)]
    except OSError as error:
        yield Source(argument, path, f"cannot be read: {error.strerror}: {error.filename}")
        return
    yield from inside or [Source(argument, path, f"there are no pictures in it ({', '.join(sorted(SUFFIXES))})")]
