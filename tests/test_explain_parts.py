"""What explanations are built on, against looking at everything: who waits in line, and who is sure of a place."""

import itertools

import numpy as np
import pytest

from skillbridge.explain.blocks import blocks
from skillbridge.explain.lines import lines
from skillbridge.explain.resolve import certain, connected, nearby
from skillbridge.solver.plan import broken, value
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve
from tests.solver.test_solve import small_world


def plans(problem: Problem) -> list[np.ndarray]:
    """Every legal plan of a small problem."""
    options = [[-1, *range(problem.indptr[w], problem.indptr[w + 1])] for w in range(problem.n_workers)]
    every = (np.array(one, dtype=np.int64) for one in itertools.product(*options))
    return [one for one in every if not broken(problem, one)]


@pytest.mark.parametrize("seed", range(60))
def test_a_worker_is_sure_of_a_place_only_if_every_best_plan_has_one(seed: int) -> None:
    problem = small_world(seed)
    legal = plans(problem)
    for worker in range(problem.n_workers):
        placed = max((value(problem, one) for one in legal if one[worker] >= 0), default=-1)
        left_out = max(value(problem, one) for one in legal if one[worker] < 0)
        sure = certain(problem, worker)
        if placed > left_out + 1:
            assert sure
        elif placed <= left_out:
            assert not sure


@pytest.mark.parametrize("seed", range(60))
def test_whoever_is_not_connected_changes_nothing(seed: int) -> None:
    """The best of a whole is the best of the connected part and the best of the rest, added up."""
    problem = small_world(seed)
    if not problem.n_workers:
        return
    everyone, none = np.arange(problem.n_workers), np.full(problem.n_workers, -1, dtype=np.int64)
    mine = connected(problem, 0)
    assert 0 in mine.tolist()
    parts = [nearby(problem, none, who).problem for who in (mine, np.setdiff1d(everyone, mine)) if len(who)]
    assert sum(max(value(one, plan) for plan in plans(one)) for one in parts) == max(
        value(problem, plan) for plan in plans(problem)
    )


@pytest.mark.parametrize("seed", range(60))
def test_lines_opened_by_more_room_are_those_that_nothing_else_stops(seed: int) -> None:
    problem = small_world(seed)
    chosen = solve(problem, seed=seed).chosen
    state = blocks(problem, chosen, np.zeros(problem.n_vacancies), np.zeros(problem.n_rows))
    found = lines(problem, chosen, state)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        positions = np.flatnonzero(rng.random(problem.n_vacancies) < 0.5).tolist()
        rows = np.flatnonzero(rng.random(problem.n_rows) < 0.5).tolist()
        least = int(rng.integers(0, 2000))
        fine = [
            at
            for at in range(len(found.edge))
            if set(found.stops(int(found.cell[at]), int(found.vacancy[at]))) <= set(rows)
            and (not found.full[at] or found.vacancy[at] in positions)
        ]
        assert found.opened(positions, rows).tolist() == fine
        assert found.opened(positions, rows, least=least).tolist() == [at for at in fine if found.weight[at] >= least]
