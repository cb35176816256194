"""What a solver gives back, and the plain arithmetic of a plan: its worth, its use of rows, and what it breaks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillbridge.matching.bound import upper_bound
from skillbridge.model import PlanStatus
from skillbridge.solver.problem import Problem, tightened

NONE = -1
"""A worker without a placement, in `chosen`."""


@dataclass(frozen=True)
class WholeHeads:
    """Prices >= 0 over `problem.tightened`: float64 `vacancy_price` [vacancies], `row_price` [its rows]."""

    vacancy_price: npt.NDArray[np.float64]
    row_price: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """A plan with its certificate.

    `chosen` int64 [workers]: the edge taken or -1. `objective` in points, less the penalties of soft rows; `bound`:
    no plan is worth more. `vacancy_price` float64 [vacancies] and `row_price` float64 [rows] are >= 0 points per head
    and per unit (soft rows: at most the penalty): what one more place is worth. `whole_heads`, where given, proves more
    than they do. Both are recomputable (`certified_bound`); an exact solver's own bound may be lower still.
    `status`: optimal (proven), feasible, stopped (early, on demand), infeasible (then `chosen` is empty of placements
    and `notes` say what clashes). `method` and `notes` say in words what was done.
    """

    chosen: npt.NDArray[np.int64]
    objective: int
    bound: float
    status: PlanStatus
    method: str
    vacancy_price: npt.NDArray[np.float64]
    row_price: npt.NDArray[np.float64]
    notes: tuple[str, ...] = ()
    whole_heads: WholeHeads | None = None

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of the bound (0 to 1)."""
        return max(0.0, (self.bound - self.objective) / self.bound) if self.bound > 0 else 0.0


def certified_bound(problem: Problem, solution: Solution) -> float:
    """The bound that the solution's prices prove: anyone can recompute it, unlike an exact solver's own claim."""
    proven = dual_value(problem, solution.vacancy_price, solution.row_price)
    if solution.whole_heads is not None:
        whole = solution.whole_heads
        proven = min(proven, dual_value(tightened(problem), whole.vacancy_price, whole.row_price))
    return proven


def dual_value(problem: Problem, vacancy_price: npt.NDArray[np.float64], row_price: npt.NDArray[np.float64]) -> float:
    """What the prices prove, by `matching.bound.upper_bound`."""
    p = problem
    return upper_bound(p.indptr, p.vacancy, p.weight, p.positions, p.rows, p.group, p.place, vacancy_price, row_price)


def usage(problem: Problem, chosen: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(heads placed in each vacancy, use of each row in its own unit)."""
    edges = chosen[chosen >= 0]
    heads = np.bincount(problem.vacancy[edges], minlength=problem.n_vacancies)
    cells = np.bincount(problem.rows.cell[edges], minlength=problem.rows.n_cells)
    return heads, problem.rows.cell_rows.T @ cells + problem.rows.vacancy_rows.T @ heads


def penalties(problem: Problem) -> npt.NDArray[np.float64]:
    """Objective points per unit above each row's limit; infinite for hard rows."""
    values = [np.inf if ref.penalty is None else float(ref.penalty) for ref in problem.rows.refs]
    return np.array(values, np.float64)


def value(problem: Problem, chosen: npt.NDArray[np.int64]) -> int:
    """Objective points of a plan: its weights less the penalties of exceeded soft rows."""
    _, used = usage(problem, chosen)
    cost = penalties(problem)
    soft = np.isfinite(cost)
    excess = np.maximum(0, used - problem.rows.limit)[soft]
    return int(problem.weight[chosen[chosen >= 0]].sum(dtype=np.int64) - (excess * cost[soft].astype(np.int64)).sum())


def broken(problem: Problem, chosen: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """Everything in a plan that is not allowed, in words; empty for a legal plan."""
    found: list[str] = []
    workers = np.flatnonzero(chosen >= 0)
    edges = chosen[workers]
    foreign = (edges < problem.indptr[workers]) | (edges >= problem.indptr[workers + 1])
    found += [f"worker {i} is given another worker's edge" for i in workers[foreign].tolist()]
    if found:
        return tuple(found)
    heads, used = usage(problem, chosen)
    for v in np.flatnonzero(heads > problem.positions).tolist():
        found.append(f"vacancy {v} has {problem.positions[v]} positions but {heads[v]} are placed")
    hard = ~np.isfinite(penalties(problem))
    for r in np.flatnonzero(hard & (used > problem.rows.limit)).tolist():
        ref = problem.rows.refs[r]
        found.append(f"{ref.partnership}: {ref.label}: limit {problem.rows.limit[r]}, used {used[r]}")
    grouped = np.flatnonzero(problem.group >= 0)
    if len(grouped) and len(edges):
        place = np.where(chosen[grouped] >= 0, problem.place[problem.vacancy[np.maximum(chosen[grouped], 0)]], -1)
        group = problem.group[grouped]
        lowest = np.full(int(group.max()) + 1, np.iinfo(np.int32).max)
        highest = np.full(len(lowest), -1)
        np.minimum.at(lowest, group, place)
        np.maximum.at(highest, group, place)
        apart = np.intersect1d(np.flatnonzero(lowest != highest), group)
        found += [f"group {g} does not go together" for g in apart.tolist()]
    return tuple(found)
