"""Seasons and lengths of stay in words: `1.4. - 31.10.2026`, `April to October`, `6 months`."""

import re
from datetime import date, timedelta
from typing import NamedTuple

from skillbridge.intake.money import unit_of
from skillbridge.intake.values import Parse, Reading, blank, day, fold, month_end, months, number, western

_TO = (
    r"\s*(?:–|—|~|〜|～|→|から|부터|至)\s*|\s+-\s+|(?<=[\w.])-(?=[^\W\d])|(?<=\d)-(?=\d{1,2}[./])|(?<=[^\W\d])-(?=\d)|(?<=\.)-(?=\d)"
    r"|(?<=\d)/(?=\d{4}-)|(?<=\d{8})-(?=\d{8})"
    r"|\s+(?:to|until|till|through|thru|bis|au|à|jusqu'au|hasta|al|a|até|ao|tot|t/m|t\.m\.|do|по|до|إلى|حتى|til|till"
    r"|asti|ως|έως|đến|ถึง|sampai|la|pana|până|e|i|–)\s+"
)
_LEAD = re.compile(
    r"^(?:(?:from|between|von|vom|ab|du|de|des|le|dal|dall'|del|da|desde|od|z|van|vanaf|с|со|від|от|من|fra|från|από|từ|dari"
    r"|el|il|den|the|l'|season|saison|temporada|stagione|sezon|сезон|période|periodo|período|period|zeitraum)\b[:\s]*)+",
)
_TAIL = re.compile(r"(?:まで|까지|止|\s+(?:г\.?|года|року|r\.?|roku))$")
_DAY_MONTH = re.compile(r"^(\d{1,2})\s*[./-]\s*(\d{1,2})\.?$")
_DAY_NAME = re.compile(r"^(\d{1,2})(?:er|st|nd|rd|th|º|°)?\.?\s*(?:de\s+|of\s+)?([^\d\s.,]{3,}?)\.?$")
_CJK_MONTH = re.compile(r"^(\d{1,2})\s*[月월](?:\s*(\d{1,2})\s*[日일])?$")
LONGEST = 60
"""Months of the longest stay that is read."""


class _Side(NamedTuple):
    """One end of a period: what it says of year, month and day (None: the end of the month)."""

    year: int | None
    month: int
    day: int | None

    def on(self, year: int) -> date | None:
        try:
            start = date(year, self.month, self.day or 1)
        except ValueError:
            return None
        return start if self.day else month_end(start)


def period(first: bool) -> Parse:
    """A parser of (text, year text) into [first day, last day]; `first` says whether 03/04 is the 3rd of April.

    A year that the text does not give comes from the second cell; without either the cell is refused. Months alone run
    from their first to their last day, and an end before its start is in the next year.
    """

    def parse(text: str | None, year_text: str | None = None) -> Reading:
        if text is None or blank(text):
            return Reading()
        plain = " ".join(western(text).split()).casefold()
        stated = re.search(r"(?:19|20)\d\d", year_text or "")
        for cut in re.finditer(_TO, plain):
            left, right = _bare(plain[: cut.start()]), _bare(plain[cut.end() :])
            start, end = _side(left, first, last=False), _side(right, first, last=True)
            if start is None and re.fullmatch(r"\d{1,2}\.?", left) and end:
                start = _Side(end.year, end.month, int(left.rstrip(".")))
            if start and end:
                return _joined(start, end, int(stated[0]) if stated else None)
        return Reading(None, "a first and a last day, as 1.4.2026 - 31.10.2026 or April to October 2026", "refused")

    return parse


def _bare(text: str) -> str:
    return _TAIL.sub("", _LEAD.sub("", text.strip(" ,;:()"))).strip(" ,")


def _side(text: str, first: bool, *, last: bool) -> _Side | None:
    whole = day(first, years=(1990, 2060), last=last)(text).value
    if isinstance(whole, date):
        return _Side(whole.year, whole.month, whole.day)
    if found := _DAY_MONTH.match(text):
        a, b = int(found[1]), int(found[2])
        if first or "." in text or a > 12:
            a, b = b, a
        return _Side(None, a, b) if 1 <= a <= 12 else None
    if found := _CJK_MONTH.match(text):
        return _Side(None, int(found[1]), int(found[2]) if found[2] else (None if last else 1))
    if (found := _DAY_NAME.match(text)) and (month := months().get(fold(found[2]))):
        return _Side(None, month, int(found[1]))
    if month := months().get(fold(text)):
        return _Side(None, month, None if last else 1)
    return None


