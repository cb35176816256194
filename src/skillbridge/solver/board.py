"""The board a plan is made on: who sits where, what is left of every vacancy and row, and moves that keep the sums.

Every act is compiled and works in place. A row's excess costs its penalty per unit; a hard row's penalty is `HARD`,
more than any plan is worth, so that one number says both what a move is worth and whether it is legal.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.solver.groups import Groups
from skillbridge.solver.plan import NONE, usage
from skillbridge.solver.pricing import Edges, Floats, Ints, Pricer, Surcharge, compiled, surplus_of

HARD = float(2**40)
"""Points per head of excess of a hard limit: beyond any weight, and exact in double precision."""
UNIT = float(2**28)
"""What a unit of excess costs at least: rows whose amounts go up to 2 ** k charge HARD / 2 ** k per unit."""

Marks = npt.NDArray[np.bool_]


class Tables(NamedTuple):
    """The arrays that the compiled acts share.

    `owner_ptr`: the rows of cells, then of vacancies: owner k (cell, or `n_cells` + vacancy) has the entries
    owner_ptr[k]:owner_ptr[k + 1] of `row` and `amount`. `free`: positions left; `left`: limit less use.
    """

    edges: Edges
    n_cells: int
    owner_ptr: Ints
    row: Ints
    amount: Ints
    penalty: Floats
    hard: Marks
    free: Ints
    left: Ints


class Board:
    """A plan under way: `chosen` int64 [workers], and the tables with what is free and left."""

    def __init__(self, pricer: Pricer, chosen: Ints | None = None) -> None:
        p = pricer.problem
        self.pricer, self.problem = pricer, p
        cells, vacancies = p.rows.cell_rows, p.rows.vacancy_rows
        ceiling = pricer.ceiling[p.n_vacancies :]
        self.chosen = np.full(p.n_workers, NONE, np.int64) if chosen is None else chosen.copy()
        heads, used = usage(p, self.chosen)
        hard = ~np.isfinite(ceiling)
        largest = np.ones(p.n_rows)
        for matrix in (cells, vacancies):
            np.maximum.at(largest, matrix.indices, np.abs(matrix.data))
        self.tables = Tables(
            pricer.edges,
            p.rows.n_cells,
            np.concatenate([cells.indptr, vacancies.indptr[1:] + cells.indptr[-1]]).astype(np.int64),
            np.concatenate([cells.indices, vacancies.indices]).astype(np.int64),
            np.concatenate([cells.data, vacancies.data]).astype(np.int64),
            np.where(hard, np.maximum(UNIT, HARD / 2.0 ** np.ceil(np.log2(largest))), ceiling),
            hard,
            p.positions.astype(np.int64) - heads,
            p.rows.limit.astype(np.int64) - used,
        )
        self.mixed = np.zeros(p.n_rows, bool)
        self.mixed[self.tables.row[self.tables.amount < 0]] = True
        self._strict = np.zeros(p.n_rows, bool)
        self._no_price = Surcharge(np.zeros(p.n_vacancies), np.zeros(p.rows.n_cells))

    @property
    def limits(self) -> Ints:
        """What is left of vacancies, then of rows: the limits of the problem that remains."""
        return np.concatenate([self.tables.free, self.tables.left])

    @property
    def legal(self) -> bool:
        """Whether no vacancy and no hard row is exceeded."""
        return bool((self.tables.left[self.tables.hard] >= 0).all() and (self.tables.free >= 0).all())

    def take(self, workers: Ints, edges: Ints, *, caps_only: bool = False) -> int:
        """Place `workers` on `edges` (-1: skip) in their order where that fits; how many were placed.

        With `caps_only`, rows with negative amounts (shares, minimums) do not hold anyone back.
        """
        return int(_take(self.chosen, workers, edges, self.mixed if caps_only else self._strict, self.tables))

    def lift(self, worker: int) -> None:
        """Take a placed `worker` (not in a group) off the board."""
        shift(int(self.chosen[worker]), -1, self.tables)
        self.chosen[worker] = NONE

    def take_options(self, options: Ints, at: Surcharge | None = None, *, caps_only: bool = False) -> int:
        """Place whole groups by `options` in their order where all members fit; how many groups were placed.

        Each member gets the edge with the most points, or, with prices `at`, the most surplus.
        """
        mixed = self.mixed if caps_only else self._strict
        return int(_take_options(self.chosen, options, mixed, at or self._no_price, self.pricer.groups, self.tables))

    def settle(self, workers: Ints, at: Surcharge | None = None) -> int:
        """Give each of `workers` (not in groups) in order its best move, counting penalties; how many moved.

        The best move is the one that adds most points, or, with prices `at`, most surplus; it may be to go home.
        """
        thorough = not self.legal or not bool(self.tables.hard.all())
        return int(_settle(self.chosen, workers, at or self._no_price, self._strict, thorough, self.tables))

    def mend(self, workers: Ints, rounds: int = 50) -> bool:
        """Whether no hard limit is exceeded after moving those of `workers` who mend one at least cost, one by one.

        A move mends if the sum of all hard excess falls; its cost is points lost per head of it.
        """
        for _ in range(rounds):
            if self.legal:
                return True
            concerned = self._concerned(workers)
            worth = np.empty(len(concerned))
            _rank_mends(self.chosen, concerned, worth, self.tables)
            order = np.argsort(-worth, kind="stable")
            if not _mend(self.chosen, concerned[order[np.isfinite(worth[order])]], self.tables):
                return False
        return self.legal

    def clear(self, workers: Ints) -> bool:
        """Whether no hard limit is exceeded after sending home, one by one, those of `workers` missed least.

        Only absolute minimums, and people not among `workers`, can leave one exceeded.
        """
        while not self.legal:
            if not _send_home(self.chosen, self._concerned(workers), self.tables):
                return False
        return True

    def _concerned(self, workers: Ints) -> Ints:
        """Those of `workers` who sit in an exceeded limit, or (if it is a share or minimum) could help it."""
        b = self.tables
        over = np.flatnonzero(b.hard & (b.left < 0))
        owners = np.zeros(len(b.owner_ptr) - 1, bool)
        owner = np.repeat(np.arange(len(owners)), np.diff(b.owner_ptr))
        owners[owner[np.isin(b.row, over)]] = True
        owners[b.n_cells :] |= b.free < 0
        edge = self.chosen[workers]
        placed = edge >= 0
        edge = np.maximum(edge, 0)
        sits = placed & (owners[b.edges.cell[edge]] | owners[b.n_cells + b.edges.vacancy[edge]])
        if self.mixed[over].any():
            sits |= ~placed
        return workers[sits]

    def settle_groups(self, groups: Ints) -> int:
        """Give each of `groups` in order the option that adds most points, or none; how many moved."""
        return int(_settle_groups(self.chosen, groups, self._strict, self._no_price, self.pricer.groups, self.tables))


@compiled
def shift(e: int, sign: int, b: Tables) -> float:
    """Put edge `e` on the board (`sign` 1) or take it off (-1); the change of all penalties, positions included."""
    cost = 0.0
    v = b.edges.vacancy[e]
    old = b.free[v]
    new = old - sign
    b.free[v] = new
    if new < 0 or old < 0:
        cost += HARD * (max(0, -new) - max(0, -old))
    for owner in (np.int64(b.edges.cell[e]), np.int64(b.n_cells + v)):
        for k in range(b.owner_ptr[owner], b.owner_ptr[owner + 1]):
            r = b.row[k]
            old = b.left[r]
            new = old - sign * b.amount[k]
            b.left[r] = new
            if new < 0 or old < 0:
                cost += b.penalty[r] * (max(0, -new) - max(0, -old))
    return cost


@compiled
def fits(e: int, mixed: Marks, b: Tables) -> bool:
    """Whether `e` can be put on the board without excess, rows marked in `mixed` aside."""
    v = b.edges.vacancy[e]
    if b.free[v] <= 0:
        return False
    for owner in (np.int64(b.edges.cell[e]), np.int64(b.n_cells + v)):
        for k in range(b.owner_ptr[owner], b.owner_ptr[owner + 1]):
            r = b.row[k]
            if b.amount[k] > 0 and b.left[r] < b.amount[k] and not mixed[r]:
                return False
    return True


@compiled
def _take(chosen: Ints, workers: Ints, edges: Ints, mixed: Marks, b: Tables) -> int:
    placed = 0
    for t in range(len(workers)):
        e = edges[t]
        if e < 0 or chosen[workers[t]] >= 0 or not fits(e, mixed, b):
            continue
        if shift(e, 1, b) > 0 and not mixed.any():  # a row of both its cell and its vacancy
            shift(e, -1, b)
            continue
        chosen[workers[t]] = e
        placed += 1
    return placed


@compiled
def _settle(chosen: Ints, workers: Ints, at: Surcharge, strict: Marks, thorough: bool, b: Tables) -> int:
    moved = 0
    for i in workers:
        old = chosen[i]
        best, target, base = 1e-6, -2, 0.0
        if old >= 0:
            base = surplus_of(old, b.edges, at) + shift(old, -1, b)
            if -base > best:
                best, target = -base, -1
        for e in range(b.edges.indptr[i], b.edges.indptr[i + 1]):
            if e == old:
                continue
            gain = surplus_of(e, b.edges, at) - base
            if not thorough and (gain <= best or not fits(e, strict, b)):
                continue
            gain -= shift(e, 1, b)
            shift(e, -1, b)
            if gain > best:
                best, target = gain, e
        if target == -2:
            target = old
        else:
            chosen[i] = target
            moved += 1
        if target >= 0:
            shift(target, 1, b)
    return moved


@compiled
def _best_mend(i: int, chosen: Ints, b: Tables) -> tuple[float, int]:
    """(points per head of hard excess taken away by the best mending move of worker `i`, where to)."""
    best, where = -np.inf, -1
    old = chosen[i]
    base = 0.0
    if old >= 0:
        base = b.edges.weight[old] + shift(old, -1, b)
        best = _per_unit(-base)
    for e in range(b.edges.indptr[i], b.edges.indptr[i + 1]):
        if e == old:
            continue
        worth = _per_unit(b.edges.weight[e] - base - shift(e, 1, b))
        shift(e, -1, b)
        if worth > best:
            best, where = worth, e
    if old >= 0:
        shift(old, 1, b)
    return best, where


@compiled
def _rank_mends(chosen: Ints, workers: Ints, worth: Floats, b: Tables) -> None:
    for t in range(len(workers)):
        worth[t], _ = _best_mend(workers[t], chosen, b)


@compiled
def _mend(chosen: Ints, workers: Ints, b: Tables) -> int:
    """Make each worker's best mending move in order, as long as it still mends; how many were made."""
    made = 0
    for i in workers:
        worth, where = _best_mend(i, chosen, b)
        if worth == -np.inf:
            continue
        if chosen[i] >= 0:
            shift(chosen[i], -1, b)
        if where >= 0:
            shift(where, 1, b)
        chosen[i] = where
        made += 1
    return made


