"""A feed for Google Merchant Center: RSS, Atom, or a table."""

import io

import pytest

from placket.shops.catalogue import ExportInvalid
from placket.shops.formats import Format, format_of_file
from tests.unit.shops.reading import convert, told

NS = 'xmlns:g="http://base.google.com/ns/1.0"'
PICTURE = "https://shop.example/a.jpg"


def item(id: str, group: str = "", more: str = "", picture: str = PICTURE) -> str:
    grouped = f"<g:item_group_id>{group}</g:item_group_id>" if group else ""
    return (
        f"<item><g:id>{id}</g:id>{grouped}<title>Linen &amp; silk dress</title><g:image_link>{picture}</g:image_link>"
        f"<g:price>59.00 EUR</g:price><g:brand>Nord</g:brand><g:product_type>Women &gt; Dresses</g:product_type>"
        f"{more}</item>\n"
    )


def rss(*items: str) -> str:
    head = f'<?xml version="1.0"?>\n<rss version="2.0" {NS}>\n<channel><title>Shop</title>\n'
    return f"{head}{''.join(items)}</channel></rss>"


def test_a_group_is_one_product() -> None:
    gone = "<g:availability>out of stock</g:availability>"
    shipping = "<g:shipping><g:price>4.95 EUR</g:price><g:id>x</g:id></g:shipping>"
    body = rss(item("a-s", "a", gone), item("b", more=gone), item("a-m", "a", shipping))
    rows, _, format = convert(body)
    assert format is Format.GOOGLE
    assert rows[0] == {
        "product_id": "a",
        "status": "enable",
        "name": "Linen & silk dress",
        "category1_id": "Women",
        "category2_id": "Dresses",
        "category3_id": "",
        "image_url": PICTURE,
        "s1": "Nord",
        "s2": "",
    }
    assert [(r["product_id"], r["s2"]) for r in rows] == [("a", ""), ("b", "sold-out")]
    rows, _, _ = convert(body, s1="product", s2="price:50,100", variants=True)
    assert [(r["product_id"], r["s1"], r["s2"]) for r in rows] == [
        ("a-s", "a", "50-100"),
        ("a-m", "a", "50-100"),
        ("b", "b", "50-100"),
    ]


def test_atom_has_an_id_and_a_title_of_its_own() -> None:
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NS}><id>tag:shop</id>'
        "<entry><id>tag:shop,1</id><title>Dress</title>"
        f"<g:id>1</g:id><g:image_link>{PICTURE}</g:image_link></entry>"
        f"<entry><g:id>2</g:id><id>tag:shop,2</id><title>Hat</title><g:title>Straw hat</g:title>"
        f"<g:image_link>{PICTURE}</g:image_link></entry></feed>"
    )
    assert [(r["product_id"], r["name"]) for r in convert(body)[0]] == [("1", "Dress"), ("2", "Straw hat")]


@pytest.mark.parametrize(
    "names", ["id\ttitle\timage_link", "ID\tTitle [title]\timage link", "g:id\tg:title\tg:image_link"]
)
def test_a_table_is_a_feed_too(names: str) -> None:
    rows, _, format = convert(f'{names}\n1\tDress, 5" hem\t{PICTURE}\n')
    assert (format, rows[0]["product_id"], rows[0]["name"]) == (Format.GOOGLE, "1", 'Dress, 5" hem')


def test_what_cannot_be_used_is_told_by_its_line() -> None:
    body = rss(
        item(""), item("1"), item("1"), item("2", picture="/a.jpg"), item("3", picture="data:image/png;base64,xx")
    )
    rows, account, _ = convert(body)
    assert len(rows) == 1
    wrong = "the URL is not of the form http://host/path or https://host/path"
    assert told(account) == [
        (4, "", "the item has no id"),
        (6, "1", "the id stands further up already"),
        (7, "2", wrong),
        (8, "3", "a data: URL holds the image itself; what is fetched is an http or https URL"),
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><item><id>&b;</id></item></rss>', "document type"),
        ('<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd"><rss><item/></rss>', "document type"),
        ('<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><item><id>&f;</id></item></rss>', "document type"),
        ("<rss><item><id>&nbsp;</id></item></rss>", "line 1: not XML: undefined entity"),
        ("<rss>" + "<a>" * 60, "line 1: more than 50 tags within one another"),
        ("<rss>\n<item><id>" + "x" * 10_001 + "</id></item></rss>", "line 2: an item whose id is longer than 10,000"),
        ("<rss><item a='" + "x" * 2_000_000 + "'/></rss>", "a tag or comment of more than 1,000,000 bytes"),
        ("<rss><!--" + "x" * 2_000_000 + "--></rss>", "a tag or comment of more than 1,000,000 bytes"),
        (rss(item("1"))[:-9], "not XML"),
        ('<?xml version="1.0" encoding="UTF-9"?><rss><item/></rss>', "unknown encoding: UTF-9; save it as UTF-8"),
        ('<?xml version="1.0" encoding="shift_jis"?><rss><item/></rss>', "multi-byte encodings are not supported"),
        ("<html><body>Sign in</body></html>", "no <item> or <entry>"),
    ],
)
def test_a_feed_may_be_anybodys(body: str, words: str) -> None:
    with pytest.raises(ExportInvalid, match=words):
        convert(body)


def test_a_long_description_costs_nothing() -> None:
    body = rss(item("1", more=f"<g:description><![CDATA[{'<p>x</p>' * 500_000}]]></g:description>"))
    assert len(convert(body)[0]) == 1


def test_utf_16_is_read() -> None:
    body = rss(item("1")).replace('version="1.0"', 'version="1.0" encoding="UTF-16"', 1).encode("utf-16")
    assert len(convert(body)[0]) == 1


@pytest.mark.parametrize(
    ("body", "format"),
    [
        (rss(), Format.GOOGLE),
        ("<html></html>", None),
        ("id\ttitle\timage_link\n", Format.GOOGLE),
        ("a,b\n", None),
        ("", None),
    ],
)
def test_a_file_is_known_by_its_beginning(body: str, format: Format | None) -> None:
    assert format_of_file(io.BufferedReader(io.BytesIO(body.encode()))) is format  # type: ignore[arg-type]
