"""The ASGI application: routes from the table of operations, the contract, a local Swagger UI, nothing from outside."""

import re
import threading
from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request, Response, Router, get, route
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import ASGIApp

from skillbridge.api.contract import document
from skillbridge.api.errors import problem
from skillbridge.api.handler import Service, handle
from skillbridge.api.operations import Operation
from skillbridge.api.reply import HEADERS, sent
from skillbridge.api.routes import OPERATIONS
from skillbridge.errors import SkillBridgeError
from skillbridge.workspace import Workspace, catalog
from skillbridge.workspace.board import board

_log = structlog.get_logger("skillbridge.api")

_UI_HEADERS = HEADERS | {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'",
    "cache-control": "max-age=3600",
}
_UI_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-standalone-preset.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
_UI_PAGE = b"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>SkillBridge API</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body></html>"""
_UI_START = b"""window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null,
  persistAuthorization: false, docExpansion: "none", tagsSorter: "alpha"});"""


def create_app(
    workspace: Workspace, *, console: Sequence[Router | HTTPRouteHandler] = (), warm: bool = True
) -> Litestar:
    """The server of one workspace. `console` adds pages beside `/v1`; `warm` loads the taxonomy in the background."""
    service = Service(workspace)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> Any:
        del app
        service.open()
        if warm:
            threading.Thread(target=_warm, args=(workspace,), name="warm", daemon=True).start()
        yield
        await service.close()

    handlers: dict[int | type[Exception], Any] = {HTTPException: _http_error}
    if not workspace.settings.debug:
        handlers[Exception] = _unexpected
    app = Litestar(
        route_handlers=[*(handler_of(operation, service) for operation in OPERATIONS), *_contract(), *console],
        openapi_config=None,
        exception_handlers=handlers,
        lifespan=[lifespan],
        logging_config=None,
        on_app_init=[_quiet],
    )
    app.state.service = service
    return app


def handler_of(operation: Operation, service: Service) -> HTTPRouteHandler:
    """The Litestar handler of one operation."""
    path = operation.path
    for name in operation.params:
        path = path.replace(f"{{{name}}}", f"{{{name}:str}}")

    @route(
        path,
        http_method=[operation.method],
        name=operation.name,
        opt={"operation": operation},
        status_code=200,  # each response carries its own
        include_in_schema=False,
    )
    async def respond(request: Request[Any, Any, Any]) -> ASGIApp:
        return await handle(request, service, operation)

    return respond


_PATTERNS = [(re.compile(re.sub(r"{\w+}", "[^/]+", one.path)), one.method) for one in OPERATIONS]


def allowed(path: str) -> list[str]:
    """The methods that a path takes."""
    methods = {method for pattern, method in _PATTERNS if pattern.fullmatch(path)} or {"GET"}
    return sorted(methods | {"OPTIONS"})


def _contract() -> list[HTTPRouteHandler]:
    import swagger_ui

    encoded = msgspec.json.encode(document(OPERATIONS))
    static = Path(swagger_ui.__file__).parent / "static"

    @get("/openapi.json", include_in_schema=False)
    async def contract() -> Response[bytes]:
        return Response(encoded, media_type="application/json", headers=HEADERS)

    @get("/docs", include_in_schema=False)
    async def page() -> Response[bytes]:
        return Response(_UI_PAGE, media_type="text/html", headers=_UI_HEADERS)

    @get("/docs/{name:str}", include_in_schema=False)
    async def script(name: FromPath[str]) -> Response[bytes]:
        if name == "start.js":
            return Response(_UI_START, media_type="text/javascript", headers=_UI_HEADERS)
        if name not in _UI_FILES:
            return sent(problem("not_found", f"there is no {name}"))
        return Response((static / name).read_bytes(), media_type=_UI_FILES[name], headers=_UI_HEADERS)

    return [contract, page, script]


def _warm(workspace: Workspace) -> None:
    """Load what the first questions need."""
    try:
        catalog.warm()
        if workspace.store.records.count("vacancy"):
            board(workspace).warm()
    except SkillBridgeError as error:  # the questions themselves will say so
        _log.warning("not warm", error=type(error).__name__)
    finally:
        workspace.store.close()


def _quiet(config: AppConfig) -> AppConfig:
    config.debug = False
    return config


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Errors before a handler runs: unknown path, wrong method, unreadable request."""
    if isinstance(error, NotFoundException):
        return sent(problem("not_found", "there is no such path"))
    if isinstance(error, MethodNotAllowedException):
        found = sent(problem("method", "this path does not take this method"))
        found.headers["allow"] = ", ".join(allowed(request.url.path))
        return found
    return sent(problem("malformed", "the request cannot be read"))


def _unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    del error
    return sent(problem("internal", "an error of ours"))
