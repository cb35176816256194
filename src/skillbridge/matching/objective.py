"""What a plan is for: ordered terms, each with a value in thousandths for every edge and the points it is worth.

The order is the lexicographic one (a solver may satisfy term after term); the points serve the weighted fast mode, in
which an edge is worth the sum of points x value / 1000. Like a score, no term looks at sex, age or origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import resources
from skillbridge.errors import BadInput
from skillbridge.model import Thousandths
from skillbridge.rates import Rates, load_rates

I64 = npt.NDArray[np.int64]
Points = Annotated[int, msgspec.Meta(ge=0, le=1_000_000, description="objective points at a value of 1000")]
MinorUsd = Annotated[int, msgspec.Meta(gt=0, description="US cents")]

SLICE = 4_000_000
"""Edges valued at a time."""

WORKER_COLUMNS = ("worker_id", "past", "waiting_since")
"""All that terms read of workers."""

FEW = 16
"""Up to so many vacancies past seasons are only split where they name one of their employers."""

HOURS = 40.0
"""Weekly hours assumed where a vacancy states none."""


@dataclass(frozen=True, eq=False)
class EdgeView:
    """Some edges (tables.EDGES) with the workers and vacancies they number, and what terms look up in them."""

    edges: pl.DataFrame
    workers: pl.DataFrame
    vacancies: pl.DataFrame
    rates: Rates

    @cached_property
    def worker(self) -> I64:
        """Row of each edge's worker."""
        return self.edges["worker"].to_numpy().astype(np.int64)

    @cached_property
    def vacancy(self) -> I64:
        """Row of each edge's vacancy."""
        return self.edges["vacancy"].to_numpy().astype(np.int64)

    @cached_property
    def days(self) -> I64:
        """Days of each placement, first and last included."""
        return (self.edges["end"].cast(pl.Int64) - self.edges["start"].cast(pl.Int64) + 1).to_numpy()

    def slice(self, start: int) -> "EdgeView":
        """The view of SLICE edges from `start` on."""
        return EdgeView(self.edges.slice(start, SLICE), self.workers, self.vacancies, self.rates)


class Filled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="term", tag="filled"):
    """A position filled: 1000 for every placement. Unit: placements."""

    points: Points
    unit: ClassVar[str] = "placements"

    def value(self, view: EdgeView) -> I64:
        """int64 [edges], thousandths."""
        return np.full(view.edges.height, 1000, dtype=np.int64)


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="term", tag="quality"):
    """The score of the match. Unit: thousandths of a full match."""

    points: Points
    unit: ClassVar[str] = "thousandths of a full match"

    def value(self, view: EdgeView) -> I64:
        """int64 [edges], thousandths."""
        return view.edges["score"].to_numpy().astype(np.int64)


class WorkerGain(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="term", tag="worker_gain"):
    """What the worker earns in the placement (wage x weekly hours x weeks), against `full` US cents.

    Unit: thousandths of `full`. Assumes the bundled exchange rates, and 40 hours a week where none are stated. A wage
    not stated, or in a currency without a rate, counts as nothing.
    """

    points: Points
    full: MinorUsd
    unit: ClassVar[str] = "thousandths of the full season's earnings"

    def value(self, view: EdgeView) -> I64:
        """int64 [edges], thousandths."""
        weekly = self.weekly(view)[view.vacancy]
        return np.minimum(1000, (weekly * view.days / 7 * 1000 / self.full).astype(np.int64))

    def weekly(self, view: EdgeView) -> npt.NDArray[np.float64]:
        """float64 [vacancies], US cents a week."""
        currencies = view.vacancies["currency"].unique()
        factors = {code: view.rates.factor(code, "USD") or 0.0 for code in currencies.to_list()}
        return (
            view.vacancies.select(
                pl.col("wage").fill_null(0)
                * pl.col("currency").replace_strict(factors, return_dtype=pl.Float64)
                * pl.col("hours_week").fill_null(HOURS)
            )
            .to_series()
            .to_numpy()
        )


