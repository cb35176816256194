"""Lists of workers in the layouts that ministries send."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import Intake, read_workers
from skillbridge.synth import workers
from skillbridge.tables import WORKERS


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> Intake:
    path = tmp_path / "workers.csv"
    path.write_text(text, encoding=encoding)
    return read_workers(path)


def refused(found: Intake) -> list[tuple[int | None, str, str]]:
    return [(entry.row, entry.column, entry.value) for entry in found.report.entries if entry.action == "refused"]


def test_an_english_list_becomes_workers(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Pool No,Nationality,Gender,DOB,Last job,Years of experience,Languages,Education,Available from,Available to,"
        "Expected wage,Currency,Consent\n"
        'w1,Vanuatu,M,14/02/1990,orchard worker,3,"Bislama native, English good",secondary,01/02/2026,31/08/2026,'
        "23.50,NZD,yes\n",
    )
    row = found.frame.row(0, named=True)
    assert dict(found.frame.schema) == WORKERS
    assert (row["origin"], row["sex"], row["birth_year"], row["experience_months"]) == ("VU", "m", 1990, 36)
    assert (row["languages"], row["education"], row["consent"]) == ("bi:C2;en:B2", 2, True)
    assert (row["available_from"], row["available_to"]) == (date(2026, 2, 1), date(2026, 8, 31))
    assert (row["wage_floor"], row["currency"]) == (2350, "NZD")


HEADERS = {
    "cp1252": "matricule;nationalité;sexe;métier;langues;niveau d'études;disponible du",
    "utf-8-sig": "folio;nacionalidad;género;oficio;idiomas;escolaridad;disponible desde",
    "utf-16": "رقم العامل;الجنسية;الجنس;المهنة;اللغات;المستوى الدراسي;متاح من",
    "cp1251": "номер;гражданство;пол;профессия;языки;образование;доступен с",
}
PERSONS = {
    "cp1252": "1;Maroc;femme;cueilleuse;arabe C2;primaire;01/03/2026",
    "utf-8-sig": "1;Marruecos;mujer;recolectora;árabe C2;primaria;01/03/2026",
    "utf-16": "1;المغرب;أنثى;عاملة فلاحية;العربية C2;ابتدائي;01/03/2026",
    "cp1251": "1;Марокко;ж;сборщица;арабский C2;начальное;01/03/2026",
}


@pytest.mark.parametrize("encoding", list(HEADERS), ids=["fr", "es", "ar", "ru"])
def test_the_same_person_in_four_languages(tmp_path: Path, encoding: str) -> None:
    found = read(tmp_path, f"{HEADERS[encoding]}\n{PERSONS[encoding]}\n", encoding).frame.row(0, named=True)
    assert (found["worker_id"], found["origin"], found["sex"]) == ("1", "MA", "f")
    assert (found["languages"], found["education"], found["available_from"]) == ("ar:C2", 1, date(2026, 3, 1))


def test_names_documents_and_contacts_are_left_out_and_unknown_columns_are_named(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "id,Surname,Given name,Passport no,Phone,Height,Religion,country,job,Shoe size\n"
        "1,Kalo,Mary,RV123456,+678 555,170,none,Vanuatu,picker,39\n",
    )
    text = str(found.frame.rows())
    assert not any(secret in text for secret in ("Kalo", "Mary", "RV123456", "555", "170"))
    assert found.report.columns["Passport no"].startswith("left out")
    assert found.report.unknown_columns == ["Shoe size"]


def test_a_worker_twice_is_refused_with_both_rows_and_the_rest_is_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "id,country,job\nw1,MX,a\nw2,MX,b\nw1,GT,c\n")
    assert found.frame["worker_id"].to_list() == ["w1", "w2"]
    (entry,) = found.report.entries
    assert (entry.row, entry.value, entry.action) == (4, "w1", "refused")
    assert "row 2" in entry.expected


def test_every_bad_cell_is_reported_with_row_and_column_and_the_row_is_kept(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "id,country,job,available_from,available_to,education,sex,experience_months,wage_floor,currency\n"
        "w1,MX,picker,3016-02-30,,12,robot,-3,-5,MXN\n"
        "w2,MX,picker,2026-05-01,2026-04-01,3,f,6,,\n",
    )
    assert len(found.frame) == 2
    assert set(refused(found)) == {
        (2, "available_from", "3016-02-30"),
        (2, "education", "12"),
        (2, "sex", "robot"),
        (2, "experience_months", "-3"),
        (2, "wage_floor", "-5 |  | MXN | "),
        (3, "available_to", "2026-05-01 to 2026-04-01"),
    }
    assert found.frame["available_to"].to_list() == [None, None]


def test_rows_without_origin_or_occupation_are_refused_whole(tmp_path: Path) -> None:
    found = read(tmp_path, "id,country,job\nw1,Atlantis,picker\nw2,MX,\n,MX,picker\nw4,NA,picker\n")
    assert found.frame.select("worker_id", "origin").rows() == [("w4", "NA")]
    assert {row for row, column, _ in refused(found) if not column} == {2, 3, 4}


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column for origin, occupation or isco or concept"):
        read(tmp_path, "id,age\nw1,30\n")
    with pytest.raises(BadInput, match="no row below the header"):
        read(tmp_path, "id,country,job\n")


def test_day_or_month_first_is_decided_by_the_file_s_evidence(tmp_path: Path) -> None:
    us = read(tmp_path, "id,country,job,from,until\nw1,MX,x,03/04/2026,12/25/2026\n")
    assert us.frame["available_from"].to_list() == [date(2026, 3, 4)]
    assert us.report.assumptions == []
    unsure = read(tmp_path, "id,country,job,from\nw1,MX,x,03/04/2026\n")
    assert unsure.frame["available_from"].to_list() == [date(2026, 4, 3)]
    assert "day/month/year" in unsure.report.assumptions[0]


def test_a_workbook_with_dates_as_serial_numbers(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "ID": [101, 102],
            "País": ["México", "Guatemala"],
            "Oficio": ["jornalero"] * 2,
            "Disponible desde": [46054, 46055],
        }
    )
    frame.write_excel(tmp_path / "lista.xlsx")
    found = read_workers(tmp_path / "lista.xlsx").frame
    assert found["worker_id"].to_list() == ["101", "102"]
    assert found["available_from"].to_list() == [date(2026, 2, 1), date(2026, 2, 2)]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_skillbridge_writes_it_reads_back_unchanged(tmp_path: Path, kind: str) -> None:
    pool = pl.concat(workers(3000, 5)).with_columns(pl.col("occupation").str.strip_chars())
    path = tmp_path / f"pool.{kind}"
    pool.write_csv(path) if kind == "csv" else pool.write_parquet(path)
    found = read_workers(path)
    assert found.frame.equals(pool)
    assert found.report.entries == []


@pytest.mark.parametrize(
    ("column", "cell"),
    [("past", "employer-1:last summer"), ("preferences", "NZ:9"), ("consent", "perhaps"), ("facts", "no colon: ;x y")],
)
def test_nobody_is_planned_on_past_stays_or_wishes_that_cannot_be_read(tmp_path: Path, column: str, cell: str) -> None:
    found = read(tmp_path, f'id,country,job,{column}\nw1,MX,picker,"{cell}"\nw2,MX,picker,\n')
    assert found.frame["worker_id"].to_list() == ["w2"]
    assert found.report.refused_rows() == {2}


def test_columns_about_one_language_are_read_as_languages(tmp_path: Path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text(
        "Pool No,Country,Job,Languages,English,Nivel de español,Korean (TOPIK),Polish\n"
        "s1,WS,picker,en:A1;sm:C2,Good,,3,12\n"
        "s2,WS,picker,,no,B1,,7\n"
        "s3,WS,picker,,perhaps,,,1\n"
    )
    found = read_workers(path)
    assert found.frame["languages"].to_list() == ["en:B2;sm:C2;ko:B1", "es:B1", None]
    assert [(e.row, e.column, e.action) for e in found.report.entries if e.action == "refused"] == [
        (4, "English", "refused")
    ]
    assert found.report.unknown_columns == ["Polish"]


@pytest.mark.parametrize(
    ("header", "cells", "licences"),
    [
        ("Permis de conduire", ["Oui", "Non", "B"], ["driving", None, "B"]),
        ("Licences", ["yes", "no", "tractor;forklift"], [None, None, "tractor;forklift"]),
        ("Führerschein", ["ja", "nein", ""], ["driving", None, None]),
    ],
)
def test_yes_and_no_are_no_licences(tmp_path: Path, header: str, cells: list[str], licences: list[str | None]) -> None:
    path = tmp_path / "pool.csv"
    rows = "".join(f"s{k},WS,picker,{cell}\n" for k, cell in enumerate(cells))
    path.write_text(f"Pool No,Country,Job,{header}\n{rows}")
    assert read_workers(path).frame["licences"].to_list() == licences
