"""Who waits in line for what: the used-up limits of a finished plan, and the edges that more of them would open."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.explain.blocks import Blocks
from skillbridge.solver.problem import Problem

I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lines:
    """The edges of those who wait, and what stops each.

    `edge` int64: their edges; `worker`, `vacancy`, `cell`, `weight` of each; `full` bool: the vacancy has no open
    position. `at_cell`, `at_vacancy`: for each cell and vacancy the hard rows that one more placement there would break
    (CSR of ones), shares and minimums left out; `cells`, `vacancies` int64: how many those are; `shared` bool [lines]:
    a share or minimum stops it besides.
    """

    edge: I64
    worker: I64
    vacancy: I64
    cell: I64
    weight: I64
    full: Bools
    shared: Bools
    at_cell: sparse.csr_array
    at_vacancy: sparse.csr_array
    cells: I64
    vacancies: I64

    def opened(self, positions: Collection[int], rows: Collection[int]) -> Bools:
        """Which of the lines could be taken with room in these vacancies and rows; shares are not looked at."""
        some = list(rows)
        left_cell = self.cells - _total(self.at_cell, some)
        left_vacancy = self.vacancies - _total(self.at_vacancy, some)
        fine = (left_cell[self.cell] == 0) & (left_vacancy[self.vacancy] == 0)
        return np.asarray(fine & (~self.full | np.isin(self.vacancy, list(positions))), dtype=np.bool_)

    def stops(self, cell: int, vacancy: int) -> list[int]:
        """The rows, no shares, that stop an edge of this cell into this vacancy, in ascending order."""
        found = [
            matrix.indices[matrix.indptr[at] : matrix.indptr[at + 1]]
            for matrix, at in ((self.at_cell, cell), (self.at_vacancy, vacancy))
        ]
        return sorted({int(row) for part in found for row in part})


def lines(problem: Problem, chosen: I64, state: Blocks) -> Lines:
    """The lines of a finished plan; the cost is a few look-ups an edge."""
    rows = problem.rows
    slack = rows.limit - state.used
    hard = np.array([ref.penalty is None for ref in rows.refs], dtype=np.bool_)
    at_cell = _tight(rows.cell_rows, slack, hard & ~state.share)
    at_vacancy = _tight(rows.vacancy_rows, slack, hard & ~state.share)
    share_cell = np.diff(_tight(rows.cell_rows, slack, hard & state.share).indptr) > 0
    share_vacancy = np.diff(_tight(rows.vacancy_rows, slack, hard & state.share).indptr) > 0
    edge = np.flatnonzero((chosen < 0)[state.worker])
    vacancy, cell = problem.vacancy[edge].astype(np.int64), rows.cell[edge].astype(np.int64)
    return Lines(
        edge=edge,
        worker=state.worker[edge].astype(np.int64),
        vacancy=vacancy,
        cell=cell,
        weight=problem.weight[edge].astype(np.int64),
        full=state.full[edge],
        shared=share_cell[cell] | share_vacancy[vacancy],
        at_cell=at_cell,
        at_vacancy=at_vacancy,
        cells=np.diff(at_cell.indptr).astype(np.int64),
        vacancies=np.diff(at_vacancy.indptr).astype(np.int64),
    )


def _tight(matrix: sparse.csr_array, slack: I64, rows: Bools) -> sparse.csr_array:
    """Ones where a line of the matrix would break one of these rows."""
    line = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    stops = (matrix.data > 0) & rows[matrix.indices] & (matrix.data > slack[matrix.indices])
    ones: npt.NDArray[Any] = np.ones(int(stops.sum()), dtype=np.int64)
    return sparse.csr_array((ones, (line[stops], matrix.indices[stops])), shape=matrix.shape)


def _total(matrix: sparse.csr_array, columns: list[int]) -> I64:
    """For each line of a CSR matrix of ones how many of these columns it has."""
    hit = np.isin(matrix.indices, columns)
    line = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.bincount(line[hit], minlength=matrix.shape[0]).astype(np.int64)
