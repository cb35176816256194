"""What employers must be and when they must ask: gates, timing, order, compliance."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.partnerships.cases import Case, FactName, number, parse_facts
from skillbridge.partnerships.dates import Duration, MonthDay, Period, day_of_year, in_window, is_month_day, plus
from skillbridge.partnerships.rules.base import (
    Check,
    Limit,
    LimitsOf,
    Phrase,
    Refusal,
    Rule,
    Tally,
    Unknown,
    VacancyRow,
    Violation,
    refusal,
)
from skillbridge.partnerships.rules.pay import Money
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.partnerships.rules.who import FactTerm
from skillbridge.partnerships.selector import Problem, window_problems
from skillbridge.partnerships.view import Mask, View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_NO = ("no", "false", "0", "fail", "refused", "suspended", "expired")
_YES = ("yes", "true", "1", "pass", "passed", "approved", "granted", "valid", "held", "active")


_LACKS = {"gate.needs": "need", "fact.unreadable": "fact"}
"""Why an approval is not held: code -> the name of its value."""


class EmployerGateRule(Rule, frozen=True, kw_only=True, tag="employer_gate"):
    """What an employer must hold before a vacancy may be filled, and how many people it may take.

    needs: approvals (labour_market_test, sponsor, accreditation, insurance, plans): the vacancy's fact of that name
    must say yes (or approved, granted, valid); one that is not in the data is taken as held, or missing with
    `unknown = "refuse"`, which holds for head counts too. facts: terms on other facts (regular_workers, local_share).
    capacity_from: the fact that holds an employer's approved head count (an Agreement to Recruit, an operator's
    share); max_heads: one limit for every employer; max_local_ratio: at most this many per worker of its own (fact
    `local_workers`). Heads are all placements of the plan, or with `at_once` the people present on one day; of several
    numbers for one employer the lowest counts, one that cannot be read is 0. blacklist: employers refused.
    """

    needs: tuple[FactName, ...] = ()
    facts: dict[FactName, FactTerm] = msgspec.field(default_factory=dict)
    capacity_from: FactName | None = None
    max_heads: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_local_ratio: Annotated[float, msgspec.Meta(ge=0)] | None = None
    blacklist: tuple[str, ...] = ()
    at_once: bool = False
    unknown: Unknown = "accept"

    same_by = ()

    def _fails(self, text: str | None) -> str:
        """The code of why an approval is not held, "" if it is."""
        if text is None:
            return "" if self.unknown == "accept" else "gate.needs"
        word = text.casefold()
        return "" if word in _YES else "gate.needs" if word in _NO else "fact.unreadable"

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        for need in self.needs:
            for code, details in _LACKS.items():
                lacks = view.mask(
                    "vacancy",
                    "facts",
                    (code, need, self.unknown),
                    lambda text, need=need, code=code: self._fails(parse_facts(text).get(need)) == code,  # type: ignore[misc]
                )
                yield self.refuse(view, partnership, (Mask(vacancy=lacks),), code, **{details: need})
        for name, term in self.facts.items():
            unmet = view.mask(
                "vacancy",
                "facts",
                ("term", name, term),
                lambda text, name=name, term=term: not term.met(parse_facts(text).get(name)),  # type: ignore[misc]
            )
            yield self.refuse(view, partnership, (Mask(vacancy=unmet),), "gate.fact", fact=name, wants=term.wants())
        if self.blacklist:
            listed = view.mask("vacancy", "employer_id", ("in", self.blacklist), lambda one: one in self.blacklist)
            yield self.refuse(view, partnership, (Mask(vacancy=listed),), "gate.blacklist")

    def capacity(self, facts: Iterable[dict[str, str]]) -> int | None:
        """Heads an employer may take, from the facts of its vacancies; None where nothing limits it."""
        facts = list(facts)
        limits: list[float] = [] if self.max_heads is None else [self.max_heads]
        if self.capacity_from and (approved := self._least(facts, self.capacity_from)) is not None:
            limits.append(approved)
        if self.max_local_ratio is not None and (local := self._least(facts, "local_workers")) is not None:
            limits.append(local * self.max_local_ratio + 1e-9)
        return int(min(limits)) if limits else None

    def _least(self, facts: Iterable[dict[str, str]], name: str) -> float | None:
        """The lowest number any vacancy of an employer states, None where none does and that is accepted."""
        stated = [max(0.0, number(one[name]) or 0.0) for one in facts if name in one]
        return min(stated) if stated else 0.0 if self.unknown == "refuse" else None

    def clause(self, view: View, partnership: "Partnership") -> Iterator[Tally | VacancyRow]:
        if self.max_heads is None and self.capacity_from is None and self.max_local_ratio is None:
            return
        employers, codes = view.codes("vacancy", "employer_id")
        texts, fact_codes = view.codes("vacancy", "facts")
        parsed = [parse_facts(text) for text in texts]
        held: list[set[int]] = [set() for _ in employers]
        for employer, fact in zip(codes.tolist(), fact_codes.tolist(), strict=True):
            held[employer].add(fact)
        positions = np.bincount(codes, weights=view.positions, minlength=len(employers))
        table: dict[tuple[int, int], Sequence[Limit | None]] = {}
        for n, employer in enumerate(employers):
            capacity = self.capacity(parsed[fact] for fact in sorted(held[n]))
            if capacity is None or positions[n] <= capacity:
                continue
            if self.at_once:
                yield from self._present(view, partnership, np.flatnonzero(codes == n), capacity, str(employer))
            else:
                table[0, n] = (self.limit(capacity, str(employer)),)
        if table:
            everyone = self.population(view, partnership)
            yield Tally(
                self.id,
                (everyone,),
                np.array([[0], [1]], dtype=np.int64),
                LimitsOf(table=table),
                None,
                codes,
                self.pathways(),
            )

    def _present(
        self, view: View, partnership: "Partnership", mine: npt.NDArray[np.int64], capacity: int, employer: str
    ) -> Iterator[Tally]:
        """On each day on which one of an employer's contracts starts, the people present are at most `capacity`."""
        for day in np.unique(view.start[mine]):
            present = mine[(view.start[mine] <= day) & (view.end[mine] >= day)]
            if int(view.positions[present].sum()) > capacity:
                counted = np.zeros(len(view.start), dtype=np.bool_)
                counted[present] = True
                who = self.population(view, partnership, (Mask(vacancy=counted),))
                limits = LimitsOf(table={(0, 0): (self.limit(capacity, f"{employer} on {day}"),)})
                rows = np.array([[0], [1]], dtype=np.int64)
                yield Tally(self.id, (who,), rows, limits, None, None, self.pathways())

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        facts = case.vacancy.facts
        for need in self.needs:
            if code := self._fails(facts.get(need)):
                yield refusal(code, **{_LACKS[code]: need})
        for name, term in self.facts.items():
            if not term.met(facts.get(name)):
                yield refusal("gate.fact", fact=name, wants=term.wants())
        if case.vacancy.employer_id in self.blacklist:
            yield refusal("gate.blacklist")

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        employers: dict[str, list[Case]] = {}
        for case in cases:
            if self.applies(case, partnership):
                employers.setdefault(case.vacancy.employer_id, []).append(case)
        for employer, group in sorted(employers.items()):
            capacity = self.capacity(group[0].world.employer_facts[employer])
            if capacity is None:
                continue
            days = sorted({case.start for case in group}) if self.at_once else [None]
            heads = [group if day is None else [c for c in group if c.start <= day <= c.end] for day in days]
            most = max(heads, key=len)
            if len(most) > capacity:
                yield self.broken(
                    partnership,
                    "gate.capacity",
                    most,
                    len(most) - capacity,
                    employer=employer,
                    limit=capacity,
                    used=len(most),
                )

    def problems(self) -> Iterable[Problem]:
        given = (self.capacity_from, self.max_heads, self.max_local_ratio)
        if not (self.needs or self.facts or self.blacklist) and all(one is None for one in given):
            yield "needs", "missing", "needs, facts, capacity_from, max_heads, max_local_ratio or blacklist"

    def says(self) -> Iterable[Phrase]:
        if self.needs:
            yield "say.gate.needs", {"list": self.needs}
        for name, term in self.facts.items():
            yield "say.gate.fact", {"fact": name, "wants": term.wants()}
            if term.unknown == "refuse":
                yield "say.eligibility.fact_stated", {"fact": name}
        if self.capacity_from:
            yield "say.gate.capacity", {"fact": self.capacity_from}
        if self.max_heads is not None:
            yield "say.gate.max_heads", {"max": self.max_heads}
        if self.max_local_ratio is not None:
            yield "say.gate.ratio", {"max": self.max_local_ratio}
        if self.at_once:
            yield "say.gate.at_once", {}
        if self.blacklist:
            yield "say.gate.blacklist", {"list": self.blacklist}


