"""What the origin loses and gains: brain drain and training."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from skillbridge.errors import BadInput
from skillbridge.partnerships.cases import Case, number, parse_facts
from skillbridge.partnerships.dates import Duration, Period, plus
from skillbridge.partnerships.places import COUNTRIES, isco_groups
from skillbridge.partnerships.rules.base import (
    Check,
    Phrase,
    Refusal,
    Rule,
    Tally,
    VacancyRow,
    Violation,
    refusal,
)
from skillbridge.partnerships.rules.pay import Money
from skillbridge.partnerships.rules.quota import Cell, QuotaRule
from skillbridge.partnerships.selector import Problem, Selector
from skillbridge.partnerships.view import Mask, View, Where, both

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership


class Stock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Active people of the occupations in an origin, with those who came back and were newly trained in the period."""

    origin: str
    active: Annotated[int, msgspec.Meta(ge=0)]
    returned: Annotated[int, msgspec.Meta(ge=0)] = 0
    trained: Annotated[int, msgspec.Meta(ge=0)] = 0
    as_of: date | None = None


class BrainDrainRule(Rule, frozen=True, kw_only=True, tag="brain_drain"):
    """Guards the workforce of origins: by origin and occupation (ISCO-08 prefixes, of the worker, the job or either).

    list: a dated safeguards list (who-ssl-2023); without `occ`, its occupations. mode forbid_active: no recruitment
    from its origins; require_g2g: only under a government-to-government agreement (`agreement`, or this one if it is
    bilateral and the origin is a party); cap: per period and origin at most `percent` of the active stock, plus those
    returned and trained; tax: `tax` per person (told to people). A worker who applied directly (the vacancy's channel
    is direct) is not recruited, unless `direct_application_allowed` is false. Origins without a stock get no place.
    """

    mode: Literal["forbid_active", "require_g2g", "cap", "tax"]
    occ: tuple[str, ...] = ()
    by: Literal["either", "worker", "job"] = "either"
    list: str = ""
    agreement: str = ""
    percent: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    stock: tuple[Stock, ...] = ()
    period: Period | None = None
    direct_application_allowed: bool = True
    tax: Money | None = None

    right = True
    same_by = ("mode", "occ", "list", "period")

    def _occupations(self) -> tuple[str, ...]:
        from skillbridge.partnerships.safeguards import edition

        return self.occ or (edition(self.list).occupations if self.list else ())

    @property
    def _name(self) -> str:
        """The list it goes by, or the occupations it names."""
        return self.list or ", ".join(self.occ)

    def _origins(self) -> frozenset[str] | None:
        from skillbridge.partnerships.safeguards import edition

        return edition(self.list).origins if self.list else None

    def _guarded(self, view: View) -> Where:
        """Pairs of a listed origin and a guarded occupation, of the worker or of the job."""
        prefixes, origins = self._occupations(), self._origins()
        occupation: Where = () if prefixes else (Mask(),)
        if prefixes and self.by != "job":
            occupation += (
                Mask(worker=view.mask("worker", "isco", ("guarded", prefixes), partial(_has_prefix, prefixes))),
            )
        if prefixes and self.by != "worker":
            job = view.mask("vacancy", "isco", ("guarded", prefixes), partial(_has_prefix, prefixes))
            occupation += (Mask(vacancy=job),)
        if origins is None:
            return occupation
        listed = view.mask("worker", "origin", ("listed", self.list), lambda one: one in origins)
        return both(occupation, (Mask(worker=listed),))

    def _recruited(self, view: View) -> Where:
        if not self.direct_application_allowed:
            return (Mask(),)
        return (Mask(vacancy=view.mask("vacancy", "channel", ("not direct",), lambda one: one != "direct")),)

    def _spared(self, partnership: "Partnership") -> frozenset[str]:
        if self.agreement:
            return frozenset({self.agreement})
        return frozenset({partnership.id}) if partnership.is_agreement else frozenset()

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.mode not in ("forbid_active", "require_g2g") or self.strictness == "soft":
            return
        fails = both(self._guarded(view), self._recruited(view))
        check = self.refuse(view, partnership, fails, f"brain_drain.{self.mode}", list=self._name)
        if self.mode == "forbid_active":
            yield check
        elif self.agreement or not partnership.is_agreement:
            yield Check(check.code, check.values, check.population, check.fails, self._spared(partnership))
        else:
            parties = (*partnership.parties, *partnership.origins)
            stranger = view.mask("worker", "origin", ("no party", partnership.id), lambda one: one not in parties)
            yield Check(check.code, check.values, check.population, both(check.fails, (Mask(worker=stranger),)))

    def as_quota(self) -> QuotaRule:
        percent = Fraction(str(self.percent or 0)) / 100
        table = tuple(
            Cell(origin=one.origin, max=int(one.active * percent) + one.returned + one.trained) for one in self.stock
        )
        return QuotaRule(
            id=self.id, where=self.where, exempt=self.exempt, strictness=self.strictness, penalty=self.penalty,
            valid_from=self.valid_from, valid_to=self.valid_to, count="admissions", period=self.period, per=("origin",),
            table=table,
        )  # fmt: skip

    def clause(self, view: View, partnership: "Partnership") -> Iterator[Tally | VacancyRow]:
        if self.mode != "cap":
            return
        guarded = both(self._guarded(view), self._recruited(view))
        for tally in self.as_quota().clause(view, partnership):
            assert isinstance(tally, Tally)
            population = self.population(view, partnership, guarded)
            yield Tally(
                tally.rule,
                (population,),
                tally.coefficient,
                tally.limits,
                tally.worker_key,
                tally.vacancy_key,
                tally.pathways,
            )

    def _means_case(self, case: Case) -> bool:
        prefixes, origins = self._occupations(), self._origins()
        asked = {"worker": (case.worker.isco,), "job": (case.vacancy.isco,)}.get(
            self.by, (case.worker.isco, case.vacancy.isco)
        )
        occupation = not prefixes or any(_has_prefix(prefixes, isco) for isco in asked)
        listed = origins is None or case.worker.origin in origins
        return occupation and listed and not (self.direct_application_allowed and case.vacancy.channel == "direct")

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        if self.mode not in ("forbid_active", "require_g2g") or not self._means_case(case):
            return
        if self.mode == "require_g2g":
            if self.agreement:
                allowed = case.pathway == self.agreement
            else:
                allowed = partnership.is_agreement and case.worker.origin in (
                    *partnership.parties,
                    *partnership.origins,
                )
            if allowed:
                return
        yield refusal(f"brain_drain.{self.mode}", list=self._name)

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        if self.mode == "cap":
            yield from self.as_quota().judge([case for case in cases if self._means_case(case)], partnership)

    def problems(self) -> Iterable[Problem]:
        if self.list:
            from skillbridge.partnerships.safeguards import edition

            try:
                edition(self.list)
            except BadInput as error:
                yield "list", error.what, error.expected
                return
        if not self.occ and not self.list:
            yield "occ", "missing", "occ, or a list"
        for code in self.occ:
            if code not in isco_groups():
                yield "occ", f"{code!r}", "a group of ISCO-08, 1 to 4 digits"
        if self.mode == "cap" and (self.percent is None or not self.stock):
            yield "percent" if self.percent is None else "stock", "missing for a cap", "percent and the stock by origin"
        if self.mode == "tax" and self.tax is None:
            yield "tax", "missing", "an amount"
        if self.mode == "forbid_active" and not self.list and self.where is None:
            yield "list", "missing", "a list, or where with the origins"
        for n, one in enumerate(self.stock):
            if one.origin not in COUNTRIES:
                yield f"stock[{n}].origin", f"unknown country {one.origin!r}", "ISO 3166-1 alpha-2"

    def says(self) -> Iterable[Phrase]:
        details: dict[str, object] = {"list": self.occ, "name": self._name, "agreement": self.agreement}
        mode: str = "require_agreement" if self.mode == "require_g2g" and self.agreement else self.mode
        if mode == "forbid_active" and not self.list:
            mode = "forbid_active_in"
        yield f"say.brain_drain.{mode}", details | {"percent": self.percent, "money": self.tax}
        for one in self.stock:
            more = one.returned + one.trained
            yield "say.brain_drain.stock", {"origin": one.origin, "max": one.active, "more": more}
        if self.mode != "tax":
            yield f"say.brain_drain.{'direct' if self.direct_application_allowed else 'no_direct'}", {}


