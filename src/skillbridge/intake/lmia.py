"""Canada's quarterly lists of employers with a positive labour market impact assessment, in English or French.

The lists say who may hire how many of which occupation, not when nor for what pay: the dates of a vacancy here are an
assumption (the period's end, STAYS) that the report states. Layouts since 2014: provinces as headings between the rows
(until 2015), one list a year without streams (2016), quarters since 2017, NOC 2011, 2016 and 2021.
"""

import hashlib
import re
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake import values
from skillbridge.intake.headers import NONE, Choices
from skillbridge.intake.places import province
from skillbridge.intake.report import Intake
from skillbridge.intake.sheet import Sheet, open_sheet
from skillbridge.intake.values import months
from skillbridge.tables import VACANCIES, conform
from skillbridge.taxonomies.crosswalk import targets

STAYS = {True: 240, False: 365}
"""Days a contract is taken to last, in agriculture (the seasonal programme's longest stay is eight months) and not."""
REQUIRED = ("employer", "positions", ("occupation", "noc_code"))
_NOC = r"(?:(?:NOC|CNP)\s*(?:20\d\d)?\s*[:#-]?\s*)?"
_FIRST = re.compile(rf"^\s*{_NOC}(\d{{1,5}})(?:\.0)?(?:\s*[-–—:,]\s*|\s+(?=[^\W\d]))(.+)$", re.S | re.I)
_LAST = re.compile(rf"^(.+?)\s*(?:[-–—:,]|\()\s*{_NOC}(\d{{4,5}})\)?\s*$", re.S | re.I)
_EDITION = re.compile(r"(?:NOC|CNP|classification|professions)\W{0,3}(?:\w+\W{1,3}){0,2}?(20\d\d)", re.I)
_LEADERS = range(10, 19)
"""The codes of NOC 2021 that lose leading zeros in a spreadsheet: 00010 to 00018."""
_QUARTER = r"(20\d\d)\s*[-_ ]?\s*[qt]([1-4])(?:\s*[-_ àt]*o?\s*[qt]([1-4]))?"
_REFUSALS = re.compile(r"negativ|négativ|non favorable|d[ée]favorable", re.I)


def read_lmia(path: Path, choices: Choices = NONE) -> Intake:
    """The approved positions of a list as vacancies in Canada, one a row.

    Cells left blank repeat the row above; title and foot-note lines are left out; a NOC code keeps its leading zero.
    Counts in the report: rows, notes, vacancies, positions. Raises `BadInput` if it is not such a file, if it lists
    negative assessments, or if neither it nor its name says the period.
    """
    sheet = open_sheet(path, "lmia", REQUIRED, what="positive LMIAs", choices=choices)
    if _REFUSALS.search(sheet.title) or re.search(r"(?i)(?<![a-z])neg", path.name):
        raise BadInput(str(path), "a list of negative assessments", "positive LMIAs, whose positions are approved")
    sheet, headings = _rows(sheet)
    report, table = sheet.report, sheet.table
    repeated = [name for name in ("province", "stream", "employer", "address") if sheet.has(name)]
    filled = {name: sheet.text(name).forward_fill() for name in repeated}
    nothing = pl.Series([None] * len(table), dtype=pl.String)
    employer, address = filled["employer"], filled.get("address", nothing)
    region = pl.Series(
        [
            province(place) or _of_address(text)
            for place, text in zip(filled.get("province", headings), address, strict=True)
        ],
        dtype=pl.String,
    )
    stream = filled.get("stream", nothing).str.strip_chars()
    codes, titles = _occupation(sheet)
    periods = _periods(sheet, path)
    isco = pl.Series([_isco(code) for code in codes], dtype=pl.String)
    farming = pl.Series([_farming(text, group) for text, group in zip(stream, isco, strict=True)], dtype=pl.Boolean)
    start = pl.Series([period and period.after for period in periods], dtype=pl.Date)
    stay = pl.Series([timedelta(days=STAYS[farm] - 1) for farm in farming], dtype=pl.Duration)
    report.assumptions.append(
        "dates: the lists have none; a job starts with the quarter after the decision and lasts "
        f"{STAYS[True]} days in agriculture, else {STAYS[False]}"
    )
    positions = sheet.read("positions", values.whole(1, 100_000), pl.Int64())
    lmias = sheet.read("lmias", values.whole(0, 100_000), pl.Int64()).cast(pl.String)
    status = sheet.text("status").str.replace_all("[:;]", ",")
    frame = pl.DataFrame(
        {
            "vacancy_id": [
                period and f"lmia-{period.label}-{row}" for period, row in zip(periods, _lines(sheet), strict=True)
            ],
            "employer_id": [
                None if name is None else "ca-" + hashlib.sha256(values.fold(name).encode()).hexdigest()[:10]
                for name in employer
            ],
            "employer": employer,
            "destination": ["CA"] * len(table),
            "region": region,
            "occupation": titles,
            "isco": isco,
            "sector": pl.select(pl.when(farming).then(pl.lit("01"))).to_series(),
            "positions": positions,
            "start": start,
            "end": start + stay,
            "currency": ["CAD"] * len(table),
            "facts": pl.DataFrame(
                {"stream": stream.str.replace_all("[:;]", ","), "noc": codes, "lmias": lmias, "status": status}
            )
            .select(
                pl.concat_str(
                    pl.lit("lmt:yes"),
                    pl.format("stream:{}", "stream"),
                    pl.format("noc:{}", "noc"),
                    pl.format("lmias:{}", "lmias"),
                    pl.format("incorporated:{}", "status"),
                    separator=";",
                    ignore_nulls=True,
                )
            )
            .to_series(),
        }
    )
    kept = pl.Series([True] * len(table))
    for lacking, expected in (
        (positions.is_null(), "one position or more"),
        (employer.is_null(), "an employer"),
        (isco.is_null() & titles.is_null(), "an occupation"),
        (start.is_null(), "a year and a quarter"),
    ):
        sheet.refuse(sheet.rows.filter(lacking & kept), employer.filter(lacking & kept), expected)
        kept &= ~lacking
    frame = conform(frame.filter(kept), VACANCIES)
    report.counts.update(vacancies=len(frame), positions=int(frame["positions"].sum()))
    return Intake(frame, report)


