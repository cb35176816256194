"""The places that changes are about: what one is worth and uses, and a part of a plan with one more edge to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from skillbridge.explain.explainer import Explainer, new_edges
from skillbridge.explain.remedies import Remedy
from skillbridge.explain.resolve import Nearby
from skillbridge.partnerships.rows import Rows, compile_rows
from skillbridge.solver.problem import Problem
from skillbridge.tables import VACANCIES, WORKERS, conform

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Seat:
    """The place a remedy is about: its worth and what it uses of the whole problem's rows; `fits` its own new rows."""

    vacancy: int
    weight: int
    rows: I64
    amount: I64
    fits: bool = True


def seats(explainer: Explainer, worker: int, asked: Sequence[Remedy]) -> list[Seat | None]:
    """The places with the worker and the vacancies as they would be; None where a rule still refuses the pair."""
    found = [own_seat(explainer.problem, remedy) for remedy in asked]
    changed = [number for number, seat in enumerate(found) if seat is None]
    if not changed:
        return found
    folder = explainer.folder
    people, jobs = [], []
    for number in changed:
        person, job = asked[number].worker, asked[number].job
        kept, known = folder.workers[worker], folder.vacancies[asked[number].vacancy]
        people.append(kept if person is None else conform(pl.DataFrame([person], schema=kept.schema), WORKERS))
        jobs.append(known if job is None else conform(pl.DataFrame([job], schema=known.schema), VACANCIES))
    pairs = new_edges(explainer, pl.concat(people), pl.concat(jobs)).filter(pl.col("worker") == pl.col("vacancy"))
    for at, edge in zip(pairs["worker"].to_list(), pairs.iter_slices(1), strict=True):
        alone = edge.with_columns(worker=pl.lit(0, dtype=pl.UInt32), vacancy=pl.lit(0, dtype=pl.UInt32))
        found[changed[at]] = _new(explainer, people[at], jobs[at], alone, asked[changed[at]].vacancy)
    return found


def own_seat(problem: Problem, remedy: Remedy) -> Seat | None:
    """The place of one of the plan's own edges, None for any other remedy."""
    if remedy.edge < 0 or remedy.worker is not None or remedy.job is not None:
        return None
    use: dict[int, int] = {}
    for matrix, at in (
        (problem.rows.cell_rows, int(problem.rows.cell[remedy.edge])),
        (problem.rows.vacancy_rows, remedy.vacancy),
    ):
        for k in range(matrix.indptr[at], matrix.indptr[at + 1]):
            use[int(matrix.indices[k])] = use.get(int(matrix.indices[k]), 0) + int(matrix.data[k])
    weight = int(problem.weight[remedy.edge])
    return Seat(remedy.vacancy, weight, np.array(list(use), np.int64), np.array(list(use.values()), np.int64))


def _new(explainer: Explainer, person: pl.DataFrame, job: pl.DataFrame, edge: pl.DataFrame, vacancy: int) -> Seat:
    """The place of an edge that the plan does not have, between one person and one job (row number `vacancy`).

    It uses the plan's rows of the whole vacancy: alone it may not need some of them. Of the rows about one day (beds,
    say) it uses those of the days it covers and of the last day before, as whoever is there on its first day was there
    then: the rows of the plan know the first days of its own edges only.
    """
    rows = compile_rows(edge, person, job, explainer.folder.partnerships)
    amount = np.asarray(rows.cell_rows[[0]].sum(axis=0)).ravel() + np.asarray(rows.vacancy_rows.sum(axis=0)).ravel()
    start, end = str(edge["start"][0]), str(edge["end"][0])
    whole = explainer.problem.rows.vacancy_rows[[vacancy]]
    use = dict(zip(whole.indices.tolist(), whole.data.tolist(), strict=True))
    fits = True
    for number, ref in enumerate(rows.refs):
        known = explainer.row_number.get((ref.partnership, ref.rule, ref.label))
        if known is None:
            fits &= ref.penalty is not None or amount[number] <= rows.limit[number]
        if amount[number]:
            days = explainer.row_days.get((ref.rule, ref.label.rpartition(" on ")[0]), [])
            covered = [row for day, row in days if start <= day <= end]
            covered += [row for day, row in days if day < start][-1:] + ([] if known is None else [known])
            use |= {row: max(use.get(row, 0), int(amount[number])) for row in covered if amount[number] > 0}
            if known is not None:
                use.setdefault(known, int(amount[number]))
    numbers = np.array(sorted(use), dtype=np.int64)
    amounts = np.array([use[row] for row in sorted(use)], dtype=np.int64)
    return Seat(vacancy, int(edge["weight"][0]), numbers, amounts, bool(fits))


def joined(part: Nearby, seat: Seat, weight: int, positions: int, place: int) -> Problem:
    """The part with one more worker, the last, whose only edge is the seat; `positions` and `place` are its vacancy's
    where the part does not know it."""
    p, rows = part.problem, part.problem.rows
    at = int(np.searchsorted(part.vacancies, seat.vacancy))
    known = at < len(part.vacancies) and part.vacancies[at] == seat.vacancy
    use = np.zeros(len(part.rows), dtype=np.int64)
    inside = np.isin(seat.rows, part.rows)
    use[np.searchsorted(part.rows, seat.rows[inside])] = seat.amount[inside]
    if known:
        use -= rows.vacancy_rows[[at]].toarray().ravel()
    vacancy_rows = rows.vacancy_rows if known else sparse.vstack([rows.vacancy_rows, sparse.csr_array((1, len(use)))])
    return Problem(
        indptr=np.append(p.indptr, p.indptr[-1] + 1),
        vacancy=np.append(p.vacancy, np.int32(at if known else p.n_vacancies)),
        weight=np.append(p.weight, np.int32(weight)),
        positions=p.positions if known else np.append(p.positions, np.int32(positions)),
        rows=Rows(
            cell=np.append(rows.cell, np.int32(rows.n_cells)),
            limit=rows.limit,
            cell_rows=sparse.csr_array(sparse.vstack([rows.cell_rows, sparse.csr_array(use[None, :])])),
            vacancy_rows=sparse.csr_array(vacancy_rows),
            refs=rows.refs,
        ),
        group=np.append(p.group, np.int32(-1)),
        place=p.place if known else np.append(p.place, np.int32(place)),
    )
