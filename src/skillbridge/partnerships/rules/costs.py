"""What working abroad costs and who bears it: fees, housing, the journey. Rights: only a scenario relaxes them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec
import numpy as np

from skillbridge.partnerships.cases import Case, amount, parse_facts
from skillbridge.partnerships.rules.base import (
    Check,
    Phrase,
    Refusal,
    Rule,
    Tally,
    Unknown,
    VacancyRow,
    Violation,
    refusal,
)
from skillbridge.partnerships.rules.pay import Money, Share
from skillbridge.partnerships.selector import Problem
from skillbridge.partnerships.view import Mask, View, Where

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

Item = Literal[
    "recruitment",
    "visa",
    "airfare",
    "transport",
    "medical",
    "test",
    "housing",
    "food",
    "training",
    "equipment",
    "permit",
    "any",
]
_PAYS = "worker_pays_"


class CostRule(Rule, frozen=True, kw_only=True, tag="cost"):
    """Who pays for an `item`: the worker at most `worker_max` (and at most `worker_share`), the employer the rest.

    What an offer makes the worker pay is the vacancy's fact `worker_pays_<item>`, a number in whole units of its
    currency; one that says nothing is taken to ask for no more than the rule allows (unless `unknown = "refuse"`), one
    that is no number is refused. `any` is all items together; an item that is not in the list counts as recruitment.
    Recruitment costs the worker nothing unless a rule with a source says otherwise. recover_share, recover_max: what
    the employer may take back from pay.
    """

    item: Item
    worker_max: Money | None = None
    worker_share: Share | None = None
    employer_pays: Money | None = None
    recover_share: Share | None = None
    recover_max: Money | None = None
    unknown: Unknown = "accept"

    right = True
    same_by = ("item",)

    def _limit(self) -> float | None:
        if self.worker_max is not None:
            return self.worker_max.amount
        return 0.0 if self.worker_share == 0 else None

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        most = self._limit()
        if most is not None:
            unread, asks = _above(view, ("asks", self.item), lambda facts: _asked(facts, self.item), most)
            yield self.refuse(view, partnership, unread, "fact.unreadable", fact=f"worker_pays_{self.item}")
            yield self.refuse(view, partnership, asks, "cost.worker_max", item=self.item, max=f"{most:g}")
            if self.unknown == "refuse":
                silent = _silent(view, ("asks", self.item), lambda facts: not _costs(facts, self.item))
                yield self.refuse(view, partnership, silent, "fact.missing", fact=f"worker_pays_{self.item}")

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        most = self._limit()
        if most is None:
            return
        asked = _asked(case.vacancy.facts, self.item)
        if asked == inf:
            yield refusal("fact.unreadable", fact=f"worker_pays_{self.item}")
        elif self.unknown == "refuse" and not _costs(case.vacancy.facts, self.item):
            yield refusal("fact.missing", fact=f"worker_pays_{self.item}")
        elif asked > most:
            yield refusal("cost.worker_max", item=self.item, max=f"{most:g}")

    def problems(self) -> Iterable[Problem]:
        given = (self.worker_max, self.worker_share, self.employer_pays, self.recover_share, self.recover_max)
        if all(one is None for one in given):
            yield "worker_max", "missing", "worker_max, worker_share, employer_pays or what may be recovered"
        if (
            self.item == "recruitment"
            and not self.source
            and ((self.worker_max and self.worker_max.amount > 0) or (self.worker_share or 0) > 0)
        ):
            yield "worker_max", "a recruitment cost for the worker without a source", "0, or the source that allows it"

    def says(self) -> Iterable[Phrase]:
        item: dict[str, object] = {"item": self.item}
        if self._limit() == 0:
            yield "say.cost.none", item
        elif self.worker_max is not None:
            yield "say.cost.worker_max", item | {"money": self.worker_max}
        if self.worker_share:
            yield "say.cost.worker_share", item | {"share": self.worker_share}
        if self.employer_pays is not None:
            yield "say.cost.employer", item | {"money": self.employer_pays}
        if self.recover_share is not None:
            yield "say.cost.recover_share", item | {"share": self.recover_share}
        if self.recover_max is not None:
            yield "say.cost.recover_max", item | {"money": self.recover_max}


class HousingRule(Rule, frozen=True, kw_only=True, tag="housing"):
    """Where workers live: `provided` by the employer, never more people at a site on one day than it has beds, rent at
    most `rent_max` or `rent_share_max` of pay.

    Beds are the vacancy's column `beds`, once per `site_id` (a vacancy without a site is its own; without beds, no
    limit is known). The rent is its fact `rent` in whole units of currency per the unit of `rent_max`; the day of the
    last inspection's end is `inspected_until`. A vacancy that does not say one of these passes, unless
    `unknown = "refuse"`.
    """

    provided: bool = False
    capacity: bool = True
    rent_max: Money | None = None
    rent_share_max: Share | None = None
    inspected: bool = False
    standard: str = ""
    unknown: Unknown = "accept"

    right = True
    same_by = ()

    @property
    def _asked(self) -> tuple[str, ...]:
        """The facts that a vacancy has to state."""
        asked = {"rent": self.rent_max is not None, "inspected_until": self.inspected}
        return tuple(name for name, wanted in asked.items() if wanted and self.unknown == "refuse")

    def checks(self, view: View, partnership: "Partnership") -> Iterable[Check]:
        if self.rent_max is not None:
            most = self.rent_max.amount
            unread, dear = _above(view, ("rent",), lambda facts: amount(facts.get("rent")), most)
            yield self.refuse(view, partnership, unread, "fact.unreadable", fact="rent")
            yield self.refuse(view, partnership, dear, "housing.rent", max=f"{most:g} {self.rent_max.currency}")
        if self.inspected:
            ends = zip(view.end.tolist(), _texts(view), strict=True)
            found = [_inspection(parse_facts(text), end) for end, text in ends]
            for code, details in _UNINSPECTED.items():
                bad = np.array([one == code for one in found], dtype=np.bool_)
                yield self.refuse(view, partnership, (Mask(vacancy=bad),), code, **details)
        for name in self._asked:
            silent = _silent(view, (name,), lambda facts, name=name: name not in facts)  # type: ignore[misc]
            yield self.refuse(view, partnership, silent, "fact.missing", fact=name)
        if self.capacity and self.unknown == "refuse":
            sites = [_site(*row) for row in zip(_column(view, "site_id"), view.vacancies["vacancy_id"], strict=True)]
            room = {site for site, beds in zip(sites, _column(view, "beds"), strict=True) if beds is not None}
            unsaid = np.array([site not in room for site in sites], dtype=np.bool_)
            yield self.refuse(view, partnership, (Mask(vacancy=unsaid),), "fact.missing", fact="beds")

    def clause(self, view: View, partnership: "Partnership") -> Iterator[Tally | VacancyRow]:
        if not self.capacity or "beds" not in view.vacancies.columns:
            return
        population = self.population(view, partnership)
        bound = np.zeros(len(view.start), dtype=np.bool_)
        for mask in population.include:
            bound |= True if mask.vacancy is None else mask.vacancy
        for mask in population.exclude:
            if mask.worker is None:
                bound &= ~mask.vacancy if mask.vacancy is not None else False
        sites: dict[tuple[str, str], list[int]] = {}
        ids, site_ids = view.vacancies["vacancy_id"].to_list(), _column(view, "site_id")
        beds = _column(view, "beds")
        room: dict[tuple[str, str], int] = {}
        for i in range(len(ids)):
            site = _site(site_ids[i], ids[i])
            if bound[i]:
                sites.setdefault(site, []).append(i)
            if beds[i] is not None:
                room[site] = max(beds[i], room.get(site, 0))
        for site, members in sites.items():
            rows = np.array(members)
            if site not in room or int(view.positions[rows].sum()) <= room[site]:
                continue
            for day in _busy_days(view.start[rows], view.end[rows]):
                present = rows[(view.start[rows] <= day) & (view.end[rows] >= day)]
                if int(view.positions[present].sum()) > room[site]:
                    yield VacancyRow(
                        self.id, present, self.limit(room[site], f"beds of {site[0]} {site[1]} on {day}", "beds")
                    )

    def refusals(self, case: Case, partnership: "Partnership") -> Iterable[Refusal]:
        rent = amount(case.vacancy.facts.get("rent"))
        if self.rent_max is not None and rent == inf:
            yield refusal("fact.unreadable", fact="rent")
        elif self.rent_max is not None and rent > self.rent_max.amount:
            yield refusal("housing.rent", max=f"{self.rent_max.amount:g} {self.rent_max.currency}")
        if self.inspected and (code := _inspection(case.vacancy.facts, case.end)):
            yield refusal(code, **_UNINSPECTED[code])
        for name in self._asked:
            if name not in case.vacancy.facts:
                yield refusal("fact.missing", fact=name)
        if self.capacity and self.unknown == "refuse" and case.world.beds.get(case.vacancy.site) is None:
            yield refusal("fact.missing", fact="beds")

    def judge(self, cases: Sequence[Case], partnership: "Partnership") -> Iterator[Violation]:
        yield from Rule.judge(self, cases, partnership)
        if not self.capacity:
            return
        sites: dict[tuple[str, str], list[Case]] = {}
        for case in cases:
            if self.applies(case, partnership):
                sites.setdefault(case.vacancy.site, []).append(case)
        for site, group in sorted(sites.items()):
            beds = group[0].world.beds.get(site)
            if beds is None or len(group) <= beds:
                continue
            for day in sorted({case.start for case in group}):
                present = [case for case in group if case.start <= day <= case.end]
                if len(present) > beds:
                    yield self.broken(
                        partnership, "housing.beds", present, len(present) - beds, "beds",
                        site=site[1], day=day, beds=beds, used=len(present),
                    )  # fmt: skip

    def problems(self) -> Iterable[Problem]:
        if self.rent_max is not None and self.rent_max.per is None:
            yield "rent_max.per", "missing", "day, week or month"

    def says(self) -> Iterable[Phrase]:
        if self.provided:
            yield "say.housing.provided", {}
        if self.capacity:
            yield "say.housing.beds", {}
        if self.rent_max is not None:
            yield "say.housing.rent", {"money": self.rent_max}
        if self.rent_share_max is not None:
            yield "say.housing.rent_share", {"share": self.rent_share_max}
        if self.inspected:
            yield "say.housing.inspected", {}
        if self.standard:
            yield "say.housing.standard", {"text": self.standard}


class TransportRule(Rule, frozen=True, kw_only=True, tag="transport"):
    """Who arranges and pays the journey and the daily way to work; said to people and counted in costs, binds no
    placement. `employer_share` of the international fare, `employer_amount` at most."""

    international: Literal["employer", "worker", "shared"] | None = None
    daily: Literal["free", "worker", "shared"] | None = None
    employer_share: Share | None = None
    employer_amount: Money | None = None
    reimbursed_after: Share | None = None
    charter_seats: Annotated[int, msgspec.Meta(ge=1)] | None = None
    strictness: Literal["hard", "soft"] = "soft"

    force = "told"
    same_by = ()

    def problems(self) -> Iterable[Problem]:
        given = (self.international, self.daily, self.employer_share, self.employer_amount, self.charter_seats)
        if all(one is None for one in given):
            yield (
                "",
                "a transport rule that says nothing",
                "international, daily, employer_share, employer_amount or charter_seats",
            )

    def says(self) -> Iterable[Phrase]:
        if self.international:
            yield f"say.transport.{self.international}", {}
        if self.daily:
            yield f"say.transport.daily_{self.daily}", {}
        if self.employer_share is not None:
            yield "say.transport.share", {"share": self.employer_share}
        if self.employer_amount is not None:
            yield "say.transport.amount", {"money": self.employer_amount}
        if self.reimbursed_after is not None:
            yield "say.transport.reimbursed", {"share": self.reimbursed_after}
        if self.charter_seats is not None:
            yield "say.transport.charter", {"seats": self.charter_seats}


_UNINSPECTED: dict[str, dict[str, str]] = {"housing.inspected": {}, "fact.unreadable": {"fact": "inspected_until"}}
"""Why a stay is not known to be inspected: code -> its values."""


def _inspection(facts: Mapping[str, str], end: date) -> str:
    """The code of why a stay up to `end` is not inspected to its last day, "" if it is or nothing is said of it."""
    until = facts.get("inspected_until")
    if until is None:
        return ""
    try:
        return "housing.inspected" if end > date.fromisoformat(until) else ""
    except ValueError:
        return "fact.unreadable"


def _asked(facts: Mapping[str, str], item: str) -> float:
    """What the worker is to pay for an item; infinite where a fact about it cannot be read."""
    return sum(_costs(facts, item))


def _costs(facts: Mapping[str, str], item: str) -> list[float]:
    """What the facts say that the worker pays, each that counts as the item; empty where they say nothing of it."""
    known = get_args(Item)
    asked = {name.removeprefix(_PAYS): amount(text) for name, text in facts.items() if name.startswith(_PAYS)}
    return [
        paid for name, paid in asked.items() if item in ("any", name) or (item == "recruitment" and name not in known)
    ]


def _silent(view: View, name: tuple[object, ...], says_nothing: Callable[[Mapping[str, str]], bool]) -> Where:
    """Vacancies whose facts do not say something."""
    key = (*name, "silent")
    return (Mask(vacancy=view.mask("vacancy", "facts", key, lambda text: says_nothing(parse_facts(text)))),)


def _above(
    view: View, name: tuple[object, ...], reads: Callable[[Mapping[str, str]], float], most: float
) -> tuple[Where, Where]:
    """(vacancies whose facts cannot be read, those where they say more than `most`)."""

    def when(state: str, holds: Callable[[float], bool]) -> Where:
        return (
            Mask(vacancy=view.mask("vacancy", "facts", (*name, state), lambda text: holds(reads(parse_facts(text))))),
        )

    return when("unreadable", lambda found: found == inf), when(f"> {most}", lambda found: most < found < inf)


def _column(view: View, name: str) -> list[Any]:
    return view.vacancies[name].to_list() if name in view.vacancies.columns else [None] * len(view.start)


def _texts(view: View) -> list[Any]:
    return _column(view, "facts")


def _site(site_id: str | None, vacancy_id: str) -> tuple[str, str]:
    return ("site", site_id) if site_id else ("vacancy", vacancy_id)


def _busy_days(start: Any, end: Any) -> list[Any]:
    """The arrival days at which the set of those present is not contained in that of another day."""
    days = np.unique(start)
    leave = np.sort(end)
    kept = []
    for n, day in enumerate(days):
        following = days[n + 1] if n + 1 < len(days) else None
        gone = following is None or bool(((leave >= day) & (leave < following)).any())
        if gone:
            kept.append(day)
    return kept
