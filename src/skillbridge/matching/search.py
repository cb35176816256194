"""The search over a pool: every worker's best vacancies chunk by chunk, then whoever the vacancies still lack."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.encode import Jobs, Market, Profiles, market, plain, profiles, ties
from skillbridge.matching.formulas import Settings, settings
from skillbridge.matching.kernel import best, scratch
from skillbridge.matching.offer import judge_vacancy
from skillbridge.matching.pairs import RULE, Carried, judge_pairs
from skillbridge.matching.reach import Herds, grouped, herds, reach
from skillbridge.matching.yardstick import Yardstick

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

PATIENCE = 200
"""Pairs judged per candidate a vacancy lacks, beside a first 20,000, before the search for it ends."""


ROUNDS = 8
"""Searches for candidates in place of those that rules on dates or history refuse."""


class Admitted(Protocol):
    """What a search asks of an admission (:class:`skillbridge.partnerships.admission.Admission`)."""

    @property
    def worker_class(self) -> I32: ...
    @property
    def vacancy_class(self) -> I32: ...
    @property
    def pathway(self) -> npt.NDArray[np.uint8]: ...
    @property
    def reason(self) -> npt.NDArray[np.uint16]: ...
    @property
    def reasons(self) -> Sequence[Any]: ...
    def pairs(self, worker: I32, vacancy: I32, start: Any, end: Any) -> npt.NDArray[np.uint16]: ...


@dataclass(frozen=True, eq=False)
class Answer:
    """The best of a chunk of workers.

    `vacancy`, `score` int32 [rows x limit], sorted by vacancy, -1 and then nothing more where the list is not full;
    `closed` int32 [rows x reasons]: the pairs refused, complete for workers whose list is not full; `refused` int64
    [reasons]: those of all workers.
    """

    vacancy: I32
    score: I32
    closed: I32
    refused: I64


@dataclass(frozen=True, eq=False)
class Links:
    """Candidates found from the vacancies' side: int32 arrays, one entry a pair."""

    worker: I32
    vacancy: I32
    score: I32


