"""/openapi.json and /docs, whose scripts and styles are served from here."""

import re
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse, Response

from placket import __version__
from placket.api.placket_v1.problems import Problem

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Placket API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="stylesheet" href="docs/contrast.css">
<link rel="icon" href="docs/assets/favicon.png">
</head>
<body>
<main id="swagger-ui"></main>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  validatorUrl: null,
});

// What Swagger UI leaves without a name, or out of the keyboard's reach.
function complete() {
  for (const copy of document.querySelectorAll(".copy-to-clipboard button:not([aria-label])")) copy.ariaLabel = "Copy";
  for (const file of document.querySelectorAll("input[type=file]:not([aria-label])")) {
    file.ariaLabel = file.closest("tr")?.dataset.propertyName || "File";
  }
  for (const wide of document.querySelectorAll("pre.microlight:not([tabindex])")) wide.tabIndex = 0;
}
new MutationObserver(complete).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
"""
# Swagger UI's own colours are too pale for its letters: white on the badge of PATCH is 1.6:1, where 4.5:1 is wanted.
_CONTRAST = """.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1f6bb5; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #1d7a4f; }
.swagger-ui .opblock.opblock-put .opblock-summary-method { background: #9a5b00; }
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0b7466; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #c62828; }
.swagger-ui .info .title small { background: #5d6472; }
.swagger-ui .info .title small.version-stamp { background: #4a7200; }
.swagger-ui .info .url { color: #1f6bb5; }
.swagger-ui .btn.authorize, .swagger-ui .btn.authorize span { color: #1d7a4f; border-color: #1d7a4f; }
.swagger-ui .btn.authorize svg { fill: #1d7a4f; }
.swagger-ui .btn.execute { background-color: #1f6bb5; border-color: #1f6bb5; }
.swagger-ui .btn.cancel { color: #c62828; border-color: #c62828; }
.swagger-ui .parameter__name.required::after, .swagger-ui .parameter__name.required span { color: #c62828; }
.swagger-ui .parameter__in, .swagger-ui .parameter__deprecated, .swagger-ui .response-control-media-type__title,
.swagger-ui .response-control-media-type__accept-message { color: #1d5c3c; }
.swagger-ui .parameter__in, .swagger-ui .prop-format,
.swagger-ui [class*="json-schema-2020-12"] button { color: #505050; }
.swagger-ui :focus-visible { outline: 3px solid #1f6bb5; outline-offset: 2px; }
.swagger-ui .download-contents { background: #5d6472; }
.swagger-ui .microlight span[style*="211, 99, 99"] { color: #ff9d9d !important; }
.swagger-ui .opblock-section, .swagger-ui .responses-inner { overflow-x: auto; }
.swagger-ui .opblock-section-header { flex-wrap: wrap; height: auto; }
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DESCRIPTION = """
Three ways in. **AI Fashion v1.0**: every answer is HTTP 200 with a header block; the key is in the path.
**Tagger v2.12**: bulk tagging; the key is in `x-api-key`. **Placket v1**: all the rest, with ordinary status codes,
`Authorization: Bearer KEY`, and problems after RFC 9457.
"""
_PATH_PARAMETER = re.compile(r"{([^{}:]+)}")
_HTTP_VALIDATION = ("HTTPValidationError", "ValidationError")

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def page() -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})


@router.get("/docs/start.js")
async def start() -> Response:
    return Response(_START, media_type="text/javascript")


@router.get("/docs/contrast.css")
async def contrast() -> Response:
    return Response(_CONTRAST, media_type="text/css")


def assets() -> StaticFiles:
    """Swagger UI, from the package that carries it."""
    return StaticFiles(directory=str(files("fastapi_offline") / "static"))


def install_openapi(app: FastAPI) -> None:
    """Make ``app.openapi()`` describe the calls as they are: path parameters that are read by hand, real errors."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title="Placket", version=__version__, description=_DESCRIPTION, routes=app.routes)
            for path, operations in schema["paths"].items():
                for operation in operations.values():
                    _complete(path, operation)
                    for called in operation.get("callbacks", {}).values():
                        _without_validation(*(o for of in called.values() for o in of.values()))
            _shapes(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _without_validation(*operations: dict[str, Any]) -> None:
    """FastAPI's own 422 does not occur: an invalid parameter is every API's own error."""
    for operation in operations:
        if "HTTPValidationError" in str(operation["responses"].get("422", {})):
            del operation["responses"]["422"]


def _complete(path: str, operation: dict[str, Any]) -> None:
    _without_validation(operation)
    parameters = operation.setdefault("parameters", [])
    known = {p["name"] for p in parameters if p["in"] == "path"}
    missing = [name for name in _PATH_PARAMETER.findall(path) if name not in known]
    parameters[:0] = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in missing]


def _shapes(schema: dict[str, Any]) -> None:
    shapes = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in _HTTP_VALIDATION:
        shapes.pop(name, None)
    shapes["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
