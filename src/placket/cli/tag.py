"""`placket tag`: what is in photos, without a server."""

import enum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.csv_lines import AsCsv, one_form
from placket.cli.done import Done
from placket.cli.local import AsJson, Photos, WholeImage, chosen_box, end, look_at

if TYPE_CHECKING:
    from placket.local import Photo


class Language(enum.StrEnum):
    EN = "en"
    KO = "ko"
    ZH = "zh"
    JA = "ja"


Lang = Annotated[Language, typer.Option("--lang", help="Language of the labels.")]


def tag(
    photos: Photos,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    lang: Lang = Language.EN,
    whole_image: WholeImage = False,
    box: Annotated[
        str | None,
        typer.Option(metavar="x0,y0,x1,y1", help="Where the one garment is, in fractions of the upright image."),
    ] = None,
    done: Done = None,
) -> None:
    """Garments of photos with their tags and colours.

    With --json one line an image: path, width, height, items; or path and error. With --csv one line a garment, or one
    for a photo without any or that could not be used. Exit code 1, after all the others,
    when a photo could not be used.
    """
    from placket.cli.garment_csv import GarmentCsv
    from placket.cli.json_lines import write_json
    from placket.cli.local_garments import garment_table, title_of, write_lines
    from placket.cli.output import console

    one_form(as_csv, as_json)
    box_of_all = chosen_box(whole_image, box)
    if as_csv:
        lines = GarmentCsv(places=False)
        write = partial(write_lines, lines)
        end(
            look_at(photos, write, box=box_of_all, lang=lang.value, quiet=False, unusable=lines.refuse, done=done or ())
        )
        return

    def show(photo: "Photo") -> None:
        if as_json:
            write_json(photo.to_dict())
            return
        console.print(title_of(photo), soft_wrap=True)
        console.print(garment_table(photo) if photo.garments else "nothing was found")
        console.print()

    end(look_at(photos, show, box=box_of_all, lang=lang.value, quiet=as_json, done=done or ()))
