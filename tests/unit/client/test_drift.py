"""The client's shapes and codes are the server's: what is added there must be added here."""

import types
import typing
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from pydantic import BaseModel

from placket.api import codes, health
from placket.api.fashion_v1 import schemas as fashion_schemas
from placket.api.placket_v1 import schemas as placket_schemas
from placket.api.placket_v1 import usage as usage_schemas
from placket.api.tagger_v2 import codes as tagger_codes
from placket.api.tagger_v2 import schemas as tagger_schemas
from placket.client import errors
from placket.client.shapes import fashion, placket, tagger

_OTHER_NAMES = {
    "SimilarProducts": "SimilarProductsData",
    "DetectedItems": "DetectedItemsData",
    "TaggedItems": "TaggedItemsData",
    "Usage": "UsageAnswer",
}
_REQUESTS = {"Image", "Context", "Entry"}
_NO_FIELDS_OF_SHAPES = {"status", "error"}


def pairs() -> list[Any]:
    found = []
    for shapes, *schemas in (
        (placket, placket_schemas, usage_schemas, health),
        (fashion, fashion_schemas),
        (tagger, tagger_schemas),
    ):
        for name, shape in vars(shapes).items():
            if is_typeddict(shape) and shape.__module__ == shapes.__name__ and name not in _REQUESTS:
                model = next(vars(s)[n] for s in schemas if (n := _OTHER_NAMES.get(name, name)) in vars(s))
                found.append(pytest.param(shape, model, id=f"{shapes.__name__.rpartition('.')[2]}.{name}"))
    return found


@pytest.mark.parametrize(("shape", "model"), pairs())
def test_a_shape_has_the_fields_of_the_servers_schema(shape: Any, model: type[BaseModel]) -> None:
    ours = get_type_hints(shape, include_extras=True)
    theirs = set(model.model_fields)
    if model is tagger_schemas.Submitted:
        theirs -= _NO_FIELDS_OF_SHAPES
    assert set(ours) == theirs
    for name, hint in ours.items():
        optional = get_origin(hint) is NotRequired
        field = model.model_fields[name]
        assert optional == (not field.is_required() and field.default is None), name
        plain = get_args(hint)[0] if optional else hint
        assert nullable(plain) == (nullable(field.annotation) and not optional), name


def nullable(hint: Any) -> bool:
    return get_origin(hint) in (typing.Union, types.UnionType) and type(None) in get_args(hint)


def test_states_are_the_servers() -> None:
    from placket.domain.runs import Outcome, RunKind, RunState

    assert set(get_args(placket.RunStatus)) == set(RunState)
    assert set(get_args(placket.Outcome)) == set(Outcome)
    assert set(get_args(get_type_hints(placket.Run)["kind"])) == set(RunKind)
    assert get_origin(placket.RunStatus) is Literal


def test_every_code_of_the_server_has_its_exception() -> None:
    numbers = {c.number for c in codes.CODES.values()} | {c.number for c in tagger_codes.CODES.values()}
    numbers |= {codes.INTERNAL.number, codes.NO_API_FOUND.number, tagger_codes.INTERNAL.number}
    assert numbers == set(errors.CODES)
    assert errors.error_class(-99999) is errors.ApiError
    # A code of both kinds of refusal must not be tried again for the one that lasts.
    assert not issubclass(errors.CODES[-40040], errors.RateLimited)
