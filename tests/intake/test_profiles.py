"""CVs: Europass examples and JSON Resume."""

import json
from pathlib import Path
from typing import Any

import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import Intake, read_europass, read_jsonresume
from skillbridge.tables import WORKERS, parse_languages

EUROPASS = """<?xml version="1.0"?>
<SkillsPassport xmlns="http://europass.cedefop.europa.eu/Europass" locale="en">
 <DocumentInfo><LastUpdateDate>2026-03-15T00:00:00Z</LastUpdateDate></DocumentInfo>
 <LearnerInfo>
  <Identification>
   <PersonName><FirstName>Ana</FirstName><Surname>Secreto</Surname></PersonName>
   <ContactInfo><Email><Contact>ana@example.org</Contact></Email></ContactInfo>
   <Demographics><Birthdate year="1990" month="--04" day="---02"/><Gender><Code>F</Code></Gender>
    <NationalityList><Nationality><Code>EL</Code></Nationality></NationalityList></Demographics>
   <Photo><Data>AAAA</Data></Photo>
  </Identification>
  <WorkExperienceList>
   <WorkExperience><Period><From year="2020" month="--01"/><To year="2020" month="--12"/></Period>
    <Position><Label>Fruit picker</Label></Position><Employer><Name>Farm</Name></Employer></WorkExperience>
   <WorkExperience><Period><From year="2020" month="--07"/><Current>true</Current></Period>
    <Position><Label>Packer</Label></Position></WorkExperience>
  </WorkExperienceList>
  <EducationList><Education><Level><Code>4</Code></Level></Education></EducationList>
  <Skills>
   <Linguistic>
    <MotherTongueList><MotherTongue><Description><Code>el</Code></Description></MotherTongue></MotherTongueList>
    <ForeignLanguageList><ForeignLanguage><Description><Code>en</Code></Description>
     <ProficiencyLevel><Listening>C1</Listening><Reading>C2</Reading><SpokenInteraction>B1</SpokenInteraction>
     <SpokenProduction>B2</SpokenProduction><Writing>A1</Writing></ProficiencyLevel></ForeignLanguage></ForeignLanguageList>
   </Linguistic>
   <JobRelated><Description>&lt;ul&gt;&lt;li&gt;pruning&lt;/li&gt;&lt;li&gt;grafting&lt;/li&gt;&lt;/ul&gt;</Description></JobRelated>
   <Driving><Description><Licence>B</Licence><Licence>T</Licence></Description></Driving>
  </Skills>
 </LearnerInfo>
</SkillsPassport>"""


def resume(tmp_path: Path, **changes: Any) -> Intake:
    document = {
        "basics": {"name": "Ana Secreto", "email": "ana@example.org", "location": {"countryCode": "GT"}},
        "work": [{"position": "Jornalera", "startDate": "2020-01", "endDate": "2020-12"}],
        **changes,
    }
    path = tmp_path / "cv.json"
    path.write_text(json.dumps(document))
    return read_jsonresume(path)


def test_a_europass_cv_becomes_a_worker_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "cv.xml"
    path.write_text(EUROPASS)
    found = read_europass(path)
    row = found.frame.row(0, named=True)
    assert dict(found.frame.schema) == WORKERS
    assert (row["origin"], row["birth_year"], row["sex"], row["occupation"]) == ("GR", 1990, "f", "Packer")
    assert row["experience_months"] == 12 * 6 + 3  # 2020-01 to 2026-03, the overlap counted once
    assert (row["languages"], row["education"]) == ("el:C2;en:B1", 3)
    assert (row["skills"], row["licences"]) == ("pruning;grafting", "B;T")
    assert not any(secret in str(row) for secret in ("Ana", "Secreto", "example.org", "Farm", "AAAA"))
    assert row["worker_id"] == read_europass(path).frame["worker_id"][0]


