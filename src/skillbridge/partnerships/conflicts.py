"""Where two agreements speak of the same placements and differ: shown, never resolved silently; both bind."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Any

import msgspec

from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.base import Rule
from skillbridge.partnerships.selector import Selector, values

_COMPARED = {
    "quota": ("max", "min"),
    "stay": ("max", "min", "window", "cooling_off", "absence_before", "career_max", "fixed_season"),
    "eligibility": ("age_min", "age_max", "education", "experience_months"),
    "wage": ("floors",),
    "guarantee": ("hours", "share"),
    "cost": ("worker_max", "worker_share"),
    "housing": ("rent_max", "rent_share_max"),
    "brain_drain": ("mode", "percent"),
    "mobility": ("change",),
    "order": ("method",),
}
"""Fields in which two sovereigns may differ."""


class Conflict(msgspec.Struct, frozen=True):
    """Two rules that bind the same placements with different values of `field`. Both hold, so the stricter decides."""

    one: str
    one_rule: str
    other: str
    other_rule: str
    field: str
    values: tuple[str, str]


def conflicts(partnerships: Sequence[Partnership]) -> list[Conflict]:
    """All of them, between every policy of an origin and every pathway (or policy) that shares placements with it."""
    found: list[Conflict] = []
    for one, other in combinations(partnerships, 2):
        if (one.is_overlay or other.is_overlay) and _meet(one, other):
            found += _between(one, other)
    return found


def _meet(one: Partnership, other: Partnership) -> bool:
    def share(a: Sequence[str], b: Sequence[str]) -> bool:
        return not a or not b or bool(set(a) & set(b))

    first = max(one.valid_from or date.min, other.valid_from or date.min)
    last = min(one.valid_to or date.max, other.valid_to or date.max)
    return share(one.origins, other.origins) and share(one.destination, other.destination) and first <= last


def _between(one: Partnership, other: Partnership) -> Iterator[Conflict]:
    days = [one.valid_from or date.min, other.valid_from or date.min]
    ends = [one.valid_to or date.max, other.valid_to or date.max]
    for a in one.rules:
        for b in other.rules:
            if a.kind == b.kind and _same_ground(a, b, max(days), min(ends)):
                for field in _COMPARED.get(a.kind, ()):
                    x, y = getattr(a, field), getattr(b, field)
                    if x not in (None, ()) and y not in (None, ()) and x != y:
                        yield Conflict(one.id, a.id, other.id, b.id, field, (_text(x), _text(y)))


def _same_ground(a: Rule, b: Rule, first: date, last: date) -> bool:
    """Whether one placement that starts within `first`..`last` can be meant by both, as far as lists of codes tell."""
    if getattr(a, "item", None) != getattr(b, "item", None):
        return False
    first = max(first, a.valid_from or date.min, b.valid_from or date.min)
    last = min(last, a.valid_to or date.max, b.valid_to or date.max)
    return first <= last and _may_share(a.where, b.where)


def _may_share(a: Selector | None, b: Selector | None) -> bool:
    if a is None or b is None:
        return True
    for name in ("origin", "destination", "employer", "operator", "channel", "worker", "track"):
        x, y = values(getattr(a, name)), values(getattr(b, name))
        if x and y and not set(x) & set(y):
            return False
    for name in ("region", "origin_region", "sector", "occ", "worker_occ"):
        x, y = values(getattr(a, name)), values(getattr(b, name))
        if x and y and not any(p.startswith(q) or q.startswith(p) for p in x for q in y):
            return False
    return True


def _text(value: Any) -> str:
    return str(msgspec.to_builtins(value, builtin_types=(date,)))
