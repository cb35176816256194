"""What a person asks of several seasons: when to be home, how long to be away at most, how much to earn, with whom.

Written among a worker's facts: `home:05-01/06-15 2027-12-20/2028-01-10` (every year, or once), `away:P8M` (in any
twelve months, past stays included), `earn:12000 NZD` (over the whole plan, else rather stay). These are the person's
own terms and as hard as a right. Who shares a `group_id` goes to the same vacancies on the same days, or nobody does.

A stay earns wage x hours a week x weeks; 40 hours are assumed where a vacancy does not say, and a wage that is not
stated counts as nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge import tables
from skillbridge.errors import BadInput
from skillbridge.partnerships.dates import day_of_year, is_month_day, plus
from skillbridge.rates import Rates, load_rates

YEAR = "P12M"
"""The window in which time away is counted, from every arrival."""
HOURS = 40.0
"""Hours a week where a vacancy does not say (an assumption)."""
_DAY = r"(?:\d{4}-)?\d\d-\d\d"
_DURATION = re.compile(r"P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?")
_SUM = re.compile(r"(\d{1,12})(?:\.(\d{1,4}))? ?([A-Z]{3})")


@dataclass(frozen=True)
class Wishes:
    """One person's terms: `home` periods (both days inclusive, MM-DD every year or YYYY-MM-DD), `away` (a duration, or
    empty), `earn` (units of money, decimals as written, and the currency) or None."""

    home: tuple[tuple[str, str], ...] = ()
    away: str = ""
    earn: tuple[float, str] | None = None

    def at_home(self, first: date, last: date) -> tuple[date, date] | None:
        """The first period at home that a stay from `first` to `last` would cut into."""
        for begin, end in self.home:
            if len(begin) == 10:
                periods = [(date.fromisoformat(begin), date.fromisoformat(end))]
            else:
                periods = [
                    (day_of_year(begin, year), day_of_year(end, year + (end < begin)))
                    for year in range(first.year - 1, last.year + 1)
                ]
            for period in periods:
                if first <= period[1] and last >= period[0]:
                    return period
        return None


NONE = Wishes()


@lru_cache(maxsize=100_000)
def parse(facts: str | None) -> Wishes:
    """The wishes among a worker's facts. Raises `BadInput`."""
    found: dict[str, str] = {}
    for key, _, text in (part.partition(":") for part in tables.parse_list(facts)):
        found.setdefault(key.strip(), text.strip())
    home = tuple(_period(text) for text in found.get("home", "").split())
    away = found.get("away", "")
    if away and not _DURATION.fullmatch(away):
        raise BadInput("facts: away", f"{away!r}", "a duration such as P8M")
    return Wishes(home, away, _sum(found["earn"]) if "earn" in found else None)


def _period(text: str) -> tuple[str, str]:
    begin, slash, end = text.partition("/")
    sound = bool(slash) and all(re.fullmatch(_DAY, one) for one in (begin, end)) and len(begin) == len(end)
    if sound and len(begin) == 10:
        try:
            sound = date.fromisoformat(begin) <= date.fromisoformat(end)
        except ValueError:
            sound = False
    elif sound:
        sound = is_month_day(begin) and is_month_day(end)
    if not sound:
        raise BadInput(
            "facts: home", f"{text!r}", "05-01/06-15 (every year) or 2027-05-01/2027-06-15, separated by blanks"
        )
    return begin, end


def _sum(text: str) -> tuple[float, str]:
    found = _SUM.fullmatch(text)
    if found is None or float(f"{found[1]}.{found[2] or 0}") <= 0:
        raise BadInput("facts: earn", f"{text!r}", "a sum and its currency, as 12000 NZD")
    return float(f"{found[1]}.{found[2] or 0}"), found[3]


def read(workers: pl.DataFrame) -> tuple[list[Wishes], npt.NDArray[np.int32]]:
    """(distinct wishes, the number of each worker's). Raises `BadInput` naming the worker."""
    texts, code = tables.distinct(workers["facts"], lambda text: text)
    found = []
    for number, text in enumerate(texts):
        try:
            found.append(parse(text))
        except BadInput as error:
            who = workers["worker_id"][int(np.flatnonzero(code == number)[0])]
            raise BadInput(f"workers: {who}: {error.where}", error.what, error.expected) from None
    return found, code


