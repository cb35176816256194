"""The independent judge: walks placements one by one and asks every rule, knowing no array, row or solver."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.model import PastSeason
from skillbridge.partnerships.cases import Case, VacancyFacts, WorkerFacts, World
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.base import Violation
from skillbridge.partnerships.wording import sentence


def judge(
    placements: pl.DataFrame,
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
) -> list[Violation]:
    """Every violation, hard and soft, in the order of the partnerships and their rules.

    `placements` follows tables.PLACEMENTS, the other frames tables.WORKERS and tables.VACANCIES. A placement outside
    the parties or dates of its partnership, or by one that is not given, is a violation too; so is one that makes a
    vacancy exceed its positions or gives a worker two jobs on one day. Deadlines and lead times are judged where a
    vacancy says on which day it was applied for. Raises `BadInput` for an id that no row has.
    """
    cases = read_cases(placements, workers, vacancies)
    by_id = {partnership.id: partnership for partnership in partnerships}
    _follow(cases)
    found = list(_parties(cases, by_id))
    found += _doubles(cases)
    for partnership in partnerships:
        if partnership.is_overlay:
            mine = [
                case for case in cases if partnership.covers(case.worker.origin, case.vacancy.destination, case.start)
            ]
        else:
            mine = [case for case in cases if case.pathway == partnership.id]
        for rule in partnership.binding:
            found += rule.judge(mine, partnership)
    return found


def read_cases(placements: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame) -> list[Case]:
    """Every placement with the facts of its worker and vacancy, in the order of the rows."""
    wanted = set(placements["worker_id"].to_list())
    people = {
        row["worker_id"]: WorkerFacts.read(row)
        for row in workers.filter(pl.col("worker_id").is_in(list(wanted))).iter_rows(named=True)
    }
    jobs = {row["vacancy_id"]: VacancyFacts.read(row) for row in vacancies.iter_rows(named=True)}
    world = World.of(jobs.values())
    cases = []
    for number, row in enumerate(placements.iter_rows(named=True)):
        for kind, known in (("worker_id", people), ("vacancy_id", jobs)):
            if row[kind] not in known:
                raise BadInput(f"placements row {number}: {kind}", f"{row[kind]!r}", "an id of the inputs")
        cases.append(
            Case(
                people[row["worker_id"]],
                jobs[row["vacancy_id"]],
                row["start"],
                row["end"],
                row["partnership"],
                number,
                world,
            )
        )
    return cases


def _follow(cases: Sequence[Case]) -> None:
    """Give every placement the same worker's placements before it, which stay rules count like past seasons."""
    stays: dict[str, list[Case]] = {}
    for case in cases:
        stays.setdefault(case.worker.worker_id, []).append(case)
    for mine in stays.values():
        before: list[PastSeason] = []
        for case in sorted(mine, key=lambda one: (one.start, one.end)) if len(mine) > 1 else ():
            case.earlier = tuple(before)
            job = case.vacancy
            before.append(
                PastSeason(job.employer_id, case.start.year, case.start, case.end, job.destination, case.pathway)
            )


def _parties(cases: Sequence[Case], by_id: Mapping[str, Partnership]) -> list[Violation]:
    found = []
    for case in cases:
        partnership = by_id.get(case.pathway)
        rows = (case.number,)
        if partnership is None or partnership.is_overlay:
            found.append(_plain("corridor.not_given", case.pathway, rows, partnership=case.pathway))
        elif case.vacancy.partnership not in (None, case.pathway):
            found.append(_plain("corridor.named", case.pathway, rows, partnership=case.vacancy.partnership))
        elif not partnership.covers(case.worker.origin, case.vacancy.destination, case.start):
            text = (
                f"{case.worker.origin} to {case.vacancy.destination} from {case.start} is outside its parties or dates"
            )
            found.append(Violation(case.pathway, "", "hard", "corridor.none", text, rows))
    return found


def _doubles(cases: Sequence[Case]) -> list[Violation]:
    found = []
    vacancies: dict[str, list[Case]] = {}
    workers: dict[str, list[Case]] = {}
    for case in cases:
        vacancies.setdefault(case.vacancy.vacancy_id, []).append(case)
        workers.setdefault(case.worker.worker_id, []).append(case)
    for group in vacancies.values():
        excess = len(group) - group[0].vacancy.positions
        if excess > 0:
            job = group[0].vacancy
            rows = tuple(case.number for case in group)[:20]
            details: dict[str, Any] = {"vacancy": job.vacancy_id, "positions": job.positions, "used": len(group)}
            found.append(_plain("vacancy.positions", group[0].pathway, rows, excess, **details))
    for group in workers.values():
        stays = sorted(group, key=lambda case: (case.start, case.end))
        for one, other in pairwise(stays):
            if other.start <= one.end:
                rows = (one.number, other.number)
                details = {"worker": one.worker.worker_id, "day": other.start}
                found.append(_plain("worker.twice", one.pathway, rows, **details))
    return found


def _plain(code: str, pathway: str, rows: tuple[int, ...], excess: int = 1, **details: Any) -> Violation:
    return Violation(pathway, "", "hard", code, sentence(code, details), rows, excess)
