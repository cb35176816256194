"""Allocation orders obey every hard limit, and deferred acceptance leaves no pair that would both rather switch."""

from dataclasses import replace

import numpy as np
import pytest

from skillbridge.errors import BadInput
from skillbridge.solver.plan import broken
from skillbridge.solver.policies import click_day, deferred_acceptance, first_come, lottery, points, proportional
from tests.solver.test_solve import small_world


@pytest.mark.parametrize("seed", range(25))
def test_no_allocation_order_breaks_a_limit(seed: int) -> None:
    problem = small_world(seed)
    workers, vacancies = np.arange(problem.n_workers), np.arange(problem.n_vacancies)
    for chosen in (
        lottery(problem, seed),
        first_come(problem, workers),
        points(problem, workers),
        click_day(problem, vacancies),
        proportional(problem, vacancies),
        deferred_acceptance(problem),
    ):
        assert not broken(problem, chosen)


def test_the_same_seed_draws_the_same_lots() -> None:
    problem = small_world(3)
    assert (lottery(problem, 5) == lottery(problem, 5)).all()


@pytest.mark.parametrize("seed", range(25))
def test_deferred_acceptance_is_stable(seed: int) -> None:
    problem = small_world(seed, grouped=False)
    none = np.flatnonzero(np.zeros(problem.n_rows))
    rows = replace(
        problem.rows,
        limit=problem.rows.limit[none],
        cell_rows=problem.rows.cell_rows[:, none],
        vacancy_rows=problem.rows.vacancy_rows[:, none],
        refs=(),
    )
    problem = replace(problem, rows=rows)
    wish = np.random.default_rng(seed).random(len(problem.vacancy))
    chosen = deferred_acceptance(problem, wish)
    assert not broken(problem, chosen)
    heads = np.bincount(problem.vacancy[chosen[chosen >= 0]], minlength=problem.n_vacancies)
    for i in range(problem.n_workers):
        for e in range(problem.indptr[i], problem.indptr[i + 1]):
            if chosen[i] >= 0 and wish[chosen[i]] >= wish[e]:
                continue
            v = problem.vacancy[e]
            held = [problem.weight[f] for f in chosen[chosen >= 0] if problem.vacancy[f] == v]
            assert heads[v] == problem.positions[v]
            assert all(weight >= problem.weight[e] for weight in held)


def test_a_missing_arrival_is_refused_in_words() -> None:
    problem = small_world(1)
    with pytest.raises(BadInput, match="arrival"):
        first_come(problem, np.zeros(problem.n_workers + 1, np.int64))
