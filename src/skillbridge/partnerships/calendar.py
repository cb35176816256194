"""When places open and run out, and which days of the year an agreement speaks of: the quota calendar."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from skillbridge.partnerships.dates import day_of_year, plus
from skillbridge.partnerships.partnership import Partnership
from skillbridge.partnerships.rules.base import Rule
from skillbridge.partnerships.rules.employers import TimingRule
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.rules.origins import BrainDrainRule, TrainingRule
from skillbridge.partnerships.rules.quota import QuotaRule, release_day
from skillbridge.partnerships.wording import written

_ONE = timedelta(days=1)


class Window(msgspec.Struct, frozen=True):
    """The places of one rule for starts from `first` to `last` (None: open), for the values `key` of its dimensions.

    A dimension for whose values the rule has one number each is `*` in `key`. `places` are what is left after those
    used, in `count`; `adds_to` names the quota they widen; `kept` are those kept for some, as (whom, places).
    """

    rule: str
    first: date | None
    last: date | None
    key: tuple[str, ...]
    places: int
    count: str
    adds_to: str | None = None
    kept: tuple[tuple[str, int], ...] = ()


class Event(msgspec.Struct, frozen=True):
    """A day that matters: opens, closes, release, apply_by, season_opens, season_closes, takes_effect, lapses, or
    last_application (for a start on the first or last day asked about, by the lead time)."""

    day: date
    what: str
    rule: str
    detail: str = ""


def quota_calendar(partnership: Partnership, first: date, last: date, language: str = "en") -> list[Window]:
    """The places of every rule that limits how many, for starts within `first`..`last`: by rule as written, then period
    and key. Beside quotas these are monthly capacities, seats of training and caps on brain drain."""
    windows = []
    for rule in filter(None, map(_quota, partnership.rules)):
        keys = [cell.key(rule.per) for cell in rule.table] or [("*",) * len(rule.per)]
        for begin, end in _instances(rule, first, last):
            span = None if begin is None or end is None else (begin, end)
            opens, closes = _start_window(rule, begin or first, end or last)
            if opens is not None and closes is not None and (closes < first or opens > last):
                continue
            for key in keys:
                places = rule.places(span, key)
                if places is None:
                    continue
                low = max((day for day in (begin, opens, rule.valid_from, partnership.valid_from) if day), default=None)
                high = min((day for day in (end, closes, rule.valid_to, partnership.valid_to) if day), default=None)
                if low is None or high is None or low <= high:
                    kept = tuple((written(reserve.where, language), reserve.kept(places)) for reserve in rule.reserved)
                    windows.append(Window(rule.id, low, high, key, places, rule.count, rule.adds_to, kept))
    return windows


def _quota(rule: Rule) -> QuotaRule | None:
    """The rule as a quota, if it is one or works as one."""
    if isinstance(rule, QuotaRule):
        return rule
    if isinstance(rule, TimingRule) and rule.monthly_capacity is not None:
        return rule.as_quota()
    if isinstance(rule, TrainingRule) and rule.seats is not None:
        return rule.as_quota()
    if isinstance(rule, BrainDrainRule) and rule.mode == "cap":
        return rule.as_quota()
    return None


def events(partnership: Partnership, first: date, last: date) -> list[Event]:
    """The days within `first`..`last` that the agreement names, in order."""
    found: list[Event] = []
    for rule in partnership.rules:
        for day, what in ((rule.valid_from, "takes_effect"), (rule.valid_to, "lapses")):
            if day is not None:
                found.append(Event(day, what, rule.id))
        for year in range(first.year, last.year + 1):
            if isinstance(rule, StayRule) and rule.fixed_season:
                found.append(Event(day_of_year(rule.fixed_season[0], year), "season_opens", rule.id))
                found.append(Event(day_of_year(rule.fixed_season[1], year), "season_closes", rule.id))
            if isinstance(rule, TimingRule) and rule.apply_by:
                found.append(Event(day_of_year(rule.apply_by, year), "apply_by", rule.id))
            if isinstance(rule, TimingRule) and rule.filing_window:
                found.append(Event(day_of_year(rule.filing_window[0], year), "opens", rule.id))
                found.append(Event(day_of_year(rule.filing_window[1], year), "closes", rule.id))
        if isinstance(rule, TimingRule) and rule.lead_time:
            found += [
                Event(plus(day, rule.lead_time, -1), "last_application", rule.id, f"for a start on {day}")
                for day in (first, last)
            ]
        if isinstance(rule, QuotaRule):
            for begin, end in _instances(rule, first, last):
                span = None if begin is None or end is None else (begin, end)
                found += [
                    Event(release_day(step.date, span), "release", rule.id, f"{step.share:.0%}")
                    for step in rule.release
                ]
    return sorted(
        (one for one in set(found) if first <= one.day <= last or one.what == "last_application"),
        key=lambda one: (one.day, one.rule, one.what),
    )


def _start_window(rule: QuotaRule, first: date, last: date) -> tuple[date | None, date | None]:
    """The days of `where.start` within a period instance: the first window of days of the year that begins in it."""
    window = rule.where.start if rule.where else None
    if window is None:
        return None, None
    if len(window[0]) == 10:
        return date.fromisoformat(window[0]), date.fromisoformat(window[1])
    for year in range(first.year, min(last.year, first.year + 1) + 1):
        opens = day_of_year(window[0], year)
        if first <= opens <= last:
            closes = day_of_year(window[1], year)
            return opens, closes if closes >= opens else day_of_year(window[1], year + 1)
    return None, None


def _instances(rule: QuotaRule, first: date, last: date) -> Iterator[tuple[date | None, date | None]]:
    """The period instances that meet the days asked about and the rule's own."""
    low, high = max(first, rule.valid_from or first), min(last, rule.valid_to or last)
    if low > high:
        return
    if rule.span_of(low) is None:
        yield None, None
        return
    day = low
    while day <= high:
        begin, end = rule.span_of(day) or (day, day)
        yield begin, end
        if end == date.max:
            return
        day = end + _ONE
