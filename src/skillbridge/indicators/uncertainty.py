"""How far figures of a sample may lie from those of the people it stands for: exact and bootstrap intervals.

A plan counts everyone in it, and needs none of this. Where its pool is a sample (a survey, a draw of a generator),
another sample would have given other figures. The intervals say by how much, with the plan's choices as they are: they
are not about what another plan would place.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betaincinv

from skillbridge.indicators import INDICATORS
from skillbridge.indicators import facts as f
from skillbridge.indicators.facts import Facts

LEVEL, RUNS = 0.95, 400
FULLEST = frozenset({"housing_load"})
"""Figures of a fullest day or site: a sample of the people says nothing about them."""
_COLUMNS = (*f.DIMENSIONS, "currency")


def with_intervals(
    found: Facts, table: pl.DataFrame, *, seed: int, level: float = LEVEL, runs: int = RUNS
) -> pl.DataFrame:
    """`indicators.compute`'s table with `low` and `high`, the bounds of an interval at `level`.

    Shares of people have the exact interval of Clopper and Pearson (1934). Other figures over people have the
    percentiles of `runs` bootstrap samples of the pool's workers, drawn with `seed`; the placements go with their
    workers. Null where a figure is hidden, where posts or rules are counted, and for FULLEST. Row order is kept. Cost:
    `runs` times a figure's own; the same seed gives the same bounds.
    """
    parts = []
    rows = table.with_row_index("_at")
    for (name, *_), part in rows.group_by("indicator", *_sliced(table), maintain_order=True):
        by = [column for column in f.DIMENSIONS if part[column].is_not_null().any()]
        parts.append(_bounded(found, part, str(name), by, seed, level, runs))
    if not parts:
        return table.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    joined = pl.concat(parts).sort("_at").drop("_at")
    bounds = [pl.when(pl.col("value").is_not_null()).then(pl.col(name)).alias(name) for name in ("low", "high")]
    return joined.with_columns(bounds)


def exact(
    events: npt.NDArray[np.int64], count: npt.NDArray[np.int64], level: float = LEVEL
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(low, high) of Clopper and Pearson for shares `events` / `count`; 0 and 1 where nobody was counted."""
    tail = (1 - level) / 2
    rest = count - events
    low = np.where(events > 0, betaincinv(np.maximum(events, 1), rest + 1, tail), 0.0)
    high = np.where(rest > 0, betaincinv(events + 1, np.maximum(rest, 1), 1 - tail), 1.0)
    return low, high


def of_mean(values: Sequence[float], *, seed: int, level: float = LEVEL, runs: int = 2000) -> tuple[float, float]:
    """(low, high) of the mean of independent runs: percentiles of `runs` bootstrap means, drawn with `seed`."""
    known = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(len(known), size=(runs, len(known)))
    low, high = np.quantile(known[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _sliced(table: pl.DataFrame) -> list[pl.Expr]:
    return [pl.col(name).is_not_null().alias(f"_by_{name}") for name in f.DIMENSIONS if name in table.columns]


def _bounded(
    found: Facts, part: pl.DataFrame, name: str, by: list[str], seed: int, level: float, runs: int
) -> pl.DataFrame:
    indicator = INDICATORS[name]
    if not indicator.of_people or name in FULLEST:
        return part.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
    measured = indicator.measure(found, by)
    keys = [column for column in _COLUMNS if column in measured.columns]
    if indicator.unit == "share" and "events" in measured.columns:
        low, high = exact(measured["events"].to_numpy(), measured["count"].to_numpy(), level)
        bounds = measured.select(*keys, low=pl.Series(low), high=pl.Series(high))
    else:
        bounds = _bootstrap(found, name, by, keys, seed, level, runs)
    texts = bounds.with_columns(pl.col(column).cast(pl.String) for column in keys)
    if not keys:
        return part.join(texts, how="cross")
    return part.join(texts, on=keys, how="left", nulls_equal=True, maintain_order="left")


def _bootstrap(
    found: Facts, name: str, by: list[str], keys: list[str], seed: int, level: float, runs: int
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = found.workers.height
    place = found.workers.select("worker_id").with_row_index("_worker")
    worker = found.placements.select("worker_id").join(place, on="worker_id", maintain_order="left")["_worker"]
    of_placement, rows = worker.to_numpy(), np.arange(found.placements.height)
    drawn = []
    for _ in range(runs):
        chosen = rng.integers(n, size=n)
        again = np.repeat(rows, np.bincount(chosen, minlength=n)[of_placement])
        sample = replace(found, workers=found.workers[chosen], placements=found.placements[again])
        drawn.append(INDICATORS[name].measure(sample, by).select(*keys, "value"))
    tail = (1 - level) / 2
    value = pl.col("value").cast(pl.Float64)
    bounds = {"low": value.quantile(tail, "linear"), "high": value.quantile(1 - tail, "linear")}
    both = pl.concat(drawn)
    return both.group_by(keys).agg(**bounds).sort(keys) if keys else both.select(**bounds)
