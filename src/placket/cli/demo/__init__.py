"""`placket demo`: a server, a small shop of drawn products, a look at what it finds. `placket demo stop` ends it."""

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from placket.cli.demo import server, show
from placket.cli.demo.home import FOLDER, Home, one_at_a_time, open_home, write_note, write_secret
from placket.cli.demo.host import image_host
from placket.cli.demo.server import DemoFailed, Running
from placket.cli.demo.shop import Product, Progress, Shop, index_file, products_of
from placket.cli.output import console, errors, fail, run_safely
from placket.cli.settings import read_settings
from placket.domain.errors import KeyNameTaken
from placket.settings import Settings

demo_app = typer.Typer(help="Try it: a server, 60 drawn products, and what it finds among them.")
_KEY_NAME = "demo"
_STOP_SECONDS = 60.0
_HITS = 5

Folder = Annotated[Path, typer.Option("--dir", help="Folder for everything that the demo keeps.")]


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    folder: Folder = FOLDER,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the server; 0 takes a free one.")] = None,
    count: Annotated[int, typer.Option(min=5, max=1000, help="Products to draw and index.")] = 60,
) -> None:
    """Start a server in the background, index drawn products, search and tag them, and leave the server running."""
    if context.invoked_subcommand is not None:
        return
    with run_safely(), _readable():
        settings = read_settings()
        home, remark = open_home(folder, settings)
        if remark:
            console.print(remark, style="yellow", markup=False)
        with one_at_a_time(home) as alone:
            if not alone:
                raise DemoFailed(f"another demo is at work in {home.folder}: wait for it")
            _run(home, settings, port, count)


@demo_app.command()
def stop(folder: Folder = FOLDER) -> None:
    """End the demo's server; what it has indexed is kept."""
    with run_safely(), _readable():
        home = Home(folder.absolute(), folder.absolute() / "data")
        running = server.find(home)
        if running is None:
            home.note.unlink(missing_ok=True)
            console.print("No demo server is running.")
            return
        with console.status("Stopping the server ..."):
            if not server.stop(home, running, _STOP_SECONDS):
                raise DemoFailed(
                    f"process {running.note.pid} has not ended after {_STOP_SECONDS:.0f} s: see {home.log}"
                )
        console.print("The demo server has ended. Its data is kept; `make demo` starts it again.")


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except DemoFailed as error:
        errors.print("error:", style="red", end=" ")
        errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as error:
        raise fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")) from None


def _run(home: Home, settings: Settings, port: int | None, count: int) -> None:
    running = _server(home, settings, port)
    key = _key(home, settings, running)
    shop = Shop(running.address, key)
    try:
        shop.ensure_service()
        products, pictures = _draw(home, count)
        with image_host(pictures, running.note.image_port) as host:
            write_note(home, replace(running.note, image_port=int(host.rsplit(":", 1)[1])))
            failed = _index(shop, products, host)
            _look(shop, products, failed, host)
        stop_command = "make demo-stop" if _is_default(home) else f"placket demo stop --dir {home.folder}"
        show.goodbye(running.address, home.key, home.images, shop.answers("/console"), stop_command)
    finally:
        shop.close()


def _is_default(home: Home) -> bool:
    return home.folder == FOLDER.absolute()


def _server(home: Home, settings: Settings, port: int | None) -> Running:
    running = server.find(home)
    if running is not None and port not in (None, 0, running.note.port):
        raise DemoFailed(f"a demo server is running on port {running.note.port}: stop it first (make demo-stop)")
    if running is None:
        running = server.start(home, settings, port)
    what = "Starting the server" if running.started_now else "A demo server is running; waiting for it"
    with console.status(f"{what} ..."):
        try:
            server.wait_until_ready(home, running)
        except DemoFailed:
            if running.started_now:
                server.stop(home, running, _STOP_SECONDS)
            raise
    console.print(f"Placket serves on {running.address}")
    return running


def _key(home: Home, settings: Settings, running: Running) -> str:
    """The key of last time while it works, else a new one of the project ``demo``."""
    if home.key.is_file():
        key = home.key.read_text("utf-8").strip()
        shop = Shop(running.address, key)
        try:
            if key and shop.key_works():
                return key
        finally:
            shop.close()
    key = asyncio.run(_create_key(settings.model_copy(update={"data_dir": home.data})))
    write_secret(home.key, key + "\n")
    return key


async def _create_key(settings: Settings) -> str:
    from placket.bootstrap import open_database

    async with open_database(settings) as storage:
        try:
            return (await storage.keys.create(_KEY_NAME)).key
        except KeyNameTaken:
            another = f"{_KEY_NAME}-{secrets.token_hex(3)}"
            return (await storage.keys.create(another, project=_KEY_NAME)).key


def _draw(home: Home, count: int) -> tuple[list[Product], dict[str, bytes]]:
    """The products, and ``{"/name.jpg": bytes}`` of all pictures; each is also written to the demo's folder."""
    from placket.samples import camera_photo, catalogue, scene

    with console.status(f"Drawing {count} products ..."):
        products = products_of(catalogue(count))
        pictures = {f"/{p.id}.jpg": p.sample.jpeg() for p in products}
        asked = _camera_subject(products)
        pictures["/camera.jpg"] = camera_photo(asked.sample, seed=3).jpeg(85)
        outfit = scene([p.sample for p in _outfit(products)], seed=5)
        pictures["/outfit.jpg"] = replace(products[0].sample, image=outfit.image).jpeg(85)
        home.images.mkdir(exist_ok=True)
        for name, body in pictures.items():
            (home.images / name[1:]).write_bytes(body)
    return products, pictures


def _first(products: list[Product], category: str) -> Product:
    return next((p for p in products if p.sample.category == category), products[0])


def _camera_subject(products: list[Product]) -> Product:
    return _first(products, "dress")


def _outfit(products: list[Product]) -> list[Product]:
    return [_first(products, c) for c in ("sweater", "jeans")]


def _index(shop: Shop, products: list[Product], host: str) -> Mapping[str, str]:
    """Index them all; returns the failed products with their reasons. Raises DemoFailed when all failed."""
    begun = time.monotonic()
    columns = (TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=len(products))

        def report(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total or len(products))

        run_id, ended = shop.index(index_file(products, host), report)
    failed = shop.failed_rows(run_id) if ended.failed else {}
    show.indexed(ended, time.monotonic() - begun, failed, {p.id: p.sample.name for p in products})
    if ended.failed == ended.total:
        raise DemoFailed("no product could be indexed")
    return failed


def _look(shop: Shop, products: list[Product], failed: Mapping[str, str], host: str) -> None:
    by_id = {p.id: p for p in products}
    there = [p for p in products if p.id not in failed]
    asked = _first(there, "t_shirt")
    caption = f"GET .../service/demo/product/{asked.id}?limit={_HITS}"
    show.hits(f"Products like {asked.id}, {asked.sample.name}", caption, shop.similar(asked.id, _HITS), by_id)

    subject = _camera_subject(products)
    items = shop.detect(f"{host}/camera.jpg")
    found = shop.by_link(items[0]["link"], _HITS) if items else []
    title = f"Camera search: a phone photo of {subject.id}, {subject.sample.name}"
    show.hits(title, f"GET .../detect, then .../image?link=...   ({show.boxes(items) or 'no item'})", found, by_id)

    tagged = shop.tag(f"{host}/outfit.jpg", 1)
    names = " and ".join(p.sample.name for p in _outfit(products))
    show.tags(f"Tags of the widest garment in a photo of {names}", "GET .../tag?path=...&lang=en&item_limit=1", tagged)
