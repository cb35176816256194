"""Workers and vacancies as flat arrays for the fast path; texts are read once per distinct part."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeVar, cast
from zlib import crc32

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import tables
from skillbridge.matching.profile import project
from skillbridge.matching.yardstick import LEARNED, MONTHS, Occupation, Yardstick
from skillbridge.model import CEFR

Arrays = TypeVar("Arrays", bound=tuple[npt.NDArray[np.generic], ...])

FOREVER = 1_000_000
"""Days beyond any date: an availability without an end."""


class Jobs(NamedTuple):
    """Vacancies. A job: a class of those that ask the same; a cell: those of a job that also pay alike in one place.

    Per vacancy: job, cell, start, end (days since 1970), wage (minor units, -1 unknown), employer. Per job: occupation,
    months, education (-1 none), open, the numbers of its lists of essential and optional skills (a list holds
    `list_skill[list_at[n]:list_at[n + 1]]`), and in the same way languages with levels (A1 = 1), licences. Per block,
    the cells of one job in one destination: job, destination, its cells, its vacancies in number, its one currency (-1
    for several), highest wage, shortest contract; a job's blocks follow each other (`job_at`), with `job_heads`
    vacancies. Per cell: job, destination, admission class, currency, highest wage, shortest contract, first start, last
    end, vacancies in an order by hash. Per employer: vacancies.
    """

    job: npt.NDArray[np.int32]
    cell: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    wage: npt.NDArray[np.int64]
    employer: npt.NDArray[np.int32]
    job_occupation: npt.NDArray[np.int32]
    job_months: npt.NDArray[np.int32]
    job_education: npt.NDArray[np.int32]
    job_open: npt.NDArray[np.bool_]
    job_essential: npt.NDArray[np.int32]
    job_optional: npt.NDArray[np.int32]
    list_at: npt.NDArray[np.int64]
    list_skill: npt.NDArray[np.int32]
    language_at: npt.NDArray[np.int64]
    language: npt.NDArray[np.int32]
    level: npt.NDArray[np.int32]
    licence_at: npt.NDArray[np.int64]
    licence: npt.NDArray[np.int32]
    block_job: npt.NDArray[np.int32]
    block_destination: npt.NDArray[np.int32]
    block_at: npt.NDArray[np.int64]
    block_heads: npt.NDArray[np.int64]
    block_currency: npt.NDArray[np.int32]
    block_wage: npt.NDArray[np.int64]
    block_days: npt.NDArray[np.int32]
    job_at: npt.NDArray[np.int64]
    job_heads: npt.NDArray[np.int64]
    cell_job: npt.NDArray[np.int32]
    cell_destination: npt.NDArray[np.int32]
    cell_admission: npt.NDArray[np.int32]
    cell_currency: npt.NDArray[np.int32]
    cell_wage: npt.NDArray[np.int64]
    cell_days: npt.NDArray[np.int32]
    cell_start: npt.NDArray[np.int32]
    cell_end: npt.NDArray[np.int32]
    cell_at: npt.NDArray[np.int64]
    cell_vacancy: npt.NDArray[np.int32]
    employer_at: npt.NDArray[np.int64]
    employer_vacancy: npt.NDArray[np.int32]


class Profiles(NamedTuple):
    """Workers, from the profile columns alone: per worker values and numbers of distinct texts.

    `months`, `education` (-1 not stated), `start`, `end` (days since 1970), `floor` (minor units of `currency`, 0
    none), `consent`, `tie` (a hash of the id). Per occupation, skills, languages, licences, preferences and past text:
    sparse lists or dense rows over what the vacancies ask. `named_at`, `named`: the vacancies that ask for the worker
    by name.
    """

    occupation: npt.NDArray[np.int32]
    months: npt.NDArray[np.int32]
    skills: npt.NDArray[np.int32]
    languages: npt.NDArray[np.int32]
    education: npt.NDArray[np.int32]
    licences: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    floor: npt.NDArray[np.int64]
    currency: npt.NDArray[np.int32]
    preferences: npt.NDArray[np.int32]
    past: npt.NDArray[np.int32]
    consent: npt.NDArray[np.bool_]
    tie: npt.NDArray[np.uint64]
    closeness: npt.NDArray[np.int32]
    implied_at: npt.NDArray[np.int64]
    implied: npt.NDArray[np.int32]
    implied_kind: npt.NDArray[np.int32]
    learned: npt.NDArray[np.int32]
    stated_at: npt.NDArray[np.int64]
    stated: npt.NDArray[np.int32]
    levels: npt.NDArray[np.int32]
    held: npt.NDArray[np.bool_]
    wish_at: npt.NDArray[np.int64]
    wish_destination: npt.NDArray[np.int32]
    wish_employer: npt.NDArray[np.int32]
    wish_weight: npt.NDArray[np.int32]
    past_at: npt.NDArray[np.int64]
    past_employer: npt.NDArray[np.int32]
    named_at: npt.NDArray[np.int64]
    named: npt.NDArray[np.int32]
    factor: npt.NDArray[np.float64]


class Book:
    """Numbers for values in order of first appearance, after those of another book."""

    def __init__(self, known: "Book | None" = None) -> None:
        self.number: dict[Hashable, int] = {} if known is None else dict(known.number)

    def add(self, value: Hashable) -> int:
        """The value's number, a new one if it is new."""
        return self.number.setdefault(value, len(self.number))

    def get(self, value: Hashable) -> int:
        """The value's number, -1 if it is not in the book."""
        return self.number.get(value, -1)

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, eq=False)
class Market:
    """The vacancies as arrays and the books that number what they ask: what workers are encoded against."""

    jobs: Jobs
    yardstick: Yardstick
    occupations: list[Occupation]
    skills: Book
    languages: Book
    licences: Book
    employers: Book
    destinations: Book
    currencies: Book
    named: pl.DataFrame


