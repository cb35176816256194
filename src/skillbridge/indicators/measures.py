"""What each indicator measures: functions of the facts and the dimensions to slice by.

Each gives back one row a slice: the dimensions, `value` in the indicator's unit (null where the population is empty),
`count` (the population in heads) and, where the value is a share of people, `events` (those the share counts). Where
a value tells of parts of its population apart, `least` is the smallest of them that is not empty, in heads.
"""

from collections.abc import Sequence

import polars as pl

from skillbridge.indicators import facts as f
from skillbridge.indicators.facts import Facts
from skillbridge.privacy import THRESHOLD

_LEAST = pl.col("n").filter(pl.col("n") > 0).min().cast(pl.Int64)
"""The smallest part that is not empty, of parts of `n` heads."""


def fill_rate(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.vacancies, by, pl.col("filled").sum(), pl.col("positions").sum())


def fill_rate_hours(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    hours = pl.col("hours_week") * pl.col("weeks")
    known = found.vacancies.filter(pl.col("hours_week").is_not_null())
    frame = grouped(
        known,
        by,
        covered=(hours * pl.col("filled")).sum(),
        asked=(hours * pl.col("positions")).sum(),
        count=pl.col("positions").sum().cast(pl.Int64),
    )
    return frame.select(*by, value=_ratio("covered", "asked"), count="count")


def placement_rate(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.workers, by, pl.col("placed").sum(), pl.len())


def match_quality(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return grouped(found.placements, by, value=pl.col("score").mean() / 1000, count=pl.len().cast(pl.Int64))


def low_match_share(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.placements, by, (pl.col("score") < 500).sum(), pl.len())


def language_gap(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return grouped(f.language_gap(found), by, value=pl.col("gap").mean(), count=pl.len().cast(pl.Int64))


def women_share(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.placements.filter(pl.col("sex") != "unknown"), by, (pl.col("sex") == "f").sum(), pl.len())


def women_selection_ratio(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    eligible = found.workers.filter(pl.col("eligible") & pl.col("sex").is_in(["f", "m"]))
    woman = pl.col("sex") == "f"
    frame = grouped(
        eligible,
        by,
        women=pl.col("placed").filter(woman).mean(),
        men=pl.col("placed").filter(~woman).mean(),
        count=pl.len().cast(pl.Int64),
        least=pl.min_horizontal(
            pl.when(part.sum() > 0).then(part.sum())
            for part in (
                woman & pl.col("placed"),
                woman & ~pl.col("placed"),
                ~woman & pl.col("placed"),
                ~woman & ~pl.col("placed"),
            )
        ).cast(pl.Int64),
    )
    return frame.select(*by, value=_ratio("women", "men"), count="count", least="least")


def returning_share(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.placements, by, (pl.col("entry") == "returning").sum(), pl.len())


def new_entrant_share(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.placements, by, (pl.col("entry") == "new").sum(), pl.len())


def same_employer_share(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return share(found.placements.filter(pl.col("entry") == "returning"), by, pl.col("same_employer").sum(), pl.len())


def seasons_per_person(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return grouped(found.placements, by, value=(pl.col("seasons") + 1).mean(), count=pl.len().cast(pl.Int64))


def median_wage(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    """By currency always: amounts of several currencies are never mixed."""
    known = found.placements.filter(pl.col("pay").is_not_null())
    return grouped(known, _with_currency(by), value=pl.col("pay").median(), count=pl.len().cast(pl.Int64))


def season_earnings(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    """By currency always."""
    known = found.placements.filter(pl.col("pay").is_not_null() & pl.col("hours_week").is_not_null())
    gross = pl.col("pay") * pl.col("hours_week") * pl.col("weeks")
    return grouped(known, _with_currency(by), value=gross.median(), count=pl.len().cast(pl.Int64))


def top_two_origins(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return _top_two(found.placements, by, "origin")


def top_two_employers(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    return _top_two(found.placements, by, "employer_id")


def top_two_regions(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    """A region is one of its country: two countries' regions of one name are two."""
    known = found.placements.filter(pl.col("region").is_not_null() & (pl.col("region") != ""))
    return _top_two(known.with_columns(place=pl.format("{}/{}", "origin", "region")), by, "place")


def gini_origins(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    """Over origins with eligible workers, placements per eligible worker's origin: 0 even, near 1 all in one."""
    eligible = found.workers.filter("eligible")
    heads = grouped(eligible, ["origin", *[d for d in by if d != "origin"]], n=pl.col("placed").sum().cast(pl.Int64))
    rest = [d for d in by if d != "origin"]
    ordered = heads.sort(*rest, "n", "origin").with_columns(
        rank=pl.int_range(1, pl.len() + 1).over(rest) if rest else pl.int_range(1, pl.len() + 1)
    )
    size, total = pl.len(), pl.col("n").sum()
    gini = (2 * (pl.col("rank") * pl.col("n")).sum() / (size * total)) - (size + 1) / size
    frame = grouped(ordered, rest, value=pl.when(total > 0).then(gini), count=total, least=_LEAST)
    return frame.select(*rest, "value", "count", "least")


def quota_utilisation(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    rows = [
        (rule.partnership, rule.rule, rule.label, rule.used / rule.limit, rule.limit)
        for rule in found.rules
        if rule.limit > 0 and rule.used >= 0
    ]
    table = pl.DataFrame(
        rows,
        schema={"partnership": pl.String, "rule": pl.String, "row": pl.String, "value": pl.Float64, "count": pl.Int64},
        orient="row",
    )
    if list(by) == ["partnership", "rule", "row"]:
        return table
    weighted = (pl.col("value") * pl.col("count")).sum() / pl.col("count").sum()
    return grouped(table, list(by), value=weighted, count=pl.col("count").sum())


def cap_value(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    rows = [(rule.partnership, rule.price, rule.limit) for rule in found.rules if rule.limit > 0]
    table = pl.DataFrame(rows, schema={"partnership": pl.String, "p": pl.Float64, "n": pl.Int64}, orient="row")
    return grouped(table, list(by), value=pl.col("p").max(), count=pl.col("n").sum())


def housing_load(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    """The fullest week of the fullest site, heads per bed; sites without a stated number of beds are left out."""
    housed = found.placements.filter(pl.col("beds") > 0).with_columns(site=pl.coalesce("site_id", "vacancy_id"))
    keys = [*by, "site"]
    moves = pl.concat(
        [
            housed.select(*keys, day="start", step=pl.lit(1)),
            housed.select(*keys, day=pl.col("end") + pl.duration(days=1), step=pl.lit(-1)),
        ]
    ).sort(*keys, "day", "step")
    beds = housed.group_by(*keys).agg(pl.col("beds").max(), heads=pl.len())
    peaks = moves.with_columns(now=pl.col("step").cum_sum().over(keys)).group_by(keys).agg(pl.col("now").max())
    loads = peaks.join(beds, on=keys, nulls_equal=True).with_columns(load=pl.col("now") / pl.col("beds"))
    return grouped(loads, by, value=pl.col("load").max(), count=pl.col("heads").sum().cast(pl.Int64))


def open_positions(found: Facts, by: Sequence[str] = ()) -> pl.DataFrame:
    left = pl.col("positions") - pl.col("filled")
    if list(by) == ["reason"]:
        return grouped(found.unfilled, by, value=left.sum().cast(pl.Float64), count=left.sum().cast(pl.Int64))
    return grouped(
        found.vacancies, by, value=left.sum().cast(pl.Float64), count=pl.col("positions").sum().cast(pl.Int64)
    )


def selection_ratio(found: Facts, by: Sequence[str]) -> pl.DataFrame:
    """Each group's placement rate over the highest group's, among eligible workers; `flag` below LOW_RATIO.

    `by` is one of sex, age_band, origin, entry. Groups under the disclosure threshold set no reference.
    """
    known = found.workers.filter(pl.all_horizontal(pl.col(dim) != "unknown" for dim in by) & pl.col("eligible"))
    rates = grouped(
        known,
        by,
        rate=pl.col("placed").mean(),
        count=pl.len().cast(pl.Int64),
        events=pl.col("placed").sum().cast(pl.Int64),
    )
    best = pl.col("rate").filter(pl.col("count") >= THRESHOLD).max()
    frame = rates.with_columns(value=pl.when(best > 0).then(pl.col("rate") / best))
    return frame.select(*by, "value", "count", "events")


def grouped(frame: pl.DataFrame, by: Sequence[str], **columns: pl.Expr) -> pl.DataFrame:
    """The columns over all, or for each group in order, unknown ones last."""
    if not by:
        return frame.select(**columns)
    return frame.group_by(list(by)).agg(**columns).sort(list(by), nulls_last=True)


def share(frame: pl.DataFrame, by: Sequence[str], events: pl.Expr, count: pl.Expr) -> pl.DataFrame:
    """`value` = events / count of people, with both."""
    table = grouped(frame, by, events=events.cast(pl.Int64), count=count.cast(pl.Int64))
    return table.select(*by, value=_ratio("events", "count"), count="count", events="events")


def _ratio(above: str, below: str) -> pl.Expr:
    return pl.when(pl.col(below) > 0).then(pl.col(above) / pl.col(below))


def _with_currency(by: Sequence[str]) -> list[str]:
    return [*by, *([] if "currency" in by else ["currency"])]


def _top_two(frame: pl.DataFrame, by: Sequence[str], over: str) -> pl.DataFrame:
    heads = grouped(frame, [*[d for d in by if d != over], over], n=pl.len().cast(pl.Int64))
    rest = [d for d in by if d != over]
    return grouped(
        heads,
        rest,
        value=pl.when(pl.col("n").sum() > 0).then(pl.col("n").top_k(2).sum() / pl.col("n").sum()),
        count=pl.col("n").sum(),
        least=_LEAST,
    )
