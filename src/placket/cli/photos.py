"""`placket photos`: what is in photos, asked of a server."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.csv_lines import AsCsv, one_form
from placket.cli.done import Done
from placket.cli.garment_csv import GarmentCsv
from placket.cli.json_lines import write_json
from placket.cli.local import AsJson, Photos
from placket.cli.looking import Refuse
from placket.cli.remote import ProfileName, ServiceOption
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from placket.client import AsyncPlacket
    from placket.client.shapes.placket import Photo

photos_app = typer.Typer(
    no_args_is_help=True,
    help="Garments of photos, found by a running server; `placket tag` and `placket detect` need none.",
)


@photos_app.command()
def detect(
    photos: Photos,
    service: ServiceOption,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    done: Done = None,
) -> None:
    """Every garment of a photo, clothing first: what it is, and where.

    With --json one line an image: path, width, height, items; or path and error. An item's link is for `placket search
    link`. With --csv one line a garment, or one for a photo without any or that could not be used. Exit code 1, after
    all the others, when a photo could not be used. URLs are fetched by the server.
    """
    from placket.cli.remote_photos import look_at

    async def ask(placket: "AsyncPlacket", photo: bytes | str) -> "Photo":
        return await placket.photos.detect(service, photo, lang=lang)

    one_form(as_csv, as_json)
    show, unusable = _output(as_json, as_csv, places=True)
    look_at(photos, profile, ask, show, as_json=as_json, unusable=unusable, done=done or ())


@photos_app.command()
def tag(
    photos: Photos,
    service: ServiceOption,
    item_limit: Annotated[int, typer.Option(min=1, max=4, help="Most garments of a photo, the widest first.")] = 1,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    done: Done = None,
) -> None:
    """The widest garments of a photo with their tags and colours.

    With --json one line an image: path, width, height, items; or path and error. With --csv one line a garment, or one
    for a photo without any or that could not be used. Exit code 1, after all the others, when a photo could not be
    used. URLs are fetched by the server.
    """
    from placket.cli.remote_photos import look_at

    async def ask(placket: "AsyncPlacket", photo: bytes | str) -> "Photo":
        return await placket.photos.tag(service, photo, lang=lang, item_limit=item_limit)

    one_form(as_csv, as_json)
    show, unusable = _output(as_json, as_csv, places=False)
    look_at(photos, profile, ask, show, as_json=as_json, unusable=unusable, done=done or ())


def _output(as_json: bool, as_csv: bool, *, places: bool) -> "tuple[Callable[[str, Photo], None], Refuse | None]":
    """Where a photo's garments go, and one that could not be used, unless that is said as usual."""
    if as_json:
        return lambda path, photo: write_json({"path": path, **photo}), None
    from placket.cli.remote_garments import csv_rows, show_photo

    if not as_csv:
        return partial(show_photo, places=places), None
    lines = GarmentCsv(places=places)
    return lambda path, photo: lines.show(path, photo["width"], photo["height"], csv_rows(photo)), lines.refuse
