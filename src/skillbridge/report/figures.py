"""Indicators as tables: over all, by group, by goal, and those that a plan cannot answer."""

import polars as pl

from skillbridge.indicators import FRAMEWORKS, NOT_COMPUTED
from skillbridge.indicators.context import SHARES, Figure
from skillbridge.indicators.stays import STAYS
from skillbridge.privacy import THRESHOLD
from skillbridge.report.page import EVERY, TABLE_ROWS, Section, Table, Tongue, isolated
from skillbridge.report.season import ONE, Season

COLUMNS = 8
"""Indicators beside each other in a table by group."""
_LEAD = (
    "fill_rate",
    "placement_rate",
    "match_quality",
    "low_match_share",
    "women_share",
    "new_entrant_share",
    "same_employer_share",
    "quota_utilisation",
    "cap_value",
    "open_positions",
    "fill_rate_hours",
    "language_gap",
    "seasons_per_person",
    "top_two_employers",
)
"""Indicators by group, the first that know the dimension."""


def totals(season: Season, tongue: Tongue) -> Section:
    """Every indicator over all, with its formula."""
    rows = []
    whole = season.whole.select("indicator", "currency", "value", "suppressed", "low", "high")
    for name, currency, value, suppressed, low, high in whole.rows():
        unit, kind = EVERY[name].unit, EVERY[name].kind
        title = tongue.say(f"indicator.{name}") + (f" ({currency})" if currency else "")
        shown = tongue.say("report.suppressed") if suppressed else tongue.quantity(unit, value)
        bounds = "–" if low is None else f"{tongue.figure(unit, low)} – {tongue.figure(unit, high)}"
        between = [isolated(bounds)] if season.sampled else []
        rows.append((title, shown, *between, tongue.say(f"formula.{name}"), tongue.say(f"report.{kind}")))
    heads = tongue.heads("indicator", "value", *(["interval"] if season.sampled else []), "formula", "kind")
    table = Table(heads, rows, frozenset({1, 2} if season.sampled else {1}))
    intro = tongue.say("report.indicators_intro", n=THRESHOLD)
    if season.sampled:
        intro += " " + tongue.say("report.sampled_intro")
    title = tongue.say("report.indicators")
    tables = [("", table), (tongue.say("report.groups"), selection(season, tongue))]
    return Section("indicators", title, intro, "computed", (), tables, wide=True)


def selection(season: Season, tongue: Tongue) -> Table:
    """Placement rates of groups against the most placed, the flagged first; groups that are hidden are only counted."""
    found = season.indicators.filter(pl.col("indicator") == "selection_ratio").sort(
        "flag", "slice", descending=[True, False]
    )
    shown = found.filter(~pl.col("suppressed"))
    rows = []
    for where, value, count, flag in shown.select("slice", "value", "count", "flag").rows():
        dimension, _, code = where.partition("=")
        ratio = tongue.number(value or 0.0, 2) + (" ⚑" if flag else "")
        rows.append((tongue.say(f"dimension.{dimension}"), group(tongue, dimension, code), ratio, tongue.number(count)))
    heads = [*tongue.heads("group"), "", tongue.say("indicator.selection_ratio"), *tongue.heads("workers")]
    hidden = found.height - shown.height
    if hidden:
        rows.append((tongue.say("report.hidden_groups", n=hidden), "", tongue.say("report.suppressed"), ""))
    return Table(heads, rows[: 2 * TABLE_ROWS], frozenset({2, 3}), max(0, len(rows) - 2 * TABLE_ROWS))


def by_group(season: Season, tongue: Tongue) -> Section:
    """Indicators by each dimension: a table a dimension, a row a group, the groups with most people first."""
    tables = []
    for dimension in ONE:
        names = [name for name in _LEAD if dimension in EVERY[name].dimensions][:COLUMNS]
        cells = season.indicators.filter(
            pl.col("slice").str.starts_with(f"{dimension}=") & pl.col("indicator").is_in(names)
        )
        if cells.is_empty():
            continue
        size = cells.group_by("slice").agg(pl.col("count").max()).sort("count", "slice", descending=[True, False])
        known = {
            (where, name): tongue.say("report.suppressed") if suppressed else tongue.figure(EVERY[name].unit, value)
            for where, name, value, suppressed in cells.select("slice", "indicator", "value", "suppressed").rows()
        }
        order = [
            str(where) for where in (size["slice"].sort() if dimension in ("month", "age_band") else size["slice"])
        ]
        rows = [
            (group(tongue, dimension, where.partition("=")[2]), *(known.get((where, name), "–") for name in names))
            for where in order[: 2 * TABLE_ROWS]
        ]
        title = tongue.say(f"dimension.{dimension}")
        heads = [title, *(tongue.say(f"indicator.{name}") for name in names)]
        more = len(order) - len(rows)
        tables.append((title, Table(heads, rows, frozenset(range(1, len(heads))), more)))
    title, intro = tongue.say("report.by_group"), tongue.say("report.by_group_intro", n=THRESHOLD)
    return Section("groups", title, intro, "computed", (), tables, wide=True)


def goals(season: Season, tongue: Tongue) -> Section:
    """Each goal of the frames with the indicators that inform it and their values."""
    whole = season.whole.filter(pl.col("currency").is_null()).select("indicator", "value", "suppressed")
    values = {name: (value, suppressed) for name, value, suppressed in whole.rows()}
    rows = []
    for code in FRAMEWORKS:
        told = []
        for name, indicator in EVERY.items():
            if code in indicator.frameworks and name in values:
                value, hidden = values[name]
                shown = tongue.say("report.suppressed") if hidden else tongue.quantity(indicator.unit, value)
                told.append(f"{tongue.say(f'indicator.{name}')}: {shown}")
        rows.append(
            (code, tongue.say(f"goal.{key_of(code)}"), tongue.listed(told, ";") or tongue.say("report.no_indicator"))
        )
    table = Table(tongue.heads("goal", "says", "indicators"), rows)
    title = tongue.say("report.goals")
    return Section("goals", title, tongue.say("report.goals_intro"), "computed", (), [("", table)], wide=True)