@compiled
def _send_home(chosen: Ints, workers: Ints, b: Tables) -> int:
    """Send home the one of `workers` who uses up an exceeded hard limit and is missed least; how many went."""
    best, who = -np.inf, -1
    for i in workers:
        e = chosen[i]
        if e < 0:
            continue
        uses = b.free[b.edges.vacancy[e]] < 0
        for owner in (np.int64(b.edges.cell[e]), np.int64(b.n_cells + b.edges.vacancy[e])):
            for k in range(b.owner_ptr[owner], b.owner_ptr[owner + 1]):
                r = b.row[k]
                uses |= b.hard[r] and b.left[r] < 0 and b.amount[k] > 0
        if uses:
            gain = -b.edges.weight[e] - shift(e, -1, b)
            shift(e, 1, b)
            if gain > best:
                best, who = gain, i
    if who < 0:
        return 0
    shift(chosen[who], -1, b)
    chosen[who] = -1
    return 1


@compiled
def _per_unit(gain: float) -> float:
    """Points gained per head of hard excess taken away; minus infinity if none is."""
    excess = np.floor(gain / UNIT + 0.5) * UNIT
    return (gain - excess) / excess if excess > 0 else -np.inf


@compiled
def sit(o: int, mixed: Marks, strict: bool, at: Surcharge, taken: Ints, g: Groups, b: Tables) -> tuple[bool, float]:
    """Seat option `o`, each member on the best edge that fits (else, unless `strict`, the best), noted in `taken`.

    Gives (all are seated, points gained less penalties); a strict option that fails leaves the board as it was.
    """
    gain = 0.0
    first = g.seat_ptr[o]
    for s in range(first, g.seat_ptr[o + 1]):
        best, seat, fitting = -np.inf, -1, False
        for k in range(g.edge_ptr[s], g.edge_ptr[s + 1]):
            e = g.edge[k]
            surplus = surplus_of(e, b.edges, at)
            fit = fits(e, mixed, b)
            if (fit and not fitting) or (fit == fitting and surplus > best):
                best, seat, fitting = surplus, e, fit
        if strict and not fitting:
            for t in range(s - first):
                shift(taken[t], -1, b)
            return False, 0.0
        gain += b.edges.weight[seat] - shift(seat, 1, b)
        taken[s - first] = seat
    return True, gain


