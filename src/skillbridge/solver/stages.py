"""Objectives in order: the first is made as good as can be, then held while the next is, and so on.

Each later stage starts from the plan it has and solves for its own points with a row that keeps every earlier
objective at its reached value less a tolerance. What the order costs is told as it goes: how much each objective gave
up of what it could have had alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from skillbridge.errors import BadInput
from skillbridge.matching.held import Held, with_held
from skillbridge.model import PlanStatus
from skillbridge.solver.plan import Solution, dual_value, value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

ALONE_PASSES = 600
"""Passes for the prices that prove what an objective could have had alone."""


@dataclass(frozen=True)
class Stage:
    """One objective's outcome, in its points less the penalties of soft rows.

    `reached` in the end; no plan that keeps the earlier objectives reaches more than `bound`, no plan at all more than
    `alone`. `held` is the least sum of its edges' points that later stages had to keep; `status` is its solve's.
    `prices` and `alone_prices` (vacancies', rows') prove the bounds, the first over the rows of `with_held`.
    """

    name: str
    reached: int
    bound: float
    alone: float
    held: int
    status: PlanStatus
    prices: tuple[Floats, Floats]
    alone_prices: tuple[Floats, Floats]

    @property
    def price(self) -> float:
        """Points of this objective that the objectives before it cost at most."""
        return max(0.0, self.alone - self.reached)


def solve_in_order(
    problem: Problem,
    objectives: Mapping[str, npt.NDArray[np.integer]],
    *,
    tolerance: float = 0.001,
    seed: int = 0,
    time_limit: float | None = None,
    stop: Callable[[], bool] | None = None,
    plan: Ints | None = None,
) -> tuple[Solution, tuple[Stage, ...]]:
    """(the last stage's solution, one `Stage` per objective in the order of `objectives`).

    `objectives` maps names to whole points int [edges], >= 0. `tolerance` is the share of an earlier objective that a
    later one may give up. Every edge counts one point more than stated, so that a useless placement still counts as
    filled. The solution's objective and bound are those of the last stage. `time_limit` is shared equally; `plan` is a
    legal one to start from.
    """
    if not objectives:
        raise BadInput("objectives", "none", "at least one")
    each = None if time_limit is None else time_limit / len(objectives)
    held: list[Held] = []
    found: list[tuple[Problem, Solution]] = []
    for name, points in objectives.items():
        weight = np.asarray(points + 1, np.int32)
        stage = replace(problem, weight=weight, rows=with_held(problem.rows, held))
        start = found[-1][1].chosen if found else plan
        solution = solve(stage, seed=seed, time_limit=each, stop=stop, plan=start)
        found.append((stage, solution))
        if solution.status == "infeasible":
            break
        reached = int(weight[solution.chosen[solution.chosen >= 0]].sum(dtype=np.int64))
        held.append(Held(name, weight, int(np.floor(reached * (1 - tolerance)))))
    last = found[-1][1].chosen
    stages = []
    for number, (one, (stage, solution)) in enumerate(zip(held, found, strict=False)):
        prices = solution.vacancy_price, solution.row_price
        bound = dual_value(stage, *prices)
        alone, alone_prices = (bound, prices) if not number else _alone(replace(problem, weight=stage.weight))
        if alone < bound:
            no_price = np.zeros(stage.n_rows - problem.n_rows)
            bound, prices = alone, (alone_prices[0], np.concatenate([alone_prices[1], no_price]))
        reached = value(stage, last)
        stages.append(Stage(one.name, reached, bound, alone, one.least, solution.status, prices, alone_prices))
    return found[-1][1], tuple(stages)


def plan_in_order(
    problem: Problem,
    objectives: Mapping[str, npt.NDArray[np.integer]],
    *,
    tolerance: float,
    seed: int = 0,
    time_limit: float | None = None,
    stop: Callable[[], bool] | None = None,
    prices: tuple[Floats, Floats] | None = None,
) -> tuple[Solution, tuple[Stage, ...]]:
    """(the plan made for `objectives` in their order, its stages); its worth and prices are in `problem`'s weights.

    The plan that is best by weight is the start, and tells by its bound what the order costs in weight.
    """
    each = None if time_limit is None else time_limit / (1 + len(objectives))
    first = solve(problem, seed=seed, time_limit=each, stop=stop, prices=prices)
    if first.status == "infeasible":
        return first, ()
    rest = None if each is None else each * len(objectives)
    last, stages = solve_in_order(
        problem, objectives, tolerance=tolerance, seed=seed, time_limit=rest, stop=stop, plan=first.chosen
    )
    status: PlanStatus = "stopped" if "stopped" in (first.status, last.status) else "feasible"
    method = f"{' before '.join(objectives)}; {last.method}"
    return replace(
        first, chosen=last.chosen, objective=value(problem, last.chosen), status=status, method=method
    ), stages


def _alone(problem: Problem) -> tuple[float, tuple[Floats, Floats]]:
    """(bound, prices that prove it) of a problem by itself."""
    pricer, n = Pricer(problem), problem.n_vacancies
    price, _ = descend(pricer, np.zeros(len(pricer.limits)), ALONE_PASSES, (60.0, 0.4))
    return dual_value(problem, price[:n], price[n:]), (price[:n], price[n:])
