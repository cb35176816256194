"""How many: caps by period and dimension, overlapping, widened, released, rolled over, reserved; and shares.

Every quota is a pool of places. Rules joined by `adds_to` or `rollover_to` form a family of pools: a placement takes
one place from any pool it may use. By Hall's theorem there are enough places exactly when, for every set of pools S,
the placements that may use no pool outside S are at most the places of S; those are the rows. A rule in no family is a
family of one, and caps of different families all bind.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import product
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.dates import Period, is_month_day
from skillbridge.partnerships.places import COUNTRIES
from skillbridge.partnerships.rules.base import Limit, LimitsOf, Phrase, Rule, Strictness, Tally, VacancyRow, Violation
from skillbridge.partnerships.selector import Problem, Selector
from skillbridge.partnerships.view import Codes, Mask, Population, View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

CountBasis = Literal["visas", "approvals", "admissions", "positions", "stock"]
Dimension = Literal[
    "origin",
    "origin_region",
    "destination",
    "region",
    "sector",
    "occ",
    "employer",
    "operator",
    "channel",
    "site",
    "month",
]
_COLUMN: Mapping[str, tuple[str, str]] = {
    "origin": ("worker", "origin"),
    "origin_region": ("worker", "region"),
    "destination": ("vacancy", "destination"),
    "region": ("vacancy", "region"),
    "sector": ("vacancy", "sector"),
    "occ": ("vacancy", "isco"),
    "employer": ("vacancy", "employer_id"),
    "operator": ("vacancy", "operator"),
    "channel": ("vacancy", "channel"),
    "site": ("vacancy", "site_id"),
}
Heads = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a quota's table: the values of its `per` dimensions, its maximum, and places already used."""

    max: Heads
    origin: str | None = None
    origin_region: str | None = None
    destination: str | None = None
    region: str | None = None
    sector: str | None = None
    occ: str | None = None
    employer: str | None = None
    operator: str | None = None
    channel: str | None = None
    site: str | None = None
    month: Annotated[int, msgspec.Meta(ge=1, le=12)] | None = None
    used: Heads = 0

    def key(self, per: tuple[str, ...]) -> tuple[str, ...]:
        """Its values of the dimensions, as text."""
        return tuple("" if getattr(self, name) is None else str(getattr(self, name)) for name in per)


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `date` (a full date, or MM-DD in every period) this `share` of the maximum more may start."""

    date: str
    share: Share


class Used(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places of the period that holds `as_of` that are gone already."""

    count: Heads
    as_of: date


