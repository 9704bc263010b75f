"""What the Tagger API is built from, and what its calls begin with."""

from dataclasses import dataclass

from starlette.requests import Request

from placket.api.content_coding import refuse_coded
from placket.api.receiving import declared_length
from placket.api.tagger_v2.codes import KeyMissing
from placket.services.keys import Keys, require_full
from placket.services.single_tagging import SingleTagging
from placket.services.stores import Caller
from placket.services.tagging_tasks import TaggingTasks


@dataclass(frozen=True, slots=True)
class TaggerParts:
    """``most_bytes``: largest request body, which has to hold the largest image in base64."""

    keys: Keys
    tasks: TaggingTasks
    single: SingleTagging
    most_bytes: int

    async def caller(self, request: Request) -> Caller:
        """Raises KeyMissing, Unauthorized, RateLimited, AccessDenied."""
        key = request.headers.get("x-api-key", "").strip()
        if not key:
            raise KeyMissing("the header x-api-key is missing")
        caller = await self.keys.authenticate(key)
        request.state.key_id = caller.key_id
        return require_full(caller)


async def read_body(request: Request) -> bytes:
    """Once it is known whose it is, and whatever its content type says.

    Raises BodyUnsupported, TransferFailed, BodyTooLarge.
    """
    refuse_coded(request)
    async with request.app.state.receiving.place(request.state.key_id, declared_length(request)):
        return await request.body()
