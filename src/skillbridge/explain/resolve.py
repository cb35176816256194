"""Solving a part of a plan again, exactly: some are placed anew, everyone else stays where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from skillbridge.explain.blocks import Blocks
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.plan import usage, value
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem

I64 = npt.NDArray[np.int64]
NEARBY = 200
"""Holders of places and those who wait for the same that are set free together, at most."""
NODES = 200
"""Branches that an exact answer may take: a count, so that the answer does not depend on the machine."""


@dataclass(frozen=True)
class Nearby:
    """A part of a problem with the rest of the plan held.

    `workers`, `vacancies`, `rows`, `edges` int64: what it keeps of the whole problem, by number there. `problem` has
    those workers' edges, the positions and limits that the others leave over; `chosen` is the plan so far in its
    numbering.
    """

    workers: I64
    vacancies: I64
    rows: I64
    edges: I64
    problem: Problem
    chosen: I64


@dataclass(frozen=True)
class Worth:
    """What a part can be worth: a plan of `at_least` points was found (its `chosen`), and none has over `at_most`."""

    at_least: int
    at_most: float
    chosen: I64


def nearby(problem: Problem, chosen: I64, workers: I64, among: npt.NDArray[np.bool_] | None = None) -> Nearby:
    """The part of these workers (whole groups), every other placement held as it is; of edges only those `among`."""
    grouped = np.unique(problem.group[workers][problem.group[workers] >= 0])
    members = np.unique(np.concatenate([workers, np.flatnonzero(np.isin(problem.group, grouped))])).astype(np.int64)
    degree = np.diff(problem.indptr)[members]
    edges = np.repeat(problem.indptr[members] - np.cumsum(degree) + degree, degree) + np.arange(degree.sum())
    if among is not None:
        kept = among[edges]
        degree = np.bincount(np.repeat(np.arange(len(members)), degree)[kept], minlength=len(members))
        edges = edges[kept]
    held = chosen.copy()
    held[members] = -1
    heads, used = usage(problem, held)
    vacancies, vacancy = np.unique(problem.vacancy[edges], return_inverse=True)
    cells, cell = np.unique(problem.rows.cell[edges], return_inverse=True)
    cell_rows, vacancy_rows = problem.rows.cell_rows[cells], problem.rows.vacancy_rows[vacancies]
    adds = np.zeros(len(problem.rows.limit), dtype=np.bool_)
    adds[cell_rows.indices] = True
    adds[vacancy_rows.indices] = True
    keep = np.flatnonzero(adds)
    rows = Rows(
        cell=cell.astype(np.int32),
        limit=(problem.rows.limit - used)[keep],
        cell_rows=cell_rows[:, keep],
        vacancy_rows=vacancy_rows[:, keep],
        refs=tuple(problem.rows.refs[number] for number in keep),
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
        rows=rows,
        group=group,
        place=problem.place[vacancies],
    )
    return Nearby(members, vacancies.astype(np.int64), keep, edges.astype(np.int64), part, np.where(mine >= 0, at, -1))


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


def changed(part: Nearby, *, rows: Mapping[int, int], positions: Mapping[int, int]) -> Nearby:
    """The part with so many more in rows and in positions of vacancies of the whole problem; what it lacks is passed
    over."""
    limit, heads = part.problem.rows.limit.copy(), part.problem.positions.astype(np.int64)
    for values, known, more in ((limit, part.rows, rows), (heads, part.vacancies, positions)):
        for number, by in more.items():
            values[known == number] += by
    left = replace(part.problem.rows, limit=limit)
    return replace(part, problem=replace(part.problem, rows=left, positions=heads.astype(np.int32)))


def worth(problem: Problem, nodes: int = NODES) -> Worth | None:
    """What a problem is worth, by the exact solver; None where no plan meets its limits or none was found."""
    hard = np.array([ref.penalty is None for ref in problem.rows.refs], dtype=np.bool_)
    nobody = np.full(problem.n_workers, -1, dtype=np.int64)
    pricer = Pricer(replace(problem, positions=np.maximum(problem.positions, 0)))
    if (problem.positions < 0).any():
        return None
    edges = np.flatnonzero(np.repeat(problem.group < 0, np.diff(problem.indptr)))
    if not len(problem.vacancy):
        return (
            None
            if (problem.rows.limit[hard] < 0).any()
            else Worth(value(problem, nobody), value(problem, nobody), nobody)
        )
    answer = solve_program(program(pricer, edges, pricer.all_groups, pricer.limits), node_limit=nodes)
    if answer.edges is None:
        return None
    nobody[np.searchsorted(problem.indptr, answer.edges, side="right") - 1] = answer.edges
    return Worth(value(problem, nobody), answer.bound, nobody)


def certain(problem: Problem, worker: int, nodes: int = NODES) -> bool:
    """Whether every best plan of a problem gives this worker a place; a tie is not enough, and a doubt is a no.

    Solved once with the worker's edges one point cheaper: a proven best plan that takes one of them all the same is
    worth more than any plan that takes none.
    """
    weight = problem.weight.copy()
    weight[problem.indptr[worker] : problem.indptr[worker + 1]] -= 1
    nobody = np.full(problem.n_workers, -1, dtype=np.int64)
    near = connected(problem, worker)
    part = nearby(replace(problem, weight=weight), nobody, near)
    found = worth(part.problem, nodes)
    if found is None or found.chosen[np.searchsorted(part.workers, worker)] < 0:
        return False
    if found.at_most < found.at_least + 1 - 1e-6:
        return True
    same = problem.group[near] == problem.group[worker] if problem.group[worker] >= 0 else near == worker
    without = worth(nearby(problem, nobody, near[~same]).problem, nodes) if not same.all() else Worth(0, 0.0, nobody)
    return without is not None and found.at_least + 1 > without.at_most + 1e-6


def connected(problem: Problem, worker: int) -> I64:
    """`worker` and all whose places depend on the worker's, directly or through others, in ascending order: those who
    share a crew, a vacancy or a row that the edges there are could use up."""
    n, rows = problem.n_workers, problem.rows
    owner = np.repeat(np.arange(n), np.diff(problem.indptr))
    use = sparse.coo_array(rows.cell_rows[rows.cell] + rows.vacancy_rows[problem.vacancy])
    edge, row = use.coords
    most = np.bincount(row, weights=np.maximum(use.data, 0), minlength=len(rows.limit))
    binds = (most > rows.limit)[row] & (use.data != 0)
    wanted = (np.bincount(problem.vacancy, minlength=problem.n_vacancies) > problem.positions)[problem.vacancy]
    crew = np.flatnonzero(problem.group >= 0)
    first_vacancy = n + len(rows.limit)
    first_crew = first_vacancy + problem.n_vacancies
    who = np.concatenate([owner[edge[binds]], owner[wanted], crew])
    what = np.concatenate([n + row[binds], first_vacancy + problem.vacancy[wanted], first_crew + problem.group[crew]])
    size = first_crew + int(problem.group.max(initial=-1)) + 1
    ones: npt.NDArray[np.int8] = np.ones(len(who), dtype=np.int8)
    _, part = connected_components(sparse.coo_array((ones, (who, what)), shape=(size, size)), directed=False)
    return np.flatnonzero(part[:n] == part[worker]).astype(np.int64)