@dataclass(frozen=True, eq=False)
class Search:
    """A pool and a market encoded, under an admission and a policy."""

    p: Profiles
    market: Market
    s: Settings
    carried: Carried
    admitted: Admitted
    vacancy_tie: npt.NDArray[np.uint64]

    @property
    def jobs(self) -> Jobs:
        """The vacancies as arrays."""
        return self.market.jobs

    @property
    def n_workers(self) -> int:
        """Workers in the pool."""
        return len(self.p.months)

    @property
    def n_vacancies(self) -> int:
        """Vacancies in the market."""
        return len(self.jobs.job)

    @property
    def n_reasons(self) -> int:
        """Reasons counted: those of filters.Reason, then the admission's own."""
        return RULE + len(self.admitted.reasons)

    @property
    def n_skills(self) -> int:
        """Skills asked, at least one: the size of the kernels' scratch."""
        return max(1, len(self.market.skills))

    def best(self, rows: I32, limit: int) -> Answer:
        """The `limit` best legal vacancies by score of each worker in `rows`, rules on dates and history included.

        Where those rules refuse some of a full list, the search is made again for that worker with a longer one.
        """
        limit = min(limit, self.n_vacancies)
        found = self._ranked(rows, limit)
        full = found.vacancy[:, -1] >= 0
        spoiled = self._admit(rows, found)
        again = np.flatnonzero(full & spoiled)
        longer = limit
        while len(again):
            longer = min(4 * longer, self.n_vacancies)
            wider = self._ranked(rows[again], longer)
            full = wider.vacancy[:, -1] >= 0
            self._admit(rows[again], wider)
            done = ((wider.vacancy >= 0).sum(axis=1) >= limit) | ~full | (longer == self.n_vacancies)
            if done.any():
                order = self._order(rows[again[done]], wider.vacancy[done], wider.score[done])[:, :limit]
                found.vacancy[again[done]] = np.take_along_axis(wider.vacancy[done], order, axis=1)
                found.score[again[done]] = np.take_along_axis(wider.score[done], order, axis=1)
                found.closed[again[done]] = wider.closed[done]
            again = again[~done]
        order = np.argsort(np.where(found.vacancy < 0, np.iinfo(np.int32).max, found.vacancy), axis=1, kind="stable")
        return Answer(
            np.take_along_axis(found.vacancy, order, axis=1),
            np.take_along_axis(found.score, order, axis=1),
            found.closed,
            found.refused,
        )

    def judge(self, worker: I32, vacancy: I32) -> tuple[I32, I32]:
        """(score in thousandths, the first reason against or -1) of pairs; rules on dates and history left out."""
        score, closed = np.zeros(len(worker), dtype=np.int32), np.zeros(len(worker), dtype=np.int32)
        judge_pairs(self.p, self.jobs, self.s, self.carried, self.n_skills, worker, vacancy, score, closed)
        return score, closed

    def judge_vacancy(self, worker: I32, vacancy: int) -> tuple[I32, I32]:
        """What :meth:`judge` gives for many workers and one vacancy; pairs that are closed may have any score."""
        score, closed = np.zeros(len(worker), dtype=np.int32), np.zeros(len(worker), dtype=np.int32)
        judge_vacancy(self.p, self.jobs, self.s, self.carried, self.n_skills, worker, vacancy, score, closed)
        return score, closed

    def legal(self, worker: I32, vacancy: I32) -> Links:
        """Those of the pairs that nothing rules out, rules on dates and history included, with their scores."""
        score, closed = self.judge(worker, vacancy)
        fine = closed < 0
        fine[fine] = self._pairs(worker[fine], vacancy[fine]) == 0
        return Links(worker[fine], vacancy[fine], score[fine])

    def reach(self, vacancy: I32, sought: I64, executor: Executor, parts: int) -> tuple[Links, I64, I64]:
        """(further candidates, candidates found per vacancy, pairs refused per reason).

        `vacancy` int32 [workers x limit] is what the workers' lists hold; `sought` int64 [vacancies] how many each
        vacancy should have. Vacancies that lose pairs to rules on dates or history look for others: up to ROUNDS times,
        each time asking for twice as many.
        """
        known_worker, known_vacancy = flat(vacancy)
        count = np.bincount(known_vacancy, minlength=self.n_vacancies).astype(np.int64)
        refused = np.zeros(self.n_reasons, dtype=np.int64)
        pool = plain(herds(self.p, self.carried))
        kept: list[Links] = []
        alike = np.lexsort((self.jobs.cell_admission[self.jobs.cell], self.jobs.job)).astype(np.int32)
        open_to = np.ones(self.n_vacancies, dtype=np.bool_)
        for turn in range(ROUNDS):
            wanted = alike[((count < sought) & open_to)[alike]]
            if not len(wanted):
                break
            known = grouped(known_vacancy, known_worker, self.n_vacancies)
            look = partial(self._reach, (sought - count) << turn, pool, *known)
            links = _joined(list(executor.map(look, [part for part in np.array_split(wanted, 4 * parts) if len(part)])))
            answers = self._pairs(links.worker, links.vacancy)
            legal = answers == 0
            refused += np.bincount(RULE + answers[~legal].astype(np.int64) - 1, minlength=self.n_reasons)
            known_worker = np.concatenate([known_worker, links.worker])
            known_vacancy = np.concatenate([known_vacancy, links.vacancy])
            kept.append(self._foremost(Links(*(part[legal] for part in vars(links).values())), sought - count))
            count += np.bincount(kept[-1].vacancy, minlength=self.n_vacancies)
            open_to = np.bincount(links.vacancy[~legal], minlength=self.n_vacancies) > 0
        return _joined(kept), count, refused

    def _foremost(self, links: Links, most: I64) -> Links:
        """The best `most` of each vacancy's links by score, equal ones by the hash of the worker's id."""
        order = np.lexsort((self.p.tie[links.worker], -links.score, links.vacancy))
        whose = links.vacancy[order]
        place = np.arange(len(order)) - np.searchsorted(whose, whose)
        keep = order[place < most[whose]]
        return Links(*(part[keep] for part in vars(links).values()))

    def windows(self, worker: I32, vacancy: I32) -> tuple[I32, I32]:
        """(first, last) days since 1970 on which the worker would be in the vacancy."""
        return (
            np.maximum(self.jobs.start[vacancy], self.p.start[worker]),
            np.minimum(self.jobs.end[vacancy], self.p.end[worker]),
        )

    def _ranked(self, rows: I32, limit: int) -> Answer:
        answer = Answer(
            np.full((len(rows), limit), -1, dtype=np.int32),
            np.zeros((len(rows), limit), dtype=np.int32),
            np.zeros((len(rows), self.n_reasons), dtype=np.int32),
            np.zeros(self.n_reasons, dtype=np.int64),
        )
        found = (answer.vacancy, answer.score, answer.closed, answer.refused)
        best(self.p, self.jobs, self.s, self.carried, scratch(self.p, self.jobs, self.n_skills, limit), rows, *found)
        return answer

    def _admit(self, rows: I32, answer: Answer) -> npt.NDArray[np.bool_]:
        """Which rows lost a pair to a rule on dates or history; their places are set to -1 and counted."""
        row, place = np.nonzero(answer.vacancy >= 0)
        answers = self._pairs(rows[row], answer.vacancy[row, place])
        lost = np.flatnonzero(answers)
        reason = RULE + answers[lost].astype(np.int64) - 1
        np.add.at(answer.closed, (row[lost], reason), 1)
        answer.refused[:] += np.bincount(reason, minlength=self.n_reasons)
        answer.vacancy[row[lost], place[lost]] = -1
        spoiled = np.zeros(len(rows), dtype=np.bool_)
        spoiled[row[lost]] = True
        return spoiled

    def _pairs(self, worker: I32, vacancy: I32) -> npt.NDArray[np.uint16]:
        start, end = self.windows(worker, vacancy)
        return self.admitted.pairs(worker, vacancy, start.astype("datetime64[D]"), end.astype("datetime64[D]"))

    def _order(self, rows: I32, vacancy: I32, score: I32) -> npt.NDArray[np.intp]:
        """The places of each row by falling score, equal ones by a hash of both ids, absent ones last."""
        with np.errstate(over="ignore"):
            mix = (self.p.tie[rows][:, None] ^ self.vacancy_tie[vacancy]) * np.uint64(0x9E3779B97F4A7C15)
        key = np.where(vacancy < 0, -1, (score.astype(np.int64) << 32) + (mix >> np.uint64(32)).astype(np.int64))
        return np.argsort(-key, axis=1, kind="stable")

    def _reach(self, lacking: I64, pool: Herds, known_at: I64, known: I32, wanted: I32) -> Links:
        need = lacking[wanted]
        at = np.concatenate(([0], np.cumsum(need)))
        worker, score = np.zeros(at[-1], dtype=np.int32), np.zeros(at[-1], dtype=np.int32)
        found = np.zeros(len(wanted), dtype=np.int64)
        reach(
            self.p,
            self.jobs,
            self.s,
            self.carried,
            self.n_skills,
            pool,
            wanted,
            need,
            20_000 + PATIENCE * need,
            self.vacancy_tie[wanted],
            known_at,
            known,
            at,
            worker,
            score,
            found,
        )
        filled = np.repeat(at[:-1], found) + np.arange(found.sum()) - np.repeat(np.cumsum(found) - found, found)
        return Links(worker[filled], np.repeat(wanted, found), score[filled])


def flat(vacancy: I32) -> tuple[I32, I32]:
    """(worker, vacancy) of every pair in lists, int32 [workers x limit] with -1 where there is none."""
    held = vacancy >= 0
    return np.repeat(np.arange(len(vacancy), dtype=np.int32), held.sum(axis=1)), vacancy[held]


def _joined(parts: Sequence[Links]) -> Links:
    empty = Links(*(np.zeros(0, dtype=np.int32) for _ in range(3)))
    parts = [empty, *parts]
    return Links(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("worker", "vacancy", "score")))


def prepare(workers: pl.DataFrame, vacancies: pl.DataFrame, admitted: Admitted, measure: Yardstick) -> Search:
    """The search over these workers and vacancies; of the workers only the profile columns are looked at."""
    place = market(vacancies, measure, admitted.vacancy_class)
    return Search(
        p=profiles(workers, place),
        market=place,
        s=settings(measure.policy),
        carried=plain(Carried(admitted.worker_class, admitted.pathway, admitted.reason)),
        admitted=admitted,
        vacancy_tie=ties(vacancies["vacancy_id"]),
    )
