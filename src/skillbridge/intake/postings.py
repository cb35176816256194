"""Adverts as vacancies: schema.org JobPosting (JSON-LD, also inside a web page), JSON Resume's job schema and HR-XML.

An advert names a job more often than a contract: where it gives no first or last day, OPEN_DAYS after the day it does
give are taken, and the report says so. Contacts and free text are left out.
"""

import hashlib
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake import abilities, fields, values
from skillbridge.intake.documents import Draft, Tree, at, every, phrases, pseudonym, read_json, read_xml, words_of
from skillbridge.intake.money import hourly
from skillbridge.intake.places import country, us_state
from skillbridge.intake.report import Intake, IntakeReport
from skillbridge.tables import VACANCIES, conform
from skillbridge.taxonomies.crosswalk import targets

OPEN_DAYS = 365
"""Days that a job without a last day is taken to last."""


def read_jobposting(path: Path) -> Intake:
    """The vacancies of schema.org JobPostings, or of documents in JSON Resume's job schema.

    Counts in the report: rows (postings), vacancies, positions. Raises `BadInput` if the file holds none.
    """
    documents = [tree for tree in read_json(path) if "JobPosting" in every(tree.get("@type")) or _is_job_schema(tree)]
    if not documents:
        raise BadInput(str(path), "no JobPosting", 'an object with "@type": "JobPosting"')
    return _intake(path, documents, lambda tree, advert: _jobposting(_as_posting(tree), advert))


def read_hrxml(path: Path) -> Intake:
    """The vacancies of HR-XML 3 PositionOpenings, as EURES exchanges them.

    Counts in the report: rows (openings), vacancies, positions. Raises `BadInput` if it is not such a document.
    """
    name, tree = read_xml(path)
    documents = [tree] if name == "PositionOpening" else [one for one in every(tree.get("PositionOpening")) if at(one)]
    if not documents:
        raise BadInput(str(path), f"a document of {name}", "an HR-XML PositionOpening")
    return _intake(path, documents, _opening)


def _intake(path: Path, documents: list[Tree], read: Any) -> Intake:
    report = IntakeReport(str(path), counts={"rows": len(documents)})
    rows = []
    needed = (
        ("occupation", "a job title or occupation"),
        ("destination", "a country"),
        ("positions", "one position or more"),
        ("start", "a date: of the start, the posting or its end"),
    )
    for number, document in enumerate(documents, 1):
        advert = Draft(number, report)
        advert.cells["vacancy_id"] = pseudonym("job", document)
        read(document, advert)
        shown = advert.cells["vacancy_id"]
        lacking = next((expected for name, expected in needed if not advert.cells.get(name)), None)
        if lacking:
            report.add(number, "", shown, lacking, "refused")
        else:
            rows.append(advert.cells)
    schema = {name: kind for name, kind in VACANCIES.items() if any(name in row for row in rows)}
    frame = conform(pl.DataFrame(rows, schema=schema), VACANCIES) if rows else pl.DataFrame(schema=VACANCIES)
    report.counts.update(vacancies=len(frame), positions=int(frame["positions"].sum()))
    return Intake(frame, report)


# schema.org --------------------------------------------------------------------------------------------------------


def _is_job_schema(tree: Tree) -> bool:
    return "@type" not in tree and "title" in tree and ("company" in tree or "responsibilities" in tree)


def _as_posting(tree: Tree) -> Tree:
    """A document of JSON Resume's job schema in schema.org's names."""
    if "@type" in tree:
        return tree
    place = tree.get("location")
    address = {"addressCountry": at(place, "countryCode"), "addressRegion": at(place, "region")}
    skills = [
        text for skill in every(tree.get("skills")) for text in [words_of(skill, "name"), *every(at(skill, "keywords"))]
    ]
    day = str(tree.get("date") or "")
    return {
        "title": tree.get("title"),
        "hiringOrganization": {"name": tree.get("company")},
        "jobLocation": {"address": address},
        "baseSalary": tree.get("salary"),
        "datePosted": f"{day}-01" if re.fullmatch(r"\d{4}-\d{2}", day) else day,
        "skills": skills,
        "educationRequirements": next(
            (q for q in every(tree.get("qualifications")) if "degree" in str(q).casefold()), None
        ),
        "experienceRequirements": next(
            (q for q in every(tree.get("qualifications")) if "year" in str(q).casefold()), None
        ),
    }


