"""The text columns of the tables read into the model's types."""

from datetime import date

import pytest

from skillbridge.errors import BadInput
from skillbridge.model import PastSeason, Preference
from skillbridge.tables import parse_languages, parse_list, parse_past, parse_preferences


def test_a_list_is_trimmed_and_keeps_its_order() -> None:
    assert parse_list(" b; a ;;") == ("b", "a")
    assert parse_list(None) == ()


def test_languages_are_read_with_their_levels() -> None:
    assert parse_languages("en:B1; fr:A2") == {"en": "B1", "fr": "A2"}


def test_preferences_are_wishes_and_refusals() -> None:
    assert parse_preferences("NZ:3;employer-17:5;!ES;FR") == (
        Preference("NZ", 3),
        Preference("employer-17", 5),
        Preference("ES", 1, refuses=True),
        Preference("FR", 1),
    )


def test_past_seasons_are_read_by_year_or_by_dates() -> None:
    assert parse_past("e1:2023;e2:2024-05-01/2024-10-31:NZ:nz-rse") == (
        PastSeason("e1", 2023),
        PastSeason("e2", 2024, date(2024, 5, 1), date(2024, 10, 31), "NZ", "nz-rse"),
    )


@pytest.mark.parametrize("text", ["en", "en:D1", ":A1"])
def test_a_language_without_a_cefr_level_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="languages"):
        parse_languages(text)


@pytest.mark.parametrize("text", ["NZ:9", "!", "NZ:"])
def test_a_wish_outside_one_to_five_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="preferences"):
        parse_preferences(text)


@pytest.mark.parametrize("text", ["x", "x:20z", ":2020", "a:2024-01-02/2023-01-01", "a:2024:NZ:p:q"])
def test_a_past_season_without_employer_or_dates_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="past"):
        parse_past(text)
