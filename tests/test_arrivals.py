"""A season week by week from tables: a plan folder like any other, kept decisions, and refusals in words."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from skillbridge import plan_folder, synth
from skillbridge.arrivals import Season, SeasonRequest, decide, week_of
from skillbridge.check import check_folder
from skillbridge.errors import BadInput
from skillbridge.partnerships.partnership import load
from skillbridge.pipeline import PlaceRequest
from skillbridge.taxonomies import pack

AGREEMENTS = ("nz-rse", "ca-sawp")
OPENING = date(2026, 1, 5)


def came(workers: pl.DataFrame, weeks: int, opening: date) -> pl.DataFrame:
    """Each worker a day later than the one before, over and over."""
    days = [opening + timedelta(days=number * 3 % (7 * weeks)) for number in range(workers.height)]
    return workers.with_columns(waiting_since=pl.Series(days), group_id=pl.lit(None, pl.String))


@pytest.fixture(scope="module")
def asked() -> SeasonRequest:
    vacancies = synth.vacancies(12, 1, AGREEMENTS, year=2026)
    years = [pl.concat(list(synth.workers(150, seed, AGREEMENTS, year=2026, vacancies=vacancies))) for seed in (1, 2)]
    return SeasonRequest(
        place=PlaceRequest(came(years[0], 4, OPENING), vacancies, [load(one) for one in AGREEMENTS], pack.load("core")),
        opening=OPENING,
        weeks=4,
        history=came(years[1], 4, OPENING - timedelta(days=364)),
        history_opening=OPENING - timedelta(days=364),
    )


@pytest.fixture(scope="module")
def season(asked: SeasonRequest) -> Season:
    return decide(asked)


def test_the_season_is_a_plan_that_the_check_accepts(season: Season, tmp_path: Path) -> None:
    plan_folder.write(season.outcome.folder, tmp_path / "plan")
    report = check_folder(tmp_path / "plan")
    assert report.findings == ()
    assert report.counts.placed == season.weeks["placed"].sum() > 20
    assert season.weeks["arrived"].sum() == 150
    assert season.decided.filter(pl.col("vacancy_id").is_not_null()).height == report.counts.placed


def test_what_was_decided_stays_when_more_people_come(asked: SeasonRequest, season: Season) -> None:
    early = season.decided.filter(pl.col("week") < 2)
    again = decide(replace(asked, decided=early, policy="greedy"))
    kept = again.decided.filter(pl.col("week") < 2)
    assert kept.rows() == early.rows()
    assert again.decided.filter(pl.col("week") >= 2).height > 0


def test_a_forecast_file_says_how_many_are_expected(asked: SeasonRequest) -> None:
    origin = asked.place.workers["origin"].mode().sort()[0]
    expected = pl.DataFrame({"week": [2, 3], "origin": [origin, origin], "heads": [40, 40]})
    found = decide(replace(asked, expected=expected))
    assert found.outcome.plan.counts.placed > 0
    with pytest.raises(BadInput, match="nobody of 'ZZ' in the history"):
        decide(replace(asked, expected=expected.with_columns(origin=pl.lit("ZZ"))))
    with pytest.raises(BadInput, match="line 3: week 9"):
        decide(replace(asked, expected=expected.with_columns(week=pl.Series([2, 9]))))


def test_a_decision_that_is_no_candidate_any_more_is_refused(asked: SeasonRequest, season: Season) -> None:
    wrong = season.decided.head(1).with_columns(vacancy_id=pl.lit("gone"))
    with pytest.raises(BadInput, match="vacancy gone is no longer open"):
        decide(replace(asked, decided=wrong))


def test_a_day_without_or_beyond_the_season_is_refused(asked: SeasonRequest) -> None:
    workers = asked.place.workers.head(2)
    with pytest.raises(BadInput, match="blank for 2 of them"):
        week_of(workers.with_columns(waiting_since=pl.lit(None, pl.Date)), OPENING, 4, "workers")
    with pytest.raises(BadInput, match="in week 53 from 2026-01-05"):
        week_of(workers.with_columns(waiting_since=pl.date(2027, 1, 4)), OPENING, 4, "workers")
    early = week_of(workers.with_columns(waiting_since=pl.date(2025, 1, 4)), OPENING, 4, "workers")
    assert early.tolist() == [0, 0]


def test_sampled_needs_a_history(asked: SeasonRequest) -> None:
    with pytest.raises(BadInput, match="a past year's workers"):
        decide(replace(asked, history=None))
