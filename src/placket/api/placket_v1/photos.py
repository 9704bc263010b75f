"""What is in a photo, uploaded or by URL."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from placket.api.parts import Parts
from placket.api.placket_v1.auth import BySearchKey
from placket.api.placket_v1.parameters import PREFIX, Language, ServiceName
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import DetectedGarment, Photo
from placket.api.placket_v1.uploads import photo_body, read_photo
from placket.services.looking import MOST_TAGGED, Look

router = APIRouter(prefix=PREFIX, tags=["Photos"])

_PROBLEMS = problems(404, 408, 413, 415, 422)


def _photo(look: Look, language: str) -> Photo:
    return Photo(width=look.width, height=look.height, items=[DetectedGarment.found(i, language) for i in look.items])


@router.post(
    "/services/{service}/detect",
    operation_id="detect",
    summary="Every garment in a photo, clothing first",
    responses=_PROBLEMS,
    openapi_extra=photo_body(),
)
async def detect(
    service: ServiceName, caller: BySearchKey, parts: Parts, language: Language, request: Request
) -> Photo:
    await parts.catalogue.service(caller, service)
    limits = parts.photo_limits
    photo = await read_photo(request, limits)
    if photo.image is not None:
        look = await parts.looking.detect_image(caller, service, photo.image, limits)
    else:
        look = await parts.looking.detect_url(caller, service, photo.url or "", limits)
    return _photo(look, language)


@router.post(
    "/services/{service}/tag",
    operation_id="tag",
    summary="The widest garments in a photo, widest first",
    responses=_PROBLEMS,
    openapi_extra=photo_body(),
)
async def tag(
    service: ServiceName,
    caller: BySearchKey,
    parts: Parts,
    language: Language,
    request: Request,
    itemLimit: Annotated[int, Query(ge=1, le=MOST_TAGGED)] = 1,
) -> Photo:
    await parts.catalogue.service(caller, service)
    limits = parts.photo_limits
    photo = await read_photo(request, limits)
    if photo.image is not None:
        look = await parts.looking.tag_image(caller, service, photo.image, limits, itemLimit)
    else:
        look = await parts.looking.tag_url(caller, service, photo.url or "", limits, itemLimit)
    return _photo(look, language)
