"""Solving again around one worker or one vacancy: everyone else stays, those nearby are placed anew, exactly."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.explain.blocks import Blocks
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.plan import usage
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

I64 = npt.NDArray[np.int64]
NEARBY = 200
"""Workers placed anew in one confirmation, at most."""


@dataclass(frozen=True)
class Nearby:
    """A part of a problem with the rest of the plan held: `workers` int64, the rows of the whole problem it keeps.

    `problem` has those workers' edges, the positions and limits that the others leave over; `chosen` is the plan so far
    in its numbering; `edges` int64 the whole problem's number of each edge.
    """

    workers: I64
    edges: I64
    problem: Problem
    chosen: I64


def nearby(problem: Problem, chosen: I64, workers: I64) -> Nearby:
    """The part of these workers (whole groups), every other placement held as it is."""
    grouped = np.unique(problem.group[workers][problem.group[workers] >= 0])
    members = np.unique(np.concatenate([workers, np.flatnonzero(np.isin(problem.group, grouped))])).astype(np.int64)
    degree = np.diff(problem.indptr)[members]
    edges = np.repeat(problem.indptr[members] - np.cumsum(degree) + degree, degree) + np.arange(degree.sum())
    held = chosen.copy()
    held[members] = -1
    heads, used = usage(problem, held)
    vacancies, vacancy = np.unique(problem.vacancy[edges], return_inverse=True)
    cells, cell = np.unique(problem.rows.cell[edges], return_inverse=True)
    rows = Rows(
        cell=cell.astype(np.int32),
        limit=problem.rows.limit - used,
        cell_rows=problem.rows.cell_rows[cells],
        vacancy_rows=problem.rows.vacancy_rows[vacancies],
        refs=problem.rows.refs,
    )
    mine = chosen[members]
    at = np.searchsorted(edges, mine)
    group = problem.group[members]
    group[group >= 0] = np.unique(group[group >= 0], return_inverse=True)[1]
    part = Problem(
        indptr=np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
        vacancy=vacancy.astype(np.int32),
        weight=problem.weight[edges],
        positions=(problem.positions[vacancies] - heads[vacancies]).astype(np.int32),
        rows=_touched(rows),
        group=group,
        place=problem.place[vacancies],
    )
    return Nearby(members, edges.astype(np.int64), part, np.where(mine >= 0, at, -1))


def _touched(rows: Rows) -> Rows:
    """Without the rows that none of the cells or vacancies adds to, and without those no choice could exceed."""
    adds = np.zeros(len(rows.limit), dtype=np.bool_)
    adds[rows.cell_rows.indices] = True
    adds[rows.vacancy_rows.indices] = True
    keep = np.flatnonzero(adds)
    return Rows(
        cell=rows.cell,
        limit=rows.limit[keep],
        cell_rows=rows.cell_rows[:, keep],
        vacancy_rows=rows.vacancy_rows[:, keep],
        refs=tuple(rows.refs[number] for number in keep),
    )


def rivals(problem: Problem, chosen: I64, state: Blocks, worker: int, edges: I64, limit: int = NEARBY) -> I64:
    """`worker` with those who compete: holders of places its edges lead to, then who waits for the same, the nearest
    first, up to `limit`."""
    targets = np.unique(problem.vacancy[edges])
    value = problem.weight - state.price
    into = np.flatnonzero(np.isin(problem.vacancy, targets))
    who = state.worker[into]
    holds = chosen[who] == into
    waits = chosen[who] < 0
    order = np.lexsort((into, -value[into], ~holds))
    order = order[(holds | waits)[order]]
    ranked = who[order]
    _, first = np.unique(ranked, return_index=True)
    near = ranked[np.sort(first)]
    return np.concatenate([[worker], near[near != worker][: limit - 1]]).astype(np.int64)


def twins(rows: Rows, number: int) -> list[int]:
    """The rows that say the same as this one, itself included: agreements that share a rule state it once each."""
    ref = rows.refs[number]
    alike = [n for n, other in enumerate(rows.refs) if other.label == ref.label]
    if len(alike) == 1:
        return alike
    cells, vacancies = rows.cell_rows[:, alike].tocsc(), rows.vacancy_rows[:, alike].tocsc()
    mine = alike.index(number)
    return [
        n
        for at, n in enumerate(alike)
        if rows.limit[n] == rows.limit[number] and all(_same(matrix, at, mine) for matrix in (cells, vacancies))
    ]


def _same(matrix: sparse.csc_array, first: int, second: int) -> bool:
    one, two = (slice(matrix.indptr[at], matrix.indptr[at + 1]) for at in (first, second))
    return np.array_equal(matrix.indices[one], matrix.indices[two]) and np.array_equal(
        matrix.data[one], matrix.data[two]
    )


def loosened(part: Nearby, rows: Rows, numbers: list[int], by: int) -> Nearby:
    """The part with `by` more in these rows of the whole problem."""
    wanted = {(rows.refs[n].partnership, rows.refs[n].rule, rows.refs[n].label) for n in numbers}
    mine = part.problem.rows
    more = [by if (ref.partnership, ref.rule, ref.label) in wanted else 0 for ref in mine.refs]
    limit = mine.limit + np.array(more, dtype=np.int64)
    return replace(part, problem=replace(part.problem, rows=replace(mine, limit=limit)))


def widened(part: Nearby, edges: npt.NDArray[np.bool_], by: int) -> Nearby:
    """The part with `by` more positions in the vacancy that these of its edges lead to."""
    vacancy = part.problem.vacancy[edges][0]
    positions = part.problem.positions.copy()
    positions[vacancy] += by
    return replace(part, problem=replace(part.problem, positions=positions))


def placed_again(part: Nearby, worker: int) -> bool:
    """Whether every best plan of the part gives the worker a place."""
    return needed(part.problem, int(np.searchsorted(part.workers, worker))) is not None


def needed(problem: Problem, worker: int) -> int | None:
    """The edge that a best plan gives a worker, if every plan without the worker is worth less; both proven best."""
    found = solve(problem)
    if found.status != "optimal" or found.chosen[worker] < 0:
        return None
    first, last = problem.indptr[worker], problem.indptr[worker + 1]
    kept = np.r_[0:first, last : len(problem.vacancy)]
    indptr = problem.indptr.copy()
    indptr[worker + 1 :] -= last - first
    rest = replace(
        problem,
        indptr=indptr,
        vacancy=problem.vacancy[kept],
        weight=problem.weight[kept],
        rows=replace(problem.rows, cell=problem.rows.cell[kept]),
    )
    other = solve(rest)
    return int(found.chosen[worker]) if other.status == "optimal" and other.objective < found.objective else None
