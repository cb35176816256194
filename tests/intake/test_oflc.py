"""US disclosure files: the real year we hold, and the layouts of the other years in small made files."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from skillbridge.errors import BadInput
from skillbridge.intake import read_h2a, read_h2b
from skillbridge.intake.oflc import employer_id
from skillbridge.intake.us_jobs import occupation, sector
from skillbridge.tables import VACANCIES


def csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    pl.DataFrame(rows, infer_schema_length=None).write_csv(path)
    return path


def xlsx(path: Path, rows: list[dict[str, Any]], *, title: str = "") -> Path:
    """A workbook as the agency publishes it: real dates, or serial numbers without a date format."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("H-2A_FY")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    top = 1 if title else 0
    if title:
        sheet.write(0, 0, title)
    for column, name in enumerate(rows[0]):
        sheet.write(top, column, name)
        for row, values in enumerate(rows, top + 1):
            value = values[name]
            if isinstance(value, date):
                sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
            elif value is not None:
                sheet.write(row, column, value)
    book.close()
    return path


LAYOUT_2008 = {
    "CASE_NO": "C-08001-12345",
    "CASE_STATUS": "CERTIFIED - FULL",
    "EMPLOYER_NAME": "GREEN ACRES LLC",
    "EMPLOYER_STATE": "TX",
    "NBR_WORKERS_CERTIFIED": 12,
    "CERTIFICATION_BEGIN_DATE": "3/15/2008",
    "CERTIFICATION_END_DATE": "11/30/2008",
    "BASIC_RATE_OF_PAY": "$9.02",
    "BASIC_UNIT_OF_PAY": "Hour",
    "JOB_TITLE": "Farmworkers and Laborers, Crop",
    "ALIEN_WORK_CITY": "HEREFORD",
    "ALIEN_WORK_STATE": "TX",
    "ORGANIZATION_FLAG": "Individual Employer",
}
LAYOUT_2014 = {
    **{k: v for k, v in LAYOUT_2008.items() if not k.startswith("ALIEN")},
    "CASE_NO": "H-300-13300-111111",
    "CASE_STATUS": "DETERMINATION ISSUED - CERTIFICATION EXPIRED",
    "CERTIFICATION_BEGIN_DATE": "2014-03-15 00:00:00",
    "CERTIFICATION_END_DATE": "2014-11-30 00:00:00",
    "WORKSITE_LOCATION_STATE": "TX",
    "REQUESTED_START_DATE_OF_NEED": "2014-03-01 00:00:00",
    "REQUESTED_END_DATE_OF_NEED": "2014-11-30 00:00:00",
}
LAYOUT_2019 = {
    "CASE_NUMBER": "H-300-19001-222222",
    "CASE_STATUS": "DETERMINATION ISSUED - CERTIFICATION",
    "DECISION_DATE": date(2019, 2, 20),
    "EMPLOYER_NAME": "Green Acres, LLC",
    "EMPLOYER_STATE": "TX",
    "JOB_TITLE": "Nursery Worker",
    "SOC_CODE": "45-2092.02",
    "NBR_WORKERS_REQUESTED": 14,
    "NBR_WORKERS_CERTIFIED": 12,
    "REQUESTED_START_DATE_OF_NEED": date(2019, 3, 15),
    "REQUESTED_END_DATE_OF_NEED": date(2019, 11, 30),
    "JOB_START_DATE": date(2019, 1, 10),
    "JOB_END_DATE": date(2019, 7, 20),
    "BASIC_NUMBER_OF_HOURS": 40,
    "BASIC_RATE_OF_PAY": 2080.0,
    "BASIC_UNIT_OF_PAY": "Month",
    "WORKSITE_STATE": "TX",
    "ORGANIZATION_FLAG": "Association - Filing as Agent (H-2A Only)",
    "PRMARY/SUB": "PRI",
}
LAYOUT_2024 = {
    "CASE_NUMBER": "H-300-24001-333333",
    "CASE_STATUS": "Determination Issued - Certification",
    "RECEIVED_DATE": 45290,
    "DECISION_DATE": 45320,
    "TYPE_OF_EMPLOYER_APPLICATION": "Individual Employer",
    "EMPLOYER_NAME": "Green Acres LLC",
    "EMPLOYER_STATE": "TEXAS",
    "EMPLOYER_PHONE": "+15550001111",
    "EMPLOYER_POC_EMAIL": "owner@example.org",
    "SOC_CODE": "45-2092.00",
    "JOB_TITLE": "Farmworker",
    "TOTAL_WORKERS_NEEDED": 20,
    "TOTAL_WORKERS_H2A_REQUESTED": 15,
    "TOTAL_WORKERS_H2A_CERTIFIED": 12,
    "REQUESTED_BEGIN_DATE": 45352,
    "REQUESTED_END_DATE": 45626,
    "EMPLOYMENT_BEGIN_DATE": 45366,
    "EMPLOYMENT_END_DATE": 45626,
    "ANTICIPATED_NUMBER_OF_HOURS": 42.5,
    "WAGE_OFFER": 15.55,
    "PER": "Hourly",
    "PIECE_RATE_OFFER": 0,
    "WORKSITE_STATE": "TEXAS",
    "WORK_EXPERIENCE_MONTHS": 3,
    "EDUCATION_LEVEL": "None",
    "TOTAL_OCCUPANCY": 24,
    "H2A_LABOR_CONTRACTOR": "N",
    "AG_ASSN_OR_AGENCY_STATUS": "N",
}


