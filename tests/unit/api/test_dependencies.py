"""What FastAPI works out before a call: where it is no coroutine, in a thread, once for each request."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter

import placket.api
from placket.api.fashion_v1 import fashion_face
from placket.api.placket_v1 import placket_face


def routes() -> Iterator[APIRoute]:
    for module in pkgutil.walk_packages(placket.api.__path__, "placket.api."):
        router = getattr(importlib.import_module(module.name), "router", None)
        if isinstance(router, APIRouter):
            yield from (route for route in router.routes if isinstance(route, APIRoute))


def below(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from below(one)


def test_none_needs_a_thread() -> None:
    calls = {call.call for route in routes() for call in (route.dependant, *below(route.dependant))}
    for face in (fashion_face(), placket_face()):
        assert face.router is not None
        calls |= {one.dependency for one in face.router.dependencies}
    assert len(calls) > 40
    assert [call for call in calls if call and not is_coroutine(call)] == []


def is_coroutine(call: object) -> bool:
    # What reads a header is an object that is called.
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)
