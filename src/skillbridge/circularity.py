"""Who went, worked, came back and went again: journeys told from their events, by pseudonym.

Events are replayed by the state machine of :mod:`skillbridge.journey`. What does not fit (an event told twice, from the
future, of an unknown placement, or a step that does not exist) is left out and listed, never guessed at; events told
late are put in the order of their days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from skillbridge.journey import TRANSITIONS
from skillbridge.partnerships.dates import plus
from skillbridge.tables import conform

PLACEMENTS: dict[str, pl.DataType] = {
    "placement_id": pl.String(),
    "worker_id": pl.String(),
    "vacancy_id": pl.String(),
    "origin": pl.String(),
    "destination": pl.String(),
    "partnership": pl.String(),
    "employer_id": pl.String(),
    "start": pl.Date(),
    "end": pl.Date(),
    "insured": pl.Boolean(),
}
"""One row a placement; `insured`: whether its work counts for social security, null where nobody said."""

EVENTS: dict[str, pl.DataType] = {
    "placement_id": pl.String(),
    "to": pl.String(),
    "on": pl.Date(),
    "role": pl.String(),
}
"""One row a step, in the order in which they were told; `on` is the day it happened."""

VISITS: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "placement_id": pl.String(),
    "origin": pl.String(),
    "destination": pl.String(),
    "partnership": pl.String(),
    "employer_id": pl.String(),
    "state": pl.String(),
    "arrived": pl.Date(),
    "left": pl.Date(),
    "days_away": pl.Int64(),
    "worked_from": pl.Date(),
    "worked_to": pl.Date(),
    "days_worked": pl.Int64(),
    "open": pl.Boolean(),
    "insured": pl.Boolean(),
}
"""One row a placement whose worker arrived. `left` is null while the person is there, `open` then true and days are
those up to the day asked about. Days are counted from the first to the last, both included."""

LEDGER: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "origin": pl.String(),
    "visits": pl.UInt32(),
    "seasons": pl.UInt32(),
    "returns": pl.UInt32(),
    "abroad": pl.Boolean(),
    "ended_early": pl.UInt32(),
    "to_employer_again": pl.UInt32(),
    "destinations": pl.String(),
    "first_arrival": pl.Date(),
    "last_return": pl.Date(),
    "days_away": pl.Int64(),
    "days_home_between": pl.Int64(),
    "days_worked": pl.Int64(),
}
"""One row a person who ever arrived: `seasons` worked to their end, `to_employer_again` visits to one visited before;
days away count once where visits meet, `days_home_between` from the first arrival on."""

INSURED: dict[str, pl.DataType] = {
    "worker_id": pl.String(),
    "country": pl.String(),
    "year": pl.Int32(),
    "days_worked": pl.Int64(),
    "months_worked": pl.UInt32(),
    "months_insured": pl.UInt32(),
    "months_unknown": pl.UInt32(),
}
"""One row a person, country and calendar year: calendar months with a day of work in them, those of insured work, and
those of which nobody said whether it was: what agreements on social security add up (totalisation)."""

FAULTS: dict[str, pl.DataType] = {
    "placement_id": pl.String(),
    "to": pl.String(),
    "on": pl.Date(),
    "fault": pl.String(),
}
"""Events that were left out of the account (or put in order), and why."""

_KNOWN = {(step.source, step.target) for step in TRANSITIONS}
_WORK_ENDS = frozenset({"season_ended", "ended_early", "changed_employer", "deceased"})
_LEFT = frozenset({"returned", "deceased"})
_OVER = _LEFT | {"reintegrated", "stayed_lawfully"}


@dataclass(frozen=True)
class Journeys:
    """What happened up to `as_of`: `steps` (placement_id, source, to, on: each allowed, in order) and FAULTS."""

    placements: pl.DataFrame
    steps: pl.DataFrame
    faults: pl.DataFrame
    as_of: date


def replay(placements: pl.DataFrame, events: pl.DataFrame, as_of: date) -> Journeys:
    """The journeys that EVENTS tell of PLACEMENTS up to the day `as_of`."""
    told: dict[str, list[tuple[date, str]]] = {name: [] for name in placements["placement_id"].to_list()}
    faults: list[tuple[str, str, date, str]] = []
    for name, to, on in conform(events, EVENTS).select("placement_id", "to", "on").iter_rows():
        if name not in told:
            faults.append((name, to, on, "of a placement that is not known"))
        elif on > as_of:
            faults.append((name, to, on, f"after {as_of}, the day of this account: not yet counted"))
        elif (on, to) in told[name]:
            faults.append((name, to, on, "told twice: counted once"))
        else:
            if told[name] and on < told[name][-1][0]:
                faults.append((name, to, on, "told after a later step: put in the order of their days"))
            told[name].append((on, to))
    steps: list[tuple[str, str, str, date]] = []
    for name, mine in told.items():
        state, waiting = "proposed", sorted(mine, key=lambda step: step[0])
        while waiting:
            day = [step for step in waiting if step[0] == waiting[0][0]]
            on, to = next((step for step in day if (state, step[1]) in _KNOWN), day[0])
            waiting.remove((on, to))
            if (state, to) in _KNOWN:
                steps.append((name, state, to, on))
                state = to
            else:
                faults.append((name, to, on, f"no step leads from {state} to {to}: left out"))
    schema = {"placement_id": pl.String(), "source": pl.String(), "to": pl.String(), "on": pl.Date()}
    return Journeys(
        conform(placements, PLACEMENTS),
        pl.DataFrame(steps, schema=schema, orient="row"),
        pl.DataFrame(faults, schema=FAULTS, orient="row"),
        as_of,
    )


def visits(journeys: Journeys) -> pl.DataFrame:
    """VISITS up to the day of the account, sorted by worker and arrival."""
    of: dict[str, list[tuple[str, date]]] = {}
    for name, to, on in journeys.steps.select("placement_id", "to", "on").iter_rows():
        of.setdefault(name, []).append((to, on))
    rows = []
    for one in journeys.placements.iter_rows(named=True):
        steps = of.get(one["placement_id"], [])
        arrived = _first(steps, {"arrived"})
        if arrived is None:
            continue
        left, state = _first(steps, _LEFT), steps[-1][0]
        open_ = left is None and state not in _OVER
        worked_from = _first(steps, {"working"})
        worked_to = _first(steps, _WORK_ENDS) if worked_from else None
        until = left or (journeys.as_of if open_ else steps[-1][1])
        last_work = worked_to or (journeys.as_of if worked_from else None)
        rows.append(
            one
            | {
                "state": state,
                "arrived": arrived,
                "left": left,
                "days_away": _days(arrived, until),
                "worked_from": worked_from,
                "worked_to": worked_to,
                "days_worked": _days(worked_from, last_work) if worked_from and last_work else 0,
                "open": open_,
            }
        )
    frame = pl.DataFrame(rows, schema=VISITS) if rows else pl.DataFrame(schema=VISITS)
    return frame.select(VISITS.keys()).sort("worker_id", "arrived", "placement_id")


def ledger(journeys: Journeys) -> pl.DataFrame:
    """LEDGER up to the day of the account, sorted by worker."""
    early = {name for name, to in journeys.steps.select("placement_id", "to").iter_rows() if to == "ended_early"}
    whole = {name for name, to in journeys.steps.select("placement_id", "to").iter_rows() if to == "season_ended"}
    rows = []
    for (worker_id,), mine in visits(journeys).group_by("worker_id", maintain_order=True):
        away = _union(
            (arrived, arrived + timedelta(days=days - 1))
            for arrived, days in mine.select("arrived", "days_away").iter_rows()
        )
        employers = mine["employer_id"].to_list()
        rows.append(
            {
                "worker_id": worker_id,
                "origin": mine["origin"][0],
                "visits": mine.height,
                "seasons": sum(name in whole for name in mine["placement_id"]),
                "returns": mine["left"].count() - mine.filter(state="deceased").height,
                "abroad": mine["open"].any(),
                "ended_early": sum(name in early for name in mine["placement_id"]),
                "to_employer_again": len(employers) - len(set(employers)),
                "destinations": ";".join(sorted(set(mine["destination"].drop_nulls()))),
                "first_arrival": mine["arrived"].min(),
                "last_return": mine["left"].max(),
                "days_away": sum(_days(*stay) for stay in away),
                "days_home_between": sum((after[0] - before[1]).days - 1 for before, after in pairwise(away)),
                "days_worked": mine["days_worked"].sum(),
            }
        )
    return pl.DataFrame(rows, schema=LEDGER) if rows else pl.DataFrame(schema=LEDGER)


def insured(journeys: Journeys) -> pl.DataFrame:
    """INSURED up to the day of the account, sorted by worker, country and year."""
    stays: dict[tuple[str, str, int], list[tuple[date, date]]] = {}
    said: dict[tuple[str, str, int], dict[int, set[bool | None]]] = {}
    for row in visits(journeys).iter_rows(named=True):
        if row["worked_from"] is None:
            continue
        for first, last in _months(row["worked_from"], row["worked_to"] or journeys.as_of):
            key = (row["worker_id"], row["destination"] or "", first.year)
            stays.setdefault(key, []).append((first, last))
            said.setdefault(key, {}).setdefault(first.month, set()).add(row["insured"])
    rows = [
        (
            *key,
            sum(_days(*stay) for stay in _union(mine)),
            len(said[key]),
            sum(True in words for words in said[key].values()),
            sum(True not in words and None in words for words in said[key].values()),
        )
        for key, mine in sorted(stays.items())
    ]
    return pl.DataFrame(rows, schema=INSURED, orient="row")


def _first(steps: Sequence[tuple[str, date]], targets: Iterable[str]) -> date | None:
    wanted = set(targets)
    return next((on for to, on in steps if to in wanted), None)


def _days(first: date, last: date) -> int:
    return max(0, (last - first).days + 1)


def _months(first: date, last: date) -> Iterable[tuple[date, date]]:
    """The days from `first` to `last`, cut at the ends of months."""
    while first <= last:
        end = plus(first.replace(day=1), "P1M") - timedelta(days=1)
        yield first, min(end, last)
        first = end + timedelta(days=1)


def _union(stays: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Stays in order, those that meet or overlap made one."""
    found: list[tuple[date, date]] = []
    for first, last in sorted(stays):
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
