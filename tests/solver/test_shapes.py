"""Instances of many shapes: a plan always, judged in plain Python, within the bound; and scores of any size."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.shapes import SHAPES, judged, made
from skillbridge.solver import exact
from skillbridge.solver.columns import least_prices
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.plan import certified_bound
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import Effort, solve

FEW = Effort(200, 1, (0.0,), 2, exact=True)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_plan_of_every_shape_is_legal_and_proven(shape: str, seed: int) -> None:
    problem = made(shape, 60, seed)
    plan = solve(problem, work=FEW)
    assert plan.status in ("optimal", "feasible"), plan.notes
    assert judged(problem, plan) == plan.objective
    assert plan.objective <= plan.bound <= certified_bound(problem, plan) + 1e-6
    assert plan.gap < 0.2


@pytest.mark.parametrize("shape", ["grid", "floors just met"])
def test_a_plan_of_the_middle_way_is_legal_and_proven(shape: str) -> None:
    problem = made(shape, 2_100, 1)
    plan = solve(problem, time_limit=1e9, work=Effort(300, 1, (0.0,), 0))
    assert judged(problem, plan) == plan.objective
    assert 0 < plan.objective <= plan.bound


@pytest.mark.parametrize("factor", [1 / 20, 30.0, 1000.0])
def test_prices_are_as_good_whatever_a_point_is_worth(factor: float) -> None:
    problem = made("grid", 300, 3)
    scaled = replace(problem, weight=np.maximum(1, np.round(problem.weight * factor)).astype(np.int32))
    usual = _bound(problem) / float(problem.weight.mean())
    assert _bound(scaled) / float(scaled.weight.mean()) == pytest.approx(usual, rel=0.02)


def _bound(problem: Problem) -> float:
    pricer = Pricer(problem)
    return descend(pricer, np.zeros(len(pricer.limits)), 500, (60.0, 0.4))[1]


def test_the_bound_of_equal_scores_is_a_whole_number_of_placements() -> None:
    plan = solve(made("equal scores", 200, 1), work=FEW)
    assert plan.bound % 1500 == 0
    assert plan.objective % 1500 == 0


def test_totals_of_cells_leave_the_program_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = made("a hundred overlapping limits", 120, 1)
    pricer = Pricer(problem)
    edges = np.arange(len(problem.vacancy))
    found = {}
    for saving in (0.0, 1e9):
        monkeypatch.setattr(exact, "SAVING", saving)
        asked = program(pricer, edges, pricer.all_groups, pricer.limits)
        _, bound = least_prices(pricer, np.zeros(len(pricer.limits)))
        found[bool(asked.n_totals)] = asked, solve_program(asked, whole=False).objective, bound
    (direct, plain, proven), (lifted, other, also) = found[False], found[True]
    assert lifted.matrix.nnz < direct.matrix.nnz / 2
    assert other == pytest.approx(plain)
    assert (proven, also) == pytest.approx((plain, plain), abs=1.0)
    start = solve(problem, work=Effort(200, 1, (), 0))
    taken = start.chosen[start.chosen >= 0]
    whole = solve_program(lifted, node_limit=1, start=taken)
    assert whole.objective >= start.objective - 1e-6
