"""The ASGI application: routes from the table of operations, the contract, a local Swagger UI, nothing from outside."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import structlog
from litestar import Litestar, Request, Response, Router, get
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from skillbridge.api.asked import Asked
from skillbridge.api.contract import document
from skillbridge.api.errors import problem
from skillbridge.api.handler import Service, handle
from skillbridge.api.operations import Operation
from skillbridge.api.reply import HEADERS, Reply, refusal, sent
from skillbridge.api.routes import OPERATIONS
from skillbridge.errors import SkillBridgeError
from skillbridge.workspace import Workspace

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


class Server(Litestar):
    """The application. What is under /v1 goes straight to `api`: the layers that pages need would cost a third more."""

    api: ASGIApp

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or begin and end."""
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            await self.api(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(
    workspace: Workspace,
    *,
    console: Sequence[Router | HTTPRouteHandler] = (),
    warm: bool = True,
    beside: bool = False,
) -> Server:
    """The server of one workspace.

    `console` adds pages beside `/v1`; `warm` loads the taxonomy in the background; `beside` answers what takes long in
    processes of their own.
    """
    service = Service(workspace, beside=beside)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> Any:
        del app
        service.open()
        warming = asyncio.create_task(_warm(service)) if warm else None
        yield
        if warming is not None:
            warming.cancel()
        await service.close()

    handlers: dict[int | type[Exception], Any] = {HTTPException: _http_error}
    if not workspace.settings.debug:
        handlers[Exception] = _unexpected
    app = Server(
        route_handlers=[*_contract(), *console],
        openapi_config=None,
        exception_handlers=handlers,
        lifespan=[lifespan],
        logging_config=None,
        on_app_init=[_quiet],
    )
    app.state.service, app.api = service, api_of(OPERATIONS, service)
    return app


def api_of(operations: Iterable[Operation], service: Service) -> ASGIApp:
    """Everything under /v1. The path is found by its parts here, which costs a fraction of a route each."""
    paths = Paths(operations)

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        methods, values = paths.find(scope["path"][4:])
        method = str(scope.get("method", ""))
        answer: ASGIApp
        if methods is None:
            answer = refusal(problem("not_found", "there is no such path"))
        elif method in methods:
            answer = await handle(Asked(scope, receive, methods[method], values), service)
        else:
            allow = {"allow": ", ".join(sorted({*methods, "OPTIONS"}))}
            wrong = problem("method", "this path does not take this method")._replace(headers=allow)
            answer = Reply(204, None, **allow) if method == "OPTIONS" else refusal(wrong)
        await answer(scope, receive, send)

    return respond


class Paths:
    """The paths of the operations, part by part; what is in braces takes any part."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root: dict[str, Any] = {}
        for operation in operations:
            node = self._root
            for part in operation.path.removeprefix("/v1/").split("/"):
                node = node.setdefault("{}" if part.startswith("{") else part, {})
            node.setdefault("", {})[operation.method] = operation

    def find(self, path: str) -> tuple[Mapping[str, Operation] | None, list[str]]:
        """(the operations of a path below /v1 by method, its values in order); None for a path that does not exist."""
        node: dict[str, Any] | None = self._root
        values: list[str] = []
        for part in path.strip("/").split("/"):
            assert node is not None
            if part and part in node:
                node = node[part]
            else:
                node = node.get("{}")
                values.append(part)
            if node is None:
                return None, []
        return (node or {}).get(""), values


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


async def _warm(service: Service) -> None:
    """Load what the first questions need; where it cannot be, the questions themselves will say so."""
    try:
        await service.warm()
    except (SkillBridgeError, RuntimeError) as error:
        _log.warning("not warm", error=type(error).__name__)


def _quiet(config: AppConfig) -> AppConfig:
    config.debug = False
    return config


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Errors before a handler runs: unknown path, wrong method, unreadable request."""
    if isinstance(error, NotFoundException):
        return sent(problem("not_found", "there is no such path"))
    if isinstance(error, MethodNotAllowedException):
        return sent(
            problem("method", "this path does not take this method")._replace(headers={"allow": "GET, OPTIONS"})
        )
    return sent(problem("malformed", "the request cannot be read"))


def _unexpected(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    del error
    return sent(problem("internal", "an error of ours"))
