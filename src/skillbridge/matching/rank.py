"""One worker against all vacancies, or one vacancy against all workers: ranked, with the breakdown of every score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import numpy as np
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.matching.candidates import reason_words
from skillbridge.matching.criteria import Contribution
from skillbridge.matching.filters import Refusal
from skillbridge.matching.pairs import REFUSED, RULE
from skillbridge.matching.profile import profile, vacancy
from skillbridge.matching.search import I32, Search, prepare
from skillbridge.matching.yardstick import Yardstick
from skillbridge.model import Thousandths
from skillbridge.partnerships.admission import admission
from skillbridge.partnerships.partnership import Partnership
from skillbridge.tables import VACANCIES, WORKERS, conform


class Ranked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A legal pair and its score (thousandths) line by line; `partnership` is the pathway, dates are inclusive."""

    worker_id: str
    vacancy_id: str
    partnership: str
    start: date
    end: date
    score: Thousandths
    contributions: tuple[Contribution, ...]


class Ranking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The best pairs, best first, of `legal` in all; `refused` counts the other pairs by their first reason."""

    items: tuple[Ranked, ...]
    legal: int
    refused: dict[str, int]


@dataclass(frozen=True, eq=False)
class Ranker:
    """A pool and a demand (concept and isco filled) made ready once, to be asked many times, by several threads too."""

    workers: pl.DataFrame
    vacancies: pl.DataFrame
    partnerships: Sequence[Partnership]
    measure: Yardstick
    search: Search
    codes: list[str]

    @classmethod
    def of(
        cls, workers: pl.DataFrame, vacancies: pl.DataFrame, partnerships: Sequence[Partnership], measure: Yardstick
    ) -> "Ranker":
        """The ranker of tables.WORKERS and tables.VACANCIES under these agreements. Raises `BadInput`."""
        admitted = admission(workers, vacancies, partnerships)
        search = prepare(workers, vacancies, admitted, measure)
        return cls(workers, vacancies, partnerships, measure, search, reason_words(admitted)[0])

    def vacancies_for(self, worker: int, limit: int, among: I32 | None = None) -> Ranking:
        """The best vacancies for the worker in this row, of all or of the rows `among`."""
        rows = np.arange(self.vacancies.height, dtype=np.int32) if among is None else among
        worker_row = np.full(len(rows), worker, dtype=np.int32)
        return self._best(worker_row, rows, *self.search.judge(worker_row, rows), limit)

    def workers_for(self, vacancy: int, limit: int, among: I32 | None = None) -> Ranking:
        """The best workers for the vacancy in this row, of all or of the rows `among`."""
        rows = np.arange(self.workers.height, dtype=np.int32) if among is None else among
        judged = self.search.judge_vacancy(rows, vacancy)
        return self._best(rows, np.full(len(rows), vacancy, dtype=np.int32), *judged, limit)

    def _best(self, worker: I32, place: I32, score: I32, closed: I32, limit: int) -> Ranking:
        """The best of pairs judged by dates and history too."""
        _asked(limit)
        search, admitted = self.search, self.search.admitted
        refused = np.bincount(closed[closed >= 0], minlength=search.n_reasons)
        worker, place, score = (part[closed < 0] for part in (worker, place, score))
        start, end = (days.astype("datetime64[D]") for days in search.windows(worker, place))
        by_past = admitted.pairs(worker, place, start, end)
        refused += np.bincount(RULE + by_past[by_past > 0].astype(np.int64) - 1, minlength=search.n_reasons)
        legal = np.flatnonzero(by_past == 0)
        with np.errstate(over="ignore"):
            mixed = (search.p.tie[worker[legal]] ^ search.vacancy_tie[place[legal]]) * np.uint64(0x9E3779B97F4A7C15)
        key = (score[legal].astype(np.int64) << 32) + (np.uint64(0xFFFFFFFF) - (mixed >> np.uint64(32))).astype(
            np.int64
        )
        first = np.argpartition(-key, limit - 1)[:limit] if len(key) > limit else np.arange(len(key))
        best = legal[first[np.lexsort((mixed[first], -key[first]))]]
        counted: dict[str, int] = {}
        for code, count in zip(self.codes, refused.tolist(), strict=True):
            if count:
                counted[code] = counted.get(code, 0) + count
        pathway = admitted.pathway[admitted.worker_class[worker[best]], admitted.vacancy_class[place[best]]]
        people = {row: profile(self.workers.row(row, named=True)) for row in set(worker[best].tolist())}
        offers = {row: vacancy(self.vacancies.row(row, named=True)) for row in set(place[best].tolist())}
        items = []
        for n, at in enumerate(best):
            person, offer = people[int(worker[at])], offers[int(place[at])]
            items.append(
                Ranked(
                    person.worker_id,
                    offer.vacancy_id,
                    self.partnerships[pathway[n]].id,
                    start[at].item(),
                    end[at].item(),
                    int(score[at]),
                    tuple(self.measure.breakdown(person, offer)),
                )
            )
        return Ranking(tuple(items), len(legal), counted)


def rank_vacancies(
    worker: pl.DataFrame,
    vacancies: pl.DataFrame,
    partnerships: Sequence[Partnership],
    measure: Yardstick,
    *,
    limit: int = 10,
) -> Ranking:
    """The `limit` best legal vacancies of one worker (a frame of one row); filter `vacancies` before to ask for less.

    Equal scores come in an order of the worker's own. Raises `BadInput`.
    """
    _one(worker, "worker")
    return Ranker.of(worker, vacancies, partnerships, measure).vacancies_for(0, limit)


def rank_workers(
    vacancy: pl.DataFrame,
    workers: pl.DataFrame,
    partnerships: Sequence[Partnership],
    measure: Yardstick,
    *,
    limit: int = 10,
) -> Ranking:
    """The `limit` best legal workers of one vacancy (a frame of one row); filter `workers` before to ask for fewer.

    Equal scores come in an order of the vacancy's own, so that no worker is always the first of equals. Raises
    `BadInput`.
    """
    _one(vacancy, "vacancy")
    return Ranker.of(workers, vacancy, partnerships, measure).workers_for(0, limit)


def breakdown(worker: Mapping[str, Any], job: Mapping[str, Any], measure: Yardstick) -> list[Contribution]:
    """The score of a worker's row and a vacancy's row, line by line."""
    return measure.breakdown(profile(worker), vacancy(job))


def why_not(
    worker: Mapping[str, Any],
    job: Mapping[str, Any],
    partnerships: Sequence[Partnership],
    measure: Yardstick,
) -> list[Refusal]:
    """Every filter, and the first rule of a partnership, that rules the pair out; empty for a legal pair."""
    found = measure.why_not(profile(worker), vacancy(job))
    people, jobs = _row(worker, WORKERS), _row(job, VACANCIES)
    admitted = admission(people, jobs, partnerships)
    reason = int(admitted.reason[admitted.worker_class[0], admitted.vacancy_class[0]]) + 1
    if admitted.pathway[admitted.worker_class[0], admitted.vacancy_class[0]] != REFUSED:
        start, end = (
            np.array([pick(day for day in days if day is not None)], dtype="datetime64[D]")
            for pick, days in (
                (max, (worker.get("available_from"), job["start"])),
                (min, (worker.get("available_to"), job["end"])),
            )
        )
        zero = np.zeros(1, dtype=np.int32)
        reason = int(admitted.pairs(zero, zero, start, end)[0]) if start[0] <= end[0] else 0
    if reason:
        codes, _ = reason_words(admitted)
        code = codes[RULE + reason - 1]
        found.append(Refusal(code, admitted.reasons[reason - 1].text))
    return found


def _asked(limit: int) -> None:
    if limit < 1:
        raise BadInput("limit", str(limit), "at least 1")


def _one(frame: pl.DataFrame, what: str) -> None:
    if frame.height != 1:
        raise BadInput(what, f"{frame.height} rows", "exactly one")


def _row(row: Mapping[str, Any], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    given = {name: [value] for name, value in row.items() if name in schema}
    return conform(pl.DataFrame(given, schema_overrides={name: schema[name] for name in given}), schema)
