"""People together: returning workers, changes of employer, groups and families."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
import polars as pl

from skillbridge.model import Cefr
from skillbridge.partnerships.cases import Case, parse_facts
from skillbridge.partnerships.dates import Duration, is_month_day, parts, plus
from skillbridge.partnerships.places import is_language
from skillbridge.partnerships.rules.base import (
    Check,
    Limit,
    LimitsOf,
    Phrase,
    Refusal,
    Rule,
    Strictness,
    Tally,
    VacancyRow,
    Violation,
    refusal,
)  # fmt: skip
from skillbridge.partnerships.rules.quota import Share
from skillbridge.partnerships.rules.shares import ShareRule
from skillbridge.partnerships.rules.who import below_level
from skillbridge.partnerships.selector import Problem, Selector
from skillbridge.partnerships.view import Bools, Mask, Population, View, Where
from skillbridge.tables import parse_languages, parse_list

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who counts as returning: a season under the same scheme in the last `within` (whole years; absent: ever), years
    counted from `year_start` (10-01 for a US fiscal year) and named by the year they end in."""

    within: Duration | None = None
    year_start: str = "01-01"

    @property
    def months(self) -> int | None:
        """`within` in months."""
        return None if self.within is None else parts(self.within)[0]


class ReturningRule(Rule, frozen=True, kw_only=True, tag="returning"):
    """Workers who come back: who they are (`definition`), what they are given, and room for those who are new.

    weight: points for a returning worker, a preference the objective may take (capped there); reserved_share: of all
    placements at least this share returning; new_share_min: at least this share new; name_request: employers may ask
    for a worker by name; call_back: a place of a vacancy is kept for each worker whom it names, as far as it has them,
    and stays empty where they do not come; max_consecutive: nobody more than this many calendar years in a row.
    """

    definition: Definition | None = None
    weight: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    name_request: bool = False
    call_back: bool = False
    reserved_share: Share | None = None
    new_share_min: Share | None = None
    max_consecutive: Annotated[int, msgspec.Meta(ge=1)] | None = None
    strictness: Strictness = "soft"

    same_by = ()

    def _shares(self) -> Iterator[ShareRule]:
        back, fresh = Selector(worker="returning"), Selector(worker="new")
        for share, who in ((self.reserved_share, back), (self.new_share_min, fresh)):
            if share is not None:
                yield ShareRule(
                    id=self.id, who=who, min=share, where=self.where, exempt=self.exempt,
                    strictness=self.strictness, penalty=self.penalty, valid_from=self.valid_from,
                    valid_to=self.valid_to,
                )  # fmt: skip

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.max_consecutive is None or self.strictness == "soft":
            return
        seasons = view.seasons_under(partnership.names, partnership.destination)
        for year in view.years:
            wanted = list(range(year - self.max_consecutive, year))
            run = seasons.filter(pl.col("year").is_in(wanted)).group_by("past").agg(pl.col("year").n_unique())
            per_past = np.zeros(len(view.codes("worker", "past")[0]), dtype=np.int32)
            full = run.filter(pl.col("year") == len(wanted))["past"].to_numpy()
            per_past[full] = 1
            fails: Where = (Mask(worker=view.per_worker(per_past) > 0, vacancy=view.start_year == year),)
            yield self.refuse(view, partnership, fails, "returning.consecutive", max=self.max_consecutive)

    def clause(self, view: View, partnership: "Partnership") -> Iterator[Tally | VacancyRow]:
        for share in self._shares():
            yield from share.clause(view, partnership)
        if self.call_back:
            yield from self._kept_places(view, partnership)

    def _kept_places(self, view: View, partnership: "Partnership") -> Iterator[Tally]:
        """A row a vacancy that names workers: those whom it does not name may take the places beyond."""
        texts, lists = view.codes("vacancy", "named_workers")
        ids = view.workers["worker_id"]
        key = np.full(len(lists), -1, dtype=np.int32)
        table: dict[tuple[int, int], Sequence[Limit | None]] = {}
        named: Where = ()
        for number, text in enumerate(texts):
            names = set(parse_list(text))
            rows = np.flatnonzero(lists == number)
            if not names or not len(rows):
                continue
            named += (Mask(worker=ids.is_in(sorted(names)).to_numpy(), vacancy=lists == number),)
            for row, vacancy_id, positions in zip(
                rows.tolist(), view.vacancies["vacancy_id"].gather(rows), view.vacancies["positions"].gather(rows),
                strict=True,
            ):  # fmt: skip
                key[row] = len(table)
                table[0, len(table)] = (self.limit(max(0, positions - len(names)), f"call-back {vacancy_id}"),)
        if table:
            bound = self.population(view, partnership)
            others = Population(bound.include, bound.exclude + named)
            count = np.array([[0], [1]], dtype=np.int64)
            yield Tally(self.id, (others,), count, LimitsOf(table=table), vacancy_key=key, pathways=self.pathways())

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        if self.max_consecutive is not None:
            there = {season.year for season in case.seasons(partnership.names, partnership.destination)}
            if there.issuperset(range(case.start.year - self.max_consecutive, case.start.year)):
                yield refusal("returning.consecutive", max=self.max_consecutive)

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        for share in self._shares():
            yield from share.judge(cases, partnership)
        if self.call_back:
            yield from self._judge_call_back(cases, partnership)

    def _judge_call_back(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        others: dict[str, list[Case]] = {}
        for case in cases:
            names = set(case.vacancy.named_workers)
            if names and case.worker.worker_id not in names and self.applies(case, partnership):
                others.setdefault(case.vacancy.vacancy_id, []).append(case)
        for vacancy_id, group in sorted(others.items()):
            job = group[0].vacancy
            room = max(0, job.positions - len(set(job.named_workers)))
            if len(group) > room:
                yield self.broken(
                    partnership, "returning.call_back", group, len(group) - room,
                    vacancy=vacancy_id, some=len(group), max=room,
                )  # fmt: skip

    def problems(self) -> Iterable[Problem]:
        given = (self.definition, self.reserved_share, self.new_share_min, self.max_consecutive)
        if all(one is None for one in given) and not (self.weight or self.name_request or self.call_back):
            yield "", "a returning rule that says nothing", "definition, weight, reserved_share, name_request or more"
        if (self.reserved_share or 0) + (self.new_share_min or 0) > 1:
            yield "new_share_min", "shares of returning and new workers above 1", "at most 1 together"
        if self.definition is not None:
            if (
                self.definition.within is not None
                and (self.definition.months or 0) % 12 + parts(self.definition.within)[1]
            ):
                yield "definition.within", f"{self.definition.within}", "whole years"
            if not is_month_day(self.definition.year_start) or not re.fullmatch(
                r"\d\d-\d\d", self.definition.year_start
            ):
                yield "definition.year_start", f"impossible day {self.definition.year_start!r}", "MM-DD"

    def says(self) -> Iterable[Phrase]:
        if self.definition is not None:
            code = "say.returning.ever" if self.definition.within is None else "say.returning.within"
            yield code, {"window": self.definition.within}
        if self.weight:
            yield "say.returning.weight", {"max": self.weight}
        if self.name_request:
            yield "say.returning.named", {}
        if self.call_back:
            yield "say.returning.call_back", {}
        if self.reserved_share is not None:
            yield "say.returning.reserved", {"share": self.reserved_share}
        if self.new_share_min is not None:
            yield "say.returning.new", {"share": self.new_share_min}
        if self.max_consecutive is not None:
            yield "say.returning.consecutive", {"max": self.max_consecutive}


class MobilityRule(Rule, frozen=True, kw_only=True, tag="mobility"):
    """When a worker may change employer within one stay: a person's placements with at most `grace` free days between.

    change: none; transfer and transfer_with_consent (agreed by both employers and the authorities); sector (only within
    the same two-digit sector); free. min_time: with the first employer before a change; max_changes: in one stay;
    portable_grace: time a worker may stay to look for a new employer (told to people).
    """

    change: Literal["none", "transfer", "transfer_with_consent", "sector", "free"]
    min_time: Duration | None = None
    max_changes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    grace: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    portable_grace: Duration | None = None
    residence_right: bool = False
    exit_permit: bool | None = None

    same_by = ()

    @property
    def limits(self) -> bool:
        """Whether it forbids any change of employer."""
        return self.change in ("none", "sector") or bool(self.min_time) or self.max_changes is not None

    def may_follow(self, first: Case, other: Case, changes: int) -> str:
        """The code of what forbids `other` right after `first`, when `changes` came before; "" if nothing does."""
        if first.vacancy.employer_id == other.vacancy.employer_id:
            return ""
        if self.change == "none":
            return "mobility.none"
        if self.change == "sector" and (first.vacancy.sector or "?")[:2] != (other.vacancy.sector or "!")[:2]:
            return "mobility.sector"
        if self.min_time and other.start < plus(first.start, self.min_time):
            return "mobility.min_time"
        if self.max_changes is not None and changes + 1 > self.max_changes:
            return "mobility.max_changes"
        return ""

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        people: dict[str, list[Case]] = {}
        for case in cases:
            if self.applies(case, partnership):
                people.setdefault(case.worker.worker_id, []).append(case)
        for group in people.values():
            stays = sorted(group, key=lambda case: (case.start, case.end))
            changes = 0
            for one, other in pairwise(stays):
                if other.start > one.end + timedelta(days=self.grace + 1):
                    changes = 0
                    continue
                if code := self.may_follow(one, other, changes):
                    details: dict[str, Any] = {"max": self.max_changes, "time": self.min_time}
                    yield self.broken(partnership, code, (one, other), **details)
                changes += one.vacancy.employer_id != other.vacancy.employer_id

    def says(self) -> Iterable[Phrase]:
        yield f"say.mobility.{self.change}", {}
        if self.min_time:
            yield "say.mobility.min_time", {"window": self.min_time}
        if self.max_changes is not None:
            yield "say.mobility.max_changes", {"max": self.max_changes}
        if self.portable_grace:
            yield "say.mobility.grace", {"window": self.portable_grace}
        if self.residence_right:
            yield "say.mobility.residence", {}
        if self.exit_permit is False:
            yield "say.mobility.exit", {}


class GroupRule(Rule, frozen=True, kw_only=True, tag="group"):
    """Groups and families: fewest posts an application may be for, workers invited by a relative, dependants.

    min_group: posts of one employer together (its vacancies summed) or no vacancy of it is admitted; relatives_max: at
    most this many workers whose fact `invited_by` names the same person; lead_language with `lead_level`: of every
    `lead_per` workers in a vacancy (or of an employer: `lead_of`), and of a lesser rest, at least one speaks it;
    dependants, relatives_degree: told to people.
    """

    min_group: Annotated[int, msgspec.Meta(ge=1)] | None = None
    relatives_max: Annotated[int, msgspec.Meta(ge=0)] | None = None
    relatives_degree: Annotated[int, msgspec.Meta(ge=1)] | None = None
    dependants: Literal["none", "allowed"] | None = None
    lead_language: str = ""
    lead_level: Cefr = "A2"
    lead_per: Annotated[int, msgspec.Meta(ge=1)] = 10
    lead_of: Literal["vacancy", "employer"] = "vacancy"

    same_by = ()

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.min_group is None or self.strictness == "soft":
            return
        _, codes = view.codes("vacancy", "employer_id")
        total = np.bincount(codes, weights=view.positions)
        few: Bools = total[codes] < self.min_group
        yield self.refuse(view, partnership, (Mask(vacancy=few),), "group.min", min=self.min_group)

    def clause(self, view: View, partnership: "Partnership") -> Iterator[Tally | VacancyRow]:
        one = np.array([[0], [1]], dtype=np.int64)
        if self.relatives_max is not None:
            texts, codes = view.codes("worker", "facts")
            inviters = [parse_facts(text).get("invited_by") for text in texts]
            names = sorted({name for name in inviters if name})
            place = {name: n for n, name in enumerate(names)}
            key = np.array([place[name] if name else len(names) for name in inviters], dtype=np.int32)[codes]
            table = {(n, 0): (self.limit(self.relatives_max, name),) for n, name in enumerate(names)}
            if table:
                everyone = self.population(view, partnership)
                yield Tally(self.id, (everyone,), one, LimitsOf(table=dict(table)), key, None, self.pathways())
        if self.lead_language:
            speaks = view.mask(
                "worker",
                "languages",
                ("lead", self.lead_language, self.lead_level),
                partial(_leads, self.lead_language, self.lead_level),
            )
            everyone = self.population(view, partnership)
            leads = self.population(view, partnership, (Mask(worker=speaks),))
            ids, codes = view.codes("vacancy", f"{self.lead_of}_id")
            table = {(0, n): (self.limit(0, str(name)),) for n, name in enumerate(ids)}
            coefficient = np.array([[0], [1], [0], [1 - self.lead_per]], dtype=np.int64)
            yield Tally(
                self.id, (everyone, leads), coefficient, LimitsOf(table=dict(table)), None, codes, self.pathways()
            )

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        if self.min_group is not None and case.world.positions[case.vacancy.employer_id] < self.min_group:
            yield refusal("group.min", min=self.min_group)

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        invited: dict[str, list[Case]] = {}
        jobs: dict[str, list[Case]] = {}
        for case in cases:
            if self.applies(case, partnership):
                key = case.vacancy.employer_id if self.lead_of == "employer" else case.vacancy.vacancy_id
                jobs.setdefault(key, []).append(case)
                if name := case.worker.facts.get("invited_by"):
                    invited.setdefault(name, []).append(case)
        if self.relatives_max is not None:
            for _, group in sorted(invited.items()):
                if len(group) > self.relatives_max:
                    yield self.broken(
                        partnership, "group.relatives", group, len(group) - self.relatives_max, max=self.relatives_max
                    )
        if self.lead_language:
            for _, group in sorted(jobs.items()):
                leads = sum(_speaks(case, self.lead_language, self.lead_level) for case in group)
                if len(group) > leads * self.lead_per:
                    yield self.broken(
                        partnership, "group.lead", group, len(group) - leads * self.lead_per,
                        language=self.lead_language, level=self.lead_level, per=self.lead_per,
                    )  # fmt: skip

    def problems(self) -> Iterable[Problem]:
        given = (self.min_group, self.relatives_max, self.relatives_degree, self.dependants)
        if all(one is None for one in given) and not self.lead_language:
            yield "", "a group rule that says nothing", "min_group, relatives_max, dependants or lead_language"
        if self.lead_language and not is_language(self.lead_language):
            yield "lead_language", f"{self.lead_language!r}", "ISO 639, such as en, es or ti"

    def says(self) -> Iterable[Phrase]:
        if self.min_group is not None:
            yield "say.group.min", {"max": self.min_group}
        if self.relatives_max is not None:
            yield "say.group.relatives", {"max": self.relatives_max}
        if self.relatives_degree is not None:
            yield "say.group.degree", {"max": self.relatives_degree}
        if self.dependants:
            yield f"say.group.dependants_{self.dependants}", {}
        if self.lead_language:
            code = "lead" if self.lead_of == "vacancy" else "lead_employer"
            yield f"say.group.{code}", {"language": self.lead_language, "level": self.lead_level, "max": self.lead_per}


def _leads(language: str, level: Cefr, text: str | None) -> bool:
    return not below_level(parse_languages(text), language, level)


def _speaks(case: Case, language: str, level: Cefr) -> bool:
    return not below_level(case.worker.languages, language, level)