@pytest.mark.data
def test_h2a_2016_has_its_published_cases_and_positions(shared_data: Path) -> None:
    found = read_h2a(shared_data / "demand" / "h2a_fy2016.csv.gz")
    counts = found.report.counts
    assert (counts["cases"], counts["certified"], counts["positions"]) == (8684, 8296, 165741)
    assert len(found.frame) == 8296
    assert found.frame["positions"].sum() == 165741
    assert counts["withdrawn"] + counts["denied"] + counts["unresolved"] == 8684 - 8296
    assert counts["sub_rows"] == 2913
    assert dict(found.frame.schema) == VACANCIES


@pytest.mark.data
def test_h2a_2016_runs_by_the_contract_and_mistyped_years_are_put_right(shared_data: Path) -> None:
    found = read_h2a(shared_data / "demand" / "h2a_fy2016.csv.gz")
    case = found.frame.filter(pl.col("vacancy_id") == "H-300-13038-301403").row(0, named=True)
    assert (case["start"], case["end"]) == (date(2016, 3, 15), date(2016, 11, 15))
    mistyped = found.frame.filter(pl.col("vacancy_id") == "H-300-16130-578334").row(0, named=True)
    assert (mistyped["start"], mistyped["end"]) == (date(2016, 6, 21), date(2016, 8, 15))
    assert found.frame.filter(pl.col("end") < pl.col("start")).is_empty()
    assert sum("2106-06-21" in entry.value for entry in found.report.entries) == 1


@pytest.mark.data
def test_h2a_2016_wages_are_an_hour_in_cents_and_piece_rates_are_refused(shared_data: Path) -> None:
    found = read_h2a(shared_data / "demand" / "h2a_fy2016.csv.gz")
    wages = found.frame["wage"]
    assert wages.null_count() == 11
    assert wages.drop_nulls().is_between(250, 2500).all()
    assert found.frame["hours_week"].drop_nulls().is_between(0.01, 168).all()
    refused = [entry for entry in found.report.entries if entry.column == "wage_from" and entry.action == "refused"]
    assert len(refused) == 11
    herder = found.frame.filter(pl.col("occupation") == "Sheepherder")
    assert set(herder["isco"]) == {"9212"}


@pytest.mark.data
def test_h2a_2016_keeps_no_contact_details(shared_data: Path) -> None:
    found = read_h2a(shared_data / "demand" / "h2a_fy2016.csv.gz")
    assert not {"employer_postal_code", "employer_city"} & set(found.frame.columns)
    assert found.frame.select(pl.any_horizontal(pl.col(pl.String).str.contains("@").any())).item() is False


