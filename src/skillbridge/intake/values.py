"""One cell as one value: every parser takes text and gives a Reading, and none of them guesses silently."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from skillbridge.intake.report import Action, IntakeReport

_NOTHING = (
    "|-|--|---|–|—|.|tbd|tba|n.d.|k.a.|keine|keine angabe|nessuno|non indicato|brak|geen|niet van toepassing"
    "|nvt|nenhum|não aplicável|sin datos|ninguno|aucun|néant|немає|няма|yok|belirtilmemiş|ingen|ei|nincs"
    "|žádný|žiadny|nema|không|tidak ada|無|无|なし|없음|해당없음|ไม่มี|n/a|n.a.|#n/a|null|none|nil|unknown"
    "|not applicable|s/d|sin dato|?|inconnu|no aplica|desconocido|nan|nat|…|غير معروف|неизвестно|нет данных"
)
NOTHING = frozenset(_NOTHING.split("|"))
"""Cells that say there is no value. `NA` (Namibia) and `ND` (North Dakota) are not among them."""


class Reading(NamedTuple):
    """A value, and what to report about it: nothing if `expected` is empty."""

    value: Any = None
    expected: str = ""
    action: Action = "noted"


Parse = Callable[..., Reading]


def read_cells(
    columns: Sequence[pl.Series], rows: pl.Series, name: str, parse: Parse, report: IntakeReport, kind: pl.DataType
) -> pl.Series:
    """`parse` of each row's cells (called once for each distinct combination), as a column of type `kind`.

    What it finds is added to the report for every row that has it, under `name`.
    """
    cells = pl.DataFrame([column.alias(f"c{number}") for number, column in enumerate(columns)])
    names = cells.columns
    distinct = cells.unique(maintain_order=True).with_row_index("code")
    codes = cells.join(distinct, on=names, how="left", nulls_equal=True, maintain_order="left")["code"]
    readings = [parse(*values) for values in distinct.drop("code").iter_rows()]
    odd = {number for number, reading in enumerate(readings) if reading.expected}
    if odd:
        hits = pl.DataFrame({"code": codes, "row": rows}).filter(pl.col("code").is_in(list(odd)))
        texts = distinct.drop("code").rows()
        for code, row in hits.iter_rows():
            shown = " | ".join("" if text is None else str(text) for text in texts[code])
            report.add(row, name, shown, readings[code].expected, readings[code].action)
    values = pl.Series([reading.value for reading in readings], dtype=kind)
    return values.gather(codes) if len(codes) else pl.Series([], dtype=kind)


def blank(text: str | None) -> bool:
    """Whether a cell says nothing."""
    return text is None or text.strip().casefold() in NOTHING


def fold(text: str) -> str:
    """Letters and digits only, without case or accents: what headers and words are compared by."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def words(text: str) -> str:
    """As `fold`, but with single blanks between words."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(bare.split())


# numbers -----------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")


def number(text: str, *, decimal: str = ".") -> float | None:
    """The number in `text`: blanks, apostrophes and currency signs ignored; Arabic and Indic digits understood.

    With both marks present the last is the decimal one. With one kind only: several of them, or one before exactly
    three digits that is not `decimal`, separate thousands. More than 18 digits are no number.
    """
    import unicodedata

    digits = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    digits = digits.replace("٫", ".").replace("٬", "").replace("−", "-")
    signs = re.sub(r"(?i)(us|ca|au|nz)?\$|[€£¥₩₱₹]", "", digits)
    codes = re.sub(r"(?i)[a-z]{3}(?![a-z])", lambda code: "" if code[0].upper() in _currencies() else code[0], signs)
    plain = re.sub(r"[\s'’_\u00a0\u202f]", "", codes)
    plain = plain.rstrip(".,") if re.search(r"\d[.,]$", plain) else plain
    comma, point = plain.count(","), plain.count(".")
    if comma and point:
        mark = "," if plain.rfind(",") > plain.rfind(".") else "."
        plain = plain.replace("." if mark == "," else ",", "").replace(mark, ".")
    elif comma or point:
        mark = "," if comma else "."
        tail = len(plain) - plain.rfind(mark) - 1
        thousands = plain.count(mark) > 1 or (tail == 3 and mark != decimal and not re.match(r"^[+-]?0[.,]", plain))
        plain = plain.replace(mark, "" if thousands else ".")
    return float(plain) if _NUMBER.match(plain) and len(plain) <= 18 else None


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def decimal_mark(column: pl.Series) -> str:
    """The decimal mark of a column: a comma if any value can only be read so (`12,5`, `1.234,50`), else a point."""
    texts = column.drop_nulls().unique()
    comma = texts.str.contains(r"^\D*\d+,\d{1,2}\D*$|\d\.\d{3},\d").any()
    point = texts.str.contains(r"^\D*\d+\.\d{1,2}\D*$|\d,\d{3}\.\d").any()
    return "," if comma and not point else "."


def whole(low: int, high: int, *, words: bool = False) -> Parse:
    """A parser of whole numbers from `low` to `high` (1.200 and 1,200 are twelve hundred); others are refused.

    With `words` one number among words is understood and reported (`approx. 20 pickers`); several are not.
    """
    expected = f"a whole number from {low:,} to {high:,}"

    def parse(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        value = number(text, decimal="")
        alone = lone_number(text) if value is None and words else None
        if alone is not None:
            value = number(alone, decimal="")
        if value is None or value != int(value) or not low <= value <= high:
            return Reading(None, expected, "refused")
        return Reading(int(value)) if alone is None else Reading(int(value), f"{expected}; read as {alone}", "changed")

    return parse


def lone_number(text: str) -> str | None:
    """The one number among the words of a text, without a sign;"
    " None if there are several or it is a part of a word."""
    plain = western(text)
    found = list(re.finditer(r"\d(?:[\d.,'’]|[ \u00a0\u202f](?=\d{3}(?!\d)))*", plain))
    if len(found) != 1 or re.search(r"[A-Za-z.,-]$", plain[: found[0].start()]):
        return None
    return found[0][0].rstrip(".,'’")


