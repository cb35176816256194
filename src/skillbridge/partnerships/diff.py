"""What changed between two versions of an agreement: in words, and in effect."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl

from skillbridge.partnerships.dates import rough_days
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.base import Rule
from skillbridge.partnerships.rules.pay import Money
from skillbridge.partnerships.wording import says

Effect = Literal["looser", "stricter", "other"]
_MORE_IS_LOOSER = {
    "quota": {"max": True, "min": False, "conversion": False},
    "stay": {
        "max": True, "window": False, "min": False, "cooling_off": False, "absence_before": False, "career_max": True,
        "reset_after_absence": False,
    },
    "eligibility": {"age_min": False, "age_max": True, "experience_months": False, "education": False},
    "employer_gate": {"max_heads": True, "max_local_ratio": True},
    "guarantee": {"hours": False, "share": False},
    "wage": {"uplift_percent": False, "uplift_seasons": True},
    "cost": {"worker_max": True, "worker_share": True},
    "housing": {"rent_max": True, "rent_share_max": True},
    "timing": {"lead_time": False, "monthly_capacity": True},
    "group": {"min_group": False, "relatives_max": True},
    "share": {"min": False, "max": True},
    "brain_drain": {"percent": True},
    "training": {"seats": True},
    "compliance": {"absconding_max": True, "employer_score_min": False},
    "returning": {"max_consecutive": True, "reserved_share": False, "new_share_min": False},
}  # fmt: skip
"""Rule kind -> field -> whether a greater value admits more."""


class Change(msgspec.Struct, frozen=True):
    """A rule added, removed or changed (`fields`), or the envelope (rule ""), in words before and after.

    effect: looser admits more placements, stricter fewer, other is neither by its numbers alone.
    """

    rule: str
    what: Literal["added", "removed", "changed"]
    fields: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    effect: Effect


class Measured(msgspec.Struct, frozen=True):
    """What two versions admit of workers and vacancies: pairs by each, gained and lost, and workers with any."""

    pairs_before: int
    pairs_after: int
    gained: int
    lost: int
    workers_with_a_place_before: int
    workers_with_a_place_after: int


def diff(old: Partnership, new: Partnership, language: str = "en") -> list[Change]:
    """Every change, the envelope first, then rules in the order of `new`, then those removed."""
    changes = list(_envelope(old, new))
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for name, rule in after.items():
        if name not in before:
            effect: Effect = "stricter" if _binds(rule) else "other"
            changes.append(Change(name, "added", (), (), tuple(says(rule, language)), effect))
        elif before[name] != rule:
            fields = tuple(_changed(before[name], rule))
            lines = tuple(says(before[name], language)), tuple(says(rule, language))
            changes.append(Change(name, "changed", fields, *lines, _effect(before[name], rule, fields)))
    for name, rule in before.items():
        if name not in after:
            effect = "looser" if _binds(rule) else "other"
            changes.append(Change(name, "removed", (), tuple(says(rule, language)), (), effect))
    return changes


def measure(old: Partnership, new: Partnership, workers: pl.DataFrame, vacancies: pl.DataFrame) -> Measured:
    """The effect on these workers and vacancies (tables.WORKERS, tables.VACANCIES), past stays left aside."""
    from skillbridge.partnerships.admission import REFUSED, admission

    answers = []
    for version in (old, new):
        found = admission(workers, vacancies.with_columns(partnership=pl.lit(version.id)), [version])
        answers.append((found.pathway != REFUSED, found.worker_class, found.vacancy_class))
    pairs = [_count(*answer) for answer in answers]
    joint = _joint(answers[0], answers[1])
    placed = [int(answer[0].any(axis=1)[answer[1]].sum()) for answer in answers]
    return Measured(pairs[0], pairs[1], pairs[1] - joint, pairs[0] - joint, placed[0], placed[1])


def _count(open_: Any, worker_class: Any, vacancy_class: Any) -> int:
    people, jobs = (
        np.bincount(codes, minlength=size)
        for codes, size in zip((worker_class, vacancy_class), open_.shape, strict=True)
    )
    return int(people @ open_.astype(np.int64) @ jobs)


def _joint(one: Any, other: Any) -> int:
    """Pairs that both versions admit: by the classes of the one crossed with those of the other."""
    worker, w_at = _crossed(one[1], other[1])
    vacancy, v_at = _crossed(one[2], other[2])
    both = one[0][np.ix_(one[1][w_at], one[2][v_at])] & other[0][np.ix_(other[1][w_at], other[2][v_at])]
    return _count(both, worker, vacancy)


def _crossed(a: Any, b: Any) -> tuple[Any, Any]:
    _, at, inverse = np.unique(
        a.astype(np.int64) * (int(b.max(initial=0)) + 1) + b, return_index=True, return_inverse=True
    )
    return inverse, at


def _envelope(old: Partnership, new: Partnership) -> Iterator[Change]:
    for field in Partnership.__struct_fields__:
        if field in ("rules", "version"):
            continue
        a, b = getattr(old, field), getattr(new, field)
        if a != b:
            effect: Effect = "other"
            if field in ("origins", "destination") and a and b:
                effect = "looser" if set(b) > set(a) else "stricter" if set(b) < set(a) else "other"
            yield Change("", "changed", (field,), (_text(a),), (_text(b),), effect)


def _changed(old: Rule, new: Rule) -> Iterator[str]:
    if type(old) is not type(new):
        yield "type"
        return
    for field in new.__struct_fields__:
        if getattr(old, field) != getattr(new, field):
            yield field


def _effect(old: Rule, new: Rule, fields: tuple[str, ...]) -> Effect:
    effects = set()
    for field in fields:
        if field in ("source", "note"):
            continue
        more = _MORE_IS_LOOSER.get(new.kind, {}).get(field)
        a, b = _size(getattr(old, field, None)), _size(getattr(new, field, None))
        if more is None or a is None or b is None or a == b:
            effects.add("other")
        else:
            effects.add("looser" if (b > a) == more else "stricter")
    if effects == {"looser"}:
        return "looser"
    return "stricter" if effects == {"stricter"} else "other"


def _size(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, str) and value[:1] == "P" and value[1:2].isdigit():
        return float(rough_days(value))
    return None


def _binds(rule: Rule) -> bool:
    return rule.strictness == "hard" and rule.kind not in ("order", "transport")


def _text(value: Any) -> str:
    return str(msgspec.to_builtins(value, builtin_types=(date,)))
