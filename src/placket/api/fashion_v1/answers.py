"""The header block around everything."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from placket.api.codes import code_of, detail_of

SUCCESS = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}


class FashionAnswer(JSONResponse):
    """HTTP 200, whatever happened."""

    def __init__(self, content: Any) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store"})


def success(request: Request, data: dict[str, Any] | None = None) -> FashionAnswer:
    request.state.code = 0
    return FashionAnswer({"header": SUCCESS} if data is None else {"header": SUCCESS, "data": data})


def render_error(request: Request, error: Exception) -> FashionAnswer:
    """``resultMessage`` is the guide's name of the code; what was wrong, in words, is in ``detail``."""
    code = code_of(error)
    request.state.code = code.number
    header = {
        "isSuccessful": False,
        "resultCode": code.number,
        "resultMessage": code.name,
        "detail": detail_of(error),
    }
    return FashionAnswer({"header": header})
