"""Lists from elsewhere: other kinds of file, seasons in words, and what a file does not hold."""

import contextlib
import json
import zipfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.errors import BadInput
from skillbridge.intake import Choices, Intake, read_vacancies, read_workers
from skillbridge.intake.fields import currencies_in
from skillbridge.intake.files import read_table
from skillbridge.intake.headers import known
from skillbridge.intake.money import amount_in, unit_of
from skillbridge.intake.spans import experience, length, period
from skillbridge.intake.values import lone_number, whole

HEAD = "id,employer,country,job,positions,start,end"


def read(tmp_path: Path, text: str, choices: Choices | None = None) -> Intake:
    path = tmp_path / "list"
    path.write_text(text, encoding="utf-8")
    return read_vacancies(path, choices or Choices())


def ods(path: Path, rows: list[list[str]]) -> Path:
    """The least OpenDocument spreadsheet that holds these rows of text."""
    cells = "".join(
        "<table:table-row>"
        + "".join(f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in row)
        + "</table:table-row>"
        for row in rows
    )
    names = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content{names}><office:body><office:spreadsheet><table:table '
        f'table:name="Liste">{cells}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("content.xml", content)
        made.writestr("META-INF/manifest.xml", "<manifest/>")
    return path


RECORDS: list[dict[str, Any]] = [
    {
        "refnr": "10001-7",
        "beruf": "Erntehelfer/in",
        "arbeitgeber": "Obsthof GmbH",
        "arbeitsort": {"plz": "21129", "ort": "Hamburg", "land": "Deutschland"},
        "eintrittsdatum": "2026-04-01",
        "befristetBis": "2026-10-31",
        "anzahlOffeneStellen": 12,
    },
    {"refnr": "10001-8", "beruf": "Gärtner/in", "arbeitgeber": "Gut AG", "arbeitsort": {"land": "Deutschland"}},
]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORDS),
        json.dumps({"maxErgebnisse": 2, "facetten": [{"name": "x"}], "stellenangebote": RECORDS}),
        "\n".join(json.dumps(record) for record in RECORDS),
        "\ufeff" + json.dumps({"data": {"items": RECORDS}}),
    ],
    ids=["an array", "wrapped", "lines", "deep and with a BOM"],
)
def test_records_of_a_job_service_in_json(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text, Choices({"anzahlOffeneStellen": "positions"}))
    row = found.frame.row(0, named=True)
    assert (row["vacancy_id"], row["employer"], row["destination"], row["region"]) == (
        "10001-7",
        "Obsthof GmbH",
        "DE",
        "Hamburg",
    )
    assert (row["positions"], row["start"], row["end"]) == (12, date(2026, 4, 1), date(2026, 10, 31))
    assert found.report.refused_rows() == {2}


def test_a_longitude_is_no_wage(tmp_path: Path) -> None:
    record = RECORDS[0] | {"arbeitsort": {"land": "Deutschland", "koordinaten": {"lat": 49.9, "lon": 8.4}}}
    found = read(tmp_path, json.dumps([record, record | {"refnr": "2"}]), Choices({"anzahlOffeneStellen": "positions"}))
    assert found.frame["wage"].to_list() == [None, None]
    swedish = read(tmp_path, HEAD + ",Lön\nv1,A,SE,x,3,2026-03-01,2026-09-30,150\n")
    assert swedish.frame["wage"].to_list() == [15000]


def test_records_whose_place_is_a_map_of_countries(tmp_path: Path) -> None:
    record: dict[str, Any] = {
        "id": "e1",
        "title": "Fruit picker",
        "numberOfPosts": 5,
        "locationMap": {"NL": ["NL33"]},
        "employer": {"name": "Kas BV", "website": None},
        "startDate": "2026-05-01",
        "endDate": "2026-09-30",
    }
    found = read(
        tmp_path, json.dumps({"jvs": [record, record | {"id": "e2"}]}), Choices({"locationMap": "destination"})
    )
    assert found.frame["destination"].to_list() == ["NL", "NL"]
    assert found.frame.row(0, named=True)["employer"] == "Kas BV"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"workers": []}', "without a list of objects"),
        ("[1, 2]", "without a list of objects"),
        ('[{"id": 1}', "line 1: this is not JSON"),
        ('{"id": 1}\n{"id": ', "line 2: this is not JSON"),
        ("[" * 5000, "this is not JSON|nested too deep"),
        ('{"@context": "https://schema.org", "@type": "JobPosting"}', "adverts of schema.org"),
        ("<html><body><p>Nothing</p></body></html>", "HTML without a table"),
        ("<?xml version='1.0'?><list/>", "this is XML"),
    ],
)
def test_other_documents_are_refused_with_a_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(tmp_path, text)


