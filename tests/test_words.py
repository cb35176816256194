"""The four catalogues hold the same keys and the same blanks, and numbers are written each language's way."""

import string

import pytest

from skillbridge import words
from skillbridge.indicators import FRAMEWORKS, NOT_COMPUTED
from skillbridge.indicators.context import ITEMS, PAYERS
from skillbridge.report.figures import key_of
from skillbridge.report.page import EVERY


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("lang", ["fr", "es", "ar"])
def test_a_language_says_all_that_english_says(lang: str) -> None:
    english, other = words.catalogue("en"), words.catalogue(lang)
    indicators = {f"{section}.{name}" for section in ("indicator", "formula") for name in EVERY}
    missing = {f"missing.{name}" for name in NOT_COMPUTED}
    assert set(other) == set(english) | indicators | missing
    assert {key: blanks(other[key]) for key in english} == {key: blanks(english[key]) for key in english}
    same = [key for key in english if other[key] == english[key] and len(english[key]) > 12]
    assert not same, "left in English"


def test_every_goal_and_every_indicator_that_is_not_computed_has_its_words() -> None:
    english = words.catalogue("en")
    assert {key for key in english if key.startswith("goal.")} == {f"goal.{key_of(code)}" for code in FRAMEWORKS}
    assert {key for key in english if key.startswith("unmeasured.")} == {f"unmeasured.{name}" for name in NOT_COMPUTED}
    assert {key for key in english if key.startswith("item.")} == {f"item.{name}" for name in ITEMS}
    assert {key for key in english if key.startswith("payer.")} == {f"payer.{name}" for name in PAYERS}


def test_numbers_countries_and_languages_are_named_in_the_reader_s_language() -> None:
    assert words.number("en", 1234567) == "1,234,567"
    assert words.number("es", 1234567.5) == "1.234.567,5"
    assert words.percent("fr", 0.1234) == "12,3%"
    assert words.number("ar", 12) == "12"
    assert words.country("fr", "DE") == "Allemagne"
    assert words.country("ar", "ZZZ") == "ZZZ"
    assert words.language("es", "fr") == "francés"


def test_a_language_without_a_catalogue_is_refused() -> None:
    with pytest.raises(KeyError):
        words.catalogue("xx")
