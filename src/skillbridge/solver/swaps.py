"""Chains of moves of workers alone: one takes another edge, whoever is in the way moves on, a hole is filled.

What a plan lacks to its bound splits exactly into regrets (surplus of a worker's best choice less that of the given
one) and the priced slack of vacancies and rows. A chain starts where a move promises to lower that sum. If the move
exceeds a limit, the occupant of that limit who loses least moves on or goes home; if all limits hold but points were
lost, the places just left are offered to whoever gains most from them. A chain is kept if it ends legal and with more
points, else undone. Workers in groups stay where they are (see crews.py for chains that groups start).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skillbridge.solver.board import HARD, UNIT, Marks, Tables, shift
from skillbridge.solver.pricing import Edges, Floats, Ints, Pricer, Surcharge, compiled, surplus_of

DEPTH = 10
"""Moves in a chain at most, after a worker's first or for each member of a group that starts it."""


class Near(NamedTuple):
    """Edges near the prices. Worker i's are edge[ptr[i]:ptr[i + 1]], of which those up to inner[i] are nearest.

    Owner k's (a cell, or `n_cells` + vacancy) are the places to_ptr[k]:to_ptr[k + 1] of `to`, numbers into `edge`.
    """

    ptr: Ints
    inner: Ints
    edge: Ints
    worker: Ints
    surplus: Floats
    to_ptr: Ints
    to: npt.NDArray[np.int32]


class Seated(NamedTuple):
    """Who sits where, as linked lists over owners: the first of each, then from one to the next.

    Worker i is `i` in the lists of vacancies and `n + i` in those of cells. Row r binds the owners
    owner[owner_ptr[r]:owner_ptr[r + 1]]. `clock` counts successes; `changed` [owners] and `tried` [near edges] are its
    readings at the last change and at the last failed start.
    """

    first: Ints
    after: Ints
    before: Ints
    owner_ptr: Ints
    owner: Ints
    changed: Ints
    tried: Ints
    clock: Ints


class Trail(NamedTuple):
    """A chain under way: the workers moved, and where they came from."""

    worker: Ints
    origin: Ints


def nearby(pricer: Pricer, price: Floats, within: float, reach: float) -> Near:
    """The edges of workers alone within `reach` points of their best choice, the nearest first; as `near_edges`."""
    p = pricer.problem
    edges, surplus, lack = near_edges(pricer, price, reach)
    worker = np.searchsorted(p.indptr, edges, side="right") - 1
    order = np.lexsort((lack, worker))
    edges, surplus, lack = edges[order], surplus[order], lack[order]
    worker = worker[order]
    ptr = np.searchsorted(worker, np.arange(p.n_workers + 1))
    inner = ptr[:-1] + np.bincount(worker[lack <= within * pricer.scale], minlength=p.n_workers)
    owner = np.concatenate([p.rows.cell[edges], p.rows.n_cells + p.vacancy[edges]])
    to = np.argsort(owner, kind="stable")
    to_ptr = np.searchsorted(owner[to], np.arange(p.rows.n_cells + p.n_vacancies + 1))
    return Near(ptr, inner, edges, worker, surplus, to_ptr, (to % max(1, len(edges))).astype(np.int32))


def near_edges(pricer: Pricer, price: Floats, reach: float) -> tuple[Ints, Floats, Floats]:
    """(edges of workers alone within `reach` points of their best, their surplus, what they lack to the best).

    `reach` is meant for a problem of the usual scale (`Pricer.scale`).
    """
    near = np.zeros(len(pricer.problem.vacancy), bool)
    best = np.zeros(pricer.problem.n_workers)
    at = pricer.surcharge(price)
    _mark_near(pricer.singles, pricer.edges, at, reach * pricer.scale, near, best)
    edges = np.flatnonzero(near)
    p = pricer.problem
    surplus = p.weight[edges] - at.vacancy[p.vacancy[edges]] - at.cell[p.rows.cell[edges]]
    return edges, surplus, best[np.searchsorted(p.indptr, edges, side="right") - 1] - surplus


@compiled
def _mark_near(workers: Ints, edges: Edges, at: Surcharge, reach: float, near: Marks, best: Floats) -> None:
    for i in workers:
        for e in range(edges.indptr[i], edges.indptr[i + 1]):
            best[i] = max(best[i], surplus_of(e, edges, at))
        for e in range(edges.indptr[i], edges.indptr[i + 1]):
            near[e] = surplus_of(e, edges, at) >= best[i] - reach


@compiled
def _owner(e: int, k: int, b: Tables) -> int:
    """The vacancy (k = 0) or the cell (k = 1) of edge `e`, as an owner of rows."""
    return np.int64(b.edges.cell[e]) if k else np.int64(b.n_cells + b.edges.vacancy[e])  # type: ignore[return-value]


