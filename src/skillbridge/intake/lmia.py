"""Canada's quarterly lists of employers with a positive labour market impact assessment, in English or French.

The lists say who may hire how many of which occupation, not when nor for what pay: the dates of a vacancy here are an
assumption (START_AFTER, STAYS) that the report states.
"""

import hashlib
import re
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake import values
from skillbridge.intake.places import province
from skillbridge.intake.report import Intake
from skillbridge.intake.sheet import Sheet, open_sheet
from skillbridge.intake.values import months
from skillbridge.tables import VACANCIES, conform
from skillbridge.taxonomies.crosswalk import targets

STAYS = {"agri": 240, "": 365}
"""Days a contract is taken to last, by a word of the stream (the seasonal programme's longest stay is eight months)."""
_CODE = re.compile(r"^\s*(\d{1,5})\s*[-–—:]\s*(.+)$", re.S)
_QUARTERS = {"1": (1, 3), "2": (4, 6), "3": (7, 9), "4": (10, 12)}


def read_lmia(path: Path) -> Intake:
    """The approved positions of a list as vacancies in Canada, one a row.

    Cells left blank repeat the row above; title and foot-note lines are left out; a NOC code keeps its leading zero.
    Counts in the report: rows, notes, vacancies, positions. Raises `BadInput` if it is not such a file, or if neither
    it nor its name says the quarter.
    """
    sheet = open_sheet(path, "lmia", ("employer", "positions", ("occupation", "noc_code")), what="positive LMIAs")
    report = sheet.report
    foot = sheet.text("positions").is_null() & sheet.text("employer").is_null()
    report.counts["notes"] = int(foot.sum())
    table = sheet.table.filter(~foot)
    sheet = Sheet(table, sheet.rows.filter(~foot), sheet.columns, report, sheet.title)
    if not len(table):
        raise BadInput(str(path), "no employer below the header", "rows of employers and positions")
    repeated = [name for name in ("province", "stream", "employer", "address") if sheet.has(name)]
    filled = {name: sheet.text(name).forward_fill() for name in repeated}
    nothing = pl.Series([None] * len(table), dtype=pl.String)
    employer, address = filled["employer"], filled.get("address", nothing)
    region = pl.Series(
        [
            province(place) or _of_address(text)
            for place, text in zip(filled.get("province", nothing), address, strict=True)
        ],
        dtype=pl.String,
    )
    stream = filled.get("stream", nothing).str.strip_chars()
    codes, titles = _occupation(sheet)
    quarters = _quarters(sheet, path)
    start = [_after(year, quarter) for year, quarter in quarters]
    end = [first + timedelta(days=_days(text) - 1) for first, text in zip(start, stream, strict=True)]
    report.assumptions.append(
        "dates: the lists have none; a job starts with the quarter after the decision and lasts "
        f"{STAYS['agri']} days in agriculture, else {STAYS['']}"
    )
    positions = sheet.read("positions", values.whole(1, 100_000), pl.Int64())
    lmias = sheet.read("lmias", values.whole(0, 100_000), pl.Int64()).cast(pl.String)
    isco = pl.Series([_isco(code) for code in codes], dtype=pl.String)
    unsure = isco.is_null() & titles.is_null()
    frame = pl.DataFrame(
        {
            "vacancy_id": [
                f"lmia-{year}q{quarter}-{row}" for (year, quarter), row in zip(quarters, _lines(sheet), strict=True)
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
            "sector": pl.Series(["01" if text and "gri" in text else None for text in stream], dtype=pl.String),
            "positions": positions,
            "start": start,
            "end": end,
            "currency": ["CAD"] * len(table),
            "facts": pl.DataFrame({"stream": stream.str.replace_all("[:;]", ","), "noc": codes, "lmias": lmias})
            .select(
                pl.concat_str(
                    pl.lit("lmt:yes"),
                    pl.format("stream:{}", "stream"),
                    pl.format("noc:{}", "noc"),
                    pl.format("lmias:{}", "lmias"),
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
        (unsure, "an occupation"),
    ):
        sheet.refuse(sheet.rows.filter(lacking & kept), employer.filter(lacking & kept), expected)
        kept &= ~lacking
    frame = conform(frame.filter(kept), VACANCIES)
    report.counts.update(vacancies=len(frame), positions=int(frame["positions"].sum()))
    return Intake(frame, report)


def _occupation(sheet: Sheet) -> tuple[pl.Series, pl.Series]:
    """NOC codes with their leading zeros, and titles, of `0631-Restaurant managers` or of columns of their own."""
    texts = sheet.text("occupation")
    parsed = [_CODE.match(text) if text else None for text in texts]
    own = sheet.text("noc_code")
    codes = [_noc(given or (found[1] if found else None)) for given, found in zip(own, parsed, strict=True)]
    titles = [
        given or (" ".join(found[2].split()) if found else text)
        for given, found, text in zip(sheet.text("noc_title"), parsed, texts, strict=True)
    ]
    return pl.Series(codes, dtype=pl.String), pl.Series(titles, dtype=pl.String)


def _noc(text: str | None) -> str | None:
    """Four digits (NOC 2011 and 2016) or five (NOC 2021): shorter ones lost their leading zeros."""
    if text is None:
        return None
    digits = text.strip().removesuffix(".0")
    return digits.zfill(4) if digits.isdigit() else None


def _isco(code: str | None) -> str | None:
    if code is None:
        return None
    found = targets(code, "noc2021--isco08" if len(code) == 5 else "noc2011--isco08")
    return found[0][0] if found else None


def _of_address(address: str | None) -> str | None:
    found = re.search(r",\s*([A-Z]{2})\b(?:\s+[A-Z]\d[A-Z])?", address or "")
    return province(found[1]) if found else None


def _lines(sheet: Sheet) -> list[str]:
    """What tells a row from the others of its quarter: its line in the source the tidy file names, else its row."""
    if sheet.has("source_line") and sheet.has("source_file"):
        parts = zip(sheet.text("source_file"), sheet.text("source_line"), sheet.rows, strict=True)
        return [f"{line or row}" if name else f"{row}" for name, line, row in parts]
    return [str(row) for row in sheet.rows]


def _quarters(sheet: Sheet, path: Path) -> list[tuple[int, str]]:
    """(year, quarter) of every row: from its own columns, else of the file by its title or name."""
    if sheet.has("year") and sheet.has("quarter"):
        pairs = [
            (re.search(r"\d{4}", year or ""), re.search(r"[1-4]", quarter or ""))
            for year, quarter in zip(sheet.text("year"), sheet.text("quarter"), strict=True)
        ]
        if all(year and quarter for year, quarter in pairs):
            return [(int(year[0]), quarter[0]) for year, quarter in pairs if year and quarter]
    found = re.search(r"(20\d\d)\s*[-_ ]?\s*[qt]([1-4])", path.name.casefold()) or re.search(
        r"(20\d\d)\s*[-_ ]?\s*[qt]([1-4])", sheet.title.casefold()
    )
    if found:
        return [(int(found[1]), found[2])] * len(sheet.table)
    year = re.search(r"\b(20\d\d)\s*\(?|\(?\b(20\d\d)\b", sheet.title)
    named = [
        number
        for word in re.findall(r"[^\W\d]+", sheet.title.casefold())
        if (number := months().get(values.fold(word)))
    ]
    spans = [quarter for quarter, (first, last) in _QUARTERS.items() if first in named and last in named]
    if year and spans:
        return [(int(year[1] or year[2]), spans[-1])] * len(sheet.table)
    raise BadInput(str(path), "neither the title nor the file's name says the quarter", "a year and quarter, as 2019Q4")


def _after(year: int, quarter: str) -> date:
    last = _QUARTERS[quarter][1]
    return date(year + last // 12, last % 12 + 1, 1)


def _days(stream: str | None) -> int:
    text = (stream or "").casefold()
    return next(days for word, days in STAYS.items() if word in text)
