"""Canada's lists of positive labour market impact assessments: one original, the tidy table, and made ones."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import Intake, read_lmia

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
    with pytest.raises(BadInput, match="says the quarter"):
        read(tmp_path, text)


def test_rows_that_ask_for_nobody_are_refused(tmp_path: Path) -> None:
    text = HEADER + 'Ontario,Low Wage,A,"X, ON",63200-Cooks,,1,0\nOntario,Low Wage,B,"X, ON",63200-Cooks,,1,3\n'
    found = read(tmp_path, text, "tfwp_2022q3_pos.csv")
    assert found.frame["employer"].to_list() == ["B"]
    assert found.report.refused_rows() == {2}
