"""Chains that a whole group starts by taking another option; those in its way are workers alone, who move on.

Nobody but the group itself moves a group. A chain is kept if it ends legal and with more points, else undone.
"""

from typing import NamedTuple

import numpy as np

from skillbridge.solver.board import HARD, UNIT, Marks, Tables, shift, sit
from skillbridge.solver.groups import Groups
from skillbridge.solver.pricing import Edges, Floats, Ints, Surcharge, best_at, compiled, surplus_of
from skillbridge.solver.swaps import DEPTH, Near, Seated, Trail, clear, last_change, mark, move, refill


class Options(NamedTuple):
    """Of every option of a group: its `surplus`, and the clock's reading when a chain from it last `failed`."""

    surplus: Floats
    failed: Ints


@compiled
def option_surplus(g: Groups, edges: Edges, at: Surcharge) -> Floats:
    """float64 [options]: the surplus of each option of a group, every member on its best edge there."""
    worth = np.zeros(len(g.seat_ptr) - 1)
    for o in range(len(worth)):
        for t in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
            worth[o] += best_at(t, g, edges, at)[0]
    return worth


@compiled
def _chain(
    o: int,
    size: int,
    look: int,
    chosen: Ints,
    price: Floats,
    at: Surcharge,
    near: Near,
    s: Seated,
    b: Tables,
    g: Groups,
    trail: Trail,
    put: Ints,
    left: Ints,
    mixed: Marks,
) -> float:
    """Points gained by the chain that starts with a group of `size` on option `o`; 0 if it came to nothing."""
    first = g.seat_ptr[o]
    taken, before = np.empty(size, np.int64), np.empty(size, np.int64)
    total, n_put, n_left, depth = 0.0, 0, 0, 0
    for k in range(size):
        before[k] = chosen[g.seat_worker[first + k]]
        if before[k] >= 0:
            total -= b.edges.weight[before[k]] + shift(before[k], -1, b)
            left[n_left] = before[k]
            n_left += 1
    total += sit(o, mixed, False, at, taken, g, b)[1]
    for k in range(size):
        chosen[g.seat_worker[first + k]] = taken[k]
        put[n_put] = taken[k]
        n_put += 1
    while total <= 0.5 and depth < len(trail.worker):
        best, who, where, hole = -np.inf, -1, -1, -1
        if total < -UNIT / 2:
            for m in range(n_put - 1, -1, -1):
                best, who, where = clear(put[m], depth, trail, look, chosen, near, s, b)
                if who >= 0:
                    break
        else:
            for m in range(n_left):
                gain, j, e = refill(left[m], depth, trail, look, chosen, price, near, s, b)
                if gain > best:
                    best, who, where, hole = gain, j, e, m
        if who < 0 or total + best < -(size + 2) * HARD:
            break
        trail.worker[depth], trail.origin[depth] = who, chosen[who]
        gone = chosen[who]
        total += move(who, where, chosen, s, b)
        if where >= 0:
            put[n_put] = where
            n_put += 1
        if hole >= 0:
            n_left -= 1
            left[hole] = left[n_left]
        if gone >= 0:
            left[n_left] = gone
            n_left += 1
        depth += 1
    if total > 0.5:
        s.clock[0] += 1
        for t in range(depth):
            mark(trail.origin[t], s, b)
            mark(chosen[trail.worker[t]], s, b)
        for k in range(size):
            mark(before[k], s, b)
            mark(taken[k], s, b)
        return total
    for t in range(depth - 1, -1, -1):
        move(trail.worker[t], trail.origin[t], chosen, s, b)
    for k in range(size):
        shift(taken[k], -1, b)
    for k in range(size):
        chosen[g.seat_worker[first + k]] = before[k]
        if before[k] >= 0:
            shift(before[k], 1, b)
    return 0.0


@compiled
def sweep_crews(
    crews: Ints,
    chosen: Ints,
    price: Floats,
    at: Surcharge,
    start: float,
    look: int,
    near: Near,
    s: Seated,
    b: Tables,
    g: Groups,
    options: Options,
) -> float:
    total = 0.0
    mixed = np.zeros(len(b.left), np.bool_)
    for number in crews:
        lo = g.option_ptr[number]
        size = g.seat_ptr[lo + 1] - g.seat_ptr[lo]
        trail = Trail(np.empty(size * DEPTH, np.int64), np.empty(size * DEPTH, np.int64))
        put, left = np.empty(size * (DEPTH + 1), np.int64), np.empty(size * (DEPTH + 1), np.int64)
        for o in range(lo, g.option_ptr[number + 1]):
            here, last, same = 0.0, 0, True
            for t in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
                old, is_here = chosen[g.seat_worker[t]], False
                for k in range(g.edge_ptr[t], g.edge_ptr[t + 1]):
                    last = max(last, last_change(g.edge[k], s, b))
                    is_here |= g.edge[k] == old
                same &= is_here
                if old >= 0:
                    here += surplus_of(old, b.edges, at)
                    last = max(last, last_change(old, s, b))
            if same or options.failed[o] >= last or options.surplus[o] - here < -start * size:
                continue
            gain = _chain(o, size, look, chosen, price, at, near, s, b, g, trail, put, left, mixed)
            if gain > 0:
                total += gain
            else:
                options.failed[o] = s.clock[0]
    return total
