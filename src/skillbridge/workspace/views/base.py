"""What every view is made of."""

from typing import Annotated, Any

import msgspec


def doc(sentence: str, *examples: Any, **limits: Any) -> msgspec.Meta:
    """The sentence, examples and limits of a field."""
    return msgspec.Meta(description=sentence, examples=list(examples), **limits)


Id = Annotated[
    str,
    msgspec.Meta(
        description="identifier: a letter or digit, then letters, digits, dot, dash or underscore",
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        examples=["w-1042"],
    ),
]
Text = Annotated[str, msgspec.Meta(max_length=2_000)]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Reason = Annotated[
    str,
    doc("Why, in words a caseworker can stand by.", "named request of the employer", min_length=3, max_length=2_000),
]
Version = Annotated[int, doc("Grows by one with each change; also the ETag.", 3)]
Moment = Annotated[str, doc("Moment in UTC, ISO 8601.", "2026-03-01T09:00:00+00:00")]
PartyName = Annotated[
    str, doc("Party: a ministry, a sending unit, an employer or an agency.", "unit-ws", max_length=64, min_length=1)
]


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of everything exchanged: immutable, and a field that is not known is refused."""


class Page(View, frozen=True, kw_only=True):
    """Base of pages: `next` opens the following page; null on the last one."""

    next: Annotated[str | None, doc("Cursor of the next page, null at the end.", "MTAwOg")] = None


class Problem(View, frozen=True):
    """What was wrong with one field."""

    where: Annotated[str, doc("Path of the field.", "$.profile.origin")]
    what: Annotated[str, doc("What was found.", "Expected `str` matching regex")]
    expected: Annotated[str, doc("What was expected.", "ISO 3166-1 alpha-2")]
