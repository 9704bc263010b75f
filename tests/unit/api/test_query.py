"""The query string: any text survives the way through it, and nothing is guessed."""

from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.api.query import Query, decode_text
from placket.domain.errors import InvalidParameter

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
names = texts.filter(bool)


@given(st.lists(st.tuples(names, texts)), st.booleans())
def test_any_parameters_come_through(pairs: list[tuple[str, str]], plus: bool) -> None:
    encode = quote_plus if plus else quote
    raw = "&".join(f"{encode(n, safe='')}={encode(v, safe='')}" for n, v in pairs)
    assert list(Query(raw.encode()).pairs) == pairs


@given(names, texts, st.lists(st.tuples(names, texts)))
def test_the_echo_begins_with_the_calls_own_and_reads_back(own: str, value: str, others: list[tuple[str, str]]) -> None:
    raw = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in others)
    echo = Query(raw.encode()).echo(own, value)
    expected = [(own, value), *((n, v) for n, v in others if n != own)]
    assert parse_qsl(echo, keep_blank_values=True, max_num_fields=None) == expected


@given(st.binary())
def test_any_bytes_are_parameters_or_refused(raw: bytes) -> None:
    try:
        Query(raw)
    except InvalidParameter as error:
        assert error.detail


@given(st.text(max_size=20))
def test_integers_are_plain_digits(value: str) -> None:
    query = Query(b"n=" + quote(value, safe="", errors="replace").encode()) if "\0" not in value else Query(b"n=x")
    try:
        number = query.integer("n", 1, 200)
    except InvalidParameter:
        return
    assert value.isascii() and value.isdigit() and number == int(value)


@pytest.mark.parametrize(("raw", "text"), [(b"a%2Fb", "a/b"), (b"%E1%84%80", "\u1100"), (b"%25zz", "%zz"), (b"+", "+")])
def test_a_text_is_decoded_once(raw: bytes, text: str) -> None:
    assert decode_text(raw, "it") == text
