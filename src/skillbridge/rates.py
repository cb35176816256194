"""Exchange rates, to compare wages in different currencies, and what an hour's pay can be in each."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from skillbridge import resources
from skillbridge.errors import BadInput, BadInputs

_KNOWN: dict[str, tuple[float, float]] = {
    "USD": (3, 100),
    "CAD": (5, 120),
    "AUD": (10, 120),
    "NZD": (10, 120),
    "GBP": (5, 100),
    "EUR": (3, 100),
    "KRW": (5_000, 100_000),
    "JPY": (500, 10_000),
    "CHF": (8, 150),
    "MXN": (15, 1_000),
    "QAR": (3, 300),
    "AED": (3, 300),
    "SAR": (3, 300),
}
"""An hour's pay that can be true, in major units, where the destinations are known."""
_ELSEWHERE = (0.2, 150.0)
"""The same in US dollars for all other currencies, by the bundled yearly rates: an assumption."""


@dataclass(frozen=True, eq=False)
class Rates:
    """Units of each currency (ISO 4217) for one US dollar, with the decimal digits of its minor unit.

    `name` and `basis` say which year and whose figures: an assumption of every match that crosses currencies.
    """

    name: str
    per_usd: Mapping[str, float]
    minor_digits: Mapping[str, int]
    basis: Mapping[str, str]

    def factor(self, given: str | None, wanted: str | None) -> float | None:
        """Minor units of `wanted` for one minor unit of `given`; None where a rate is lacking and the two differ."""
        if given == wanted:
            return 1.0
        if given is None or wanted is None or given not in self.per_usd or wanted not in self.per_usd:
            return None
        scale = float(10 ** self.minor_digits[wanted]) / float(10 ** self.minor_digits[given])
        return self.per_usd[wanted] / self.per_usd[given] * scale


def load_rates(name_or_file: str | Path = "2025") -> Rates:
    """The bundled rates of a year, or those of a CSV file of the same columns. Raises `BadInput`."""
    path = Path(name_or_file)
    if path.suffix != ".csv":
        path = resources.folder("datasets") / "rates" / f"{name_or_file}.csv"
    if not path.is_file():
        raise BadInput("rates", f"{name_or_file}", "a bundled year such as 2025, or a CSV file")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    per_usd: dict[str, float] = {}
    minor_digits: dict[str, int] = {}
    basis: dict[str, str] = {}
    problems = []
    for line, row in enumerate(rows, start=2):
        try:
            rate, digits = float(row["per_usd"]), int(row["minor_digits"])
            sound = 0 < rate < float("inf") and 0 <= digits <= 4 and row["currency"] not in per_usd
        except (KeyError, TypeError, ValueError):
            sound = False
        if not sound:
            problems.append(
                BadInput(f"{path.name} line {line}", f"{row}", "currency once, per_usd > 0, minor_digits 0 to 4, basis")
            )
            continue
        per_usd[row["currency"]], minor_digits[row["currency"]] = rate, digits
        basis[row["currency"]] = row.get("basis") or "not stated"
    if problems:
        raise BadInputs(problems)
    return Rates(path.stem, per_usd, minor_digits, basis)


@cache
def _bundled() -> Rates:
    return load_rates()


def told(minor: int, currency: str) -> str:
    """An amount of minor units in whole units with its currency: `31.50 NZD`, `10320 KRW`."""
    digits = _bundled().minor_digits.get(currency, 2)
    return f"{minor / 10**digits:.{digits}f} {currency}"


@cache
def plausible_hourly(currency: str) -> tuple[float, float]:
    """(least, most) an hour's pay in major units that can be true; used to notice that a unit is wrong.

    Without a rate for the currency everything above 0 can be.
    """
    if currency in _KNOWN:
        return _KNOWN[currency]
    rate = load_rates().per_usd.get(currency)
    return (0.0, float("inf")) if rate is None else (_ELSEWHERE[0] * rate, _ELSEWHERE[1] * rate)
