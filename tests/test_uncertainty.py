"""Intervals hold what they should as often as they say, and nothing where nothing was sampled or shown."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.stats import binomtest

from skillbridge.indicators import INDICATORS, compute, plan_facts
from skillbridge.indicators.uncertainty import exact, of_mean, with_intervals
from tests.test_indicators import World
from tests.test_report import season

SLICES = [(), ("origin",), ("sex", "origin")]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.9, 0.95, 0.99]))
def test_shares_have_the_exact_interval_of_clopper_and_pearson(events: int, rest: int, level: float) -> None:
    count = events + rest
    low, high = exact(np.array([events]), np.array([count]), level)
    if count == 0:
        assert (low[0], high[0]) == (0.0, 1.0)
        return
    known = binomtest(events, count).proportion_ci(confidence_level=level, method="exact")
    assert low[0] == pytest.approx(known.low, abs=1e-9)
    assert high[0] == pytest.approx(known.high, abs=1e-9)


def test_the_mean_lies_in_its_interval_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for number in range(300):
        low, high = of_mean(rng.exponential(2.0, size=40).tolist(), seed=number, runs=500)
        held += low <= 2.0 <= high
    assert 0.88 <= held / 300 <= 0.98


def test_a_bootstrap_interval_holds_the_figure_of_the_whole_people_about_as_often_as_it_says() -> None:
    """The workers of a large pool are the people; samples of them mostly have the whole's mean score between bounds."""
    folder = season(3000)
    whole = plan_facts(
        folder.workers, folder.vacancies, folder.edges, folder.placements, folder.unfilled, folder.unplaced, ()
    )
    truth = compute(whole, only=["match_quality"])["value"][0]
    rng = np.random.default_rng(2)
    held = 0
    for number in range(60):
        workers = whole.workers[rng.choice(3000, size=200, replace=False)]
        kept = whole.placements.filter(pl.col("worker_id").is_in(workers["worker_id"].implode()))
        sample = replace(whole, workers=workers, placements=kept)
        row = with_intervals(sample, compute(sample, only=["match_quality"]), seed=number, runs=120)
        held += row["low"][0] <= truth <= row["high"][0]
    assert 52 <= held < 60


def test_the_same_seed_gives_the_same_bounds_and_the_table_is_kept() -> None:
    world = World(3, 120)
    table = compute(world.facts, SLICES)
    first, again, other = (with_intervals(world.facts, table, seed=seed, runs=30) for seed in (1, 1, 2))
    assert_frame_equal(first, again)
    assert not first["low"].equals(other["low"])
    assert_frame_equal(first.drop("low", "high"), table)


def test_what_is_hidden_or_counts_posts_has_no_interval_and_the_rest_lies_in_its_own() -> None:
    world = World(5, 200)
    table = with_intervals(world.facts, compute(world.facts, SLICES), seed=1, runs=60)
    posts = [name for name, indicator in INDICATORS.items() if not indicator.of_people]
    bare = table.filter(pl.col("suppressed") | pl.col("indicator").is_in(posts))
    assert bare.height
    assert bare["low"].null_count() == bare["high"].null_count() == bare.height
    shown = table.filter(pl.col("low").is_not_null())
    assert set(shown["indicator"]) >= {"placement_rate", "match_quality", "women_share", "gini_origins"}
    assert (shown["low"] <= shown["high"]).all()
    middle = shown.filter(pl.col("indicator").is_in(["placement_rate", "match_quality", "women_share"]))
    assert ((middle["low"] <= middle["value"]) & (middle["value"] <= middle["high"])).all()


def test_money_has_its_interval_in_its_own_currency() -> None:
    folder = season()
    found = plan_facts(
        folder.workers, folder.vacancies, folder.edges, folder.placements, folder.unfilled, folder.unplaced, ()
    )
    table = with_intervals(found, compute(found, [(), ("destination",)], only=["median_wage"]), seed=1, runs=60)
    assert set(table["currency"]) == {"NZD"}
    assert table.height == 3
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
