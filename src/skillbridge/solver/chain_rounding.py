"""From a nearly whole linear program to a whole plan of chains: accept, repair, then re-insert until nothing gains.

All of it works on what is left of each limit (`left`, int64: positions, then rows), so a plan that it returns breaks no
row whose use can only grow; a row with negative coefficients (a minimum, a share) is kept once it holds.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from skillbridge.matching.stays import MAX_CHAIN, best_chain, enough

Longs = npt.NDArray[np.int64]


class Uses(NamedTuple):
    """What a seat uses of the limits: `vacancy` and `cell` int32 [seats]; the rows of each cell and of each vacancy's
    heads as compressed rows (`*_ptr`, `*_row`, `*_amount`, int64); `left` int64 is what is left, and is changed."""

    vacancy: npt.NDArray[np.int32]
    cell: npt.NDArray[np.int32]
    c_ptr: Longs
    c_row: Longs
    c_amount: Longs
    v_ptr: Longs
    v_row: Longs
    v_amount: Longs
    left: Longs


@numba.njit(cache=True, nogil=True)
def _move(seat, sign, uses):  # type: ignore[no-untyped-def]
    """Take (`sign` 1) or give back (-1) what a seat uses."""
    n = len(uses.v_ptr) - 1
    v, c = uses.vacancy[seat], uses.cell[seat]
    uses.left[v] -= sign
    for i in range(uses.c_ptr[c], uses.c_ptr[c + 1]):
        uses.left[n + uses.c_row[i]] -= sign * uses.c_amount[i]
    for i in range(uses.v_ptr[v], uses.v_ptr[v + 1]):
        uses.left[n + uses.v_row[i]] -= sign * uses.v_amount[i]


@numba.njit(cache=True, nogil=True)
def _fits(seat, uses, skip):  # type: ignore[no-untyped-def]
    """Whether one more of a seat breaks no limit; rows with `skip` are not asked."""
    n = len(uses.v_ptr) - 1
    v, c = uses.vacancy[seat], uses.cell[seat]
    if uses.left[v] < 1:
        return False
    for i in range(uses.c_ptr[c], uses.c_ptr[c + 1]):
        row = n + uses.c_row[i]
        if uses.c_amount[i] > 0 and not skip[row] and uses.left[row] < uses.c_amount[i]:
            return False
    for i in range(uses.v_ptr[v], uses.v_ptr[v + 1]):
        row = n + uses.v_row[i]
        if uses.v_amount[i] > 0 and not skip[row] and uses.left[row] < uses.v_amount[i]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _give_back(option, options, uses):  # type: ignore[no-untyped-def]
    for seat in range(options.seats[option], options.seats[option + 1]):
        _move(seat, -1, uses)


@numba.njit(cache=True, nogil=True)
def _take(option, options, uses, skip):  # type: ignore[no-untyped-def]
    """Whether every seat of an option fits; they are then taken, else none is."""
    first = options.seats[option]
    for seat in range(first, options.seats[option + 1]):
        if not _fits(seat, uses, skip):
            for taken in range(first, seat):
                _move(taken, -1, uses)
            return False
        _move(seat, 1, uses)
    return True


@numba.njit(cache=True, nogil=True)
def _would_fit(option, options, uses, skip):  # type: ignore[no-untyped-def]
    if options.seats[option + 1] - options.seats[option] == 1:
        return _fits(options.seats[option], uses, skip)
    if not _take(option, options, uses, skip):
        return False
    _give_back(option, options, uses)
    return True


@numba.njit(cache=True, nogil=True)
def accept(chains, owner, plan, options, people, uses, skip):  # type: ignore[no-untyped-def]
    """Place the chains in the order given, one a unit, as far as they fit; rows with `skip` are not asked.

    A chain that is cut short and then earns too little is not placed.
    """
    for k in range(len(chains)):
        unit, length = owner[k], 0
        if plan[unit, 0] >= 0:
            continue
        while length < MAX_CHAIN and chains[k, length] >= 0 and _take(chains[k, length], options, uses, skip):
            length += 1
        if enough(unit, chains[k], length, options, people):
            plan[unit, :length] = chains[k, :length]
        else:
            for d in range(length):
                _give_back(chains[k, d], options, uses)


@numba.njit(cache=True, nogil=True)
def release(order, plan, options, uses):  # type: ignore[no-untyped-def]
    """Give back, in the order given, chains that push a broken row further over its limit, until none is broken."""
    n = len(uses.v_ptr) - 1
    for unit in order:
        hurts = False
        for d in range(MAX_CHAIN):
            option = plan[unit, d]
            if option < 0:
                break
            for seat in range(options.seats[option], options.seats[option + 1]):
                c, v = uses.cell[seat], uses.vacancy[seat]
                for i in range(uses.c_ptr[c], uses.c_ptr[c + 1]):
                    hurts = hurts or (uses.left[n + uses.c_row[i]] < 0 and uses.c_amount[i] > 0)
                for i in range(uses.v_ptr[v], uses.v_ptr[v + 1]):
                    hurts = hurts or (uses.left[n + uses.v_row[i]] < 0 and uses.v_amount[i] > 0)
        if hurts:
            for d in range(MAX_CHAIN):
                if plan[unit, d] < 0:
                    break
                _give_back(plan[unit, d], options, uses)
                plan[unit, d] = -1


@numba.njit(cache=True, nogil=True)
def reinsert(order, plan, worth, options, people, law, uses, skip):  # type: ignore[no-untyped-def]
    """Give each unit in `order` the best chain that fits beside everybody else's; returns how many changed.

    `worth` float64 [options] is what an option counts for. A change must gain and may not break, nor worsen, a row.
    """
    n, left = len(uses.v_ptr) - 1, uses.left
    changed = 0
    value = np.empty(len(worth))
    old = np.empty(MAX_CHAIN, np.int64)
    new = np.empty(MAX_CHAIN, np.int64)
    before = left.copy()
    for unit in order:
        old_worth, n_old = 0.0, 0
        for d in range(MAX_CHAIN):
            option = plan[unit, d]
            if option < 0:
                break
            old[d] = option
            old_worth += worth[option]
            n_old += 1
        for d in range(n_old):
            for seat in range(options.seats[old[d]], options.seats[old[d] + 1]):
                c, v = uses.cell[seat], uses.vacancy[seat]
                for i in range(uses.c_ptr[c], uses.c_ptr[c + 1]):
                    before[n + uses.c_row[i]] = left[n + uses.c_row[i]]
                for i in range(uses.v_ptr[v], uses.v_ptr[v + 1]):
                    before[n + uses.v_row[i]] = left[n + uses.v_row[i]]
        for d in range(n_old):
            _give_back(old[d], options, uses)
        promising = 0.0
        for option in range(options.indptr[unit], options.indptr[unit + 1]):
            value[option] = -1.0
            if worth[option] > 0 and _would_fit(option, options, uses, skip):
                value[option] = worth[option]
                promising += worth[option]
        n_new, new_worth = 0, 0.0
        if promising > old_worth + 1e-9:
            found = best_chain(unit, options, people, law, value, new)
            for d in range(found[1]):
                if _take(new[d], options, uses, skip):
                    new[n_new] = new[d]
                    new_worth += worth[new[d]]
                    n_new += 1
        gains = new_worth > old_worth + 1e-9 and enough(unit, new, n_new, options, people)
        if gains:
            for d in range(n_old):
                for seat in range(options.seats[old[d]], options.seats[old[d] + 1]):
                    c, v = uses.cell[seat], uses.vacancy[seat]
                    for i in range(uses.c_ptr[c], uses.c_ptr[c + 1]):
                        row = n + uses.c_row[i]
                        gains = gains and (left[row] >= 0 or left[row] >= before[row])
                    for i in range(uses.v_ptr[v], uses.v_ptr[v + 1]):
                        row = n + uses.v_row[i]
                        gains = gains and (left[row] >= 0 or left[row] >= before[row])
        if gains:
            changed += 1
            for d in range(MAX_CHAIN):
                plan[unit, d] = new[d] if d < n_new else -1
        else:
            for d in range(n_new):
                _give_back(new[d], options, uses)
            for d in range(n_old):
                for seat in range(options.seats[old[d]], options.seats[old[d] + 1]):
                    _move(seat, 1, uses)
    return changed
