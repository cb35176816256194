"""One worker or one vacancy against a standing plan: the best legal places in an instant, without a new solve.

A place is free where the vacancy has an open position and no hard row would break. Nothing that was decided moves.
"""

from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.explain.explainer import Explainer, new_edges
from skillbridge.matching.objective import terms
from skillbridge.partnerships.rows import Rows, compile_rows

I64 = npt.NDArray[np.int64]


class Place(msgspec.Struct, frozen=True):
    """A legal pair as it stands now.

    `gain` is what the plan's objective changes by, in points, if the pair is taken (a placed worker gives up its
    place); `terms` the change of each objective term in its own unit; `free` whether it can be taken at once, and
    `blocked_by` what stands in the way if not: `full` or `partnership/rule: label`.
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


def places_of_worker(explainer: Explainer, worker_id: str, *, limit: int = 10) -> list[Place]:
    """The worker's candidate places, free ones first, each by falling gain. Raises `BadInput` for an unknown worker."""
    worker = explainer.worker(worker_id)
    problem = explainer.problem
    edges = np.arange(problem.indptr[worker], problem.indptr[worker + 1])
    present = explainer.chosen[worker]
    return _listed(explainer, edges[edges != present], limit)


def places_of_vacancy(explainer: Explainer, vacancy_id: str, *, limit: int = 10) -> list[Place]:
    """The candidates for the vacancy, free ones first, each by falling gain. Raises `BadInput` for an unknown one."""
    vacancy = explainer.vacancy(vacancy_id)
    edges = np.flatnonzero(explainer.problem.vacancy == vacancy)
    workers = explainer.state.worker[edges]
    return _listed(explainer, edges[explainer.chosen[workers] != edges], limit)


def places_of_new_worker(explainer: Explainer, worker: pl.DataFrame, *, limit: int = 10) -> list[Place]:
    """The places for somebody who is not in the plan: one row of tables.WORKERS with concept and isco filled."""
    _one(worker, "worker_id", explainer.folder.workers)
    return _fresh(explainer, worker, explainer.folder.vacancies, limit)


def places_of_new_vacancy(explainer: Explainer, vacancy: pl.DataFrame, *, limit: int = 10) -> list[Place]:
    """The unplaced workers for a vacancy not in the plan: one row of tables.VACANCIES, concept and isco filled."""
    _one(vacancy, "vacancy_id", explainer.folder.vacancies)
    return _fresh(explainer, explainer.folder.workers[np.flatnonzero(explainer.chosen < 0)], vacancy, limit)


def _one(row: pl.DataFrame, key: str, known: pl.DataFrame) -> None:
    if row.height != 1:
        raise BadInput(key.removesuffix("_id"), f"{row.height} rows", "one row")
    if row[key][0] in known[key]:
        raise BadInput(key, f"{row[key][0]!r} is in the plan already", "a new id, or the places of the one in the plan")


def _listed(explainer: Explainer, edges: I64, limit: int) -> list[Place]:
    """Of edges of the plan's problem."""
    state, problem = explainer.state, explainer.problem
    present = explainer.chosen[state.worker[edges]]
    gain = problem.weight[edges] - np.where(present >= 0, problem.weight[np.maximum(present, 0)], 0)
    row, full = state.row[edges], state.full[edges]
    order = np.lexsort((edges, -gain, full | (row >= 0)))[:limit]
    some = edges[order]
    values = _terms(explainer, explainer.folder.edges[some], explainer.folder.workers, explainer.folder.vacancies)
    held = present[order]
    at = np.flatnonzero(held >= 0)
    if len(at):
        now = _terms(explainer, explainer.folder.edges[held[at]], explainer.folder.workers, explainer.folder.vacancies)
        for name, value in values.items():
            value[at] -= now[name]
    return _places(
        explainer,
        explainer.folder.edges[some],
        (explainer.folder.workers, explainer.folder.vacancies),
        gain[order],
        values,
        [_blocked(problem.rows, bool(f), int(r)) for f, r in zip(full[order], row[order], strict=True)],
    )