def test_a_table_of_a_web_page_that_calls_itself_a_spreadsheet(tmp_path: Path) -> None:
    rows = [HEAD.split(","), ["v1", "Huerta &amp; Hijos", "España", "<b>Peón</b>", "1.200", "01/03/2026", "30/09/2026"]]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    found = read(tmp_path, f"<html><table><tr><td colspan=7>Ofertas</td></tr>{body}</table></html>")
    assert found.frame.select("employer", "occupation", "positions").row(0) == ("Huerta & Hijos", "Peón", 1200)


def test_an_open_document_spreadsheet(tmp_path: Path) -> None:
    path = ods(
        tmp_path / "list.ods", [["Liste"], HEAD.split(","), ["v1", "A", "FR", "x", "3", "2026-03-01", "2026-09-30"]]
    )
    assert read_vacancies(path).frame["positions"].to_list() == [3]


def test_a_header_of_two_rows_with_merged_cells(tmp_path: Path) -> None:
    rows = [
        ["Saisonkräfte 2026", "", "", "", "", "", ""],
        ["Betrieb", "Land", "Tätigkeit", "Anzahl", "Einsatz", "", "Lohn"],
        ["", "", "", "", "von", "bis", "(EUR/h)"],
        ["Hof", "Deutschland", "Erntehelfer", "3", "01.04.2026", "31.10.2026", "13,90"],
    ]
    row = read_vacancies(ods(tmp_path / "list.ods", rows)).frame.row(0, named=True)
    assert (row["positions"], row["start"], row["end"]) == (3, date(2026, 4, 1), date(2026, 10, 31))
    assert (row["wage"], row["currency"]) == (1390, "EUR")


def test_a_list_that_holds_employers_only_says_what_it_lacks_and_takes_it_as_stated(tmp_path: Path) -> None:
    text = "RSE employer,Region,Approved places\nKiwi Orchards,Bay of Plenty,120\nApples Ltd,Hawke's Bay,80\n"
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text)
    assert "no column for destination, start or period, end or period or duration" in caught.value.what
    assert "RSE employer (employer)" in caught.value.what
    assert "--assume 'FIELD=VALUE'" in caught.value.expected
    said = {"destination": "NZ", "start": "2025-10-01", "duration": "7 months", "occupation": "fruit picker"}
    found = read(tmp_path, text, Choices(values=said))
    assert found.frame["positions"].to_list() == [120, 80]
    assert set(found.frame["end"]) == {date(2026, 4, 30)}
    assert "destination: NZ where the file says nothing, as stated by who imports it" in found.report.assumptions
    assert any(text.startswith("no column of ids") for text in found.report.assumptions)


def test_ids_made_of_rows_are_the_same_in_any_order_and_tell_equal_rows_apart(tmp_path: Path) -> None:
    head = "employer,country,job,positions,start,end\n"
    rows = [
        "A,NZ,picker,1,2026-01-01,2026-05-01",
        "B,NZ,picker,2,2026-01-01,2026-05-01",
        "A,NZ,picker,1,2026-01-01,2026-05-01",
    ]
    forward = read(tmp_path, head + "\n".join(rows)).frame
    backward = read(tmp_path, head + "\n".join(reversed(rows))).frame
    assert forward["vacancy_id"].n_unique() == 3
    assert sorted(forward["vacancy_id"]) == sorted(backward["vacancy_id"])


def test_a_header_of_another_format_names_the_format_it_fits(tmp_path: Path) -> None:
    text = "CASE_NUMBER,CASE_STATUS,NBR_WORKERS_CERTIFIED,SOC_CODE,WORKSITE_STATE\nH-300-1,Certified,3,45-2092,TX\n"
    with pytest.raises(BadInput, match="looks more like a US disclosure file: skillbridge import h2a or h2b"):
        read(tmp_path, text)


