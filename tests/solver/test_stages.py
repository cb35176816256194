"""An objective that comes first is not given up for one that comes later, and the price of the order is told."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import random_problem
from skillbridge.errors import BadInput
from skillbridge.matching.held import Held, with_held
from skillbridge.solver.plan import broken
from skillbridge.solver.solve import solve
from skillbridge.solver.stages import solve_in_order
from tests.solver.test_solve import best_by_enumeration, small_world


@pytest.mark.parametrize("seed", range(15))
def test_a_later_objective_never_costs_an_earlier_one(seed: int) -> None:
    problem = small_world(seed)
    rng = np.random.default_rng(seed)
    n = len(problem.vacancy)
    if not n:
        return
    objectives = {"filled": np.full(n, 100), "gain": rng.integers(0, 50, n)}
    plan, stages = solve_in_order(problem, objectives, tolerance=0.0)
    assert not broken(problem, plan.chosen)
    filled, gain = stages
    assert 101 * (plan.chosen >= 0).sum() >= filled.held
    assert gain.reached - 1e-6 <= gain.bound <= gain.alone
    assert gain.price >= 0


@pytest.mark.parametrize("seed", range(40))
def test_the_order_is_the_lexicographic_one(seed: int) -> None:
    problem = small_world(seed)
    rng = np.random.default_rng(seed)
    objectives = {name: rng.integers(0, top, len(problem.vacancy)) for name, top in (("a", 3), ("b", 4), ("c", 50))}
    plan, stages = solve_in_order(problem, objectives, tolerance=0.0)
    best: dict[str, int] = {}
    rows = problem.rows
    for name, points in objectives.items():
        stage = replace(problem, weight=(points + 1).astype(np.int32), rows=with_held(rows, held_at(objectives, best)))
        found = best_by_enumeration(stage)
        assert found is not None
        if any(ref.penalty is not None for ref in rows.refs):
            break
        best[name] = found
    else:
        assert [stage.reached for stage in stages] == list(best.values())
        assert not broken(problem, plan.chosen)


def held_at(objectives: dict[str, np.ndarray], best: dict[str, int]) -> list[Held]:
    return [Held(name, objectives[name] + 1, least) for name, least in best.items()]


def test_a_plan_to_start_from_is_never_made_worse_and_must_be_legal() -> None:
    problem = random_problem(600, 3, 8)
    first = solve(problem, time_limit=1.0, clock=lambda: 0.0)
    again = solve(problem, plan=first.chosen, stop=lambda: True)
    assert again.objective >= first.objective
    crowded = np.where(np.diff(problem.indptr) > 0, problem.indptr[:-1], -1)
    with pytest.raises(BadInput, match="plan"):
        solve(problem, plan=crowded)
