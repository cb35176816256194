"""INDICATORS: one function each, with formula, unit, population and source; `compute` slices and protects them.

The functions are in `measures`, the joined tables they count over in `facts`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.indicators import facts as f
from skillbridge.indicators import measures as m
from skillbridge.indicators.facts import Facts, folder_facts, plan_facts
from skillbridge.privacy import THRESHOLD, suppress

__all__ = [
    "CROSSED",
    "FRAMEWORKS",
    "INDICATORS",
    "LOW_RATIO",
    "NOT_COMPUTED",
    "Facts",
    "Indicator",
    "check_slice",
    "compute",
    "folder_facts",
    "plan_facts",
]

Kind = Literal["computed", "assumed", "chosen"]
Measure = Callable[[Any, Sequence[str]], pl.DataFrame]
"""Of a plan's :class:`Facts`, or of :class:`skillbridge.indicators.stays.Stays`."""
CROSSED = frozenset(
    frozenset(pair)
    for pair in (
        *(("origin", name) for name in ("sex", "age_band", "entry", "partnership", "destination")),
        *(("destination", name) for name in ("sector", "isco", "month")),
    )
)
"""The pairs by which figures are crossed: who came by origin, which jobs by destination, and the corridor between.

They form a tree, so that no two tables together bound a hidden group more narrowly than each alone does."""

LOW_RATIO = 0.8
"""A group selected at less than four fifths of the rate of the most selected group is flagged."""

FRAMEWORKS = (
    "SDG 8.8",
    "SDG 10.7",
    *(f"GCM {number}" for number in (5, 6, 7, 16, 18, 20, 21, 23)),
    *(f"MiGOF {code}" for code in ("P1", "P2", "P3", "O1", "O2", "O3")),
    *(f"MGI {number}" for number in range(1, 7)),
)
"""The goals figures are mapped to: targets of the Sustainable Development Goals, objectives of the Global Compact for
Migration (2018), principles and objectives of IOM's Migration Governance Framework (C/106/40, 2015), and the domains of
the Migration Governance Indicators, in their order: the six domains follow the framework's six parts."""

_RIGHTS = ("MiGOF P1", "MGI 1")
_PARTNERSHIPS = ("MiGOF P3", "MGI 3")
_WELL_BEING = ("MiGOF O1", "MGI 4")
_ORDERLY = ("MiGOF O3", "MGI 6")

_VACANCY = ("destination", "sector", "isco", "month")
_WORKER = ("origin", "sex", "age_band", "entry")
_BOTH = ("partnership", *_WORKER, *_VACANCY)


@dataclass(frozen=True)
class Indicator:
    """What a figure is: `measure` computes it; `frameworks` name the goals it informs, `caution` what it
    is not; `of_people` is False where posts or rules are counted, which nothing can single a person out of."""

    id: str
    title: str
    formula: str
    unit: str
    population: str
    source: str
    dimensions: tuple[str, ...]
    measure: Measure
    kind: Kind = "computed"
    frameworks: tuple[str, ...] = ()
    caution: str = ""
    of_people: bool = True


