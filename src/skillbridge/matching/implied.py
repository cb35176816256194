"""Rows that follow from others because people come in whole heads: they cut off fractions and no plan.

A share says ``a * others <= b * part + slack``, which lets half a returning worker stand for two others. If caps and
positions let at most `most` people into the share's set, the least whole part for each total from 0 to `most` is known,
and the lower convex hull of these points is exactly what whole heads can do. Its sides are added as rows. A cap within
the set says more: whoever is placed under a cap of one head needs a whole returning worker outside it. With caps of a
few heads this is what a bound lacks most.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import lcm
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.partnerships.rows import RowRef, Rows

MOST = 400
"""Sets of more heads are left as they are: a fraction of a head hardly matters there."""

FEW = 25
"""Caps of as many heads or more are not looked at within a share's set: they would say little more than the share."""

I64 = npt.NDArray[np.int64]
Share: TypeAlias = tuple[int, I64, int, int]
"""The row of a share, its cells, and a, b of a * others <= b * part + limit."""
Found: TypeAlias = tuple[int, I64, I64, int]
"""A row that a share implies: the share's row, its cells, their amounts, the limit."""


def with_implied(rows: Rows, vacancy: npt.NDArray[np.int32], positions: npt.NDArray[np.int32]) -> Rows:
    """`rows` followed by those that they imply in whole heads, each with the reference of its share; `rows` if none.

    `vacancy` int32 [edges], `positions` int32 [vacancies]. Looks at hard shares over cells, and at the hard caps over
    cells and the positions that bound their sets. Cost: a look at each edge.
    """
    shares = _shares(rows)
    if not shares:
        return rows
    reach = sparse.csr_array(
        (np.ones(len(vacancy), np.int64), (rows.cell, vacancy)), shape=(rows.n_cells, len(positions))
    )
    reach.data[:] = 1
    caps = _caps(rows)
    heads = np.minimum(rows.limit[caps], _heads(reach, rows.cell_rows[:, caps], positions))
    entries: list[tuple[I64, I64, I64]] = []
    limits: list[int] = []
    refs: list[RowRef] = []
    for row, cells, amount, limit in (
        *_of_totals(rows, shares, caps, heads, reach, positions),
        *_of_caps_within(rows, shares, caps, heads),
    ):
        at = np.flatnonzero(amount)
        entries.append((cells[at], np.full(len(at), len(limits)), amount[at]))
        limits.append(limit)
        refs.append(rows.refs[row])
    if not limits:
        return rows
    cell, column, amount = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    extra = sparse.csr_array((amount, (cell, column)), shape=(rows.n_cells, len(limits)))
    none = sparse.csr_array((rows.vacancy_rows.shape[0], len(limits)), dtype=np.int64)
    return Rows(
        rows.cell,
        np.concatenate([rows.limit, np.array(limits, np.int64)]),
        sparse.csr_array(sparse.hstack([rows.cell_rows, extra])),
        sparse.csr_array(sparse.hstack([rows.vacancy_rows, none])),
        rows.refs + tuple(refs),
    )


def _shares(rows: Rows) -> list[Share]:
    """(row, its cells, a, b) of every hard row a * others - b * part <= limit, limit >= 0."""
    columns = sparse.csc_array(rows.cell_rows)
    on_vacancies = np.bincount(rows.vacancy_rows.indices, minlength=len(rows.limit))
    found = []
    for row, ref in enumerate(rows.refs):
        amount = columns.data[columns.indptr[row] : columns.indptr[row + 1]]
        plus, minus = np.unique(amount[amount > 0]), np.unique(amount[amount < 0])
        hard = ref.penalty is None and not on_vacancies[row] and rows.limit[row] >= 0
        if hard and len(plus) == 1 and len(minus) == 1:
            cells = columns.indices[columns.indptr[row] : columns.indptr[row + 1]].astype(np.int64)
            found.append((row, cells, int(plus[0]), int(-minus[0])))
    return found


def _of_totals(
    rows: Rows, shares: list[Share], caps: I64, heads: I64, reach: sparse.csr_array, positions: npt.NDArray[np.int32]
) -> Iterator[Found]:
    """What each share says of the total of its set and its part."""
    most = _most(rows, [cells for _, cells, _, _ in shares], caps, heads, reach, positions)
    for (row, cells, a, b), least in zip(shares, most, strict=True):
        if least > MOST:
            continue
        part = rows.cell_rows[cells, [row]] < 0
        for rise, run, limit in _sides(a, b, int(rows.limit[row]), least):
            yield row, cells, np.where(part, rise - run, rise), limit


def _of_caps_within(rows: Rows, shares: list[Share], caps: I64, heads: I64) -> Iterator[Found]:
    """What each share without slack says of the others under a cap that meets its set (see `_inside_and_outside`)."""
    cap_cells = sparse.csc_array(rows.cell_rows[:, caps])
    cell_caps = sparse.csr_array(cap_cells)
    under = np.zeros(rows.n_cells, np.int64)
    for row, cells, a, b in shares:
        if rows.limit[row]:
            continue
        part = np.asarray(rows.cell_rows[cells, [row]] < 0)
        under[:] = -1
        under[cells] = np.arange(len(cells))
        tightest: dict[bytes, int] = {}
        for cap in np.unique(cell_caps[cells].indices).tolist():
            most = int(heads[cap])
            inside = under[cap_cells.indices[cap_cells.indptr[cap] : cap_cells.indptr[cap + 1]]]
            inside = np.sort(inside[inside >= 0])
            if 0 < most < min(b, FEW) and len(inside) < len(cells) and not part[inside].all():
                key = inside.tobytes()
                tightest[key] = min(most, tightest.get(key, most))
        for key, most in tightest.items():
            whole, each_inside, each_outside = _inside_and_outside(a, b, most)
            if a * each_inside < b * whole or a * each_outside < b * whole:
                amount = np.where(part, -each_outside, 0)
                inside = np.frombuffer(key, np.int64)
                amount[inside] = np.where(part[inside], -each_inside, whole)
                yield row, cells, amount, 0


