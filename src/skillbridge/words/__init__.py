"""What SkillBridge says to people in English, French, Spanish and Arabic: one TOML a language, the same keys."""

import tomllib
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("en", "fr", "es", "ar")
RIGHT_TO_LEFT = frozenset({"ar"})


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Key -> sentence of one language, as `section.name`; raises `KeyError` for a language there is none of."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    tree = tomllib.loads((Path(__file__).parent / f"{lang}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{name}": text for section, entries in tree.items() for name, text in entries.items()}


def say(lang: str, key: str, **values: object) -> str:
    """The sentence of `key` with `{name}` filled in; numbers are written the language's way."""
    shown = {name: number(lang, value) if isinstance(value, int | float) else value for name, value in values.items()}
    return catalogue(lang)[key].format(**shown)


@lru_cache(maxsize=20_000)
def number(lang: str, value: float, digits: int = 0) -> str:
    """A number grouped and pointed as the language does, in Latin digits."""
    digits = digits if digits or float(value).is_integer() else 1
    return format_decimal(round(value, digits), format=f"#,##0.{'#' * digits}" if digits else "#,##0", locale=lang)


def percent(lang: str, share: float, digits: int = 1) -> str:
    """A share from 0 to 1 as a percentage the language's way, in Latin digits."""
    return format_percent(share, format=f"#,##0.{'0' * digits}%" if digits else "#,##0%", locale=lang)


@cache
def country(lang: str, code: str) -> str:
    """The name of an ISO 3166-1 alpha-2 country, or the code where CLDR has none."""
    return str(Locale.parse(lang).territories.get(code, code))


@cache
def language(lang: str, code: str) -> str:
    """The name of a language by its BCP 47 tag, or the tag where CLDR has none."""
    return str(Locale.parse(lang).languages.get(code.replace("-", "_"), code))