@pytest.mark.data
def test_h2b_2017_has_its_published_cases_and_positions(shared_data: Path) -> None:
    found = read_h2b(shared_data / "demand" / "h2b_fy2017.csv.gz")
    counts = found.report.counts
    assert (counts["cases"], counts["certified"], counts["positions"]) == (8382, 6598, 133985)
    assert len(found.frame) == 6598
    assert set(found.frame["partnership"]) == {"us-h2b"}
    hashes = [entry for entry in found.report.entries if entry.value.startswith("#####")]
    assert len(hashes) == 7
    assert {entry.action for entry in hashes} == {"refused"}


@pytest.mark.parametrize(
    ("layout", "start"),
    [(LAYOUT_2008, date(2008, 3, 15)), (LAYOUT_2014, date(2014, 3, 15)), (LAYOUT_2019, date(2019, 3, 15))],
    ids=["2008", "2014", "2019"],
)
def test_each_year_s_layout_gives_the_same_vacancy(tmp_path: Path, layout: dict[str, Any], start: date) -> None:
    path = xlsx(tmp_path / "h2a.xlsx", [layout]) if start.year == 2019 else csv(tmp_path / "h2a.csv", [layout])
    case = read_h2a(path).frame.row(0, named=True)
    assert (case["positions"], case["start"], case["end"]) == (12, start, start.replace(month=11, day=30))
    assert (case["region"], case["destination"], case["currency"]) == ("US-TX", "US", "USD")
    assert case["wage"] == (1200 if start.year == 2019 else 902)
    assert case["employer_id"] == employer_id("Green Acres LLC", "US-TX")


def test_the_2024_workbook_with_serial_dates_and_long_state_names(tmp_path: Path) -> None:
    found = read_h2a(xlsx(tmp_path / "H-2A_Disclosure_Data_FY2024_Q4.xlsx", [LAYOUT_2024], title="FY2024 Q4"))
    case = found.frame.row(0, named=True)
    assert (case["start"], case["end"]) == (date(2024, 3, 15), date(2024, 11, 30))
    assert (case["positions"], case["wage"], case["hours_week"], case["beds"]) == (12, 1555, 42.5, 24)
    assert (case["region"], case["isco"], case["experience_months"], case["education"]) == ("US-TX", "9211", 3, None)
    assert found.report.columns["EMPLOYER_POC_EMAIL"].startswith("left out")
    assert "owner@example.org" not in str(found.frame.rows())


def test_the_h2b_layout_since_2020(tmp_path: Path) -> None:
    row = {
        "CASE_NUMBER": "H-400-21001-444444",
        "CASE_STATUS": "Determination Issued - Partial Certification",
        "DECISION_DATE": date(2021, 2, 20),
        "EMPLOYER_NAME": "Lakeside Lodge",
        "EMPLOYER_STATE": "MICHIGAN",
        "NAICS_CODE": "721110",
        "JOB_TITLE": "Housekeeper",
        "SOC_CODE": "37-2012",
        "TOTAL_WORKERS_REQUESTED": 10,
        "TOTAL_WORKERS_CERTIFIED": 7,
        "EMPLOYMENT_BEGIN_DATE": date(2021, 4, 1),
        "EMPLOYMENT_END_DATE": date(2021, 10, 31),
        "BASIC_WAGE_RATE_FROM": 13.31,
        "PER": "Hour",
        "NUMBER_OF_HOURS": 35,
        "WORKSITE_STATE": "MICHIGAN",
    }
    case = read_h2b(xlsx(tmp_path / "H-2B.xlsx", [row])).frame.row(0, named=True)
    assert (case["positions"], case["isco"], case["sector"], case["wage"]) == (7, "9112", "5510", 1331)


