"""What more places are said to be worth, against solving again: `python -m benchmarks.prices --workers 400 2000`.

For random synthetic seasons and each row told by `advise`: the bound's growth with ten more against that of the linear
relaxation solved anew by SciPy's own build of HiGHS, and the plan's gain against what was foreseen; last, both over all
rows of all seasons, with 95 % intervals. `--quota .6`: the agreements' caps are that share of the positions, so that
more rows bind than the vacancies' own.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, sparse

from benchmarks.explanations import random_plan
from skillbridge import explain
from skillbridge.explain.advice import Effect, RowAdvice, accuracy, advise
from skillbridge.explain.explainer import Explainer
from skillbridge.explain.margins import Season
from skillbridge.solver.groups import compile_groups
from skillbridge.solver.plan import penalties
from skillbridge.solver.problem import Problem


def relaxation(problem: Problem) -> float:
    """The optimum of the linear relaxation of a problem without crews."""
    p, n = problem, len(problem.weight)
    if compile_groups(p).n_groups:
        raise ValueError("a problem without crews is expected")
    cost = penalties(p)
    soft = np.flatnonzero(np.isfinite(cost))
    owner = np.repeat(np.arange(p.n_workers), np.diff(p.indptr))
    one = sparse.csr_array((np.ones(n), (owner, np.arange(n))), shape=(p.n_workers, n))
    heads = sparse.csr_array((np.ones(n), (p.vacancy, np.arange(n))), shape=(p.n_vacancies, n))
    cells = sparse.csr_array((np.ones(n), (p.rows.cell, np.arange(n))), shape=(p.rows.n_cells, n))
    excess = sparse.csr_array((-np.ones(len(soft)), (soft, np.arange(len(soft)))), shape=(p.n_rows, len(soft)))
    use = sparse.hstack([p.rows.cell_rows.T @ cells + p.rows.vacancy_rows.T @ heads, excess])
    none = sparse.csr_array((p.n_workers + p.n_vacancies, len(soft)))
    matrix = sparse.vstack([sparse.hstack([sparse.vstack([one, heads]), none]), use]).tocsr()
    limit = np.concatenate([np.ones(p.n_workers), p.positions, p.rows.limit]).astype(float)
    gain = np.concatenate([-p.weight.astype(float), cost[soft]])
    answer = optimize.linprog(gain, A_ub=matrix, b_ub=limit, bounds=(0, None), method="highs")
    assert answer.status == 0, answer.message
    return -float(answer.fun)  # type: ignore[arg-type]


def pooled(told: list[dict[str, Any]]) -> dict[str, object]:
    """Over all rows of all seasons: gains over what was foreseen, that over the relaxation's growth, each as (share,
    low, high), and how many rows gained from 85 to 115 % and had a bound from 95 to 105 %."""
    foreseen = [one for line in told for one in line["foreseen"]]
    pairs = {"of_foreseen": ([one for line in told for one in line["gained"]], foreseen)}
    exactly = [line for line in told if line["relaxation"]]
    bounds = [one for line in exactly for one in line["foreseen"]]
    pairs["of_relaxation"] = (bounds, [one for line in exactly for one in line["relaxation"]])
    found: dict[str, object] = {"seasons": len(told), "rows": len(foreseen)}
    for name, (above, below) in pairs.items():
        held = accuracy([Effect(10, under, over, 0, 0) for over, under in zip(above, below, strict=True)])
        if held is not None:
            found[name] = [round(one, 4) for one in (held.share, held.low or 0.0, held.high or 0.0)]
        off = 0.15 if name == "of_foreseen" else 0.05
        found[f"{name}_within"] = sum(
            abs(over - under) <= off * under for over, under in zip(above, below, strict=True)
        )
    return found


def measure(explainer: Explainer, name: str, top: int, exact: bool) -> dict[str, object]:
    """Of the rows told: ratios of bound growth to the relaxation's, and of plan gains to what was foreseen (+10)."""
    start = time.process_time()
    rows = advise(explainer, top=top, steps=(10,))
    spent = time.process_time() - start
    tens = [effect for row in rows for effect in row.effects]
    bounds = []
    if exact and rows:
        base = relaxation(explainer.problem)
        bounds = [relaxation(_raised(explainer, row, 10)) - base for row in rows]
    return {
        "plan": name,
        "gap": round(explainer.folder.plan.gap, 4),
        "rows": len(rows),
        "cpu_s": round(spent, 1),
        "foreseen": [one.foreseen for one in tens],
        "relaxation": [round(one, 1) for one in bounds],
        "gained": [one.gained for one in tens],
        "of_foreseen": round(sum(one.gained for one in tens) / max(1.0, sum(one.foreseen for one in tens)), 3),
    }


def _raised(explainer: Explainer, row: RowAdvice, more: int) -> Problem:
    from skillbridge.explain.advice import _place

    refs = explainer.problem.rows.refs
    number = next(
        n for n, ref in enumerate(refs) if ref.label == row.row and ref.partnership in row.partnership.split(", ")
    )
    alike, positions = _place(explainer, number)
    return Season(explainer.problem, explainer.chosen, np.zeros(0))._changed(alike, more, positions)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[400])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--top", type=int, default=6)
    parser.add_argument("--quota", type=float, default=None, help="caps as a share of the positions")
    parser.add_argument("--exact", action="store_true", help="solve the relaxation too; seasons without crews only")
    parser.add_argument("--time-limit", type=float, default=20.0)
    given = parser.parse_args()
    told: list[dict[str, Any]] = []
    for workers in given.workers:
        for seed in given.seeds:
            with tempfile.TemporaryDirectory() as folder:
                root = random_plan(
                    workers, seed, Path(folder) / "plan", given.time_limit, crews=not given.exact, quota=given.quota
                )
                opened = explain.open_plan(root)
                line = measure(opened, f"{workers}-{seed}", given.top, given.exact)
                print(json.dumps(line), flush=True)
                told.append(line)
    print(json.dumps(pooled(told)))
