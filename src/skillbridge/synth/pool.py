"""Synthetic workers: the same rows for the same seed, whatever the size of the pool or of its chunks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.model import CEFR
from skillbridge.synth import parameters, titles
from skillbridge.synth.parameters import Scheme
from skillbridge.tables import WORKERS, conform

BLOCK = 1 << 15
"""Rows drawn from one random stream. Block k of a seed is always the same: a smaller pool is the head of a larger."""
CREW = np.array([0.94, 0.025, 0.015, 0.01, 0.006, 0.004])
"""Shares of units of 1, 2, ... people who go together (a family or a crew)."""
LICENCES = (
    ("", 0.60),
    ("B", 0.21),
    ("B;T", 0.06),
    ("B;C", 0.03),
    ("T", 0.03),
    ("forklift", 0.03),
    ("chainsaw", 0.02),
    ("pesticides", 0.02),
)
"""Driving categories (T is tractor) and certificates, with the share of workers who hold them."""
OTHER_TRADE = 0.10
"""Share of workers whose last job is not one of the scheme's."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Openings:
    """What a scheme's workers aim at: one entry an opening, in days since 1970 and minor units an hour."""

    weights: Floats
    start: Ints
    end: Ints
    employer: pl.Series
    wage: Floats


def workers(
    n: int,
    seed: int,
    partnerships: Sequence[str] | None = None,
    *,
    year: int = 2026,
    vacancies: pl.DataFrame | None = None,
    truth: bool = False,
) -> Iterator[pl.DataFrame]:
    """Chunks of at most BLOCK rows of `tables.WORKERS`, `n` rows in all, of people who do not exist.

    `partnerships` are ids of `datasets/synth/schemes.csv` (all of them by default), mixed by their real sizes.
    Without `vacancies` people are available around the crop seasons of `year`; with them (`tables.VACANCIES`) around
    real openings, for real wages, and past seasons name the employers who post them. `concept` and `isco` stay null:
    the job title is what the person wrote. `truth=True` adds the column `true_isco`, for tests.

    Raises `BadInput` for an unknown partnership or a negative `n`.
    """
    if n < 0:
        raise BadInput("workers", f"a pool of {n}", "0 workers or more")
    mixed = parameters.chosen(partnerships)
    aims = [_openings(scheme, year, vacancies) for scheme in mixed]
    return _chunks(n, seed, mixed, aims, year, truth)


