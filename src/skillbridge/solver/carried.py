"""A plan carried over to a changed problem: as much of it as is still legal."""

import numpy as np

from skillbridge.solver.board import Board
from skillbridge.solver.plan import broken
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.problem import Problem


def carried(problem: Problem, wanted: Ints, price: Floats) -> Ints | None:
    """A legal plan that keeps what it can of `wanted` (int64 [workers], edges or -1), or None where none was found.

    At `price` (vacancies' then rows'), crews come first, then whoever is worth most; shares and minimums that lack then
    are mended by the moves that cost least.
    """
    if not broken(problem, wanted):
        return wanted
    pricer = Pricer(problem)
    board = Board(pricer)
    for crew in range(int(problem.group.max(initial=-1)) + 1):
        members = np.flatnonzero(problem.group == crew)
        edges = wanted[members]
        if (edges < 0).any() or len(np.unique(problem.place[problem.vacancy[edges]])) > 1:
            continue
        if board.take(members, edges, caps_only=True) < len(members):
            for member in members[board.chosen[members] >= 0].tolist():
                board.lift(member)
    alone = pricer.singles[wanted[pricer.singles] >= 0]
    edges = wanted[alone]
    at = pricer.surcharge(price)
    worth = problem.weight[edges] - at.vacancy[problem.vacancy[edges]] - at.cell[problem.rows.cell[edges]]
    order = np.lexsort((alone, -worth))
    board.take(alone[order], edges[order], caps_only=True)
    board.mend(pricer.singles)
    return board.chosen if board.legal and not broken(problem, board.chosen) else None
