"""Indicators of journeys equal a slow recomputation from the steps, one placement after the other."""

import statistics
from datetime import date, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge import tables
from skillbridge.circularity import EVENTS, PLACEMENTS, replay
from skillbridge.indicators import CROSSED, NOT_COMPUTED, compute
from skillbridge.indicators.sdmx import OF_JOURNEYS, to_sdmx
from skillbridge.indicators.stays import STAYS, Stays, stays_of
from skillbridge.journey import TRANSITIONS
from tests.test_indicators import sdmx_faults

AS_OF = date(2029, 7, 1)


class World:
    """Placements of six years, each moved along allowed steps at random, some of it after the day of the account."""

    def __init__(self, seed: int, n: int = 80) -> None:
        random = Random(seed)
        self.workers: dict[str, dict[str, Any]] = {
            f"w{i}": {
                "worker_id": f"w{i}",
                "sex": random.choice(["f", "m", None]),
                "birth_year": random.choice([1970, 1991, 2004, None]),
                "past": random.choice([None, "e9:2020", "e9:2027"]),
            }
            for i in range(30)
        }
        self.vacancies: dict[str, dict[str, Any]] = {
            f"v{i}": {
                "vacancy_id": f"v{i}",
                "sector": random.choice(["A", None]),
                "isco": random.choice(["9211", "6112"]),
                "applied_on": random.choice([None, date(2023, 1, 1) + timedelta(days=random.randint(0, 2000))]),
            }
            for i in range(10)
        }
        self.placements: list[dict[str, Any]] = []
        self.days: dict[str, dict[str, date]] = {}
        steps = []
        for i in range(n):
            start = date(2023, 1, 1) + timedelta(days=random.randint(0, 2500))
            name = f"p{i}"
            self.placements.append(
                {
                    "placement_id": name,
                    "worker_id": f"w{random.randint(0, 34)}",  # some were erased
                    "vacancy_id": f"v{random.randint(0, 11)}",
                    "origin": random.choice(["WS", "TO"]),
                    "destination": "NZ",
                    "partnership": random.choice(["p", "q"]),
                    "employer_id": "e1",
                    "start": start,
                    "end": start + timedelta(days=random.randint(20, 200)),
                    "insured": None,
                }
            )
            state, on = "proposed", start - timedelta(days=200)
            self.days[name] = {}
            while ways := [step.target for step in TRANSITIONS if step.source == state]:
                if random.random() < 0.03:
                    break
                state = ways[0] if random.random() < 0.85 else random.choice(ways)
                on += timedelta(days=random.randint(0, 70))
                steps.append({"placement_id": name, "to": state, "on": on, "role": "ministry_officer"})
                if on <= AS_OF:
                    self.days[name].setdefault(state, on)
        told = replay(pl.DataFrame(self.placements, schema=PLACEMENTS), pl.DataFrame(steps, schema=EVENTS), AS_OF)
        self.found = stays_of(
            told.placements,
            told.steps,
            tables.conform(pl.DataFrame(list(self.workers.values()), infer_schema_length=None), tables.WORKERS),
            tables.conform(pl.DataFrame(list(self.vacancies.values()), infer_schema_length=None), tables.VACANCIES),
            AS_OF,
        )


