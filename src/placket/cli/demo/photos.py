"""The other assortment of the demo: the real photos of the clothing dataset, which is in the public domain (CC0)."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from placket.cli.demo.archive import MAX_BYTES, ArchiveDamaged
from placket.cli.demo.dataset import products_in
from placket.cli.demo.download import download
from placket.cli.demo.failure import DemoFailed
from placket.cli.demo.goods import Assortment, Product, first
from placket.cli.demo.home import Home
from placket.cli.demo.unpack import Photos, Unpacked
from placket.cli.output import console
from placket.cli.plain import is_wanted

SERVICE = "demo-photos"
URL = "https://github.com/alexeygrigorev/clothing-dataset/archive/refs/heads/master.zip"


def photographed(home: Home, archive: Path | None, count: int | None, url: str = URL) -> Assortment:
    """The dataset's photos, all or the first ``count``: from ``archive``, else from ``url``.

    What has been downloaded or unpacked before is taken as it lies there. Raises DemoFailed.
    """
    photos = Photos(home.photos)
    if archive is not None:
        _unpack(photos, archive, _identity(archive))
    elif not photos.has(url):
        _fetch_and_unpack(photos, url)
    products = [p for p in products_in(photos.table.read_bytes()) if (photos.images / f"{p.id}.jpg").is_file()]
    products = products[:count]
    if not products:
        raise DemoFailed("the archive has no photo that its table names")
    camera, camera_jpeg = _seen_again(photos, products, "Pants")
    outfit, outfit_jpeg = _seen_again(photos, products, "Dress")
    extra = {"/camera.jpg": camera_jpeg, "/outfit.jpg": outfit_jpeg}
    home.images.mkdir(exist_ok=True)
    for name, body in extra.items():
        (home.images / name[1:]).write_bytes(body)
    return Assortment(
        SERVICE,
        products,
        _Pictures(photos.images, products, extra),
        photos.images,
        similar_to="T-Shirt",
        camera=f"the photo of {camera.id}, {camera.name}, tilted, cropped and darker",
        outfit=f"{outfit.id}, {outfit.name}, tilted, cropped and darker",
    )


def _identity(archive: Path) -> str:
    found = archive.stat()
    return f"{archive.resolve()} {found.st_size} {found.st_mtime_ns}"


def _fetch_and_unpack(photos: Photos, url: str) -> None:
    archive = photos.folder / "archive"
    bar = Progress(
        TextColumn("Downloading"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        disable=is_wanted(),
        console=console,
        transient=True,
    )
    console.print(f"The photos come from {url}", markup=False, soft_wrap=True)
    with bar:
        task = bar.add_task("", total=None)
        try:
            download(url, archive, lambda got, total: bar.update(task, completed=got, total=total), max_bytes=MAX_BYTES)
        except DemoFailed as error:
            hint = "\nOr fetch that file in another way, and give it with --archive FILE."
            raise DemoFailed(f"{error}{hint}") from None
    try:
        _unpack(photos, archive, url)
    except ArchiveDamaged as error:
        archive.unlink()
        raise DemoFailed(f"what was downloaded is damaged ({error}): run it again to download it anew") from None
    archive.unlink()  # its photos are what is needed, and take as much room again


def _unpack(photos: Photos, archive: Path, source: str) -> None:
    if photos.has(source):
        return
    columns = (TextColumn("Unpacking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=is_wanted()) as bar:
        task = bar.add_task("", total=None)
        result = photos.unpack(archive, source, lambda done, total: bar.update(task, completed=done, total=total))
    console.print(_summary(result))


def _summary(result: Unpacked) -> str:
    skipped = f" ({result.skipped:,} skipped: no JPEG, or too large)" if result.skipped else ""
    return f"Unpacked {result.photos:,} photos{skipped}."


class _Pictures(Mapping[str, bytes]):
    """Read when they are asked for: thousands of photos are too much to hold."""

    def __init__(self, folder: Path, products: list[Product], extra: Mapping[str, bytes]) -> None:
        self._files = {f"/{p.id}.jpg": folder / f"{p.id}.jpg" for p in products}
        self._extra = extra

    def __getitem__(self, name: str) -> bytes:
        if name in self._extra:
            return self._extra[name]
        try:
            return self._files[name].read_bytes()
        except OSError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        yield from self._files
        yield from self._extra

    def __len__(self) -> int:
        return len(self._files) + len(self._extra)


def _seen_again(photos: Photos, products: Sequence[Product], category: str) -> tuple[Product, bytes]:
    """A product, of the category if possible, whose photo can be decoded, and another photo of it."""
    for product in [first(products, category), *products]:
        try:
            return product, seen_again((photos.images / f"{product.id}.jpg").read_bytes())
        except ValueError:
            continue
    raise DemoFailed("none of the photos can be decoded")


def seen_again(jpeg: bytes) -> bytes:
    """The same thing photographed another time: tilted by 5 degrees, cropped by 4 % a side, darker.

    At most 1024 pixels a side. Raises ValueError when it cannot be decoded.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, SyntaxError) as error:
        raise ValueError(f"a photo cannot be decoded: {error}") from None
    image.thumbnail((1024, 1024))
    width, height = image.size
    tilted = image.rotate(5, Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0)))
    dx, dy = width // 25, height // 25
    out = io.BytesIO()
    darker = ImageEnhance.Brightness(tilted.crop((dx, dy, width - dx, height - dy))).enhance(0.85)
    darker.save(out, "JPEG", quality=85)
    return out.getvalue()