def rows_2016(**changes: Any) -> dict[str, Any]:
    return {
        "CASE_NUMBER": "H-300-16001-000001",
        "CASE_STATUS": "DETERMINATION ISSUED - CERTIFICATION",
        "DECISION_DATE": "2016-02-10",
        "PRIMARY/SUB": "PRI",
        "EMPLOYER_NAME": "Growers",
        "JOB_TITLE": "Farmworker",
        "SOC_CODE": "45-2092",
        "NBR_WORKERS_CERTIFIED": 30,
        "REQUESTED_START_DATE_OF_NEED": "2016-03-15",
        "REQUESTED_END_DATE_OF_NEED": "2016-11-15",
        "BASIC_RATE_OF_PAY": "10.72",
        "BASIC_UNIT_OF_PAY": "Hour",
        **changes,
    }


def test_sub_rows_of_a_joint_employer_are_counted_once_with_or_without_a_flag(tmp_path: Path) -> None:
    master = rows_2016(NBR_WORKERS_CERTIFIED=30)
    farms = [
        rows_2016(**{"PRIMARY/SUB": "SUB", "EMPLOYER_NAME": f"Farm {k}", "NBR_WORKERS_CERTIFIED": 10})
        for k in (1, 2, 3)
    ]
    flagged = read_h2a(csv(tmp_path / "flagged.csv", [*farms, master]))
    assert flagged.frame["positions"].to_list() == [30]
    assert flagged.report.counts["sub_rows"] == 3
    bare = [{k: v for k, v in row.items() if k != "PRIMARY/SUB"} for row in [*farms, master]]
    unflagged = read_h2a(csv(tmp_path / "unflagged.csv", bare))
    assert unflagged.frame["positions"].to_list() == [30]
    assert unflagged.frame["employer"].to_list() == ["Growers"]


def test_a_later_decision_replaces_an_earlier_one(tmp_path: Path) -> None:
    rows = [rows_2016(), rows_2016(DECISION_DATE="2016-05-01", NBR_WORKERS_CERTIFIED=8)]
    found = read_h2a(csv(tmp_path / "a.csv", rows))
    assert found.frame["positions"].to_list() == [8]
    assert found.report.counts["replaced"] == 1
    withdrawn = rows_2016(
        DECISION_DATE="2016-06-01", CASE_STATUS="DETERMINATION ISSUED - WITHDRAWN", NBR_WORKERS_CERTIFIED=0
    )
    other = rows_2016(CASE_NUMBER="H-300-16001-000002")
    found = read_h2a(csv(tmp_path / "b.csv", [*rows, withdrawn, other]))
    assert found.frame["vacancy_id"].to_list() == ["H-300-16001-000002"]
    assert found.report.counts["withdrawn"] == 1


@pytest.mark.parametrize(
    ("unit", "amount", "hours", "cents"),
    [
        ("Hour", "10.", 40, 1000),
        ("Week", "400", 40, 1000),
        ("Bi-Weekly", "800", 40, 1000),
        ("Month", "1733.33", 40, 1000),
        ("Year", "$20,800.00", 40, 1000),
        ("Hour", "1733.33", 40, 1000),
        ("Month", "10.69", 40, 1069),
        ("Select Pay Range", "10.72", 40, 1072),
        ("Select Pay Range", "0.45", 40, None),
        ("Piece Rate", "16.5", 40, None),
        ("Hour", "#################", 40, None),
    ],
)
def test_wages_of_any_unit_become_an_hourly_wage(
    tmp_path: Path, unit: str, amount: str, hours: int, cents: int | None
) -> None:
    row = rows_2016(BASIC_RATE_OF_PAY=amount, BASIC_UNIT_OF_PAY=unit, BASIC_NUMBER_OF_HOURS=hours)
    found = read_h2a(csv(tmp_path / "h2a.csv", [row]))
    assert found.frame["wage"].to_list() == [cents]
    touched = [entry for entry in found.report.entries if entry.column == "BASIC_RATE_OF_PAY"]
    assert len(touched) == (0 if (unit, amount) == ("Hour", "10.") else 1)


