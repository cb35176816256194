"""Better plans part by part: free some workers, let the exact solver place them anew, keep what gains.

What a plan lacks to its bound splits exactly into the regrets of workers (surplus of the best choice less that of the
given one) and the priced slack of vacancies and rows. `improve_parts` takes limits in turn by how much lies around
them. `improve_doubtful`, for small problems, frees whoever the linear relaxation would rather place elsewhere.
"""

from collections.abc import Callable

import numpy as np

from skillbridge.solver.board import Board
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.plan import value
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.swaps import near_edges

CHANCE = 0.7
"""By how much of an edge chance may outweigh what the linear relaxation takes."""


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
        gained += _replace(board, free, near[np.isin(near_worker, free)], nodes, seed)[0]
    return gained


def relaxed(pricer: Pricer) -> Floats:
    """float64 [edges]: how much of each edge the linear relaxation of the whole problem takes, from 0 to 1."""
    edges = np.flatnonzero(np.repeat(pricer.problem.group < 0, np.diff(pricer.problem.indptr)))
    found = program(pricer, edges, pricer.all_groups, pricer.limits)
    share = np.zeros(len(pricer.problem.vacancy))
    answer = solve_program(found, whole=False)
    if answer.x is not None:
        share[found.edge] = answer.x[: len(found.edge)]
    return share


def improve_doubtful(
    board: Board,
    price: Floats,
    share: Floats,
    *,
    edges: float = 500.0,
    within: float = 60.0,
    nodes: int = 10,
    seed: int = 0,
) -> float:
    """Place anew those of whose choice the relaxation takes least; about how many edges to free the next time.

    `share` is :func:`relaxed`; chance decides between choices that are nearly as doubtful. About `edges` edges within
    `within` points of the best are free; more the next time after a part solved to its end, fewer after another.
    """
    p = board.problem
    rng = np.random.default_rng(seed)
    near, _, _ = near_edges(board.pricer, price, within)
    near_worker = np.searchsorted(p.indptr, near, side="right") - 1
    size = np.where(p.group < 0, np.bincount(near_worker, minlength=p.n_workers), np.diff(p.indptr))
    worker = np.repeat(np.arange(p.n_workers), np.diff(p.indptr))
    at_home = 1.0 - np.bincount(worker, weights=share, minlength=p.n_workers)
    agreed = np.where(board.chosen >= 0, share[np.maximum(board.chosen, 0)], at_home)
    agreed += CHANCE * rng.random(p.n_workers)
    unit = np.where(p.group >= 0, p.group, int(p.group.max(initial=-1)) + 1 + np.arange(p.n_workers))
    least = np.full(int(unit.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, unit, agreed)
    order = np.lexsort((unit, least[unit]))
    chosen = unit[order[: 1 + int(np.searchsorted(np.cumsum(size[order]), edges))]]
    free = np.flatnonzero(np.isin(unit, chosen))
    _, proven = _replace(board, free, near[np.isin(near_worker, free)], nodes, seed)
    return edges * (1.1 if proven else 0.8)


def _replace(board: Board, free: Ints, edges: Ints, nodes: int, seed: int) -> tuple[int, bool]:
    """(points gained by placing the workers `free` anew on `edges`, whether no more can be).

    All others stay where they are; groups, free as a whole or not at all, have all their edges.
    """
    p, before = board.problem, board.chosen
    rest = before.copy()
    rest[free] = -1
    emptied = Board(board.pricer, rest)
    current = before[free[p.group[free] < 0]]
    edges = np.union1d(edges, current[current >= 0])
    groups = np.unique(p.group[free])
    found = program(board.pricer, edges, groups[groups >= 0].astype(np.int64), emptied.limits)
    worth = value(p, before)
    answer = solve_program(found, node_limit=nodes, relative_gap=1e-5, seed=seed)
    if answer.edges is None:
        return 0, False
    emptied.chosen[np.searchsorted(p.indptr, answer.edges, side="right") - 1] = answer.edges
    gain = value(p, emptied.chosen) - worth
    if gain > 0:
        better = Board(board.pricer, emptied.chosen)
        board.chosen, board.tables = better.chosen, better.tables
    return max(0, gain), answer.status == "optimal"
