"""One placement as a judge sees it: plain values of one worker, one vacancy and the dates.

Nothing here is shared with the arrays of admission and rows: the two ways of reading a rule stay independent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import msgspec

from skillbridge.model import PastSeason
from skillbridge.tables import parse_languages, parse_list, parse_past

FactName = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", description="lower-case words and digits, joined by _")
]
"""How the name of a fact is written in rules."""


def parse_facts(text: str | None) -> dict[str, str]:
    """`lmt:yes;unemployed_months:8` as a mapping; a name alone is `yes`, a name with a colon and no value not stated.

    Names are in lower case, however they are written.
    """
    parts = [part.partition(":") for part in parse_list(text)]
    return {
        name.strip().lower(): value.strip() if colon else "yes"
        for name, colon, value in parts
        if not colon or value.strip()
    }


_PLAIN = {"true": "yes", "1": "yes", "pass": "yes", "false": "no", "0": "no", "fail": "no"}


def plain(text: str) -> str:
    """A fact's value without case, and yes or no however it is written."""
    lower = text.strip().casefold()
    return _PLAIN.get(lower, lower)


def number(text: str | None) -> float | None:
    """The fact as a number (yes 1, no 0), or None where it says nothing of the kind."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return {"yes": 1.0, "true": 1.0, "pass": 1.0, "no": 0.0, "false": 0.0, "fail": 0.0}.get(text.lower())


def amount(text: str | None) -> float:
    """What a fact says as a number: 0 where it is not stated, infinite where it cannot be read."""
    if text is None:
        return 0.0
    found = number(text)
    return float("inf") if found is None else found


@dataclass(slots=True)
class WorkerFacts:
    """What rules may ask of a worker."""

    worker_id: str
    origin: str
    region: str | None = None
    birth_year: int | None = None
    sex: str | None = None
    isco: str | None = None
    experience_months: int = 0
    education: int | None = None
    languages: dict[str, Any] = field(default_factory=dict)
    licences: tuple[str, ...] = ()
    past: tuple[PastSeason, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "WorkerFacts":
        """The facts in a row of tables.WORKERS."""
        return cls(
            row["worker_id"],
            row["origin"],
            row.get("region"),
            row.get("birth_year"),
            row.get("sex"),
            row.get("isco"),
            row.get("experience_months") or 0,
            row.get("education"),
            dict(parse_languages(row.get("languages"))),
            parse_list(row.get("licences")),
            parse_past(row.get("past")),
            parse_facts(row.get("facts")),
        )


@dataclass(slots=True)
class VacancyFacts:
    """What rules may ask of a vacancy."""

    vacancy_id: str
    employer_id: str
    destination: str
    positions: int
    start: date
    end: date
    region: str | None = None
    isco: str | None = None
    sector: str | None = None
    hours_week: float | None = None
    wage: int | None = None
    currency: str | None = None
    beds: int | None = None
    site_id: str | None = None
    channel: str | None = None
    operator: str | None = None
    named_workers: tuple[str, ...] = ()
    partnership: str | None = None
    applied_on: date | None = None
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> tuple[str, str]:
        """Where its beds are: the site, or the vacancy itself."""
        return ("site", self.site_id) if self.site_id else ("vacancy", self.vacancy_id)

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "VacancyFacts":
        """The facts in a row of tables.VACANCIES."""
        return cls(
            row["vacancy_id"],
            row["employer_id"],
            row["destination"],
            row["positions"],
            row["start"],
            row["end"],
            row.get("region"),
            row.get("isco"),
            row.get("sector"),
            row.get("hours_week"),
            row.get("wage"),
            row.get("currency"),
            row.get("beds"),
            row.get("site_id"),
            row.get("channel"),
            row.get("operator"),
            parse_list(row.get("named_workers")),
            row.get("partnership"),
            row.get("applied_on"),
            parse_facts(row.get("facts")),
        )


@dataclass(frozen=True)
class World:
    """What is known of all vacancies, placed or not: the one country each employer hires in (employers of several are
    left out), the facts of its vacancies, the beds of each site, the positions of each employer."""

    countries: Mapping[str, str]
    employer_facts: Mapping[str, Sequence[dict[str, str]]]
    beds: Mapping[tuple[str, str], int]
    positions: Mapping[str, int]

    @classmethod
    def of(cls, vacancies: Iterable[VacancyFacts]) -> "World":
        """The world of these vacancies."""
        countries: dict[str, set[str]] = {}
        facts: dict[str, list[dict[str, str]]] = {}
        beds: dict[tuple[str, str], int] = {}
        positions: dict[str, int] = {}
        for vacancy in vacancies:
            countries.setdefault(vacancy.employer_id, set()).add(vacancy.destination)
            facts.setdefault(vacancy.employer_id, []).append(vacancy.facts)
            positions[vacancy.employer_id] = positions.get(vacancy.employer_id, 0) + vacancy.positions
            if vacancy.beds is not None:
                beds[vacancy.site] = max(vacancy.beds, beds.get(vacancy.site, 0))
        single = {name: min(where) for name, where in countries.items() if len(where) == 1}
        return cls(single, facts, beds, positions)


@dataclass(slots=True)
class Case:
    """One worker in one vacancy from `start` to `end` by the partnership `pathway`; `number` is the placement's row.

    `earlier` are the worker's placements before it in the same plan, as stay rules count them.
    """

    worker: WorkerFacts
    vacancy: VacancyFacts
    start: date
    end: date
    pathway: str
    number: int
    world: World
    earlier: tuple[PastSeason, ...] = ()

    def seasons(
        self, names: tuple[str, ...], destinations: tuple[str, ...], *, planned: bool = False
    ) -> list[PastSeason]:
        """Past seasons under the partnership of these `names`.

        A season that names none counts if it was or may have been in its country. With `planned`, those planned before
        this placement too.
        """
        found = []
        for season in (*self.worker.past, *self.earlier) if planned else self.worker.past:
            country = season.destination or self.world.countries.get(season.employer_id)
            if season.partnership in names or (
                season.partnership is None and (country is None or not destinations or country in destinations)
            ):
                found.append(season)
        return found
