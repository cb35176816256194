"""The whole flow on one page: open this file first.

text -> concepts -> candidates -> rows -> problem -> solution -> plan folder
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import __version__, tables, words
from skillbridge.errors import BadInput
from skillbridge.explain.clash import with_clash
from skillbridge.explain.reasons import unfilled, unplaced
from skillbridge.matching.candidates import Candidates, candidates
from skillbridge.matching.held import Held, held_ref, with_held
from skillbridge.matching.objective import Objective, ordered, parse_objective, terms, weights
from skillbridge.matching.yardstick import yardstick
from skillbridge.model import Counts, Manifest, OrderStep, Plan, RuleUse
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import Rows, compile_rows
from skillbridge.partnerships.rules.employers import TimingRule
from skillbridge.partnerships.turns import turns
from skillbridge.plan_folder import PlanFolder, bundled_settings, certificate, row_keys
from skillbridge.solver.plan import Solution, certified_bound, dual_value, usage, value
from skillbridge.solver.problem import Problem, compile_problem, tightened
from skillbridge.solver.solve import EXACT_WORKERS, Effort, Progress, effort, renew, solve
from skillbridge.solver.stages import Stage, plan_in_order
from skillbridge.solver.ties import settle
from skillbridge.taxonomies.pack import Taxonomy, skill_names
from skillbridge.understanding import understand


@dataclass(frozen=True)
class Step:
    """How far a run has come: the `stage`, its `share` done (0 to 1; None where unknown), and while solving the best
    objective so far with its bound, in points."""

    stage: str
    share: float | None = None
    objective: int = 0
    bound: float = 0.0


AGAIN_SHARE = 0.2
"""The share of a time limit kept for the plan made again, once who waits was asked about what is open."""

AGAIN_PASSES = 3_000
"""The least passes for prices of the plan made again: where those who waited now compete, prices rise far."""

Prices = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Start:
    """From where a solve starts, as `solver.solve` takes it: prices, a legal plan, and how much work is done.

    With `stands` the plan may exceed limits and is gone on from (`solver.renew`) where an exact solve is out of reach.
    """

    prices: Prices | None = None
    plan: npt.NDArray[np.int64] | None = None
    work: Effort | None = None
    stands: bool = False


@dataclass(frozen=True)
class PlaceRequest:
    """What a plan is made from; the same request gives the same plan.

    `workers` and `vacancies` follow tables.WORKERS and tables.VACANCIES; `objective` names a bundled one or a file,
    and `objective_text`, where given, is what it says, as an earlier plan kept it; `limit` is candidates per worker;
    `time_limit` is seconds for the solver (None: as long as its method takes); `keep` (worker_id, vacancy_id) are pairs
    to consider in any case. `as_of` is the day on which vacancies count as applied for that do not say so themselves;
    without it their deadlines and lead times are not judged.
    """

    workers: pl.DataFrame
    vacancies: pl.DataFrame
    partnerships: Sequence[Partnership]
    taxonomy: Taxonomy
    objective: str = "default"
    seed: int = 0
    time_limit: float | None = None
    limit: int = 32
    as_of: date | None = None
    synthetic: tuple[str, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    keep: pl.DataFrame | None = None
    objective_text: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The plan's folder, ready to be written, and what it was found with."""

    folder: PlanFolder
    candidates: Candidates
    rows: Rows
    problem: Problem
    solution: Solution

    @property
    def plan(self) -> Plan:
        """The record of the plan."""
        return self.folder.plan


@dataclass(frozen=True)
class Compiled:
    """A request as the solver is asked it: its tables understood, the legal pairs `found`, the `rows` of the rules over
    them, and the problem that `objective` makes of it all."""

    request: PlaceRequest
    found: Candidates
    rows: Rows
    problem: Problem
    objective: Objective


def compile_request(request: PlaceRequest, tell: Callable[[Step], None]) -> Compiled:
    """The problem of the request. Raises `BadInput` where one is empty or the objective cannot be read."""
    for what, frame in (("workers", request.workers), ("vacancies", request.vacancies)):
        if frame.is_empty():
            raise BadInput(what, "no rows", f"at least one of the {what}")
    tell(Step("understand"))
    workers = understand(request.workers, request.taxonomy)
    vacancies = tables.applied_by(understand(request.vacancies, request.taxonomy), request.as_of)
    found = candidates(
        workers,
        vacancies,
        request.partnerships,
        request.taxonomy,
        limit=request.limit,
        keep=None if request.keep is None else rows_of(request.keep, workers, vacancies),
        progress=lambda share: tell(Step("candidates", share)),
    )
    return _ruled(replace(request, workers=workers, vacancies=vacancies), found, tell)


