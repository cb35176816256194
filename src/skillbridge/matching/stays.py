"""The best chain of seasons of each worker at given prices: the inner loop of multi-season planning.

A chain is a list of options in order of time that breaks no stay rule. Whether a stay may be added depends only on the
stays before it. As in `partnerships.stay`, a window is counted from every arrival, since the window that holds the most
days present begins on one.
"""

from dataclasses import dataclass

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
    def tables(self) -> tuple[object, ...]:
        """The fields in the order that the compiled functions take them."""
        return self.binds, self.counts, self.first, self.most, self.window, self.gap, self.career, self.reset


@dataclass(frozen=True)
class Stays:
    """Stays of many workers, each worker's in order of start: `indptr` int64 [workers + 1]; `start` and `end` are
    int32 days since 1970-01-01, both inclusive; `kind` int16 is the class of the stay rules."""

    indptr: npt.NDArray[np.int64]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int16]


@numba.njit(cache=True, nogil=True)
def may_follow(  # type: ignore[no-untyped-def]
    start, end, kind, p_start, p_end, p_kind, n_past, binds, counts, first, most, window, gap, career, reset
):
    """Whether the stay [start, end] of a kind may follow the first `n_past` stays given (in order of time)."""
    if n_past > 0 and start <= p_end[n_past - 1]:
        return False
    for r in range(binds.shape[0]):
        if not binds[r, kind]:
            continue
        if gap[r, start - first] > 0:
            for i in range(n_past - 1, -1, -1):
                if counts[r, p_kind[i]]:
                    if start - p_end[i] - 1 < gap[r, start - first]:
                        return False
                    break
        if window[r, start - first] > 0:
            if min(end - start + 1, window[r, start - first]) > most[r, start - first]:
                return False
            for i in range(n_past - 1, -1, -1):
                arrival = p_start[i]
                until = arrival + window[r, arrival - first] - 1
                if not counts[r, p_kind[i]] or until < start:
                    continue
                present = min(end, until) - start + 1
                for j in range(i, n_past):
                    if counts[r, p_kind[j]]:
                        present += max(0, min(p_end[j], until) - p_start[j] + 1)
                if present > most[r, arrival - first]:
                    return False
        if career[r, start - first] > 0:
            arrival, total = start, end - start + 1
            for i in range(n_past - 1, -1, -1):
                if not counts[r, p_kind[i]]:
                    continue
                if reset[r, arrival - first] > 0 and arrival - p_end[i] > reset[r, arrival - first]:
                    break
                arrival = p_start[i]
                total += p_end[i] - arrival + 1
            if total > career[r, arrival - first]:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def best_chain(  # type: ignore[no-untyped-def]
    lo, hi, start, end, kind, value, h_lo, h_hi, h_start, h_end, h_kind,
    between, binds, counts, first, most, window, gap, career, reset, chosen,
):  # fmt: skip
    """(value, length, exact) of the best chain among options lo:hi; `chosen` receives its option numbers.

    A relaxed recursion that checks consecutive stays only bounds what any chain can still gain; a depth-first search
    under that bound checks every rule. Past `_NODES` nodes the relaxed value is returned and exact is False.
    """
    k = hi - lo
    best = np.zeros(k)
    for a in range(k - 1, -1, -1):
        i = lo + a
        after = 0.0
        for b in range(a + 1, k):
            j = lo + b
            if best[b] > after and start[j] - end[i] - 1 >= between[kind[i], kind[j]]:
                after = best[b]
        best[a] = value[i] + after
    n_history = h_hi - h_lo
    p_start = np.empty(n_history + MAX_CHAIN, np.int32)
    p_end = np.empty(n_history + MAX_CHAIN, np.int32)
    p_kind = np.empty(n_history + MAX_CHAIN, np.int16)
    for i in range(n_history):
        p_start[i], p_end[i], p_kind[i] = h_start[h_lo + i], h_end[h_lo + i], h_kind[h_lo + i]
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
        after = 0 if depth == 0 else path[depth - 1] + 1
        child, child_best = -1, 0.0
        for a in range(after, k):
            if best[a] <= child_best or gained[depth] + best[a] <= top:
                continue
            if best[a] > last_best[depth] or (best[a] == last_best[depth] and a <= last_child[depth]):
                continue
            if depth > 0:
                i, j = lo + path[depth - 1], lo + a
                if start[j] - end[i] - 1 < between[kind[i], kind[j]]:
                    continue
            child, child_best = a, best[a]
        if child < 0 or depth >= MAX_CHAIN:
            depth -= 1
            continue
        last_best[depth], last_child[depth] = child_best, child
        j = lo + child
        if not may_follow(
            start[j], end[j], kind[j], p_start, p_end, p_kind, n_history + depth,
            binds, counts, first, most, window, gap, career, reset,
        ):  # fmt: skip
            continue
        p_start[n_history + depth], p_end[n_history + depth] = start[j], end[j]
        p_kind[n_history + depth] = kind[j]
        path[depth] = child
        gained[depth + 1] = gained[depth] + value[j]
        depth += 1
        last_best[depth], last_child[depth] = np.inf, -1
        if gained[depth] > top:
            top, length = gained[depth], depth
            for d in range(depth):
                chosen[d] = lo + path[d]
    return top, length, True


