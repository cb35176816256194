"""From a request to an act and back: authentication, limits, decoding, versions, repeated requests, errors."""

import asyncio
import hmac
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.response import Stream

from skillbridge.access import DAILY_ROWS, Actor, authenticate, check
from skillbridge.api.errors import Answer, InvalidError, answer, field_problem, problem
from skillbridge.api.metrics import Metrics
from skillbridge.api.operations import Operation
from skillbridge.api.writer import Writer
from skillbridge.errors import BadInput, Refused
from skillbridge.store import fingerprint_of
from skillbridge.workspace import Workspace

COOKIE = "skillbridge_session"
JSON = "application/json"
PROBLEM = "application/problem+json"

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=31536000",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every answer of the API."""

_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")

_log = structlog.get_logger("skillbridge.api")
_encoder = msgspec.json.Encoder()


class Service:
    """What the handlers of one server process share: the workspace, the writer, limits and metrics."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.writer = Writer(workspace.store)
        self.metrics = Metrics()
        self._spent: dict[str, tuple[int, int]] = {}

    def throttle(self, account_id: str) -> None:
        """Count a request of the account; raises `Refused` too_many beyond the minute's share."""
        minute = int(time.monotonic() // 60)
        last, used = self._spent.get(account_id, (minute, 0))
        used = used + 1 if last == minute else 1
        if used == 1 and len(self._spent) > 10_000:
            self._spent.clear()
        self._spent[account_id] = (minute, used)
        if used > self.workspace.settings.requests_per_minute:
            raise Refused("too_many", f"more than {self.workspace.settings.requests_per_minute} requests in a minute")


def actor_of(request: Request[Any, Any, State], service: Service, operation: Operation) -> Actor:
    """Who asks, by bearer key or session cookie; a cookie's changes need the session's CSRF token."""
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, secret = header.partition(" ")
        if kind.lower() != "bearer":
            raise Refused("unauthenticated", "the Authorization header must be: Bearer <key>")
        return authenticate(service.workspace.store, secret.strip(), service.workspace.seconds())
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise Refused("unauthenticated", "no key or session came with the request")
    actor = authenticate(service.workspace.store, cookie, service.workspace.seconds())
    if operation.changes and not hmac.compare_digest(
        (actor.csrf or "").encode(), request.headers.get("x-csrf-token", "").encode()
    ):
        raise Refused("csrf", "the X-CSRF-Token of the session is missing or wrong")
    return actor


async def handle(request: Request[Any, Any, State], service: Service, operation: Operation) -> Response[Any] | Stream:
    """The answer to one request; every error becomes a problem."""
    begun = time.perf_counter()
    try:
        result = await _handle(request, service, operation)
    except Exception as error:
        found = answer(error)
        if found is None:
            request_id = f"{int(time.time() * 1000):x}"
            # The type alone: messages and frames may hold personal data.
            _log.error("internal error", request=request_id, operation=operation.name, error=type(error).__name__)
            if service.workspace.settings.debug:
                raise
            found = problem("internal", f"an error of ours, logged as {request_id}")
        result = sent(found)
    service.metrics.count(operation.name, result.status_code or 200, time.perf_counter() - begun)
    return result


def sent(found: Answer) -> Response[bytes]:
    """A problem as a response."""
    return Response(found.body, status_code=found.status, media_type=PROBLEM, headers=HEADERS | found.headers)


async def _handle(request: Request[Any, Any, State], service: Service, operation: Operation) -> Response[Any] | Stream:
    ws = service.workspace
    arguments: list[Any] = []
    actor = None
    if operation.act is not None:
        actor = actor_of(request, service, operation)
        service.throttle(actor.account_id)
        check(actor, operation.act)
        arguments.append(actor)
    arguments += [_path_value(request, name) for name in operation.params]
    upload = b""
    if operation.upload:
        content_type = _content_type(request)
        if content_type not in operation.upload:
            raise Refused("media_type", f"{content_type or 'nothing'} is not one of {', '.join(operation.upload)}")
        upload = await _body(request, ws.settings.upload_limit)
        arguments.append(upload)
    elif operation.body is not None:
        if (content_type := _content_type(request)) != JSON:
            raise Refused("media_type", f"{content_type or 'nothing'} is not {JSON}")
        upload = await _body(request, ws.settings.body_limit)
        arguments.append(_decode(upload, operation.body))
    fields: tuple[str, ...] = ()
    if operation.query is not None:
        query, fields = _query(request, operation)
        arguments.append(query)
    elif request.scope.get("query_string"):
        raise InvalidError("query", "parameters that this operation does not have", "none")
    more: dict[str, Any] = {}
    if operation.versioned:
        more["version"] = _version(request)
    if operation.changes:
        return await _change(request, service, operation, actor, arguments, more, upload)
    if operation.live:
        first = operation.call(ws, *arguments)
        return Stream(_follow(operation, ws, arguments, first), media_type=operation.stream, headers=HEADERS)
    if operation.records:
        result = await service.writer.run(lambda: operation.call(ws, *arguments, **more))
    elif (
        operation.slow
        or operation.reads
        or operation.stream
        or (actor and actor.role in DAILY_ROWS and operation.tag in {"workers", "matches"})
    ):
        result = await asyncio.to_thread(operation.call, ws, *arguments, **more)
    else:
        result = operation.call(ws, *arguments, **more)
    if operation.name == "get_metrics":
        result = iter([service.metrics.text(), *result])
    if operation.stream:
        return Stream(_pieces(result), media_type=operation.stream, headers=HEADERS)
    return _respond(request, operation, _encoder.encode(result), result, fields)


async def _change(
    request: Request[Any, Any, State], service: Service, operation: Operation, actor: Actor | None,
    arguments: list[Any], more: dict[str, Any], upload: bytes,
) -> Response[Any]:  # fmt: skip
    """Carry out a change, once per Idempotency-Key; the answer is stored with the change itself."""
    ws, key = service.workspace, request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidError("header.Idempotency-Key", "not a key", "1 to 100 letters, digits, dashes, underscores")
    if key is None or actor is None or operation.secret:

        def act() -> Any:
            return operation.call(ws, *arguments, **more)

        result = await (service.writer.run(act) if actor else asyncio.to_thread(act))
        return _respond(request, operation, _encoder.encode(result), result, ())
    fingerprint = fingerprint_of(operation.name, request.scope["raw_path"], more.get("version"), upload)

    def once() -> tuple[int, str, bytes, bool]:
        known = ws.store.ledger.answered(actor.account_id, key)
        if known is not None:
            if known[0] != fingerprint:
                raise Refused("key_reused", "this Idempotency-Key came before with another request")
            return known[1], known[2], known[3], True
        result = operation.call(ws, *arguments, **more)
        tag = _etag(result)
        kept = (operation.status, tag, b"" if operation.status == 204 else _encoder.encode(result))
        ws.store.ledger.keep_answer(actor.account_id, key, fingerprint, kept, ws.seconds())
        return *kept, False

    status, tag, body, repeated = await service.writer.run(once)
    headers = HEADERS | ({"etag": tag} if tag else {}) | ({"idempotent-replayed": "true"} if repeated else {})
    return Response(body if status != 204 else None, status_code=status, media_type=JSON, headers=headers)


def _respond(
    request: Request[Any, Any, State], operation: Operation, body: bytes, result: Any, fields: tuple[str, ...]
) -> Response[Any]:
    tag = _etag(result)
    headers = HEADERS | {"etag": tag} if tag else HEADERS
    if operation.status == 204:
        return Response(None, status_code=204, headers=headers)
    if tag and not operation.changes and tag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers=headers)
    if fields:
        body = _encoder.encode(_selected(msgspec.json.decode(body), fields))
    return Response(body, status_code=operation.status, media_type=JSON, headers=headers)