def _ruled(request: PlaceRequest, found: Candidates, tell: Callable[[Step], None]) -> Compiled:
    """The problem of a request whose tables are understood, over the pairs found."""
    tell(Step("rules"))
    workers, vacancies = request.workers, request.vacancies
    rows = compile_rows(found.edges, workers, vacancies, request.partnerships)
    settings = bundled_settings(request.objective, request.objective_text)
    objective = parse_objective(settings["objective.toml"], request.objective)
    problem = compile_problem(
        found.edges, rows, workers, vacancies, weights(found.edges, workers, vacancies, objective)
    )
    return Compiled(request, found, rows, problem, objective)


def place(
    request: PlaceRequest,
    *,
    progress: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
    adjust: Callable[[Problem, pl.DataFrame, Rows], tuple[Problem, Start]] | None = None,
) -> Outcome:
    """The best legal placements found, with a bound that holds and a reason for whoever has no place.

    `stop` is asked often; once true the best plan so far is given. `adjust` may change what the edges are worth, or
    drop some, and give a start (see :mod:`skillbridge.replan`). Raises `BadInput` for empty inputs.
    """
    tell = progress or (lambda step: None)
    compiled = compile_request(request, tell)
    found, rows, problem, objective = compiled.found, compiled.rows, compiled.problem, compiled.objective
    workers, vacancies = compiled.request.workers, compiled.request.vacancies
    adjusted, start = (problem, Start()) if adjust is None else adjust(problem, found.edges, rows)
    stages: tuple[Stage, ...] = ()
    if names := ordered(objective):
        values = terms(found.edges, workers, vacancies, objective)
        solution, stages = plan_in_order(
            adjusted,
            {name: values[name] for name in names},
            tolerance=objective.tolerance / 1000,
            seed=request.seed,
            time_limit=request.time_limit,
            stop=stop,
            prices=start.prices,
        )
        held = [Held(stage.name, values[stage.name] + 1, stage.held) for stage in stages]
        adjusted = replace(adjusted, rows=with_held(rows, held))
    else:
        again = adjusted is problem and not start.stands and vacancies.height > request.limit
        first, rest = _shared_time(request.time_limit, again)
        solution = _solved(problem, adjusted, start, replace(request, time_limit=first), tell, stop)
        wider = _wider(compiled, solution, start.work, tell) if again and not (stop is not None and stop()) else None
        if wider is not None:
            compiled, start = wider
            found, rows, problem = compiled.found, compiled.rows, compiled.problem
            adjusted = problem
            solution = _solved(problem, problem, start, replace(request, time_limit=rest), tell, stop)
    solution = with_clash(solution, adjusted, request.partnerships)
    in_turn = turns(found.edges, workers, vacancies, request.partnerships, request.seed)
    solution = replace(solution, chosen=settle(adjusted, solution.chosen, *in_turn))
    tell(Step("reasons"))
    folder = folder_of(compiled, solution, stages)
    return Outcome(folder, found, rows, problem, solution)


def _shared_time(time_limit: float | None, again: bool) -> tuple[float | None, float | None]:
    """The solver's seconds for the first plan and, if there may be one, for that with what stays open asked again."""
    if time_limit is None or not again:
        return time_limit, time_limit
    return (1 - AGAIN_SHARE) * time_limit, AGAIN_SHARE * time_limit


def _wider(
    compiled: Compiled, solution: Solution, work: Effort | None, tell: Callable[[Step], None]
) -> tuple[Compiled, Start] | None:
    """The problem with the pairs of who waits and what is open besides, and the plan so far as its start.

    Lists of candidates are short: where the best vacancies are full, those who wait may never have been asked about the
    others. None where nobody waits for what is open, or no pair is new. Groups are not asked again. `work` is what the
    first plan was limited to, if it was; the second is too.
    """
    request, found, problem = compiled.request, compiled.found, compiled.problem
    placed = solution.chosen[solution.chosen >= 0]
    filled = np.bincount(problem.vacancy[placed], minlength=problem.n_vacancies)
    unfilled = np.flatnonzero(filled < problem.positions).astype(np.uint32)
    waiting = np.flatnonzero((solution.chosen < 0) & (problem.group < 0)).astype(np.uint32)
    if not len(unfilled) or not len(waiting):
        return None
    more = candidates(
        request.workers[waiting],
        request.vacancies[unfilled],
        request.partnerships,
        request.taxonomy,
        limit=request.limit,
        progress=lambda share: tell(Step("candidates for what is open", share)),
    ).edges
    more = more.with_columns(
        worker=pl.Series(waiting[more["worker"].to_numpy()]), vacancy=pl.Series(unfilled[more["vacancy"].to_numpy()])
    )
    fresh = more.join(found.edges, on=["worker", "vacancy"], how="anti")
    if fresh.is_empty():
        return None
    edges = pl.concat([found.edges, fresh]).sort("worker", "vacancy")
    asked = fresh["worker"].unique().implode()
    wider = _ruled(
        request, replace(found, edges=edges, without=found.without.filter(~pl.col("worker").is_in(asked))), tell
    )
    key, known = (
        frame["worker"].cast(pl.Int64).to_numpy() * problem.n_vacancies + frame["vacancy"].to_numpy()
        for frame in (edges, found.edges)
    )
    plan = solution.chosen.copy()
    plan[plan >= 0] = np.searchsorted(key, known[placed])
    named = dict(zip(_keys(compiled.rows), solution.row_price.tolist(), strict=True))
    row_price = np.array([named.get(name, 0.0) for name in _keys(wider.rows)], dtype=np.float64)
    if work is None and request.time_limit is None:
        usual = effort(problem.n_workers, None)
        work = replace(usual, passes=max(AGAIN_PASSES, usual.passes))
    return wider, Start((solution.vacancy_price, row_price), plan, work)


