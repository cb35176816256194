"""Several seasons a person: gap and CPU-seconds at 300, 5,000 and 50,000 workers over 24 months.

`python -m pytest benchmarks/test_chains.py -s` prints the table of docs/seasons.md. The peer is the monolithic integer
program over every chain that falls short of its worker's best by no more than the gap; it can be built at 300 only.
"""

import resource
import time

import numpy as np
import pytest

from benchmarks.chain_instances import chain_instance
from skillbridge.solver.chains import chain_bound, solve_chains


@pytest.mark.parametrize(("n", "most_gap", "seeds"), [(300, 0.005, 5), (5_000, 0.003, 5), (50_000, 0.006, 1)])
def test_chains(n: int, most_gap: float, seeds: int) -> None:
    gaps, costs, statuses = [], [], []
    for seed in range(seeds):
        problem = chain_instance(n, seed=seed)
        chain_bound(problem, np.zeros(len(problem.positions)), np.zeros(len(problem.rows.limit)))  # compiles
        begin = time.process_time()
        solution = solve_chains(problem, seed=seed)
        costs.append(time.process_time() - begin)
        gaps.append(solution.gap)
        statuses.append(solution.status)
        assert solution.bound == pytest.approx(chain_bound(problem, solution.vacancy_price, solution.row_price))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    proven = f", {statuses.count('optimal')} of {seeds} proven optimal" if "optimal" in statuses else ""
    print(
        f"\n| {n:,} | {max(gaps):.3%} at most, {sum(gaps) / len(gaps):.3%} on average{proven} "
        f"| {max(costs):.0f} | {peak:.2f} |"
    )
    assert max(gaps) <= most_gap
