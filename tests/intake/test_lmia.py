"""Canada's lists of positive labour market impact assessments: one original, the tidy table, and made ones."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import Choices, Intake, read_lmia

TITLE = '"Employers who were issued a positive LMIA by stream and location, January-March 2024",,,,,,,\n'
HEADER = (
    "Province/Territory,Program Stream,Employer,Address,Occupation,Incorporate Status,"
    "Approved LMIAs,Approved Positions\n"
)


def read(tmp_path: Path, text: str, name: str = "list.csv", encoding: str = "utf-8") -> Intake:
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return read_lmia(path)


@pytest.mark.data
def test_the_original_file_and_the_tidy_one_agree(shared_data: Path) -> None:
    original = read_lmia(shared_data / "demand" / "lmia_tfwp_2019q4_positive_en.csv.gz")
    tidy = read_lmia(shared_data / "demand" / "canada_lmia_2019q3_2020q3.csv.gz")
    quarter = tidy.frame.filter(pl.col("vacancy_id").str.starts_with("lmia-2019q4-"))
    assert original.report.counts == {"rows": 9236, "notes": 8, "vacancies": 9228, "positions": 36362}
    assert original.frame.equals(quarter)
    assert tidy.frame["positions"].sum() == 131_661 - 2
    assert len(tidy.frame) == 36_318


@pytest.mark.data
def test_noc_codes_keep_their_leading_zeros(shared_data: Path) -> None:
    frame = read_lmia(shared_data / "demand" / "lmia_tfwp_2019q4_positive_en.csv.gz").frame
    managers = frame.filter(pl.col("occupation") == "Restaurant and food service managers")
    assert managers["facts"].str.contains("noc:0631").all()
    assert set(managers["isco"]) == {"1412"}
    farm = frame.filter(pl.col("facts").str.contains("noc:8431"))
    assert set(farm["isco"]) == {"9211"}
    mapped = frame.filter(pl.col("isco").is_not_null())["positions"].sum()
    assert int(mapped) > 0.85 * int(frame["positions"].sum())


def test_cells_left_blank_repeat_the_row_above_and_notes_are_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        TITLE
        + HEADER
        + 'Ontario, Primary Agriculture,Sun Farms,"Leamington, ON N8H 3V5",85103-Nursery labourers,,1,12\n'
        + ',,,,"85101-Harvesting labourers",,2,5\n'
        + '"British Columbia",,Berry Co,"Surrey, BC V3W 1R1","631-Restaurant and food service managers",,1,1\n'
        + 'Notes:,,,,,,,\n"1. The source is the LMIA system, see na@example.org",,,,,,,\n',
    )
    assert found.frame.select("employer", "region", "isco", "positions").rows() == [
        ("Sun Farms", "CA-ON", "9214", 12),
        ("Sun Farms", "CA-ON", "9211", 5),
        ("Berry Co", "CA-BC", "1412", 1),
    ]
    assert found.frame["start"].to_list() == [date(2024, 4, 1)] * 3
    assert found.frame["end"].to_list()[0] == date(2024, 11, 26)
    assert "noc:0631" in found.frame["facts"][2]
    assert found.report.counts["notes"] == 2
    assert "dates" in found.report.assumptions[0]


def test_a_french_list_in_the_old_code_page(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Employeurs ayant reçu une EIMT favorable (octobre à décembre 2023);;;;;\n"
        "Province/Territoire;Volet du programme;Employeur;Adresse;Profession selon la CNP;Postes approuvés\n"
        'Québec;    Agriculture primaire;Fraises d\'Été;"Québec, QC G2B 1B3";85101-Manœuvres à la récolte;1 200\n',
        "liste.csv",
        "cp1252",
    )
    row = found.frame.row(0, named=True)
    assert (row["employer"], row["region"], row["positions"], row["isco"]) == (
        "Fraises d'Été",
        "CA-QC",
        1200,
        "9211",
    )
    assert (row["start"], row["sector"]) == (date(2024, 1, 1), "01")
    assert row["occupation"] == "Manœuvres à la récolte"


def test_the_quarter_may_come_from_the_file_s_name(tmp_path: Path) -> None:
    text = HEADER + 'Ontario,Low Wage,A,"X, ON",63200-Cooks,,1,2\n'
    assert read(tmp_path, text, "tfwp_2022q3_positive_en.csv").frame["start"].to_list() == [date(2022, 10, 1)]
    with pytest.raises(BadInput, match="says the period"):
        read(tmp_path, text)


def test_rows_that_ask_for_nobody_are_refused(tmp_path: Path) -> None:
    text = HEADER + 'Ontario,Low Wage,A,"X, ON",63200-Cooks,,1,0\nOntario,Low Wage,B,"X, ON",63200-Cooks,,1,3\n'
    found = read(tmp_path, text, "tfwp_2022q3_pos.csv")
    assert found.frame["employer"].to_list() == ["B"]
    assert found.report.refused_rows() == {2}


def test_provinces_as_headings_as_until_2015(tmp_path: Path) -> None:
    text = (
        "Employers who obtained a positive Labour Market Impact Assessment, June 20 - December 31 2014,,\n"
        "Newfoundland and Labrador,,\nEmployer,Address,Positions\n"
        '"Cod & Sons","St. John\'s, NL A1C 1A1",3\nOther employers,,12\n'
        'Quebec,,\nEmployer,Address,Positions\nFerme Roy,"Lévis, QC",7\n'
        "Notes:,,\n1. Employers who are persons are not named.,,\n"
    )
    with pytest.raises(BadInput, match=r"no column for occupation or noc_code; .*--assume 'FIELD=VALUE'"):
        read(tmp_path, text, "positive_employers_en.csv")
    path = tmp_path / "positive_employers_en.csv"
    found = read_lmia(path, Choices(values={"occupation": "temporary foreign worker"}))
    assert found.frame.select("employer", "region", "positions").rows() == [
        ("Cod & Sons", "CA-NL", 3),
        ("Other employers", "CA-NL", 12),
        ("Ferme Roy", "CA-QC", 7),
    ]
    assert set(found.frame["start"]) == {date(2015, 1, 1)}
    assert found.report.counts["notes"] == 3


def test_a_list_of_a_whole_year_without_streams(tmp_path: Path) -> None:
    text = (
        '"Employers who were issued a positive LMIA by NOC 2011, January to December 2016",,,,\n'
        "Province/Territory,Employer,Address,Occupations under NOC 2011,Positions Approved\n"
        'Alberta,Hay Ltd,"Olds, AB T4H 1P1",8431-General farm workers,"1,004"\n'
        ',,"Olds, AB T4H 1P1",16-Senior managers,1\n'
    )
    frame = read(tmp_path, text, "2016_positive_employer_en.csv").frame
    assert frame["positions"].to_list() == [1004, 1]
    assert frame["start"].to_list() == [date(2017, 1, 1)] * 2
    assert frame["end"].to_list() == [date(2017, 8, 28), date(2017, 12, 31)]
    assert frame["sector"].to_list() == ["01", None]
    assert "noc:0016" in frame["facts"][1]


@pytest.mark.parametrize(
    ("name", "title", "start"),
    [
        ("2017q1q2_positive_en.csv", "", date(2017, 7, 1)),
        ("EmployerListQ1-2021.csv", "", date(2021, 4, 1)),
        ("TFWP_2021Q2_Positive_EN.csv", "", date(2021, 7, 1)),
        ("list.csv", "EIMT favorable selon la CNP 2021, de janvier à mars 2023", date(2023, 4, 1)),
        ("list.csv", "LMIA by National Occupational Classification (NOC) 2011 in 2019 (Oct.-Dec.)", date(2020, 1, 1)),
        ("list.csv", "Third quarter of 2022", date(2022, 10, 1)),
        ("list.csv", "EIMT, troisième trimestre 2022", date(2022, 10, 1)),
        ("list.csv", "Positive LMIAs, Q3 2024", date(2024, 10, 1)),
        ("list.csv", "LMIAs from April 2016 to March 2017", date(2017, 4, 1)),
    ],
)  # fmt: skip
def test_what_a_list_covers_is_read_from_its_name_or_title(tmp_path: Path, name: str, title: str, start: date) -> None:
    text = (f'"{title}",,,,,,,\n' if title else "") + HEADER + 'Ontario,Low Wage,A,"X, ON",63200-Cooks,,1,2\n'
    assert read(tmp_path, text, name).frame["start"].to_list() == [start]


def test_blank_rows_and_the_columns_of_a_tidy_table(tmp_path: Path) -> None:
    text = (
        "Year,Quarter,Province/Territory,Program Stream/Volet du programme,Employer,Occupation,Approved Positions\n"
        "2023,Q2,Ontario,PRIMARY AGRICULTURE,A,NOC 85101 - Harvesting labourers,4\n,,,,,,\n"
        ",,Ontario,Low Wage,B,Cooks (63200),2\n"
        ",,,,C,10 Legislators,1\n"
    )
    frame = read(tmp_path, text).frame
    assert frame["start"].to_list() == [date(2023, 7, 1)] * 3
    assert frame["isco"].to_list()[:2] == ["9211", "5120"]
    assert frame["sector"].to_list() == ["01", None, None]
    assert "noc:00010" in frame["facts"][2]


def test_a_list_of_negative_assessments_is_refused(tmp_path: Path) -> None:
    text = HEADER + 'Ontario,Low Wage,A,"X, ON",63200-Cooks,,1,2\n'
    with pytest.raises(BadInput, match="negative"):
        read(tmp_path, text, "tfwp_2022q3_neg_en.csv")
    with pytest.raises(BadInput, match="negative"):
        read(tmp_path, "Employeurs ayant reçu une EIMT négative 2022T3,,,,,,,\n" + text)


def test_a_workbook_of_one_sheet_a_province_is_read_whole(tmp_path: Path) -> None:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    book = Workbook(str(tmp_path / "tfwp_2024q2_pos_en.xlsx"))
    for place in ("Ontario", "Manitoba"):
        sheet = book.add_worksheet(place)
        sheet.write_row(0, 0, ["Employers who were issued a positive LMIA"])
        sheet.write_row(1, 0, [cell.strip() + " " for cell in HEADER.split(",")])
        sheet.write_row(
            2, 0, [place, "   Low Wage", f"Firm in {place}", "X", "65201-Food counter attendants", "", 1, 3]
        )
    book.add_worksheet("Notes").write_row(0, 0, ["Names of persons are left out."])
    book.close()
    found = read_lmia(tmp_path / "tfwp_2024q2_pos_en.xlsx")
    assert found.frame["region"].to_list() == ["CA-ON", "CA-MB"]
    assert found.frame["vacancy_id"].n_unique() == 2
    assert [entry.value for entry in found.report.entries if entry.row is None][:2] == ["Manitoba", "Notes"]