def _rows(sheet: Sheet) -> tuple[Sheet, pl.Series]:
    """The sheet without foot-notes, and the province whose heading stands above each row (until 2015)."""
    employer, nothing = sheet.text("employer"), sheet.text("positions").is_null()
    said = [name for name in ("occupation", "address", "positions", "noc_code") if name not in sheet.assumed]
    bare = pl.DataFrame([sheet.text(name).is_null().alias(name) for name in said]).select(pl.all_horizontal(pl.all()))
    foot = (nothing & employer.is_null()) | bare.to_series()
    above = [name for line in sheet.title.splitlines() if (name := province(line.strip(' ,;\t"')))]
    found = [province(name) if alone else None for name, alone in zip(employer, foot, strict=True)]
    found[0] = found[0] or (above[-1] if above else None)
    sheet.report.counts["notes"] = int(foot.sum())
    if foot.all():
        raise BadInput(sheet.report.source, "no employer below the header", "rows of employers and positions")
    kept = Sheet(sheet.table.filter(~foot), sheet.rows.filter(~foot), sheet.columns, sheet.report, sheet.title)
    return kept, pl.Series(found, dtype=pl.String).forward_fill().filter(~foot)


def _farming(stream: str | None, isco: str | None) -> bool:
    """Whether a job is in agriculture: by its stream, or where the list has none by its occupation."""
    return "agri" in stream.casefold() if stream else (isco or "").startswith(("61", "92"))


def _occupation(sheet: Sheet) -> tuple[pl.Series, pl.Series]:
    """NOC codes with their leading zeros, and titles, of `0631-Restaurant managers` or of columns of their own."""
    texts = sheet.text("occupation")
    parsed = [_code_and_title(text) for text in texts]
    raw = [_digits(own) or code for own, (code, _) in zip(sheet.text("noc_code"), parsed, strict=True)]
    titles = [own or title for own, (_, title) in zip(sheet.text("noc_title"), parsed, strict=True)]
    recent = _is_noc_2021(sheet, raw)
    codes = [code and code.zfill(5 if recent and int(code) in _LEADERS else 4) for code in raw]
    return pl.Series(codes, dtype=pl.String), pl.Series(titles, dtype=pl.String)


def _code_and_title(text: str | None) -> tuple[str | None, str | None]:
    if text is None or (code := _digits(text)):
        return (None if text is None else code), None
    if found := _FIRST.match(text):
        return found[1], " ".join(found[2].split())
    if found := _LAST.match(text):
        return found[2], " ".join(found[1].split())
    return None, text


def _digits(text: str | None) -> str | None:
    digits = re.sub(rf"^\s*{_NOC}", "", text or "", flags=re.I).strip().removesuffix(".0")
    return digits if digits.isdigit() and len(digits) <= 5 else None


