"""Lists of vacancies, as employers and operators send them, in any layout and several languages."""

import hashlib
from pathlib import Path

import polars as pl

from skillbridge.intake import fields, values
from skillbridge.intake.abilities import education, languages
from skillbridge.intake.headers import NONE, Choices
from skillbridge.intake.places import country
from skillbridge.intake.report import Intake
from skillbridge.intake.sheet import open_sheet
from skillbridge.tables import VACANCIES, conform

REQUIRED = (
    "vacancy_id",
    ("employer_id", "employer"),
    "destination",
    "positions",
    "start",
    "end",
    ("occupation", "isco", "concept"),
)


def read_vacancies(path: Path, choices: Choices = NONE) -> Intake:
    """The vacancies of a table file (CSV, XLSX or Parquet, by content).

    A row without id, employer, destination, positions (1 to 100,000), dates in order or any occupation is refused with
    its reason, and so is one whose facts or beds cannot be understood, as they protect people; any other such cell is
    refused alone. Contacts are left out. Counts in the report: rows, vacancies, positions. Raises `BadInput` for an
    unusable file or a missing column.
    """
    sheet = open_sheet(path, "vacancies", REQUIRED, what="vacancies", choices=choices)
    rows = sheet.rows
    destination = sheet.read("destination", country, pl.String())
    dated = [sheet.text(name) for name in ("start", "end", "applied_on")]
    us = (destination == "US").mean() or 0.0
    first, proved = values.day_first(dated, default=float(us) < 0.5)  # type: ignore[arg-type]
    if not proved and any(column.str.contains(r"^\d{1,2}[-/]\d{1,2}[-/]\d{2,4}").any() for column in dated):
        order = "day/month/year" if first else "month/day/year"
        sheet.report.assumptions.append(f"dates like 03/04/2026 are {order}: no date of the file shows which")
    start, end = (sheet.read(name, values.day(first, years=(1990, 2060)), pl.Date()) for name in ("start", "end"))
    hours = sheet.read(
        "hours_week", values.measure(0, 168, decimal=values.decimal_mark(sheet.text("hours_week"))), pl.Float64()
    )
    codes = sheet.read("currency", fields.currency, pl.String())
    local = pl.Series([fields.national(code) for code in destination], dtype=pl.String)
    wage, currency = fields.money(sheet, "wage", codes.fill_null(local), hours)
    if (codes.is_null() & wage.is_not_null()).any() and not sheet.has("currency"):
        sheet.report.assumptions.append("wages without a currency are in the destination's currency")
    occupation = sheet.text("occupation")
    isco = sheet.read("isco", fields.isco, pl.String())
    concept = sheet.read("concept", fields.concept, pl.String())
    employer = sheet.text("employer")
    made = pl.Series(
        [_employer_id(name, place) for name, place in zip(employer, destination, strict=True)], dtype=pl.String
    )
    positions = sheet.read("positions", values.whole(1, 100_000), pl.Int64())
    frame = pl.DataFrame(
        {
            "vacancy_id": sheet.text("vacancy_id"),
            "employer_id": sheet.text("employer_id").fill_null(made),
            "employer": employer,
            "destination": destination,
            "region": sheet.text("region"),
            "occupation": occupation,
            "concept": concept,
            "isco": isco,
            "sector": sheet.read("sector", fields.sector, pl.String()),
            "skills": sheet.read("skills", fields.listed(sheet.text("skills")), pl.String()),
            "positions": positions,
            "start": start,
            "end": end,
            "hours_week": hours,
            "wage": wage,
            "currency": currency.fill_null(codes),
            "languages": sheet.read("languages", languages, pl.String()),
            "experience_months": sheet.read("experience_months", values.whole(0, 960), pl.Int64()).fill_null(0),
            "education": sheet.read("education", education, pl.Int64()),
            "licences": sheet.read("licences", fields.listed(sheet.text("licences")), pl.String()),
            "beds": sheet.read("beds", values.whole(0, 100_000), pl.Int64()),
            "site_id": sheet.text("site_id"),
            "channel": sheet.text("channel"),
            "operator": sheet.text("operator"),
            "named_workers": sheet.read("named_workers", fields.listed(sheet.text("named_workers")), pl.String()),
            "partnership": sheet.text("partnership"),
            "applied_on": sheet.read("applied_on", values.day(first, years=(1990, 2060)), pl.Date()),
            "facts": sheet.read("facts", fields.facts, pl.String()),
        }
    )
    kept = fields.refuse_repeats(sheet, frame["vacancy_id"], "vacancy")
    for lacking, expected in (
        (destination.is_null(), "a destination country"),
        (frame["employer_id"].is_null(), "an employer"),
        (positions.is_null(), "one position or more"),
        (start.is_null() | end.is_null(), "a first and a last day"),
        ((end < start).fill_null(False), "a last day after the first"),
        (occupation.is_null() & isco.is_null() & concept.is_null(), "an occupation"),
        (sheet.unread(("facts", "beds", "applied_on")), "no doubt about what protects workers: the cells refused here"),
    ):
        sheet.refuse(rows.filter(lacking & kept), frame["vacancy_id"].filter(lacking & kept), expected)
        kept &= ~lacking
    frame = conform(frame.filter(kept), VACANCIES)
    sheet.report.counts.update(vacancies=len(frame), positions=int(frame["positions"].sum()))
    return Intake(frame, sheet.report)


def _employer_id(name: str | None, place: str | None) -> str | None:
    """A stable id where a file has names only; it does not show the name."""
    if name is None:
        return None
    return "e-" + hashlib.sha256(f"{values.fold(name)}|{place or ''}".encode()).hexdigest()[:10]
