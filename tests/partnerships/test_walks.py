"""Rows against someone who walks every day and counts every person, by hand and without the rules' own judges."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.partnerships import worlds

YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
JOBS = st.lists(
    st.tuples(
        st.integers(0, 300), st.integers(0, 60), st.integers(1, 2), st.sampled_from(["s1", "s2"]), st.integers(1, 2)
    ),
    min_size=1,
    max_size=4,
)


def world(jobs: Any, people: int) -> tuple[Any, Any, list[dict[str, Any]]]:
    rows = [
        {
            "start": YEAR[first], "end": min(YEAR[first] + timedelta(days=length), YEAR[-1]), "positions": heads,
            "site_id": site, "beds": beds,
        }
        for first, length, heads, site, beds in jobs
    ]  # fmt: skip
    return worlds.workers(*[{"past": "x:2025"} if n % 2 else {} for n in range(people)]), worlds.vacancies(*rows), rows


def choose(random: Any, people: int, rows: list[dict[str, Any]]) -> list[tuple[int, int]]:
    left = [row["positions"] for row in rows]
    pairs = []
    for w in range(people):
        v = random.randrange(len(rows) + 1)
        if v < len(rows) and left[v]:
            left[v] -= 1
            pairs.append((w, v))
    return pairs


def kept(rule: str, people: Any, jobs: Any, pairs: list[tuple[int, int]]) -> bool:
    rows, edges = worlds.compiled(people, jobs, worlds.agreement(rule))
    return worlds.rows_kept(rows, edges, np.array([w * len(jobs) + v for w, v in pairs], dtype=np.int64))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JOBS, st.randoms(use_true_random=False))
def test_nobody_sleeps_without_a_bed_on_any_day(jobs: Any, random: Any) -> None:
    people, vacancies, rows = world(jobs, 6)
    beds = {
        site: max(row["beds"] for row in rows if row["site_id"] == site) for site in {row["site_id"] for row in rows}
    }
    for _ in range(3):
        pairs = choose(random, 6, rows)
        fits = all(
            sum(rows[v]["site_id"] == site and rows[v]["start"] <= day <= rows[v]["end"] for _, v in pairs) <= room
            for day in YEAR
            for site, room in beds.items()
        )
        assert kept('[[rules]]\nid = "r"\ntype = "housing"', people, vacancies, pairs) is fits


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JOBS, st.integers(0, 3), st.randoms(use_true_random=False))
def test_no_period_has_more_starts_or_people_than_places(jobs: Any, most: int, random: Any) -> None:
    people, vacancies, rows = world(jobs, 6)
    pairs = choose(random, 6, rows)
    starts = [rows[v]["start"] for _, v in pairs]
    months = [sum(start.month == month for start in starts) for month in range(1, 13)]
    windows = [sum(day <= start < day + timedelta(days=45) for start in starts) for day in YEAR]
    present = [sum(rows[v]["start"] <= day <= rows[v]["end"] for _, v in pairs) for day in YEAR]
    rule = f'[[rules]]\nid = "r"\ntype = "quota"\nmax = {most}\n'
    for text, counts in (
        ('period = { kind = "month" }', months),
        ('period = { kind = "rolling", window = "P45D" }', windows),
        ('count = "stock"', present),
    ):
        assert kept(rule + text, people, vacancies, pairs) is (max(counts) <= most), text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JOBS, st.tuples(*[st.integers(0, 2)] * 3), st.randoms(use_true_random=False))
def test_pools_hold_exactly_when_everybody_can_be_given_a_place(jobs: Any, places: Any, random: Any) -> None:
    people, vacancies, rows = world(jobs, 6)
    pairs = choose(random, 6, rows)
    rule = (
        f'[[rules]]\nid = "base"\ntype = "quota"\nmax = {places[0]}\n'
        f'[[rules]]\nid = "back"\ntype = "quota"\nadds_to = "base"\nrollover_to = "late"\nmax = {places[1]}\n'
        'where = { worker = "returning", start = ["01-01", "04-30"] }\n'
        f'[[rules]]\nid = "late"\ntype = "quota"\nadds_to = "base"\nmax = {places[2]}\n'
        'where = { start = ["06-01", "12-31"] }\n'
    )
    options = []
    for w, v in pairs:
        open_pools = {0}
        if w % 2 and rows[v]["start"].month <= 4:
            open_pools.add(1)
        if rows[v]["start"].month >= 6:
            open_pools |= {1, 2}
        options.append(open_pools)
    seated = any(
        all(given.count(pool) <= places[pool] for pool in range(3))
        for given in (list(one) for one in product(*options))
    )
    assert kept(rule, people, vacancies, pairs) is seated
