"""The places that changes are about: what one is worth and uses, and a part of a plan with more edges to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from skillbridge.explain.explainer import Explainer, new_edges, place_of
from skillbridge.explain.remedies import Remedy
from skillbridge.explain.resolve import Nearby
from skillbridge.partnerships.admission import REFUSED
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rows import RowRef, Rows, compile_rows
from skillbridge.solver.problem import Problem
from skillbridge.tables import VACANCIES, WORKERS, conform

I64 = npt.NDArray[np.int64]
CROWD = 20_000
"""Of more people who might be let in besides, none are asked, and the change is not told."""


@dataclass(frozen=True, eq=False)
class Limits:
    """Rows that the plan does not have, as nobody could have used them: `left` int64, `share` bool, `refs` of each.

    They are numbered on from the plan's own rows.
    """

    left: I64
    share: npt.NDArray[np.bool_]
    refs: tuple[RowRef, ...]


NONE = Limits(np.zeros(0, np.int64), np.zeros(0, np.bool_), ())


@dataclass(frozen=True, eq=False)
class Seat:
    """The place a remedy is about: its worth and what it uses of the whole problem's rows and of `limits`.

    `crowd`: others (row numbers) who wait and whom the remedy lets into the same vacancy, each with a place of their
    own; `more`: positions that the remedy itself adds there.
    """

    vacancy: int
    weight: int
    rows: I64
    amount: I64
    limits: Limits = NONE
    crowd: tuple[tuple[int, "Seat"], ...] = ()
    more: int = 0

    def known(self, rows: I64, n_rows: int) -> list[int]:
        """Those of some rows that are the plan's own."""
        return [int(row) for row in rows if row < n_rows]


def seats(explainer: Explainer, worker: int, asked: Sequence[Remedy]) -> list[Seat | None]:
    """The places with the worker and the vacancies as they would be; None where a rule still refuses the pair.

    Those of remedies that let others in are without their crowd: :func:`with_crowd` asks for it.
    """
    found = [own_seat(explainer.problem, remedy) for remedy in asked]
    changed = [number for number, seat in enumerate(found) if seat is None]
    together = [number for number in changed if asked[number].agreement is None]
    for batch in (together, *([number] for number in changed if asked[number].agreement is not None)):
        if not batch:
            continue
        people = pl.concat([_person(explainer, worker, asked[number]) for number in batch])
        jobs = pl.concat([_job(explainer, asked[number]) for number in batch])
        agreements = _agreements(explainer, asked[batch[0]])
        pairs = new_edges(explainer, people, jobs, agreements).filter(pl.col("worker") == pl.col("vacancy"))
        for at, edge in zip(pairs["worker"].to_list(), pairs.iter_slices(1), strict=True):
            alone = edge.with_columns(worker=pl.lit(0, dtype=pl.UInt32), vacancy=pl.lit(0, dtype=pl.UInt32))
            remedy = asked[batch[at]]
            (seat,) = _new(explainer, people[at], jobs[at], alone, remedy.vacancy, agreements)
            known = int(explainer.problem.positions[remedy.vacancy])
            found[batch[at]] = replace(seat, more=max(0, int(jobs["positions"][at]) - known))
    return found


def with_crowd(explainer: Explainer, worker: int, remedy: Remedy, seat: Seat) -> Seat | None:
    """The seat with all who wait and whom the remedy would let into its vacancy besides; None if they are too many."""
    admitted, problem = explainer.search.admitted, explainer.problem
    refused = admitted.pathway[:, admitted.vacancy_class[remedy.vacancy]] == REFUSED
    others = np.flatnonzero((explainer.chosen < 0) & refused[admitted.worker_class])
    others = others[others != worker]
    if remedy.agreement is not None:
        origin = explainer.folder.workers["origin"]
        others = others[(origin.gather(others) == origin[worker]).to_numpy()]
    known = problem.indptr[others + 1] > problem.indptr[others]
    into = np.unique(explainer.state.worker[problem.vacancy == remedy.vacancy])
    others = others[~(known & np.isin(others, into))]
    if len(others) > CROWD:
        return None
    people = pl.concat([_person(explainer, worker, remedy), explainer.folder.workers[others]])
    job, agreements = _job(explainer, remedy), _agreements(explainer, remedy)
    edges = new_edges(explainer, people, job, agreements)
    found = _new(explainer, people, job, edges, remedy.vacancy, agreements)
    who = edges["worker"].to_list()
    if 0 not in who:
        return None
    crowd = [(int(others[one - 1]), place) for one, place in zip(who, found, strict=True) if one]
    return replace(found[who.index(0)], crowd=tuple(crowd), more=seat.more)


