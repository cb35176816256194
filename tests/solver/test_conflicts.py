"""When minimums cannot be met, the clash is named, minimal, and gone once what has to give gives."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from skillbridge.partnerships.rows import RowRef, Rows
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
    assert best_by_enumeration(only(problem, list(found.rows))) is None
    for row in found.rows:
        rest = [r for r in found.rows if r != row]
        assert best_by_enumeration(only(problem, rest)) is not None
    assert np.isin(found.rows, np.arange(problem.n_rows)).all()


@pytest.mark.parametrize("seed", range(80))
def test_a_plan_exists_once_any_one_clause_gives_what_it_says(seed: int) -> None:
    problem = small_world(seed, minimums=True)
    found = conflict(problem)
    for clause in found.clauses if found else ():
        rows = list(found.rows) if found else []
        limit, by = problem.rows.limit.copy(), dict(clause.gives)
        for row, label in zip(clause.rows, clause.labels, strict=True):
            limit[row] += by.get(label, 0)
        given = replace(problem, rows=replace(problem.rows, limit=limit))
        assert best_by_enumeration(only(given, rows)) is not None or not clause.gives


def two_rules_of_two_rows() -> Problem:
    """Two origins with one worker each; a rule asks for one of each, another forbids each, a third is satisfied."""
    rules = [("minimum", -1, -1), ("minimum", -1, -1), ("nobody", 1, 0), ("nobody", 1, 0), ("cap", 1, 5)]
    cells = np.array([[-1, 0, 1, 0, 1], [0, -1, 0, 1, 1]])
    rows = Rows(
        np.array([0, 1], np.int32),
        np.array([limit for _, _, limit in rules]),
        sparse.csr_array(cells),
        sparse.csr_array((1, 5), dtype=np.int64),
        tuple(RowRef("fr-ma", rule, f"{rule} {n}") for n, (rule, _, _) in enumerate(rules)),
    )
    none, one = np.full(2, -1, np.int32), np.zeros(1, np.int32)
    return Problem(np.arange(3), np.zeros(2, np.int32), np.ones(2, np.int32), np.array([2], np.int32), rows, none, one)


def test_a_clash_is_told_by_clause() -> None:
    found = conflict(two_rules_of_two_rows())
    assert found is not None
    assert found.confirmed
    assert [(clause.partnership, clause.rule) for clause in found.clauses] == [
        ("fr-ma", "minimum"),
        ("fr-ma", "nobody"),
    ]
    assert [len(clause.rows) for clause in found.clauses] == [1, 1]
    assert all([units for _, units in clause.gives] == [1] for clause in found.clauses)
    assert "would give" in str(found.clauses[0])
