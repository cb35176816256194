"""Rates from offer to arrival, with an interval that holds, and how many to offer at a stated risk."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from skillbridge.circularity import EVENTS, PLACEMENTS, Journeys, replay
from skillbridge.errors import BadInput
from skillbridge.turnout import WAY, Turnout, offers, offers_for, rates, too_many

EXITS = {"offered": "declined", "contract_signed": "refused_visa", "visa_granted": "withdrawn"}
FIRST = date(2026, 1, 1)


def journeys(n: int, seed: int, stay: float = 0.94, *, cut: int = 10_000) -> Journeys:
    """`n` placements, each step taken with chance `stay` (departure to arrival always), told up to day `cut`."""
    rng = np.random.default_rng(seed)
    rows, people = [], []
    for number in range(n):
        name, day = f"p{number}", FIRST + timedelta(int(rng.integers(0, 60)))
        people.append({"placement_id": name, "worker_id": f"w{number}", "destination": "NZ" if number % 2 else "CA"})
        for step in ("approved", *WAY):
            rows.append({"placement_id": name, "to": step, "on": day, "role": "employer"})
            day += timedelta(int(rng.integers(1, 20)))
            if step in EXITS and rng.random() > stay:
                rows.append({"placement_id": name, "to": EXITS[step], "on": day, "role": "employer"})
                break
    told = pl.DataFrame(rows, schema=EVENTS)
    return replay(pl.DataFrame(people, schema=PLACEMENTS), told, FIRST + timedelta(cut))


def test_the_rate_is_the_share_that_arrives() -> None:
    found = rates(journeys(2_000, 1)).row(0, named=True)
    assert found["rate"] == pytest.approx(found["arrived"] / found["offered"], abs=0.002)
    assert found["low"] < 0.94**3 < found["high"]
    assert found["on_their_way"] == 0
    assert found["to_departed"] == pytest.approx(0.94, abs=0.02)
    assert found["arrived"] < found["offered"]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = [
        row["low"] <= 0.94**3 <= row["high"]
        for row in (rates(journeys(60, seed)).row(0, named=True) for seed in range(120))
    ]
    assert 0.88 <= np.mean(held) <= 1.0


def test_those_still_on_their_way_bias_nothing() -> None:
    found = rates(journeys(4_000, 3, cut=55)).row(0, named=True)
    assert found["on_their_way"] > 500
    assert found["arrived"] / found["offered"] < 0.6
    assert found["rate"] == pytest.approx(0.94**3, abs=0.04)


def test_classes_stand_beside_the_whole_and_an_unknown_column_is_refused() -> None:
    found = rates(journeys(400, 5), ["destination"])
    assert found["of"].to_list() == ["all", "CA", "NZ"]
    assert found["offered"][0] == found["offered"][1:].sum()
    assert rates(journeys(400, 5), ["destination"]).equals(found)
    with pytest.raises(BadInput, match="by: 'crop'"):
        rates(journeys(5, 5), ["crop"])


def test_nothing_seen_says_nothing() -> None:
    row = rates(journeys(0, 1)).row(0, named=True)
    assert row["low"] < 0.05
    assert row["high"] > 0.3
    jobs = pl.DataFrame({"vacancy_id": ["a"], "positions": [50]}, schema_overrides={"positions": pl.Int32})
    assert offers(jobs, rates(journeys(20, 1)), 0.05)["offers"].to_list() == [50]
    assert offers(jobs, rates(journeys(40, 1)), 0.05)["offers"].item() > 50


@pytest.mark.parametrize("positions", [1, 2, 10, 50, 400])
@pytest.mark.parametrize("risk", [0.0, 0.01, 0.05, 0.3])
def test_one_offer_more_would_be_too_risky_and_these_are_not(positions: int, risk: float) -> None:
    turnout = Turnout(820.0, 180.0)
    made = offers_for(positions, turnout, risk)
    assert made >= positions
    assert too_many(made, positions, turnout) <= risk
    assert too_many(made + 1, positions, turnout) > risk


def test_the_risk_is_what_happens() -> None:
    """Drawn anew: of many vacancies with so many offers, more arrive than there are positions as often as stated."""
    turnout, rng = Turnout(164.0, 36.0), np.random.default_rng(0)
    made = offers_for(50, turnout, 0.05)
    arrived = rng.binomial(made, rng.beta(turnout.alpha, turnout.beta, 200_000))
    assert (arrived > 50).mean() == pytest.approx(too_many(made, 50, turnout), abs=0.003)
    assert made > 52
    assert arrived.mean() > 50 * turnout.rate + 2


def test_offers_follow_the_vacancies_and_their_class() -> None:
    table = rates(journeys(600, 2), ["destination"])
    jobs = pl.DataFrame(
        {"vacancy_id": ["a", "b", "c"], "positions": [40, 1, 40], "destination": ["NZ", "CA", "AU"]},
        schema_overrides={"positions": pl.Int32},
    )
    found = offers(jobs, table, 0.05, ["destination"])
    assert found["vacancy_id"].to_list() == ["a", "b", "c"]
    assert (found["offers"] >= found["positions"]).all()
    assert found["offers"][1] == 1
    assert found["rate"][2] == pytest.approx(table["rate"][0])
    assert (found["risk_too_many"] <= 0.05).all()
    with pytest.raises(BadInput, match="no row for all"):
        offers(jobs, table[1:], 0.05)
    with pytest.raises(BadInput, match=r"risk: 1\.5"):
        offers(jobs, table, 1.5)