@compiled
def _take_options(chosen: Ints, options: Ints, mixed: Marks, at: Surcharge, g: Groups, b: Tables) -> int:
    placed = 0
    taken = np.zeros(len(g.seat_worker) + 1, np.int64)
    for o in options:
        first = g.seat_ptr[o]
        if chosen[g.seat_worker[first]] >= 0:
            continue
        done, _ = sit(o, mixed, True, at, taken, g, b)
        if done:
            placed += 1
            for s in range(first, g.seat_ptr[o + 1]):
                chosen[g.seat_worker[s]] = taken[s - first]
    return placed


@compiled
def _settle_groups(chosen: Ints, groups: Ints, mixed: Marks, at: Surcharge, g: Groups, b: Tables) -> int:
    moved = 0
    taken = np.zeros(len(g.seat_worker) + 1, np.int64)
    before = np.zeros(len(g.seat_worker) + 1, np.int64)
    for number in groups:
        first, last = g.option_ptr[number], g.option_ptr[number + 1]
        if first == last:
            continue
        lo = g.seat_ptr[first]
        size = g.seat_ptr[first + 1] - lo
        base = 0.0
        seated = chosen[g.seat_worker[lo]] >= 0
        if seated:
            for k in range(size):
                before[k] = chosen[g.seat_worker[lo + k]]
                base += b.edges.weight[before[k]] + shift(before[k], -1, b)
        best, option = 1e-6, -1
        home = seated and -base > best
        if home:
            best = -base
        for o in range(first, last):
            _, gain = sit(o, mixed, False, at, taken, g, b)
            for k in range(size):
                shift(taken[k], -1, b)
            if gain - base > best:
                best, option = gain - base, o
        if option >= 0:
            sit(option, mixed, False, at, taken, g, b)
        for k in range(size):
            who = g.seat_worker[lo + k]
            if option >= 0:
                chosen[who] = taken[k]
            elif home:
                chosen[who] = -1
            elif seated:
                shift(before[k], 1, b)
        moved += option >= 0 or home
    return moved