@pytest.mark.data
def test_the_published_europass_examples(shared_data: Path) -> None:
    folder = shared_data / "supply" / "europass_v3.3_v3.4"
    for version in ("3.3", "3.4"):
        row = read_europass(folder / f"Europass_CV_V{version}.0_Example.xml").frame.row(0, named=True)
        assert (row["origin"], row["occupation"], row["sex"]) == ("US", "Martial Arts Instructor", "m")
        assert row["experience_months"] == 12 * 11 + 3
        assert parse_languages(row["languages"]) == {"en": "C2", "ja": "C1", "grc": "A1"}
        assert "Norris" not in str(row)
    found = read_europass(folder / "json" / "Europass_JSON_V3.4.0_ECV_Example.json")
    row = found.frame.row(0, named=True)
    assert (row["origin"], row["occupation"], row["education"]) == ("GB", "Independent consultant", 7)
    assert not any(secret in str(row) for secret in ("Betty", "Smith", "kotmail", "betty.smith"))
    letter = read_europass(folder / "Europass_CL_V3.4.0_Example.xml")
    assert letter.frame.is_empty()
    assert letter.report.refused_rows() == {1}


@pytest.mark.data
def test_the_published_json_resume_example(shared_data: Path) -> None:
    row = read_jsonresume(shared_data / "supply" / "json_resume" / "sample.resume.json").frame.row(0, named=True)
    assert (row["origin"], row["occupation"], row["experience_months"]) == ("US", "CEO/President", 13)
    assert (row["languages"], row["education"]) == ("en:C2", 6)
    assert row["skills"].startswith("Web Development;HTML")
    assert not any(secret in str(row) for secret in ("Richard", "Hendriks", "mail.com", "Pied Piper"))


@pytest.mark.data
def test_documents_of_the_json_resume_test_suite_never_crash(shared_data: Path, tmp_path: Path) -> None:
    count = 0
    for path in sorted((shared_data / "supply" / "json_resume" / "test" / "__test__").glob("*.json")):
        for document in json.loads(path.read_text()).values():
            if isinstance(document, dict) and set(document) & {"basics", "work", "education", "skills", "languages"}:
                one = tmp_path / "one.json"
                one.write_text(json.dumps(document))
                assert len(read_jsonresume(one).frame) <= 1
                count += 1
    assert count > 50


def test_overlapping_jobs_are_counted_once_and_open_ones_to_the_document_s_own_date(tmp_path: Path) -> None:
    work = [
        {"position": "a", "startDate": "2020-01", "endDate": "2020-12"},
        {"position": "b", "startDate": "2020-07", "endDate": "2021-06"},
    ]
    assert resume(tmp_path, work=work).frame["experience_months"].to_list() == [18]
    work.append({"position": "c", "startDate": "2021-07"})
    open_ended = resume(tmp_path, work=work)
    assert open_ended.frame["experience_months"].to_list() == [18]
    assert any("not counted" in entry.expected for entry in open_ended.report.entries)
    dated = resume(tmp_path, work=work, meta={"lastModified": "2021-12-31T00:00:00"})
    assert dated.frame.select("experience_months", "occupation").row(0) == (24, "c")


def test_a_cv_without_a_country_or_a_job_is_refused_with_its_reason(tmp_path: Path) -> None:
    found = resume(tmp_path, basics={"name": "x"})
    assert found.frame.is_empty()
    assert found.report.entries[-1].expected == "a nationality or country"
    found = resume(tmp_path, work=[])
    assert found.report.entries[-1].expected == "a position held or sought"


def test_impossible_dates_in_a_cv_are_reported(tmp_path: Path) -> None:
    work = [{"position": "a", "startDate": "3016-02-30", "endDate": "2020-12"}]
    work.append({"position": "b", "startDate": "2020-12", "endDate": "2020-01"})
    found = resume(tmp_path, work=work)
    assert found.frame["experience_months"].to_list() == [0]
    assert {entry.value for entry in found.report.entries if entry.action == "refused"} == {
        "3016-02-30",
        "(2020, 12) to (2020, 1)",
    }


def test_other_documents_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"hello": 1}')
    with pytest.raises(BadInput, match="a JSON Resume document"):
        read_jsonresume(path)
    with pytest.raises(BadInput, match="a Europass document"):
        read_europass(path)
