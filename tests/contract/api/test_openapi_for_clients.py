"""The whole OpenAPI document, as programs that make clients from it read it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest

from placket.api.app import create_app
from placket.api.placket_v1.usage import usage_face
from placket.api.tagger_v2 import TaggerParts, tagger_face
from placket.domain.index_file import MAX_LENGTH
from placket.domain.runs import FILTER_FIELDS, Run, RunKind, RunState
from placket.domain.tagger.tasks import done_event
from placket.jobs.indexing import event_of
from placket.services.stores import RunEnded
from placket.services.webhooks import SIGNATURE_HEADER
from tests.support.memory import MemoryInstallation


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Of everything that is served; nothing of it is called."""
    nothing: Any = None
    faces = (tagger_face(TaggerParts(nothing, nothing, nothing, 1)), usage_face(nothing))
    return create_app(replace(MemoryInstallation().parts, faces=faces)).openapi()


def test_a_shape_has_one_plain_name_of_its_own(document: dict[str, Any]) -> None:
    """Makers of clients name a class by the title: of two with one name they make one, and leave the other's calls
    without an answer."""
    shapes = document["components"]["schemas"]
    assert [name for name in shapes if not re.fullmatch("[A-Z][A-Za-z]+", name)] == []
    assert {name: shape["title"] for name, shape in shapes.items()} == {name: name for name in shapes}


def test_no_shape_is_named_as_the_maker_of_another(document: dict[str, Any]) -> None:
    """Go's clients make a ``Key`` by a function ``NewKey``."""
    shapes = set(document["components"]["schemas"])
    assert shapes & {f"New{name}" for name in shapes} == set()


def parts_of(part: Any) -> Iterator[dict[str, Any]]:
    """Every object in it, at any depth."""
    if isinstance(part, dict):
        yield part
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts_of(value)


def test_null_alone_is_the_type_of_nothing(document: dict[str, Any]) -> None:
    """Beside another type every maker of clients takes it."""
    beside = [s for part in parts_of(document) for s in part.get("anyOf", ())]
    assert [p for p in parts_of(document) if p.get("type") == "null" and p not in beside] == []


def test_what_webhooks_tell_is_what_is_said_of_them(document: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    run = Run(uuid4(), "shop", RunKind.INDEX, "f.csv", RunState.FINISHED, now, now, now, 1, 2, 3, 4, 10, "b")
    task = document["paths"]["/tagger/v2.12/bulk"]["post"]["callbacks"]["taggingTaskDone"]
    runs = document["paths"]["/placket/v1/services/{service}/runs"]["post"]["callbacks"]["indexRunEnded"]
    counts = {"total": 3, "done": 2, "processing": 0, "failure": 1}
    for called, event in (
        (runs["{$request.query.callbackUrl}"], event_of(RunEnded(run, 1, "https://shop.example/hook"))),
        (task["{$request.body#/callbackUrl}"], done_event(uuid4(), "spring", counts)),
    ):
        body = called["post"]["requestBody"]["content"]["application/json"]["schema"]
        jsonschema_rs.validate({**body, "components": document["components"]}, event)
        told = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
        assert set(told["required"]) == set(told["properties"]) == set(event)
        assert list(called["post"]["responses"]) == ["204"]
        assert called["post"]["parameters"][0]["name"] == SIGNATURE_HEADER


def test_headers_that_a_program_acts_on_are_told(document: dict[str, Any]) -> None:
    told: dict[str, set[str]] = {}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                for name in answer.get("headers", ()):
                    told.setdefault(f"{status} {name}", set()).add(operation["operationId"])
            if path.startswith(("/placket/", "/tagger/")):
                assert operation["operationId"] in told["429 Retry-After"]
    assert told["201 Location"] == {"createService"}
    assert told["202 Location"] == {"submitRun", "repeatFailedRows"}


def test_the_unforeseen_is_told(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if path.startswith(("/placket/", "/tagger/")):
            assert all("500" in operation["responses"] for operation in operations.values()), path


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation.get("requestBody", {}).get("content", {}).items()


def test_the_page_fills_a_form_with_what_may_be_sent(document: dict[str, Any]) -> None:
    """It sends "string" for a text without an example: with an uploaded photo, as its URL too."""
    texts = [
        text
        for kind, body in bodies(document)
        if kind == "multipart/form-data"
        for text in body["schema"]["properties"].values()
        if "format" not in text
    ]
    assert len(texts) >= 10 and all(text["examples"] == [""] for text in texts)


def test_examples_are_of_their_schemas(document: dict[str, Any]) -> None:
    examples = [(body["schema"], body["example"]) for _, body in bodies(document) if "example" in body]
    examples += [(p, e) for p in parts_of(document) if "type" in p for e in p.get("examples", ())]
    assert len(examples) >= 20
    for schema, example in examples:
        jsonschema_rs.validate({**schema, "components": document["components"]}, example)


def test_answers_are_told_apart_by_more_than_a_boolean(document: dict[str, Any]) -> None:
    """OpenAPI Generator's clients in Python check one that has a single value against a text, and take no answer."""
    assert [p for p in parts_of(document) if isinstance(p.get("const"), bool)] == []
    shapes = document["components"]["schemas"]
    good = {"header": {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}}
    bad = {"header": {"isSuccessful": False, "resultCode": -40000, "resultMessage": "InvalidParam", "detail": "x"}}
    for name, taken in (("Done", good), ("FashionFailure", bad)):
        validator = jsonschema_rs.validator_for({**shapes[name], "components": document["components"]})
        assert [validator.is_valid(answer) for answer in (good, bad)] == [taken is good, taken is bad]


def test_the_language_header_of_every_browser_is_of_its_schema(document: dict[str, Any]) -> None:
    """Proxies that hold requests to the document refuse what is not."""
    schemas = [p["schema"] for p in parts_of(document) if p.get("name") == "accept-language"]
    assert len(schemas) == 2
    for schema in schemas:
        jsonschema_rs.validate(schema, "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7")


def test_a_filter_that_is_left_out_has_no_value_to_send(document: dict[str, Any]) -> None:
    """A client that puts in defaults would empty what is to stay."""
    values = document["components"]["schemas"]["FilterValues"]
    filters = values["properties"]
    assert values["examples"] == [{"s2": "sold-out"}]
    assert len(filters) == len(FILTER_FIELDS)
    for name, schema in filters.items():
        assert "default" not in schema and schema["maxLength"] == MAX_LENGTH[name]