class TimingRule(Rule, frozen=True, kw_only=True, tag="timing"):
    """By when an application must be in, judged where a vacancy says when it was applied for (`applied_on`).

    apply_by: the last day of the year to apply: the latest such day up to the start, or with `apply_in = "year_before"`
    that of the calendar year before the start; filing_window: days of the year on which applications are
    taken; lead_time: at least this long from application to start. monthly_capacity: at most this many starts a month
    (visa appointments), per origin with `per_origin`.
    """

    apply_by: MonthDay | None = None
    apply_in: Literal["latest", "year_before"] = "latest"
    filing_window: tuple[str, str] | None = None
    lead_time: Duration | None = None
    monthly_capacity: Annotated[int, msgspec.Meta(ge=0)] | None = None
    per_origin: bool = False

    same_by = ("per_origin",)

    @property
    def has_deadline(self) -> bool:
        """Whether it speaks of the day of an application."""
        return bool(self.apply_by or self.filing_window or self.lead_time)

    def late(self, applied: date, start: date) -> str:
        """The code of the term that a start misses, applied for on `applied` or once the window opens; "" if none."""
        filed = applied
        if self.filing_window and not in_window(applied, self.filing_window):
            filed = day_of_year(self.filing_window[0], applied.year)
            if filed < applied:
                filed = day_of_year(self.filing_window[0], applied.year + 1)
        if (plus(filed, self.lead_time) if self.lead_time else filed) > start:
            return "timing.window" if filed > start else "timing.lead_time"
        if self.apply_by:
            deadline = day_of_year(self.apply_by, start.year)
            if deadline > start or self.apply_in == "year_before":
                deadline = day_of_year(self.apply_by, start.year - 1)
            if filed > deadline:
                return "timing.apply_by"
        return ""

    def _details(self, code: str) -> dict[str, str]:
        window = " - ".join(self.filing_window or ())
        shown = {"timing.apply_by": self.apply_by, "timing.lead_time": self.lead_time, "timing.window": window}
        return {"when": shown[code] or ""}

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.strictness == "soft":
            return
        applied, start = (view.codes("vacancy", column) for column in ("applied_on", "start"))
        pairs, number = np.unique(np.column_stack((applied[1], start[1])), axis=0, return_inverse=True)
        days = [(applied[0][a], start[0][s]) for a, s in pairs.tolist()]
        codes = ["" if day is None else self.late(day, first) for day, first in days]
        for code in sorted(set(codes) - {""}):
            late = np.array([one == code for one in codes], dtype=np.bool_)[number.ravel()]
            yield self.refuse(view, partnership, (Mask(vacancy=late),), code, **self._details(code))

    def as_quota(self) -> QuotaRule:
        return QuotaRule(
            id=self.id, where=self.where, exempt=self.exempt, strictness=self.strictness, penalty=self.penalty,
            valid_from=self.valid_from, valid_to=self.valid_to, max=self.monthly_capacity, count="approvals",
            period=Period(kind="month"), per=("origin",) if self.per_origin else (),
        )  # fmt: skip

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        return () if self.monthly_capacity is None else self.as_quota().clause(view, partnership)

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        applied = case.vacancy.applied_on
        if applied is not None and (code := self.late(applied, case.vacancy.start)):
            yield refusal(code, **self._details(code))

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        if self.monthly_capacity is not None:
            yield from self.as_quota().judge(cases, partnership)

    def problems(self) -> Iterable[Problem]:
        if not self.has_deadline and self.monthly_capacity is None:
            yield "", "a timing rule that says nothing", "apply_by, filing_window, lead_time or monthly_capacity"
        if self.apply_by and not is_month_day(self.apply_by):
            yield "apply_by", f"impossible day {self.apply_by!r}", "MM-DD"
        if self.filing_window:
            if any(len(text) != 5 for text in self.filing_window):
                yield "filing_window", f"{list(self.filing_window)}", "two days of the year, MM-DD"
            else:
                yield from window_problems("filing_window", self.filing_window)

    def says(self) -> Iterable[Phrase]:
        if self.apply_by:
            code = "apply_by" if self.apply_in == "latest" else "apply_year_before"
            yield f"say.timing.{code}", {"date": self.apply_by}
        if self.filing_window:
            yield "say.timing.window", {"from": self.filing_window[0], "to": self.filing_window[1]}
        if self.lead_time:
            yield "say.timing.lead_time", {"window": self.lead_time}
        if self.monthly_capacity is not None:
            code = "say.timing.capacity_per_origin" if self.per_origin else "say.timing.capacity"
            yield code, {"max": self.monthly_capacity}


