"""Least prices prove what the linear relaxation over all edges is worth, from wherever they start."""

import numpy as np
import pytest

from skillbridge.solver.columns import least_prices
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.plan import value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem, checked
from skillbridge.solver.solve import solve
from tests.solver.test_solve import small_world


def relaxation(pricer: Pricer) -> float | None:
    """The linear relaxation over every edge at once; None where nothing meets the limits."""
    p = pricer.problem
    edges = np.flatnonzero(np.repeat(p.group < 0, np.diff(p.indptr)))
    answer = solve_program(program(pricer, edges, pricer.all_groups, pricer.limits), whole=False)
    return None if answer.edges is None else answer.objective


def start(pricer: Pricer, seed: int) -> np.ndarray:
    """Prices of any size, none above what a soft row costs."""
    rng = np.random.default_rng(seed)
    scale = float(rng.choice([0.0, 5.0, 200.0]))
    return np.asarray(np.minimum(scale * rng.random(len(pricer.limits)), pricer.ceiling))


@pytest.mark.parametrize("seed", range(150))
def test_least_prices_prove_the_linear_relaxation_from_any_start(seed: int) -> None:
    problem: Problem = checked(small_world(seed, grouped=bool(seed % 2), minimums=bool(seed % 3)))
    pricer = Pricer(problem)
    price = start(pricer, seed)
    found, bound = least_prices(pricer, price, enough=1e-6)
    assert (found >= 0).all()
    assert (found <= pricer.ceiling).all()
    assert pricer.demand(found).value == pytest.approx(bound)
    assert bound <= pricer.demand(price).value + 1e-9
    best = solve(problem, time_limit=1e9)
    if best.status != "infeasible":
        assert bound == pytest.approx(relaxation(pricer), abs=1e-5)
        assert value(problem, best.chosen) <= bound + 1e-6


def test_few_of_the_edges_are_enough_where_there_are_many() -> None:
    from skillbridge.benchmark.grid import random_problem

    pricer = Pricer(random_problem(300, 4, groups=0.1))
    price, near = descend(pricer, np.zeros(len(pricer.limits)), 200, (60.0, 0.4))
    _, bound = least_prices(pricer, price)
    exactly = relaxation(pricer)
    assert exactly is not None
    assert exactly - 1e-6 <= bound <= exactly + 0.5
    assert bound < near, "the descent alone stops above"
    _, one = least_prices(pricer, price, rounds=1)
    assert bound <= one <= near
