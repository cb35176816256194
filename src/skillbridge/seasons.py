"""Plan several seasons for one person: over a horizon of one to three years, at home in between as agreements demand.

The same flow as one season up to the rows; then chains of stays instead of single placements. The finished plan is
judged like any other, each placement with those before it as past seasons.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import tables
from skillbridge.matching.chain_bound import chain_choices, units
from skillbridge.matching.stays import MAX_CHAIN, best_chains
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.rows import Rows
from skillbridge.pipeline import Outcome, PlaceRequest, Start, Step, compile_request, folder_of
from skillbridge.solver.chains import ChainProblem, ChainSolution, solve_chains
from skillbridge.solver.plan import Solution, value
from skillbridge.solver.problem import Problem
from skillbridge.wishes import NONE, violations
from skillbridge.wishes import read as read_wishes

LEDGER: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "seasons": pl.UInt32(),
    "days_away": pl.Int64(),
    "days_home_between": pl.Int64(),
    "destinations": pl.String(),
    "partnerships": pl.String(),
}
"""One row a placed worker: seasons planned, days away in all, days at home between them, where and by what."""


@dataclass(frozen=True)
class SeasonPlan:
    """Placements (tables.PLACEMENTS, several a worker, sorted by worker and start) with their proof.

    `outcome` holds the plan's folder; `solution.bound` holds for plans by chains over `problem`; `dropped` counts
    placements that the judge took back because a past season is known by year only.
    """

    outcome: Outcome
    problem: ChainProblem
    solution: ChainSolution
    dropped: int

    @property
    def placements(self) -> pl.DataFrame:
        """The plan's placements."""
        return self.outcome.folder.placements

    @property
    def ledger(self) -> pl.DataFrame:
        """LEDGER of the plan, sorted by worker_id."""
        return ledger(self.placements, self.outcome.folder.vacancies)


def ledger(placements: pl.DataFrame, vacancies: pl.DataFrame) -> pl.DataFrame:
    """LEDGER of tables.PLACEMENTS in tables.VACANCIES, sorted by worker_id."""
    days = (pl.col("end") - pl.col("start")).dt.total_days() + 1
    return (
        placements.join(vacancies.select("vacancy_id", "destination"), on="vacancy_id")
        .sort("worker_id", "start")
        .group_by("worker_id", maintain_order=True)
        .agg(
            seasons=pl.len(),
            days_away=days.sum(),
            span=(pl.col("end").max() - pl.col("start").min()).dt.total_days() + 1,
            destinations=pl.col("destination").unique(maintain_order=True).str.join(";"),
            partnerships=pl.col("partnership").unique(maintain_order=True).str.join(";"),
        )
        .with_columns(days_home_between=pl.col("span") - pl.col("days_away"))
        .select(pl.col(name).cast(kind) for name, kind in LEDGER.items())
    )


def plan_seasons(
    request: PlaceRequest,
    *,
    progress: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
    adjust: Callable[[Problem, pl.DataFrame, Rows], tuple[Problem, Start]] | None = None,
) -> SeasonPlan:
    """The best legal chains of placements over all of the request's vacancies.

    Each person's own terms (:mod:`skillbridge.wishes`) are kept, and groups go together in every season. `adjust` may
    count edges for more than their worth while chains are chosen, and give prices to start from (see
    :mod:`skillbridge.replan`). Raises `BadInput` for wishes that cannot be read.
    """
    tell = progress or (lambda step: None)
    compiled = compile_request(request, tell)
    asked, found, rows, single = compiled.request, compiled.found, compiled.rows, compiled.problem
    workers, vacancies = asked.workers, asked.vacancies
    choices = chain_choices(found.edges, workers, vacancies, request.partnerships)
    hard = np.array([ref.penalty is None for ref in rows.refs], dtype=np.bool_)
    problem = ChainProblem(
        options=choices.options,
        people=choices.people,
        vacancy=single.vacancy[choices.edge],
        weight=single.weight[choices.edge],
        positions=single.positions,
        rows=_only(rows, hard, choices.edge),
        rules=choices.rules,
    )
    favour = prices = None
    if adjust is not None:
        adjusted, start = adjust(single, found.edges, rows)
        favour = (adjusted.weight - single.weight)[choices.edge]
        prices = None if start.prices is None else (start.prices[0], start.prices[1][hard])
    solution = solve_chains(
        problem,
        seed=request.seed,
        time_limit=request.time_limit,
        prices=prices,
        favour=favour,
        progress=lambda bound, best: tell(Step("solve: chains", None, best, bound)),
        stop=stop,
    )
    tell(Step("judge"))
    chosen = choices.edge[problem.seats_of(solution.options)]
    kept = _judged(chosen, found.edges, asked)
    dropped = len(chosen) - len(kept)
    price = np.zeros(len(rows.limit))
    price[hard] = solution.row_price
    exactly = solution.status != "optimal" or (hard.all() and not dropped)
    notes = [f"{dropped} placements taken back: a past season is known by year only"] if dropped else []
    as_solution = Solution(
        kept, value(single, kept), solution.bound, solution.status if exactly else "feasible",  # type: ignore[arg-type]
        "chains of seasons by column generation", solution.vacancy_price, price, tuple(notes),
    )  # fmt: skip
    tell(Step("reasons"))
    folder = folder_of(compiled, as_solution, seasons=True)
    folder = replace(folder, unplaced=_in_own_words(folder.unplaced, workers, problem))
    return SeasonPlan(Outcome(folder, found, rows, single, as_solution), problem, solution, dropped)