@compiled
def _link(i: int, e: int, s: Seated, b: Tables) -> None:
    n = len(s.after) // 2
    for k in range(2):
        owner = _owner(e, k, b)
        old = s.first[owner]
        s.first[owner] = i
        s.after[i + k * n] = old
        s.before[i + k * n] = -1
        if old >= 0:
            s.before[old + k * n] = i


@compiled
def _unlink(i: int, e: int, s: Seated, b: Tables) -> None:
    n = len(s.after) // 2
    for k in range(2):
        left, right = s.before[i + k * n], s.after[i + k * n]
        if left >= 0:
            s.after[left + k * n] = right
        else:
            s.first[_owner(e, k, b)] = right
        if right >= 0:
            s.before[right + k * n] = left


@compiled
def link_all(workers: Ints, chosen: Ints, s: Seated, b: Tables) -> None:
    for i in workers:
        _link(i, chosen[i], s, b)


@compiled
def move(i: int, e: int, chosen: Ints, s: Seated, b: Tables) -> float:
    """Move worker `i` to edge `e` (-1: home); the points gained less penalties."""
    gain = 0.0
    old = chosen[i]
    if old >= 0:
        gain -= b.edges.weight[old] + shift(old, -1, b)
        _unlink(i, old, s, b)
    if e >= 0:
        gain += b.edges.weight[e] - shift(e, 1, b)
        _link(i, e, s, b)
    chosen[i] = e
    return gain


@compiled
def _peek(i: int, chosen: Ints, near: Near, b: Tables) -> tuple[float, int]:
    """(points less penalties gained by the best move of the placed worker `i`, where to)."""
    old = chosen[i]
    base = -b.edges.weight[old] - shift(old, -1, b)
    best, target = base, -1
    for k in range(near.ptr[i], near.inner[i]):
        e = near.edge[k]
        if e == old:
            continue
        gain = base + b.edges.weight[e] - shift(e, 1, b)
        shift(e, -1, b)
        if gain > best:
            best, target = gain, e
    shift(old, 1, b)
    return best, target


@compiled
def _on_trail(i: "int | np.int64", depth: int, trail: Trail) -> bool:
    for t in range(depth):  # noqa: SIM110
        if trail.worker[t] == i:
            return True
    return False


@compiled
def _displace(
    owner: int, depth: int, trail: Trail, chosen: Ints, near: Near, s: Seated, b: Tables, budget: int, best: float
) -> tuple[int, float, int, int]:
    """(budget left, the best move among the occupants of `owner` if better than `best`, who, where to)."""
    n = len(s.after) // 2
    column = 0 if owner >= b.n_cells else n
    who, where = -1, -1
    j = s.first[owner]
    while j >= 0 and budget > 0:
        if not _on_trail(j, depth, trail):
            budget -= 1
            gain, target = _peek(j, chosen, near, b)
            if gain > best:
                best, who, where = gain, j, target
        j = s.after[j + column]
    return budget, best, who, where


@compiled
def clear(
    last: int, depth: int, trail: Trail, look: int, chosen: Ints, near: Near, s: Seated, b: Tables
) -> tuple[float, int, int]:
    """The best move of an occupant of a limit that edge `last` exceeds: (points less penalties gained, who, where)."""
    vacancy = _owner(last, 0, b)
    if b.free[b.edges.vacancy[last]] < 0:
        _, best, who, where = _displace(vacancy, depth, trail, chosen, near, s, b, look, -np.inf)
        return best, who, where
    for owner in (_owner(last, 1, b), vacancy):
        for k in range(b.owner_ptr[owner], b.owner_ptr[owner + 1]):
            r = b.row[k]
            if b.left[r] >= 0 or not b.hard[r]:
                continue
            best, who, where, budget = -np.inf, -1, -1, look
            for m in range(s.owner_ptr[r], s.owner_ptr[r + 1]):
                budget, gain, j, target = _displace(s.owner[m], depth, trail, chosen, near, s, b, budget, best)
                if j >= 0:
                    best, who, where = gain, j, target
            if who >= 0:
                return best, who, where
    return -np.inf, -1, -1


@compiled
def _offer(
    owner: int, depth: int, trail: Trail, chosen: Ints, near: Near, b: Tables, budget: int, best: float
) -> tuple[int, float, int, int]:
    """(budget left, the best move onto `owner` if better than `best`, who, where to)."""
    who, where = -1, -1
    for k in range(near.to_ptr[owner], near.to_ptr[owner + 1]):
        j, e = near.worker[near.to[k]], near.edge[near.to[k]]
        old = chosen[j]
        if old == e or near.to[k] >= near.inner[j] or _on_trail(j, depth, trail):
            continue
        if budget <= 0:
            break
        budget -= 1
        gain = float(b.edges.weight[e])
        if old >= 0:
            gain -= b.edges.weight[old] + shift(old, -1, b)
        gain -= shift(e, 1, b)
        shift(e, -1, b)
        if old >= 0:
            shift(old, 1, b)
        if gain > best:
            best, who, where = gain, j, e
    return budget, best, who, where