def journeys(season: Season, tongue: Tongue) -> Section | None:
    """What became of placements, over all and by group, as `skillbridge journey indicators` told it."""
    if season.journeys is None:
        return None
    over_all = season.journeys.filter(slice="").select("indicator", "value", "count", "suppressed")
    rows = []
    for name, value, count, suppressed in over_all.rows():
        hidden = tongue.say("report.suppressed")
        shown = hidden if suppressed else tongue.quantity(STAYS[name].unit, value)
        people = hidden if suppressed else tongue.number(count or 0)
        rows.append((tongue.say(f"indicator.{name}"), shown, people, tongue.say(f"formula.{name}")))
    heads = [*tongue.heads("indicator", "value"), tongue.say("column.population"), *tongue.heads("formula")]
    tables = [("", Table(heads, rows, frozenset({1, 2})))]
    groups = season.journeys.filter(pl.col("slice").str.contains("=") & ~pl.col("slice").str.contains(";"))
    grouped = []
    for name, where, value, count, suppressed in groups.select(
        "indicator", "slice", "value", "count", "suppressed"
    ).rows():
        dimension, _, code = where.partition("=")
        shown = tongue.say("report.suppressed") if suppressed else tongue.quantity(STAYS[name].unit, value)
        people = tongue.say("report.suppressed") if suppressed else tongue.number(count or 0)
        told = f"{tongue.say(f'dimension.{dimension}')}: {group(tongue, dimension, code)}"
        grouped.append((tongue.say(f"indicator.{name}"), told, shown, people))
    if grouped:
        names = [*tongue.heads("indicator", "group", "value"), tongue.say("column.population")]
        most = 5 * TABLE_ROWS
        more = max(0, len(grouped) - most)
        tables.append((tongue.say("report.groups"), Table(names, grouped[:most], frozenset({2, 3}), more)))
    title, intro = tongue.say("report.journeys"), tongue.say("report.journeys_intro", n=THRESHOLD)
    return Section("journeys", title, intro, "computed", (), tables, wide=True)


def beside(season: Season, tongue: Tongue) -> Section | None:
    """The figures from beside the plan that some indicators rest on, with where each comes from."""
    figures = season.context.figures
    if not figures:
        return None
    rows = [(_named(one, tongue), _where(one, tongue), _amount(one, tongue), one.basis) for one in figures]
    heads = tongue.heads("item", "holds_for", "value", "basis")
    most = 5 * TABLE_ROWS
    table = Table(heads, rows[:most], frozenset({2}), max(0, len(rows) - most))
    title = tongue.say("report.beside")
    return Section("beside", title, tongue.say("report.beside_intro"), "assumed", (), [("", table)], wide=True)


def _named(one: Figure, tongue: Tongue) -> str:
    said = tongue.say(f"item.{one.item}")
    return f"{said} ({tongue.say(f'payer.{one.payer}')})" if one.payer else said


def _where(one: Figure, tongue: Tongue) -> str:
    if not one.where:
        return tongue.say("scenario.said_all")
    said = (
        f"{tongue.say(f'dimension.{name}')}: {isolated(group(tongue, name, code))}" for name, code in one.where.items()
    )
    return tongue.listed(said, ";")


def _amount(one: Figure, tongue: Tongue) -> str:
    if one.item in SHARES:
        return tongue.percent(one.value)
    shown = tongue.number(one.value, 0 if one.value == int(one.value) else 2)
    return isolated(f"{shown} {one.currency}") if one.currency else shown


def missing(season: Season, tongue: Tongue) -> Section | None:
    """What neither the plan nor what was given beside it can answer, and what for."""
    known = set(season.whole["indicator"])
    if season.journeys is not None:
        known |= set(season.journeys.filter(pl.col("value").is_not_null() | pl.col("suppressed"))["indicator"])
    rows = [
        (tongue.say(f"unmeasured.{name}"), tongue.say(f"missing.{name}")) for name in NOT_COMPUTED if name not in known
    ]
    if not rows:
        return None
    table = Table(tongue.heads("indicator", "needs"), rows)
    title = tongue.say("report.not_computed")
    return Section("missing", title, tongue.say("report.not_computed_intro"), "computed", (), [("", table)], wide=True)


def flagged(season: Season, tongue: Tongue) -> list[str]:
    """Groups whose selection ratio is flagged, in words, the lowest first."""
    found = season.indicators.filter((pl.col("indicator") == "selection_ratio") & pl.col("flag")).sort("value", "slice")
    return [
        f"{tongue.say(f'dimension.{dimension}')}: {group(tongue, dimension, code)} ({tongue.number(value, 2)})"
        for where, value in found.select("slice", "value").rows()
        for dimension, _, code in [where.partition("=")]
    ]


def group(tongue: Tongue, dimension: str, value: str) -> str:
    """A group by its name."""
    if value == "unknown":
        return tongue.say("sex.unknown")
    if dimension in ("origin", "destination"):
        return tongue.country(value)
    if dimension in ("sex", "entry"):
        return tongue.say(f"{dimension}.{value}")
    return value.replace("-", "–") if dimension == "age_band" else value


def key_of(code: str) -> str:
    """A goal's code as a key of the words: `SDG 8.8` is sdg_8_8."""
    return code.lower().replace(" ", "_").replace(".", "_")