def _chunks(
    n: int, seed: int, mixed: list[Scheme], aims: list[Openings], year: int, truth: bool
) -> Iterator[pl.DataFrame]:
    for block in range(-(-n // BLOCK)):
        rng = np.random.default_rng(np.random.SeedSequence([seed, block]))
        frame = _block(rng, seed, block, mixed, aims, year).head(n - block * BLOCK)
        yield frame if truth else frame.drop("true_isco")


def pick(u: Floats, weights: Floats) -> Ints:
    """For each `u` in [0, 1) an index drawn in proportion to `weights`."""
    edges = np.cumsum(weights)
    found: Ints = np.searchsorted(edges, u * edges[-1], side="right")
    return np.minimum(found, len(edges) - 1)


def employer_ids(scheme: Scheme) -> pl.Series:
    """The ids of a scheme's invented employers, the largest first."""
    return pl.Series([f"syn-{scheme.partnership}-{number:04d}" for number in range(1, scheme.employers + 1)])


def employer_weights(scheme: Scheme) -> Floats:
    """The share of a scheme's places that each invented employer offers (a long tail)."""
    return np.arange(2, scheme.employers + 2, dtype=np.float64) ** -0.8


def _openings(scheme: Scheme, year: int, vacancies: pl.DataFrame | None) -> Openings:
    if vacancies is not None:
        real = vacancies.filter(
            pl.col("destination") == scheme.destination,
            pl.col("partnership").is_null() | (pl.col("partnership") == scheme.partnership),
        ).select(
            pl.col("positions").cast(pl.Float64),
            pl.col("start").cast(pl.Int32).cast(pl.Int64),
            pl.col("end").cast(pl.Int32).cast(pl.Int64),
            "employer_id",
            pl.col("wage").cast(pl.Float64).fill_null(scheme.wage),
        )
        if len(real):
            weights, start, end, wage = (real[name].to_numpy() for name in ("positions", "start", "end", "wage"))
            return Openings(weights, start, end, real["employer_id"], wage)
    starts = np.array([day_number(year, month, 1) for month in range(1, 13)])
    demand = np.sum([opening_months(season.months) for season in scheme.seasons], axis=0)
    stays = np.array([scheme.stay_months - 2, scheme.stay_months - 1, scheme.stay_months]).clip(2)
    ids, places = employer_ids(scheme), employer_weights(scheme)
    month, stay, employer = (
        axis.ravel() for axis in np.meshgrid(np.arange(12), np.arange(3), np.arange(min(len(ids), 400)), indexing="ij")
    )
    begin = starts[month]
    return Openings(
        weights=demand[month] * np.array([1.0, 2.0, 3.0])[stay] * places[employer],
        start=begin,
        end=begin + stays[stay] * 30,
        employer=ids.gather(employer),
        wage=np.full(len(month), float(scheme.wage)),
    )


def opening_months(months: Floats) -> Floats:
    """How many places open in each month when demand follows `months` (a little always opens while work goes on)."""
    return np.maximum(months - np.roll(months, 1), 0) + 0.1 * months


def _block(
    rng: np.random.Generator, seed: int, block: int, mixed: list[Scheme], aims: list[Openings], year: int
) -> pl.DataFrame:
    size = pick(rng.random(BLOCK), CREW) + 1
    size = size[: int(np.searchsorted(np.cumsum(size), BLOCK)) + 1]
    unit = np.repeat(np.arange(len(size)), size)[:BLOCK]
    units = len(size)

    scheme_u = pick(rng.random(units), np.array([scheme.size for scheme in mixed]))
    codes = {code: number for number, code in enumerate(parameters.origins())}
    lands = list(parameters.origins().values())
    origin_u, region_u, title_u, opening_u = (np.zeros(units, dtype=np.int64) for _ in range(4))
    draws = rng.random((4, units))
    for number, scheme in enumerate(mixed):
        mine = np.flatnonzero(scheme_u == number)
        home = np.array([codes[code] for code in scheme.origins])
        origin_u[mine] = home[pick(draws[0, mine], scheme.origin_weights)]
        opening_u[mine] = pick(draws[1, mine], aims[number].weights)
    for number in np.unique(origin_u):
        mine = np.flatnonzero(origin_u == number)
        region_u[mine] = pick(draws[2, mine], lands[number].region_weights)
        title_u[mine] = pick(draws[3, mine], lands[number].title_weights)

    at, origin = scheme_u[unit], origin_u[unit]
    people = _people(rng, mixed, lands, at, origin, year)
    work = _work(rng, mixed, lands, at, origin, title_u[unit], unit)
    season = _season(rng, mixed, aims, scheme_u, opening_u, unit, year)
    row = np.arange(block * BLOCK, (block + 1) * BLOCK)
    age = year - people["birth_year"]
    experience = np.where(rng.random(BLOCK) < 0.07, 0, np.maximum(age - 15, 0) * 12 * rng.beta(1.1, 2.4, BLOCK)).astype(
        np.int64
    )
    experience = np.maximum(experience, np.where(season["seasons"] > 0, season["seasons"] * 5, 0))
    frame = pl.DataFrame(
        {
            "worker_id": row,
            "origin": pl.Series([land.code for land in lands]).gather(origin),
            "region": _strings([origin, region_u[unit]], lambda key: lands[key[0]].regions[key[1]]),
            **people,
            **work,
            "experience_months": experience,
            **{name: value for name, value in season.items() if name != "seasons"},
            "group_id": unit + block * BLOCK,
            "crew": size[unit],
        }
    )
    return conform(
        frame.with_columns(
            pl.format("syn{}-{}", pl.lit(seed), pl.col("worker_id").cast(pl.String).str.zfill(7)).alias("worker_id"),
            pl.when(pl.col("crew") > 1)
            .then(pl.format("syn{}-g{}", pl.lit(seed), pl.col("group_id").cast(pl.String).str.zfill(7)))
            .alias("group_id"),
        ),
        {**WORKERS, "true_isco": pl.String()},
    )


def _people(
    rng: np.random.Generator, mixed: list[Scheme], lands: list[parameters.Origin], at: Ints, origin: Ints, year: int
) -> dict[str, pl.Series | Ints]:
    """Sex, birth year, education, languages, licences and consent of each person."""
    n = len(at)
    women = np.array([scheme.women for scheme in mixed])[at]
    u = rng.random(n)
    sex = np.where(u < women, 0, np.where(u < 0.995, 1, np.where(u < 0.997, 2, 3)))
    low, mean, high = (np.array([getattr(s, name) for s in mixed])[at] for name in ("age_min", "age_mean", "age_max"))
    middle = (mean - low) / (high - low)
    age = (low + (high - low) * rng.beta(4 * middle, 4 * (1 - middle))).astype(np.int64)
    age = np.where(rng.random(n) < 0.004, rng.integers(15, 18, n), age)

    u, education = rng.random((2, n)), np.zeros(n, dtype=np.int64)
    speaks = np.zeros(n)
    for number in np.unique(origin):
        mine = np.flatnonzero(origin == number)
        education[mine] = pick(u[0, mine], lands[number].education)
        speaks[mine] = lands[number].speaks
    level = np.where(u[1] < speaks, 1 + rng.binomial(5, (0.08 + 0.75 * speaks * rng.beta(3, 2, n)).clip(0, 0.95)), 0)

    def languages(key: tuple[int, ...]) -> str:
        land, tongue = lands[key[0]], mixed[key[1]].language
        spoken = {land.mother: "C2"}
        for lang in land.title_langs:
            spoken.setdefault(lang, "C2" if lang == "en" and land.speaks == 1 else "B2")
        if key[2]:
            spoken.setdefault(tongue, CEFR[key[2] - 1])
        elif tongue != land.mother and land.speaks < 0.9:
            spoken.pop(tongue, None)
        return ";".join(f"{lang}:{cefr}" for lang, cefr in spoken.items())

    held = pick(rng.random(n), np.array([share for _, share in LICENCES]))
    u = rng.random(n)
    return {
        "birth_year": year - age,
        "sex": pl.Series(["f", "m", "x", None]).gather(sex),
        "education": pl.Series(np.where(rng.random(n) < 0.03, -1, education)).replace(-1, None),
        "languages": _strings([origin, at, level], languages),
        "licences": pl.Series([name or None for name, _ in LICENCES]).gather(held),
        "consent": pl.Series([True, False, None]).gather(np.where(u < 0.97, 0, np.where(u < 0.98, 1, 2))),
    }


def _work(
    rng: np.random.Generator,
    mixed: list[Scheme],
    lands: list[parameters.Origin],
    at: Ints,
    origin: Ints,
    title: Ints,
    unit: Ints,
) -> dict[str, pl.Series]:
    """The job title and skills each person wrote, and the unit group that is meant: a crew shares its trade."""
    n = len(at)
    trades = titles.trades()
    number_of = {isco: number for number, isco in enumerate(trades)}
    u = rng.random((4, n))
    u[:2] = u[:2, np.searchsorted(unit, unit)]
    job = (u[0] * len(trades)).astype(np.int64)
    for number, scheme in enumerate(mixed):
        mine = np.flatnonzero((at == number) & (u[1] >= OTHER_TRADE))
        job[mine] = np.array([number_of[isco] for isco in scheme.occupations])[
            pick(u[0, mine], scheme.occupation_weights)
        ]
    written = pl.Series(values=[""], dtype=pl.String).new_from_index(0, n).to_numpy().astype(object)
    stated = np.full(n, None, dtype=object)
    key = (origin * 8 + title) * len(trades) + job
    order = np.argsort(key, kind="stable")
    distinct, first = np.unique(key[order], return_index=True)
    for code, rows in zip(distinct, np.split(order, first[1:]), strict=True):
        isco, lang = trades[code % len(trades)], lands[code // len(trades) // 8].title_langs[code // len(trades) % 8]
        texts = titles.written(isco, lang)
        written[rows] = texts.to_numpy()[(u[2, rows] * len(texts)).astype(np.int64)]
        lists = titles.skills(isco, lang)
        if lists is not None:
            stating = rows[u[3, rows] < 0.6]
            stated[stating] = lists.to_numpy()[(u[3, stating] / 0.6 * len(lists)).astype(np.int64)]
    return {
        "occupation": pl.Series(written.tolist(), dtype=pl.String),
        "skills": pl.Series(stated.tolist(), dtype=pl.String),
        "true_isco": pl.Series(trades).gather(job),
    }


def _season(
    rng: np.random.Generator,
    mixed: list[Scheme],
    aims: list[Openings],
    scheme_u: Ints,
    opening_u: Ints,
    unit: Ints,
    year: int,
) -> dict[str, pl.Series | Ints]:
    """Availability, wage floor, preferences and past seasons: a unit's members aim at the same opening."""
    units, n = len(scheme_u), len(unit)
    start, end, wage = np.zeros(units, dtype=np.int64), np.zeros(units, dtype=np.int64), np.zeros(units)
    employer = np.full(units, None, dtype=object)
    for number, aim in enumerate(aims):
        mine = np.flatnonzero(scheme_u == number)
        at = opening_u[mine]
        start[mine], end[mine], wage[mine] = aim.start[at], aim.end[at], aim.wage[at]
        employer[mine] = aim.employer.gather(at).to_numpy()
    early, late = rng.integers(0, 60, units), rng.integers(-20, 75, units)
    free = rng.random(units) < 0.25
    opens, closes = start - early, np.maximum(end + late, start + 45)

    at = scheme_u[unit]
    floor = (wage[unit] * rng.uniform(0.6, 1.0, n) / 5).astype(np.int64) * 5
    floor = np.where(rng.random(n) < 0.5, floor, 0)
    back = rng.random(n) < np.array([scheme.returning for scheme in mixed])[at]
    seasons = np.where(back, np.minimum(rng.geometric(0.35, n), 8), 0)
    exact, wants, u = rng.random(n) < 0.6, back & (rng.random(n) < 0.5), rng.random((3, n))
    waited = rng.exponential(220, n).astype(np.int64) + 1
    last = pl.DataFrame(
        {
            "employer": pl.Series(employer[unit].tolist(), dtype=pl.String),
            "from": pl.Series(start[unit] - 365, dtype=pl.Int32).cast(pl.Date),
            "to": pl.Series(end[unit] - 365, dtype=pl.Int32).cast(pl.Date),
            "destination": pl.Series([scheme.destination for scheme in mixed]).gather(at),
            "partnership": pl.Series([scheme.partnership for scheme in mixed]).gather(at),
            "seasons": seasons,
            "exact": exact,
            "wants": wants,
            "wish": pl.Series([None, "{}:2", "{}:3", "{}:5"]).gather(pick(u[0], np.array([0.35, 0.15, 0.35, 0.15]))),
            "other": pl.Series([None, "US:1", "CA:2", "NZ:2", "GB:1", "ES:1", "!US", "!GB", "!AU", "!KR"]).gather(
                pick(u[1], np.array([0.80, 0.03, 0.03, 0.03, 0.03, 0.03, 0.01, 0.01, 0.015, 0.015]))
            ),
        }
    )
    first_year = pl.col("from").dt.year()
    by_year = [pl.when(pl.col("seasons") > k).then(pl.format("{}:{}", "employer", first_year - k)) for k in range(1, 8)]
    texts = last.select(
        past=pl.when(pl.col("seasons") > 0).then(
            pl.concat_str(
                pl.when(pl.col("exact"))
                .then(pl.format("{}:{}/{}:{}:{}", "employer", "from", "to", "destination", "partnership"))
                .otherwise(pl.format("{}:{}", "employer", first_year)),
                *by_year,
                separator=";",
                ignore_nulls=True,
            )
        ),
        preferences=pl.concat_str(
            pl.col("wish").str.replace("{}", pl.col("destination"), literal=True),
            pl.when(pl.col("other").str.contains(pl.col("destination"), literal=True).not_()).then("other"),
            pl.when("wants").then(pl.format("employer-{}:5", "employer")),
            separator=";",
            ignore_nulls=True,
        ).replace("", None),
    )
    day = pl.Int32()
    return {
        "available_from": pl.Series(opens[unit], dtype=day).cast(pl.Date).set(pl.Series(free[unit]), None),
        "available_to": pl.Series(closes[unit], dtype=day).cast(pl.Date).set(pl.Series(free[unit]), None),
        "wage_floor": pl.Series(floor).replace(0, None),
        "currency": pl.Series([scheme.currency for scheme in mixed]).gather(at).set(pl.Series(floor == 0), None),
        "preferences": texts["preferences"],
        "past": texts["past"],
        "waiting_since": pl.Series(day_number(year, 1, 1) - waited, dtype=day).cast(pl.Date),
        "seasons": seasons,
    }


def _strings(codes: list[Ints], make: Callable[[tuple[int, ...]], str | None]) -> pl.Series:
    """`make(codes of a row)` for each row, called once for each distinct combination."""
    rows = np.stack(codes, axis=1)
    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    return pl.Series([make(tuple(int(v) for v in key)) for key in distinct], dtype=pl.String).gather(inverse.ravel())


def day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to that date."""
    return (date(year, month, day) - date(1970, 1, 1)).days