@compiled
def refill(
    gone: int, depth: int, trail: Trail, look: int, chosen: Ints, price: Floats, near: Near, s: Seated, b: Tables
) -> tuple[float, int, int]:
    """The best move onto what edge `gone` has set free: (points less penalties gained, who, where)."""
    best, who, where = -np.inf, -1, -1
    vacancy = _owner(gone, 0, b)
    if price[b.edges.vacancy[gone]] > 0:
        _, best, who, where = _offer(vacancy, depth, trail, chosen, near, b, 4 * look, best)
    for owner in (_owner(gone, 1, b), vacancy):
        for k in range(b.owner_ptr[owner], b.owner_ptr[owner + 1]):
            r = b.row[k]
            if price[len(b.free) + r] <= 0 or b.left[r] <= 0 or b.amount[k] < 0:
                continue
            budget = look
            for m in range(s.owner_ptr[r], s.owner_ptr[r + 1]):
                budget, gain, j, e = _offer(s.owner[m], depth, trail, chosen, near, b, budget, best)
                if j >= 0:
                    best, who, where = gain, j, e
    return best, who, where


@compiled
def _chain(
    i: int, e: int, look: int, chosen: Ints, price: Floats, near: Near, s: Seated, b: Tables, trail: Trail
) -> float:
    """Points gained by the chain that starts with worker `i` on edge `e`; 0 if it came to nothing and was undone."""
    trail.worker[0], trail.origin[0] = i, chosen[i]
    gone, last = chosen[i], e
    total = move(i, e, chosen, s, b)
    depth = 1
    while total <= 0.5 and depth < DEPTH:
        if total < -UNIT / 2:
            gain, who, where = clear(last, depth, trail, look, chosen, near, s, b)
        elif gone >= 0:
            gain, who, where = refill(gone, depth, trail, look, chosen, price, near, s, b)
        else:
            break
        if who < 0 or total + gain < -2 * HARD:
            break
        trail.worker[depth], trail.origin[depth] = who, chosen[who]
        gone = chosen[who]
        total += move(who, where, chosen, s, b)
        if where >= 0:
            last = where
        depth += 1
    if total > 0.5:
        s.clock[0] += 1
        for t in range(depth):
            mark(trail.origin[t], s, b)
            mark(chosen[trail.worker[t]], s, b)
        return total
    for t in range(depth - 1, -1, -1):
        move(trail.worker[t], trail.origin[t], chosen, s, b)
    return 0.0


@compiled
def _slack_taken(e: int, price: Floats, b: Tables) -> float:
    """What limits that are not used up charge for edge `e`: priced slack that it would fill."""
    v = b.edges.vacancy[e]
    taken = price[v] if b.free[v] > 0 else 0.0
    for k in range(2):
        owner = _owner(e, k, b)
        for m in range(b.owner_ptr[owner], b.owner_ptr[owner + 1]):
            r = b.row[m]
            if b.left[r] >= b.amount[m] > 0:
                taken += price[len(b.free) + r] * b.amount[m]
    return float(taken)


@compiled
def sweep(
    workers: Ints, chosen: Ints, price: Floats, start: float, look: int, near: Near, s: Seated, b: Tables
) -> float:
    total = 0.0
    trail = Trail(np.empty(DEPTH, np.int64), np.empty(DEPTH, np.int64))
    for i in workers:
        for k in range(near.ptr[i], near.ptr[i + 1]):
            e, old = near.edge[k], chosen[i]
            if e == old:
                continue
            here = 0.0
            last = max(s.changed[_owner(e, 0, b)], s.changed[_owner(e, 1, b)])
            if old >= 0:
                last = max(last, s.changed[_owner(old, 0, b)], s.changed[_owner(old, 1, b)])
                for m in range(near.ptr[i], near.ptr[i + 1]):
                    if near.edge[m] == old:
                        here = near.surplus[m]
            if s.tried[k] >= last or near.surplus[k] - here + _slack_taken(e, price, b) < -start:
                continue
            gain = _chain(i, e, look, chosen, price, near, s, b, trail)
            if gain > 0:
                total += gain
            else:
                s.tried[k] = s.clock[0]
    return total


@compiled
def mark(e: int, s: Seated, b: Tables) -> None:
    """Note that something has changed at the vacancy and the cell of edge `e` (-1: nothing)."""
    if e >= 0:
        s.changed[_owner(e, 0, b)] = s.clock[0]
        s.changed[_owner(e, 1, b)] = s.clock[0]


@compiled
def last_change(e: int, s: Seated, b: Tables) -> int:
    return max(s.changed[_owner(e, 0, b)], s.changed[_owner(e, 1, b)])  # type: ignore[no-any-return]
