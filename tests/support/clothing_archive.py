"""Archives in the clothing dataset's layout, of drawn products."""

import gzip
import io
import tarfile
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from placket.samples import catalogue

ROOT = "clothing-dataset-master/"
LABELS = ("T-Shirt", "Pants", "Dress", "Shoes", "Not sure")


def photo_id(number: int) -> str:
    return str(uuid.UUID(int=number + 1))


def table_of(rows: Sequence[tuple[str, str, bool]]) -> bytes:
    lines = [f"{id},{n},{label},{kids}" for n, (id, label, kids) in enumerate(rows)]
    return "\n".join(["image,sender_id,label,kids", *lines, ""]).encode()


def dataset(count: int) -> dict[str, bytes]:
    """Path to content: photos, their table, and the files that lie beside them. Every third is for kids."""
    ids = [photo_id(i) for i in range(count)]
    photos = {f"{ROOT}images/{ids[i]}.jpg": s.jpeg() for i, s in enumerate(catalogue(count, size=(240, 320)))}
    table = table_of([(id, LABELS[i % len(LABELS)], i % 3 == 0) for i, id in enumerate(ids)])
    return {f"{ROOT}README.md": b"# Clothing dataset\n", f"{ROOT}images.csv": table, **photos}


def write_zip(file: Path, content: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.mkdir(ROOT.rstrip("/"))
        for path, body in content.items():
            archive.writestr(path, body)
    return file


def write_tar_gz(file: Path, content: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> Path:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path, body in content.items():
            info = tarfile.TarInfo(path)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        for path, target in (links or {}).items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    file.write_bytes(gzip.compress(plain.getvalue(), 1))
    return file
