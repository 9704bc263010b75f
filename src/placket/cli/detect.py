"""`placket detect`: where garments are in photos, without a server."""

from functools import partial
from typing import TYPE_CHECKING

from placket.cli.csv_lines import AsCsv, one_form
from placket.cli.done import Done
from placket.cli.local import AsJson, Photos, end, look_at
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from placket.local import Photo


def detect(
    photos: Photos,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    lang: Lang = Language.EN,
    done: Done = None,
) -> None:
    """Garments of photos: what they are, and where.

    With --json one line an image: path, width, height, and items with type, group, category, box (fractions), score.
    With --csv one line a garment, or one for a photo without any or that could not be used.
    """
    from placket.cli.garment_csv import GarmentCsv
    from placket.cli.json_lines import write_json
    from placket.cli.local_garments import detection_table, title_of, write_lines
    from placket.cli.output import console

    one_form(as_csv, as_json)
    if as_csv:
        lines = GarmentCsv(places=True)
        write = partial(write_lines, lines)
        end(look_at(photos, write, lang=lang.value, quiet=False, unusable=lines.refuse, done=done or ()))
        return

    def show(photo: "Photo") -> None:
        if as_json:
            write_json(photo.to_dict(tags=False))
            return
        console.print(title_of(photo), soft_wrap=True)
        console.print(detection_table(photo) if photo.garments else "nothing was found")
        console.print()

    end(look_at(photos, show, lang=lang.value, quiet=as_json, done=done or ()))
