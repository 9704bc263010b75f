"""Services of the key's project."""

from fastapi import APIRouter, Response

from placket.api.described import LOCATION
from placket.api.parts import ApiParts, Parts
from placket.api.placket_v1.auth import ByKey
from placket.api.placket_v1.parameters import PREFIX, ServiceName
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import Service, ServiceCreation, ServiceList
from placket.domain.errors import NoSuchService
from placket.domain.names import check_service_name
from placket.services.stores import Caller

router = APIRouter(prefix=PREFIX, tags=["Services"])


@router.get("/services", operation_id="listServices", summary="All services", responses=problems(403))
async def all_services(caller: ByKey, parts: Parts) -> ServiceList:
    found = await parts.catalogue.information(caller)
    return ServiceList(items=[Service.of(i) for i in found])


@router.post(
    "/services",
    status_code=201,
    operation_id="createService",
    summary="Create a service",
    responses={201: {"headers": LOCATION}, **problems(403, 408, 409, 413, 415)},
)
async def create(new: ServiceCreation, caller: ByKey, parts: Parts, response: Response) -> Service:
    check_service_name(new.name, "name")
    await parts.catalogue.create_service(caller, new.name)
    response.headers["Location"] = f"{PREFIX}/services/{new.name}"
    return await _one(parts, caller, new.name)


@router.get("/services/{service}", operation_id="getService", summary="One service", responses=problems(403, 404))
async def one(service: ServiceName, caller: ByKey, parts: Parts) -> Service:
    return await _one(parts, caller, service)


@router.delete(
    "/services/{service}",
    status_code=204,
    operation_id="deleteService",
    summary="Delete a service; its index runs stop",
    responses=problems(403, 404),
)
async def delete(service: ServiceName, caller: ByKey, parts: Parts) -> None:
    await parts.catalogue.delete_service(caller, service)


async def _one(parts: ApiParts, caller: Caller, name: str) -> Service:
    for information in await parts.catalogue.information(caller):
        if information.service.name == name:
            return Service.of(information)
    raise NoSuchService(f"there is no service {name!r}")
