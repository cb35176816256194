"""For everybody: how it was decided, under which rules, with what reasons; nothing that tells of a few people.

Counts of people go through the same protection as published indicators. Where a picture moves week by week, heads are
rounded to THRESHOLD, and no exact figure of a week stands beside it.
"""

from typing import Any

import polars as pl

from skillbridge import charts
from skillbridge.indicators import compute
from skillbridge.partnerships.wording import says
from skillbridge.privacy import THRESHOLD, suppress
from skillbridge.report import figures
from skillbridge.report.page import Section, Table, Tongue
from skillbridge.report.season import HALF, THIN, Season, corridor_map, corridor_rows, positions, weeks


def sections(season: Season, tongue: Tongue) -> list[Section]:
    """Rules in words, what came out, and the indicators."""
    rounded = season.presence.with_columns(
        heads=((pl.col("heads") + THRESHOLD // 2) // THRESHOLD * THRESHOLD).cast(pl.Int64)
    )
    parts = [
        agreements(season, tongue),
        positions(season, tongue),
        reasons(season, tongue),
        weeks(rounded, tongue, tongue.say("report.season_rounded", n=THRESHOLD)),
        corridor_map(season, tongue, tongue.say("report.map_public", n=THRESHOLD), corridors(season, tongue)),
        figures.totals(season, tongue),
        figures.journeys(season, tongue),
        figures.beside(season, tongue),
        figures.goals(season, tongue),
        figures.missing(season, tongue),
    ]
    return [part for part in parts if part is not None]


def agreements(season: Season, tongue: Tongue) -> Section:
    """Every rule of every agreement in plain words, with the clause it comes from."""
    tables = []
    for one in season.folder.partnerships:
        rows = [(" ".join(says(rule, tongue.lang)), _source(rule)) for rule in one.binding]
        tables.append((f"{one.title} ({one.id})", Table(tongue.heads("rule", "clause"), rows)))
    title = tongue.say("report.agreements")
    return Section("rules", title, tongue.say("report.agreements_intro"), "chosen", (), tables, wide=True)


def _source(rule: Any) -> str:
    return "" if rule.source is None else " ".join(part for part in (rule.source.title, rule.source.clause) if part)


def reasons(season: Season, tongue: Tongue) -> Section:
    """Why workers are without a place; a reason that holds for few is not shown, nor what would tell it."""
    known = season.reasons.filter(pl.col("reason") != "placed")
    veiled = suppress(known, "heads", ["reason"])
    shown = veiled.filter(~pl.col("suppressed")).select("reason", "heads")
    rows = [(tongue.say(f"reason.{reason}"), tongue.number(heads)) for reason, heads in shown.rows()]
    rows += [
        (tongue.say(f"reason.{reason}"), tongue.say("report.suppressed"))
        for reason in veiled.filter("suppressed")["reason"].sort()
    ]
    table = Table(tongue.heads("reason", "workers"), rows, frozenset({1}))
    title = tongue.say("report.reasons_public")
    drawn = []
    if not shown.is_empty():

        def bars(width: int) -> charts.Chart:
            return charts.fill_by_reason(shown, lang=tongue.lang, width=width)

        drawn.append(tongue.draw("reasons", title, bars, (HALF, THIN)))
    return Section(
        "reasons", title, tongue.say("report.reasons_public_intro", n=THRESHOLD), "computed", drawn, [("", table)]
    )


def published(season: Season) -> pl.DataFrame:
    """origin, destination, placed: the corridors whose indicators are published, the largest first. What tells of few
    people, and what would tell it, is neither in the table nor on the map."""
    cells = compute(season.found, [("origin", "destination")], only=["match_quality"])
    if cells.is_empty():
        return season.corridors.clear()
    shown = cells.filter(~pl.col("suppressed") & (pl.col("count") > 0)).sort(
        "count", "origin", "destination", descending=[True, False, False]
    )
    return shown.select("origin", "destination", placed=pl.col("count").cast(season.corridors["placed"].dtype))


def corridors(season: Season, tongue: Tongue) -> list[tuple[str, str, str]]:
    """The published corridors, and a line that says so where others are hidden."""
    rows = corridor_rows(season, tongue)
    told = int(season.corridors["placed"].sum())
    hidden = (tongue.say("column.other"), "", tongue.say("report.suppressed"))
    return [*rows, hidden] if told < season.plan.counts.placed else rows


def few_left(season: Season) -> bool:
    """Whether so few workers are without a place that their number is not told."""
    left = season.plan.counts.workers - season.plan.counts.placed
    return 0 < left < THRESHOLD
