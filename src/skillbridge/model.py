"""The nouns: frozen structs with units, one schema for core, API, files and store.

Money is integer minor units (cents) of an ISO 4217 currency, and wages are per hour. Durations in files are
ISO 8601. Countries are ISO 3166-1 alpha-2, regions ISO 3166-2. Languages are BCP 47 tags with CEFR levels.
Occupations and skills are concept URIs; ISCO-08 groups are `http://data.europa.eu/esco/isco/C9211`.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

ISCO = "http://data.europa.eu/esco/isco/C"
CEFR = ("A1", "A2", "B1", "B2", "C1", "C2")

ConceptKind = Literal["occupation", "isco_group", "skill", "skill_group"]
LabelKind = Literal["preferred", "alternative", "hidden"]
Relation = Literal["broader", "essential", "optional", "related"]
Sex = Literal["f", "m", "x"]
Cefr = Literal["A1", "A2", "B1", "B2", "C1", "C2"]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
MinorUnits = Annotated[int, msgspec.Meta(ge=0, description="money in minor units (cents)")]
Months = Annotated[int, msgspec.Meta(ge=0, le=960, description="months")]
Isced = Annotated[int, msgspec.Meta(ge=0, le=8, description="ISCED 2011 level")]
Thousandths = Annotated[int, msgspec.Meta(ge=0, le=1000, description="a share in thousandths")]


class Concept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An occupation, an ISCO-08 group, a skill or a group of skills."""

    uri: str
    kind: ConceptKind
    notation: str
    label: str
    broader: tuple[str, ...] = ()


class Mention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text and what it was understood as: `span` is [start, end) in characters of `text`."""

    text: str
    span: tuple[int, int]
    concept_uri: str
    label: str
    score: float
    method: str


class Preference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A worker's wish about a `target`, a country or `employer-<id>`: 1 (mild) to 5 (strong), or a refusal."""

    target: str
    weight: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    refuses: bool = False


class PastSeason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stay in an employer's season: by year, or exactly by dates (both inclusive)."""

    employer_id: str
    year: int
    start: date | None = None
    end: date | None = None
    destination: str | None = None
    partnership: str | None = None


class Worker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person in a work-ready pool, under a pseudonym (`worker_id`)."""

    worker_id: str
    origin: Country
    occupation: str = ""
    region: str | None = None
    birth_year: Annotated[int, msgspec.Meta(ge=1900, le=2100)] | None = None
    sex: Sex | None = None
    concept: str | None = None
    isco: str | None = None
    experience_months: Months = 0
    skills: tuple[str, ...] = ()
    languages: dict[str, Cefr] = {}
    education: Isced | None = None
    licences: tuple[str, ...] = ()
    available_from: date | None = None
    available_to: date | None = None
    wage_floor: MinorUnits | None = None
    currency: Currency | None = None
    preferences: tuple[Preference, ...] = ()
    group_id: str | None = None
    past: tuple[PastSeason, ...] = ()
    waiting_since: date | None = None
    consent: bool | None = None
    facts: dict[str, str] = {}


class Employer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who posts vacancies; `name` may be a person's own name and is shown only to those who may see it."""

    employer_id: str
    name: str = ""
    destination: Country | None = None
    region: str | None = None
    suspended: bool = False


class Vacancy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Demand for `positions` heads in one job at one place from `start` to `end` (both inclusive)."""

    vacancy_id: str
    employer_id: str
    destination: Country
    positions: Annotated[int, msgspec.Meta(ge=1, description="heads")]
    start: date
    end: date
    occupation: str = ""
    employer: str = ""
    region: str | None = None
    concept: str | None = None
    isco: str | None = None
    sector: str | None = None
    skills: tuple[str, ...] = ()
    hours_week: Annotated[float, msgspec.Meta(gt=0, le=168)] | None = None
    wage: MinorUnits | None = None
    currency: Currency | None = None
    languages: dict[str, Cefr] = {}
    experience_months: Months = 0
    education: Isced | None = None
    licences: tuple[str, ...] = ()
    beds: Annotated[int, msgspec.Meta(ge=0, description="heads")] | None = None
    site_id: str | None = None
    channel: str | None = None
    operator: str | None = None
    named_workers: tuple[str, ...] = ()
    partnership: str | None = None
    applied_on: date | None = None
    facts: dict[str, str] = {}


class Edge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A legal pair: this worker could take this vacancy from `start` to `end` by this partnership."""

    worker_id: str
    vacancy_id: str
    partnership: str
    start: date
    end: date
    score: Thousandths


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One worker in one vacancy: a proposal until a named officer approves it."""

    worker_id: str
    vacancy_id: str
    employer_id: str
    partnership: str
    start: date
    end: date
    score: Thousandths


class RuleUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one row of a rule stands in a plan: `limit`, `used` in `unit`; `price` in objective points for one more."""

    partnership: str
    rule: str
    label: str
    unit: str
    limit: int
    used: int
    price: float


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of a run: workers and edges as such, positions and placed in heads."""

    workers: int
    vacancies: int
    positions: int
    edges: int
    placed: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides a plan: with the same values the same plan is rebuilt bit for bit.

    `limit` is candidates a worker; `as_of` the day on which the plan was made, None where no day was given; `seasons`:
    a worker may have several placements in a row.
    """

    version: str
    seed: int
    objective: str
    time_limit: float | None
    hashes: dict[str, str]
    limit: int = 32
    as_of: date | None = None
    seasons: bool = False
    versions: dict[str, str] = {}
    synthetic: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()


PlanStatus = Literal["optimal", "feasible", "infeasible", "stopped"]


class OrderStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a term of a lexicographic objective came out, in its own thousandths and one more for each placement.

    `reached` less the penalties of soft rules; `held`: what the terms after it had to leave it. No plan that holds the
    terms before it reaches more than `bound`, no plan at all more than `alone`: the certificate proves both. `price` =
    alone - reached is what the order, and the search, cost this term at most.
    """

    term: str
    status: PlanStatus
    reached: int
    held: int
    bound: float
    alone: float
    price: float


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record of a proposal (plan.json); its placements are a table beside it.

    `objective` and `bound` are in objective points, `gap` = (bound - objective) / bound, from 0 to 1; the bound is what
    the certificate's prices prove. `solver_bound` is the exact solver's own, tighter word where it was asked: nobody
    can recompute it without a solver, so nothing else rests on it. `rules_bound` is what the prices of the rules' own
    rows prove, where those over rows implied in whole heads prove more. `order` has the steps of a lexicographic
    objective; then the plan is made for them, and `gap` says how far it is from the best by the weighted points.
    """

    status: PlanStatus
    method: str
    objective: int
    bound: float
    gap: float
    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    counts: Counts
    rules: tuple[RuleUse, ...]
    refused: dict[str, int]
    manifest: Manifest
    notes: tuple[str, ...] = ()
    solver_bound: float | None = None
    order: tuple[OrderStep, ...] = ()
    rules_bound: float | None = None