def _jobposting(tree: Tree, advert: Draft) -> None:
    cells = advert.cells
    cells["occupation"] = words_of(tree.get("title"), "name", "@value") or words_of(
        tree.get("relevantOccupation"), "name"
    )
    address = at(tree, "jobLocation", "address")
    place = words_of(at(address, "addressCountry") or at(tree, "applicantLocationRequirements"), "name", "identifier")
    cells["destination"] = advert.read("jobLocation.address.addressCountry", place, country)
    cells["region"] = words_of(at(address, "addressRegion"), "name")
    pay, code = _salary(tree)
    state = us_state(cells["region"]).value
    if cells["destination"] is None and place is None and code == "USD" and state:
        cells["destination"], cells["region"] = "US", state
        advert.note("jobLocation.address.addressCountry", None, "a country; US by its state and currency", "changed")
    elif cells["destination"] == "US":
        cells["region"] = state or cells["region"]
    employer = tree.get("hiringOrganization") or tree.get("employmentUnit")
    cells["employer"] = words_of(employer, "legalName", "name")
    _employer(cells["employer"], words_of(employer, "@id"), advert)
    cells["positions"] = _positions(
        advert.read("totalJobOpenings", words_of(tree.get("totalJobOpenings")), values.whole(1, 100_000)),
        tree.get("totalJobOpenings"),
        advert,
    )
    given = {name: _day(tree.get(name), name, advert) for name in ("jobStartDate", "validThrough", "datePosted")}
    _dates(given, None, advert)
    hours = re.search(r"(\d+(?:[.,]\d+)?)\s*(?:hours?|hrs?|h)\b", words_of(tree.get("workHours")) or "", re.I)
    cells["hours_week"] = advert.read("workHours", hours[1] if hours else None, values.measure(0, 168))
    if code is None and pay is not None and cells["destination"]:
        code = fields.national(cells["destination"], cells.get("start"))
    _wage(pay, code, advert)
    cells["isco"] = _category(tree, advert)
    industry = words_of(tree.get("industry"), "termCode", "name")
    cells["sector"] = fields.sector(industry).value
    cells["skills"] = ";".join(dict.fromkeys(_skills(tree))) or None
    months = words_of(at(tree, "experienceRequirements", "monthsOfExperience"))
    cells["experience_months"] = _experience(months, words_of(tree.get("experienceRequirements")), advert)
    needs = at(tree, "educationRequirements")
    cells["education"] = _level(words_of(needs, "credentialCategory", "name"), "educationRequirements", advert)


def _salary(tree: Tree) -> tuple[tuple[str, str | None] | None, str | None]:
    """((amount, unit), currency) of `baseSalary` or `estimatedSalary`, whether a text or a MonetaryAmount."""
    pay = tree.get("baseSalary") or tree.get("estimatedSalary")
    code = words_of(at(pay, "currency")) or words_of(tree.get("salaryCurrency"))
    value = at(pay, "value") if isinstance(pay, dict | list) else pay
    amount = (
        words_of(value, "value", "minValue", "median", "maxValue") if value is not None else words_of(pay, "minValue")
    )
    unit = words_of(at(value, "unitText")) or words_of(at(pay, "unitText")) or words_of(at(value, "duration"))
    return ((amount, {"P1Y": "year", "P1M": "month"}.get(unit or "", unit)) if amount else None), code


def _wage(pay: tuple[str, str | None] | None, code: str | None, advert: Draft) -> None:
    if pay is None:
        return
    known = fields.currency(code).value
    if known is None:
        advert.note("baseSalary", f"{pay[0]} {code or ''}", "an amount with its currency", "refused")
        return
    wage = hourly(pay[0], pay[1], advert.cells.get("hours_week"), known)
    if wage.note:
        shown = " ".join(str(part) for part in (*pay, known) if part)
        advert.note("baseSalary", shown, wage.note, "changed" if wage.minor is not None else "refused")
    advert.cells["wage"] = wage.minor
    advert.cells["currency"] = known


