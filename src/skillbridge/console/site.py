"""How a page is served: who asks, in which language, forms with their token, errors beside the form, strict headers."""

import asyncio
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jinja2
import msgspec
import structlog
from litestar import Request, Response, route
from litestar.datastructures import Cookie, UploadFile
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from skillbridge.access import POLICY, Actor, check
from skillbridge.api.errors import CODES, ProblemDetails, answer, in_language, problem
from skillbridge.api.handler import COOKIE, Service
from skillbridge.api.upload import INCOMING
from skillbridge.console.language import NAMES, Language, chosen
from skillbridge.errors import BadInput, Refused
from skillbridge.settings import Settings
from skillbridge.workspace import Workspace

FORM_COOKIE = "skillbridge_form"
LANGUAGE_COOKIE = "skillbridge_language"
HOME, SIGN_IN = "/console", "/console/sign-in"

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=31536000",
    "cross-origin-resource-policy": "same-origin",
}
"""Sent with every page: no script runs at all, nothing comes from elsewhere, nobody frames it."""

REPORT_HEADERS = HEADERS | {
    "content-security-policy": "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
}
"""A plan's report is one file with all it needs inside; it is shown in an origin of its own, without the session."""


def attached(name: str) -> dict[str, str]:
    """The headers of a file to keep."""
    return HEADERS | {"content-disposition": f'attachment; filename="{name}"'}


_STATIC = {"console.css": "text/css", "icon.svg": "image/svg+xml"}
_log = structlog.get_logger("skillbridge.console")


