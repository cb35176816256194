"""A plan is legal, no worse than the greedy reference, and never worth more than its prices prove."""

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from skillbridge.matching.bound import upper_bound
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.greedy import greedy
from skillbridge.solver.plan import Solution, broken, value
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve


def small_world(seed: int, *, grouped: bool = True, minimums: bool = False) -> Problem:
    """Up to six workers, five vacancies in three places, and rows of every kind with small limits."""
    rng = np.random.default_rng(seed)
    workers, vacancies, cells = int(rng.integers(1, 7)), int(rng.integers(1, 6)), int(rng.integers(1, 6))
    degree = rng.integers(0, min(4, vacancies) + 1, workers)
    vacancy = np.concatenate([np.sort(rng.permutation(vacancies)[:d]) for d in degree])
    n_edges, n_rows = len(vacancy), int(rng.integers(0, 6))
    on_cells = np.zeros((cells, n_rows), np.int64)
    on_vacancies = np.zeros((vacancies, n_rows), np.int64)
    limit = np.zeros(n_rows, np.int64)
    refs = []
    for r in range(n_rows):
        kind = rng.choice(["cap", "share", "presence", "size", "minimum" if minimums else "cap"])
        limit[r] = rng.integers(0, 4)
        if kind == "cap":
            on_cells[:, r] = rng.integers(0, 2, cells)
        elif kind == "share":
            on_cells[:, r] = 3 - 10 * rng.integers(0, 2, cells)
            limit[r] = rng.integers(0, 2) * 3
        elif kind == "presence":
            on_vacancies[:, r] = rng.integers(0, 2, vacancies)
        elif kind == "size":
            on_cells[:, r] = rng.integers(0, 4, cells)
            on_vacancies[:, r] = rng.integers(0, 2, vacancies)
            limit[r] = rng.integers(0, 8)
        else:
            on_cells[:, r] = -rng.integers(0, 2, cells)
            limit[r] = -rng.integers(0, 3)
        penalty = int(rng.integers(0, 40)) if rng.random() < 0.3 else None
        refs.append(RowRef("world", f"{kind} {r}", f"{kind} {r}", "placements", penalty))
    rows = Rows(
        rng.integers(0, cells, n_edges).astype(np.int32),
        limit,
        sparse.csr_array(on_cells),
        sparse.csr_array(on_vacancies),
        tuple(refs),
    )
    group = np.full(workers, -1, np.int32)
    if grouped:
        group = np.where(rng.random(workers) < 0.5, rng.integers(0, 2, workers), -1).astype(np.int32)
    return Problem(
        np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
        vacancy.astype(np.int32),
        rng.integers(1, 50, n_edges).astype(np.int32),
        rng.integers(0, 3, vacancies).astype(np.int32),
        rows,
        group,
        rng.integers(0, 3, vacancies).astype(np.int32),
    )


def best_by_enumeration(problem: Problem) -> int | None:
    """The worth of the best legal plan among all there are; None if there is no legal one."""
    choices = [[-1, *range(problem.indptr[i], problem.indptr[i + 1])] for i in range(problem.n_workers)]
    plans = (np.array(plan, np.int64) for plan in product(*choices))
    return max((value(problem, plan) for plan in plans if not broken(problem, plan)), default=None)


def certified(problem: Problem, found: Solution) -> float:
    p = problem
    return upper_bound(
        p.indptr, p.vacancy, p.weight, p.positions, p.rows, p.group, p.place, found.vacancy_price, found.row_price
    )


@pytest.mark.parametrize("seed", range(60))
def test_exact_finds_what_enumeration_finds(seed: int) -> None:
    problem = small_world(seed)
    found = solve(problem)
    assert not broken(problem, found.chosen)
    assert found.status == "optimal"
    assert found.objective == value(problem, found.chosen) == best_by_enumeration(problem)
    assert found.objective <= certified(problem, found) + 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_the_optimizer_is_never_worse_than_greedy(seed: int) -> None:
    problem = small_world(seed)
    board = greedy(Pricer(problem))
    assert board.legal
    assert solve(problem).objective >= value(problem, board.chosen)
