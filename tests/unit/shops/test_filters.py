"""What s1 and s2 can hold of a product."""

import pytest

from placket.shops.catalogue import Product
from placket.shops.filters import FilterInvalid, amount, filterable, parse_filter

TEE = Product(1, "tee", vendor="Nord, Inc.", tags=("Sale", "season:Summer, early"))


@pytest.mark.parametrize(
    ("word", "price", "value"),
    [
        ("vendor", "", "Nord Inc."),
        ("product", "", "tee"),
        ("stock", "", "sold-out"),
        ("none", "9", ""),
        ("tag:season:", "", "Summer early"),
        ("tag:sale", "", "Sale"),
        ("tag:x", "", ""),
        ("price", "", ""),
        ("price", "49.9", "49.90"),
        ("price", "1.299,00 EUR", "1299.00"),
        ("price", "USD 1,250,000", "1250000.00"),
        ("price:50,100", "", ""),
        ("price:50,100", "49.99", "under-50"),
        ("price:50,100", "50", "50-100"),
        ("price:50,100", "1.299,00 EUR", "from-100"),
        ("price:19.5", "19,50", "from-19.5"),
    ],
)
def test_what_a_column_holds(word: str, price: str, value: str) -> None:
    assert parse_filter(word)(TEE, price, False) == value


@pytest.mark.parametrize(
    "word",
    ["", "brand", "vendor:", "vendor:x", "price:", "price:a", "price:5,5", "price:0", "tag:", "price:nan"],
)
def test_what_no_column_holds(word: str) -> None:
    with pytest.raises(FilterInvalid):
        parse_filter(word)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19.99", 19.99),
        ("19,99", 19.99),
        ("19,9", 19.9),
        ("1,299", 1299),
        ("1.299", 1299),
        ("1,299.00 USD", 1299),
        ("EUR 1.299,00", 1299),
        ("39000 KRW", 39000),
        ("free", None),
        ("", None),
    ],
)
def test_prices_of_all_countries(text: str, value: float | None) -> None:
    assert amount(text) == value


def test_a_value_can_be_asked_for() -> None:
    assert filterable(" Tops,\n Shirts,Knits ") == "Tops Shirts Knits"
    assert filterable("x" * 71 + " yz") == "x" * 71