def _joined(start: _Side, end: _Side, stated: int | None) -> Reading:
    year = start.year or end.year or stated
    if year is None:
        return Reading(None, "a year with the season: a column of it, or --assume year=2026", "refused")
    last = end.year or year
    if start.year is None and end.year is not None and (start.month, start.day or 1) > (end.month, end.day or 31):
        year -= 1
    elif end.year is None and (start.month, start.day or 1) > (end.month, end.day or 31):
        last = year + 1
    days = start.on(year), end.on(last)
    if days[0] is None or days[1] is None or days[1] < days[0]:
        return Reading(None, "a first day and a last one after it", "refused")
    return Reading(list(days), f"a first and a last day; read as {days[0]} to {days[1]}", "changed")


def length(header: str) -> Parse:
    """A parser of (text, first day) into the last day of a stay, whose unit the cell or else the header says."""
    stated = unit_of(header)

    def parse(text: str | None, start: date | None) -> Reading:
        if text is None or blank(text) or start is None:
            return Reading()
        numbers = re.findall(r"\d+(?:[.,]\d+)?", western(text))
        count = number(numbers[0], decimal="," if "," in numbers[0] else ".") if len(numbers) == 1 else None
        unit = unit_of(re.sub(r"[\d.,]", " ", western(text))) or stated
        if count is None or count <= 0 or unit not in ("day", "week", "month", "year"):
            return Reading(None, "a length of stay with its unit, as 6 months", "refused")
        if unit in ("month", "year") and count == int(count):
            whole = int(count) * (12 if unit == "year" else 1)
            end = _months_later(start, whole) if whole <= LONGEST else None
        else:
            days = round(count * {"day": 1, "week": 7, "month": 30.4375, "year": 365.25}[unit])
            end = start + timedelta(days=days - 1) if 0 < days <= LONGEST * 31 else None
        if end is None:
            return Reading(None, f"a stay of at most {LONGEST} months", "refused")
        return Reading(end, f"a last day; read as {end} from the length of stay", "changed")

    return parse


_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:[-–]\s*(\d+(?:[.,]\d+)?)\s*)?\+?\s*([^\d\s,;/()+–-]*)")


def experience(header: str, unit: str) -> Parse:
    """A parser of text into months of experience, of `2 years 6 months`, `18 mois`, `3+` or `3-5 Jahre` (the least).

    A number alone is in the unit that the header names, else in `unit` (month or year).
    """
    named = unit_of(header)
    usual = named if named in ("month", "year", "week") else unit
    share = {"day": 12 / 365, "week": 12 / 52, "month": 1.0, "year": 12.0}

    def parse(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        parts = _PART.findall(western(text).casefold())
        units = [unit_of(word) or (usual if len(parts) == 1 else None) for _, _, word in parts]
        months = 0.0
        for (low, _, _), of in zip(parts, units, strict=True):
            months += (number(low, decimal="," if "," in low else ".") or 0.0) * share.get(of or "", float("nan"))
        if not parts or not 0 <= months <= 960 or re.match(r"\s*[-−]", text):
            return Reading(None, "months or years of experience, from 0 to 80 years", "refused")
        plain = usual == "month" and re.fullmatch(r"\d+(?:\.0)?", text.strip())
        said = "" if plain else f"months of experience; read as {round(months)}"
        return Reading(round(months), said, "changed") if said else Reading(round(months))

    return parse


def _months_later(start: date, count: int) -> date:
    """The last day of a stay of `count` months: 15 March and 6 months end on 14 September."""
    month = start.month - 1 + count
    year, month = start.year + month // 12, month % 12 + 1
    last = month_end(date(year, month, 1))
    return min(date(year, month, min(start.day, last.day)), last) - timedelta(days=1)
