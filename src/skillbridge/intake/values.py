"""One cell as one value: every parser takes text and gives a Reading, and none of them guesses silently."""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from skillbridge.intake.report import Action, IntakeReport

_NOTHING = (
    "|-|--|n/a|n.a.|#n/a|null|none|nil|unknown|not applicable|s/d|sin dato|?|inconnu|no aplica|desconocido|nan|nat|…"
    "|غير معروف|неизвестно|нет данных"
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


def whole(low: int, high: int) -> Parse:
    """A parser of whole numbers from `low` to `high` (1.200 and 1,200 are twelve hundred); others are refused."""
    expected = f"a whole number from {low:,} to {high:,}"

    def parse(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        value = number(text, decimal="")
        if value is None or value != int(value) or not low <= value <= high:
            return Reading(None, expected, "refused")
        return Reading(int(value))

    return parse


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

_ISO = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$")
_PLAIN = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_NUMERIC = re.compile(r"^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:[T ].*)?$")
_NAMED = re.compile(r"^(\d{1,2})\s*(?:de\s+|[-/. ])?\s*([^\W\d_]+)\.?\s*(?:de\s+|del\s+|[-/., ])?\s*(\d{4}|\d{2})$")
_NAMED_US = re.compile(r"^([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$")
_SERIAL = re.compile(r"^([1-6]\d{4})(?:\.\d+)?$")


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


def day(first: bool, *, years: tuple[int, int] = (1900, 2100)) -> Parse:
    """A parser of dates within `years`; `first` says whether 03/04/2026 is the 3rd of April. Others are refused."""
    expected = f"a date (year-month-day) from {years[0]} to {years[1]}"

    def parse(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        value = _date(text.strip(), first)
        if value is None or not years[0] <= value.year <= years[1]:
            return Reading(None, expected, "refused")
        return Reading(value)

    return parse


def _date(text: str, first: bool) -> date | None:
    import unicodedata

    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
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
    lower = plain.casefold()
    if found := _NAMED.match(lower):
        month = months().get(fold(found[2]))
        year = int(found[3]) + (0 if int(found[3]) > 99 else 2000)
        return _valid(year, month, int(found[1])) if month else None
    if found := _NAMED_US.match(lower):
        month = months().get(fold(found[1]))
        return _valid(int(found[3]), month, int(found[2])) if month else None
    return None


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@cache
def months() -> dict[str, int]:
    """Month names and abbreviations of the languages that files come in, folded -> 1..12."""
    from babel import Locale

    found: dict[str, int] = {}
    for tag in ("en", "fr", "es", "pt", "ar", "ru", "uk", "tr", "id", "ms", "vi", "de", "it", "nl", "ro", "pl", "fil"):
        names = Locale.parse(tag).months
        for use in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in names[use][width].items():
                    found.setdefault(fold(name), month)
    found.update({"sept": 9, "setiembre": 9})
    return found


# words -------------------------------------------------------------------------------------------------------------

_YES = {
    fold(w) for w in ("yes", "y", "true", "1", "oui", "o", "si", "sí", "s", "sim", "نعم", "да", "так", "evet", "ya")
}
_NO = {fold(w) for w in ("no", "n", "false", "0", "non", "nao", "não", "لا", "нет", "ні", "hayir", "hayır", "tidak")}
_SEX = {
    "f": "f female woman w femme féminin feminin mujer femenino feminino mulher أنثى امرأة ж женский жен жінка kadın"
    " perempuan babae nữ",
    "m": "m male man h homme masculin hombre masculino homem ذكر رجل м мужской муж чоловік erkek laki-laki lalaki nam",
    "x": "x other diverse nonbinary autre otro outro آخر",
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
