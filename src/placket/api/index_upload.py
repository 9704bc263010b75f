"""An index request as it is received, in either API."""

from contextlib import suppress

from starlette.requests import Request

from placket.api.errors import BodyTooLarge
from placket.api.forms import FormLimits, read_form
from placket.api.parts import ApiParts
from placket.domain.errors import IndexFileTooLarge, InvalidParameter, NoSuchService
from placket.domain.runs import Run
from placket.domain.urls import MAX_URL_LENGTH
from placket.services.indexing import FORMATS, IndexFile
from placket.services.stores import Caller, Service

FILE, LINK = "file", "link"


def check_format(format: str) -> None:
    if format not in FORMATS:
        raise InvalidParameter("format must be jsonl or csv")


async def receive_index_file(
    request: Request,
    parts: ApiParts,
    caller: Caller,
    service_name: str,
    format: str,
    *,
    check_only: bool = False,
    callback_url: str = "",
) -> Run:
    """Read the multipart body and submit it, holding the service's one place for a request meanwhile.

    Raises InvalidParameter before NoSuchService: a body without a file or a link is wrong whatever the service. How
    large its file is comes after, however large.
    """
    check_format(format)
    try:
        service = await parts.catalogue.service(caller, service_name)
    except NoSuchService:
        with suppress(IndexFileTooLarge):
            await _read(request, parts, format, check_only, callback_url)
        raise
    async with parts.indexing.receiving(service):
        return await _submit(request, parts, service, format, check_only, callback_url)


async def _submit(
    request: Request, parts: ApiParts, service: Service, format: str, check_only: bool, callback_url: str
) -> Run:
    return await parts.indexing.submit(service, await _read(request, parts, format, check_only, callback_url))


async def _read(request: Request, parts: ApiParts, format: str, check_only: bool, callback_url: str) -> IndexFile:
    most = parts.indexing.most_file_bytes
    try:
        form = await read_form(request, FormLimits(texts={LINK: MAX_URL_LENGTH}, files={FILE: most}))
    except BodyTooLarge:
        # Not what the body may have, which is more.
        raise IndexFileTooLarge(f"the file has more than {most} bytes") from None
    file = form.files.get(FILE)
    return IndexFile(
        format=format,
        body=file.content if file else None,
        filename=file.filename if file else "",
        link=form.texts.get(LINK) or None,
        check_only=check_only,
        callback_url=callback_url,
    )
