"""What in a partnership without errors is unlikely to be meant: shown to its author, who may be right all the same."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from skillbridge.errors import BadInput
from skillbridge.partnerships.dates import plus
from skillbridge.partnerships.rules.base import Rule
from skillbridge.partnerships.rules.employers import OrderRule
from skillbridge.partnerships.rules.pay import STANDARD_WEEK, GuaranteeRule, Per, WageRule
from skillbridge.partnerships.rules.quota import QuotaRule
from skillbridge.partnerships.rules.who import ScopeRule
from skillbridge.partnerships.selector import COLUMNS, holds, values
from skillbridge.rates import plausible_hourly
from skillbridge.tables import VACANCIES, WORKERS

if TYPE_CHECKING:
    from skillbridge.partnerships.partnership import Partnership

_HOURS: dict[Per, float] = {
    "hour": 1,
    "day": STANDARD_WEEK / 5,
    "week": STANDARD_WEEK,
    "month": STANDARD_WEEK * 52 / 12,
    "year": STANDARD_WEEK * 52,
}


def doubts(partnership: "Partnership", name: str) -> Iterator[BadInput]:
    """Each with file, rule and field, what is odd, and what was expected; in the order of the file.

    A wage floor that no hour's pay can be (`rates.plausible_hourly`) or in another currency than the agreement's;
    more places used than there are; an order by something that no column holds; a scope that adds origins.
    """
    for n, reference in enumerate(partnership.references):
        yield from _pay(reference.amount, reference.currency, reference.per, partnership, f"{name}: references[{n}]")
    for number, rule in enumerate(partnership.rules):
        yield from _rule(rule, f"{name}: rules[{number}] {rule.id}", partnership)


def idle(partnership: "Partnership", workers: pl.DataFrame, vacancies: pl.DataFrame) -> str:
    """Why an agreement covers no pair of these tables whatever its rules say, in words; "" where it covers some or they
    are empty. tables.WORKERS and tables.VACANCIES."""
    if not len(workers) or not len(vacancies):
        return ""
    if partnership.destination:
        vacancies = vacancies.filter(pl.col("destination").is_in(partnership.destination))
        if not len(vacancies):
            return f"{partnership.id}: no vacancy is in {', '.join(partnership.destination)}"
    first, last = partnership.valid_from or date.min, partnership.valid_to or date.max
    if not len(vacancies.filter(pl.col("start").is_between(first, last))):
        days = vacancies["start"].sort().to_list()
        words = f"in force from {_shown(first)} to {_shown(last)}; vacancies start from {days[0]} to {days[-1]}"
        return f"{partnership.id}: {words}"
    if partnership.origins and not workers["origin"].is_in(partnership.origins).any():
        return f"{partnership.id}: no worker comes from {', '.join(partnership.origins)}"
    return ""


def meant_by_none(partnership: "Partnership", workers: pl.DataFrame, vacancies: pl.DataFrame) -> Iterator[str]:
    """What the rules' selectors and tables name that no row of these tables is, in words: a region misspelt, an
    employer that posted nothing. Of an agreement that :func:`idle` speaks of, nothing. tables.WORKERS, VACANCIES."""
    if idle(partnership, workers, vacancies) or not len(workers) or not len(vacancies):
        return
    if partnership.destination:
        vacancies = vacancies.filter(pl.col("destination").is_in(partnership.destination))
    if partnership.origins:
        workers = workers.filter(pl.col("origin").is_in(partnership.origins))
    found = {
        (field, side): (workers if side == "worker" else vacancies)[column].drop_nulls().unique().to_list()
        for field, side, column in COLUMNS
    }
    sides = {field: side for field, side, _ in COLUMNS}
    for rule in partnership.rules:
        for path, field, wanted in _named(rule):
            rows = found[field, sides[field]]
            if rows and not any(holds(field, wanted, value, unknown=False) for value in rows):
                shown = ", ".join(wanted[:5]) + (" ..." if len(wanted) > 5 else "")
                yield f"{partnership.id}: {rule.id}: {path} {shown}: no {sides[field]} of these tables"


def _named(rule: Rule) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(path, field, values) of what a rule's selectors and its table name."""
    fields = [field for field, _, _ in COLUMNS]
    for path, selector in (("where", rule.where), *((f"exempt[{n}]", one) for n, one in enumerate(rule.exempt))):
        for field in fields if selector else ():
            if wanted := values(getattr(selector, field)):
                yield f"{path}.{field}", field, wanted
    for n, cell in enumerate(rule.table if isinstance(rule, QuotaRule) else ()):
        for field in fields:
            if one := getattr(cell, field, None):
                yield f"table[{n}].{field}", field, (str(one),)


def _shown(day: date) -> str:
    return "the beginning" if day == date.min else "no end" if day == date.max else str(day)


def _rule(rule: Rule, where: str, partnership: "Partnership") -> Iterator[BadInput]:
    if isinstance(rule, WageRule):
        if 0 < rule.uplift_percent < 1:
            yield BadInput(f"{where}.uplift_percent", f"{rule.uplift_percent:g} per cent", "per cent: 5 for 5 %")
        for n, floor in enumerate(rule.floors):
            for amount in (floor.amount, *floor.by_region.values()):
                if amount is not None and floor.currency is not None:
                    yield from _pay(amount, floor.currency, floor.per, partnership, f"{where}.floors[{n}]")
    elif isinstance(rule, GuaranteeRule) and rule.hours is not None:
        window = rule.window or "P1W"
        week = rule.hours / (plus(date(2027, 1, 1), window) - date(2027, 1, 1)).days * 7
        if not 12 <= week <= 70:
            yield BadInput(
                f"{where}.hours", f"{rule.hours:g} in {window} are {week:.0f} a week", "12 to 70 hours a week"
            )
    elif isinstance(rule, QuotaRule):
        counts = [("used", rule.used.count, rule.max)] if rule.used and rule.max is not None else []
        counts += [(f"table[{n}].used", cell.used, cell.max) for n, cell in enumerate(rule.table)]
        for field, used, most in counts:
            if most is not None and used > most:
                yield BadInput(f"{where}.{field}", f"{used} used of {most} places", "no more than there are")
    elif isinstance(rule, OrderRule):
        columns = WORKERS if rule.of == "workers" else VACANCIES
        if rule.key and rule.key not in columns:
            what = f"no column of {rule.of} is named {rule.key!r}"
            yield BadInput(f"{where}.key", what, f"a column, or a fact of that name in the column `facts` of {rule.of}")
    elif isinstance(rule, ScopeRule):
        for code in values(rule.origins):
            if partnership.origins and code not in partnership.origins:
                yield BadInput(f"{where}.origins", f"{code!r} is not among the agreement's origins", "one of them")


def _pay(amount: float, currency: str, per: Per, partnership: "Partnership", where: str) -> Iterator[BadInput]:
    low, high = plausible_hourly(currency)
    hourly = amount / _HOURS[per]
    if amount and not low <= hourly <= high:
        what = f"{amount:,g} {currency} per {per} is {hourly:,.2f} an hour"
        yield BadInput(f"{where}.amount", what, f"{low:,.2f} to {high:,.2f} {currency} an hour")
    if partnership.currency and currency != partnership.currency:
        yield BadInput(f"{where}.currency", f"{currency} in an agreement in {partnership.currency}", "one currency")
