"""One page for who decides: three messages, pictures, what to decide."""

import polars as pl

from skillbridge.model import RuleUse
from skillbridge.report.figures import flagged
from skillbridge.report.page import Section, Tongue, isolated
from skillbridge.report.season import HALF, Season, corridor_map, corridor_rows, quota_board, short, weeks

ASKED = 2
"""Limits for which more places are put up for decision."""
BOARD = 5
_DONE = ("filled", "placed")


def messages(season: Season, tongue: Tongue) -> list[str]:
    """Three sentences: what the plan reaches, how good it is, what holds it back."""
    plan, counts = season.plan, season.plan.counts
    open_ = counts.positions - counts.placed
    filled = tongue.say(
        "report.message_filled",
        placed=counts.placed,
        positions=counts.positions,
        share=tongue.percent(counts.placed / max(counts.positions, 1), 0),
    )
    if open_ > 0 and (reason := _first(season.fill)):
        filled += " " + tongue.say(
            "report.message_open", n=open_, most=reason[1], reason=tongue.say(f"reason.{reason[0]}")
        )
    best = (
        tongue.say("report.message_best")
        if plan.status == "optimal"
        else tongue.say("report.message_gap", gap=tongue.at_most(plan.gap))
    )
    return [filled, best, _held_back(season, tongue)]


def _held_back(season: Season, tongue: Tongue) -> str:
    if season.full:
        dearest = season.full[0]
        said = tongue.say("report.message_limits", n=len(season.full), all=len(season.caps))
        return said + (
            " " + tongue.say("report.message_dearest", row=place(season, dearest, tongue)) if dearest.price > 0 else ""
        )
    if season.caps:
        said = tongue.say("report.message_room", share=tongue.percent(season.caps[0].used / season.caps[0].limit, 0))
    else:
        said = tongue.say("report.message_no_limit")
    if reason := _first(season.reasons):
        said += " " + tongue.say("report.message_waiting", n=reason[1], reason=tongue.say(f"reason.{reason[0]}"))
    return said


def decisions(season: Season, tongue: Tongue) -> list[str]:
    """What is put up for decision, the plan itself first."""
    asked = [tongue.say("report.decide_plan")]
    asked += [
        tongue.say("report.decide_places", row=place(season, rule, tongue), used=rule.used, limit=rule.limit)
        for rule in season.full[:ASKED]
        if rule.price > 0
    ]
    if reason := _first(season.fill):
        asked.append(tongue.say("report.decide_open", n=reason[1], reason=tongue.say(f"reason.{reason[0]}")))
    groups = flagged(season, tongue)
    if groups:
        asked.append(tongue.say("report.decide_groups", groups=tongue.listed(groups[:3], ";")))
    return asked


def sections(season: Season, tongue: Tongue) -> list[Section]:
    """Who is where when, and the places of the agreements."""
    parts = [
        weeks(season.presence, tongue, tongue.say("report.season_intro"), (HALF,)),
        corridor_map(season, tongue, tongue.say("report.map_intro"), corridor_rows(season, tongue)),
        quota_board(season, tongue, BOARD),
    ]
    return [part for part in parts if part is not None]


def place(season: Season, rule: RuleUse, tongue: Tongue) -> str:
    """A limit by its agreement and its words."""
    owner = next((one for one in season.folder.partnerships if one.id == rule.partnership), None)
    named = isolated(rule.partnership) if owner is None else tongue.agreement(owner)
    return f"{named}: {isolated(short(rule.label))}"


def _first(counts: pl.DataFrame) -> tuple[str, int] | None:
    """The reason that most are without a place, or open, for."""
    rest = counts.filter(~pl.col("reason").is_in(_DONE))
    return None if rest.is_empty() else (str(rest["reason"][0]), int(rest["heads"][0]))
