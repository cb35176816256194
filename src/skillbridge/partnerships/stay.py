"""How long and how often: stay rules read off a person's history, exact to the day.

A stay is a pair of days, both included. A window of `window` is counted from every arrival: among all windows of the
same length, one that begins on an arrival holds the most days present, so nothing is missed. `max` P7M of a stay or
window that begins on day `a` is the number of days from `a` to the day before `a` + 7 months.

A past season known by year only is taken to be the same days of the year as the stay being asked about, moved to that
year; in the year of the stay itself, or later, it says nothing. Two entries of one year are one season, and an entry of
a year in which exact stays are known adds nothing to them.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from skillbridge.model import PastSeason
from skillbridge.partnerships.dates import Days, day_of_year, in_window, in_window_days, plus, plus_days

Span = tuple[date, date]
_DAY = timedelta(days=1)
_ONE = np.timedelta64(1, "D")
TERMS = (
    "", "stay.max", "stay.min", "stay.season", "stay.overlap", "stay.return", "stay.cooling_off", "stay.absence",
    "stay.window", "stay.career",
)  # fmt: skip
"""The terms of a stay rule in the order they are tested; position 0: all kept."""


class Terms(Protocol):
    """The fields of a stay rule (see rules/length.py)."""

    @property
    def max(self) -> str | None: ...
    @property
    def min(self) -> str | None: ...
    @property
    def window(self) -> str | None: ...
    @property
    def fixed_season(self) -> tuple[str, str] | None: ...
    @property
    def cooling_off(self) -> str | None: ...
    @property
    def absence_before(self) -> str | None: ...
    @property
    def career_max(self) -> str | None: ...
    @property
    def reset_after_absence(self) -> str | None: ...
    @property
    def return_before_next(self) -> bool: ...


def assumed_years(seasons: Iterable[PastSeason], start: date) -> list[int]:
    """Years before that of `start` in which a season is known by year only."""
    seasons = list(seasons)
    exact = {season.start.year for season in seasons if season.start} | {
        season.end.year for season in seasons if season.end
    }
    return sorted({season.year for season in seasons if season.start is None and season.year < start.year} - exact)


def history(seasons: Iterable[PastSeason], start: date, end: date) -> list[Span]:
    """A person's past stays, exact and assumed, for the question whether [start, end] is allowed; disjoint, sorted."""
    seasons = list(seasons)
    spans = [(season.start, season.end) for season in seasons if season.start and season.end]
    length = end - start
    for year in assumed_years(seasons, start):
        moved = plus(start, f"P{start.year - year}Y", -1)
        spans.append((moved, moved + length))
    return merged(spans)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same days as disjoint spans in order; spans that only touch stay apart (each has its arrival)."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result


def asks_history(rule: Terms) -> bool:
    """Whether past stays matter to a rule; if so, a stay over days of another is refused too."""
    return bool(
        (rule.max and rule.window)
        or rule.cooling_off
        or rule.absence_before
        or rule.career_max
        or rule.return_before_next
    )


def broken_term(rule: Terms, past: Sequence[Span], elsewhere: Sequence[Span], start: date, end: date) -> str:
    """The first term that a stay [start, end] breaks ("" if none), given the stays that the rule counts (`past`) and
    other stays in the same country (`elsewhere`, for `absence_before` only)."""
    if rule.max and not rule.window and end >= plus(start, rule.max):
        return "stay.max"
    if rule.min and end < plus(start, rule.min) - _DAY:
        return "stay.min"
    if rule.fixed_season and not _in_season(rule.fixed_season, start, end):
        return "stay.season"
    if asks_history(rule) and any(first <= end and last >= start for first, last in past):
        return "stay.overlap"
    before = [span for span in past if span[1] < start]
    if rule.return_before_next and before and before[-1][1] >= start - _DAY:
        return "stay.return"
    if rule.cooling_off and any(last >= plus(start, rule.cooling_off, -1) for _, last in before):
        return "stay.cooling_off"
    if rule.absence_before:
        since = plus(start, rule.absence_before, -1)
        if any(last >= since and first < start for first, last in (*past, *elsewhere)):
            return "stay.absence"
    stays = merged([*past, (start, end)])
    if rule.max and rule.window:
        for arrival, _ in [*past, (start, end)]:
            until = plus(arrival, rule.window) - _DAY
            if (
                arrival <= end
                and until >= start
                and _present(stays, arrival, until) > (plus(arrival, rule.max) - arrival).days
            ):
                return "stay.window"
    if rule.career_max:
        arrival, total = start, (end - start).days + 1
        for first, last in reversed(before):
            if rule.reset_after_absence and last < plus(arrival, rule.reset_after_absence, -1):
                break
            arrival, total = first, total + (last - first).days + 1
        if total > (plus(arrival, rule.career_max) - arrival).days:
            return "stay.career"
    return ""


def earliest_start(
    rule: Terms, past: Sequence[Span], elsewhere: Sequence[Span], not_before: date, days: int, horizon: int = 3660
) -> date | None:
    """The first day from `not_before` on which a stay of `days` days may begin, or None within `horizon` days."""
    starts = np.datetime64(not_before) + np.arange(horizon).astype("timedelta64[D]")
    ends = starts + np.timedelta64(days - 1, "D")
    n = len(starts)
    counted = [np.broadcast_to(np.array(side, dtype="datetime64[D]"), (n, len(past))) for side in _sides(past)]
    others = [np.broadcast_to(np.array(side, dtype="datetime64[D]"), (n, len(elsewhere))) for side in _sides(elsewhere)]
    allowed = np.flatnonzero(broken_terms(rule, counted[0], counted[1], others[0], others[1], starts, ends) == 0)
    return starts[allowed[0]].item() if len(allowed) else None