def _person(explainer: Explainer, worker: int, remedy: Remedy) -> pl.DataFrame:
    kept = explainer.folder.workers[worker]
    return kept if remedy.worker is None else conform(pl.DataFrame([remedy.worker], schema=kept.schema), WORKERS)


def _job(explainer: Explainer, remedy: Remedy) -> pl.DataFrame:
    known = explainer.folder.vacancies[remedy.vacancy]
    return known if remedy.job is None else conform(pl.DataFrame([remedy.job], schema=known.schema), VACANCIES)


def _agreements(explainer: Explainer, remedy: Remedy) -> Sequence[Partnership]:
    """The plan's agreements, in order, one of them as the remedy would have it."""
    wider = remedy.agreement
    return [wider if wider is not None and wider.id == one.id else one for one in explainer.folder.partnerships]


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


def _new(
    explainer: Explainer,
    people: pl.DataFrame,
    job: pl.DataFrame,
    edges: pl.DataFrame,
    vacancy: int,
    agreements: Sequence[Partnership],
) -> list[Seat]:
    """The places of edges that the plan does not have, between people and one job (row number `vacancy`).

    Each uses the plan's rows of the whole vacancy: alone it may not need some of them. Of the rows about one day (beds,
    say) it uses those of the days it covers and of the last day before, as whoever is there on its first day was there
    then: the rows of the plan know the first days of its own edges only. Rows that the plan lacks are their `limits`.
    """
    rows = compile_rows(edges, people, job, agreements)
    by_vacancy = np.asarray(rows.vacancy_rows.sum(axis=0)).ravel()
    amounts = rows.cell_rows.toarray() + by_vacancy
    known = [explainer.row_number.get((ref.partnership, ref.rule, ref.label)) for ref in rows.refs]
    fresh = [at for at, number in enumerate(known) if number is None]
    numbered = dict(zip(fresh, range(explainer.problem.n_rows, explainer.problem.n_rows + len(fresh)), strict=True))
    share = np.asarray((amounts < 0).any(axis=0), dtype=np.bool_).reshape(-1)
    limits = Limits(rows.limit[fresh], share[fresh], tuple(rows.refs[at] for at in fresh))
    whole = explainer.problem.rows.vacancy_rows[[vacancy]]
    of_all = dict(zip(whole.indices.tolist(), whole.data.tolist(), strict=True))
    made: dict[tuple[int, str, str], tuple[I64, I64]] = {}
    found = []
    for cell, first, last, weight in zip(
        rows.cell.tolist(), edges["start"].to_list(), edges["end"].to_list(), edges["weight"].to_list(), strict=True
    ):
        start, end = str(first), str(last)
        if (cell, start, end) not in made:
            use = dict(of_all)
            for at in np.flatnonzero(amounts[cell]).tolist():
                amount, ref, own = int(amounts[cell, at]), rows.refs[at], known[at]
                if own is None:
                    use[numbered[at]] = amount
                days = explainer.row_days.get((ref.rule, place_of(ref.label)), [])
                covered = [row for day, row in days if start <= day <= end]
                covered += [row for day, row in days if day < start][-1:] + ([] if own is None else [own])
                use |= {row: max(use.get(row, 0), amount) for row in covered if amount > 0}
                if own is not None:
                    use.setdefault(own, amount)
            numbers = sorted(use)
            made[cell, start, end] = np.array(numbers, np.int64), np.array([use[row] for row in numbers], np.int64)
        found.append(Seat(vacancy, int(weight), *made[cell, start, end], limits))
    return found


