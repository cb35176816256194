"""What every report is made of: tables, sections, cards and pages, and one template that writes them as a file."""

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path

import jinja2

from skillbridge import charts, words
from skillbridge.indicators import INDICATORS, NOT_COMPUTED
from skillbridge.indicators.accounts import ACCOUNTS
from skillbridge.indicators.stays import STAYS
from skillbridge.partnerships.partnership import Partnership

TABLE_ROWS = 40
NAMES = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية"}
WIDE, NARROW = 960, 400
"""Widths in pixels a chart over the whole page is drawn at, for a desk and for a telephone."""
EVERY = INDICATORS | ACCOUNTS | STAYS
"""All indicators by id: of the plan, of its accounts, of journeys."""
_UNITS = {
    "objective points": "points",
    "CEFR steps": "steps",
    "seasons": "seasons",
    "days": "days",
    "days, negative: before": "days",
    "months of pay": "months_of_pay",
    "arrivals": "arrivals",
    "US dollars": "dollars",
}
"""Units that are named beside a figure, by their words."""
_ENGLISH = {
    "indicator": lambda name: EVERY[name].title,
    "formula": lambda name: EVERY[name].formula,
    "missing": lambda name: NOT_COMPUTED[name],
}


@dataclass(frozen=True)
class Table:
    """Rows for people: `heads` are column titles, `numeric` the columns set as figures; `more` rows were left out."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    more: int = 0


@dataclass(frozen=True)
class Section:
    """A part of the page: charts as (SVG wide, SVG narrow or empty), tables beside them, the kind of its figures."""

    id: str
    title: str
    intro: str
    kind: str
    charts: Sequence[tuple[str, str]] = ()
    tables: Sequence[tuple[str, Table]] = ()
    wide: bool = False


@dataclass(frozen=True)
class Card:
    """A figure to begin with; `share` from 0 to 1 draws a bar under it."""

    figure: str
    what: str
    note: str
    share: float | None = None


class Tongue:
    """How one language says and writes things."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.rtl = lang in words.RIGHT_TO_LEFT

    def say(self, key: str, **values: object) -> str:
        """The sentence of a key; indicators are named in English where they are defined, in other languages' words."""
        section, _, name = key.partition(".")
        if self.lang == "en" and section in _ENGLISH:
            return _ENGLISH[section](name)
        return words.say(self.lang, key, **values)

    def number(self, value: float, digits: int = 0) -> str:
        return words.number(self.lang, value, digits)

    def percent(self, share: float, digits: int = 1) -> str:
        return words.percent(self.lang, share, digits)

    def at_most(self, share: float) -> str:
        """A bound in hundredths of a per cent, rounded up: what is proven must hold as it is told."""
        return self.percent(ceil(share * 10_000 - 1e-9) / 10_000, 2)

    def listed(self, parts: Iterable[str], mark: str = ",") -> str:
        """Parts in a row, set apart by the language's comma or semicolon."""
        return ({",": "، ", ";": "؛ "}[mark] if self.rtl else f"{mark} ").join(parts)

    def agreement(self, one: Partnership) -> str:
        """An agreement by the country it goes to (of an origin's policy, the country it is of) and its code."""
        countries = one.origins if one.is_overlay else one.destination
        named = self.listed(self.country(code) for code in countries[:2])
        return f"{named} ({isolated(one.id)})" if 0 < len(countries) <= 2 else isolated(one.id)

    def country(self, code: str) -> str:
        return words.country(self.lang, code)

    def figure(self, unit: str, value: float | None) -> str:
        """An indicator's value in its unit."""
        if value is None:
            return "–"
        if unit in ("share", "share of the stock"):
            return self.percent(value)
        if unit in ("heads", "US dollars"):
            return self.number(round(value))
        return self.number(value, 2)

    def quantity(self, unit: str, value: float | None) -> str:
        """The value with its unit in words, where it has one."""
        shown = self.figure(unit, value)
        return shown if value is None or unit not in _UNITS else self.say(f"unit.{_UNITS[unit]}", n=isolated(shown))

    def heads(self, *names: str) -> list[str]:
        """Titles of columns."""
        return [self.say(f"column.{name}") for name in names]

    def draw(
        self, name: str, label: str, picture: Callable[[int], charts.Chart], widths: Sequence[int] = (WIDE, NARROW)
    ) -> tuple[str, str]:
        """The picture as SVG, wide and narrow (empty where one width is asked for), named for those who cannot see."""
        drawn = [inline(charts.svg(picture(width)), f"{self.lang}-{name}-{width}", label) for width in widths]
        return drawn[0], drawn[1] if len(drawn) > 1 else ""


@dataclass(frozen=True)
class Page:
    """A report in one language; `notes` are remarks in English, `notices` what must be seen first (text, strong)."""

    tongue: Tongue
    title: str
    subtitle: str
    reader: str
    proposal: str
    cards: Sequence[Card]
    sections: Sequence[Section]
    dates: str = ""
    notices: Sequence[tuple[str, bool]] = ()
    messages: Sequence[str] = ()
    decisions: Sequence[str] = ()
    method: Sequence[str] = ()
    notes: Sequence[str] = ()


def write(pages: Sequence[Page], *, reader: str, version: str, symbols: str = "") -> str:
    """The file that holds these pages and opens with the first; `symbols` are SVG symbols that several of them use."""
    return (
        _environment()
        .get_template("page.html")
        .render(pages=pages, reader=reader, names=NAMES, rtl=words.RIGHT_TO_LEFT, version=version, symbols=symbols)
    )


def isolated(code: str) -> str:
    """A code kept in its own direction within a sentence of any language."""
    return f"\u2068{code}\u2069"


def inline(svg: str, name: str, label: str) -> str:
    """The SVG with ids of its own (the drawing process numbers them on), sized by its box, and named for those who
    cannot see it."""
    numbers: dict[str, int] = {}

    def own(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{numbers.setdefault(found[2], len(numbers))}"

    plain = re.sub(r'(id="|url\(#)(\w+)', own, svg)
    head = f'<svg class="chart" role="img" aria-label="{html.escape(label, quote=True)}"'
    return re.sub(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', rf'{head} viewBox="\1">', plain, count=1)


def symbol(svg: str, name: str) -> str:
    """The SVG as a symbol that pages draw with `use`."""
    drawn = inline(svg, name, "")
    return f'<symbol id="{name}" viewBox="{_view_box(drawn)}">{drawn[drawn.index(">") + 1 : -len("</svg>")]}</symbol>'


def use(symbols: str, name: str, label: str) -> str:
    """An SVG that draws the symbol `name` of `symbols`."""
    box = _view_box(symbols[symbols.index(f'id="{name}"') :])
    named = html.escape(label, quote=True)
    return f'<svg class="chart" viewBox="{box}" role="img" aria-label="{named}"><use href="#{name}"/></svg>'


def _view_box(svg: str) -> str:
    found = re.search(r'viewBox="([^"]+)"', svg)
    return found[1] if found else "0 0 960 480"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