class OrderRule(Rule, frozen=True, kw_only=True, tag="order"):
    """Who is served first where places are short; a plan uses it to break ties, and it never makes a pair illegal.

    method: lottery (by the run's seed), first_come and click_day (earliest `key` first), points (highest `key` first),
    optimised (the plan's own objective decides). key: `waiting_since` of workers, or a fact of workers or vacancies.
    """

    method: Literal["lottery", "first_come", "click_day", "points", "optimised"]
    of: Literal["workers", "vacancies"] = "workers"
    key: str = ""

    force = "ties"
    same_by = ("of",)

    def rank(self, frame: pl.DataFrame, seed: int = 0) -> npt.NDArray[np.int64]:
        """The place of every row of tables.WORKERS or tables.VACANCIES in the order, from 0; ties by id.

        Rows without a key come last; `optimised` puts all at 0.
        """
        n = len(frame)
        if self.method == "optimised":
            return np.zeros(n, dtype=np.int64)
        ids = frame["worker_id" if self.of == "workers" else "vacancy_id"].to_list()
        if self.method == "lottery":
            keys: list[Any] = [hashlib.sha256(f"{seed}:{self.id}:{one}".encode()).hexdigest() for one in ids]
        elif self.key in frame.columns:
            keys = ["~" if value is None else str(value) for value in frame[self.key].to_list()]
        else:
            texts = frame["facts"].to_list() if "facts" in frame.columns else [None] * n
            found = [parse_facts(text).get(self.key) for text in texts]
            if self.method == "points":
                keys = [-(number(value) or 0) if value is not None else float("inf") for value in found]
            else:
                keys = ["~" if value is None else value for value in found]
        order = sorted(range(n), key=lambda row: (keys[row], ids[row]))
        ranks = np.empty(n, dtype=np.int64)
        ranks[order] = np.arange(n)
        return ranks

    def problems(self) -> Iterable[Problem]:
        if self.method in ("first_come", "click_day", "points") and not self.key:
            yield "key", f"missing for {self.method}", "waiting_since, or the name of a fact"

    def says(self) -> Iterable[Phrase]:
        yield f"say.order.{self.method}", {"key": self.key or "-"}


