"""Lists of workers, as ministries and labour-sending units keep them, in any layout and several languages."""

from pathlib import Path

import polars as pl

from skillbridge.intake import fields, spans, values
from skillbridge.intake.abilities import education
from skillbridge.intake.headers import NONE, Choices
from skillbridge.intake.places import country
from skillbridge.intake.report import Intake
from skillbridge.intake.sheet import Sheet, open_sheet
from skillbridge.tables import WORKERS, conform

REQUIRED = ("origin", ("occupation", "isco", "concept"))
WORKING_AGE = (1920, 2100)
"""Birth years that can be a worker's."""

PROTECTS = ("past", "preferences", "consent", "facts")
"""Fields without which someone might be placed where no rule or no wish of theirs allows: left out until they are
right."""


def read_workers(path: Path, choices: Choices = NONE) -> Intake:
    """The workers of a table file (CSV, XLSX or Parquet, by content).

    A row without an id, an origin or any occupation, with an id already read, or with past stays, wishes, consent or
    facts that cannot be understood is refused; any other such cell is refused alone. Names, documents, contacts and
    what must never be stored are left out. Counts in the report: rows, workers. Raises `BadInput` for an unusable file
    or a missing column.
    """
    sheet = open_sheet(path, "workers", REQUIRED, what="workers", choices=choices)
    rows = sheet.rows
    origin = sheet.read("origin", country, pl.String())
    occupation = sheet.text("occupation")
    isco = sheet.read("isco", fields.isco, pl.String())
    concept = sheet.read("concept", fields.concept, pl.String())
    start, end = _availability(sheet)
    floor, currency = fields.money(
        sheet,
        "wage_floor",
        sheet.read("currency", fields.currency, pl.String()),
        pl.Series([None] * len(rows), dtype=pl.Float64),
    )
    frame = pl.DataFrame(
        {
            "worker_id": sheet.text("worker_id") if sheet.has("worker_id") else sheet.own_ids("w"),
            "origin": origin,
            "region": sheet.text("region"),
            "birth_year": _birth_year(sheet),
            "sex": sheet.read("sex", values.sex, pl.String()),
            "occupation": occupation,
            "concept": concept,
            "isco": isco,
            "experience_months": _experience(sheet),
            "skills": sheet.read("skills", fields.listed(sheet.text("skills")), pl.String()),
            "languages": fields.spoken(sheet, alone=True),
            "education": sheet.read("education", education, pl.Int64()),
            "licences": fields.licences(sheet),
            "available_from": start,
            "available_to": end,
            "wage_floor": floor,
            "currency": currency,
            "preferences": sheet.read("preferences", fields.preferences, pl.String()),
            "group_id": sheet.text("group_id"),
            "past": sheet.read("past", fields.past, pl.String()),
            "waiting_since": _days(sheet, ["waiting_since"])[0],
            "consent": sheet.read("consent", values.truth, pl.Boolean()),
            "facts": sheet.read("facts", fields.facts, pl.String()),
        }
    )
    kept = fields.refuse_repeats(sheet, frame["worker_id"], "worker")
    for lacking, expected in (
        (origin.is_null(), "a country of origin"),
        (occupation.is_null() & isco.is_null() & concept.is_null(), "an occupation"),
        (sheet.unread(PROTECTS), "no doubt about what protects the person: the cells refused in this row"),
    ):
        sheet.refuse(rows.filter(lacking & kept), frame["worker_id"].filter(lacking & kept), expected)
        kept &= ~lacking
    frame = conform(frame.filter(kept), WORKERS)
    sheet.report.counts["workers"] = len(frame)
    return Intake(frame, sheet.report)


def _days(sheet: Sheet, names: list[str], *, years: tuple[int, int] = (1990, 2060)) -> list[pl.Series]:
    """Date columns read alike: 03/04/2026 is the 3rd of April unless a date of the file proves otherwise."""
    dated = ["available_from", "available_to", "waiting_since", "birth_date"]
    first, proved = values.day_first([sheet.text(name) for name in dated if sheet.has(name)], default=True)
    doubt = any(
        sheet.text(name).str.contains(r"^\d{1,2}[-/]\d{1,2}[-/]\d{2,4}").any() for name in names if sheet.has(name)
    )
    text = "dates like 03/04/2026 are day/month/year: no date of the file shows which"
    if doubt and not proved and text not in sheet.report.assumptions:
        sheet.report.assumptions.append(text)
    return [sheet.read(name, values.day(first, years=years), pl.Date()) for name in names]


def _availability(sheet: Sheet) -> tuple[pl.Series, pl.Series]:
    start, end = _days(sheet, ["available_from", "available_to"])
    turned = (end < start).fill_null(False)
    for row, begin, stop in zip(sheet.rows.filter(turned), start.filter(turned), end.filter(turned), strict=True):
        sheet.report.add(row, sheet.name("available_to"), f"{begin} to {stop}", "a last day after the first", "refused")
    nothing = pl.Series([None], dtype=pl.Date)
    return start.zip_with(~turned, nothing.new_from_index(0, len(start))), end.zip_with(
        ~turned, nothing.new_from_index(0, len(end))
    )


def _birth_year(sheet: Sheet) -> pl.Series:
    """From the year, the date (only its year is kept) or, last, nothing: an age without its date is not kept."""
    low, high = WORKING_AGE
    year = sheet.read("birth_year", values.whole(low, high), pl.Int64())
    if sheet.has("birth_date"):
        born = _days(sheet, ["birth_date"], years=WORKING_AGE)[0].dt.year().cast(pl.Int64)
        sheet.report.columns[sheet.name("birth_date")] = "birth_year (the year only)"
        year = year.fill_null(born)
    if sheet.has("age"):
        sheet.report.columns[sheet.name("age")] = "not used: the year of birth is needed, an age has no date"
    return year


def _experience(sheet: Sheet) -> pl.Series:
    """Months, from a column of months or of years (`3`, `3,5`, `2 years 6 months`); 0 where neither says any."""
    months = sheet.read("experience_months", spans.experience(sheet.name("experience_months"), "month"), pl.Int64())
    years = sheet.read("experience_years", spans.experience(sheet.name("experience_years"), "year"), pl.Int64())
    return months.fill_null(years).fill_null(0)
