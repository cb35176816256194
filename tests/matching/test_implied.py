"""Rows implied in whole heads cut off no plan, and cut off fractions."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import sparse

from skillbridge.matching.implied import _inside_and_outside, _sides, with_implied
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.plan import broken, certified_bound
from skillbridge.solver.problem import Problem, tightened
from skillbridge.solver.solve import solve
from tests.solver.test_solve import small_world


@given(some.integers(1, 9), some.integers(1, 9), some.integers(0, 6), some.integers(0, 25))
def test_the_sides_hold_for_all_whole_heads_that_keep_the_share(a: int, b: int, slack: int, most: int) -> None:
    sides = _sides(a, b, slack, most)
    for others, part in product(range(most + 1), repeat=2):
        if others + part <= most and a * others <= b * part + slack:
            assert all(rise * (others + part) - run * part <= limit for rise, run, limit in sides)


def test_a_quarter_of_at_most_two_heads_is_one_head_for_each_two() -> None:
    assert _sides(1, 3, 0, 2) == [(1, 2, 0)]  # total <= 2 * part, where the share itself says total <= 4 * part
    assert _sides(1, 3, 0, 4) == []
    assert _sides(1, 3, 0, 6) == [(1, 2, 2)]


@given(some.integers(1, 9), some.integers(1, 9), some.integers(1, 6), some.data())
def test_a_cap_within_a_share_holds_for_all_whole_heads_that_keep_both(
    a: int, b: int, most: int, data: some.DataObject
) -> None:
    whole, inside, outside = _inside_and_outside(a, b, most)
    part = data.draw(some.integers(0, most))
    elsewhere = data.draw(some.integers(0, 60))
    for others in range(most - part + 1):
        if a * others <= b * (part + elsewhere):
            assert whole * others <= inside * part + outside * elsewhere


def test_whoever_is_alone_under_a_cap_needs_one_of_the_part_elsewhere() -> None:
    assert _inside_and_outside(1, 3, 1) == (1, 0, 1)
    assert _inside_and_outside(1, 3, 2) == (1, 1, 2)
    assert _inside_and_outside(1, 3, 4) == (1, 3, 3)  # as the share itself


@pytest.mark.parametrize("seed", range(120))
def test_no_legal_plan_is_cut_off(seed: int) -> None:
    problem = small_world(seed)
    tight = tightened(problem)
    choices = [[-1, *range(problem.indptr[i], problem.indptr[i + 1])] for i in range(problem.n_workers)]
    for plan in product(*choices):
        chosen = np.array(plan, np.int64)
        assert bool(broken(problem, chosen)) == bool(broken(tight, chosen))


def quarter_returning(cap: int) -> Problem:
    """Four newcomers and one returning worker for four positions, a quarter of them returning; at most `cap` in all."""
    rows = Rows(
        np.array([0, 0, 0, 0, 1], np.int32),
        np.array([0, cap]),
        sparse.csr_array(np.array([[1, 1], [-3, 1]])),
        sparse.csr_array((1, 2), dtype=np.int64),
        (RowRef("p", "returning", "returning"), RowRef("p", "cap", "cap")),
    )
    return Problem(
        np.arange(6),
        np.zeros(5, np.int32),
        np.array([100, 100, 100, 100, 1], np.int32),
        np.array([4], np.int32),
        rows,
        np.full(5, -1, np.int32),
        np.zeros(1, np.int32),
    )


def test_a_bound_over_whole_heads_is_lower_and_recomputable() -> None:
    problem = quarter_returning(2)
    assert len(with_implied(problem.rows, problem.vacancy, problem.positions).refs) == 3
    found = solve(problem)
    assert found.objective == 101
    assert found.whole_heads is not None
    assert certified_bound(problem, found) == pytest.approx(101, abs=0.5)
    assert certified_bound(problem, replace(found, whole_heads=None)) > 110


def test_a_problem_without_shares_is_left_as_it_is() -> None:
    problem = quarter_returning(2)
    rows = problem.rows
    none = Rows(rows.cell, rows.limit[:0], rows.cell_rows[:, :0], rows.vacancy_rows[:, :0], ())
    assert with_implied(none, problem.vacancy, problem.positions) is none
