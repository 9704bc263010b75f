"""What Placket offers beyond the two guides: ordinary status codes, Bearer keys, RFC 9457 problems."""

from fastapi import APIRouter, Depends, Response

from placket.api.parts import Face
from placket.api.placket_v1 import admin, corrections, photos, products, runs, searching, services, webhooks
from placket.api.placket_v1.parameters import PREFIX
from placket.api.placket_v1.problems import render_error


async def _not_stored(response: Response) -> None:
    """What is a key's own is kept by no proxy: some keep for a day whatever does not say otherwise."""
    response.headers["Cache-Control"] = "no-store"


def placket_face() -> Face:
    router = APIRouter(dependencies=[Depends(_not_stored)])
    for part in (services, products, corrections, photos, searching, runs, webhooks, admin):
        router.include_router(part.router)
    return Face(PREFIX, render_error, router, raw_paths=True, cross_origin=True)
