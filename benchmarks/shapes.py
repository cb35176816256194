"""Instances unlike those of `instances`: one shape each of what real seasons and strangers' files can hold.

`python -m benchmarks.shapes WORKERS SEED SECONDS [SHAPE ...]` prints one line of JSON a shape and solve: gap, time, who
is placed. Every plan is judged by `judged`, which counts in plain Python and shares nothing with the solver.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmarks.instances import random_problem
from skillbridge.partnerships.rows import RowRef, Rows
from skillbridge.solver.greedy import greedy
from skillbridge.solver.plan import Solution
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

Ints = npt.NDArray[np.int64]


def _drawn(rng: np.random.Generator, workers: int, vacancies: int, degree: int, positions: Ints, cells: int) -> Problem:
    """Workers with `degree` random vacancies each, edges in random cells, no rows."""
    vacancy = np.concatenate(
        [np.sort(rng.choice(vacancies, min(degree, vacancies), replace=False)) for _ in range(workers)]
    ).astype(np.int32)
    indptr = np.arange(workers + 1, dtype=np.int64) * min(degree, vacancies)
    kind, site = rng.integers(0, max(1, cells // 4), workers), rng.integers(0, 4, vacancies)
    cell = (np.repeat(kind, np.diff(indptr)) * 4 + site[vacancy]).astype(np.int32)
    n_cells = 4 * max(1, cells // 4)
    none = sparse.csr_array((n_cells, 0), dtype=np.int64)
    rows = Rows(cell, np.zeros(0, np.int64), none, sparse.csr_array((vacancies, 0), dtype=np.int64), ())
    weight = (1000 + rng.integers(0, 1001, len(vacancy))).astype(np.int32)
    group = np.full(workers, -1, np.int32)
    return Problem(
        indptr, vacancy, weight, positions.astype(np.int32), rows, group, np.arange(vacancies, dtype=np.int32)
    )


def _ruled(problem: Problem, on_cells: Ints, on_vacancies: Ints, limit: Ints, penalty: int | None = None) -> Problem:
    """The problem under other rows: dense [cells x rows], [vacancies x rows], [rows]."""
    refs = tuple(RowRef("shape", f"rule {r}", f"rule {r}", "placements", penalty) for r in range(len(limit)))
    rows = Rows(problem.rows.cell, limit, sparse.csr_array(on_cells), sparse.csr_array(on_vacancies), refs)
    return replace(problem, rows=rows)


def _overlapping(problem: Problem, rng: np.random.Generator, n_rows: int, low: float = 0.2) -> Problem:
    """Caps and shares over random halves of all cells, and presence over random halves of vacancies."""
    cells, vacancies = problem.rows.n_cells, problem.n_vacancies
    total = min(problem.n_workers, int(problem.positions.sum()))
    kinds = rng.integers(0, 3, n_rows)
    some = rng.random((cells, n_rows)) < 0.5
    part = rng.random((cells, n_rows)) < 0.5
    on_cells = np.where(kinds == 0, some, 0) + np.where(kinds == 1, some * (1 - 4 * part), 0)
    on_vacancies = np.where(kinds == 2, rng.random((vacancies, n_rows)) < 0.5, False).astype(np.int64)
    limit = np.where(kinds == 1, 0, np.round(total * rng.uniform(low, 0.6, n_rows))).astype(np.int64)
    return _ruled(problem, on_cells.astype(np.int64), on_vacancies, limit)


def _few_huge(workers: int, rng: np.random.Generator) -> Problem:
    base = _drawn(rng, workers, 5, 4, np.full(5, workers // 6), 60)
    return _overlapping(base, rng, 20)


def _many_tiny(workers: int, rng: np.random.Generator) -> Problem:
    base = _drawn(rng, workers, workers, 12, (rng.random(workers) < 0.85).astype(np.int64), 200)
    return _overlapping(base, rng, 30)


def _one_agreement(workers: int, rng: np.random.Generator) -> Problem:
    base = _drawn(rng, workers, workers // 20, 12, np.full(workers // 20, 17), 8)
    women = (np.arange(base.rows.n_cells) % 2).astype(np.int64)
    on_cells = np.stack([np.ones_like(women), 3 - 10 * women], axis=1)
    return _ruled(base, on_cells, np.zeros((base.n_vacancies, 2), np.int64), np.array([workers // 2, 0]))


def _all_in_crews(workers: int, rng: np.random.Generator) -> Problem:
    base = random_problem(workers, int(rng.integers(1 << 30)), 12)
    start = np.cumsum(rng.integers(2, 13, workers))
    group = np.searchsorted(start, np.arange(workers), side="right").astype(np.int32)
    first = np.concatenate([[0], start])[group]
    size = np.diff(base.indptr)[first]
    edge = np.concatenate([np.arange(base.indptr[f], base.indptr[f + 1]) for f in first])
    weight = (1000 + rng.integers(0, 1001, len(edge))).astype(np.int32)
    return replace(
        base,
        indptr=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        vacancy=base.vacancy[edge],
        weight=weight,
        rows=replace(base.rows, cell=base.rows.cell[edge]),
        group=group,
    )


def _rows_of_none_or_one(workers: int, rng: np.random.Generator) -> Problem:
    base = random_problem(workers, int(rng.integers(1 << 30)))
    hard = np.minimum(base.rows.limit, rng.integers(0, 2, base.n_rows))
    return replace(base, rows=replace(base.rows, limit=hard))


def _scores(points: int) -> Callable[[int, np.random.Generator], Problem]:
    def make(workers: int, rng: np.random.Generator) -> Problem:
        base = random_problem(workers, int(rng.integers(1 << 30)))
        return replace(base, weight=np.full_like(base.weight, points))

    return make


def _three_each(workers: int, rng: np.random.Generator) -> Problem:
    return random_problem(workers, int(rng.integers(1 << 30)), 3)


def _hundred_rows(workers: int, rng: np.random.Generator) -> Problem:
    return _overlapping(_drawn(rng, workers, workers // 20, 20, np.full(workers // 20, 17), 400), rng, 100)


def _floors(workers: int, rng: np.random.Generator) -> Problem:
    """Minimums that a greedy plan (of other scores) meets exactly: a row for each quarter of the cells, drawn."""
    base = _drawn(rng, workers, workers // 20, 15, np.full(workers // 20, 17), 80)
    caps = _overlapping(base, rng, 12, low=0.3)
    other = replace(caps, weight=rng.permutation(caps.weight))
    plan = greedy(Pricer(other)).chosen
    count = np.bincount(other.rows.cell[plan[plan >= 0]], minlength=base.rows.n_cells)
    sets = (rng.random((base.rows.n_cells, 25)) < 0.25).astype(np.int64)
    on_cells = np.concatenate([caps.rows.cell_rows.toarray(), -sets], axis=1)
    on_vacancies = np.concatenate(
        [caps.rows.vacancy_rows.toarray(), np.zeros((base.n_vacancies, 25), np.int64)], axis=1
    )
    return _ruled(base, on_cells, on_vacancies, np.concatenate([caps.rows.limit, -(count @ sets)]))


def _soft(workers: int, rng: np.random.Generator) -> Problem:
    base = random_problem(workers, int(rng.integers(1 << 30)))
    refs = tuple(replace(ref, penalty=int(rng.integers(0, 3000))) for ref in base.rows.refs)
    return replace(base, rows=replace(base.rows, refs=refs))


SHAPES: dict[str, Callable[[int, np.random.Generator], Problem]] = {
    "grid": lambda workers, rng: random_problem(workers, int(rng.integers(1 << 30))),
    "few huge vacancies": _few_huge,
    "many tiny vacancies": _many_tiny,
    "one agreement": _one_agreement,
    "everyone in crews": _all_in_crews,
    "limits of none or one": _rows_of_none_or_one,
    "equal scores": _scores(1500),
    "no scores": _scores(1),
    "three vacancies each": _three_each,
    "a hundred overlapping limits": _hundred_rows,
    "floors just met": _floors,
    "every limit soft": _soft,
}
"""How to make an instance of each shape, given workers and a random generator."""


def made(shape: str, workers: int, seed: int) -> Problem:
    """The instance of a shape: the same call gives the same."""
    return SHAPES[shape](workers, np.random.default_rng([seed, workers, len(shape)]))


def judged(problem: Problem, solution: Solution) -> int:
    """The plan's points counted from the tables in plain Python; raises `AssertionError` where a rule is broken."""
    p, rows = problem, problem.rows
    heads, cells, points = Counter[int](), Counter[int](), 0
    together: dict[int, set[int]] = {}
    for worker, edge in enumerate(solution.chosen.tolist()):
        where = -1
        if edge >= 0:
            assert p.indptr[worker] <= edge < p.indptr[worker + 1], f"worker {worker} has another's place"
            heads[int(p.vacancy[edge])] += 1
            cells[int(rows.cell[edge])] += 1
            points += int(p.weight[edge])
            where = int(p.place[p.vacancy[edge]])
        if p.group[worker] >= 0:
            together.setdefault(int(p.group[worker]), set()).add(where)
    for vacancy, taken in heads.items():
        assert taken <= p.positions[vacancy], f"vacancy {vacancy} has {taken} of {p.positions[vacancy]}"
    assert all(len(where) == 1 for where in together.values()), "a group is torn apart"
    used = [0] * p.n_rows
    for matrix, counts in ((rows.cell_rows, cells), (rows.vacancy_rows, heads)):
        for line, count in counts.items():
            for k in range(matrix.indptr[line], matrix.indptr[line + 1]):
                used[matrix.indices[k]] += int(matrix.data[k]) * count
    for row, ref in enumerate(rows.refs):
        excess = max(0, used[row] - int(rows.limit[row]))
        assert not excess or ref.penalty is not None, f"{ref.label}: {used[row]} of {rows.limit[row]}"
        points -= excess * (ref.penalty or 0)
    return points


def measure(shape: str, workers: int, seed: int, seconds: float) -> dict[str, object]:
    """One solve of one shape, judged."""
    problem = made(shape, workers, seed)
    begin = time.process_time()
    plan = solve(problem, seed=seed, time_limit=seconds, clock=time.process_time)
    spent = time.process_time() - begin
    if plan.status != "infeasible":
        assert judged(problem, plan) == plan.objective
        assert plan.objective <= plan.bound + 1e-6
    return {
        "shape": shape,
        "workers": workers,
        "seed": seed,
        "seconds": seconds,
        "edges": len(problem.vacancy),
        "rows": problem.n_rows,
        "status": plan.status,
        "method": plan.method,
        "placed": int((plan.chosen >= 0).sum()),
        "gap_percent": round(100 * plan.gap, 4),
        "cpu": round(spent, 1),
        "notes": plan.notes,
    }


if __name__ == "__main__":
    for one in sys.argv[4:] or SHAPES:
        print(json.dumps(measure(one, int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))), flush=True)
