"""OpenAPI of requests that are read by hand, and of what every call may answer."""

from typing import Any

from placket.api.described import EXAMPLE_URL, RETRY_AFTER, parameter
from placket.api.tagger_v2.schemas import TaggerFailure
from placket.domain.tagger.bulk import MAX_ALBUM_NAME, MAX_CALLBACK_URL, MAX_DESCRIPTION, MAX_IMAGE_ID
from placket.domain.tagger.reading import DEFAULT_DETECTION, TEXT_FIELDS
from placket.domain.taxonomy import taxonomy

Schema = dict[str, Any]
_MEANINGS = {
    400: "The request is wrong (801 to 809, 824, 825, 826, 830)",
    403: "The key is missing, unknown, revoked or for searching alone, or its month is used up (609, 612, 823)",
    404: "No such task, or no such path (831, 623)",
    409: "The results are not ready (832)",
    410: "The task or its results are past their time (833)",
    413: "Too many entries, or too many bytes (834)",
    429: "Over the rate of the key, or too much of its project waits (835)",
    500: "Internal (500)",
}

_DETECTION: Schema = {"type": "array", "items": {"type": "string", "enum": list(taxonomy().groups)}}
_WEAK = "A kind of garment or a gender that it names, in any of the four languages, is weak evidence."
_USES: dict[str, Schema] = {
    "productContentName": {"description": _WEAK},
    "keywords": {"description": _WEAK},
    "gender": {"description": "Women, men or unisex, in any of the four languages: evidence beside the picture."},
}
_CONTEXT: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": MAX_IMAGE_ID, "description": "Unique within the task."},
        "detection": {**_DETECTION, "description": "Instead of defaultDetection."},
        "age": {"type": "array", "items": {"type": "string"}},
        **{name: {"type": "string", **_USES.get(name, {})} for name in TEXT_FIELDS},
    },
}


def _image(content: str, *types: str) -> Schema:
    return {
        "type": "object",
        "required": ["type", "content"],
        "properties": {
            "type": {"type": "string", "enum": list(types)},
            "content": {"type": "string", "description": content},
        },
    }


def _json_body(schema: Schema, example: Any) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


_ANY_IMAGE = _image("Its URL, or data:image/<ext>;base64,...", "url", "base64")
_EXAMPLE = {"type": "url", "content": EXAMPLE_URL}
SINGLE_BODY = _json_body(
    {"type": "object", "required": ["image"], "properties": {"image": _ANY_IMAGE, "context": _CONTEXT}},
    {"image": _EXAMPLE},
)
BULK_BODY = _json_body(
    {
        "type": "object",
        "required": ["taggingRequest"],
        "properties": {
            "albumName": {
                "type": "string",
                "maxLength": MAX_ALBUM_NAME,
                "description": "Made when missing. An append does not change it.",
            },
            "description": {
                "type": "string",
                "maxLength": MAX_DESCRIPTION,
                "description": "An append does not change it.",
            },
            "option": {
                "type": "array",
                "items": {"type": "string", "enum": ["STRICT"]},
                "description": "STRICT: one invalid entry fails the whole request.",
            },
            "defaultDetection": {**_DETECTION, "default": list(DEFAULT_DETECTION)},
            "callbackUrl": {
                "type": "string",
                "maxLength": MAX_CALLBACK_URL,
                "description": "Called with POST each time that the task becomes done. An append may name another one.",
            },
            "taggingRequest": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["image", "context"],
                    "properties": {"image": _image("Its URL.", "url"), "context": {**_CONTEXT, "required": ["id"]}},
                },
            },
        },
    },
    {"albumName": "spring", "taggingRequest": [{"image": _EXAMPLE, "context": {"id": "look-1"}}]},
)

IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "1 to 255 printable ASCII characters; the same request with the same key is answered, not repeated.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
COUNTED_ONCE: Schema = {
    **IDEMPOTENCY_KEY,
    "description": "1 to 255 printable ASCII characters; the same request with the same key counts once.",
}
LANGUAGE: Schema = {
    "name": "accept-language",
    "in": "header",
    "description": "Language of names: en (default), ko, zh or ja, or several with q-values, as browsers send it.",
    "schema": {"type": "string", "default": "en", "examples": ["ko", "ko-KR,ko;q=0.9,en;q=0.8"]},
}
MOST_OFFSET = 10**18 - 1
"""No task is as large; an offset past the end of one is no error."""
OFFSET = parameter("offset", {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET, "default": 0}, "First entry")
SIZE = parameter("size", {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}, "Most entries")


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a call that may answer with these, and with what every call may."""
    said: dict[int | str, dict[str, Any]] = {
        status: {"description": _MEANINGS[status], "model": TaggerFailure}
        for status in sorted({400, 403, 429, 500, *statuses})
    }
    said[429]["headers"] = RETRY_AFTER
    return said