def slow(world: World) -> dict[str, float | None]:
    rows = [
        (one, world.days[one["placement_id"]])
        for one in world.placements
        if "approved" in world.days[one["placement_id"]]
    ]

    def share(pairs: list[bool]) -> float | None:
        return sum(pairs) / len(pairs) if pairs else None

    def days(gaps: list[timedelta]) -> float | None:
        return statistics.median(gap.days for gap in gaps) if gaps else None

    def applied(one: dict[str, Any]) -> Any:
        return world.vacancies.get(one["vacancy_id"], {}).get("applied_on")

    offered = [(one, at) for one, at in rows if "offered" in at and one["start"] <= AS_OF]
    arrived = [(one, at) for one, at in rows if "arrived" in at]
    due = []
    for one, at in arrived:
        last = one["end"] + timedelta(days=30)
        free = any(at.get(name, date.max) <= last for name in ("stayed_lawfully", "changed_employer", "deceased"))
        if last <= AS_OF and not free:
            due.append(at.get("returned", date.max) <= last)
    visits: dict[str, int] = {}
    for one, at in arrived:
        if at["arrived"] > date(2024, 7, 1):
            visits[one["worker_id"]] = visits.get(one["worker_id"], 0) + 1
    ended = [at for _, at in rows if {"season_ended", "ended_early", "changed_employer"} & at.keys()]
    return {
        "conversion": share(["arrived" in at for _, at in offered]),
        "time_to_fill": days([at["working"] - applied(one) for one, at in rows if "working" in at and applied(one)]),
        "days_to_approval": days([at["approved"] - applied(one) for one, at in rows if applied(one)]),
        "days_to_visa": days([at["visa_granted"] - at["approved"] for _, at in rows if "visa_granted" in at]),
        "days_to_arrival": days([at["arrived"] - at["visa_granted"] for _, at in arrived]),
        "days_late": days([at["working"] - one["start"] for one, at in rows if "working" in at]),
        "seasons_completed": share(["season_ended" in at for at in ended]),
        "return_compliance": share(due),
        "overstay_rate": share(
            ["overstayed" in at and "returned" not in at and "stayed_lawfully" not in at for _, at in arrived]
        ),
        "circularity_rate": share([n >= 2 for n in visits.values()]),
        "arrivals_per_person": statistics.fmean(visits.values()) if visits else None,
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_every_indicator_of_journeys_equals_a_slow_recomputation(seed: int) -> None:
    world = World(seed)
    fast = compute(world.found, among=STAYS, threshold=1)
    expected = slow(world)
    assert set(expected) == set(STAYS)
    for name, value in expected.items():
        got = fast.filter(indicator=name)["value"].to_list()
        assert got == ([pytest.approx(value)] if value is not None else [None]), name


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_shares_of_slices_add_up_to_the_whole(seed: int) -> None:
    world = World(seed)
    for name in ("conversion", "return_compliance", "seasons_completed", "circularity_rate"):
        whole = STAYS[name].measure(world.found, [])
        for dimension in STAYS[name].dimensions:
            parts = STAYS[name].measure(world.found, [dimension])
            if name != "circularity_rate" or dimension != "origin":  # here a person may go from two origins
                assert parts["events"].sum() == whole["events"].sum(), (name, dimension)
                assert parts["count"].sum() == whole["count"].sum(), (name, dimension)


def test_who_went_before_is_returning_and_who_never_did_is_new() -> None:
    world = World(3)
    for row in world.found.stays.iter_rows(named=True):
        mine = [one for one in world.placements if one["worker_id"] == row["worker_id"]]
        first = min((world.days[one["placement_id"]].get("arrived", date.max) for one in mine), default=date.max)
        arrived = world.days[row["placement_id"]].get("arrived", AS_OF)
        past = world.workers.get(row["worker_id"], {}).get("past") or ":9999"
        known = int(past.partition(":")[2]) < row["start"].year
        assert row["entry"] == ("returning" if known or (first < row["start"] and first < arrived) else "new")
    assert world.found.stays["entry"].n_unique() == 2


def test_few_people_are_hidden_and_sdmx_csv_is_written_by_its_rules() -> None:
    world = World(5)
    slices = [(), *((name,) for name in STAYS["conversion"].dimensions), *(tuple(sorted(pair)) for pair in CROSSED)]
    table = compute(world.found, slices, among=STAYS)
    hidden = table.filter(pl.col("suppressed"))
    assert hidden.height
    assert hidden["value"].null_count() == hidden.height
    assert table.filter(~pl.col("suppressed") & (pl.col("count") < 5) & (pl.col("count") > 0)).is_empty()
    text = to_sdmx(table, time_period="2029", prepared="2029-07-01", dataflow=OF_JOURNEYS).write_csv()
    assert sdmx_faults(text) == []
    assert OF_JOURNEYS in text


def test_no_journey_at_all_is_no_figure_and_overstays_are_told_over_all_only() -> None:
    none = Stays(World(1).found.stays.clear(), AS_OF)
    table = compute(none, [(), ("origin",)], among=STAYS)
    assert table.filter(slice="")["value"].to_list() == [None] * len(STAYS)
    assert STAYS["overstay_rate"].dimensions == ()
    assert {"conversion", "time_to_fill", "circularity_rate", "return_compliance"} <= NOT_COMPUTED.keys() & STAYS.keys()
    for one in STAYS.values():
        assert all((one.title, one.formula, one.unit, one.population, one.source, one.frameworks)), one.id
