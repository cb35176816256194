"""One worker or one vacancy against a standing plan: the best legal places in an instant, without a new solve.

A place is free where the vacancy has an open position, no hard row would break and no group would be parted. Nothing
that was decided moves. What costs time is done once, by :func:`openings`; a question then looks at no more than the
edges of its worker or vacancy, or ranks what a newcomer could take and asks the agreements only of the best.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from skillbridge.errors import BadInput
from skillbridge.explain.explainer import Explainer
from skillbridge.matching.beside import Ahead, Beside, beside
from skillbridge.matching.objective import WORKER_COLUMNS, points, promise, terms
from skillbridge.partnerships.admission import admission, shut
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import Rows, compile_rows
from skillbridge.partnerships.view import employer_countries
from skillbridge.solver.plan import penalties

I64 = npt.NDArray[np.int64]
Ints = npt.NDArray[np.signedinteger]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Frames = tuple[pl.DataFrame, pl.DataFrame]
FULL, GROUP = "full", "group"


class Place(msgspec.Struct, frozen=True):
    """A legal pair as it stands now.

    `gain` is what the plan's objective changes by, in points, if the pair is taken (a placed worker gives up its
    place); `terms` the change of each objective term in its own unit; `free` whether it can be taken at once, and
    `blocked_by` what stands in the way if not: `full`, `group` (the worker goes with others, who are not there) or
    `partnership/rule: label`.
    """

    worker_id: str
    vacancy_id: str
    partnership: str
    start: date
    end: date
    score: int
    gain: int
    terms: dict[str, int]
    free: bool
    blocked_by: str | None


@dataclass(frozen=True, eq=False)
class Openings:
    """A standing plan with what insertions look up, made once by :func:`openings`.

    `vacancy_at` and `by_vacancy`: the edges of vacancy v are by_vacancy[vacancy_at[v]:vacancy_at[v + 1]]. `left` int64
    [rows]: what the plan leaves of each row; `left_of` the same by (partnership, rule, label). `together` int32
    [workers]: the place where all the others of the worker's group are, -1 for a worker on its own, -2 where they are
    nowhere or apart. `waiting` int32: the workers without a place, in order. `relief`: the most points of penalties
    that one more placement may spare. `served`: by agreement, the vacancies that it may be about (:func:`_served`).
    """

    explainer: Explainer
    vacancy_at: I64
    by_vacancy: I64
    left: I64
    left_of: dict[tuple[str, str, str], int]
    penalty: F64
    together: npt.NDArray[np.int32]
    waiting: npt.NDArray[np.int32]
    relief: int
    employers: dict[str, str]
    served: dict[str, Bools]
    beside: Beside


def openings(explainer: Explainer) -> Openings:
    """The index of a plan opened by :func:`skillbridge.explain.open_plan`; some seconds for a million workers."""
    problem, folder = explainer.problem, explainer.folder
    at = np.zeros(problem.n_vacancies + 1, dtype=np.int64)
    np.cumsum(np.bincount(problem.vacancy, minlength=problem.n_vacancies), out=at[1:])
    waiting = np.flatnonzero(explainer.chosen < 0).astype(np.int32)
    left, penalty = problem.rows.limit - explainer.state.used, penalties(problem)
    together = _together(explainer)
    left_of: dict[tuple[str, str, str], int] = {}
    for ref, rest in zip(problem.rows.refs, left.tolist(), strict=True):
        key = (ref.partnership, ref.rule, ref.label)
        left_of[key] = min(rest, left_of.get(key, rest))
    return Openings(
        explainer=explainer,
        vacancy_at=at,
        by_vacancy=np.argsort(problem.vacancy, kind="stable"),
        left=left,
        left_of=left_of,
        penalty=penalty,
        together=together,
        waiting=waiting,
        relief=_relief(problem.rows, left, penalty),
        employers=employer_countries(folder.vacancies),
        served={one.id: _served(folder.vacancies, one) for one in folder.partnerships},
        beside=beside(folder.workers, folder.vacancies, explainer.search, explainer.measure, waiting, together != -1),
    )


def _relief(rows: Rows, left: I64, penalty: F64) -> int:
    """`Openings.relief`: what the soft rows that are exceeded as it stands would spare together."""
    most = np.zeros(len(left))
    for matrix in (rows.cell_rows, rows.vacancy_rows):
        entries = matrix.tocoo()
        np.maximum.at(most, entries.coords[1], -entries.data)
    short = np.isfinite(penalty) & (left < 0)
    return int(np.ceil((np.minimum(most, -left)[short] * penalty[short]).sum()))


def _together(explainer: Explainer) -> npt.NDArray[np.int32]:
    """`Openings.together`: in a legal plan the members of a group are all at one place, or nowhere."""
    problem, chosen = explainer.problem, explainer.chosen
    found = np.full(problem.n_workers, -1, dtype=np.int32)
    member = np.flatnonzero(problem.group >= 0)
    if not len(member):
        return found
    group = problem.group[member]
    n = int(group.max()) + 1
    placed = chosen[member] >= 0
    where = np.where(placed, problem.place[problem.vacancy[np.maximum(chosen[member], 0)]], -2)
    size, there = np.bincount(group, minlength=n), np.bincount(group, weights=placed, minlength=n)
    lowest, highest = np.full(n, np.iinfo(np.int32).max), np.full(n, -2)
    np.minimum.at(lowest, group[placed], where[placed])
    np.maximum.at(highest, group[placed], where[placed])
    whole = (there[group] - placed == size[group] - 1) & (lowest == highest)[group]
    found[member] = np.where(whole, highest[group], -2)
    return found


def places_of_worker(plan: Openings, worker_id: str, *, limit: int = 10) -> list[Place]:
    """The worker's candidate places, free ones first, each by falling gain. Raises `BadInput` for an unknown worker."""
    worker = plan.explainer.worker(worker_id)
    edges = np.arange(*plan.explainer.problem.indptr[worker : worker + 2])
    return _listed(plan, edges[edges != plan.explainer.chosen[worker]], limit)


