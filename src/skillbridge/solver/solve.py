"""One call from a problem to a plan with its proof; the method is chosen by size and time, and said."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.model import PlanStatus
from skillbridge.partnerships.rows import Rows
from skillbridge.solver.board import Board
from skillbridge.solver.dive import dive, repair
from skillbridge.solver.exact import flow_around, program, solve_program
from skillbridge.solver.greedy import greedy
from skillbridge.solver.moves import improve
from skillbridge.solver.parts import improve_doubtful, improve_regions, regions, relaxed
from skillbridge.solver.plan import Solution, WholeHeads, broken, value
from skillbridge.solver.prices import descend, sample
from skillbridge.solver.pricing import Floats, Ints, Pricer
from skillbridge.solver.problem import Problem, checked, tightened
from skillbridge.solver.swaps import near_edges

EXACT_WORKERS = 2_000
"""Up to here the whole problem goes to the exact solver at once."""
EXACT_EDGES = 10_000
"""Beyond `EXACT_WORKERS` it does where no more edges can be in a plan better than the one known."""
SAMPLED_WORKERS = 200_000
"""From here on the first prices come from a sample of the workers."""
EXACT_WORK = 1e13
"""Nodes times edges cubed that the exact solver is given: its work ends at the same place on any machine."""
ENOUGH = 0.0005
"""The gap at which a search without a time limit ends, above `EXACT_WORKERS`."""
FEW_NODES = 100
"""Below as many nodes only the bound of the exact solver is asked for: parts placed anew give better plans."""
SLACK = 0.5
"""Points by which an exact solver's bound may be below a known plan's worth before it is held to be wrong."""
FLOW_REACH = 300.0
"""Points to a worker's best choice within which a flow may place it."""
PART_EDGES = 700.0
"""Edges that are free in the first part placed anew; more in the next after a part solved to its end, else fewer."""
PLAIN_PASSES = 300
"""Passes for the prices of a problem's own rows, after those with rows implied in whole heads are known."""


@dataclass(frozen=True)
class Progress:
    """How far a solve has come: what it does, the best plan's points so far, and the least bound so far."""

    stage: str
    objective: int
    bound: float


@dataclass(frozen=True)
class Effort:
    """How much is done: passes for prices, dives, from where chains start, exact parts, and the whole exactly.

    The search ends once the gap is `enough` (0 to 1) or less.
    """

    passes: int
    dives: int
    starts: tuple[float, ...]
    parts: int
    exact: bool = False
    enough: float = 0.0


