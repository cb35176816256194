"""Wages of any unit as minor units an hour, and why a stated unit was not believed."""

import re
from functools import cache
from typing import NamedTuple

import polars as pl
from babel.numbers import get_currency_precision

from skillbridge.intake.values import blank, fold, number
from skillbridge.rates import plausible_hourly
from skillbridge.resources import folder

DAYS = 5.0
"""Working days a week where a file pays by the day and says nothing else."""
LIVE_IN = 0.5
"""Paid by the month, hours of readiness count too (herders), so an hour may come to this share of the least."""


class Wage(NamedTuple):
    """Minor units an hour (None if it cannot be told), and what to report (empty: nothing)."""

    minor: int | None
    note: str = ""


_SIGNS_OF_UNITS = {
    "時給|时薪|時薪|時間|小时|小時|시급|시간당|시간|毎時|घंट|ชั่วโมง|ชม.": "hour",
    "日給|日薪|日当|每天|每日|天|일급|일당|दिन|วัน": "day",
    "週給|周薪|每周|毎週|주급|주당|สัปดาห์": "week",
    "月給|月薪|月収|每月|월급|월|महीन|माह|เดือน": "month",
    "年収|年薪|年俸|每年|연봉|년|वर्ष|ต่อปี": "year",
    "時|时": "hour",
    "日|일": "day",
    "週|周|주": "week",
    "月": "month",
    "年": "year",
}
"""Words within texts that set no blanks, the more special first."""
_STEM = 4
"""The fewest letters of a unit's word that are looked for inside a longer one (`Stundenlohn`)."""


@cache
def _words() -> dict[str, str]:
    table = pl.read_csv(folder("datasets") / "intake" / "units.csv", infer_schema_length=0)
    return {fold(word): unit for unit, spelled in table.iter_rows() for word in spelled.split(";")}


@cache
def unit_of(text: str | None) -> str | None:
    """hour, day, week, biweek, halfmonth, month, year or piece; None if the text names no unit.

    The text may be the unit alone (`Hourly`, `pro Stunde`, `€/h`), a header, or a cell with an amount (`30 zł/godz.`).
    """
    if text is None or blank(text):
        return None
    known, lower = _words(), text.casefold()
    if (key := fold(lower)) in known:
        return known[key]
    if re.search(r"(?:/|\bper|\bpr\.?)\s*time\b", lower):
        return "hour"
    sides = [side for side in re.split(r"[/÷]", lower)[1:] if side.strip()]
    for side in [*sides, lower]:
        tokens = [key for token in re.split(r"[\s\d.,;:()\[\]€$£|'’-]+", side) if (key := fold(token))]
        for size in (3, 2, 1):
            joined = ["".join(tokens[k : k + size]) for k in range(len(tokens) - size + 1)]
            if found := next((known[token] for token in joined if token in known), None):
                return found
    stems = sorted((word for word in known if len(word) >= _STEM), key=len, reverse=True)
    if found := next((known[stem] for stem in stems if stem in key), None):
        return found
    return next(
        (unit for signs, unit in _SIGNS_OF_UNITS.items() if any(sign in lower for sign in signs.split("|"))), None
    )


def hours_in(unit: str, hours_week: float | None) -> float:
    """Paid hours in one `unit` at `hours_week` (40 if unknown)."""
    week = hours_week or 40.0
    return {
        "hour": 1.0,
        "day": week / DAYS,
        "week": week,
        "biweek": week * 2,
        "halfmonth": week * 52 / 24,
        "month": week * 52 / 12,
        "year": week * 52,
    }[unit]


def minor(amount: float, currency: str) -> int:
    """`amount` in the currency's minor units (cents; whole won), rounded half up."""
    return int(amount * 10 ** get_currency_precision(currency) + 0.5)


def hourly(
    text: str | None, unit_text: str | None, hours_week: float | None, currency: str, *, decimal: str = "."
) -> Wage:
    """The wage an hour.

    A stated unit is believed if the result can be true (`rates.plausible_hourly`); else the amount is taken for the
    unit that makes it so, and the note says it. A piece rate, an unreadable or an impossible amount gives None with a
    note.
    """
    if text is None or blank(text):
        return Wage(None)
    amount, least = amount_in(text, decimal)
    if amount is None or amount < 0:
        return Wage(None, "an amount of money of zero or more")
    wage = _hourly(amount, unit_of(unit_text), unit_text, hours_week, currency)
    return Wage(wage.minor, f"one amount; read as the least of them, {amount:g}") if least and wage.minor else wage


_AMOUNT = re.compile(r"[-−]?\d(?:[\d.,'’\u00a0\u202f]|\s(?=\d{3}(?!\d)))*")
_HOURS = re.compile(r"\(\s*\d+[.,]?\d*\s*[^\W\d]+[^)]*\)")


def amount_in(text: str, decimal: str) -> tuple[float | None, bool]:
    """(the amount in a text, whether it is the least of a range); None if it holds none, or several that are no range.

    Words, signs and a bracketed remark around the amount are left out: `ab 12,50 € brutto`, `£11.44 - £12.00`.
    """
    whole = number(re.sub(r"/.*$", "", text), decimal=decimal)
    if whole is not None:
        return whole, False
    found = _AMOUNT.findall(_HOURS.sub(" ", text))
    amounts = [number(part.rstrip(".,'’ "), decimal=decimal) for part in found]
    if len(amounts) == 1:
        return amounts[0], False
    if len(amounts) == 2 and all(amounts) and abs(amounts[1] or 0) > abs(amounts[0] or 0) > 0:
        return amounts[0], True
    return None, False


def _hourly(amount: float, unit: str | None, unit_text: str | None, hours_week: float | None, currency: str) -> Wage:
    if amount == 0:
        return Wage(None, "an amount above 0; taken as not stated")
    low, high = plausible_hourly(currency)
    if unit == "piece":
        return Wage(None, "a wage by time; a piece rate cannot be turned into an hourly wage")
    if unit is not None:
        rate = amount / hours_in(unit, hours_week)
        if low * (1.0 if unit == "hour" else LIVE_IN) <= rate <= high:
            how = "" if unit == "hour" else f"a wage an hour; read as {rate:.2f} {currency}"
            return Wage(minor(rate, currency), how + _assumed(unit, hours_week))
        if high == float("inf"):
            return Wage(minor(rate, currency))
    for other in ("hour", "month", "week", "biweek", "year"):
        rate = amount / hours_in(other, hours_week)
        if low <= rate <= high if other == "hour" else 2 * low <= rate <= 0.6 * high:
            said = f"{unit!r} makes it impossible" if unit else "no unit stated"
            plain = (
                ""
                if unit is None and other == "hour" and not unit_text
                else f"a unit that fits; {said}, read as a wage per {other}"
            )
            return Wage(minor(rate, currency), plain)
    return Wage(None, f"a wage from {low:g} to {high:g} {currency} an hour; perhaps a piece rate")


def _assumed(unit: str, hours_week: float | None) -> str:
    if unit == "hour" or hours_week:
        return ""
    return ", at 40 hours a week as none are stated"
