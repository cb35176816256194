"""A season decided week by week: who came when, who is still expected by a past year, and what was decided, kept.

The flow of one season up to the problem; then `solver.rolling` instead of one solve. The finished plan is a folder
like any other, whose certificate bounds what perfect foresight could have reached.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import tables
from skillbridge.errors import BadInput
from skillbridge.matching.candidates import candidates
from skillbridge.matching.objective import load_objective, weights
from skillbridge.partnerships.rows import compile_rows
from skillbridge.pipeline import Compiled, Outcome, PlaceRequest, Step, folder_of
from skillbridge.solver.forecast import Forecast
from skillbridge.solver.plan import Solution, broken, value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem, compile_problem, of_workers
from skillbridge.solver.rolling import UNDECIDED, Policy, roll
from skillbridge.understanding import understand

DECIDED: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "week": pl.Int32(),
    "vacancy_id": pl.String(),
}
"""decided.csv: every worker with the week of arrival, from 0, and the vacancy or nothing; the next run's input."""

WEEKS: dict[str, pl.DataType] = {
    "week": pl.Int32(),
    "first_day": pl.Date(),
    "arrived": pl.UInt32(),
    "placed": pl.UInt32(),
    "open_positions": pl.Int64(),
}
"""weeks.csv: heads that arrived and were placed in each week, positions still open after it."""

_PAST = "past year: "


@dataclass(frozen=True)
class SeasonRequest:
    """What a season week by week is decided from; the same request gives the same decisions.

    `place` names this year's workers (their `waiting_since` is the day they came; before the `opening` counts as week
    0), vacancies and agreements. `history` are a past year's workers (tables.WORKERS) whose season opened on
    `history_opening`; `by` are the columns whose values are classes that may drift; `expected` (week Int32, the columns
    of `by`, heads) overrides how many of history's classes came in each week. `decided` (DECIDED) is an earlier run's.
    """

    place: PlaceRequest
    opening: date
    weeks: int
    policy: Policy = "sampled"
    history: pl.DataFrame | None = None
    history_opening: date | None = None
    by: Sequence[str] = ("origin",)
    expected: pl.DataFrame | None = None
    decided: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DECIDED))


@dataclass(frozen=True)
class Season:
    """The plan, `weeks` (WEEKS) and `decided` (DECIDED), and what the year's `unmet` minimum shares are, in words."""

    outcome: Outcome
    weeks: pl.DataFrame
    decided: pl.DataFrame
    unmet: tuple[str, ...]


