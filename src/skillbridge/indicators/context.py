"""Figures from beside a plan: pay at home, what work abroad costs and who bears it, stocks of a profession, delays.

One CSV file, a row a figure, for the indicators of :mod:`skillbridge.indicators.accounts`::

    item,payer,origin,destination,partnership,isco,value,currency,basis
    home_pay,,WS,,,92,450,WST,labour force survey 2022
    airfare,worker,,NZ,nz-rse,,700,NZD,half of the fare
    deductions,,,NZ,,,0.175,,tax table 2025

An empty field means all. Of the rows that mean a placement the most special one holds: that with most fields filled,
then the longest `isco`, then by partnership, destination, origin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import get_args

import polars as pl

from skillbridge.errors import BadInput, BadInputs
from skillbridge.partnerships.places import COUNTRIES
from skillbridge.partnerships.rules.costs import Item
from skillbridge.plan_folder import read_csv
from skillbridge.rates import Rates

PAYERS = ("worker", "employer", "public")
COSTS = (*(one for one in get_args(Item) if one != "any"), "administration")
"""What a season costs besides wages, each borne by one of PAYERS."""
MONEY = ("home_pay", "living")
"""Amounts a month: gross pay at home in the job's occupation; what living costs more than at home."""
SHARES = ("deductions", "remitted")
"""Of gross pay, what is kept back (tax, insurance, rent); of net pay, what is sent home."""
HEADS = ("stock", "returned", "trained")
"""By origin and occupation: people active in it, and those who came back or were newly trained in the period."""
OTHERS = ("ppp", "processing")
"""Units of the currency for one international dollar, at home (`origin`) or there (`destination`); days from the
application to the first day on which work may start."""
ITEMS = (*COSTS, *MONEY, *SHARES, *HEADS, *OTHERS)
COLUMNS = ("item", "payer", "origin", "destination", "partnership", "isco", "value", "currency", "basis")
_FIELDS = ("origin", "destination", "partnership", "isco")


@dataclass(frozen=True)
class Figure:
    """A row of the file: `where` are its filled fields; `value` in units of `currency`, heads, days or a share."""

    item: str
    payer: str
    where: dict[str, str]
    value: float
    currency: str
    basis: str

    @property
    def rank(self) -> tuple[int, int, bool, bool, bool]:
        """How special it is."""
        where = self.where
        return (
            len(where),
            len(where.get("isco", "")),
            "partnership" in where,
            "destination" in where,
            "origin" in where,
        )

    def means(self, about: dict[str, str]) -> bool:
        """Whether it speaks of a placement with these fields; an occupation that is not known is meant by no code."""
        return all(
            (about.get(name) or "").startswith(start) if name == "isco" else about.get(name) == start
            for name, start in self.where.items()
        )


@dataclass(frozen=True)
class Context:
    """The figures of a file, the most special first."""

    figures: tuple[Figure, ...] = ()

    def find(self, item: str, about: dict[str, str], payer: str = "") -> Figure | None:
        """The figure of an item for a placement with these fields."""
        return next(
            (one for one in self.figures if (one.item, one.payer) == (item, payer) and one.means(about)),
            None,
        )


def read_context(path: Path, rates: Rates) -> Context:
    """The figures of a CSV file; raises `BadInputs` with the line of each that cannot be used."""
    frame = read_csv(path, dict.fromkeys(COLUMNS, pl.String()))
    figures: list[Figure] = []
    problems: list[BadInput] = []
    seen: dict[tuple[str, str, tuple[tuple[str, str], ...]], int] = {}
    for line, row in enumerate(frame.iter_rows(named=True), start=2):
        text = {name: (row[name] or "").strip() for name in COLUMNS}
        faults = [BadInput(f"{path.name} line {line}: {at}", what, asked) for at, what, asked in _faults(text, rates)]
        where = {name: text[name] for name in _FIELDS if text[name]}
        key = (text["item"], text["payer"], tuple(where.items()))
        if not faults and key in seen:
            faults.append(BadInput(f"{path.name} line {line}", f"says what line {seen[key]} says", "each once"))
        seen.setdefault(key, line)
        problems += faults
        if not faults:
            figures.append(
                Figure(text["item"], text["payer"], where, float(text["value"]), text["currency"], text["basis"])
            )
    if problems:
        raise BadInputs(problems)
    return Context(tuple(sorted(figures, key=lambda one: one.rank, reverse=True)))


def _faults(text: dict[str, str], rates: Rates) -> Iterator[tuple[str, str, str]]:
    """(column, what, expected) of everything in a row that cannot be used."""
    item = text["item"]
    if item not in ITEMS:
        yield "item", repr(item), ", ".join(ITEMS)
        return
    if item in COSTS and text["payer"] not in PAYERS:
        yield "payer", repr(text["payer"]), ", ".join(PAYERS)
    if item not in COSTS and text["payer"]:
        yield "payer", repr(text["payer"]), f"none for {item}"
    for name in ("origin", "destination"):
        if text[name] and text[name] not in COUNTRIES:
            yield name, repr(text[name]), "ISO 3166-1 alpha-2, or empty for all"
    if text["isco"] and not (text["isco"].isdigit() and len(text["isco"]) <= 4):
        yield "isco", repr(text["isco"]), "one to four digits of ISCO-08, or empty for all"
    if item in HEADS and not text["origin"]:
        yield "origin", "missing", f"the country whose {item} it is"
    if item in HEADS and (text["destination"] or text["partnership"]):
        yield "destination, partnership", "given", f"none for {item}, which is the origin's"
    if item == "ppp" and bool(text["origin"]) == bool(text["destination"]):
        yield "origin, destination", "both or neither", "the one country whose prices they are"
    yield from _amount(text, rates)
    if not text["basis"]:
        yield "basis", "missing", "where the figure comes from, or that it is assumed"


def _amount(text: dict[str, str], rates: Rates) -> Iterator[tuple[str, str, str]]:
    item = text["item"]
    try:
        value = float(text["value"])
    except ValueError:
        yield "value", repr(text["value"]), "a number"
        return
    most = 1.0 if item in SHARES else float("inf")
    if not isfinite(value) or not 0 <= value <= most:
        yield "value", text["value"], "0 to 1" if item in SHARES else "0 or more"
    if item in (*HEADS, "processing") and isfinite(value) and value != int(value):
        yield "value", text["value"], "a whole number"
    if item in ("stock", "ppp") and value == 0:
        yield "value", text["value"], "above 0"
    if item in (*COSTS, *MONEY, "ppp"):
        if text["currency"] not in rates.per_usd:
            yield "currency", repr(text["currency"]), "an ISO 4217 code with a known rate"
    elif text["currency"]:
        yield "currency", repr(text["currency"]), f"none for {item}"
