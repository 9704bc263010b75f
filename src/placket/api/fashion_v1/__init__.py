"""The AI Fashion v1.0 API: every answer is HTTP 200 with a header block that says how it went."""

from fastapi import APIRouter

from placket.api.fashion_v1 import indexing, photos, products, services
from placket.api.fashion_v1.answers import render_error
from placket.api.parts import Face

PREFIX = "/nhn-ai-fashion"
"""Of both forms, ``nhn-ai-fashion`` and ``nhn-ai-fashion-maker``, and of whatever else begins so."""


def fashion_face() -> Face:
    router = APIRouter()
    for part in (services, products, photos, indexing):
        router.include_router(part.router)
    return Face(PREFIX, render_error, router, raw_paths=True, longer_words=True)
