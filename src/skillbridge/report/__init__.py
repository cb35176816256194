"""The report of a plan as one HTML file: offline, in four languages, every chart with its table."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from skillbridge import charts, words
from skillbridge.indicators import INDICATORS, compute, plan_facts
from skillbridge.indicators import facts as f
from skillbridge.model import RuleUse
from skillbridge.plan_folder import PlanFolder
from skillbridge.privacy import THRESHOLD

BOARD_ROWS, TABLE_ROWS = 12, 40
_CAPS = frozenset({"quota", "brain_drain", "training"})
"""Kinds of rule whose rows are places of an agreement, and lead the quota board."""


@dataclass(frozen=True)
class Table:
    """Rows for people: `heads` are column titles, `numeric` the columns set as figures; `more` rows were left out."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    more: int = 0


@dataclass(frozen=True)
class Section:
    """A part of the page: charts as (SVG wide, SVG narrow or the same), tables beside them, the kind of its figures."""

    id: str
    title: str
    intro: str
    kind: str
    charts: Sequence[tuple[str, str, str]] = ()
    tables: Sequence[tuple[str, Table]] = ()
    wide: bool = False


def render(folder: PlanFolder, *, lang: str = "en") -> str:
    """The report of a plan, opening in `lang`; the same plan gives the same text.

    Sums over all workers once, so its cost hardly grows with the plan: a few seconds at 200,000 workers.
    """
    found = plan_facts(
        folder.workers,
        folder.vacancies,
        folder.edges,
        folder.placements,
        folder.unfilled,
        folder.unplaced,
        folder.plan.rules,
    )
    shared = _Shared(folder, found)
    pages = [shared.page(tongue) for tongue in (lang, *(other for other in words.LANGUAGES if other != lang))]
    return (
        _environment()
        .get_template("page.html")
        .render(
            pages=pages, lang=lang, rtl=words.RIGHT_TO_LEFT, version=folder.plan.manifest.version, map=shared.map_symbol
        )
    )


