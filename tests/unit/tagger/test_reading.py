"""A stranger's JSON: what counts against its size, and what is said of a field that is not there."""

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.errors import ImageTooManyBytes
from placket.domain.tagger.bulk import MAX_IMAGE_ID, Rejected, read_bulk
from placket.domain.tagger.errors import RequestMalformed, RequestTooLarge
from placket.domain.tagger.reading import read_object
from placket.domain.tagger.single import read_single

words = st.text('",[]{}\\:a\n', max_size=12)
values = st.recursive(
    st.none() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
)


def marks(value: Any) -> int:
    """Commas and opening brackets that JSON needs for it."""
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(0, len(value) - 1) + sum(marks(v) for v in inner)


@given(st.dictionaries(words, values, max_size=4), st.booleans())
def test_only_what_is_outside_of_strings_counts(value: dict[str, Any], escaped: bool) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode()
    assert read_object(body, most_values=marks(value)) == value
    with pytest.raises(RequestTooLarge):
        read_object(body, most_values=marks(value) - 1)


def test_keywords_of_many_commas() -> None:
    context = {"id": "1", "keywords": ",[{" * 100_000}
    image = {"type": "url", "content": "https://shop.example/1.jpg"}
    single = json.dumps({"image": image, "context": context}).encode()
    assert read_single(single, max_bytes=1000).url == image["content"]
    bulk = json.dumps({"taggingRequest": [{"image": image, "context": context}]}).encode()
    assert not isinstance(read_bulk(bulk, max_entries=1000).items[0], Rejected)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b"," * 16_000_000,
        b'"' + b"\\" * 15_900_000 + b"," * 20_000,
        b'"' + b'\\"' * 7_900_000 + b"," * 20_000,
        b'\\"' * 7_900_000 + b"," * 20_000,
        b'"' * 15_900_000 + b"," * 20_000,
        b'"",' * 5_000_000,
        b"," * 9_999 + b'x"' * 7_000_000 + b"," * 20_000,
        b"," * 20_000_000,
    ],
    ids=range(8),
)
def test_a_hostile_body_takes_no_long(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises((RequestTooLarge, RequestMalformed)):
        read_object(body, most_values=10_000)
    assert time.process_time() - began < 5


def in_base64(size: int, breaks: str = "") -> bytes:
    digits = base64.b64encode(b"x" * size).decode()
    content = "data:image/png;base64," + breaks + digits + breaks
    return json.dumps({"image": {"type": "base64", "content": content}, "context": {"id": "1"}}).encode()


@pytest.mark.parametrize("most", [1000, 1001, 1002])
def test_an_image_of_as_many_bytes_as_may_be(most: int) -> None:
    assert read_single(in_base64(most, "\r\n"), max_bytes=most).image == b"x" * most
    for more in (most + 1, most + 2, most + 3):
        with pytest.raises(ImageTooManyBytes):
            read_single(in_base64(more), max_bytes=most)


def test_an_id_of_as_many_characters_as_may_be() -> None:
    image = {"type": "url", "content": "https://shop.example/1.jpg"}

    def read(image_id: str) -> Any:
        return read_bulk(
            json.dumps({"taggingRequest": [{"image": image, "context": {"id": image_id}}]}).encode(), max_entries=1
        ).items[0]

    assert not isinstance(read("가" * MAX_IMAGE_ID), Rejected)
    assert isinstance(read("가" * (MAX_IMAGE_ID + 1)), Rejected)


def _without(value: dict[str, Any], outer: str, inner: str) -> dict[str, Any]:
    return {**value, outer: {k: v for k, v in value[outer].items() if k != inner}}


@pytest.mark.parametrize("field", ["image.type", "image.content", "context.id"])
def test_a_field_that_is_missing_is_called_so(field: str) -> None:
    outer, inner = field.split(".")
    whole = {"image": {"type": "url", "content": "https://shop.example/1.jpg"}, "context": {"id": "1"}}
    for entry in (_without(whole, outer, inner), {**whole, outer: {**whole[outer], inner: None}}):
        item = read_bulk(json.dumps({"taggingRequest": [entry]}).encode(), max_entries=10).items[0]
        assert isinstance(item, Rejected) and item.message == f"{field} is missing"
        if outer == "image":
            with pytest.raises(RequestMalformed, match=f"^{field} is missing$"):
                read_single(json.dumps(entry).encode(), max_bytes=10)
    wrong = {**whole, outer: {**whole[outer], inner: 5}}
    item = read_bulk(json.dumps({"taggingRequest": [wrong]}).encode(), max_entries=10).items[0]
    assert isinstance(item, Rejected) and item.message == f"{field} must be a string"
