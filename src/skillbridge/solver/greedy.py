"""The honest reference: the best offer first, wherever it fits. No prices, no second thoughts."""

import numpy as np

from skillbridge.solver.board import Board
from skillbridge.solver.pricing import Ints, Pricer


def greedy(pricer: Pricer) -> Board:
    """The board after offering the best edges first, again and again until nothing more fits.

    A whole group is offered a place together, ranked by its members' mean. Edges that help an unmet minimum come before
    all others. Where the minimums cannot be met this way, the board is left illegal (`Board.legal` says so).
    """
    problem, board = pricer.problem, Board(pricer)
    edges = _edges_of_singles(pricer)
    worker = np.searchsorted(problem.indptr, edges, side="right") - 1
    order = np.argsort(-problem.weight[edges], kind="stable")
    edges, worker = edges[order], worker[order]
    options = ranked_options(pricer)
    if not board.legal:
        needed = np.isin(problem.rows.cell[edges], _helpful_cells(board))
        board.take(worker[needed], edges[needed])
    while board.take_options(options) + board.take(worker, edges):
        home = board.chosen[worker] < 0
        edges, worker = edges[home], worker[home]
    return board


def _edges_of_singles(pricer: Pricer) -> Ints:
    degree = np.diff(pricer.problem.indptr)
    return np.flatnonzero(np.repeat(pricer.problem.group < 0, degree))


def ranked_options(pricer: Pricer) -> Ints:
    """All groups' places, the best mean weight per member first."""
    groups = pricer.groups
    size = np.diff(groups.seat_ptr)
    if not len(size):
        return np.zeros(0, np.int64)
    best = np.maximum.reduceat(pricer.problem.weight[groups.edge], groups.edge_ptr[:-1])
    mean = np.add.reduceat(best.astype(np.float64), groups.seat_ptr[:-1]) / size
    return np.argsort(-mean, kind="stable")


def _helpful_cells(board: Board) -> Ints:
    """Cells whose placements raise what is left of a row that is short."""
    b = board.tables
    owner = np.repeat(np.arange(len(b.owner_ptr) - 1), np.diff(b.owner_ptr))
    helps = (b.amount < 0) & (b.left[b.row] < 0)
    return np.unique(owner[helps & (owner < b.n_cells)])
