"""Week by week: decisions that leave room for those still to come, and that are never taken back.

Each week the people who have arrived are planned together with a sample of those expected, within what is left of
every limit; only this week's decisions are kept. The sample stands for the future: it is drawn from history, with each
class of people weighed by how its arrivals this year compare with history so far, so that it follows drift.
A minimum share is a promise for the year: it binds the sum of what is decided and what is still expected.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from skillbridge.errors import BadInput
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.plan import usage
from skillbridge.solver.problem import Problem
from skillbridge.solver.solve import solve

Ints = npt.NDArray[np.int64]
Policy = Literal["greedy", "batch", "sampled", "hindsight"]
POLICIES: tuple[Policy, ...] = ("greedy", "batch", "sampled", "hindsight")


@dataclass(frozen=True)
class Forecast:
    """Who may still come. The pool's people stand for the future's: `problem` holds their edges over the same
    vacancies, rows and cells as the year's own; `week` int32 [people] is when each came in its year; `kind` int32
    [people] is a class whose frequency may drift. `kinds` is the number of classes."""

    problem: Problem
    week: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]
    kinds: int


@dataclass(frozen=True)
class Week:
    """One week's decisions: `decided` int64 [workers of that week] are edges, -1 for no place."""

    number: int
    workers: Ints
    decided: Ints
    placed: int


def roll(
    problem: Problem,
    week: npt.NDArray[np.int32],
    policy: Policy,
    *,
    forecast: Forecast | None = None,
    kind: npt.NDArray[np.int32] | None = None,
    seed: int = 0,
    effort: float | None = None,
) -> Iterator[Week]:
    """The decisions of each week, in order; a worker is decided in the week of arrival.

    `week` int32 [workers]. `forecast` and `kind` (int32 [workers], the classes of the forecast) serve `sampled`.
    `hindsight` plans everybody at once: what perfect foresight would do. `effort` is the solver's time limit a week.
    """
    if policy not in POLICIES:
        raise BadInput("policy", f"{policy!r}", "one of " + ", ".join(POLICIES))
    if len(week) != problem.n_workers:
        raise BadInput("week", f"{len(week)} weeks for {problem.n_workers} workers", "one per worker")
    if policy == "sampled" and (forecast is None or kind is None):
        raise BadInput("forecast", "none given", "a forecast and the workers' classes for the policy sampled")
    whole = solve(problem, seed=seed, time_limit=effort).chosen if policy == "hindsight" else None
    heads = np.zeros(problem.n_vacancies, dtype=np.int64)
    used = np.zeros(problem.n_rows, dtype=np.int64)
    prices = None
    last = int(week.max(initial=-1))
    for number in range(last + 1):
        people = np.flatnonzero(week == number)
        if whole is not None:
            decided = whole[people]
        else:
            future = None
            if policy == "sampled":
                assert forecast is not None
                assert kind is not None
                rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
                future = _sample(forecast, kind[week <= number], number, rng)
            now, edge = _remaining(problem, people, heads, used, forecast, future, last=number == last)
            if policy == "greedy":
                chosen = _greedy(now)
            else:
                solution = solve(now, seed=seed, time_limit=effort, prices=prices)
                chosen = solution.chosen[: len(people)]
                prices = (solution.vacancy_price, solution.row_price)
            decided = np.where(chosen >= 0, edge[np.maximum(chosen, 0)], -1)
        full = np.full(problem.n_workers, -1, dtype=np.int64)
        full[people] = decided
        more_heads, more_used = usage(problem, full)
        heads, used = heads + more_heads, used + more_used
        yield Week(number, people, decided, int((decided >= 0).sum()))


def play(problem: Problem, weeks: Iterator[Week], progress: Callable[[Week], None] | None = None) -> Ints:
    """`chosen` int64 [workers] after all weeks."""
    chosen = np.full(problem.n_workers, -1, dtype=np.int64)
    for each in weeks:
        chosen[each.workers] = each.decided
        if progress is not None:
            progress(each)
    return chosen


