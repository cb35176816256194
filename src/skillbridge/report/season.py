"""What a season's plan shows, section by section; the modules beside this one choose and add for each reader."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import polars as pl

from skillbridge import charts
from skillbridge.explain.advice import RowAdvice
from skillbridge.indicators import INDICATORS, compute, folder_facts
from skillbridge.indicators import facts as f
from skillbridge.indicators.accounts import ACCOUNTS, Accounts, accounts_of
from skillbridge.indicators.context import Context
from skillbridge.indicators.uncertainty import with_intervals
from skillbridge.model import RuleUse
from skillbridge.plan_folder import PlanFolder
from skillbridge.rates import load_rates
from skillbridge.report.page import TABLE_ROWS, WIDE, Section, Table, Tongue, isolated, symbol, use

BOARD_ROWS = 12
HALF, THIN = 460, 320
"""Widths in pixels of a chart that shares a row with another, on a desk and on a telephone."""
ONE = ("partnership", "destination", "origin", "sex", "age_band", "entry", "sector", "month")
"""The dimensions by which indicators are shown."""
_CAPS = frozenset({"quota", "brain_drain", "training"})
"""Kinds of rule whose rows are places of an agreement: the quota board."""


class Season:
    """A plan with the tables counted from it once, whatever the language and the reader; `sampled`: its pool is a
    sample of the people it stands for; `advice`: what more places were found to bring; `context`: figures from beside
    the plan; `journeys`: what became of placements (`indicators.compute` of `stays.STAYS`)."""

    def __init__(
        self,
        folder: PlanFolder,
        *,
        sampled: bool = False,
        advice: Sequence[RowAdvice] = (),
        context: Context | None = None,
        journeys: pl.DataFrame | None = None,
    ) -> None:
        self.sampled, self.advice, self.journeys = sampled, advice, journeys
        self.context = context or Context()
        self.folder, self.plan = folder, folder.plan
        self.found = folder_facts(folder)
        kinds = {(one.id, rule.id): rule.kind for one in folder.partnerships for rule in one.binding}
        counted = [rule for rule in self.plan.rules if rule.limit > 0 and rule.used >= 0]
        self.caps = fullest(rule for rule in counted if _is_cap(rule, kinds))
        others = fullest(rule for rule in counted if not _is_cap(rule, kinds))
        told = {(rule.label, rule.limit, rule.used): rule for rule in reversed(others)}
        self.others = [rule for rule in others if told[rule.label, rule.limit, rule.used] is rule]
        """Rows that follow from vacancies (beds, hours); of those that several agreements state alike, the first."""
        self.fill = f.fill_reasons(self.found)
        self.reasons = f.worker_reasons(self.found)
        self.corridors = f.corridors(self.found)
        self.currency = _largest(self.found.placements, "currency")

    @cached_property
    def presence(self) -> pl.DataFrame:
        """Heads by week and destination, or origin where there is a single destination."""
        by = f.presence_by_week(self.found, "destination")
        return by if by["series"].n_unique() > 1 else f.presence_by_week(self.found, "origin")

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """Every indicator over all and by each of ONE, small groups hidden; of accounts those that can be told."""
        slices = [(), *((name,) for name in ONE)]
        accounts = compute(self.accounts, slices, among=ACCOUNTS).filter(pl.col("suppressed") | (pl.col("count") > 0))
        return pl.concat([compute(self.found, slices), accounts])

    @cached_property
    def accounts(self) -> Accounts:
        """What the season brings and costs, as far as it is stated."""
        return accounts_of(self.folder, self.context, load_rates())

    @cached_property
    def whole(self) -> pl.DataFrame:
        """The indicators over all, in each currency, with `low` and `high` where the pool is a sample, else null."""
        all_ = pl.col("slice").str.contains("=").not_() | pl.col("slice").str.starts_with("currency=")
        table = self.indicators.filter(all_)
        if not self.sampled:
            return table.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
        own = pl.col("indicator").is_in(list(INDICATORS))
        bounded = with_intervals(self.found, table.filter(own), seed=self.plan.manifest.seed)
        return pl.concat([bounded, table.filter(~own)], how="diagonal")

    @cached_property
    def symbols(self) -> str:
        """The map, drawn once for all languages; empty without corridors."""
        return "" if self.corridors.is_empty() else symbol(charts.svg(charts.corridor_map(self.corridors)), "map")

    @property
    def full(self) -> list[RuleUse]:
        """Places of the agreements that are used up, the dearest first."""
        return sorted((one for one in self.caps if one.used >= one.limit), key=lambda one: (-one.price, -one.limit))


def fullest(rules: Iterable[RuleUse]) -> list[RuleUse]:
    """Rows by share used, then size."""
    return sorted(
        rules,
        key=lambda rule: (-rule.used / rule.limit, -rule.limit, rule.partnership, rule.rule, rule.label),
    )


def quota_board(season: Season, tongue: Tongue, rows: int = BOARD_ROWS) -> Section | None:
    """The places of the agreements: allowed, used, left, and what one more is worth."""
    if not season.caps:
        return None
    title = tongue.say("report.quota_board")
    board = pl.DataFrame(
        [(short(f"{one.partnership}: {one.label}"), one.limit, one.used) for one in season.caps[:rows]],
        schema={"place": pl.String, "limit": pl.Int64, "used": pl.Int64},
        orient="row",
    ).unique("place", keep="first", maintain_order=True)
    drawn = tongue.draw("quota", title, lambda width: charts.quota_board(board, lang=tongue.lang, width=width))
    table = limits(season.caps, tongue, 5 * TABLE_ROWS)
    return Section("quota", title, tongue.say("report.quota_intro"), "chosen", [drawn], [("", table)], wide=True)


def limits(rules: Sequence[RuleUse], tongue: Tongue, most: int) -> Table:
    """Rows of rules as a table."""
    rows = [
        (
            rule.partnership,
            f"{rule.rule}: {rule.label}",
            rule.unit,
            tongue.number(rule.limit),
            tongue.number(rule.used),
            tongue.number(rule.limit - rule.used),
            tongue.percent(rule.used / rule.limit),
            tongue.number(rule.price, 1),
        )
        for rule in rules[:most]
    ]
    names = ("partnership", "place", "unit", "limit", "used", "left", "share", "price")
    return Table(tongue.heads(*names), rows, frozenset(range(3, 8)), len(rules) - len(rows))


def weeks(presence: pl.DataFrame, tongue: Tongue, intro: str, widths: Sequence[int] = (WIDE, 400)) -> Section | None:
    """Workers present by week."""
    if presence.is_empty():
        return None
    named = presence.with_columns(
        series=pl.col("series").replace_strict(_names(presence["series"], tongue), return_dtype=pl.String)
    )
    peak = (
        named.group_by("series")
        .agg(pl.col("heads").max(), week=pl.col("week").get(pl.col("heads").arg_max()))
        .sort("heads", "series", descending=[True, False])
    )
    rows = [(name, tongue.number(heads), week.isoformat()) for name, heads, week in peak.rows()]
    table = Table(tongue.heads("group", "peak", "week"), rows, frozenset({1}))
    title = tongue.say("report.season")
    drawn = tongue.draw(
        "season", title, lambda width: charts.season_chart(named, lang=tongue.lang, width=width), widths
    )
    return Section("season", title, intro, "computed", [drawn], [("", table)], wide=True)


def chains(season: Season, tongue: Tongue) -> Section | None:
    """Each worker's seasons in a row, for a plan of several: those with most seasons, then days away, first."""
    if not season.plan.manifest.seasons or season.folder.placements.is_empty():
        return None
    days = ((pl.col("end") - pl.col("start")).dt.total_days() + 1).sum()
    stays = season.folder.placements.sort("worker_id", "start").join(
        season.folder.vacancies.select("vacancy_id", "destination"), on="vacancy_id", maintain_order="left"
    )
    people = (
        stays.group_by("worker_id", maintain_order=True)
        .agg(
            pl.struct("start", "end", "destination").alias("stays"),
            seasons=pl.len(),
            away=days,
            home=(pl.col("end").max() - pl.col("start").min()).dt.total_days() + 1 - days,
        )
        .sort("seasons", "away", "worker_id", descending=[True, True, False])
    )
    rows = [
        (
            who,
            tongue.number(count),
            tongue.listed(
                (
                    f"{tongue.country(one['destination'])} "
                    + isolated(f"{one['start'].isoformat()} – {one['end'].isoformat()}")
                    for one in each
                ),
                ";",
            ),
            tongue.number(away),
            tongue.number(home),
        )
        for who, each, count, away, home in people.head(TABLE_ROWS).rows()
    ]
    heads = tongue.heads("worker", "seasons", "stays", "days_away", "days_home")
    table = Table(heads, rows, frozenset({1, 3, 4}), people.height - len(rows))
    shown = people.head(TABLE_ROWS // 2)["worker_id"]
    drawn = stays.filter(pl.col("worker_id").is_in(shown.implode())).select(
        "worker_id",
        "start",
        "end",
        destination=pl.col("destination").replace_strict(_names(stays["destination"], tongue), return_dtype=pl.String),
        rank=pl.col("worker_id").replace_strict(shown, list(range(len(shown))), return_dtype=pl.Int64),
    )
    title = tongue.say("report.chains")
    picture = tongue.draw("chains", title, lambda width: charts.chains_chart(drawn, lang=tongue.lang, width=width))
    return Section("chains", title, tongue.say("report.chains_intro"), "computed", [picture], [("", table)], wide=True)


def corridor_map(season: Season, tongue: Tongue, intro: str, rows: Sequence[Sequence[str]]) -> Section | None:
    """The map of corridors with the table `rows`: origin, destination, placed."""
    if season.corridors.is_empty():
        return None
    title, heads = tongue.say("report.map"), tongue.heads("origin", "destination", "placed")
    table = Table(heads, rows[:TABLE_ROWS], frozenset({2}), max(0, len(rows) - TABLE_ROWS))
    picture = use(season.symbols, "map", title), ""
    return Section("map", title, intro, "computed", [picture], [("", table)], wide=True)


def corridor_rows(season: Season, tongue: Tongue) -> list[tuple[str, str, str]]:
    """Every corridor with its placements, the largest first."""
    return [
        (tongue.country(origin), tongue.country(destination), tongue.number(placed))
        for origin, destination, placed in season.corridors.rows()
    ]


def positions(season: Season, tongue: Tongue) -> Section:
    """Positions filled, or the reason why not."""
    left = pl.col("positions") - pl.col("filled")
    top = (
        season.found.unfilled.group_by("reason", "partnership", "rule")
        .agg(heads=left.sum())
        .sort("heads", "reason", "partnership", "rule", descending=[True, False, False, False])
    )
    table = _reason_table(top, tongue, "positions")
    return _reasoned("fill", season.fill, table, tongue)


def workers(season: Season, tongue: Tongue) -> Section:
    """Workers placed, or the reason why not."""
    top = (
        season.found.unplaced.group_by("reason", "partnership", "rule")
        .agg(heads=pl.len())
        .sort("heads", "reason", "partnership", "rule", descending=[True, False, False, False])
    )
    table = _reason_table(top, tongue, "workers")
    return _reasoned("reasons", season.reasons, table, tongue)


def _reasoned(name: str, counts: pl.DataFrame, table: Table, tongue: Tongue) -> Section:
    title = tongue.say(f"report.{name}")
    drawn = tongue.draw(
        name, title, lambda width: charts.fill_by_reason(counts, lang=tongue.lang, width=width), (HALF, THIN)
    )
    return Section(name, title, tongue.say(f"report.{name}_intro"), "computed", [drawn], [("", table)])


def _reason_table(top: pl.DataFrame, tongue: Tongue, counted: str) -> Table:
    rows = [
        (
            tongue.say(f"reason.{reason}"),
            " ".join(part for part in (partnership, rule) if part),
            tongue.number(count),
        )
        for reason, partnership, rule, count in top.head(TABLE_ROWS).rows()
    ]
    return Table(tongue.heads("reason", "rule", counted), rows, frozenset({2}), top.height - len(rows))


def quality(season: Season, tongue: Tongue) -> Section | None:
    """How well placements fit and what they pay."""
    placements = season.found.placements
    if placements.is_empty():
        return None
    shown = [("score", tongue.say("column.score"), placements["score"].cast(pl.Float64) / 1000)]
    if season.currency is not None:
        wage = placements.filter(pl.col("currency") == season.currency)["pay"].drop_nulls()
        if len(wage):
            shown.append(("wage", tongue.say("column.wage", currency=season.currency), wage))
    drawn, tables = [], []
    for name, title, values in shown:
        bins = f.histogram(values)
        drawn.append(_histogram(name, title, bins, tongue))
        rows = [
            (f"{tongue.number(low, 2)} – {tongue.number(high, 2)}", tongue.number(heads))
            for low, high, heads in bins.rows()
        ]
        tables.append((title, Table([title, *tongue.heads("placements")], rows, frozenset({1}))))
    title = tongue.say("report.quality")
    return Section("quality", title, tongue.say("report.quality_intro"), "computed", drawn, tables, wide=True)


def _histogram(name: str, title: str, bins: pl.DataFrame, tongue: Tongue) -> tuple[str, str]:
    return tongue.draw(
        name, title, lambda width: charts.distribution(bins, title, lang=tongue.lang, width=width), (HALF, THIN)
    )


def short(label: str, length: int = 80) -> str:
    """The label, cut where it is longer."""
    return label if len(label) <= length else label[: length - 1] + "…"


def _is_cap(rule: RuleUse, kinds: Mapping[tuple[str, str], str]) -> bool:
    return kinds.get((rule.partnership, rule.rule)) in _CAPS


def _names(codes: pl.Series, tongue: Tongue) -> dict[str, str]:
    return {
        code: tongue.say("column.other") if code == "other" else tongue.country(code)
        for code in codes.unique().to_list()
    }


def _largest(frame: pl.DataFrame, column: str) -> str | None:
    known = frame.filter(pl.col(column).is_not_null())
    if known.is_empty():
        return None
    return str(known.group_by(column).len().sort("len", column, descending=[True, False])[column][0])