def places_of_vacancy(plan: Openings, vacancy_id: str, *, limit: int = 10) -> list[Place]:
    """The candidates for the vacancy, free ones first, each by falling gain. Raises `BadInput` for an unknown one."""
    vacancy = plan.explainer.vacancy(vacancy_id)
    edges = plan.by_vacancy[plan.vacancy_at[vacancy] : plan.vacancy_at[vacancy + 1]]
    return _listed(plan, edges[plan.explainer.chosen[plan.explainer.state.worker[edges]] != edges], limit)


def places_of_new_worker(plan: Openings, worker: pl.DataFrame, *, limit: int = 10) -> list[Place]:
    """The places for somebody who is not in the plan: one row of tables.WORKERS with concept and isco filled."""
    folder = plan.explainer.folder
    _one(worker, "worker_id", folder.workers)
    origin, vacancies = worker["origin"][0], folder.vacancies
    agreements = [one for one in folder.partnerships if not one.origins or origin in one.origins]
    served = np.zeros(vacancies.height, dtype=np.bool_)
    for one in agreements:
        served |= plan.served[one.id]
    some, score, start, end = plan.beside.vacancies_for(worker, served)
    full = (plan.explainer.state.heads >= plan.explainer.problem.positions)[some]
    group = worker["group_id"][0]
    apart = np.zeros(len(some), dtype=np.bool_)
    if group:
        others = np.flatnonzero((folder.workers["group_id"] == group).fill_null(value=False).to_numpy())
        held = plan.explainer.chosen[others]
        where = plan.explainer.problem.place[plan.explainer.problem.vacancy[held[held >= 0]]]
        apart |= len(others) > 0 and (len(where) < len(others) or len(np.unique(where)) > 1)
        if len(where):
            apart |= plan.explainer.problem.place[some] != where[0]
    edges = _edges(np.zeros(len(some), dtype=np.int64), some, start, end, score)
    batch = _Batch.of(plan, edges, some, (worker, vacancies), (full, apart), None)
    return _fresh(plan, iter([batch]), agreements, limit)


