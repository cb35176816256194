"""Plans of several seasons: legal to the day, never above the bound, optimal where that can be shown."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from benchmarks.chain_instances import chain_instance
from skillbridge.errors import BadInput
from skillbridge.matching.stays import Options, may_follow
from skillbridge.solver.chains import ChainProblem, chain_bound, solve_chains


def owners(problem: ChainProblem) -> np.ndarray:
    return np.repeat(np.arange(problem.n_units), np.diff(problem.options.indptr))


def is_legal_chain(problem: ChainProblem, unit: int, options: list[int]) -> bool:
    """Asks the rule of every stay in turn after each member's past, and whether each earns what they want."""
    people, offered = problem.people, problem.options
    for member in range(people.members[unit], people.members[unit + 1]):
        seat = member - people.members[unit]
        past = slice(people.past[member], people.past[member + 1])
        start, end, kind = (list(column[past]) for column in (people.start, people.end, people.kind))
        earned = 0
        for option in sorted(options, key=lambda o: offered.start[o]):
            at = offered.seats[option] + seat
            stay = offered.start[option], offered.end[option], offered.kind[at]
            before = (np.array(start, np.int32), np.array(end, np.int32), np.array(kind, np.int16))
            if not may_follow(*stay, *before, len(start), problem.rules.law):
                return False
            earned += int(offered.earn[at])
            for column, value in zip((start, end, kind), stay, strict=True):
                column.append(value)
        if options and earned < people.target[member]:
            return False
    return True


def crowded(problem: ChainProblem, seed: int, *, group: int = 2) -> ChainProblem:
    """The problem with its persons in groups of up to `group` (over the vacancies they share) and sums to earn."""
    rng, offered, people = np.random.default_rng(seed), problem.options, problem.people
    n = problem.n_units
    sizes: list[int] = []
    while sum(sizes) < n:
        sizes.append(min(n - sum(sizes), int(rng.integers(1, group + 1))))
    seats: list[int] = []
    seats_ptr, start, end, indptr = [0], [], [], [0]
    person = 0
    for size in sizes:
        mine = [range(offered.indptr[person + t], offered.indptr[person + t + 1]) for t in range(size)]
        by_vacancy = [{int(problem.vacancy[o]): o for o in one} for one in mine]
        for option in mine[0]:
            together = [each.get(int(problem.vacancy[option]), -1) for each in by_vacancy]
            if -1 not in together:
                seats += together
                seats_ptr.append(len(seats))
                start.append(offered.start[option])
                end.append(offered.end[option])
        indptr.append(len(start))
        person += size
    at = np.array(seats, dtype=np.int64)
    earn = rng.integers(1, 10, len(at)).astype(np.int64)
    aims = np.where(rng.random(n) < 0.4, rng.integers(5, 16, n), 0).astype(np.int64)
    return ChainProblem(
        Options(np.array(indptr), np.array(start, np.int32), np.array(end, np.int32), np.array(seats_ptr),
                offered.kind[at], earn),
        people._replace(members=np.concatenate([[0], np.cumsum(sizes)]), target=aims),
        problem.vacancy[at], problem.weight[at], problem.positions, replace(problem.rows, cell=problem.rows.cell[at]),
        problem.rules,
    )  # fmt: skip


def assert_legal(problem: ChainProblem, options: np.ndarray) -> None:
    seats = problem.seats_of(options)
    heads = np.bincount(problem.vacancy[seats], minlength=len(problem.positions))
    cells = np.bincount(problem.rows.cell[seats], minlength=problem.rows.n_cells)
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
                for seat in range(problem.options.seats[option], problem.options.seats[option + 1]):
                    more[problem.vacancy[seat]] += 1
                    filled[rows.cell[seat]] += 1
            extend(worker + 1, more, filled, worth + int(problem.worth[list(chain)].sum()))

    extend(0, np.zeros(len(problem.positions), int), np.zeros(rows.n_cells, int), 0)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_a_tiny_world_is_planned_as_well_as_by_trying_everything(seed: int) -> None:
    problem = chain_instance(4, seed=seed, degree=5, workers_per_vacancy=0.4)
    solution = solve_chains(problem, seed=seed)
    assert solution.objective == best_by_brute_force(problem)
    assert_legal(problem, solution.options)


@pytest.mark.parametrize("seed", range(12))
def test_groups_and_sums_to_earn_are_planned_as_well_as_by_trying_everything(seed: int) -> None:
    problem = crowded(chain_instance(6, seed=seed, degree=8, workers_per_vacancy=0.5), seed)
    solution = solve_chains(problem, seed=seed)
    assert_legal(problem, solution.options)
    assert solution.objective == best_by_brute_force(problem)
    assert solution.objective <= solution.bound + 1e-6


@pytest.mark.parametrize("seed", [1, 2])
def test_many_groups_break_no_rule_and_stay_near_their_bound(seed: int) -> None:
    problem = crowded(chain_instance(150, seed=seed, workers_per_vacancy=8), seed)
    solution = solve_chains(problem, seed=seed)
    assert_legal(problem, solution.options)
    assert solution.gap < 0.05
    members = np.diff(problem.people.members)
    placed = np.unique(owners(problem)[solution.options])
    assert (members[placed] > 1).sum() > 4


@pytest.mark.parametrize(("seed", "home_days"), [(1, 0), (2, 90), (3, 180)])
def test_a_plan_of_seasons_breaks_no_rule_and_stays_under_its_bound(seed: int, home_days: int) -> None:
    problem = chain_instance(150, seed=seed, home_days=home_days)
    solution = solve_chains(problem, seed=seed)
    assert_legal(problem, solution.options)
    assert solution.objective == problem.worth[solution.options].sum()
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
    parts = problem.options, problem.people, problem.vacancy[:-1], problem.weight, problem.positions, problem.rows
    with pytest.raises(BadInput, match="seat arrays of lengths"):
        ChainProblem(*parts, problem.rules)
    pairs = problem.people._replace(members=problem.people.members * 2)
    with pytest.raises(BadInput, match="other seats than its unit has members"):
        ChainProblem(
            problem.options, pairs, problem.vacancy, problem.weight, problem.positions, problem.rows, problem.rules
        )
