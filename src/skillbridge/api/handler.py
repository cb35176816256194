"""From a request to an act and back: authentication, limits, decoding, versions, repeated requests, errors."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import structlog
from litestar.response.streaming import ASGIStreamingResponse

from skillbridge.access import DAILY_ROWS, Actor, authenticate, check, end_of
from skillbridge.api.answers import Answers
from skillbridge.api.asked import COOKIE, JSON, Asked, decode
from skillbridge.api.beside import Beside, FellError, settle
from skillbridge.api.desk import Desk
from skillbridge.api.errors import answer, in_language, language_of, problem
from skillbridge.api.metrics import Metrics
from skillbridge.api.operations import Operation
from skillbridge.api.reply import HEADERS, Reply, refusal
from skillbridge.api.upload import received
from skillbridge.api.writer import Writer
from skillbridge.errors import Refused
from skillbridge.store import Credential, digest_of, fingerprint_of
from skillbridge.workspace import Workspace, catalog
from skillbridge.workspace.board import warm_ranker

__all__ = ["COOKIE", "Service", "handle"]

Result = Reply | ASGIStreamingResponse

_log = structlog.get_logger("skillbridge.api")
_encoder = msgspec.json.Encoder()


WARM: dict[str, Callable[[Workspace], None]] = {"ranker": warm_ranker, "reader": catalog.warm_reader}
"""The processes beside a server, and what makes each of them ready."""

_Counts = dict[str, tuple[int, int]]


def _counted(counts: _Counts, who: str) -> int:
    """How often `who` came in this minute, this time included."""
    minute = int(time.monotonic() // 60)
    last, times = counts.get(who, (minute, 0))
    times = times + 1 if last == minute else 1
    if times == 1 and len(counts) > 10_000:
        counts.clear()
    counts[who] = (minute, times)
    return times


class Service:
    """What the handlers of one server process share: the workspace, the writer, limits and metrics."""

    def __init__(self, workspace: Workspace, *, beside: bool = False) -> None:
        self.workspace = workspace
        self.writer = Writer(workspace.store)
        self.desk = Desk(self._find)
        self.answers = Answers(workspace.store)
        names = WARM if beside else ()
        self.beside = {name: Beside(workspace.folder, workspace.settings) for name in names}
        self.metrics = Metrics()
        self._requests: _Counts = {}
        self._guesses: _Counts = {}
        self._known: dict[bytes, tuple[Actor, Credential]] = {}
        self._known_at: tuple[int, int] | None = None

    def open(self) -> None:
        """Begin to serve, within the event loop."""
        self.writer.open()

    async def close(self) -> None:
        """Carry out what waits, then stop."""
        await self.writer.close()
        for one in self.beside.values():
            await one.close()

    async def warm(self) -> None:
        """Let the processes beside, or a thread where there are none, load what the first questions need."""
        await asyncio.to_thread(catalog.warm)
        await asyncio.gather(*(self.away(name, load) for name, load in WARM.items()))
        settle()

    async def away(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        """What `call(workspace, *arguments)` gives in the process of that name, or in a thread where there is none."""
        if name in self.beside:
            try:
                return await self.beside[name].ask(call, *arguments)
            except FellError:
                _log.warning("a process beside the server fell", name=name)
        return await asyncio.to_thread(call, self.workspace, *arguments)

    async def _find(self, operation: Operation, lacking: Any) -> Any:
        assert operation.gather is not None
        return await self.away(operation.beside, operation.gather.find, lacking)

    def throttle(self, account_id: str) -> None:
        """Count a request of the account; raises `Refused` too_many beyond the minute's share."""
        most = self.workspace.settings.requests_per_minute
        if _counted(self._requests, account_id) > most:
            raise Refused("too_many", f"more than {most} requests in a minute")

    def guessed(self, error: Exception, address: str) -> Exception:
        """`error`, or too_many_tries in its place if it is one wrong secret too many from this network address.

        Whoever has the right one is let in from there all the same: nobody locks out others behind the same gateway.
        """
        if not isinstance(error, Refused) or error.code not in {"unauthenticated", "too_many_tries"}:
            return error
        if _counted(self._guesses, address) <= self.workspace.settings.guesses_per_minute:
            return error
        return Refused("too_many_tries", "too many wrong keys or passwords from this address: wait")

    async def actor(self, secret: str) -> Actor:
        """Whom a key or session stands for; remembered until any account, key or session changes.

        A session's use is noted, so that one that is not used ends.
        """
        store, now = self.workspace.store, self.workspace.seconds()
        revisions = store.database.revisions()
        moment = revisions["account"], revisions["credential"]
        if self._known_at != moment or len(self._known) > 10_000:
            self._known.clear()
            self._known_at = moment
        digest = digest_of(secret)
        found = self._known.get(digest)
        if found is None:
            actor = authenticate(store, secret, now)
            credential = store.ledger.credential(digest)
            assert credential is not None
            found = self._known[digest] = (actor, credential)
        actor, credential = found
        if credential.expires is not None and now >= credential.expires:
            raise Refused("unauthenticated", "this key or session is not valid")
        settings = self.workspace.settings
        end = end_of(credential, now, idle=60.0 * settings.session_idle_minutes, life=60.0 * settings.session_minutes)
        if end is not None:
            await self.writer.run(lambda: store.ledger.prolong(credential.id, end))
        return actor


