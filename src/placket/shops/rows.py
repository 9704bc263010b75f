"""Rows of an index file of a shop's catalogue, and the account of what became no row."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from placket.domain.errors import InvalidParameter, UrlMalformed, UrlRefused
from placket.domain.index_file import MAX_LENGTH, check_product
from placket.domain.keeping import named_groups
from placket.domain.runs import Status
from placket.domain.urls import check_url
from placket.shops.catalogue import Catalogue, Problem, Product, Variant
from placket.shops.filters import Filter, amount, filterable

_LEVELS = ("category1_id", "category2_id", "category3_id")
_NO_CATEGORY = "none"
_UNTAKEN = (".webp", ".avif", ".heic", ".svg", ".tif", ".tiff", ".bmp")
_MOST_NAME = MAX_LENGTH["name"]


@dataclass(frozen=True, slots=True)
class Choice:
    """``held``: what columns hold that are filtered by, in the place of a level of the category or of nothing.
    ``variants``: a row each variant, not one for all of a product. ``kinds``: whether a name that names no kind of
    garment gets the category's that does. The last two: whether these become rows."""

    held: Mapping[str, Filter]
    variants: bool = False
    kinds: bool = True
    unpublished: bool = False
    sold_out: bool = True


@dataclass(slots=True)
class Account:
    """``sold_out``: of the rows, those of what is not in stock; ``untaken``: those with a picture that an index takes
    none of, by the ending of its address."""

    rows: int = 0
    sold_out: int = 0
    untaken: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)


def rows_of(catalogue: Catalogue, choice: Choice, account: Account) -> Iterator[dict[str, str]]:
    """In the order in which the products begin in the file."""
    account.problems += catalogue.problems
    known: set[str] = set()
    for product in catalogue.products.values():
        for variant in _offered(product, choice, account.left_out):
            row = _row(product, variant, choice)
            if problem := _problem(row, known):
                account.problems.append(Problem(variant.line, row["product_id"] or product.id, problem))
                continue
            known.add(row["product_id"])
            account.rows += 1
            account.sold_out += not variant.in_stock
            account.untaken += row["image_url"].partition("?")[0].lower().endswith(_UNTAKEN)
            yield row


def _offered(product: Product, choice: Choice, left_out: Counter[str]) -> Iterator[Variant]:
    """What of a product is to be found; the rest is counted."""
    if product.left_out and not choice.unpublished:
        left_out[product.left_out] += 1
        return
    shown = [v for v in product.variants if choice.unpublished or not v.left_out]
    if choice.variants and product.variants:
        left_out.update(v.left_out for v in product.variants if v.left_out and not choice.unpublished)
    else:
        shown = [_whole(product, shown)]
    for variant in shown:
        if variant.in_stock or choice.sold_out:
            yield variant
        else:
            left_out["sold out"] += 1


def _whole(product: Product, variants: Sequence[Variant]) -> Variant:
    """All its variants in one: in stock if one of them is, at the lowest price, with the product's own picture."""
    picture = product.picture or next((v.picture for v in variants if v.picture), "")
    price = product.price or min((v.price for v in variants if v.price), key=lambda p: amount(p) or 0.0, default="")
    in_stock = any(v.in_stock for v in variants) if variants else product.in_stock
    return Variant(product.line, product.id, product.name, picture, price, in_stock)


def _row(product: Product, variant: Variant, choice: Choice) -> dict[str, str]:
    price = variant.price or product.price
    levels = [filterable(level) for level in product.categories] or [_NO_CATEGORY]
    return {
        # What is sold in one size and colour may have no id but the product's.
        "product_id": variant.id or (product.id if len(product.variants) == 1 else ""),
        "status": Status.ENABLE.value,
        "name": _name(variant.name or product.name, product.categories if choice.kinds else ()),
        **dict(zip(_LEVELS, [*levels, "", ""], strict=False)),
        "image_url": variant.picture or product.picture,
        "s1": "",
        "s2": "",
        **{column: hold(product, price, variant.in_stock) for column, hold in choice.held.items()},
    }


def _name(name: str, categories: Sequence[str]) -> str:
    """``Odette, Dress``: by the kind that a name names, those garments of a photo are kept that are the product."""
    plain = " ".join(name.split())
    if named_groups(plain):
        return plain[:_MOST_NAME]
    kind = next((" ".join(word.split()) for word in reversed(categories) if named_groups(word)), "")
    room = _MOST_NAME - len(kind) - 2
    return f"{plain[:room]}, {kind}" if plain and 0 < len(kind) < room else plain[:_MOST_NAME] or kind


def _problem(row: dict[str, str], known: set[str]) -> str:
    if not row["product_id"]:
        return "the variant has no id (SKU) of its own"
    if row["product_id"] in known:
        return "the id stands further up already"
    if not row["image_url"]:
        return "no picture"
    try:
        check_product(row["product_id"], row)
        check_url(row["image_url"])
    except (InvalidParameter, UrlMalformed, UrlRefused) as error:
        return error.detail
    return ""
