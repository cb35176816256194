"""From the fields of a form to the struct an act takes; what does not fit is a problem of that field."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from babel.numbers import get_currency_precision

from skillbridge.console.site import Visit
from skillbridge.errors import BadInput
from skillbridge.workspace.problems import field_problem

T = TypeVar("T", bound=msgspec.Struct)

ROWS = 50
"""Rows of a list on one page."""


def struct(visit: Visit, kind: type[T], names: Sequence[str], **more: object) -> T:
    """The struct of the filled fields among `names` and of `more`; empty fields keep the struct's own default.

    Raises `msgspec.ValidationError` or `BadInput` with the path of the field.
    """
    given: dict[str, object] = {name: text for name in names if (text := visit.given(name))}
    return msgspec.convert(
        given | {name: value for name, value in more.items() if value is not None}, kind, strict=False
    )


def version(visit: Visit) -> int:
    """The version of the record that the page showed; 0, which no record has, if the form does not say one."""
    text = visit.given("version")
    return int(text) if len(text) <= 15 and text.isascii() and text.isdigit() else 0


def query(visit: Visit, kind: type[T], **more: object) -> T:
    """The struct of the page's query; names that the struct does not have are left alone (`lang`)."""
    names = kind.__struct_fields__
    given: dict[str, object] = {name: value for name, value in visit.query.items() if name in names and value}
    try:
        return msgspec.convert(given | more, kind, strict=False)
    except msgspec.ValidationError as error:
        wrong = field_problem(error, "query")
        raise BadInput(wrong.where, wrong.what, wrong.expected) from None


def money(visit: Visit, name: str, currency: str) -> int | None:
    """Minor units of an amount written as `23.15` or `23,15`; None if left empty."""
    text = visit.given(name)
    if not text:
        return None
    digits = get_currency_precision(currency) if len(currency) == 3 else 2
    whole, _, part = text.replace(",", ".").partition(".")
    if not (
        whole.isascii() and whole.isdigit() and len(whole) < 10 and (not part or (part.isascii() and part.isdigit()))
    ):
        raise BadInput(f"$.{name}", repr(text), "an amount as 23.15")
    if len(part) > digits:
        raise BadInput(f"$.{name}", repr(text), f"at most {digits} digits behind the point")
    return int(whole + part.ljust(digits, "0"))


def amount(minor: int | None, currency: str | None) -> str:
    """Minor units as a form shows them: `23.15`."""
    if minor is None:
        return ""
    digits = get_currency_precision(currency) if currency else 2
    return f"{minor / 10**digits:.{digits}f}"
