"""Lists of vacancies in the layouts that employers and operators send."""

from datetime import date
from pathlib import Path

import pytest

from skillbridge.errors import BadInput
from skillbridge.intake import Intake, read_vacancies
from skillbridge.synth import vacancies
from skillbridge.tables import VACANCIES


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> Intake:
    path = tmp_path / "vacancies.csv"
    path.write_text(text, encoding=encoding)
    return read_vacancies(path)


def test_a_spanish_demand_list_with_decimal_commas(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Folio;Empresa;País;Puesto;Plazas;Fecha de inicio;Fecha de fin;Horas semanales;Salario (EUR/hora);"
        "Sector;Idiomas\n"
        "7;Fresas del Sur SL;España;Peón agrícola;1.200;15/01/2026;30/06/2026;39,5;9,26;01.25;español A1\n",
        "cp1252",
    )
    row = found.frame.row(0, named=True)
    assert dict(found.frame.schema) == VACANCIES
    assert (row["destination"], row["positions"], row["hours_week"]) == ("ES", 1200, 39.5)
    assert (row["wage"], row["currency"], row["sector"], row["languages"]) == (926, "EUR", "0125", "es:A1")
    assert (row["start"], row["end"]) == (date(2026, 1, 15), date(2026, 6, 30))
    assert row["employer_id"].startswith("e-")


@pytest.mark.parametrize(
    ("wage", "unit", "currency", "minor", "code"),
    [
        ("17.50", "hour", "USD", 1750, "USD"),
        ("700", "week", "USD", 1750, "USD"),
        ("3033.33", "Monthly", "", 1750, "USD"),
        ("$17.50", "", "", 1750, "USD"),
        ("17.50 USD", "", "", 1750, "USD"),
        ("€12,50/h", "", "", 1250, "EUR"),
    ],
)
def test_wages_with_their_units(tmp_path: Path, wage: str, unit: str, currency: str, minor: int, code: str) -> None:
    header = "id,employer,country,title,positions,start,end,hours per week,pay,per,currency"
    found = read(tmp_path, f'{header}\nv1,Acme,US,picker,3,2026-03-01,2026-09-01,40,"{wage}",{unit},{currency}\n')
    assert found.frame.select("wage", "currency").row(0) == (minor, code)


def test_impossible_rows_are_refused_with_their_reasons(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "vacancy_id,employer,destination,occupation,positions,start,end,wage,wage_unit,beds\n"
        "v1,A,US,x,0,2026-03-01,2026-09-01,15,hour,1\n"
        "v2,A,US,x,2,2026-09-01,2026-03-01,15,hour,1\n"
        "v3,A,Atlantis,x,2,2026-03-01,2026-09-01,15,hour,1\n"
        "v4,A,US,x,2,3016-02-30,2026-09-01,15,hour,1\n"
        "v5,A,US,x,2,2026-03-01,2026-09-01,-15,hour,4\n"
        "v5,A,US,x,2,2026-03-01,2026-09-01,15,hour,1\n"
        "v6,A,US,x,2,2026-03-01,2026-09-01,15,hour,-4\n",
    )
    assert found.frame["vacancy_id"].to_list() == ["v5"]
    assert found.frame.select("wage", "beds").row(0) == (None, 4)
    assert found.report.refused_rows() == {2, 3, 4, 5, 7, 8}
    reasons = {entry.row: entry.expected for entry in found.report.entries if not entry.column}
    assert reasons[2] == "one position or more"
    assert reasons[3] == "a last day after the first"
    assert "row 6" in reasons[7]
    assert len(found.frame) + sum(found.report.reasons().values()) == found.report.counts["rows"]
    assert found.report.reasons()["a destination country"] == 1


def test_a_list_without_positions_is_not_usable(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column for employer_id or employer, positions"):
        read(tmp_path, "vacancy_id,destination,occupation,start,end\nv1,US,x,2026-03-01,2026-09-01\n")


def test_contacts_are_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "id,employer,country,title,positions,start,end,contact name,contact email\n"
        "v1,Acme,US,picker,3,2026-03-01,2026-09-01,Jane Roe,jane@example.org\n",
    )
    assert "Jane" not in str(found.frame.rows())
    assert "jane@example.org" not in str(found.frame.rows())


def test_what_skillbridge_writes_it_reads_back_unchanged(tmp_path: Path) -> None:
    demand = vacancies(400, 9, ["nz-rse", "ca-sawp", "gb-seasonal"])
    demand.write_csv(tmp_path / "v.csv")
    found = read_vacancies(tmp_path / "v.csv")
    assert found.frame.equals(demand)
    assert found.report.entries == []


def wages(tmp_path: Path, *cells: str, currency: str = "NOK") -> tuple[list[int | None], int]:
    """(the wages read, how many were refused) of a column of one vacancy each."""
    file = tmp_path / "wages.csv"
    head = "vacancy_id,employer_id,destination,positions,start,end,isco,wage,currency\n"
    rows = [f'v{n},e1,NO,1,2026-03-01,2026-08-31,9211,"{cell}",{currency}' for n, cell in enumerate(cells)]
    file.write_text(head + "\n".join(rows), encoding="utf-8")
    found = read_vacancies(file)
    assert found.report.assumptions
    return found.frame["wage"].to_list(), found.report.actions()["refused"]


def test_one_high_wage_does_not_turn_a_column_of_minor_units_into_major_ones(tmp_path: Path) -> None:
    assert wages(tmp_path, "17000", "19900", "21000", "30000") == ([17000, 19900, 21000, 30000], 0)


def test_a_wage_in_another_unit_than_its_column_is_refused_not_scaled(tmp_path: Path) -> None:
    assert wages(tmp_path, "16320", "17000", "3") == ([16320, 17000, None], 1)


def test_low_pay_in_minor_units_is_read_as_it_stands(tmp_path: Path) -> None:
    assert wages(tmp_path, "1200", "1550", "213", currency="USD") == ([1200, 1550, 213], 0)


def test_what_skillbridge_wrote_reads_back_as_it_was(tmp_path: Path) -> None:
    written, _ = wages(tmp_path, "163.20", "201.00")
    assert written == [16320, 20100]
    assert wages(tmp_path, *map(str, written)) == (written, 0)


@pytest.mark.parametrize(
    ("currency", "cell", "minor"), [("SEK", "150", 15000), ("ZAR", "3000", 3000), ("JPY", "1200", 1200)]
)
def test_currencies_of_every_size_are_believed_by_what_an_hour_can_pay(
    tmp_path: Path, currency: str, cell: str, minor: int
) -> None:
    assert wages(tmp_path, cell, currency=currency) == ([minor], 0)


@pytest.mark.parametrize(("start", "code"), [("2022-03-01", "HRK"), ("2023-03-01", "EUR")])
def test_a_wage_without_a_currency_is_in_that_of_the_country_when_the_job_starts(
    tmp_path: Path, start: str, code: str
) -> None:
    text = f"id,employer,country,job,positions,start,end,wage\nv1,A,HR,x,1,{start},{start[:4]}-09-30,12.50\n"
    found = read(tmp_path, text)
    assert found.frame["currency"].to_list() == [code]
    assert "wages without a currency are in the destination's currency" in found.report.assumptions