def places_of_new_vacancy(plan: Openings, vacancy: pl.DataFrame, *, limit: int = 10) -> list[Place]:
    """The unplaced workers for a vacancy not in the plan: one row of tables.VACANCIES, concept and isco filled."""
    folder, explainer = plan.explainer.folder, plan.explainer
    _one(vacancy, "vacancy_id", folder.vacancies)
    there = vacancy["destination"][0]
    agreements = [one for one in folder.partnerships if not one.destination or there in one.destination]
    closed = shut(vacancy, folder.workers.head(1), agreements)
    paths = [one for one in agreements if one.id not in closed and _served(vacancy, one).all()]
    if not paths:
        return []
    everybody = any(not one.origins for one in paths)
    origins = {origin for one in paths for origin in one.origins}
    opened = np.array([everybody or origin in origins for origin in plan.beside.origins], dtype=np.bool_)
    worth = promise(vacancy, explainer.objective, rates=explainer.measure.rates)
    full = (vacancy["positions"][0] or 0) < 1

    def batches() -> Iterator[_Batch]:
        for (some, score, start, end), ahead in plan.beside.workers_for(vacancy, opened, worth, full=full):
            edges = _edges(some, np.zeros(len(some), dtype=np.int64), start, end, score)
            closed = np.full(len(some), full), plan.together[some] != -1
            yield _Batch.of(plan, edges, some, (folder.workers, vacancy), closed, ahead)

    return _fresh(plan, batches(), agreements, limit)


def _one(row: pl.DataFrame, key: str, known: pl.DataFrame) -> None:
    if row.height != 1:
        raise BadInput(key.removesuffix("_id"), f"{row.height} rows", "one row")
    if known[key].index_of(row[key][0]) is not None:
        raise BadInput(key, f"{row[key][0]!r} is in the plan already", "a new id, or the places of the one in the plan")


def _served(vacancies: pl.DataFrame, agreement: Partnership) -> Bools:
    """Which vacancies a pathway may be about, by destination and by the agreement they name; none for an overlay."""
    if agreement.is_overlay:
        return np.zeros(vacancies.height, dtype=np.bool_)
    mine = pl.col("partnership").is_null() | (pl.col("partnership") == agreement.id)
    if agreement.destination:
        mine &= pl.col("destination").is_in(list(agreement.destination))
    return vacancies.select(mine.fill_null(value=False)).to_series().to_numpy()


def _edges(worker: Ints, vacancy: Ints, start: Ints, end: Ints, score: Ints) -> pl.DataFrame:
    """tables.EDGES of pairs whose pathway is not known yet."""
    return pl.DataFrame(
        {
            "worker": worker.astype(np.uint32),
            "vacancy": vacancy.astype(np.uint32),
            "start": start.astype(np.int32),
            "end": end.astype(np.int32),
            "pathway": np.zeros(len(worker), dtype=np.uint8),
            "score": score.astype(np.uint16),
        }
    ).with_columns(pl.col("start", "end").cast(pl.Date))