_PLAN = "the plan's placements.csv, inputs/workers.parquet and inputs/vacancies.parquet"
INDICATORS: dict[str, Indicator] = {
    indicator.id: indicator
    for indicator in (
        Indicator(
            "fill_rate",
            "Fill rate",
            "positions filled / positions posted",
            "share",
            "positions posted",
            _PLAN,
            _VACANCY,
            m.fill_rate,
            frameworks=("GCM 5", "SDG 10.7", *_ORDERLY),
            of_people=False,
        ),
        Indicator(
            "fill_rate_hours",
            "Fill rate in hours",
            "hours a week x weeks of filled positions / of all positions",
            "share",
            "positions with stated hours",
            _PLAN,
            _VACANCY,
            m.fill_rate_hours,
            frameworks=("GCM 5", *_ORDERLY),
            of_people=False,
        ),
        Indicator(
            "open_positions",
            "Open positions",
            "positions posted - positions filled",
            "heads",
            "positions posted",
            _PLAN,
            _VACANCY,
            m.open_positions,
            frameworks=("GCM 5", *_ORDERLY),
            of_people=False,
        ),
        Indicator(
            "placement_rate",
            "Placement rate",
            "workers placed / workers in the pool",
            "share",
            "workers in the pool",
            _PLAN,
            _WORKER,
            m.placement_rate,
            frameworks=("GCM 5", "SDG 10.7", *_ORDERLY),
        ),
        Indicator(
            "quota_utilisation",
            "Quota utilisation",
            "used / limit, weighted by limit",
            "share",
            "rows of rules with a limit above 0",
            "plan.json, rules",
            ("partnership",),
            m.quota_utilisation,
            frameworks=("GCM 5", "GCM 23", *_PARTNERSHIPS),
            of_people=False,
        ),
        Indicator(
            "cap_value",
            "Value of one more place",
            "highest price among the rows",
            "objective points",
            "rows of rules with a limit above 0",
            "plan.json, rules; certificate.parquet",
            ("partnership",),
            m.cap_value,
            frameworks=("GCM 23", *_PARTNERSHIPS),
            caution="a price at the margin, not a forecast for many places",
            of_people=False,
        ),
        Indicator(
            "match_quality",
            "Match quality",
            "mean score of placements",
            "score 0..1",
            "placements",
            _PLAN,
            _BOTH,
            m.match_quality,
            frameworks=("GCM 18", "SDG 8.8", *_WELL_BEING),
        ),
        Indicator(
            "low_match_share",
            "Weak matches",
            "placements with a score below 0.5 / placements",
            "share",
            "placements",
            _PLAN,
            _BOTH,
            m.low_match_share,
            frameworks=("GCM 18", *_WELL_BEING),
        ),
        Indicator(
            "language_gap",
            "Language gap",
            "mean of the largest shortfall against the language asked for",
            "CEFR steps",
            "placements in vacancies that ask for a language",
            _PLAN,
            _BOTH,
            m.language_gap,
            frameworks=("GCM 16", "GCM 18", *_WELL_BEING),
        ),
        Indicator(
            "women_share",
            "Women among the placed",
            "women placed / placed with known sex",
            "share",
            "placements with known sex",
            _PLAN,
            tuple(d for d in _BOTH if d != "sex"),
            m.women_share,
            frameworks=("GCM 6", "SDG 8.8", *_RIGHTS),
        ),
        Indicator(
            "women_selection_ratio",
            "Selection ratio, women to men",
            "placement rate of eligible women / of eligible men",
            "ratio",
            "eligible workers, women and men",
            _PLAN,
            ("origin", "age_band", "entry"),
            m.women_selection_ratio,
            frameworks=("GCM 6", "GCM 7", *_RIGHTS),
        ),
        Indicator(
            "returning_share",
            "Returning workers",
            "placements of workers with a past season / placements",
            "share",
            "placements",
            _PLAN,
            tuple(d for d in _BOTH if d != "entry"),
            m.returning_share,
            frameworks=("GCM 5", "GCM 21", *_ORDERLY),
        ),
        Indicator(
            "new_entrant_share",
            "New entrants",
            "first-time placements / placements",
            "share",
            "placements",
            _PLAN,
            tuple(d for d in _BOTH if d != "entry"),
            m.new_entrant_share,
            frameworks=("GCM 5", *_ORDERLY),
        ),
        Indicator(
            "same_employer_share",
            "Return to the same employer",
            "returning workers placed with an employer of a past season / returning workers placed",
            "share",
            "placements of returning workers",
            _PLAN,
            tuple(d for d in _BOTH if d != "entry"),
            m.same_employer_share,
            frameworks=("GCM 5", "GCM 21", *_WELL_BEING),
        ),
        Indicator(
            "seasons_per_person",
            "Seasons a person",
            "mean of past seasons + this one",
            "seasons",
            "placements",
            _PLAN,
            _BOTH,
            m.seasons_per_person,
            frameworks=("GCM 21", *_ORDERLY),
            caution="past seasons as stated in the pool",
        ),
        Indicator(
            "median_wage",
            "Median wage an hour",
            "median of the offered wage",
            "currency an hour",
            "placements with a stated wage",
            _PLAN,
            (*_BOTH, "currency"),
            m.median_wage,
            frameworks=("SDG 8.8", "GCM 6", *_WELL_BEING),
        ),
        Indicator(
            "season_earnings",
            "Median gross earnings a season",
            "median of wage x hours a week x weeks",
            "currency a season",
            "placements with stated wage and hours",
            _PLAN,
            (*_BOTH, "currency"),
            m.season_earnings,
            kind="assumed",
            frameworks=("SDG 8.8", "GCM 20", *_WELL_BEING),
            caution="offered hours in full, before deductions and costs",
        ),
        Indicator(
            "top_two_origins",
            "Share of the two largest origins",
            "placements of the two largest origins / placements",
            "share",
            "placements",
            _PLAN,
            ("partnership", *_VACANCY),
            m.top_two_origins,
            frameworks=("GCM 23", *_PARTNERSHIPS),
        ),
        Indicator(
            "top_two_employers",
            "Share of the two largest employers",
            "placements with the two largest employers / placements",
            "share",
            "placements",
            _PLAN,
            _BOTH,
            m.top_two_employers,
            frameworks=("GCM 6", *_RIGHTS),
        ),
        Indicator(
            "top_two_regions",
            "Share of the two largest regions of origin",
            "placements from the two largest regions of origin / placements with a known region",
            "share",
            "placements with a known region of origin",
            _PLAN,
            ("partnership", "origin", *_VACANCY),
            m.top_two_regions,
            frameworks=("GCM 23", *_PARTNERSHIPS),
        ),
        Indicator(
            "gini_origins",
            "Spread over origins (Gini)",
            "Gini coefficient of placements over the origins that have eligible workers",
            "0 even..1 all in one",
            "eligible workers",
            _PLAN,
            ("sex", "age_band", "entry"),
            m.gini_origins,
            frameworks=("GCM 23", "SDG 10.7", *_PARTNERSHIPS),
        ),
        Indicator(
            "housing_load",
            "Housing load",
            "heads present / beds, fullest day of the fullest site",
            "ratio",
            "placements at sites with stated beds",
            _PLAN,
            ("destination",),
            m.housing_load,
            frameworks=("GCM 6", "SDG 8.8", *_RIGHTS),
        ),
        Indicator(
            "selection_ratio",
            "Selection ratio by group",
            "placement rate of the group / of the most placed group",
            "ratio",
            "eligible workers with known group",
            _PLAN,
            _WORKER,
            m.selection_ratio,
            frameworks=("GCM 6", "GCM 7", "SDG 10.7", *_RIGHTS),
            caution="below 0.8 asks for a look, it proves nothing by itself",
        ),
    )
}
"""Every indicator that a plan's own files allow, by id."""