def _etag(result: Any) -> str:
    version = getattr(result, "version", None)
    return f'"{version}"' if isinstance(version, int) else ""


def _selected(value: Any, fields: tuple[str, ...]) -> Any:
    """Only the named top-level fields of the object, or of each item of a page."""
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return value | {"items": [_selected(item, fields) for item in value["items"]]}
    return {name: value[name] for name in fields if name in value} if isinstance(value, dict) else value


def _path_value(request: Request[Any, Any, State], name: str) -> str:
    value = str(request.path_params[name])
    if (
        not 0 < len(value) <= 100
        or not value.replace("-", "").replace(".", "").replace("_", "").isalnum()
        or not value.isascii()
    ):
        raise Refused("not_found", "no such identifier")
    return value


def _content_type(request: Request[Any, Any, State]) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request[Any, Any, State], limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise Refused("too_large", f"{length} bytes, the limit is {limit}")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Refused("too_large", f"more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decode(body: bytes, kind: Any) -> Any:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    if b"\\u0000" in body or b"\0" in body:
        raise BadInput("$", "the character U+0000", "text without it")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise
        # JSON has one kind of number: 6105.0 is an integer.
        return msgspec.convert(_whole(msgspec.json.decode(body)), kind, str_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _query(request: Request[Any, Any, State], operation: Operation) -> tuple[Any, tuple[str, ...]]:
    assert operation.query is not None
    values: dict[str, str] = {}
    fields: tuple[str, ...] = ()
    for name, value in request.query_params.multi_items():
        if name in values or (name == "fields" and fields):
            raise InvalidError(f"query.{name}", "given twice", "once")
        if "\0" in value:
            raise BadInput(f"query.{name}", "the character U+0000", "text without it")
        if name == "fields" and operation.answer is not None:
            fields = tuple(part for part in value.split(",") if part)
            known = selectable(operation)
            for part in fields:
                if part not in known:
                    raise InvalidError("query.fields", f"{part!r}", ", ".join(sorted(known)))
        else:
            values[name] = value
    try:
        query = msgspec.convert(values, operation.query, strict=False)
    except msgspec.ValidationError as error:
        wrong = field_problem(error, "query")
        raise InvalidError(wrong.where, wrong.what, wrong.expected) from None
    limit = getattr(query, "limit", None)
    if limit is not None and not 1 <= limit <= 200:
        raise InvalidError("query.limit", str(limit), "1 to 200")
    return query, fields


def selectable(operation: Operation) -> set[str]:
    """Names that `fields` may select: of the object, or of a page's items."""
    shape = operation.answer
    by_name = {item.name: item for item in msgspec.structs.fields(shape)} if shape is not None else {}
    if "items" in by_name:
        inner = msgspec.inspect.type_info(shape)
        assert isinstance(inner, msgspec.inspect.StructType)
        items = next(item.type for item in inner.fields if item.name == "items")
        while isinstance(items, msgspec.inspect.Metadata):
            items = items.type
        assert isinstance(items, msgspec.inspect.ListType)
        element = items.item_type
        if isinstance(element, msgspec.inspect.StructType):
            return {item.name for item in element.fields}
    return set(by_name)


def _version(request: Request[Any, Any, State]) -> int:
    given = request.headers.get("if-match")
    if given is None:
        raise Refused("precondition_required", "send If-Match with the ETag that was read")
    number = given.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise InvalidError("header.If-Match", "not a version", 'the ETag that was read, as "3"')
    return int(number)


FINAL = frozenset({"done", "failed", "cancelled"})
POLL = 0.5
"""Seconds between two looks at what is followed."""

LONGEST = 600.0
"""Seconds after which a stream ends by itself; the client opens it again."""


async def _follow(operation: Operation, ws: Workspace, arguments: list[Any], view: Any) -> AsyncIterator[bytes]:
    last, end, number = b"", time.monotonic() + LONGEST, 0
    while time.monotonic() < end:
        data = _encoder.encode(view)
        if data != last:
            number += 1
            yield b"event: %s\nid: %d\ndata: %s\n\n" % (view.state.encode(), number, data)
            last = data
        if view.state in FINAL:
            return
        await asyncio.sleep(POLL)
        view = operation.call(ws, *arguments)


async def _pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