def _listed(plan: Openings, edges: I64, limit: int) -> list[Place]:
    """Of edges of the plan's problem: a placed worker gives up its place for the new one."""
    explainer, problem = plan.explainer, plan.explainer.problem
    worker = explainer.state.worker[edges]
    present = explainer.chosen[worker]
    row, charge = _effect(problem.rows, plan.left, plan.penalty, problem.vacancy, edges, present)
    gain = problem.weight[edges] - np.where(present >= 0, problem.weight[np.maximum(present, 0)], 0) - charge
    full = explainer.state.full[edges]
    apart = (plan.together[worker] != -1) & (plan.together[worker] != problem.place[problem.vacancy[edges]])
    blocked = full | apart | (row >= 0)
    order = np.lexsort((edges, -gain, blocked))[:limit]
    frames = (explainer.folder.workers, explainer.folder.vacancies)
    values = _terms(explainer, explainer.folder.edges[edges[order]], frames)
    held = present[order]
    at = np.flatnonzero(held >= 0)
    if len(at):
        now = _terms(explainer, explainer.folder.edges[held[at]], frames)
        for name, value in values.items():
            value[at] -= now[name]
    why = [_blocked(problem.rows, full[n], apart[n], row[n]) for n in order]
    return _places(
        explainer.folder.edges[edges[order]], frames, explainer.folder.partnerships, gain[order], values, why
    )


@dataclass(frozen=True, eq=False)
class _Batch:
    """Pairs that the plan does not know and that nothing but the agreements can still rule out.

    `edges` (tables.EDGES) number `frames`; `row` int64 numbers the newcomer's counterparts, rising; `values` of the
    objective's terms and `worth` in points; `full`, `apart`: what blocks a pair in any case. `ahead`: what pairs of the
    batches that follow are worth at most, None if there are none.
    """

    edges: pl.DataFrame
    row: I64
    frames: Frames
    values: dict[str, npt.NDArray[np.int32]]
    worth: I64
    full: Bools
    apart: Bools
    ahead: Ahead | None

    @classmethod
    def of(
        cls,
        plan: Openings,
        edges: pl.DataFrame,
        row: I64,
        frames: Frames,
        closed: tuple[Bools, Bools],
        ahead: Ahead | None,
    ) -> "_Batch":
        """With the terms worked out."""
        objective, rates = plan.explainer.objective, plan.explainer.measure.rates
        values = terms(*_local(edges, frames, WORKER_COLUMNS), objective, rates=rates)
        worth = points(values, objective).astype(np.int64)
        return cls(edges, row, frames, values, worth, *closed, ahead)


def _fresh(plan: Openings, batches: Iterator[_Batch], agreements: Sequence[Partnership], limit: int) -> list[Place]:
    """The best of some batches of pairs, those worth most first.

    The agreements are asked in order of promise, until `limit` are found that no pair still to come can precede.
    """
    found: list[_Found] = []
    seen: list[_Batch] = []
    for batch in batches:
        seen.append(batch)
        found = _best_of(plan, batch, found, len(seen) - 1, agreements, limit)
        if batch.ahead is None or _settled(plan, found, limit, batch.ahead):
            break
    ids = [one.id for one in plan.explainer.folder.partnerships]
    places = []
    for one in found[:limit]:
        batch = seen[one.batch]
        edge = batch.edges[one.at].with_columns(pathway=pl.Series([ids.index(one.partnership)], dtype=pl.UInt8))
        each = {name: value[[one.at]].astype(np.int64) for name, value in batch.values.items()}
        gain = np.array([-one.loss], dtype=np.int64)
        places += _places(edge, batch.frames, plan.explainer.folder.partnerships, gain, each, [one.why])
    return places


def _best_of(
    plan: Openings, batch: _Batch, found: list["_Found"], number: int, agreements: Sequence[Partnership], limit: int
) -> list["_Found"]:
    """`found` (in order) and those of a batch, the `number`-th, until no pair of it still to be asked can precede."""
    worth, row = batch.worth, batch.row
    taken = batch.full | batch.apart
    order = np.lexsort((row, -worth, taken))
    first, step = 0, max(FIRST, 2 * limit)
    ahead = step

    def before(at: int) -> bool:
        return _settled(plan, found, limit, Ahead(int(worth[at]), int(row[at]), bool(taken[at])))

    while first < len(order) and not before(order[first]):
        part = order[first : first + ahead]
        first, ahead = first + ahead, 8 * ahead
        admitted = _admitted(plan, batch.edges[part], part, batch.frames, agreements)
        at, size = 0, step
        while at < len(admitted.pair) and not before(admitted.pair[at]):
            found = sorted(found + _weighed(plan, admitted.some(at, size), batch, number))
            at, size = at + size, 8 * size
    return found


