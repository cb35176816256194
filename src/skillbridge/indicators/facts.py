"""The joined tables that indicators and charts count over: one row a worker, a vacancy, a placement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from skillbridge.model import CEFR, RuleUse
from skillbridge.rates import load_rates

if TYPE_CHECKING:
    from skillbridge.plan_folder import PlanFolder

AGE_BANDS = ((0, 17), (18, 24), (25, 34), (35, 44), (45, 54), (55, 120))
WORKER_DIMENSIONS = ("origin", "sex", "age_band", "entry", "worker_isco")
VACANCY_DIMENSIONS = ("destination", "sector", "isco", "month")
DIMENSIONS = (*WORKER_DIMENSIONS[:4], *VACANCY_DIMENSIONS, "partnership")
"""By what indicators are disaggregated: origin and destination (ISO 3166-1), sex, age band, entry (new, returning),
sector (ISIC section or division as given), isco (unit group of the job), month of the start (YYYY-MM), partnership."""


@dataclass(frozen=True)
class Facts:
    """`workers` with `eligible` (had a candidate), `placed` and worker dimensions; `vacancies` with `filled` and their
    dimensions; `placements` with both, `pay` an hour in whole units, hours and `score`; `rules` as in the plan;
    `season` first and last day."""

    workers: pl.DataFrame
    vacancies: pl.DataFrame
    placements: pl.DataFrame
    unfilled: pl.DataFrame
    unplaced: pl.DataFrame
    rules: Sequence[RuleUse]
    season: tuple[date, date]


def folder_facts(folder: "PlanFolder") -> Facts:
    """The facts of a plan's folder."""
    return plan_facts(
        folder.workers,
        folder.vacancies,
        folder.edges,
        folder.placements,
        folder.unfilled,
        folder.unplaced,
        folder.plan.rules,
    )


def plan_facts(
    workers: pl.DataFrame,
    vacancies: pl.DataFrame,
    edges: pl.DataFrame,
    placements: pl.DataFrame,
    unfilled: pl.DataFrame,
    unplaced: pl.DataFrame,
    rules: Sequence[RuleUse],
) -> Facts:
    """The facts of a plan; ages are counted in the year the season starts."""
    season = _season(vacancies)
    eligible = np.zeros(workers.height, dtype=bool)
    eligible[edges["worker"].to_numpy()] = True
    people = workers.select(
        "worker_id",
        "origin",
        "region",
        "languages",
        sex=pl.col("sex").fill_null("unknown"),
        age_band=age_band(pl.col("birth_year"), season[0].year),
        seasons=_seasons(pl.col("past")),
        entry=pl.when(_seasons(pl.col("past")) > 0).then(pl.lit("returning")).otherwise(pl.lit("new")),
        worker_isco=pl.col("isco"),
        past="past",
        eligible=pl.Series(eligible),
    ).join(
        placements.select("worker_id", placed=pl.lit(True)).unique("worker_id"),
        on="worker_id",
        how="left",
        maintain_order="left",
    )
    people = people.with_columns(pl.col("placed").fill_null(value=False))
    heads = placements.group_by("vacancy_id").agg(filled=pl.len().cast(pl.Int32))
    jobs = (
        vacancies.join(heads, on="vacancy_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("filled").fill_null(0),
            pl.col("sector").fill_null("unknown"),
            pl.col("isco").fill_null("unknown"),
            weeks=(pl.col("end") - pl.col("start")).dt.total_days().add(1) / 7,
            month=pl.col("start").dt.strftime("%Y-%m"),
        )
        .with_columns(pl.col("partnership").fill_null("unknown"))
    )
    joined = (
        placements.join(people.drop("placed", "eligible"), on="worker_id", how="left", maintain_order="left")
        .join(
            jobs.select(
                "vacancy_id",
                "employer",
                "destination",
                "sector",
                "isco",
                "site_id",
                "beds",
                "hours_week",
                "wage",
                "currency",
                job_languages="languages",
                job_region="region",
            ),
            on="vacancy_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            month=pl.col("start").dt.strftime("%Y-%m"),
            weeks=(pl.col("end") - pl.col("start")).dt.total_days().add(1) / 7,
            pay=major(pl.col("wage"), pl.col("currency")),
            same_employer=_worked_for(pl.col("past"), pl.col("employer_id")),
        )
    )
    return Facts(people, jobs, joined, unfilled, unplaced, rules, season)


def major(minor: pl.Expr, currency: pl.Expr) -> pl.Expr:
    """Minor units of money in whole units of its currency: yen and won have no smaller ones, dinars a thousand."""
    digits = currency.replace_strict(load_rates().minor_digits, default=2, return_dtype=pl.Int32)
    return minor / pl.lit(10.0).pow(digits)


