"""A pool and a market kept at hand for newcomers: who could take a new vacancy, or what a new worker could take.

What the agreements say is left out: only what follows from profile, job, dates and wage is judged here, exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.encode import Books, Market, Profiles, market, plain, profiles
from skillbridge.matching.formulas import Settings
from skillbridge.matching.pairs import Carried, judge_pairs
from skillbridge.matching.reach import Herds, brought, fitting, herds
from skillbridge.matching.search import Search
from skillbridge.matching.yardstick import Occupation, Yardstick
from skillbridge.tables import parse_languages, parse_preferences

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Found = tuple[I64, I32, I32, I32]
"""(rows in order, score in thousandths, first and last day since 1970) of pairs that nothing judged here rules out."""


@dataclass(frozen=True, eq=False)
class Beside:
    """Workers and vacancies encoded against books that also hold whatever the workers state.

    `occupations` and `currencies` are those of `p`, by number; `herds` hold the workers whom vacancies are offered.
    """

    p: Profiles
    market: Market
    settings: Settings
    herds: Herds
    occupations: Sequence[Occupation]
    currencies: Sequence[str | None]

    def vacancies_for(self, worker: pl.DataFrame, among: Bools) -> Found:
        """For a worker (one row of tables.WORKERS): those of the vacancies `among` which it is asked."""
        return self._judged(
            plain(profiles(worker, self.market)),
            self.market,
            np.zeros(int(among.sum()), dtype=np.int32),
            np.flatnonzero(among).astype(np.int32),
            by_vacancy=True,
        )

    def workers_for(self, vacancy: pl.DataFrame) -> Found:
        """For a vacancy (one row of tables.VACANCIES): those of the workers of the `herds`."""
        place = market(vacancy, self.market.yardstick, np.zeros(1, dtype=np.int32), self.market)
        p = self._facing(place)
        worker = self._fitting(p, place)
        return self._judged(p, place, worker, np.zeros(len(worker), dtype=np.int32), by_vacancy=False)

    def _facing(self, place: Market) -> Profiles:
        """The workers against a market whose books go on from this one's: what is new there, nobody states."""
        yardstick = place.yardstick

        def wide(table: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
            return np.pad(table, ((0, 0), (0, max(0, columns - table.shape[1]))))

        return plain(
            self.p._replace(
                closeness=yardstick.closeness_table(list(self.occupations), place.occupations),
                levels=wide(self.p.levels, len(place.languages)),
                held=wide(self.p.held, len(place.licences)),
                factor=np.array(
                    [
                        [yardstick.rates.factor(given, wanted) or -1.0 for wanted in place.currencies.number]  # type: ignore[arg-type]
                        for given in self.currencies
                    ],
                    dtype=np.float64,
                ).reshape(len(self.currencies), len(place.currencies)),
            )
        )

    def _fitting(self, p: Profiles, place: Market) -> I32:
        """The workers of the herds to whom the market's one vacancy may be open, by what a card says; rows in order."""
        jobs, skills = place.jobs, max(1, len(place.skills))
        must = jobs.job_essential[0]
        asks = int(jobs.list_at[must + 1] - jobs.list_at[must])
        sums = np.zeros(len(p.implied_at) - 1, dtype=np.int64)
        brought(p, jobs, must, np.zeros(skills, dtype=np.int32), sums)
        least = self.settings.min_cover * asks - sums
        related = p.closeness[:, jobs.job_occupation[0]] > 0
        opened = related | bool(jobs.job_open[0]) | (asks > 0)
        least[related | bool(jobs.job_open[0])] = 0
        trade = p.occupation[self.herds.worker[self.herds.at[:-1]]] if len(self.herds.worker) else p.occupation[:0]
        herd = np.flatnonzero(opened[trade])
        size = np.diff(self.herds.at)[herd]
        places = np.repeat(self.herds.at[herd] - np.cumsum(size) + size, size) + np.arange(size.sum())
        asked = np.zeros(len(places), dtype=np.int32)
        n = fitting(p, jobs, self.settings, self.herds, 0, places, np.repeat(least[trade[herd]], size), asked)
        return np.sort(asked[:n])

    def _judged(self, p: Profiles, place: Market, worker: I32, vacancy: I32, *, by_vacancy: bool) -> Found:
        jobs = place.jobs
        score, closed = np.zeros(len(worker), dtype=np.int32), np.zeros(len(worker), dtype=np.int32)
        classes = int(jobs.cell_admission.max(initial=0)) + 1
        anyone = Carried(
            np.zeros(len(p.months), dtype=np.int32),
            np.zeros((1, classes), dtype=np.uint8),
            np.zeros((1, classes), dtype=np.uint16),
        )
        judge_pairs(p, jobs, self.settings, plain(anyone), max(1, len(place.skills)), worker, vacancy, score, closed)
        fine = np.flatnonzero(closed < 0)
        worker, vacancy = worker[fine], vacancy[fine]
        return (
            (vacancy if by_vacancy else worker).astype(np.int64),
            score[fine],
            np.maximum(jobs.start[vacancy], p.start[worker]),
            np.minimum(jobs.end[vacancy], p.end[worker]),
        )


def beside(
    workers: pl.DataFrame, vacancies: pl.DataFrame, search: Search, measure: Yardstick, among: I32 | None = None
) -> Beside:
    """The pool and market of a search made ready for newcomers; some seconds for a million workers.

    New vacancies are offered the workers `among` (rows in order) only, if given.
    """
    occupations = list(workers.select("concept", "isco").unique(maintain_order=True).iter_rows())
    place = market(vacancies, measure, search.admitted.vacancy_class, _stated(workers, search.market, occupations))
    p = profiles(workers, place)
    return Beside(
        p=p,
        market=place,
        settings=search.s,
        herds=plain(herds(p, search.carried, among)),
        occupations=occupations,
        currencies=workers["currency"].unique(maintain_order=True).to_list(),
    )


def _stated(workers: pl.DataFrame, known: Market, occupations: Sequence[Occupation]) -> Books:
    """The books of a market with all that its workers state, have learned, want or refuse, and whom they worked for."""
    books = Books.after(known)
    for occupation in occupations:
        for skills in known.yardstick.implied(occupation):
            for skill in skills:
                books.skills.add(skill)
    for skill in _parts(workers["skills"]):
        books.skills.add(skill)
    for spoken in _parts(workers["languages"]):
        for language in parse_languages(spoken):
            books.languages.add(language)
    for licence in _parts(workers["licences"]):
        books.licences.add(licence)
    for wish in _parts(workers["preferences"]):
        for one in parse_preferences(wish):
            books.destinations.add(one.target)
            books.employers.add(one.target.removeprefix("employer-"))
    for stay in _parts(workers["past"]):
        books.employers.add(stay.partition(":")[0])
    return books


def _parts(column: pl.Series) -> list[str]:
    """The distinct parts of a column of `;` lists, sorted."""
    parts = column.drop_nulls().unique().str.split(";").explode().str.strip_chars()
    return parts.filter(parts != "").unique().sort().to_list()
