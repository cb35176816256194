"""An objective that comes first, held as a row while one that comes later is improved."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.partnerships.rows import RowRef, Rows


class Held(NamedTuple):
    """The chosen edges' `points` (whole numbers [edges]) must sum to `least`; `name` is the objective's."""

    name: str
    points: npt.NDArray[np.integer]
    least: int


def held_ref(name: str, least: int) -> RowRef:
    """Whose row it is that holds the objective `name` at `least` points."""
    return RowRef("objective", name, f"{name} at least {least}", "points")


def with_held(rows: Rows, held: Sequence[Held]) -> Rows:
    """`rows` followed by a row for each of `held`; cells are split where edges differ in points."""
    if not held:
        return rows
    keys = np.stack([rows.cell, *(one.points for one in held)], axis=1).astype(np.int64)
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    empty = sparse.csr_array((rows.vacancy_rows.shape[0], len(held)), dtype=np.int64)
    return Rows(
        cell.reshape(-1).astype(np.int32),
        np.concatenate([rows.limit, [-one.least for one in held]]).astype(np.int64),
        sparse.csr_array(sparse.hstack([rows.cell_rows[cells[:, 0]], sparse.csr_array(-cells[:, 1:])])),
        sparse.csr_array(sparse.hstack([rows.vacancy_rows, empty])),
        (*rows.refs, *(held_ref(one.name, one.least) for one in held)),
    )
