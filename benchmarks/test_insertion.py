"""Insertion: one worker or one vacancy, in the plan or new, beside a standing plan of a large pool.

`python -m benchmarks.test_insertion WORKERS VACANCIES QUESTIONS [FOLDER]` prints one line of JSON, and keeps the plan
in FOLDER; under pytest a small size runs as a check. All bundled agreements apply. The standing plan is the greedy one:
a question costs the same beside any plan. Opening it (problem, search, index) is done once and reported apart.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from skillbridge import plan_folder, synth
from skillbridge.explain.explainer import open_plan
from skillbridge.insertion import (
    Openings,
    Place,
    openings,
    places_of_new_vacancy,
    places_of_new_worker,
    places_of_vacancy,
    places_of_worker,
)
from skillbridge.matching.candidates import candidates
from skillbridge.matching.objective import load_objective, weights
from skillbridge.partnerships import partnership
from skillbridge.partnerships.rows import compile_rows
from skillbridge.pipeline import PlaceRequest, place, placements_of
from skillbridge.solver.greedy import greedy
from skillbridge.solver.plan import Solution
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import compile_problem
from skillbridge.taxonomies import pack
from skillbridge.understanding import understand


def write_greedy(workers: int, vacancies: int, root: Path, seed: int = 1) -> None:
    """A plan's folder of that size, by the greedy rule; its lists of reasons are left empty."""
    taxonomy = pack.load("core")
    agreements = [partnership.load(name) for name in partnership.library()]
    jobs = understand(synth.vacancies(vacancies, seed), taxonomy)
    people = understand(pl.concat(synth.workers(workers, seed)), taxonomy)
    found = candidates(people, jobs, agreements, taxonomy)
    rows = compile_rows(found.edges, people, jobs, agreements)
    points = weights(found.edges, people, jobs, load_objective())
    problem = compile_problem(found.edges, rows, people, jobs, points)
    board = greedy(Pricer(problem))
    assert board.legal
    nothing = np.zeros(jobs.height), np.zeros(problem.n_rows)
    solution = Solution(board.chosen, 0, 0.0, "feasible", "greedy", *nothing)
    small = place(PlaceRequest(people.head(100), jobs.head(50), agreements, taxonomy, synthetic=("all",))).folder
    keys = plan_folder.row_keys([(ref.partnership, ref.rule, ref.label) for ref in rows.refs])
    whole = replace(
        small,
        workers=people,
        vacancies=jobs,
        edges=found.edges,
        placements=placements_of(found.edges, solution, people, jobs, agreements),
        unfilled=small.unfilled.head(0),
        unplaced=small.unplaced.head(0),
        certificate=plan_folder.certificate(jobs["vacancy_id"], nothing[0].tolist(), keys, nothing[1].tolist()),
    )
    plan_folder.write(whole, root)


def ask(plan: Openings, questions: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """Milliseconds of wall clock and of CPU for each kind of question: median, 95th percentile and most."""
    folder, rng = plan.explainer.folder, np.random.default_rng(seed)
    waiting = np.flatnonzero((plan.explainer.chosen < 0) & (np.diff(plan.explainer.problem.indptr) > 0))
    people, jobs = rng.choice(waiting, questions), rng.choice(folder.vacancies.height, questions)

    def person(row: int) -> pl.DataFrame:
        return folder.workers[row].with_columns(worker_id=pl.lit("new"), group_id=pl.lit(None, pl.String))

    def job(row: int) -> pl.DataFrame:
        return folder.vacancies[row].with_columns(vacancy_id=pl.lit("new"), employer_id=pl.lit("new employer"))

    kinds: dict[str, tuple[Callable[[int], list[Place]], np.ndarray]] = {
        "worker": (lambda row: places_of_worker(plan, folder.workers["worker_id"][row]), people),
        "vacancy": (lambda row: places_of_vacancy(plan, folder.vacancies["vacancy_id"][row]), jobs),
        "new worker": (lambda row: places_of_new_worker(plan, person(row)), people),
        "new vacancy": (lambda row: places_of_new_vacancy(plan, job(row)), jobs),
    }
    found = {}
    for kind, (answer, rows) in kinds.items():
        answer(int(rows[0]))
        wall, cpu = [], []
        for row in rows.tolist():
            begun, spent = time.perf_counter(), time.process_time()
            answer(row)
            wall.append(1000 * (time.perf_counter() - begun))
            cpu.append(1000 * (time.process_time() - spent))
        found[kind] = {
            f"{name}_{what}": round(float(np.percentile(values, share)), 1)
            for name, values in (("wall", wall), ("cpu", cpu))
            for what, share in (("median", 50), ("p95", 95), ("most", 100))
        }
    return found


def measure(workers: int, vacancies: int, questions: int, root: Path) -> dict[str, object]:
    """Build, open and ask."""
    if not (root / "plan.json").is_file():
        write_greedy(workers, vacancies, root)
    begun = time.process_time()
    plan = openings(open_plan(root))
    opened = time.process_time() - begun
    return {
        "workers": workers,
        "vacancies": vacancies,
        "edges": len(plan.explainer.problem.vacancy),
        "waiting": len(plan.waiting),
        "open_cpu_s": round(opened, 1),
        "ms": ask(plan, questions),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def test_a_question_beside_a_plan_of_ten_thousand_takes_a_tenth_of_a_second_at_most(tmp_path: Path) -> None:
    found = measure(10_000, 2_000, 10, tmp_path / "plan")
    print(json.dumps(found))
    assert all(times["cpu_median"] < 100 for times in found["ms"].values())  # type: ignore[attr-defined]


if __name__ == "__main__":
    size, demand, number = (int(one) for one in sys.argv[1:4])
    with TemporaryDirectory() as scratch:
        print(json.dumps(measure(size, demand, number, Path((sys.argv[4:] or [scratch])[0]) / "plan")))
