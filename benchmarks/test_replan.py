"""Re-planning after a change of 5 %: how many who could stay move, what it costs in gap, and time against a cold solve.

`python -m benchmarks.test_replan WORKERS SEED [STAY_BONUS]` prints one line of JSON. Of the instance of
`benchmarks.instances`, 2 % of the workers withdraw, 2 % of the vacancies are cancelled and another 4 % have half of
their positions left; the plan before is that of a full solve. Who loses a position that way has to move or leave; of
the others, those who move are counted. Times are CPU-seconds of the solver. Under pytest a small size runs.
"""

import json
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.instances import random_problem
from skillbridge.solver.plan import broken, value
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import renew, solve

STAY = 100


def changed(problem: Problem, seed: int) -> Problem:
    """The problem after its change: who withdraws keeps no edge, a vacancy without positions takes nobody."""
    rng = np.random.default_rng(seed)
    gone = rng.random(problem.n_workers) < 0.02
    draw = rng.random(problem.n_vacancies)
    positions = np.where(draw < 0.02, 0, np.where(draw < 0.06, problem.positions // 2, problem.positions))
    worker = np.repeat(np.arange(problem.n_workers), np.diff(problem.indptr))
    keep = ~gone[worker]
    degree = np.bincount(worker[keep], minlength=problem.n_workers)
    return replace(
        problem,
        indptr=np.concatenate([[0], np.cumsum(degree)]),
        vacancy=problem.vacancy[keep],
        weight=problem.weight[keep],
        positions=positions.astype(np.int32),
        rows=replace(problem.rows, cell=problem.rows.cell[keep]),
    )


def standing(before: Problem, after: Problem, chosen: np.ndarray) -> np.ndarray:
    """The plan in the edges of the changed problem, those without a place left out."""
    found = np.full(after.n_workers, -1, dtype=np.int64)
    for worker in np.flatnonzero((chosen >= 0) & (np.diff(after.indptr) > 0)):
        vacancy = before.vacancy[chosen[worker]]
        first, last = after.indptr[worker : worker + 2]
        found[worker] = first + int(np.flatnonzero(after.vacancy[first:last] == vacancy)[0])
    found[(found >= 0) & (after.positions[after.vacancy[found]] == 0)] = -1
    return found


def measure(workers: int, seed: int, stay: int = STAY) -> dict[str, float | int]:
    """The figures of one instance."""
    before = random_problem(workers, seed)
    old = solve(before, seed=seed)
    after = changed(before, seed)
    stays = standing(before, after, old.chosen)
    weight = after.weight.copy()
    weight[stays[stays >= 0]] += stay
    begun = time.process_time()
    cold = solve(after, seed=seed)
    cold_cpu = time.process_time() - begun
    begun = time.process_time()
    new = renew(after, replace(after, weight=weight), stays, (old.vacancy_price, old.row_price), seed=seed)
    cpu = time.process_time() - begun
    assert new is not None
    assert not broken(after, new.chosen)
    assert new.objective == value(after, new.chosen)
    heads = np.bincount(after.vacancy[stays[stays >= 0]], minlength=after.n_vacancies)
    forced = int(np.maximum(0, heads - after.positions).sum())
    could, bound = int((stays >= 0).sum()) - forced, min(new.bound, cold.bound)
    moved, moved_cold = (int(((stays >= 0) & (plan.chosen != stays)).sum()) - forced for plan in (new, cold))
    return {
        "workers": workers,
        "seed": seed,
        "could_stay": could,
        "moved_percent": round(100 * moved / could, 2),
        "moved_cold_percent": round(100 * moved_cold / could, 2),
        "gap_percent": round(100 * new.gap, 3),
        "gap_cold_percent": round(100 * cold.gap, 3),
        "points_of_gap_more": round(100 * (cold.objective - new.objective) / bound, 3),
        "cpu": round(cpu, 1),
        "cpu_cold": round(cold_cpu, 1),
        "share_of_cold": round(cpu / cold_cpu, 3),
    }


def test_a_repaired_plan_moves_few_costs_little_and_is_quick() -> None:
    found = measure(6_000, 1)
    print(json.dumps(found))
    assert found["moved_percent"] <= 5.0
    assert found["points_of_gap_more"] <= 0.5
    assert found["share_of_cold"] <= 1 / 3


if __name__ == "__main__":
    print(json.dumps(measure(*(int(one) for one in sys.argv[1:4]))))
