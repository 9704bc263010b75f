"""`placket demo`: a server, a small shop, a look at what it finds. `placket demo stop` ends the server."""

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from placket.cli.demo import server, show
from placket.cli.demo.drawn import drawn
from placket.cli.demo.failure import DemoFailed
from placket.cli.demo.goods import Assortment, first, index_files
from placket.cli.demo.home import FOLDER, Home, ServerNote, one_at_a_time, open_home, write_note, write_secret
from placket.cli.demo.host import image_host
from placket.cli.demo.keeper import keep_pictures, release_pictures
from placket.cli.demo.server import Running
from placket.cli.demo.shop import Progress, Shop
from placket.cli.output import DISK_FULL, console, errors, fail, run_safely
from placket.cli.settings import read_settings
from placket.domain.errors import KeyNameTaken
from placket.settings import Settings

demo_app = typer.Typer(help="Try it: a server, drawn products or real photos, and what it finds among them.")
_KEY_NAME = "demo"
_STOP_SECONDS = 60.0
_HITS = 5
_DRAWN = 60
_MOST_DRAWN = 1000

Folder = Annotated[Path, typer.Option("--dir", help="Folder for everything that the demo keeps.")]


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    folder: Folder = FOLDER,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the server; 0 takes a free one.")] = None,
    count: Annotated[
        int | None,
        typer.Option(min=5, max=100_000, help="Products to index: up to 1000 drawn ones (60), or photos (all)."),
    ] = None,
    photos: Annotated[
        bool, typer.Option("--photos", help="Real photos instead: the clothing dataset (CC0), downloaded once.")
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="With --photos: that dataset as a .zip or .tar.gz file."),
    ] = None,
) -> None:
    """Start a server in the background, index products, search and tag them, and leave the server running."""
    if context.invoked_subcommand is not None:
        return
    if archive is not None and not photos:
        raise typer.BadParameter("it goes with --photos", param_hint="--archive")
    if not photos and (count or 0) > _MOST_DRAWN:
        raise typer.BadParameter(f"at most {_MOST_DRAWN} products are drawn", param_hint="--count")
    with run_safely(), _readable():
        settings = read_settings()
        home, remark = open_home(folder, settings)
        if remark:
            console.print(remark, style="yellow", markup=False)
        with one_at_a_time(home) as alone:
            if not alone:
                raise DemoFailed(f"another demo is at work in {home.folder}: wait for it")
            _run(home, settings, port, _goods(home, photos, archive, count))


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
        release_pictures(running.note)
        with console.status("Stopping the server ..."):
            if not server.stop(home, running, _STOP_SECONDS):
                raise DemoFailed(
                    f"process {running.note.pid} has not ended after {_STOP_SECONDS:.0f} s: see {home.log}"
                )
        console.print(f"The demo server has ended. Its data is kept; `{home.command()}` starts it again.")


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except DemoFailed as error:
        errors.print("error:", style="red", end=" ")
        errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except OSError as error:
        if error.errno in DISK_FULL and error.filename is None:
            raise
        raise fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")) from None


def _goods(home: Home, photos: bool, archive: Path | None, count: int | None) -> Assortment:
    if not photos:
        return drawn(home, count or _DRAWN)
    from placket.cli.demo.photos import photographed

    return photographed(home, archive, count)


def _run(home: Home, settings: Settings, port: int | None, goods: Assortment) -> None:
    running = _server(home, settings, port)
    key = _key(home, settings, running, goods.service)
    if settings.admin_token is None:
        write_secret(home.token, asyncio.run(_admin_token(settings.model_copy(update={"data_dir": home.data}))) + "\n")
    shop = Shop(running.address, key, goods.service)
    try:
        shop.ensure_service()
        with _hosting(home, running.note, goods.pictures) as host:
            failed = _index(shop, goods, host)
            _look(shop, goods, failed, host)
        show.goodbye(running.address, home, goods.folder, shop.answers("/console"), home.command("stop"))
    finally:
        shop.close()


@contextmanager
def _hosting(home: Home, note: ServerNote, pictures: Mapping[str, bytes]) -> Iterator[str]:
    """The address of the pictures. Whatever becomes of the demo, a process of its own goes on serving them."""
    release_pictures(note)
    try:
        with image_host(pictures, note.image_port) as host:
            note = replace(note, image_port=int(host.rsplit(":", 1)[1]), image_pid=0)
            write_note(home, note)
            yield host
    finally:
        if note.image_port:
            write_note(home, replace(note, image_pid=keep_pictures(home, note)))


def _server(home: Home, settings: Settings, port: int | None) -> Running:
    running = server.find(home)
    if running is not None and port not in (None, 0, running.note.port):
        raise DemoFailed(
            f"a demo server is running on port {running.note.port}: stop it first ({home.command('stop')})"
        )
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


def _key(home: Home, settings: Settings, running: Running, service: str) -> str:
    """The key of last time while it works, else a new one of the project ``demo``."""
    if home.key.is_file():
        key = home.key.read_text("utf-8").strip()
        shop = Shop(running.address, key, service)
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


async def _admin_token(settings: Settings) -> str:
    from placket.bootstrap import open_database

    async with open_database(settings) as storage:
        return (await storage.admin_token.value())[0]


def _index(shop: Shop, goods: Assortment, host: str) -> Mapping[str, str]:
    """Index them all; returns the failed products with their reasons. Raises DemoFailed when all failed."""
    begun, total = time.monotonic(), len(goods.products)
    before, failed = Progress("", 0, 0, 0, 0, 0), dict[str, str]()
    columns = (TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def report(now: Progress) -> None:
            bar.update(task, completed=before.done + now.done)

        for file in index_files(goods.products, host):
            run_id, ended = shop.index(file, report)
            before = before + ended
            failed |= shop.failed_rows(run_id) if ended.failed else {}
    show.indexed(before, time.monotonic() - begun, failed, {p.id: p.name for p in goods.products})
    if before.failed == before.total:
        raise DemoFailed("no product could be indexed")
    return failed


def _look(shop: Shop, goods: Assortment, failed: Mapping[str, str], host: str) -> None:
    by_id = {p.id: p for p in goods.products}
    asked = first([p for p in goods.products if p.id not in failed], goods.similar_to)
    caption = f"GET .../service/{goods.service}/product/{asked.id}?limit={_HITS}"
    show.hits(f"Products like {asked.id}, {asked.name}", caption, shop.similar(asked.id, _HITS), by_id)

    items = shop.detect(f"{host}/camera.jpg")
    found = shop.by_link(items[0]["link"], _HITS) if items else []
    caption = f"GET .../detect, then .../image?link=...   ({show.boxes(items) or 'no item'})"
    show.hits(f"Camera search: {goods.camera}", caption, found, by_id)

    tagged = shop.tag(f"{host}/outfit.jpg", 1)
    title = f"Tags of the widest garment in a photo of {goods.outfit}"
    show.tags(title, "GET .../tag?path=...&lang=en&item_limit=1", tagged)
