"""Week by week: decisions that leave room for those still to come, and that are never taken back.

Each week, prices are found for several drawn futures (:mod:`skillbridge.solver.forecast`) at once, within what is left
of every limit: this week's people are decided before it is known which future comes, so they choose at the mean of all
prices and take the same from each future (:func:`skillbridge.solver.prices.shared`). The mean price is what a place is
expected to be worth later. A person takes the place that is worth most above it, and none that is not worth it.

A minimum share is a promise for the year: a week may fall short of it by what the people of every drawn future could
still mend, less a reserve. The last week may not (the true-up), so what it then still lacks is left empty.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.board import Board
from skillbridge.solver.dive import dive
from skillbridge.solver.forecast import Forecast, outlook
from skillbridge.solver.plan import usage
from skillbridge.solver.policies import first_come
from skillbridge.solver.prices import descend, shared
from skillbridge.solver.pricing import Floats, Pricer
from skillbridge.solver.problem import Problem, edges_of, of_workers
from skillbridge.solver.solve import solve

Ints = npt.NDArray[np.int64]
Policy = Literal["greedy", "batch", "sampled", "hindsight"]
POLICIES: tuple[Policy, ...] = ("greedy", "batch", "sampled", "hindsight")
FUTURES = 8
"""Futures drawn each week."""
RESERVE = 0.5
"""Share of what futures could mend of a minimum share that is not counted on; and three people's worth beside it."""


UNDECIDED = -2
"""In `standing`: a worker who is still to be decided."""


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
    futures: int = FUTURES,
    standing: Ints | None = None,
) -> Iterator[Week]:
    """The decisions of each week, in order; a worker is decided in the week of arrival, a group together.

    `week` int32 [workers]. `greedy`: the best place still free, in the order of arrival; `batch`: the best plan of the
    week alone; `sampled`: by the prices of `futures` futures drawn from `forecast`, with `kind` int32 [workers] the
    classes of it; `hindsight`: everybody planned at once, as perfect foresight would. Caps hold after every week;
    minimum shares are held weekly by greedy and batch, at the year's end by the others. `standing` int64 [workers] are
    edges decided before (-1: to no place), which stay; -2 for whoever is to be decided. Raises `BadInput`.
    """
    _check(problem, week, policy, forecast, kind)
    left = _Left(problem)
    open_ = np.ones(problem.n_workers, dtype=np.bool_)
    if standing is not None:
        open_ = standing == UNDECIDED
        left.less(np.flatnonzero(~open_), standing[~open_])
    whole = solve(problem, seed=seed).chosen if policy == "hindsight" else None
    prices: list[Floats] = []
    for number in range(int(week.max(initial=-1)) + 1):
        people = np.flatnonzero((week == number) & open_)
        if standing is not None and not len(people):
            continue
        now, edge = left.problem(people)
        if whole is not None:
            decided = whole[people]
        elif policy == "greedy":
            decided = _named(first_come(now, np.arange(len(people))), edge)
        elif policy == "batch":
            decided = _named(_alone(now), edge)
        else:
            assert forecast is not None
            assert kind is not None
            drawn = _futures(forecast, week, kind, number, seed, futures if number < forecast.weeks - 1 else 1)
            price, mends = _expected(left, people, forecast, drawn, prices)
            decided = _named(_take(now, price, mends), edge)
        left.less(people, decided)
        yield Week(number, people, decided, int((decided >= 0).sum()))


def play(problem: Problem, weeks: Iterator[Week], progress: Callable[[Week], None] | None = None) -> Ints:
    """`chosen` int64 [workers] after all weeks."""
    chosen = np.full(problem.n_workers, -1, dtype=np.int64)
    for each in weeks:
        chosen[each.workers] = each.decided
        if progress is not None:
            progress(each)
    return chosen