NOT_COMPUTED: dict[str, str] = {
    "conversion": "arrivals / approvals: needs arrivals, which come after the season starts",
    "time_to_fill": "median(first working day - day of the application): needs the days on which work started",
    "lead_time_slack": "start - earliest start that the application allows: needs the days of applications, and lead"
    " or processing times",
    "quota_exhaustion": "day on which a place is used up, at the mean weekly use: needs quotas that placements use",
    "skill_gain": "skill level after - before: needs the workers' profiles after the season",
    "circularity_rate": "workers with 2 seasons or more in N years / workers in N years: needs the record of years",
    "return_compliance": "departed by due date / due; unaccounted for / arrived: needs departures",
    "wage_premium": "destination wage / origin wage for the same occupation, also at purchasing power: needs origin"
    " wages by ISCO unit group",
    "net_gain": "wages - deductions - worker-paid costs - extra living costs: needs costs and deductions",
    "rci_seasonal": "worker-paid cost / first monthly earnings (RCI, seasonal; not the official SDG 10.7.1, which"
    " leaves out workers who keep their usual residence): needs the costs workers paid",
    "fee_compliance": "placements without a worker-paid fee / placements: needs the fee ledger",
    "cost_per_placement": "recruitment, travel, visa, housing and administration / arrivals: needs costs and arrivals",
    "brain_drain_index": "(placed - returned - newly trained) / active stock: needs returns, training and the stock",
    "training_ratio": "home-track trained / away-track placed: needs training seats",
    "remittances": "placements x months x net wage x remitted share: needs net wages and the remitted share",
}
"""Indicators that need data a plan may not hold: formula and what is missing.

Most follow from figures beside the plan (:mod:`skillbridge.indicators.accounts`) or from the journeys' steps
(:mod:`skillbridge.indicators.stays`) where those are given."""


