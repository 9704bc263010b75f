"""Whatever a stranger sends: an answer or one of the named errors, and every entry is accounted for."""

import base64
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from placket.api.tagger_v2.answers import TaggerAnswer, failure_list
from placket.domain.errors import PlacketError
from placket.domain.tagger.bulk import Entry, read_bulk, settle
from placket.domain.tagger.errors import DetectionInvalid, NothingAccepted, RequestMalformed, RequestTooLarge
from placket.domain.tagger.single import SingleRequest, read_single

MAX_ENTRIES = 20
words = st.text(st.characters(codec=None), max_size=20)
"""Half surrogate pairs too."""
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=12
)
groups = st.sampled_from(["TOP", "BOTTOM", "SHOES", "JEWELRY", "top", "NOSE"])
urls = (
    st.sampled_from(
        [
            "https://shop.example/1.jpg",
            "http://shop.example:10500/ä?x=%zz",
            "ftp://x/",
            "https://a:b@x/",
            "//x",
            "https://x:22/",
        ]
    )
    | words
)
images = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["url", "base64"]) | values, "content": urls | values}
)
contexts = st.fixed_dictionaries(
    {"id": st.sampled_from(["1", "2", "3", ""]) | values},
    optional={
        "detection": st.lists(groups, max_size=3) | values,
        "age": st.lists(words, max_size=2) | values,
        "price": words | values,
        "brand": words | values,
    },
)
entries = st.fixed_dictionaries({}, optional={"image": images | values, "context": contexts | values}) | values
fields = st.fixed_dictionaries(
    {"taggingRequest": st.lists(entries, max_size=MAX_ENTRIES + 2) | values},
    optional={
        "albumName": words | values,
        "description": words | values,
        "option": st.just(["STRICT"]) | values,
        "defaultDetection": st.lists(groups, max_size=3) | values,
        "callbackUrl": urls | values,
    },
)


def _check_bulk(body: bytes, sent: list[Any] | None, taken: set[str]) -> None:
    try:
        request = read_bulk(body, max_entries=MAX_ENTRIES)
    except (RequestMalformed, DetectionInvalid, RequestTooLarge) as error:
        assert error.detail
        return
    assert sent is None or len(request.items) == len(sent) <= MAX_ENTRIES
    try:
        settled = settle(request.items, taken, strict=request.strict)
    except NothingAccepted as error:
        assert all(message for _, message in error.rejected)
        assert request.strict or len(error.rejected) == len(request.items)
        TaggerAnswer({"failureList": failure_list(error.rejected)})
        return
    assert len(settled.accepted) + len(settled.rejected) == len(request.items)
    ids = [e.image_id for e in settled.accepted]
    assert len(set(ids)) == len(ids) and not set(ids) & taken
    for accepted in settled.accepted:
        assert accepted.detection and accepted.image_id.encode() and accepted.url.encode()
        assert "\0" not in accepted.image_id + accepted.url
    answer = TaggerAnswer({"failureList": failure_list(tuple((r.sent, r.message) for r in settled.rejected))})
    echoed = [f["request"] for f in json.loads(bytes(answer.body))["failureList"]]
    assert echoed == [r.sent for r in settled.rejected]
    # One that is sent twice equals the one that was accepted, and is not it.
    kept = {id(entry) for entry in settled.accepted}
    rest = [item for item in request.items if isinstance(item, Entry) and id(item) in kept]
    assert rest == list(settled.accepted)  # in the order of the request


TWICE = {"image": {"type": "url", "content": "https://shop.example/1.jpg"}, "context": {"id": "1"}}


@example({"taggingRequest": [TWICE, TWICE]}, set())
@given(fields, st.sets(st.sampled_from(["1", "2", "3"])))
def test_bulk_bodies(body: dict[str, Any], taken: set[str]) -> None:
    sent = body["taggingRequest"]
    _check_bulk(json.dumps(body).encode(), sent if isinstance(sent, list) else None, taken)


@given(st.binary(max_size=200) | values.map(lambda v: json.dumps(v).encode()))
@example(b'{"taggingRequest":' * 50_000)
@example(b'{"taggingRequest":[1e400]}')
@example(b'{"taggingRequest":[-Infinity]}')
@example(b'{"taggingRequest":[' + b"1" * 4301 + b"]}")
@example(b'{"taggingRequest":[{"image":{"type":"url","content":"\\ud800"}}]}')
def test_any_bytes(body: bytes) -> None:
    _check_bulk(body, None, set())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "image": st.fixed_dictionaries(
                {}, optional={"type": st.sampled_from(["url", "base64", "x"]) | values, "content": values | words}
            )
            | values,
            "context": contexts | values,
        },
    )
)
def test_single_bodies(body: dict[str, Any]) -> None:
    try:
        request = read_single(json.dumps(body).encode(), max_bytes=100)
    except PlacketError as error:
        assert error.detail
        return
    assert isinstance(request, SingleRequest) and request.detection
    assert not (request.url and request.image) and len(request.image) <= 100


@given(st.binary(min_size=1, max_size=120))
def test_base64_comes_back(image: bytes) -> None:
    content = "data:image/png;base64," + base64.encodebytes(image).decode()
    body = json.dumps({"image": {"type": "base64", "content": content}}).encode()
    if len(image) > 100:
        try:
            read_single(body, max_bytes=100)
        except PlacketError as error:
            assert error.reason == "ImageTooManyBytes"
            return
        raise AssertionError
    assert read_single(body, max_bytes=100).image == image
