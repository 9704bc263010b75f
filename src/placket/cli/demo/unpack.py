"""The dataset's photos from an archive into a folder, once; a break costs nothing that was written."""

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from placket.cli.demo.archive import ArchiveDamaged, ArchiveRefused, Entry, open_archive
from placket.cli.demo.dataset import MAX_PHOTO_BYTES, TABLE, layout_of, products_in, why_no_photo
from placket.cli.demo.failure import DemoFailed

Report = Callable[[int, int], None]
"""Called with the photos that are done, and how many there are."""

_SPARE_DISK = 64_000_000


@dataclass(frozen=True, slots=True)
class Unpacked:
    """``source`` says which archive; ``photos`` have been written; ``skipped`` were no good photos."""

    source: str
    photos: int = 0
    skipped: int = 0
    complete: bool = False


class Photos:
    """A folder with ``images/``, ``images.csv`` and a note of where they come from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = folder / "images"
        self.table = folder / TABLE
        self._note = folder / "unpacked.json"

    def unpacked(self) -> Unpacked | None:
        try:
            return Unpacked(**json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def has(self, source: str) -> bool:
        """All of ``source`` has been unpacked here, and is still here."""
        note = self.unpacked()
        if note is None or not note.complete or note.source != source or not self.table.is_file():
            return False
        return sum(1 for _ in self.images.glob("*.jpg")) == note.photos

    def unpack(self, archive: Path, source: str, report: Report) -> Unpacked:
        """Write the table and all good photos. What another archive has left here is removed.

        Raises ArchiveDamaged, ArchiveRefused (then nothing is left here), or DemoFailed when the disk is too small.
        """
        note = self.unpacked()
        if note is None or note.source != source:
            self.clear()
        self.images.mkdir(parents=True, exist_ok=True)
        self._remember(Unpacked(source))
        try:
            with open_archive(archive, self.folder / "plain.tar") as entries:
                layout = layout_of(entries)
                table = layout.table.read()
                if not products_in(table):
                    raise ArchiveRefused(f"{TABLE} names no photo")
                self._make_room(list(layout.photos.values()))
                skipped = 0
                for done, (id, entry) in enumerate(layout.photos.items(), start=1):
                    skipped += not self._write(self.images / f"{id}.jpg", entry)
                    report(done, len(layout.photos))
                _write_whole(self.table, table)
        except (ArchiveDamaged, ArchiveRefused):
            self.clear()
            raise
        result = Unpacked(source, len(layout.photos) - skipped, skipped, complete=True)
        self._remember(result)
        return result

    def clear(self) -> None:
        for file in (self._note, self.table):
            file.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.images)

    def _make_room(self, entries: list[Entry]) -> None:
        there = sum(f.stat().st_size for f in self.images.glob("*.jpg"))
        needed, free = sum(e.size for e in entries) - there, shutil.disk_usage(self.folder).free
        if needed + _SPARE_DISK > free:
            raise DemoFailed(f"the photos need {needed:,} bytes more, and {self.folder} has room for {free:,}")

    def _write(self, file: Path, entry: Entry) -> bool:
        """False when it is no good photo."""
        if entry.size > MAX_PHOTO_BYTES:
            return False
        if file.is_file() and file.stat().st_size == entry.size:
            return True  # written before a break: whole, for it has its name
        body = entry.read()
        if why_no_photo(body):
            return False
        _write_whole(file, body)
        return True

    def _remember(self, note: Unpacked) -> None:
        _write_whole(self._note, json.dumps(asdict(note)).encode())


def _write_whole(file: Path, body: bytes) -> None:
    partial = file.with_name(file.name + ".new")
    partial.write_bytes(body)
    partial.replace(file)
