"""Objectives in order: the first is made as good as can be, then held while the next is, and so on.

Each later stage solves for its own weights with a row that keeps every earlier objective at its reached value less a
tolerance. What the order costs is told as it goes: how much each stage gave up of what it could have had alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.partnerships.rows import RowRef
from skillbridge.solver.plan import Solution, value
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

Weights = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Stage:
    """One objective's outcome: `reached` points in the end, `alone` the bound if it came first; `price` the difference.

    Both less the penalties of soft rows. `held` is the least sum of its edges' points that later stages had to keep.
    """

    name: str
    reached: int
    alone: float
    held: int

    @property
    def price(self) -> float:
        """Points of this objective that the objectives before it cost at most."""
        return max(0.0, self.alone - self.reached)


def solve_in_order(
    problem: Problem,
    objectives: dict[str, npt.NDArray[np.integer]],
    *,
    tolerance: float = 0.001,
    seed: int = 0,
    time_limit: float | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[Solution, tuple[Stage, ...]]:
    """(the last stage's solution, one `Stage` per objective in the order of `objectives`).

    `objectives` maps names to whole points int [edges], >= 0. `tolerance` is the share of an earlier objective that a
    later one may give up. Every edge counts one point more than stated, so that a useless placement still counts as
    filled. The solution's objective and bound are those of the last stage. `time_limit` is shared equally.
    """
    if not objectives:
        raise BadInput("objectives", "none", "at least one")
    each = None if time_limit is None else time_limit / (2 * len(objectives))
    stages: list[tuple[str, Weights, int]] = []
    alone: dict[str, float] = {}
    plan: Solution | None = None
    for name, points in objectives.items():
        weight = np.asarray(points + 1, np.int32)
        free = solve(replace(problem, weight=weight), seed=seed, time_limit=each, stop=stop)
        alone[name] = free.bound
        if not stages:
            plan = free
        else:
            held = _holding(replace(problem, weight=weight), stages)
            start = plan
            plan = solve(held, seed=seed, time_limit=each, stop=stop)
            if plan.status == "infeasible" and start is not None:
                plan = replace(start, notes=(*start.notes, f"{name} could not be improved within the tolerance"))
        sum_of_points = int(weight[plan.chosen[plan.chosen >= 0]].sum())
        stages.append((name, weight, int(np.floor(sum_of_points * (1 - tolerance)))))
    assert plan is not None
    reached = {name: value(replace(problem, weight=weight), plan.chosen) for name, weight, _ in stages}
    return plan, tuple(Stage(name, reached[name], alone[name], least) for name, _, least in stages)


def _holding(problem: Problem, stages: list[tuple[str, Weights, int]]) -> Problem:
    """`problem` with a row for each earlier stage; cells are split so that no row needs more than a cell's count."""
    rows = problem.rows
    keys = np.stack([rows.cell, *(weight for _, weight, _ in stages)], axis=1)
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    kept = sparse.csr_array(-cells[:, 1:])
    extra = tuple(RowRef("objective", name, f"{name} at least {least}", "points") for name, _, least in stages)
    empty = sparse.csr_array((problem.n_vacancies, len(stages)), dtype=np.int64)
    return replace(
        problem,
        rows=replace(
            rows,
            cell=cell.astype(np.int32),
            limit=np.concatenate([rows.limit, [-least for _, _, least in stages]]).astype(np.int64),
            cell_rows=sparse.csr_array(sparse.hstack([rows.cell_rows[cells[:, 0]], kept])),
            vacancy_rows=sparse.csr_array(sparse.hstack([rows.vacancy_rows, empty])),
            refs=(*rows.refs, *extra),
        ),
    )