class _Shared:
    """What the four languages have in common: the counted tables, and the map, drawn once."""

    def __init__(self, folder: PlanFolder, found: f.Facts) -> None:
        self.folder, self.plan, self.found = folder, folder.plan, found
        kinds = {(one.id, rule.id): rule.kind for one in folder.partnerships for rule in one.binding}
        self.quotas = _board(self.plan.rules, kinds)
        self.places = {
            rule: " ".join([rule.partnership] * _is_cap(rule, kinds) + [f"{rule.rule}: {rule.label}"])
            for rule in self.quotas
        }
        self.presence = f.presence_by_week(found, "destination")
        if self.presence["series"].n_unique() < 2:
            self.presence = f.presence_by_week(found, "origin")
        self.corridors = f.corridors(found)
        self.fill = f.fill_reasons(found)
        self.reasons = f.worker_reasons(found)
        self.indicators = compute(found, [(), ("sex",), ("age_band",), ("origin",), ("entry",)])
        self.currency = _largest(found.placements, "currency")
        self.map_symbol = ""
        if not self.corridors.is_empty():
            drawn = _inline(charts.svg(charts.corridor_map(self.corridors)), "map", "")
            self.map_symbol = (
                f'<symbol id="map" viewBox="{_view_box(drawn)}">{drawn[drawn.index(">") + 1 : -6]}</symbol>'
            )

    def page(self, lang: str) -> dict[str, Any]:
        say = _speaker(lang)
        plan, counts = self.plan, self.plan.counts
        synthetic = ", ".join(
            say(f"synthetic.{what}") if what in ("workers", "vacancies") else what for what in plan.manifest.synthetic
        )
        return {
            "lang": lang,
            "rtl": lang in words.RIGHT_TO_LEFT,
            "say": say,
            "number": lambda value, digits=0: words.number(lang, value, digits),
            "percent": lambda share, digits=1: words.percent(lang, share, digits),
            "subtitle": say("report.subtitle", partnerships=", ".join(p.id for p in self.folder.partnerships)),
            "season": self.found.season,
            "synthetic": say("report.synthetic", what=synthetic) if synthetic else "",
            "relaxed": say("report.relaxed", what=", ".join(plan.manifest.relaxed)) if plan.manifest.relaxed else "",
            "plan": plan,
            "fill": counts.placed / max(counts.positions, 1),
            "gap": words.percent(lang, plan.gap, 2),
            "best": words.percent(lang, 0.0 if plan.status == "optimal" else plan.gap, 2),
            "origins": self.corridors["origin"].n_unique(),
            "destinations": self.corridors["destination"].n_unique(),
            "corridors": self.corridors.height,
            "full": sum(rule.used >= rule.limit for rule in self.quotas),
            "sections": self.sections(lang, say),
        }

    def sections(self, lang: str, say: Callable[..., str]) -> list[Section]:
        parts = [
            self._quota_board(lang, say),
            self._season(lang, say),
            self._chains(lang, say),
            self._map(lang, say),
            self._fill(lang, say),
            self._reasons(lang, say),
            self._quality(lang, say),
            self._indicators(lang, say),
        ]
        return [part for part in parts if part is not None]

    def _quota_board(self, lang: str, say: Callable[..., str]) -> Section | None:
        if not self.plan.rules:
            return None
        board = pl.DataFrame(
            [(_short(self.places[rule]), rule.limit, rule.used) for rule in self.quotas[:BOARD_ROWS]],
            schema={"place": pl.String, "limit": pl.Int64, "used": pl.Int64},
            orient="row",
        ).unique("place", keep="first", maintain_order=True)
        rows = [
            (
                rule.partnership,
                f"{rule.rule}: {rule.label}",
                words.number(lang, rule.limit),
                words.number(lang, rule.used),
                words.number(lang, rule.limit - rule.used),
                words.percent(lang, rule.used / rule.limit),
                words.number(lang, rule.price, 1),
            )
            for rule in self.quotas[:TABLE_ROWS]
        ]
        names = ("partnership", "place", "limit", "used", "left", "share", "price")
        table = Table(
            [say(f"column.{name}") for name in names], rows, frozenset({2, 3, 4, 5, 6}), len(self.quotas) - len(rows)
        )
        title = say("report.quota_board")
        drawn = self._draw(charts.quota_board, board, lang, "quota", title, widths=(960, 400)) if self.quotas else ()
        return Section("quota", title, say("report.quota_intro"), "chosen", drawn, [("", table)], wide=True)

    def _season(self, lang: str, say: Callable[..., str]) -> Section | None:
        if self.presence.is_empty():
            return None
        named = self.presence.with_columns(
            series=pl.col("series").replace_strict(_names(self.presence["series"], lang, say), return_dtype=pl.String)
        )
        peak = (
            named.group_by("series")
            .agg(pl.col("heads").max(), week=pl.col("week").get(pl.col("heads").arg_max()))
            .sort("heads", "series", descending=[True, False])
        )
        rows = [(name, words.number(lang, heads), week.isoformat()) for name, heads, week in peak.rows()]
        table = Table([say("column.group"), say("column.peak"), say("column.week")], rows, frozenset({1}))
        title = say("report.season")
        wide = self._draw(charts.season_chart, named, lang, "season", title, widths=(960, 400))
        return Section("season", title, say("report.season_intro"), "computed", wide, [("", table)], wide=True)

    def _chains(self, lang: str, say: Callable[..., str]) -> Section | None:
        """Each worker's seasons in a row, for a plan of several: those with most seasons, then days away, first."""
        if not self.plan.manifest.seasons or self.folder.placements.is_empty():
            return None
        days = ((pl.col("end") - pl.col("start")).dt.total_days() + 1).sum()
        stays = self.folder.placements.sort("worker_id", "start").join(
            self.folder.vacancies.select("vacancy_id", "destination"), on="vacancy_id", maintain_order="left"
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
                words.number(lang, count),
                "; ".join(
                    f"{words.country(lang, one['destination'])} {one['start'].isoformat()} – {one['end'].isoformat()}"
                    for one in each
                ),
                words.number(lang, away),
                words.number(lang, home),
            )
            for who, each, count, away, home in people.head(TABLE_ROWS).rows()
        ]
        heads = [say(f"column.{name}") for name in ("worker", "seasons", "stays", "days_away", "days_home")]
        table = Table(heads, rows, frozenset({1, 3, 4}), people.height - len(rows))
        shown = people.head(TABLE_ROWS // 2)["worker_id"]
        drawn = stays.filter(pl.col("worker_id").is_in(shown.implode())).select(
            "worker_id",
            "start",
            "end",
            destination=pl.Series([words.country(lang, one) for one in stays["destination"]]).filter(
                stays["worker_id"].is_in(shown.implode())
            ),
            rank=pl.col("worker_id").replace_strict(shown, list(range(len(shown))), return_dtype=pl.Int64),
        )
        title = say("report.chains")
        wide = self._draw(charts.chains_chart, drawn, lang, "chains", title, widths=(960, 400))
        return Section("chains", title, say("report.chains_intro"), "computed", wide, [("", table)], wide=True)

    def _map(self, lang: str, say: Callable[..., str]) -> Section | None:
        if self.corridors.is_empty():
            return None
        rows = [
            (words.country(lang, origin), words.country(lang, destination), words.number(lang, placed))
            for origin, destination, placed in self.corridors.head(TABLE_ROWS).rows()
        ]
        heads = [say("column.origin"), say("column.destination"), say("column.placed")]
        table = Table(heads, rows, frozenset({2}), self.corridors.height - len(rows))
        use = '<svg class="chart" viewBox="{box}" role="img" aria-label="{label}"><use href="#map"/></svg>'.format(
            box=_view_box(self.map_symbol), label=html.escape(say("report.map"), quote=True)
        )
        return Section(
            "map", say("report.map"), say("report.map_intro"), "computed", [(use, "", "")], [("", table)], wide=True
        )

    def _fill(self, lang: str, say: Callable[..., str]) -> Section:
        left = pl.col("positions") - pl.col("filled")
        top = (
            self.found.unfilled.group_by("reason", "partnership", "rule")
            .agg(heads=left.sum())
            .sort("heads", "reason", "partnership", "rule", descending=[True, False, False, False])
        )
        heads = [say("column.reason"), say("column.rule"), say("column.positions")]
        title = say("report.fill")
        drawn = self._draw(charts.fill_by_reason, self.fill, lang, "fill", title)
        return Section(
            "fill", title, say("report.fill_intro"), "computed", drawn, [("", _reason_table(top, heads, lang, say))]
        )

    def _reasons(self, lang: str, say: Callable[..., str]) -> Section:
        top = (
            self.found.unplaced.group_by("reason", "partnership", "rule")
            .agg(heads=pl.len())
            .sort("heads", "reason", "partnership", "rule", descending=[True, False, False, False])
        )
        heads = [say("column.reason"), say("column.rule"), say("column.workers")]
        title = say("report.reasons")
        drawn = self._draw(charts.fill_by_reason, self.reasons, lang, "reasons", title)
        return Section(
            "reasons",
            title,
            say("report.reasons_intro"),
            "computed",
            drawn,
            [("", _reason_table(top, heads, lang, say))],
        )

    def _quality(self, lang: str, say: Callable[..., str]) -> Section | None:
        placements = self.found.placements
        if placements.is_empty():
            return None
        title = say("report.quality")
        score = f.histogram(placements["score"].cast(pl.Float64) / 1000)
        drawn = list(
            self._draw(charts.distribution, score, lang, "score", say("column.score"), text=say("column.score"))
        )
        tables = [(say("column.score"), _bins(score, say("column.score"), lang, say, 2))]
        if self.currency is not None:
            wage = placements.filter(pl.col("currency") == self.currency)["wage"].drop_nulls() / 100
            if len(wage):
                name = say("column.wage", currency=self.currency)
                bins = f.histogram(wage)
                drawn += self._draw(charts.distribution, bins, lang, "wage", name, text=name)
                tables.append((name, _bins(bins, name, lang, say, 2)))
        return Section("quality", title, say("report.quality_intro"), "computed", drawn, tables, wide=True)

    def _indicators(self, lang: str, say: Callable[..., str]) -> Section:
        total = self.indicators.filter(
            pl.col("slice").str.contains("=").not_() | pl.col("slice").str.starts_with("currency=")
        )
        rows = []
        for name, currency, value, suppressed in total.select("indicator", "currency", "value", "suppressed").rows():
            indicator = INDICATORS[name]
            title = say(f"indicator.{name}") + (f" ({currency})" if currency else "")
            shown = say("report.suppressed") if suppressed else _figure(lang, indicator.unit, value)
            rows.append((title, shown, say(f"formula.{name}"), say(f"report.{indicator.kind}")))
        heads = [say(f"column.{name}") for name in ("indicator", "value", "formula", "kind")]
        tables = [("", Table(heads, rows, frozenset({1})))]
        ratios = self.indicators.filter(pl.col("indicator") == "selection_ratio").sort(
            "flag", "slice", descending=[True, False]
        )
        group_rows = []
        for where, value, count, flag, suppressed in ratios.select(
            "slice", "value", "count", "flag", "suppressed"
        ).rows():
            dim, _, group = where.partition("=")
            label = words.country(lang, group) if dim == "origin" else _group(say, dim, group)
            group_rows.append(
                (
                    say(f"dimension.{dim}"),
                    label,
                    say("report.suppressed")
                    if suppressed
                    else words.number(lang, value or 0.0, 2) + (" ⚑" if flag else ""),
                    "" if count is None else words.number(lang, count),
                )
            )
        heads = [say("column.group"), "", say("indicator.selection_ratio"), say("column.workers")]
        tables.append(
            (
                say("report.groups"),
                Table(heads, group_rows[:TABLE_ROWS], frozenset({2, 3}), max(0, len(group_rows) - TABLE_ROWS)),
            )
        )
        return Section(
            "indicators",
            say("report.indicators"),
            say("report.indicators_intro", n=THRESHOLD),
            "computed",
            (),
            tables,
            wide=True,
        )

    def _draw(
        self,
        draw: Callable[..., charts.Chart],
        frame: pl.DataFrame,
        lang: str,
        name: str,
        label: str,
        *,
        text: str | None = None,
        widths: tuple[int, int] | None = None,
    ) -> list[tuple[str, str, str]]:
        args = (frame,) if text is None else (frame, text)
        if widths is None:
            return [(_inline(charts.svg(draw(*args, lang=lang)), f"{lang}-{name}", label), "", label if text else "")]
        wide, narrow = (
            _inline(charts.svg(draw(*args, lang=lang, width=width)), f"{lang}-{name}-{width}", label)
            for width in widths
        )
        return [(wide, narrow, "")]


def _board(rules: Sequence[RuleUse], kinds: Mapping[tuple[str, str], str]) -> list[RuleUse]:
    """Rows with places to count: caps of the agreements first, then what follows from a vacancy (beds, hours); of rows
    that several agreements state alike, the first. Within each, the fullest first."""
    ranked = sorted(
        (rule for rule in rules if rule.limit > 0 and rule.used >= 0),
        key=lambda rule: (
            not _is_cap(rule, kinds),
            -rule.used / rule.limit,
            -rule.limit,
            rule.partnership,
            rule.rule,
            rule.label,
        ),
    )
    told = {(rule.label, rule.limit, rule.used): rule for rule in reversed(ranked) if not _is_cap(rule, kinds)}
    return [rule for rule in ranked if _is_cap(rule, kinds) or told[rule.label, rule.limit, rule.used] is rule]


def _is_cap(rule: RuleUse, kinds: Mapping[tuple[str, str], str]) -> bool:
    return kinds.get((rule.partnership, rule.rule)) in _CAPS


def _reason_table(top: pl.DataFrame, heads: Sequence[str], lang: str, say: Callable[..., str]) -> Table:
    rows = [
        (say(f"reason.{reason}"), " ".join(part for part in (partnership, rule) if part), words.number(lang, count))
        for reason, partnership, rule, count in top.head(TABLE_ROWS // 2).rows()
    ]
    return Table(heads, rows, frozenset({2}), top.height - len(rows))


def _bins(bins: pl.DataFrame, title: str, lang: str, say: Callable[..., str], digits: int) -> Table:
    rows = [
        (f"{words.number(lang, low, digits)} – {words.number(lang, high, digits)}", words.number(lang, heads))
        for low, high, heads in bins.rows()
    ]
    return Table([title, say("column.placements")], rows, frozenset({1}))


def _figure(lang: str, unit: str, value: float | None) -> str:
    if value is None:
        return "–"
    return words.percent(lang, value) if unit == "share" else words.number(lang, value, 2)


def _group(say: Callable[..., str], dimension: str, value: str) -> str:
    return say(f"{dimension}.{value}") if dimension in ("sex", "entry") else value.replace("-", "–")


def _names(codes: pl.Series, lang: str, say: Callable[..., str]) -> dict[str, str]:
    return {
        code: say("column.other") if code == "other" else words.country(lang, code) for code in codes.unique().to_list()
    }


def _largest(frame: pl.DataFrame, column: str) -> str | None:
    known = frame.filter(pl.col(column).is_not_null())
    if known.is_empty():
        return None
    return str(known.group_by(column).len().sort("len", column, descending=[True, False])[column][0])


def _short(label: str, length: int = 80) -> str:
    return label if len(label) <= length else label[: length - 1] + "…"


def _speaker(lang: str) -> Callable[..., str]:
    def say(key: str, **values: object) -> str:
        section, _, name = key.partition(".")
        if lang == "en" and section in ("indicator", "formula"):
            indicator = INDICATORS[name]
            return indicator.title if section == "indicator" else indicator.formula
        return words.say(lang, key, **values)

    return say


def _inline(svg: str, name: str, label: str) -> str:
    """The SVG with ids of its own (the drawing process numbers them on), sized by its box, and named for those who
    cannot see it."""
    numbers: dict[str, int] = {}

    def own(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{numbers.setdefault(found[2], len(numbers))}"

    plain = re.sub(r'(id="|url\(#)(\w+)', own, svg)
    head = f'<svg class="chart" role="img" aria-label="{html.escape(label, quote=True)}"'
    return re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', rf'{head} viewBox="\1">', plain, count=1)


def _view_box(svg: str) -> str:
    found = re.search(r'viewBox="([^"]+)"', svg)
    return found[1] if found else "0 0 960 480"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
