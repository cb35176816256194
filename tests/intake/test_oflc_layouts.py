"""Every layout of the US disclosure files since 2000, made: the same case in each must give the same vacancy."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from skillbridge.errors import BadInput
from skillbridge.intake import Choices, Intake, read_h2a, read_h2b
from skillbridge.intake.oflc import decision_of
from skillbridge.intake.us_jobs import soc_2010

FIRST, LAST = date(2012, 4, 1), date(2012, 10, 31)
VALUES = {
    "case": "{prefix}-12001-000007",
    "status": "Certified - Full",
    "received": "2012-01-05",
    "decided": "2012-02-10",
    "employer": "Green Acres, LLC",
    "home": "TX",
    "title": "Farmworker",
    "soc": "45-2092",
    "asked": "15",
    "workers": "12",
    "from": "2012-04-01",
    "to": "2012-10-31",
    "order_from": "2012-02-01",
    "order_to": "2012-06-01",
    "hours": "40",
    "pay": "9.50",
    "unit": "Hour",
    "state": "TX",
    "flag": "Individual Employer",
    "crop": "Vegetables",
    "master": "PRI",
    "visa": "",
    "mail": "owner@example.org",
}
"""What a column of a layout holds, by the word after its name."""

EARLY = (
    "CASE_NO:case DECISION_DATE:decided CASE_STATUS:status EMPLOYER_NAME:employer EMPLOYER_STATE:home JOB_TITLE:title"
    " NBR_WORKERS_CERTIFIED:workers CERTIFICATION_BEGIN_DATE:from CERTIFICATION_END_DATE:to"
    " BASIC_RATE_OF_PAY:pay BASIC_UNIT_OF_PAY:unit ALIEN_WORK_STATE:state ORGANIZATION_FLAG:flag"
)
NEEDED = " REQUESTED_START_DATE_OF_NEED:from REQUESTED_END_DATE_OF_NEED:to"
MIDDLE = (
    "CASE_NUMBER:case DECISION_DATE:decided VISA_CLASS:visa CASE_STATUS:status EMPLOYER_NAME:employer"
    " EMPLOYER_STATE:home JOB_TITLE:title SOC_CODE:soc NBR_WORKERS_REQUESTED:asked NBR_WORKERS_CERTIFIED:workers"
    " BASIC_NUMBER_OF_HOURS:hours BASIC_RATE_OF_PAY:pay BASIC_UNIT_OF_PAY:unit WORKSITE_STATE:state"
    " ORGANIZATION_FLAG:flag PRIMARY_CROP:crop"
)
ORDER = " JOB_START_DATE:order_from JOB_END_DATE:order_to"
RECENT = (
    "CASE_NUMBER:case CASE_STATUS:status RECEIVED_DATE:received DECISION_DATE:decided EMPLOYER_NAME:employer"
    " EMPLOYER_STATE:home EMPLOYER_POC_EMAIL:mail SOC_CODE:soc JOB_TITLE:title REQUESTED_BEGIN_DATE:from"
    " REQUESTED_END_DATE:to EMPLOYMENT_BEGIN_DATE:from EMPLOYMENT_END_DATE:to WORKSITE_STATE:state PER:unit"
)
H2A = {
    "2008-2010": EARLY,
    "2011-2012": EARLY + NEEDED + " NBR_WORKERS_REQUESTED:asked BASIC_NUMBER_OF_HOURS:hours PRIMARY_CROP:crop",
    "2013": EARLY + NEEDED + " BASIC_NUMBER_OF_HOURS:hours",
    "2014": EARLY.replace("ALIEN_WORK", "WORKSITE_LOCATION") + NEEDED + " BASIC_NUMBER_OF_HOURS:hours",
    "2015": MIDDLE + " CERTIFICATION_BEGIN_DATE:from CERTIFICATION_END_DATE:to",
    "2016-2017": MIDDLE + NEEDED + ORDER + " PRIMARY/SUB:master",
    "2018": MIDDLE.replace("CASE_NUMBER", "CASE_NO") + NEEDED + ORDER + " PRIMARY_SUB:master",
    "2019": MIDDLE + NEEDED + ORDER + " PRMARY/SUB:master",
    "2020-2024": RECENT + " TOTAL_WORKERS_NEEDED:asked TOTAL_WORKERS_H2A_REQUESTED:asked"
    " TOTAL_WORKERS_H2A_CERTIFIED:workers ANTICIPATED_NUMBER_OF_HOURS:hours WAGE_OFFER:pay",
    "2025-2026": RECENT + " TOTAL_WORKERS_NEEDED:asked TOTAL_WORKERS_H-2A_REQUESTED:asked"
    " TOTAL_WORKERS_H-2A_CERTIFIED:workers ANTICIPATED_NUMBER_OF_HOURS:hours WAGE_OFFER:pay",
}
H2B = {
    "2000-2007": "CASE_NUM:case LAST_EVENT_DATE:decided LAST_SIG_EVENT:status EMP_NAME:employer EMP_STATE:home"
    " OCC_TITLE:title NUM_ALIENS:workers CERTIFIED_BEGIN_DATE:from CERTIFIED_END_DATE:to RATE_FROM:pay RATE_PER:unit"
    " WORK_STATE:state",
    "2008-2012": EARLY + NEEDED + " NBR_WORKERS_REQUESTED:asked PREVAILING_WAGE:pay",
    "2013-2014": EARLY.replace("ALIEN_WORK", "WORKSITE_LOCATION") + NEEDED + " NAIC_CODE:crop",
    "2015-2016": MIDDLE.replace("WORKSITE_STATE", "EMPLOYEE_WORK_STATE")
    + " CERTIFICATION_BEGIN_DATE:from CERTIFICATION_END_DATE:to",
    "2017-2019": MIDDLE.replace("BASIC_RATE_OF_PAY", "BASIC_RATE_OF_PAY_FROM") + NEEDED + ORDER,
    "2020-2026": RECENT + " TOTAL_WORKERS_REQUESTED:asked TOTAL_WORKERS_CERTIFIED:workers"
    " ANTICIPATED_NUMBER_OF_HOURS:hours BASIC_WAGE_RATE_FROM:pay",
}
LAYOUTS = [("H-300", read_h2a, "us-h2a", year, columns) for year, columns in H2A.items()] + [
    ("H-400", read_h2b, "us-h2b", year, columns) for year, columns in H2B.items()
]


def table(columns: str, prefix: str, **changes: str) -> tuple[list[str], list[str]]:
    """The header and the one row of a layout."""
    pairs = [pair.rpartition(":") for pair in columns.split()]
    said = VALUES | {
        "case": VALUES["case"].format(prefix=prefix),
        "visa": prefix.replace("300", "2A").replace("400", "2B"),
    }
    return [name for name, _, _ in pairs], [(said | changes)[word] for _, _, word in pairs]


def rows(path: Path, header: list[str], *cells: list[str], encoding: str = "utf-8", mark: str = ",") -> Path:
    text = "\r\n".join(mark.join(f'"{cell}"' for cell in row) for row in [header, *cells])
    path.write_bytes((text + "\r\n").encode(encoding))
    return path


@pytest.mark.parametrize(("prefix", "read", "scheme", "year", "columns"), LAYOUTS, ids=lambda value: str(value)[:12])
def test_one_case_in_every_layout(
    tmp_path: Path, prefix: str, read: Callable[[Path], Intake], scheme: str, year: str, columns: str
) -> None:
    found = read(rows(tmp_path / "disclosure.csv", *table(columns, prefix)))
    case = found.frame.row(0, named=True)
    assert (case["positions"], case["start"], case["end"]) == (12, FIRST, LAST)
    assert (case["wage"], case["currency"], case["region"]) == (950, "USD", "US-TX")
    assert (case["employer"], case["occupation"], case["partnership"]) == ("Green Acres, LLC", "Farmworker", scheme)
    assert found.report.counts["certified"] == 1
    assert "owner@example.org" not in str(found.frame.rows())


def serial(text: str) -> str:
    return str((date.fromisoformat(text) - date(1899, 12, 30)).days)


DIALECTS: dict[str, Callable[[str], str]] = {
    "serial numbers": serial,
    "serial numbers with a time": lambda text: serial(text) + ".5625",
    "month first": lambda text: f"{text[5:7]}/{text[8:]}/{text[:4]}",
    "month first without zeros, with a time": lambda text: f"{int(text[5:7])}/{int(text[8:])}/{text[:4]} 0:00",
    "an export of a database": lambda text: date.fromisoformat(text).strftime("%b %d %Y 12:00AM"),
    "with a month's name": lambda text: date.fromisoformat(text).strftime("%d-%b-%y").upper(),
    "timestamps": lambda text: f"{text} 00:00:00.000",
    "ISO timestamps": lambda text: f"{text}T00:00:00Z",
    "digits alone": lambda text: text.replace("-", ""),
}


@pytest.mark.parametrize("write", DIALECTS.values(), ids=DIALECTS.keys())
def test_dates_in_every_spelling(tmp_path: Path, write: Callable[[str], str]) -> None:
    changes = {word: write(VALUES[word]) for word in ("received", "decided", "from", "to")}
    found = read_h2a(rows(tmp_path / "h2a.csv", *table(H2A["2020-2024"], "H-300", **changes)))
    assert found.frame.select("start", "end", "applied_on").row(0) == (FIRST, LAST, date(2012, 1, 5))


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16", "\t"), ("cp1252", ","), ("utf-8-sig", ";"), ("cp1252", "|")])
def test_files_in_other_code_pages_and_separators(tmp_path: Path, encoding: str, mark: str) -> None:
    header, row = table(H2A["2019"], "H-300", employer="Cañón Peña’s  ")
    found = read_h2a(rows(tmp_path / "h2a.txt", header, row, encoding=encoding, mark=mark))
    assert found.frame["employer"].to_list() == ["Cañón Peña’s"]


def test_a_workbook_of_a_notes_sheet_and_a_sheet_a_quarter(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "H-2B_Disclosure_Data_FY2023.xlsx")
    book.add_worksheet("Read me").write_column(0, 0, ["H-2B disclosure data", "Source: Form ETA-9142B"])
    for quarter in (1, 2):
        sheet = book.add_worksheet(f"FY2023_Q{quarter}")
        header, row = table(H2B["2020-2026"], "H-400", case=f"H-400-22300-00000{quarter}")
        sheet.write_row(0, 0, header)
        for column, (name, cell) in enumerate(zip(header, row, strict=True)):
            sheet.write(1, column, int(serial(cell)) if name.endswith("DATE") else cell)
    book.close()
    found = read_h2b(tmp_path / "H-2B_Disclosure_Data_FY2023.xlsx")
    assert found.frame["vacancy_id"].to_list() == ["H-400-22300-000001", "H-400-22300-000002"]
    assert set(found.frame["start"]) == {FIRST}
    assert [entry.value for entry in found.report.entries if entry.row is None] == ["Read me", "FY2023_Q2"]


def test_title_lines_foot_notes_and_a_repeated_header_are_no_cases(tmp_path: Path) -> None:
    header, row = table(H2A["2016-2017"], "H-300")
    blank = [""] * len(header)
    top, foot = ["H-2A Disclosure Data", *blank[1:]], ["Note: data as of 09/30/2016", *blank[1:]]
    path = rows(tmp_path / "h2a.csv", top, blank, header, row, header, blank, foot)
    found = read_h2a(path)
    assert found.report.counts["certified"] == 1
    told = {(entry.row, entry.action) for entry in found.report.entries}
    assert {(5, "noted"), (7, "refused")} <= told


@pytest.mark.parametrize(
    ("status", "decision"),
    [
        ("Determination Issued - Certification", "certified"),
        ("DETERMINATION ISSUED - CERTIFICATION EXPIRED", "certified"),
        ("Determination Issued - Certification (Expired)", "certified"),
        ("Certified - Full", "certified"),
        ("Full Certification", "certified"),
        ("CERTIFIED", "certified"),
        ("Certified - Partial", "partial"),
        ("Partial Certification", "partial"),
        ("Partially Certified", "partial"),
        ("DETERMINATION ISSUED - PARTIAL CERTIFICATION EXPIRED", "partial"),
        ("Certification Withdrawn", "withdrawn"),
        ("Determination Issued - Partial Certification - Withdrawn", "withdrawn"),
        ("CERTIFIED-WITHDRAWN", "withdrawn"),
        ("Certification Revoked", "withdrawn"),
        ("Determination Issued - Denied", "denied"),
        ("Not Certified", "denied"),
        ("Non-Certified", "denied"),
        ("Rejected", "denied"),
        ("Incomplete", "unresolved"),
        ("Acceptance Issued", "unresolved"),
        ("In Process", "unresolved"),
        ("", "unresolved"),
    ],
)
def test_what_a_status_decides(status: str, decision: str) -> None:
    assert decision_of(status) == decision


@pytest.mark.parametrize(
    ("status", "asked", "count", "positions", "action"),
    [
        ("Certified - Full", "15", "15", 15, None),
        ("Certified - Partial", "15", "12", 12, None),
        ("Certified - Partial", "15", "15", 15, "noted"),
        ("Certified - Full", "15", "12", 12, "noted"),
        ("Certified - Full", "15", "", 15, "changed"),
        ("Certified - Partial", "15", "", None, "refused"),
        ("Certified - Full", "15", "0", None, "refused"),
        ("Certification Withdrawn", "15", "12", None, "refused"),
        ("Denied", "15", "12", None, "refused"),
        ("Acceptance Issued", "15", "12", None, "refused"),
        ("", "15", "12", None, "refused"),
    ],
)
def test_positions_rest_on_status_and_count_together(
    tmp_path: Path, status: str, asked: str, count: str, positions: int | None, action: str | None
) -> None:
    header, other = table(H2A["2019"], "H-300", asked="1", workers="1")
    _, row = table(H2A["2019"], "H-300", case="H-300-12001-000001", status=status, asked=asked, workers=count)
    found = read_h2a(rows(tmp_path / "h2a.csv", header, other, row))
    kept = found.frame.filter(pl.col("vacancy_id") == "H-300-12001-000001")["positions"].to_list()
    assert kept == ([] if positions is None else [positions])
    assert {entry.action for entry in found.report.entries if entry.row == 3} == ({action} if action else set())
    counts = found.report.counts
    assert counts["certified"] + counts["denied"] + counts["withdrawn"] + counts["unresolved"] == counts["cases"] == 2
    assert counts["partial"] == (positions == 12)


def test_cases_of_the_other_programme_are_refused(tmp_path: Path) -> None:
    header, ours = table(H2A["2019"], "H-300")
    _, theirs = table(H2A["2019"], "H-400")
    found = read_h2a(rows(tmp_path / "both.csv", header, ours, theirs))
    assert found.frame["vacancy_id"].to_list() == ["H-300-12001-000007"]
    assert found.report.refused_rows() == {3}
    with pytest.raises(BadInput, match="no case of H-2A; perhaps of H-2B"):
        read_h2a(rows(tmp_path / "h2b.csv", *table(H2B["2020-2026"], "H-400")))


@pytest.mark.parametrize(
    ("code", "edition_2010"),
    [
        ("45-2092.00", "45-2092"),
        ("45-2092.02", "45-2092"),
        ("452092", "45-2092"),
        ("45-2092-00", "45-2092"),
        ("35-3023", "35-3021"),
        ("53-7065.00", "43-5081"),
        ("39-6021", "39-7011"),
        ("37-3011", "37-3011"),
        ("401", None),
        (None, None),
    ],
)
def test_soc_codes_of_every_edition(code: str | None, edition_2010: str | None) -> None:
    assert soc_2010(code) == edition_2010


def test_an_unknown_layout_says_what_is_there_what_lacks_and_how_to_name_it(tmp_path: Path) -> None:
    columns = (
        H2A["2019"]
        .replace("NBR_WORKERS_", "HEADS_")
        .replace("REQUESTED:a", "WISHED:a")
        .replace("HEADS_CERTIFIED", "HEADS_ALLOWED")
        + " HEADS_REMARK:flag"
    )
    path = rows(tmp_path / "h2a.csv", *table(columns, "H-300"))
    with pytest.raises(BadInput) as caught:
        read_h2a(path)
    assert "no column for certified or requested; its columns are CASE_NUMBER (case_id)" in caught.value.what
    assert "HEADS_ALLOWED (not understood)" in caught.value.what
    assert "--map 'COLUMN=FIELD'" in caught.value.expected
    found = read_h2a(path, Choices({"HEADS_ALLOWED": "certified", "heads wished": "requested"}))
    assert found.frame["positions"].to_list() == [12]
    assert found.report.unknown_columns == ["HEADS_REMARK"]


def test_a_column_left_empty_gives_way_to_another_of_its_kind(tmp_path: Path) -> None:
    columns = H2B["2020-2026"] + " WAGE_OFFER:none BASIC_RATE_OF_PAY:none"
    header, row = table(columns, "H-400", none="")
    assert read_h2b(rows(tmp_path / "h2b.csv", header, row)).frame["wage"].to_list() == [950]


def test_a_contract_of_a_year_is_within_the_plausible(tmp_path: Path) -> None:
    last = (FIRST + timedelta(days=364)).isoformat()
    found = read_h2a(rows(tmp_path / "h2a.csv", *table(H2A["2019"], "H-300", to=last)))
    assert found.frame["end"].to_list() == [date.fromisoformat(last)]
    assert found.report.entries[0].action == "noted"