def away_when_home(edges: pl.DataFrame, workers: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """bool [edges] (worker, start and end of tables.EDGES): stays that cut into a period at home."""
    wishes, code = read(workers)
    asks = np.array([bool(one.home) for one in wishes], dtype=np.bool_)
    mine = np.zeros(edges.height, dtype=np.bool_)
    asked = np.flatnonzero(asks[code[edges["worker"].to_numpy()]]) if asks.any() else np.zeros(0, np.int64)
    some = edges[asked].select("worker", "start", "end")
    known: dict[tuple[int, date, date], bool] = {}
    for row, (worker, start, end) in zip(asked.tolist(), some.iter_rows(), strict=True):
        key = (int(code[worker]), start, end)
        if key not in known:
            known[key] = wishes[key[0]].at_home(start, end) is not None
        mine[row] = known[key]
    return mine


def target(wishes: Wishes, rates: Rates) -> int:
    """What a chain is to earn at least, in minor units of the wish's currency; 0 without such a wish.

    Raises `BadInput` for a currency without a rate.
    """
    if wishes.earn is None:
        return 0
    amount, currency = wishes.earn
    if currency not in rates.minor_digits:
        raise BadInput(
            "facts: earn", currency, "a currency of the exchange rates, such as " + ", ".join(sorted(rates.per_usd)[:5])
        )
    return round(amount * float(10 ** rates.minor_digits[currency]))


def earnings(job: Mapping[str, object], first: date, last: date, currency: str, rates: Rates) -> int:
    """What a stay in a vacancy (a row of tables.VACANCIES) earns, in whole minor units of `currency`."""
    wage, given, hours = job["wage"], job["currency"], job["hours_week"]
    factor = rates.factor(given if isinstance(given, str) else None, currency)
    if not isinstance(wage, int) or factor is None:
        return 0
    weekly = hours if isinstance(hours, float) else HOURS
    return int(wage * factor * weekly * ((last - first).days + 1) / 7)


def violations(placements: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame) -> list[tuple[str, str]]:
    """(worker or group, what is not as they ask) of tables.PLACEMENTS, sorted; knows no solver."""
    stays: dict[str, list[tuple[date, date, str]]] = {}
    for who, first, last, vacancy in placements.select("worker_id", "start", "end", "vacancy_id").iter_rows():
        stays.setdefault(who, []).append((first, last, vacancy))
    jobs = {row["vacancy_id"]: row for row in vacancies.iter_rows(named=True)}
    rates, found = load_rates(), []
    members: dict[str, list[str]] = {}
    for who, facts, past, group in workers.select("worker_id", "facts", "past", "group_id").iter_rows():
        if group:
            members.setdefault(group, []).append(who)
        mine, wishes = sorted(stays.get(who, [])), parse(facts)
        if not mine or wishes == NONE:
            continue
        if wishes.away:
            exact = [(one.start, one.end) for one in tables.parse_past(past) if one.start and one.end]
            found += [(who, text) for text in _too_long(exact, [stay[:2] for stay in mine], wishes.away)]
        if wishes.earn:
            least, got = target(wishes, rates), sum(earnings(jobs[v], a, b, wishes.earn[1], rates) for a, b, v in mine)
            if got < least:
                found.append((who, f"earns {got:,} of {least:,} {wishes.earn[1]} (minor units) wanted"))
    for group, names in members.items():
        ways = {tuple(sorted(stays.get(who, []))) for who in names}
        if len(ways) > 1:
            found.append((f"group {group}", "does not go to the same vacancies on the same days"))
    return sorted(found + not_at_home(placements, workers))


def not_at_home(placements: pl.DataFrame, workers: pl.DataFrame) -> list[tuple[str, str]]:
    """(worker, what is not as they ask) of tables.PLACEMENTS that cut into days at home, in their order."""
    wishes = {who: parse(facts) for who, facts in workers.select("worker_id", "facts").iter_rows() if facts}
    found = []
    for who, first, last in placements.select("worker_id", "start", "end").iter_rows():
        if period := wishes.get(who, NONE).at_home(first, last):
            found.append((who, f"is away from {first} to {last}, to be home from {period[0]} to {period[1]}"))
    return found


def _too_long(past: Sequence[tuple[date, date]], planned: Sequence[tuple[date, date]], away: str) -> Iterable[str]:
    """Windows of YEAR from an arrival on with more days away than wished, planned ones among them."""
    ours = {first + timedelta(n) for first, last in planned for n in range((last - first).days + 1)}
    days = ours | {first + timedelta(n) for first, last in past for n in range((last - first).days + 1)}
    for arrival in sorted({first for first, _ in (*past, *planned)}):
        until, most = plus(arrival, YEAR), (plus(arrival, away) - arrival).days
        inside = {day for day in days if arrival <= day < until}
        if len(inside) > most and inside & ours:
            yield f"is away {len(inside)} days in the year from {arrival}, {most} at most"
