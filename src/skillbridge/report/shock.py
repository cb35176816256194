"""A shock for those who decide: what was supposed, before and after, who is hit, and the repair."""

from collections.abc import Sequence

import polars as pl

from skillbridge import charts, words
from skillbridge.changes import Cancel, Change, ChangeRule, Move, Resize, Shrink, Suspend, Withdraw
from skillbridge.indicators import INDICATORS
from skillbridge.plan_folder import PlanFolder
from skillbridge.privacy import THRESHOLD
from skillbridge.replan import WHY
from skillbridge.report.figures import group
from skillbridge.report.page import TABLE_ROWS, Card, Page, Section, Table, Tongue, isolated, write
from skillbridge.scenarios import HEADLINE, Line, line_of
from skillbridge.shock import DIMENSIONS, LOST, WHAT, Shocked

BARS = 12
"""Groups drawn at most, those who lose most first; the table beside holds more."""
_CHOSEN = (Suspend, ChangeRule)
"""Changes that somebody decides; the others are taken to happen."""
_DRAWN = ("displaced", "gone", "moved")


def render(old: PlanFolder, shocked: Shocked, *, lang: str = "en") -> str:
    """The page of a shock, opening in `lang` and holding all languages; the same shock gives the same text."""
    lines = line_of(old, "before", ""), line_of(shocked.repair.outcome.folder, "after", "")
    tongues = [Tongue(one) for one in (lang, *(other for other in words.LANGUAGES if other != lang))]
    pages = [_page(old, shocked, lines, tongue) for tongue in tongues]
    return write(pages, reader="officer", version=shocked.repair.outcome.plan.manifest.version)


def _page(old: PlanFolder, shocked: Shocked, lines: tuple[Line, Line], tongue: Tongue) -> Page:
    say, total, plan = tongue.say, shocked.hit.row(0, named=True), shocked.repair.outcome.plan
    lost = sum(total[name] for name in LOST)
    gap = tongue.percent(plan.gap, 2)
    made_up = [say(f"synthetic.{one}") if one in ("workers", "vacancies") else one for one in plan.manifest.synthetic]
    return Page(
        tongue=tongue,
        title=say("shock.title"),
        subtitle=say("shock.subtitle", n=len(shocked.file.change), day=isolated(shocked.file.as_of.isoformat())),
        reader=say("shock.lab"),
        proposal=say("shock.proposal"),
        notices=[(say("report.synthetic", what=tongue.listed(made_up)), False)] if made_up else [],
        cards=[
            Card(
                tongue.number(lost),
                say("shock.lost"),
                say("shock.lost_note", before=total["before"]),
                lost / max(total["before"], 1),
            ),
            Card(tongue.number(total["moved"]), say("shock.moved"), say("shock.moved_note", kept=total["kept"])),
            Card(
                tongue.number(plan.counts.placed),
                say("shock.after"),
                say("shock.after_note", before=total["before"], placed=total["placed"]),
            ),
            Card(gap, say("report.proof"), say("shock.gap_note", gap=gap)),
        ],
        sections=[
            *_supposed(shocked, tongue),
            _before_after(lines, tongue),
            *(_hit(shocked.hit, name, tongue) for name in DIMENSIONS),
            _repair(shocked.repair.moves, tongue),
        ],
        method=[say(f"shock.method_{number}") for number in (1, 2, 3)],
    )


def _supposed(shocked: Shocked, tongue: Tongue) -> list[Section]:
    say, file = tongue.say, shocked.file
    said = {
        "chosen": [(told(one, tongue), one.reason) for one in file.change if isinstance(one, _CHOSEN)],
        "assumed": [(told(one, tongue), one.reason) for one in file.change if not isinstance(one, _CHOSEN)],
    }
    said["chosen"].append((say("shock.said_stay", points=file.stay_bonus), ""))
    said["chosen"].append((say("shock.said_notice", day=isolated(file.notice_until.isoformat())), ""))
    if file.pins:
        said["chosen"].append((say("shock.said_pins", n=len(file.pins)), ""))
    sections = []
    for kind, rows in said.items():
        if rows:
            shown = [(text, isolated(reason)) for text, reason in rows[: 5 * TABLE_ROWS]]
            if len(rows) > len(shown):
                shown.append((isolated(f"+ {tongue.number(len(rows) - len(shown))}: shock.toml"), ""))
            table = Table(tongue.heads("changed", "reason"), shown)
            title, intro = say(f"shock.{kind}"), say(f"shock.{kind}_intro")
            sections.append(Section(kind, title, intro, kind, (), [("", table)], wide=True))
    return sections


def told(change: Change, tongue: Tongue) -> str:
    """A change as a sentence."""
    say = tongue.say
    match change:
        case Suspend(origin=origin, destination=destination):
            places = [tongue.country(place) if place else say("shock.said_anywhere") for place in (origin, destination)]
            return say("shock.said_suspend", origin=places[0], destination=places[1])
        case ChangeRule(partnership=name, rule=rule, set=values):
            set_ = ", ".join(f"{key} = {value}" for key, value in values.items())
            return isolated(f"{name}/{rule}: {set_}")
        case Shrink(share=share):
            names = ("destination", "region", "occupation", "sector", "employer_id")
            where = [f"{name} {value}" for name in names if (value := getattr(change, name)) is not None]
            everywhere = say("scenario.said_all")
            shown = isolated(", ".join(where)) if where else everywhere
            return say("shock.said_shrink", where=shown, share=tongue.percent(share, 0))
        case Cancel(vacancy_id=name):
            return say("shock.said_cancel", id=isolated(name))
        case Withdraw(worker_id=name):
            return say("shock.said_withdraw", id=isolated(name))
        case Resize(vacancy_id=name, positions=positions):
            return say("shock.said_resize", id=isolated(name), positions=positions)
        case Move(vacancy_id=name, start=start, end=end):
            days = [isolated(day.isoformat()) if day else say("shock.said_unmoved") for day in (start, end)]
            return say("shock.said_move", id=isolated(name), start=days[0], end=days[1])
        case _:
            return say(f"shock.said_{change.__struct_config__.tag}", file=isolated(change.file))