def test_a_header_without_a_known_word_is_shown(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, "Alpha;Beta;Gamma\n1;2;3\n")
    assert "its columns seem to be Alpha, Beta, Gamma" in caught.value.what
    assert "fields: vacancy_id, employer_id, employer, destination" in caught.value.expected
    said = {"Alpha": "employer", "Beta": "positions"}
    with pytest.raises(BadInput, match="no column for destination"):
        read(tmp_path, "Alpha;Beta;Gamma\n1;2;3\n", Choices(said))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (Choices({"Nowhere": "positions"}), "there is no column 'Nowhere'"),
        (Choices({"job": "task"}), "'task' is no field of it"),
        (Choices(values={"personal": "x"}), "'personal' is no field"),
        (Choices({"job": "region", "country": "region"}), "two columns are mapped to one field"),
    ],
)
def test_choices_that_fit_no_column_or_field_are_refused(tmp_path: Path, choices: Choices, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read(tmp_path, HEAD + "\nv1,A,FR,x,3,2026-03-01,2026-09-30\n", choices)


def test_a_mapped_column_goes_before_the_header_s_own_word(tmp_path: Path) -> None:
    text = HEAD + ",heads\nv1,A,FR,x,3,2026-03-01,2026-09-30,8\n"
    found = read(tmp_path, text, Choices({"heads": "positions"}))
    assert found.frame["positions"].to_list() == [8]
    assert found.report.unknown_columns == ["positions"]


def test_long_headers_are_read_by_their_words_and_said(tmp_path: Path) -> None:
    text = (
        "Name of the employer,Country of work,Job title of the worker,Number of seasonal workers requested,"
        "Requested start date,Requested end date,Employer phone\n"
        "A,France,picker,3,2026-03-01,2026-09-30,0033\n"
    )
    found = read(tmp_path, text)
    assert found.frame.select("employer", "positions", "start").row(0) == ("A", 3, date(2026, 3, 1))
    assert "0033" not in str(found.frame.rows())
    noted = {entry.value for entry in found.report.entries if "by its words" in entry.expected}
    assert "Number of seasonal workers requested" in noted


def test_no_number_of_a_person_becomes_an_id_by_its_words(tmp_path: Path) -> None:
    text = HEAD.replace("id,", "Codice fiscale del datore,") + "\nRSSMRA80A01H501U,A,IT,x,3,2026-03-01,2026-09-30\n"
    found = read(tmp_path, text)
    assert "RSSMRA80A01H501U" not in str(found.frame.rows())
    assert found.report.unknown_columns == ["Codice fiscale del datore"]


@pytest.mark.parametrize(
    ("text", "year", "first", "last"),
    [
        ("01/04/2026 - 31/10/2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("2026-04-01/2026-10-31", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("1.4. - 31.10.2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("1.–15. August 2026", None, date(2026, 8, 1), date(2026, 8, 15)),
        ("April–October 2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("Mar-Nov", "2026", date(2026, 3, 1), date(2026, 11, 30)),
        ("October - May", "2025", date(2025, 10, 1), date(2026, 5, 31)),
        ("October - May 2026", None, date(2025, 10, 1), date(2026, 5, 31)),
        ("du 1er avril au 31 octobre 2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("desde el 1 de abril hasta el 31 de octubre de 2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("dal 1 aprile al 31 ottobre 2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("von 1. April bis 31. Oktober 2026", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("od 1 kwietnia do 31 października 2026 r.", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("с 1 апреля по 31 октября 2026 г.", None, date(2026, 4, 1), date(2026, 10, 31)),
        ("من أبريل إلى أكتوبر", "2026", date(2026, 4, 1), date(2026, 10, 31)),
        ("4月〜10月", "2026", date(2026, 4, 1), date(2026, 10, 31)),
        ("2026.04.01 ~ 2026.10.31", None, date(2026, 4, 1), date(2026, 10, 31)),
    ],
)
def test_seasons_in_words(text: str, year: str | None, first: date, last: date) -> None:
    assert period(True)(text, year).value == [first, last]


@pytest.mark.parametrize("text", ["April to October", "seasonal", "31.02.2026 - 01.03.2026", "all year", "2026"])
def test_seasons_that_say_too_little_are_refused(text: str) -> None:
    reading = period(True)(text, None)
    assert (reading.value, reading.action) == (None, "refused")


@pytest.mark.parametrize(
    ("header", "text", "last"),
    [
        ("Duration", "6 months", date(2026, 9, 14)),
        ("Dauer (Monate)", "6", date(2026, 9, 14)),
        ("Durée", "180 jours", date(2026, 9, 10)),
        ("Period", "26 Wochen", date(2026, 9, 12)),
        ("x", "6개월", date(2026, 9, 14)),
        ("x", "1 rok", date(2027, 3, 14)),
        ("x", "6", None),
        ("x", "6-8 months", None),
        ("x", "600 months", None),
    ],
)
def test_lengths_of_stay(header: str, text: str, last: date | None) -> None:
    assert length(header)(text, date(2026, 3, 15)).value == last


def test_a_season_without_a_year_takes_the_year_of_the_title_and_says_so(tmp_path: Path) -> None:
    head = "Demande saisonnière 2026,,,,\nEmployeur,Pays,Poste,Nombre de postes,Saison\n"
    text = head + "A,France,Cueilleur,3,avril à octobre\n"
    found = read(tmp_path, text)
    assert found.frame.select("start", "end").row(0) == (date(2026, 4, 1), date(2026, 10, 31))
    assert "seasons without a year are in 2026, the year of the title" in found.report.assumptions
    without = read(tmp_path, text.replace(" 2026", ""), Choices(values={"year": "2027"}))
    assert without.frame["start"].to_list() == [date(2027, 4, 1)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("approx. 20 pickers", 20),
        ("20名", 20),
        ("1 200 osób", 1200),
        ("20+", 20),
        ("10-12", None),
        ("20 (10 men, 10 women)", None),
        ("2x10", None),
        ("-5", None),
        ("v5", None),
        ("0 pickers", None),
    ],
)
def test_one_number_among_words_is_a_count_and_several_are_not(text: str, count: int | None) -> None:
    assert whole(1, 100_000, words=True)(text).value == count
    assert (lone_number(text) is None) or whole(1, 100_000)(text).value is None


def pay(
    tmp_path: Path, country: str, *cells: str, header: str = "wage"
) -> tuple[list[tuple[int | None, str | None]], Intake]:
    rows = [f'v{n},A,{country},x,3,2026-03-01,2026-09-30,"{cell}"' for n, cell in enumerate(cells)]
    found = read(tmp_path, f"{HEAD},{header}\n" + "\n".join(rows))
    return found.frame.select("wage", "currency").rows(), found


@pytest.mark.parametrize(
    ("country", "cell", "minor", "code"),
    [
        ("GB", "£11.44 - £12.00 per hour", 1144, "GBP"),
        ("DE", "ab 13,90 € brutto", 1390, "EUR"),
        ("DE", "2.409,33 EUR/Monat", 1390, "EUR"),
        ("CA", "$17.20/hr", 1720, "CAD"),
        ("AU", "$26.73", 2673, "AUD"),
        ("CA", "US$17.20", 1720, "USD"),
        ("SE", "150 kr/tim", 15000, "SEK"),
        ("DK", "150 kr/time", 15000, "DKK"),
        ("JP", "¥1,100", 1100, "JPY"),
        ("CN", "¥25/小时", 2500, "CNY"),
        ("DE", "$15", None, None),
        ("DE", "150 kr", None, None),
        ("FR", "11,88 ou 12,10 ou 13,00", None, None),
    ],
)
def test_wages_with_signs_ranges_and_remarks(
    tmp_path: Path, country: str, cell: str, minor: int | None, code: str | None
) -> None:
    rows, _ = pay(tmp_path, country, cell)
    assert rows == [(minor, code)]


def test_points_of_thousands_are_told_from_decimal_ones_by_what_a_wage_can_be(tmp_path: Path) -> None:
    monthly, found = pay(tmp_path, "DE", "2.409", "2.600", header="Monatslohn")
    assert monthly == [(1390, "EUR"), (1500, "EUR")]
    assert any("of thousands" in text for text in found.report.assumptions)
    exported, found = pay(tmp_path, "DE", "13.900", "15.000", header="Stundenlohn")
    assert exported == [(1390, "EUR"), (1500, "EUR")]
    assert any("are decimal" in text for text in found.report.assumptions)


def test_a_currency_that_is_not_clear_is_no_guess(tmp_path: Path) -> None:
    text = f"{HEAD},wage,currency\nv1,A,NO,x,3,2026-03-01,2026-09-30,157,kr\nv2,A,FR,x,3,2026-03-01,2026-09-30,15,$\n"
    found = read(tmp_path, text)
    assert found.frame.select("wage", "currency").rows() == [(15700, "NOK"), (None, None)]
    assert any(entry.value.startswith("$") and entry.action == "refused" for entry in found.report.entries)


@pytest.mark.parametrize(
    ("header", "cells", "hours"),
    [
        ("hours per week", "40 hours", 40.0),
        ("hours per week", "37,5 h", 37.5),
        ("hours per week", "8 h/day", None),
        ("hours per week", "35h00", 35.0),
        ("hours per week", "37:30", 37.5),
        ("hours per week", "35 à 39", None),
        ("hours per day,days per week", "8,5", 40.0),
        ("hours per day", "8", None),
    ],
)
def test_hours_a_week(tmp_path: Path, header: str, cells: str, hours: float | None) -> None:
    cell = f'"{cells}"' if "days" not in header else cells
    found = read(tmp_path, f"{HEAD},{header}\nv1,A,FR,x,3,2026-03-01,2026-09-30,{cell}\n")
    assert found.frame["hours_week"].to_list() == [hours]


@pytest.mark.parametrize(
    ("header", "unit", "text", "months"),
    [
        ("Experience", "year", "3", 36),
        ("Experience", "year", "3,5", 42),
        ("Experience", "year", "18 months", 18),
        ("Experience", "year", "2 years 6 months", 30),
        ("Experience", "year", "5 años", 60),
        ("Berufserfahrung", "year", "3-5 Jahre", 36),
        ("Experience", "year", "10+", 120),
        ("Experience (months)", "year", "18", 18),
        ("Years of experience", "month", "2", 24),
        ("experience_months", "month", "26", 26),
        ("Experience", "month", "6 mois", 6),
        ("Experience", "year", "since 2015", None),
        ("Experience", "year", "fresher", None),
        ("Experience", "year", "2015-2020", None),
    ],
)
def test_experience_in_words(header: str, unit: str, text: str, months: int | None) -> None:
    assert experience(header, unit)(text).value == months


def test_languages_of_json_keep_their_levels(tmp_path: Path) -> None:
    spoken = [{"language": "English", "level": "B1"}, {"language": "Tagalog", "level": "C2"}]
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"candidates": [{"id": "c1", "nationality": "PH", "job": "x", "languages": spoken}]}))
    assert read_workers(path).frame["languages"].to_list() == ["en:B1;fil:C2"]


def test_a_list_of_workers_without_ids_gets_pseudonyms(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("Name,Nationality,Job\nJane Roe,Mexico,picker\nJohn Roe,Mexico,picker\n")
    found = read_workers(path)
    assert found.frame["worker_id"].str.contains("^w-[0-9a-f]{12}$").all()
    assert found.frame["worker_id"].n_unique() == 2
    assert "Roe" not in str(found.frame.rows())


@given(st.text(max_size=60), st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_text_crashes_the_readers_of_words(text: str, other: str) -> None:
    for reading in (period(True)(text, other), period(False)(text), length(other)(text, date(2026, 3, 15))):
        assert reading.value is None or reading.expected
    assert unit_of(text) in (None, "hour", "day", "week", "biweek", "halfmonth", "month", "year", "piece")
    assert all(len(code) == 3 for code in currencies_in(text))
    amount, _ = amount_in(text, ".")
    assert amount is None or amount < 1e18
    assert whole(1, 10, words=True)(text).value in (None, *range(1, 11))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "country", "DE", "a b", "a"]), inner)
    ),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_no_json_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("json") / "list.json"
    path.write_text(json.dumps([value] if not isinstance(value, dict | list) else value))
    with contextlib.suppress(BadInput):
        read_table(path, partial(known, "vacancies"), what="vacancies")