@dataclass(frozen=True)
class Larger:
    """A part with more edges: `problem`; its `rows` and `vacancies` as numbers of the whole problem's."""

    problem: Problem
    rows: I64
    vacancies: I64


def joined(
    part: Nearby,
    whole: Problem,
    left: I64,
    vacancy: int,
    seats: Sequence[tuple[int, Seat]],
    positions: int,
    refs: Sequence[RowRef],
) -> Larger:
    """The part with more edges into one vacancy: (number of a worker of the part, seat) each, -1 for one worker more.

    `left` int64 and `refs`: what is left of each row of the `whole`, then of the seats' `limits`; `positions`: of the
    vacancy, where the part lacks it.
    """
    p, n = part.problem, part.problem.n_workers
    at = int(np.searchsorted(part.vacancies, vacancy))
    known = at < len(part.vacancies) and part.vacancies[at] == vacancy
    numbers = np.unique(np.concatenate([part.rows, *(seat.rows for _, seat in seats)])).astype(np.int64)
    inside = np.searchsorted(numbers, part.rows)
    ones: I64 = np.ones(len(inside), dtype=np.int64)
    widen = sparse.csr_array((ones, (np.arange(len(inside)), inside)), shape=(len(inside), len(numbers)))
    cell_rows, vacancy_rows = p.rows.cell_rows @ widen, p.rows.vacancy_rows @ widen
    limit = left[numbers]
    limit[inside] = p.rows.limit
    use = np.zeros((len(seats), len(numbers)), dtype=np.int64)
    for line, (_, seat) in enumerate(seats):
        use[line, np.searchsorted(numbers, seat.rows)] = seat.amount
    vacancies, room, place = part.vacancies, p.positions, p.place
    if known:
        use -= vacancy_rows[[at]].toarray()
    else:
        at = p.n_vacancies
        vacancy_rows = sparse.vstack([vacancy_rows, sparse.csr_array((1, len(numbers)), dtype=np.int64)])
        vacancies = np.append(vacancies, vacancy)
        room, place = np.append(room, np.int32(positions)), np.append(place, whole.place[vacancy])
    known_owner = np.repeat(np.arange(n), np.diff(p.indptr))
    owner = np.append(known_owner, np.array([n if who < 0 else who for who, _ in seats], dtype=np.int64))
    to = np.append(p.vacancy, np.full(len(seats), at, dtype=np.int32))
    order = np.lexsort((to, owner))
    cell = np.append(p.rows.cell, p.rows.n_cells + np.arange(len(seats), dtype=np.int32))
    weight = np.append(p.weight, np.array([seat.weight for _, seat in seats], dtype=np.int32))
    size = n + any(who < 0 for who, _ in seats)
    problem = Problem(
        indptr=np.append(0, np.cumsum(np.bincount(owner, minlength=size))).astype(np.int64),
        vacancy=to[order].astype(np.int32),
        weight=weight[order].astype(np.int32),
        positions=room,
        rows=Rows(
            cell=cell[order].astype(np.int32),
            limit=limit,
            cell_rows=sparse.csr_array(sparse.vstack([cell_rows, sparse.csr_array(use)])),
            vacancy_rows=sparse.csr_array(vacancy_rows),
            refs=tuple(refs[number] for number in numbers),
        ),
        group=np.append(p.group, np.full(size - n, -1, dtype=p.group.dtype)),
        place=place,
    )
    return Larger(problem, numbers, vacancies)


def crowd_of(part: Nearby, seat: Seat, least: int = 0) -> list[tuple[int, Seat]]:
    """The seats of the crowd worth `least` or more, each with the number of its worker in the part."""
    return [(int(np.searchsorted(part.workers, who)), one) for who, one in seat.crowd if one.weight >= least]


def crowd_workers(seat: Seat, least: int = 0) -> I64:
    """The row numbers of the crowd's workers whose place is worth `least` or more, in ascending order."""
    return np.array(sorted(who for who, one in seat.crowd if one.weight >= least), dtype=np.int64)
