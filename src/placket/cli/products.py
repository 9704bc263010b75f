"""`placket products`: a service's products one at a time."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from placket.cli.completion import columns, label_words
from placket.cli.json_lines import write_json
from placket.cli.output import console
from placket.cli.remote import AsJson, Limit, ProfileName, ServiceOption, asking, assignments, for_table
from placket.cli.tag import Lang, Language
from placket.domain.runs import FIELDS, FILTER_FIELDS

products_app = typer.Typer(
    no_args_is_help=True,
    help="Products of a service with what was seen on them; `placket index` puts many at once.",
)

ProductId = Annotated[str, typer.Argument(metavar="ID", help="The product's id.")]


def _given(values: list[str] | None, fields: Sequence[str]) -> dict[str, str]:
    """Raises typer.BadParameter."""
    given = assignments(values, "--set")
    if unknown := [name for name in given if name not in fields]:
        raise typer.BadParameter(f"{', '.join(unknown)}: fields are {', '.join(fields)}", param_hint="--set")
    return given


@products_app.command("list")
def list_products(
    service: ServiceOption,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="OF:LABEL",
            help="Only products with such a garment: category:dress,jumpsuit for either, group:TOP, !pattern:floral "
            "for what is not. Given several times: all hold of one garment.",
            autocompletion=label_words,
        ),
    ] = None,
    limit: Limit = None,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Products by id. With --json one line a product."""
    with asking(profile) as placket:
        found = placket.products.list(service, tags=tags or (), lang=lang)
        if as_json:
            for product in islice(found, limit):
                write_json(product)
            return
        products, more = for_table(found, limit)
    from placket.cli.remote_garments import product_table

    console.print(product_table(products))
    if more:
        console.print("and more; --limit shows them, --json lists all", style="dim")


@products_app.command()
def show(
    product_id: ProductId,
    service: ServiceOption,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """A product: its columns, and its garments with their tags, the main one first."""
    with asking(profile) as placket:
        product = placket.products.get(service, product_id, lang=lang)
    if as_json:
        write_json(product)
    else:
        from placket.cli.remote_garments import show_product

        show_product(product)


@products_app.command()
def put(
    product_id: ProductId,
    photo: Annotated[Path, typer.Argument(metavar="FILE", help="Its photo.", exists=True, dir_okay=False)],
    service: ServiceOption,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help=f"Of {', '.join(FIELDS)}; may be repeated, and what is not given is empty.",
            autocompletion=columns,
        ),
    ] = None,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Add a product, or replace it, with its photo."""
    given = _given(values, FIELDS)
    with asking(profile) as placket:
        product = placket.products.put(service, product_id, photo, lang=lang, **given)
    if as_json:
        write_json(product)
    else:
        from placket.cli.remote_garments import show_product

        show_product(product)


@products_app.command()
def refilter(
    product_id: ProductId,
    service: ServiceOption,
    values: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help=f"Of {', '.join(FILTER_FIELDS)}; may be repeated, and what is not given stays.",
            autocompletion=columns,
        ),
    ],
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Change what a product is filtered by, as when it is sold out, without its photo."""
    given = _given(values, FILTER_FIELDS)
    with asking(profile) as placket:
        product = placket.products.refilter(service, product_id, given)
    if as_json:
        write_json(product)
    else:
        console.print(f"Product {product_id} is changed.", markup=False, soft_wrap=True)


@products_app.command()
def delete(product_id: ProductId, service: ServiceOption, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Delete a product with its corrections."""
    with asking(profile) as placket:
        placket.products.delete(service, product_id)
    if as_json:
        write_json({"deleted": product_id})
    else:
        console.print(f"Product {product_id} is deleted.", markup=False, soft_wrap=True)