def _sample(forecast: Forecast, seen: npt.NDArray[np.int32], number: int, rng: np.random.Generator) -> Ints:
    """People of the pool, drawn for the weeks after `number`: each class as often as history had it after that week,
    times how its arrivals so far compare with history's (shrunk towards 1 while few have come)."""
    steady = 50.0
    before = np.bincount(forecast.kind[forecast.week <= number], minlength=forecast.kinds)
    now = np.bincount(seen, minlength=forecast.kinds)
    drift = (now + steady) / (before + steady)
    later = np.flatnonzero(forecast.week > number)
    expected = drift[forecast.kind[later]]
    copies = np.floor(expected + rng.random(len(later))).astype(np.int64)
    return np.repeat(later, copies)


def _remaining(
    problem: Problem,
    people: Ints,
    heads: Ints,
    used: Ints,
    forecast: Forecast | None,
    future: Ints | None,
    *,
    last: bool,
) -> tuple[Problem, Ints]:
    """(the problem of these people and the sampled future within what is left, the people's edges in `problem`).

    Until the last week a minimum that the future cannot mend any more costs the highest weight a unit, not the plan.
    """
    sizes = np.diff(problem.indptr)[people]
    edge = spans(problem.indptr[people], sizes)
    vacancy, cell, weight = problem.vacancy[edge], problem.rows.cell[edge], problem.weight[edge]
    group, indptr = problem.group[people], np.concatenate([[0], np.cumsum(sizes)])
    if forecast is not None and future is not None and len(future):
        pool = forecast.problem
        more = np.diff(pool.indptr)[future]
        drawn = spans(pool.indptr[future], more)
        vacancy = np.concatenate([vacancy, pool.vacancy[drawn]])
        cell = np.concatenate([cell, pool.rows.cell[drawn]])
        weight = np.concatenate([weight, pool.weight[drawn]])
        group = np.concatenate([group, np.full(len(future), -1, dtype=np.int32)])
        indptr = np.concatenate([indptr, indptr[-1] + np.cumsum(more)])
    limit = problem.rows.limit - used
    top = int(problem.weight.max(initial=1))
    mixed = np.zeros(problem.n_rows, dtype=np.bool_)
    for matrix in (problem.rows.cell_rows, problem.rows.vacancy_rows):
        coo = matrix.tocoo()
        mixed[coo.coords[1][coo.data < 0]] = True
    refs = tuple(
        replace(ref, penalty=top) if mixed[row] and ref.penalty is None and not (last and limit[row] >= 0) else ref
        for row, ref in enumerate(problem.rows.refs)
    )
    rows = Rows(
        cell, np.where(mixed, limit, np.maximum(limit, 0)), problem.rows.cell_rows, problem.rows.vacancy_rows, refs
    )
    left = np.maximum(problem.positions - heads, 0).astype(np.int32)
    return Problem(indptr.astype(np.int64), vacancy, weight, left, rows, group, problem.place), edge


def spans(start: Ints, size: Ints) -> Ints:
    """start[i]:start[i] + size[i] for every i, one after the other."""
    total = int(size.sum())
    before = np.concatenate([[0], np.cumsum(size)[:-1]]) if len(size) else np.zeros(0, dtype=np.int64)
    return np.asarray(np.repeat(start - before, size) + np.arange(total), dtype=np.int64)


def _greedy(problem: Problem) -> Ints:
    """Each worker in the order of arrival takes the best place that is still free and breaks no cap."""
    chosen = np.full(problem.n_workers, -1, dtype=np.int64)
    free, left = problem.positions.astype(np.int64), problem.rows.limit.copy()
    cells, jobs = problem.rows.cell_rows, problem.rows.vacancy_rows
    for worker in range(problem.n_workers):
        edges = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
        for e in edges[np.argsort(-problem.weight[edges], kind="stable")]:
            v, c = problem.vacancy[e], problem.rows.cell[e]
            if free[v] < 1:
                continue
            use = [
                (int(row), int(coefficient))
                for matrix, line in ((cells, c), (jobs, v))
                for row, coefficient in zip(
                    matrix.indices[matrix.indptr[line] : matrix.indptr[line + 1]],
                    matrix.data[matrix.indptr[line] : matrix.indptr[line + 1]],
                    strict=True,
                )
            ]
            if all(k <= max(0, left[row]) or k < 0 for row, k in use):
                chosen[worker] = e
                free[v] -= 1
                for row, k in use:
                    left[row] -= k
                break
    return chosen