def broken_terms(
    rule: Terms, past_start: Days, past_end: Days, else_start: Days, else_end: Days, start: Days, end: Days
) -> npt.NDArray[np.uint8]:
    """:func:`broken_term` of n stays at once, as positions in TERMS.

    `past_*`, `else_*` are [n, k]: sorted, disjoint spans of each stay's person, padded in front with spans whose end is
    before their start; `start`, `end` are [n].
    """
    n, k = past_start.shape
    result = np.zeros(n, dtype=np.uint8)

    def fails(term: str, where: npt.ArrayLike) -> None:
        result[(result == 0) & np.asarray(where, dtype=np.bool_)] = TERMS.index(term)

    if rule.max and not rule.window:
        fails("stay.max", end >= plus_days(start, rule.max))
    if rule.min:
        fails("stay.min", end < plus_days(start, rule.min) - _ONE)
    if rule.fixed_season:
        fails("stay.season", ~_in_season_days(rule.fixed_season, start, end))
    if k or else_start.shape[1]:
        real = past_end >= past_start
        over = real & (past_start <= end[:, None]) & (past_end >= start[:, None])
        fails("stay.overlap", over.any(axis=1) & asks_history(rule))
        before = real & (past_end < start[:, None])
        if rule.return_before_next:
            fails("stay.return", (before & (past_end >= start[:, None] - _ONE)).any(axis=1))
        if rule.cooling_off:
            fails(
                "stay.cooling_off", (before & (past_end >= plus_days(start, rule.cooling_off, -1)[:, None])).any(axis=1)
            )
        if rule.absence_before:
            since = plus_days(start, rule.absence_before, -1)[:, None]
            there = (real & (past_end >= since) & (past_start < start[:, None])).any(axis=1)
            there |= ((else_end >= else_start) & (else_end >= since) & (else_start < start[:, None])).any(axis=1)
            fails("stay.absence", there)
    else:
        real = before = np.zeros((n, 0), dtype=np.bool_)
    if rule.max and rule.window:
        fails("stay.window", _window_over(rule.max, rule.window, past_start, past_end, real, start, end))
    if rule.career_max:
        fails(
            "stay.career",
            _career_over(rule.career_max, rule.reset_after_absence, past_start, past_end, before, start, end),
        )
    return result


def _window_over(
    most: str, window: str, past_start: Days, past_end: Days, real: npt.NDArray[np.bool_], start: Days, end: Days
) -> npt.NDArray[np.bool_]:
    arrivals = np.concatenate([past_start, start[:, None]], axis=1)
    leaves = np.concatenate([past_end, end[:, None]], axis=1)
    counted = np.concatenate([real, np.ones((len(start), 1), dtype=np.bool_)], axis=1)
    over = np.zeros(len(start), dtype=np.bool_)
    for i in range(arrivals.shape[1]):
        arrival = arrivals[:, i]
        until = plus_days(arrival, window) - _ONE
        first = np.maximum(arrivals, arrival[:, None])
        last = np.minimum(leaves, until[:, None])
        days = np.where(counted, np.maximum((last - first).astype(np.int64) + 1, 0), 0).sum(axis=1)
        relevant = counted[:, i] & (arrival <= end) & (until >= start)
        over |= relevant & (days > (plus_days(arrival, most) - arrival).astype(np.int64))
    return over


def _career_over(
    most: str,
    reset: str | None,
    past_start: Days,
    past_end: Days,
    before: npt.NDArray[np.bool_],
    start: Days,
    end: Days,
) -> npt.NDArray[np.bool_]:
    arrival = start.copy()
    total = (end - start).astype(np.int64) + 1
    going = np.ones(len(start), dtype=np.bool_)
    for i in range(past_start.shape[1] - 1, -1, -1):
        here = going & before[:, i]
        if reset:
            gone = here & (past_end[:, i] < plus_days(arrival, reset, -1))
            going &= ~gone
            here &= ~gone
        total += np.where(here, (past_end[:, i] - past_start[:, i]).astype(np.int64) + 1, 0)
        arrival = np.where(here, past_start[:, i], arrival)
    result: npt.NDArray[np.bool_] = total > (plus_days(arrival, most) - arrival).astype(np.int64)
    return result


def _sides(spans: Sequence[Span]) -> tuple[list[date], list[date]]:
    return [first for first, _ in spans], [last for _, last in spans]


def _present(stays: Sequence[Span], first: date, last: date) -> int:
    return sum(max(0, (min(last, end) - max(first, start)).days + 1) for start, end in stays)


def _in_season(season: tuple[str, str], start: date, end: date) -> bool:
    if not in_window(start, season):
        return False
    last = day_of_year(season[1], start.year)
    if last < start:
        last = day_of_year(season[1], start.year + 1)
    return end <= last


def _in_season_days(season: tuple[str, str], start: Days, end: Days) -> npt.NDArray[np.bool_]:
    unique, inverse = np.unique(start, return_inverse=True)
    lasts = [day_of_year(season[1], day.year) for day in unique.tolist()]
    lasts = [
        last if last >= day else day_of_year(season[1], day.year + 1)
        for day, last in zip(unique.tolist(), lasts, strict=True)
    ]
    result: npt.NDArray[np.bool_] = in_window_days(start, season) & (
        end <= np.array(lasts, dtype="datetime64[D]")[inverse]
    )
    return result
