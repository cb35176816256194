"""Ties settled by an agreement's own order of service: nobody and nothing gains or loses a point by it.

Where the plan could as well have taken another worker for the same place, or another vacancy for the same worker,
the one whose turn is earlier gets it. Two edges are alike where they are worth the same and count the same in every
row; so the objective, the use of every limit and the certificate stay as they are.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.solver.problem import Problem

Ints = npt.NDArray[np.int64]
NO_TURN = -1


def settle(problem: Problem, chosen: Ints, worker_turn: Ints, vacancy_turn: Ints) -> Ints:
    """int64 [workers]: a plan as good as `chosen` in which no tie is given against the turns.

    `worker_turn` and `vacancy_turn` int64 [edges]: when the worker's or vacancy's turn is (the lowest first), NO_TURN
    where no order speaks. Members of groups stay where they are. Turns of different agreements are not compared:
    alike edges go by the same rows and so by the same agreement, or by agreements that limit nothing.
    """
    result = chosen.copy()
    if (worker_turn < 0).all() and (vacancy_turn < 0).all():
        return result
    worker = np.repeat(np.arange(problem.n_workers), np.diff(problem.indptr))
    alone = problem.group[worker] < 0
    cells, jobs = _alike(problem.rows.cell_rows), _alike(problem.rows.vacancy_rows)
    cell = cells[problem.rows.cell]
    if (vacancy_turn >= 0).any():
        mine = np.flatnonzero(alone & (vacancy_turn >= 0) & (result[worker] >= 0))
        alike = _number(worker[mine], problem.weight[mine], cell[mine], jobs[problem.vacancy[mine]])
        _earlier_vacancies(problem, result, mine, alike, vacancy_turn)
    if (worker_turn >= 0).any():
        mine = np.flatnonzero(alone & (worker_turn >= 0))
        alike = _number(problem.vacancy[mine], problem.weight[mine], cell[mine])
        _earlier_workers(result, worker, mine, alike, worker_turn)
    return result


def _earlier_workers(result: Ints, worker: Ints, mine: Ints, alike: Ints, turn: Ints) -> None:
    """Give each place to the earliest of those without one who are alike, until no place can be given earlier."""
    while True:
        taken = result[worker[mine]] == mine
        waiting = result[worker[mine]] < 0
        last = np.full(alike.max(initial=-1) + 1, -1, dtype=np.int64)
        np.maximum.at(last, alike[taken], turn[mine[taken]])
        first = np.full(len(last), np.iinfo(np.int64).max)
        np.minimum.at(first, alike[waiting], turn[mine[waiting]])
        if not (first < last).any():
            return
        wrong = first < last
        pool = np.flatnonzero(wrong[alike] & (taken | waiting))
        pool = pool[np.lexsort((turn[mine[pool]], alike[pool]))]
        for same in np.split(pool, np.flatnonzero(np.diff(alike[pool])) + 1):
            edges = mine[same]
            held = [edge for edge in edges.tolist() if result[worker[edge]] == edge]
            free = [edge for edge in edges.tolist() if result[worker[edge]] < 0]
            for late, early in zip(reversed(held), free, strict=False):
                if turn[early] >= turn[late]:
                    break
                result[worker[late]], result[worker[early]] = -1, early


def _earlier_vacancies(problem: Problem, result: Ints, mine: Ints, alike: Ints, turn: Ints) -> None:
    """Move each worker to the earliest vacancy alike that has room, in the order of the vacancies' turns."""
    room = problem.positions.astype(np.int64) - np.bincount(
        problem.vacancy[result[result >= 0]], minlength=problem.n_vacancies
    )
    worker = np.searchsorted(problem.indptr, mine, side="right") - 1
    held = result[worker]
    at = np.full(alike.max(initial=-1) + 1, -1, dtype=np.int64)
    own = mine == held
    at[alike[own]] = mine[own]
    better = np.flatnonzero((at[alike] >= 0) & (turn[mine] < turn[at[alike]]))
    while len(better):
        moved = False
        for k in better[np.lexsort((mine[better], turn[mine[better]]))].tolist():
            edge, now = int(mine[k]), int(result[worker[k]])
            if turn[edge] < turn[now] and room[problem.vacancy[edge]] > 0:
                room[problem.vacancy[edge]] -= 1
                room[problem.vacancy[now]] += 1
                result[worker[k]] = edge
                moved = True
        if not moved:
            return


def _alike(rows: sparse.csr_array) -> Ints:
    """int64: equal numbers for equal rows of a CSR matrix."""
    if not rows.shape[0]:
        return np.zeros(0, dtype=np.int64)
    tidy = sparse.csr_array(rows, copy=True)
    tidy.sum_duplicates()
    names: dict[bytes, int] = {}
    return np.array(
        [
            names.setdefault(
                tidy.indices[a:b].astype(np.int64).tobytes() + tidy.data[a:b].astype(np.int64).tobytes(), len(names)
            )
            for a, b in pairwise(tidy.indptr.tolist())
        ],
        dtype=np.int64,
    )


def _number(*keys: npt.NDArray[np.integer]) -> Ints:
    """int64: equal numbers where all keys are equal."""
    if not len(keys[0]):
        return np.zeros(0, dtype=np.int64)
    order = np.lexsort(keys)
    new = np.zeros(len(order), dtype=np.bool_)
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    result = np.empty(len(order), dtype=np.int64)
    result[order] = np.cumsum(new)
    return result