def presence_by_week(found: Facts, by: str = "destination", top: int = 7) -> pl.DataFrame:
    """week (its Monday), series (a value of `by`, or `other` beyond the `top` largest), heads present that week."""
    placements = found.placements
    if placements.is_empty():
        return pl.DataFrame(schema={"week": pl.Date, "series": pl.String, "heads": pl.Int64})
    largest = placements.group_by(by).len().sort("len", by, descending=[True, False]).head(top)[by]
    series = placements.with_columns(
        series=pl.when(pl.col(by).is_in(largest.to_list())).then(pl.col(by)).otherwise(pl.lit("other"))
    )
    first = found.placements["start"].min()
    last = found.placements["end"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    frames = []
    for name, part in sorted(series.partition_by("series", as_dict=True).items()):
        begins = (part["start"] - monday).dt.total_days().to_numpy() // 7
        ends = (part["end"] - monday).dt.total_days().to_numpy() // 7 + 1
        change = np.bincount(begins, minlength=weeks + 1) - np.bincount(ends, minlength=weeks + 1)
        frames.append(
            pl.DataFrame(
                {
                    "week": [monday + timedelta(weeks=week) for week in range(weeks)],
                    "series": [str(name[0])] * weeks,
                    "heads": np.cumsum(change)[:weeks].astype(np.int64),
                }
            )
        )
    return pl.concat(frames)


def corridors(found: Facts) -> pl.DataFrame:
    """origin, destination, placed (heads), the largest first."""
    return (
        found.placements.group_by("origin", "destination")
        .agg(placed=pl.len().cast(pl.Int64))
        .sort("placed", "origin", "destination", descending=[True, False, False])
    )


def fill_reasons(found: Facts) -> pl.DataFrame:
    """reason, heads over positions: `filled` first, the rest sum to the open positions."""
    filled = int(found.vacancies["filled"].sum())
    rest = found.unfilled.group_by("reason").agg(heads=(pl.col("positions") - pl.col("filled")).sum().cast(pl.Int64))
    return _with_done(rest, "filled", filled)


def worker_reasons(found: Facts) -> pl.DataFrame:
    """reason, heads over workers: `placed` first, the rest sum to the unplaced."""
    rest = found.unplaced.group_by("reason").agg(heads=pl.len().cast(pl.Int64))
    return _with_done(rest, "placed", found.placements.height)


def histogram(values: pl.Series, bins: int = 20) -> pl.DataFrame:
    """low, high, heads over equal bins from the smallest to the largest value (nulls left out)."""
    known = values.drop_nulls().cast(pl.Float64).to_numpy()
    if not len(known):
        return pl.DataFrame(schema={"low": pl.Float64, "high": pl.Float64, "heads": pl.Int64})
    low, high = float(known.min()), float(known.max())
    heads, edges = np.histogram(known, bins=bins, range=(low, high if high > low else low + 1))
    return pl.DataFrame({"low": edges[:-1], "high": edges[1:], "heads": heads.astype(np.int64)})


def language_gap(found: Facts) -> pl.DataFrame:
    """One row a placement with a language demand: `gap`, the largest shortfall in CEFR steps (0 = none short)."""
    pairs = (
        found.placements.filter(pl.col("job_languages").is_not_null() & (pl.col("job_languages") != ""))
        .group_by("languages", "job_languages")
        .len()
        .sort("languages", "job_languages")
    )
    gaps = [_gap(held, needed) for held, needed in pairs.select("languages", "job_languages").rows()]
    return found.placements.join(
        pairs.with_columns(gap=pl.Series(gaps, dtype=pl.Int32)).drop("len"),
        on=["languages", "job_languages"],
        how="inner",
        nulls_equal=True,
        maintain_order="left",
    )


def _gap(held: str | None, needed: str) -> int:
    have = dict(part.split(":", 1) for part in (held or "").split(";") if ":" in part)
    steps = [
        CEFR.index(level) + 1 - (CEFR.index(have[tongue]) + 1 if have.get(tongue) in CEFR else 0)
        for tongue, level in (part.split(":", 1) for part in needed.split(";") if ":" in part)
        if level in CEFR
    ]
    return max([0, *steps])


def _with_done(rest: pl.DataFrame, name: str, heads: int) -> pl.DataFrame:
    first = pl.DataFrame({"reason": [name], "heads": [heads]}, schema={"reason": pl.String, "heads": pl.Int64})
    return pl.concat([first, rest.filter(pl.col("heads") > 0).sort("heads", "reason", descending=[True, False])])


def _season(vacancies: pl.DataFrame) -> tuple[date, date]:
    first, last = vacancies["start"].min(), vacancies["end"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return date(1970, 1, 1), date(1970, 1, 1)
    return first, last


def age_band(birth_year: pl.Expr, year: int | pl.Expr) -> pl.Expr:
    """The band of AGE_BANDS in a year, `unknown` without a year of birth."""
    age = year - birth_year.cast(pl.Int32)
    band = pl.lit(None, dtype=pl.String)
    for low, high in AGE_BANDS:
        band = pl.when(age.is_between(low, high)).then(pl.lit(f"{low}-{high}")).otherwise(band)
    return band.fill_null("unknown")


def _seasons(past: pl.Expr) -> pl.Expr:
    empty = past.is_null() | (past.str.strip_chars() == "")
    return pl.when(empty).then(0).otherwise(past.str.count_matches(";", literal=True) + 1).cast(pl.Int32)


def _worked_for(past: pl.Expr, employer: pl.Expr) -> pl.Expr:
    return (";" + past.fill_null("")).str.contains(";" + employer + ":", literal=True)
