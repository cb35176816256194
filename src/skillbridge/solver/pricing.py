"""Pricing: at given prices, every worker's best edge, what it is worth, and the use of vacancies and rows in total.

One pass reads each edge once. Passes run on two threads over fixed chunks of workers; counts are whole numbers and
partial sums are added in a fixed order, so the result does not depend on the threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.solver.groups import Groups, compile_groups
from skillbridge.solver.problem import Problem

F = TypeVar("F", bound=Callable[..., Any])
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
THREADS = 2
TYPICAL = 1_414
"""Points of a typical edge for which steps and distances in points are meant."""
CHUNK = 20_000
"""Workers per unit of work: fixed, so that sums are added in the same order on any machine."""


def compiled(function: F) -> F:
    """`function` compiled to machine code that frees the interpreter's lock; kept on disk for the next process."""
    return numba.njit(nogil=True, cache=True)(function)  # type: ignore[no-any-return]


class Edges(NamedTuple):
    """The edges of a problem as the compiled acts read them: worker i's are indptr[i]:indptr[i + 1]."""

    indptr: Ints
    vacancy: npt.NDArray[np.int32]
    cell: npt.NDArray[np.int32]
    weight: npt.NDArray[np.int32]


class Lines(NamedTuple):
    """A sparse matrix by lines: line k's entries are indptr[k]:indptr[k + 1]; amounts are whole numbers in float64."""

    indptr: Ints
    column: Ints
    amount: Floats


class Surcharge(NamedTuple):
    """What an edge pays for its vacancy (float64 [vacancies]) and for its cell (float64 [cells]), rows included."""

    vacancy: Floats
    cell: Floats


@dataclass(frozen=True)
class Demand:
    """What the workers would take at given prices: `value` of the dual function, and use of vacancies then rows."""

    value: float
    use: Ints