async def _actor(asked: Asked, service: Service) -> Actor:
    """Who asks, by bearer key or session cookie; a cookie's changes need the session's CSRF token."""
    secret, in_cookie = asked.secret()
    actor = await service.actor(secret)
    if in_cookie and asked.operation.changes:
        asked.check_csrf(actor.csrf)
    return actor


async def handle(asked: Asked, service: Service) -> Result:
    """The answer to one request; every error becomes a problem."""
    begun, operation = time.perf_counter(), asked.operation
    result: Result
    try:
        result = await _handle(asked, service)
    except Exception as failure:
        error = _in_state(operation, service.guessed(failure, asked.address))
        found = answer(error)
        if found is None:
            request_id = f"{int(time.time() * 1000):x}"
            # The type alone: messages and frames may hold personal data.
            _log.error("internal error", request=request_id, operation=operation.name, error=type(error).__name__)
            if service.workspace.settings.debug:
                raise
            found = problem("internal", f"an error of ours, logged as {request_id}")
        result = refusal(in_language(found, language_of(asked.header(b"accept-language"))))
    service.metrics.count(operation.name, result.status_code, time.perf_counter() - begun)
    return result


def _in_state(operation: Operation, error: Exception) -> Exception:
    """`error`; for an act upon a record (POST) whose version has passed, `conflict`: its state forbids the act."""
    if operation.method == "POST" and isinstance(error, Refused) and error.code == "stale":
        return Refused("conflict", error.what)
    return error


async def _handle(asked: Asked, service: Service) -> Result:
    ws, operation = service.workspace, asked.operation
    arguments: list[Any] = []
    more: dict[str, Any] = {}
    actor = None
    if operation.act is not None:
        actor = await _actor(asked, service)
        more = {"version": asked.version()} if operation.versioned else {}
        service.throttle(actor.account_id)
        check(actor, operation.act)
        arguments.append(actor)
    arguments += asked.path_values()
    counted = actor is not None and actor.role in DAILY_ROWS and operation.tag in {"workers", "matches"}
    if operation.stands is not None and actor is not None and not counted:
        return _remembered(asked, service, actor, arguments)
    if operation.upload:
        return await _take_in(asked, service, actor, arguments)
    body = b""
    if operation.body is not None:
        asked.content_type((JSON,))
        body = await asked.body(ws.settings.body_limit)
        arguments.append(decode(body, operation.body))
    query, fields = asked.query()
    if query is not None:
        arguments.append(query)
    if operation.changes:
        return await _change(asked, service, actor, arguments, more, body)
    if operation.live:
        first = operation.call(ws, *arguments)
        return _stream(operation, _follow(operation, ws, arguments, first))
    if operation.records or (counted and not operation.slow):
        result = await service.writer.run(lambda: operation.call(ws, *arguments, **more))
    elif operation.gather:
        result = await service.desk.ask(operation, ws, arguments)
    elif operation.beside and service.beside:
        result = msgspec.Raw(await service.away(operation.beside, encoded, operation.call, *arguments))
    elif operation.slow or operation.reads or operation.stream:
        result = await asyncio.to_thread(operation.call, ws, *arguments, **more)
    else:
        result = operation.call(ws, *arguments, **more)
    if operation.name == "get_metrics":
        result = iter([service.metrics.text(), *result])
    if operation.stream:
        return _stream(operation, _pieces(result))
    return _reply(asked, result, fields)


