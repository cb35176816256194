"""How real schemes give scarce places out, beside the optimum: every order obeys all hard limits.

Whoever's turn it is takes the best edge that fits (in objective points); those whom a share holds back wait for
the next round, until nobody else fits. A group takes its turn with its first member. Each function gives int64
[workers]: the edge taken or -1, to be compared with a `Solution` by `plan.value`.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from skillbridge.errors import BadInput
from skillbridge.solver.board import Board, shift
from skillbridge.solver.greedy import ranked_options
from skillbridge.solver.plan import NONE, Solution, usage
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.problem import Problem


def lottery(problem: Problem, seed: int) -> Ints:
    """Workers drawn by lot (US H-2B); the same seed draws the same order."""
    return _in_turn(problem, np.random.default_rng(seed).permutation(problem.n_workers))


def first_come(problem: Problem, arrival: Ints) -> Ints:
    """Workers in the order of `arrival` [workers] (any whole numbers, the lowest first; ties by row)."""
    return _in_turn(problem, np.argsort(_one_each(arrival, problem.n_workers, "arrival"), kind="stable"))


def points(problem: Problem, score: Ints) -> Ints:
    """Workers by `score` [workers], the highest first (Korea EPS); ties by row."""
    return _in_turn(problem, np.argsort(-_one_each(score, problem.n_workers, "score"), kind="stable"))


def click_day(problem: Problem, arrival: Ints) -> Ints:
    """Vacancies in the order of `arrival` [vacancies] (Italy's click day), each filled with its best workers."""
    rank = np.empty(problem.n_vacancies, np.int64)
    rank[np.argsort(_one_each(arrival, problem.n_vacancies, "arrival"), kind="stable")] = np.arange(problem.n_vacancies)
    board = Board(Pricer(problem))
    _fill_in_order(board, rank[problem.vacancy])
    return board.chosen


def proportional(problem: Problem, arrival: Ints, share: float = 0.4) -> Ints:
    """First `share` of every vacancy's positions (rounded up), then the rest in the order of `arrival` (NZ RSE)."""
    if not 0 <= share <= 1:
        raise BadInput("share", str(share), "0 to 1")
    _one_each(arrival, problem.n_vacancies, "arrival")
    board = Board(Pricer(problem))
    held = problem.positions - np.ceil(share * problem.positions).astype(np.int64)
    board.tables.free[:] -= held
    _fill_in_order(board, np.zeros(len(problem.vacancy), np.int64))
    board.tables.free[:] += held
    rank = np.argsort(np.argsort(arrival, kind="stable"), kind="stable")
    _fill_in_order(board, rank[problem.vacancy])
    return board.chosen


def deferred_acceptance(problem: Problem, preference: Floats | None = None) -> Ints:
    """Workers propose down their `preference` [edges] (default: the weight); vacancies keep those they rank highest.

    Vacancies rank by weight, ties by row. Without rows and groups the outcome is stable: no worker and vacancy would
    both rather have each other. A row's limit refuses a proposal that does not fit when it is made, for good. Workers
    in groups do not propose.
    """
    p = problem
    wish = p.weight.astype(np.float64) if preference is None else _one_each(preference, len(p.vacancy), "preference")
    board = Board(Pricer(p))
    holders: list[list[tuple[int, int]]] = [[] for _ in range(p.n_vacancies)]
    worker = np.repeat(np.arange(p.n_workers), np.diff(p.indptr))
    ranked = np.lexsort((-wish, worker))
    turn = p.indptr[:-1].copy()
    legal = board.legal
    waiting = board.pricer.singles[::-1].tolist()
    while waiting:
        i = waiting.pop()
        if turn[i] == p.indptr[i + 1]:
            continue
        e = int(ranked[turn[i]])
        turn[i] += 1
        held = holders[p.vacancy[e]]
        lowest = min(held, default=None)
        full = board.tables.free[p.vacancy[e]] <= 0
        if full and (lowest is None or lowest[0] >= p.weight[e]):
            waiting.append(i)
            continue
        out = -lowest[1] if full and lowest is not None else NONE
        back = int(board.chosen[out]) if out >= 0 else NONE
        if out >= 0:
            board.lift(out)
        taken = board.take(np.array([i]), np.array([e]))
        if taken and out >= 0 and legal and not board.legal:
            board.lift(i)  # who left was needed for a minimum
            taken = 0
        if taken:
            held.append((int(p.weight[e]), -i))
            if out >= 0 and lowest is not None:
                held.remove(lowest)
                waiting.append(out)
        else:
            waiting.append(i)
            if out >= 0:
                shift(back, 1, board.tables)
                board.chosen[out] = back
    return board.chosen


def batches(problem: Problem, arrival: Ints, plan: Callable[[Problem], Solution], *, count: int = 12) -> Ints:
    """Workers in `count` batches by `arrival` [workers], each planned by `plan` with what is left; nobody moves after.

    A group is in its first member's batch. Where a batch has no legal plan (a minimum it cannot meet alone), nobody of
    it is placed.
    """
    turn = np.argsort(np.argsort(_one_each(arrival, problem.n_workers, "arrival"), kind="stable"), kind="stable")
    grouped = problem.group >= 0
    first = np.full(int(problem.group.max(initial=-1)) + 1, problem.n_workers)
    np.minimum.at(first, problem.group[grouped], turn[grouped])
    turn[grouped] = first[problem.group[grouped]]
    batch = turn * count // max(1, problem.n_workers)
    chosen: Ints = np.full(problem.n_workers, NONE, np.int64)
    for number in range(count):
        heads, used = usage(problem, chosen)
        kept = np.flatnonzero(np.repeat(batch == number, np.diff(problem.indptr)))
        degree = np.where(batch == number, np.diff(problem.indptr), 0)
        part = replace(
            problem,
            indptr=np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
            vacancy=problem.vacancy[kept],
            weight=problem.weight[kept],
            positions=(problem.positions - heads).astype(np.int32),
            rows=replace(problem.rows, cell=problem.rows.cell[kept], limit=problem.rows.limit - used),
        )
        if len(kept):
            found = plan(part).chosen
            chosen = np.where(found >= 0, kept[np.maximum(found, 0)], chosen)
    return chosen


def _in_turn(problem: Problem, order: Ints) -> Ints:
    """The plan in which `order` (a permutation of the workers) take their turns."""
    rank = np.empty(problem.n_workers, np.int64)
    rank[order] = np.arange(problem.n_workers)
    board = Board(Pricer(problem))
    _fill_in_order(board, np.repeat(rank, np.diff(problem.indptr)))
    return board.chosen


def _fill_in_order(board: Board, rank: Ints) -> None:
    """Offer edges by `rank` [edges] (then the heaviest first) in rounds until nothing more fits, groups in between."""
    p, pricer = board.problem, board.pricer
    degree = np.diff(p.indptr)
    worker = np.repeat(np.arange(p.n_workers), degree)
    edges = np.flatnonzero(p.group[worker] < 0)
    edges = edges[np.lexsort((-p.weight[edges], rank[edges]))]
    options = ranked_options(pricer)
    turn = (
        rank[pricer.groups.edge[pricer.groups.edge_ptr[pricer.groups.seat_ptr[options]]]] if len(options) else options
    )
    options, turn = options[np.argsort(turn, kind="stable")], np.sort(turn)
    cut = np.searchsorted(rank[edges], turn)
    moved = 1
    while moved:
        moved, at = 0, 0
        for option, end in zip(options, cut.tolist(), strict=True):
            if end > at:
                moved += board.take(worker[edges[at:end]], edges[at:end])
                at = end
            moved += board.take_options(np.array([option]))
        moved += board.take(worker[edges[at:]], edges[at:])


def _one_each(values: Ints | Floats, n: int, name: str) -> Floats:
    if len(values) != n or not np.isfinite(values).all():
        raise BadInput(name, f"{len(values)} values", f"{n} finite numbers")
    return np.asarray(values, np.float64)
