"""Indicators of what happened after the plans: from offer to arrival, to a start of work, home, and out again.

They follow from the journeys' steps (`circularity.replay`), not from a plan, and are told up to a day. `STAYS` lists
them as `INDICATORS` lists those of a plan; :func:`skillbridge.indicators.compute` slices and protects both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from skillbridge.indicators import Indicator
from skillbridge.indicators.facts import age_band
from skillbridge.indicators.measures import grouped, share
from skillbridge.partnerships.dates import plus

STEPS = (
    "approved",
    "offered",
    "visa_granted",
    "arrived",
    "working",
    "season_ended",
    "ended_early",
    "changed_employer",
    "returned",
    "stayed_lawfully",
    "overstayed",
    "deceased",
)
"""The steps whose days are counted from."""
HOME_WITHIN = 30
"""Days after the last of the contract by which who is due home is to be back (policy choice)."""
YEARS = 5
"""Years back that count for going again (policy choice)."""

_WORKER = ("origin", "sex", "age_band", "entry")
_VACANCY = ("destination", "sector", "isco", "month")
_BOTH = ("partnership", *_WORKER, *_VACANCY)


@dataclass(frozen=True)
class Stays:
    """`stays`: one row a placement that was approved, with its dimensions, `applied_on`, `start` and `end` of the
    contract and the first day of each of STEPS (null where it was not taken); all up to the day `as_of`."""

    stays: pl.DataFrame
    as_of: date


def turns(found: Stays) -> pl.DataFrame:
    """(worker_id, on): the days up to `as_of` on which a figure about somebody may change: steps, the first day of a
    contract, the day by which to be home, and that from which an arrival no longer counts."""
    days = {name: pl.col(name) for name in (*STEPS, "start")}
    days["due"] = pl.col("end") + timedelta(days=HOME_WITHIN)
    days["past"] = pl.col("arrived").dt.offset_by(f"{YEARS}y")
    one = found.stays.select("worker_id", **days).unpivot(index="worker_id", value_name="on")
    return one.select("worker_id", "on").filter(pl.col("on") <= found.as_of)


def stays_of(
    placements: pl.DataFrame, steps: pl.DataFrame, workers: pl.DataFrame, vacancies: pl.DataFrame, as_of: date
) -> Stays:
    """The stays that allowed steps (placement_id, to, on) tell of placements (`circularity.PLACEMENTS`) up to `as_of`.

    `workers` and `vacancies` (tables) give dimensions by id; of those not there (erased people) they are unknown, and
    the origin and destination are the placement's own. Who has a past season of an earlier year, or arrived on an
    earlier placement, is returning.
    """
    told = steps.filter((pl.col("on") <= as_of) & pl.col("to").is_in(STEPS))
    days = told.group_by("placement_id").agg(
        pl.col("on").filter(pl.col("to") == name).min().alias(name) for name in STEPS
    )
    people = workers.select("worker_id", "sex", "birth_year", "past")
    jobs = vacancies.select("vacancy_id", "sector", "isco", "applied_on")
    both = (
        placements.join(days, on="placement_id", how="inner", maintain_order="left")
        .filter(pl.col("approved").is_not_null())
        .join(people, on="worker_id", how="left", maintain_order="left")
        .join(jobs, on="vacancy_id", how="left", maintain_order="left")
    )
    first = pl.col("arrived").min().over("worker_id")
    years = (
        pl.col("past").fill_null("").str.extract_all(r":(\d{4})").list.eval(pl.element().str.slice(1).cast(pl.Int32))
    )
    before = (years.list.min() < pl.col("start").dt.year()).fill_null(value=False)
    again = (first < pl.col("start")) & (first < pl.coalesce("arrived", pl.lit(as_of)))
    return Stays(
        both.with_columns(
            *(
                pl.col(name).fill_null("unknown")
                for name in ("origin", "destination", "sex", "sector", "isco", "partnership")
            ),
            age_band=age_band(pl.col("birth_year"), pl.col("start").dt.year()),
            entry=pl.when(before | again.fill_null(value=False)).then(pl.lit("returning")).otherwise(pl.lit("new")),
            month=pl.col("start").dt.strftime("%Y-%m"),
        ).drop("past", "birth_year"),
        as_of,
    )


def conversion(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    begun = found.stays.filter(pl.col("offered").is_not_null() & (pl.col("start") <= found.as_of))
    return share(begun, by, pl.col("arrived").is_not_null().sum(), pl.len())


def time_to_fill(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    return _days(found, by, "applied_on", "working")


def days_to_approval(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    return _days(found, by, "applied_on", "approved")


def days_to_visa(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    return _days(found, by, "approved", "visa_granted")


def days_to_arrival(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    return _days(found, by, "visa_granted", "arrived")


def days_late(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    return _days(found, by, "start", "working")


def seasons_completed(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    ended = found.stays.filter(
        pl.any_horizontal(pl.col(name).is_not_null() for name in ("season_ended", "ended_early", "changed_employer"))
    )
    return share(ended, by, pl.col("season_ended").is_not_null().sum(), pl.len())


def return_compliance(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    by_then = pl.col("end") + timedelta(days=HOME_WITHIN)
    lawfully = pl.any_horizontal(
        (pl.col(name) <= by_then).fill_null(value=False) for name in ("stayed_lawfully", "changed_employer", "deceased")
    )
    due = found.stays.filter(pl.col("arrived").is_not_null() & (by_then <= found.as_of) & ~lawfully)
    return share(due, by, (pl.col("returned") <= by_then).fill_null(value=False).sum(), pl.len())


def overstay_rate(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    """Those told to have overstayed and not told since to be back or to stay lawfully."""
    gone = pl.col("overstayed").is_not_null() & pl.col("returned").is_null() & pl.col("stayed_lawfully").is_null()
    return share(found.stays.filter(pl.col("arrived").is_not_null()), by, gone.sum(), pl.len())


def circularity_rate(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    people = _people(found, by)
    return share(people, by, (pl.col("visits") >= 2).sum(), pl.len())


def arrivals_per_person(found: Stays, by: Sequence[str] = ()) -> pl.DataFrame:
    return grouped(_people(found, by), by, value=pl.col("visits").mean(), count=pl.len().cast(pl.Int64))


def _people(found: Stays, by: Sequence[str]) -> pl.DataFrame:
    """worker_id, the dimensions of `by` and `visits`: arrivals in the last YEARS years."""
    since = plus(found.as_of, f"P{YEARS}Y", -1)
    recent = found.stays.filter(pl.col("arrived").is_not_null() & (pl.col("arrived") > since))
    return recent.group_by("worker_id", *by).agg(visits=pl.len()).sort("worker_id", *by)


def _days(found: Stays, by: Sequence[str], first: str, last: str) -> pl.DataFrame:
    known = found.stays.filter(pl.col(first).is_not_null() & pl.col(last).is_not_null())
    days = (pl.col(last) - pl.col(first)).dt.total_days()
    return grouped(known, by, value=days.median(), count=pl.len().cast(pl.Int64))


_STEPS = "the journeys' steps, up to the day of the account"
_APPLIED = f"{_STEPS}; applied_on of vacancies"
_ORDERLY = ("GCM 5", "MiGOF O3", "MGI 6")
STAYS: dict[str, Indicator] = {
    one.id: one
    for one in (
        Indicator(
            "conversion",
            "From offer to arrival",
            "placements whose worker arrived / placements offered",
            "share",
            "placements offered whose first day has come",
            _STEPS,
            _BOTH,
            conversion,
            frameworks=("SDG 10.7", *_ORDERLY),
            caution="who comes late counts from the day of arrival on",
        ),
        Indicator(
            "time_to_fill",
            "Time to fill",
            "median of first working day - day the employer applied",
            "days",
            "placements whose worker started, of vacancies that say when they were applied for",
            _APPLIED,
            _BOTH,
            time_to_fill,
            frameworks=_ORDERLY,
        ),
        Indicator(
            "days_to_approval",
            "Time from application to approval",
            "median of day of approval - day the employer applied",
            "days",
            "placements approved, of vacancies that say when they were applied for",
            _APPLIED,
            _BOTH,
            days_to_approval,
            frameworks=_ORDERLY,
        ),
        Indicator(
            "days_to_visa",
            "Time from approval to visa",
            "median of day of the visa - day of approval",
            "days",
            "placements with a visa granted",
            _STEPS,
            _BOTH,
            days_to_visa,
            frameworks=_ORDERLY,
        ),
        Indicator(
            "days_to_arrival",
            "Time from visa to arrival",
            "median of day of arrival - day of the visa",
            "days",
            "placements whose worker arrived",
            _STEPS,
            _BOTH,
            days_to_arrival,
            frameworks=_ORDERLY,
        ),
        Indicator(
            "days_late",
            "Start after the agreed day",
            "median of first working day - first day of the contract",
            "days, negative: before",
            "placements whose worker started",
            _STEPS,
            _BOTH,
            days_late,
            frameworks=_ORDERLY,
        ),
        Indicator(
            "seasons_completed",
            "Seasons worked to their end",
            "seasons worked to their end / placements whose work ended",
            "share",
            "placements whose season ended, that ended early or whose worker changed employer",
            _STEPS,
            _BOTH,
            seasons_completed,
            frameworks=("SDG 8.8", "GCM 6", "MiGOF O1", "MGI 4"),
        ),
        Indicator(
            "return_compliance",
            "Home when due",
            f"home by {HOME_WITHIN} days after the contract / due by then",
            "share",
            "placements whose worker was due home, without those who died, changed employer or stay lawfully",
            _STEPS,
            _BOTH,
            return_compliance,
            frameworks=("GCM 21", *_ORDERLY),
            caution=f"the {HOME_WITHIN} days are a policy choice",
        ),
        Indicator(
            "overstay_rate",
            "Overstays",
            "overstayed and not told to be back or to stay lawfully / arrived",
            "share",
            "placements whose worker arrived",
            _STEPS,
            (),
            overstay_rate,
            frameworks=("GCM 21", *_ORDERLY),
            caution="over all only: it must not be held against a group",
        ),
        Indicator(
            "circularity_rate",
            "Circularity",
            f"people who arrived twice or more in {YEARS} years / people who arrived",
            "share",
            f"people who arrived in the last {YEARS} years",
            _STEPS,
            ("origin", "sex"),
            circularity_rate,
            frameworks=("GCM 21", "MiGOF O3", "MGI 6"),
        ),
        Indicator(
            "arrivals_per_person",
            "Arrivals a person",
            f"mean of arrivals in {YEARS} years",
            "arrivals",
            f"people who arrived in the last {YEARS} years",
            _STEPS,
            ("origin", "sex"),
            arrivals_per_person,
            frameworks=("GCM 21", "MiGOF O3", "MGI 6"),
        ),
    )
}
"""Every indicator of journeys, by id."""
