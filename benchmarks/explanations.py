"""How many who wait learn what would give them a place.

`python -m benchmarks.explanations DIR...` looks at plans' folders; `--random N --workers W` at N random plans: random
agreements, scarcity and crews, seeded. For each: the share of sampled workers without a place for whom a change is
foreseen from the prices and the milliseconds that takes, the share for whom one is confirmed by solving again and the
seconds that takes. `--again K`: K of the changes shown are made in the inputs, the problem is built from them anew, and
another solver says whether the worker then has a place in every best plan with everyone placed kept (`again_held`), or
takes somebody's in the best plan found of the whole season (`again_taking`).
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
from scipy import optimize, sparse

from skillbridge import explain, plan_folder, synth
from skillbridge.explain.changes import Change, for_worker
from skillbridge.explain.explainer import Explainer, place_of
from skillbridge.explain.remedies import Remedy, remedies
from skillbridge.explain.resolve import nearby
from skillbridge.matching.candidates import candidates
from skillbridge.matching.objective import weights
from skillbridge.partnerships.partnership import Partnership, load
from skillbridge.partnerships.rows import compile_rows
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.pipeline import PlaceRequest, place
from skillbridge.solver.plan import penalties
from skillbridge.solver.problem import Problem, compile_problem
from skillbridge.solver.solve import solve
from skillbridge.tables import WORKERS, conform
from skillbridge.taxonomies import pack

SCHEMES = ("nz-rse", "au-palm-short", "us-h2a", "us-h2b", "ca-sawp", "gb-seasonal", "es-gecco", "fr-seasonal")
ROOM = ("positions", "places")


def random_plan(
    workers: int, seed: int, out: Path, time_limit: float | None, *, crews: bool = True, quota: float | None = None
) -> Path:
    """A plan's folder: two to five agreements, 25 to 90 positions for 100 workers; `quota`: their yearly caps are this
    share of the positions, so that they bind."""
    rng = np.random.default_rng([seed, workers])
    ids = sorted(rng.permutation(SCHEMES)[: rng.integers(2, 6)].tolist())
    vacancies = synth.vacancies(max(6, workers // 8), seed, ids, year=2026)
    total = vacancies["positions"].cum_sum()
    vacancies = vacancies.filter(total <= max(rng.uniform(0.25, 0.9) * workers, int(total[0])))
    people = pl.concat(list(synth.workers(workers, seed, ids, year=2026, vacancies=vacancies)))
    if not crews:
        people = people.with_columns(group_id=pl.lit(None, dtype=pl.String))
    asked = PlaceRequest(
        people,
        vacancies,
        [_capped(load(one), vacancies, quota) for one in ids],
        pack.load("core"),
        seed=seed,
        time_limit=time_limit,
        synthetic=("workers", "vacancies"),
    )
    plan_folder.write(place(asked).folder, out)
    return out


def _capped(agreement: Partnership, vacancies: pl.DataFrame, quota: float | None) -> Partnership:
    """The agreement with caps of a share of the positions in its countries, where it has caps; its own without one."""
    if quota is None:
        return agreement
    posted = int(vacancies.filter(pl.col("destination").is_in(agreement.destination))["positions"].sum())
    rules = [
        msgspec.structs.replace(rule, max=max(1, int(quota * posted)), used=None)
        if isinstance(rule, QuotaRule) and rule.max is not None and not rule.per
        else rule
        for rule in agreement.rules
    ]
    return msgspec.structs.replace(agreement, rules=tuple(rules))


def measure(explainer: Explainer, name: str, sample: int, seed: int, again: int) -> dict[str, object]:
    """Shares (0 to 1), median, 90th percentile and highest times of one plan, and the kinds of first changes."""
    waiting = np.flatnonzero(explainer.chosen < 0)
    some = np.sort(np.random.default_rng(seed).permutation(waiting)[:sample])
    if not len(some):
        return {"plan": name, "waiting": 0}
    reason = dict(explainer.folder.unplaced.select("worker_id", "reason").rows())
    remedies(explainer, int(some[0]))
    foreseen, confirmed, kinds, without = [], [], Counter[str](), Counter[str]()
    n_foreseen = n_shown = 0
    shown: list[tuple[int, Change]] = []
    for worker in some.tolist():
        start = time.process_time()
        n_foreseen += bool(remedies(explainer, worker))
        foreseen.append(1000 * (time.process_time() - start))
        start = time.process_time()
        found = for_worker(explainer, worker)
        confirmed.append(time.process_time() - start)
        n_shown += len(found)
        shown += [(worker, found[0])] if found else []
        if found:
            kinds["+".join([found[0].kind, *(step.kind for step in found[0].also)])] += 1
        else:
            without[reason[explainer.folder.workers["worker_id"][worker]]] += 1
    order = np.random.default_rng(seed).permutation(len(shown))[:again].tolist()
    verdicts = [made_again(explainer, *shown[at]) for at in order if _alone(explainer, *shown[at])]
    return {
        "plan": name,
        "workers": explainer.problem.n_workers,
        "waiting": len(waiting),
        "sample": len(some),
        "foreseen": n_foreseen,
        "foreseen_ms": [round(float(x), 1) for x in np.quantile(foreseen, (0.5, 0.9, 1.0))],
        "confirmed": len(shown),
        "changes_shown": n_shown,
        "confirmed_s": [round(float(x), 2) for x in np.quantile(confirmed, (0.5, 0.9, 1.0))],
        "first": dict(kinds.most_common()),
        "none": dict(without.most_common()),
        "again": len(verdicts),
        "again_held": sum(held for held, _ in verdicts),
        "again_taking": sum(not held and placed for held, placed in verdicts),
        "again_in_season": sum(placed for _, placed in verdicts),
    }


def _alone(explainer: Explainer, worker: int, change: Change) -> bool:
    return bool(explainer.problem.group[worker] < 0) or change.kind == "alone"


def made_again(explainer: Explainer, worker: int, change: Change) -> tuple[bool, bool]:
    """(whether every best plan with everyone placed kept has a place for the worker, whether the best found of the
    whole season has) with the change made in the inputs. The first is false where the worker takes somebody's place."""
    folder, problem = explainer.folder, explainer.problem
    steps = [explain.Step(change.kind, change.values), *change.also]
    remedy = _remedy(explainer, worker, change, [step.kind for step in steps if step.kind not in ROOM])
    people, jobs = folder.workers, folder.vacancies
    able = remedy.worker or folder.workers.row(worker, named=True)
    if remedy.alone:
        able = {**able, "group_id": None}
    person = conform(pl.DataFrame([able], schema=people.schema), WORKERS)
    people = pl.concat([people[:worker], person, people[worker + 1 :]])
    if remedy.job is not None:
        known = jobs["positions"][remedy.vacancy]  # more of them are among the steps
        asked = pl.DataFrame([{**remedy.job, "positions": known}], schema=jobs.schema)
        jobs = pl.concat([jobs[: remedy.vacancy], asked, jobs[remedy.vacancy + 1 :]])
    for step in steps:
        if step.kind == "positions":
            more = pl.when(pl.col("vacancy_id") == step.values["vacancy"]).then(int(step.values["n"])).otherwise(0)
            jobs = jobs.with_columns(positions=(pl.col("positions") + more).cast(pl.Int32))
    own = (np.append(explainer.state.worker, worker), np.append(problem.vacancy, remedy.vacancy))
    keep = np.unique(np.stack(own, axis=1).astype(np.int32), axis=0)
    wider = remedy.agreement
    agreements = [wider if wider is not None and wider.id == one.id else one for one in folder.partnerships]
    found = candidates(
        people, jobs, agreements, folder.taxonomy, limit=folder.plan.manifest.limit, keep=tuple(keep.T)
    ).edges
    if wider is not None:  # for the one vacancy: elsewhere the agreement takes whom it took
        pairs = pl.DataFrame({"worker": own[0], "vacancy": own[1]}, schema=found.select("worker", "vacancy").schema)
        there = found.filter(pl.col("vacancy") == remedy.vacancy)
        elsewhere = found.filter(pl.col("vacancy") != remedy.vacancy).join(pairs, on=["worker", "vacancy"], how="semi")
        found = pl.concat([there, elsewhere]).sort("worker", "vacancy")
    rows = compile_rows(found, people, jobs, agreements)
    limit = rows.limit.copy()
    room = dict[str, int]()
    for step in steps:
        if step.kind == "places":
            place = place_of(step.values["row"])
            room[place] = max(room.get(place, 0), int(step.values["n"]))
    limit += np.array([room.get(place_of(ref.label), 0) for ref in rows.refs], dtype=np.int64)
    points = weights(found, people, jobs, explainer.objective)
    new = compile_problem(found, replace(rows, limit=limit), people, jobs, points)
    owner = np.repeat(np.arange(new.n_workers), np.diff(new.indptr))
    key = dict(zip(zip(owner.tolist(), new.vacancy.tolist(), strict=True), range(len(owner)), strict=True))
    chosen = np.full(new.n_workers, -1, dtype=np.int64)
    for one in np.flatnonzero(explainer.chosen >= 0).tolist():
        chosen[one] = key[one, int(problem.vacancy[explainer.chosen[one]])]
    part = nearby(new, chosen, np.append(np.flatnonzero((chosen < 0) & (new.group < 0)), worker))
    at = int(np.searchsorted(part.workers, worker))
    best, best_without = optimum(part.problem), optimum(part.problem, without=at)
    placed = bool(solve(new, seed=1, plan=chosen, time_limit=1e9).chosen[worker] >= 0)
    return best > best_without + 0.5, placed


