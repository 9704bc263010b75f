"""``POST /tags``: one image, answered at once."""

from starlette.requests import Request
from starlette.responses import Response

from placket.api.tagger_v2.answers import success
from placket.api.tagger_v2.documentation import COUNTED_ONCE, LANGUAGE, SINGLE_BODY, failures
from placket.api.tagger_v2.parts import TaggerParts, read_body
from placket.api.tagger_v2.routes import Routes
from placket.api.tagger_v2.schemas import SingleAnswer
from placket.domain.tagger.languages import best_language
from placket.domain.tagger.result import tagging_result


class SingleCalls:
    def __init__(self, parts: TaggerParts) -> None:
        self._parts = parts

    def add_to(self, routes: Routes) -> None:
        routes.add(
            "POST",
            "/tags",
            self.tag,
            operation_id="tagImage",
            summary="Tag one image",
            status_code=201,
            response_model=SingleAnswer,
            responses=failures(413),
            openapi_extra={"parameters": [LANGUAGE, COUNTED_ONCE], "requestBody": SINGLE_BODY},
        )

    async def tag(self, request: Request) -> Response:
        caller = await self._parts.caller(request)
        language = language_of(request)
        tagged = await self._parts.single.tag(caller, await read_body(request), request.headers.get("idempotency-key"))
        return success(request, tagging_result(tagged.garments, tagged.detection, language), 201)


def language_of(request: Request) -> str:
    """Raises LanguageInvalid."""
    return best_language(",".join(request.headers.getlist("accept-language")))