def _remembered(asked: Asked, service: Service, actor: Actor, arguments: list[Any]) -> Reply:
    """The answer to a read that stands on stored rows: made anew only where one of them has changed."""
    operation, answers = asked.operation, service.answers
    row = arguments[1] if len(arguments) > 1 else ""
    key = answers.key(operation, asked.raw_path, asked.raw_query, actor)
    found = answers.known(operation, row, key)
    if found is None:
        query, fields = asked.query()
        if query is not None:
            arguments.append(query)
        result = operation.call(service.workspace, *arguments)
        found = answers.keep(operation, row, key, _body(result, fields), _etag(result))
    if found.tag and found.tag in asked.header(b"if-none-match"):
        return Reply(304, None, etag=found.tag)
    return Reply(200, found.body, etag=found.tag) if found.tag else Reply(200, found.body)


def encoded(ws: Workspace, call: Callable[..., Any], *arguments: Any) -> bytes:
    """What `call` gives, as JSON."""
    return _encoder.encode(call(ws, *arguments))


def _stream(operation: Operation, pieces: AsyncIterator[bytes]) -> ASGIStreamingResponse:
    return ASGIStreamingResponse(iterator=pieces, media_type=operation.stream, headers=HEADERS, status_code=200)


async def _take_in(asked: Asked, service: Service, actor: Actor | None, arguments: list[Any]) -> Reply:
    """A bulk upload, kept on disk while it arrives."""
    ws, operation = service.workspace, asked.operation
    asked.content_type(operation.upload)
    query, _ = asked.query()
    async with received(asked, ws.folder / "imports", ws.settings.upload_limit) as (path, digest):
        return await _change(asked, service, actor, [*arguments, path, query], {}, digest)


async def _change(
    asked: Asked, service: Service, actor: Actor | None, arguments: list[Any], more: dict[str, Any], body: bytes
) -> Reply:
    """Carry out a change, once per Idempotency-Key; the answer is stored with the change itself."""
    ws, operation, key = service.workspace, asked.operation, asked.idempotency_key()
    if key is None or actor is None or operation.secret:

        def act() -> Any:
            return operation.call(ws, *arguments, **more)

        result = await (service.writer.run(act, slow=operation.slow) if actor else asyncio.to_thread(act))
        return _reply(asked, result, ())
    fingerprint = fingerprint_of(operation.name, asked.raw_path, more.get("version"), body)

    def once() -> tuple[int, str, bytes, bool]:
        known = ws.store.ledger.answered(actor.account_id, key)
        if known is not None:
            if known[0] != fingerprint:
                raise Refused("key_reused", "this Idempotency-Key came before with another request")
            return known[1], known[2], known[3], True
        result = operation.call(ws, *arguments, **more)
        kept = (operation.status, _etag(result), b"" if operation.status == 204 else _encoder.encode(result))
        ws.store.ledger.keep_answer(actor.account_id, key, fingerprint, kept, ws.seconds())
        return *kept, False

    status, tag, answered, repeated = await service.writer.run(once, slow=operation.slow)
    headers = ({"etag": tag} if tag else {}) | ({"idempotent_replayed": "true"} if repeated else {})
    return Reply(status, answered if status != 204 else None, **headers)


def _reply(asked: Asked, result: Any, fields: tuple[str, ...]) -> Reply:
    operation = asked.operation
    if operation.status == 204:
        return Reply(204, None)
    tag = _etag(result)
    if tag and not operation.changes and tag in asked.header(b"if-none-match"):
        return Reply(304, None, etag=tag)
    body = _body(result, fields)
    return Reply(operation.status, body, etag=tag) if tag else Reply(operation.status, body)


def _body(result: Any, fields: tuple[str, ...]) -> bytes:
    """The answer as JSON, or the fields of it that were asked for."""
    body = _encoder.encode(result)
    return _encoder.encode(_selected(msgspec.json.decode(body), fields)) if fields else body


def _etag(result: Any) -> str:
    version = getattr(result, "version", None)
    return f'"{version}"' if isinstance(version, int) else ""


def _selected(value: Any, fields: tuple[str, ...]) -> Any:
    """Only the named top-level fields of the object, or of each item of a page."""
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return value | {"items": [_selected(item, fields) for item in value["items"]]}
    return {name: value[name] for name in fields if name in value} if isinstance(value, dict) else value


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
