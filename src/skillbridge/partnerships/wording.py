"""Rules and reasons in words, in four languages: the templates are in words.toml, the values are put in here."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbridge.errors import BadInput
from skillbridge.partnerships.dates import Period, day_of_year
from skillbridge.partnerships.places import COUNTRIES
from skillbridge.partnerships.rules.base import DEFAULT_PENALTY, Rule
from skillbridge.partnerships.rules.pay import Money
from skillbridge.partnerships.selector import Selector, values

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES = ("en", "fr", "es", "ar")
"""In the order of the columns of words.toml."""
_SHARES = {"share", "pass_rate"}


@cache
def templates() -> dict[str, tuple[str, ...]]:
    """Code -> its template in each of LANGUAGES."""
    found: dict[str, tuple[str, ...]] = {}

    def walk(prefix: str, table: Mapping[str, Any]) -> None:
        for name, value in table.items():
            if isinstance(value, Mapping):
                walk(f"{prefix}{name}.", value)
            else:
                found[prefix + name] = tuple(value)

    walk("", tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8")))
    return found


def sentence(code: str, details: Mapping[str, object], language: str = "en") -> str:
    """A code's template with its values written in the language. Raises `BadInput` for a language that is not there."""
    if language not in LANGUAGES:
        raise BadInput("language", f"{language!r}", ", ".join(LANGUAGES))
    template = templates()[code][LANGUAGES.index(language)]
    return template.format_map(_Values({name: _written(name, value, language) for name, value in details.items()}))


class _Values(dict[str, str]):
    """A value that a template asks for and nobody gave reads as nothing: `of` of a share of all placements."""

    def __missing__(self, name: str) -> str:
        return ""


def says(rule: Rule, language: str = "en") -> list[str]:
    """What a rule says, sentence by sentence: its terms, whom it is for, when, in place of what, how strictly."""
    lines = [sentence(code, details, language) for code, details in rule.says()]
    if getattr(rule, "unknown", "accept") == "refuse":
        lines.append(sentence("rule.unknown", {}, language))
    if rule.where is not None:
        lines.append(sentence("rule.where", {"who": rule.where}, language))
    lines += [sentence("rule.exempt", {"who": selector}, language) for selector in rule.exempt]
    if rule.valid_from is not None:
        lines.append(sentence("rule.from", {"date": rule.valid_from}, language))
    if rule.valid_to is not None:
        lines.append(sentence("rule.until", {"date": rule.valid_to}, language))
    if rule.overrides:
        lines.append(sentence("rule.overrides", {"list": rule.overrides}, language))
    if rule.strictness == "soft" and not rule.force:
        lines.append(sentence("rule.soft", {"points": rule.penalty or DEFAULT_PENALTY}, language))
    if rule.source is not None and rule.source.basis == "memory":
        lines.append(sentence("rule.memory", {}, language))
    if rule.source is not None and rule.source.basis == "invented":
        lines.append(sentence("rule.invented", {}, language))
    elif rule.source is not None and rule.source.invented:
        lines.append(sentence("rule.invented_fields", {"list": rule.source.invented}, language))
    return lines


def _written(name: str, value: object, language: str) -> str:
    if name == "of":
        return "" if value is None else sentence("word.of", {"who": value}, language)
    match value:
        case None:
            return "" if name == "period" else "-"
        case bool():
            return str(value).lower()
        case Selector():
            return written(value, language)
        case Period():
            start = value.start if value.kind != "multi_year" else date.fromisoformat(value.start)
            details = {"from": start, "years": value.years, "window": value.window}
            kind = "calendar" if value.kind == "year" and value.start == "01-01" else value.kind
            return sentence(f"period.{kind}", details, language)
        case Money():
            return _money(value, language)
        case date():
            from babel.dates import format_date

            return str(format_date(value, "long", locale=language))
        case float() if name in _SHARES:
            from babel.numbers import format_percent

            return format_percent(value, locale=language, decimal_quantization=False)
        case int() | float():
            from babel.numbers import format_decimal

            return format_decimal(value, locale=language)
        case tuple() | list() | frozenset():
            return _list([_named(name, str(one), language) for one in value], language)
        case str():
            return _named(name, value, language)
        case _:
            return str(value)


def _named(name: str, text: str, language: str) -> str:
    if name in ("count", "item") and f"{name}.{text}" in templates():
        return sentence(f"{name}.{text}", {}, language)
    if name == "per":
        return sentence(f"dim.{text}", {}, language)
    if name in ("max", "min", "window", "away", "time", "lag", "when") and text.startswith("P") and text[1:2].isdigit():
        return _duration(text, language)
    if name in ("from", "to", "date", "when") and len(text) == 5 and text[2] == "-":
        from babel.dates import format_skeleton

        return format_skeleton("MMMMd", day_of_year(text, 2024), locale=language)
    if name == "language":
        return str(_locale(language).languages.get(text, text))
    if name in ("list", "origin", "found") and text in COUNTRIES:
        return str(_locale(language).territories.get(text, text))
    if name == "list" and f"word.{text}" in templates():
        return sentence(f"word.{text}", {}, language)
    return text.replace("_", " ") if name in ("list", "fact", "need") else text


def _duration(text: str, language: str) -> str:
    locale = _locale(language)
    pieces = []
    for figure, unit in re.findall(r"(\d+)([YMWD])", text):
        code = f"time.{unit}.{locale.plural_form(int(figure))}"
        known = code if code in templates() else f"time.{unit}.other"
        pieces.append(sentence(known, {"n": int(figure)}, language))
    return _list(pieces, language)


def _money(money: Money, language: str) -> str:
    from babel.numbers import format_currency

    text = format_currency(money.amount, money.currency, locale=language)
    return text if money.per is None else templates()[f"unit.{money.per}"][LANGUAGES.index(language)].format(money=text)


def written(selector: Selector, language: str) -> str:
    """Whom and what a selector means, in words."""
    pieces = []
    for name in selector.__struct_fields__:
        value = getattr(selector, name)
        if value is None:
            continue
        if name == "start":
            pieces.append(sentence("sel.start", {"from": value[0], "to": value[1]}, language))
        elif name == "age":
            pieces.append(sentence("sel.age", {"text": value}, language))
        else:
            pieces.append(sentence(f"sel.{name}", {"list": values(value)}, language))
    return ", ".join(pieces)


def _list(items: Iterable[str], language: str) -> str:
    from babel.lists import format_list

    return format_list(list(items), locale=language)


@cache
def _locale(language: str) -> "Locale":
    from babel import Locale

    return Locale.parse(language)