def _in_own_words(unplaced: pl.DataFrame, workers: pl.DataFrame, problem: ChainProblem) -> pl.DataFrame:
    """`unplaced` with the true reason of those who have candidates and no legal chain at all: what they ask, or that
    their group shares no vacancy."""
    n = problem.n_units
    chosen, best = np.empty((n, MAX_CHAIN), dtype=np.int64), np.zeros(n)
    best_chains(
        problem.options, problem.people, problem.rules.law, problem.worth.astype(np.float64), np.arange(n), chosen, best
    )
    unit, size = units(workers)
    wishes, code = read_wishes(workers)
    asking = np.zeros(n, dtype=np.bool_)
    np.logical_or.at(asking, unit, np.array([one != NONE for one in wishes])[code])
    none = best[unit] <= 0
    reason = np.where(none & asking[unit], "preference", np.where(none & (size[unit] > 1), "group", ""))
    words = {
        "preference": "what they ask (days at home, time away, a sum to earn) leaves no season",
        "group": "no vacancy can take the whole group on the same days",
    }
    mine = workers.select("worker_id", own=pl.Series(reason)).filter(pl.col("own") != "")
    own = pl.when(pl.col("own").is_not_null() & pl.col("vacancy_id").is_not_null())
    return (
        unplaced.join(mine, on="worker_id", how="left", maintain_order="left")
        .with_columns(
            *(own.then(None).otherwise(pl.col(name)).alias(name) for name in ("partnership", "rule")),
            price=own.then(0.0).otherwise("price"),
            reason=own.then("own").otherwise("reason"),
            detail=own.then(pl.col("own").replace_strict(words, default=None)).otherwise("detail"),
        )
        .drop("own")
    )


def _only(rows: Rows, hard: npt.NDArray[np.bool_], order: npt.NDArray[np.int64]) -> Rows:
    """The hard rows over the edges of seats: chains carry no soft ones."""
    return Rows(
        rows.cell[order],
        rows.limit[hard],
        rows.cell_rows[:, hard],
        rows.vacancy_rows[:, hard],
        tuple(ref for ref, keep in zip(rows.refs, hard, strict=True) if keep),
    )


def _judged(chosen: npt.NDArray[np.int64], edges: pl.DataFrame, request: PlaceRequest) -> npt.NDArray[np.int64]:
    """The edges of placements that the judge lets stand: a later stay gives way, again until no stay rule is broken.

    Whoever then earns less than they want, or no longer goes with their group, stays at home altogether.
    """
    ids = pl.Series([one.id for one in request.partnerships], dtype=pl.String)
    picked = edges[chosen].with_columns(edge=chosen)
    placements = picked.with_columns(
        worker_id=request.workers["worker_id"].gather(picked["worker"]),
        vacancy_id=request.vacancies["vacancy_id"].gather(picked["vacancy"]),
        employer_id=request.vacancies["employer_id"].gather(picked["vacancy"]),
        partnership=ids.gather(picked["pathway"].cast(pl.UInt32)),
    ).sort("worker_id", "start")
    while True:
        broken = [
            max(violation.placements, default=0)
            for violation in judge(
                tables.conform(placements, tables.PLACEMENTS), request.workers, request.vacancies, request.partnerships
            )
            if violation.strictness == "hard" and violation.code.startswith("stay.")
        ]
        if broken:
            placements = placements.with_row_index("n").filter(~pl.col("n").is_in(sorted(set(broken)))).drop("n")
            continue
        unhappy = {who for who, _ in violations(placements, request.workers, request.vacancies)}
        if not unhappy:
            return np.sort(placements["edge"].to_numpy())
        group = pl.concat_str(pl.lit("group "), "group_id")
        leave = request.workers.filter(pl.col("worker_id").is_in(unhappy) | group.is_in(unhappy))
        placements = placements.join(leave, on="worker_id", how="anti", maintain_order="left")
