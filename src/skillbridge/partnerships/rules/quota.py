"""How many: caps by period and dimension, overlapping, widened, released, rolled over, reserved; and shares.

Every quota is a pool of places. Rules joined by `adds_to` or `rollover_to` form a family of pools: a placement takes
one place from any pool it may use. By Hall's theorem there are enough places exactly when, for every set of pools S,
the placements that may use no pool outside S are at most the places of S; those are the rows. A rule in no family is a
family of one, and caps of different families all bind.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import product
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np

from skillbridge.partnerships.cases import Case
from skillbridge.partnerships.dates import Period, is_month_day
from skillbridge.partnerships.places import COUNTRIES, is_region, is_sector, isco_groups
from skillbridge.partnerships.rules.base import Limit, LimitsOf, Phrase, Rule, Tally, VacancyRow, Violation
from skillbridge.partnerships.rules.pools import family_rows, judge_family, label_of
from skillbridge.partnerships.selector import Problem, Selector, holds
from skillbridge.partnerships.view import Codes, Mask, View

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
_KNOWN: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "origin": (COUNTRIES.__contains__, "a country of ISO 3166-1 alpha-2"),
    "destination": (COUNTRIES.__contains__, "a country of ISO 3166-1 alpha-2"),
    "origin_region": (is_region, "a region of ISO 3166-2, or its beginning"),
    "region": (is_region, "a region of ISO 3166-2, or its beginning"),
    "sector": (is_sector, "an ISIC section (a letter) or 1 to 4 digits"),
    "occ": (lambda code: code in isco_groups(), "a group of ISCO-08, 1 to 4 digits"),
}
"""Dimension -> what its values must be, and that in words."""
_CODES = ("origin_region", "region", "sector", "occ")
"""Dimensions whose values are codes that match by their beginning."""
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

    def kept(self, places: int) -> int:
        """How many of `places` are kept: a share is rounded up."""
        return self.places if self.places is not None else ceil(places * Fraction(str(self.share)))


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
            cell = self.cell(key)
            maximum, used = (cell.max, cell.used) if cell else (self.max or 0, 0)
        if maximum is None:
            return None
        if self.used and (span is None or span[0] <= self.used.as_of <= span[1]):
            used += self.used.count
        places = maximum if self.conversion is None else int(Fraction(maximum) / Fraction(str(self.conversion)))
        return max(0, places - used)

    def cell(self, key: tuple[str, ...]) -> Cell | None:
        """The line of the table for the values of `per`, None where it has none."""
        return next((cell for cell in self.table if cell.key(self.per) == key), None)

    def listed(self, name: Dimension, value: str) -> str:
        """The value under which a row's `value` stands in the table: for codes the longest listed one that it begins
        with, as everywhere; else itself."""
        if name not in _CODES or not value:
            return value
        known = sorted({str(getattr(cell, name)) for cell in self.table}, key=lambda one: (-len(one), one))
        return next((one for one in known if holds(name, (one,), value, unknown=False)), value)

    def key_of(self, case: Case) -> tuple[str, ...]:
        """A placement's values of `per`, as text; what is not stated is ""."""
        found = []
        for name in self.per:
            if name == "month":
                found.append(str(case.start.month))
            else:
                side, column = _COLUMN[name]
                found.append(str(getattr(case.worker if side == "worker" else case.vacancy, column) or ""))
        return tuple(map(self.listed, self.per, found))

    def span_of(self, day: date) -> tuple[date, date] | None:
        """The period instance that a start on `day` counts in."""
        return self.period.bounds(day) if self.period and self.period.kind != "rolling" else None

    # to a solver -----------------------------------------------------------------------------------------------------

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        family = partnership.pools(self)
        if family[0].id != self.id:
            return
        if len(family) > 1:
            yield from family_rows(family, view, partnership)
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
        worker_codes, worker_values = self._combine(view, mine)
        vacancy_codes, vacancy_values = self._combine(view, theirs)
        labelled: list[tuple[tuple[str, ...], tuple[date, date] | None]] = [(value, None) for value in vacancy_values]
        if timed and self.period and self.period.kind != "rolling":
            spans, numbers = self.period.codes(view.start)
            base = np.zeros(len(numbers), dtype=np.int32) if vacancy_codes is None else vacancy_codes
            vacancy_codes = (base * max(1, len(spans)) + numbers).astype(np.int32)
            labelled = [(value, span) for value in vacancy_values for span in spans]
        return worker_codes, vacancy_codes, worker_values, labelled

    def _combine(self, view: View, names: Sequence[Dimension]) -> tuple[Codes | None, list[tuple[str, ...]]]:
        """One code for the values of several dimensions on one side, and what each code stands for."""
        codes: Codes | None = None
        meaning: list[tuple[str, ...]] = [()]
        for name in names:
            if name == "month":
                numbers = (view.start.astype("datetime64[M]").astype(np.int64) % 12).astype(np.int32)
                texts = [str(month) for month in range(1, 13)]
            else:
                known, numbers = view.codes(*_COLUMN[name])
                stands = [self.listed(name, "" if value is None else str(value)) for value in known]
                texts = sorted(set(stands))
                numbers = np.array([texts.index(one) for one in stands], dtype=np.int32)[numbers]
            codes = numbers if codes is None else (codes * len(texts) + numbers).astype(np.int32)
            meaning = [(*before, text) for before in meaning for text in texts]
        return codes, meaning

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
            label = label_of(key, span, self.period)
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
                label = f"{label_of(self._key(left, right), span, self.period)} before {following.date}".strip()
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
            yield from judge_family(family, cases, partnership)
            return
        counted = [case for case in cases if self.applies(case, partnership)]
        groups: dict[tuple[Any, ...], list[Case]] = {}
        for case in counted:
            groups.setdefault((self.key_of(case), self.span_of(case.start)), []).append(case)
        for (key, span), group in sorted(groups.items(), key=lambda item: str(item[0])):
            places = self.places(span, key)
            label = label_of(key, span, self.period)
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
            for name, (known, what) in _KNOWN.items():
                code = getattr(cell, name)
                if code is not None and not known(code):
                    yield f"table[{n}].{name}", f"unknown {code!r}", what
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
            code = "max_per" if self.table else "each" if self.per else "max"
            code = "adds" if self.adds_to else code
            yield f"say.quota.{code}", over | {"max": self.max, "per": self.per, "to": self.adds_to}
        if self.min is not None:
            yield "say.quota.min", over | {"min": self.min}
        for cell in self.table:
            yield "say.quota.cell", over | {"max": cell.max, "list": cell.key(self.per)}
            if cell.used:
                yield "say.quota.cell_used", {"max": cell.used, "list": cell.key(self.per)}
        if self.table and self.max is None:
            yield "say.quota.unlisted", {"per": self.per}
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


def _rest(places: int, reserve: Reserve) -> int:
    return max(0, places - reserve.kept(places))


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
