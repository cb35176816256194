"""What is wrong with the shape of a partnership file, in the words of someone who writes one.

The types of the structs say what is expected; everything wrong is told at once, each with its field and what was found.
"""

import difflib
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from math import isfinite
from typing import Any

import msgspec.inspect as types

from skillbridge.errors import BadInput
from skillbridge.partnerships.rules.who import never_asked

_SAID = {
    "ISO 4217": "a currency code of ISO 4217, such as NOK",
    "ISCED 2011 level": "an ISCED 2011 level, a whole number from 0 to 8",
}
"""Descriptions of types that a file's author would not know as such."""

_HINTS = (
    (r"\d,\d", "numbers with a decimal point and no thousands mark: 163.20, 1200"),
    (r"[“”‘’«»„]", 'straight quotes: "text"'),
    (r"=\s*[\d.]+\s*%", "a share from 0 to 1: 0.3 is 30 %"),
    (r"=\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}", "a day of the calendar, such as 2028-12-31"),
    (r"^\s*\[rules\]", "[[rules]], in double brackets, before each rule"),
    (r"=\s*[A-Za-z]", 'text in double quotes: "NO"; true and false without'),
)
"""(what the line has in it, what was probably meant)."""


def not_toml(text: str, name: str, error: ValueError) -> BadInput:
    """The fault of a text that is no TOML: the line as written, what its syntax lacks, and what was probably meant."""
    what = re.sub(r"\s*\(at .*\)$", "", str(error))
    what = re.sub(r"\('(.*)',\)", lambda found: f"`{found[1]}`", what).replace("', '", ".")
    found = re.search(r"at line (\d+), column", str(error))
    if found is None:
        return BadInput(name, f"not TOML ({what[:1].lower()}{what[1:]} at the end)", "every bracket and quote closed")
    number = int(found[1])
    line = text.splitlines()[number - 1].strip() if number <= len(text.splitlines()) else ""
    expected = next((hint for pattern, hint in _HINTS if re.search(pattern, line)), "key = value")
    if what.startswith(("Unclosed", "Expected ']'")):
        expected = "a ] after the last value of the list, here or above"
    shown = f"line {number}, `{_cut(line)}`, is not TOML ({what[:1].lower()}{what[1:]})"
    return BadInput(name, shown, expected)


def faults(raw: object, kind: type[Any], where: str, *, glue: str = ".", head: frozenset[str]) -> list[BadInput]:
    """Everything in `raw`, as read from TOML, that the struct `kind` does not take; empty where it takes it.

    `where` leads each message and `glue` stands between it and the field; `head` are the keys of the file's head, which
    a rule does not have.
    """
    found = []
    for path, what, expected in _walk(raw, types.type_info(kind), ""):
        key = re.fullmatch(r"unknown key `(.*?)`.*", what)
        if glue == "." and key and not path and key[1] in head:
            expected = "it above the first [[rules]], with the head of the file"
        found.append(BadInput(f"{where}{glue}{path}" if path else where, what, expected))
    return found


_Fault = tuple[str, str, str]
"""(path of the field, what was found, what was expected)."""


def _walk(value: object, kind: types.Type, path: str) -> Iterator[_Fault]:
    said = ""
    while isinstance(kind, types.Metadata):
        said, kind = (kind.extra_json_schema or {}).get("description", said), kind.type
    match kind:
        case types.UnionType():
            ways = [way for way in kind.types if not isinstance(way, types.NoneType)]
            fitting = [way for way in ways if _is_list(way) == isinstance(value, list)]
            if len(ways) == 1 or (isinstance(value, list | str) and len(fitting) == 1):
                yield from _walk(value, (fitting if len(ways) > 1 else ways)[0], path)
            else:
                yield path, _shown(value), " or ".join(dict.fromkeys(map(expectation, ways)))
        case types.StructType() if isinstance(value, dict):
            yield from _struct(value, kind, path)
        case types.VarTupleType() if isinstance(value, list):
            for n, one in enumerate(value):
                yield from _walk(one, kind.item_type, f"{path}[{n}]")
        case types.TupleType() if isinstance(value, list) and len(value) == len(kind.item_types):
            for n, (one, item) in enumerate(zip(value, kind.item_types, strict=True)):
                yield from _walk(one, item, f"{path}[{n}]")
        case types.DictType() if isinstance(value, dict):
            for name, one in value.items():
                yield from _walk(one, kind.value_type, f"{path}.{name}")
        case _ if not _fits(value, kind):
            yield path, _shown(value), _SAID.get(said, said) or expectation(kind)