def _before_after(lines: tuple[Line, Line], tongue: Tongue) -> Section:
    say = tongue.say
    figures: list[tuple[str, str, Sequence[float | None]]] = [
        (say("column.placed"), "heads", [one.placed for one in lines]),
        (say("column.positions"), "heads", [one.positions for one in lines]),
        (say("shock.objective"), "heads", [one.objective for one in lines]),
    ]
    figures += [
        (say(f"indicator.{name}"), INDICATORS[name].unit, [one.indicators.get(name) for one in lines])
        for name in HEADLINE
    ]
    rows = [
        (title, *(_figure(tongue, unit, one) for one in (before, after)), _difference(tongue, unit, before, after))
        for title, unit, (before, after) in figures
    ]
    heads = [*tongue.heads("value"), *(say(f"shock.{name}") for name in ("before", "now", "difference"))]
    table = Table(heads, rows, frozenset({1, 2, 3}))
    title, intro = say("shock.before_after"), say("shock.before_after_intro")
    return Section("before-after", title, intro, "computed", (), [("", table)], wide=True)


def _figure(tongue: Tongue, unit: str, value: float | None) -> str:
    return tongue.say("report.suppressed") if value is None else tongue.figure(unit, value)


def _difference(tongue: Tongue, unit: str, before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "–"
    return isolated(("+" if after > before else "") + tongue.figure(unit, after - before))


def _hit(hit: pl.DataFrame, dimension: str, tongue: Tongue) -> Section:
    say = tongue.say
    rows = hit.filter(pl.col("dimension") == dimension)
    told = [(_name(one, tongue), one) for one in rows.iter_rows(named=True)]
    shown = [(name, one) for name, one in told if any(one[what] for what in _DRAWN)]
    bars = pl.DataFrame(
        [
            (
                name,
                say(f"shock.what_{what}"),
                rank,
                one[what] or 0,
                _label(one, tongue),
            )
            for name, one in shown[:BARS]
            for rank, what in enumerate(_DRAWN)
        ],
        schema={"group": pl.String, "series": pl.String, "rank": pl.Int64, "heads": pl.Int64, "text": pl.String},
        orient="row",
    )
    names = ("before", *WHAT)
    cells = [
        (name, *(say("report.suppressed") if one[what] is None else tongue.number(one[what]) for what in names))
        for name, one in told
    ]
    named = say("shock.employer") if dimension == "employer" else say(f"dimension.{dimension}")
    heads = [named, say("shock.before"), *(say(f"shock.what_{what}") for what in WHAT)]
    if len(cells) > TABLE_ROWS:
        rest = say("report.hidden_groups", n=len(cells) - TABLE_ROWS)
        cells = [*cells[:TABLE_ROWS], (f"{rest}: {isolated('hit.csv')}", *[""] * len(names))]
    table = Table(heads, cells, frozenset(range(1, len(heads))))
    title, intro = say("shock.hit", dimension=named), say("shock.hit_intro", n=THRESHOLD)
    if bars.is_empty():
        drawn, intro = [], f"{intro} {say('shock.nobody')}"
    else:
        drawn = [
            tongue.draw(f"hit-{dimension}", title, lambda width: charts.hit_bars(bars, lang=tongue.lang, width=width))
        ]
    return Section(f"hit-{dimension}", title, intro, "computed", drawn, [("", table)], wide=True)


def _label(row: dict[str, int | None], tongue: Tongue) -> str:
    lost = [row[what] for what in LOST]
    if None in lost or row["before"] is None:
        return ""
    return tongue.say("shock.hit_label", lost=sum(one or 0 for one in lost), before=row["before"])


def _name(row: dict[str, str], tongue: Tongue) -> str:
    """A group by its name, distinct within its dimension."""
    if row["dimension"] in ("partnership", "employer"):
        return isolated(f"{row['group']} ({row['within']})")
    return group(tongue, row["dimension"], row["group"])


def _repair(moves: pl.DataFrame, tongue: Tongue) -> Section:
    say, code = tongue.say, {text: name for name, text in WHY.items()}
    order = {name: number for number, name in enumerate(("displaced", "gone", "moved", "redated", "placed", "kept"))}
    counted = sorted(moves.group_by("what", "why").len().rows(), key=lambda row: (order[row[0]], -row[2], row[1]))
    rows = [
        (say(f"shock.what_{what}"), say(f"shock.why_{code[why]}"), tongue.number(heads)) for what, why, heads in counted
    ]
    heads = [say("shock.what"), *tongue.heads("reason", "workers")]
    table = Table(heads, rows, frozenset({2}))
    title, intro = say("shock.repair"), say("shock.repair_intro")
    return Section("repair", title, intro, "computed", (), [("", table)], wide=True)
