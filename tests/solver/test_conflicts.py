"""When minimums cannot be met, the clash is named, minimal, and gone once what has to give gives."""

from dataclasses import replace

import numpy as np
import pytest

from skillbridge.solver.conflicts import conflict
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve
from tests.solver.test_solve import best_by_enumeration, small_world


def only(problem: Problem, rows: list[int]) -> Problem:
    kept = replace(
        problem.rows,
        limit=problem.rows.limit[rows],
        cell_rows=problem.rows.cell_rows[:, rows],
        vacancy_rows=problem.rows.vacancy_rows[:, rows],
        refs=tuple(problem.rows.refs[r] for r in rows),
    )
    return replace(problem, rows=kept)


@pytest.mark.parametrize("seed", range(80))
def test_a_conflict_is_found_exactly_where_no_plan_exists(seed: int) -> None:
    problem = small_world(seed, minimums=True)
    best = best_by_enumeration(problem)
    found = conflict(problem)
    assert (found is None) == (best is not None)
    assert (solve(problem).status == "infeasible") == (best is None)
    if found is None:
        return
    assert found.confirmed
    assert found.gives
    assert best_by_enumeration(only(problem, list(found.rows))) is None
    for row in found.rows:
        rest = [r for r in found.rows if r != row]
        assert best_by_enumeration(only(problem, rest)) is not None
    assert np.isin(found.rows, np.arange(problem.n_rows)).all()
