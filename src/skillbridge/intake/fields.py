"""The fields that lists of workers and of vacancies share: codes, lists and money."""

import re
from collections.abc import Callable
from datetime import date
from functools import cache

import polars as pl
from babel.numbers import get_currency_precision, get_territory_currencies, list_currencies

from skillbridge.errors import BadInput
from skillbridge.intake import abilities
from skillbridge.intake.money import amount_in, hourly, unit_of
from skillbridge.intake.places import LOCALES, country
from skillbridge.intake.sheet import Sheet
from skillbridge.intake.values import NOTHING, Reading, blank, decimal_mark, fold, number, read_cells, truth
from skillbridge.rates import plausible_hourly
from skillbridge.resources import folder
from skillbridge.tables import parse_past, parse_preferences


def isco(text: str | None) -> Reading:
    """An ISCO-08 code of one to four digits, out of `9211`, `9211.0`, `ISCO 9211` or `9211 - Crop farm labourers`."""
    if text is None or blank(text):
        return Reading()
    found = re.match(r"^(?:isco(?:[- ]?08)?|ciuo|citp|c)?\s*[:.-]?\s*(\d{1,4})(?:\.0)?(?:\D.*)?$", text.strip(), re.I)
    if not found:
        return Reading(None, "an ISCO-08 code of one to four digits", "refused")
    code = found[1]
    if code in ("110", "210", "310"):
        return Reading("0" + code, f"an ISCO-08 code; read as 0{code}, its leading zero was lost", "changed")
    return Reading(code)


@cache
def _sectors() -> dict[str, str]:
    table = pl.read_csv(folder("datasets") / "intake" / "sectors.csv", infer_schema_length=0)
    return {fold(word): isic for isic, spelled in table.iter_rows() for word in spelled.split(";")}


def sector(text: str | None) -> Reading:
    """An ISIC code: a section letter or two to four digits, dots left out; a few plain words."""
    if text is None or blank(text):
        return Reading()
    code = text.strip().upper().replace(".", "")
    if re.fullmatch(r"[A-V]|\d{2,4}", code):
        return Reading(code)
    if re.fullmatch(r"[A-V]\d{2,4}", code):
        return Reading(code[1:])
    word = _sectors().get(fold(text))
    if word:
        return Reading(word, f"an ISIC code; read as {word}", "changed")
    return Reading(None, "an ISIC code: a section letter or two to four digits", "refused")


def concept(text: str | None) -> Reading:
    """A concept URI."""
    if text is None or blank(text):
        return Reading()
    return Reading(text) if re.match(r"^(https?|urn):", text) else Reading(None, "a concept URI", "refused")