class Reserve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Part of the maximum kept for those `where` means: the others get at most the rest."""

    where: Selector
    share: Share | None = None
    places: Heads | None = None


class QuotaRule(Rule, frozen=True, kw_only=True, tag="quota"):
    """At most `max` (and, as a wish, at least `min`) placements per period, each counted by the day it starts.

    count: what the agreement counts; `stock` counts people present on the same day. per: one maximum per value of these
    dimensions, from `table` (`max` for values not listed; without `max` they get none). release: shares of the maximum
    that become available in steps. adds_to: widens that rule for those `where` means. rollover_to: what stays free
    here may be used there. used: places gone already. conversion: expected arrivals per place counted (0 to 1], so
    that more may be issued. reserved: places kept for some.
    """

    max: Heads | None = None
    min: Heads | None = None
    count: CountBasis = "visas"
    period: Period | None = None
    per: tuple[Dimension, ...] = ()
    table: tuple[Cell, ...] = ()
    release: tuple[Release, ...] = ()
    rollover_to: str | None = None
    adds_to: str | None = None
    used: Used | None = None
    conversion: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    reserved: tuple[Reserve, ...] = ()

    same_by = ("count", "per", "period", "adds_to")

    # places ----------------------------------------------------------------------------------------------------------

    def places(self, span: tuple[date, date] | None, key: tuple[str, ...]) -> int | None:
        """Places left for a period instance and the values of `per`, or None where there is no maximum."""
        maximum, used = self.max, 0
        if self.table:
            cell = next((cell for cell in self.table if cell.key(self.per) == key), None)
            maximum, used = (cell.max, cell.used) if cell else (self.max or 0, 0)
        if maximum is None:
            return None
        if self.used and (span is None or span[0] <= self.used.as_of <= span[1]):
            used += self.used.count
        places = maximum if self.conversion is None else int(Fraction(maximum) / Fraction(str(self.conversion)))
        return max(0, places - used)

    def key_of(self, case: Case) -> tuple[str, ...]:
        """A placement's values of `per`, as text; what is not stated is ""."""
        found = []
        for name in self.per:
            if name == "month":
                found.append(str(case.start.month))
            else:
                side, column = _COLUMN[name]
                found.append(str(getattr(case.worker if side == "worker" else case.vacancy, column) or ""))
        return tuple(found)

    def span_of(self, day: date) -> tuple[date, date] | None:
        """The period instance that a start on `day` counts in."""
        return self.period.bounds(day) if self.period and self.period.kind != "rolling" else None

    # to a solver -----------------------------------------------------------------------------------------------------

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        family = partnership.pools(self)
        if family[0].id != self.id:
            return
        if len(family) > 1:
            yield from _family_rows(family, view, partnership)
            return
        if self.count == "stock":
            yield from self._stock(view, partnership)
        elif self.period and self.period.kind == "rolling":
            yield from self._rolling(view, partnership)
        else:
            yield from self._caps(view, partnership)

    def _keys(
        self, view: View, *, timed: bool = True
    ) -> tuple[
        Codes | None, Codes | None, list[tuple[str, ...]], list[tuple[tuple[str, ...], tuple[date, date] | None]]
    ]:
        """Worker codes and vacancy codes (with the period), and what each code stands for."""
        mine = [name for name in self.per if name != "month" and _COLUMN[name][0] == "worker"]
        theirs = [name for name in self.per if name not in mine]
        worker_codes, worker_values = _combine(view, mine)
        vacancy_codes, vacancy_values = _combine(view, theirs)
        labelled: list[tuple[tuple[str, ...], tuple[date, date] | None]] = [(value, None) for value in vacancy_values]
        if timed and self.period and self.period.kind != "rolling":
            spans, numbers = self.period.codes(view.start)
            base = np.zeros(len(numbers), dtype=np.int32) if vacancy_codes is None else vacancy_codes
            vacancy_codes = (base * max(1, len(spans)) + numbers).astype(np.int32)
            labelled = [(value, span) for value in vacancy_values for span in spans]
        return worker_codes, vacancy_codes, worker_values, labelled

    def _key(self, mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
        left, right = iter(mine), iter(theirs)
        return tuple(
            next(left) if name != "month" and _COLUMN[name][0] == "worker" else next(right) for name in self.per
        )

    def _caps(self, view: View, partnership: "Partnership") -> Iterator[Tally]:
        worker_codes, vacancy_codes, mine, theirs = self._keys(view)
        table: dict[tuple[int, int], Sequence[Limit | None]] = {}
        reserves: dict[tuple[int, int], Sequence[Limit | None]] = {}
        for (i, left), (j, (right, span)) in product(enumerate(mine), enumerate(theirs)):
            key = self._key(left, right)
            label = _label(key, span, self.period)
            places = self.places(span, key)
            if places is not None or self.min is not None:
                soft = Limit(-(self.min or 0), label, self.count, self.penalty or 300)
                table[i, j] = (
                    None if places is None else self.limit(places, label, self.count),
                    soft if self.min else None,
                )
            if places is not None and self.reserved:
                limits = [
                    self.limit(_rest(places, reserve), f"{label} unreserved".strip(), self.count)
                    for reserve in self.reserved
                ]
                reserves[i, j] = limits
        everyone = self.population(view, partnership)
        both_rows = np.array([[0, 0], [1, -1]], dtype=np.int64)
        common: dict[str, Any] = {"worker_key": worker_codes, "vacancy_key": vacancy_codes, "pathways": self.pathways()}
        yield Tally(self.id, (everyone,), both_rows, LimitsOf(table=table), **common)
        if self.reserved:
            kept = [
                self.population(view, partnership, reserve.where.where(view, partnership, unknown=False))
                for reserve in self.reserved
            ]
            bits = np.arange(2 ** (len(kept) + 1))
            rows = [((bits & 1) & ~(bits >> (n + 1))) & 1 for n in range(len(kept))]
            yield Tally(
                self.id, (everyone, *kept), np.stack(rows, axis=1).astype(np.int64), LimitsOf(table=reserves), **common
            )
        for step, following in zip(self.release, self.release[1:], strict=False):
            yield from self._released(view, partnership, step, following, theirs, mine, common)

    def _released(
        self,
        view: View,
        partnership: "Partnership",
        step: Release,
        following: Release,
        theirs: Any,
        mine: Any,
        common: Any,
    ) -> Iterator[Tally]:
        """Before the next release, no more starts than released so far."""
        share = sum(Fraction(str(one.share)) for one in self.release[: self.release.index(step) + 1])
        table: dict[tuple[int, int], Sequence[Limit | None]] = {}
        for (i, left), (j, (right, span)) in product(enumerate(mine), enumerate(theirs)):
            places = self.places(span, self._key(left, right))
            if places is not None:
                label = f"{_label(self._key(left, right), span, self.period)} before {following.date}".strip()
                table[i, j] = (self.limit(int(places * share), label, self.count),)
        early = np.array(
            [day < release_day(following.date, self.span_of(day)) for day in view.start.tolist()], dtype=np.bool_
        )
        population = self.population(view, partnership, (Mask(vacancy=early),))
        yield Tally(self.id, (population,), np.array([[0], [1]], dtype=np.int64), LimitsOf(table=table), **common)

    def _rolling(self, view: View, partnership: "Partnership") -> Iterator[Tally]:
        assert self.period is not None
        for first in np.unique(view.start).tolist():
            _, last = self.period.bounds(first)
            inside = (view.start >= np.datetime64(first)) & (view.start <= np.datetime64(last))
            yield from self._instants(view, partnership, inside, f"{first}..{last}")

    def _stock(self, view: View, partnership: "Partnership") -> Iterator[Tally]:
        for day in np.unique(view.start):
            present = (view.start <= day) & (view.end >= day)
            yield from self._instants(view, partnership, present, str(day))

    def _instants(self, view: View, partnership: "Partnership", counted: Any, label: str) -> Iterator[Tally]:
        worker_codes, vacancy_codes, mine, theirs = self._keys(view, timed=False)
        table: dict[tuple[int, int], Sequence[Limit | None]] = {}
        for (i, left), (j, (right, _)) in product(enumerate(mine), enumerate(theirs)):
            key = self._key(left, right)
            places = self.places(None, key)
            if places is not None:
                table[i, j] = (self.limit(places, " ".join((*filter(None, key), label)), self.count),)
        population = self.population(view, partnership, (Mask(vacancy=counted),))
        yield Tally(
            self.id, (population,), np.array([[0], [1]], dtype=np.int64), LimitsOf(table=table),
            worker_codes, vacancy_codes, self.pathways(),
        )  # fmt: skip

    # to a judge ------------------------------------------------------------------------------------------------------

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        family = partnership.pools(self)
        if family[0].id != self.id:
            return
        if len(family) > 1:
            yield from _judge_family(family, cases, partnership)
            return
        counted = [case for case in cases if self.applies(case, partnership)]
        groups: dict[tuple[Any, ...], list[Case]] = {}
        for case in counted:
            groups.setdefault((self.key_of(case), self.span_of(case.start)), []).append(case)
        for (key, span), group in sorted(groups.items(), key=lambda item: str(item[0])):
            places = self.places(span, key)
            label = _label(key, span, self.period)
            if places is None:
                pass
            elif self.count == "stock" or (self.period and self.period.kind == "rolling"):
                for day in sorted({case.start for case in group}):
                    last = day if self.count == "stock" else self.period.bounds(day)[1]  # type: ignore[union-attr]
                    present = [
                        c
                        for c in group
                        if (c.start <= day <= c.end if self.count == "stock" else day <= c.start <= last)
                    ]
                    if len(present) > places:
                        yield self._over(partnership, present, places, f"{label} {day}".strip())
            else:
                if len(group) > places:
                    yield self._over(partnership, group, places, label)
                for reserve in self.reserved:
                    others = [case for case in group if not reserve.where.matches(case, partnership, unknown=False)]
                    if len(others) > _rest(places, reserve):
                        yield self._over(partnership, others, _rest(places, reserve), f"{label} unreserved".strip())
                share = Fraction(0)
                for step, following in zip(self.release, self.release[1:], strict=False):
                    share += Fraction(str(step.share))
                    early = [case for case in group if case.start < release_day(following.date, span)]
                    if len(early) > int(places * share):
                        yield self._over(
                            partnership, early, int(places * share), f"{label} before {following.date}".strip()
                        )
            if self.min is not None and len(group) < self.min:
                violation = self.broken(
                    partnership,
                    "quota.min",
                    group,
                    self.min - len(group),
                    self.count,
                    limit=self.min,
                    used=len(group),
                    label=label,
                )
                yield msgspec.structs.replace(violation, strictness="soft")

    def _over(self, partnership: "Partnership", group: Sequence[Case], places: int, label: str) -> Violation:
        return self.broken(
            partnership, "quota.max", group, len(group) - places, self.count, limit=places, used=len(group), label=label
        )

    # itself ----------------------------------------------------------------------------------------------------------

    def problems(self) -> Iterable[Problem]:
        if self.max is None and self.min is None and not self.table:
            yield "max", "missing", "max, min or table"
        if self.max is not None and self.min is not None and self.min > self.max:
            yield "min", f"{self.min} is above max {self.max}", f"<= {self.max}"
        if self.table and not self.per:
            yield "per", "missing beside a table", "the dimensions of the table"
        if len(set(self.per)) != len(self.per):
            yield "per", "a dimension twice", "each once"
        seen = set()
        for n, cell in enumerate(self.table):
            given = {name for name in _COLUMN.keys() | {"month"} if getattr(cell, name) is not None}
            if given != set(self.per):
                yield f"table[{n}]", f"values for {sorted(given)}", f"exactly {sorted(self.per)}"
            elif cell.key(self.per) in seen:
                yield f"table[{n}]", f"{' '.join(cell.key(self.per))} twice", "each once"
            seen.add(cell.key(self.per))
            for name in ("origin", "destination"):
                code = getattr(cell, name)
                if code is not None and code not in COUNTRIES:
                    yield f"table[{n}].{name}", f"unknown country {code!r}", "ISO 3166-1 alpha-2"
        if self.release:
            if sum(Fraction(str(step.share)) for step in self.release) != 1:
                yield "release", "shares that do not sum to 1", "shares of the whole maximum"
            for step in self.release:
                if not _is_day(step.date):
                    yield "release.date", f"impossible day {step.date!r}", "MM-DD or YYYY-MM-DD"
            if any(len(step.date) == 5 for step in self.release) and self.period is None:
                yield "release", "MM-DD without a period", "a period, or full dates"
        for n, reserve in enumerate(self.reserved):
            if (reserve.share is None) == (reserve.places is None):
                yield f"reserved[{n}]", "share and places", "exactly one of the two"
            for field, what, expected in reserve.where.problems():
                yield f"reserved[{n}].where.{field}", what, expected
        if self.count == "stock" and (self.release or self.period or self.reserved):
            yield "count", "stock with period, release or reserved", "people present at once need none of these"
        if self.period is not None:
            yield from _period_problems(self.period)
        if (self.adds_to or self.rollover_to) and (
            self.per or self.table or self.release or self.reserved or self.count == "stock"
        ):
            yield (
                "adds_to" if self.adds_to else "rollover_to",
                "with per, table, release, reserved or stock",
                "max and where only",
            )
        if self.id in (self.adds_to, self.rollover_to):
            yield "adds_to" if self.adds_to == self.id else "rollover_to", "the rule itself", "another quota"
        if self.conversion is not None and self.count in ("positions", "stock"):
            yield "conversion", f"for {self.count}", "visas, approvals or admissions"

    def says(self) -> Iterable[Phrase]:
        over = {"count": self.count, "period": self.period}
        if self.max is not None:
            code = "say.quota.adds" if self.adds_to else "say.quota.max_per" if self.per else "say.quota.max"
            yield code, over | {"max": self.max, "per": self.per, "to": self.adds_to}
        if self.min is not None:
            yield "say.quota.min", over | {"min": self.min}
        for cell in self.table:
            yield "say.quota.cell", {"max": cell.max, "list": cell.key(self.per)}
        for step in self.release:
            yield "say.quota.release", {"share": step.share, "date": step.date}
        if self.rollover_to:
            yield "say.quota.rollover", {"to": self.rollover_to}
        for reserve in self.reserved:
            code = "say.quota.reserved_share" if reserve.share is not None else "say.quota.reserved"
            yield code, {"share": reserve.share, "max": reserve.places, "who": reserve.where}
        if self.used:
            yield "say.quota.used", {"max": self.used.count, "date": self.used.as_of}
        if self.conversion is not None:
            yield "say.quota.conversion", {"share": self.conversion}


def _combine(view: View, names: Sequence[str]) -> tuple[Codes | None, list[tuple[str, ...]]]:
    """One code for the values of several dimensions on one side, and what each code stands for."""
    codes: Codes | None = None
    meaning: list[tuple[str, ...]] = [()]
    for name in names:
        if name == "month":
            numbers = (view.start.astype("datetime64[M]").astype(np.int64) % 12).astype(np.int32)
            texts = [str(month) for month in range(1, 13)]
        else:
            known, numbers = view.codes(*_COLUMN[name])
            texts = ["" if value is None else str(value) for value in known]
        codes = numbers if codes is None else (codes * len(texts) + numbers).astype(np.int32)
        meaning = [(*before, text) for before in meaning for text in texts]
    return codes, meaning


def _rest(places: int, reserve: Reserve) -> int:
    kept = reserve.places if reserve.places is not None else ceil(places * Fraction(str(reserve.share)))
    return max(0, places - kept)


def release_day(text: str, span: tuple[date, date] | None) -> date:
    """The day of a release: MM-DD falls within the period instance."""
    if len(text) == 10 or span is None:
        return date.fromisoformat(text)
    day = date(span[0].year, int(text[:2]), int(text[3:]))
    return day if day >= span[0] else date(span[0].year + 1, int(text[:2]), int(text[3:]))


def _is_day(text: str) -> bool:
    if re.fullmatch(r"\d\d-\d\d", text):
        return is_month_day(text) and text != "02-29"
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _period_problems(period: Period) -> Iterator[Problem]:
    if period.kind == "multi_year":
        if len(period.start) != 10 or not _is_day(period.start):
            yield "period.start", f"{period.start!r}", "a full date YYYY-MM-DD"
    elif not re.fullmatch(r"\d\d-\d\d", period.start) or not is_month_day(period.start) or period.start[3:] > "28":
        yield "period.start", f"impossible day {period.start!r}", "MM-DD, up to the 28th"
    if period.kind == "round" and (not period.rounds or list(period.rounds) != sorted(set(period.rounds))):
        yield "period.rounds", "missing or not in order", "full dates in order"
    if period.kind == "rolling" and period.window is None:
        yield "period.window", "missing", "a duration such as P12M"


def _label(key: tuple[str, ...], span: tuple[date, date] | None, period: Period | None) -> str:
    words = [part or "?" for part in key]
    if span is not None:
        first, last = span
        kind = period.kind if period else ""
        if kind == "month":
            words.append(f"{first:%Y-%m}")
        elif kind in ("year", "fiscal_year") and (first.month, first.day) == (1, 1):
            words.append(str(first.year))
        else:
            words.append(f"{'' if first == date.min else first}..{'' if last == date.max else last}")
    return " ".join(words)


# families ------------------------------------------------------------------------------------------------------------


def _uses(family: Sequence[QuotaRule]) -> list[int]:
    """For each pool's population, the pools it may use, as bits: its own, and those that roll over into it."""
    number = {rule.id: n for n, rule in enumerate(family)}
    uses = [1 << n for n in range(len(family))]
    for _ in family:
        for n, rule in enumerate(family):
            if rule.rollover_to in number:
                uses[number[rule.rollover_to]] |= uses[n]
    return uses


def _hall_sets(opened: Iterable[int]) -> list[int]:
    """The sets of pools (bits) whose rows are needed, given what the placements that can occur may use: the unions,
    without those that fall into two parts no placement connects."""
    wanted = {pools for pools in opened if pools}
    sets = set(wanted)
    for pools in wanted:
        sets |= {pools | other for other in sets}

    def splits(whole: int) -> bool:
        inside = [pools for pools in wanted if pools & ~whole == 0]
        return any(
            part != whole and part & ~whole == 0 and all(p & ~part == 0 or p & part == 0 for p in inside)
            for part in sets
        )

    return sorted(pools for pools in sets if not splits(pools))


def _possible(populations: Sequence[Population], n_vacancies: int) -> set[int]:
    """The patterns of populations that some vacancy allows, whoever the worker."""
    bits = np.zeros(n_vacancies, dtype=np.int64)
    for n, population in enumerate(populations):
        somebody = np.zeros(n_vacancies, dtype=np.bool_)
        for mask in population.include:
            somebody |= True if mask.vacancy is None else mask.vacancy
        bits |= somebody.astype(np.int64) << n
    patterns: set[int] = set()
    for whole in np.unique(bits).tolist():
        part = whole
        while part:
            patterns.add(part)
            part = (part - 1) & whole
    return patterns


def _usable(pattern: int, uses: Sequence[int], roots: int) -> int:
    """The pools (bits) open to a placement in the populations of `pattern`; 0 if no root counts it."""
    if not pattern & roots:
        return 0
    open_pools = 0
    for n, mask in enumerate(uses):
        if pattern >> n & 1:
            open_pools |= mask
    return open_pools


def _roots(family: Sequence[QuotaRule]) -> int:
    return sum(1 << n for n, rule in enumerate(family) if rule.adds_to is None)


def _family_period(family: Sequence[QuotaRule]) -> Period | None:
    return next((rule.period for rule in family if rule.adds_to is None and rule.period), None)


def _family_rows(family: Sequence[QuotaRule], view: View, partnership: "Partnership") -> Iterator[Tally]:
    head, uses, roots = family[0], _uses(family), _roots(family)
    period = _family_period(family)
    spans: Sequence[tuple[date, date] | None] = [None]
    numbers: Codes | None = None
    if period:
        spans, numbers = period.codes(view.start)
    populations = tuple(rule.population(view, partnership) for rule in family)
    possible = _possible(populations, len(view.start))
    opened = np.array(
        [_usable(pattern, uses, roots) if pattern in possible else 0 for pattern in range(1 << len(family))],
        dtype=np.int64,
    )
    sets = _hall_sets(opened.tolist())
    if not sets:
        return
    columns = [((opened != 0) & (opened & ~pools == 0)) for pools in sets]
    table: dict[tuple[int, int], Sequence[Limit | None]] = {}
    for j, span in enumerate(spans):
        capacity = [rule.places(span, ()) or 0 for rule in family]
        table[0, j] = [
            head.limit(
                sum(places for n, places in enumerate(capacity) if pools >> n & 1),
                _label(("+".join(rule.id for n, rule in enumerate(family) if pools >> n & 1),), span, period),
                head.count,
            )
            for pools in sets
        ]
    yield Tally(
        head.id,
        populations,
        np.stack(columns, axis=1).astype(np.int64),
        LimitsOf(table=table),
        None,
        numbers,
        head.pathways(),
    )


def _judge_family(
    family: Sequence[QuotaRule], cases: Sequence[Case], partnership: "Partnership"
) -> Iterator[Violation]:
    """By matching placements to pools one by one (augmenting paths), not by the rows."""
    uses, roots, period = _uses(family), _roots(family), _family_period(family)
    groups: dict[tuple[date, date] | None, list[tuple[Case, int]]] = {}
    for case in cases:
        pattern = sum(1 << n for n, rule in enumerate(family) if rule.applies(case, partnership))
        if pools := _usable(pattern, uses, roots):
            span = period.bounds(case.start) if period else None
            groups.setdefault(span, []).append((case, pools))
    for span, group in sorted(groups.items(), key=lambda item: str(item[0])):
        seated = _seated([pools for _, pools in group], [rule.places(span, ()) or 0 for rule in family])
        if seated < len(group):
            yield family[0].broken(
                partnership, "quota.max", [case for case, _ in group], len(group) - seated, family[0].count,
                limit=seated, used=len(group), label=_label(("+".join(rule.id for rule in family),), span, period),
            )  # fmt: skip


def _seated(wanted: Sequence[int], places: Sequence[int]) -> int:
    """How many placements find a place, each in one of the pools of its bits: a maximum flow."""
    kinds = Counter(wanted)
    n, m = len(kinds), len(places)
    graph = np.zeros((n + m + 2, n + m + 2), dtype=np.int32)
    for i, (pools, count) in enumerate(sorted(kinds.items())):
        graph[0, 1 + i] = count
        for j in range(m):
            if pools >> j & 1:
                graph[1 + i, 1 + n + j] = count
    graph[1 + n : 1 + n + m, -1] = np.minimum(places, np.iinfo(np.int32).max)
    return int(maximum_flow(sparse.csr_array(graph), 0, n + m + 1).flow_value)


class ShareRule(Rule, frozen=True, kw_only=True, tag="share"):
    """At least `min` or at most `max` of the placements that `of` means must also be what `who` means.

    `level` per: the share holds within each value of these dimensions. Soft unless `legal_basis` names the law that
    allows or demands it; `who` may then ask for sex.
    """

    who: Selector
    of: Selector | None = None
    min: Share | None = None
    max: Share | None = None
    per: tuple[Dimension, ...] = ()
    legal_basis: str = ""
    strictness: Strictness = "soft"

    same_by = ("who", "of", "per")

    def _quota(self) -> QuotaRule:
        return QuotaRule(id=self.id, max=0, per=self.per)

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        of = (self.of.where(view, partnership, unknown=True),) if self.of else ()
        everyone = self.population(view, partnership, *of)
        these = self.population(view, partnership, *of, self.who.where(view, partnership, unknown=False))
        worker_codes, vacancy_codes, mine, theirs = self._quota()._keys(view)
        for share, sign, word in ((self.min, 1, "at least"), (self.max, -1, "at most")):
            if share is None:
                continue
            a = Fraction(str(share))
            table: dict[tuple[int, int], Sequence[Limit | None]] = {}
            for (i, left), (j, (right, _)) in product(enumerate(mine), enumerate(theirs)):
                label = " ".join((*self._quota()._key(left, right), f"{word} {float(share) * 100:g} %"))
                table[i, j] = (self.limit(0, label, "placements", a.denominator),)
            both_parts = np.array(
                [[0], [a.numerator * sign], [0], [(a.numerator - a.denominator) * sign]], dtype=np.int64
            )
            limited = self.pathways() if self.of is None or self.of.partnership is None else _names(self.of)
            yield Tally(
                self.id, (everyone, these), both_parts, LimitsOf(table=table), worker_codes, vacancy_codes, limited
            )

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        groups: dict[tuple[str, ...], list[Case]] = {}
        for case in cases:
            if self.applies(case, partnership) and (
                self.of is None or self.of.matches(case, partnership, unknown=True)
            ):
                groups.setdefault(self._quota().key_of(case), []).append(case)
        for key, group in sorted(groups.items()):
            some = sum(self.who.matches(case, partnership, unknown=False) for case in group)
            for share, low in ((self.min, True), (self.max, False)):
                if share is None:
                    continue
                exact = Fraction(str(share)) * len(group)
                excess = exact - some if low else some - exact
                if excess > 0:
                    label = " ".join(key)
                    code = "share.min" if low else "share.max"
                    yield self.broken(
                        partnership, code, group, ceil(excess), "placements",
                        some=some, all=len(group), percent=f"{share * 100:g}", label=label,
                    )  # fmt: skip

    def problems(self) -> Iterable[Problem]:
        if self.min is None and self.max is None:
            yield "min", "missing", "min or max"
        if self.min is not None and self.max is not None and self.min > self.max:
            yield "min", f"{self.min:g} is above max {self.max:g}", f"<= {self.max:g}"
        for name in ("who", "of"):
            selector = getattr(self, name)
            if selector is not None:
                for field, what, expected in selector.problems():
                    yield f"{name}.{field}".rstrip("."), what, expected
        if self.strictness == "hard" and not self.legal_basis:
            yield "strictness", "a hard share without a legal basis", "legal_basis, or strictness soft"
        if self.who.sex is not None and not self.legal_basis:
            yield "who.sex", "a share by sex without a legal basis", "legal_basis with the positive-action law"
        if "month" in self.per:
            yield "per", "month", "another dimension"

    def says(self) -> Iterable[Phrase]:
        details = {"who": self.who, "of": self.of, "per": self.per, "basis": self.legal_basis}
        if self.min is not None:
            yield "say.share.min", details | {"share": self.min}
        if self.max is not None:
            yield "say.share.max", details | {"share": self.max}


def _names(selector: Selector) -> frozenset[str]:
    from skillbridge.partnerships.selector import values

    return frozenset(values(selector.partnership))
