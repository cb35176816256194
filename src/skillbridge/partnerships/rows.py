"""Rules as sparse rows: what a partnership says to a solver, without knowing any solver.

Every row reads ``sum(coefficient * count) <= limit`` in integers. A count is either the placements in a *cell* (a class
of edges that no row tells apart: origin x destination x sector x ...) or the placements in a vacancy. A minimum is
written with negative coefficients; a share `at least a of` as ``a * all - some <= 0`` after clearing fractions.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse


@dataclass(frozen=True)
class RowRef:
    """Whose row it is: partnership and rule id, its words for people, its unit, and what one unit of excess costs.

    `penalty` is None for a hard row, else objective points per unit above the limit (a soft row may be exceeded).
    """

    partnership: str
    rule: str
    label: str
    unit: str = "placements"
    penalty: int | None = None


@dataclass(frozen=True)
class Rows:
    """All cross-cutting rows of the partnerships over one edge frame.

    `cell` int32 [edges], values in [0, n_cells); `limit` int64 [rows]; `cell_rows` int64 CSR [n_cells x rows];
    `vacancy_rows` int64 CSR [n_vacancies x rows]; `refs` one per row.
    """

    cell: npt.NDArray[np.int32]
    limit: npt.NDArray[np.int64]
    cell_rows: sparse.csr_array
    vacancy_rows: sparse.csr_array
    refs: tuple[RowRef, ...]

    @property
    def n_cells(self) -> int:
        """How many classes of edges the rows tell apart."""
        return int(self.cell_rows.shape[0])
