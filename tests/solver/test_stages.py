"""An objective that comes first is not given up for one that comes later, and the price of the order is told."""

import numpy as np
import pytest

from skillbridge.solver.plan import broken
from skillbridge.solver.stages import solve_in_order
from tests.solver.test_solve import small_world


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
    assert gain.reached <= gain.alone + 1e-6
    assert gain.price >= 0
