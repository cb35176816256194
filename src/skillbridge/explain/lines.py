"""Who waits in line for what: the used-up limits of a finished plan, and the edges that more of them would open."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
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
    (CSR of ones), shares and minimums left out; `shared` bool [lines]: a share or minimum stops it besides.

    `queue` int64 [lines]: the lines that the same limits stop, one such queue after the other, each by falling weight;
    `first` int64 [queues + 1]: where each begins. `limits`: for each queue the limits that stop it (CSR of ones;
    columns are rows, then vacancies that are full).
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
    queue: I64
    first: I64
    limits: sparse.csr_array

    @cached_property
    def _stopping(self) -> sparse.csc_array:
        return self.limits.tocsc()

    @cached_property
    def _free(self) -> I64:
        """The queues that no limit stops."""
        return np.flatnonzero(np.diff(self.limits.indptr) == 0)

    def opened(self, positions: Iterable[int], rows: Iterable[int], *, least: int = 0) -> I64:
        """The lines, ascending, that could be taken with room in these vacancies and rows; shares are not looked at.

        Only those worth `least` points or more. The cost is that of the lines found, not of all.
        """
        n_rows = self.at_cell.shape[1]
        some = np.array([*rows, *(n_rows + vacancy for vacancy in positions)], dtype=np.int64)
        indptr = self._stopping.indptr
        none = np.zeros(0, dtype=np.int32)
        hit = np.concatenate([none, *(self._stopping.indices[indptr[k] : indptr[k + 1]] for k in some.tolist())])
        queues, times = np.unique(hit, return_counts=True)
        queues = np.concatenate([self._free, queues[times == np.diff(self.limits.indptr)[queues]]])
        parts = []
        for queue in queues.tolist():
            mine = self.queue[self.first[queue] : self.first[queue + 1]]
            parts.append(mine[: np.searchsorted(-self.weight[mine], -least, side="right")] if least else mine)
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)

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
    weight = problem.weight[edge].astype(np.int64)
    queue, first, limits = _queues(at_cell, at_vacancy, state.heads >= problem.positions, cell, vacancy, weight)
    return Lines(
        edge=edge,
        worker=state.worker[edge].astype(np.int64),
        vacancy=vacancy,
        cell=cell,
        weight=weight,
        full=state.full[edge],
        shared=share_cell[cell] | share_vacancy[vacancy],
        at_cell=at_cell,
        at_vacancy=at_vacancy,
        queue=queue,
        first=first,
        limits=limits,
    )


def _tight(matrix: sparse.csr_array, slack: I64, rows: Bools) -> sparse.csr_array:
    """Ones where a line of the matrix would break one of these rows."""
    line = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    stops = (matrix.data > 0) & rows[matrix.indices] & (matrix.data > slack[matrix.indices])
    ones: npt.NDArray[Any] = np.ones(int(stops.sum()), dtype=np.int64)
    return sparse.csr_array((ones, (line[stops], matrix.indices[stops])), shape=matrix.shape)


def _queues(
    at_cell: sparse.csr_array, at_vacancy: sparse.csr_array, full: Bools, cell: I64, vacancy: I64, weight: I64
) -> tuple[I64, I64, sparse.csr_array]:
    """`queue`, `first` and `limits` of Lines; `full` bool [vacancies]."""
    by_cell, cell_sets = _alike(at_cell)
    shut: npt.NDArray[Any] = np.ones(int(full.sum()), dtype=np.int64)
    own = sparse.csr_array((shut, (np.flatnonzero(full), np.flatnonzero(full))), shape=(len(full), len(full)))
    by_vacancy, vacancy_sets = _alike(sparse.csr_array(sparse.hstack([at_vacancy, own])))
    key, queue_of = np.unique(by_cell[cell] * vacancy_sets.shape[0] + by_vacancy[vacancy], return_inverse=True)
    queue = np.lexsort((np.arange(len(cell)), -weight, queue_of))
    first = np.searchsorted(queue_of[queue], np.arange(len(key) + 1))
    none = sparse.csr_array((cell_sets.shape[0], len(full)), dtype=np.int64)
    both = sparse.csr_array(sparse.hstack([cell_sets, none]))[key // vacancy_sets.shape[0]]
    limits = sparse.csr_array(both + vacancy_sets[key % vacancy_sets.shape[0]])
    limits.data[:] = 1
    return queue, first.astype(np.int64), limits


def _alike(matrix: sparse.csr_array) -> tuple[I64, sparse.csr_array]:
    """(for each line of a CSR matrix of ones the number of those equal to it, one line of each number)."""
    matrix.sort_indices()
    known: dict[bytes, int] = {}
    numbers = [
        known.setdefault(matrix.indices[first:last].tobytes(), len(known))
        for first, last in itertools.pairwise(matrix.indptr.tolist())
    ]
    number = np.array(numbers, dtype=np.int64)
    return number, matrix[np.unique(number, return_index=True)[1]]
