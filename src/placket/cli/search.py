"""`placket search`: what looks like this."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from placket.cli.completion import label_words
from placket.cli.json_lines import write_json
from placket.cli.output import console
from placket.cli.remote import AsJson, ProfileName, ServiceOption, asking, assignments
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from placket.client.shapes.placket import Garment, MatchList

search_app = typer.Typer(no_args_is_help=True, help="Similar products in a service of a running server.")

Limit = Annotated[int, typer.Option(min=1, max=200, help="Most products.")]
Least = Annotated[float | None, typer.Option("--min-similarity", help="Least similarity, over 0 to 1.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="FIELD=VALUE",
        help="category1_id=3,5, s1=!equal:1, or s2=between:20,50 for numbers; may be repeated, and all must hold.",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="OF:LABEL",
        help="What the similar garment is: category:dress,jumpsuit for either, !pattern:floral for what is not; may be "
        "repeated, and all must hold.",
        autocompletion=label_words,
    ),
]
Same = Annotated[
    str | None,
    typer.Option(
        metavar="OF,OF",
        help="What the similar garment has in common with the one that is asked with: group, category, colors ...",
    ),
]
Duplicates = Annotated[
    bool, typer.Option("--duplicates/--no-duplicates", help="Show products with the very same photo too.")
]
Collapse = Annotated[
    str | None,
    typer.Option(metavar="FIELD", help="Show only the best of the products with one value here, as of one design."),
]
_FIELDS = ("name", "image_url", "categories", "s1", "s2", "garment")


@search_app.command()
def product(
    product_id: Annotated[str, typer.Argument(metavar="ID", help="The product's id.")],
    service: ServiceOption,
    limit: Limit = 20,
    filters: Filters = None,
    tags: Tags = None,
    same: Same = None,
    min_similarity: Least = None,
    duplicates: Duplicates = True,
    collapse: Collapse = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Products like this one."""
    options = _options(limit, filters, tags, min_similarity, duplicates, collapse, same)
    with asking(profile) as placket:
        found = placket.search.product(service, product_id, **options)
    _answer(found, options, as_json)


@search_app.command()
def image(
    photo: Annotated[str, typer.Argument(metavar="FILE|URL", help="A photo; a URL is fetched by the server.")],
    service: ServiceOption,
    limit: Limit = 20,
    filters: Filters = None,
    tags: Tags = None,
    same: Same = None,
    min_similarity: Least = None,
    duplicates: Duplicates = True,
    collapse: Collapse = None,
    box: Annotated[
        str | None, typer.Option(metavar="x0,y0,x1,y1", help="Where in the photo, in fractions; else the main garment.")
    ] = None,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Products like what is in a photo."""
    from placket.cli.local import chosen_box
    from placket.cli.local_sources import is_url

    options = _options(limit, filters, tags, min_similarity, duplicates, collapse, same)
    chosen = chosen_box(False, box)
    where = (chosen.x0, chosen.y0, chosen.x1, chosen.y1) if chosen else None
    with asking(profile) as placket:
        source = photo if is_url(photo) else Path(photo)
        found = placket.search.image(service, source, box=where, lang=lang, **options)
    if "garment" in found and not as_json:
        _show_garment(found["garment"])
    _answer(found, options, as_json)


@search_app.command()
def link(
    link: Annotated[str, typer.Argument(metavar="LINK", help="As `placket photos detect --json` has it.")],
    service: ServiceOption,
    limit: Limit = 20,
    filters: Filters = None,
    tags: Tags = None,
    min_similarity: Least = None,
    duplicates: Duplicates = True,
    collapse: Collapse = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Products like a garment that was detected, without sending its photo again."""
    options = _options(limit, filters, tags, min_similarity, duplicates, collapse)
    with asking(profile) as placket:
        found = placket.search.link(service, link, **options)
    _answer(found, options, as_json)


@search_app.command()
def every(
    service: ServiceOption,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", dir_okay=False, help="File to write; else standard output.")
    ] = None,
    limit: Limit = 20,
    filters: Filters = None,
    tags: Tags = None,
    same: Same = None,
    min_similarity: Least = None,
    duplicates: Duplicates = True,
    collapse: Collapse = None,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Searches on their way at a time.")] = 4,
    profile: ProfileName = None,
) -> None:
    """What is like each product of a service, as JSON lines.

    For a shop that looks it up itself, or with --min-similarity 0.95 to find what is in the catalogue twice.
    """
    from placket.cli.search_every import search_every

    options = _options(limit, filters, tags, min_similarity, duplicates, collapse, same)
    search_every(service, out, {**options, "fields": ()}, at_once, profile)


def _options(
    limit: int,
    filters: list[str] | None,
    tags: list[str] | None,
    min_similarity: float | None,
    duplicates: bool,
    collapse: str | None,
    same: str | None = None,
) -> dict[str, Any]:
    """Raises typer.BadParameter."""
    pairs = assignments(filters, "--filter", "write FIELD=A,B for either of two")
    common = {"same": same.split(",")} if same else {}
    return {
        **common,
        "limit": limit,
        "filters": pairs,
        "tags": tags or (),
        "min_similarity": min_similarity,
        "include_duplicates": duplicates,
        "collapse": collapse,
        "fields": _FIELDS,
    }


def _answer(found: "MatchList", options: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(found)
    elif found["items"]:
        _show(found)
    else:
        console.print(f"Nothing was found: {_why_nothing(found, options)}")


def _why_nothing(found: "MatchList", options: dict[str, Any]) -> str:
    if "bestSimilarity" in found:
        return f"the most similar product has {found['bestSimilarity']:.5f}, less than {options['min_similarity']:g}."
    if options["filters"]:
        tags = " and tags" if options["tags"] or "same" in options else ""
        return f"no product passes the filters{tags}; filters compare whole values, capitals too."
    if options["tags"] or "same" in options:
        return "no other garment in the service has such tags."
    return "there is no other product in the service."


def _show_garment(garment: "Garment") -> None:
    x0, y0, x1, y1 = (f"{v:.0%}" for v in garment["box"])
    console.print(f"Searched for: {garment['category']['name']} in {x0}, {y0} to {x1}, {y1}", style="dim")


def _show(found: "MatchList") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    table.add_column("similarity", justify="right")
    table.add_column("product", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("image", overflow="fold", style="dim")
    for match in found["items"]:
        cells = (match["product_id"], match.get("name", ""), match.get("image_url", ""))
        table.add_row(f"{match['similarity']:.3f}", *map(escape, cells))
    console.print(table)
