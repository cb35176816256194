"""From a nearly whole linear program to a whole plan of chains: accept, repair, then re-insert until nothing gains.

All of it works on what is left of each limit (`left`, int64: positions, then rows), so a plan that it returns breaks no
row whose use can only grow; a row with negative coefficients (a minimum, a share) is kept once it holds.
"""

import numba
import numpy as np
import numpy.typing as npt

from skillbridge.matching.stays import MAX_CHAIN, best_chain

Longs = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _move(option, sign, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies):  # type: ignore[no-untyped-def]
    """Take (`sign` 1) or give back (-1) what an option uses."""
    v, c = vacancy[option], cell[option]
    left[v] -= sign
    for i in range(c_ptr[c], c_ptr[c + 1]):
        left[n_vacancies + c_row[i]] -= sign * c_coef[i]
    for i in range(v_ptr[v], v_ptr[v + 1]):
        left[n_vacancies + v_row[i]] -= sign * v_coef[i]


@numba.njit(cache=True, nogil=True)
def _fits(option, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies, skip):  # type: ignore[no-untyped-def]
    """Whether one more of an option breaks no limit; rows with `skip` are not asked."""
    v, c = vacancy[option], cell[option]
    if left[v] < 1:
        return False
    for i in range(c_ptr[c], c_ptr[c + 1]):
        row = n_vacancies + c_row[i]
        if c_coef[i] > 0 and not skip[row] and left[row] < c_coef[i]:
            return False
    for i in range(v_ptr[v], v_ptr[v + 1]):
        row = n_vacancies + v_row[i]
        if v_coef[i] > 0 and not skip[row] and left[row] < v_coef[i]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def accept(chains, owner, plan, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, skip):  # type: ignore[no-untyped-def]
    """Place the chains in the order given, one a worker, where every option fits; rows with `skip` are not asked."""
    n_vacancies = len(v_ptr) - 1
    for k in range(len(chains)):
        w = owner[k]
        if plan[w, 0] >= 0:
            continue
        for d in range(MAX_CHAIN):
            option = chains[k, d]
            if option < 0:
                break
            if not _fits(option, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies, skip):
                break
            _move(option, 1, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies)
            plan[w, d] = option


@numba.njit(cache=True, nogil=True)
def release(order, plan, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left):  # type: ignore[no-untyped-def]
    """Give back, in the order given, chains that push a broken row further over its limit, until none is broken."""
    n_vacancies = len(v_ptr) - 1
    for w in order:
        hurts = False
        for d in range(MAX_CHAIN):
            option = plan[w, d]
            if option < 0:
                break
            c, v = cell[option], vacancy[option]
            for i in range(c_ptr[c], c_ptr[c + 1]):
                hurts = hurts or (left[n_vacancies + c_row[i]] < 0 and c_coef[i] > 0)
            for i in range(v_ptr[v], v_ptr[v + 1]):
                hurts = hurts or (left[n_vacancies + v_row[i]] < 0 and v_coef[i] > 0)
        if hurts:
            for d in range(MAX_CHAIN):
                option = plan[w, d]
                if option < 0:
                    break
                _move(option, -1, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies)
                plan[w, d] = -1


@numba.njit(cache=True, nogil=True)
def reinsert(  # type: ignore[no-untyped-def]
    order, plan, worth, indptr, start, end, kind, h_indptr, h_start, h_end, h_kind, between,
    binds, counts, first, most, window, gap, career, reset,
    vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, skip,
):  # fmt: skip
    """Give each worker in `order` the best chain that fits beside everybody else's; returns how many changed.

    `worth` float64 [options] is what an option counts for. A change must gain and may not break, nor worsen, a row.
    """
    n_vacancies = len(v_ptr) - 1
    changed = 0
    value = np.empty(len(worth))
    old = np.empty(MAX_CHAIN, np.int64)
    new = np.empty(MAX_CHAIN, np.int64)
    before = left.copy()
    for w in order:
        lo, hi = indptr[w], indptr[w + 1]
        old_worth, n_old = 0.0, 0
        for d in range(MAX_CHAIN):
            option = plan[w, d]
            if option < 0:
                break
            old[d] = option
            old_worth += worth[option]
            n_old += 1
        for d in range(n_old):
            option = old[d]
            for i in range(c_ptr[cell[option]], c_ptr[cell[option] + 1]):
                before[n_vacancies + c_row[i]] = left[n_vacancies + c_row[i]]
            for i in range(v_ptr[vacancy[option]], v_ptr[vacancy[option] + 1]):
                before[n_vacancies + v_row[i]] = left[n_vacancies + v_row[i]]
        for d in range(n_old):
            _move(old[d], -1, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies)
        promising = 0.0
        for option in range(lo, hi):
            value[option] = -1.0
            if worth[option] > 0 and _fits(
                option, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies, skip
            ):
                value[option] = worth[option]
                promising += worth[option]
        n_new, new_worth = 0, 0.0
        if promising > old_worth + 1e-9:
            found = best_chain(
                lo, hi, start, end, kind, value, h_indptr[w], h_indptr[w + 1], h_start, h_end, h_kind,
                between, binds, counts, first, most, window, gap, career, reset, new,
            )  # fmt: skip
            for d in range(found[1]):
                if _fits(new[d], vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies, skip):
                    _move(new[d], 1, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies)
                    new[n_new] = new[d]
                    new_worth += worth[new[d]]
                    n_new += 1
        gains = new_worth > old_worth + 1e-9
        if gains:
            for d in range(n_old):
                option = old[d]
                for i in range(c_ptr[cell[option]], c_ptr[cell[option] + 1]):
                    row = n_vacancies + c_row[i]
                    gains = gains and (left[row] >= 0 or left[row] >= before[row])
                for i in range(v_ptr[vacancy[option]], v_ptr[vacancy[option] + 1]):
                    row = n_vacancies + v_row[i]
                    gains = gains and (left[row] >= 0 or left[row] >= before[row])
        if gains:
            changed += 1
            for d in range(MAX_CHAIN):
                plan[w, d] = new[d] if d < n_new else -1
        else:
            for d in range(n_new):
                _move(new[d], -1, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies)
            for d in range(n_old):
                _move(old[d], 1, vacancy, cell, c_ptr, c_row, c_coef, v_ptr, v_row, v_coef, left, n_vacancies)
    return changed
