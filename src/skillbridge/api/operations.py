"""An operation: one act under one method and path. The table of operations makes routes, contract, tests and client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from skillbridge.access import Actor
from skillbridge.workspace import Workspace

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Gather(NamedTuple):
    """How calls that wait are answered together.

    `ready(workspace, actor, ...)` says whether one can be answered at once; `lacking(calls)` what is not known yet of
    several, `find(workspace, lacking)` finds it out, in whichever process, and `keep(found)` remembers it.
    """

    ready: Callable[..., bool]
    lacking: Callable[[list[list[Any]]], Any]
    find: Callable[[Any, Any], Any]
    keep: Callable[[Any], None]


class Stands(NamedTuple):
    """What the answer of a read stands on: it may be given again until that changes.

    `row` is the kind of the row that the path names first ("" for none), `kinds` are those of which any row counts.
    """

    row: str = ""
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """What the server does on `method path`.

    `call(workspace, actor, *path values, body?, query?, version=?)` does it: `body` is decoded from JSON as that type
    (or the file that an `upload` of those media types was kept in), `query` from the query string as that struct,
    `version` from If-Match where `versioned`. `act` is the key of access.POLICY (None: open to all). `answer` is the
    type given back, None for no content; `stream` names the media type of bytes in pieces. `slow` ones run in a thread;
    those that take the processor for long run `beside` the server, in the process of that name; those that are cheaper
    together say how they `gather`; a `secret` in the answer is never stored, so such an
    operation takes no Idempotency-Key. `reads` is a POST that changes nothing, `records` a GET that leaves an audit
    line, `live` one whose answer is followed until its `state` is final. A read that depends on stored rows and on the
    role, party and worker of the actor alone says on which it `stands`, and is remembered. `errors` are codes beyond
    those that every operation may give.
    """

    name: str
    method: Method
    path: str
    act: str | None
    summary: str
    call: Callable[..., Any]
    tag: str
    body: Any = None
    query: type[msgspec.Struct] | None = None
    answer: Any = None
    status: int = 200
    versioned: bool = False
    errors: tuple[str, ...] = ()
    stream: str = ""
    upload: tuple[str, ...] = ()
    slow: bool = False
    secret: bool = False
    reads: bool = False
    records: bool = False
    live: bool = False
    beside: str = ""
    gather: Gather | None = None
    stands: Stands | None = None

    @property
    def changes(self) -> bool:
        """Whether it writes (and so takes Idempotency-Key, and CSRF protection for cookies)."""
        return self.method != "GET" and not self.reads

    @property
    def params(self) -> list[str]:
        """Names in the path, in order."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


Act = Callable[..., Any]


def op(
    tag: str,
    name: str,
    line: str,
    act: str | None,
    call: Act,
    summary: str,
    **more: Any,
) -> Operation:
    """An operation written in one line: `line` is `METHOD /path`."""
    method, path = line.split(" ", 1)
    if "status" not in more:
        more["status"] = 204 if more.get("answer") is None and not more.get("stream") else 200
    return Operation(name, method, path, act, summary, call, tag, **more)  # type: ignore[arg-type]


__all__ = ["Actor", "Operation", "Workspace", "op"]
