"""The problem as arrays: who could go where, what it is worth, and every row that binds.

maximise    sum(weight[e] * x[e]) - sum(penalty[r] * excess[r])
subject to  at most one chosen edge per worker
            chosen edges of a vacancy <= positions[vacancy]
            rows.cell_rows.T @ (chosen per cell) + rows.vacancy_rows.T @ (chosen per vacancy) <= limit + excess
            excess[r] = 0 for hard rows
            a group goes together or not at all
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skillbridge.partnerships.rows import Rows


@dataclass(frozen=True)
class Problem:
    """Sparse and integer throughout.

    `indptr` int64 [workers + 1]: edges of worker i are indptr[i]:indptr[i+1]; `vacancy` int32 [edges];
    `weight` int32 [edges] in objective points (> 0); `positions` int32 [vacancies] in heads.
    `group` int32 [workers]: -1 alone, else the group's number; all members of a group are placed in vacancies with
    the same `place` or none is. `place` int32 [vacancies]: what counts as together (vacancy, employer or site).
    """

    indptr: npt.NDArray[np.int64]
    vacancy: npt.NDArray[np.int32]
    weight: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    rows: Rows
    group: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]

    @property
    def n_workers(self) -> int:
        """Workers, with or without edges."""
        return len(self.indptr) - 1
