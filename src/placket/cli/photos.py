"""`placket photos`: what is in photos, asked of a server."""

from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.json_lines import write_json
from placket.cli.local import AsJson, Photos
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
) -> None:
    """Every garment of a photo, clothing first: what it is, and where.

    With --json one line an image: path, width, height, items; or path and error. An item's link is for `placket search
    link`. Exit code 1, after all the others, when a photo could not be used. URLs are fetched by the server.
    """
    from placket.cli.remote_photos import look_at

    async def ask(placket: "AsyncPlacket", photo: bytes | str) -> "Photo":
        return await placket.photos.detect(service, photo, lang=lang)

    look_at(photos, profile, ask, lambda path, found: _show(path, found, True, as_json), as_json=as_json)


@photos_app.command()
def tag(
    photos: Photos,
    service: ServiceOption,
    item_limit: Annotated[int, typer.Option(min=1, max=4, help="Most garments of a photo, the widest first.")] = 1,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """The widest garments of a photo with their tags and colours.

    With --json one line an image: path, width, height, items; or path and error. Exit code 1, after all the others,
    when a photo could not be used. URLs are fetched by the server.
    """
    from placket.cli.remote_photos import look_at

    async def ask(placket: "AsyncPlacket", photo: bytes | str) -> "Photo":
        return await placket.photos.tag(service, photo, lang=lang, item_limit=item_limit)

    look_at(photos, profile, ask, lambda path, found: _show(path, found, False, as_json), as_json=as_json)


def _show(path: str, photo: "Photo", places: bool, as_json: bool) -> None:
    if as_json:
        write_json({"path": path, **photo})
    else:
        from placket.cli.remote_garments import show_photo

        show_photo(path, photo, places=places)
