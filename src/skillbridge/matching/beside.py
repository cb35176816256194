"""A pool and a market kept at hand for newcomers: who could take a new vacancy, or what a new worker could take.

What the agreements say is left out: only what follows from profile, job, dates and wage is judged here, exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.matching.encode import FOREVER, Books, Market, Profiles, market, plain, profiles
from skillbridge.matching.formulas import Settings
from skillbridge.matching.objective import Promise
from skillbridge.matching.pairs import Carried, judge_pairs
from skillbridge.matching.pool import BEHIND, Pool, pool, promising, wanted
from skillbridge.matching.search import Search
from skillbridge.matching.yardstick import Occupation, Yardstick
from skillbridge.tables import parse_languages, parse_preferences

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Found = tuple[I64, I32, I32, I32]
"""(rows in order, score in thousandths, first and last day since 1970) of pairs that nothing judged here rules out."""
FIRST = 64
"""Workers judged first for a new vacancy; then in all eight times as many, and so on."""


class Ahead(NamedTuple):
    """Nobody still to come is worth more than `worth` points, or as much before `row`; all may be `later`."""

    worth: int
    row: int
    later: bool

    @classmethod
    def after(cls, key: int, behind: int) -> "Ahead":
        """What may follow on the worker with this key of :func:`promising`."""
        most = -(-key >> 32)
        later = 2 * most < -behind
        return cls(most + behind * later, (most << 32) - key, later)


@dataclass(frozen=True, eq=False)
class Beside:
    """Workers and vacancies encoded against books that also hold whatever the workers state.

    `occupations` and `currencies` are those of `p`, by number, `origins` those of the `pool`, which holds the workers
    whom vacancies are offered; `ids` and whether they are `offered` of all workers.
    """

    p: Profiles
    market: Market
    settings: Settings
    pool: Pool
    occupations: Sequence[Occupation]
    currencies: Sequence[str | None]
    origins: Sequence[str]
    ids: pl.Series
    offered: Bools

    def vacancies_for(self, worker: pl.DataFrame, among: Bools) -> Found:
        """For a worker (one row of tables.WORKERS): those of the vacancies `among` which it is asked."""
        return self._judged(
            plain(profiles(worker, self.market)),
            self.market,
            np.zeros(int(among.sum()), dtype=np.int32),
            np.flatnonzero(among).astype(np.int32),
            by_vacancy=True,
        )

    def workers_for(
        self, vacancy: pl.DataFrame, opened: Bools, worth: Promise, *, full: bool
    ) -> Iterator[tuple[Found, Ahead | None]]:
        """For a vacancy (one row of tables.VACANCIES): the workers of the `pool` from the origins `opened`, in batches,
        each with what is still to come.

        First come those who may be a return and who promise most by `worth`; those `later` than others come last, or,
        if `full`, like others.
        """
        place = market(vacancy, self.market.yardstick, np.zeros(1, dtype=np.int32), self.market)
        named = np.zeros(0, dtype=np.int64)
        if len(place.named):
            named = self.ids.is_in(place.named["worker_id"].implode()).arg_true().to_numpy().astype(np.int64)
        p = self._facing(place, named)
        some = self._returning(place, named)
        known = np.zeros(len(p.months), dtype=np.bool_)
        known[some] = True
        behind = 0 if full else BEHIND
        asked = wanted(p, place.jobs, max(1, len(place.skills)), opened, known, behind)
        seen, size, more = 0, 8 * FIRST, True
        while more:
            keys, rows = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int32)
            n = promising(p, place.jobs, self.settings, self.pool, asked, worth, keys, rows)
            order = np.argsort(-keys[:n])
            keys, rows, more = keys[order], rows[order], n == size
            for until in (FIRST, n) if not seen and n > FIRST else (n,):
                found = np.sort(np.concatenate([some, rows[seen:until]]))
                judged = self._judged(p, place, found, np.zeros(len(found), dtype=np.int32), by_vacancy=False)
                yield judged, Ahead.after(int(keys[until - 1]), behind) if more or until < n else None
                seen, some = until, rows[:0]
            size *= 8

    def _returning(self, place: Market, named: I64) -> I32:
        """The workers of the pool whom the market's one vacancy names, or who were with its employer before."""
        texts = np.searchsorted(self.p.past_at, np.flatnonzero(self.p.past_employer == place.jobs.employer[0]), "right")
        who = [self.pool.back[self.pool.place[text] : self.pool.place[text + 1]] for text in np.unique(texts) - 1]
        return np.unique(np.concatenate([named[self.offered[named]], *who])).astype(np.int32)

    def _facing(self, place: Market, named: I64) -> Profiles:
        """The workers against a market of one vacancy, which names `named`, whose books go on from this one's: what is
        new there, nobody states."""
        yardstick = place.yardstick

        def wide(table: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
            return np.pad(table, ((0, 0), (0, max(0, columns - table.shape[1]))))

        named_at = self.p.named_at
        if len(named):
            named_at = np.cumsum(np.bincount(named + 1, minlength=len(named_at)))
        return plain(
            self.p._replace(
                closeness=yardstick.closeness_table(list(self.occupations), place.occupations),
                named_at=named_at,
                named=np.zeros(len(named), dtype=np.int32),
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
    workers: pl.DataFrame, vacancies: pl.DataFrame, search: Search, measure: Yardstick, among: I32, later: Bools
) -> Beside:
    """The pool and market of a search made ready for newcomers; some seconds for a million workers.

    New vacancies are offered the workers `among` (rows in order) only, and those who come `later` (bool [workers])
    after the others.
    """
    occupations = list(workers.select("concept", "isco").unique(maintain_order=True).iter_rows())
    place = market(vacancies, measure, search.admitted.vacancy_class, _stated(workers, search.market, occupations))
    p = profiles(workers, place)
    origins = workers["origin"].unique().sort()
    origin = workers["origin"].replace_strict(origins, range(len(origins)), return_dtype=pl.Int32).to_numpy()
    since = workers["waiting_since"].cast(pl.Int64).fill_null(FOREVER).to_numpy()
    fresh = (workers["past"].fill_null("") == "").to_numpy()
    nobody = np.zeros(len(p.named_at), dtype=np.int64)
    return Beside(
        p=plain(p._replace(named_at=nobody, named=p.named[:0])),
        market=place,
        settings=search.s,
        pool=plain(pool(p, origin, since, fresh, later, among)),
        occupations=occupations,
        currencies=workers["currency"].unique(maintain_order=True).to_list(),
        origins=origins.to_list(),
        ids=workers["worker_id"],
        offered=np.isin(np.arange(workers.height), among),
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
