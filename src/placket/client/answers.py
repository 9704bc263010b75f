"""Three dialects of answers: /placket/v1, AI Fashion and the Tagger. Each to its data, or to the right exception."""

import email.utils
import json
import time
from difflib import get_close_matches
from itertools import islice
from typing import Any

import httpx

from placket.client.errors import ApiError, NoSuchField, NothingAccepted, UnexpectedAnswer, error_class

_NO_CONTENT = 204
_MOST_NAMED = 20
_AWAY = "a proxy is there, does the server behind it run?"
_DOUBTS = {429: "a proxy there has had too many requests", 502: _AWAY, 503: _AWAY, 504: _AWAY}


class _Body(dict[str, Any]):
    """An answer's object. Others answer 200 in JSON too: what lacks a field that is read is none of Placket's, unless
    the program that reads it has misspelt the field."""

    strange: UnexpectedAnswer

    def __missing__(self, name: str) -> Any:
        nearest = get_close_matches(str(name), self, n=1, cutoff=0.8)
        if nearest:
            wrong = f": did you mean {nearest[0]!r}?"
        else:
            has = ", ".join(islice(self, _MOST_NAMED)) or "nothing"
            wrong = f", which has {has}; unless that is misspelt, {self.strange}"
        raise NoSuchField(f"there is no {name!r} in the answer{wrong}", self.strange.status)


def _as_body(response: httpx.Response, body: dict[str, Any], whose: str) -> _Body:
    made = _Body(body)
    made.strange = _unexpected(response, f"answered {response.status_code} in a way that {whose} does not")
    return made


def retry_after(response: httpx.Response) -> float | None:
    """Seconds of the header Retry-After (RFC 9110, 10.2.3: seconds or a date); None without one that can be read."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        kind = response.headers.get("content-type", "no content type")
        raise _unexpected(response, f"answered {response.status_code} with {kind} where JSON was expected") from None


def _unexpected(response: httpx.Response, what: str) -> UnexpectedAnswer:
    where = f"{response.request.url.host}:{response.request.url.port or response.request.url.scheme}"
    if response.next_request is not None:
        # Without its path: one of AI Fashion carries the key.
        to = response.next_request.url
        what = f"answered {response.status_code}, a redirect to {to.scheme}://{to.netloc.decode()}"
    doubt = _DOUBTS.get(response.status_code, "is this a Placket server's URL?")
    return UnexpectedAnswer(f"{where} {what}: {doubt}", response.status_code, retry_after(response))


def read_placket(response: httpx.Response) -> Any:
    """The JSON object; None when there is no content. Failures are RFC 9457 problems."""
    if response.status_code == _NO_CONTENT:
        return None
    body = _json(response)
    if response.is_success and isinstance(body, dict):
        return _as_body(response, body, "Placket")
    if not isinstance(body, dict) or not isinstance(body.get("code"), int):
        raise _unexpected(response, f"answered {response.status_code} in a way that Placket does not")
    code = body["code"]
    raise error_class(code)(
        code,
        str(body.get("detail", "")),
        name=str(body.get("title", "")),
        status=response.status_code,
        request_id=str(body.get("requestId", "")),
        retry_after=retry_after(response),
        body=body,
    )


def read_nothing(response: httpx.Response) -> None:
    """Of a call whose answer has no content."""
    if read_placket(response) is not None:
        raise _unexpected(response, f"answered {response.status_code} in a way that Placket does not")


def read_readiness(response: httpx.Response) -> Any:
    """``status`` and ``problems``, of a 503 too: it is an answer, and none to ask again for."""
    body = _json(response)
    if not isinstance(body, dict) or body.get("status") not in ("ready", "not ready"):
        raise _unexpected(response, f"answered {response.status_code} in a way that Placket does not")
    return body


def read_fashion(response: httpx.Response) -> Any:
    """``data`` (None where a call has none). HTTP 200, whatever happened; the header says it."""
    body = _json(response)
    header = body.get("header") if isinstance(body, dict) else None
    if not isinstance(header, dict) or not isinstance(header.get("resultCode"), int):
        raise _unexpected(response, f"answered {response.status_code} in a way that AI Fashion does not")
    if header.get("isSuccessful"):
        return body.get("data")
    code, name = header["resultCode"], str(header.get("resultMessage", ""))
    raise error_class(code)(
        code,
        str(header.get("detail") or name),
        name=name,
        status=response.status_code,
        request_id=response.headers.get("x-request-id", ""),
        retry_after=retry_after(response),
        body=body,
    )


def read_tagger(response: httpx.Response) -> Any:
    """The whole body, whose ``status`` is ok."""
    body = _json(response)
    if isinstance(body, dict) and body.get("status") == "ok":
        return _as_body(response, body, "the Tagger")
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        raise _unexpected(response, f"answered {response.status_code} in a way that the Tagger does not")
    raise _tagger_class(error["code"], body)(
        error["code"],
        str(error.get("message", "")),
        status=response.status_code,
        request_id=response.headers.get("x-request-id", ""),
        retry_after=retry_after(response),
        body=body,
    )


def _tagger_class(code: int, body: dict[str, Any]) -> type[ApiError]:
    return NothingAccepted if body.get("failureList") else error_class(code)