def effort(workers: int, time_limit: float | None) -> Effort:
    """The work planned for a problem of `workers` within `time_limit` seconds (None: until the gap is `ENOUGH`).

    Under about 10 seconds and 60 more per million workers, the plan is made once and not improved.
    """
    if time_limit is None:
        return replace(effort(workers, np.inf), enough=0.0 if workers <= EXACT_WORKERS else ENOUGH)
    fast = time_limit < 10 + workers * 60e-6
    if workers >= SAMPLED_WORKERS:
        return Effort(60, 1, (), 0) if fast else Effort(min(1_000, 300_000_000 // workers), 2, (0.0,), 0)
    if workers > 20_000:
        return Effort(1_000, 1, (), 0) if fast else Effort(2_000, 2, (0.0, 15.0), 0)
    if workers <= EXACT_WORKERS:
        return Effort(min(1_500, 200 + 5 * workers), 2, (0.0, 15.0), 6 if fast else 40, True)
    return Effort(1_000, 2, (0.0,), 0) if fast else Effort(5_000, 3, (0.0, 15.0), 20)


class _Search:
    """A solve under way: the best legal plan so far, and the least bound."""

    def __init__(self, problem: Problem, bound: float, tell: Callable[[Progress], None] | None) -> None:
        self.problem, self._tell = problem, tell
        self.unit = _unit(problem)
        self.bound = np.inf
        self.prove(bound)
        self.chosen: Ints = np.full(problem.n_workers, -1, np.int64)
        self.objective = None if broken(problem, self.chosen) else value(problem, self.chosen)
        self.notes: tuple[str, ...] = ()

    def prove(self, bound: float) -> None:
        """Keep the `bound` if it is less, down to the next multiple of what all plans' points are multiples of."""
        if self.unit > 1 and np.isfinite(bound):
            bound = float(np.floor(bound / self.unit + 1e-9) * self.unit)
        self.bound = min(self.bound, bound)

    @property
    def proven(self) -> bool:
        """Whether no plan is better than the best one."""
        return self.objective is not None and self.bound < self.objective + self.unit

    def near(self, gap: float) -> bool:
        """Whether the best plan lacks no more than `gap` (0 to 1) to the bound."""
        return self.objective is not None and self.objective >= (1.0 - gap) * self.bound

    def offer(self, stage: str, board: Board) -> None:
        """Keep the plan on `board` if it is legal and better, and tell of the `stage`."""
        if board.legal:
            worth = value(self.problem, board.chosen)
            if self.objective is None or worth > self.objective:
                self.chosen, self.objective = board.chosen.copy(), worth
        self.tell(stage)

    def tell(self, stage: str) -> None:
        if self._tell is not None:
            self._tell(Progress(stage, self.objective or 0, self.bound))


def _unit(problem: Problem) -> int:
    """What every plan's points are a multiple of."""
    unit = 0
    for start in range(0, len(problem.weight), 10_000):
        unit = int(np.gcd.reduce(problem.weight[start : start + 10_000], initial=unit))
        if unit == 1:
            break
    return max(1, int(np.gcd.reduce([unit, *(int(ref.penalty) for ref in problem.rows.refs if ref.penalty)])))


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    prices: tuple[Floats, Floats] | None = None,
    plan: Ints | None = None,
    work: Effort | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Solution:
    """The best plan found with the bound that its prices prove; never an illegal plan.

    `time_limit` in seconds of `clock` (None: as long as the method takes); it and the size choose the method, so that
    the same problem, seed and limit give the same plan unless the time runs out. `stop` is asked often; once true,
    the best legal plan so far is given back with the status `stopped`. `prices` (vacancy_price, row_price) of an
    earlier solution of a similar problem are a start (`row_price` may go on with those of the rows that `tightened`
    adds), and so is a legal `plan` (int64 [workers], edges or -1), than which the result is never worse. `work` is
    how much is done, where that is not to follow from size and limit. `progress` is told of every stage. A problem that
    nothing satisfies gives the status `infeasible` and nobody placed (`conflicts.conflict` says why). Raises
    `BadInputs` for a problem that cannot be used, `BadInput` for a plan that is not legal.
    """
    given = checked(problem)
    problem = tightened(given)
    begin = clock()

    def over(share: float) -> bool:
        return (stop is not None and stop()) or (time_limit is not None and clock() - begin >= share * time_limit)

    def halted() -> bool:
        return over(1.0)

    def seconds() -> float | None:
        return None if time_limit is None else max(1.0, time_limit - (clock() - begin))

    pricer = Pricer(problem)
    plain = pricer if problem is given else Pricer(given)
    start = np.zeros(len(pricer.limits))
    if prices is not None:
        known = np.concatenate(prices)
        start[: len(known)] = known
    price = np.clip(start, 0.0, pricer.ceiling)
    search = _Search(given, pricer.demand(price).value, progress)
    todo = work or effort(problem.n_workers, time_limit)
    if plan is not None:
        if wrong := broken(given, plan):
            raise BadInput("plan", wrong[0], "a legal plan to start from")
        search.offer("given", Board(plain, plan))
        todo = work or replace(todo, starts=todo.starts or (0.0,))
    search.offer("greedy", greedy(plain))
    status: PlanStatus = "feasible"
    method = "greedy"
    try:
        if not halted():
            price = _find_prices(search, pricer, price, todo.passes, seed, prices is not None, lambda: over(0.8))
        near, at = _charging(given, pricer, price)
        for number in range(todo.dives):
            if not halted() and not search.near(todo.enough):
                search.offer("dives", dive(near, at, plain, step=(10.0, 20.0, 5.0)[number % 3], stopped=halted))
        method = "prices and dives"
        left = _that_matter(search, pricer, price)
        few = len(left) + len(pricer.groups.edge) <= EXACT_EDGES and not search.near(todo.enough)
        if (todo.exact or few or search.objective is None) and not halted():
            status = _exactly(search, pricer, left, seconds(), seed)
            method = "exact" if status == "optimal" else "prices, dives and exact"
        improvable = search.objective is not None and not search.near(todo.enough)
        if status == "feasible" and todo.starts and improvable and not halted():
            if given.n_rows:
                method += _by_moves(search, near, at, todo, seed, halted, seconds)
            else:
                method += _by_flow(search, near, at, seed, halted)
    except MemoryError:
        search.notes += (f"memory ran short after {method}: this is the best plan found until then",)
    if halted() and status == "feasible" and stop is not None and stop():
        status = "stopped"
    return _solution(search, pricer, price, status, search.bound, method)


RENEWED = 4
"""Renewing a plan takes this much less passes for prices than solving anew, and half of that where no parts follow."""
MENDED = 0.01
"""The gap, counting the favour of stays, at which a mended plan to which no parts follow is not improved by chains."""


def renew(
    problem: Problem,
    favoured: Problem,
    plan: Ints,
    prices: tuple[Floats, Floats],
    *,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Solution | None:
    """A plan that goes on from what stands, with the bound that prices prove; None where that cannot be made legal.

    `favoured` is the problem with stays worth more, which is what moves are weighed by; value and bound are those of
    `problem`. `plan` (int64 [workers], edges or -1) is what stands: it may exceed limits, and what exceeds them gives
    way at least cost, or a dive at prices of the favoured problem keeps more of it: there most stays are their
    worker's best choice. `prices` are those of the standing plan. A third of the work of :func:`solve` at most; whoever
    stands moves only for a limit or for more than the favour. A note says what keeping people can cost.
    """
    given = checked(problem)
    pricer = Pricer(tightened(given))
    start = np.zeros(len(pricer.limits))
    start[: given.n_vacancies + given.n_rows] = np.concatenate(prices)
    price = np.clip(start, 0.0, pricer.ceiling)
    search = _Search(given, pricer.demand(price).value, progress)
    halted = stop or (lambda: False)
    todo = effort(given.n_workers, None)
    passes = max(100, todo.passes // (RENEWED if todo.parts else 2 * RENEWED))
    price = _find_prices(search, pricer, price, passes, seed, True, halted)
    dearer = checked(favoured).weight
    favouring = Pricer(replace(pricer.problem, weight=dearer))
    led, most = descend(favouring, price, passes, (10.0, 0.4), stopped=halted)
    near, at = _charging(replace(given, weight=dearer), favouring, led)
    plain = Pricer(replace(given, weight=dearer))
    board = Board(plain, _whole(given, plan))
    repair(board, near, at)
    board = max(
        board, dive(near, at, plain, stopped=halted), key=lambda one: one.legal * value(plain.problem, one.chosen)
    )
    lacking = todo.parts > 0 or value(plain.problem, board.chosen) < (1.0 - MENDED) * most
    if board.legal and lacking and not halted():
        board = Board(near, board.chosen)
        improve(board, at, within=60.0, reach=100.0, starts=(0.0,), sweeps=1, who="alone", seed=seed, stopped=halted)
        edges, region = PART_EDGES, regions(given)
        for number in range(0 if todo.exact or halted() else todo.parts // 2):
            edges = improve_regions(board, at, region, edges=edges, seed=seed + number)
            improve(board, at, within=60.0, reach=100.0, starts=(0.0,), sweeps=1, who="alone", seed=seed + number)
    if not board.legal:
        return None
    search.chosen, search.objective = board.chosen, value(given, board.chosen)
    search.notes += _stability(search, plan, most, dearer - given.weight)
    search.tell("what stands, mended")
    status: PlanStatus = "stopped" if halted() else "feasible"
    return _solution(search, pricer, price, status, search.bound, "renewed from a standing plan")


def _stability(search: _Search, plan: Ints, most: float, favour: npt.NDArray[np.int32]) -> tuple[str, ...]:
    """What keeping people costs, in words: `most` bounds every plan's worth with the `favour` of its stays."""
    stands = plan[plan >= 0]
    kept = stands[search.chosen[plan >= 0] == stands]
    if not len(kept) or not np.isfinite(most):
        return ()
    at_most = max(float(search.objective or 0), most - float(favour[kept].sum(dtype=np.int64)))
    said = f"{len(kept):,} of {len(stands):,} placements that still stand are kept"
    return (f"{said}: no plan that keeps them all is worth more than {at_most:,.0f} points",)


def _whole(problem: Problem, plan: Ints) -> Ints:
    """The plan without groups of which not all stand at one place."""
    kept = plan.copy()
    member = np.flatnonzero(problem.group >= 0)
    if len(member):
        group, held = problem.group[member], plan[member]
        where = np.where(held >= 0, problem.place[problem.vacancy[np.maximum(held, 0)]], -1)
        lowest, highest = np.full(int(group.max()) + 1, np.iinfo(np.int32).max), np.full(int(group.max()) + 1, -1)
        np.minimum.at(lowest, group, where)
        np.maximum.at(highest, group, where)
        kept[member[(lowest != highest)[group]]] = -1
    return kept


def _by_flow(search: _Search, pricer: Pricer, price: Floats, seed: int, halted: Callable[[], bool]) -> str:
    """Without rows: improve the best plan by a flow around the groups, and by moving groups; what was done."""
    near, _, _ = near_edges(pricer, price, FLOW_REACH)
    crews = bool(pricer.groups.n_groups)
    for number in range(2 if crews else 1):
        if halted():
            break
        board = Board(pricer, flow_around(pricer.problem, search.chosen, near))
        if crews and not number:
            improve(board, price, within=60.0, reach=100.0, starts=(0.0,), who="groups", seed=seed, stopped=halted)
        search.offer("flow around groups" if crews else "flow", board)
    return ", flow around groups" if crews else ", flow"


def _by_moves(
    search: _Search,
    pricer: Pricer,
    price: Floats,
    todo: Effort,
    seed: int,
    halted: Callable[[], bool],
    seconds: Callable[[], float | None],
) -> str:
    """Improve the best plan by chains of moves and by placing parts anew exactly; what was done, in words.

    `seconds` says how many are left.
    """
    board = Board(pricer, search.chosen)

    def over() -> bool:
        return halted() or value(search.problem, board.chosen) >= (1.0 - todo.enough) * search.bound

    improve(board, price, within=60.0, reach=100.0, starts=todo.starts, seed=seed, stopped=over)
    search.offer("chains of moves", board)
    done = ", chains of moves"
    share = relaxed(pricer) if todo.exact and todo.parts else None
    region = regions(search.problem) if todo.parts else None
    doubtful, edges = 500.0, PART_EDGES
    for number in range(todo.parts):
        if (
            halted()
            or search.objective is None
            or search.bound < search.objective + search.unit
            or search.near(todo.enough)
        ):
            break
        if share is not None and number % 3 == 2:
            doubtful = improve_doubtful(
                board, price, share, edges=doubtful, within=60.0, seed=seed + number, seconds=seconds()
            )
        elif region is not None:
            edges = improve_regions(board, price, region, edges=edges, seed=seed + number, seconds=seconds())
        improve(board, price, within=60.0, reach=100.0, starts=(0.0,), sweeps=1, seed=seed + number)
        search.offer("parts", board)
        done = ", chains of moves, exact parts"
    return done


def _charging(given: Problem, pricer: Pricer, price: Floats) -> tuple[Pricer, Floats]:
    """A pricer and prices over the rows of `given` and those implied ones that charge something: plans come faster."""
    charges = np.concatenate([np.ones(given.n_rows, bool), price[given.n_vacancies + given.n_rows :] > 0])
    if charges.all():
        return pricer, price
    kept = np.flatnonzero(charges)
    rows = pricer.problem.rows
    few = Rows(
        rows.cell,
        rows.limit[kept],
        sparse.csr_array(rows.cell_rows[:, kept]),
        sparse.csr_array(rows.vacancy_rows[:, kept]),
        tuple(rows.refs[row] for row in kept.tolist()),
    )
    at = price[np.concatenate([np.arange(given.n_vacancies), given.n_vacancies + kept])]
    return Pricer(replace(given, rows=few)), at


def _find_prices(
    search: _Search,
    pricer: Pricer,
    price: Floats,
    passes: int,
    seed: int,
    warm: bool,
    halted: Callable[[], bool],
) -> Floats:
    """Prices of a lower bound, found on a sample of the workers first where there are many, then on all."""
    given = price
    first = 60.0
    if warm:
        first = 20.0
    elif pricer.problem.n_workers >= SAMPLED_WORKERS:
        share = 50_000 / pricer.problem.n_workers
        for part, step in ((share, (60.0, 3.0)), (3 * share, (10.0, 1.0))):
            singles, groups, limits = sample(pricer, min(1.0, part), seed)
            price, _ = descend(pricer, price, 400, step, singles=singles, groups=groups, limits=limits, stopped=halted)
            search.tell("prices from a sample")
        first = 5.0
    price, bound = descend(pricer, price, passes, (first, 0.4), stopped=halted)
    better = bound < pricer.demand(given).value
    search.prove(bound)
    search.tell("prices")
    return price if better else given


def _that_matter(search: _Search, pricer: Pricer, price: Floats) -> Ints:
    """The edges of workers alone that can be in a plan better than the one known, and those of that plan.

    Whoever takes an edge that lacks more to the worker's best than the plan to the bound of `price` ends below it.
    """
    lack = np.inf if search.objective is None else pricer.demand(price).value - search.objective
    held = search.chosen[(search.chosen >= 0) & (pricer.problem.group < 0)]
    return np.union1d(near_edges(pricer, price, (max(0.0, lack) + SLACK) / pricer.scale)[0], held)


def _exactly(search: _Search, pricer: Pricer, edges: Ints, seconds: float | None, seed: int) -> PlanStatus:
    """The status after the exact solver had all groups and the `edges` that matter; a better bound or plan is kept.

    Where few nodes are affordable, only its bound before the first branching is asked for, unless groups are most of
    it, whom parts placed anew hardly help.
    """
    problem = pricer.problem
    found = program(pricer, edges, pricer.all_groups, pricer.limits)
    nodes = 1 + min(1_000_000, round(EXACT_WORK / (1 + len(found.edge)) ** 3))
    alone = len(edges) > len(found.edge) / 2
    bound_only = search.objective is not None and nodes < FEW_NODES and alone
    nodes = 1 if nodes < FEW_NODES else nodes
    if bound_only and seconds is not None:
        seconds /= 2  # the rest is for a better plan
    start = None if search.objective is None else search.chosen[search.chosen >= 0]
    answer = solve_program(found, time_limit=seconds, node_limit=nodes, seed=seed, bound_only=bound_only, start=start)
    if answer.status == "infeasible" and search.objective is None:
        search.bound = 0.0
        return "infeasible"
    if answer.edges is not None:
        chosen = np.full(problem.n_workers, -1, np.int64)
        chosen[np.searchsorted(problem.indptr, answer.edges, side="right") - 1] = answer.edges
        search.offer("exact", Board(pricer, chosen))
    known = -np.inf if search.objective is None else search.objective
    if answer.status == "infeasible" or answer.bound < known - SLACK:
        said = "that nothing is legal" if answer.status == "infeasible" else f"a bound of {answer.bound:,.1f}"
        search.notes += (f"the exact solver claimed {said}, which the plan of {known:,} points refutes: not used",)
        return "feasible"
    search.prove(answer.bound)
    return "optimal" if answer.status == "optimal" or search.proven else "feasible"


def _solution(
    search: _Search, pricer: Pricer, price: Floats, status: PlanStatus, proven: float, method: str
) -> Solution:
    """What the search ends with, in terms of the problem as given, before rows implied in whole heads were added."""
    given, whole = search.problem, None
    n = given.n_vacancies
    if pricer.problem is not given:
        whole = WholeHeads(price[:n], price[n:])
        price, _ = descend(Pricer(given), price[: n + given.n_rows], PLAIN_PASSES, (10.0, 0.4))
    chosen = search.chosen
    if search.objective is None:
        notes = (*search.notes, "no plan that meets every minimum was found")
        return Solution(chosen, 0, max(0.0, proven), "infeasible", method, price[:n], price[n:], notes, whole)
    wrong = broken(given, chosen)
    if wrong:
        raise AssertionError(f"the plan is not legal: {wrong[:3]}")
    proven = max(proven, search.objective)
    if proven < search.objective + search.unit and status == "feasible":
        status = "optimal"
    notes = search.notes
    return Solution(chosen, search.objective, proven, status, method, price[:n], price[n:], notes, whole)
