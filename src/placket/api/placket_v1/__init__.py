"""What Placket offers beyond the two guides: ordinary status codes, Bearer keys, RFC 9457 problems."""

from fastapi import APIRouter

from placket.api.parts import Face
from placket.api.placket_v1 import admin, corrections, photos, products, runs, searching, services, webhooks
from placket.api.placket_v1.parameters import PREFIX
from placket.api.placket_v1.problems import render_error


def placket_face() -> Face:
    router = APIRouter()
    for part in (services, products, corrections, photos, searching, runs, webhooks, admin):
        router.include_router(part.router)
    return Face(PREFIX, render_error, router, raw_paths=True)
