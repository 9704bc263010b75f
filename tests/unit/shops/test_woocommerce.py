"""WooCommerce's product export."""

from placket.shops.formats import Format
from tests.unit.shops.reading import convert, told

NAMES = (
    'ID,Type,SKU,Name,Published,"Visibility in catalog","In stock?","Regular price",'
    "Categories,Tags,Images,Parent,Brands\n"
)
A, B = "https://shop.example/wp-content/uploads/a.jpg", "https://shop.example/wp-content/uploads/b.jpg"
LIST = f'"{A}, {B}"'
VARIABLE = f'44,variable,tee,"V-neck T-shirt",1,visible,1,,"Sale, Clothing > T-shirts",summer,{LIST},,Nord\n'


def test_a_product_is_its_row_and_a_variation_none() -> None:
    body = (
        "\ufeff" + NAMES + VARIABLE + f'76,variation,tee-red,"V-neck T-shirt - Red",1,visible,0,"19,90",,,{B},tee,\n'
        f'77,variation,,"V-neck T-shirt - Blue",1,visible,1,"24,90",,,,id:44,\n'
    )
    rows, account, format = convert(body, s1="price:20,50")
    assert format is Format.WOOCOMMERCE
    (row,) = rows
    assert (row["product_id"], row["image_url"], row["category1_id"], row["category2_id"]) == (
        "44",
        A,
        "Clothing",
        "T-shirts",
    )
    # The lowest of its variations: the product itself has no price.
    assert (row["s1"], row["s2"], account.problems) == ("under-20", "", [])

    rows, _, _ = convert(body, s1="product", variants=True)
    seen = [(r["product_id"], r["name"], r["image_url"], r["category2_id"], r["s1"], r["s2"]) for r in rows]
    assert seen == [
        ("76", "V-neck T-shirt - Red", B, "T-shirts", "44", "sold-out"),
        ("77", "V-neck T-shirt - Blue", A, "T-shirts", "44", ""),
    ]


def test_what_spreadsheets_would_run_is_as_it_was() -> None:
    rows, account, _ = convert(
        NAMES + f"1,simple,'-9,'+1 Dress,1,visible,1,9,Dresses,,{A},,\n'-,simple,,'tis a hat,1,,1,9,,,{A},,\n"
    )
    assert [r["name"] for r in rows] == ["+1 Dress", "'tis a hat"]
    assert rows[1]["product_id"] == "-"
    rows, account, _ = convert(NAMES + f"1,simple,,Dress,'-1,visible,1,9,,,{A},,\n")
    assert (rows, account.left_out) == ([], {"not published": 1})


def test_drafts_and_hidden_products_are_left_out() -> None:
    states = [("1", "visible"), ("1", "search"), ("0", "visible"), ("-1", "visible"), ("2", "visible"), ("1", "hidden")]
    body = NAMES + "".join(f"{n},simple,,Dress,{p},{v},1,9,,,{A},,\n" for n, (p, v) in enumerate(states, start=1))
    rows, account, _ = convert(body)
    assert ([r["product_id"] for r in rows], account.left_out) == (["1", "2"], {"not published": 4})


def test_what_cannot_be_used_is_told_by_its_line() -> None:
    body = (
        NAMES + VARIABLE + VARIABLE + f",simple,no-id,Dress,1,,1,9,,,{A},,\n" + f"9,variation,,Red,1,,1,9,,,{A},gone,\n"
    )
    rows, account, _ = convert(body + f"10,variation,,Blue,1,,1,9,,,{A},,\n")
    assert len(rows) == 1
    assert told(account) == [
        (3, "44", "the ID stands further up already"),
        (4, "no-id", "the row has no ID"),
        (5, "9", "its product, 'gone', is not in the file"),
        (6, "10", "its product, '', is not in the file"),
    ]


def test_a_comma_within_a_picture_or_a_category_parts_nothing() -> None:
    picture = "https://shop.example/w_400\\,h_300/a.jpg"
    (row,) = convert(NAMES + f'1,simple,,Dress,1,,1,9,"Women > Tops\\, Shirts",,"{picture}, {B}",,\n')[0]
    assert row["image_url"] == "https://shop.example/w_400,h_300/a.jpg"
    # A filter would take it for "or".
    assert row["category2_id"] == "Tops Shirts"


def test_semicolons_part_the_cells_where_a_shop_has_it_so() -> None:
    body = f"ID;Type;SKU;Name;Published;Images\n1;simple;;Dress;1;{A}\n"
    (row,) = convert(body)[0]
    assert (row["product_id"], row["image_url"]) == ("1", A)


def test_a_variation_that_is_switched_off_counts_for_nothing() -> None:
    body = (
        NAMES
        + VARIABLE
        + f"76,variation,,Red,-1,visible,1,9,,,{B},id:44,\n"
        + f"77,variation,,Blue,1,visible,0,19,,,{B},id:44,\n"
    )
    (row,) = convert(body, s1="price:10")[0]
    assert (row["s1"], row["s2"]) == ("from-10", "sold-out")
    rows, account, _ = convert(body, variants=True)
    assert ([r["product_id"] for r in rows], account.left_out) == (["77"], {"not published": 1})
    assert len(convert(body, variants=True, unpublished=True)[0]) == 2


def test_pictures_that_an_index_does_not_take_are_counted() -> None:
    body = NAMES + "".join(
        f"{n},simple,,Dress,1,,1,9,,,{A}{more},,\n" for n, more in enumerate(["", ".WebP?v=1", "?a=.webp"])
    )
    rows, account, _ = convert(body)
    assert (len(rows), account.untaken) == (3, 1)
