"""Adverts: schema.org JobPosting, JSON Resume's job schema, HR-XML."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import Intake, read_hrxml, read_jobposting
from skillbridge.tables import VACANCIES

POSTING: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "JobPosting",
    "title": "Apple picker",
    "hiringOrganization": {"@type": "Organization", "name": "Orchard Ltd", "email": "boss@example.org"},
    "jobLocation": {"address": {"addressCountry": "New Zealand", "addressRegion": "Hawke's Bay"}},
    "baseSalary": {"currency": "NZD", "value": {"minValue": 25.5, "maxValue": 27, "unitText": "HOUR"}},
    "totalJobOpenings": 20,
    "jobStartDate": "2026-02-01",
    "occupationalCategory": {"codeValue": "9211", "inCodeSet": "ISCO-08"},
    "skills": ["fruit picking", {"@type": "DefinedTerm", "name": "ladder work"}],
    "experienceRequirements": {"@type": "OccupationalExperienceRequirements", "monthsOfExperience": 3},
    "educationRequirements": {"credentialCategory": "high school"},
    "workHours": "40 hours per week",
}


def posting(tmp_path: Path, **changes: Any) -> Intake:
    path = tmp_path / "job.jsonld"
    path.write_text(json.dumps({**POSTING, **changes}))
    return read_jobposting(path)


def test_a_job_posting_becomes_a_vacancy(tmp_path: Path) -> None:
    found = posting(tmp_path)
    row = found.frame.row(0, named=True)
    assert dict(found.frame.schema) == VACANCIES
    assert (row["occupation"], row["employer"], row["destination"]) == ("Apple picker", "Orchard Ltd", "NZ")
    assert (row["positions"], row["start"], row["wage"], row["currency"]) == (20, date(2026, 2, 1), 2550, "NZD")
    assert (row["isco"], row["skills"], row["experience_months"]) == ("9211", "fruit picking;ladder work", 3)
    assert (row["education"], row["hours_week"]) == (3, 40)
    assert "boss@example.org" not in str(row)
    assert any(entry.column == "end" and entry.action == "changed" for entry in found.report.entries)


@pytest.mark.parametrize(
    ("salary", "more", "minor"),
    [
        ("26", {"salaryCurrency": "NZD"}, 2600),
        (53040, {"salaryCurrency": "NZD"}, 2550),
        ({"currency": "NZD", "value": "1020", "unitText": "WEEK"}, {}, 2550),
        ({"currency": "NZD", "value": {"value": 4420, "unitText": "MONTH"}}, {}, 2550),
        ("lots", {"salaryCurrency": "NZD"}, None),
        ({"currency": "???", "value": 26}, {}, None),
    ],
)
def test_salaries_of_any_shape(tmp_path: Path, salary: Any, more: dict[str, Any], minor: int | None) -> None:
    assert posting(tmp_path, baseSalary=salary, **more).frame["wage"].to_list() == [minor]


@pytest.mark.parametrize(
    ("category", "isco"),
    [
        ("15-1132.00 Software Developers, Application", "2512"),
        ("ISCO-08 9211", "9211"),
        ("http://data.europa.eu/esco/isco/C7411", "7411"),
        (["unknown", {"termCode": "9214"}], "9214"),
        ("farming", None),
    ],
)
def test_occupational_categories(tmp_path: Path, category: Any, isco: str | None) -> None:
    assert posting(tmp_path, occupationalCategory=category).frame["isco"].to_list() == [isco]


def test_a_posting_in_a_web_page_and_in_a_graph(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    body = json.dumps({"@context": "x", "@graph": [{"@type": "WebPage"}, POSTING]})
    path.write_text(f'<html><script type="application/ld+json">{body}</script></html>')
    assert len(read_jobposting(path).frame) == 1


def test_postings_that_lack_too_much_are_refused_with_a_reason(tmp_path: Path) -> None:
    for gone, reason in (("title", "a job title"), ("jobLocation", "a country"), ("jobStartDate", "a date")):
        found = posting(tmp_path, **{gone: None})
        assert found.frame.is_empty()
        assert found.report.entries[-1].expected.startswith(reason)
    assert posting(tmp_path, totalJobOpenings=0).frame.is_empty()
    assert posting(tmp_path, jobStartDate="3016-02-30").frame.is_empty()


@pytest.mark.data
def test_the_published_examples(shared_data: Path) -> None:
    folder = shared_data / "supply"
    row = read_jobposting(folder / "jobposting" / "data_examples.txt_26.jsonld").frame.row(0, named=True)
    assert (row["destination"], row["region"], row["isco"], row["education"]) == ("US", "US-WA", "2512", 6)
    assert (row["wage"], row["experience_months"], row["start"]) == (4808, 36, date(2011, 10, 31))
    assert read_jobposting(folder / "jobposting" / "data_examples.txt_211.jsonld").frame.is_empty()
    job = read_jobposting(folder / "json_resume" / "sample.job.json").frame.row(0, named=True)
    assert (job["destination"], job["occupation"], job["experience_months"]) == ("DE", "Web Developer", 36)


@pytest.mark.data
def test_the_eures_openings(shared_data: Path) -> None:
    folder = shared_data / "supply" / "eures_hrxml"
    first = read_hrxml(folder / "ad_1.xml").frame.row(0, named=True)
    assert (first["destination"], first["isco"], first["sector"], first["positions"]) == ("NO", "7411", "331", 2)
    assert first["start"] == date(2019, 3, 1)
    assert first["vacancy_id"] == "db6cc067-7f39-42f1-9866-d9ee47894ec6"
    second = read_hrxml(folder / "ad_with_experience.xml")
    assert second.frame["experience_months"].to_list() == [12]
    assert any("ApplicationCloseDate" in entry.expected for entry in second.report.entries)
    with pytest.raises(BadInput, match="not XML"):
        read_hrxml(folder / "ad_1.json")


def test_other_documents_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"@type": "Recipe"}')
    with pytest.raises(BadInput, match="no JobPosting"):
        read_jobposting(path)
    path.write_text("<Candidate/>")
    with pytest.raises(BadInput, match="an HR-XML PositionOpening"):
        read_hrxml(path)
