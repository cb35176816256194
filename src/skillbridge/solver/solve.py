"""One call from a problem to a plan with its proof; the method is chosen by size and time, and said."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skillbridge.model import PlanStatus
from skillbridge.solver.board import Board
from skillbridge.solver.dive import dive
from skillbridge.solver.exact import program, solve_program
from skillbridge.solver.greedy import greedy
from skillbridge.solver.plan import Solution, broken, value
from skillbridge.solver.prices import descend
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.problem import Problem, checked

EXACT_WORKERS = 2_000
"""Up to here the whole problem goes to the exact solver."""


@dataclass(frozen=True)
class Progress:
    """How far a solve has come: what it does, the best plan's points so far, and the least bound so far."""

    stage: str
    objective: int
    bound: float


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    prices: tuple[Floats, Floats] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Solution:
    """The best plan found with the bound that its prices prove; never an illegal plan.

    `time_limit` in seconds of `clock` (None: as long as the method takes); it and the size choose the method, so that
    the same problem, seed and limit give the same plan unless the time runs out. `stop` is asked often; once true,
    the best legal plan so far is given back with the status `stopped`. `prices` (vacancy_price, row_price) of an
    earlier solution of a similar problem are a start. `progress` is told of every stage. Raises `BadInputs` for a
    problem that cannot be used.
    """
    problem = checked(problem)
    begin = clock()

    def halted() -> bool:
        return (stop is not None and stop()) or (time_limit is not None and clock() - begin > time_limit)

    pricer = Pricer(problem)
    board = greedy(pricer)
    price = np.zeros(len(pricer.limits)) if prices is None else np.clip(np.concatenate(prices), 0.0, pricer.ceiling)
    bound = pricer.demand(price).value

    def tell(stage: str) -> None:
        if progress is not None:
            progress(Progress(stage, value(problem, board.chosen) if board.legal else 0, bound))

    tell("greedy")
    steps = (20.0, 0.5) if prices is not None else (60.0, 0.5)
    price, bound = descend(pricer, price, 800, steps, stopped=halted)
    tell("prices")
    if not halted():
        found = dive(pricer, price, stopped=halted)
        if found.legal and (not board.legal or value(problem, found.chosen) >= value(problem, board.chosen)):
            board = found
    method = "prices and dives"
    status: PlanStatus = "stopped" if halted() else "feasible"
    proven = bound
    if problem.n_workers <= EXACT_WORKERS and not halted():
        whole = program(pricer, _all_edges(pricer), pricer.all_groups, pricer.limits)
        remaining = 60.0 if time_limit is None else time_limit - (clock() - begin)
        answer = solve_program(whole, time_limit=remaining, seed=seed)
        method = "exact"
        if answer.edges is not None and (not board.legal or answer.objective > value(problem, board.chosen)):
            board = Board(pricer, _seated(problem, answer.edges))
        proven = min(bound, answer.bound)
        if answer.status == "optimal":
            status = "optimal"
    objective = value(problem, board.chosen)
    if broken(problem, board.chosen):
        raise AssertionError(broken(problem, board.chosen)[:5])
    n = problem.n_vacancies
    return Solution(board.chosen, objective, max(proven, objective), status, method, price[:n], price[n:])


def _all_edges(pricer: Pricer) -> Ints:
    return np.flatnonzero(np.repeat(pricer.problem.group < 0, np.diff(pricer.problem.indptr)))


def _seated(problem: Problem, edges: Ints) -> Ints:
    chosen = np.full(problem.n_workers, -1, np.int64)
    chosen[np.searchsorted(problem.indptr, edges, side="right") - 1] = edges
    return chosen