class Continuity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="term", tag="continuity"):
    """`named` where the employer asks for the worker by name, `returning` where the worker has been with them before.

    Unit: thousandths of a named return.
    """

    points: Points
    named: Thousandths
    returning: Thousandths
    unit: ClassVar[str] = "thousandths of a named return"

    def value(self, view: EdgeView) -> I64:
        """int64 [edges], thousandths."""
        value = np.zeros(view.edges.height, dtype=np.int64)
        first = int(view.worker.min()) if view.edges.height else 0
        people = view.workers.with_row_index("worker").cast({"worker": pl.Int64})
        people = people.slice(first, int(view.worker.max()) + 1 - first if view.edges.height else 0)
        jobs = view.vacancies.with_row_index("vacancy").cast({"vacancy": pl.Int64})
        if jobs.height <= FEW:  # a newcomer's question: most people have not been there
            there = people.select(pl.col("past").str.contains_any(jobs["employer_id"].unique().implode())).to_series()
            past = _entries(people.filter(there.fill_null(value=False)), "past", "worker")
        else:
            past = _entries(people, "past", "worker")
        past = past.with_columns(pl.col("entry").str.replace(r":.*$", ""))
        named = _entries(jobs, "named_workers", "vacancy")
        size = max(1, jobs.height)
        book = jobs.select(entry="employer_id").unique(maintain_order=True).with_row_index("employer")
        employer = jobs.select(entry="employer_id").join(book, on="entry", how="left", maintain_order="left")[
            "employer"
        ]
        seasons = past.join(book, on="entry", how="inner")
        known = np.unique(seasons["worker"].to_numpy() * size + seasons["employer"].to_numpy())
        value[_in(view.worker * size + employer.to_numpy()[view.vacancy], known)] = self.returning
        asked = named.join(people.select("worker", entry="worker_id"), on="entry", how="inner")
        known = np.unique(asked["worker"].to_numpy() * size + asked["vacancy"].to_numpy())
        value[_in(view.worker * size + view.vacancy, known)] = self.named
        return value