class TrainingRule(Rule, frozen=True, kw_only=True, tag="training"):
    """Training before or with the placement: tracks, seats, duration, who pays.

    seats with pass_rate: of `track` (default away) at most seats x pass_rate placements. required: the worker's fact
    `passed` must not say no, and `trained_on` (a date) must lie `lag` before the start; one without both facts
    is refused. recognition_within: of the qualification after arrival (told to people).
    """

    tracks: tuple[str, ...] = ()
    track: str = ""
    seats: Annotated[int, msgspec.Meta(ge=0)] | None = None
    pass_rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    duration: Duration | None = None
    lag: Duration | None = None
    required: bool = False
    paid_by: Literal["employer", "destination", "origin", "shared", "worker"] | None = None
    recognition_within: Duration | None = None
    content: str = ""

    same_by = ("track", "content")

    def _passed(self, facts: dict[str, str], start: date) -> bool:
        said, on = facts.get("passed"), facts.get("trained_on")
        if said is not None and number(said) == 0:
            return False
        if on is not None:
            return (plus(date.fromisoformat(on), self.lag) if self.lag else date.fromisoformat(on)) <= start
        return said is not None

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if not self.required or self.strictness == "soft":
            return
        for day in np.unique(view.start).tolist():
            lacks = view.mask("worker", "facts", ("untrained", self.lag, day), partial(self._fails, day))
            fails: Where = (Mask(worker=lacks, vacancy=view.start == np.datetime64(day)),)
            yield self.refuse(view, partnership, fails, "training.required", lag=self.lag or "P0D")

    def _fails(self, day: date, text: str | None) -> bool:
        return not self._passed(parse_facts(text), day)

    def as_quota(self) -> QuotaRule:
        where = self.where or Selector()
        where = msgspec.structs.replace(where, track=where.track or self.track or "away")
        return QuotaRule(
            id=self.id, where=where, exempt=self.exempt, strictness=self.strictness, penalty=self.penalty,
            valid_from=self.valid_from, valid_to=self.valid_to, count="positions",
            max=int((self.seats or 0) * Fraction(str(self.pass_rate))),
        )  # fmt: skip

    def clause(self, view: View, partnership: "Partnership") -> Iterable[Tally | VacancyRow]:
        return () if self.seats is None else self.as_quota().clause(view, partnership)

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        if self.required and not self._passed(case.worker.facts, case.start):
            yield refusal("training.required", lag=self.lag or "P0D")

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        if self.seats is not None:
            yield from self.as_quota().judge(cases, partnership)

    def problems(self) -> Iterable[Problem]:
        given = (self.seats, self.duration, self.paid_by, self.recognition_within)
        if all(one is None for one in given) and not (self.tracks or self.required or self.content):
            yield "", "a training rule that says nothing", "tracks, seats, duration, required, paid_by or content"
        if self.track and self.tracks and self.track not in self.tracks:
            yield "track", f"{self.track!r}", ", ".join(self.tracks)
        if self.lag and not self.required:
            yield "lag", "given without required", "required = true"

    def says(self) -> Iterable[Phrase]:
        if self.tracks:
            yield "say.training.tracks", {"list": self.tracks}
        if self.seats is not None:
            yield "say.training.seats", {"max": self.seats, "share": self.pass_rate}
        if self.duration:
            yield "say.training.duration", {"window": self.duration}
        if self.required:
            yield "say.training.required", {}
        if self.lag:
            yield "say.training.lag", {"window": self.lag}
        if self.paid_by:
            yield f"say.training.paid_{self.paid_by}", {}
        if self.recognition_within:
            yield "say.training.recognition", {"window": self.recognition_within}
        if self.content:
            yield "say.text", {"text": self.content}


def _has_prefix(prefixes: tuple[str, ...], isco: str | None) -> bool:
    """Whether an occupation is a guarded one, or so coarse a group that it may be."""
    return bool(isco) and (str(isco).startswith(prefixes) or any(one.startswith(str(isco)) for one in prefixes))
