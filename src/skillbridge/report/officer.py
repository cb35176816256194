"""Every table for who runs the scheme: prices, what holds whom back, every indicator by every group."""

from collections import defaultdict

import polars as pl

from skillbridge import explain
from skillbridge.explain.reasons import rule_code
from skillbridge.report import figures
from skillbridge.report.page import TABLE_ROWS, Section, Table, Tongue, isolated
from skillbridge.report.season import (
    Season,
    chains,
    corridor_map,
    corridor_rows,
    limits,
    positions,
    quality,
    quota_board,
    weeks,
    workers,
)


def sections(season: Season, tongue: Tongue) -> list[Section]:
    """All there is to see, from the places of the agreements to the goals."""
    parts = [
        quota_board(season, tongue),
        more_places(season, tongue),
        conflicts(season, tongue),
        other_limits(season, tongue),
        terms(season, tongue),
        weeks(season.presence, tongue, tongue.say("report.season_intro")),
        chains(season, tongue),
        corridor_map(season, tongue, tongue.say("report.map_intro"), corridor_rows(season, tongue)),
        positions(season, tongue),
        workers(season, tongue),
        refused(season, tongue),
        quality(season, tongue),
        figures.totals(season, tongue),
        figures.by_group(season, tongue),
        figures.journeys(season, tongue),
        figures.beside(season, tongue),
        figures.goals(season, tongue),
        figures.missing(season, tongue),
    ]
    return [part for part in parts if part is not None]


def more_places(season: Season, tongue: Tongue) -> Section | None:
    """What more of the rows of most worth would bring, foreseen and confirmed, and how far the first held."""
    if not season.advice:
        return None
    rows = [
        (
            row.partnership,
            f"{row.rule}: {row.row}",
            tongue.number(row.limit),
            f"+{tongue.number(effect.more)}",
            tongue.number(effect.foreseen),
            tongue.number(effect.gained),
            tongue.number(effect.placed),
        )
        for row in season.advice
        for effect in row.effects
    ]
    names = ("partnership", "place", "limit", "more_places", "points_foreseen", "points_confirmed", "more_placed")
    basis = {tongue.say("advice.whole" if row.whole else "advice.around"): None for row in season.advice}
    held = explain.accuracy_text(season.advice, tongue.lang)
    title = tongue.say("report.more_places")
    intro = " ".join((tongue.say("report.more_places_intro"), *basis, *held))
    table = Table(tongue.heads(*names), rows, frozenset(range(2, 7)))
    return Section("places", title, intro, "computed", (), [("", table)], wide=True)


def conflicts(season: Season, tongue: Tongue) -> Section | None:
    """Where demand and a rule pull apart: rules with a price, or that hold somebody or a position back."""
    price: dict[tuple[str, str], list[float]] = defaultdict(list)
    for rule in season.plan.rules:
        if rule.price > 0:
            price[rule.partnership, rule.rule].append(rule.price)
    held = _held(season.found.unplaced, pl.len())
    open_ = _held(season.found.unfilled, (pl.col("positions") - pl.col("filled")).sum())
    keys = sorted({*price, *held, *open_}, key=lambda key: (-sum(price.get(key, ())), -held.get(key, 0), key))
    if not keys:
        return None
    rows = [
        (
            *key,
            tongue.number(len(price.get(key, ()))),
            tongue.number(max(price[key]), 1) if price.get(key) else "–",
            tongue.number(held.get(key, 0)),
            tongue.number(open_.get(key, 0)),
        )
        for key in keys
    ]
    heads = tongue.heads("partnership", "rule", "binding_rows", "price", "workers_held", "positions_held")
    table = Table(heads, rows[: 2 * TABLE_ROWS], frozenset(range(2, 6)), max(0, len(rows) - 2 * TABLE_ROWS))
    title = tongue.say("report.conflicts")
    return Section("conflicts", title, tongue.say("report.conflicts_intro"), "computed", (), [("", table)], wide=True)


def _held(frame: pl.DataFrame, heads: pl.Expr) -> dict[tuple[str, str], int]:
    named = frame.filter(pl.col("rule").is_not_null() & pl.col("partnership").is_not_null())
    counts = named.group_by("partnership", "rule").agg(heads=heads).sort("partnership", "rule")
    return {(partnership, rule): int(count) for partnership, rule, count in counts.rows()}


def other_limits(season: Season, tongue: Tongue) -> Section | None:
    """Rows that follow from vacancies, the fullest first."""
    if not season.others:
        return None
    table = limits(season.others, tongue, TABLE_ROWS)
    title = tongue.say("report.other_limits")
    intro = tongue.say("report.other_limits_intro")
    return Section("limits", title, intro, "chosen", (), [(tongue.say("report.rows"), table)], wide=True)


def terms(season: Season, tongue: Tongue) -> Section | None:
    """The terms of an objective that goes in order: reached, possible, and what the order costs each."""
    if not season.plan.order:
        return None
    rows = [
        (
            step.term,
            tongue.number(step.reached),
            tongue.number(step.bound, 1),
            tongue.number(step.alone, 1),
            tongue.number(step.price, 1),
        )
        for step in season.plan.order
    ]
    table = Table(tongue.heads("term", "reached", "at_most", "alone", "order_price"), rows, frozenset({1, 2, 3, 4}))
    title = tongue.say("report.terms")
    return Section("terms", title, tongue.say("report.terms_intro"), "computed", (), [("", table)], wide=True)


def refused(season: Season, tongue: Tongue) -> Section | None:
    """Pairs of worker and vacancy that were left out before planning, by the check that refused them."""
    if not season.plan.refused:
        return None
    counts = sorted(season.plan.refused.items(), key=lambda item: (-item[1], item[0]))
    rows = []
    for code, pairs in counts:
        reason, partnership, rule = rule_code(code, season.folder.partnerships)
        asked = isolated(code.partition("/")[2]) if rule else ""
        rows.append((tongue.say(f"reason.{reason}"), partnership or "", asked, tongue.number(pairs)))
    heads = tongue.heads("reason", "partnership", "rule", "pairs")
    table = Table(heads, rows[: 2 * TABLE_ROWS], frozenset({3}), max(0, len(rows) - 2 * TABLE_ROWS))
    title = tongue.say("report.refused")
    intro = tongue.say("report.refused_intro")
    return Section("refused", title, intro, "computed", (), [(tongue.say("report.rows"), table)], wide=True)
