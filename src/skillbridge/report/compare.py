"""Scenarios beside each other for three readers: what was chosen, what was assumed, what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl

from skillbridge import __version__, charts, words
from skillbridge.errors import BadInput
from skillbridge.indicators import INDICATORS
from skillbridge.indicators.facts import DIMENSIONS
from skillbridge.indicators.uncertainty import of_mean
from skillbridge.report.page import NARROW, TABLE_ROWS, WIDE, Card, Page, Section, Table, Tongue, isolated, write
from skillbridge.report.season import HALF, short
from skillbridge.scenario_file import Scenario
from skillbridge.scenarios import HEADLINE, Line, compare

FIRST, SECOND = "fill_rate", "match_quality"
"""The two figures of the trade-off."""
BARS = 24
BRIEF = 16
"""Characters of a name that a point is labelled with; longer ones go by their number."""
ENOUGH = 10
"""Runs from which on a mean is given an interval."""
SHOWN = {"minister": ("fill_rate", "match_quality", "women_share"), "officer": HEADLINE, "public": HEADLINE}


@dataclass(frozen=True)
class Entry:
    """A scenario over its seeds: means, with the least and the most placed and, from ENOUGH runs on, the bootstrap
    interval of the mean placed. `scenario` is what its first run's folder says was changed, where it is there."""

    name: str
    chosen: tuple[str, ...]
    assumed: tuple[str, ...]
    runs: int
    placed: float
    least: int
    most: int
    interval: tuple[float, float] | None
    positions: float
    gap: float
    indicators: dict[str, float | None]
    scenario: Scenario | None = None


def read(folder: Path) -> list[Line]:
    """The comparison of a run of scenarios, its base first; raises `BadInput` where the folder holds none."""
    kept = folder / "comparison.json"
    if kept.is_file():
        try:
            lines = msgspec.json.decode(kept.read_bytes(), type=list[Line])
        except msgspec.DecodeError as error:
            raise BadInput(str(kept), str(error), "a comparison as written by `skillbridge scenario run`") from error
        beside = [folder / Path(line.folder).name for line in lines]  # where it is now, if the run was moved
        return [
            msgspec.structs.replace(line, folder=str(path)) if (path / "scenario.json").is_file() else line
            for line, path in zip(lines, beside, strict=True)
        ]
    plans = sorted(path.parent for path in folder.glob("*/plan.json"))
    if not plans:
        raise BadInput(str(folder), "neither a plan nor a run of scenarios", "a folder written by `skillbridge`")
    return compare(plans)


def render(lines: Sequence[Line], *, reader: str = "officer", lang: str = "en") -> str:
    """The report of a comparison for a reader, opening in `lang`; the first line is what the others are held against.

    Lines that differ in their seed only are one scenario. Raises `BadInput` where there is nothing to compare.
    """
    entries = over_seeds(lines)
    if len(entries) < 2:
        raise BadInput("scenarios", f"{len(entries)} to compare", "a base and a scenario, or several")
    tongues = [Tongue(one) for one in (lang, *(other for other in words.LANGUAGES if other != lang))]
    return write([_page(entries, tongue, reader) for tongue in tongues], reader=reader, version=__version__)


def over_seeds(lines: Sequence[Line]) -> list[Entry]:
    """The scenarios in the order of their first line."""
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.name.removesuffix(f", seed {line.seed}"), line.chosen, line.assumed), []).append(line)
    return [
        Entry(
            name=name,
            chosen=chosen,
            assumed=assumed,
            runs=len(group),
            placed=_mean([line.placed for line in group]) or 0.0,
            least=min(line.placed for line in group),
            most=max(line.placed for line in group),
            interval=of_mean([line.placed for line in group], seed=0) if len(group) >= ENOUGH else None,
            positions=_mean([line.positions for line in group]) or 0.0,
            gap=max(line.gap for line in group),
            indicators={key: _mean([line.indicators.get(key) for line in group]) for key in HEADLINE},
            scenario=_scenario(group[0]),
        )
        for (name, chosen, assumed), group in groups.items()
    ]


def _scenario(line: Line) -> Scenario | None:
    path = Path(line.folder) / "scenario.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Scenario)
    except (OSError, msgspec.DecodeError):
        return None


def told(one: Entry, kind: str, tongue: Tongue) -> list[str]:
    """What was `chosen` or `assumed`, sentence by sentence: in the reader's words where the scenario's file is there
    and they tell all of it, else as the comparison quotes it."""
    quoted = list(one.chosen if kind == "chosen" else one.assumed)
    if one.scenario is None:
        return list(map(isolated, quoted))
    say, number, scenario = tongue.say, tongue.number, one.scenario
    if kind == "chosen":
        said = [say("scenario.said_objective", name=isolated(scenario.objective))] if scenario.objective else []
        said += [isolated(f"{part.rule}: {part.field} = {part.value}") for part in scenario.rules]
        said += [say("scenario.said_relaxed", rule=isolated(rule)) for rule in scenario.relax]
        said += [say("scenario.said_without", name=isolated(name)) for name in scenario.without]
    else:
        said = [
            say(
                "scenario.said_demand",
                where=_where(part.where, tongue),
                positions=number(part.positions, 2),
                wage=number(part.wage, 2),
                spread=tongue.percent(part.spread, 0),
            )
            for part in scenario.demand
        ]
        said += [
            say("scenario.said_pool", where=_where(part.where, tongue), share=tongue.percent(part.share, 0))
            for part in scenario.pool
        ]
    return said if len(said) == len(quoted) else list(map(isolated, quoted))


