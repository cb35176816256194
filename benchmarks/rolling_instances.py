"""A year of weekly arrivals whose mix drifts away from the history that forecasts are drawn from, seeded."""

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.instances import DESTINATIONS, ORIGINS, random_problem
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.forecast import Forecast
from skillbridge.solver.problem import Problem, of_workers


def rolling_instance(
    n: int, *, seed: int, weeks: int = 26, minimums: bool = True
) -> tuple[Problem, npt.NDArray[np.int32], npt.NDArray[np.int32], Forecast]:
    """(the year's problem, each worker's week, each worker's class, the forecast from the year before).

    About `n` workers arrive over `weeks`. This year every origin comes .5 to 1.5 times as often as in history, and its
    arrivals shift by up to a fifth of the season. Without `minimums` the share rows are left out.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, n, weeks]))
    both = random_problem(2 * n, seed)
    origin = _origins(both)
    pull = rng.uniform(0.5, 1.5, ORIGINS)
    this_year = rng.random(both.n_workers) < np.clip(0.5 * pull / pull.mean(), 0, 1)[origin]
    week = rng.integers(0, weeks, both.n_workers)
    shift = rng.integers(-weeks // 5, weeks // 5 + 1, ORIGINS)
    moved = np.clip(week + shift[origin], 0, weeks - 1).astype(np.int32)
    rows = both.rows
    half = Rows(
        rows.cell, np.where(rows.limit > 0, (rows.limit + 1) // 2, 0), rows.cell_rows, rows.vacancy_rows, rows.refs
    )
    if not minimums:
        shares = np.array(["at least" in ref.rule for ref in rows.refs])
        half = replace(half, limit=np.where(shares, np.iinfo(np.int32).max, half.limit))
    both = replace(both, rows=half, positions=np.maximum(1, (both.positions + 1) // 2).astype(np.int32))
    now, before = of_workers(both, np.flatnonzero(this_year)), of_workers(both, np.flatnonzero(~this_year))
    past = Forecast(before, week[~this_year].astype(np.int32), origin[~this_year], ORIGINS, weeks)
    return now, moved[this_year], origin[this_year], past


def _origins(problem: Problem) -> npt.NDArray[np.int32]:
    """Each worker's origin, read off the corridor row of the first edge."""
    corridor = np.array(
        [
            int(ref.label.split()[-1]) if re.fullmatch(r"origin x destination \d+", ref.label) else -1
            for ref in problem.rows.refs
        ]
    )
    matrix = problem.rows.cell_rows.tocoo()
    cell, row = matrix.coords
    mine = corridor[row] >= 0
    of_cell = np.full(problem.rows.n_cells, 0, dtype=np.int32)
    of_cell[cell[mine]] = corridor[row[mine]] // DESTINATIONS
    return of_cell[problem.rows.cell[problem.indptr[:-1]]]
