"""A season week by week: what each policy reaches of the bound on perfect foresight, on fresh seeds.

`python -m benchmarks.test_rolling WORKERS SEEDS` prints the table of docs/seasons.md; under pytest a small season runs
as a check. The bound is that of the price descent on the whole year: no policy, and no plan at all, can be above it.
"""

import sys
import time

import numpy as np

from benchmarks.rolling_instances import rolling_instance
from skillbridge.solver.plan import broken, value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.rolling import POLICIES, Policy, play, roll


def shares(
    n: int, seed: int, *, minimums: bool, policies: tuple[Policy, ...] = POLICIES
) -> dict[str, tuple[float, int, float]]:
    """policy -> (share of the bound reached, rows broken at the year's end, CPU-seconds)."""
    problem, week, kind, forecast = rolling_instance(n, seed=seed, minimums=minimums)
    pricer = Pricer(problem)
    _, bound = descend(pricer, np.zeros(len(pricer.limits)), 2_000, (60.0, 0.4))
    found: dict[str, tuple[float, int, float]] = {}
    for policy in policies:
        begin = time.process_time()
        chosen = play(problem, roll(problem, week, policy, forecast=forecast, kind=kind))
        found[policy] = (value(problem, chosen) / bound, len(broken(problem, chosen)), time.process_time() - begin)
    return found


def test_sampled_futures_are_worth_more_than_greed() -> None:
    found = shares(3_000, 1, minimums=False, policies=("greedy", "sampled"))
    assert found["sampled"][0] > found["greedy"][0] + 0.05
    assert found["sampled"][1] == 0


if __name__ == "__main__":
    size, seeds = int(sys.argv[1]), int(sys.argv[2])
    for minimums in (False, True):
        table = [shares(size, seed, minimums=minimums) for seed in range(seeds)]
        print(f"\nminimum shares: {'yearly' if minimums else 'none'}")
        for policy in POLICIES:
            reached, wrong, cost = (np.array(column) for column in zip(*(each[policy] for each in table), strict=True))
            half = 2.776 * reached.std(ddof=1) / np.sqrt(seeds) if seeds == 5 else float("nan")
            print(
                f"| {policy} | {reached.min():.2%} | {reached.mean():.2%} ± {half:.2%} | {wrong.sum()} | "
                f"{cost.mean():.0f} |"
            )
