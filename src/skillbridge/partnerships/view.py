"""Workers and vacancies as coded columns: predicates are asked once per distinct value, then looked up.

A `Mask` is a condition on the worker and a condition on the vacancy; a `Where` holds if any of its masks does. Both
are over a `View`: all workers, and vacancies each with one start and end.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.partnerships.dates import Days
from skillbridge.tables import distinct

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Mask:
    """True where both conditions hold; None stands for always."""

    worker: Bools | None = None
    vacancy: Bools | None = None


_SEASONS: dict[str, pl.DataType] = {
    "past": pl.Int32(), "employer": pl.String(), "year": pl.Int32(), "start": pl.Date(), "end": pl.Date(),
    "destination": pl.String(), "partnership": pl.String(),
}  # fmt: skip
Where = tuple[Mask, ...]
ALWAYS: Where = (Mask(),)
NEVER: Where = ()


def _and(a: Bools | None, b: Bools | None) -> Bools | None:
    if a is None or a is b:
        return b
    if b is None:
        return a
    both: Bools = a & b
    return both


def both(*conditions: Where) -> Where:
    """Where all conditions hold; parts that hold nowhere are left out."""
    result = ALWAYS
    for condition in conditions:
        if condition is ALWAYS:
            continue
        product = [Mask(_and(a.worker, b.worker), _and(a.vacancy, b.vacancy)) for a in result for b in condition]
        result = tuple(
            mask
            for mask in product
            if (mask.vacancy is None or mask.vacancy.any()) and (mask.worker is None or mask.worker.any())
        )
    return result


@dataclass(frozen=True)
class Population:
    """Pairs for which `include` holds and `exclude` does not."""

    include: Where = ALWAYS
    exclude: Where = NEVER

    def masks(self) -> Iterable[Mask]:
        """Every mask it is made of."""
        yield from self.include
        yield from self.exclude


class View:
    """Coded columns of a workers and a vacancies frame, each read once."""

    def __init__(
        self,
        workers: pl.DataFrame,
        vacancies: pl.DataFrame,
        employers: dict[str, str] | None = None,
    ) -> None:
        self.workers = workers
        self.vacancies = vacancies
        self._known_employers = employers
        self._codes: dict[tuple[str, str], tuple[list[Any], Codes]] = {}
        self._masks: dict[Hashable, Bools] = {}

    def codes(self, side: str, column: str) -> tuple[list[Any], Codes]:
        """(distinct values, code of every row) of a column of "worker" or "vacancy"; an absent column is all None."""
        key = (side, column)
        if key not in self._codes:
            frame = self.workers if side == "worker" else self.vacancies
            if column in frame.columns:
                self._codes[key] = distinct(frame[column], lambda value: value)
            else:
                self._codes[key] = ([None], np.zeros(len(frame), dtype=np.int32))
        return self._codes[key]

    def mask(self, side: str, column: str, name: Hashable, holds: Callable[[Any], bool]) -> Bools:
        """bool per row: `holds(value)`; `name` identifies the predicate, so that equal ones are computed once."""
        key = (side, column, name)
        if key not in self._masks:
            values, codes = self.codes(side, column)
            table = np.fromiter((bool(holds(value)) for value in values), dtype=np.bool_, count=len(values))
            self._masks[key] = table[codes]
        return self._masks[key]

    def workers_where(self, column: str, name: Hashable, holds: Callable[[Any], bool]) -> Where:
        """The condition `holds(value)` on a workers column."""
        return (Mask(worker=self.mask("worker", column, name, holds)),)

    def vacancies_where(self, column: str, name: Hashable, holds: Callable[[Any], bool]) -> Where:
        """The condition `holds(value)` on a vacancies column."""
        return (Mask(vacancy=self.mask("vacancy", column, name, holds)),)

    @cached_property
    def start(self) -> Days:
        """datetime64[D] [vacancies]."""
        return self.vacancies["start"].to_numpy().astype("datetime64[D]")

    @cached_property
    def end(self) -> Days:
        """datetime64[D] [vacancies]."""
        return self.vacancies["end"].to_numpy().astype("datetime64[D]")

    @cached_property
    def positions(self) -> npt.NDArray[np.int64]:
        """int64 [vacancies], in heads."""
        return self.vacancies["positions"].to_numpy().astype(np.int64)

    @cached_property
    def start_year(self) -> npt.NDArray[np.int32]:
        """int32 [vacancies]."""
        return (self.start.astype("datetime64[Y]").astype(np.int32) + 1970).astype(np.int32)

    @cached_property
    def years(self) -> list[int]:
        """Calendar years in which vacancies start."""
        return [int(year) for year in np.unique(self.start_year)]

    @cached_property
    def employers(self) -> dict[str, str]:
        """Employer -> the one country it hires in, over the vacancies (employers in several are left out)."""
        if self._known_employers is not None:
            return self._known_employers
        return employer_countries(self.vacancies)

    @cached_property
    def seasons(self) -> pl.DataFrame:
        """Past seasons of every distinct `past` text: columns past (its code), employer, year i32, start, end (dates
        or null), destination (the employer's country where unsaid, else null), partnership (or null)."""
        values, _ = self.codes("worker", "past")
        if not any(values):
            return pl.DataFrame(schema=_SEASONS)
        frame = pl.DataFrame(
            {"past": np.arange(len(values), dtype=np.int32), "text": pl.Series(values, dtype=pl.String)}
        )
        known = self.employers
        if len(values) < len(known):
            named = {part.partition(":")[0].strip() for text in values for part in (text or "").split(";")}
            known = {employer: known[employer] for employer in sorted(named & known.keys())}
        fields = pl.col("part").str.split(":")
        when = fields.list.get(1, null_on_oob=True)
        parsed = (
            frame.filter(pl.col("text").is_not_null())
            .with_columns(pl.col("text").str.split(";"))
            .explode("text", empty_as_null=True)
            .select("past", part=pl.col("text").str.strip_chars())
            .filter(pl.col("part").is_not_null() & (pl.col("part") != ""))
            .select(
                "past",
                employer=fields.list.get(0),
                when=when,
                place=fields.list.get(2, null_on_oob=True).replace("", None),
                partnership=fields.list.get(3, null_on_oob=True).replace("", None),
            )
            .with_columns(
                year=pl.col("when").str.slice(0, 4).cast(pl.Int32),
                start=pl.col("when").str.split("/").list.get(0).str.to_date("%Y-%m-%d", strict=False),
                end=pl.col("when").str.split("/").list.get(1, null_on_oob=True).str.to_date("%Y-%m-%d", strict=False),
            )
        )
        countries = pl.DataFrame(
            {"employer": list(known), "country": list(known.values())},
            schema={"employer": pl.String, "country": pl.String},
        )
        return (
            parsed.join(countries, on="employer", how="left", maintain_order="left")
            .select(
                "past",
                "employer",
                "year",
                "start",
                "end",
                pl.coalesce("place", "country").alias("destination"),
                "partnership",
            )
            .sort("past", "year", "start", "employer", maintain_order=True)
        )

    def seasons_under(self, names: tuple[str, ...], destinations: tuple[str, ...]) -> pl.DataFrame:
        """The rows of :attr:`seasons` that count for a partnership of these names (see `Case.seasons`)."""
        somewhere = pl.col("destination").is_null()
        country = somewhere | pl.col("destination").is_in(list(destinations)) if destinations else pl.lit(True)
        unnamed = pl.col("partnership").is_null() & country
        return self.seasons.filter(pl.col("partnership").is_in(names).fill_null(False) | unnamed)

    def per_worker(self, per_past: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """A value per distinct `past` text, looked up for every worker."""
        _, codes = self.codes("worker", "past")
        return per_past[codes]


def employer_countries(vacancies: pl.DataFrame) -> dict[str, str]:
    """Employer -> the one country it hires in; employers of several countries are left out."""
    pairs = vacancies.select("employer_id", "destination").unique()
    single = pairs.filter(pl.len().over("employer_id") == 1)
    return dict(single.sort("employer_id").iter_rows())


def number_rows(
    columns: Sequence[npt.NDArray[np.generic]], n: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """(int32 [n] the number of each row's combination of values, int64 one row of each), in order of combination.

    `columns` are bool or non-negative integer arrays [n].
    """
    code = np.zeros(n, dtype=np.int64)
    size = 1
    for column in columns:
        radix = 2 if column.dtype == np.bool_ else int(column.max(initial=0)) + 1
        if radix == 1 or (radix == 2 and column.dtype == np.bool_ and (column.all() or not column.any())):
            continue
        if size > 2**40 // radix:
            unique, code = np.unique(code, return_inverse=True)
            size = len(unique)
        code = code * radix + column.astype(np.int64)
        size *= radix
    unique, at, inverse = np.unique(code, return_index=True, return_inverse=True)
    return inverse.astype(np.int32), at.astype(np.int64)