@numba.njit(cache=True, nogil=True, parallel=True)
def best_chains(  # type: ignore[no-untyped-def]
    indptr, start, end, kind, value, h_indptr, h_start, h_end, h_kind,
    between, binds, counts, first, most, window, gap, career, reset, who, chosen, bound,
):  # fmt: skip
    """Fill `chosen` int64 [len(who), MAX_CHAIN] (-1 padded) and `bound` float64 [len(who)] for the workers in `who`.

    `bound[i]` is the value of the best chain (at least 0, the empty chain), or an upper bound of it where the search
    was cut short; `chosen` then holds the best chain found.
    """
    for n in numba.prange(len(who)):
        w = who[n]
        for d in range(MAX_CHAIN):
            chosen[n, d] = -1
        found = np.empty(MAX_CHAIN, np.int64)
        top, length, _ = best_chain(
            indptr[w], indptr[w + 1], start, end, kind, value, h_indptr[w], h_indptr[w + 1], h_start, h_end, h_kind,
            between, binds, counts, first, most, window, gap, career, reset, found,
        )  # fmt: skip
        bound[n] = top
        for d in range(length):
            chosen[n, d] = found[d]


@numba.njit(cache=True, nogil=True)
def chains_within(  # type: ignore[no-untyped-def]
    lo, hi, start, end, kind, value, h_lo, h_hi, h_start, h_end, h_kind,
    between, binds, counts, first, most, window, gap, career, reset, slack, room,
):  # fmt: skip
    """(chains int64 [count, MAX_CHAIN], complete): every chain worth at least the best one's value less `slack`.

    -1 padded; not complete where there are more than `room`. The empty chain counts as worth 0 and is not listed.
    """
    k = hi - lo
    best = np.zeros(k)
    for a in range(k - 1, -1, -1):
        after = 0.0
        for b in range(a + 1, k):
            if best[b] > after and start[lo + b] - end[lo + a] - 1 >= between[kind[lo + a], kind[lo + b]]:
                after = best[b]
        best[a] = value[lo + a] + after
    found = np.full((room, MAX_CHAIN), -1, np.int64)
    chosen = np.empty(MAX_CHAIN, np.int64)
    top = best_chain(
        lo, hi, start, end, kind, value, h_lo, h_hi, h_start, h_end, h_kind,
        between, binds, counts, first, most, window, gap, career, reset, chosen,
    )[0]  # fmt: skip
    least = top - slack
    n_history = h_hi - h_lo
    p_start = np.empty(n_history + MAX_CHAIN, np.int32)
    p_end = np.empty(n_history + MAX_CHAIN, np.int32)
    p_kind = np.empty(n_history + MAX_CHAIN, np.int16)
    for i in range(n_history):
        p_start[i], p_end[i], p_kind[i] = h_start[h_lo + i], h_end[h_lo + i], h_kind[h_lo + i]
    path = np.empty(MAX_CHAIN, np.int64)
    next_child = np.zeros(MAX_CHAIN + 1, np.int64)
    gained = np.zeros(MAX_CHAIN + 1)
    depth, count = 0, 0
    while depth >= 0:
        a = next_child[depth]
        if a >= k or depth >= MAX_CHAIN:
            depth -= 1
            continue
        next_child[depth] = a + 1
        j = lo + a
        if gained[depth] + best[a] < least:
            continue
        if not may_follow(
            start[j], end[j], kind[j], p_start, p_end, p_kind, n_history + depth,
            binds, counts, first, most, window, gap, career, reset,
        ):  # fmt: skip
            continue
        p_start[n_history + depth], p_end[n_history + depth] = start[j], end[j]
        p_kind[n_history + depth] = kind[j]
        path[depth] = a
        gained[depth + 1] = gained[depth] + value[j]
        depth += 1
        next_child[depth] = a + 1
        if gained[depth] >= least:
            if count == room:
                return found, False
            for d in range(depth):
                found[count, d] = lo + path[d]
            count += 1
    return found[:count], True


@numba.njit(cache=True, nogil=True)
def all_chains_within(  # type: ignore[no-untyped-def]
    who, indptr, start, end, kind, value, h_indptr, h_start, h_end, h_kind,
    between, binds, counts, first, most, window, gap, career, reset, slack, room,
):  # fmt: skip
    """(chains, complete) of the workers in `who` as :func:`chains_within`, with `room` chains in all."""
    found = np.empty((room, MAX_CHAIN), np.int64)
    count = 0
    for w in who:
        some, complete = chains_within(
            indptr[w], indptr[w + 1], start, end, kind, value, h_indptr[w], h_indptr[w + 1], h_start, h_end, h_kind,
            between, binds, counts, first, most, window, gap, career, reset, slack, min(room - count, 20_000),
        )  # fmt: skip
        found[count : count + len(some)] = some
        count += len(some)
        if not complete:
            return found[:count], False
    return found[:count], True