class Fairness(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="term", tag="fairness"):
    """How long the worker has waited when the work starts, full at `full_months`, and `never_placed` for a first time.

    Value: never_placed (if the worker has no past season) + (1000 - never_placed) x waiting / full_months.
    Unit: thousandths of the longest wait.
    """

    points: Points
    full_months: Annotated[int, msgspec.Meta(ge=1, le=960, description="months")]
    never_placed: Thousandths
    unit: ClassVar[str] = "thousandths of the longest wait"

    def value(self, view: EdgeView) -> I64:
        """int64 [edges], thousandths."""
        since = view.workers["waiting_since"].cast(pl.Int64).to_numpy(allow_copy=True)
        start = view.edges["start"].cast(pl.Int64).to_numpy()
        days = np.nan_to_num(start - since[view.worker], nan=0.0)
        waited = np.clip(days * 1000 * 12 / (365.25 * self.full_months), 0, 1000).astype(np.int64)
        new = (view.workers["past"].fill_null("") == "").to_numpy()[view.worker]
        value: I64 = waited * (1000 - self.never_placed) // 1000 + self.never_placed * new
        return value


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="term", tag="cost"):
    """What is saved of `full` US cents on a placement, by what one costs in its destination.

    Unit: thousandths of `full`. The costs are the officer's figures, `each` for destinations not in `destinations`.
    """

    points: Points
    full: MinorUsd
    each: Annotated[int, msgspec.Meta(ge=0)]
    destinations: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}
    unit: ClassVar[str] = "thousandths of the full cost saved"

    def value(self, view: EdgeView) -> I64:
        """int64 [edges], thousandths."""
        cost = view.vacancies["destination"].replace_strict(self.destinations, default=self.each, return_dtype=pl.Int64)
        saved: I64 = np.clip(1000 - cost.to_numpy() * 1000 // self.full, 0, 1000)
        return saved[view.vacancy]


Term: TypeAlias = Filled | Quality | WorkerGain | Continuity | Fairness | Cost


Mode = Literal["weighted", "lexicographic"]


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named aim: terms in their order, each at most once, and at least one of them worth points.

    `mode` weighted: one sum of points. lexicographic: the terms worth points one after the other, each later one giving
    up at most `tolerance` thousandths of what an earlier one reached.
    """

    name: str
    title: str
    terms: tuple[Term, ...]
    mode: Mode = "weighted"
    tolerance: Thousandths = 1

    def __post_init__(self) -> None:
        kinds = [type(term) for term in self.terms]
        for number, kind in enumerate(kinds):
            if kind in kinds[:number]:
                raise ValueError(f"terms[{number}]: {term_name(self.terms[number])} is given twice, expected once")
        if not any(term.points for term in self.terms):
            raise ValueError("terms: no term is worth points, expected at least one above 0")


def ordered(objective: Objective) -> list[str]:
    """The names of the terms that a lexicographic objective improves one after the other; none for a weighted one."""
    if objective.mode == "weighted":
        return []
    return [term_name(term) for term in objective.terms if term.points]


def term_name(term: Term) -> str:
    """The term's name as written in files."""
    return str(term.__struct_config__.tag)


def library() -> list[str]:
    """The names of the bundled objectives, sorted."""
    return sorted(path.stem for path in resources.folder("solver/objectives").glob("*.toml"))


def objective_path(name_or_file: str | Path) -> Path:
    """Where the bundled objective of a name, or a TOML file, is. Raises `BadInput`."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        path = resources.folder("solver/objectives") / f"{name_or_file}.toml"
    if not path.is_file():
        raise BadInput("objective", f"{name_or_file}", f"one of {', '.join(library())}, or a TOML file")
    return path


def load_objective(name_or_file: str | Path = "default") -> Objective:
    """The bundled objective of a name (solver/objectives/), or that of a TOML file. Raises `BadInput`."""
    path = objective_path(name_or_file)
    return parse_objective(path.read_bytes(), path.name)


def parse_objective(text: bytes | str, where: str) -> Objective:
    """The objective that a TOML text states. Raises `BadInput` naming `where` it stands."""
    try:
        return msgspec.toml.decode(text, type=Objective)
    except msgspec.DecodeError as error:
        raise BadInput(f"objective {where}", str(error), "see docs/matching.md") from error


def terms(
    edges: pl.DataFrame,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    objective: Objective,
    *,
    rates: Rates | None = None,
) -> dict[str, npt.NDArray[np.int32]]:
    """Term name -> its value for every edge (int32, thousandths), in the objective's order: for lexicographic use."""
    view = EdgeView(edges, workers, vacancies, rates or load_rates())
    values = {term_name(term): np.zeros(edges.height, dtype=np.int32) for term in objective.terms}
    for start in range(0, edges.height, SLICE):
        part = view.slice(start)
        for term in objective.terms:
            values[term_name(term)][start : start + SLICE] = term.value(part)
    return values


def weights(
    edges: pl.DataFrame,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    objective: Objective,
    *,
    rates: Rates | None = None,
) -> npt.NDArray[np.int32]:
    """Objective points of every edge, int32 and at least 1: the sum of points x value / 1000, rounded half up."""
    view = EdgeView(edges, workers, vacancies, rates or load_rates())
    found = np.ones(edges.height, dtype=np.int32)
    for start in range(0, edges.height, SLICE):
        part = view.slice(start)
        values = {term_name(term): term.value(part) for term in objective.terms if term.points}
        found[start : start + SLICE] = points(values, objective)
    return found


def points(values: Mapping[str, npt.NDArray[np.signedinteger]], objective: Objective) -> npt.NDArray[np.int32]:
    """Objective points by the values of the terms worth any (see :func:`terms`), int32 and at least 1."""
    worth = [term.points * values[term_name(term)].astype(np.int64) for term in objective.terms if term.points]
    return np.maximum(1, (sum(worth, start=np.int64(500))) // 1000).astype(np.int32)


class Promise(NamedTuple):
    """What pairs with one vacancy may be worth, in thousandths of a point: `sure` whoever takes it (half a point for
    rounding included), `quality` for each thousandth of the score, `gain` and `fairness` for each of those terms, which
    `weekly` (US cents), `full`, `full_months` and `never` say as in the terms."""

    sure: int
    quality: int
    gain: int
    weekly: float
    full: int
    fairness: int
    full_months: int
    never: int


def promise(vacancies: pl.DataFrame, objective: Objective, *, rates: Rates | None = None) -> Promise:
    """The promise of one vacancy (one row of tables.VACANCIES) to those who are no return; see :func:`points`."""
    view = EdgeView(pl.DataFrame({"vacancy": [0]}), vacancies.head(0), vacancies, rates or load_rates())
    found = Promise(500, 0, 0, 0.0, 1, 0, 1, 0)
    for term in objective.terms:
        if isinstance(term, Quality):
            found = found._replace(quality=term.points)
        elif isinstance(term, WorkerGain):
            found = found._replace(gain=term.points, weekly=float(term.weekly(view)[0]), full=term.full)
        elif isinstance(term, Fairness):
            found = found._replace(fairness=term.points, full_months=term.full_months, never=term.never_placed)
        elif not isinstance(term, Continuity):
            found = found._replace(sure=found.sure + term.points * int(term.value(view)[0]))
    return found


def _entries(frame: pl.DataFrame, column: str, row: str) -> pl.DataFrame:
    """(row number as `row`, `entry`) of every part of a `;` list column."""
    return (
        frame.select(row, entry=column)
        .filter(pl.col("entry").fill_null("") != "")
        .with_columns(pl.col("entry").str.split(";"))
        .explode("entry")
        .with_columns(pl.col("entry").str.strip_chars())
    )


def _in(keys: I64, known: I64) -> npt.NDArray[np.bool_]:
    """Which keys are among the sorted `known`."""
    if not len(known):
        return np.zeros(len(keys), dtype=np.bool_)
    found: npt.NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys
    return found
