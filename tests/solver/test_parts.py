"""Parts placed anew: never worse, always legal, the same for the same seed; and when a search has enough."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.instances import random_problem
from skillbridge.solver.dive import dive
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.parts import LARGEST, improve_doubtful, improve_regions, regions, relaxed
from skillbridge.solver.plan import broken, value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.solve import ENOUGH, EXACT_WORKERS, effort, solve


@pytest.mark.parametrize("groups", [0.0, 0.2])
def test_placing_the_doubtful_anew_gains_points_and_stays_legal(groups: float) -> None:
    problem = random_problem(400, 3, 10, groups)
    pricer = Pricer(problem)
    price, bound = descend(pricer, np.zeros(len(pricer.limits)), 300, (60.0, 0.4))
    share = relaxed(pricer)
    assert ((share > -1e-6) & (share < 1 + 1e-6)).all()
    plans = []
    for _ in range(2):
        board = dive(pricer, price)
        before = value(problem, board.chosen)
        worths, edges = [before], 200.0
        for number in range(4):
            edges = improve_doubtful(board, price, share, edges=edges, seed=number)
            worths.append(value(problem, board.chosen))
        assert worths == sorted(worths)
        assert before < worths[-1] <= bound
        assert not broken(problem, board.chosen)
        plans.append(board.chosen)
    assert (plans[0] == plans[1]).all()


def test_regions_are_what_limits_tie_together_without_the_rules_that_tie_everything() -> None:
    problem = random_problem(400, 3, 10)
    region = regions(problem)
    size = np.bincount(region, weights=np.bincount(problem.vacancy, minlength=problem.n_vacancies))
    assert 2 <= len(size) <= 12
    assert size.max() <= len(problem.vacancy) * LARGEST
    of_vacancies = problem.rows.vacancy_rows.tocsc()
    for row in range(problem.n_rows):  # presence in a town: all its vacancies are in one region
        tied = of_vacancies.indices[of_vacancies.indptr[row] : of_vacancies.indptr[row + 1]]
        assert len(np.unique(region[tied])) <= 1


@pytest.mark.parametrize("groups", [0.0, 0.2])
def test_placing_regions_anew_gains_points_and_stays_legal(groups: float) -> None:
    problem = random_problem(400, 3, 10, groups)
    pricer = Pricer(problem)
    price, bound = descend(pricer, np.zeros(len(pricer.limits)), 300, (60.0, 0.4))
    region = regions(problem)
    plans = []
    for _ in range(2):
        board = dive(pricer, price)
        worths, edges = [value(problem, board.chosen)], 300.0
        for number in range(4):
            edges = improve_regions(board, price, region, edges=edges, seed=number)
            worths.append(value(problem, board.chosen))
        assert worths == sorted(worths)
        assert worths[0] < worths[-1] <= bound
        assert not broken(problem, board.chosen)
        plans.append(board.chosen)
    assert (plans[0] == plans[1]).all()


def test_an_exact_search_goes_on_from_the_plan_it_is_given() -> None:
    problem = random_problem(400, 3, 10, 0.2)
    pricer = Pricer(problem)
    price, _ = descend(pricer, np.zeros(len(pricer.limits)), 300, (60.0, 0.4))
    board = dive(pricer, price)
    edges = np.flatnonzero(np.repeat(problem.group < 0, np.diff(problem.indptr)))
    found = program(pricer, edges, pricer.all_groups, pricer.limits)
    held = board.chosen[board.chosen >= 0]
    cold = solve_program(found, node_limit=1, bound_only=True)
    warm = solve_program(found, node_limit=1, bound_only=True, start=held)
    assert cold.objective < warm.objective
    assert warm.objective >= value(problem, board.chosen)


def test_a_search_without_a_time_limit_has_a_gap_that_is_enough_and_ends_there() -> None:
    assert effort(EXACT_WORKERS, None).enough == 0.0
    assert effort(EXACT_WORKERS + 1, None).enough == ENOUGH
    assert effort(100_000, 1_000.0).enough == 0.0
    problem = random_problem(3_000, 1, 10)
    work = replace(effort(3_000, None), passes=300, parts=0)
    stages: list[str] = []
    found = solve(problem, work=replace(work, enough=1.0), progress=lambda step: stages.append(step.stage))
    assert found.method == "prices and dives"
    assert stages == ["greedy", "prices"]
    assert solve(problem, work=work).objective > found.objective
