"""How many of those offered a place arrive, and how many to offer so that places are filled at a stated risk.

Estimated from the steps of finished and running journeys (:mod:`skillbridge.circularity`): of everyone who left a state
on the way from `offered` to `arrived`, the share who went on to the next. Who is still in a state says nothing about it
yet, so journeys on their way bias nothing. Real schemes report .80 to .84 from offer to arrival.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import betabinom

from skillbridge.circularity import Journeys
from skillbridge.errors import BadInput

WAY = ("offered", "contract_signed", "visa_granted", "departed", "arrived")
ON, OFF = 0.5, 0.125
"""What each step's share is given before anything is seen: half a person who went on, half an exit over the whole way
(assumed)."""
LEAST = 30
"""People whose way has ended, before a class's own rate is gone by (policy choice)."""
DRAWS = 20_000
"""Draws of the interval: its ends move by less than .002 between seeds."""

RATES: dict[str, pl.DataType] = {
    "of": pl.String(),
    "offered": pl.UInt32(),
    "arrived": pl.UInt32(),
    "on_their_way": pl.UInt32(),
    "rate": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "alpha": pl.Float64(),
    "beta": pl.Float64(),
    **{f"to_{step}": pl.Float64() for step in WAY[1:]},
}
"""One row a class (`of`; the whole first, as `all`): people, the rate from offer to arrival with its 95 % interval, the
beta distribution that stands for what is known of it, and the share of those who left each state that went on to the
next (null where nobody has left it)."""

OFFERS: dict[str, pl.DataType] = {
    "vacancy_id": pl.String(),
    "positions": pl.Int32(),
    "offers": pl.Int32(),
    "rate": pl.Float64(),
    "expected_arrivals": pl.Float64(),
    "risk_too_many": pl.Float64(),
    "chance_full": pl.Float64(),
}
"""One row a vacancy: how many to offer for its positions, and what is then expected of arrivals."""


@dataclass(frozen=True)
class Turnout:
    """What is known of the rate from offer to arrival: a beta distribution."""

    alpha: float
    beta: float

    @property
    def rate(self) -> float:
        """Its mean, from 0 to 1."""
        return self.alpha / (self.alpha + self.beta)


def rates(journeys: Journeys, by: Sequence[str] = (), *, seed: int = 0) -> pl.DataFrame:
    """RATES of everyone and of each class (values of the columns `by` of circularity.PLACEMENTS, joined by `:`).

    Computed: each step's share has a beta distribution, of ON and OFF before anything is seen; the rate is the product
    of their means, its interval from `DRAWS` draws. Raises `BadInput` for a column that is not there.
    """
    for name in by:
        if name not in journeys.placements.columns:
            raise BadInput("by", f"{name!r}", "a column of " + ", ".join(journeys.placements.columns))
    steps = journeys.steps.join(
        journeys.placements.select("placement_id", *by), on="placement_id", maintain_order="left"
    )
    found = [_row("all", steps, seed)]
    if by:
        keyed = steps.with_columns(of=pl.concat_str([pl.col(name).fill_null("") for name in by], separator=":"))
        found += [_row(str(name), keyed.filter(of=name), seed) for name in keyed["of"].unique().sort()]
    return pl.DataFrame(found, schema=RATES)


def _row(name: str, steps: pl.DataFrame, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    product, mean = np.ones(DRAWS), 1.0
    shares: dict[str, float | None] = {}
    for source, target in itertools.pairwise(WAY):
        out = steps.filter(source=source)["to"]
        went, left = int((out == target).sum()), len(out)
        shares[f"to_{target}"] = went / left if left else None
        product *= rng.beta(went + ON, left - went + OFF, DRAWS)
        mean *= (went + ON) / (left + ON + OFF)
    spread = float(product.var())
    weight = max(mean * (1 - mean) / spread - 1, 1e-6)
    reached = {state: steps.filter(to=state)["placement_id"].n_unique() for state in ("offered", "arrived")}
    stopped = steps.filter(pl.col("source").is_in(WAY[:-1]) & ~pl.col("to").is_in(WAY))["placement_id"].n_unique()
    return {
        "of": name,
        **reached,
        "on_their_way": reached["offered"] - reached["arrived"] - stopped,
        "rate": mean,
        "low": float(np.quantile(product, 0.025)),
        "high": float(np.quantile(product, 0.975)),
        "alpha": mean * weight,
        "beta": (1 - mean) * weight,
        **shares,
    }


def offers_for(positions: int, turnout: Turnout, risk: float) -> int:
    """The most offers, at least `positions`, after which more than `positions` arrive with probability `risk` at most.

    Arrivals are beta-binomial: chance, and what is not known of the rate. Raises `BadInput` for a risk outside 0 to 1.
    """
    if not 0 <= risk < 1:
        raise BadInput("risk", f"{risk}", "0 to below 1")
    if positions <= 0 or too_many(positions + 1, positions, turnout) > risk:
        return max(0, positions)
    low, high = positions + 1, 2 * positions + 2
    while too_many(high, positions, turnout) <= risk and high < 20 * positions + 20:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if too_many(middle, positions, turnout) <= risk else (low, middle)
    return low


def too_many(offers: int, positions: int, turnout: Turnout) -> float:
    """The probability that more than `positions` of `offers` arrive."""
    return float(betabinom.sf(positions, offers, turnout.alpha, turnout.beta)) if offers > positions else 0.0


def offers(vacancies: pl.DataFrame, rates: pl.DataFrame, risk: float, by: Sequence[str] = ()) -> pl.DataFrame:
    """OFFERS for tables.VACANCIES, in their order, by the RATES of each one's class.

    Where fewer than LEAST of the class have come to the end of their way, everyone's rate stands for it; where fewer
    have of everyone, as many are offered as there are positions. A policy choice: the stated risk is that a vacancy has
    more arrivals than positions. Limits of agreements are not touched by it: a plan made for so many offers keeps every
    quota even if everyone arrives.
    """
    known = {
        row["of"]: Turnout(row["alpha"], row["beta"])
        for row in rates.iter_rows(named=True)
        if row["of"] == "all" or row["offered"] - row["on_their_way"] >= LEAST
    }
    enough = rates.filter(pl.col("of") == "all", pl.col("offered") - pl.col("on_their_way") >= LEAST).height > 0
    if "all" not in known:
        raise BadInput("rates", "no row for all", "the rates that journey rates writes")
    for name in by:
        if name not in vacancies.columns:
            raise BadInput("by", f"{name!r}", "columns of the vacancies that the rates were made by")
    classes: npt.NDArray[np.object_] | list[str] = (
        vacancies.select(pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in by], separator=":"))
        .to_series()
        .to_list()
        if by
        else ["all"] * vacancies.height
    )
    remembered: dict[tuple[int, str], int] = {}
    rows = []
    for vacancy_id, positions, name in zip(vacancies["vacancy_id"], vacancies["positions"], classes, strict=True):
        turnout = known.get(str(name), known["all"])
        key = (positions, str(name) if str(name) in known else "all")
        if key not in remembered:
            remembered[key] = offers_for(positions, turnout, risk) if enough else positions
        made = remembered[key]
        rows.append(
            (
                vacancy_id,
                positions,
                made,
                turnout.rate,
                made * turnout.rate,
                too_many(made, positions, turnout),
                float(betabinom.sf(positions - 1, made, turnout.alpha, turnout.beta)),
            )
        )
    return pl.DataFrame(rows, schema=OFFERS, orient="row")