@cache
def _inside_and_outside(a: int, b: int, most: int) -> tuple[int, int, int]:
    """(k, m, n) with k * others inside <= m * part inside + n * part outside, if at most `most` heads are inside.

    Follows from a * others <= b * part in whole heads: m / k is the most that one of the part inside can let in while
    none is outside, n / k the most that one outside adds to that.
    """
    inside = max(Fraction(min(most - part, b * part // a), part) for part in range(1, most + 1))
    outside = max(
        (min(most - part, b * (part + more) // a) - inside * part) / Fraction(more)
        for part in range(most + 1)
        for more in range(1, -(-a * most // b) + 1)
    )
    whole = lcm(inside.denominator, outside.denominator)
    return whole, int(inside * whole), int(outside * whole)


def _most(
    rows: Rows,
    sets: list[I64],
    caps: I64,
    heads: I64,
    reach: sparse.csr_array,
    positions: npt.NDArray[np.int32],
) -> list[int]:
    """At most how many heads can be placed in each of the `sets` of cells, by the `caps` of `heads` and positions."""
    cap_cells = sparse.csc_array(rows.cell_rows[:, caps])
    size = np.diff(cap_cells.indptr)
    members = _incidence(sets, rows.n_cells)
    whole = _heads(reach, members, positions)
    shared = sparse.csr_array(sparse.csr_array(members.T) @ cap_cells)
    found = []
    for number, cells in enumerate(sets):
        at = slice(shared.indptr[number], shared.indptr[number + 1])
        cap, common = shared.indices[at], shared.data[at]
        around, within = cap[common == len(cells)], cap[common == size[cap]]
        least = min([int(whole[number]), *heads[around].tolist()])
        left = np.zeros(rows.n_cells, bool)
        left[cells] = True
        total = 0
        for one in within[np.argsort(heads[within] / size[within], kind="stable")].tolist():
            inside = cap_cells.indices[cap_cells.indptr[one] : cap_cells.indptr[one + 1]]
            if left[inside].all():
                left[inside] = False
                total += int(heads[one])
        if total < least and left.any():
            total += int(_heads(reach, _incidence([np.flatnonzero(left)], rows.n_cells), positions)[0])
        found.append(max(0, min(least, total)))
    return found


def _caps(rows: Rows) -> I64:
    """Hard rows that only count heads in cells."""
    columns = sparse.csc_array(rows.cell_rows)
    row = np.repeat(np.arange(len(rows.limit)), np.diff(columns.indptr))
    counts = np.bincount(row[columns.data == 1], minlength=len(rows.limit))
    hard = np.array([ref.penalty is None for ref in rows.refs])
    on_vacancies = np.bincount(rows.vacancy_rows.indices, minlength=len(rows.limit)) > 0
    return np.flatnonzero(hard & ~on_vacancies & (counts > 0) & (counts == np.diff(columns.indptr)))


def _incidence(sets: list[I64], n_cells: int) -> sparse.csc_array:
    """int64 [cells x sets]: 1 where a cell is in a set."""
    ptr = np.concatenate([[0], np.cumsum([len(cells) for cells in sets])])
    cells = np.concatenate(sets) if sets else np.zeros(0, np.int64)
    return sparse.csc_array((np.ones(len(cells), np.int64), cells, ptr), shape=(n_cells, len(sets)))


def _heads(
    reach: sparse.csr_array, members: sparse.csr_array | sparse.csc_array, positions: npt.NDArray[np.int32]
) -> I64:
    """Positions of the vacancies that the cells of each column of `members` reach."""
    reached = sparse.csr_array(sparse.csr_array(members.T) @ reach)
    row = np.repeat(np.arange(reached.shape[0]), np.diff(reached.indptr))
    return np.bincount(row, weights=positions[reached.indices], minlength=reached.shape[0]).astype(np.int64)


def _sides(a: int, b: int, slack: int, most: int) -> list[tuple[int, int, int]]:
    """(rise, run, limit) of each side `rise * total - run * part <= limit` that a * others <= b * part + slack lacks.

    The lower convex hull of the least whole part for each total from 0 to `most`.
    """
    corners: list[tuple[int, int]] = []
    for total in range(most + 1):
        part = max(0, -((slack - a * total) // (a + b)))
        if part > total:
            break
        while len(corners) >= 2:
            (x0, y0), (x1, y1) = corners[-2:]
            if (y1 - y0) * (total - x0) < (part - y0) * (x1 - x0):
                break
            corners.pop()
        corners.append((total, part))
    found = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        rise, run = y1 - y0, x1 - x0
        given = rise * (a + b) == a * run and (a + b) * y0 == a * x0 - slack
        if rise and not given:
            found.append((rise, run, rise * x0 - run * y0))
    return found
