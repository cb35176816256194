"""Several seasons for one person: the best set of chains under every cross-cutting row, with a bound that holds.

Column generation. Prices from a projected subgradient start it; then a linear program over the chains seen so far
gives better prices, and pricing (:mod:`skillbridge.matching.stays`) gives each worker's best chain at them, until the
program's value and the bound meet. The program's solution is nearly whole: what is not is rounded, repaired and filled.

A group whose members go together is planned like one person with several seats.

Bound for any prices >= 0: L = sum over units (persons alone, groups) of max(0, best legal chain's value at the prices)
+ positions . vacancy price + limit . row price.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.matching.stays import MAX_CHAIN, Options, People, StayRules, all_chains_within, best_chains
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.chain_rounding import Uses, accept, reinsert, release
from skillbridge.solver.exact import Program, solve_program

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
_NODES = 2_000
"""Nodes of an integer program that plans some people anew."""
_PROOF_NODES = 20_000
"""Nodes of the one that proves the optimum of all."""
_FEW_NODES = 50
"""Nodes of the latter where it lacks chains, so that it proves nothing."""


@dataclass(frozen=True)
class ChainProblem:
    """Options of many units (persons alone, or groups) over a horizon, and the rows that bind their sum.

    `options` holds each unit's possible stays in order of start, `people` who its members are with their stays before
    the horizon; `vacancy` int32, `weight` int32 (> 0) and `rows.cell` int32 have one value a seat; `positions` int32
    [vacancies] in heads; `rules` bind past and options together.
    """

    options: Options
    people: People
    vacancy: npt.NDArray[np.int32]
    weight: npt.NDArray[np.int32]
    positions: npt.NDArray[np.int32]
    rows: Rows
    rules: StayRules

    def __post_init__(self) -> None:
        if any(ref.penalty is not None for ref in self.rows.refs):
            raise BadInput("chains", "a soft row", "hard rows only: soft rules enter chains through the weights")
        options = self.options
        lengths = {len(options.kind), len(options.earn), len(self.vacancy), len(self.weight), len(self.rows.cell)}
        if len(lengths) != 1 or len(options.seats) != len(options.start) + 1:
            raise BadInput("chains", f"seat arrays of lengths {sorted(lengths)}", "one length")
        members, seats = np.diff(self.people.members), np.diff(options.seats)
        if (np.repeat(members, np.diff(options.indptr)) != seats).any():
            raise BadInput("chains", "an option with other seats than its unit has members", "a seat for each member")

    @property
    def n_units(self) -> int:
        """Units, with or without options."""
        return len(self.options.indptr) - 1

    @cached_property
    def worth(self) -> Longs:
        """int64 [options]: the weight of an option, all its seats together."""
        return self.of_options(self.weight.astype(np.int64))

    def of_options(self, of_seats: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[options]: the sum of a value over each option's seats."""
        seats = self.options.seats[:-1]
        return np.add.reduceat(of_seats, seats) if len(seats) else of_seats[:0]

    def seats_of(self, options: Longs) -> Longs:
        """The seats of some options, those of each in their order."""
        first, count = self.options.seats[options], np.diff(self.options.seats)[options]
        return np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())

    @property
    def limits(self) -> Longs:
        """Positions, then the limits of the rows: the right-hand side of every coupling row."""
        return np.concatenate([self.positions.astype(np.int64), self.rows.limit])


@dataclass(frozen=True)
class ChainSolution:
    """`options` int64: numbers of the chosen options, rising; the rest as in `solver.plan.Solution`."""

    options: Longs
    objective: int
    bound: float
    status: str
    vacancy_price: Floats
    row_price: Floats

    @property
    def gap(self) -> float:
        """(bound - objective) / bound, from 0 to 1."""
        return max(0.0, (self.bound - self.objective) / self.bound) if self.bound > 0 else 0.0


