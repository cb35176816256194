"""Week by week: within every limit after each week, never taken back, near what perfect foresight reaches."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.rolling_instances import rolling_instance
from skillbridge.errors import BadInput
from skillbridge.solver.forecast import Forecast, outlook
from skillbridge.solver.plan import broken, usage, value
from skillbridge.solver.prices import descend, shared
from skillbridge.solver.pricing import Pricer
from skillbridge.solver.problem import Problem, of_workers
from skillbridge.solver.rolling import POLICIES, UNDECIDED, Policy, play, roll

World = tuple[Problem, np.ndarray, np.ndarray, Forecast]


@pytest.fixture(scope="module")
def world() -> World:
    return rolling_instance(1_200, seed=3, weeks=8, minimums=False)


def bound_of(problem: Problem) -> float:
    pricer = Pricer(problem)
    return descend(pricer, np.zeros(len(pricer.limits)), 600, (60.0, 0.4))[1]


@pytest.mark.parametrize("policy", [one for one in POLICIES if one != "hindsight"])
def test_every_week_keeps_every_cap(world: World, policy: Policy) -> None:
    problem, week, kind, forecast = world
    chosen = np.full(problem.n_workers, -1)
    for each in roll(problem, week, policy, forecast=forecast, kind=kind, futures=2):
        assert (week[each.workers] == each.number).all()
        assert (chosen[each.workers] == -1).all()
        chosen[each.workers] = each.decided
        assert broken(problem, chosen) == ()
        assert each.placed == (each.decided >= 0).sum()
    assert value(problem, chosen) > 0


def test_sampled_futures_beat_taking_what_is_free(world: World) -> None:
    problem, week, kind, forecast = world
    bound = bound_of(problem)
    share = {
        policy: value(problem, play(problem, roll(problem, week, policy, forecast=forecast, kind=kind, futures=4)))
        / bound
        for policy in ("greedy", "sampled")
    }
    assert share["sampled"] > share["greedy"] + 0.02
    assert share["sampled"] <= 1


def test_prices_shared_by_futures_are_those_of_foresight_where_the_futures_are_one(world: World) -> None:
    problem, week, _, _ = world
    now, later = (Pricer(of_workers(problem, np.flatnonzero(part))) for part in (week == 0, week > 0))
    together = Pricer(problem)
    for futures in (1, 3):
        found = shared(now, [later] * futures, [np.zeros(len(now.limits))] * futures, 600, (60.0, 0.4))
        assert together.demand(np.mean(found, axis=0)).value < 1.001 * bound_of(problem)


def test_prices_of_two_futures_bound_every_plan_that_is_decided_before_either(world: World) -> None:
    problem, week, _, _ = world
    now = Pricer(of_workers(problem, np.flatnonzero(week == 0)))
    futures = [np.flatnonzero(week == number) for number in (1, 2)]
    later = [Pricer(of_workers(problem, future)) for future in futures]
    found = shared(now, later, [np.zeros(len(now.limits))] * 2, 600, (60.0, 0.4))
    after = [one.demand(price).value for one, price in zip(later, found, strict=True)]
    bound = now.demand(np.mean(found, axis=0), limits=np.zeros(len(now.limits))).value + float(np.mean(after))
    first = play(problem, roll(problem, np.where(week == 0, 0, 1).astype(np.int32), "batch"))
    first[week != 0] = -1
    worth = []
    for future in futures:
        open_ = np.full(problem.n_workers, -1)
        open_[week == 0], open_[future] = first[week == 0], UNDECIDED
        worth.append(value(problem, play(problem, roll(problem, week, "batch", standing=open_))))
    assert 0 < np.mean(worth) <= bound


def test_a_minimum_share_is_kept_by_the_end_of_the_year() -> None:
    problem, week, kind, forecast = rolling_instance(1_500, seed=5, weeks=8)
    chosen = play(problem, roll(problem, week, "sampled", forecast=forecast, kind=kind, futures=4))
    assert broken(problem, chosen) == ()
    assert (chosen >= 0).sum() > 300


def test_the_same_seed_decides_the_same(world: World) -> None:
    problem, week, kind, forecast = world
    first, second = (
        play(problem, roll(problem, week, "sampled", forecast=forecast, kind=kind, futures=2, seed=7)) for _ in range(2)
    )
    assert first.tolist() == second.tolist()


def test_what_was_decided_stays_and_is_counted(world: World) -> None:
    problem, week, kind, forecast = world
    early = play(problem, roll(problem, np.where(week < 4, week, 7), "greedy"))
    standing = np.where(week < 4, early, UNDECIDED)
    weeks = list(roll(problem, week, "sampled", forecast=forecast, kind=kind, futures=2, standing=standing))
    assert min(each.number for each in weeks) == 4
    chosen = np.where(week < 4, standing, -1)
    for each in weeks:
        chosen[each.workers] = each.decided
    assert broken(problem, chosen) == ()


def test_a_group_is_decided_together() -> None:
    problem, week, _, _ = rolling_instance(600, seed=2, weeks=4, minimums=False)
    group = np.full(problem.n_workers, -1, dtype=np.int32)
    pairs = np.flatnonzero(week == 1)[:20].reshape(10, 2)
    for number, pair in enumerate(pairs):
        group[pair] = number
    # friends look at the same places, so give the second the edges of the first
    problem = replace(problem, group=group)
    for policy in ("greedy", "batch"):
        chosen = play(problem, roll(problem, week, policy))
        assert broken(problem, chosen) == ()
    apart = week.copy()
    apart[pairs[0][1]] = 2
    with pytest.raises(BadInput, match="different weeks"):
        list(roll(problem, apart, "greedy"))


def test_an_outlook_learns_volume_and_shift() -> None:
    """Twice as many as last year, three weeks earlier: after a third of the season both are known."""
    rng = np.random.default_rng(0)
    problem, _, _, _ = rolling_instance(1_000, seed=1, weeks=4, minimums=False)
    people = problem.n_workers
    past = np.clip(rng.normal(12, 3, people), 0, 23).astype(np.int32)
    kind = np.zeros(people, dtype=np.int32)
    forecast = Forecast(problem, past, kind, 1, 24)
    come = np.repeat(np.clip(past - 3, 0, 23), 2)
    now = 8
    seen = come[come <= now]
    known = outlook(forecast, seen, np.zeros(len(seen), dtype=np.int32), now)
    draws = [len(known.draw(np.random.default_rng(seed))) for seed in range(20)]
    assert np.mean(draws) == pytest.approx((come > now).sum(), rel=0.1)
    assert known.shift[known.belief[:, 0].argmax()] == -3


def test_before_anything_is_known_futures_differ_more_than_by_chance_alone(world: World) -> None:
    _, week, kind, forecast = world
    spread = []
    for now in (0, 5):
        come = week <= now
        known = outlook(forecast, week[come], kind[come], now)
        sizes = [len(known.draw(np.random.default_rng(seed))) for seed in range(30)]
        spread.append((np.var(sizes), np.mean(sizes)))
    (first, to_come), (last, _) = spread
    assert first > 3 * to_come
    assert 0 < last < first / 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"week": np.zeros(3, dtype=np.int32)}, "3 weeks for"),
        ({"policy": "oracle"}, "one of greedy, batch, sampled, hindsight"),
        ({"forecast": None}, "a forecast and the workers' classes"),
        ({"kind": np.zeros(2, dtype=np.int32)}, "2 classes"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(world: World, change: dict[str, object], message: str) -> None:
    problem, week, kind, forecast = world
    asked: dict[str, Any] = {"week": week, "policy": "sampled", "forecast": forecast, "kind": kind} | change
    with pytest.raises(BadInput, match=message):
        list(roll(problem, asked.pop("week"), asked.pop("policy"), **asked))


def test_a_forecast_with_a_week_outside_the_season_is_refused(world: World) -> None:
    _, _, _, forecast = world
    with pytest.raises(BadInput, match="forecast: week"):
        replace(forecast, weeks=3)


def test_hindsight_uses_no_more_than_there_is() -> None:
    problem, week, _, _ = rolling_instance(300, seed=4, weeks=4, minimums=False)
    chosen = play(problem, roll(problem, week, "hindsight"))
    heads, used = usage(problem, chosen)
    assert (heads <= problem.positions).all()
    assert (used <= problem.rows.limit).all()
    assert value(problem, chosen) <= bound_of(problem)
