"""For whoever runs the installation: keys, and how the work is going."""

from fastapi import APIRouter, Depends, Request

from placket.api.parts import Parts
from placket.api.paths import path_text
from placket.api.placket_v1.auth import require_admin
from placket.api.placket_v1.parameters import PREFIX
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import CreatedKey, Key, KeyCreation, KeyLimits, KeyList, Statistics

router = APIRouter(prefix=PREFIX + "/admin", tags=["Administration"], dependencies=[Depends(require_admin)])


@router.post(
    "/keys",
    status_code=201,
    operation_id="createKey",
    summary="Make a key; it is shown this once",
    responses=problems(404, 408, 409, 413, 415),
)
async def create(new: KeyCreation, parts: Parts) -> CreatedKey:
    made = await parts.keys.create(new.name, new.project, new.ratePerSecond, new.imagesPerMonth, new.access)
    return CreatedKey.made(made.record, made.key)


@router.get("/keys", operation_id="listKeys", summary="All keys, revoked ones too", responses=problems())
async def all_keys(parts: Parts) -> KeyList:
    return KeyList(items=[Key.of(record) for record in await parts.keys.list()])


@router.patch(
    "/keys/{keyId}",
    operation_id="limitKey",
    summary="Change what a key may use; running servers follow within a second",
    responses=problems(404, 408, 413, 415),
)
async def limit(request: Request, limits: KeyLimits, parts: Parts) -> Key:
    # What the caller leaves out stays; null takes a limit away, which is 0 further in.
    given = {name: getattr(limits, name) or 0 for name in limits.model_fields_set}
    record = await parts.keys.limit(
        path_text(request, "keyId"), rate=given.get("ratePerSecond"), images_per_month=given.get("imagesPerMonth")
    )
    return Key.of(record)


@router.delete(
    "/keys/{keyId}",
    status_code=204,
    operation_id="revokeKey",
    summary="Refuse a key from now on",
    responses=problems(404),
)
async def revoke(request: Request, parts: Parts) -> None:
    await parts.keys.revoke(path_text(request, "keyId"))


@router.get(
    "/statistics", operation_id="getStatistics", summary="Figures of the queue and of vision", responses=problems()
)
async def statistics(parts: Parts) -> Statistics:
    return Statistics(figures=dict(await parts.statistics()))
