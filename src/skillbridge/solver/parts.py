"""Better plans part by part: free some workers, let the exact solver place them anew, keep what gains.

`improve_regions` frees some regions at a time: vacancies that limits tie to each other, as those of a country are.
`improve_doubtful`, for small problems, frees whoever the linear relaxation would rather place elsewhere.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from skillbridge.solver.board import Board
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.plan import value
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.problem import Problem
from skillbridge.solver.swaps import near_edges

CHANCE = 0.7
"""By how much of an edge chance may outweigh what the linear relaxation takes."""
LARGEST = 1 / 3
"""Share of all edges in the largest region at most."""
FEWEST = 300.0
"""Edges that are freed at least."""
CREWS = 0.5
"""Of the edges asked for, the share that groups take beside those of workers alone, at least."""
TRIMMED = 1.15
"""Of a region larger than asked for, as many times the edges asked for are taken."""


def regions(problem: Problem) -> Ints:
    """int64 [vacancies]: vacancies that limits tie to each other have the same number, from 0.

    Rules that would tie more than `LARGEST` of all edges together are left out, those that tie least counted first.
    """
    p, rows = problem, problem.rows
    by_rule: dict[tuple[str, str], list[int]] = {}
    for row, ref in enumerate(rows.refs):
        by_rule.setdefault((ref.partnership, ref.rule), []).append(row)
    ties = [np.array(found) for _, found in sorted(by_rule.items())]
    pairs = np.unique(p.vacancy.astype(np.int64) * rows.n_cells + rows.cell)
    reached = sparse.csr_array(
        (np.ones(len(pairs)), (pairs // rows.n_cells, pairs % rows.n_cells)), shape=(p.n_vacancies, rows.n_cells)
    )
    size = np.bincount(p.vacancy, minlength=p.n_vacancies)

    def tied(kept: Ints) -> tuple[Ints, float]:
        """(number of each vacancy's region where the rows `kept` tie, share of all edges in the largest)."""
        of_cells, of_vacancies = rows.cell_rows[:, kept], rows.vacancy_rows[:, kept]
        ruled = sparse.diags_array((np.diff(sparse.csr_array(of_cells).indptr) > 0).astype(float))
        here, there = sparse.csr_array((p.n_vacancies,) * 2), sparse.csr_array((len(kept),) * 2)
        links = sparse.block_array(
            [[here, reached @ ruled, of_vacancies], [None, None, of_cells], [None, None, there]], format="csr"
        )
        found = connected_components(links, directed=False)[1][: p.n_vacancies]
        number = np.unique(found, return_inverse=True)[1]
        return number, float(np.bincount(number, weights=size).max(initial=0) / max(1, size.sum()))

    kept = np.zeros(0, np.int64)
    for more in sorted(ties, key=lambda rule: tied(rule)[1]):
        if tied(np.concatenate([kept, more]))[1] <= LARGEST:
            kept = np.concatenate([kept, more])
    return tied(kept)[0]


def improve_regions(
    board: Board,
    price: Floats,
    region: Ints,
    *,
    edges: float,
    within: float = 100.0,
    nodes: int = 20,
    seed: int = 0,
    seconds: float | None = None,
) -> float:
    """Place anew whoever is in some regions, or at home, over edges there; about how many edges to free the next time.

    `region` is :func:`regions`. Regions are drawn until about `edges` edges of workers alone, `within` points or less
    of their best, are free; those that lack least are taken. Groups take what is left, and half as many edges more.
    """
    p, now = board.problem, board.chosen
    if not len(p.vacancy):
        return edges
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(int(region.max(initial=-1)) + 1)
    near, _, lack = near_edges(board.pricer, price, within)
    worker = np.searchsorted(p.indptr, near, side="right") - 1
    turn = np.where(now >= 0, drawn[region[p.vacancy[np.maximum(now, 0)]]], -1)
    opens = np.maximum(turn[worker], drawn[region[p.vacancy[near]]])
    latest, size = _groups(board.pricer, turn)
    crewed = np.sort(np.concatenate([opens, np.repeat(latest, size)]))
    last = int(crewed[: 1 + int(edges * (1.0 + CREWS * (len(latest) > 0)))][-1]) if len(crewed) else 0
    taken = np.flatnonzero(opens <= last)
    taken = np.sort(taken[np.argsort(lack[taken], kind="stable")[: int(TRIMMED * edges)]])
    free = np.unique(worker[taken])
    if len(latest):
        order = rng.permutation(np.flatnonzero((latest <= last) & (size > 0)))
        chosen = order[np.cumsum(size[order]) <= (1.0 + CREWS) * edges - len(taken)]
        free = np.union1d(free, np.flatnonzero(np.isin(p.group, chosen)))
    _, proven = _replace(board, free, near[taken], nodes, seed, seconds)
    return max(FEWEST, edges * (1.05 if proven else 0.8))


def _groups(pricer: Pricer, turn: Ints) -> tuple[Ints, Ints]:
    """Of each group: (the last `turn` of its members, the edges of its options)."""
    g, p = pricer.groups, pricer.problem
    member = np.flatnonzero(p.group >= 0)
    latest = np.full(g.n_groups, -1)
    np.maximum.at(latest, p.group[member], turn[member])
    return latest, np.diff(g.edge_ptr[g.seat_ptr[g.option_ptr]])


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
    seconds: float | None = None,
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
    _, proven = _replace(board, free, near[np.isin(near_worker, free)], nodes, seed, seconds)
    return max(FEWEST, edges * (1.1 if proven else 0.8))


def _replace(
    board: Board, free: Ints, edges: Ints, nodes: int, seed: int, seconds: float | None = None
) -> tuple[int, bool]:
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
    held = before[free]
    answer = solve_program(
        found, time_limit=seconds, node_limit=nodes, relative_gap=1e-5, seed=seed, start=held[held >= 0]
    )
    if answer.edges is None:
        return 0, False
    emptied.chosen[np.searchsorted(p.indptr, answer.edges, side="right") - 1] = answer.edges
    gain = value(p, emptied.chosen) - worth
    if gain > 0:
        better = Board(board.pricer, emptied.chosen)
        board.chosen, board.tables = better.chosen, better.tables
    return max(0, gain), answer.status == "optimal"