def solve_chains(
    problem: ChainProblem,
    *,
    seed: int = 0,
    time_limit: float | None = None,
    target: float = 0.0005,
    prices: tuple[Floats, Floats] | None = None,
    favour: npt.NDArray[np.int32] | None = None,
    progress: Callable[[float, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> ChainSolution:
    """The best chains found. `target` is the gap of the linear program at which generation ends.

    `prices` (of vacancies, of rows) of a similar problem are a start. `favour` int32 [seats] >= 0 is what a seat counts
    for beside its weight while chains are chosen, and not in their worth, nor in the bound. `progress` is called with
    (bound, best objective so far). On `stop` or at `time_limit` (seconds) the best plan so far is rounded and returned
    with status `stopped`; else `feasible`, or `optimal` when the bound is met.
    """
    deadline = None if time_limit is None else monotonic() + time_limit

    def over() -> bool:
        return (stop is not None and stop()) or (deadline is not None and monotonic() >= deadline)

    def tell(bound: float) -> None:
        if progress is not None:
            progress(bound, 0)

    pool = _Pool(problem)
    start = None if prices is None else np.maximum(0.0, np.concatenate(prices))
    best, chains = _generate(problem, pool, start, target, tell, over)
    chosen_by, led = problem, best
    if favour is not None:
        chosen_by = replace(problem, weight=problem.weight + favour)
        pool.problem = chosen_by
        led, chains = _generate(chosen_by, pool, best.prices, target, lambda bound: None, over)
    rng = np.random.default_rng(seed)
    options = _round(chosen_by, chains, led.prices, rng)
    proven = led.bound - _worth(chosen_by, options) < 1
    if not proven and not over():
        options, proven = _finish(chosen_by, led, options, rng, over)
    objective = _worth(problem, options)
    proven = best.bound - objective < 1 if favour is not None else proven
    n = len(problem.positions)
    if progress is not None:
        progress(best.bound, objective)
    status = "optimal" if proven else ("stopped" if over() else "feasible")
    return ChainSolution(options, objective, best.bound, status, best.prices[:n], best.prices[n:])


def _generate(
    problem: ChainProblem,
    pool: "_Pool",
    start: Floats | None,
    target: float,
    tell: Callable[[float], None],
    over: Callable[[], bool],
) -> tuple["_Prices", Longs]:
    """(prices of the least bound found, chains in the order in which to take them); `pool` grows."""
    price = _Pricing(problem)
    best = _descend(price, pool, over, start)
    chains = price.chosen[price.chosen[:, 0] >= 0]
    for _ in range(30):
        tell(best.bound)
        if over() or pool.count == 0:
            break
        chains, value, duals = pool.master()
        candidate = price.at(duals)
        pool.add(price.chosen)
        best = min(best, candidate, key=lambda prices: prices.bound)
        if best.bound - value <= target * best.bound:
            break
        middle = price.at((best.prices + duals) / 2)
        pool.add(price.chosen)
        best = min(best, middle, key=lambda prices: prices.bound)
    return best, chains


@dataclass(frozen=True)
class _Prices:
    """Prices of positions then rows, their bound, and how far demand exceeds each limit at them."""

    prices: Floats
    bound: float
    excess: Floats


class _Pricing:
    """Evaluates prices: each worker's best chain in `chosen` int64 [workers, MAX_CHAIN], its value in `best`."""

    def __init__(self, problem: ChainProblem) -> None:
        self.problem = problem
        self.chosen = np.full((problem.n_units, MAX_CHAIN), -1, dtype=np.int64)
        self.best = np.zeros(problem.n_units)
        self._who = np.arange(problem.n_units)
        self._limits = problem.limits.astype(np.float64)
        self._law = problem.rules.law

    def at(self, prices: Floats) -> _Prices:
        problem = self.problem
        value = problem.worth - _option_price(problem, prices)
        best_chains(problem.options, problem.people, self._law, value, self._who, self.chosen, self.best)
        bound = float(self.best.sum() + self._limits @ prices)
        return _Prices(prices, bound, _use(problem, self.chosen[self.chosen >= 0]) - self._limits)


def chain_bound(problem: ChainProblem, vacancy_price: Floats, row_price: Floats) -> float:
    """The upper bound that these prices prove (they are clipped at zero first)."""
    return _Pricing(problem).at(np.maximum(0.0, np.concatenate([vacancy_price, row_price]))).bound


def _option_price(problem: ChainProblem, prices: Floats) -> Floats:
    n, rows = len(problem.positions), problem.rows
    by_vacancy = prices[:n] + rows.vacancy_rows @ prices[n:]
    by_cell = rows.cell_rows @ prices[n:]
    return np.asarray(problem.of_options(by_vacancy[problem.vacancy] + by_cell[rows.cell]))


def _use(problem: ChainProblem, options: Longs) -> Longs:
    """What the options use of each limit: heads per vacancy, then the rows."""
    rows, seats = problem.rows, problem.seats_of(options)
    heads = np.bincount(problem.vacancy[seats], minlength=len(problem.positions))
    cells = np.bincount(rows.cell[seats], minlength=rows.n_cells)
    return np.concatenate([heads, rows.cell_rows.T @ cells + rows.vacancy_rows.T @ heads])


def _descend(price: _Pricing, pool: "_Pool", over: Callable[[], bool], start: Floats | None) -> _Prices:
    """Projected subgradient with momentum, from zero or `start`; the chains of the last steps seed the pool.

    The step falls from 4 % to .03 % of the median weight, the scale of a price; from known prices it starts at .5 %.
    """
    scale = float(np.median(price.problem.weight)) if len(price.problem.weight) else 1.0
    first, steps = (0.04, 200) if start is None else (0.005, 60)
    prices = np.zeros(len(price.problem.limits)) if start is None else start
    mean, square = np.zeros_like(prices), np.zeros_like(prices)
    best = price.at(prices)
    for step in range(steps):
        if over():
            break
        now = price.at(prices)
        best = min(best, now, key=lambda each: each.bound)
        if step >= steps // 2 and step % 5 == 0:
            pool.add(price.chosen)
        mean = 0.9 * mean + 0.1 * now.excess
        square = 0.95 * square + 0.05 * now.excess**2
        size = first * scale * (0.00032 / first) ** (step / steps)
        prices = np.maximum(0.0, prices + size * mean / (np.sqrt(square) + 1e-9))
    price.at(best.prices)
    pool.add(price.chosen)
    return best


class _Pool:
    """The distinct chains seen, as rows of option numbers padded with -1, and the linear program over them."""

    def __init__(self, problem: ChainProblem) -> None:
        self.problem = problem
        self._chains = np.zeros((0, MAX_CHAIN), dtype=np.int64)
        self._seen: set[bytes] = set()
        self._owner = np.repeat(np.arange(problem.n_units, dtype=np.int64), np.diff(problem.options.indptr))

    @property
    def count(self) -> int:
        return len(self._chains)

    def add(self, chosen: Longs) -> None:
        """Add each worker's chain unless it is empty or known."""
        fresh = []
        used = chosen[chosen[:, 0] >= 0]
        width = used.strides[0]
        buffer = np.ascontiguousarray(used).tobytes()
        for row in range(len(used)):
            key = buffer[row * width : (row + 1) * width].rstrip(b"\xff")
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(row)
        self._chains = np.concatenate([self._chains, used[fresh]])

    def master(self) -> tuple[Longs, float, Floats]:
        """(chains in use by falling share, value, prices) of the linear program's optimum over the pool."""
        solved = solve_program(
            self._program(np.zeros(len(self.problem.limits), dtype=np.int64)), whole=False, barrier=True
        )
        if solved.x is None or solved.duals is None:
            raise BadInput("chains", "the minimums cannot all be met", "minimums that the candidates can meet")
        order = np.argsort(-solved.x, kind="stable")
        order = order[solved.x[order] > 1e-6]
        duals = solved.duals[self.problem.n_units :]
        return self._chains[order], solved.objective, np.maximum(0.0, duals)

    def whole(self, options: Longs, taken: Longs, nodes: int = _NODES) -> tuple[Longs, bool]:
        """(the best whole plan over the pool beside what is `taken` of the limits, whether proven best there).

        Never worse than `options`, a plan over the pool. Ends after a number of nodes: the same plan every time.
        """
        solved = solve_program(self._program(taken), node_limit=nodes)
        proven = solved.status == "optimal"
        if solved.x is None or solved.objective <= _worth(self.problem, options) + 0.5:
            return options, proven
        chains = self._chains[solved.x > 0.5]
        return np.sort(chains[chains >= 0]), proven

    def _program(self, taken: Longs) -> Program:
        """The program over the pool: a row a worker, then a row a limit less what is `taken` of it."""
        problem, rows = self.problem, self.problem.rows
        column, place = np.nonzero(self._chains >= 0)
        option = self._chains[column, place]
        n = len(self._chains)
        seat, of = problem.seats_of(option), np.repeat(column, np.diff(problem.options.seats)[option])
        ones = np.ones(len(seat))
        heads = sparse.csr_array((ones, (problem.vacancy[seat], of)), shape=(len(problem.positions), n))
        cells = sparse.csr_array((ones, (rows.cell[seat], of)), shape=(rows.n_cells, n))
        owner = self._owner[self._chains[:, 0]]
        once = sparse.csr_array((np.ones(n), (owner, np.arange(n))), shape=(problem.n_units, n))
        use = rows.cell_rows.T @ cells + rows.vacancy_rows.T @ heads
        limits = np.concatenate([np.ones(problem.n_units), problem.limits - taken]).astype(np.float64)
        return Program(
            gain=np.bincount(column, weights=problem.worth[option], minlength=n).astype(np.float64),
            matrix=sparse.csr_array(sparse.vstack([once, heads, use])),
            lowest=np.full(len(limits), -np.inf),
            limit=limits,
            ceiling=np.ones(n),
            whole=np.ones(n, dtype=np.bool_),
            edge=np.arange(n),
            vacancies=np.arange(len(problem.positions)),
            rows=np.arange(len(rows.limit)),
            first_vacancy_row=problem.n_units,
        )


def _round(problem: ChainProblem, chains: Longs, prices: Floats, rng: np.random.Generator) -> Longs:
    """A whole plan (option numbers, rising) from chains in the order of preference; see :mod:`.chain_rounding`."""
    rows, n = problem.rows, len(problem.positions)
    left = problem.limits.copy()
    mixed = np.zeros(len(left), dtype=np.bool_)
    for matrix in (rows.cell_rows, rows.vacancy_rows):
        coo = matrix.tocoo()
        mixed[n + coo.coords[1][coo.data < 0]] = True
    uses = Uses(problem.vacancy, rows.cell, *_csr(rows.cell_rows), *_csr(rows.vacancy_rows), left)
    options, people, law = problem.options, problem.people, problem.rules.law
    owner = np.repeat(np.arange(problem.n_units), np.diff(problem.options.indptr))
    plan = np.full((problem.n_units, MAX_CHAIN), -1, dtype=np.int64)
    accept(chains, owner[chains[:, 0]], plan, options, people, uses, mixed)
    worth = problem.worth.astype(np.float64)
    reduced = worth - _option_price(problem, prices)
    none = np.zeros_like(mixed)
    if (left < 0).any():
        value = np.where(plan >= 0, reduced[np.maximum(plan, 0)], 0.0).sum(axis=1)
        release(np.argsort(value, kind="stable"), plan, options, uses)
    for counted in (reduced, worth):
        for _ in range(8):
            order = rng.permutation(problem.n_units)
            changed = reinsert(order, plan, counted, options, people, law, uses, none)
            if changed == 0:
                break
    return np.sort(plan[plan >= 0])


def _finish(
    problem: ChainProblem, best: _Prices, options: Longs, rng: np.random.Generator, over: Callable[[], bool]
) -> tuple[Longs, bool]:
    """(a plan at least as good, whether it is proven optimal) by integer programs over the chains near the prices.

    First neighbourhoods: the workers who fall furthest short of their best chain at the prices, and others drawn at
    random, are planned anew beside the rest. Then, for a small problem, everyone at once over every chain that falls
    short by no more than the gap: no other chain can be in a better plan, so that optimum is the problem's.
    """
    value = problem.worth - _option_price(problem, best.prices)
    owner = np.repeat(np.arange(problem.n_units), np.diff(problem.options.indptr))
    price = _Pricing(problem)
    price.at(best.prices)
    idle = 0
    for _ in range(20):
        gap = best.bound - _worth(problem, options)
        if over() or gap < 1 or idle == 3:
            break
        held = np.zeros(problem.n_units)
        np.add.at(held, owner[options], value[options])
        regret = price.best - held
        some = min(problem.n_units // 2, 250)
        urgent = np.argsort(-regret, kind="stable")[: some // 2]
        who = np.union1d(urgent, rng.choice(problem.n_units, some - len(urgent), replace=False))
        again = _replan(problem, value, options, who, owner, gap)[0]
        idle = idle + 1 if len(again) == len(options) and (again == options).all() else 0
        options = again
    if problem.n_units > 500:
        return options, False
    gap = best.bound - _worth(problem, options)
    return _replan(problem, value, options, np.arange(problem.n_units), owner, gap)


def _replan(
    problem: ChainProblem, value: Floats, options: Longs, who: Longs, owner: Longs, slack: float
) -> tuple[Longs, bool]:
    """(a plan at least as good, whether it is the best for these workers) with all others kept as they are.

    Considers the chains of `who` worth their best less `slack` at most; where they are too many, the slack is halved.
    """
    mine = np.zeros(problem.n_units, dtype=np.bool_)
    mine[who] = True
    kept, given = options[~mine[owner[options]]], options[mine[owner[options]]]
    room, complete = (80 if len(who) == problem.n_units else 8) * len(who), True
    while True:
        chains, whole = all_chains_within(
            who, problem.options, problem.people, problem.rules.law, value, slack + 1e-6, room
        )
        if whole:
            break
        slack, complete = slack / 2, False
        if slack < 1:
            return options, False
    pool = _Pool(problem)
    pool.add(chains)
    pool.add(_as_chains(given, owner))
    everyone = len(who) == problem.n_units
    nodes = (_PROOF_NODES if complete else _FEW_NODES) if everyone else _NODES
    again, solved = pool.whole(given, _use(problem, kept), nodes)
    return np.sort(np.concatenate([kept, again])), complete and solved


def _as_chains(options: Longs, owner: Longs) -> Longs:
    """Sorted option numbers as one padded row per worker who has any."""
    people, first, count = np.unique(owner[options], return_index=True, return_counts=True)
    chains = np.full((len(people), MAX_CHAIN), -1, dtype=np.int64)
    for row, (start, length) in enumerate(zip(first, count, strict=True)):
        chains[row, :length] = options[start : start + length]
    return chains


def _worth(problem: ChainProblem, options: Longs) -> int:
    return int(problem.worth[options].sum())


def _csr(matrix: sparse.csr_array) -> tuple[Longs, Longs, Longs]:
    return (
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        matrix.data.astype(np.int64),
    )
