"""`placket detect`: where garments are in photos, without a server."""

from placket.cli.local import AsJson, Look, Photos, end, look_at
from placket.cli.tag import Lang, Language


def detect(photos: Photos, as_json: AsJson = False, lang: Lang = Language.EN) -> None:
    """Garments of photos: what they are, and where.

    With --json one line an image: path, width, height, and items with type, group, category, box (fractions), score.
    """
    from placket.cli.json_lines import write_json
    from placket.cli.local_garments import detection_json, detection_table, image_json, title_of
    from placket.cli.output import console

    def show(look: Look) -> None:
        analysis = look.analysis
        assert analysis is not None
        if as_json:
            write_json(image_json(look.path, analysis, [detection_json(g) for g in analysis.garments]))
            return
        console.print(title_of(look.path, analysis), soft_wrap=True)
        console.print(detection_table(analysis, lang) if analysis.garments else "nothing was found")
        console.print()

    end(look_at(photos, None, show, quiet=as_json))
