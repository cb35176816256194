"""The reference of every kind of rule, in Markdown, read off the structs themselves (docs/partnership-rules.md)."""

import inspect
from typing import Any, get_args

import msgspec

from skillbridge.partnerships.dates import Period
from skillbridge.partnerships.partnership import KINDS, Partnership, Reference
from skillbridge.partnerships.rules.base import Rule, Source
from skillbridge.partnerships.rules.origins import Stock
from skillbridge.partnerships.rules.pay import Floor, Money
from skillbridge.partnerships.rules.people import Definition
from skillbridge.partnerships.rules.quota import Cell, Release, Reserve, Used
from skillbridge.partnerships.rules.who import FactTerm
from skillbridge.partnerships.selector import Selector

_PARTS: tuple[type[Any], ...] = (
    Selector, Period, Money, Floor, FactTerm, Cell, Release, Used, Reserve, Definition, Stock, Source, Reference,
)  # fmt: skip
_HEAD = """# Reference: the rules of a partnership file

Written from the program itself: `skillbridge partnership reference` prints this page, and a test compares the two.
How to write a file is told in [Write an agreement](partnerships.md).
"""


def reference() -> str:
    """The whole page."""
    parts = [_HEAD, "## The head of the file\n", _section(Partnership, skip=("rules", "relaxed"))]
    parts += ["## What every rule has\n", _section(Rule)]
    common = set(Rule.__struct_fields__)
    for name, kind in KINDS.items():
        usual = {field.name: field for field in msgspec.structs.fields(Rule)}
        own = {field.name: field for field in msgspec.structs.fields(kind)}
        changed = own["strictness"].default != usual["strictness"].default
        notes = ["Protects people: always hard in an operational run." if kind.right else ""]
        notes += [f'`strictness` is "{own["strictness"].default}" unless it says otherwise.' if changed else ""]
        parts += [f'## type = "{name}"\n', _section(kind, skip=tuple(common)), *(f"{note}\n" for note in notes if note)]
    parts.append("## The parts that rules are made of\n")
    for part in _PARTS:
        parts += [f"### {part.__name__}\n", _section(part)]
    return "\n".join(parts)


def _section(struct: type[Any], skip: tuple[str, ...] = ()) -> str:
    """Its docstring and the table of its fields."""
    lines = [inspect.getdoc(struct) or "", "", "| field | is | unless given |", "|---|---|---|"]
    lines += [
        f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} |"
        for field in msgspec.structs.fields(struct)
        if field.name not in skip
    ]
    return "\n".join(lines) + "\n"


def _type(kind: Any) -> str:
    described = {"Duration": "duration", "MonthDay": "MM-DD"}
    if hasattr(kind, "__metadata__"):
        meta = [one for one in kind.__metadata__ if isinstance(one, msgspec.Meta)]
        said = [one.description for one in meta if one.description]
        limits = [f">= {one.ge:g}" for one in meta if one.ge is not None] + [
            f"<= {one.le:g}" for one in meta if one.le is not None
        ]
        limits += [f"> {one.gt:g}" for one in meta if one.gt is not None]
        base = said[0] if said else _type(kind.__origin__)
        return " ".join((base, *limits)).replace("|", "or")
    arguments = get_args(kind)
    if not arguments:
        return described.get(str(kind), getattr(kind, "__name__", str(kind)))
    origin = str(getattr(kind, "__origin__", ""))
    if all(isinstance(one, str) for one in arguments):
        return " · ".join(f"`{one}`" for one in arguments)
    inner = [_type(one) for one in arguments if one is not type(None) and one is not Ellipsis]
    if "tuple" in origin:
        return f"list of {inner[0]}" if Ellipsis in arguments else " and ".join(inner)
    if "dict" in origin:
        return f"table of {inner[0]} → {inner[1]}"
    return " or ".join(dict.fromkeys(inner))


def _default(field: Any) -> str:
    if field.required:
        return "**must be given**"
    value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return "—" if value in (None, "", (), {}) else f"`{value}`".lower() if isinstance(value, bool) else f"`{value}`"
