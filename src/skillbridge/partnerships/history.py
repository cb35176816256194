"""Past stays as arrays, for asking a stay rule of many pairs at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.partnerships.dates import Days
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.stay import broken_terms
from skillbridge.partnerships.view import View, number_rows

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_EMPTY_START, _EMPTY_END = np.datetime64("1900-01-02"), np.datetime64("1900-01-01")
_CHUNK = 200_000


@dataclass(frozen=True)
class Pasts:
    """The stays of every distinct `past` text: `start`, `end` datetime64[D] [texts, k], empty where end < start;
    `year` int32 [texts, k], not 0 where only the year is known."""

    start: Days
    end: Days
    year: npt.NDArray[np.int32]

    @classmethod
    def of(cls, seasons: pl.DataFrame, n_texts: int) -> "Pasts":
        """From rows of `View.seasons`."""
        if seasons.is_empty():
            nothing = np.zeros((n_texts, 0), dtype="datetime64[D]")
            return cls(nothing, nothing.copy(), np.zeros((n_texts, 0), dtype=np.int32))
        exact = seasons.filter(pl.col("end").is_not_null()).select("past", "start", "end", year=pl.lit(0, pl.Int32))
        in_years = pl.concat(
            [exact.select("past", year=pl.col(side).dt.year().cast(pl.Int32)) for side in ("start", "end")]
        ).unique()
        guessed = (
            seasons.filter(pl.col("end").is_null())
            .select("past", "year")
            .unique()
            .join(in_years, on=["past", "year"], how="anti")
            .select("past", pl.lit(None, pl.Date).alias("start"), pl.lit(None, pl.Date).alias("end"), "year")
        )
        rows = pl.concat([exact, guessed]).sort("past", "year", "start")
        rows = rows.with_columns(place=pl.int_range(pl.len()).over("past"))
        width = 0 if rows.is_empty() else int(rows["place"].max()) + 1  # type: ignore[arg-type]
        start = np.full((n_texts, width), _EMPTY_START)
        end = np.full((n_texts, width), _EMPTY_END)
        year = np.zeros((n_texts, width), dtype=np.int32)
        known = rows.filter(pl.col("end").is_not_null())
        at = known["past"].to_numpy(), known["place"].to_numpy()
        start[at] = known["start"].to_numpy().astype("datetime64[D]")
        end[at] = known["end"].to_numpy().astype("datetime64[D]")
        year[rows["past"].to_numpy(), rows["place"].to_numpy()] = rows["year"].to_numpy()
        return cls(start, end, year)

    @property
    def columns(self) -> Iterable[npt.NDArray[np.int64]]:
        """Its columns, each with its distinct values numbered."""
        for column in (*self.start.T, *self.end.T, *self.year.T):
            yield np.unique(column, return_inverse=True)[1].astype(np.int64)

    def taken(self, rows: npt.NDArray[np.int64]) -> "Pasts":
        """Those of some rows."""
        return Pasts(self.start[rows], self.end[rows], self.year[rows])

    def seen_from(self, past: npt.NDArray[np.int32], start: Days, end: Days) -> tuple[Days, Days]:
        """(starts, ends) [n, k]: the disjoint, sorted stays of `past` texts, years read as `partnerships.stay` says."""
        first, last, year = self.start[past], self.end[past], self.year[past]
        if first.shape[1] == 0:
            return first, last
        this_year = start.astype("datetime64[Y]").astype(np.int64)[:, None] + 1970
        back = np.where((year > 0) & (year < this_year), this_year - year, 0)
        moved = _years_back(start[:, None], back)
        first = np.where(back > 0, moved, first)
        last = np.where(back > 0, moved + (end - start)[:, None], last)
        order = np.argsort(first, axis=1, kind="stable")
        first, last = np.take_along_axis(first, order, axis=1), np.take_along_axis(last, order, axis=1)
        for i in range(1, first.shape[1]):
            joined = (first[:, i] <= last[:, i - 1]) & (last[:, i] >= first[:, i]) & (last[:, i - 1] >= first[:, i - 1])
            last[:, i] = np.where(joined, np.maximum(last[:, i], last[:, i - 1]), last[:, i])
            first[:, i] = np.where(joined, first[:, i - 1], first[:, i])
            first[:, i - 1] = np.where(joined, _EMPTY_START, first[:, i - 1])
            last[:, i - 1] = np.where(joined, _EMPTY_END, last[:, i - 1])
        return first, last


class StayJudge:
    """A stay rule over the histories of a view."""

    def __init__(self, rule: StayRule, partnership: "Partnership", view: View) -> None:
        self.rule, self._partnership, self._view = rule, partnership, view

    @cached_property
    def _pasts(self) -> tuple[npt.NDArray[np.int32], Pasts, Pasts]:
        """(the history of each past text, the stays counted and those elsewhere of each history); made when first
        asked, since most rules are asked of nobody."""
        rule, partnership, view = self.rule, self._partnership, self._view
        n_texts = len(view.codes("worker", "past")[0])
        seasons = others = view.seasons
        if not seasons.is_empty():
            seasons = view.seasons_under(partnership.names, partnership.destination)
            named = pl.col("partnership").is_not_null()
            others = others.filter(named & ~pl.col("partnership").is_in(partnership.names))
            if partnership.destination:
                others = others.filter(pl.col("destination").is_in(list(partnership.destination)))
        counted = Pasts.of(seasons, n_texts)
        elsewhere = Pasts.of(others if rule.absence_before else others.head(0), n_texts)
        history, at = number_rows((*counted.columns, *elsewhere.columns), n_texts)
        return history, counted.taken(at), elsewhere.taken(at)

    def broken(self, past: npt.NDArray[np.int32], start: Days, end: Days) -> npt.NDArray[np.uint8]:
        """For each (past text, start, end), the position in `stay.TERMS` of the first term broken, 0 if none.

        Pasts that the rule cannot tell apart are one history, and each distinct question is asked once.
        """
        if not len(past):
            return np.zeros(0, dtype=np.uint8)
        history, known, others = self._pasts
        base = min(start.min(), end.min())
        first, last = (start - base).astype(np.int64), (end - base).astype(np.int64)
        span = int(last.max()) + 1
        question = (history[past].astype(np.int64) * span + first) * span + last
        _, at, inverse = np.unique(question, return_index=True, return_inverse=True)
        result = np.zeros(len(at), dtype=np.uint8)
        for low in range(0, len(at), _CHUNK):
            part = at[low : low + _CHUNK]
            mine = history[past[part]]
            counted = known.seen_from(mine, start[part], end[part])
            elsewhere = others.seen_from(mine, start[part], end[part])
            result[low : low + _CHUNK] = broken_terms(self.rule, *counted, *elsewhere, start[part], end[part])
        return result[inverse]


def _years_back(days: Days, years: npt.NDArray[np.int64]) -> Days:
    """Every day moved back by its own number of years, 29 February to the 28th where needed."""
    month = days.astype("datetime64[M]")
    offset = days - month.astype("datetime64[D]")
    target = month - (years * 12).astype("timedelta64[M]")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved: Days = np.minimum(target.astype("datetime64[D]") + offset, last)
    return moved
