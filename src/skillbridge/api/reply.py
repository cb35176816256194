"""Answers as bytes that are ready to go."""

from litestar import Response
from litestar.types import Receive, Scope, Send

from skillbridge.api.asked import JSON
from skillbridge.api.errors import Answer

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

_BARE = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_TYPED = [*_BARE, (b"content-type", JSON.encode())]


class Reply:
    """An answer whose bytes are ready: sent as they are, without a second look at them."""

    __slots__ = ("body", "headers", "status_code")

    def __init__(self, status: int, body: bytes | None, **headers: str) -> None:
        self.status_code, self.body = status, body or b""
        self.headers = _BARE.copy() if body is None else [*_TYPED, (b"content-length", b"%d" % len(body))]
        if headers:
            self.headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def refusal(found: Answer) -> Reply:
    """A problem as an answer."""
    reply = Reply(found.status, None)
    reply.body = found.body
    more = {"content-type": PROBLEM, "content-length": str(len(found.body))} | found.headers
    reply.headers += [(name.encode(), value.encode()) for name, value in more.items()]
    return reply


def sent(found: Answer) -> Response[bytes]:
    """A problem as a response of the framework's, as its own error handlers give back."""
    return Response(found.body, status_code=found.status, media_type=PROBLEM, headers=HEADERS | found.headers)
