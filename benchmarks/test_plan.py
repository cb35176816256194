"""Placement at five sizes: the gap that prices prove, CPU-seconds against plain min-cost flow, peak memory.

`python -m benchmarks.test_plan WORKERS SEED DEGREE SECONDS` prints one line of JSON for one solve in this process;
SECONDS are of CPU; with 0 it is the plain flow, which knows no rows and no groups. Compiled kernels are kept on disk:
run once to warm up. Under pytest one size runs as a check.
"""

import json
import resource
import sys
import time

from benchmarks.instances import random_problem
from skillbridge.solver.exact import plain_flow
from skillbridge.solver.plan import broken, usage
from skillbridge.solver.solve import solve


def measure(workers: int, seed: int, degree: int, seconds: float) -> dict[str, float | int | str]:
    """What one solve gives, with its CPU-seconds after loading; rows broken for the flow, none for a plan."""
    problem = random_problem(workers, seed, degree)
    start = time.process_time()
    found: dict[str, float | int | str] = {"workers": workers, "seed": seed, "degree": degree, "seconds": seconds}
    found |= {"edges": len(problem.vacancy), "rows": problem.n_rows}
    if seconds == 0:
        chosen = plain_flow(problem)
        _, used = usage(problem, chosen)
        found |= {"method": "plain flow", "objective": int(problem.weight[chosen[chosen >= 0]].sum())}
        found |= {"rows_broken": int((used > problem.rows.limit).sum())}
    else:
        plan = solve(problem, seed=seed, time_limit=seconds, clock=time.process_time)
        assert not broken(problem, plan.chosen)
        found |= {"method": plan.method, "status": plan.status, "objective": plan.objective, "bound": round(plan.bound)}
        found |= {"gap_percent": round(100 * plan.gap, 4), "placed": int((plan.chosen >= 0).sum())}
    found["cpu"] = round(time.process_time() - start, 2)
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def test_ten_thousand_workers_are_placed_within_two_percent_of_the_bound() -> None:
    found = measure(10_000, 1, 20, 9.0)
    assert float(found["gap_percent"]) < 2.0


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
