"""Cells as people write them."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.intake import values
from skillbridge.intake.abilities import education, language, languages
from skillbridge.intake.fields import isco, preferences, sector
from skillbridge.intake.money import hourly
from skillbridge.intake.places import country, province, us_state


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.5", 1234.5),
        ("1.234,50", 1234.5),
        ("1 234,5", 1234.5),
        ("12,5", 12.5),
        ("$10.", 10.0),
        ("1,234", 1234.0),
        ("1.234.567", 1234567.0),
        ("€ 12.50", 12.5),
        ("١٢٫٥", 12.5),
        ("१२", 12.0),
        ("-3", -3.0),
        ("0,125", 0.125),
        ("12abc", None),
        ("1" * 400, None),
        ("", None),
        ("#####", None),
    ],
)
def test_numbers(text: str, expected: float | None) -> None:
    assert values.number(text) == expected


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_survive_thousands_marks(value: int) -> None:
    assert values.number(f"{value:,}") == value
    assert values.number(f"{value:,}".replace(",", " ")) == value


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_dates_survive_every_way_of_writing_them(day: date) -> None:
    first, second = values.day(True), values.day(False)
    for text in (day.isoformat(), f"{day:%Y%m%d}", f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}", f"{day.isoformat()} 00:00:00"):
        assert first(text).value == day
    assert second(f"{day:%m/%d/%Y}").value == day
    serial = (day - date(1899, 12, 30)).days
    if 10_000 <= serial < 70_000:
        assert first(str(serial)).value == day


@pytest.mark.parametrize(
    "text", ["3016-02-30", "2026-02-30", "31/04/2026", "0/0/2026", "3016-02-01", "soon", "999999", "٣"]
)
def test_impossible_dates_are_refused(text: str) -> None:
    reading = values.day(True)(text)
    assert reading.value is None
    assert reading.action == "refused"


@pytest.mark.parametrize(
    "text",
    [
        "15 mars 2026",
        "15 de marzo de 2026",
        "15-Mar-26",
        "March 15, 2026",
        "15 марта 2026",
        "15 مارس 2026",
        "١٥/٠٣/٢٠٢٦",
    ],
)
def test_dates_with_month_names(text: str) -> None:
    assert values.day(True)(text).value == date(2026, 3, 15)


def test_the_order_of_day_and_month_is_the_column_s_own_evidence() -> None:
    assert values.day_first([pl.Series(["03/04/2026", "25/12/2026"])], default=False) == (True, True)
    assert values.day_first([pl.Series(["03/04/2026", "12/25/2026"])], default=True) == (False, True)
    assert values.day_first([pl.Series(["03/04/2026"])], default=True) == (True, False)
    assert values.day_first([pl.Series(["٠٣/١6/2026", None])], default=True) == (True, False)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NA", "NA"),
        ("Namibie", "NA"),
        ("Mexique", "MX"),
        ("MEX", "MX"),
        ("المغرب", "MA"),
        ("Кыргызстан", "KG"),
        ("Marocaine", "MA"),
        ("cote d ivoire", "CI"),
        ("UK", "GB"),
        ("Việt Nam", "VN"),
        ("n/a", None),
        ("Atlantis", None),
    ],
)
def test_countries_in_any_language(text: str, code: str | None) -> None:
    assert country(text).value == code


def test_an_unknown_country_is_refused_and_an_empty_cell_is_not() -> None:
    assert country("Atlantis").action == "refused"
    assert country("n/a").expected == ""


def test_states_and_provinces() -> None:
    assert [us_state(text).value for text in ("TX", "TEXAS", "north dakota", "ND")] == [
        "US-TX",
        "US-TX",
        "US-ND",
        "US-ND",
    ]
    assert us_state("Bavaria").action == "refused"
    assert [province(text) for text in ("Ontario", "Québec", "Colombie-Britannique", "x")] == [
        "CA-ON",
        "CA-QC",
        "CA-BC",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("en:B1;fr:A2", "en:B1;fr:A2"),
        ("English (B1), French - intermediate", "en:B1;fr:B1"),
        ("anglais courant / arabe langue maternelle", "en:C1;ar:C2"),
        ("Inglés básico", "en:A2"),
        ("русский родной, английский A2", "ru:C2;en:A2"),
        ("JLPT N4", "ja:A2"),
        ("IELTS 6.0", "en:B2"),
        ("eng:A1", "en:A1"),
        ("Bislama", "bi:A1"),
        ("English B1; English A2", "en:B1"),
        ("good", None),
    ],
)
def test_languages_and_levels(text: str, expected: str | None) -> None:
    assert languages(text).value == expected


def test_a_level_that_was_not_given_as_such_is_reported() -> None:
    assert languages("en:B1").expected == ""
    assert languages("English good").action == "changed"
    assert languages("English B1, Blabla").action == "refused"
    assert languages("English B1, Blabla").value == "en:B1"
    assert language("zz") is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("3", 3),
        ("ISCED 2", 2),
        ("High School/GED", 3),
        ("Bac+3", 6),
        ("primaria", 1),
        ("sin estudios", 0),
        ("ثانوي", 3),
        ("среднее специальное", 4),
        ("PhD", 8),
        ("9", None),
        ("qwerty", None),
        ("10th Pass", 2),
        ("12th", 3),
        ("ITI", 3),
        ("BS Nursing", 6),
        ("B.Sc. (Agri)", 6),
        ("Sans", 0),
        ("середня", 3),
        ("неповна середня", 2),
        ("базова середня", 2),
        ("професійно-технічна", 3),
        ("вища освіта", 6),
        ("Hauptschule", 2),
        ("Abitur", 3),
        ("średnie", 3),
        ("podstawowe", 2),
        ("wyższe", 6),
        ("Studii superioare", 6),
        ("liceul", 3),
        ("gimnaziu", 2),
        ("Licenza media", 2),
        ("THPT", 3),
        ("Đại học", 6),
        ("初中", 2),
        ("高中", 3),
        ("고등학교 졸업", 3),
        ("Средно образование", 3),
        ("Висше", 6),
        ("érettségi", 3),
        ("Γυμνάσιο", 2),
        ("Λύκειο", 3),
    ],
)
def test_education_as_isced(text: str, level: int | None) -> None:
    assert education(text).value == level


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9211", "9211"),
        ("9211.0", "9211"),
        ("ISCO 9211", "9211"),
        ("9211 - Crop farm labourers", "9211"),
        ("110", "0110"),
        ("92110", None),
        ("picker", None),
    ],
)
def test_isco_codes(text: str, code: str | None) -> None:
    assert isco(text).value == code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NZ:3;employer-17:5;!ES", "NZ:3;employer-17:5;!ES"),
        ("New Zealand, Australie:2", "NZ;AU:2"),
        ("!Espagne", "!ES"),
        ("NZ:9", None),
        ("the moon", None),
        ("", None),
    ],
)
def test_preferences_by_code_or_name(text: str, value: str | None) -> None:
    assert preferences(text).value == value


def test_sectors() -> None:
    assert [sector(text).value for text in ("A", "01.24", "A0124", "agriculture", "??")] == [
        "A",
        "0124",
        "0124",
        "A",
        None,
    ]


@pytest.mark.parametrize(
    ("amount", "unit", "hours", "code", "minor"),
    [
        ("12.50", "hour", None, "EUR", 1250),
        ("2000", "mois", 35.0, "EUR", 1319),
        ("120", "jour", 40.0, "EUR", 1500),
        ("10030", "hour", None, "KRW", 10030),
        ("12,50", "h", None, "EUR", 1250),
        ("-5", "hour", None, "EUR", None),
        ("0", "hour", None, "EUR", None),
        ("30", "box", None, "EUR", None),
    ],
)
def test_wages(amount: str, unit: str, hours: float | None, code: str, minor: int | None) -> None:
    wage = hourly(amount, unit, hours, code)
    assert wage.minor == minor
    assert bool(wage.note) == (minor is None or unit not in ("hour", "h"))


@given(st.text(max_size=60))
def test_no_text_crashes_a_parser(text: str) -> None:
    for parse in (
        values.day(True),
        values.whole(0, 9),
        values.measure(0, 9),
        values.truth,
        values.sex,
        country,
        us_state,
    ):
        parse(text)
    for parse in (languages, education, isco, sector, preferences):
        parse(text)
    hourly(text, text, None, "EUR")


def test_a_count_too_long_to_be_one_is_refused() -> None:
    assert values.whole(1, 50, words=True)("1" * 19) == values.Reading(None, "a whole number from 1 to 50", "refused")
    assert values.whole(1, 50, words=True)("about 99 people").action == "refused"
