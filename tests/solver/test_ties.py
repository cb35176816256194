"""Ties are given by the agreements' order, and nothing else of a plan changes."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from skillbridge.pipeline import PlaceRequest, place
from skillbridge.solver.plan import usage, value
from skillbridge.solver.ties import settle
from skillbridge.taxonomies import pack
from tests.partnerships import worlds as small


def request(rule: str, seed: int = 0) -> PlaceRequest:
    people = small.workers(*({"waiting_since": date(2025, 1, 9 - n)} for n in range(6)))
    jobs = small.vacancies({"positions": 2}, {"positions": 1})
    agreement = small.agreement(f'[[rules]]\nid = "order"\ntype = "order"\n{rule}')
    return PlaceRequest(people, jobs, [agreement], pack.load("core"), seed=seed)


def test_among_equals_who_came_first_is_served_first() -> None:
    outcome = place(request('method = "first_come"\nkey = "waiting_since"'))
    placed = outcome.folder.placements["worker_id"].to_list()
    people = outcome.folder.workers.sort("waiting_since", "worker_id")["worker_id"].to_list()
    assert sorted(placed) == sorted(people[:3])


def test_a_lottery_draws_by_the_seed_and_the_same_again() -> None:
    drawn = [tuple(place(request('method = "lottery"', seed)).folder.placements["worker_id"]) for seed in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_vacancies_that_filed_first_are_filled_first() -> None:
    people = small.workers({})
    jobs = small.vacancies({"facts": "filed_at:2026-02-03"}, {"facts": "filed_at:2026-02-01"})
    agreement = small.agreement(
        '[[rules]]\nid = "order"\ntype = "order"\nmethod = "click_day"\nof = "vacancies"\nkey = "filed_at"'
    )
    outcome = place(PlaceRequest(people, jobs, [agreement], pack.load("core")))
    assert outcome.folder.placements["vacancy_id"].to_list() == [jobs["vacancy_id"][1]]


@pytest.mark.parametrize("seed", range(4))
def test_settling_changes_neither_worth_nor_the_use_of_any_limit(seed: int) -> None:
    from tests.worlds import planned

    outcome = planned(300, seed)
    problem, chosen = outcome.problem, outcome.solution.chosen
    rng = np.random.default_rng(seed)
    coarse = replace(problem, weight=(problem.weight // 200 * 200 + 1).astype(np.int32))
    worker = np.repeat(np.arange(problem.n_workers), np.diff(problem.indptr))
    turn = rng.permutation(problem.n_workers).astype(np.int64)[worker]
    other = rng.permutation(problem.n_vacancies).astype(np.int64)[problem.vacancy]
    settled = settle(coarse, chosen, turn, other)
    assert not np.array_equal(settled, chosen)
    assert value(coarse, settled) == value(coarse, chosen)
    before, after = usage(coarse, chosen), usage(coarse, settled)
    np.testing.assert_array_equal(before[1], after[1])
    assert (after[0] <= problem.positions).all()
    assert np.array_equal(settle(coarse, settled, turn, other), settled)


def test_nobody_waits_while_a_later_equal_holds_the_place() -> None:
    outcome = place(request('method = "first_come"\nkey = "waiting_since"'))
    problem, chosen = outcome.problem, outcome.solution.chosen
    placed: dict[Any, list[int]] = {}
    waiting = outcome.folder.workers["waiting_since"].to_list()
    for row in range(problem.n_workers):
        for edge in range(problem.indptr[row], problem.indptr[row + 1]):
            key = (int(problem.vacancy[edge]), int(problem.weight[edge]), int(problem.rows.cell[edge]))
            if chosen[row] == edge:
                placed.setdefault(key, []).append(row)
    for row in range(problem.n_workers):
        if chosen[row] >= 0:
            continue
        for edge in range(problem.indptr[row], problem.indptr[row + 1]):
            key = (int(problem.vacancy[edge]), int(problem.weight[edge]), int(problem.rows.cell[edge]))
            assert all(waiting[holder] <= waiting[row] for holder in placed.get(key, []))