def _struct(value: dict[str, object], kind: types.StructType, path: str) -> Iterator[_Fault]:
    fields = {field.encode_name: field for field in kind.fields}
    for name in value:
        if name not in fields and name != kind.tag_field:
            known = ", ".join(fields)
            near = difflib.get_close_matches(name, fields, 1)
            meant = f", perhaps {near[0]}" if near else ""
            if never_asked(name):
                meant = ", which no rule may ask for"
            yield path, f"unknown key `{name}`{meant}", f"one of {known}"
    for name, field in fields.items():
        here = f"{path}.{name}".lstrip(".")
        if name in value:
            yield from _walk(value[name], field.type, here)
        elif field.required:
            yield here, "missing", expectation(field.type)


def _fits(value: object, kind: types.Type) -> bool:
    """Whether a value without parts of its own is of a type."""
    match kind:
        case types.LiteralType():
            return isinstance(value, str) and value in kind.values
        case types.BoolType():
            return isinstance(value, bool)
        case types.DateType():
            if isinstance(value, str):
                return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)) and _is_date(value)
            return isinstance(value, date) and not isinstance(value, datetime)
        case types.StrType():
            return isinstance(value, str) and (kind.pattern is None or re.search(kind.pattern, value) is not None)
        case types.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(value, kind)
        case types.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool) and _within(value, kind)
        case types.AnyType():
            return True
        case _:
            return False


def _within(value: float, kind: types.IntType | types.FloatType) -> bool:
    return (
        isfinite(value)
        and (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def expectation(kind: types.Type) -> str:
    """What a type takes, in a person's words."""
    match kind:
        case types.Metadata():
            said = (kind.extra_json_schema or {}).get("description", "")
            return str(_SAID.get(said, said)) or expectation(kind.type)
        case types.UnionType():
            ways = [way for way in kind.types if not isinstance(way, types.NoneType)]
            return " or ".join(dict.fromkeys(map(expectation, ways)))
        case types.LiteralType():
            return "one of " + ", ".join(map(str, kind.values))
        case types.BoolType():
            return "true or false"
        case types.DateType():
            return "a date such as 2028-12-31"
        case types.StrType():
            return 'text in quotes: "..."'
        case types.IntType():
            return "a whole number" + _limits(kind)
        case types.FloatType():
            share = (kind.ge, kind.le) == (0, 1)
            return "a share from 0 to 1: 0.3 is 30 %" if share else "a number" + _limits(kind)
        case types.VarTupleType():
            return f"a list [...], each {expectation(kind.item_type)}"
        case types.TupleType():
            return f"a list of {len(kind.item_types)} [...], each {expectation(kind.item_types[0])}"
        case types.DictType():
            return f"a table {{ name = ... }}, each {expectation(kind.value_type)}"
        case types.StructType():
            return "a table { " + ", ".join(field.encode_name for field in kind.fields) + " }, those that are needed"
        case _:
            return "another value"


def _limits(kind: types.IntType | types.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge:g} to {kind.le:g}"
    least = f" of {kind.ge:g} or more" if kind.ge is not None else f" above {kind.gt:g}" if kind.gt is not None else ""
    return least + (f" of {kind.le:g} or less" if kind.le is not None else "")


def _is_list(kind: types.Type) -> bool:
    while isinstance(kind, types.Metadata):
        kind = kind.type
    return isinstance(kind, types.VarTupleType | types.TupleType)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _shown(value: object) -> str:
    """A value as a file would have it."""
    match value:
        case dict():
            return "a table { " + _cut(", ".join(f"{name} = ..." for name in value)) + " }"
        case list():
            return "a list [" + _cut(", ".join(map(_shown, value))) + "]"
        case bool() | str():
            return _cut(json.dumps(value, ensure_ascii=False))
        case _:
            return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= 90 else text[:87] + "..."