def measure(low: float, high: float, *, decimal: str = ".") -> Parse:
    """A parser of numbers above `low` up to `high`; others are refused."""
    expected = f"a number above {low:g} up to {high:g}"

    def parse(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        value = number(text, decimal=decimal)
        return Reading(value) if value is not None and low < value <= high else Reading(None, expected, "refused")

    return parse


# dates -------------------------------------------------------------------------------------------------------------

_TIME = r"(?:[T ,].*)?$"
_ISO = re.compile(rf"^(\d{{4}})\s*[-/.年년]\s*(\d{{1,2}})\s*[-/.月월]\s*(\d{{1,2}})[.日일]?{_TIME}")
_PLAIN = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_NUMERIC = re.compile(rf"^(\d{{1,2}})\s*([-/.])\s*(\d{{1,2}})\s*\2\s*(\d{{4}}|\d{{2}})\.?{_TIME}")
_WORD = r"([^\d\s.,/-]{2,}?)"
_OF = r"(?:de\s+|del\s+|of\s+|[-/., ])?\s*"
_NAMED = re.compile(rf"^(\d{{1,2}})(?:er|st|nd|rd|th|º|°|ème)?\s*{_OF}{_WORD}\.?\s*{_OF}(\d{{4}}|\d{{2}})\.?{_TIME}")
_NAMED_US = re.compile(rf"^{_WORD}\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}}){_TIME}")
_NAMED_LAST = re.compile(rf"^(\d{{4}})[.\s]+{_WORD}\.?\s+(\d{{1,2}})\.?$")
_SPOKEN = re.compile(r"^(?:ngày\s+)?(\d{1,2})\s+tháng\s+(\d{1,2})(?:\s+năm)?\s+(\d{4})$")
_SERIAL = re.compile(r"^([1-6]\d{4})(?:\.\d+)?$")
_MONTH_NUMBER = re.compile(r"^(?:(\d{1,2})\s*[-/.]\s*(\d{4})|(\d{4})\s*[-/.年년]\s*(\d{1,2})\s*[月월]?)$")
_MONTH_NAME = re.compile(rf"^(?:{_WORD}\.?\s*{_OF}(\d{{4}})|(\d{{4}})[.\s]+{_WORD})$")
BUDDHIST = 543
"""Years of the Thai calendar before the common era; a year from 2400 to 2700 is taken for one."""


def day_first(columns: Sequence[pl.Series], *, default: bool) -> tuple[bool, bool]:
    """(whether dates like 03/04/2026 have the day first, whether the columns themselves prove it)."""
    first = second = 0
    for column in columns:
        parts = (
            column.drop_nulls()
            .unique()
            .str.extract_groups(r"^([0-9]{1,2})[-/]([0-9]{1,2})[-/][0-9]{2,4}")
            .struct.unnest()
        )
        first += int((parts["1"].cast(pl.Int16) > 12).sum() or 0)
        second += int((parts["2"].cast(pl.Int16) > 12).sum() or 0)
    if first == second:
        return default, False
    return first > second, min(first, second) == 0


def day(first: bool, *, years: tuple[int, int] = (1900, 2100), last: bool = False) -> Parse:
    """A parser of dates within `years`; `first` says whether 03/04/2026 is the 3rd of April. Others are refused.

    A month alone is its first day, or its last where `last` is true; that and a year of the Thai calendar are reported.
    """
    expected = f"a date (year-month-day) from {years[0]} to {years[1]}"

    def parse(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        plain = re.sub(r"^[^\W\d]+\.?,\s*", "", " ".join(western(text).split()))
        value, said = _date(plain, first), ""
        if value is None and (value := _month(plain, last)):
            said = f"a date; read as {value}, the {'last' if last else 'first'} day of the month"
        if value and 2400 <= value.year <= 2700 and not years[0] <= value.year <= years[1]:
            value = _valid(value.year - BUDDHIST, value.month, value.day)
            said = f"a date of the common era; read as {value}"
        if value is None or not years[0] <= value.year <= years[1]:
            return Reading(None, expected, "refused")
        return Reading(value, said, "changed") if said else Reading(value)

    return parse


def western(text: str) -> str:
    """The text with digits of any script as 0 to 9."""
    import unicodedata

    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)


def _date(plain: str, first: bool) -> date | None:
    if found := _ISO.match(plain) or _PLAIN.match(plain):
        return _valid(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMERIC.match(plain):
        year = int(found[4])
        year += 0 if year > 99 else 1900 if year > 60 else 2000
        a, b = int(found[1]), int(found[3])
        if found[2] == "." or first or a > 12:
            return _valid(year, b, a) or (_valid(year, a, b) if found[2] != "." and b > 12 else None)
        return _valid(year, a, b) or (_valid(year, b, a) if a > 12 else None)
    if found := _SERIAL.match(plain):
        return date(1899, 12, 30) + timedelta(days=int(found[1]))
    lower = plain.casefold()  # `31. listopada` is Croatian for October, `30 listopada` Polish for November
    if found := _SPOKEN.match(lower):
        return _valid(int(found[3]), int(found[2]), int(found[1]))
    if found := _NAMED.match(lower):
        year, word = int(found[3]) + (0 if int(found[3]) > 99 else 2000), fold(found[2])
        croatian = word == "listopada" and lower[len(found[1])] == "."
        return _valid(year, 10 if croatian else months().get(word, 0), int(found[1]))
    if found := _NAMED_US.match(lower):
        return _valid(int(found[3]), months().get(fold(found[1]), 0), int(found[2]))
    if found := _NAMED_LAST.match(lower):
        return _valid(int(found[1]), months().get(fold(found[2]), 0), int(found[3]))
    return None


def _month(plain: str, last: bool) -> date | None:
    """The first or last day of `04/2026`, `2026-04`, `April 2026` or `2026 április`."""
    if found := _MONTH_NUMBER.match(plain):
        year, month = int(found[2] or found[3]), int(found[1] or found[4])
    elif found := _MONTH_NAME.match(plain.casefold()):
        year, month = int(found[2] or found[3]), months().get(fold(found[1] or found[4]), 0)
    else:
        return None
    start = _valid(year, month, 1)
    return month_end(start) if start and last else start


def month_end(start: date) -> date:
    """The last day of a date's month."""
    return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_MONTHS = (
    "en fr es pt ar ru uk tr id ms vi de it nl ro pl fil bg el cs sk sl hr sr bs hu sv da nb fi et lv lt hi th"
    " ja ko zh"
    " ar_MA ar_DZ ar_LB sr_Latn"
)


@cache
def months() -> dict[str, int]:
    """Month names and abbreviations of the languages that files come in, folded -> 1..12."""
    from babel import Locale

    found: dict[str, int] = {}
    for tag in _MONTHS.split():
        names = Locale.parse(tag).months
        for use in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in names[use][width].items():
                    found.setdefault(fold(name), month)
    found.update({"sept": 9, "setiembre": 9})
    return found


# words -------------------------------------------------------------------------------------------------------------

_YESES = (
    "yes y true 1 oui o si sí s sim نعم да так evet ya ja j da tak igen kyllä ano áno ναι jah taip jā 是 はい 예"
    " 네 có ใช่ हाँ"
)
_NOES = (
    "no n false 0 non nao não لا нет ні hayır hayir tidak nein nee nie nej nei ne nem ei όχι 否 いいえ 아니오 không"
    " ไม่ नहीं не nu"
)
_YES = {fold(word) for word in _YESES.split()}
_NO = {fold(word) for word in _NOES.split()}
_SEX = {
    "f": "f female woman w femme féminin feminin mujer femenino feminino mulher أنثى امرأة ж женский жен жінка жін"
    " kadın perempuan babae nữ weiblich frau k kobieta femminile donna vrouw vrouwelijk femeie жена žena"
    " жіноча ženski женски nő"
    " kvinna kvinde kvinne nainen γυναίκα θήλυ 女 女性 여 여성 여자 หญิง महिला ž",
    "m": "m male man h homme masculin hombre masculino homem ذكر رجل м мужской муж чоловік ч чол erkek laki-laki"
    " lalaki чоловіча nam männlich mann mężczyzna maschile uomo mannelijk bărbat мъж muž muški мушки férfi mand mies"
    " άνδρας άρρεν 男 男性 남"
    " 남성 남자 ชาย पुरुष",
    "x": "x other diverse nonbinary autre otro outro آخر divers altro inne overig",
}
_SEXES = {fold(word): code for code, spelled in _SEX.items() for word in spelled.split()}


def truth(text: str | None) -> Reading:
    """Yes or no, in several languages."""
    if text is None or blank(text):
        return Reading()
    word = fold(text)
    if word in _YES or word in _NO:
        return Reading(word in _YES)
    return Reading(None, "yes or no", "refused")


def sex(text: str | None) -> Reading:
    """f, m or x, from words in several languages."""
    if text is None or blank(text):
        return Reading()
    if text in ("1", "2"):
        return Reading("m" if text == "1" else "f", "f, m or x; read as in surveys: 1 male, 2 female", "changed")
    code = _SEXES.get(fold(text))
    return Reading(code) if code else Reading(None, "f, m or x", "refused")