class Pricer:
    """A problem ready for pricing. Prices are one array: vacancies' then rows', float64 [vacancies + rows], >= 0.

    `scale` is by what steps and distances in points are multiplied: 1 where edges are worth some 700 to 2,800 points,
    as under the default objective, else a power of four.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.edges = Edges(problem.indptr, problem.vacancy, problem.rows.cell, problem.weight)
        self.groups: Groups = compile_groups(problem)
        self.singles: Ints = np.flatnonzero((problem.group < 0) & (np.diff(problem.indptr) > 0))
        rows = problem.rows
        self._by_cell, self._by_vacancy = _lines(rows.cell_rows), _lines(rows.vacancy_rows)
        self._of_cells, self._of_vacancies = _lines(rows.cell_rows.T.tocsr()), _lines(rows.vacancy_rows.T.tocsr())
        self.limits: Ints = np.concatenate([problem.positions.astype(np.int64), rows.limit])
        penalty = [np.inf if ref.penalty is None else float(ref.penalty) for ref in rows.refs]
        self.ceiling: Floats = np.concatenate([np.full(problem.n_vacancies, np.inf), penalty])
        self.all_groups = np.arange(self.groups.n_groups, dtype=np.int64)
        self.degree = int(np.diff(problem.indptr).max(initial=0))
        typical = float(problem.weight.mean()) if len(problem.weight) else TYPICAL
        self.scale = 4.0 ** round(np.log2(typical / TYPICAL) / 2)

    def surcharge(self, price: Floats) -> Surcharge:
        """What edges pay at `price`, summed over the rows they use."""
        n = self.problem.n_vacancies
        return Surcharge(price[:n] + _times(self._by_vacancy, price[n:]), _times(self._by_cell, price[n:]))

    def demand(
        self,
        price: Floats,
        singles: Ints | None = None,
        groups: Ints | None = None,
        limits: Ints | Floats | None = None,
        tally: npt.NDArray[np.uint8] | None = None,
    ) -> Demand:
        """The dual function at `price` and its slope, over some workers and groups (default all) and their `limits`.

        `tally` uint8 [edges], if given, is raised by one for each edge chosen (up to 255).
        """
        p = self.problem
        singles = self.singles if singles is None else singles
        groups = self.all_groups if groups is None else groups
        limits = self.limits if limits is None else limits
        at = self.surcharge(price)
        marks = np.zeros(0, np.uint8) if tally is None else tally

        def chunk(start: int) -> tuple[float, Ints, Ints]:
            heads, cells = np.zeros(p.n_vacancies, np.int64), np.zeros(p.rows.n_cells, np.int64)
            part = singles[start : start + CHUNK]
            return _choose(self.edges, at, part, self.degree, heads, cells, marks), heads, cells

        starts = range(0, len(singles), CHUNK)
        parts = list(_pool().map(chunk, starts)) if len(starts) > 1 else [chunk(start) for start in starts]
        heads, cells = np.zeros(p.n_vacancies, np.int64), np.zeros(p.rows.n_cells, np.int64)
        value = 0.0
        for worth, chunk_heads, chunk_cells in parts:
            value += worth
            heads += chunk_heads
            cells += chunk_cells
        if len(groups):
            value += _choose_groups(self.groups, groups, self.edges, at, heads, cells, marks)
        rows = _times(self._of_cells, cells) + _times(self._of_vacancies, heads)
        use = np.concatenate([heads, rows.astype(np.int64)])
        return Demand(value + float((price * limits).sum()), use)

    def margins(self, price: Floats, singles: Ints) -> tuple[Ints, Floats, Floats]:
        """For each of `singles`: (best edge or -1, its surplus, by how much the best choice beats the second best)."""
        best, surplus, margin = np.empty(len(singles), np.int64), np.empty(len(singles)), np.empty(len(singles))
        _margins(self.edges, self.surcharge(price), singles, best, surplus, margin)
        return best, surplus, margin

    def group_margins(self, price: Floats, groups: Ints) -> tuple[Ints, Floats, Floats]:
        """For each of `groups`: (best option or -1, its surplus, by how much the best beats the second best)."""
        best, surplus, margin = np.empty(len(groups), np.int64), np.empty(len(groups)), np.empty(len(groups))
        _group_margins(self.groups, groups, self.edges, self.surcharge(price), best, surplus, margin)
        return best, surplus, margin


def _lines(matrix: sparse.csr_array) -> Lines:
    return Lines(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data.astype(np.float64))


@compiled
def _times(matrix: Lines, vector: Floats | Ints) -> Floats:
    """The matrix times a vector, float64 (exact for whole numbers below 2 ** 53)."""
    result = np.zeros(len(matrix.indptr) - 1)
    for k in range(len(result)):
        total = 0.0
        for e in range(matrix.indptr[k], matrix.indptr[k + 1]):
            total += matrix.amount[e] * vector[matrix.column[e]]
        result[k] = total
    return result


_POOL: list[ThreadPoolExecutor] = []


def _pool() -> ThreadPoolExecutor:
    if not _POOL:
        _POOL.append(ThreadPoolExecutor(THREADS, thread_name_prefix="pricing"))
    return _POOL[0]


@compiled
def _choose(
    edges: Edges,
    at: Surcharge,
    workers: Ints,
    degree: int,
    heads: Ints,
    cells: Ints,
    tally: npt.NDArray[np.uint8],
) -> float:
    total = 0.0
    surplus = np.empty(degree)
    for t in range(len(workers)):
        start = edges.indptr[workers[t]]
        n = edges.indptr[workers[t] + 1] - start
        v, c, w = edges.vacancy[start : start + n], edges.cell[start : start + n], edges.weight[start : start + n]
        for k in range(n):
            surplus[k] = w[k] - at.vacancy[v[k]] - at.cell[c[k]]
        best, chosen = 0.0, -1
        for k in range(n):
            if surplus[k] > best:
                best, chosen = surplus[k], k
        if chosen >= 0:
            total += best
            heads[v[chosen]] += 1
            cells[c[chosen]] += 1
            if len(tally) and tally[start + chosen] < 255:
                tally[start + chosen] += 1
    return total


@compiled
def surplus_of(e: int, edges: Edges, at: Surcharge) -> float:
    """Points of edge `e` less what it pays."""
    return float(edges.weight[e] - at.vacancy[edges.vacancy[e]] - at.cell[edges.cell[e]])


@compiled
def best_at(s: int, g: Groups, edges: Edges, at: Surcharge) -> tuple[float, int]:
    """(surplus, edge) of the best edge of seat `s`."""
    best, chosen = -np.inf, -1
    for k in range(g.edge_ptr[s], g.edge_ptr[s + 1]):
        surplus = surplus_of(g.edge[k], edges, at)
        if surplus > best:
            best, chosen = surplus, g.edge[k]
    return best, chosen


@compiled
def _rank_options(number: int, g: Groups, edges: Edges, at: Surcharge) -> tuple[float, float, int]:
    """(surplus of group `number`'s best choice, of its second best, the best option or -1 for none)."""
    first, second, chosen = 0.0, -np.inf, -1
    for o in range(g.option_ptr[number], g.option_ptr[number + 1]):
        worth = 0.0
        for s in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
            worth += best_at(s, g, edges, at)[0]
        if worth > first:
            first, second, chosen = worth, first, o
        elif worth > second:
            second = worth
    return first, second, chosen


@compiled
def _choose_groups(
    g: Groups,
    numbers: Ints,
    edges: Edges,
    at: Surcharge,
    heads: Ints,
    cells: Ints,
    tally: npt.NDArray[np.uint8],
) -> float:
    total = 0.0
    for number in numbers:
        worth, _, option = _rank_options(number, g, edges, at)
        if option < 0:
            continue
        total += worth
        for s in range(g.seat_ptr[option], g.seat_ptr[option + 1]):
            _, e = best_at(s, g, edges, at)
            heads[edges.vacancy[e]] += 1
            cells[edges.cell[e]] += 1
            if len(tally) and tally[e] < 255:
                tally[e] += 1
    return total


@compiled
def _margins(edges: Edges, at: Surcharge, workers: Ints, best: Ints, surplus: Floats, margin: Floats) -> None:
    for t in range(len(workers)):
        first, second, chosen = 0.0, -np.inf, -1
        for e in range(edges.indptr[workers[t]], edges.indptr[workers[t] + 1]):
            worth = edges.weight[e] - at.vacancy[edges.vacancy[e]] - at.cell[edges.cell[e]]
            if worth > first:
                first, second, chosen = worth, first, e
            elif worth > second:
                second = worth
        best[t], surplus[t], margin[t] = chosen, first, first - second


@compiled
def _group_margins(
    g: Groups, numbers: Ints, edges: Edges, at: Surcharge, best: Ints, surplus: Floats, margin: Floats
) -> None:
    for t in range(len(numbers)):
        first, second, option = _rank_options(numbers[t], g, edges, at)
        best[t], surplus[t], margin[t] = option, first, first - second
