"""One large file from the web: what has arrived is kept, and the rest is asked for after a break."""

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from placket.cli.demo.failure import DemoFailed

Report = Callable[[int, int | None], None]
"""Called with the bytes that are there, and how many there will be (None: the server does not say)."""

_TIMEOUT = httpx.Timeout(30.0, connect=15.0)
_BUSY = (429, 500, 502, 503, 504)
_LONGEST_PAUSE = 60.0
_SPARE_DISK = 64_000_000
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


@dataclass(frozen=True, slots=True)
class _Version:
    """Which file the first bytes are of. Only a strong validator is kept: bytes of a weak one may differ (RFC 9110,
    section 13.1.5)."""

    url: str
    etag: str
    total: int


class _Again(Exception):
    """This attempt has failed, another one may not. ``after``: seconds that the server asks for."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


def download(url: str, target: Path, report: Report, *, max_bytes: int, attempts: int = 5, pause: float = 1.0) -> None:
    """Fetch ``url`` into ``target``, unless it is there. Until it is whole it is called ``<target>.part``.

    A break is followed by another attempt, in all ``attempts`` with growing pauses from ``pause`` seconds. An attempt,
    also one of a later call, goes on where the last ended if the server takes ranges and names the file's version by
    a strong ETag; otherwise it starts over. Raises DemoFailed, and keeps what can be continued.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(url, target)
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        for attempt in range(attempts):
            try:
                _attempt(client, part, report, max_bytes)
                return
            except httpx.ConnectError as error:
                why = f"cannot connect to {httpx.URL(url).host}: {error}"
                if attempt == 0:
                    break  # most likely there is no network: another call costs nothing
                wait = None
            except httpx.TransportError as error:
                why, wait = f"the connection broke: {error or type(error).__name__}", None
            except httpx.HTTPError as error:
                raise DemoFailed(f"{url} cannot be fetched: {error}") from None
            except _Again as error:
                why, wait = str(error), error.after
            if attempt + 1 < attempts:
                time.sleep(min(pause * 2**attempt if wait is None else wait, _LONGEST_PAUSE))
    raise DemoFailed(f"{why}. {part.kept()}")


class _Part:
    """The unfinished file, and beside it which version it is of."""

    def __init__(self, url: str, target: Path) -> None:
        self.url, self.target = url, target
        self.file = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")

    def size(self) -> int:
        return self.file.stat().st_size if self.file.exists() else 0

    def version(self) -> _Version | None:
        """None when the bytes that are there cannot be continued."""
        try:
            version = _Version(**json.loads(self.note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return version if version.url == self.url and 0 < self.size() <= version.total else None

    def restart(self, version: _Version | None) -> None:
        self.note.unlink(missing_ok=True)
        self.file.write_bytes(b"")
        if version is not None:
            self.note.write_text(json.dumps(asdict(version)), "utf-8")

    def finish(self) -> None:
        with self.file.open("rb") as opened:
            os.fsync(opened.fileno())
        self.file.replace(self.target)
        self.note.unlink(missing_ok=True)

    def discard(self) -> None:
        self.file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def kept(self) -> str:
        if (version := self.version()) is None:
            return "Run it again when the network is there"
        return f"{self.size():,} of {version.total:,} bytes are kept: run it again to go on from there"


def _attempt(client: httpx.Client, part: _Part, report: Report, max_bytes: int) -> None:
    version = part.version()
    if version is not None and part.size() == version.total:
        part.finish()
        return
    headers = {"Accept-Encoding": "identity"}
    if version is not None:
        headers |= {"Range": f"bytes={part.size()}-", "If-Range": version.etag}
    with client.stream("GET", part.url, headers=headers) as answer:
        _accept(answer, part, version)
        if answer.status_code == 206 and version is not None:
            total: int | None = version.total
        else:
            total = _length(answer.headers)
            etag = answer.headers.get("etag", "")
            strong = total is not None and etag.startswith('"')
            part.restart(_Version(part.url, etag, total) if strong and total is not None else None)
        _room(part, total, max_bytes)
        _receive(answer, part, total, report, max_bytes)
    part.finish()


def _accept(answer: httpx.Response, part: _Part, version: _Version | None) -> None:
    """Raise unless the body is the whole file, or exactly the rest of the version that we have begun."""
    if part.url.startswith("https:") and answer.url.scheme != "https":
        raise DemoFailed(f"{part.url} leads to an address without encryption")
    if answer.status_code in _BUSY:
        after = answer.headers.get("retry-after", "")
        raise _Again(
            f"the server answers {answer.status_code}", float(after) if re.fullmatch(r"\d{1,6}", after) else None
        )
    if answer.status_code == 200 and answer.headers.get("content-encoding", "identity") == "identity":
        return
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if answer.status_code == 206 and version is not None and found:
        start, end, total = map(int, found.groups())
        same = answer.headers.get("etag", version.etag) == version.etag
        if same and (start, end, total) == (part.size(), version.total - 1, version.total):
            return
    if answer.status_code in (206, 416):
        part.discard()
        raise _Again("the file on the server has changed since the download began")
    if answer.status_code == 200:
        raise DemoFailed(f"{part.url}: the server sends it in an encoding that was not asked for")
    raise DemoFailed(f"{part.url}: the server answers {answer.status_code} {answer.reason_phrase}")


def _length(headers: Mapping[str, Any]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if re.fullmatch(r"\d{1,18}", text) else None


def _room(part: _Part, total: int | None, max_bytes: int) -> None:
    if total is None:
        return
    if total > max_bytes:
        part.discard()
        raise DemoFailed(f"{part.url} has {total:,} bytes: more than the {max_bytes:,} that are taken")
    missing, free = total - part.size(), shutil.disk_usage(part.file.parent).free
    if missing + _SPARE_DISK > free:
        raise DemoFailed(f"{missing:,} bytes are still to come, and {part.file.parent} has room for {free:,}")


def _receive(answer: httpx.Response, part: _Part, total: int | None, report: Report, max_bytes: int) -> None:
    """Append the body. What arrived before a break stays in the file."""
    got = part.size()
    with part.file.open("ab") as out:
        for block in answer.iter_raw():
            got += len(block)
            if got > (max_bytes if total is None else total):
                break
            try:
                out.write(block)
            except OSError as error:
                raise DemoFailed(f"{part.file} cannot be written: {error.strerror}. {part.kept()}") from None
            report(got, total)
    if total is None and got > max_bytes:
        part.discard()
        raise DemoFailed(f"{part.url} has more than the {max_bytes:,} bytes that are taken")
    if total is not None and got != total:
        part.discard()
        raise _Again(f"{got:,} bytes came where {total:,} were announced")
