"""From prices to a plan: fix the choices that are sure, price what remains again, and so on down to the last worker.

A worker whose best edge beats its second best by a wide margin would take it at any good prices. Fixing the surest
half leaves a problem half the size with fewer places, whose prices tell the rest where to go. Shares and minimums do
not hold anyone back on the way down (their prices do that); what they still lack at the end is repaired by moves.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.solver.board import Board
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Floats, Ints, Pricer


def dive(
    pricer: Pricer,
    price: Floats,
    plain: Pricer | None = None,
    *,
    share: float = 0.5,
    passes: int = 100,
    step: float = 5.0,
    stopped: Callable[[], bool] | None = None,
) -> Board:
    """A board with a plan made from `price`: in each round the surest `share` of those left is fixed.

    Each round prices the rest again in `passes` passes with steps falling from `step` points. The plan is repaired and
    filled up over the rows of `plain` (default: all), as rows that others imply only get in the way of repairs; only
    absolute minimums can leave it illegal.
    """
    board = Board(pricer)
    singles, groups = pricer.singles, pricer.all_groups
    while len(singles) + len(groups):
        if len(singles) + len(groups) < len(pricer.singles) + pricer.groups.n_groups:
            price, _ = descend(
                pricer, price, passes, (step, 0.3), singles=singles, groups=groups, limits=board.limits, stopped=stopped
            )
        left = len(singles) + len(groups)
        at = pricer.surcharge(price)
        option, _, margin = pricer.group_margins(price, groups)
        sure = np.argsort(-margin, kind="stable")[: max(20, int(share * len(groups)))]
        board.take_options(option[sure][option[sure] >= 0], at, caps_only=True)
        groups = _remaining(groups, sure, option, board.chosen[_first_member(pricer, groups)] >= 0)
        edge, _, margin = pricer.margins(price, singles)
        sure = np.argsort(-margin, kind="stable")[: max(50, int(share * len(singles)))]
        board.take(singles[sure], edge[sure], caps_only=True)
        singles = _remaining(singles, sure, edge, board.chosen[singles] >= 0)
        if len(singles) + len(groups) == left:
            break
    if plain is not None and plain is not pricer:
        board = Board(plain, board.chosen)
    repair(board, pricer, price)
    return board


def repair(board: Board, pricer: Pricer, price: Floats, rounds: int = 6) -> None:
    """Mend what exceeds its limit by the moves that cost least, then let everyone improve, until nothing moves.

    Where no single move mends, people go home, and at last whole groups.
    """
    board.mend(pricer.singles)
    _settle(board, pricer, price, rounds)
    if not board.legal:
        while not board.clear(pricer.singles) and _send_groups_home(board):
            pass
        _settle(board, pricer, price, rounds)


def _send_groups_home(board: Board) -> bool:
    """Whether groups went: of those that use an exceeded hard limit, the one worth least, for each such limit."""
    p, b, rows = board.problem, board.tables, board.problem.rows
    member = np.flatnonzero(p.group >= 0)
    seated = member[board.chosen[member] >= 0]
    edge = board.chosen[seated]
    over, full = np.flatnonzero(b.hard & (b.left < 0)), np.flatnonzero(b.free < 0)
    amount = sparse.csc_array(rows.cell_rows[:, over][rows.cell[edge]] + rows.vacancy_rows[:, over][p.vacancy[edge]])
    sits = [seated[amount[:, [k]].toarray()[:, 0] > 0] for k in range(len(over))]
    sits += [seated[p.vacancy[edge] == vacancy] for vacancy in full.tolist()]
    worth = np.bincount(p.group[seated], weights=p.weight[edge], minlength=int(p.group.max(initial=-1)) + 1)
    leave = [p.group[who][np.argmin(worth[p.group[who]])] for who in sits if len(who)]
    kept = board.chosen.copy()
    kept[member[np.isin(p.group[member], leave)]] = -1
    after = Board(board.pricer, kept)
    board.chosen, board.tables = after.chosen, after.tables
    return bool(leave)


def _settle(board: Board, pricer: Pricer, price: Floats, rounds: int) -> None:
    for _ in range(rounds):
        _, surplus, _ = pricer.margins(price, pricer.singles)
        placed = board.chosen[pricer.singles]
        weight = np.where(placed >= 0, pricer.problem.weight[np.maximum(placed, 0)], 0)
        moved = board.settle(pricer.singles[np.argsort(weight, kind="stable")])
        moved += board.settle_groups(pricer.all_groups)
        moved += board.settle(pricer.singles[np.argsort(-surplus, kind="stable")])
        if not moved:
            return


def _first_member(pricer: Pricer, groups: Ints) -> Ints:
    """A member of each group that has an option (of a group without, worker 0: it is dropped anyway)."""
    g = pricer.groups
    if not len(g.seat_worker):
        return np.zeros(len(groups), np.int64)
    option = np.minimum(g.option_ptr[groups], len(g.seat_ptr) - 2)
    return g.seat_worker[g.seat_ptr[option]]


def _remaining(units: Ints, sure: Ints, choice: Ints, placed: npt.NDArray[np.bool_]) -> Ints:
    """`units` less those placed and those that surely stay home."""
    keep: npt.NDArray[np.bool_] = ~placed
    keep[sure[choice[sure] < 0]] = False
    return np.asarray(units[keep], np.int64)
