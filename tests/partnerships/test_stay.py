"""Stays counted exact to the day: against people who walk every day."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.model import PastSeason
from skillbridge.partnerships.dates import Days, Period, in_window, in_window_days, parts, plus, plus_days
from skillbridge.partnerships.rules.length import StayRule
from skillbridge.partnerships.stay import TERMS, Span, broken_term, broken_terms, earliest_start, history, merged

DAY = timedelta(days=1)
DAYS = st.dates(date(2023, 1, 1), date(2027, 12, 31))
SPANS = st.lists(st.tuples(DAYS, st.integers(0, 250)), max_size=4).map(
    lambda spans: merged((start, start + timedelta(days=length)) for start, length in spans)
)
DURATIONS = st.sampled_from(["P30D", "P90D", "P180D", "P2M", "P6M", "P7M", "P11M", "P12M", "P1Y", "P5W"])


def days_of(spans: list[Span]) -> set[date]:
    return {first + timedelta(days=n) for first, last in spans for n in range((last - first).days + 1)}


def array(days: list[date]) -> Days:
    return np.array([days], dtype="datetime64[D]").reshape(1, -1)


def sides(spans: list[Span]) -> tuple[Days, Days]:
    return array([first for first, _ in spans]), array([last for _, last in spans])


def walk(rule: StayRule, past: list[Span], start: date, end: date) -> bool:
    """Whether a stay is allowed, by walking the calendar day by day."""
    there = days_of(past)
    mine = days_of([(start, end)])
    if there & mine:
        return False
    if rule.return_before_next and start - DAY in there:
        return False
    if rule.cooling_off or rule.absence_before:
        for length in (rule.cooling_off, rule.absence_before):
            day = start - DAY
            while length and day >= plus(start, length, -1):
                if day in there:
                    return False
                day -= DAY
    everything = there | mine
    if rule.max and rule.window:
        for arrival in [first for first, _ in past] + [start]:
            limit = (plus(arrival, rule.max) - arrival).days
            inside, day = set(), arrival
            while day < plus(arrival, rule.window):
                if day in everything:
                    inside.add(day)
                day += DAY
            if inside & mine and len(inside) > limit:
                return False
    return True


@settings(max_examples=120, deadline=None)
@given(
    SPANS, DAYS, st.integers(0, 200), DURATIONS, st.one_of(st.none(), DURATIONS), st.one_of(st.none(), DURATIONS),
    st.booleans(),
)  # fmt: skip
def test_a_stay_is_allowed_exactly_when_walking_the_days_says_so(
    past: list[Span], start: date, length: int, most: str, away: str | None, out: str | None, home: bool
) -> None:
    rule = StayRule(id="r", max=most, window="P12M", cooling_off=away, absence_before=out, return_before_next=home)
    end = start + timedelta(days=length)
    if end >= plus(start, most):
        return
    assert (broken_term(rule, past, [], start, end) == "") == walk(rule, past, start, end)


@settings(max_examples=60, deadline=None)
@given(SPANS, DAYS, st.integers(0, 120), st.integers(20, 150), st.integers(150, 400))
def test_windows_from_every_arrival_are_as_strict_as_windows_from_every_day(
    past: list[Span], start: date, length: int, most: int, window: int
) -> None:
    end = start + timedelta(days=length)
    if any(first <= end and last >= start for first, last in past):
        return
    rule = StayRule(id="r", max=f"P{most}D", window=f"P{window}D")
    everything, mine = days_of([*past, (start, end)]), days_of([(start, end)])
    worst = 0
    day = start - timedelta(days=window)
    while day <= end:
        inside = {day + timedelta(days=n) for n in range(window)} & everything
        if len(inside - mine) > most:
            return  # the past alone breaks the rule: nothing is promised of what follows
        if inside & mine:
            worst = max(worst, len(inside))
        day += DAY
    broken = broken_term(rule, past, [], start, end)
    assert (broken == "stay.window") == (worst > most), (worst, most, past, start, end)


@settings(max_examples=150, deadline=None)
@given(SPANS, SPANS, DAYS, st.integers(0, 300), DURATIONS, DURATIONS, st.booleans())
def test_many_stays_at_once_are_judged_as_one_by_one(
    past: list[Span], elsewhere: list[Span], start: date, length: int, most: str, away: str, home: bool
) -> None:
    end = start + timedelta(days=length)
    for rule in (
        StayRule(id="r", max=most, window="P11M", return_before_next=home, cooling_off=away),
        StayRule(id="r", career_max=most, reset_after_absence=away, min="P10D"),
        StayRule(id="r", max=most, absence_before=away, fixed_season=("11-15", "08-31")),
    ):
        first, last = sides(past)
        found = broken_terms(rule, first, last, *sides(elsewhere), array([start])[0], array([end])[0])
        assert TERMS[found[0]] == broken_term(rule, past, elsewhere, start, end)


@settings(max_examples=60, deadline=None)
@given(SPANS, DAYS, st.integers(1, 90))
def test_the_earliest_start_is_the_first_day_allowed(past: list[Span], day: date, days: int) -> None:
    rule = StayRule(id="r", max="P90D", window="P180D", absence_before="P60D")
    first = earliest_start(rule, past, [], day, days, horizon=1000)
    assert first is not None
    assert broken_term(rule, past, [], first, first + timedelta(days=days - 1)) == ""
    for earlier in range((first - day).days):
        start = day + timedelta(days=earlier)
        assert broken_term(rule, past, [], start, start + timedelta(days=days - 1)) != ""


def test_a_year_alone_means_the_same_days_of_that_year() -> None:
    start, end = date(2026, 3, 1), date(2026, 8, 31)
    seasons = [PastSeason("a", 2024), PastSeason("b", 2024), PastSeason("c", 2026), PastSeason("d", 2027)]
    assert history(seasons, start, end) == [(date(2024, 3, 1), date(2024, 8, 31))]
    exact = PastSeason("e", 2024, date(2024, 5, 1), date(2024, 6, 1))
    assert history([*seasons, exact], start, end) == [(date(2024, 5, 1), date(2024, 6, 1))]


@pytest.mark.parametrize(
    ("start", "duration", "last"),
    [
        (date(2026, 1, 31), "P1M", date(2026, 2, 27)),
        (date(2024, 8, 31), "P6M", date(2025, 2, 27)),
        (date(2026, 3, 1), "P7M", date(2026, 9, 30)),
        (date(2024, 2, 29), "P1Y", date(2025, 2, 27)),
    ],
)
def test_the_last_day_of_a_stay_is_the_day_before_it_is_over(start: date, duration: str, last: date) -> None:
    rule = StayRule(id="r", max=duration)
    assert broken_term(rule, [], [], start, last) == ""
    assert broken_term(rule, [], [], start, last + DAY) == "stay.max"


@given(st.lists(DAYS, min_size=1, max_size=5), DURATIONS, st.sampled_from([1, -1]))
def test_durations_over_arrays_are_those_of_days(days: list[date], duration: str, sign: int) -> None:
    moved = plus_days(np.array(days, dtype="datetime64[D]"), duration, sign)
    assert moved.tolist() == [plus(day, duration, sign) for day in days]
    assert parts("P1Y10M2W3D") == (22, 17)


@given(
    DAYS, st.sampled_from([("11-15", "02-28"), ("03-01", "03-01"), ("2025-02-01", "2026-01-31"), ("01-01", "12-31")])
)
def test_windows_over_arrays_are_those_of_days(day: date, window: tuple[str, str]) -> None:
    assert in_window_days(np.array([day], dtype="datetime64[D]"), window)[0] == in_window(day, window)


@given(
    DAYS,
    st.sampled_from(
        [
            Period("year"),
            Period("year", start="07-01"),
            Period("fiscal_year", start="10-01"),
            Period("half", start="10-01"),
            Period("month"),
            Period("multi_year", start="2024-04-01", years=5),
            Period("multi_year", start="2026-04-01", years=2),
            Period("round", rounds=(date(2024, 1, 1), date(2025, 6, 1))),
        ]
    ),
)
def test_every_day_lies_in_one_instance_of_a_period(day: date, period: Period) -> None:
    first, last = period.bounds(day)
    assert first <= day <= last
    assert period.bounds(max(first, date(2023, 1, 1))) == (first, last)
    if last < date.max:
        assert period.bounds(last + DAY)[0] == last + DAY
