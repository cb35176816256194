"""Wages of any unit as minor units an hour, and why a stated unit was not believed."""

from typing import NamedTuple

from babel.numbers import get_currency_precision

from skillbridge.intake.values import blank, fold, number
from skillbridge.rates import plausible_hourly

UNITS = {
    "hour": "hour hr h hourly perhour heure heures horaire hora horas porhora ساعة ساعات час часов godz jam saat",
    "day": "day daily perday d jour journée journalier dia día diario jornada يوم يومي день дней gün hari",
    "week": "week weekly perweek wk w semaine hebdomadaire semana semanal أسبوع أسبوعي неделя неделю minggu hafta",
    "biweek": "biweekly biweek fortnight fortnightly everytwoweeks quinzaine quincena quincenal",
    "halfmonth": "semimonthly semimonth bimensuel",
    "month": "month monthly permonth mo mois mensuel mes mensual mês شهر شهري месяц мес bulan ay",
    "year": "year yearly annual annually peryear annum pa an année annuel año anual ano سنة سنوي год yıl tahun",
    "piece": "piece piecerate perpiece unit box bin pièce tâche pieza destajo caja قطعة сдельно сдельная",
}
"""Words for the units, as they are written in files."""
_WORDS = {fold(word): unit for unit, spelled in UNITS.items() for word in spelled.split()}
DAYS = 5.0
"""Working days a week where a file pays by the day and says nothing else."""
LIVE_IN = 0.5
"""Paid by the month, hours of readiness count too (herders), so an hour may come to this share of the least."""


class Wage(NamedTuple):
    """Minor units an hour (None if it cannot be told), and what to report (empty: nothing)."""

    minor: int | None
    note: str = ""


def unit_of(text: str | None) -> str | None:
    """hour, day, week, biweek, halfmonth, month, year or piece; None if the text names no unit."""
    if text is None or blank(text):
        return None
    key = fold(text)
    return _WORDS.get(key) or _WORDS.get(key.removeprefix("per").removeprefix("par").removeprefix("por"))


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
    amount = number(text, decimal=decimal)
    if amount is None or amount < 0:
        return Wage(None, "an amount of money of zero or more")
    if amount == 0:
        return Wage(None, "an amount above 0; taken as not stated")
    low, high = plausible_hourly(currency)
    unit = unit_of(unit_text)
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
