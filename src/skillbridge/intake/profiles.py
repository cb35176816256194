"""CVs as workers: Europass 3.3 and 3.4 (XML and JSON) and JSON Resume.

Kept: occupation, months of experience, skills, languages with CEFR level, education, licences, year of birth, sex and
origin. Names, contacts, photos, employers and anything else stay out. The worker's id is a pseudonym of the content.
"""

from pathlib import Path
from typing import Any

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.intake import abilities, values
from skillbridge.intake.documents import (
    Draft,
    Tree,
    at,
    every,
    months_between,
    partial_date,
    phrases,
    pseudonym,
    read_json,
    read_xml,
    words_of,
)
from skillbridge.intake.files import read_bytes
from skillbridge.intake.places import country
from skillbridge.intake.report import Intake, IntakeReport
from skillbridge.tables import WORKERS, conform

EQF = {1: 1, 2: 2, 3: 3, 4: 3, 5: 5, 6: 6, 7: 7, 8: 8}
"""European Qualifications Framework level -> ISCED 2011 level (approximate: EQF 4 ends upper secondary school)."""
SPOKEN = ("Listening", "SpokenInteraction", "SpokenProduction")
Month = tuple[int, int]


def read_europass(path: Path) -> Intake:
    """The worker of a Europass CV or Language Passport (XML or JSON, versions 3.3 and 3.4).

    Counts in the report: rows (documents), workers. Raises `BadInput` if it is not such a document.
    """
    if read_bytes(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        name, tree = read_xml(path)
        documents = [_shape(tree)] if name in ("SkillsPassport", "LearnerInfo") else []
        documents = [{"LearnerInfo": document} if name == "LearnerInfo" else document for document in documents]
    else:
        documents = [found for tree in read_json(path) if (found := tree.get("SkillsPassport", tree))]
    documents = [document for document in documents if isinstance(document, dict) and at(document, "LearnerInfo")]
    if not documents:
        raise BadInput(str(path), "no SkillsPassport with LearnerInfo", "a Europass document, version 3.3 or 3.4")
    return _intake(path, documents, _europass)


def read_jsonresume(path: Path) -> Intake:
    """The workers of JSON Resume documents.

    Counts in the report: rows (documents), workers. Raises `BadInput` if it is not such a document.
    """
    known = ("basics", "work", "education", "skills", "languages")
    documents = [tree for tree in read_json(path) if any(key in tree for key in known)]
    if not documents:
        raise BadInput(str(path), "none of " + ", ".join(known), "a JSON Resume document")
    return _intake(path, documents, _jsonresume)


def _intake(path: Path, documents: list[Tree], read: Any) -> Intake:
    report = IntakeReport(str(path), counts={"rows": len(documents)})
    rows = []
    for number, document in enumerate(documents, 1):
        profile = Draft(number, report)
        profile.cells["worker_id"] = pseudonym("cv", document)
        read(document, profile)
        lacking = next((name for name in ("origin", "occupation") if not profile.cells.get(name)), None)
        if lacking:
            expected = "a nationality or country" if lacking == "origin" else "a position held or sought"
            report.add(number, "", profile.cells["worker_id"], expected, "refused")
        else:
            rows.append(profile.cells)
    frame = pl.DataFrame(
        rows, schema={name: kind for name, kind in WORKERS.items() if any(name in row for row in rows)}
    )
    report.counts["workers"] = len(rows)
    return Intake(conform(frame, WORKERS) if rows else pl.DataFrame(schema=WORKERS), report)


def _shape(tree: Any) -> Any:
    """A Europass XML tree in the shape of Europass JSON: `XList/X` becomes a list `X`, date attributes become keys."""
    if isinstance(tree, list):
        return [_shape(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    shaped: Tree = {}
    for key, value in tree.items():
        if key.endswith("List") and isinstance(value, dict):
            inner = key.removesuffix("List")
            shaped[inner] = _shape(every(value.get(inner)))
        elif key in ("@year", "@month", "@day"):
            digits = str(value).lstrip("-")
            shaped[key[1:].capitalize()] = int(digits) if digits.isdigit() else None
        else:
            shaped[key] = _shape(value)
    return shaped


def _europass(document: Tree, profile: Draft) -> None:
    person, cells = document["LearnerInfo"], profile.cells
    demographics = at(person, "Identification", "Demographics")
    codes = [
        code
        for nationality in every(at(demographics, "Nationality"))
        if (text := words_of(nationality, "Code", "Label"))
        and (code := profile.read("Nationality", {"EL": "GR"}.get(text, text), country))
    ]
    if len(codes) > 1:
        profile.note("Nationality", ", ".join(codes), "one nationality; the first is used", "noted")
    home = at(person, "Identification", "ContactInfo", "Address", "Contact", "Country")
    cells["origin"] = codes[0] if codes else _residence(words_of(home, "Code", "Label"), profile)
    year = at(demographics, "Birthdate", "Year")
    cells["birth_year"] = profile.read("Birthdate", year, values.whole(1920, 2100))
    cells["sex"] = profile.read("Gender", words_of(at(demographics, "Gender"), "Code", "Label"), values.sex)

    latest = partial_date(
        at(document, "DocumentInfo", "LastUpdateDate") or at(document, "DocumentInfo", "CreationDate")
    )
    jobs = []
    for number, job in enumerate(every(at(person, "WorkExperience"))):
        begin, stop = _ymd(at(job, "Period", "From")), _ymd(at(job, "Period", "To"))
        title = words_of(at(job, "Position"), "Label")
        current = str(at(job, "Period", "Current")).lower() == "true"
        jobs.append((title, begin, latest if stop is None and current else stop, f"WorkExperience[{number}].Period"))
    sought = words_of(at(person, "Headline", "Description"), "Label")
    _career(jobs, sought, profile)

    skills = at(person, "Skills")
    kinds = ("JobRelated", "Communication", "Organisational", "Computer", "Other")
    cells["skills"] = (
        ";".join(dict.fromkeys(p for kind in kinds for p in phrases(at(skills, kind, "Description")))) or None
    )
    licences = every(at(skills, "Driving", "Description", "Licence") or at(skills, "Driving", "Description"))
    cells["licences"] = ";".join(str(one) for one in licences if isinstance(one, str)) or None
    cells["languages"] = _europass_languages(at(skills, "Linguistic"), profile)
    levels = []
    for number, course in enumerate(every(at(person, "Education"))):
        code = words_of(at(course, "Level"), "Code")
        if code and code.isdigit() and int(code) in EQF:
            levels.append(EQF[int(code)])
        elif text := words_of(at(course, "Level"), "Label") or words_of(at(course, "Title"), "Label"):
            reading = abilities.education(text)
            if reading.value is None:
                profile.note(f"Education[{number}]", text, "a level of education; this one is not counted", "noted")
            else:
                levels.append(reading.value)
    cells["education"] = max(levels, default=None)


def _europass_languages(linguistic: Any, profile: Draft) -> str | None:
    spoken: dict[str, str] = {}
    for mother in every(at(linguistic, "MotherTongue")):
        if code := _language(at(mother, "Description"), "MotherTongue", profile):
            spoken[code] = "C2"
    for foreign in every(at(linguistic, "ForeignLanguage")):
        code = _language(at(foreign, "Description"), "ForeignLanguage", profile)
        given = at(foreign, "ProficiencyLevel")
        found = {name: str(level) for name, level in (given.items() if isinstance(given, dict) else ())}
        known = {name: level for name, level in found.items() if level in ("A1", "A2", "B1", "B2", "C1", "C2")}
        heard = [level for name, level in known.items() if name in SPOKEN] or list(known.values())
        if code is None:
            continue
        if not heard:
            profile.note("ForeignLanguage", code, "a CEFR level; none stated, read as A1", "changed")
        elif len(set(heard)) > 1:
            shown = ", ".join(f"{name} {level}" for name, level in known.items())
            profile.note("ForeignLanguage", f"{code}: {shown}", "one level; the lowest spoken one is used", "noted")
        spoken.setdefault(code, min(heard, default="A1"))
    return ";".join(f"{code}:{level}" for code, level in spoken.items()) or None


def _language(description: Any, column: str, profile: Draft) -> str | None:
    text = words_of(description, "Code", "Label")
    code = abilities.language(text) if text else None
    if text and code is None:
        profile.note(column, text, "a language", "refused")
    return code


def _jsonresume(document: Tree, profile: Draft) -> None:
    cells, basics = profile.cells, at(document, "basics")
    cells["origin"] = _residence(words_of(at(basics, "location", "countryCode")), profile)
    edited = partial_date(at(document, "meta", "lastModified"))
    jobs = []
    for number, job in enumerate(every(at(document, "work"))):
        begin, stop = (_stated(at(job, key), f"work[{number}].{key}", profile) for key in ("startDate", "endDate"))
        open_ended = stop is None and not at(job, "endDate")
        jobs.append((words_of(at(job, "position")), begin, edited if open_ended else stop, f"work[{number}]"))
    _career(jobs, words_of(at(basics, "label")), profile)
    listed = [
        text
        for skill in every(at(document, "skills"))
        for text in [words_of(skill, "name"), *phrases(at(skill, "keywords") if isinstance(skill, dict) else None)]
        if text
    ]
    cells["skills"] = ";".join(dict.fromkeys(text.replace(";", ",") for text in listed)) or None
    held = [words_of(one, "name") for one in every(at(document, "certificates"))]
    cells["licences"] = ";".join(text.replace(";", ",") for text in held if text) or None
    tongues = [
        f"{text.replace(',', ' ')} {words_of(at(one, 'fluency')) or ''}".strip()
        for one in every(at(document, "languages"))
        if (text := words_of(one, "language"))
    ]
    cells["languages"] = profile.read("languages", ";".join(tongues) or None, abilities.languages)
    levels = []
    for number, course in enumerate(every(at(document, "education"))):
        text = words_of(at(course, "studyType"))
        reading = abilities.education(text)
        if text and reading.value is None:
            profile.note(
                f"education[{number}].studyType", text, "a level of education; this one is not counted", "noted"
            )
        elif reading.value is not None:
            levels.append(reading.value)
    cells["education"] = max(levels, default=None)


def _residence(text: str | None, profile: Draft) -> str | None:
    code = profile.read("country", text, country)
    if code:
        profile.note("country", code, "a nationality; the country of residence is used", "noted")
    return str(code) if code else None


def _ymd(tree: Any) -> tuple[int, int | None, int | None] | None:
    year = at(tree, "Year")
    if not isinstance(year, int) or not 1900 <= year <= 2100:
        return None
    month = at(tree, "Month")
    return year, month if isinstance(month, int) and 1 <= month <= 12 else None, None


def _stated(text: Any, column: str, profile: Draft) -> tuple[int, int | None, int | None] | None:
    if text in (None, ""):
        return None
    found = partial_date(text)
    if found is None:
        profile.note(column, text, "a date: year, year-month or year-month-day", "refused")
    return found


def _career(jobs: list[Any], sought: str | None, profile: Draft) -> None:
    """The occupation last held (else the one sought) and the months worked, overlapping jobs counted once."""
    worked: set[int] = set()
    dated: list[tuple[Month, str]] = []
    for title, begin, stop, column in jobs:
        if begin is None or stop is None:
            profile.note(column, title, "a first and a last month (or the document's own date); not counted", "noted")
            continue
        first, last = (begin[0], begin[1] or 1), (stop[0], stop[1] or 12)
        if last < first:
            profile.note(column, f"{first} to {last}", "a last month after the first; not counted", "refused")
            continue
        worked.update(months_between(first, last))
        if title:
            dated.append((last, title))
    undated = [title for title, *_ in jobs if title]
    latest = max(dated, key=lambda job: job[0])[1] if dated else next(iter(undated), None)
    profile.cells["occupation"] = latest or sought
    profile.cells["experience_months"] = min(len(worked), 960)
