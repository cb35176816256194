"""What stands in the way of each edge in a finished plan: a full vacancy, a row used up, or nothing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.solver.plan import usage
from skillbridge.solver.problem import Problem

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Blocks:
    """The state of a plan, edge by edge.

    `heads` int64 [vacancies] placed; `used` int64 [rows]; `full` bool [edges]: the vacancy has no open position;
    `row` int64 [edges]: the dearest hard row that one more placement by this edge would break, or -1; `share` bool
    [rows]: a minimum or a share, not a cap; `price` float64 [edges]: what the edge pays; `worker` int64 [edges].
    """

    heads: I64
    used: I64
    full: Bools
    row: I64
    share: Bools
    price: npt.NDArray[np.float64]
    worker: I64


def blocks(
    problem: Problem, chosen: I64, vacancy_price: npt.NDArray[np.float64], row_price: npt.NDArray[np.float64]
) -> Blocks:
    """The blocks of a plan; the cost is a few look-ups an edge."""
    heads, used = usage(problem, chosen)
    rows = problem.rows
    hard = np.array([ref.penalty is None for ref in rows.refs], dtype=np.bool_)
    slack = rows.limit - used
    at_cell = _dearest(rows.cell_rows, slack, hard, row_price)
    at_vacancy = _dearest(rows.vacancy_rows, slack, hard, row_price)
    by_cell, by_vacancy = at_cell[rows.cell], at_vacancy[problem.vacancy]
    value = np.append(row_price, -1.0)
    row = np.where(value[by_vacancy] > value[by_cell], by_vacancy, by_cell)
    paid = vacancy_price + rows.vacancy_rows @ row_price
    return Blocks(
        heads=heads,
        used=used,
        full=(heads >= problem.positions)[problem.vacancy],
        row=row,
        share=_has_negative(rows.cell_rows) | _has_negative(rows.vacancy_rows),
        price=paid[problem.vacancy] + (rows.cell_rows @ row_price)[rows.cell],
        worker=np.repeat(np.arange(problem.n_workers), np.diff(problem.indptr)),
    )


def _dearest(matrix: sparse.csr_array, slack: I64, hard: Bools, price: npt.NDArray[np.float64]) -> I64:
    """For each line the hard row with the highest price that one more placement would break, -1 for none."""
    line = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    row, weight = matrix.indices.astype(np.int64), matrix.data
    stops = (weight > 0) & hard[row] & (weight > slack[row])
    line, row = line[stops], row[stops]
    order = np.lexsort((row, -price[row], line))
    line, row = line[order], row[order]
    first = np.ones(len(line), dtype=np.bool_)
    first[1:] = line[1:] != line[:-1]
    found = np.full(matrix.shape[0], -1, dtype=np.int64)
    found[line[first]] = row[first]
    return found


def _has_negative(matrix: sparse.csr_array) -> Bools:
    found = np.zeros(matrix.shape[1], dtype=np.bool_)
    found[matrix.indices[matrix.data < 0]] = True
    return found


def best_edge(score: npt.NDArray[np.float64], owner: I64, n: int, among: Bools) -> I64:
    """For each of `n` owners its edge with the highest score among some, the first of equal ones; -1 for none."""
    edges = np.flatnonzero(among)
    order = edges[np.lexsort((edges, -score[edges], owner[edges]))]
    who = owner[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = who[1:] != who[:-1]
    found = np.full(n, -1, dtype=np.int64)
    found[who[first]] = order[first]
    return found