def listed(column: pl.Series) -> Callable[[str | None], Reading]:
    """A parser of list cells into `a;b`, by the mark the column uses: semicolons, bars or line breaks; else commas."""
    strong = column.str.contains(r"[;|\n•]").any()
    marks = re.compile(r"[;|\n•]" if strong else r"[,،]")

    def read(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        parts = dict.fromkeys(" ".join(part.split()) for part in marks.split(text))
        return Reading(";".join(part for part in parts if part) or None)

    return read


def licences(sheet: Sheet) -> pl.Series:
    """Licences as `a;b`; a cell that says no holds none, and one that says yes holds what its header names."""
    cells, header = sheet.text("licences"), fold(sheet.name("licences"))
    parse = listed(cells)
    driving = next((word for word in _DRIVING if word in header), None)

    def read(text: str | None) -> Reading:
        held = truth(text).value
        if held is None:
            return parse(text)
        if held and not driving:
            return Reading(None, "the names of licences", "refused")
        return Reading("driving", "the names of licences; read as driving", "changed") if held else Reading()

    return sheet.read("licences", read, pl.String())


_DRIVING = tuple(
    fold(word)
    for line in (
        "driv;conduire;conducir;conducao;conducere;führerschein;patente di guida;prawo jazdy;rijbewijs;körkort",
        "kørekort;førerkort;ajokortti;řidičsk;vodičsk;jogosítvány;οδήγησης;vozačk;возачк;водит;водій;шофьор;ehliyet;sürücü",
        "驾;運転;免許;운전;bằng lái;ใบขับขี่;سياقة;قيادة;lesen memandu",
    )
    for word in line.split(";")
)
"""Folded parts of headers that say which licence a plain yes means."""


def spoken(sheet: Sheet, *, alone: bool) -> pl.Series:
    """Languages as `en:B1;fr:A2`, of their own column and of columns about one language each, the higher level of two.

    A column that has nothing but a language's name for header counts if `alone`.
    """
    parts = [sheet.read("languages", abilities.languages, pl.String())]
    for column in list(sheet.report.unknown_columns):
        numbers = sheet.table[column].str.contains(r"^\s*\d+\s*$").any()
        code = abilities.language_of(column, alone=alone and not numbers)
        if code is None:
            continue
        parse = abilities.level_in(column, code)
        parts.append(read_cells([sheet.table[column]], sheet.rows, column, parse, sheet.report, pl.String()))
        sheet.report.columns[column] = f"languages ({code})"
        sheet.report.unknown_columns.remove(column)
    if len(parts) == 1:
        return parts[0]
    both = pl.DataFrame([part.alias(str(k)) for k, part in enumerate(parts)])
    joined = both.select(pl.concat_str(pl.all(), separator=";", ignore_nulls=True)).to_series()
    return joined.map_elements(lambda text: abilities.languages(text).value, return_dtype=pl.String)


def checked(parse: Callable[[str | None], object]) -> Callable[[str | None], Reading]:
    """A parser that keeps text which `parse` accepts and refuses what it raises `BadInput` for."""

    def read(text: str | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        try:
            parse(text)
        except BadInput as error:
            return Reading(None, error.expected, "refused")
        return Reading(text)

    return read


past = checked(parse_past)


def preferences(text: str | None) -> Reading:
    """`NZ:3;employer-17:5;!ES`, with countries also by name (`New Zealand, Australia:2`)."""
    if text is None or blank(text):
        return Reading()
    parts, named = [], False
    for part in (piece.strip() for piece in re.split(r"[;,|\n]", text)):
        refuses, wish = part.startswith("!"), part.removeprefix("!").strip()
        target, colon, weight = wish.rpartition(":") if ":" in wish else (wish, "", "")
        if not wish:
            continue
        if not target.startswith("employer-") and not re.fullmatch("[A-Z]{2}", target):
            code = country(target).value
            if code is None:
                return Reading(None, f"countries and employer-<id>, as NZ:3;!ES; not understood: {target}", "refused")
            target, named = code, True
        parts.append(f"{'!' if refuses else ''}{target}{colon}{weight}")
    value = ";".join(parts) or None
    try:
        parse_preferences(value)
    except BadInput as error:
        return Reading(None, error.expected, "refused")
    return Reading(value, f"NZ:3;!ES; read as {value}", "changed") if named else Reading(value)


def facts(text: str | None) -> Reading:
    """`key:value;...`."""
    if text is None or blank(text):
        return Reading()
    good = all(re.match(r"^\s*[\w.-]+\s*:", part) for part in text.split(";") if part.strip())
    return Reading(text) if good else Reading(None, "key:value;...", "refused")


@cache
def signs() -> dict[str, tuple[str, ...]]:
    """Lower-case sign or word of a currency -> the ISO 4217 codes that it can mean, the longest signs first."""
    table = pl.read_csv(folder("datasets") / "intake" / "currencies.csv", infer_schema_length=0)
    rows = sorted(table.iter_rows(), key=lambda row: -len(row[0]))
    return {sign.casefold(): tuple(codes.split(";")) for sign, codes in rows}


@cache
def _currency_names() -> dict[str, str]:
    """Folded names of currencies in the languages of countries' names -> ISO 4217 codes."""
    from babel import Locale

    found: dict[str, str] = {}
    for tag in LOCALES:
        for code, name in Locale.parse(tag).currencies.items():
            found.setdefault(fold(name), code)
    return found


@cache
def currencies_in(text: str) -> tuple[str, ...]:
    """The ISO 4217 codes that a text can mean: of a code in it, else of a sign or word of a currency; none if none."""
    codes = [part for part in re.findall(r"(?<![A-Z])[A-Z]{3}(?![A-Z])", text.upper()) if part in list_currencies()]
    if codes:
        return (codes[0],)
    lower = text.casefold()
    for sign, meant in signs().items():
        edge = r"(?<![^\W\d_])" if sign[0].isalpha() else "", r"(?![^\W\d_])" if sign[-1].isalpha() else ""
        pattern = re.escape(sign) if ord(sign[0]) > 0xE00 else f"{edge[0]}{re.escape(sign)}{edge[1]}"
        if re.search(pattern, lower):
            return meant
    return ()


def currency(text: str | None) -> Reading:
    """An ISO 4217 code; of a sign or a name in words where only one currency has it."""
    if text is None or blank(text):
        return Reading()
    code = text.strip().upper()
    if code in list_currencies():
        return Reading(code)
    found = currencies_in(text)
    if len(found) == 1:
        return Reading(found[0])
    if named := _currency_names().get(fold(text)):
        return Reading(named)
    which = f" (it can be {', '.join(found)})" if found else ""
    return Reading(None, f"an ISO 4217 currency code{which}", "refused")


def currencies(sheet: Sheet, local: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(each row's currency as its cell states it, that or the local one where the cell is blank).

    A sign of several currencies is the local one if it can be that. A cell that cannot be understood gives none.
    """

    def read(text: str | None, home: str | None) -> Reading:
        found = currency(text)
        return Reading(home) if found.value is None and home in currencies_in(text or "") else found

    cells = sheet.text("currency")
    stated = sheet.combine([cells, local], "currency", read, pl.String())
    silent = cells.is_null() | cells.str.to_lowercase().is_in(list(NOTHING))
    return stated, stated.zip_with(~silent, local)


@cache
def national(country: str | None, on: date | None) -> str | None:
    """The currency of a country on a day; None if either is not known."""
    if country is None or on is None:
        return None
    current: list[str] = get_territory_currencies(country, start_date=on, end_date=on, tender=True)
    return current[-1] if current else None


def money(sheet: Sheet, field: str, codes: pl.Series, hours: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(minor units an hour, currency) of the wage column `field`.

    The unit comes from the unit column, the header (`Wage (EUR/h)`) or the cell (`12,50 €/h`); the currency from the
    cell, the header or `codes`. Whole numbers without a unit, most of which can only be true as minor units an hour,
    are read so: that is how SkillBridge itself writes wages. Then a value true only in whole units is refused, never
    scaled.
    """
    cells = sheet.text(field)
    header = f"{sheet.columns.hints.get(field, '')} / {sheet.name(field)}" if sheet.has(field) else ""
    header_unit = unit_of(header)
    header_code = next(iter(codes_of)) if len(codes_of := currencies_in(header.replace("_", " "))) == 1 else None
    units = sheet.text("wage_unit").fill_null(header_unit) if header_unit else sheet.text("wage_unit")
    mark = _mark(sheet, field, cells, codes)
    known = codes.fill_null(header_code) if header_code else codes
    minor = _in_minor_units(cells, units, known, mark)
    if minor:
        sheet.report.assumptions.append(
            f"{sheet.name(field)}: whole numbers are minor units (cents) an hour, as SkillBridge writes them"
        )

    elif cells.drop_nulls().len() and not units.drop_nulls().len():
        sheet.report.assumptions.append(
            f"{sheet.name(field)}: no unit stated; amounts are per hour where that can be true"
        )

    def read(text: str | None, unit: str | None, code: str | None, week: float | None) -> Reading:
        if text is None or blank(text):
            return Reading()
        meant = currencies_in(text)
        if meant and code not in meant:
            if len(meant) > 1:
                return Reading(None, f"a currency that is clear; it can be {', '.join(meant)}", "refused")
            code = meant[0]
        if code is None:
            return Reading(None, "a currency beside the wage", "refused")
        if minor:
            return _whole(number(text, decimal=mark), code)
        wage = hourly(text, unit or unit_of(text), week, code, decimal=mark)
        if wage.minor is None:
            return Reading(None, wage.note or "an amount above 0", "refused")
        return Reading(f"{code}:{wage.minor}", wage.note, "changed")

    read_money = sheet.combine([cells, units, known, hours], field, read, pl.String())
    parts = read_money.str.splitn(":", 2).struct.unnest()
    return parts["field_1"].cast(pl.Int64), parts["field_0"]


def _mark(sheet: Sheet, field: str, cells: pl.Series, codes: pl.Series) -> str:
    """The decimal mark of a column of wages; where points could be of thousands (2.200), by what can be true."""
    mark = decimal_mark(cells)
    texts = pl.DataFrame({"text": cells, "code": codes.fill_null("EUR")}).drop_nulls().unique(maintain_order=True)
    doubtful = texts.filter(pl.col("text").str.contains(r"^\D*\d{1,3}\.\d{3}\D*$")).head(1000)
    if not len(doubtful) or texts["text"].str.contains(r"\d\.\d{1,2}(?:\D|$)|,\d{3}").any():
        return mark
    votes = 0
    for text, code in doubtful.iter_rows():
        amount, (low, high) = amount_in(text, ".")[0] or 0.0, plausible_hourly(code)
        votes += 1 if low <= amount <= high else -1
    said = "decimal" if votes > 0 else "of thousands"
    sheet.report.assumptions.append(f"{sheet.name(field)}: the points in amounts like {doubtful['text'][0]} are {said}")
    return "." if votes > 0 else ","


def _whole(amount: float | None, code: str) -> Reading:
    """A wage in minor units an hour; refused where only whole units would make it true, which is a slip of unit."""
    low, high = plausible_hourly(code)
    scale = 10 ** get_currency_precision(code)
    if amount is None or amount <= 0 or (low <= amount <= high and not low <= amount / scale <= high):
        words = f"minor units an hour like the rest of the column, {low * scale:.0f} to {high * scale:.0f} {code}"
        return Reading(None, words, "refused")
    return Reading(f"{code}:{int(amount)}")


def _in_minor_units(cells: pl.Series, units: pl.Series, codes: pl.Series, mark: str) -> bool:
    """Whether a column is minor units an hour: all whole, no unit but hour, more values true only so than only not."""
    named = {unit_of(unit) for unit in units.drop_nulls().unique()}
    if named - {"hour"}:
        return False
    votes = 0
    pairs = pl.DataFrame({"text": cells, "code": codes}).drop_nulls("text").unique(maintain_order=True).head(5000)
    for text, code in pairs.iter_rows():
        amount = number(text, decimal=mark)
        if amount is None:
            continue
        if amount != int(amount) or re.search(r"\d[.,]\d\d?$", text.strip()):
            return False
        scale = 10 ** get_currency_precision(code) if code else 100
        low, high = plausible_hourly(code or "USD")
        if scale > 1:
            votes += (low <= amount / scale <= high) - (low <= amount <= high)
    return votes > 0


def refuse_repeats(sheet: Sheet, ids: pl.Series, what: str) -> pl.Series:
    """Whether each row has an id and is its first; the others are reported, a repeat with both rows."""
    first = pl.DataFrame({"id": ids, "row": sheet.rows}).with_columns(first=pl.col("row").first().over("id"))
    again = first.filter(pl.col("id").is_not_null() & (pl.col("row") != pl.col("first")))
    for row, value, before in again.select("row", "id", "first").iter_rows():
        sheet.report.add(row, "", value, f"each {what} once; it is already in row {before}", "refused")
    for row in first.filter(pl.col("id").is_null())["row"]:
        sheet.report.add(row, "", None, f"the {what}'s id", "refused")
    return first["id"].is_not_null() & (first["row"] == first["first"])