@dataclass(frozen=True)
class Visit:
    """One request to a page: `ids` from its path, `query`, `form` and `files` (on disk, gone after the request) as
    given; `actor` is None before sign-in; `beside` asks a process beside the server, where there are some."""

    ws: Workspace
    language: Language
    path: str
    actor: Actor | None = None
    token: str = ""
    ids: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    problem: ProblemDetails | None = None
    beside: Callable[..., Any] | None = None

    def ask(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        """What `call(workspace, *arguments)` gives, in the process of that name so that no other page waits for it."""
        return self.beside(name, call, *arguments) if self.beside else call(self.ws, *arguments)

    @property
    def who(self) -> Actor:
        """Who is signed in; raises `Refused` unauthenticated."""
        if self.actor is None:
            raise Refused("unauthenticated", "sign in first")
        return self.actor

    def may(self, act: str) -> bool:
        """Whether the role may do the act, to some row."""
        return self.actor is not None and self.actor.role in POLICY[act]

    def given(self, name: str) -> str:
        """What a field of the form holds, without spaces around it."""
        return next(iter(self.form.get(name, ())), "").strip()

    def field(self, where: str) -> str:
        """The field of the form that a path in a body belongs to."""
        return _field(where)

    def wrong(self, name: str) -> str:
        """What is wrong with a field of the form, in the words of the act; empty if nothing."""
        found = [one for one in self.problem.errors if _field(one.where) == name] if self.problem else []
        return "; ".join(f"{one.what}: {one.expected}" if one.expected else one.what for one in found)


@dataclass(frozen=True)
class Shown:
    """A page to show: template and its values; `refresh` seconds until it is read again, 0 for never."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    refresh: int = 0
    status: int = 200


@dataclass(frozen=True)
class Gone:
    """Where to go on after a change; `session` is the secret to keep from now on, empty to forget it."""

    to: str
    session: str | None = None


@dataclass(frozen=True)
class Sent:
    """A ready document, or one that is written piece by piece."""

    body: bytes | Iterator[bytes]
    headers: Mapping[str, str]
    media: str = "text/html"


Answer = Shown | Gone | Sent


@dataclass(frozen=True)
class Page:
    """A path (`*`: an identifier), the act it needs (None: anybody), what shows it and what a form there does.

    A form that fails is shown again by `show` with what is wrong; `do` runs in the server's one writing thread.
    """

    path: str
    act: str | None
    show: Callable[[Visit], Answer] | None
    do: Callable[[Visit], Answer] | None = None
    takes_file: bool = False

    def ids(self, path: str) -> tuple[str, ...] | None:
        """The identifiers in a path of this page; None if the path is another's."""
        mine, given = self.path.split("/"), path.split("/")
        if len(mine) != len(given) or any(a not in ("*", b) for a, b in zip(mine, given, strict=True)):
            return None
        return tuple(b for a, b in zip(mine, given, strict=True) if a == "*")


def _field(where: str) -> str:
    inner = where.removeprefix("$.")
    for outer in ("vacancy.", "query.", "identity.", "document."):
        inner = inner.removeprefix(outer)
    return inner.partition("[")[0].partition(".")[0]


def handlers(
    pages: Sequence[Page], menu: Callable[[Visit], list[tuple[str, str]]], settings: Settings
) -> list[HTTPRouteHandler]:
    """The handlers that serve `pages`; `menu` gives (address, key of words) of what the visitor may open."""
    templates = _templates()

    @route(
        ["/", HOME, HOME + "/{rest:path}"],
        http_method=["GET", "POST"],
        name="console",
        status_code=200,
        include_in_schema=False,
        request_max_body_size=settings.upload_limit + 100_000,
    )
    async def serve(request: Request[Any, Any, Any]) -> Response[Any]:
        path = request.url.path.rstrip("/") or HOME
        if path.startswith(f"{HOME}/static/"):
            return _static(path.rpartition("/")[2])
        service: Service = request.app.state.service
        language = chosen(
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language", ""),
        )
        loop = asyncio.get_running_loop()

        def beside(*question: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(service.away(*question), loop).result()

        token = request.cookies.get(FORM_COOKIE, "")
        visit = Visit(service.workspace, language, path, token=token, beside=beside)
        try:
            visit, found = await _answer(request, service, pages, visit)
        except Exception as error:
            details = _details(error, visit)
            if details.code == "unauthenticated":
                found = Gone(f"{SIGN_IN}?{urlencode({'next': path})}", session="")
            else:
                visit = replace(visit, actor=await _actor(request, service))
                found = Shown("problem.html", {"details": details}, status=details.status)
        try:
            return _respond(templates, visit, found, menu)
        except Exception as error:  # a page that cannot be written is a fault of ours, told as any other
            values = {"details": _details(error, visit)}
            return _respond(templates, replace(visit, problem=None), Shown("problem.html", values, status=500), menu)

    return [serve]


async def _actor(request: Request[Any, Any, Any], service: Service) -> Actor | None:
    secret = request.cookies.get(COOKIE)
    try:
        return await service.actor(secret) if secret else None
    except Refused:
        return None


async def _answer(
    request: Request[Any, Any, Any], service: Service, pages: Sequence[Page], visit: Visit
) -> tuple[Visit, Answer]:
    posted = request.method == "POST"
    actor = await _actor(request, service)
    if actor is not None:
        service.throttle(actor.account_id)
        visit = replace(visit, actor=actor, token=actor.csrf or "")
    elif not visit.token:
        visit = replace(visit, token=secrets.token_urlsafe(24))
    for page in pages:
        ids = page.ids(visit.path)
        if ids is not None and (page.do if posted else page.show):
            break
    else:
        raise Refused("not_found", "there is no such page")
    visit = replace(visit, ids=ids, query=_pairs(request.scope.get("query_string", b"")))
    if page.act is not None:
        check(visit.who, page.act)
    if not posted:
        assert page.show is not None
        return visit, await asyncio.to_thread(page.show, visit)
    async with _sent(request, visit, page) as visit:
        return await _done(service, page, visit, request.client.host if request.client else "")


async def _done(service: Service, page: Page, visit: Visit, address: str) -> tuple[Visit, Answer]:
    sent = visit.given("token").encode()
    if not visit.token or not hmac.compare_digest(visit.token.encode(), sent):
        raise Refused("csrf", "the form's token is missing or old: open the page again")
    assert page.do is not None
    act = page.do
    try:
        if visit.actor is None:
            return visit, await asyncio.to_thread(act, visit)
        return visit, await service.writer.run(lambda: act(visit))
    except Exception as failure:
        error = failure
        if visit.actor is None:
            error = service.guessed(failure, address)
        if page.show is None or answer(error) is None:
            raise
        details = _details(error, visit)
        visit = replace(visit, problem=details)
        found = await asyncio.to_thread(page.show, visit)
        return visit, replace(found, status=details.status) if isinstance(found, Shown) else found


@asynccontextmanager
async def _sent(request: Request[Any, Any, Any], visit: Visit, page: Page) -> AsyncIterator[Visit]:
    """The visit with the form it sent; its files lie beside the imports until the end, unless they were moved away."""
    limit = visit.ws.settings.upload_limit if page.takes_file else visit.ws.settings.body_limit
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers or not length.isdecimal() or int(length) > limit:
        raise Refused("too_large", f"a form must say its length, and have {limit} bytes at most")
    form: dict[str, list[str]] = {}
    files: dict[str, Path] = {}
    try:
        if page.takes_file and request.headers.get("content-type", "").startswith("multipart/form-data"):
            try:
                parts = (await request.form()).multi_items()
            except (HTTPException, ValueError):
                raise BadInput("$", "the form cannot be read", "multipart/form-data as browsers send it") from None
            for name, value in parts:
                if isinstance(value, UploadFile):
                    files[name] = await _kept(visit.ws, value)
                else:
                    form.setdefault(name, []).append(str(value).replace("\0", ""))
        else:
            for name, value in _parsed(await request.body()):
                form.setdefault(name, []).append(value)
        yield replace(visit, form=form, files=files)
    finally:
        for path in files.values():
            path.unlink(missing_ok=True)


async def _kept(ws: Workspace, upload: UploadFile) -> Path:
    folder = ws.folder / "imports"
    path = folder / f"{INCOMING}{secrets.token_hex(8)}"
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while part := await upload.read(1 << 20):
            file.write(part)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return path


def _details(error: Exception, visit: Visit) -> ProblemDetails:
    """The error as the API would describe it; one that was not made on purpose says nothing but that it happened."""
    found = answer(error)
    if found is None:
        _log.error("internal error", page=visit.path, error=type(error).__name__)
        if visit.ws.settings.debug:
            raise error
        found = problem("internal", CODES["internal"].sentence)
    found = in_language(found, visit.language.code)
    return msgspec.json.decode(found.body, type=ProblemDetails)


def _parsed(text: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        raise BadInput("$", "the form cannot be read", "fields in UTF-8, at most 1,000") from None
    if any("\0" in value for _, value in pairs):
        raise BadInput("$", "the character U+0000", "text without it")
    return pairs


def _pairs(text: bytes) -> dict[str, str]:
    """The query; what is given several times (boxes that were ticked) is joined by commas."""
    found: dict[str, str] = {}
    for name, value in _parsed(text):
        if value.strip():
            found[name] = f"{found[name]},{value.strip()}" if name in found else value.strip()
    return found


def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )


def _static(name: str) -> Response[bytes]:
    if name not in _STATIC:
        return Response(b"", status_code=404, media_type="text/plain", headers=HEADERS)
    body = (Path(__file__).parent / "static" / name).read_bytes()
    return Response(body, media_type=_STATIC[name], headers=HEADERS | {"cache-control": "max-age=3600"})


def _respond(
    templates: jinja2.Environment,
    visit: Visit,
    found: Answer,
    menu: Callable[[Visit], list[tuple[str, str]]],
) -> Response[Any]:
    secure = visit.ws.settings.secure_cookies

    def cookie(name: str, value: str, age: int | None = None) -> Cookie:
        return Cookie(name, value=value, path="/", max_age=age, httponly=True, samesite="strict", secure=secure)

    cookies = [cookie(LANGUAGE_COOKIE, visit.language.code, 31_536_000)]
    match found:
        case Sent():
            if isinstance(found.body, bytes):
                return Response(found.body, media_type=found.media, headers=dict(found.headers))
            return Stream(found.body, media_type=found.media, headers=dict(found.headers))
        case Gone():
            if found.session is not None:
                age = visit.ws.settings.session_minutes * 60 if found.session else 0
                cookies.append(cookie(COOKIE, found.session, age))
            headers = HEADERS | {"location": found.to}
            return Response(b"", status_code=303, headers=headers, cookies=cookies, media_type="text/html")
        case Shown():
            if visit.actor is None:
                cookies.append(cookie(FORM_COOKIE, visit.token))
            values = {
                "visit": visit,
                "lang": visit.language,
                "say": visit.language.say,
                "menu": menu(visit),
                "refresh": found.refresh,
                "languages": [(code, name, _with(visit, lang=code)) for code, name in NAMES.items()],
                "link_with": lambda **more: _with(visit, **more),
            }
            text = templates.get_template(found.template).render(values | dict(found.values))
            return Response(
                text.encode(),
                status_code=found.status,
                media_type="text/html; charset=utf-8",
                headers=HEADERS,
                cookies=cookies,
            )


def _with(visit: Visit, **more: str) -> str:
    return f"{visit.path}?{urlencode(dict(visit.query) | more)}"
