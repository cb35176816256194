"""Lists of vacancies, as employers and operators send them, in any layout and several languages."""

import hashlib
import re
from pathlib import Path

import polars as pl

from skillbridge.intake import fields, spans, values
from skillbridge.intake.abilities import education
from skillbridge.intake.headers import NONE, Choices
from skillbridge.intake.money import unit_of
from skillbridge.intake.places import country
from skillbridge.intake.report import Intake
from skillbridge.intake.sheet import Sheet, open_sheet
from skillbridge.intake.values import Reading
from skillbridge.tables import VACANCIES, conform

REQUIRED = (
    ("employer_id", "employer"),
    "destination",
    "positions",
    ("start", "period"),
    ("end", "period", "duration"),
    ("occupation", "isco", "concept", "crop"),
)


def read_vacancies(path: Path, choices: Choices = NONE) -> Intake:
    """The vacancies of a table file (CSV, XLSX, ODS, JSON or Parquet, by content).

    A row without employer, destination, positions (1 to 100,000), dates in order or any occupation is refused with its
    reason, and so is one whose facts or beds cannot be understood, as they protect people; any other such cell is
    refused alone. Contacts are left out. `choices` names columns and states what the file does not hold. Counts in the
    report: rows, vacancies, positions. Raises `BadInput` for an unusable file or a missing column.
    """
    sheet = open_sheet(path, "vacancies", REQUIRED, what="vacancies", choices=choices)
    rows = sheet.rows
    destination = sheet.read("destination", country, pl.String())
    start, end, applied = _dates(sheet, destination)
    hours = _hours(sheet)
    local = pl.Series(map(fields.national, destination, start), dtype=pl.String)
    stated, codes = fields.currencies(sheet, local)
    wage, currency = fields.money(sheet, "wage", codes, hours)
    if (sheet.text("currency").is_null() & wage.is_not_null()).any():
        sheet.report.assumptions.append("wages without a currency are in the destination's currency")
    occupation = _occupation(sheet)
    isco = sheet.read("isco", fields.isco, pl.String())
    concept = sheet.read("concept", fields.concept, pl.String())
    employer = sheet.text("employer")
    made = pl.Series(
        [_employer_id(name, place) for name, place in zip(employer, destination, strict=True)], dtype=pl.String
    )
    positions = sheet.read("positions", values.whole(1, 100_000, words=True), pl.Int64())
    frame = pl.DataFrame(
        {
            "vacancy_id": sheet.text("vacancy_id") if sheet.has("vacancy_id") else sheet.own_ids("v"),
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
            "currency": currency.fill_null(stated),
            "languages": fields.spoken(sheet, alone=False),
            "experience_months": _experience(sheet),
            "education": sheet.read("education", education, pl.Int64()),
            "licences": fields.licences(sheet),
            "beds": sheet.read("beds", values.whole(0, 100_000, words=True), pl.Int64()),
            "site_id": sheet.text("site_id"),
            "channel": sheet.text("channel"),
            "operator": sheet.text("operator"),
            "named_workers": sheet.read("named_workers", fields.listed(sheet.text("named_workers")), pl.String()),
            "partnership": sheet.text("partnership"),
            "applied_on": applied,
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


def _occupation(sheet: Sheet) -> pl.Series:
    """The words for the job, with the crop behind them where a column of its own names it and they do not."""
    title, crop = sheet.text("occupation"), sheet.text("crop")
    if not sheet.has("crop"):
        return title
    sheet.report.assumptions.append(f"occupation: what {sheet.name('crop')} says is added to the words for the job")
    return pl.Series([_joined(*both) for both in zip(title, crop, strict=True)], dtype=pl.String)


def _joined(title: str | None, crop: str | None) -> str | None:
    if title is None or crop is None or values.fold(crop) in values.fold(title):
        return title or crop
    return f"{title}, {crop}"


def _dates(sheet: Sheet, destination: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """(first day, last day, day of the application): of their own columns, else of a period or a length of stay."""
    dated = [sheet.text(name) for name in ("start", "end", "applied_on", "period")]
    us = (destination == "US").mean() or 0.0
    first, proved = values.day_first(dated, default=float(us) < 0.5)  # type: ignore[arg-type]
    if not proved and any(column.str.contains(r"^\d{1,2}[-/]\d{1,2}[-/]\d{2,4}").any() for column in dated):
        order = "day/month/year" if first else "month/day/year"
        sheet.report.assumptions.append(f"dates like 03/04/2026 are {order}: no date of the file shows which")
    span = (1990, 2060)
    start = sheet.read("start", values.day(first, years=span), pl.Date())
    end = sheet.read("end", values.day(first, years=span, last=True), pl.Date())
    applied = sheet.read("applied_on", values.day(first, years=span), pl.Date())
    if sheet.has("period"):
        years = sheet.text("year") if sheet.has("year") else sheet.titled_year()
        missing = start.is_null() | end.is_null()
        texts = pl.select(pl.when(missing).then(sheet.text("period"))).to_series()
        both = sheet.combine([texts, years], "period", spans.period(first), pl.List(pl.Date))
        start = start.fill_null(both.list.get(0, null_on_oob=True))
        end = end.fill_null(both.list.get(1, null_on_oob=True))
    if sheet.has("duration"):
        lacking = pl.select(pl.when(end.is_null()).then(sheet.text("duration"))).to_series()
        end = end.fill_null(
            sheet.combine([lacking, start], "duration", spans.length(sheet.name("duration")), pl.Date())
        )
    return start, end, applied


def _hours(sheet: Sheet) -> pl.Series:
    """Hours a week: stated, or the hours of a day times the days of a week."""
    mark = values.decimal_mark(sheet.text("hours_week"))

    def week(text: str | None) -> Reading:
        if clock := re.fullmatch(r"\s*(\d{1,3})\s*[h:]\s*([0-5]\d)\s*(?:min)?\s*", text or "", re.I):
            return values.measure(0, 168)(f"{int(clock[1]) + int(clock[2]) / 60:.2f}")
        lone = values.lone_number(text) if text else None
        if text is None or lone is None or lone == text.strip():
            return values.measure(0, 168, decimal=mark)(text)
        if unit_of(text.casefold().replace("hours", "").replace("hrs", "")) in ("day", "month", "year"):
            return Reading(None, "hours a week, not of another time", "refused")
        found = values.measure(0, 168, decimal=mark)(lone)
        return found if found.expected else Reading(found.value, f"hours a week; read as {found.value:g}", "changed")

    def product(hours: str | None, days: str | None) -> Reading:
        a, b = values.measure(0, 24)(hours), values.measure(0, 7)(days)
        if a.value is None or b.value is None:
            return a if a.expected else b
        return Reading(a.value * b.value, f"hours a week; read as {a.value * b.value:g}", "changed")

    stated = sheet.read("hours_week", week, pl.Float64())
    if not (sheet.has("hours_day") and sheet.has("days_week")):
        return stated
    made = sheet.combine([sheet.text("hours_day"), sheet.text("days_week")], "hours_day", product, pl.Float64())
    return stated.fill_null(made)


def _experience(sheet: Sheet) -> pl.Series:
    """Months asked for; a number is in the unit that it or the header names, else in months, which the report says."""
    name, cells = sheet.name("experience_months"), sheet.text("experience_months")
    if unit_of(name) is None and cells.str.contains(r"^\s*[1-9]\d*\s*$").any():
        sheet.report.assumptions.append(f"{name}: numbers without a unit are months")
    return sheet.read("experience_months", spans.experience(name, "month"), pl.Int64()).fill_null(0)
