"""What the allocation orders of real schemes would have given, beside the plan: same candidates, same hard limits."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.solver import policies
from skillbridge.solver.plan import value
from skillbridge.solver.problem import Problem

ORDERS = {
    "lottery": "workers drawn by lot with the plan's seed",
    "first-come": "workers by waiting_since, the earliest first, those without last",
    "epk-points": "workers by points, the highest first; assumed: the mean score of a worker's candidates",
    "click-day": "vacancies by applied_on, the earliest first, those without last; each takes its best workers",
    "rse-40": "two fifths of every vacancy's positions first, then vacancies by applied_on",
    "deferred-acceptance": "workers propose down their candidates by worth, vacancies keep the best",
}
"""Name -> whose turn it is. Assumptions are said."""

BESIDE: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "order": pl.String(),
    "placed": pl.Int64(),
    "objective": pl.Int64(),
    "of_plan": pl.Float64(),
}
"""`placed` in heads, `objective` in objective points, `of_plan` = objective / that of the plan."""

Ints = npt.NDArray[np.int64]


def beside(
    problem: Problem,
    chosen: Ints,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    edges: pl.DataFrame,
    names: Sequence[str],
    seed: int = 0,
) -> pl.DataFrame:
    """BESIDE: the plan `chosen` as `plan`, then each policy of `names` (see ORDERS), all within the hard limits.

    Raises `BadInput` for a policy that is not there.
    """
    best = value(problem, chosen)
    lines = [("plan", "as planned", int((chosen >= 0).sum()), best, 1.0)]
    for name in dict.fromkeys(names):
        given = allocate(problem, workers, vacancies, edges, name, seed)
        worth = value(problem, given)
        lines.append((name, ORDERS[name], int((given >= 0).sum()), worth, round(worth / best, 4) if best > 0 else 0.0))
    return pl.DataFrame(lines, schema=BESIDE, orient="row")


def allocate(
    problem: Problem, workers: pl.DataFrame, vacancies: pl.DataFrame, edges: pl.DataFrame, name: str, seed: int
) -> Ints:
    """int64 [workers]: the edges that the policy `name` of ORDERS gives, -1 for none."""
    waiting, applied = _days(workers["waiting_since"]), _days(vacancies["applied_on"])
    if name == "lottery":
        return policies.lottery(problem, seed)
    if name == "first-come":
        return policies.first_come(problem, waiting)
    if name == "epk-points":
        degree = np.diff(problem.indptr)
        worker = np.repeat(np.arange(problem.n_workers), degree)
        total = np.bincount(worker, weights=edges["score"].to_numpy(), minlength=problem.n_workers)
        return policies.points(problem, (total / np.maximum(degree, 1)).astype(np.int64))
    if name == "click-day":
        return policies.click_day(problem, applied)
    if name == "rse-40":
        return policies.proportional(problem, applied)
    if name == "deferred-acceptance":
        return policies.deferred_acceptance(problem)
    raise BadInput("policy", name, f"one of {', '.join(ORDERS)}")


def _days(column: pl.Series) -> Ints:
    """Days since 1970, those not known last."""
    return column.cast(pl.Int64).fill_null(2**31).to_numpy()
