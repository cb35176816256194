"""What employers must be and when they must ask: gates, timing, order, compliance."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from skillbridge.partnerships.cases import Case, number, parse_facts
from skillbridge.partnerships.rules.base import (
    Check,
    Limit,
    LimitsOf,
    Phrase,
    Refusal,
    Rule,
    Tally,
    VacancyRow,
    Violation,
    refusal,
)
from skillbridge.partnerships.rules.who import FactTerm
from skillbridge.partnerships.selector import Problem
from skillbridge.partnerships.view import Mask, View

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_NO = ("no", "false", "0", "fail", "refused", "suspended", "expired")


class EmployerGateRule(Rule, frozen=True, kw_only=True, tag="employer_gate"):
    """What an employer must hold before a vacancy may be filled, and how many people it may take.

    needs: approvals (labour_market_test, sponsor, accreditation, insurance, plans): the vacancy's fact of that name
    must not say no; one that is not in the data is taken as held, or missing with `unknown = "refuse"`. facts: terms
    on other facts (regular_workers, local_share). capacity_from: the fact that holds an employer's approved head count
    (an Agreement to Recruit, an operator's share); max_heads: one limit for every employer; max_local_ratio: at most
    this many per worker of its own (fact `local_workers`). blacklist: employers refused.
    """

    needs: tuple[str, ...] = ()
    facts: dict[str, FactTerm] = msgspec.field(default_factory=dict)
    capacity_from: str | None = None
    max_heads: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_local_ratio: Annotated[float, msgspec.Meta(ge=0)] | None = None
    blacklist: tuple[str, ...] = ()
    unknown: Literal["accept", "refuse"] = "accept"

    same_by = ()

    def _holds(self, text: str | None) -> bool:
        return self.unknown == "accept" if text is None else text.lower() not in _NO

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        for need in self.needs:
            lacks = view.mask(
                "vacancy",
                "facts",
                ("gate", need, self.unknown),
                lambda text, need=need: not self._holds(parse_facts(text).get(need)),  # type: ignore[misc]
            )
            yield self.refuse(view, partnership, (Mask(vacancy=lacks),), "gate.needs", need=need)
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
        approved = [number(one.get(self.capacity_from)) for one in facts] if self.capacity_from else []
        limits += [max(known)] if (known := [one for one in approved if one is not None]) else []
        if self.max_local_ratio is not None:
            local = [number(one.get("local_workers")) for one in facts]
            if known := [one for one in local if one is not None]:
                limits.append(max(known) * self.max_local_ratio + 1e-9)
        return int(min(limits)) if limits else None

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
            if capacity is not None and positions[n] > capacity:
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

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        facts = case.vacancy.facts
        for need in self.needs:
            if not self._holds(facts.get(need)):
                yield refusal("gate.needs", need=need)
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
            if capacity is not None and len(group) > capacity:
                yield self.broken(
                    partnership,
                    "gate.capacity",
                    group,
                    len(group) - capacity,
                    employer=employer,
                    limit=capacity,
                    used=len(group),
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
        if self.capacity_from:
            yield "say.gate.capacity", {"fact": self.capacity_from}
        if self.max_heads is not None:
            yield "say.gate.max_heads", {"max": self.max_heads}
        if self.max_local_ratio is not None:
            yield "say.gate.ratio", {"max": self.max_local_ratio}
        if self.blacklist:
            yield "say.gate.blacklist", {"max": len(self.blacklist)}