def decide(request: SeasonRequest, *, progress: Callable[[Step], None] | None = None) -> Season:
    """The season's decisions up to the last arrival. Raises `BadInput` for what does not fit together."""
    tell = progress or (lambda step: None)
    place = request.place
    if request.policy == "sampled" and request.history is None:
        raise BadInput("history", "none given", "a past year's workers for the policy sampled")
    workers, vacancies = (understand(frame, place.taxonomy) for frame in (place.workers, place.vacancies))
    vacancies = tables.applied_by(vacancies, place.as_of)
    week = week_of(workers, request.opening, request.weeks, "workers")
    history = pl.DataFrame(schema=tables.WORKERS)
    if request.history is not None:
        history = _as_if_now(understand(request.history, place.taxonomy), request)
    tell(Step("candidates"))
    objective = load_objective(place.objective)
    found = candidates(workers, vacancies, place.partnerships, place.taxonomy, limit=place.limit)
    theirs = candidates(history, vacancies, place.partnerships, place.taxonomy, limit=place.limit)
    tell(Step("rules"))
    everyone = pl.concat([tables.conform(frame, tables.WORKERS) for frame in (workers, history)])
    edges = pl.concat([found.edges, theirs.edges.with_columns(pl.col("worker") + workers.height)])
    worth = np.concatenate(
        [weights(part.edges, who, vacancies, objective) for part, who in ((found, workers), (theirs, history))]
    )
    rows = compile_rows(edges, everyone, vacancies, place.partnerships)
    together = compile_problem(edges, rows, everyone, vacancies, worth)
    year, past = (of_workers(together, people) for people in np.split(np.arange(everyone.height), [workers.height]))
    forecast, kind = _forecast(past, workers, history, request)
    standing = _standing(request.decided, workers, vacancies, found.edges)
    known = np.flatnonzero(standing != UNDECIDED)
    chosen = np.full(workers.height, -1, dtype=np.int64)
    chosen[known] = standing[known]
    for one in roll(year, week, request.policy, forecast=forecast, kind=kind, seed=place.seed, standing=standing):
        chosen[one.workers] = one.decided
        tell(Step(f"week {one.number + 1}", (one.number + 1) / request.weeks))
    own = compile_rows(found.edges, workers, vacancies, place.partnerships)
    problem = compile_problem(found.edges, own, workers, vacancies, worth[: found.edges.height])
    unmet = broken(problem, chosen)
    pricer = Pricer(problem)
    price, bound = descend(pricer, np.zeros(len(pricer.limits)), 2_000, (60.0, 0.4))
    n = problem.n_vacancies
    solution = Solution(
        chosen, value(problem, chosen), bound, "feasible", f"week by week, {request.policy}", price[:n], price[n:],
        tuple(f"still to be made up for: {words}" for words in unmet),
    )  # fmt: skip
    tell(Step("reasons"))
    asked = replace(place, workers=workers, vacancies=vacancies)
    folder = folder_of(Compiled(asked, found, own, problem, objective), solution)
    decided = pl.DataFrame(
        {
            "worker_id": workers["worker_id"],
            "week": week,
            "vacancy_id": vacancies["vacancy_id"].gather(pl.Series(problem.vacancy[np.maximum(chosen, 0)]))
            if len(problem.vacancy)
            else pl.Series([None] * workers.height, dtype=pl.String),
            "placed": chosen >= 0,
        }
    ).with_columns(vacancy_id=pl.when("placed").then("vacancy_id"))
    return Season(
        Outcome(folder, found, own, problem, solution),
        _weeks(week, chosen, request.opening, int(problem.positions.sum())),
        tables.conform(decided, DECIDED).sort("worker_id"),
        unmet,
    )


def week_of(people: pl.DataFrame, opening: date, weeks: int, what: str) -> npt.NDArray[np.int32]:
    """Week of each of `people` by `waiting_since`, int32 from 0; raises `BadInput` for blanks and later weeks."""
    days = (people["waiting_since"] - opening).dt.total_days()
    if days.null_count():
        first = people.filter(days.is_null())["worker_id"][0]
        raise BadInput(
            f"{what}: waiting_since", f"blank for {days.null_count():,} of them, {first} first", "the day each came"
        )
    week: npt.NDArray[np.int32] = np.maximum(0, days.to_numpy() // 7).astype(np.int32)
    late = np.flatnonzero(week >= weeks)
    if len(late):
        who, when = (people[name][int(late[0])] for name in ("worker_id", "waiting_since"))
        raise BadInput(
            f"{what}: {who}: waiting_since",
            f"{when}, in week {week[late[0]] + 1} from {opening}",
            f"at most week {weeks}; a longer season or a later opening",
        )
    return week


def _as_if_now(history: pl.DataFrame, request: SeasonRequest) -> pl.DataFrame:
    """The past year's people with ids of their own, their dates moved to this year, each on their own."""
    opening = request.history_opening or history["waiting_since"].min()
    if not isinstance(opening, date):
        raise BadInput("history: waiting_since", "blank throughout", "the day each came")
    later = timedelta(days=(request.opening - opening).days)
    dates = [pl.col(name) + later for name in ("available_from", "available_to", "waiting_since")]
    return history.with_columns(pl.lit(_PAST) + pl.col("worker_id"), *dates, group_id=pl.lit(None, dtype=pl.String))


def _forecast(
    past: Problem, workers: pl.DataFrame, history: pl.DataFrame, request: SeasonRequest
) -> tuple[Forecast | None, npt.NDArray[np.int32] | None]:
    """(the forecast, the class of each worker); nothing without a history."""
    if request.history is None:
        return None, None
    for name in request.by:
        if name not in tables.WORKERS:
            raise BadInput("by", f"{name!r}", "a column of the workers, such as origin")
    names = [
        frame.select(pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in request.by], separator=":"))
        for frame in (workers, history)
    ]
    keys = pl.concat(names).to_series()
    values, code = tables.distinct(keys, lambda key: key)
    kind = code.astype(np.int32)
    week = week_of(history, request.opening, request.weeks, "history")
    mine, theirs = kind[: workers.height], kind[workers.height :]
    if request.expected is not None:
        people, week = _as_expected(request.expected, request, [str(one) for one in values], theirs)
        past, theirs = of_workers(past, people), theirs[people]
    return Forecast(past, week, theirs, len(values), request.weeks), mine


