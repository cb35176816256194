"""What is wrong with a partnership beyond the shape of its fields: each with file, rule and field."""

import zoneinfo
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any

from skillbridge.errors import BadInput
from skillbridge.partnerships.places import COUNTRIES
from skillbridge.partnerships.rules.base import Rule
from skillbridge.partnerships.rules.pay import WageRule
from skillbridge.partnerships.rules.quota import Cell, QuotaRule
from skillbridge.partnerships.rules.shares import ShareRule
from skillbridge.partnerships.selector import Selector, values

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_COMMON = {"id", "where", "exempt", "strictness", "penalty", "valid_from", "valid_to", "overrides", "source", "note"}


def validate(partnership: "Partnership", name: str, *, scenario: bool = False) -> Iterator[BadInput]:
    """Every problem, in the order of the file; `name` is the file's."""
    yield from _envelope(partnership, name, scenario)
    ids: dict[str, int] = {}
    for number, rule in enumerate(partnership.rules):
        where = f"{name}: rules[{number}] {rule.id}"
        if rule.id in ids:
            yield BadInput(f"{where}.id", f"used by rules[{ids[rule.id]}] too", "a name of its own")
        ids.setdefault(rule.id, number)
        yield from _rule(rule, where)
    by_id = {rule.id: rule for rule in partnership.rules}
    for number, rule in enumerate(partnership.rules):
        yield from _references(rule, f"{name}: rules[{number}] {rule.id}", by_id, partnership)
        yield from _idle(rule, f"{name}: rules[{number}] {rule.id}", partnership)
    for (i, one), (j, other) in combinations(enumerate(partnership.rules), 2):
        yield from _contradictions(one, other, f"{name}: rules[{j}] {other.id}", f"rules[{i}] {one.id}")


def _envelope(partnership: "Partnership", name: str, scenario: bool) -> Iterator[BadInput]:
    from skillbridge.partnerships.partnership import TOPICS

    for field in ("destination", "origins"):
        for code in getattr(partnership, field):
            if code not in COUNTRIES:
                yield BadInput(f"{name}: {field}", f"unknown country {code!r}", "ISO 3166-1 alpha-2")
    for code in partnership.parties:
        if code[:2] not in COUNTRIES:
            yield BadInput(f"{name}: parties", f"unknown country {code!r}", "ISO 3166-1, or 3166-2 of a region")
    yield from _order(partnership.valid_from, partnership.valid_to, f"{name}: valid_to")
    for topic in partnership.covers_topics:
        if topic not in TOPICS:
            yield BadInput(f"{name}: covers_topics", f"unknown topic {topic!r}", ", ".join(TOPICS))
    try:
        zoneinfo.ZoneInfo(partnership.tz)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield BadInput(f"{name}: tz", f"unknown time zone {partnership.tz!r}", "an IANA name such as Pacific/Auckland")
    if not partnership.is_overlay and not partnership.destination:
        yield BadInput(f"{name}: destination", "missing", "at least one country, or kind origin_policy")
    if partnership.is_overlay and not partnership.origins:
        yield BadInput(f"{name}: origins", "missing", "the countries whose policy it is")
    if partnership.relaxed and not scenario:
        yield BadInput(f"{name}: relaxed", "rules relaxed in an operational file", "a scenario that relaxes them")


def _rule(rule: Rule, where: str) -> Iterator[BadInput]:
    yield from _order(rule.valid_from, rule.valid_to, f"{where}.valid_to")
    if rule.right and rule.strictness == "soft":
        yield BadInput(f"{where}.strictness", "soft, for a rule that protects workers", "hard; a scenario may relax it")
    selectors: list[tuple[str, Any]] = [("where", rule.where)]
    selectors += [(f"exempt[{n}]", selector) for n, selector in enumerate(rule.exempt)]
    for field, selector in selectors:
        if selector is None:
            continue
        for part, what, expected in selector.problems():
            yield BadInput(f"{where}.{field}.{part}".rstrip("."), what, expected)
        if selector.sex is not None and not isinstance(rule, ShareRule):
            yield BadInput(f"{where}.{field}.sex", "sex outside a share rule", "a share rule with its legal basis")
        if field != "where" and selector.partnership is not None:
            yield BadInput(f"{where}.{field}.partnership", "an exemption by partnership", "where = {partnership = ...}")
    for part, what, expected in rule.problems():
        yield BadInput(f"{where}.{part}".rstrip("."), what, expected)


def _order(first: date | None, last: date | None, where: str) -> Iterator[BadInput]:
    if first is not None and last is not None and last < first:
        yield BadInput(where, f"{last} is before valid_from {first}", f"{first} or later")