FIRST = 64
"""Pairs that the agreements are asked of first, and those taken the rows; each time after, eight times as many."""


class _Found(msgspec.Struct, frozen=True, order=True):
    """An admitted pair, in the order of answers: free ones first, then by what is lost against another; it is number
    `at` of a `batch`."""

    blocked: bool
    loss: int
    row: int
    batch: int
    at: int
    partnership: str = ""
    why: str | None = None


def _settled(plan: Openings, found: list[_Found], limit: int, ahead: Ahead) -> bool:
    """Whether the first `limit` of `found` (in order) stand: no pair `ahead` can precede them."""
    if len(found) < limit:
        return False
    last = found[limit - 1]
    behind = (last.loss, last.row) < (-(ahead.worth + plan.relief), ahead.row)
    return (ahead.later and behind) if last.blocked else (ahead.later or behind)


@dataclass(frozen=True)
class _Admitted:
    """Pairs that agreements take: their numbers `pair`, `edges` numbering `people` and `jobs`, and who takes them."""

    pair: I64
    edges: pl.DataFrame
    people: pl.DataFrame
    jobs: pl.DataFrame
    agreements: Sequence[Partnership]

    def some(self, first: int, count: int) -> "_Admitted":
        """`count` of the pairs from `first` on."""
        edges, people, jobs = _local(self.edges[first : first + count], (self.people, self.jobs))
        return _Admitted(self.pair[first : first + count], edges, people, jobs, self.agreements)


def _admitted(
    plan: Openings, edges: pl.DataFrame, pair: I64, frames: Frames, agreements: Sequence[Partnership]
) -> _Admitted:
    """Those of the edges (of the pairs of these numbers) that the agreements take."""
    local, people, jobs = _local(edges, frames)
    there = set(jobs["destination"])
    agreements = [one for one in agreements if not one.destination or not there.isdisjoint(one.destination)]
    admitted = admission(people, jobs, agreements, employers=plan.employers)
    worker, vacancy = (local[name].to_numpy().astype(np.int32) for name in ("worker", "vacancy"))
    carried = admitted.pairs(worker, vacancy, local["start"], local["end"]) == 0
    pathway = admitted.pathway[admitted.worker_class[worker[carried]], admitted.vacancy_class[vacancy[carried]]]
    taken = local.filter(pl.Series(carried)).with_columns(pathway=pl.Series(pathway, dtype=pl.UInt8))
    return _Admitted(pair[carried], taken, people, jobs, agreements)


def _weighed(plan: Openings, admitted: _Admitted, batch: _Batch, number: int) -> list[_Found]:
    """The admitted pairs of a batch, the `number`-th, with what stands in their way."""
    agreements, jobs = admitted.agreements, admitted.jobs
    rows = compile_rows(admitted.edges, admitted.people, jobs, agreements, employers=plan.employers)
    left = np.array(
        [
            plan.left_of.get((ref.partnership, ref.rule, ref.label), int(limit))
            for ref, limit in zip(rows.refs, rows.limit, strict=True)
        ],
        dtype=np.int64,
    )
    penalty = np.array([np.inf if ref.penalty is None else float(ref.penalty) for ref in rows.refs], dtype=np.float64)
    edge = np.arange(len(admitted.pair))
    vacancy, pathway = (admitted.edges[name].to_numpy().astype(np.int32) for name in ("vacancy", "pathway"))
    row, charge = _effect(rows, left, penalty, vacancy, edge, np.full(len(edge), -1))
    worth, full, apart, other = (part[admitted.pair] for part in (batch.worth, batch.full, batch.apart, batch.row))
    why = [_blocked(rows, full[n], apart[n], row[n]) for n in edge]
    return [
        _Found(
            why[n] is not None,
            int(charge[n] - worth[n]),
            int(other[n]),
            number,
            int(admitted.pair[n]),
            agreements[pathway[n]].id,
            why[n],
        )
        for n in edge
    ]