def _remedy(explainer: Explainer, worker: int, change: Change, kinds: list[str]) -> Remedy:
    """The remedy that the change was made from."""
    ids = explainer.folder.vacancies["vacancy_id"]
    for one in remedies(explainer, worker):
        own = [step.kind for step in one.steps if step.kind not in ROOM]
        if ids[one.vacancy] == change.vacancy and own == kinds and (own or one.edge >= 0 or one.opens):
            return one
    raise AssertionError(f"no remedy for {change}")


def optimum(problem: Problem, without: int | None = None) -> float:
    """The best of a problem, without groups, by SciPy's own build of HiGHS; `without` one worker if named."""
    p, n = problem, len(problem.weight)
    owner = np.repeat(np.arange(p.n_workers), np.diff(p.indptr))
    cost = penalties(p)
    soft = np.flatnonzero(np.isfinite(cost))
    one = sparse.csr_array((np.ones(n), (owner, np.arange(n))), shape=(p.n_workers, n + len(soft)))
    heads = sparse.csr_array((np.ones(n), (p.vacancy, np.arange(n))), shape=(p.n_vacancies, n))
    cells = sparse.csr_array((np.ones(n), (p.rows.cell, np.arange(n))), shape=(p.rows.n_cells, n))
    excess = sparse.csr_array((-np.ones(len(soft)), (soft, np.arange(len(soft)))), shape=(p.n_rows, len(soft)))
    use = sparse.hstack([p.rows.cell_rows.T @ cells + p.rows.vacancy_rows.T @ heads, excess])
    none = sparse.csr_array((p.n_vacancies, len(soft)))
    answer = optimize.milp(
        np.concatenate([-p.weight.astype(float), cost[soft]]),
        integrality=np.concatenate([np.ones(n), np.zeros(len(soft))]),
        bounds=optimize.Bounds(0, np.concatenate([np.where(owner == without, 0.0, 1.0), np.full(len(soft), np.inf)])),
        constraints=[
            optimize.LinearConstraint(one, ub=1),
            optimize.LinearConstraint(sparse.hstack([heads, none]).tocsr(), ub=p.positions),
            optimize.LinearConstraint(sparse.csr_array(use), ub=p.rows.limit),
        ],
        options={"mip_rel_gap": 0.0},
    )
    assert answer.success, answer.message
    return float(-answer.fun)


def _asked() -> Iterator[tuple[str, Explainer]]:
    for root in given.plans:
        yield root.name, explain.open_plan(root)
    for seed in range(given.first, given.first + given.random):
        with tempfile.TemporaryDirectory() as folder:
            root = random_plan(given.workers, seed, Path(folder) / "plan", given.time_limit)
            yield f"random-{given.workers}-{seed}", explain.open_plan(root)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plans", nargs="*", type=Path)
    parser.add_argument("--random", type=int, default=0, help="so many random plans")
    parser.add_argument("--workers", type=int, default=500, help="of each random plan")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--time-limit", type=float, default=None, help="seconds of the random plans' solver")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--again", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for name, opened in _asked():
        print(json.dumps(measure(opened, name, given.sample, given.seed, given.again)), flush=True)
