"""`placket products correct` and `uncorrect`: what people know better than the model."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from placket.cli.completion import categories, tag_words
from placket.cli.json_lines import write_json
from placket.cli.output import fail
from placket.cli.products import ProductId
from placket.cli.remote import USAGE, AsJson, ProfileName, ServiceOption, asking
from placket.cli.tag import Lang, Language

if TYPE_CHECKING:
    from placket.client.shapes.placket import Product, ProductGarment

Number = Annotated[
    int | None, typer.Option("--garment", min=1, help="Which one, as `placket products show` counts them.")
]


def correct(
    product_id: ProductId,
    service: ServiceOption,
    garment: Number = None,
    category: Annotated[
        str | None, typer.Option(metavar="CATEGORY", help="What it is.", autocompletion=categories)
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="ATTRIBUTE:LABEL",
            help="What an attribute is: pattern:floral, colors:red,blue, or details: for none. May be repeated.",
            autocompletion=tag_words,
        ),
    ] = None,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Say what a garment of a product really is.

    What was corrected before and is not named stays. It holds when the product is indexed again, as long as it has this
    photo. --garment may be left out for a product with one garment.
    """
    said = _labels(tags or ())
    if category is None and not said:
        raise typer.BadParameter("say what it is with --category or --tag")
    with asking(profile) as placket:
        seen = _chosen(placket.products.get(service, product_id), garment)
        category, whole = _with_earlier(seen, category, said)
        product = placket.products.correct(service, product_id, seen["box"], category=category, tags=whole, lang=lang)
    _show(product, as_json)


def uncorrect(
    product_id: ProductId,
    service: ServiceOption,
    garment: Number = None,
    lang: Lang = Language.EN,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Take the corrections of a product away, or with --garment those of one garment: it is again as it was seen."""
    with asking(profile) as placket:
        if garment is None:
            placket.products.forget_corrections(service, product_id)
            product = placket.products.get(service, product_id, lang=lang)
        else:
            seen = _chosen(placket.products.get(service, product_id), garment)
            product = placket.products.correct(service, product_id, seen["box"], lang=lang)
    _show(product, as_json)


def _labels(words: Iterable[str]) -> dict[str, list[str]]:
    """Attribute to its labels. Raises typer.BadParameter."""
    found: dict[str, list[str]] = {}
    for word in words:
        attribute, colon, labels = word.partition(":")
        if not colon:
            raise typer.BadParameter(f"{word!r}: write ATTRIBUTE:LABEL", param_hint="--tag")
        found.setdefault(attribute, []).extend(label.strip() for label in labels.split(",") if label)
    return found


def _chosen(product: "Product", number: int | None) -> "ProductGarment":
    """Raises typer.Exit."""
    garments = product["garments"]
    if number is None and len(garments) == 1:
        return garments[0]
    if number is not None and number <= len(garments):
        return garments[number - 1]
    named = ", ".join(f"{n} {g['category']['name']}" for n, g in enumerate(garments, start=1)) or "none"
    raise fail(f"say which garment with --garment: the product has {named}", USAGE)


def _with_earlier(
    seen: "ProductGarment", category: str | None, said: Mapping[str, Sequence[str]]
) -> tuple[str | None, dict[str, Sequence[str]]]:
    """The server forgets what was said of a garment before: so that it stays, it is said again."""
    from placket.domain.taxonomy import labels_of, taxonomy

    corrected = set(seen["corrected"])
    if category is None and "category" in corrected:
        category = seen["category"]["id"]
    labels = {a["attribute"]: [x["id"] for x in a["labels"]] for a in seen["tags"]}
    words = taxonomy()
    # What the new category has no such attribute or length for would be refused; an unknown one is refused by itself.
    known = category if category in words.categories else None
    earlier = {
        name: labels.get(name, [])
        for name in sorted(corrected - {"category"})
        if known is None or (words.applies(name, known) and set(labels.get(name, [])) <= set(labels_of(name, known)))
    }
    return category, {**earlier, **said}


def _show(product: "Product", as_json: bool) -> None:
    if as_json:
        write_json(product)
    else:
        from placket.cli.remote_garments import show_product

        show_product(product)