def _effect(
    rows: Rows, left: I64, penalty: F64, vacancy: npt.NDArray[np.int32], edges: I64, present: I64
) -> tuple[I64, I64]:
    """For each edge, taken instead of the `present` one (-1 none): (a hard row that breaks or -1, points of penalties).

    `left` is what the rows have left as it stands, `vacancy` of every edge of `rows`.
    """
    held = np.flatnonzero(present >= 0)
    change = rows.cell_rows[rows.cell[edges]] + rows.vacancy_rows[vacancy[edges]]
    if len(held):
        old = rows.cell_rows[rows.cell[present[held]]] + rows.vacancy_rows[vacancy[present[held]]]
        pick = sparse.csr_array(
            (np.ones(len(held), dtype=np.int64), (held, np.arange(len(held)))), (len(edges), len(held))
        )
        change = change - pick @ old
    change = change.tocsr()
    line = np.repeat(np.arange(len(edges)), np.diff(change.indptr))
    row, more, rest = change.indices.astype(np.int64), change.data, left[change.indices]
    breaks = (more > 0) & (more > rest) & np.isinf(penalty[row])
    found = np.full(len(edges), -1, dtype=np.int64)
    np.maximum.at(found, line[breaks], row[breaks])
    soft = np.flatnonzero(np.isfinite(penalty[row]))
    cost = (np.maximum(0, more - rest) - np.maximum(0, -rest))[soft] * penalty[row[soft]]
    charge = np.bincount(line[soft], weights=cost, minlength=len(edges))
    return found, charge.astype(np.int64)


def _local(
    edges: pl.DataFrame, frames: Frames, columns: Sequence[str] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """(the edges, numbering the rows that they name alone, those workers (of `columns` only), those vacancies)."""
    some = [edges[name].unique().sort() for name in ("worker", "vacancy")]
    local = edges.with_columns(
        pl.Series(name, np.searchsorted(rows.to_numpy(), edges[name].to_numpy()), dtype=pl.UInt32)
        for name, rows in zip(("worker", "vacancy"), some, strict=True)
    )
    workers = frames[0] if columns is None else frames[0].select(columns)
    return local, workers[some[0]], frames[1][some[1]]


def _terms(explainer: Explainer, edges: pl.DataFrame, frames: Frames) -> dict[str, I64]:
    """Objective terms of a few edges, looked up in no more than the rows they name."""
    found = terms(*_local(edges, frames), explainer.objective, rates=explainer.measure.rates)
    return {name: value.astype(np.int64) for name, value in found.items()}


def _blocked(rows: Rows, full: bool, apart: bool, row: int) -> str | None:
    if full or apart:
        return FULL if full else GROUP
    if row < 0:
        return None
    ref = rows.refs[row]
    return f"{ref.partnership}/{ref.rule}: {ref.label}"


def _places(
    edges: pl.DataFrame,
    frames: Frames,
    partnerships: Sequence[Partnership],
    gain: I64,
    values: dict[str, I64],
    blocked: list[str | None],
) -> list[Place]:
    workers, vacancies = frames
    return [
        Place(
            worker_id=workers["worker_id"][row["worker"]],
            vacancy_id=vacancies["vacancy_id"][row["vacancy"]],
            partnership=partnerships[row["pathway"]].id,
            start=row["start"],
            end=row["end"],
            score=row["score"],
            gain=int(gain[n]),
            terms={name: int(value[n]) for name, value in values.items()},
            free=blocked[n] is None,
            blocked_by=blocked[n],
        )
        for n, row in enumerate(edges.iter_rows(named=True))
    ]
