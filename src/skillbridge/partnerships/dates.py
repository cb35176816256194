"""Durations, days of the year and counting periods: exact, in whole days, scalar and as arrays.

A stay of P7M that begins on day `s` may last until the day before `s` + 7 months; a month is added by the calendar and
clipped to the last day (31 January + P1M = 28 or 29 February).
"""

import calendar
import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.datetime64]
"""datetime64[D]."""

Duration = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$",
        description="a duration such as P6W (six weeks), P7M (seven months) or P90D (ninety days)",
    ),
]
MonthDay = Annotated[str, msgspec.Meta(pattern=r"^\d\d-\d\d$", description="a day of the year, MM-DD")]


@lru_cache(maxsize=1024)
def parts(duration: str) -> tuple[int, int]:
    """(months, days) of an ISO 8601 duration."""
    found = dict.fromkeys("YMWD", 0) | {unit: int(n) for n, unit in re.findall(r"(\d+)([YMWD])", duration)}
    return found["Y"] * 12 + found["M"], found["W"] * 7 + found["D"]


def rough_days(duration: str) -> int:
    """Its length in days with months of 30.4375: for comparing durations, never for counting a stay."""
    months, days = parts(duration)
    return round(months * 30.4375) + days


def plus(day: date, duration: str, sign: int = 1) -> date:
    """`day` moved by the duration: months by the calendar first, then days."""
    months, days = parts(duration)
    year, month = divmod(day.year * 12 + day.month - 1 + sign * months, 12)
    moved = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    return moved + timedelta(days=sign * days)


def plus_days(days: Days, duration: str, sign: int = 1) -> Days:
    """:func:`plus` of every day of an array."""
    months, more = parts(duration)
    month = days.astype("datetime64[M]")
    offset = days - month.astype("datetime64[D]")
    target = month + np.timedelta64(sign * months, "M")
    last = (target + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    moved: Days = np.minimum(target.astype("datetime64[D]") + offset, last) + np.timedelta64(sign * more, "D")
    return moved


def day_of_year(text: str, year: int) -> date:
    """MM-DD in `year`; 02-29 is 28 February in other years. Raises `ValueError` for an impossible day."""
    month, day = int(text[:2]), int(text[3:])
    if (month, day) == (2, 29) and not calendar.isleap(year):
        day = 28
    return date(year, month, day)


def is_month_day(text: str) -> bool:
    """Whether MM-DD names a day that some year has."""
    try:
        day_of_year(text, 2024)
    except ValueError:
        return False
    return True


def in_window(day: date, window: tuple[str, str]) -> bool:
    """Whether a day lies in a window of MM-DD (which may pass new year) or of ISO dates, both ends included."""
    first, last = window
    if len(first) == 5:
        text = f"{day:%m-%d}"
        return first <= text <= last if first <= last else text >= first or text <= last
    return first <= day.isoformat() <= last


def in_window_days(days: Days, window: tuple[str, str]) -> npt.NDArray[np.bool_]:
    """:func:`in_window` of every day of an array."""
    first, last = window
    if len(first) == 10:
        result: npt.NDArray[np.bool_] = (days >= np.datetime64(first)) & (days <= np.datetime64(last))
        return result
    month = days.astype("datetime64[M]")
    number = (month.astype(np.int64) % 12 + 1) * 100 + (days - month.astype("datetime64[D]")).astype(np.int64) + 1
    low, high = (int(text[:2]) * 100 + int(text[3:]) for text in window)
    after, before = number >= low, number <= high
    inside: npt.NDArray[np.bool_] = after & before if low <= high else after | before
    return inside


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Over which time a quota counts: each instance of the period has the whole maximum.

    year, fiscal_year: twelve months from `start` (MM-DD, default 01-01); half: six months, twice; month: calendar
    months; multi_year: `years` years from `start` (a full date); round: from each of `rounds` (full dates) to the
    day before the next; rolling: any window of `window`.
    """

    kind: Literal["year", "fiscal_year", "half", "month", "multi_year", "round", "rolling"]
    start: str = "01-01"
    years: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    rounds: tuple[date, ...] = ()
    window: Duration | None = None

    def bounds(self, day: date) -> tuple[date, date]:
        """The first and last day of the instance that holds `day` (of a rolling window: the one that begins then).

        Days before the first round lie in an instance of their own, which ends the day before it.
        """
        one = timedelta(days=1)
        match self.kind:
            case "month":
                first = day.replace(day=1)
                return first, plus(first, "P1M") - one
            case "rolling":
                return day, plus(day, self.window or "P1Y") - one
            case "round":
                later = [start for start in self.rounds if start > day]
                earlier = [start for start in self.rounds if start <= day]
                return (earlier[-1] if earlier else date.min), (later[0] - one if later else date.max)
            case "multi_year":
                first = date.fromisoformat(self.start)
                step = (day.year - first.year - ((day.month, day.day) < (first.month, first.day))) // self.years
                begin = plus(first, f"P{abs(step) * self.years}Y", 1 if step >= 0 else -1)
                return begin, plus(begin, f"P{self.years}Y") - one
            case _:
                months = 6 if self.kind == "half" else 12
                first = day_of_year(self.start, day.year - 1)
                while (nxt := plus(first, f"P{months}M")) <= day:
                    first = nxt
                return first, plus(first, f"P{months}M") - one

    def codes(self, days: Days) -> tuple[list[tuple[date, date]], npt.NDArray[np.int32]]:
        """(bounds of each instance met, the instance's number of every day), in order of time."""
        unique, inverse = np.unique(days, return_inverse=True)
        spans = [self.bounds(day) for day in unique.tolist()]
        order = sorted(set(spans))
        number = {span: n for n, span in enumerate(order)}
        table = np.array([number[span] for span in spans], dtype=np.int32)
        return order, table[inverse] if len(table) else np.zeros(0, dtype=np.int32)
