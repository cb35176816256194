"""The upper bound that prices prove, in plain numpy: for any prices >= 0, no plan is worth more.

Each worker is credited with the best of its edges after paying the prices of the vacancy and of every row that the
edge uses (or with nothing); each vacancy and row is credited with its price for each unit it has to give. A group
is credited with the best place that all its members reach and that no cap closes to it.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.partnerships.rows import Rows

CAPS_AT_ONCE = 5_000
"""Caps looked at together for options that they close: bounds memory."""


def upper_bound(
    indptr: npt.NDArray[np.int64],
    vacancy: npt.NDArray[np.int32],
    weight: npt.NDArray[np.int32],
    positions: npt.NDArray[np.int32],
    rows: Rows,
    group: npt.NDArray[np.int32],
    place: npt.NDArray[np.int32],
    vacancy_price: npt.NDArray[np.float64],
    row_price: npt.NDArray[np.float64],
) -> float:
    """Objective points that no plan exceeds (arrays as in `solver.problem.Problem`), in time linear in the edges.

    Raises `ValueError` for a price that proves nothing: negative, not finite, or above a soft row's penalty.
    """
    surplus = left_over(weight, vacancy, rows, vacancy_price, row_price)
    worker = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    alone = group[worker] < 0
    best = np.zeros(len(indptr) - 1)
    np.maximum.at(best, worker[alone], surplus[alone])
    total = float(best.sum() + (vacancy_price * positions).sum() + (row_price * rows.limit).sum())
    together = ~alone
    return total + _groups(
        worker[together], vacancy[together], rows.cell[together], surplus[together], group, place, positions, rows
    )


def left_over(
    weight: npt.NDArray[np.integer],
    vacancy: npt.NDArray[np.int32],
    rows: Rows,
    vacancy_price: npt.NDArray[np.float64],
    row_price: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """float64 [edges]: what an edge is worth after paying its vacancy's price and those of every row it counts in.

    Raises `ValueError` for a price that proves nothing: negative, not finite, or above a soft row's penalty.
    """
    ceiling = np.array([np.inf if ref.penalty is None else ref.penalty for ref in rows.refs], np.float64)
    for name, prices in (("vacancy", vacancy_price), ("row", row_price)):
        if not (np.isfinite(prices).all() and (prices >= 0).all()):
            raise ValueError(f"a {name} price is negative or not finite")
    if (row_price > ceiling).any():
        raise ValueError("the price of a soft row exceeds its penalty")
    at_vacancy, at_cell = vacancy_price + rows.vacancy_rows @ row_price, rows.cell_rows @ row_price
    return np.asarray(weight - at_vacancy[vacancy] - at_cell[rows.cell], dtype=np.float64)


def heads_of(
    option: npt.NDArray[np.int64], vacancy: npt.NDArray[np.int32], positions: npt.NDArray[np.int32], n: int
) -> npt.NDArray[np.int64]:
    """int64 [n]: the positions of the vacancies that each option's edges lead to, given `option`, `vacancy` [edges]."""
    pairs = np.unique(option * len(positions) + vacancy)
    heads = np.bincount(pairs // len(positions), weights=positions[pairs % len(positions)], minlength=n)
    return heads.astype(np.int64)


def crowded(
    option: npt.NDArray[np.int64],
    seat: npt.NDArray[np.int64],
    vacancy: npt.NDArray[np.int32],
    cell: npt.NDArray[np.int32],
    rows: Rows,
    n: int,
) -> npt.NDArray[np.bool_]:
    """bool [n]: the options that some hard cap closes, as their members would use more of it than there is.

    `option`, `seat`, `vacancy`, `cell` [edges]: a seat is a member at an option and uses as much of a cap as the edge
    that uses least.
    """
    use = sparse.csr_array(sparse.hstack([rows.cell_rows.T, rows.vacancy_rows.T]))
    row = np.repeat(np.arange(len(rows.limit)), np.diff(use.indptr))
    least, most = np.zeros(len(rows.limit), np.int64), np.zeros(len(rows.limit), np.int64)
    np.minimum.at(least, row, use.data)
    np.maximum.at(most, row, use.data)
    members = int(np.bincount(option[np.unique(seat, return_index=True)[1]]).max(initial=0))
    hard = np.array([ref.penalty is None for ref in rows.refs], bool)
    caps = np.flatnonzero(hard & (least >= 0) & (rows.limit < members * most))
    closed = np.zeros(n, bool)
    edge = np.arange(len(seat))
    some = np.ones(len(seat), np.int64)
    n_seats = int(seat.max(initial=-1)) + 1
    of_seat = sparse.csr_array((some, (seat, edge)), shape=(n_seats, len(seat)))
    owner = np.zeros(n_seats, np.int64)
    owner[seat] = option
    for first in range(0, len(caps), CAPS_AT_ONCE):
        part = caps[first : first + CAPS_AT_ONCE]
        amount = sparse.csr_array(rows.cell_rows[:, part][cell] + rows.vacancy_rows[:, part][vacancy])
        amount.eliminate_zeros()
        marks = sparse.csr_array((np.ones(amount.nnz, np.int64), amount.indices, amount.indptr), shape=amount.shape)
        touching = sparse.coo_array(of_seat @ marks)
        always = touching.data == np.bincount(seat, minlength=n_seats)[touching.coords[0]]
        key = touching.coords[0].astype(np.int64) * len(part) + touching.coords[1]
        key = np.sort(key[always])
        at = np.repeat(seat, np.diff(amount.indptr)) * len(part) + amount.indices
        where = np.minimum(np.searchsorted(key, at), max(0, len(key) - 1))
        held = key[where] == at if len(key) else np.zeros(len(at), bool)
        smallest = np.full(len(key), np.iinfo(np.int64).max)
        np.minimum.at(smallest, where[held], amount.data[held])
        total = sparse.coo_array((smallest, (owner[key // len(part)], key % len(part))), shape=(n, len(part))).tocsr()
        over = total.data > rows.limit[part][total.indices]
        closed[np.repeat(np.arange(n), np.diff(total.indptr))[over]] = True
    return closed


def _groups(
    worker: npt.NDArray[np.int64],
    vacancy: npt.NDArray[np.int32],
    cell: npt.NDArray[np.int32],
    surplus: npt.NDArray[np.float64],
    group: npt.NDArray[np.int32],
    place: npt.NDArray[np.int32],
    positions: npt.NDArray[np.int32],
    rows: Rows,
) -> float:
    """What all groups are credited with: each its best place, summed over members, of those that every member reaches,
    that have positions for all and that no cap closes."""
    if not len(worker):
        return 0.0
    size = np.bincount(group[group >= 0])
    width = int(place.max()) + 1
    seats, seat, of_seat = np.unique(worker * width + place[vacancy], return_index=True, return_inverse=True)
    best = np.full(len(seats), -np.inf)
    np.maximum.at(best, of_seat, surplus)
    options, number = np.unique(group[worker[seat]] * np.int64(width) + seats % width, return_inverse=True)
    worth, members = np.bincount(number, weights=best), np.bincount(number)
    owner = options // width
    complete = (members == size[owner]) & (heads_of(number[of_seat], vacancy, positions, len(options)) >= size[owner])
    complete &= ~crowded(number[of_seat], of_seat, vacancy, cell, rows, len(options))
    total = np.zeros(len(size))
    np.maximum.at(total, owner[complete], worth[complete])
    return float(total.sum())
