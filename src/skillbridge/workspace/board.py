"""Stored workers and vacancies as they stand, made ready for rankings and brought up to date by what changed.

A small workspace is brought up to date before each answer. Where that takes longer than QUICK, answers stand on rows up
to `ranking_age` seconds old while a thread brings them up to date; every answer says as of when, and a row that has
changed since then is never shown by it.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import tables
from skillbridge.workspace import Workspace, frames
from skillbridge.workspace.agreements import every_published
from skillbridge.workspace.catalog import index, taxonomy

if TYPE_CHECKING:
    from skillbridge.matching.rank import Ranker

QUICK = 0.25
"""Seconds that an answer may wait for rows of this moment."""

LARGE = 20_000
"""Workers from which even the first change is not waited for."""

REMEMBERED = 2_000
"""Rankings kept with the rows that they stand on."""


Conditions = dict[str, Callable[[str | None], bool]]
"""Column of text -> whether a value of it is wanted."""


class Columns:
    """Columns of text of a frame, numbered at the first question: each condition is asked once a distinct value."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._numbered: dict[str, tuple[list[str | None], npt.NDArray[np.int32]]] = {}

    def rows(self, wanted: Conditions) -> npt.NDArray[np.int32]:
        """The rows, in order, for which every condition holds."""
        keep = np.ones(self._frame.height, dtype=np.bool_)
        for column, holds in wanted.items():
            if column not in self._numbered:
                self._numbered[column] = tables.distinct(self._frame[column], lambda value: value)
            values, numbers = self._numbered[column]
            keep &= np.fromiter(map(holds, values), dtype=np.bool_, count=len(values))[numbers]
        return np.flatnonzero(keep).astype(np.int32)


@dataclass(eq=False)
class Standing:
    """The rows at a moment: tables.WORKERS and tables.VACANCIES with party and status, concept and isco filled.

    Both are sorted by id and hold every status. `revisions` are those of the store's kinds, `seconds` what it took to
    come here from the standing before.
    """

    people: pl.DataFrame
    jobs: pl.DataFrame
    revisions: dict[str, int]
    moment: datetime
    read_at: float
    seconds: float = 0.0
    remembered: dict[Any, Any] = field(default_factory=dict)
    _rankers: dict[str | None, "Ranker"] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)

    @property
    def day(self) -> date:
        """The day on which deadlines are judged."""
        return self.moment.date()

    @cached_property
    def worker_row(self) -> dict[str, int]:
        """Worker -> row of `people`."""
        return {name: row for row, name in enumerate(self.people["worker_id"].to_list())}

    @cached_property
    def vacancy_row(self) -> dict[str, int]:
        """Vacancy -> row of `jobs`."""
        return {name: row for row, name in enumerate(self.jobs["vacancy_id"].to_list())}

    def people_where(self, wanted: Conditions, without: Collection[str] = ()) -> npt.NDArray[np.int32]:
        """Rows of `people` that fit, without the workers named."""
        rows = self._people.rows(wanted)
        gone = [self.worker_row[name] for name in without if name in self.worker_row]
        return rows[~np.isin(rows, gone)] if gone else rows

    def jobs_where(self, wanted: Conditions) -> npt.NDArray[np.int32]:
        """Rows of `jobs` that fit."""
        return self._jobs.rows(wanted)

    @cached_property
    def _people(self) -> Columns:
        return Columns(self.people)

    @cached_property
    def _jobs(self) -> Columns:
        return Columns(self.jobs)

    def ranker(self, ws: Workspace, partnership: str | None) -> "Ranker":
        """Rankings of these rows under every published agreement, or under one and the policies over all."""
        with self._making:
            if partnership not in self._rankers:
                self._rankers[partnership] = ranker_of(ws, self.people, self.jobs, self.day, partnership)
            return self._rankers[partnership]

    def remember(self, key: Any, answer: Any) -> None:
        """Keep an answer that stands on these rows."""
        if len(self.remembered) < REMEMBERED:
            self.remembered[key] = answer


def ranker_of(ws: Workspace, people: pl.DataFrame, jobs: pl.DataFrame, day: date, partnership: str | None) -> "Ranker":
    """The ranker of these rows on a day."""
    from skillbridge.matching.rank import Ranker
    from skillbridge.matching.yardstick import yardstick

    agreements = every_published(ws)
    if partnership is not None:
        agreements = [one for one in agreements if one.id == partnership or one.is_overlay]
    dated = tables.applied_by(jobs.select(tables.VACANCIES.keys()), day)
    return Ranker.of(people.select(tables.WORKERS.keys()), dated, agreements, yardstick(taxonomy()))


def understood(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with concept, isco and the concepts of skills where words say them."""
    from skillbridge.understanding import understand

    return understand(frame, taxonomy(), index)


class Board:
    """The standing of one workspace in this process."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._standing: Standing | None = None
        self._refreshing = threading.Lock()

    def now(self) -> Standing:
        """The rows of this moment, or of a moment ago that `ranking_age` allows."""
        last = self._standing
        if last is not None and self._stands(last, ("partnership",)):
            if self._stands(last, ("worker", "vacancy")):
                return last
            if last.seconds > QUICK:
                age = time.monotonic() - last.read_at
                if age > max(self._ws.settings.ranking_age, 5 * last.seconds) and self._refreshing.acquire(False):
                    threading.Thread(target=self._behind, name="board", daemon=True).start()
                return last
        with self._refreshing:
            last = self._standing
            if last is None or not self._stands(last, ("worker", "vacancy", "partnership")):
                last = self._standing = self._read(last)
            return last

    def warm(self) -> None:
        """Make ready what the first ranking needs."""
        standing = self.now()
        if standing.people.height and standing.jobs.height:
            ranker = standing.ranker(self._ws, None)
            ranker.workers_for(0, 1)  # a new installation compiles here what its first ranking would wait for
            ranker.vacancies_for(0, 1)

    def _stands(self, last: Standing, kinds: Sequence[str]) -> bool:
        """Whether nothing of these kinds has changed since, and the day is the same."""
        revisions = self._ws.store.database.revisions()
        return last.day == self._ws.now().date() and all(last.revisions[kind] == revisions[kind] for kind in kinds)

    def _behind(self) -> None:
        try:
            self._standing = self._read(self._standing)
        finally:
            self._refreshing.release()
            self._ws.store.close()

    def _read(self, last: Standing | None) -> Standing:
        ws, begun, moment = self._ws, time.perf_counter(), self._ws.now()
        revisions = ws.store.database.revisions()  # first: rows may be newer than they say, never older
        if last is None:
            people, jobs = understood(frames.workers(ws)), understood(frames.vacancies(ws))
        else:
            people = frames.changes(ws, "worker", last.revisions["worker"], last.people, understood)
            jobs = frames.changes(ws, "vacancy", last.revisions["vacancy"], last.jobs, understood)
        standing = Standing(people, jobs, revisions, moment, time.monotonic())
        if people.height and jobs.height and (last is not None or people.height > LARGE):
            standing.ranker(ws, None)  # the next question does not wait for it
            standing.seconds = time.perf_counter() - begun
        return standing


def warm_ranker(ws: Workspace) -> None:
    """Make ready what the first ranking needs, if there is anything to rank."""
    if ws.store.records.count("vacancy"):
        board(ws).warm()


def board(ws: Workspace) -> Board:
    """The board of an open workspace."""
    found = ws.memory.get("board") or ws.memory.setdefault("board", Board(ws))
    assert isinstance(found, Board)
    return found