def _is_noc_2021(sheet: Sheet, codes: list[str | None]) -> bool:
    """Whether codes have five digits (NOC 2021) or four: by most of them, else by what title and header say."""
    lengths = [len(code) for code in codes if code]
    if lengths:
        return lengths.count(5) > lengths.count(4)
    names = " ".join([sheet.title, sheet.name("occupation"), sheet.name("noc_code")])
    return "2021" in [found[1] for found in _EDITION.finditer(names)]


def _isco(code: str | None) -> str | None:
    if code is None:
        return None
    found = targets(code, "noc2021--isco08" if len(code) == 5 else "noc2011--isco08")
    return found[0][0] if found else None


def _of_address(address: str | None) -> str | None:
    found = re.search(r"[,\s]([A-Z]{2})(?:,?\s+[A-Z]\d[A-Z]|\s*$)", address or "")
    return province(found[1]) if found else None


def _lines(sheet: Sheet) -> list[str]:
    """What tells a row from the others of its quarter: its line in the source the tidy file names, else its row."""
    if sheet.has("source_line") and sheet.has("source_file"):
        parts = zip(sheet.text("source_file"), sheet.text("source_line"), sheet.rows, strict=True)
        return [f"{line or row}" if name else f"{row}" for name, line, row in parts]
    return [str(row) for row in sheet.rows]


class Period(NamedTuple):
    """What a list covers: its label in ids (`2019q4`, `2016`), and the day after its last."""

    label: str
    after: date


def _periods(sheet: Sheet, path: Path) -> list[Period | None]:
    """The period of every row: from its own columns, else of the file by its name or title."""
    if sheet.has("year") and sheet.has("quarter"):
        pairs = zip(sheet.text("year").forward_fill(), sheet.text("quarter").forward_fill(), strict=True)
        return [_quarter(year, quarter) for year, quarter in pairs]
    period = _of_name(path.name) or _of_title(sheet.title) or _of_name(path.name, whole_year=True)
    if period is None:
        raise BadInput(
            str(path),
            "neither the title nor the file's name says the period",
            "a year and quarter, as 2019Q4, in one of them, or --assume year=2019 --assume quarter=Q4",
        )
    sheet.report.add(None, "", sheet.title or path.name, f"a period; read as {period.label}", "noted")
    return [period] * len(sheet.table)


@cache
def _quarter(year: str | None, quarter: str | None) -> Period | None:
    found, part = re.search(r"20\d\d", year or ""), re.search(r"[1-4]", quarter or "")
    return Period(f"{found[0]}q{part[0]}", _after(int(found[0]), 3 * int(part[0]))) if found and part else None


def _of_name(name: str, *, whole_year: bool = False) -> Period | None:
    text = name.casefold()
    if found := re.search(_QUARTER, text):
        last = found[3] or found[2]
        return Period(f"{found[1]}q{found[2]}" + (f"q{last}" if found[3] else ""), _after(int(found[1]), 3 * int(last)))
    if found := re.search(r"[qt]([1-4])[-_ ]*(20\d\d)", text):
        return Period(f"{found[2]}q{found[1]}", _after(int(found[2]), 3 * int(found[1])))
    year = re.search(r"(?<!\d)(20[12]\d)(?!\d)", text) if whole_year else None
    return Period(year[1], _after(int(year[1]), 12)) if year else None


_ORDINALS = {
    "first|premier": 1,
    "second|deuxième|deuxieme": 2,
    "third|troisième|troisieme": 3,
    "fourth|quatrième|quatrieme": 4,
}


def _of_title(title: str) -> Period | None:
    """From a title as `... NOC 2011 ... in 2019 (October-December)`: the last month named in the last year named."""
    text = _EDITION.sub(" ", title).casefold()
    if found := _of_name(text):
        return found
    years = re.findall(r"\b(20[12]\d)\b", text)
    if not years:
        return None
    for words, number in _ORDINALS.items():
        if re.search(rf"(?:{words})\s+(?:quarter|trimestre)", text):
            return _quarter(years[-1], str(number))
    words_in = [values.fold(word) for word in re.findall(r"[^\W\d]{3,}", text)]
    named = [months()[word] for word in words_in if word in months()]
    if not named:
        return Period(years[-1], _after(int(years[-1]), 12))
    first, last = named[0], named[-1]
    if last % 3 == 0 and (last - first) == 2:
        return _quarter(years[-1], str(last // 3))
    return Period(f"{years[-1]}-{last:02}", _after(int(years[-1]), last))


def _after(year: int, month: int) -> date:
    """The first day after a month."""
    return date(year + month // 12, month % 12 + 1, 1)