def compute(
    found: Any,
    slices: Iterable[Sequence[str]] = ((),),
    *,
    only: Iterable[str] | None = None,
    threshold: int = THRESHOLD,
    among: Mapping[str, Indicator] = INDICATORS,
) -> pl.DataFrame:
    """Indicators by every slice they know, protected: one row a figure.

    Columns: indicator, unit, kind, slice (`origin=MX;sex=f`, empty for all), then one text column a dimension of
    `facts.DIMENSIONS` and `currency` (null where not sliced), value, count, flag, suppressed. A figure over fewer than
    `threshold` people, or that tells of fewer apart (a side of a share, an origin in a spread), is null and
    `suppressed`, with as many others as keep it from being worked out from all slices that can be asked for, now or
    later: a slice is nothing, one dimension, or a pair of `CROSSED` (see :func:`skillbridge.privacy.suppress`).
    Raises `BadInput` for an unknown dimension and for other combinations. `among` are the indicators that `found` can
    answer: those of a plan's Facts, or `stays.STAYS`.
    """
    columns = [*f.DIMENSIONS, "currency"]
    wanted = list(among) if only is None else list(only)
    tables = []
    for by in slices:
        check_slice(by)
        for name in wanted:
            if name not in among:
                raise BadInput("indicators", f"no indicator {name!r}", ", ".join(among))
            indicator = among[name]
            if not set(by) <= set(indicator.dimensions) or (name == "selection_ratio" and len(by) != 1):
                continue
            tables.append(_protected(indicator, indicator.measure(found, list(by)), columns, threshold))
    if not tables:
        return pl.DataFrame()
    return pl.concat(tables)


def check_slice(by: Sequence[str]) -> None:
    """Raise `BadInput` unless figures may be sliced this way."""
    for dimension in by:
        if dimension not in f.DIMENSIONS:
            raise BadInput("slices", f"no dimension {dimension!r}", ", ".join(f.DIMENSIONS))
    if len(by) > 1 and frozenset(by) not in CROSSED:
        pairs = ", ".join(sorted("+".join(sorted(pair)) for pair in CROSSED))
        raise BadInput("slices", f"{'+'.join(by)} is not published, as it could single people out", pairs)


def _protected(indicator: Indicator, table: pl.DataFrame, columns: Sequence[str], threshold: int) -> pl.DataFrame:
    dims = [name for name in table.columns if name in columns]
    if indicator.of_people and table.height:
        known = _veiled(table, dims, threshold)
    else:
        known = table.with_columns(suppressed=pl.lit(value=False))
    flag = (pl.col("value") < LOW_RATIO).fill_null(value=False) if "ratio" in indicator.id else pl.lit(value=False)
    shown = known.with_columns(
        pl.when(~pl.col("suppressed")).then(pl.col("value")).cast(pl.Float64).alias("value"),
        pl.when(~pl.col("suppressed")).then(pl.col("count")).cast(pl.Int64).alias("count"),
        flag=flag & ~pl.col("suppressed"),
    )
    where = [pl.format("{}={}", pl.lit(name), pl.col(name).cast(pl.String).fill_null("unknown")) for name in dims]
    return shown.select(
        indicator=pl.lit(indicator.id),
        unit=pl.lit(indicator.unit),
        kind=pl.lit(indicator.kind),
        slice=pl.concat_str(where, separator=";") if where else pl.lit(""),
        **{name: pl.col(name).cast(pl.String) if name in dims else pl.lit(None, dtype=pl.String) for name in columns},
        value="value",
        count="count",
        flag="flag",
        suppressed="suppressed",
    )


def _veiled(table: pl.DataFrame, dims: Sequence[str], threshold: int) -> pl.DataFrame:
    """`table` with `suppressed`; groups of nobody come in where they must be hidden for the sake of others."""
    full = table
    if len(dims) > 1:
        keys = [table.select(pl.col(name).unique().sort(nulls_last=True)) for name in dims]
        grid = keys[0]
        for key in keys[1:]:
            grid = grid.join(key, how="cross", maintain_order="left_right")
        full = grid.join(table, on=list(dims), how="left", nulls_equal=True, maintain_order="left")
    if "events" in table.columns:
        full = full.with_columns(_rest=pl.col("count") - pl.col("events"))
    counts = ["events", "_rest"] if "events" in table.columns else ["count"]
    hidden = suppress(full, counts, dims, threshold)["suppressed"]
    if "least" in full.columns:
        hidden = hidden | (full["least"] < threshold).fill_null(value=False)
    return full.with_columns(suppressed=hidden).filter(pl.col("suppressed") | pl.col("count").is_not_null())