def _fresh(explainer: Explainer, workers: pl.DataFrame, vacancies: pl.DataFrame, limit: int) -> list[Place]:
    """Of pairs that were not in the plan's problem: scored anew, their rows met with what is left of the plan's."""
    edges = new_edges(explainer, workers, vacancies)
    if edges.is_empty():
        return []
    rows = compile_rows(edges, workers, vacancies, explainer.folder.partnerships)
    left = _left(explainer, rows)
    heads = dict(zip(explainer.folder.vacancies["vacancy_id"], explainer.state.heads.tolist(), strict=True))
    free_heads = np.array(
        [positions - heads.get(name, 0) for name, positions in vacancies.select("vacancy_id", "positions").iter_rows()]
    )
    vacancy = edges["vacancy"].to_numpy().astype(np.int64)
    row = _stopping(rows, left, vacancy)
    full = free_heads[vacancy] < 1
    gain = edges["weight"].to_numpy()
    order = np.lexsort((np.arange(len(gain)), -gain, full | (row >= 0)))[:limit]
    some = edges[order].drop("weight")
    return _places(
        explainer,
        some,
        (workers, vacancies),
        gain[order],
        _terms(explainer, some, workers, vacancies),
        [_blocked(rows, bool(f), int(r)) for f, r in zip(full[order], row[order], strict=True)],
    )


def _left(explainer: Explainer, rows: Rows) -> I64:
    """What the plan leaves of each of these rows; a row that the plan does not know has its whole limit."""
    known = {
        (ref.partnership, ref.rule, ref.label): int(limit - used)
        for ref, limit, used in zip(
            explainer.problem.rows.refs, explainer.problem.rows.limit, explainer.state.used, strict=True
        )
    }
    return np.array(
        [
            known.get((ref.partnership, ref.rule, ref.label), int(limit))
            for ref, limit in zip(rows.refs, rows.limit, strict=True)
        ],
        dtype=np.int64,
    )


def _stopping(rows: Rows, left: I64, vacancy: I64) -> I64:
    """For each edge a hard row that it would break, -1 for none."""
    hard = np.array([ref.penalty is None for ref in rows.refs], dtype=np.bool_)
    found = np.full(len(vacancy), -1, dtype=np.int64)
    for matrix, line in ((rows.cell_rows, rows.cell), (rows.vacancy_rows, vacancy)):
        stops = np.full(matrix.shape[0], -1, dtype=np.int64)
        at = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        breaks = (matrix.data > 0) & hard[matrix.indices] & (matrix.data > left[matrix.indices])
        stops[at[breaks]] = matrix.indices[breaks]
        found = np.maximum(found, stops[line])
    return found


def _terms(explainer: Explainer, edges: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame) -> dict[str, I64]:
    """Objective terms of a few edges, looked up in no more than the rows they name."""
    people, jobs = edges["worker"].unique().sort(), edges["vacancy"].unique().sort()
    local = edges.with_columns(
        worker=pl.Series(np.searchsorted(people.to_numpy(), edges["worker"].to_numpy()), dtype=pl.UInt32),
        vacancy=pl.Series(np.searchsorted(jobs.to_numpy(), edges["vacancy"].to_numpy()), dtype=pl.UInt32),
    )
    found = terms(local, workers[people], vacancies[jobs], explainer.objective, rates=explainer.measure.rates)
    return {name: value.astype(np.int64) for name, value in found.items()}


def _blocked(rows: Rows, full: bool, row: int) -> str | None:
    if full:
        return "full"
    if row < 0:
        return None
    ref = rows.refs[row]
    return f"{ref.partnership}/{ref.rule}: {ref.label}"


def _places(
    explainer: Explainer,
    edges: pl.DataFrame,
    frames: tuple[pl.DataFrame, pl.DataFrame],
    gain: npt.NDArray[np.integer],
    values: dict[str, I64],
    blocked: list[str | None],
) -> list[Place]:
    workers, vacancies = frames
    return [
        Place(
            worker_id=workers["worker_id"][row["worker"]],
            vacancy_id=vacancies["vacancy_id"][row["vacancy"]],
            partnership=explainer.folder.partnerships[row["pathway"]].id,
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