def _check(
    problem: Problem,
    week: npt.NDArray[np.int32],
    policy: str,
    forecast: Forecast | None,
    kind: npt.NDArray[np.int32] | None,
) -> None:
    if policy not in POLICIES:
        raise BadInput("policy", f"{policy!r}", "one of " + ", ".join(POLICIES))
    if len(week) != problem.n_workers:
        raise BadInput("week", f"{len(week)} weeks for {problem.n_workers} workers", "one per worker")
    if len(week) and week.min() < 0:
        raise BadInput("week", f"{week.min()}", "weeks from 0")
    grouped = np.flatnonzero(problem.group >= 0)
    first = np.full(int(problem.group.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[problem.group[grouped]] = week[grouped]
    if (first[problem.group[grouped]] != week[grouped]).any():
        raise BadInput("week", "a group's members arrive in different weeks", "one week for a whole group")
    if policy != "sampled":
        return
    if forecast is None or kind is None:
        raise BadInput("forecast", "none given", "a forecast and the workers' classes for the policy sampled")
    if forecast.problem.n_vacancies != problem.n_vacancies or forecast.problem.rows.n_cells != problem.rows.n_cells:
        raise BadInput("forecast", "other vacancies or cells than the year's", "the same vacancies, rows and cells")
    if len(week) and week.max() >= forecast.weeks:
        raise BadInput("week", f"week {week.max()}", f"the forecast's weeks, 0 to {forecast.weeks - 1}")
    if len(kind) != problem.n_workers or (len(kind) and not (kind.min() >= 0 and kind.max() < forecast.kinds)):
        raise BadInput("kind", f"{len(kind)} classes", f"one per worker, from 0 to {forecast.kinds - 1}")


class _Left:
    """What is left of a year's limits, and problems of some of its people within them."""

    def __init__(self, problem: Problem) -> None:
        self.year = problem
        self.heads = problem.positions.astype(np.int64)
        self.rows = problem.rows.limit.copy()

    def less(self, people: Ints, decided: Ints) -> None:
        """Take off what `decided` (the year's edges) uses."""
        chosen = np.full(self.year.n_workers, -1, dtype=np.int64)
        chosen[people] = decided
        heads, used = usage(self.year, chosen)
        self.heads, self.rows = self.heads - heads, self.rows - used

    def problem(self, people: Ints, pool: Problem | None = None, future: Ints | None = None) -> tuple[Problem, Ints]:
        """(the problem of these people and the pool's `future` people, the people's edges in the year's problem)."""
        year, rows = self.year, self.year.rows
        parts = [of_workers(year, people)]
        if pool is not None and future is not None:
            later = of_workers(pool, future)
            parts.append(replace(later, group=np.full(len(future), -1, np.int32)))
        degree = np.concatenate([np.diff(one.indptr) for one in parts])
        return Problem(
            np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
            np.concatenate([one.vacancy for one in parts]),
            np.concatenate([one.weight for one in parts]),
            self.heads.astype(np.int32),
            replace(rows, cell=np.concatenate([one.rows.cell for one in parts]), limit=self.rows),
            np.concatenate([one.group for one in parts]),
            year.place,
        ), edges_of(year, people)


def _named(chosen: Ints, edge: Ints) -> Ints:
    """The year's edges of the choices made in a week's problem."""
    return np.where(chosen >= 0, edge[np.maximum(chosen, 0)] if len(edge) else -1, -1)


def _alone(now: Problem) -> Ints:
    """The best plan of this week's people alone, near its optimum."""
    pricer = Pricer(now)
    price, _ = descend(pricer, np.zeros(len(pricer.limits)), 400, (60.0, 0.4))
    board = dive(pricer, price)
    return board.chosen if board.legal else _take(now, price, np.zeros(now.n_rows, dtype=np.int64))


def _futures(
    forecast: Forecast, week: npt.NDArray[np.int32], kind: npt.NDArray[np.int32], number: int, seed: int, count: int
) -> list[Ints]:
    """`count` futures after the week `number`."""
    come = week <= number
    known = outlook(forecast, week[come], kind[come], number)
    rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
    return [known.draw(rng) for _ in range(count)]


def _expected(
    left: _Left, people: Ints, forecast: Forecast, futures: list[Ints], prices: list[Floats]
) -> tuple[Floats, Ints]:
    """(the mean over `futures` of the prices in each, what every one of them could mend of each row).

    `prices` are those of the futures of the week before, the start of the search; they are replaced.
    """
    mending = _mending(left.year.rows)
    now = Pricer(left.problem(people)[0])
    later = [Pricer(left.problem(people[:0], forecast.problem, future)[0]) for future in futures]
    if prices:
        found = shared(now, later, [prices[number % len(prices)] for number in range(len(later))], 100, (20.0, 0.4))
    else:
        first = shared(now, later[:1], [np.zeros(len(now.limits))], 400, (60.0, 2.0))[0]
        found = shared(now, later, [first] * len(later), 300, (20.0, 0.4))
    prices[:] = found
    mends = None
    for pricer, price in zip(later, found, strict=True):
        best, _, _ = pricer.margins(price, np.arange(pricer.problem.n_workers))
        cells = np.bincount(pricer.edges.cell[best[best >= 0]], minlength=left.year.rows.n_cells)
        could = np.asarray(mending.T @ cells, dtype=np.int64)
        mends = could if mends is None else np.minimum(mends, could)
    assert mends is not None
    return np.mean(found, axis=0), mends


def _mending(rows: Rows) -> sparse.csr_array:
    """How much a placement in each cell gives back to each row (its negative amounts, as positive numbers)."""
    gives = rows.cell_rows.copy()
    gives.data = np.maximum(0, -gives.data)
    return gives


def _take(now: Problem, price: Floats, mends: Ints) -> Ints:
    """Everyone's best place above its `price`, the surest first, within every limit; a row may be exceeded by what
    others will surely mend of it: of `mends`, a share and three people's worth are not counted on."""
    rows = now.rows
    worth = _mending(rows).max(axis=0).toarray()
    limit = rows.limit + np.maximum(0, np.floor((1 - RESERVE) * mends) - 3 * worth).astype(np.int64)
    pricer = Pricer(
        Problem(
            now.indptr, now.vacancy, now.weight, now.positions,
            Rows(rows.cell, limit, rows.cell_rows, rows.vacancy_rows, rows.refs), now.group, now.place,
        )
    )  # fmt: skip
    board, at = Board(pricer), pricer.surcharge(price)
    option, _, margin = pricer.group_margins(price, pricer.all_groups)
    sure = np.argsort(-margin, kind="stable")
    board.take_options(option[sure][option[sure] >= 0], at)
    singles = pricer.singles
    edge, surplus, margin = pricer.margins(price, singles)
    sure = np.argsort(-margin, kind="stable")
    while board.take(singles[sure], edge[sure]):
        pass
    for _ in range(4):
        if not board.settle(singles[np.argsort(-surplus, kind="stable")], at):
            break
    return board.chosen
