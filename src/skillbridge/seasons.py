"""Plan several seasons for one person: over a horizon of one to three years, at home in between as agreements demand.

The same flow as one season up to the rows; then chains of stays instead of single placements. The finished plan is
judged like any other, each placement with those before it as past seasons.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import tables
from skillbridge.matching.candidates import candidates
from skillbridge.matching.objective import load_objective, weights
from skillbridge.matching.stay_tables import stay_tables
from skillbridge.matching.stays import Stays
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.rows import Rows, compile_rows
from skillbridge.pipeline import PlaceRequest, Step, understand
from skillbridge.solver.chains import ChainProblem, ChainSolution, solve_chains

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

    `solution.bound` holds for plans by chains over `problem`; `dropped` counts placements that the judge took back
    because a past season is known by year only.
    """

    placements: pl.DataFrame
    problem: ChainProblem
    solution: ChainSolution
    rows: Rows
    dropped: int

    @property
    def ledger(self) -> pl.DataFrame:
        """LEDGER of the plan, sorted by worker_id."""
        days = (pl.col("end") - pl.col("start")).dt.total_days() + 1
        return (
            self.placements.group_by("worker_id", maintain_order=True)
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
) -> SeasonPlan:
    """The best legal chains of placements over all of the request's vacancies."""
    tell = progress or (lambda step: None)
    tell(Step("understand"))
    workers, vacancies = (understand(frame, request.taxonomy) for frame in (request.workers, request.vacancies))
    vacancies = tables.applied_by(vacancies, request.as_of)
    found = candidates(
        workers,
        vacancies,
        request.partnerships,
        request.taxonomy,
        limit=request.limit,
        progress=lambda share: tell(Step("candidates", share)),
    )
    edges = found.edges.sort("worker", "start", "vacancy")
    tell(Step("rules"))
    rows = compile_rows(edges, workers, vacancies, request.partnerships)
    rules, kind, history = stay_tables(edges, workers, vacancies, request.partnerships)
    problem = ChainProblem(
        options=Stays(
            np.searchsorted(edges["worker"].to_numpy(), np.arange(workers.height + 1)).astype(np.int64),
            edges["start"].cast(pl.Int32).to_numpy(),
            edges["end"].cast(pl.Int32).to_numpy(),
            kind,
        ),
        vacancy=edges["vacancy"].to_numpy().astype(np.int32),
        weight=weights(edges, workers, vacancies, load_objective(request.objective)),
        positions=vacancies["positions"].to_numpy().astype(np.int32),
        rows=_hard(rows),
        history=history,
        rules=rules,
    )
    solution = solve_chains(
        problem,
        seed=request.seed,
        time_limit=request.time_limit,
        progress=lambda bound, best: tell(Step("solve: chains", None, best, bound)),
        stop=stop,
    )
    tell(Step("judge"))
    placements = _placements(edges, solution.options, workers, vacancies, [one.id for one in request.partnerships])
    kept, dropped = _judged(placements, workers, vacancies, request)
    return SeasonPlan(kept, problem, solution, rows, dropped)


def _hard(rows: Rows) -> Rows:
    """The rows with soft ones left out: chains carry hard rows only."""
    hard = np.array([ref.penalty is None for ref in rows.refs], dtype=np.bool_)
    if hard.all():
        return rows
    return Rows(
        rows.cell,
        rows.limit[hard],
        rows.cell_rows[:, hard],
        rows.vacancy_rows[:, hard],
        tuple(ref for ref, keep in zip(rows.refs, hard, strict=True) if keep),
    )


def _placements(
    edges: pl.DataFrame, options: npt.NDArray[np.int64], workers: pl.DataFrame, vacancies: pl.DataFrame, ids: list[str]
) -> pl.DataFrame:
    chosen = edges[options]
    names = pl.Series(ids, dtype=pl.String)
    return chosen.select(
        "start",
        "end",
        "score",
        worker_id=workers["worker_id"].gather(chosen["worker"]),
        vacancy_id=vacancies["vacancy_id"].gather(chosen["vacancy"]),
        employer_id=vacancies["employer_id"].gather(chosen["vacancy"]),
        destination=vacancies["destination"].gather(chosen["vacancy"]),
        partnership=names.gather(chosen["pathway"].cast(pl.UInt32)),
    ).sort("worker_id", "start")


def _judged(
    placements: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, request: PlaceRequest
) -> tuple[pl.DataFrame, int]:
    """(the placements that the judge lets stand, how many it does not): a later stay gives way, again until none is."""
    before = placements.height
    while True:
        broken = [
            max(violation.placements, default=0)
            for violation in judge(
                tables.conform(placements, tables.PLACEMENTS), workers, vacancies, request.partnerships
            )
            if violation.strictness == "hard" and violation.code.startswith("stay.")
        ]
        if not broken:
            return placements, before - placements.height
        placements = placements.with_row_index("n").filter(~pl.col("n").is_in(sorted(set(broken)))).drop("n")
