"""Plans of several seasons: legal to the day, never above the bound, optimal where that can be shown."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.chain_instances import chain_instance
from skillbridge.errors import BadInput
from skillbridge.matching.stays import may_follow
from skillbridge.solver.chains import ChainProblem, chain_bound, solve_chains


def owners(problem: ChainProblem) -> np.ndarray:
    return np.repeat(np.arange(problem.n_workers), np.diff(problem.options.indptr))


def is_legal_chain(problem: ChainProblem, worker: int, options: list[int]) -> bool:
    """Asks the rule of every stay in turn, after the worker's history."""
    past = slice(problem.history.indptr[worker], problem.history.indptr[worker + 1])
    start, end, kind = (
        list(column[past]) for column in (problem.history.start, problem.history.end, problem.history.kind)
    )
    for option in sorted(options, key=lambda o: problem.options.start[o]):
        stay = problem.options.start[option], problem.options.end[option], problem.options.kind[option]
        before = (np.array(start, np.int32), np.array(end, np.int32), np.array(kind, np.int16))
        if not may_follow(*stay, *before, len(start), *problem.rules.tables):
            return False
        for column, value in zip((start, end, kind), stay, strict=True):
            column.append(value)
    return True


def assert_legal(problem: ChainProblem, options: np.ndarray) -> None:
    heads = np.bincount(problem.vacancy[options], minlength=len(problem.positions))
    cells = np.bincount(problem.rows.cell[options], minlength=problem.rows.n_cells)
    assert (heads <= problem.positions).all()
    assert (problem.rows.cell_rows.T @ cells + problem.rows.vacancy_rows.T @ heads <= problem.rows.limit).all()
    owner = owners(problem)[options]
    for worker in np.unique(owner):
        assert is_legal_chain(problem, int(worker), options[owner == worker].tolist())


def best_by_brute_force(problem: ChainProblem) -> int:
    """Tries every combination of legal chains."""
    options_of = [range(a, b) for a, b in zip(problem.options.indptr, problem.options.indptr[1:], strict=False)]
    chains = [
        [(), *(c for k in (1, 2, 3) for c in combinations(mine, k) if is_legal_chain(problem, w, list(c)))]
        for w, mine in enumerate(options_of)
    ]
    rows = problem.rows
    best = 0

    def extend(worker: int, heads: np.ndarray, cells: np.ndarray, worth: int) -> None:
        nonlocal best
        if (heads > problem.positions).any():
            return
        if worker == len(chains):
            if (rows.cell_rows.T @ cells + rows.vacancy_rows.T @ heads <= rows.limit).all():
                best = max(best, worth)
            return
        for chain in chains[worker]:
            more, filled = heads.copy(), cells.copy()
            for option in chain:
                more[problem.vacancy[option]] += 1
                filled[rows.cell[option]] += 1
            extend(worker + 1, more, filled, worth + int(problem.weight[list(chain)].sum()))

    extend(0, np.zeros(len(problem.positions), int), np.zeros(rows.n_cells, int), 0)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_a_tiny_world_is_planned_as_well_as_by_trying_everything(seed: int) -> None:
    problem = chain_instance(4, seed=seed, degree=5, workers_per_vacancy=0.4)
    solution = solve_chains(problem, seed=seed)
    assert solution.objective == best_by_brute_force(problem)
    assert_legal(problem, solution.options)


@pytest.mark.parametrize(("seed", "home_days"), [(1, 0), (2, 90), (3, 180)])
def test_a_plan_of_seasons_breaks_no_rule_and_stays_under_its_bound(seed: int, home_days: int) -> None:
    problem = chain_instance(150, seed=seed, home_days=home_days)
    solution = solve_chains(problem, seed=seed)
    assert_legal(problem, solution.options)
    assert solution.objective == problem.weight[solution.options].sum()
    assert solution.objective <= solution.bound
    assert solution.bound == pytest.approx(chain_bound(problem, solution.vacancy_price, solution.row_price))
    assert solution.gap < 0.03


def test_any_prices_give_a_bound() -> None:
    problem = chain_instance(100, seed=5)
    best = solve_chains(problem).objective
    rng = np.random.default_rng(0)
    for _ in range(5):
        prices = rng.uniform(0, 800, len(problem.positions)), rng.uniform(0, 300, len(problem.rows.limit))
        assert chain_bound(problem, *prices) >= best


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = chain_instance(200, seed=9)
    first, second = solve_chains(problem, seed=4), solve_chains(problem, seed=4)
    assert first.options.tolist() == second.options.tolist()


def test_a_stopped_run_gives_a_legal_plan() -> None:
    problem = chain_instance(150, seed=11)
    solution = solve_chains(problem, stop=lambda: True)
    assert solution.status == "stopped"
    assert_legal(problem, solution.options)


def test_arrays_of_different_lengths_are_refused() -> None:
    problem = chain_instance(20, seed=1)
    with pytest.raises(BadInput, match="option arrays of lengths"):
        ChainProblem(
            problem.options,
            problem.vacancy[:-1],
            problem.weight,
            problem.positions,
            problem.rows,
            problem.history,
            problem.rules,
        )