def _as_expected(
    expected: pl.DataFrame, request: SeasonRequest, values: list[str], kind: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(history's people, again where more are expected; the week of each) so that each class has its `heads` a week."""
    wanted = {"week", "heads", *request.by}
    if not wanted <= set(expected.columns):
        raise BadInput("expected", f"columns {', '.join(expected.columns)}", ", ".join(sorted(wanted)))
    key = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in request.by], separator=":")
    turn = dict.fromkeys(values, 0)
    people: list[int] = []
    weeks: list[int] = []
    for line, (name, week, heads) in enumerate(expected.select(key.alias("key"), "week", "heads").iter_rows(), 2):
        of_class = np.flatnonzero(kind == values.index(name)) if name in turn else np.zeros(0, np.int64)
        if not (isinstance(week, int) and isinstance(heads, int) and 0 <= week < request.weeks and heads >= 0):
            raise BadInput(f"expected: line {line}", f"week {week}, heads {heads}", f"week 0 to {request.weeks - 1}")
        if heads and not len(of_class):
            raise BadInput(f"expected: line {line}", f"nobody of {name!r} in the history", "a class of the history")
        people += of_class[(turn.get(name, 0) + np.arange(heads)) % max(1, len(of_class))].tolist()
        weeks += [week] * heads
        turn[name] = turn.get(name, 0) + heads
    return np.array(people, dtype=np.int64), np.array(weeks, dtype=np.int32)


def _standing(
    decided: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, edges: pl.DataFrame
) -> npt.NDArray[np.int64]:
    """The edges of an earlier run's decisions; raises `BadInput` for one that is no candidate any more."""
    numbered = pl.DataFrame(
        {
            "worker_id": workers["worker_id"].gather(edges["worker"]),
            "vacancy_id": vacancies["vacancy_id"].gather(edges["vacancy"]),
            "edge": np.arange(edges.height, dtype=np.int64),
        }
    )
    mine = decided.join(workers.select("worker_id").with_row_index("row"), on="worker_id").join(
        numbered, on=["worker_id", "vacancy_id"], how="left"
    )
    gone = mine.filter(pl.col("vacancy_id").is_not_null() & pl.col("edge").is_null()).sort("worker_id")
    if gone.height:
        who, where = gone.select("worker_id", "vacancy_id").row(0)
        raise BadInput(
            f"decided: {who}",
            f"vacancy {where} is no longer open to them ({gone.height:,} such)",
            "the inputs it was decided from; changes are a matter of replan",
        )
    standing = np.full(workers.height, UNDECIDED, dtype=np.int64)
    standing[mine["row"].to_numpy()] = mine["edge"].fill_null(-1).to_numpy()
    return standing


def _weeks(week: npt.NDArray[np.int32], chosen: npt.NDArray[np.int64], opening: date, positions: int) -> pl.DataFrame:
    numbers = np.arange(int(week.max(initial=-1)) + 1)
    arrived = np.bincount(week, minlength=len(numbers))
    placed = np.bincount(week[chosen >= 0], minlength=len(numbers))
    return pl.DataFrame(
        {
            "week": numbers,
            "first_day": [opening + timedelta(days=7 * int(number)) for number in numbers],
            "arrived": arrived,
            "placed": placed,
            "open_positions": positions - np.cumsum(placed),
        }
    ).select(pl.col(name).cast(kind) for name, kind in WEEKS.items())
