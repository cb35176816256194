"""One request as it came: headers, path values, query, body. Read once, each part only where it is needed."""

import hmac
import re
from collections.abc import AsyncIterator, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar.connection import ASGIConnection
from litestar.types import Receive, Scope

from skillbridge.api.errors import InvalidError
from skillbridge.api.operations import Operation
from skillbridge.errors import BadInput, Refused
from skillbridge.workspace.problems import field_problem

COOKIE = "skillbridge_session"
JSON = "application/json"

_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,100}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,15})"')


class Asked:
    """What a request asks of an operation."""

    def __init__(self, scope: Scope, receive: Receive, operation: Operation, values: list[str]) -> None:
        self._scope, self._receive, self.operation, self._values = scope, receive, operation, values
        self._headers: dict[bytes, bytes] = dict(scope["headers"])

    def header(self, name: bytes) -> str:
        """The value of a header (its name in lower case), empty if it did not come."""
        return self._headers.get(name, b"").decode("latin-1")

    def secret(self) -> tuple[str, bool]:
        """(the key or session that came along, whether in a cookie); raises `Refused` unauthenticated if none did."""
        header = self.header(b"authorization")
        if header:
            kind, _, secret = header.partition(" ")
            if kind.lower() != "bearer":
                raise Refused("unauthenticated", "the Authorization header must be: Bearer <key>")
            return secret.strip(), False
        cookie = ASGIConnection(self._scope).cookies.get(COOKIE) if b"cookie" in self._headers else None
        if not cookie:
            raise Refused("unauthenticated", "no key or session came with the request")
        return cookie, True

    def check_csrf(self, expected: str | None) -> None:
        """Refuse a cookie's change without the session's own token."""
        if not hmac.compare_digest((expected or "").encode(), self.header(b"x-csrf-token").encode()):
            raise Refused("csrf", "the X-CSRF-Token of the session is missing or wrong")

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key, if one came."""
        key = self.header(b"idempotency-key")
        if b"idempotency-key" in self._headers and not _KEY.fullmatch(key):
            raise InvalidError("header.Idempotency-Key", "not a key", "1 to 100 letters, digits, dashes, underscores")
        return key or None

    def path_values(self) -> list[str]:
        """The identifiers in the path, in order; one that no record could have is `not_found`."""
        if not all(_IDENTIFIER.fullmatch(value) for value in self._values):
            raise Refused("not_found", "no such identifier")
        return self._values

    def content_type(self, expected: Iterable[str]) -> str:
        """The media type of the body; raises `Refused` media_type if it is none of the expected."""
        given = self.header(b"content-type").partition(";")[0].strip().lower()
        if given not in expected:
            raise Refused("media_type", f"{given or 'nothing'} is not one of {', '.join(expected)}")
        return given

    def check_length(self, limit: int) -> None:
        """Refuse a body that says it is larger than `limit` bytes."""
        length = self.header(b"content-length")
        if length.isdecimal() and int(length) > limit:
            raise Refused("too_large", f"{length} bytes, the limit is {limit}")

    async def body(self, limit: int) -> bytes:
        """The whole body; raises `Refused` too_large beyond `limit` bytes."""
        self.check_length(limit)
        parts, size = [], 0
        async for part in self.parts():
            size += len(part)
            if size > limit:
                raise Refused("too_large", f"more than {limit} bytes")
            parts.append(part)
        return b"".join(parts)

    async def parts(self) -> AsyncIterator[bytes]:
        """The body as it arrives; raises `Refused` malformed if the client leaves before its end."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise Refused("malformed", "the client left before the end of the body")
            more = message.get("more_body", False)
            yield message.get("body", b"")

    def query(self) -> tuple[Any, tuple[str, ...]]:
        """(the decoded query, the `fields` to select); for an operation without a query both are empty."""
        text: bytes = self._scope["query_string"]
        shape = self.operation.query
        if shape is None:
            if text:
                raise InvalidError("query", "parameters that this operation does not have", "none")
            return None, ()
        values: dict[str, str] = {}
        fields: tuple[str, ...] = ()
        for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True) if text else ():
            if name in values or (name == "fields" and fields):
                raise InvalidError(f"query.{name}", "given twice", "once")
            if "\0" in value:
                raise BadInput(f"query.{name}", "the character U+0000", "text without it")
            if name == "fields" and self.operation.answer is not None:
                fields = tuple(value.split(","))
                known = selectable(self.operation)
                for part in fields:
                    if part not in known:
                        raise InvalidError("query.fields", f"{part!r}", ", ".join(sorted(known)))
            else:
                values[name] = value
        try:
            query = msgspec.convert(values, shape, strict=False)
        except msgspec.ValidationError as error:
            wrong = field_problem(error, "query")
            raise InvalidError(wrong.where, wrong.what, wrong.expected) from None
        for name in values:
            if getattr(query, name) is None:  # "null" is no value of a query string
                raise InvalidError(f"query.{name}", "null", "a value, or not the parameter")
        limit = getattr(query, "limit", None)
        if limit is not None and not 1 <= limit <= 200:
            raise InvalidError("query.limit", str(limit), "1 to 200")
        return query, fields

    def version(self) -> int:
        """The version in If-Match; raises `Refused` precondition_required without one."""
        if b"if-match" not in self._headers:
            raise Refused("precondition_required", "send If-Match with the ETag that was read")
        found = _ETAG.fullmatch(self.header(b"if-match").strip())
        if found is None:
            raise InvalidError("header.If-Match", "not a version", 'the ETag that was read, as "3"')
        return int(found[1])

    @property
    def raw_query(self) -> bytes:
        """The query string as it was sent."""
        text: bytes = self._scope["query_string"]
        return text

    @property
    def address(self) -> str:
        """The network address that the request came from."""
        client = self._scope["client"]
        return client[0] if client else ""

    @property
    def raw_path(self) -> bytes:
        """The path as it was sent."""
        path: bytes = self._scope["raw_path"]
        return path


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def decode(body: bytes, kind: Any) -> Any:
    """A JSON body as `kind`."""
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
        try:
            return msgspec.convert(_whole(msgspec.json.decode(body)), kind, str_keys=True)
        except RecursionError:
            raise Refused("malformed", "the body is nested too deeply") from None


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def selectable(operation: Operation) -> set[str]:
    """Names that `fields` may select: of the object, or of a page's items."""
    return _fields_of(operation.answer)


@cache
def _fields_of(shape: Any) -> set[str]:
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