def sparse(lists: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(offsets, values) of a list of lists."""
    at = np.zeros(len(lists) + 1, dtype=np.int64)
    np.cumsum([len(part) for part in lists], out=at[1:])
    return at, np.array([value for part in lists for value in part], dtype=np.int32)


def _grouped(group: npt.NDArray[np.int32], n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """(offsets, members) of the rows of each of `n` groups, rows in order."""
    at = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(group, minlength=n), out=at[1:])
    return at, np.argsort(group, kind="stable").astype(np.int32)


def plain(arrays: Arrays) -> Arrays:
    """The same arrays, each contiguous and writable: one type for the compiler, so that nothing is compiled twice."""
    return type(arrays)(*(np.require(array, requirements=["C", "W"]) for array in arrays))


def _days(column: pl.Series, missing: int) -> npt.NDArray[np.int32]:
    return column.cast(pl.Int32).fill_null(missing).to_numpy()


def _codes(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, npt.NDArray[np.int32]]:
    """(distinct rows of `columns` in order of first appearance, the number of each row's)."""
    if frame.height < 2:
        return frame.select(columns), np.zeros(frame.height, dtype=np.int32)
    distinct = frame.select(columns).unique(maintain_order=True)
    numbered = distinct.with_columns(_number=pl.int_range(pl.len(), dtype=pl.Int32))
    joined = frame.select(columns).join(numbered, on=list(columns), how="left", nulls_equal=True, maintain_order="left")
    return distinct, joined["_number"].to_numpy()


def ties(ids: pl.Series) -> npt.NDArray[np.uint64]:
    """A stable hash of each id (CRC-32 of its UTF-8): breaks ties the same way in every run, in any row order."""
    return np.fromiter((crc32(value.encode()) for value in ids), dtype=np.uint64, count=len(ids))


@dataclass(frozen=True, eq=False)
class Books:
    """The numbers of what vacancies ask and offer."""

    skills: Book
    languages: Book
    licences: Book
    employers: Book
    destinations: Book
    currencies: Book

    @classmethod
    def after(cls, known: "Books | Market | None" = None) -> "Books":
        """Books that go on from those of others, or empty ones."""
        return cls(*(Book(None if known is None else getattr(known, field.name)) for field in fields(cls)))


def market(
    vacancies: pl.DataFrame,
    yardstick: Yardstick,
    admission_class: npt.NDArray[np.int32],
    known: "Books | Market | None" = None,
) -> Market:
    """The vacancies (tables.VACANCIES) encoded; `admission_class` int32 [vacancies] numbers who may take them.

    Numbers go on from those of `known`, so that workers encoded against it can be asked about these vacancies too.
    """
    books = Books.after(known)
    for value in vacancies["currency"].to_list():
        books.currencies.add(value)
    frame = tables.conform(vacancies, tables.VACANCIES)
    asked, job = _codes(
        frame.with_columns(pl.col("experience_months").fill_null(0)),
        ["concept", "isco", "skills", "languages", "licences", "education", "experience_months"],
    )
    occupations = Book()
    jobs = Jobs(
        job=job,
        job_months=asked["experience_months"].to_numpy(),
        job_education=asked["education"].cast(pl.Int32).fill_null(-1).to_numpy(),
        job_heads=np.bincount(job, minlength=asked.height).astype(np.int64),
        **_asking(asked, yardstick, books, occupations),
        **_offers(frame, job, asked.height, admission_class, books),
    )
    named = (
        frame.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("vacancy"), "named_workers")
        .filter(pl.col("named_workers").fill_null("") != "")
        .select("vacancy", worker_id=pl.col("named_workers").str.split(";"))
        .explode("worker_id")
        .with_columns(pl.col("worker_id").str.strip_chars())
        .unique(maintain_order=True)
    )
    return Market(
        plain(jobs),
        yardstick,
        cast(list[Occupation], list(occupations.number)),
        books.skills,
        books.languages,
        books.licences,
        books.employers,
        books.destinations,
        books.currencies,
        named,
    )


def _asking(asked: pl.DataFrame, yardstick: Yardstick, books: Books, occupations: Book) -> dict[str, npt.NDArray[Any]]:
    """The fields of :class:`Jobs` that say what each job asks: occupation, skills, languages, licences."""
    lists = Book()
    occupation: list[int] = []
    essential: list[int] = []
    optional: list[int] = []
    spoken: list[list[tuple[int, int]]] = []
    licensed: list[list[int]] = []
    is_open: list[bool] = []
    groups = yardstick.policy.filters.open_groups
    for concept, isco, stated, languages, licences, _education, months in asked.iter_rows():
        occupation.append(occupations.add((concept, isco)))
        must, may = yardstick.asked((concept, isco), tables.parse_list(stated))
        essential.append(lists.add(tuple(books.skills.add(skill) for skill in must)))
        optional.append(lists.add(tuple(books.skills.add(skill) for skill in may)))
        levels = tables.parse_languages(languages)
        spoken.append([(books.languages.add(name), CEFR.index(level) + 1) for name, level in levels.items()])
        licensed.append([books.licences.add(licence) for licence in tables.parse_list(licences)])
        is_open.append(months == 0 and bool(isco) and any(map(str(isco).startswith, groups)))
    list_at, list_skill = sparse(cast(list[tuple[int, ...]], list(lists.number)))
    language_at, language = sparse([[name for name, _ in part] for part in spoken])
    _, level = sparse([[step for _, step in part] for part in spoken])
    licence_at, licence = sparse(licensed)
    return {
        "job_occupation": np.array(occupation, dtype=np.int32),
        "job_open": np.array(is_open, dtype=np.bool_),
        "job_essential": np.array(essential, dtype=np.int32),
        "job_optional": np.array(optional, dtype=np.int32),
        "list_at": list_at,
        "list_skill": list_skill,
        "language_at": language_at,
        "language": language,
        "level": level,
        "licence_at": licence_at,
        "licence": licence,
    }


def _offers(
    frame: pl.DataFrame, job: npt.NDArray[np.int32], n_jobs: int, admission_class: npt.NDArray[np.int32], books: Books
) -> dict[str, npt.NDArray[Any]]:
    """The fields of :class:`Jobs` that say what vacancies offer, cell by cell and block by block."""
    start, end = _days(frame["start"], 0), _days(frame["end"], 0)
    wage = frame["wage"].fill_null(-1).to_numpy()
    destination = np.array([books.destinations.add(value) for value in frame["destination"]], dtype=np.int32)
    employer = np.array([books.employers.add(value) for value in frame["employer_id"]], dtype=np.int32)
    currency = np.array([books.currencies.get(value) for value in frame["currency"]], dtype=np.int32)
    band = np.where(wage > 0, np.floor(np.log2(np.maximum(wage, 1)) * 16), wage - 1).astype(np.int32)
    keys = pl.DataFrame(
        {"job": job, "destination": destination, "admission": admission_class, "currency": currency, "band": band}
    )
    found, of_vacancy = _codes(keys, keys.columns)
    cells = found.with_row_index("old").sort("job", "destination", "old")
    place_of_old = np.empty(cells.height, dtype=np.int32)
    place_of_old[cells["old"].to_numpy()] = np.arange(cells.height, dtype=np.int32)
    cell = place_of_old[of_vacancy]
    blocks, block = _codes(cells, ["job", "destination"])
    order = np.argsort(ties(frame["vacancy_id"]), kind="stable").astype(np.int32)
    cell_at, within = _grouped(cell[order], cells.height)
    cell_vacancy = order[within]
    block_at = np.searchsorted(block, np.arange(blocks.height + 1)).astype(np.int64)

    def per_cell(reduce: np.ufunc, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return reduce.reduceat(values[cell_vacancy], cell_at[:-1]) if cells.height else values

    def per_block(reduce: np.ufunc, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return reduce.reduceat(values, block_at[:-1]) if cells.height else values

    money = cells["currency"].to_numpy()
    lowest, highest = per_block(np.minimum, money), per_block(np.maximum, money)
    cell_wage = per_cell(np.maximum, wage)
    cell_days = per_cell(np.minimum, end - start + 1).astype(np.int32)
    employer_at, employer_vacancy = _grouped(employer, len(books.employers))
    return {
        "cell": cell,
        "start": start,
        "end": end,
        "wage": wage,
        "employer": employer,
        "job_at": np.searchsorted(blocks["job"].to_numpy(), np.arange(n_jobs + 1)).astype(np.int64),
        "block_job": blocks["job"].to_numpy(),
        "block_destination": blocks["destination"].to_numpy(),
        "block_at": block_at,
        "block_heads": np.bincount(block[cell], minlength=blocks.height).astype(np.int64),
        "block_currency": np.where(lowest == highest, lowest, -1).astype(np.int32),
        "block_wage": per_block(np.maximum, cell_wage),
        "block_days": per_block(np.minimum, cell_days),
        "cell_job": cells["job"].to_numpy(),
        "cell_destination": cells["destination"].to_numpy(),
        "cell_admission": cells["admission"].to_numpy(),
        "cell_currency": money,
        "cell_wage": cell_wage,
        "cell_days": cell_days,
        "cell_start": per_cell(np.minimum, start).astype(np.int32),
        "cell_end": per_cell(np.maximum, end).astype(np.int32),
        "cell_at": cell_at,
        "cell_vacancy": cell_vacancy,
        "employer_at": employer_at,
        "employer_vacancy": employer_vacancy,
    }


def _parts(
    column: pl.Series, read: Callable[[str], tuple[int, ...]], width: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], list[npt.NDArray[np.int32]]]:
    """A text column of `;` lists: (number of each row's text, offsets per text, `width` arrays of what `read` gives).

    `read` is asked once per distinct part and returns `width` numbers; a part whose first number is -1 is left out.
    """
    if len(column) == 1:
        codes, n_texts, split = np.zeros(1, dtype=np.int32), 1, [part.strip() for part in (column[0] or "").split(";")]
        values = [part for part in split if part]
        owner, number = np.zeros(len(values), dtype=np.int32), np.arange(len(values), dtype=np.int32)
    else:
        texts, codes = _codes(pl.DataFrame({"text": column}), ["text"])
        parts = (
            texts.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("n"), pl.col("text").str.split(";").alias("part"))
            .explode("part")
            .with_columns(pl.col("part").str.strip_chars())
            .filter(pl.col("part").fill_null("") != "")
        )
        known, number = _codes(parts, ["part"])
        values, owner, n_texts = known["part"].to_list(), parts["n"].to_numpy(), texts.height
    table = np.array([read(part) for part in values], dtype=np.int32).reshape(-1, width)
    found = table[number]
    kept = found[:, 0] >= 0
    at = np.zeros(n_texts + 1, dtype=np.int64)
    np.cumsum(np.bincount(owner[kept], minlength=n_texts), out=at[1:])
    return codes, at, [np.ascontiguousarray(found[kept, place]) for place in range(width)]


def profiles(workers: pl.DataFrame, market: Market) -> Profiles:
    """The workers encoded against a market; only the profile columns are looked at. Raises `BadInput` for bad texts."""
    frame = project(workers)
    yardstick = market.yardstick
    held, occupation = _codes(frame, ["concept", "isco"])
    occupations: list[Occupation] = list(held.iter_rows())
    implied = [
        [
            (market.skills.get(skill), kind)
            for kind, skills in enumerate(yardstick.implied(mine))
            for skill in skills
            if market.skills.get(skill) >= 0
        ]
        for mine in occupations
    ]
    implied_at, implied_skill = sparse([[skill for skill, _ in part] for part in implied])
    _, implied_kind = sparse([[kind for _, kind in part] for part in implied])
    skills, stated_at, (stated,) = _parts(frame["skills"], lambda part: (market.skills.get(part),), 1)

    def language(part: str) -> tuple[int, int]:
        ((name, level),) = tables.parse_languages(part).items()
        return market.languages.get(name), CEFR.index(level) + 1

    languages, language_at, (tongue, level) = _parts(frame["languages"], language, 2)
    levels = np.zeros((len(language_at) - 1, max(1, len(market.languages))), dtype=np.int32)
    levels[np.repeat(np.arange(len(levels)), np.diff(language_at)), tongue] = level
    licences, licence_at, (licence,) = _parts(frame["licences"], lambda part: (market.licences.get(part),), 1)
    licensed = np.zeros((len(licence_at) - 1, max(1, len(market.licences))), dtype=np.bool_)
    licensed[np.repeat(np.arange(len(licensed)), np.diff(licence_at)), licence] = True

    def wish(part: str) -> tuple[int, int, int, int]:
        (read,) = tables.parse_preferences(part)
        place = market.destinations.get(read.target)
        employer = market.employers.get(read.target)
        if employer < 0:
            employer = market.employers.get(read.target.removeprefix("employer-"))
        known = 0 if place >= 0 or employer >= 0 else -1
        return known, place, employer, -1 if read.refuses else read.weight

    preferences, wish_at, (_, wish_destination, wish_employer, wish_weight) = _parts(frame["preferences"], wish, 4)
    employers = frame["past"].str.replace_all(r":[^;]*", "") if frame.height else frame["past"]
    past, past_at, (past_employer,) = _parts(employers, lambda part: (market.employers.get(part),), 1)
    money, currency = _codes(frame, ["currency"])
    factor = np.array(
        [
            [yardstick.rates.factor(given, wanted) or -1.0 for wanted in market.currencies.number]  # type: ignore[arg-type]
            for given in money["currency"]
        ],
        dtype=np.float64,
    ).reshape(money.height, len(market.currencies))
    rows = frame.select("worker_id", row=pl.int_range(pl.len(), dtype=pl.Int32))
    named = market.named.join(rows, on="worker_id", how="inner").sort("row", "vacancy")
    named_at = np.zeros(frame.height + 1, dtype=np.int64)
    np.cumsum(np.bincount(named["row"].to_numpy(), minlength=frame.height), out=named_at[1:])
    encoded = Profiles(
        occupation=occupation,
        months=frame["experience_months"].fill_null(0).clip(0, MONTHS).to_numpy(),
        skills=skills,
        languages=languages,
        education=frame["education"].cast(pl.Int32).fill_null(-1).to_numpy(),
        licences=licences,
        start=_days(frame["available_from"], -FOREVER),
        end=_days(frame["available_to"], FOREVER),
        floor=frame["wage_floor"].fill_null(0).to_numpy(),
        currency=currency,
        preferences=preferences,
        past=past,
        consent=frame["consent"].fill_null(True).to_numpy(),
        tie=ties(frame["worker_id"]),
        closeness=yardstick.closeness_table(occupations, market.occupations),
        implied_at=implied_at,
        implied=implied_skill,
        implied_kind=implied_kind,
        learned=LEARNED,
        stated_at=stated_at,
        stated=stated,
        levels=levels,
        held=licensed,
        wish_at=wish_at,
        wish_destination=wish_destination,
        wish_employer=wish_employer,
        wish_weight=wish_weight,
        past_at=past_at,
        past_employer=past_employer,
        named_at=named_at,
        named=named["vacancy"].to_numpy(),
        factor=factor,
    )
    return plain(encoded)
