"""Better plans part by part: free the workers around one limit, let the exact solver place them anew, keep what gains.

What a plan lacks to its bound splits exactly into the regrets of workers (surplus of the best choice less that of the
given one) and the priced slack of vacancies and rows. Limits are taken in turn by how much of it lies around them.
"""

from collections.abc import Callable

import numpy as np

from skillbridge.solver.board import Board
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.plan import value
from skillbridge.solver.pricing import Floats, Ints
from skillbridge.solver.swaps import near_edges


def improve_parts(
    board: Board,
    price: Floats,
    *,
    rounds: int,
    workers: int = 400,
    within: float = 60.0,
    nodes: int = 20,
    seed: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> int:
    """Points gained in `rounds` rounds; each frees up to `workers` workers and solves their part in `nodes` nodes."""
    pricer, p, b = board.pricer, board.problem, board.tables
    rng = np.random.default_rng(seed)
    near, _, _ = near_edges(pricer, price, within)
    near_worker = np.searchsorted(p.indptr, near, side="right") - 1
    owners = len(b.owner_ptr) - 1
    owner = np.repeat(np.arange(owners), np.diff(b.owner_ptr))
    gained = 0
    _, best, _ = pricer.margins(price, np.arange(p.n_workers))
    at = pricer.surcharge(price)
    tabu = np.zeros(p.n_rows)
    for _ in range(rounds):
        if stopped is not None and stopped():
            break
        now = board.chosen
        taken = np.maximum(now, 0)
        surplus = p.weight[taken] - at.vacancy[p.vacancy[taken]] - at.cell[p.rows.cell[taken]]
        regret = np.where(p.group < 0, best - np.where(now >= 0, surplus, 0.0), 0.0)
        lack = np.zeros(owners)
        edge_regret = regret[near_worker] / np.maximum(1, np.bincount(near_worker, minlength=p.n_workers))[near_worker]
        np.add.at(lack, p.rows.cell[near], edge_regret)
        np.add.at(lack, b.n_cells + p.vacancy[near], edge_regret)
        per_row = np.bincount(b.row, weights=lack[owner], minlength=p.n_rows) + price[p.n_vacancies :] * np.maximum(
            b.left, 0
        )
        weight = np.maximum(per_row, 0) * 0.5**tabu
        if weight.sum() <= 0:
            break
        row = int(rng.choice(p.n_rows, p=weight / weight.sum()))
        tabu[row] += 1
        members = np.zeros(owners, bool)
        members[owner[b.row == row]] = True
        touches = members[p.rows.cell[near]] | members[b.n_cells + p.vacancy[near]]
        candidates = np.unique(near_worker[touches])
        order = np.argsort(-regret[candidates] + rng.exponential(20.0, len(candidates)), kind="stable")
        free = np.sort(candidates[order[:workers]])
        gained += _replace(board, free, near[np.isin(near_worker, free)], nodes, seed)
    return gained


def _replace(board: Board, free: Ints, edges: Ints, nodes: int, seed: int) -> int:
    """Points gained by placing the workers `free` anew on `edges`, all others staying where they are."""
    p, before = board.problem, board.chosen
    rest = before.copy()
    rest[free] = -1
    emptied = Board(board.pricer, rest)
    current = before[free]
    edges = np.union1d(edges, current[current >= 0])
    found = program(board.pricer, edges, np.zeros(0, np.int64), emptied.limits)
    worth = value(p, before)
    answer = solve_program(found, node_limit=nodes, relative_gap=1e-5, seed=seed)
    if answer.edges is None:
        return 0
    emptied.chosen[np.searchsorted(p.indptr, answer.edges, side="right") - 1] = answer.edges
    gain = value(p, emptied.chosen) - worth
    if gain <= 0:
        return 0
    better = Board(board.pricer, emptied.chosen)
    board.chosen, board.tables = better.chosen, better.tables
    return gain