@pytest.mark.parametrize(
    ("begin", "end", "found"),
    [
        ("3016-03-15", "2016-11-15", (date(2016, 3, 15), date(2016, 11, 15))),
        ("2016-03-15", "3016-11-15", (date(2016, 3, 15), date(2016, 11, 15))),
        ("2016-10-15", "2016-03-15", (date(2016, 10, 15), date(2017, 3, 15))),
        ("3016-03-15", "3016-11-15", None),
        ("2016-02-30", "2016-11-15", None),
    ],
)
@pytest.mark.parametrize("decided", ["2016-02-10", None])
def test_mistyped_years_are_put_right_or_the_case_is_refused(
    tmp_path: Path, begin: str, end: str, found: tuple[date, date] | None, decided: str | None
) -> None:
    bad = {"REQUESTED_START_DATE_OF_NEED": begin, "REQUESTED_END_DATE_OF_NEED": end, "DECISION_DATE": decided}
    other = rows_2016(CASE_NUMBER="H-300-16001-000002")
    read = read_h2a(csv(tmp_path / "h2a.csv", [rows_2016(**bad), other]))
    if found is None and (decided is None or begin.endswith("30")):
        assert read.frame["vacancy_id"].to_list() == ["H-300-16001-000002"]
        assert any(entry.action == "refused" and begin[:4] in entry.value for entry in read.report.entries)
        assert read.report.refused_rows() == {2}
    else:
        assert read.frame.select("start", "end").row(0) == (found or (date(2016, 3, 15), date(2016, 11, 15)))
        assert any(entry.action == "changed" for entry in read.report.entries)


def test_hours_that_no_week_has_are_refused_and_the_case_is_kept(tmp_path: Path) -> None:
    found = read_h2a(csv(tmp_path / "h2a.csv", [rows_2016(BASIC_NUMBER_OF_HOURS="875")]))
    assert found.frame["hours_week"].to_list() == [None]
    assert [(entry.row, entry.value, entry.action) for entry in found.report.entries] == [(2, "875", "refused")]


def test_a_file_without_the_columns_or_without_demand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column for case_id, certified"):
        read_h2a(csv(tmp_path / "a.csv", [{"CASE_STATUS": "x", "JOB_START_DATE": "2016-01-01", "WAGE_OFFER": 1}]))
    half = {key: value for key, value in rows_2016().items() if key != "REQUESTED_END_DATE_OF_NEED"}
    with pytest.raises(
        BadInput, match=r"no column for certified_from and certified_to or .* needed_from and needed_to"
    ):
        read_h2a(csv(tmp_path / "c.csv", [half]))
    with pytest.raises(BadInput, match="no certified case"):
        read_h2a(csv(tmp_path / "b.csv", [rows_2016(NBR_WORKERS_CERTIFIED=0)]))


@pytest.mark.parametrize(
    ("soc", "title", "crop", "isco"),
    [
        ("45-2092", "Farmworkers and Laborers, Crop", "Tobacco", "9211"),
        ("45-2092", "Nursery Worker", "Nursery and Greenhouse Workers", "9214"),
        ("45-2092", "Farm Workers & Laborers, Crop", "Nursery and Greenhouse Workers", "9214"),
        ("45-2092", "Farm/Irrigation/Livestock Worker", "Hay and Straw", "9213"),
        ("45-2092", "Farm Worker/Laborer", "Construction of Livestock Buildings", "9313"),
        ("45-2093", "Sheepherder", "Sheep", "9212"),
        ("45-2093", "General Farm Worker", "Crawfish", "9216"),
        ("45-2093", "Beekeeper", "Bees", "6123"),
        ("45-2091", "Farmworker", "Agricultural Equipment Operator", "8341"),
        (None, "Custom combine operator", None, "8341"),
    ],
)
def test_title_and_crop_decide_among_the_groups_of_a_soc_code(
    soc: str | None, title: str, crop: str | None, isco: str
) -> None:
    assert occupation(soc, title, crop) == isco


def test_sectors_come_from_the_crop_or_from_the_industry() -> None:
    assert sector(None, "Sweet Potatoes", None, "us-h2a") == "0113"
    assert sector(None, None, "Sheepherder", "us-h2a") == "0144"
    assert sector(None, None, "Farmworker", "us-h2a") == "01"
    assert sector("56173", None, None, "us-h2b") == "8130"
    assert sector(None, None, None, "us-h2b") is None