def _references(rule: Rule, where: str, by_id: dict[str, Any], partnership: "Partnership") -> Iterator[BadInput]:
    for other in rule.overrides:
        if other == rule.id or other not in by_id or by_id[other].kind != rule.kind:
            yield BadInput(f"{where}.overrides", f"{other!r}", f"the id of another {rule.kind} rule of this file")
    if isinstance(rule, QuotaRule):
        for field in ("adds_to", "rollover_to"):
            target = getattr(rule, field)
            if target is not None and not isinstance(by_id.get(target), QuotaRule):
                yield BadInput(f"{where}.{field}", f"{target!r}", "the id of a quota rule of this file")
            elif target is not None and (by_id[target].per or by_id[target].count == "stock"):
                yield BadInput(f"{where}.{field}", f"{target!r} has a table or counts stock", "a plain quota")
            if target is not None and target in by_id and _circular(rule.id, field, by_id):
                yield BadInput(f"{where}.{field}", "a circle", "an end")
    if isinstance(rule, WageRule):
        known = {one.id for one in partnership.references}
        for n, floor in enumerate(rule.floors):
            if floor.ref and floor.ref not in known:
                yield BadInput(
                    f"{where}.floors[{n}].ref", f"unknown reference {floor.ref!r}", "[[references]] with that id"
                )


def _idle(rule: Rule, where: str, partnership: "Partnership") -> Iterator[BadInput]:
    """What can never bind: places and days outside the agreement's own."""
    lands = {"origin": partnership.origins, "destination": partnership.destination}
    lands |= {"origin_region": partnership.origins, "region": partnership.destination}
    spots: list[tuple[str, Selector | Cell]] = [("where", rule.where)] if rule.where else []
    if isinstance(rule, QuotaRule):
        spots += [(f"table[{n}]", cell) for n, cell in enumerate(rule.table)]
    for spot, one in spots:
        for field, allowed in lands.items():
            for code in values(getattr(one, field)):
                if allowed and code[:2] not in allowed and code[:2] in COUNTRIES:
                    yield BadInput(f"{where}.{spot}.{field}", f"{code!r} is outside the agreement", ", ".join(allowed))
    first, last = partnership.valid_from or date.min, partnership.valid_to or date.max
    if (rule.valid_from or first) > last or (rule.valid_to or last) < first:
        field = "valid_from" if (rule.valid_from or first) > last else "valid_to"
        yield BadInput(f"{where}.{field}", "the rule is never in force", f"a day within {_days(first, last)}")
    span = rule.span_of(rule.used.as_of) if isinstance(rule, QuotaRule) and rule.used else None
    if span and (span[1] < first or span[0] > last):
        what = "a day in no period of the agreement"
        yield BadInput(f"{where}.used.as_of", what, f"a day of a period that meets {_days(first, last)}")


def _days(first: date, last: date) -> str:
    """The days from `first` to `last`, either of which may be open."""
    start = "the beginning" if first == date.min else str(first)
    return f"{start} to {'no end' if last == date.max else last}"


def _circular(start: str, field: str, by_id: dict[str, Any]) -> bool:
    seen, here = set(), start
    while (following := getattr(by_id.get(here), field, None)) is not None:
        if following in seen:
            return True
        seen.add(here)
        here = following
    return False


def _contradictions(one: Rule, other: Rule, where: str, first: str) -> Iterator[BadInput]:
    """Two rules of a kind that mean the same placements on the same days must not differ, nor say the same."""
    if one.kind != other.kind or one.id in other.overrides or other.id in one.overrides:
        return
    if not _same_selector(one.where, other.where) or one.exempt != other.exempt or not _overlap(one, other):
        return
    if any(getattr(one, field) != getattr(other, field) for field in one.same_by):
        return
    empty = dict(zip(one.__struct_fields__, _defaults(one), strict=True))
    payload = [field for field in one.__struct_fields__ if field not in _COMMON and field not in one.same_by]
    for field in payload:
        mine, theirs = getattr(one, field), getattr(other, field)
        if mine == empty[field] or theirs == empty[field] or _apart(mine, theirs):
            continue
        if isinstance(mine, dict):
            shared = {key for key in mine if key in theirs}
            mine, theirs = ({key: value[key] for key in shared} for value in (mine, theirs))
        what = f"{_short(theirs)} beside {_short(mine)} of {first}" if mine != theirs else f"the same as in {first}"
        yield BadInput(f"{where}.{field}", what, "one of the two, different dates or places, or overrides")
        return


def _apart(mine: Any, theirs: Any) -> bool:
    """Whether two lists of names, or two tables, speak of different things."""
    names = isinstance(mine, dict) or (isinstance(mine, tuple) and bool(mine) and isinstance(mine[0], str))
    return names and not set(mine) & set(theirs)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _defaults(rule: Rule) -> list[Any]:
    import msgspec

    fields = msgspec.structs.fields(type(rule))
    return [
        field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default for field in fields
    ]


def _same_selector(one: Selector | None, other: Selector | None) -> bool:
    return one == other


def _overlap(one: Rule, other: Rule) -> bool:
    low = max(one.valid_from or date.min, other.valid_from or date.min)
    high = min(one.valid_to or date.max, other.valid_to or date.max)
    return low <= high
