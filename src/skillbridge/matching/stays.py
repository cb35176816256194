"""The best chain of seasons of each worker at given prices: the inner loop of multi-season planning.

A chain is a list of options in order of time that breaks no stay rule. Whether a stay may be added depends only on the
stays before it. Whoever is planned is a unit: one person, or a group whose members go to the same place on the same
days or not at all, each with a past, a seat in every option, and a sum below which they rather stay at home. As in
`partnerships.stay`, a window is counted from every arrival, since the window that holds the most days present begins on
one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

MAX_CHAIN = 24
"""Stays in one chain, history apart."""
_NODES = 4_000
Days = npt.NDArray[np.int32]


@dataclass(frozen=True)
class StayRules:
    """Stay rules as tables over days, so that months are exact. Every stay has a kind.

    Rule r is asked of stays whose kind it `binds` and then counts the stays before them whose kind it `counts`, bool
    [rules, kinds]. The tables are int32 [rules, days], days counted from `first` (days since 1970-01-01), 0 for no such
    term: in the window of `window[r, a]` days from an arrival on day a at most `most[r, a]` days are spent; a stay that
    begins on day d begins at least `gap[r, d]` days after the last of the stays counted; all stays back to an absence
    longer than `reset[r, a]` days before an arrival on day a (0: ever) last `career[r, a]` days at most.
    """

    binds: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.bool_]
    first: int
    most: Days
    window: Days
    gap: Days
    career: Days
    reset: Days

    @property
    def between(self) -> Days:
        """int32 [kinds, kinds]: free days at least needed between a stay of one kind and the very next of another."""
        if not len(self.gap):
            return np.zeros((self.binds.shape[1], self.binds.shape[1]), dtype=np.int32)
        least = self.gap.min(axis=1)
        both = self.counts[:, :, None] & self.binds[:, None, :]
        return np.asarray((both * least[:, None, None]).max(axis=0, initial=0), dtype=np.int32)

    @property
    def law(self) -> "Law":
        """The rules as the compiled functions take them."""
        return Law(
            self.between, self.binds, self.counts, self.first, self.most, self.window, self.gap, self.career, self.reset
        )


class Law(NamedTuple):
    """:class:`StayRules` with `between`."""

    between: Days
    binds: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.bool_]
    first: int
    most: Days
    window: Days
    gap: Days
    career: Days
    reset: Days


@dataclass(frozen=True)
class Stays:
    """Stays of many, each one's in order of start: `indptr` int64 [who + 1]; `start` and `end` are int32 days since
    1970-01-01, both inclusive; `kind` int16 is the class of the stay rules."""

    indptr: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int16]


class Options(NamedTuple):
    """What each unit can choose from, in order of start: `indptr` int64 [units + 1]; `start` and `end` int32 days.

    `seats` int64 [options + 1]: the seats of option o are seats[o] to seats[o + 1], one a member in the unit's order;
    `kind` int16 and `earn` int64 (in the member's own currency, minor units) have a value a seat.
    """

    indptr: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    seats: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int16]
    earn: npt.NDArray[np.int64]


class People(NamedTuple):
    """Who the units are: the members of unit u are members[u] to members[u + 1] (int64), in one numbering of persons.

    `target` int64 [persons]: the least that a person wants a chain to earn, 0 for no such wish. `past` int64
    [persons + 1] with `start`, `end` (int32 days) and `kind` (int16): each person's stays before, in order.
    """

    members: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    past: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int16]


def alone(options: Stays, history: Stays) -> tuple[Options, People]:
    """Everyone a unit of their own, without a wish about earnings."""
    n, count = len(options.indptr) - 1, len(options.start)
    seats = np.arange(count + 1, dtype=np.int64)
    return (
        Options(options.indptr, options.start, options.end, seats, options.kind, np.zeros(count, np.int64)),
        People(np.arange(n + 1, dtype=np.int64), np.zeros(n, np.int64), history.indptr, history.start, history.end,
               history.kind),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def may_follow(start, end, kind, p_start, p_end, p_kind, n_past, law):  # type: ignore[no-untyped-def]
    """Whether the stay [start, end] of a kind may follow the first `n_past` stays given (in order of time)."""
    if n_past > 0 and start <= p_end[n_past - 1]:
        return False
    first = law.first
    for r in range(law.binds.shape[0]):
        if not law.binds[r, kind]:
            continue
        gap = law.gap[r, start - first]
        if gap > 0:
            for i in range(n_past - 1, -1, -1):
                if law.counts[r, p_kind[i]]:
                    if start - p_end[i] - 1 < gap:
                        return False
                    break
        window = law.window[r, start - first]
        if window > 0:
            if min(end - start + 1, window) > law.most[r, start - first]:
                return False
            for i in range(n_past - 1, -1, -1):
                arrival = p_start[i]
                until = arrival + law.window[r, arrival - first] - 1
                if not law.counts[r, p_kind[i]] or until < start:
                    continue
                present = min(end, until) - start + 1
                for j in range(i, n_past):
                    if law.counts[r, p_kind[j]]:
                        present += max(0, min(p_end[j], until) - p_start[j] + 1)
                if present > law.most[r, arrival - first]:
                    return False
        if law.career[r, start - first] > 0:
            arrival, total = start, end - start + 1
            for i in range(n_past - 1, -1, -1):
                if not law.counts[r, p_kind[i]]:
                    continue
                if law.reset[r, arrival - first] > 0 and arrival - p_end[i] > law.reset[r, arrival - first]:
                    break
                arrival = p_start[i]
                total += p_end[i] - arrival + 1
            if total > law.career[r, arrival - first]:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def _apart(i, j, options, between):  # type: ignore[no-untyped-def]
    """Whether option j may come right after option i as far as the two alone say."""
    free = options.start[j] - options.end[i] - 1
    if free < 0:
        return False
    a, b = options.seats[i], options.seats[j]
    for t in range(options.seats[i + 1] - a):  # noqa: SIM110 (compiled: no generators)
        if free < between[options.kind[a + t], options.kind[b + t]]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _relaxed(lo, hi, options, value, between):  # type: ignore[no-untyped-def]
    """float64 [hi - lo]: at most what a chain that begins with each option is worth, by consecutive stays only."""
    best = np.zeros(hi - lo)
    for a in range(hi - lo - 1, -1, -1):
        after = 0.0
        for b in range(a + 1, hi - lo):
            if best[b] > after and _apart(lo + a, lo + b, options, between):
                after = best[b]
        best[a] = value[lo + a] + after
    return best


@numba.njit(cache=True, nogil=True)
def _pasts(unit, people):  # type: ignore[no-untyped-def]
    """(start, end, kind [members, past and MAX_CHAIN], stays before [members]) of a unit's members."""
    who, until = people.members[unit], people.members[unit + 1]
    m = until - who
    count = np.empty(m, np.int64)
    for t in range(m):
        count[t] = people.past[who + t + 1] - people.past[who + t]
    width = MAX_CHAIN + (count.max() if m else 0)
    start = np.empty((m, width), np.int32)
    end = np.empty((m, width), np.int32)
    kind = np.empty((m, width), np.int16)
    for t in range(m):
        for d in range(count[t]):
            i = people.past[who + t] + d
            start[t, d], end[t, d], kind[t, d] = people.start[i], people.end[i], people.kind[i]
    return start, end, kind, count


@numba.njit(cache=True, nogil=True)
def _may_all(j, depth, options, p_start, p_end, p_kind, count, law):  # type: ignore[no-untyped-def]
    """Whether every member may take option j after their past and `depth` stays; they are then written behind them."""
    seat = options.seats[j]
    for t in range(len(count)):
        if not may_follow(
            options.start[j], options.end[j], options.kind[seat + t], p_start[t], p_end[t], p_kind[t],
            count[t] + depth, law,
        ):  # fmt: skip
            return False
    for t in range(len(count)):
        p_start[t, count[t] + depth], p_end[t, count[t] + depth] = options.start[j], options.end[j]
        p_kind[t, count[t] + depth] = options.kind[seat + t]
    return True


@numba.njit(cache=True, nogil=True)
def enough(unit, path, length, options, people):  # type: ignore[no-untyped-def]
    """Whether the first `length` options of `path` earn every member what they want a chain to earn."""
    who = people.members[unit]
    for t in range(people.members[unit + 1] - who):
        if people.target[who + t] > 0:
            total = np.int64(0)
            for d in range(length):
                total += options.earn[options.seats[path[d]] + t]
            if total < people.target[who + t]:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def best_chain(unit, options, people, law, value, chosen):  # type: ignore[no-untyped-def]
    """(value, length, exact) of a unit's best chain; `chosen` receives its option numbers.

    A relaxed recursion that checks consecutive stays only bounds what any chain can still gain; a depth-first search
    under that bound checks every rule. Past `_NODES` nodes the relaxed value is returned and exact is False.
    """
    lo, hi = options.indptr[unit], options.indptr[unit + 1]
    k = hi - lo
    best = _relaxed(lo, hi, options, value, law.between)
    p_start, p_end, p_kind, count = _pasts(unit, people)
    # depth-first; at each depth children are taken in falling order of (best, -position)
    last_best = np.full(MAX_CHAIN + 1, np.inf)
    last_child = np.full(MAX_CHAIN + 1, -1)
    path = np.empty(MAX_CHAIN, np.int64)
    gained = np.zeros(MAX_CHAIN + 1)
    top, length, depth, nodes = 0.0, 0, 0, 0
    bound = 0.0
    for a in range(k):
        bound = max(bound, best[a])
    while depth >= 0:
        nodes += 1
        if nodes > _NODES:
            return bound, length, False
        after = 0 if depth == 0 else path[depth - 1] - lo + 1
        child, child_best = -1, 0.0
        for a in range(after, k):
            if best[a] <= child_best or gained[depth] + best[a] <= top:
                continue
            if best[a] > last_best[depth] or (best[a] == last_best[depth] and a <= last_child[depth]):
                continue
            if depth > 0 and not _apart(path[depth - 1], lo + a, options, law.between):
                continue
            child, child_best = a, best[a]
        if child < 0 or depth >= MAX_CHAIN:
            depth -= 1
            continue
        last_best[depth], last_child[depth] = child_best, child
        j = lo + child
        if not _may_all(j, depth, options, p_start, p_end, p_kind, count, law):
            continue
        path[depth] = j
        gained[depth + 1] = gained[depth] + value[j]
        depth += 1
        last_best[depth], last_child[depth] = np.inf, -1
        if gained[depth] > top and enough(unit, path, depth, options, people):
            top, length = gained[depth], depth
            for d in range(depth):
                chosen[d] = path[d]
    return top, length, True


@numba.njit(cache=True, nogil=True, parallel=True)
def best_chains(options, people, law, value, who, chosen, bound):  # type: ignore[no-untyped-def]
    """Fill `chosen` int64 [len(who), MAX_CHAIN] (-1 padded) and `bound` float64 [len(who)] for the units in `who`.

    `bound[i]` is the value of the best chain (at least 0, the empty chain), or an upper bound of it where the search
    was cut short; `chosen` then holds the best chain found.
    """
    for n in numba.prange(len(who)):
        for d in range(MAX_CHAIN):
            chosen[n, d] = -1
        found = np.empty(MAX_CHAIN, np.int64)
        top, length, _ = best_chain(who[n], options, people, law, value, found)
        bound[n] = top
        for d in range(length):
            chosen[n, d] = found[d]


@numba.njit(cache=True, nogil=True)
def chains_within(unit, options, people, law, value, slack, room):  # type: ignore[no-untyped-def]
    """(chains int64 [count, MAX_CHAIN], complete): every chain worth at least the best one's value less `slack`.

    -1 padded; not complete where there are more than `room`. The empty chain counts as worth 0 and is not listed.
    """
    lo, hi = options.indptr[unit], options.indptr[unit + 1]
    k = hi - lo
    best = _relaxed(lo, hi, options, value, law.between)
    found = np.full((room, MAX_CHAIN), -1, np.int64)
    chosen = np.empty(MAX_CHAIN, np.int64)
    least = best_chain(unit, options, people, law, value, chosen)[0] - slack
    p_start, p_end, p_kind, count = _pasts(unit, people)
    path = np.empty(MAX_CHAIN, np.int64)
    next_child = np.zeros(MAX_CHAIN + 1, np.int64)
    gained = np.zeros(MAX_CHAIN + 1)
    depth, made = 0, 0
    while depth >= 0:
        a = next_child[depth]
        if a >= k or depth >= MAX_CHAIN:
            depth -= 1
            continue
        next_child[depth] = a + 1
        j = lo + a
        if gained[depth] + best[a] < least:
            continue
        if not _may_all(j, depth, options, p_start, p_end, p_kind, count, law):
            continue
        path[depth] = j
        gained[depth + 1] = gained[depth] + value[j]
        depth += 1
        next_child[depth] = a + 1
        if gained[depth] >= least and enough(unit, path, depth, options, people):
            if made == room:
                return found, False
            for d in range(depth):
                found[made, d] = path[d]
            made += 1
    return found[:made], True


@numba.njit(cache=True, nogil=True)
def all_chains_within(who, options, people, law, value, slack, room):  # type: ignore[no-untyped-def]
    """(chains, complete) of the units in `who` as :func:`chains_within`, with `room` chains in all."""
    found = np.empty((room, MAX_CHAIN), np.int64)
    count = 0
    for unit in who:
        some, complete = chains_within(unit, options, people, law, value, slack, min(room - count, 20_000))
        found[count : count + len(some)] = some
        count += len(some)
        if not complete:
            return found[:count], False
    return found[:count], True
