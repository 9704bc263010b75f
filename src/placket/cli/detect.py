"""`placket detect`: where garments are in photos, without a server."""

from typing import TYPE_CHECKING

from placket.cli.local import AsJson, Photos, end, look_at
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from placket.local import Photo


def detect(photos: Photos, as_json: AsJson = False, lang: Lang = Language.EN) -> None:
    """Garments of photos: what they are, and where.

    With --json one line an image: path, width, height, and items with type, group, category, box (fractions), score.
    """
    from placket.cli.json_lines import write_json
    from placket.cli.local_garments import detection_table, title_of
    from placket.cli.output import console

    def show(photo: "Photo") -> None:
        if as_json:
            write_json(photo.to_dict(tags=False))
            return
        console.print(title_of(photo), soft_wrap=True)
        console.print(detection_table(photo) if photo.garments else "nothing was found")
        console.print()

    end(look_at(photos, show, lang=lang.value, quiet=as_json))