class ComplianceRule(Rule, frozen=True, kw_only=True, tag="compliance"):
    """What is watched, and who may not send or hire until it is put right; from aggregates only, never about a person.

    absconding_max: an origin, a region of origin or an employer whose rate in `observed` is above it is suspended;
    employer_score_min: of the vacancy's fact `employer_score`; wage_protection: pay goes through the monitored system
    (a vacancy whose fact `wage_protection` says no is refused); documents_kept_by_worker: so too for `holds_documents`
    yes. repatriation_liability, record_years, statistics, sanction: told to people.
    """

    absconding_max: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    observed: dict[str, Annotated[float, msgspec.Meta(ge=0, le=1)]] = msgspec.field(default_factory=dict)
    employer_score_min: float | None = None
    wage_protection: bool = False
    documents_kept_by_worker: bool = False
    repatriation_liability: Money | None = None
    record_years: Annotated[int, msgspec.Meta(ge=0)] | None = None
    statistics: str = ""
    sanction: str = ""

    right = True
    same_by = ()

    @property
    def suspended(self) -> tuple[str, ...]:
        """Origins, regions of origin and employers over the limit, sorted."""
        if self.absconding_max is None:
            return ()
        return tuple(sorted(name for name, rate in self.observed.items() if rate > self.absconding_max))

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if names := self.suspended:
            for side, column in (("worker", "origin"), ("worker", "region"), ("vacancy", "employer_id")):
                listed = view.mask(side, column, ("suspended", names), partial(_is_in, names))
                fails = (Mask(worker=listed) if side == "worker" else Mask(vacancy=listed),)
                yield self.refuse(view, partnership, fails, "compliance.suspended", names=", ".join(names))
        for code, bad in self._conditions():
            view_mask = view.mask("vacancy", "facts", (code, self.employer_score_min), partial(_facts_are, bad))
            yield self.refuse(view, partnership, (Mask(vacancy=view_mask),), code)

    def _conditions(self) -> Iterator[tuple[str, Callable[[dict[str, str]], bool]]]:
        least = self.employer_score_min
        if least is not None:
            yield "compliance.score", lambda facts: (number(facts.get("employer_score", "inf")) or 0) < least
        if self.wage_protection:
            yield "compliance.wages", lambda facts: facts.get("wage_protection", "").lower() in _NO
        if self.documents_kept_by_worker:
            yield "compliance.documents", lambda facts: facts.get("holds_documents", "no").lower() not in _NO

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        names = self.suspended
        if {case.worker.origin, case.worker.region, case.vacancy.employer_id} & set(names):
            yield refusal("compliance.suspended", names=", ".join(names))
        for code, bad in self._conditions():
            if bad(case.vacancy.facts):
                yield refusal(code)

    def problems(self) -> Iterable[Problem]:
        given = (
            self.absconding_max is not None, self.employer_score_min is not None, self.wage_protection,
            self.documents_kept_by_worker, self.repatriation_liability, self.record_years is not None, self.statistics,
            self.sanction,
        )  # fmt: skip
        if not any(given):
            yield "", "a compliance rule that says nothing", "at least one of its fields"
        if self.observed and self.absconding_max is None:
            yield "observed", "given without absconding_max", "absconding_max"

    def says(self) -> Iterable[Phrase]:
        if self.absconding_max is not None:
            yield "say.compliance.absconding", {"share": self.absconding_max}
        if self.suspended:
            yield "say.compliance.suspended", {"list": self.suspended}
        if self.employer_score_min is not None:
            yield "say.compliance.score", {"max": self.employer_score_min}
        if self.wage_protection:
            yield "say.compliance.wages", {}
        if self.documents_kept_by_worker:
            yield "say.compliance.documents", {}
        if self.repatriation_liability is not None:
            yield "say.compliance.repatriation", {"money": self.repatriation_liability}
        if self.record_years is not None:
            yield "say.compliance.records", {"years": self.record_years}
        for text in (self.statistics, self.sanction):
            if text:
                yield "say.text", {"text": text}


def _is_in(names: tuple[str, ...], value: str | None) -> bool:
    return value in names


def _facts_are(bad: Callable[[dict[str, str]], bool], text: str | None) -> bool:
    return bad(parse_facts(text))
