"""Shopify's product export, by either set of its columns' names."""

import csv
import io

import pytest

from placket.shops.formats import Format
from tests.unit.shops.reading import convert, told

CDN = "https://cdn.shopify.com/s/files/1/0001/products"
OLD = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name"),
    *("Option1 Value", "Variant SKU", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy"),
    *("Variant Price", "Image Src", "Image Position", "Gift Card", "Variant Image", "Status"),
]
NEW_NAMES = {
    "Handle": "URL handle",
    "Body (HTML)": "Description",
    "Published": "Published on online store",
    "Variant SKU": "SKU",
    "Variant Inventory Tracker": "Inventory tracker",
    "Variant Inventory Qty": "Inventory quantity",
    "Variant Inventory Policy": "Continue selling when out of stock",
    "Variant Price": "Price",
    "Image Src": "Product image URL",
    "Image Position": "Image position",
    "Gift Card": "Gift card",
    "Variant Image": "Variant image URL",
}
TEE = {
    "Handle": "tee",
    "Title": "Boxy T-shirt",
    "Body (HTML)": '<p>Soft, "heavy"</p>\n<p>Cotton</p>',
    "Vendor": "Nord, Inc.",
    "Type": "Shirts",
    "Tags": "season:Summer, sale",
    "Published": "TRUE",
    "Status": "active",
    "Gift Card": "FALSE",
}


def red(size: str, **other: str) -> dict[str, str]:
    return {
        "Handle": "tee",
        "Option1 Value": size,
        "Variant SKU": f"T-{size}",
        "Variant Price": "19.90",
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "0",
        "Variant Inventory Policy": "deny",
        **other,
    }


def export(*rows: dict[str, str], new: bool = False) -> str:
    out = io.StringIO()
    names = [NEW_NAMES.get(n, n) if new else n for n in OLD]
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(names)
    lines.writerows([row.get(n, "") for n in OLD] for row in rows)
    return out.getvalue()


@pytest.mark.parametrize("new", [False, True])
def test_several_rows_are_one_product(new: bool) -> None:
    body = export(
        {**TEE, **red("S", **{"Image Src": f"{CDN}/b.jpg", "Image Position": "2"})},
        red("M", **{"Variant Inventory Qty": "3"}),
        {"Handle": "tee", "Image Src": f"{CDN}/a.jpg?v=1", "Image Position": "1"},
        new=new,
    )
    rows, account, format = convert(body)
    assert format is Format.SHOPIFY
    assert rows == [
        {
            "product_id": "tee",
            "status": "enable",
            "name": "Boxy T-shirt",
            "category1_id": "Shirts",
            "category2_id": "",
            "category3_id": "",
            "image_url": f"{CDN}/a.jpg?v=1",
            "s1": "Nord Inc.",
            "s2": "",
        }
    ]
    assert (account.rows, account.sold_out, account.problems) == (1, 0, [])


def test_a_product_is_sold_out_when_all_its_variants_are() -> None:
    picture = {"Image Src": f"{CDN}/a.jpg"}
    sold = export({**TEE, **red("S"), **picture}, red("M"))
    rows, account, _ = convert(sold)
    assert (rows[0]["s2"], account.sold_out) == ("sold-out", 1)
    rows, account, _ = convert(sold, sold_out=False)
    assert (rows, account.left_out) == ([], {"sold out": 1})
    for still in (
        {"Variant Inventory Policy": "continue"},
        {"Variant Inventory Tracker": ""},
        {"Variant Inventory Qty": ""},
    ):
        rows, _, _ = convert(export({**TEE, **red("S"), **picture}, red("M", **still)))
        assert rows[0]["s2"] == "", still


def test_a_row_each_variant() -> None:
    body = export(
        {**TEE, **red("S", **{"Image Src": f"{CDN}/a.jpg"})},
        red("M", **{"Variant Image": f"{CDN}/m.jpg", "Variant Inventory Qty": "1"}),
        red("L", **{"Variant SKU": ""}),
        red("XL", **{"Variant SKU": "T-S"}),
    )
    rows, account, _ = convert(body, s1="product", variants=True)
    seen = [(r["product_id"], r["image_url"], r["s1"], r["s2"]) for r in rows]
    assert seen == [("T-S", f"{CDN}/a.jpg", "tee", "sold-out"), ("T-M", f"{CDN}/m.jpg", "tee", "")]
    assert told(account) == [
        (5, "tee", "the variant has no id (SKU) of its own"),
        (6, "T-S", "the id stands further up already"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Status": "draft"}, "not published"),
        ({"Status": "archived"}, "not published"),
        ({"Published": "false"}, "not published"),
        ({"Gift Card": "TRUE"}, "gift cards"),
    ],
)
def test_what_is_not_for_sale_is_left_out(change: dict[str, str], reason: str) -> None:
    body = export({**TEE, "Image Src": f"{CDN}/a.jpg", **change})
    rows, account, _ = convert(body)
    assert (rows, account.left_out) == ([], {reason: 1})
    rows, account, _ = convert(body, unpublished=True)
    assert (len(rows), account.left_out) == (1, {})


def test_what_cannot_be_used_is_told_by_its_line() -> None:
    body = export(TEE, {"Title": "No handle"}, {**TEE, "Handle": "x" * 73, "Image Src": f"{CDN}/a.jpg"})
    rows, account, _ = convert(body + "a,b" + "," * len(OLD) + "\n")
    assert rows == []
    # The first record has a line break in its description, and so have the others.
    assert told(account) == [
        (4, "", "the row has no handle"),
        (7, "a", "22 columns instead of 20"),
        (2, "tee", "no picture"),
        (5, "x" * 73, "product_id has 73 characters, more than 72"),
    ]


def test_the_type_goes_after_a_name_that_names_no_kind() -> None:
    body = export({**TEE, "Title": "Odette", "Type": "Dress", "Image Src": f"{CDN}/a.jpg"})
    assert convert(body)[0][0]["name"] == "Odette, Dress"
    assert convert(body, kinds=False)[0][0]["name"] == "Odette"
    body = export({**TEE, "Title": "Odette" * 60, "Type": "Dress", "Image Src": f"{CDN}/a.jpg"})
    name = convert(body)[0][0]["name"]
    assert (len(name), name[-7:]) == (256, ", Dress")
    body = export({**TEE, "Title": "Odette", "Type": "New in", "Image Src": f"{CDN}/a.jpg"})
    assert convert(body)[0][0]["name"] == "Odette"


def test_without_a_type_the_narrowest_category_is_one() -> None:
    path = "Apparel & Accessories > Clothing > Dresses"
    body = export({**TEE, "Type": "", "Product Category": path, "Image Src": f"{CDN}/a.jpg"})
    assert convert(body)[0][0]["category1_id"] == "Dresses"
    assert convert(export({**TEE, "Type": "", "Image Src": f"{CDN}/a.jpg"}))[0][0]["category1_id"] == "none"