def _keys(rows: Rows) -> list[str]:
    return row_keys([(ref.partnership, ref.rule, ref.label) for ref in rows.refs])


def _solved(
    problem: Problem,
    adjusted: Problem,
    start: Start,
    request: PlaceRequest,
    tell: Callable[[Step], None],
    stop: Callable[[], bool] | None,
) -> Solution:
    """The solution for one sum of points: renewed from a plan that stands, or made anew."""

    def progress(report: Progress) -> None:
        tell(Step(f"solve: {report.stage}", None, report.objective, report.bound))

    plan, prices = start.plan, start.prices
    if start.stands:
        if plan is not None and prices is not None and problem.n_workers > EXACT_WORKERS:
            renewed = renew(problem, adjusted, plan, prices, seed=request.seed, progress=progress, stop=stop)
            if renewed is not None:
                return renewed
        plan = None
    return solve(
        adjusted,
        seed=request.seed,
        time_limit=request.time_limit,
        progress=progress,
        stop=stop,
        prices=prices,
        plan=plan,
        work=start.work,
    )


def rows_of(
    pairs: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Row numbers of (worker_id, vacancy_id) pairs; those that are no longer there are left out."""
    numbered = pairs.join(workers.select("worker_id").with_row_index("worker"), on="worker_id").join(
        vacancies.select("vacancy_id").with_row_index("vacancy"), on="vacancy_id"
    )
    numbered = numbered.sort("worker", "vacancy")
    return numbered["worker"].to_numpy().astype(np.int32), numbered["vacancy"].to_numpy().astype(np.int32)


def folder_of(
    compiled: Compiled, solution: Solution, stages: Sequence[Stage] = (), *, seasons: bool = False
) -> PlanFolder:
    """The plan's folder of a solution, with its reasons.

    With `seasons`, `solution.chosen` names the edges of all placements, several a worker, and its bound is the one that
    the prices prove for chains.
    """
    request, found, rows, problem = compiled.request, compiled.found, compiled.rows, compiled.problem
    workers, vacancies, edges = request.workers, request.vacancies, found.edges
    placements = placements_of(edges, solution, workers, vacancies, request.partnerships)
    counts = Counts(
        workers=workers.height,
        vacancies=vacancies.height,
        positions=int(vacancies["positions"].sum()),
        edges=edges.height,
        placed=placements.height,
    )
    bound = solution.bound if seasons else certified_bound(problem, solution)
    points = value(problem, solution.chosen)
    plan = Plan(
        status=solution.status,
        method=solution.method,
        objective=points,
        bound=bound,
        gap=max(0.0, (bound - points) / bound) if bound > 0 else 0.0,
        seconds=0.0,
        cpu_seconds=0.0,
        peak_rss_mb=0.0,
        counts=counts,
        rules=rule_use(rows, problem, solution),
        refused=dict(sorted(found.refused.items())),
        manifest=Manifest(
            version=__version__,
            seed=request.seed,
            objective=compiled.objective.name,
            time_limit=request.time_limit,
            limit=request.limit,
            as_of=request.as_of,
            seasons=seasons,
            hashes=dict(request.hashes),
            versions={"taxonomy": request.taxonomy.id, "taxonomy_version": request.taxonomy.version}
            | {f"partnership {one.id}": one.version for one in request.partnerships},
            synthetic=request.synthetic,
            relaxed=tuple(f"{one.id}/{rule}" for one in request.partnerships for rule in one.relaxed),
        ),
        notes=(*solution.notes, *unjudged(vacancies, request.partnerships)),
        solver_bound=solution.bound if solution.status == "optimal" and solution.bound < bound else None,
        rules_bound=None
        if solution.whole_heads is None
        else dual_value(problem, solution.vacancy_price, solution.row_price),
        order=tuple(
            OrderStep(one.name, one.status, one.reached, one.held, one.bound, one.alone, one.price) for one in stages
        ),
    )
    return PlanFolder(
        plan=plan,
        workers=workers,
        vacancies=vacancies,
        edges=edges,
        partnerships=tuple(request.partnerships),
        taxonomy=request.taxonomy,
        settings=bundled_settings(request.objective, request.objective_text),
        placements=placements,
        unfilled=unfilled(
            workers, vacancies, request.partnerships, found, problem, solution, yardstick(request.taxonomy)
        ),
        unplaced=unplaced(workers, vacancies, request.partnerships, found, problem, solution),
        certificate=_certificate(vacancies, problem, solution, stages),
        names=skill_names(request.taxonomy, words.LANGUAGES),
    )


def unjudged(vacancies: pl.DataFrame, partnerships: Sequence[Partnership]) -> list[str]:
    """What the plan must say of deadlines that nobody could judge: how many vacancies do not say when applied for."""
    silent = int(vacancies["applied_on"].null_count())
    rules = [
        f"{one.id}/{rule.id}"
        for one in partnerships
        for rule in one.binding
        if isinstance(rule, TimingRule) and rule.has_deadline
    ]
    if not silent or not rules:
        return []
    return [f"{silent} vacancies have no applied_on and the plan no as_of: not judged for them: {', '.join(rules)}"]


def _certificate(
    vacancies: pl.DataFrame, problem: Problem, solution: Solution, stages: Sequence[Stage]
) -> pl.DataFrame:
    """Every price of the solution and of the stages of an order, as the table of the plan's folder."""
    own = problem.rows.refs
    sets = [("", own, solution.vacancy_price, solution.row_price)]
    if solution.whole_heads is not None:
        whole = solution.whole_heads
        sets.append(("whole ", tightened(problem).rows.refs, whole.vacancy_price, whole.row_price))
    for number, stage in enumerate(stages):
        before = tuple(held_ref(one.name, one.held) for one in stages[:number])
        sets.append((f"{stage.name} ", own + before, *stage.prices))
        if number:
            sets.append((f"{stage.name} alone ", own, *stage.alone_prices))
    return pl.concat(
        certificate(
            vacancies["vacancy_id"],
            at_vacancies.tolist(),
            row_keys([(ref.partnership, ref.rule, ref.label) for ref in refs]),
            at_rows.tolist(),
            kinds=(f"{kind}vacancy", f"{kind}row"),
        )
        for kind, refs, at_vacancies, at_rows in sets
    )


def placements_of(
    edges: pl.DataFrame,
    solution: Solution,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
) -> pl.DataFrame:
    """The chosen edges as tables.PLACEMENTS, sorted by worker_id and start."""
    chosen = edges[np.sort(solution.chosen[solution.chosen >= 0])]
    names = pl.Series([partnership.id for partnership in partnerships], dtype=pl.String)
    return tables.conform(
        chosen.with_columns(
            worker_id=workers["worker_id"].gather(chosen["worker"]),
            vacancy_id=vacancies["vacancy_id"].gather(chosen["vacancy"]),
            employer_id=vacancies["employer_id"].gather(chosen["vacancy"]),
            partnership=names.gather(chosen["pathway"].cast(pl.UInt32)),
        ),
        tables.PLACEMENTS,
    ).sort("worker_id", "start")


def rule_use(rows: Rows, problem: Problem, solution: Solution) -> tuple[RuleUse, ...]:
    """Limit, use and price of every row, in the order of `rows.refs`."""
    _, used = usage(problem, solution.chosen)
    return tuple(
        RuleUse(ref.partnership, ref.rule, ref.label, ref.unit, int(limit), int(use), round(float(price), 3))
        for ref, limit, use, price in zip(rows.refs, rows.limit, used, solution.row_price, strict=True)
    )


def measured(outcome: Outcome, seconds: float, cpu_seconds: float, peak_rss_mb: float) -> Outcome:
    """The outcome with what the run cost, measured by whoever holds the clock."""
    cost = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "peak_rss_mb": round(peak_rss_mb, 1),
    }
    plan = msgspec.structs.replace(outcome.plan, **cost)
    return replace(outcome, folder=replace(outcome.folder, plan=plan))
