"""Manage services: create, delete, and the two lists of them."""

from fastapi import APIRouter

from placket.api.fashion_v1.answers import FashionAnswer, success
from placket.api.fashion_v1.call import Call
from placket.api.fashion_v1.documentation import described
from placket.api.fashion_v1.schemas import Done, ServiceInformationList, ServiceNameList

router = APIRouter(tags=["AI Fashion v1.0: services"])

SERVICE = "/nhn-ai-fashion/v1.0/appkeys/{appKey}/service/{serviceID}"
_SERVICES = "/nhn-ai-fashion/v1.0/appkeys/{appKey}/services"
_INFORMATION = "/nhn-ai-fashion-maker/v1.0/appkeys/{appKey}/services"


@router.post(SERVICE, **described("createFashionService", "Create a service", Done))
async def create(call: Call) -> FashionAnswer:
    await call.parts.catalogue.create_service(call.caller, call.service)
    return success(call.request)


@router.delete(SERVICE, **described("deleteFashionService", "Delete a service; its index runs stop", Done))
async def delete(call: Call) -> FashionAnswer:
    await call.parts.catalogue.delete_service(call.caller, call.service)
    return success(call.request)


@router.get(_SERVICES, **described("listFashionServices", "Get a list of services", ServiceNameList))
async def names(call: Call) -> FashionAnswer:
    services = await call.parts.catalogue.services(call.caller)
    items = [{"serviceID": s.name} for s in services]
    return success(call.request, {"totalCount": len(items), "items": items})


@router.get(_INFORMATION, **described("getFashionServices", "Get service information", ServiceInformationList))
async def information(call: Call) -> FashionAnswer:
    found = await call.parts.catalogue.information(call.caller)
    items = [
        {"service": i.service.name, "remainInsertCnt": i.remaining, "documentCnt": i.service.documents} for i in found
    ]
    return success(call.request, {"totalService": len(items), "items": items})
