"""A plan is legal, no worse than the greedy reference, and never worth more than its prices prove."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from benchmarks.instances import random_problem
from skillbridge.errors import BadInputs
from skillbridge.matching.bound import upper_bound
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.board import Board
from skillbridge.solver.dive import dive
from skillbridge.solver.exact import Answer, flow_around
from skillbridge.solver.greedy import greedy
from skillbridge.solver.moves import improve
from skillbridge.solver.plan import broken, certified_bound, usage, value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem, compile_problem
from skillbridge.solver.solve import Progress, solve


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


@pytest.mark.parametrize("seed", range(60))
def test_exact_finds_what_enumeration_finds(seed: int) -> None:
    problem = small_world(seed)
    found = solve(problem)
    assert not broken(problem, found.chosen)
    assert found.status == "optimal"
    assert found.objective == value(problem, found.chosen) == best_by_enumeration(problem)
    assert found.objective <= certified_bound(problem, found) + 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_the_optimizer_is_never_worse_than_greedy(seed: int) -> None:
    problem = small_world(seed)
    board = greedy(Pricer(problem))
    assert board.legal
    assert solve(problem).objective >= value(problem, board.chosen)


def middle_world(seed: int, groups: float = 0.0) -> Problem:
    return random_problem(3_000, seed, 10, groups)


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = middle_world(1, groups=0.1)
    first, second = (solve(problem, seed=7, time_limit=9.0, clock=lambda: 0.0) for _ in range(2))
    assert (first.chosen == second.chosen).all()
    assert (first.row_price == second.row_price).all()
    assert not broken(problem, first.chosen)
    assert first.bound == pytest.approx(certified_bound(problem, first))


def test_no_time_or_a_stop_still_gives_a_legal_plan() -> None:
    problem = middle_world(2)
    none = solve(problem, time_limit=0.0)
    stopped = solve(problem, stop=lambda: True)
    assert stopped.status == "stopped"
    for found in (none, stopped):
        assert found.objective > 0
        assert not broken(problem, found.chosen)
        assert found.bound >= found.objective


def test_more_time_is_never_worse_and_progress_is_told() -> None:
    problem = middle_world(3)
    told: list[Progress] = []
    found = solve(problem, time_limit=9.0, clock=lambda: 0.0, progress=told.append)
    assert [step.objective for step in told] == sorted(step.objective for step in told)
    assert told[-1].objective == found.objective
    assert min(step.bound for step in told) >= found.bound - 1e-6


def test_earlier_prices_are_a_start() -> None:
    problem = middle_world(4)
    first = solve(problem, time_limit=9.0, clock=lambda: 0.0)
    again = solve(problem, time_limit=9.0, clock=lambda: 0.0, prices=(first.vacancy_price, first.row_price))
    assert again.bound <= first.bound + 1e-6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": lambda w: np.where(np.arange(len(w)) == 0, np.nan, w)}, "no number"),
        ({"weight": lambda w: w * 0}, "out of range"),
        ({"weight": lambda w: w.astype(np.int64) + 2**31}, "out of range"),
        ({"weight": lambda w: w + 0.5}, "fractions"),
        ({"positions": lambda p: p - 100}, "negative"),
        ({"vacancy": lambda v: v + 1000}, "unknown vacancies"),
        ({"indptr": lambda i: i[::-1]}, "partition"),
        ({"group": lambda g: g[:-1]}, "group"),
    ],
)
def test_bad_input_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    problem = random_problem(50, 1, 5)
    for field, spoil in change.items():
        with pytest.raises(BadInputs, match=words):
            solve(replace(problem, **{field: spoil(getattr(problem, field))}))


def test_a_vacancy_of_no_heads_and_a_quota_of_none_get_nobody() -> None:
    problem = random_problem(120, 1, 5)
    positions = problem.positions.copy()
    positions[0] = 0
    limit = problem.rows.limit.copy()
    row = next(r for r, ref in enumerate(problem.rows.refs) if ref.rule == "origin x destination")
    limit[row] = 0
    closed = replace(problem, positions=positions, rows=replace(problem.rows, limit=limit))
    found = solve(closed, time_limit=5.0, clock=lambda: 0.0)
    heads, used = usage(closed, found.chosen)
    assert found.objective > 0
    assert heads[0] == used[row] == 0
    assert not broken(closed, found.chosen)


def test_memory_that_runs_short_leaves_the_best_plan_so_far_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object, **__: object) -> None:
        raise MemoryError

    problem = middle_world(5)
    for stage in ("_find_prices", "dive", "_by_moves"):
        with monkeypatch.context() as patch:
            patch.setattr(f"skillbridge.solver.solve.{stage}", short)
            found = solve(problem, time_limit=30.0, clock=lambda: 0.0)
        assert found.objective > 0
        assert not broken(problem, found.chosen)
        assert found.bound >= found.objective
        assert "memory ran short" in found.notes[0]


@pytest.mark.parametrize("answer", [Answer("optimal", None, 1.0), Answer("infeasible", None, 0.0)])
def test_a_claim_of_the_exact_solver_that_a_plan_refutes_is_not_used_and_said(
    monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    problem = random_problem(120, 1, 5)
    monkeypatch.setattr("skillbridge.solver.solve.solve_program", lambda *_, **__: answer)
    found = solve(problem, time_limit=5.0, clock=lambda: 0.0)
    assert found.status == "feasible"
    assert found.bound == pytest.approx(certified_bound(problem, found))
    assert "refutes" in found.notes[0]


def test_the_same_seed_gives_the_same_plan_where_the_exact_solver_takes_part() -> None:
    problem = random_problem(300, 1, 6, groups=0.1)
    first, second = (solve(problem, seed=3) for _ in range(2))
    assert (first.chosen == second.chosen).all()
    assert first.bound == second.bound


def test_no_candidates_and_no_positions_give_an_empty_optimal_plan() -> None:
    problem = random_problem(50, 1, 5)
    closed = replace(problem, positions=problem.positions * 0)
    found = solve(closed)
    assert found.objective == 0
    assert found.status == "optimal"
    assert (found.chosen == -1).all()


def test_a_group_larger_than_any_vacancy_of_its_place_stays_home() -> None:
    problem = small_world(0, grouped=False)
    rows = Rows(np.zeros(4, np.int32), np.zeros(0, np.int64), sparse.csr_array((1, 0)), sparse.csr_array((2, 0)), ())
    problem = Problem(
        np.array([0, 2, 4]),
        np.array([0, 1, 0, 1], np.int32),
        np.array([9, 1, 9, 1], np.int32),
        np.array([1, 1], np.int32),
        rows,
        np.array([0, 0], np.int32),
        np.array([0, 1], np.int32),
    )
    assert (solve(problem).chosen == -1).all()
    assert solve(replace(problem, place=np.zeros(2, np.int32))).objective == 10


def test_a_worker_in_two_groups_is_refused_by_name() -> None:
    workers = pl.DataFrame({"worker_id": ["w1", "w2"], "group_id": ["crew-1;family-2", "crew-1"]})
    edges = pl.DataFrame({"worker": [0], "vacancy": [0]})
    vacancies = pl.DataFrame({"vacancy_id": ["v"], "employer_id": ["e"], "site_id": ["s"], "positions": [1]})
    with pytest.raises(BadInputs, match="worker w1: in several groups"):
        compile_problem(edges, small_world(0).rows, workers, vacancies, np.ones(1, np.int32))


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_that_no_single_move_mends_is_made_legal_by_sending_people_home(seed: int) -> None:
    problem = random_problem(400, seed, 8)
    pricer = Pricer(problem)
    degree = np.diff(problem.indptr)
    everyone = np.where(degree > 0, problem.indptr[:-1], -1)
    board = Board(pricer, everyone)
    assert not board.legal
    assert board.clear(pricer.singles)
    assert not broken(problem, board.chosen)
    assert (board.chosen >= 0).any()


def without_rows(problem: Problem) -> Problem:
    rows = problem.rows
    none = (sparse.csr_array(rows.cell_rows[:, :0]), sparse.csr_array(rows.vacancy_rows[:, :0]))
    return replace(problem, rows=Rows(rows.cell, rows.limit[:0], *none, ()))


@pytest.mark.parametrize("seed", range(3))
def test_groups_move_by_chains_and_the_gain_is_the_plan_s(seed: int) -> None:
    problem = middle_world(seed, groups=0.3)
    pricer = Pricer(problem)
    price, _ = descend(pricer, np.zeros(len(pricer.limits)), 300, (60.0, 0.4))
    board = greedy(pricer)
    before = board.chosen.copy()
    gained = improve(board, price, starts=(0.0,), who="groups", seed=seed)
    moved = (before != board.chosen) & (problem.group >= 0)
    assert moved.any()
    assert gained > 0
    assert value(problem, board.chosen) == value(problem, before) + gained
    assert not broken(problem, board.chosen)
    heads, used = usage(problem, board.chosen)
    assert (board.tables.free == problem.positions - heads).all()
    assert (board.tables.left == problem.rows.limit - used).all()


def test_a_flow_places_workers_alone_best_where_groups_stay() -> None:
    problem = without_rows(middle_world(4, groups=0.2))
    alone = problem.group < 0
    start = greedy(Pricer(problem)).chosen
    everywhere = np.flatnonzero(np.repeat(alone, np.diff(problem.indptr)))
    plan = flow_around(problem, start, everywhere)
    assert (plan[~alone] == start[~alone]).all()
    assert not broken(problem, plan)
    assert value(problem, plan) > value(problem, start)
    assert value(problem, flow_around(problem, plan, everywhere)) == value(problem, plan)
    held = flow_around(problem, start, everywhere[:0])
    assert value(problem, held) == value(problem, start)


def test_without_rows_a_plan_with_groups_ends_close_to_its_bound() -> None:
    problem = without_rows(random_problem(4_000, 5, 10, groups=0.3))
    found = solve(problem)
    assert found.method == "prices and dives, flow around groups"
    assert not broken(problem, found.chosen)
    assert found.objective > 0.995 * found.bound


def test_a_place_too_small_for_a_group_proves_nothing() -> None:
    rows = Rows(np.zeros(4, np.int32), np.zeros(0, np.int64), sparse.csr_array((1, 0)), sparse.csr_array((2, 0)), ())
    problem = Problem(
        np.array([0, 2, 4]),
        np.array([0, 1, 0, 1], np.int32),
        np.array([9, 4, 9, 4], np.int32),
        np.array([1, 2], np.int32),
        rows,
        np.array([0, 0], np.int32),
        np.array([0, 1], np.int32),
    )
    found = solve(problem)
    assert found.objective == 8
    free = upper_bound(
        problem.indptr, problem.vacancy, problem.weight, problem.positions, rows, problem.group, problem.place,
        np.zeros(2), np.zeros(0),
    )  # fmt: skip
    assert free == 8


def crew_of_three(limit: int, amounts: tuple[int, int], penalty: int | None = None) -> Problem:
    """Three who travel together to one place with two vacancies of three heads; a row counts `amounts` of its cells."""
    rows = Rows(
        np.tile(np.array([0, 1], np.int32), 3),
        np.array([limit], np.int64),
        sparse.csr_array(np.array(amounts, np.int64)[:, None]),
        sparse.csr_array((2, 1), dtype=np.int64),
        (RowRef("world", "cap", "cap 0", "placements", penalty),),
    )
    return Problem(
        np.array([0, 2, 4, 6]),
        np.tile(np.array([0, 1], np.int32), 3),
        np.full(6, 100, np.int32),
        np.array([3, 3], np.int32),
        rows,
        np.zeros(3, np.int32),
        np.zeros(2, np.int32),
    )


@pytest.mark.parametrize(
    ("limit", "amounts", "penalty", "worth"),
    [
        (2, (1, 1), None, 0),  # three heads under a cap of two
        (2, (1, 0), None, 300),  # the other vacancy is not under the cap
        (5, (2, 3), None, 0),  # six units at least
        (6, (2, 3), None, 300),
        (2, (1, 1), 10, 290),  # a soft cap closes nothing
    ],
)
def test_a_cap_closes_a_place_to_a_group_that_would_exceed_it(
    limit: int, amounts: tuple[int, int], penalty: int | None, worth: int
) -> None:
    problem = crew_of_three(limit, amounts, penalty)
    assert best_by_enumeration(problem) == worth
    nothing = upper_bound(
        problem.indptr,
        problem.vacancy,
        problem.weight,
        problem.positions,
        problem.rows,
        problem.group,
        problem.place,
        np.zeros(2),
        np.zeros(1),
    )
    assert nothing == (300 if worth else 0)
    assert len(Pricer(problem).groups.seat_ptr) - 1 == (1 if worth else 0)
    found = solve(problem)
    assert (found.objective, found.status) == (worth, "optimal")


@pytest.mark.parametrize("seed", range(30))
def test_the_certificate_proves_what_prices_of_groups_prove(seed: int) -> None:
    problem = small_world(seed)
    pricer = Pricer(problem)
    price, bound = descend(pricer, np.zeros(len(pricer.limits)), 50, (60.0, 0.4))
    n = problem.n_vacancies
    proven = upper_bound(
        problem.indptr,
        problem.vacancy,
        problem.weight,
        problem.positions,
        problem.rows,
        problem.group,
        problem.place,
        price[:n],
        price[n:],
    )
    best = best_by_enumeration(problem)
    assert abs(proven - bound) < 1e-6
    assert best is None or proven >= best - 1e-6


@pytest.mark.parametrize("seed", [21, 22])
def test_a_dive_over_small_quotas_sends_groups_home_where_nothing_else_mends(seed: int) -> None:
    problem = random_problem(1_000, seed, 20, 0.3)
    pricer = Pricer(problem)
    price, _ = descend(pricer, np.zeros(len(pricer.limits)), 500, (60.0, 0.4))
    board = dive(pricer, price)
    assert board.legal
    assert not broken(problem, board.chosen)
    assert value(problem, board.chosen) > value(problem, greedy(pricer).chosen)