def _where(columns: Mapping[str, str], tongue: Tongue) -> str:
    if not columns:
        return tongue.say("scenario.said_all")
    return tongue.listed(
        f"{tongue.say(f'dimension.{name}') if name in DIMENSIONS else isolated(name)}: "
        + (tongue.country(start) if name in ("origin", "destination") else isolated(start))
        for name, start in columns.items()
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """None where one is not shown: a mean over the rest would tell something else."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def frontier(entries: Sequence[Entry]) -> list[Entry]:
    """Those that no other beats in both figures of the trade-off."""
    known = [one for one in entries if one.indicators[FIRST] is not None and one.indicators[SECOND] is not None]

    def at_least(one: Entry, other: Entry) -> bool:
        pairs = [(one.indicators[key] or 0.0, other.indicators[key] or 0.0) for key in (FIRST, SECOND)]
        return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)

    return [one for one in known if not any(at_least(other, one) for other in known)]


def _page(entries: Sequence[Entry], tongue: Tongue, reader: str) -> Page:
    say, base = tongue.say, entries[0]
    best = _best(entries)
    return Page(
        tongue=tongue,
        title=say("scenario.title"),
        subtitle=say("scenario.subtitle", n=len(entries) - 1, base=isolated(base.name)),
        reader=say(f"report.for_{reader}"),
        proposal=say("scenario.proposal"),
        cards=[
            Card(_signed(tongue, best.placed - base.placed), say("scenario.most"), isolated(short(best.name))),
            Card(tongue.number(base.placed), say("scenario.base_placed"), isolated(short(base.name))),
            Card(tongue.number(len(frontier(entries))), say("scenario.on_frontier"), say("scenario.frontier_note")),
            Card(tongue.at_most(max(one.gap for one in entries)), say("scenario.gap"), say("scenario.gap_note")),
        ],
        messages=_messages(entries, tongue) if reader == "minister" else (),
        decisions=_decisions(entries, tongue) if reader == "minister" else (),
        sections=_sections(entries, tongue, reader),
        method=() if reader == "minister" else [say(f"scenario.method_{number}") for number in (1, 2, 3)],
    )


def _best(entries: Sequence[Entry]) -> Entry:
    return max(entries[1:], key=lambda one: one.placed)


def _messages(entries: Sequence[Entry], tongue: Tongue) -> list[str]:
    say, base, best = tongue.say, entries[0], _best(entries)
    name = isolated(best.name)
    change = _signed(tongue, best.placed - base.placed)
    gains = best.placed > base.placed
    first = say(
        "scenario.message_best" if gains else "scenario.message_none",
        name=name,
        base=isolated(base.name),
        placed=tongue.number(best.placed if gains else base.placed),
        change=change,
    )
    told = []
    for key in ("match_quality", "women_share"):
        before, after = base.indicators[key], best.indicators[key]
        if before is not None and after is not None:
            unit = INDICATORS[key].unit
            told.append(f"{say(f'indicator.{key}')}: {tongue.figure(unit, before)} → {tongue.figure(unit, after)}")
    second = say("scenario.message_cost", name=name, figures=tongue.listed(told, ";") or say("report.suppressed"))
    still = [one for one in entries[1:] if one.placed == base.placed]
    third = (
        say(
            "scenario.message_still",
            n=len(still),
            names=tongue.listed((isolated(short(one.name, 60)) for one in still[:2]), ";"),
        )
        if still
        else say("scenario.message_frontier", n=len(frontier(entries)), all=len(entries))
    )
    return [first, second, third]


def _decisions(entries: Sequence[Entry], tongue: Tongue) -> list[str]:
    best = _best(entries)
    kept = [isolated(short(one.name, 60)) for one in frontier(entries)][:4]
    asked = [tongue.say("scenario.decide_choice", names=tongue.listed(kept, ";"))] if kept else []
    if best.chosen and best.placed > entries[0].placed:
        changes = tongue.listed(told(best, "chosen", tongue)[:3], ";")
        asked.append(tongue.say("scenario.decide_change", name=isolated(short(best.name, 60)), changes=changes))
    guesses = list(dict.fromkeys(one for entry in entries for one in told(entry, "assumed", tongue)))
    if guesses:
        asked.append(tongue.say("scenario.decide_assumed", changes=tongue.listed(guesses[:3], ";")))
    return asked


def _sections(entries: Sequence[Entry], tongue: Tongue, reader: str) -> list[Section]:
    parts = [_changes(entries, tongue, reader), _trade_off(entries, tongue, reader)]
    if reader != "minister":
        parts += [_said(entries, tongue, "chosen"), _said(entries, tongue, "assumed")]
    return [part for part in parts if part is not None]


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    """All but the base, those that place most first: their numbers in the pictures."""
    return sorted(entries[1:], key=lambda one: (-one.placed, one.name))


def _changes(entries: Sequence[Entry], tongue: Tongue, reader: str) -> Section:
    base = entries[0]
    ranked = _ranked(entries)
    bars = pl.DataFrame(
        [
            (
                f"{number}. {short(one.name, 60)}",
                one.placed - base.placed,
                one.least - base.placed,
                one.most - base.placed,
            )
            for number, one in enumerate(ranked[:BARS], 1)
        ],
        schema={"scenario": pl.String, "change": pl.Float64, "least": pl.Float64, "most": pl.Float64},
        orient="row",
    )
    names = SHOWN[reader]
    rows = [
        (
            isolated(one.name),
            tongue.number(one.runs),
            tongue.number(one.placed, 1),
            _signed(tongue, one.placed - base.placed),
            isolated(f"{tongue.number(one.least)} – {tongue.number(one.most)}") if one.runs > 1 else "–",
            _between(tongue, one),
            tongue.at_most(one.gap),
            *(
                tongue.say("report.suppressed") if value is None else tongue.figure(INDICATORS[key].unit, value)
                for key in names
                for value in (one.indicators[key],)
            ),
        )
        for one in entries
    ]
    heads = [
        *tongue.heads("scenario", "runs", "placed", "change", "range", "interval", "gap"),
        *(tongue.say(f"indicator.{key}") for key in names),
    ]
    table = Table(heads, rows[: 5 * TABLE_ROWS], frozenset(range(1, len(heads))), max(0, len(rows) - 5 * TABLE_ROWS))
    title = tongue.say("scenario.changes")
    widths = (HALF,) if reader == "minister" else (WIDE, NARROW)
    drawn = tongue.draw("changes", title, lambda width: charts.change_bars(bars, lang=tongue.lang, width=width), widths)
    intro = tongue.say("scenario.changes_intro", base=isolated(base.name))
    return Section("season", title, intro, "computed", [drawn], [("", table)], wide=True)


def _trade_off(entries: Sequence[Entry], tongue: Tongue, reader: str) -> Section | None:
    best = {id(one) for one in frontier(entries)}
    known = [one for one in entries if one.indicators[FIRST] is not None and one.indicators[SECOND] is not None]
    if len(known) < 2:
        return None
    number = {id(one): f"{at}." for at, one in enumerate(_ranked(entries), 1)}
    label = {id(one): number.get(id(one), "") + (one.name if len(one.name) <= BRIEF else "") for one in entries}
    points = pl.DataFrame(
        [(label[id(one)] or "0.", one.indicators[FIRST], one.indicators[SECOND], id(one) in best) for one in known],
        schema={"scenario": pl.String, "x": pl.Float64, "y": pl.Float64, "kept": pl.Boolean},
        orient="row",
    )
    rows = [
        (
            isolated(f"{number.get(id(one), '')} {one.name}".strip()),
            *(tongue.figure(INDICATORS[key].unit, one.indicators[key]) for key in (FIRST, SECOND)),
            tongue.say("scenario.yes") if id(one) in best else "",
        )
        for one in known
    ]
    shares = tuple(INDICATORS[key].unit == "share" for key in (FIRST, SECOND))
    axes = tongue.say(f"indicator.{FIRST}"), tongue.say(f"indicator.{SECOND}")
    heads = [*tongue.heads("scenario"), *axes, tongue.say("scenario.on_frontier")]
    title = tongue.say("scenario.trade_off")
    widths = (HALF,) if reader == "minister" else (WIDE, NARROW)
    drawn = tongue.draw(
        "trade-off",
        title,
        lambda width: charts.trade_off(points, *axes, shares=shares, lang=tongue.lang, width=width),
        widths,
    )
    table = Table(heads, rows[: 5 * TABLE_ROWS], frozenset({1, 2}), max(0, len(rows) - 5 * TABLE_ROWS))
    intro = tongue.say("scenario.trade_off_intro")
    return Section("map", title, intro, "computed", [drawn], [("", table)], wide=True)


def _said(entries: Sequence[Entry], tongue: Tongue, kind: str) -> Section | None:
    """What was chosen, or assumed, by scenario."""
    rows = [
        (isolated(one.name), tongue.listed(said, ";")) for one in entries for said in [told(one, kind, tongue)] if said
    ]
    if not rows:
        return None
    table = Table(tongue.heads("scenario", "changed"), rows[: 5 * TABLE_ROWS], more=max(0, len(rows) - 5 * TABLE_ROWS))
    title, intro = tongue.say(f"scenario.{kind}"), tongue.say(f"scenario.{kind}_intro")
    return Section(kind, title, intro, kind, (), [("", table)], wide=True)


def _between(tongue: Tongue, one: Entry) -> str:
    return "–" if one.interval is None else isolated(" – ".join(tongue.number(bound, 1) for bound in one.interval))


def _signed(tongue: Tongue, value: float) -> str:
    return isolated(("+" if value > 0 else "") + tongue.number(value, 0 if float(value).is_integer() else 1))