def _category(tree: Tree, advert: Draft) -> str | None:
    """ISCO from `occupationalCategory`: ISCO, ESCO or O*NET-SOC codes, as text or as a CategoryCode."""
    for entry in every(tree.get("occupationalCategory")):
        text = words_of(entry, "codeValue", "termCode", "name", "@id")
        if text is None:
            continue
        if soc := re.match(r"^\s*(\d{2}-\d{4})(?:\.\d{2})?", text):
            if found_soc := targets(soc[1], "soc2010--isco08"):
                return found_soc[0][0]
        elif found := re.search(r"(?:isco(?:-?08)?\D{0,3}|/isco/C|^)(\d{4})\b", text, re.I):
            return found[1]
        advert.note("occupationalCategory", text, "an ISCO-08 or O*NET-SOC code", "noted")
    return None


def _skills(tree: Tree) -> list[str]:
    found: list[str] = []
    for skill in every(tree.get("skills")):
        if isinstance(skill, dict):
            text = words_of(skill, "name", "description", "termCode")
            found.extend([text.replace(";", ",")] if text else [])
        else:
            parts = phrases(skill)
            short = len(parts) == 1 and "," in parts[0] and max(len(part.split()) for part in parts[0].split(",")) <= 4
            found.extend([part.strip() for part in parts[0].split(",") if part.strip()] if short else parts)
    return found


# HR-XML ------------------------------------------------------------------------------------------------------------


def _opening(tree: Tree, advert: Draft) -> None:
    cells, profile = advert.cells, at(tree, "PositionProfile")
    identity = words_of(tree.get("DocumentID"))
    if identity:
        cells["vacancy_id"] = identity
    cells["occupation"] = words_of(at(profile, "PositionTitle"))
    address = at(profile, "PositionLocation", "Address")
    cells["destination"] = advert.read("CountryCode", words_of(at(address, "CountryCode")), country)
    cells["region"] = words_of(at(address, "CountrySubDivisionCode"))
    organisation = at(profile, "PositionOrganization")
    identifiers = at(organisation, "OrganizationIdentifiers")
    cells["employer"] = words_of(at(identifiers, "OrganizationName"))
    _employer(cells["employer"], words_of(at(identifiers, "OrganizationLegalID")), advert)
    cells["sector"] = advert.read("IndustryCode", words_of(at(organisation, "IndustryCode")), _nace)
    count = words_of(at(profile, "PositionOpenQuantity"))
    cells["positions"] = _positions(advert.read("PositionOpenQuantity", count, values.whole(1, 100_000)), count, advert)
    for entry in every(at(profile, "JobCategoryCode")):
        if "isco" in str(at(entry, "@listName") or at(entry, "@listURI") or "isco").casefold():
            cells["isco"] = advert.read("JobCategoryCode", words_of(entry), fields.isco)
    period = at(profile, "PositionPeriod")
    given = {
        "StartDate": _day(at(period, "StartDate"), "StartDate", advert),
        "ApplicationCloseDate": _day(at(profile, "ApplicationCloseDate"), "ApplicationCloseDate", advert),
        "validFrom": _day(tree.get("@validFrom"), "validFrom", advert),
    }
    _dates(given, _day(at(period, "EndDate"), "EndDate", advert), advert)
    hours = words_of(at(profile, "PositionScheduleTypeCode", "@hoursPerWeek") or at(profile, "WorkingHoursQuantity"))
    cells["hours_week"] = advert.read("WorkingHoursQuantity", hours, values.measure(0, 168))
    tongues = [words_of(code) for code in every(at(profile, "WorkingLanguageCode"))]
    cells["languages"] = advert.read("WorkingLanguageCode", ";".join(t for t in tongues if t) or None, _spoken)
    needs = at(profile, "PositionQualifications")
    months = 0
    for entry in every(at(needs, "ExperienceSummary", "ExperienceCategory")):
        amount, unit = words_of(at(entry, "Measure")), str(at(entry, "Measure", "@unitCode") or "month").casefold()
        count_of = values.number(amount) if amount else None
        if count_of is not None and 0 <= count_of <= 960:
            months = max(months, round(count_of * (12 if unit.startswith("y") else 1)))
    cells["experience_months"] = months
    level = at(needs, "EducationRequirement", "EducationLevelCode") or at(
        needs, "EducationRequirement", "RequiredEducationLevelCode"
    )
    cells["education"] = _level(words_of(level), "EducationLevelCode", advert)
    skills = [
        words_of(at(one, "CompetencyName")) or words_of(at(one, "CompetencyID"))
        for one in every(at(needs, "PositionCompetency"))
    ]
    cells["skills"] = ";".join(text.replace(";", ",") for text in skills if text) or None


