"""What more of one limit would be worth to a whole plan: in the bound, by prices found anew, and in the plan itself."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from skillbridge.explain.resolve import Nearby, Worth, changed, nearby, worth
from skillbridge.solver.board import Board
from skillbridge.solver.columns import least_prices
from skillbridge.solver.moves import improve
from skillbridge.solver.plan import value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.swaps import near_edges

I64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
LINEAR = 400_000
"""Edges up to which a bound is that of the linear relaxation; above, prices descend from the plan's own, which leaves
it a per mille too high: often more than what is asked."""
EXACT = 0.1
"""Points within which a bound is that of the linear relaxation."""
WHOLE = 600
"""Workers up to which the whole season is solved again exactly."""
PASSES = 400
REACH = 240
"""Workers around a limit who are placed anew where the season is larger than WHOLE."""
ROUNDS = 3
"""Times that chains and those around a limit take turns, unless neither gains anything before."""
BRANCHES = 20
"""Branches of each of the two solves that a gain is the difference of."""
WITHIN = 100.0
"""Points from their best choice within which an edge is nearly best."""


@dataclass(frozen=True)
class Gain:
    """What a plan gains with more, `points` and heads `placed`, and how many workers were placed anew to find it."""

    points: int
    placed: int
    anew: int


@dataclass(frozen=True, eq=False)
class Season:
    """A problem with a legal plan of it and its prices (vacancies' then rows'), to be asked what more of a limit is
    worth."""

    problem: Problem
    chosen: I64
    price: Floats

    @property
    def whole(self) -> bool:
        """Whether plans are solved again as a whole; else in the neighbourhood of the limit."""
        return self.problem.n_workers <= WHOLE

    @cached_property
    def base(self) -> tuple[Floats, float]:
        """(prices, the bound they prove) of the season as it is."""
        return bound(Pricer(self.problem), self.price)

    def gains(self, rows: Collection[int], steps: Sequence[int], positions: Collection[int] = ()) -> list[Gain]:
        """What the plan gains with each of `steps` (ascending) more in these rows and vacancies' positions.

        Up to WHOLE workers the season is solved again. Above, the plan is first brought to where neither chains of
        moves nor placing anew those around the limits gain anything; each step then goes on from the plan before by
        the same two means. What is found is a plan: others may gain more.
        """
        if self.whole:
            everyone = nearby(self.problem, self.chosen, np.arange(self.problem.n_workers))
            before = worth(everyone.problem, nodes=BRANCHES)
            found = []
            for more in steps:
                part = changed(everyone, rows=dict.fromkeys(rows, more), positions=dict.fromkeys(positions, more))
                found.append(_gain(before, worth(part.problem, nodes=BRANCHES), self.problem.n_workers))
            return found
        chosen, anew = self._better(self.settled, rows, 0, positions)
        base, heads = value(self.problem, chosen), int((chosen >= 0).sum())
        found = []
        for more in steps:
            chosen, again = self._better(chosen, rows, more, positions)
            anew += again
            points = value(self._changed(rows, more, positions), chosen) - base
            found.append(Gain(points, int((chosen >= 0).sum()) - heads, anew))
        return found

    @cached_property
    def settled(self) -> I64:
        """The plan after all chains of moves that gain points, wherever they start."""
        return self._chains(self.problem, self.chosen, self.base[0], (0.0, 15.0))

    def _better(self, chosen: I64, rows: Collection[int], more: int, positions: Collection[int]) -> tuple[I64, int]:
        """(a plan no worse, how many were placed anew exactly) with `more` there: chains, those around, chains."""
        problem = self._changed(rows, more, positions)
        price = bound(Pricer(problem), self._moved(rows, more, positions))[0] if more else self.base[0]
        anew = 0
        for _ in range(ROUNDS):
            start = value(problem, chosen)
            chosen = self._chains(problem, chosen, price, (0.0,))
            part = self._part(chosen, rows, more, positions)
            found = worth(part.problem, nodes=BRANCHES)
            anew += len(part.workers)
            if found is not None:
                better = chosen.copy()
                better[part.workers] = np.where(found.chosen >= 0, part.edges[np.maximum(found.chosen, 0)], -1)
                if value(problem, better) > value(problem, chosen):
                    chosen = better
            if value(problem, chosen) == start:
                break
        return chosen, anew

    def _chains(self, problem: Problem, chosen: I64, price: Floats, starts: tuple[float, ...]) -> I64:
        board = Board(Pricer(problem), chosen)
        improve(board, price, within=60.0, reach=WITHIN, starts=starts)
        return board.chosen if value(problem, board.chosen) > value(problem, chosen) else chosen

    def _part(self, chosen: I64, rows: Collection[int], have: int, positions: Collection[int]) -> Nearby:
        """Those around the limits, with `have` more there than at first and the plan `chosen` by now."""
        among = np.zeros(len(self.problem.vacancy), dtype=np.bool_)
        among[self._near[0]] = True
        among[chosen[chosen >= 0]] = True
        part = nearby(self.problem, chosen, self.around(chosen, rows, positions), among)
        return changed(part, rows=dict.fromkeys(rows, have), positions=dict.fromkeys(positions, have))

    def around(self, chosen: I64, rows: Collection[int], positions: Collection[int], size: int = REACH) -> I64:
        """Up to `size` workers whom more there concerns: those for whom a place there is nearly best, those who would
        take what they leave, and so on; alone, the nearest first."""
        near, worker, lack = self._near
        p = self.problem
        cells = np.zeros(p.rows.n_cells, dtype=np.bool_)
        jobs = np.zeros(p.n_vacancies, dtype=np.bool_)
        jobs[list(positions)] = True
        for row in rows:
            cells |= np.asarray(p.rows.cell_rows[:, [row]].todense()).ravel() != 0
            jobs |= np.asarray(p.rows.vacancy_rows[:, [row]].todense()).ravel() != 0
        taken = np.zeros(p.n_workers, dtype=np.bool_)
        hit = cells[p.rows.cell[near]] | jobs[p.vacancy[near]]
        where = chosen[worker]
        for share in (0.4, 0.7, 1.0):
            edges = np.flatnonzero(hit & ~taken[worker])
            order = edges[np.lexsort((edges, lack[edges]))]
            who, first = np.unique(worker[order], return_index=True)
            ring = who[np.argsort(first, kind="stable")][: math.ceil(share * size) - int(taken.sum())]
            if not len(ring):
                break
            taken[ring] = True
            held = chosen[ring]
            held = held[held >= 0]
            wanted = near[hit & np.isin(worker, ring)]
            left = np.isin(p.vacancy[near], p.vacancy[held]) | np.isin(p.rows.cell[near], p.rows.cell[held])
            hit |= left | ((where >= 0) & np.isin(p.vacancy[np.maximum(where, 0)], p.vacancy[wanted]))
        return np.flatnonzero(taken)

    @cached_property
    def _near(self) -> tuple[I64, I64, Floats]:
        near, _, lack = near_edges(Pricer(self.problem), self.base[0], WITHIN)
        worker = np.searchsorted(self.problem.indptr, near, side="right") - 1
        return near, worker, lack

    def bound_with(self, rows: Collection[int], more: int, positions: Collection[int] = ()) -> float:
        """The bound of the season with `more` (negative: less) in each of these rows and vacancies' positions."""
        return bound(Pricer(self._changed(rows, more, positions)), self._moved(rows, more, positions))[1]

    def _changed(self, rows: Collection[int], more: int, positions: Collection[int]) -> Problem:
        limit, heads = self.problem.rows.limit.copy(), self.problem.positions.copy()
        limit[list(rows)] += more
        heads[list(positions)] = np.maximum(heads[list(positions)] + more, 0)
        return replace(self.problem, rows=replace(self.problem.rows, limit=limit), positions=heads)

    def _moved(self, rows: Collection[int], more: int, positions: Collection[int]) -> Floats:
        """The base's prices, or, where it proves more, with the price of these rows moved to a row or vacancy that
        binds whatever they bind: where two limits stop the same, more of one alone is worth nothing."""
        pricer = Pricer(self._changed(rows, more, positions))
        best, least = self.base[0], pricer.demand(self.base[0]).value
        n = self.problem.n_vacancies
        own = n + np.array(list(rows), dtype=np.int64)
        paid = float(self.base[0][own].sum())
        if paid <= 0 or more < 0:
            return best
        for other in self._covering(list(rows)):
            moved = self.base[0].copy()
            moved[own] = 0.0
            moved[other] += paid
            value = pricer.demand(np.minimum(moved, pricer.ceiling)).value
            if value < least:
                best, least = np.minimum(moved, pricer.ceiling), value
        return best

    def _covering(self, rows: list[int]) -> list[I64]:
        """Sets of limits (as prices are numbered) that bind all that the first of `rows` binds: single rows, and the
        vacancies that it is over."""
        p, row = self.problem, rows[0]
        found: list[I64] = []
        alike: npt.NDArray[np.bool_] = np.ones(p.n_rows, dtype=np.bool_)
        for matrix in (p.rows.cell_rows, p.rows.vacancy_rows):
            column = np.asarray(matrix[:, [row]].todense()).ravel()
            support = np.flatnonzero(column)
            if len(support):
                least = matrix[support].tocsc().min(axis=0).toarray().ravel()
                alike &= least >= column[support].max()
        alike[rows] = False
        found += [np.array([p.n_vacancies + other]) for other in np.flatnonzero(alike)[:12].tolist()]
        over = np.flatnonzero(np.asarray(p.rows.vacancy_rows[:, [row]].todense()).ravel())
        if len(over) and not np.asarray(p.rows.cell_rows[:, [row]].todense()).any():
            found.append(over.astype(np.int64))
        return found


def _gain(before: Worth | None, after: Worth | None, anew: int) -> Gain:
    if before is None or after is None:
        return Gain(0, 0, 0)
    heads = [int((one.chosen >= 0).sum()) for one in (before, after)]
    return Gain(max(0, after.at_least - before.at_least), heads[1] - heads[0], anew)


def bound(pricer: Pricer, price: Floats) -> tuple[Floats, float]:
    """(prices, the bound they prove) of a problem, starting from the prices of a similar one."""
    if len(pricer.problem.vacancy) <= LINEAR:
        return least_prices(pricer, price, enough=EXACT)
    return descend(pricer, price, PASSES, (5.0, 0.2))
