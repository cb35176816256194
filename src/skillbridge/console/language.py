"""What the console says, in English, French, Spanish and Arabic: one file, a sentence a language in that order."""

import tomllib
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime

from skillbridge.words import LANGUAGES, RIGHT_TO_LEFT, country, number, percent, say

NAMES = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية"}


@cache
def sentences() -> dict[str, dict[str, str]]:
    """Key (`section.name`) -> language -> sentence."""
    tree = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return {
        f"{section}.{name}": dict(zip(LANGUAGES, texts, strict=True))
        for section, entries in tree.items()
        for name, texts in entries.items()
    }


class Language:
    """How one language says keys, numbers, shares, countries, days and moments."""

    def __init__(self, code: str) -> None:
        self.code = code

    @cached_property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"

    def say(self, key: str, **values: object) -> str:
        """The sentence of `key` with `{name}` filled in; raises `KeyError` for one there is none of."""
        if key not in sentences():
            return say(self.code, key, **values)
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return sentences()[key][self.code].format(**shown)

    def known(self, key: str, otherwise: str) -> str:
        """The sentence of `key`, or `otherwise`: for codes that others may add to."""
        try:
            return self.say(key)
        except KeyError:
            return otherwise

    def number(self, value: float, digits: int = 0) -> str:
        """A number, grouped the language's way."""
        return number(self.code, value, digits)

    def percent(self, share: float) -> str:
        """A share from 0 to 1."""
        return percent(self.code, share)

    def country(self, code: str) -> str:
        """A country's name."""
        return country(self.code, code)

    def day(self, value: date | str | None) -> str:
        """A day, or nothing."""
        if value is None:
            return ""
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return str(format_date(day, "medium", locale=_locale(self.code)))

    def moment(self, value: str) -> str:
        """A moment in UTC, to the minute."""
        return f"{format_datetime(datetime.fromisoformat(value), 'medium', locale=_locale(self.code))} UTC"


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


@cache
def language(code: str) -> Language:
    """The language of a code in :data:`skillbridge.words.LANGUAGES`."""
    return Language(code)


def chosen(asked: str | None, kept: str | None, accepts: str) -> Language:
    """The language to answer in: the one asked for, else the one kept, else the browser's, else English."""
    wishes = [asked or "", kept or "", *(part.partition(";")[0].strip()[:2].lower() for part in accepts.split(","))]
    return language(next((wish for wish in wishes if wish in LANGUAGES), LANGUAGES[0]))