def _nace(text: str | None) -> values.Reading:
    """The ISIC division or group of a NACE code `C33.1.7`, `33.17`: both classifications agree to three digits."""
    if text is None or values.blank(text):
        return values.Reading()
    digits = re.sub(r"\D", "", text)[:3]
    return values.Reading(digits) if len(digits) >= 2 else fields.sector(text)


def _spoken(text: str | None) -> values.Reading:
    """Working languages: an advert gives no level, so the least is asked and said."""
    return abilities.languages(text.lower() if text else None)


# both --------------------------------------------------------------------------------------------------------------


def _employer(name: str | None, legal: str | None, advert: Draft) -> None:
    key = legal or name
    if key is None:
        advert.note("employer", None, "an employer; the advert stands for its own", "noted")
        advert.cells["employer_id"] = advert.cells["vacancy_id"]
        return
    advert.cells["employer_id"] = "e-" + hashlib.sha256(values.fold(key).encode()).hexdigest()[:10]


def _positions(found: Any, given: Any, advert: Draft) -> Any:
    if given is None:
        advert.note("positions", None, "a number of positions; none stated, read as 1", "changed")
        return 1
    return found


def _day(value: Any, column: str, advert: Draft) -> date | None:
    text = words_of(value, "DateText", "Date", "@value")
    if text is None or text.casefold() == "na":
        return None
    reading = values.day(True, years=(1990, 2060))(text)
    if reading.expected:
        advert.note(column, text, reading.expected, reading.action)
    return reading.value  # type: ignore[no-any-return]


def _dates(given: dict[str, date | None], end: date | None, advert: Draft) -> None:
    """The first day: the first of `given` that is there; the last one: stated, or OPEN_DAYS after the first."""
    names = list(given)
    chosen = next((name for name in names if given[name]), None)
    start = given[chosen] if chosen else None
    if start is None:
        return
    if chosen != names[0]:
        advert.note(names[0], None, f"a first day; none stated, read as {start} ({chosen})", "changed")
    if end is not None and end < start:
        advert.note("end", f"{start} to {end}", "a last day after the first", "refused")
        end = None
    if end is None:
        end = start + timedelta(days=OPEN_DAYS - 1)
        advert.note("end", None, f"a last day; none stated, read as {end}", "changed")
    advert.cells.update(start=start, end=end)


def _experience(months: str | None, text: str | None, advert: Draft) -> int:
    if months is not None:
        return int(advert.read("experienceRequirements", months, values.whole(0, 960)) or 0)
    found = re.search(r"(\d+)\s*\+?\s*(year|month|an\b|ans\b|mois|año|mes)", text or "", re.I)
    if not found:
        return 0
    count = int(found[1]) * (1 if found[2].casefold() in ("month", "mois", "mes") else 12)
    if count > 960:
        return 0
    advert.note("experienceRequirements", text, f"months of experience; read as {count}", "changed")
    return count


def _level(text: str | None, column: str, advert: Draft) -> int | None:
    if text is None:
        return None
    reading = abilities.education(text)
    if reading.expected:
        advert.note(column, text, reading.expected, reading.action)
    return reading.value  # type: ignore[no-any-return]
