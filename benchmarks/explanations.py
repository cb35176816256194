"""How many who wait learn what would give them a place: `python -m benchmarks.explanations DIR... [--sample N]`.

For each plan's folder: the share of sampled workers without a place for whom a change is foreseen from the prices, the
milliseconds that takes, the share for whom one is confirmed by solving again, and the seconds that takes.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np

from skillbridge import explain
from skillbridge.explain.changes import for_worker
from skillbridge.explain.remedies import remedies


def measure(root: Path, sample: int, seed: int) -> dict[str, object]:
    """Shares (0 to 1), median and highest times of one plan, and the kinds of first changes confirmed."""
    explainer = explain.open_plan(root)
    waiting = np.flatnonzero(explainer.chosen < 0)
    some = np.sort(np.random.default_rng(seed).permutation(waiting)[:sample])
    reason = dict(explainer.folder.unplaced.select("worker_id", "reason").rows())
    remedies(explainer, int(some[0]))
    foreseen, confirmed, kinds, without = [], [], Counter[str](), Counter[str]()
    n_foreseen = n_confirmed = 0
    for worker in some.tolist():
        start = time.process_time()
        n_foreseen += bool(remedies(explainer, worker))
        foreseen.append(1000 * (time.process_time() - start))
        start = time.process_time()
        found = for_worker(explainer, worker)
        confirmed.append(time.process_time() - start)
        n_confirmed += bool(found)
        if found:
            kinds["+".join([found[0].kind, *(step.kind for step in found[0].also)])] += 1
        else:
            without[reason[explainer.folder.workers["worker_id"][worker]]] += 1
    return {
        "plan": root.name,
        "workers": explainer.problem.n_workers,
        "waiting": len(waiting),
        "sample": len(some),
        "foreseen": round(n_foreseen / len(some), 4),
        "foreseen_ms": [round(float(np.median(foreseen)), 1), round(max(foreseen), 1)],
        "confirmed": round(n_confirmed / len(some), 4),
        "confirmed_s": [round(float(np.median(confirmed)), 2), round(max(confirmed), 2)],
        "first": dict(kinds.most_common()),
        "none": dict(without.most_common()),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for plan in given.plans:
        print(json.dumps(measure(plan, given.sample, given.seed)), flush=True)
